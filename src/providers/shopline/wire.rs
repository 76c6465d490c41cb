//! What the vendor's requests hold, by the vendor's own names.
//!
//! Absent keys are left out and null is never sent; `0`, `false` and an empty string are values, and are sent.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};

use crate::customer::E164;
use crate::customer::time::Rfc3339;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),+) => {
        $($(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as the vendor writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<String>> From<T> for $name {
            fn from(id: T) -> Self {
                Self(id.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        })+
    };
}

ids! {
    /// The id of a customer. It looks like a number and is a string (documented).
    CustomerId,
    /// The id of an address, such as `SL201UA…`: no number (documented).
    AddressId,
    /// The id of a tag, such as `SL201UT…` (documented). How to learn it is unknown: customers show tags by name only.
    TagId,
    /// The id of a customer group, such as `GROUP…`: no number (documented).
    GroupId,
    /// The id of a metafield: a number of 64 bits (documented).
    MetafieldId,
    /// The id of an order.
    OrderId
}

/// A phone number in the vendor's form: `00`, the country calling code and the number (documented).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InternationalPhone(pub E164);

impl InternationalPhone {
    /// How many characters it has when written.
    pub(super) fn length(self) -> usize {
        self.0.digits().len() + 2
    }
}

impl From<E164> for InternationalPhone {
    fn from(number: E164) -> Self {
        Self(number)
    }
}

impl fmt::Display for InternationalPhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00{}", self.0.digits())
    }
}

impl Serialize for InternationalPhone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The `customer` object of a create or an update. Lengths are Unicode code points (documented limits).
#[derive(Clone, Default, Serialize)]
pub struct CustomerFields<'a> {
    /// At most 50. For an update, the address routes are the safe way: whether this list replaces, merges or adds is
    /// unknown there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<EmbeddedAddress<'a>>,
    /// Written as `yyyyMMdd`; years 0 to 9999.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "compact_date")]
    pub birthday: Option<NaiveDate>,
    /// At most 50. An e-mail address or a phone number is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Cow<'a, str>>,
    /// Needs the customer's e-mail address (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_marketing_consent: Option<MarketingConsent<'a>>,
    /// At most 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Cow<'a, str>>,
    /// 0 unknown, 1 male, 2 female, 3 secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<u8>,
    /// At most 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Cow<'a, str>>,
    /// At most 100: who the customer is for a Multipass login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multipass_identifier: Option<Cow<'a, str>>,
    /// At most 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Cow<'a, str>>,
    /// 6 to 18 letters, digits and symbols; on a create only (deprecated for an update). It makes the customer a
    /// registered one.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret")]
    pub password: Option<&'a SecretString>,
    /// The password once more.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret")]
    pub password_confirmation: Option<&'a SecretString>,
    /// At most 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<InternationalPhone>,
    /// Consent to text messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms_marketing_consent: Option<MarketingConsent<'a>>,
    /// Joined by commas: at most 100 tags, 128 each, 1000 together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Cow<'a, str>>,
    /// Default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_email: Option<bool>,
}

/// Consent to marketing on one channel. The state has to be there when anything else is (documented).
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct MarketingConsent<'a> {
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

impl MarketingConsent<'_> {
    /// A consent in this state, with nothing else.
    #[must_use]
    pub const fn new(state: u8) -> Self {
        Self { consent_collected_from: None, consent_updated_at: None, opt_in_level: None, state }
    }
}

/// An address within a create or an update. The address routes take [`CustomerAddress`], with other keys and limits.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct EmbeddedAddress<'a> {
    /// At most 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address1: Option<Cow<'a, str>>,
    /// At most 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address2: Option<Cow<'a, str>>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Cow<'a, str>>,
    /// At most 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<Cow<'a, str>>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Cow<'a, str>>,
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<Cow<'a, str>>,
    /// At most 64; on an update only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// Default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
    /// At most 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Cow<'a, str>>,
    /// At most 64; on an update only: the address that is meant (documented). What becomes of the others is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<AddressId>,
    /// At most 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Cow<'a, str>>,
    /// At most 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<InternationalPhone>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<Cow<'a, str>>,
    /// A code of one's own or of ISO 3166-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province_code: Option<Cow<'a, str>>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip: Option<Cow<'a, str>>,
}

/// An address of the address routes ("Address 2.0").
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct CustomerAddress<'a> {
    /// At most 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address1: Option<Cow<'a, str>>,
    /// At most 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address2: Option<Cow<'a, str>>,
    /// The documentation's example is 0; what the numbers mean is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_type: Option<i64>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Cow<'a, str>>,
    /// At most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city_code: Option<Cow<'a, str>>,
    /// No limit is documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<Cow<'a, str>>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Cow<'a, str>>,
    /// At most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<Cow<'a, str>>,
    /// Whether it is the default address; called `default` elsewhere. The first address of a customer becomes the
    /// default whatever this says (seen).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub def: Option<bool>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district: Option<Cow<'a, str>>,
    /// At most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_code: Option<Cow<'a, str>>,
    /// At most 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Cow<'a, str>>,
    /// At most 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Cow<'a, str>>,
    /// At most 16 on an update; for a new address no limit is stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<InternationalPhone>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<Cow<'a, str>>,
    /// At most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province_code: Option<Cow<'a, str>>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub town: Option<Cow<'a, str>>,
    /// At most 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip: Option<Cow<'a, str>>,
}

/// `{"customer": …}`
#[derive(Serialize)]
pub(super) struct CustomerBody<'a> {
    pub(super) customer: &'a CustomerFields<'a>,
}

/// `{"customer": …}` with keys that are sent as null.
#[derive(Serialize)]
pub(super) struct BlankingBody<'a> {
    pub(super) customer: Blanked<'a>,
}

#[derive(Serialize)]
pub(super) struct Blanked<'a> {
    #[serde(flatten)]
    pub(super) fields: &'a CustomerFields<'a>,
    #[serde(flatten)]
    pub(super) nulls: Nulls<'a>,
}

/// These keys, each null.
pub(super) struct Nulls<'a>(pub(super) &'a [&'static str]);

impl Serialize for Nulls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|key| (key, ())))
    }
}

/// `{"customer_address": …}`
#[derive(Serialize)]
pub(super) struct AddressBody<'a> {
    pub(super) customer_address: &'a CustomerAddress<'a>,
}

/// The look-up by e-mail, which has no wrapper.
#[derive(Serialize)]
pub(super) struct EmailBody<'a> {
    pub(super) email: &'a str,
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

fn secret<S: Serializer>(secret: &Option<&SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serializer.serialize_str(secret.expose_secret()),
        None => serializer.serialize_none(),
    }
}

macro_rules! silent_debug {
    ($($name:ident),+) => {
        /// Shows no value.
        $(impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })+
    };
}

silent_debug!(CustomerFields, MarketingConsent, EmbeddedAddress, CustomerAddress);
