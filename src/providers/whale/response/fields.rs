//! An answer's object, taken apart key by key: what is not taken stays reachable as it came, with every digit.

use chrono::{DateTime, FixedOffset};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};

use crate::client::json::lenient::{lenient_bool, lenient_decimal, lenient_text};
use crate::customer::Decimal;
use crate::customer::time::parse_rfc3339;

pub(in super::super) use super::super::request::RawMap;

/// The keys of an object that are left.
pub(in super::super) struct Fields(pub(in super::super) RawMap);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawMap::deserialize(deserializer).map(Self)
    }
}

impl Fields {
    /// The first of these keys that has a text, a number or a boolean.
    pub(in super::super) fn text(&mut self, names: &[&str]) -> Option<String> {
        self.take(names, |raw| lenient_text(&mut serde_json::Deserializer::from_str(raw)).ok().flatten())
    }

    pub(in super::super) fn bool(&mut self, name: &str) -> Option<bool> {
        self.take(&[name], |raw| lenient_bool(&mut serde_json::Deserializer::from_str(raw)).ok().flatten())
    }

    pub(in super::super) fn decimal(&mut self, name: &str) -> Option<Decimal> {
        self.take(&[name], |raw| lenient_decimal(&mut serde_json::Deserializer::from_str(raw)).ok().flatten())
    }

    /// A number without a fraction; `47.0` counts as 47.
    pub(in super::super) fn count(&mut self, names: &[&str]) -> Option<u64> {
        self.take(names, |raw| whole(raw.trim_matches('"')))
    }

    pub(in super::super) fn time(&mut self, names: &[&str]) -> Option<DateTime<FixedOffset>> {
        self.take(names, |raw| serde_json::from_str::<String>(raw).ok().and_then(|text| parse_rfc3339(text.trim())))
    }

    /// A value of a type of its own. One of another type stays among the keys that are left.
    pub(in super::super) fn value<T: DeserializeOwned>(&mut self, names: &[&str]) -> Option<T> {
        self.take(names, |raw| if raw == "null" { None } else { serde_json::from_str(raw).ok() })
    }

    /// A value that is read by a rule of its own.
    pub(in super::super) fn with<T>(&mut self, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.take(&[name], read)
    }

    /// The first of these keys that can be read goes, and so does null, which says nothing more. The others stay, as what
    /// they say may differ.
    fn take<T>(&mut self, names: &[&str], read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let found = names.iter().find_map(|name| Some((*name, read(self.0.get(*name)?.get())?)));
        for name in names {
            let is_taken = found.as_ref().is_some_and(|(taken, _)| taken == name);
            if is_taken || self.0.get(*name).is_some_and(|raw| raw.get() == "null") {
                self.0.remove(*name);
            }
        }
        found.map(|(_, value)| value)
    }
}

/// A whole number, also where it is written with zeros behind the point.
pub(in super::super) fn whole(text: &str) -> Option<u64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.bytes().all(|b| b == b'0') { whole.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_stays() {
        let mut fields: Fields = serde_json::from_str(
            r#"{"a":null,"b":[1.50],"c":"x","n":"47.0","m":12.5,"t":"2026-03-08T14:30:00-05:00","d":"0.10"}"#,
        )
        .unwrap();
        assert_eq!(fields.text(&["a", "b", "c"]).as_deref(), Some("x"));
        assert_eq!((fields.count(&["m"]), fields.count(&["n"])), (None, Some(47)));
        assert!(fields.time(&["c", "t"]).is_some());
        assert_eq!(fields.decimal("d").unwrap().to_string(), "0.10");
        assert_eq!(fields.value::<Vec<u8>>(&["b"]), None);
        let left: Vec<_> = fields.0.iter().map(|(key, raw)| (key.as_str(), raw.get())).collect();
        assert_eq!(left, [("b", "[1.50]"), ("m", "12.5")]);
    }
}
