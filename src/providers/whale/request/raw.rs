//! JSON that is kept as the vendor wrote it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON value as the vendor wrote it, with every digit.
#[derive(Clone)]
pub struct RawJson(Box<RawValue>);

/// The values of an object by their keys.
pub(in super::super) type RawMap = BTreeMap<String, RawJson>;

impl RawJson {
    /// The JSON of a value; none where it cannot be written as JSON.
    #[must_use]
    pub fn of(value: &impl Serialize) -> Option<Self> {
        serde_json::value::to_raw_value(value).ok().map(Self)
    }

    /// The JSON as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The value of a key; none where this is no object, or has no such key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Self> {
        self.read::<RawMap>()?.remove(key)
    }

    /// The value as a type of your own; none where it is of another form.
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.as_str()).ok()
    }
}

/// `null`
impl Default for RawJson {
    fn default() -> Self {
        Self(RawValue::NULL.to_owned())
    }
}

/// Shows no part of it.
impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawJson(..)")
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::deserialize(deserializer).map(Self)
    }
}
