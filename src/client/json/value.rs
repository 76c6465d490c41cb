//! Lenient values: each type reads its own JSON form and related ones, and is none for any other.

use chrono::{DateTime, FixedOffset};
use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::lenient::Scalar;
use crate::client::Secret;
use crate::customer::Decimal;
use crate::customer::time::parse_rfc3339;

/// A type that reads a JSON value leniently.
pub(crate) trait Value: Sized {
    /// The value; none where it is null or of another type.
    fn from_raw(raw: &RawValue) -> Option<Self>;
}

/// A field of a record: it may be absent, null or of another type, which is its default.
pub(crate) trait Lenient: Sized {
    /// Reads the field.
    fn read(raw: &RawValue) -> Self;
}

impl<T: Value> Lenient for Option<T> {
    fn read(raw: &RawValue) -> Self {
        T::from_raw(raw)
    }
}

/// A list; an item that cannot be read is left out.
impl<T: Value> Lenient for Vec<T> {
    fn read(raw: &RawValue) -> Self {
        let items: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
        items.into_iter().filter_map(T::from_raw).collect()
    }
}

impl<T: Value> Value for Vec<T> {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
        Some(items.into_iter().filter_map(T::from_raw).collect())
    }
}

/// Reads a field; for `#[serde(default, deserialize_with = "…")]`, with `serde_json` only.
pub(crate) fn lenient<'de, D: Deserializer<'de>, T: Lenient>(deserializer: D) -> Result<T, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(T::read(&raw))
}

fn scalar(raw: &RawValue) -> Option<Scalar> {
    serde_json::from_str(raw.get()).ok()
}

/// A string as it is, a number or a boolean as its digits or word.
impl Value for String {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        match scalar(raw)? {
            // As the vendor wrote it, digit by digit.
            Scalar::Number(_) => Some(raw.get().to_owned()),
            Scalar::Text(text) => Some(text),
            Scalar::Bool(value) => Some(value.to_string()),
            Scalar::Other => None,
        }
    }
}

/// Also `"true"`, `1` and `"1"`.
impl Value for bool {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        if let Scalar::Bool(value) = scalar(raw)? {
            return Some(value);
        }
        match String::from_raw(raw)?.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

/// From a number or a text, digit by digit.
impl Value for Decimal {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        raw.get().trim_matches('"').trim().parse().ok()
    }
}

/// A whole number, also as a text or with a fraction of zeros.
impl Value for i64 {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        let text = Decimal::from_raw(raw)?.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        fraction.bytes().all(|digit| digit == b'0').then(|| whole.parse().ok())?
    }
}

/// A whole number that is not negative, also as a text or with a fraction of zeros.
impl Value for u64 {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        let text = Decimal::from_raw(raw)?.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        fraction.bytes().all(|digit| digit == b'0').then(|| whole.parse().ok())?
    }
}

/// A text, kept secret.
impl Value for Secret {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        String::from_raw(raw).map(Self::from)
    }
}

/// RFC 3339, also with an offset without its colon.
impl Value for DateTime<FixedOffset> {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        let text = String::from_raw(raw)?;
        let without_colon = || DateTime::parse_from_str(text.trim(), "%Y-%m-%dT%H:%M:%S%.f%z").ok();
        parse_rfc3339(text.trim()).or_else(without_colon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Lenient>(json: &str) -> T {
        T::read(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn neighbouring_types_are_read_and_others_are_none() {
        for (json, text) in [(r#""a""#, Some("a")), ("7", Some("7")), ("7.50", Some("7.50")), ("true", Some("true"))] {
            assert_eq!(read::<Option<String>>(json).as_deref(), text, "{json}");
        }
        for json in ["null", "[]", "{}", r#"["a"]"#] {
            assert_eq!(read::<Option<String>>(json), None, "{json}");
            assert_eq!(read::<Option<bool>>(json), None, "{json}");
            assert_eq!(read::<Option<u64>>(json), None, "{json}");
            assert_eq!(read::<Option<Decimal>>(json), None, "{json}");
        }
        for json in ["true", r#""TRUE""#, "1", r#""1""#] {
            assert_eq!(read::<Option<bool>>(json), Some(true), "{json}");
        }
        for json in ["false", r#""False ""#, "0", r#""0""#] {
            assert_eq!(read::<Option<bool>>(json), Some(false), "{json}");
        }
        for (json, number) in [("4", Some(4)), (r#""4""#, Some(4)), ("4.0", Some(4)), ("4.5", None), ("-1", None)] {
            assert_eq!(read::<Option<u64>>(json), number, "{json}");
        }
        assert_eq!(read::<Option<i64>>("-1"), Some(-1));
        assert_eq!(read::<Option<u64>>("18446744073709551615"), Some(u64::MAX));
        assert_eq!(read::<Option<Decimal>>("12.30").unwrap().to_string(), "12.30");
    }

    #[test]
    fn a_list_keeps_what_can_be_read() {
        assert_eq!(read::<Vec<String>>(r#"["a",null,7,{}]"#), ["a", "7"]);
        assert_eq!(read::<Vec<String>>("null"), Vec::<String>::new());
        assert_eq!(read::<Option<Vec<String>>>("null"), None);
        assert_eq!(read::<Option<Vec<String>>>("[]"), Some(Vec::new()));
    }
}
