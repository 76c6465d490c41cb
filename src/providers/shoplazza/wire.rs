//! What the vendor takes: a new customer, an update, and addresses.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};

use super::PROVIDER;
use super::version::ApiVersion;
use crate::client::options::json_body;
use crate::error::Error;

/// Which of e-mail and phone is the customer's identity. It cannot be changed later (documented).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ContactType {
    /// The e-mail address, which is required then.
    #[default]
    Email,
    /// The phone number, which is required then.
    Phone,
}

/// Tags in the form of a version: one string with commas between them before 2025-06, an array from then on.
pub(super) struct Tags<'a> {
    version: ApiVersion,
    tags: Vec<&'a str>,
}

impl<'a> Tags<'a> {
    pub(super) fn new(version: ApiVersion, tags: impl IntoIterator<Item = &'a str>) -> Self {
        Self { version, tags: tags.into_iter().collect() }
    }

    fn of(version: ApiVersion, tags: &'a Option<Vec<Cow<'_, str>>>) -> Option<Self> {
        tags.as_ref().map(|tags| Self::new(version, tags.iter().map(|tag| &**tag)))
    }
}

impl Serialize for Tags<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.version.is_later() {
            return serializer.collect_seq(&self.tags);
        }
        match self.tags.as_slice() {
            [one] => serializer.serialize_str(one),
            tags => serializer.serialize_str(&tags.join(",")),
        }
    }
}

/// A password for the customer's account in the shop, with its confirmation. Checked before it is sent: at least 6
/// characters, and both the same (documented).
#[derive(Clone, Debug)]
pub struct Password {
    pub(super) password: SecretString,
    pub(super) confirmation: SecretString,
}

impl Password {
    /// A password and its confirmation.
    pub fn new(password: impl Into<SecretString>, confirmation: impl Into<SecretString>) -> Self {
        Self { password: password.into(), confirmation: confirmation.into() }
    }
}

/// A customer as the create takes it: `POST customers`. The same for every version: the client writes its form.
#[derive(Clone, Default)]
#[allow(missing_docs)] // Names as the vendor's, described in its documentation.
pub struct NewCustomer<'a> {
    pub contact_type: ContactType,
    pub email: Option<Cow<'a, str>>,
    /// `+`, the calling code and the number (documented).
    pub phone: Option<Cow<'a, str>>,
    pub first_name: Option<Cow<'a, str>>,
    pub last_name: Option<Cow<'a, str>>,
    /// Always sent: left out, the vendor subscribes the person (documented).
    pub accepts_marketing: bool,
    /// Always sent: left out, the vendor subscribes the person (documented).
    pub accepts_sms_marketing: bool,
    pub password: Option<Password>,
    /// Without it a customer with a password cannot sign in (documented); with a password it is the time of the request
    /// where it is not given.
    pub registered_at: Option<DateTime<Utc>>,
    /// Before 2025-06 none can hold a comma (documented: they are sent as one string with commas between them).
    pub tags: Option<Vec<Cow<'a, str>>>,
    pub addresses: Vec<AddressFields<'a>>,
}

impl NewCustomer<'_> {
    /// In the form of a version.
    pub(super) fn wire(&self, version: ApiVersion) -> impl Serialize {
        #[derive(Serialize)]
        struct Body<'b> {
            contact_type: ContactType,
            #[serde(skip_serializing_if = "Option::is_none")]
            email: Option<&'b str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            phone: Option<&'b str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            first_name: Option<&'b str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            last_name: Option<&'b str>,
            accepts_marketing: bool,
            accepts_sms_marketing: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            password: Option<&'b str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            password_confirmation: Option<&'b str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            tags: Option<Tags<'b>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            registered_at: Option<Utcs>,
            #[serde(skip_serializing_if = "<[AddressFields<'_>]>::is_empty")]
            addresses: &'b [AddressFields<'b>],
        }
        Body {
            contact_type: self.contact_type,
            email: self.email.as_deref(),
            phone: self.phone.as_deref(),
            first_name: self.first_name.as_deref(),
            last_name: self.last_name.as_deref(),
            accepts_marketing: self.accepts_marketing,
            accepts_sms_marketing: self.accepts_sms_marketing,
            password: self.password.as_ref().map(|p| p.password.expose_secret()),
            password_confirmation: self.password.as_ref().map(|p| p.confirmation.expose_secret()),
            tags: Tags::of(version, &self.tags),
            registered_at: self.registered_at.map(Utcs),
            addresses: &self.addresses,
        }
    }
}

