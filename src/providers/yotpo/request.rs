//! The inputs that requests send, by their exact keys, and the check of an input before it is sent.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};

use crate::client::Operation;
use crate::client::json::raw::opaque_debug;
use crate::client::validate::Validation;
use crate::customer::time::UtcSeconds;
use crate::customer::{CustomValue, is_blank};
use crate::error::Error;

/// Which customer an input is about. The vendor takes no other combination of the three (documented).
#[derive(Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
#[non_exhaustive]
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
    fn key(&self) -> (&'static str, &str) {
        match self {
            Self::ExternalId { external_id, .. } => ("external_id", external_id),
            Self::Email { email } => ("email", email),
            Self::Phone { phone_number } => ("phone_number", phone_number),
        }
    }

    fn check(&self, v: &mut Validation) {
        let (key, value) = self.key();
        v.check(!is_blank(value), key, "is empty, and identifies the customer");
        v.check(value.trim() != "null", key, "is the word null, which the vendor reads as no value");
        let number = match self {
            Self::ExternalId { email, phone_number, .. } => {
                v.not_blank("email", email.as_deref());
                phone_number.as_deref()
            }
            Self::Phone { phone_number } => Some(&**phone_number),
            Self::Email { .. } => None,
        };
        let usable = number.is_none_or(|number| is_blank(number) || is_e164(number));
        v.check(usable, "phone_number", "is no number in E.164: a plus and 7 to 15 digits");
    }
}

/// The pattern of the vendor's own extension (seen).
fn is_e164(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A customer as the vendor takes it: `PATCH customers`. Absent keys are left alone at the vendor, and null is never
/// sent.
#[derive(Clone, PartialEq, Eq, serde::Serialize)]
pub struct CustomerInput<'a> {
    /// Which customer it is about.
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
    /// All tags in one text, separated by commas (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Cow<'a, str>>,
    /// The one address that the vendor holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressInput<'a>>,
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

impl<'a> CustomerInput<'a> {
    /// An input for this customer with nothing else in it.
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

    /// Refuses what the vendor's documentation does not allow, all of it at once. The limit of 255 characters, which is
    /// inferred, is kept by the mapping alone: a native input is the way to find out whether it holds.
    pub(super) fn validate(&self, operation: &Operation) -> Result<(), Error> {
        let mut v = Validation::new(operation);
        self.identity.check(&mut v);
        v.one_of("gender", self.gender.as_deref(), &["F", "M", "Other"]);
        v.one_of("account_status", self.account_status.as_deref(), &["enabled", "disabled", "invited", "declined"]);
        let lower: fn(&u8) -> bool = u8::is_ascii_lowercase;
        let country = self.address.as_ref().and_then(|address| address.country_code.as_deref());
        for (field, code, length, case, rule) in [
            (
                "default_language",
                self.default_language.as_deref(),
                2,
                lower,
                "needs two small letters, as ISO 639-1 has",
            ),
            ("default_currency", self.default_currency.as_deref(), 3, u8::is_ascii_uppercase, "needs three capitals"),
            ("address.country_code", country, 2, u8::is_ascii_uppercase, "needs two capitals, as ISO 3166-1 has"),
        ] {
            v.check(code.is_none_or(|code| code.len() == length && code.as_bytes().iter().all(case)), field, rule);
        }
        for key in self.custom_properties.keys() {
            let rule = "has a name that is empty or has a blank: the vendor takes _ in its place";
            v.check(!key.is_empty() && !key.contains(char::is_whitespace), "custom_properties", rule);
        }
        v.finish()
    }
}

/// An address as the vendor takes it. The nine keys are seen in the vendor's own extension; that an absent one is left
/// alone like one of the customer is inferred.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct AddressInput<'a> {
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
    pub(super) customer: &'a CustomerInput<'c>,
}

#[allow(clippy::ref_option)] // The signature that serde asks for.
pub(super) fn time<S: serde::Serializer>(at: &Option<DateTime<FixedOffset>>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(&UtcSeconds(*at)),
        None => serializer.serialize_none(),
    }
}

opaque_debug!(CustomerIdentity<'_>, CustomerInput<'_>, AddressInput<'_>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::yotpo::operations::UPSERT;

    fn refused(input: &CustomerInput<'_>) -> Vec<String> {
        let error = input.validate(&UPSERT).err();
        error.iter().flat_map(Error::field_errors).map(|problem| problem.field().to_owned()).collect()
    }

    #[test]
    fn everything_that_is_not_allowed_is_refused_at_once() {
        let value = CustomValue::Bool(true);
        let mut bad = CustomerInput::new(CustomerIdentity::ExternalId {
            external_id: " ".into(),
            email: Some("".into()),
            phone_number: Some("2025550101".into()),
        });
        bad.gender = Some("f".into());
        bad.account_status = Some("ENABLED".into());
        bad.default_language = Some("en-US".into());
        bad.default_currency = Some("usd".into());
        bad.address = Some(AddressInput { country_code: Some("USA".into()), ..AddressInput::default() });
        bad.custom_properties.insert("a b".into(), &value);
        bad.custom_properties.insert("a_b".into(), &value);
        let expected = [
            "external_id",
            "email",
            "phone_number",
            "gender",
            "account_status",
            "default_language",
            "default_currency",
            "address.country_code",
            "custom_properties",
        ];
        assert_eq!(refused(&bad), expected);
    }

    #[test]
    fn what_is_documented_passes() {
        let value = CustomValue::Bool(true);
        let mut good = CustomerInput::new(CustomerIdentity::Phone { phone_number: "+12025550101".into() });
        good.gender = Some("Other".into());
        good.account_status = Some("declined".into());
        good.default_language = Some("en".into());
        good.default_currency = Some("USD".into());
        good.address = Some(AddressInput { country_code: Some("US".into()), ..AddressInput::default() });
        good.custom_properties.insert("a_b".into(), &value);
        // The inferred limit is no reason to refuse.
        good.first_name = Some("x".repeat(300).into());
        assert!(refused(&good).is_empty());
        for number in ["", "+123456", "+1234567890123456", "+1202555010a", "+1 202 555 0101"] {
            let record = CustomerInput::new(CustomerIdentity::Phone { phone_number: number.into() });
            assert_eq!(refused(&record), ["phone_number"], "{number}");
        }
        assert_eq!(refused(&CustomerInput::new(CustomerIdentity::email("null"))), ["email"]);
    }
}
