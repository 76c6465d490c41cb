//! The bodies of a customer's create and update, borrowing from the record.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::raw_value;
use crate::client::RawJson;
use crate::client::validate::{Origin, Validation};
use crate::customer::{Decimal, JsonNumber};
use crate::error::Error;

/// The key of the metadata that holds the caller's own id: this crate's convention.
pub(in super::super) const EXTERNAL_ID_KEY: &str = "external_id";

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

    const fn kind(&self) -> Change<()> {
        match self {
            Self::Leave => Change::Leave,
            Self::Clear => Change::Clear,
            Self::Set(_) => Change::Set(()),
        }
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
    /// Each key, and what the request does with it.
    fn changes(&self) -> [(&'static str, Change<()>); 10] {
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
        [
            ("email", email.kind()),
            ("first_name", first_name.kind()),
            ("last_name", last_name.kind()),
            ("phone", phone.kind()),
            ("tags", tags.kind()),
            ("address", address.kind()),
            ("metadata", metadata.kind()),
            ("date_of_birth", date_of_birth.kind()),
            ("email_consent", email_consent.kind()),
            ("sms_consent", sms_consent.kind()),
        ]
    }

    /// Refuses a create that the vendor cannot take, with every problem at once.
    pub(in super::super) fn validate_create(&self, origin: impl Into<Origin>) -> Result<(), Error> {
        let mut problems = Validation::new(origin);
        problems.not_blank("email", self.email.value().map(AsRef::as_ref));
        for (name, change) in self.changes() {
            problems.check(change != Change::Clear, name, "a create has nothing to clear");
        }
        problems.finish()
    }

    /// Refuses an update that changes nothing.
    pub(in super::super) fn validate_update(&self, origin: impl Into<Origin>) -> Result<(), Error> {
        let mut problems = Validation::new(origin);
        problems.check(!self.is_empty(), "customer", "an update has to change something");
        problems.finish()
    }

    /// Whether every field is left alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes().iter().all(|(_, change)| change.is_leave())
    }
}

/// Shows which fields are written, and no value.
impl fmt::Debug for CustomerInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerInput ")?;
        let changes = self.changes();
        f.debug_set().entries(changes.iter().filter(|(_, change)| !change.is_leave()).map(|(name, _)| name)).finish()
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
    Json(&'a RawJson),
}

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            match value {
                MetadataValue::Text(text) => map.serialize_entry(key, text)?,
                MetadataValue::Bool(value) => map.serialize_entry(key, value)?,
                MetadataValue::Number(number) => map.serialize_entry(key, &JsonNumber(*number))?,
                MetadataValue::Json(raw) => map.serialize_entry(key, raw_value(raw)?)?,
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
