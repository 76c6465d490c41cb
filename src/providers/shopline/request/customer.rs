//! A customer, as it is sent.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use serde::{Serialize, Serializer};

use super::{EmbeddedAddressInput, InternationalPhone};
use crate::client::Secret;
use crate::client::json::raw::opaque_debug;
use crate::customer::time::Rfc3339;

/// The `customer` object of a create or an update. Lengths are Unicode code points (documented limits).
#[derive(Clone, Default, Serialize)]
pub struct CustomerInput<'a> {
    /// Deprecated from v20250601 (documented): use [`email_marketing_consent`](Self::email_marketing_consent). The mapping
    /// of a record does not send it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepts_marketing: Option<bool>,
    /// At most 50. For an update, use the address routes: whether this list replaces, merges or adds is unknown there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<EmbeddedAddressInput<'a>>,
    /// Written as `yyyyMMdd`; years 0 to 9999.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "compact_date")]
    pub birthday: Option<NaiveDate>,
    /// At most 50. An e-mail address or a phone number is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Cow<'a, str>>,
    /// Needs the customer's e-mail address (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_marketing_consent: Option<ConsentInput<'a>>,
    /// At most 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Cow<'a, str>>,
    /// 0 unknown, 1 male, 2 female, 3 secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<u8>,
    /// At most 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Cow<'a, str>>,
    /// At most 100: the customer of a Multipass login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multipass_identifier: Option<Cow<'a, str>>,
    /// At most 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Cow<'a, str>>,
    /// 6 to 18 letters, digits and symbols; on a create only (deprecated for an update). It makes the customer a
    /// registered one.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret")]
    pub password: Option<&'a Secret>,
    /// The password, repeated.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret")]
    pub password_confirmation: Option<&'a Secret>,
    /// At most 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<InternationalPhone>,
    /// Consent to text messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms_marketing_consent: Option<ConsentInput<'a>>,
    /// Joined by commas: at most 100 tags, 128 each, 1000 together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Cow<'a, str>>,
    /// Default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_email: Option<bool>,
}

/// Consent to marketing on one channel. The state has to be there when anything else is (documented).
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ConsentInput<'a> {
    /// At most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent_collected_from: Option<Cow<'a, str>>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time")]
    pub consent_updated_at: Option<DateTime<FixedOffset>>,
    /// 0 unknown, 1 single, 2 confirmed. Left out for e-mail, the vendor assumes 1 or 2 by a setting of the store
    /// (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opt_in_level: Option<u8>,
    /// 0 unsubscribed, 1 subscribed, 2 not subscribed, and for e-mail only, 3 awaiting confirmation.
    pub state: u8,
}

impl ConsentInput<'_> {
    /// A consent in this state, with nothing else.
    #[must_use]
    pub const fn new(state: u8) -> Self {
        Self { consent_collected_from: None, consent_updated_at: None, opt_in_level: None, state }
    }
}

/// `{"customer": …}`
#[derive(Serialize)]
pub(in super::super) struct CustomerBody<'a> {
    pub(in super::super) customer: &'a CustomerInput<'a>,
}

/// `{"customer": …}` with keys that are sent as null.
#[derive(Serialize)]
pub(in super::super) struct UpdateBody<'a> {
    pub(in super::super) customer: Blanked<'a>,
}

impl<'a> UpdateBody<'a> {
    pub(in super::super) const fn new(fields: &'a CustomerInput<'a>, nulls: &'a [&'static str]) -> Self {
        Self { customer: Blanked { fields, nulls: Nulls(nulls) } }
    }
}

#[derive(Serialize)]
pub(in super::super) struct Blanked<'a> {
    #[serde(flatten)]
    fields: &'a CustomerInput<'a>,
    #[serde(flatten)]
    nulls: Nulls<'a>,
}

/// These keys, each null.
struct Nulls<'a>(&'a [&'static str]);

impl Serialize for Nulls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|key| (key, ())))
    }
}

/// The look-up by e-mail, which has no wrapper.
#[derive(Serialize)]
pub(in super::super) struct EmailBody<'a> {
    pub(in super::super) email: &'a str,
}

#[allow(clippy::ref_option)] // The signature that serde asks for.
fn time<S: Serializer>(at: &Option<DateTime<FixedOffset>>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Rfc3339).serialize(serializer)
}

#[allow(clippy::ref_option)] // The signature that serde asks for.
fn compact_date<S: Serializer>(date: &Option<NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
    match date {
        Some(date) => serializer.collect_str(&format_args!("{:04}{:02}{:02}", date.year(), date.month(), date.day())),
        None => serializer.serialize_none(),
    }
}

fn secret<S: Serializer>(secret: &Option<&Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serializer.serialize_str(secret.expose()),
        None => serializer.serialize_none(),
    }
}

opaque_debug!(CustomerInput<'_>, ConsentInput<'_>);
