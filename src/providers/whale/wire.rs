//! What is sent: the bodies of create and update, borrowing from the record.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::customer::{Decimal, JsonNumber};
use crate::error::FieldError;

/// What a request does with one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// The key is left out. An update leaves the field as it is (inferred).
    #[default]
    Leave,
    /// Null is written, which blanks the field on update (inferred). A create never takes it.
    Clear,
    /// The value is written.
    Set(T),
}

impl<T> Change<T> {
    /// Whether the key is left out.
    #[must_use]
    pub const fn is_leave(&self) -> bool {
        matches!(self, Self::Leave)
    }

    const fn is_clear(&self) -> bool {
        matches!(self, Self::Clear)
    }

    /// The value to be written, if there is one.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Leave | Self::Clear => None,
        }
    }
}

impl<T> From<Option<T>> for Change<T> {
    /// None leaves the field as it is.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Leave, Self::Set)
    }
}

impl<T: Serialize> Serialize for Change<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Set(value) => value.serialize(serializer),
            Self::Leave | Self::Clear => serializer.serialize_none(),
        }
    }
}

/// The body of `POST customers` and of `PATCH customers/{id}`. What is left alone is left out.
#[derive(Clone, Default, serde::Serialize)]
pub struct CustomerInput<'a> {
    /// Unique per store (documented). A create needs it.
    #[serde(skip_serializing_if = "Change::is_leave")]
    pub email: Change<Cow<'a, str>>,
    /// Given name.
    #[serde(skip_serializing_if = "Change::is_leave")]
    pub first_name: Change<Cow<'a, str>>,
    /// Family name.
    #[serde(skip_serializing_if = "Change::is_leave")]
    pub last_name: Change<Cow<'a, str>>,
    /// Phone number; the vendor documents no form.
    #[serde(skip_serializing_if = "Change::is_leave")]
    pub phone: Change<Cow<'a, str>>,
    /// All tags: an update replaces the whole list (inferred).
    #[serde(skip_serializing_if = "Change::is_leave")]
    pub tags: Change<Vec<Cow<'a, str>>>,
    /// The one address. Whether an update replaces it or merges into it is unknown: send it whole.
    #[serde(skip_serializing_if = "Change::is_leave")]
    pub address: Change<AddressInput<'a>>,
    /// Values of the caller's own. Whether an update replaces the map or merges into it is unknown: send it whole.
    #[serde(skip_serializing_if = "Change::is_leave")]
    pub metadata: Change<Metadata<'a>>,
    /// Birthday, `YYYY-MM-DD`: seen in the vendor's own kit, and not documented.
    #[serde(skip_serializing_if = "Change::is_leave")]
    pub date_of_birth: Change<Cow<'a, str>>,
    /// Consent to e-mail: seen in the vendor's own kit, and not documented.
    #[serde(skip_serializing_if = "Change::is_leave")]
    pub email_consent: Change<bool>,
    /// Consent to text messages (as above).
    #[serde(skip_serializing_if = "Change::is_leave")]
    pub sms_consent: Change<bool>,
}

impl CustomerInput<'_> {
    /// What stands against sending it, every problem at once.
    pub(super) fn problems(&self, is_create: bool) -> Vec<FieldError> {
        if !is_create {
            let problem = FieldError::new("customer", "an update has to change something");
            return if self.is_empty() { vec![problem] } else { Vec::new() };
        }
        let mut problems = Vec::new();
        if self.email.value().is_some_and(|email| email.trim().is_empty()) {
            problems.push(FieldError::new("email", "must not be empty"));
        }
        let Self {
            email,
            first_name,
            last_name,
            phone,
            tags,
            address,
            metadata,
            date_of_birth,
            email_consent,
            sms_consent,
        } = self;
        let cleared = [
            ("email", email.is_clear()),
            ("first_name", first_name.is_clear()),
            ("last_name", last_name.is_clear()),
            ("phone", phone.is_clear()),
            ("tags", tags.is_clear()),
            ("address", address.is_clear()),
            ("metadata", metadata.is_clear()),
            ("date_of_birth", date_of_birth.is_clear()),
            ("email_consent", email_consent.is_clear()),
            ("sms_consent", sms_consent.is_clear()),
        ];
        let cleared = cleared.into_iter().filter(|(_, is)| *is);
        problems.extend(cleared.map(|(name, _)| FieldError::new(name, "a create has nothing to clear")));
        problems
    }

    /// Whether every field is left alone.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        let Self {
            email,
            first_name,
            last_name,
            phone,
            tags,
            address,
            metadata,
            date_of_birth,
            email_consent,
            sms_consent,
        } = self;
        email.is_leave()
            && first_name.is_leave()
            && last_name.is_leave()
            && phone.is_leave()
            && tags.is_leave()
            && address.is_leave()
            && metadata.is_leave()
            && date_of_birth.is_leave()
            && email_consent.is_leave()
            && sms_consent.is_leave()
    }
}

/// Shows which fields are written, and no value.
impl fmt::Debug for CustomerInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = [
            ("email", self.email.is_leave()),
            ("first_name", self.first_name.is_leave()),
            ("last_name", self.last_name.is_leave()),
            ("phone", self.phone.is_leave()),
            ("tags", self.tags.is_leave()),
            ("address", self.address.is_leave()),
            ("metadata", self.metadata.is_leave()),
            ("date_of_birth", self.date_of_birth.is_leave()),
            ("email_consent", self.email_consent.is_leave()),
            ("sms_consent", self.sms_consent.is_leave()),
        ];
        f.write_str("CustomerInput ")?;
        f.debug_set().entries(written.iter().filter(|(_, leave)| !leave).map(|(name, _)| name)).finish()
    }
}

/// An address as the vendor takes it (documented, but for `line2`, which is inferred).
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct AddressInput<'a> {
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line1: Option<Cow<'a, str>>,
    /// Flat, floor, building (inferred).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line2: Option<Cow<'a, str>>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Cow<'a, str>>,
    /// State or province; the sample is a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Cow<'a, str>>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<Cow<'a, str>>,
    /// Country; the sample is an alpha-2 code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Cow<'a, str>>,
}

/// Shows no part.
impl fmt::Debug for AddressInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressInput").finish_non_exhaustive()
    }
}

/// A map of the caller's own values, in the order in which it is written. Keys are the caller's to keep distinct.
#[derive(Clone, Default)]
pub struct Metadata<'a>(pub Vec<(Cow<'a, str>, MetadataValue<'a>)>);

/// A value of [`Metadata`].
#[derive(Clone)]
#[non_exhaustive]
pub enum MetadataValue<'a> {
    /// Text, which is all that the vendor's sample shows.
    Text(Cow<'a, str>),
    /// Yes or no, as a JSON boolean (inferred).
    Bool(bool),
    /// A number, as a JSON number with these digits (inferred).
    Number(Decimal),
    /// A value that the vendor holds already, byte by byte.
    Json(&'a RawValue),
}

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            match value {
                MetadataValue::Text(text) => map.serialize_entry(key, text)?,
                MetadataValue::Bool(value) => map.serialize_entry(key, value)?,
                MetadataValue::Number(number) => map.serialize_entry(key, &JsonNumber(*number))?,
                MetadataValue::Json(raw) => map.serialize_entry(key, raw)?,
            }
        }
        map.end()
    }
}

/// Shows the number of keys.
impl fmt::Debug for Metadata<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metadata({})", self.0.len())
    }
}

/// Shows the kind.
impl fmt::Debug for MetadataValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Bool(_) => "Bool(..)",
            Self::Number(_) => "Number(..)",
            Self::Json(_) => "Json(..)",
        })
    }
}
