//! What comes back. Every field may be missing, null or of a neighbouring type; keys that nobody documented stay
//! reachable.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::customer::Decimal;
use crate::customer::time::parse_rfc3339;
use crate::providers::lenient::{Scalar, lenient_bool, lenient_decimal, lenient_text, lenient_value};

/// A customer as the vendor shows them. Which fields an answer has differs by call: rows of a list have no `object`, and
/// the documented answer to a create has neither `address` nor `metadata`.
#[derive(Clone, Default, serde::Deserialize)]
#[non_exhaustive]
pub struct CustomerRecord {
    /// The vendor's id; opaque.
    #[serde(default, deserialize_with = "lenient_text")]
    pub id: Option<String>,
    /// E-mail address. The vendor's own code writes placeholders (see [`CustomerRecord::has_placeholder_email`]).
    #[serde(default, deserialize_with = "lenient_text")]
    pub email: Option<String>,
    /// Given name.
    #[serde(default, deserialize_with = "lenient_text")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default, deserialize_with = "lenient_text")]
    pub last_name: Option<String>,
    /// Phone number, in no fixed form.
    #[serde(default, deserialize_with = "lenient_text")]
    pub phone: Option<String>,
    /// Tags; null counts as an empty list. None: the answer does not show them.
    #[serde(default, deserialize_with = "tags")]
    pub tags: Option<Vec<String>>,
    /// Number of orders.
    #[serde(default, deserialize_with = "count")]
    pub total_orders: Option<u64>,
    /// Money spent, in major units (documented); the currency is unknown.
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub total_spent: Option<Decimal>,
    /// Time of the last order.
    #[serde(default, deserialize_with = "time")]
    pub last_order_at: Option<DateTime<FixedOffset>>,
    /// When the vendor made the record.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<DateTime<FixedOffset>>,
    /// When the vendor last changed the record (inferred).
    #[serde(default, deserialize_with = "time")]
    pub updated_at: Option<DateTime<FixedOffset>>,
    /// The address (inferred: only requests show it). See [`CustomerRecord::main_address`].
    #[serde(default, deserialize_with = "lenient_value")]
    pub address: Option<AddressRecord>,
    /// The addresses, in case that there are several.
    #[serde(default, deserialize_with = "lenient_value")]
    pub addresses: Option<Vec<AddressRecord>>,
    /// Values of the caller's own, as the vendor wrote them; null counts as an empty map (inferred: only requests show
    /// it).
    #[serde(default, deserialize_with = "metadata")]
    pub metadata: Option<BTreeMap<String, Box<RawValue>>>,
    /// Street, in the flat form of the vendor's own kit (seen).
    #[serde(default, deserialize_with = "lenient_text")]
    pub street_address: Option<String>,
    /// City, in the flat form.
    #[serde(default, deserialize_with = "lenient_text")]
    pub city: Option<String>,
    /// State, in the flat form.
    #[serde(default, deserialize_with = "lenient_text")]
    pub state: Option<String>,
    /// Postal code, in the flat form.
    #[serde(default, deserialize_with = "lenient_text")]
    pub postal_code: Option<String>,
    /// Birthday, `YYYY-MM-DD` (seen).
    #[serde(default, deserialize_with = "lenient_text")]
    pub date_of_birth: Option<String>,
    /// Consent to e-mail (seen in the vendor's own kit; not documented, and never sent).
    #[serde(default, deserialize_with = "lenient_bool")]
    pub email_consent: Option<bool>,
    /// Consent to text messages (as above).
    #[serde(default, deserialize_with = "lenient_bool")]
    pub sms_consent: Option<bool>,
    /// Whether a create made the record (seen elsewhere at the vendor).
    #[serde(default, deserialize_with = "lenient_bool")]
    pub created: Option<bool>,
    /// Whether a create found the record (as above).
    #[serde(default, deserialize_with = "lenient_bool")]
    pub existing: Option<bool>,
    /// Whether a create found the record (as above).
    #[serde(default, deserialize_with = "lenient_bool")]
    pub duplicate_found: Option<bool>,
    /// Every other key.
    #[serde(flatten)]
    pub extra: BTreeMap<String, serde_json::Value>,
}

impl CustomerRecord {
    /// The address, whichever of the three published forms it has.
    #[must_use]
    pub fn main_address(&self) -> Option<AddressRecord> {
        if let Some(address) = self.address.as_ref().or_else(|| self.addresses.as_ref()?.first()) {
            return Some(address.clone());
        }
        let flat = AddressRecord {
            line1: self.street_address.clone(),
            city: self.city.clone(),
            state: self.state.clone(),
            postal_code: self.postal_code.clone(),
            ..AddressRecord::default()
        };
        (flat != AddressRecord::default()).then_some(flat)
    }

