//! The request bodies, by their exact keys.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, FixedOffset};

use crate::customer::CustomValue;
use crate::customer::time::UtcSeconds;

/// Who a record is about. The vendor takes no other combination of the three (documented).
#[derive(Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum CustomerIdentity<'a> {
    /// The shop's own stable id.
    ExternalId {
        /// At most 255 characters (documented for the customer of an order, inferred here).
        external_id: Cow<'a, str>,
        /// May accompany the id.
        #[serde(skip_serializing_if = "Option::is_none")]
        email: Option<Cow<'a, str>>,
        /// Deprecated: "can no longer be set" (documented). Whether the vendor ignores or refuses it is unknown.
        #[serde(skip_serializing_if = "Option::is_none")]
        phone_number: Option<Cow<'a, str>>,
    },
    /// An e-mail address alone.
    Email {
        /// At most 255 characters (inferred likewise).
        email: Cow<'a, str>,
    },
    /// A phone number alone. Still named as an identifier, and deprecated on the same page; whether it works is unknown.
    Phone {
        /// E.164.
        phone_number: Cow<'a, str>,
    },
}

impl<'a> CustomerIdentity<'a> {
    /// The id in the shop's own system.
    pub fn external_id(id: impl Into<Cow<'a, str>>) -> Self {
        Self::ExternalId { external_id: id.into(), email: None, phone_number: None }
    }

    /// An e-mail address alone.
    pub fn email(email: impl Into<Cow<'a, str>>) -> Self {
        Self::Email { email: email.into() }
    }

    /// The vendor's key of the identifier, and its value.
    pub(super) fn key(&self) -> (&'static str, &str) {
        match self {
            Self::ExternalId { external_id, .. } => ("external_id", external_id),
            Self::Email { email } => ("email", email),
            Self::Phone { phone_number } => ("phone_number", phone_number),
        }
    }
}

/// A customer as the vendor takes it: `PATCH customers`. Absent keys are left alone at the vendor, and null is never
/// sent.
#[derive(Clone, PartialEq, Eq, serde::Serialize)]
pub struct CustomerRecord<'a> {
    /// Who it is about.
    #[serde(flatten)]
    pub identity: CustomerIdentity<'a>,
    /// At most 255 characters (inferred).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Cow<'a, str>>,
    /// At most 255 characters (inferred).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Cow<'a, str>>,
    /// `F`, `M` or `Other` (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Cow<'a, str>>,
    /// Written in UTC, in whole seconds, as the vendor's own extension does (seen).
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time")]
    pub account_created_at: Option<DateTime<FixedOffset>>,
    /// Written likewise.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time")]
    pub account_updated_at: Option<DateTime<FixedOffset>>,
    /// `enabled`, `disabled`, `invited` or `declined` (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_status: Option<Cow<'a, str>>,
    /// ISO 639-1: two lower-case letters (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_language: Option<Cow<'a, str>>,
    /// ISO 4217: three capitals (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_currency: Option<Cow<'a, str>>,
    /// All tags in one text, parted by commas (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Cow<'a, str>>,
    /// The one address that the vendor holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressRecord<'a>>,
    /// A flag; whether messages are sent depends on more at the vendor (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepts_email_marketing: Option<bool>,
    /// Likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepts_sms_marketing: Option<bool>,
    /// Deprecated (documented). Primitive values; keys have `_` for blanks.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_properties: BTreeMap<Cow<'a, str>, &'a CustomValue>,
}

impl<'a> CustomerRecord<'a> {
    /// A record of this customer with nothing else in it.
    #[must_use]
    pub const fn new(identity: CustomerIdentity<'a>) -> Self {
        Self {
            identity,
            first_name: None,
            last_name: None,
            gender: None,
            account_created_at: None,
            account_updated_at: None,
            account_status: None,
            default_language: None,
            default_currency: None,
            tags: None,
            address: None,
            accepts_email_marketing: None,
            accepts_sms_marketing: None,
            custom_properties: BTreeMap::new(),
        }
    }
}

/// An address as the vendor takes it. The nine keys are seen in the vendor's own extension; that an absent one is left
/// alone like one of the customer is inferred.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct AddressRecord<'a> {
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address1: Option<Cow<'a, str>>,
    /// Flat, floor, building.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address2: Option<Cow<'a, str>>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Cow<'a, str>>,
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<Cow<'a, str>>,
    /// Full name of the province or state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Cow<'a, str>>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip: Option<Cow<'a, str>>,
    /// Code of the province or state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province_code: Option<Cow<'a, str>>,
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<Cow<'a, str>>,
    /// E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<Cow<'a, str>>,
}

/// The body of a `PATCH`.
#[derive(serde::Serialize)]
pub(super) struct Envelope<'a, 'c> {
    pub(super) customer: &'a CustomerRecord<'c>,
}

/// The body of a request for a token.
#[derive(serde::Serialize)]
pub(super) struct TokenRequest<'a> {
    pub(super) secret: &'a str,
}

#[allow(clippy::ref_option)] // The signature that serde asks for.
pub(super) fn time<S: serde::Serializer>(at: &Option<DateTime<FixedOffset>>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(&UtcSeconds(*at)),
        None => serializer.serialize_none(),
    }
}

macro_rules! hidden {
    ($($name:ident),+) => {
        $(/// Shows no value: they are a person's data.
        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })+
    };
}

hidden!(CustomerIdentity, CustomerRecord, AddressRecord);