/// Shows the kind of identity only.
impl fmt::Debug for NewCustomer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCustomer").field("contact_type", &self.contact_type).finish_non_exhaustive()
    }
}

/// A time as the vendor writes it: `2024-03-11T03:32:00Z`.
#[derive(Clone, Copy)]
pub(super) struct Utcs(pub(super) DateTime<Utc>);

impl fmt::Display for Utcs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl Serialize for Utcs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What an update of a customer can change: `PUT customers/{id}`. What is left out stays as it is (inferred; of the two
/// consents the vendor's page prints the create's default, so that leaving one out is a risk).
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)] // Names as the vendor's, described in its documentation.
pub struct CustomerUpdate<'a> {
    pub first_name: Option<Cow<'a, str>>,
    pub last_name: Option<Cow<'a, str>>,
    pub accepts_marketing: Option<bool>,
    pub accepts_sms_marketing: Option<bool>,
    /// Replaces all tags (documented). Before 2025-06 none can hold a comma.
    pub tags: Option<Vec<Cow<'a, str>>>,
}

impl CustomerUpdate<'_> {
    /// In the form of a version.
    pub(super) fn wire(&self, version: ApiVersion) -> PlannedUpdate<'_> {
        PlannedUpdate {
            first_name: self.first_name.as_deref(),
            last_name: self.last_name.as_deref(),
            accepts_marketing: self.accepts_marketing.map(Planned::Known),
            accepts_sms_marketing: self.accepts_sms_marketing.map(Planned::Known),
            tags: Tags::of(version, &self.tags),
        }
    }
}

/// Shows which fields are set, and no value.
impl fmt::Debug for CustomerUpdate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerUpdate")
            .field("accepts_marketing", &self.accepts_marketing)
            .field("accepts_sms_marketing", &self.accepts_sms_marketing)
            .finish_non_exhaustive()
    }
}

/// An update as it is sent. In one of an upsert the consents may be filled in from the look-up only.
#[derive(Serialize)]
pub(super) struct PlannedUpdate<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accepts_marketing: Option<Planned>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accepts_sms_marketing: Option<Planned>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<Tags<'a>>,
}

/// A consent that the record knows, or the name of the place that the look-up fills.
#[derive(Clone, Copy, Serialize)]
#[serde(untagged)]
pub(super) enum Planned {
    Known(bool),
    Open(&'static str),
}

/// An address as the vendor takes it, inside a create or on a route of its own.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // Names as the vendor's, described in its documentation.
pub struct AddressFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address1: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address2: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province_code: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_area_code: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip: Option<Cow<'a, str>>,
    /// `male` or `female`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Cow<'a, str>>,
    /// Inside a create the vendor's default is true, on a create of its own false (documented for 2022-01).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
}

/// Shows whether it is the default, and no other value.
impl fmt::Debug for AddressFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressFields").field("default", &self.default).finish_non_exhaustive()
    }
}

/// `{"customer": …}`, as a create and an update have it in every version.
pub(super) fn customer_body(customer: &impl Serialize) -> Result<Bytes, Error> {
    #[derive(Serialize)]
    struct Wrapped<'a, T> {
        customer: &'a T,
    }
    body(&Wrapped { customer })
}

/// An address on a route of its own: flat before 2025-06, `{"address": …}` from then on.
pub(super) fn address_body(version: ApiVersion, address: &AddressFields<'_>) -> Result<Bytes, Error> {
    #[derive(Serialize)]
    struct Wrapped<'a> {
        address: &'a AddressFields<'a>,
    }
    if version.is_later() { body(&Wrapped { address }) } else { body(address) }
}

/// In one buffer.
fn body(value: &impl Serialize) -> Result<Bytes, Error> {
    json_body(PROVIDER, value)
}
