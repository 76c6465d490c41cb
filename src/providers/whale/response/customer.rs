//! Customers, as the vendor shows them.

use chrono::{DateTime, FixedOffset};
use serde_json::value::RawValue;

use super::super::request::{CustomerId, RawMap};
use super::fields::keyed_record;
use crate::client::HttpResponse;
use crate::client::json::raw::Members;
use crate::client::json::scalar::Scalar;
use crate::client::json::value::Value;
use crate::customer::Decimal;

keyed_record! {
    /// A customer as the vendor shows them. Which fields an answer has differs by call: rows of a list have no `object`, and
    /// the documented answer to a create has neither `address` nor `metadata`.
    CustomerRecord {
        /// The vendor's id; opaque.
        id: Option<CustomerId> = value("id"),
        /// E-mail address. The vendor's own code writes placeholders (see [`CustomerRecord::has_placeholder_email`]).
        email: Option<String> = value("email"),
        /// Given name.
        first_name: Option<String> = value("first_name"),
        /// Family name.
        last_name: Option<String> = value("last_name"),
        /// Phone number, in no fixed form.
        phone: Option<String> = value("phone"),
        /// Tags; null counts as an empty list. None: the answer does not show them.
        tags: Option<Vec<String>> = tags("tags"),
        /// Number of orders.
        total_orders: Option<u64> = value("total_orders"),
        /// Money spent, in major units (documented); the currency is unknown.
        total_spent: Option<Decimal> = value("total_spent"),
        /// Time of the last order.
        last_order_at: Option<DateTime<FixedOffset>> = value("last_order_at"),
        /// When the vendor made the record.
        created_at: Option<DateTime<FixedOffset>> = value("created_at"),
        /// When the vendor last changed the record (inferred).
        updated_at: Option<DateTime<FixedOffset>> = value("updated_at"),
        /// The address (inferred: only requests show it). See [`CustomerRecord::main_address`].
        address: Option<AddressRecord> = value("address"),
        /// The addresses, in case that there are several.
        addresses: Option<Vec<AddressRecord>> = value("addresses"),
        /// Values of the caller's own, as the vendor wrote them; null counts as an empty map (inferred: only requests show
        /// it).
        metadata: Option<RawMap> = metadata("metadata"),
        /// Street, in the flat form of the vendor's own kit (seen).
        street_address: Option<String> = value("street_address"),
        /// City, in the flat form.
        city: Option<String> = value("city"),
        /// State, in the flat form.
        state: Option<String> = value("state"),
        /// Postal code, in the flat form.
        postal_code: Option<String> = value("postal_code"),
        /// Birthday, `YYYY-MM-DD` (seen).
        date_of_birth: Option<String> = value("date_of_birth"),
        /// Consent to e-mail (seen in the vendor's own kit; not documented).
        email_consent: Option<bool> = value("email_consent"),
        /// Consent to text messages (as above).
        sms_consent: Option<bool> = value("sms_consent"),
        /// Whether a create made the record (seen elsewhere at the vendor).
        created: Option<bool> = value("created"),
        /// Whether a create found the record (as above).
        existing: Option<bool> = value("existing"),
        /// Whether a create found the record (as above).
        duplicate_found: Option<bool> = value("duplicate_found"),
        /// The id of the record that a create found (as above).
        existing_customer_id: Option<CustomerId> = value("existing_customer_id"),
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
    let has_id = |record: &CustomerRecord| record.id.is_some();
    let body: &RawValue = serde_json::from_slice(&response.body).ok()?;
    if let Some(record) = CustomerRecord::from_raw(body).filter(has_id) {
        return Some(record);
    }
    let wrapper = Members::of(body)?;
    let mut record = wrapper.value::<CustomerRecord>(&["customer", "data"]).filter(has_id)?;
    record.created = record.created.or_else(|| wrapper.value(&["created"]));
    record.existing = record.existing.or_else(|| wrapper.value(&["existing"]));
    record.duplicate_found = record.duplicate_found.or_else(|| wrapper.value(&["duplicate_found"]));
    record.existing_customer_id = record.existing_customer_id.or_else(|| wrapper.value(&["existing_customer_id"]));
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

keyed_record! {
    /// An address as the vendor shows it (inferred from the request).
    AddressRecord {
        /// Street and number.
        line1: Option<String> = value("line1"),
        /// Flat, floor, building.
        line2: Option<String> = value("line2"),
        /// City.
        city: Option<String> = value("city"),
        /// State or province.
        state: Option<String> = value("state"),
        /// Postal code.
        postal_code: Option<String> = value("postal_code"),
        /// Country.
        country: Option<String> = value("country"),
    }
}

impl AddressRecord {
    /// Whether no part says anything.
    pub(in super::super) fn is_blank(&self) -> bool {
        let Self { line1, line2, city, state, postal_code, country, .. } = self;
        let parts = [line1, line2, city, state, postal_code, country];
        parts.into_iter().all(|part| part.as_deref().is_none_or(|text| text.trim().is_empty()))
    }
}

impl Members<'_> {
    /// An array of scalars; null is an empty one, and a text is a list with commas.
    fn tags(&self, keys: &[&str]) -> Option<Vec<String>> {
        self.first(keys, |raw| match serde_json::from_str(raw.get()).ok()? {
            Scalar::Text(text) => {
                let tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
                Some(tags.map(str::to_owned).collect())
            }
            _ if raw.get() == "null" => Some(Vec::new()),
            _ => Vec::from_raw(raw),
        })
    }

    /// An object; null and an empty array, as some languages write an empty map, are an empty one.
    fn metadata(&self, keys: &[&str]) -> Option<RawMap> {
        self.first(keys, |raw| match raw.get() {
            "null" | "[]" => Some(RawMap::new()),
            _ => RawMap::from_raw(raw),
        })
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
        assert_eq!(odd.metadata.unwrap()["a"].as_str(), "1.50");
        assert_eq!(odd.raw.get("loyalty_tier").unwrap().as_str(), r#""gold""#);
        assert_eq!(odd.raw.get("lifetime_value").unwrap().as_str(), "120.50", "with every digit");
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
