//! Builds a customer from a record in the form in which the vendor shows one.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::record::{Address, Customer};
use crate::sandbox::reply;

/// The keys that requests write, and that are kept as they are written.
const WRITTEN: [&str; 11] = [
    "birthday",
    "email",
    "email_marketing_consent",
    "first_name",
    "last_name",
    "multipass_identifier",
    "note",
    "phone",
    "sms_marketing_consent",
    "tags",
    "verified_email",
];

/// The keys that follow from others.
const DERIVED: [&str; 9] = [
    "accepts_marketing",
    "accepts_marketing_updated_at",
    "accepts_mobile_marketing",
    "accepts_mobile_marketing_updated_at",
    "email_subscribe_flag",
    "gender",
    "id",
    "mobile_subscribe_flag",
    "nick_name",
];

impl Customer {
    /// The customer of a record. What is neither written by requests nor follows from other keys stays as it is.
    pub(super) fn stored(id: u64, mut record: Map<String, Value>, now: DateTime<Utc>, made: &mut u64) -> Self {
        let mut customer = Self::new(id, now);
        let time = |record: &Map<String, Value>, key: &str| record.get(key)?.as_str().and_then(reply::moment);
        customer.created = time(&record, "created_at").unwrap_or(now);
        customer.updated = time(&record, "updated_at").unwrap_or(now);
        for (consent, flag, accepts) in [
            ("email_marketing_consent", "email_subscribe_flag", "accepts_marketing"),
            ("sms_marketing_consent", "mobile_subscribe_flag", "accepts_mobile_marketing"),
        ] {
            let flag = record.get(flag).and_then(Value::as_i64);
            let accepts = record.get(accepts).and_then(Value::as_bool).map(i64::from);
            let state = flag.or(accepts);
            if let (None | Some(Value::Null), Some(state)) = (record.get(consent), state) {
                record.insert(consent.to_owned(), json!({ "state": state }));
            }
        }
        let gender = match record.get("gender") {
            Some(Value::String(word)) => ["others", "male", "female", "secret"].iter().position(|known| known == word),
            Some(number) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
            None => None,
        };
        customer.given.extend(gender.map(|number| ("gender".to_owned(), number.into())));
        let state = record.get("state").and_then(Value::as_i64);
        (customer.blacklisted, customer.registered) = (state == Some(0), state == Some(3));
        if state != Some(2) {
            record.remove("state");
        }
        let default =
            record.remove("default_address").and_then(|address| Some(address.get("id")?.as_str()?.to_owned()));
        customer.default_address = default;
        if let Some(Value::Array(items)) = record.remove("addresses") {
            for item in items {
                if let Value::Object(given) = item {
                    customer.stored_address(given, made);
                }
            }
        }
        for (key, value) in record {
            if WRITTEN.contains(&key.as_str()) {
                customer.given.insert(key, value);
            } else if !DERIVED.contains(&key.as_str()) {
                customer.fixed.insert(key, value);
            }
        }
        customer.index();
        customer
    }

    fn stored_address(&mut self, mut given: Map<String, Value>, made: &mut u64) {
        *made += 1;
        let id = given.remove("id").and_then(|id| id.as_str().map(str::to_owned));
        let id = id.unwrap_or_else(|| format!("SL201UA{}", 5_483_719_394_486_000_000 + *made));
        let is_default = given.remove("default") == Some(Value::Bool(true));
        if is_default || self.default_address.is_none() {
            self.default_address = Some(id.clone());
        }
        for follows in ["customer_id", "province_code_v2", "def"] {
            given.remove(follows);
        }
        self.addresses.push(Address { id, given });
    }

    /// Whether there are orders: none is made here, so that only a record that was put here can have some.
    pub(super) fn has_bought(&self) -> bool {
        let number = |key: &str| match self.fixed.get(key) {
            Some(Value::String(text)) => text.parse::<f64>().ok(),
            Some(value) => value.as_f64(),
            None => None,
        };
        ["orders_count", "total_spent"].into_iter().filter_map(number).any(|number| number != 0.0)
    }
}
