//! What comes back. Every field may be missing, null or of a neighbouring type; keys that nobody documented stay
//! reachable.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::de::{Deserialize, Deserializer};

use super::super::request::CustomerId;
use super::fields::{Fields, RawMap};
use crate::client::HttpResponse;
use crate::client::json::lenient::{Scalar, lenient_bool, lenient_text, lenient_value};
use crate::client::json::object::object;
use crate::customer::Decimal;

/// A customer as the vendor shows them. Which fields an answer has differs by call: rows of a list have no `object`, and
/// the documented answer to a create has neither `address` nor `metadata`.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct CustomerRecord {
    /// The vendor's id; opaque.
    pub id: Option<CustomerId>,
    /// E-mail address. The vendor's own code writes placeholders (see [`CustomerRecord::has_placeholder_email`]).
    pub email: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Phone number, in no fixed form.
    pub phone: Option<String>,
    /// Tags; null counts as an empty list. None: the answer does not show them.
    pub tags: Option<Vec<String>>,
    /// Number of orders.
    pub total_orders: Option<u64>,
    /// Money spent, in major units (documented); the currency is unknown.
    pub total_spent: Option<Decimal>,
    /// Time of the last order.
    pub last_order_at: Option<DateTime<FixedOffset>>,
    /// When the vendor made the record.
    pub created_at: Option<DateTime<FixedOffset>>,
    /// When the vendor last changed the record (inferred).
    pub updated_at: Option<DateTime<FixedOffset>>,
    /// The address (inferred: only requests show it). See [`CustomerRecord::main_address`].
    pub address: Option<AddressRecord>,
    /// The addresses, in case that there are several.
    pub addresses: Option<Vec<AddressRecord>>,
    /// Values of the caller's own, as the vendor wrote them; null counts as an empty map (inferred: only requests show
    /// it).
    pub metadata: Option<RawMap>,
    /// Street, in the flat form of the vendor's own kit (seen).
    pub street_address: Option<String>,
    /// City, in the flat form.
    pub city: Option<String>,
    /// State, in the flat form.
    pub state: Option<String>,
    /// Postal code, in the flat form.
    pub postal_code: Option<String>,
    /// Birthday, `YYYY-MM-DD` (seen).
    pub date_of_birth: Option<String>,
    /// Consent to e-mail (seen in the vendor's own kit; not documented).
    pub email_consent: Option<bool>,
    /// Consent to text messages (as above).
    pub sms_consent: Option<bool>,
    /// Whether a create made the record (seen elsewhere at the vendor).
    pub created: Option<bool>,
    /// Whether a create found the record (as above).
    pub existing: Option<bool>,
    /// Whether a create found the record (as above).
    pub duplicate_found: Option<bool>,
    /// The id of the record that a create found (as above).
    pub existing_customer_id: Option<CustomerId>,
    /// Every other key, as it came.
    pub extra: RawMap,
}

impl<'de> Deserialize<'de> for CustomerRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::deserialize(deserializer)?;
        Ok(Self {
            id: fields.value(&["id"]),
            email: fields.text(&["email"]),
            first_name: fields.text(&["first_name"]),
            last_name: fields.text(&["last_name"]),
            phone: fields.text(&["phone"]),
            tags: fields.with("tags", tags),
            total_orders: fields.count(&["total_orders"]),
            total_spent: fields.decimal("total_spent"),
            last_order_at: fields.time(&["last_order_at"]),
            created_at: fields.time(&["created_at"]),
            updated_at: fields.time(&["updated_at"]),
            address: fields.value(&["address"]),
            addresses: fields.value(&["addresses"]),
            metadata: fields.with("metadata", metadata),
            street_address: fields.text(&["street_address"]),
            city: fields.text(&["city"]),
            state: fields.text(&["state"]),
            postal_code: fields.text(&["postal_code"]),
            date_of_birth: fields.text(&["date_of_birth"]),
            email_consent: fields.bool("email_consent"),
            sms_consent: fields.bool("sms_consent"),
            created: fields.bool("created"),
            existing: fields.bool("existing"),
            duplicate_found: fields.bool("duplicate_found"),
            existing_customer_id: fields.value(&["existing_customer_id"]),
            extra: fields.0,
        })
    }
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
        (!flat.is_blank()).then_some(flat)
    }

    /// Whether the e-mail address is one that the vendor made up for a person who has none, is deleted or was merged
    /// (seen).
    #[must_use]
    pub fn has_placeholder_email(&self) -> bool {
        self.email.as_deref().is_some_and(is_placeholder)
    }
}

