//! The records of answers, key by key.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

use crate::client::json::lenient::{lenient_bool, lenient_decimal, lenient_text};
use crate::customer::Decimal;
use crate::customer::time::parse_rfc3339;

/// Declares a record: each field with the reader and the keys that it is read from, the first that can be read counts.
/// `Debug` shows the fields in parentheses alone, since the others may be a person's data.
macro_rules! record {
    ($(#[$doc:meta])* $name:ident($($shown:ident),*) {
        $($(#[$field_doc:meta])* $field:ident: $type:ty = $reader:ident($($key:literal),+),)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Default)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
            /// The whole record as it came, which also holds the keys that are not documented.
            pub raw: RawJson,
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = RawJson::deserialize(deserializer)?;
                let fields: Fields<'_> = serde_json::from_str(raw.as_str()).map_err(serde::de::Error::custom)?;
                Ok(Self { $($field: fields.$reader(&[$($key),+]),)+ raw })
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut shown = f.debug_struct(stringify!($name));
                $(shown.field(stringify!($shown), &self.$shown);)*
                shown.finish_non_exhaustive()
            }
        }
    };
}
pub(super) use record;

/// The values of an object by their keys.
pub(super) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Self)
    }
}

impl Fields<'_> {
    /// A text, a number or a boolean.
    pub(super) fn text(&self, keys: &[&str]) -> Option<String> {
        self.first(keys, |raw| lenient_text(&mut serde_json::Deserializer::from_str(raw)).ok().flatten())
    }

    pub(super) fn bool(&self, keys: &[&str]) -> Option<bool> {
        self.first(keys, |raw| lenient_bool(&mut serde_json::Deserializer::from_str(raw)).ok().flatten())
    }

    pub(super) fn decimal(&self, keys: &[&str]) -> Option<Decimal> {
        self.first(keys, |raw| lenient_decimal(&mut serde_json::Deserializer::from_str(raw)).ok().flatten())
    }

    /// A number without a fraction; `47.0` counts as 47.
    pub(super) fn count(&self, keys: &[&str]) -> Option<u64> {
        self.first(keys, |raw| {
            let text = raw.trim_matches('"').trim();
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            if fraction.bytes().all(|b| b == b'0') { whole.parse().ok() } else { None }
        })
    }

    pub(super) fn time(&self, keys: &[&str]) -> Option<DateTime<FixedOffset>> {
        self.first(keys, |raw| parse_rfc3339(serde_json::from_str::<String>(raw).ok()?.trim()))
    }

    /// A value of a type of its own; null is none.
    pub(super) fn value<T: DeserializeOwned>(&self, keys: &[&str]) -> Option<T> {
        self.first(keys, |raw| if raw == "null" { None } else { serde_json::from_str(raw).ok() })
    }

    /// The same, or its default.
    pub(super) fn value_or_default<T: DeserializeOwned + Default>(&self, keys: &[&str]) -> T {
        self.value(keys).unwrap_or_default()
    }

    /// The first of these keys that can be read.
    pub(super) fn first<T>(&self, keys: &[&str], read: impl Fn(&str) -> Option<T>) -> Option<T> {
        keys.iter().find_map(|key| read(self.0.get(*key)?.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_that_can_be_read_counts() {
        let fields: Fields<'_> = serde_json::from_str(
            r#"{"a":null,"b":[1.50],"c":"x","n":"47.0","m":12.5,"t":"2026-03-08T14:30:00-05:00","d":"0.10"}"#,
        )
        .unwrap();
        assert_eq!(fields.text(&["a", "b", "c"]).as_deref(), Some("x"));
        assert_eq!((fields.count(&["m"]), fields.count(&["n"])), (None, Some(47)));
        assert!(fields.time(&["c", "t"]).is_some());
        assert_eq!(fields.decimal(&["d"]).unwrap().to_string(), "0.10");
        assert_eq!(fields.value::<Vec<u8>>(&["b"]), None);
        assert_eq!(fields.value_or_default::<Vec<u8>>(&["b"]), Vec::<u8>::new());
    }
}