    /// Whether the e-mail address is one that the vendor made up for a person who has none, is deleted or was merged
    /// (seen).
    #[must_use]
    pub fn has_placeholder_email(&self) -> bool {
        self.email.as_deref().is_some_and(is_placeholder)
    }
}

/// Whether an e-mail address has a form that the vendor's code makes up. Such an address is no identity.
pub(super) fn is_placeholder(email: &str) -> bool {
    let Some((local, domain)) = email.trim().split_once('@') else { return false };
    let made_up = ["walk-in.local", "alpine.local", "deleted.local", "merged.local"];
    if made_up.iter().any(|made_up| domain.eq_ignore_ascii_case(made_up)) {
        return true;
    }
    let starts = |prefix: &str| local.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    // `deleted.<id>.<time>`; without the time it could be anybody's.
    let time = local.rsplit('.').next().unwrap_or_default();
    starts("merged.") || (starts("deleted.") && time.len() >= 9 && time.bytes().all(|b| b.is_ascii_digit()))
}

/// Shows the id.
impl fmt::Debug for CustomerRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerRecord").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An address as the vendor shows it (inferred from the request).
#[derive(Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[non_exhaustive]
pub struct AddressRecord {
    /// Street and number.
    #[serde(default, deserialize_with = "lenient_text")]
    pub line1: Option<String>,
    /// Flat, floor, building.
    #[serde(default, deserialize_with = "lenient_text")]
    pub line2: Option<String>,
    /// City.
    #[serde(default, deserialize_with = "lenient_text")]
    pub city: Option<String>,
    /// State or province.
    #[serde(default, deserialize_with = "lenient_text")]
    pub state: Option<String>,
    /// Postal code.
    #[serde(default, deserialize_with = "lenient_text")]
    pub postal_code: Option<String>,
    /// Country.
    #[serde(default, deserialize_with = "lenient_text")]
    pub country: Option<String>,
}

/// Shows no part.
impl fmt::Debug for AddressRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressRecord").finish_non_exhaustive()
    }
}

/// One page of customers.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CustomerPage {
    /// The rows. Those that cannot be read are left out.
    pub data: Vec<CustomerRecord>,
    /// Whether the vendor says that there are more. None: it does not say.
    pub has_more: Option<bool>,
    /// What [`ListQuery::cursor`](super::ListQuery::cursor) takes to go on; opaque.
    pub next_cursor: Option<String>,
}

/// The documented envelope of a list.
#[derive(serde::Deserialize)]
struct Envelope {
    data: Option<Vec<Box<RawValue>>>,
    #[serde(default, deserialize_with = "lenient_bool")]
    has_more: Option<bool>,
    #[serde(default, deserialize_with = "lenient_text")]
    next_cursor: Option<String>,
}

impl CustomerPage {
    /// Reads the documented envelope, and the bare array that the vendor's own kit takes too.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let is_array = body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[');
        let (rows, has_more, next_cursor) = if is_array {
            (serde_json::from_slice::<Vec<Box<RawValue>>>(body).ok()?, None, None)
        } else {
            let page: Envelope = serde_json::from_slice(body).ok()?;
            (page.data?, page.has_more, page.next_cursor.filter(|cursor| !cursor.is_empty()))
        };
        let data = rows.iter().filter_map(|row| serde_json::from_str(row.get()).ok()).collect();
        Some(Self { data, has_more, next_cursor })
    }
}

/// A request to erase or export a person's data, as the vendor took it (documented).
#[derive(Clone, Default, serde::Deserialize)]
#[non_exhaustive]
pub struct RemovalRequest {
    /// The vendor's id of the request.
    #[serde(default, deserialize_with = "lenient_text")]
    pub id: Option<String>,
    /// The customer.
    #[serde(default, deserialize_with = "lenient_text")]
    pub customer_id: Option<String>,
    /// `pending` as a rule; the other words are unknown.
    #[serde(default, deserialize_with = "lenient_text")]
    pub status: Option<String>,
    /// When the vendor expects to be done.
    #[serde(default, deserialize_with = "time")]
    pub estimated_completion: Option<DateTime<FixedOffset>>,
    /// When the request was taken.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<DateTime<FixedOffset>>,
}

/// Shows ids and status.
impl fmt::Debug for RemovalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemovalRequest")
            .field("id", &self.id)
            .field("customer_id", &self.customer_id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<FixedOffset>>, D::Error> {
    Ok(lenient_text(deserializer)?.and_then(|text| parse_rfc3339(text.trim())))
}

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    // `47.0` counts as 47.
    Ok(lenient_text(deserializer)?.and_then(|text| {
        let text = text.trim();
        let whole = text.split_once('.').map_or(
            text,
            |(whole, zeros)| {
                if zeros.bytes().all(|b| b == b'0') { whole } else { text }
            },
        );
        whole.parse().ok()
    }))
}

