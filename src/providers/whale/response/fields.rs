//! Records whose values the vendor writes under several keys, or in forms of their own.

use crate::client::json::raw::Members;
use crate::client::json::value::Value;

/// Declares a record as the kit's `record!` does, and names for each field its reader and its keys: the first key that can
/// be read counts.
macro_rules! keyed_record {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $field:ident: $type:ty = $reader:ident($($key:literal),+),)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Default)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
            /// The record as the vendor sent it, which also holds the keys that are not documented.
            pub raw: crate::client::RawJson,
        }

        impl crate::client::json::value::Value for $name {
            fn from_raw(raw: &serde_json::value::RawValue) -> Option<Self> {
                let fields = crate::client::json::raw::Members::of(raw)?;
                Some(Self { $($field: fields.$reader(&[$($key),+]),)+ raw: crate::client::RawJson::new(raw.get()) })
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
                let record = crate::client::json::value::Value::from_raw(&raw);
                record.ok_or_else(|| serde::de::Error::custom("not an object"))
            }
        }

        crate::client::json::raw::opaque_debug!($name);
    };
}
pub(super) use keyed_record;

impl Members<'_> {
    /// A value that is read leniently.
    pub(super) fn value<T: Value>(&self, keys: &[&str]) -> Option<T> {
        self.first(keys, T::from_raw)
    }

    /// The same, or its default.
    pub(super) fn value_or_default<T: Value + Default>(&self, keys: &[&str]) -> T {
        self.value(keys).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn the_first_key_that_can_be_read_counts() {
        let raw: &RawValue = serde_json::from_str(r#"{"a":null,"b":[1.50],"c":"x"}"#).unwrap();
        let fields = Members::of(raw).unwrap();
        assert_eq!(fields.value::<String>(&["a", "b", "c"]).as_deref(), Some("x"));
        assert_eq!((fields.value::<u64>(&["b", "d"]), fields.value_or_default::<Vec<u64>>(&["a"])), (None, Vec::new()));
        assert!(Members::of(serde_json::from_str("[]").unwrap()).is_none());
    }
}
