//! The raw JSON of a record, with the keys that this crate does not know.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde_json::value::RawValue;

use super::object::object;
use super::value::Lenient;

/// The members of an object by their keys; of a key that occurs twice the last one counts.
pub(crate) struct Members<'a>(HashMap<Cow<'a, str>, &'a RawValue>);

impl<'a> Members<'a> {
    pub(crate) fn of(raw: &'a RawValue) -> Option<Self> {
        object(raw.get().as_bytes()).map(Self)
    }

    /// A member that is read leniently; the default where there is none.
    pub(crate) fn read<T: Lenient + Default>(&self, key: &str) -> T {
        self.0.get(key).map(|raw| T::read(raw)).unwrap_or_default()
    }

    /// The first of these keys that can be read.
    pub(crate) fn first<T>(&self, keys: &[&str], read: impl Fn(&RawValue) -> Option<T>) -> Option<T> {
        keys.iter().find_map(|key| read(self.0.get(*key)?))
    }
}

/// The JSON text of what the vendor sent. It holds personal data, which `Debug` does not show.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RawJson(Box<str>);

impl RawJson {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text; empty for a record that no vendor sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The JSON text of one key of an object; none where it has no such key, or is no object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Self> {
        let members: HashMap<Cow<'_, str>, &RawValue> = object(self.0.as_bytes())?;
        members.get(key).map(|value| Self::new(value.get()))
    }
}

/// Any value but null.
impl super::value::Value for RawJson {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        (raw.get() != "null").then(|| Self::new(raw.get()))
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawJson").field("bytes", &self.0.len()).finish()
    }
}

/// Declares a record that a vendor's answer holds: a public, `non_exhaustive` struct of plain fields, each read leniently
/// under its own name or under the key behind `as`, with the text of the whole record in `raw` and a `Debug` that shows
/// no value.
///
/// ```ignore
/// record! {
///     /// A customer.
///     CustomerRecord {
///         /// The vendor's id.
///         id: Option<CustomerId>,
///         /// The kind.
///         kind as "type": Option<String>,
///         /// Tags.
///         tags: Vec<String>,
///     }
/// }
/// ```
///
/// A field with `=> function` behind its type is what the function makes of the value that was read.
macro_rules! record {
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (@read $field:ident) => { $field };
    (@read $field:ident, $function:path) => { $function($field) };
    ($(#[$meta:meta])* $name:ident {
        $($(#[$field_meta:meta])* $field:ident $(as $key:literal)?: $type:ty $(=> $function:path)?,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
            /// The record as the vendor sent it, which also holds the keys that this crate does not know.
            pub raw: $crate::client::RawJson,
        }

        impl $crate::client::json::value::Value for $name {
            fn from_raw(raw: &serde_json::value::RawValue) -> Option<Self> {
                let members = $crate::client::json::raw::Members::of(raw)?;
                $(let $field: $type = members.read($crate::client::json::raw::record!(@key $field $($key)?));)*
                Some(Self {
                    $($field: $crate::client::json::raw::record!(@read $field $(, $function)?),)*
                    raw: $crate::client::RawJson::new(raw.get()),
                })
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
                $crate::client::json::value::Value::from_raw(&raw)
                    .ok_or_else(|| serde::de::Error::custom("not an object"))
            }
        }

        $crate::client::json::raw::opaque_debug!($name);
    };
}

/// A `Debug` that shows the type's name alone: its values are personal data.
macro_rules! opaque_debug {
    ($($name:ident $(<$life:lifetime>)?),+ $(,)?) => {
        $(impl std::fmt::Debug for $name $(<$life>)? {
            /// Shows no value: they are personal data.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })+
    };
}

pub(crate) use {opaque_debug, record};

#[cfg(test)]
mod tests {
    use super::*;

    record! {
        /// A part.
        Part {
            /// A name.
            name: Option<String>,
        }
    }

    record! {
        /// A record.
        Sample {
            /// A word.
            kind as "type": Option<String>,
            /// A number.
            count: Option<u64>,
            /// A part.
            part: Option<Part>,
            /// Parts.
            parts: Vec<Part>,
        }
    }

    #[test]
    fn a_record_reads_what_it_knows_and_keeps_the_rest() {
        let json =
            r#"{"type":7,"count":"4","part":{"name":"a","odd":[1]},"parts":[{"name":"b"},null,7],"new":{"x":1}}"#;
        let sample: Sample = serde_json::from_str(json).unwrap();
        assert_eq!((sample.kind.as_deref(), sample.count), (Some("7"), Some(4)));
        let part = sample.part.as_ref().unwrap();
        assert_eq!((part.name.as_deref(), part.raw.get("odd").unwrap().as_str()), (Some("a"), "[1]"));
        assert_eq!(sample.parts.len(), 1);
        assert_eq!(sample.raw.as_str(), json);
        assert_eq!(sample.raw.get("new").unwrap().get("x").unwrap().as_str(), "1");
        assert!(sample.raw.get("no").is_none() && sample.raw.get("count").unwrap().get("x").is_none());
        assert_eq!(format!("{sample:?}"), "Sample { .. }");
        assert_eq!(format!("{:?}", RawJson::new("{}")), "RawJson { bytes: 2 }");
    }

    #[test]
    fn of_a_key_that_occurs_twice_the_last_one_counts() {
        let sample: Sample = serde_json::from_str(r#"{"count":1,"type":"a","count":2}"#).unwrap();
        assert_eq!((sample.count, sample.kind.as_deref()), (Some(2), Some("a")));
        let escaped: Sample = serde_json::from_str(r#"{"co\u0075nt":3}"#).unwrap();
        assert_eq!(escaped.count, Some(3));
    }

    #[test]
    fn only_an_object_is_a_record() {
        for json in ["[]", r#"["a"]"#, "null", "7", r#""a""#] {
            assert!(serde_json::from_str::<Sample>(json).is_err(), "{json}");
        }
        assert_eq!(serde_json::from_str::<Sample>("{}").unwrap().count, None);
        assert_eq!(serde_json::from_str::<Sample>(r#"{"part":[],"parts":{},"count":{}}"#).unwrap().part, None);
    }
}