/// An array of scalars; null is an empty one, and a text is a list with commas.
fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let raw = raw.get();
    if raw == "null" {
        return Ok(Some(Vec::new()));
    }
    if let Ok(text) = serde_json::from_str::<String>(raw) {
        let tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        return Ok(Some(tags.map(str::to_owned).collect()));
    }
    let Ok(items) = serde_json::from_str::<Vec<Scalar>>(raw) else { return Ok(None) };
    let text = |item| match item {
        Scalar::Text(text) | Scalar::Number(text) => Some(text),
        Scalar::Bool(value) => Some(value.to_string()),
        Scalar::Other => None,
    };
    Ok(Some(items.into_iter().filter_map(text).collect()))
}

/// An object; null and an empty array, as some languages write an empty map, are an empty one.
fn metadata<'de, D>(deserializer: D) -> Result<Option<BTreeMap<String, Box<RawValue>>>, D::Error>
where
    D: Deserializer<'de>,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(match raw.get() {
        "null" | "[]" => Some(BTreeMap::new()),
        text => serde_json::from_str(text).ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(json: &str) -> CustomerRecord {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn neighbouring_types_are_read() {
        let odd = record(
            r#"{"id":7,"email":null,"first_name":["x"],"tags":[1,null,"b",true],"total_orders":"47","total_spent":"12840.10",
            "created_at":"2026-03-10T10:00:00.000Z","address":"none","metadata":{"a":1.50,"b":{"c":[]}},"loyalty_tier":"gold"}"#,
        );
        assert_eq!((odd.id.as_deref(), odd.email, odd.first_name), (Some("7"), None, None));
        assert_eq!(odd.tags.unwrap(), ["1", "b", "true"]);
        assert_eq!((odd.total_orders, odd.total_spent.unwrap().to_string()), (Some(47), "12840.10".to_owned()));
        assert!(odd.created_at.is_some() && odd.address.is_none());
        assert_eq!(odd.metadata.unwrap()["a"].get(), "1.50");
        assert_eq!(odd.extra["loyalty_tier"], "gold");
        let odd = record(r#"{"tags":null,"total_orders":3.0,"total_spent":0.10,"metadata":[],"created_at":"soon"}"#);
        assert_eq!((odd.tags, odd.total_orders), (Some(vec![]), Some(3)));
        assert_eq!(odd.total_spent.unwrap().to_string(), "0.10");
        assert!(odd.metadata.unwrap().is_empty() && odd.created_at.is_none());
        assert_eq!(record(r#"{"tags":"a, b,"}"#).tags.unwrap(), ["a", "b"]);
        assert!(record(r#"{"tags":{"a":1},"metadata":"x"}"#).tags.is_none());
    }

    #[test]
    fn an_address_has_three_forms() {
        for json in [
            r#"{"address":{"line1":"1 Sample Way","city":"Testville"},"street_address":"other"}"#,
            r#"{"addresses":[{"line1":"1 Sample Way","city":"Testville"}]}"#,
            r#"{"street_address":"1 Sample Way","city":"Testville"}"#,
        ] {
            let address = record(json).main_address().unwrap();
            assert_eq!((address.line1.as_deref(), address.city.as_deref()), (Some("1 Sample Way"), Some("Testville")));
        }
        assert!(record("{}").main_address().is_none());
    }

    #[test]
    fn placeholders_are_known_by_their_form() {
        for made_up in [
            "nora.lind.1741513200@walk-in.local",
            "x@ALPINE.local",
            "deleted.42.1741513200@deleted.local",
            "merged.1@merged.local",
            "Merged.nora@example.com",
            "deleted.42.1741513200@example.com",
        ] {
            assert!(is_placeholder(made_up), "{made_up}");
        }
        for real in ["nora@example.com", "deleted.scenes@example.com", "mergers@example.com", "nora"] {
            assert!(!is_placeholder(real), "{real}");
        }
    }

    #[test]
    fn lists_come_in_two_forms() {
        let page = CustomerPage::read(br#"{"data":[{"id":"a"},7],"has_more":"true","next_cursor":"c"}"#).unwrap();
        assert_eq!((page.data.len(), page.has_more, page.next_cursor.as_deref()), (1, Some(true), Some("c")));
        assert_eq!(CustomerPage::read(br#" [{"id":"a"}]"#).unwrap().data.len(), 1);
        for bad in ["", "{}", "<html>", r#"{"data":7}"#] {
            assert!(CustomerPage::read(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
