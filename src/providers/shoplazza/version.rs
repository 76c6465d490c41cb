//! What can be chosen: the version of the API, and what the vendor's documentation leaves open.

use std::fmt;
use std::str::FromStr;

use super::PROVIDER;
use super::wire::ContactType;
use crate::error::Error;

/// A version of the Open API, a month: `2022-01`.
///
/// Bodies, tags, pages and errors changed with 2025-06 (documented): versions before it are spoken to as 2022-01 is,
/// that version and later ones as 2025-06 is. Of 2024-07 and the versions before 2022-01 that is inferred: what they show
/// of a customer is the same, or unknown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiVersion {
    year: u16,
    month: u8,
}

impl ApiVersion {
    /// The default, and the version whose page the vendor publishes for the create.
    pub const V2022_01: Self = Self { year: 2022, month: 1 };
    /// The first with an envelope around each answer, tags as an array, and cursors.
    pub const V2025_06: Self = Self { year: 2025, month: 6 };
    /// As 2025-06 for customers (seen in the vendor's own metadata).
    pub const V2026_01: Self = Self { year: 2026, month: 1 };
    /// As 2026-01 (documented: only the path changes).
    pub const V2026_07: Self = Self { year: 2026, month: 7 };

    /// Whether bodies have the form that came with 2025-06.
    pub(super) fn is_later(self) -> bool {
        self >= Self::V2025_06
    }

    /// The query parameter for the length of a page.
    pub(super) fn page_size_key(self) -> &'static str {
        if self.is_later() { "page_size" } else { "limit" }
    }
}

impl Default for ApiVersion {
    fn default() -> Self {
        Self::V2022_01
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Debug for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiVersion({self})")
    }
}

/// Reads `YYYY-MM`.
impl FromStr for ApiVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error::config(PROVIDER, "api_version", "needs the form YYYY-MM, such as 2022-01");
        let (year, month) = text.split_once('-').ok_or_else(refused)?;
        let digits = |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(refused());
        }
        let (year, month) = (year.parse().map_err(|_| refused())?, month.parse().map_err(|_| refused())?);
        if year >= 2020 && (1..=12).contains(&month) { Ok(Self { year, month }) } else { Err(refused()) }
    }
}

/// What becomes of the tags that a customer has at the vendor when a record has tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TagPolicy {
    /// The record's tags take their place. An update of tags replaces the whole set (documented).
    #[default]
    Replace,
    /// The record's tags are added to those that the look-up showed. A tag that somebody adds at the vendor between the
    /// look-up and the update is lost.
    Union,
}

/// What an update says of a consent that the record does not know. An update always says those that it knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownConsent {
    /// What the look-up showed; where that showed nothing, a no. The vendor's pages print the create's default, a yes,
    /// for an update, too, so that one that is left out may come to be a yes: whether it does is unknown. A person who
    /// changes their mind between the look-up and the update is overruled.
    #[default]
    AsShown,
    /// Nothing: it is left out, as the vendor's own command-line tool does (seen). Choose it for a shop where leaving it
    /// out was seen to change nothing.
    LeaveOut,
}

/// What a client was told about mapping.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Choices {
    pub(super) version: ApiVersion,
    pub(super) tags: TagPolicy,
    pub(super) unknown_consent: UnknownConsent,
    /// Of a new customer with both contacts.
    pub(super) contact_type: ContactType,
    pub(super) one_contact: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_months_in_order() {
        for known in [ApiVersion::V2022_01, ApiVersion::V2025_06, ApiVersion::V2026_01, ApiVersion::V2026_07] {
            assert_eq!(known.to_string().parse::<ApiVersion>().unwrap(), known);
        }
        assert!(!"2024-07".parse::<ApiVersion>().unwrap().is_later());
        assert!("2025-07".parse::<ApiVersion>().unwrap().is_later());
        for bad in
            ["", "2022", "2022-1", "2022-13", "2022-00", "2022_01", "v2022-01", "2022-01/..", "1999-01", "+022-01"]
        {
            assert!(bad.parse::<ApiVersion>().is_err(), "{bad}");
        }
    }
}