/// The customer of an answer: bare as documented, or in one of the usual wrappers, whose flags count as the customer's.
/// One without an id is none.
pub(in super::super) fn read_customer(response: &HttpResponse) -> Option<CustomerRecord> {
    #[derive(serde::Deserialize)]
    struct Wrapper {
        #[serde(default, deserialize_with = "lenient_value")]
        customer: Option<CustomerRecord>,
        #[serde(default, deserialize_with = "lenient_value")]
        data: Option<CustomerRecord>,
        #[serde(default, deserialize_with = "lenient_bool")]
        created: Option<bool>,
        #[serde(default, deserialize_with = "lenient_bool")]
        existing: Option<bool>,
        #[serde(default, deserialize_with = "lenient_bool")]
        duplicate_found: Option<bool>,
        #[serde(default, deserialize_with = "lenient_value")]
        existing_customer_id: Option<CustomerId>,
    }
    let has_id = |record: &CustomerRecord| record.id.is_some();
    if let Some(record) = object::<CustomerRecord>(&response.body).filter(has_id) {
        return Some(record);
    }
    let wrapper: Wrapper = object(&response.body)?;
    let mut record = wrapper.customer.or(wrapper.data).filter(has_id)?;
    record.created = record.created.or(wrapper.created);
    record.existing = record.existing.or(wrapper.existing);
    record.duplicate_found = record.duplicate_found.or(wrapper.duplicate_found);
    record.existing_customer_id = record.existing_customer_id.or(wrapper.existing_customer_id);
    Some(record)
}

/// Whether an e-mail address has a form that the vendor's code makes up. Such an address is no identity.
pub(in super::super) fn is_placeholder(email: &str) -> bool {
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

impl AddressRecord {
    /// Whether no part says anything.
    pub(in super::super) fn is_blank(&self) -> bool {
        let Self { line1, line2, city, state, postal_code, country } = self;
        let parts = [line1, line2, city, state, postal_code, country];
        parts.into_iter().all(|part| part.as_deref().is_none_or(|text| text.trim().is_empty()))
    }
}

/// Shows no part.
impl fmt::Debug for AddressRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressRecord").finish_non_exhaustive()
    }
}

/// An array of scalars; null is an empty one, and a text is a list with commas.
fn tags(raw: &str) -> Option<Vec<String>> {
    if raw == "null" {
        return Some(Vec::new());
    }
    if let Ok(text) = serde_json::from_str::<String>(raw) {
        let tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        return Some(tags.map(str::to_owned).collect());
    }
    let items: Vec<Scalar> = serde_json::from_str(raw).ok()?;
    let text = |item| match item {
        Scalar::Text(text) | Scalar::Number(text) => Some(text),
        Scalar::Bool(value) => Some(value.to_string()),
        Scalar::Other => None,
    };
    Some(items.into_iter().filter_map(text).collect())
}

/// An object; null and an empty array, as some languages write an empty map, are an empty one.
fn metadata(raw: &str) -> Option<RawMap> {
    match raw {
        "null" | "[]" => Some(RawMap::new()),
        text => serde_json::from_str(text).ok(),
    }
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
            "created_at":"2026-03-10T10:00:00.000Z","address":"none","metadata":{"a":1.50,"b":{"c":[]}},"loyalty_tier":"gold","lifetime_value":120.50}"#,
        );
        assert_eq!((odd.id.unwrap().as_str(), odd.email, odd.first_name), ("7", None, None));
        assert_eq!(odd.tags.unwrap(), ["1", "b", "true"]);
        assert_eq!((odd.total_orders, odd.total_spent.unwrap().to_string()), (Some(47), "12840.10".to_owned()));
        assert!(odd.created_at.is_some() && odd.address.is_none());
        assert_eq!(odd.metadata.unwrap()["a"].get(), "1.50");
        assert_eq!(odd.extra["loyalty_tier"].get(), r#""gold""#);
        assert_eq!(odd.extra["lifetime_value"].get(), "120.50", "with every digit");
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
    fn a_customer_is_found_bare_and_wrapped() {
        let customer = |body: &'static str| {
            read_customer(&HttpResponse::new(http::StatusCode::OK, body)).and_then(|c| c.id).map(|id| id.into_string())
        };
        for body in [r#"{"id":"a"}"#, r#"{"customer":{"id":"a"}}"#, r#"{"success":true,"data":{"id":"a"}}"#] {
            assert_eq!(customer(body).as_deref(), Some("a"), "{body}");
        }
        for body in ["", "{}", r#"{"id":null}"#, r#"{"data":[]}"#, r#"[{"id":"a"}]"#, "<html>"] {
            assert_eq!(customer(body), None, "{body}");
        }
    }

    #[test]
    fn the_flags_of_a_wrapper_are_the_customers() {
        let read = |body: &'static str| read_customer(&HttpResponse::new(http::StatusCode::OK, body)).unwrap();
        let flagged =
            read(r#"{"created":false,"duplicate_found":"true","existing":{},"customer":{"id":"a","created":true}}"#);
        assert_eq!((flagged.created, flagged.duplicate_found, flagged.existing), (Some(true), Some(true), None));
        let named = read(r#"{"success":true,"existing_customer_id":"a","data":{"id":"a"}}"#);
        assert_eq!(named.existing_customer_id.unwrap().as_str(), "a");
    }
}
