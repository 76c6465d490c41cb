//! Builds a customer from a record in the form in which the vendor shows one.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::record::{Address, Customer, customer_id};
use super::version::Version;
use crate::sandbox::reply;

/// The keys that requests write or that follow from others; the rest stays as it is.
const KNOWN: [&str; 14] = [
    "accepts_marketing",
    "accepts_sms_marketing",
    "addresses",
    "contact_type",
    "default_address",
    "email",
    "first_name",
    "id",
    "last_name",
    "name",
    "phone",
    "registered",
    "tags",
    "updated_at",
];

impl Customer {
    /// The customer of a record, with tags in the form of either version. A record without consents is not
    /// subscribed: it is no create.
    pub(super) fn stored(mut record: Map<String, Value>, (number, now): (u64, DateTime<Utc>), made: &mut u64) -> Self {
        let text = |key: &str| record.get(key).and_then(Value::as_str).map(str::to_owned);
        let flag = |key: &str| record.get(key).and_then(Value::as_bool).unwrap_or_default();
        let time = |key: &str| record.get(key).and_then(Value::as_str).and_then(reply::moment).unwrap_or(now);
        let filled = |key: &str| text(key).filter(|text| !text.is_empty());
        let (email, phone) = (filled("email"), filled("phone"));
        let default_type = if email.is_some() { "email" } else { "phone" };
        let tags = record.get("tags").cloned().unwrap_or_default();
        let version = if tags.is_array() { Version::Later } else { Version::First };
        let mut customer = Self {
            number,
            id: text("id").unwrap_or_else(|| customer_id(number)),
            email,
            phone,
            created: time("created_at"),
            updated: time("updated_at"),
            now,
            addresses: Vec::new(),
            contact_type: text("contact_type").unwrap_or_else(|| default_type.to_owned()),
            first_name: text("first_name").unwrap_or_default(),
            last_name: text("last_name").unwrap_or_default(),
            accepts_marketing: flag("accepts_marketing"),
            accepts_sms_marketing: flag("accepts_sms_marketing"),
            registered: flag("registered"),
            tags: version.read_tags(&tags).unwrap_or_default(),
            fixed: Map::new(),
        };
        let default = record.get("default_address").and_then(|address| address.get("id")?.as_str().map(str::to_owned));
        for item in record.get("addresses").and_then(Value::as_array).into_iter().flatten() {
            let Value::Object(fields) = item else { continue };
            *made += 1;
            let mut address = Address::new(*made);
            if let Some(id) = fields.get("id").and_then(Value::as_str) {
                id.clone_into(&mut address.id);
            }
            // Nothing is checked: what is of another type is not kept.
            let _ = address.set(fields);
            address.default =
                fields.get("default") == Some(&Value::Bool(true)) || default.as_ref() == Some(&address.id);
            customer.addresses.push(address);
        }
        record.retain(|key, _| !KNOWN.contains(&key.as_str()) || key == "updated_at");
        customer.fixed = record;
        customer
    }
}
