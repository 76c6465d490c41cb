//! Custom values of the caller.

use std::borrow::Cow;
use std::fmt;

use super::decimal::{Decimal, JsonNumber};

/// One value of the `custom` map: a primitive.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CustomValue {
    /// Text.
    Text(String),
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Decimal(Decimal),
}

impl CustomValue {
    /// The value as text, for vendors that hold nothing else.
    #[must_use]
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Decimal(number) => Cow::Owned(number.to_string()),
        }
    }

    /// Whether this is text and blank, which counts as unset.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        matches!(self, Self::Text(text) if text.trim().is_empty())
    }
}

impl From<&str> for CustomValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for CustomValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for CustomValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for CustomValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<Decimal> for CustomValue {
    fn from(number: Decimal) -> Self {
        Self::Decimal(number)
    }
}

/// Shows the kind, not the value.
impl fmt::Debug for CustomValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Bool(_) => "Bool(..)",
            Self::Integer(_) => "Integer(..)",
            Self::Decimal(_) => "Decimal(..)",
        })
    }
}

impl serde::Serialize for CustomValue {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Decimal(number) => JsonNumber(*number).serialize(serializer),
        }
    }
}
