//! Countries by code and by name: the tables of the `rust_iso3166` crate, and the names that shops use beside the
//! official ones.

use std::collections::HashMap;
use std::sync::OnceLock;

/// Everyday names, with the alpha-2 code. The first for a code is the one that we write.
const EVERYDAY: &[(&str, &str)] = &[
    ("BO", "Bolivia"),
    ("BN", "Brunei"),
    ("CD", "Democratic Republic of the Congo"),
    ("CG", "Republic of the Congo"),
    ("CI", "Ivory Coast"),
    ("CZ", "Czech Republic"),
    ("FK", "Falkland Islands"),
    ("FM", "Micronesia"),
    ("GB", "United Kingdom"),
    ("GB", "Great Britain"),
    ("GB", "UK"),
    ("HK", "Hong Kong"),
    ("HK", "Hong Kong SAR"),
    ("IR", "Iran"),
    ("KP", "North Korea"),
    ("KR", "South Korea"),
    ("KR", "Korea"),
    ("LA", "Laos"),
    ("MD", "Moldova"),
    ("MK", "North Macedonia"),
    ("MO", "Macao"),
    ("MO", "Macau"),
    ("NL", "Netherlands"),
    ("NL", "The Netherlands"),
    ("NL", "Holland"),
    ("PS", "Palestine"),
    ("RU", "Russia"),
    ("SY", "Syria"),
    ("TR", "Türkiye"),
    ("TR", "Turkey"),
    ("TW", "Taiwan"),
    ("TZ", "Tanzania"),
    ("US", "United States"),
    ("US", "USA"),
    ("US", "U.S.A."),
    ("US", "United States of America"),
    ("VA", "Vatican City"),
    ("VE", "Venezuela"),
    ("VG", "British Virgin Islands"),
    ("VI", "U.S. Virgin Islands"),
    ("VN", "Vietnam"),
];

/// A country: its alpha-2 code and the name that shops use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Country {
    /// ISO 3166-1 alpha-2.
    pub(crate) code: &'static str,
    /// English name.
    pub(crate) name: &'static str,
}

/// The alpha-2 code in upper case, if it is one; in either case and with blanks around it.
pub(crate) fn alpha2(code: &str) -> Option<&'static str> {
    let [a, b] = code.trim().as_bytes() else { return None };
    let upper = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
    rust_iso3166::from_alpha2(std::str::from_utf8(&upper).ok()?).map(|found| found.alpha2)
}

/// The country of an alpha-2 code, in either case and with blanks around it.
pub(crate) fn by_code(code: &str) -> Option<Country> {
    let found = rust_iso3166::from_alpha2(alpha2(code)?)?;
    let everyday = EVERYDAY.iter().find(|(everyday, _)| *everyday == found.alpha2);
    Some(Country { code: found.alpha2, name: everyday.map_or(found.name, |(_, name)| *name) })
}

/// The country of an English name, official or everyday, without regard to case; also of an alpha-2 or alpha-3 code.
pub(crate) fn by_name(name: &str) -> Option<Country> {
    static NAMES: OnceLock<HashMap<String, &'static str>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let official = rust_iso3166::ALL.iter().map(|c| (fold(c.name), c.alpha2));
        let everyday = EVERYDAY.iter().map(|(code, name)| (fold(name), *code));
        official.chain(everyday).collect()
    });
    let name = name.trim();
    let code = match name.len() {
        2 => by_code(name),
        3 => rust_iso3166::from_alpha3(&name.to_ascii_uppercase()).and_then(|found| by_code(found.alpha2)),
        _ => None,
    };
    code.or_else(|| names.get(&fold(name)).and_then(|code| by_code(code)))
}

fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_find_each_other() {
        for (code, name) in [("US", "United States"), ("KR", "South Korea"), ("DE", "Germany"), ("VN", "Vietnam")] {
            assert_eq!(by_code(code).unwrap().name, name);
            assert_eq!(by_name(name).unwrap().code, code);
        }
        assert_eq!(by_code("us").unwrap().code, "US");
        assert_eq!(by_name("deu").unwrap().code, "DE");
        assert_eq!(by_name("USA").unwrap().code, "US");
        assert_eq!(by_name("united kingdom of great britain and northern ireland").unwrap().code, "GB");
        assert!(by_code("XX").is_none() && by_code("USA").is_none() && by_name("Atlantis").is_none());
    }

    #[test]
    fn every_everyday_name_belongs_to_a_country() {
        for (code, name) in EVERYDAY {
            assert_eq!(by_name(name).map(|c| c.code), Some(*code), "{name}");
        }
    }
}
