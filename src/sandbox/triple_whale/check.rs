//! Checks a record against the documented schema of a customer.

use chrono::DateTime;
use serde_json::Value;

use super::text;
use crate::sandbox::reply::Object;

/// What the vendor's schema says of a field.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Texts,
    Number,
    Integer,
    Flag,
    Time,
}

/// The 36 keys and their types (*documented*).
pub(super) const FIELDS: [(&str, Kind); 36] = [
    ("shop", Kind::Text),
    ("customer_id", Kind::Text),
    ("platform", Kind::Text),
    ("platform_account_id", Kind::Text),
    ("address1", Kind::Text),
    ("address2", Kind::Text),
    ("amount_spent", Kind::Number),
    ("city", Kind::Text),
    ("country", Kind::Text),
    ("country_code", Kind::Text),
    ("created_at", Kind::Time),
    ("customer_tags", Kind::Texts),
    ("display_name", Kind::Text),
    ("email_address", Kind::Text),
    ("email_marketing_consent_collected_from", Kind::Text),
    ("email_marketing_consent_opt_in_level", Kind::Text),
    ("email_marketing_consent_status", Kind::Text),
    ("email_marketing_consent_updated_at", Kind::Time),
    ("first_name", Kind::Text),
    ("last_name", Kind::Text),
    ("last_order_id", Kind::Text),
    ("latitude", Kind::Number),
    ("locale", Kind::Text),
    ("longitude", Kind::Number),
    ("note", Kind::Text),
    ("number_of_orders", Kind::Integer),
    ("phone", Kind::Text),
    ("product_subscriber_status", Kind::Text),
    ("sms_marketing_consent_collected_from", Kind::Text),
    ("sms_marketing_consent_opt_in_level", Kind::Text),
    ("sms_marketing_consent_updated_at", Kind::Time),
    ("state", Kind::Text),
    ("state_code", Kind::Text),
    ("status", Kind::Text),
    ("tax_exempt", Kind::Flag),
    ("zip", Kind::Text),
];

/// Stores with a native integration must not use this endpoint (*documented*); how the vendor refuses is *unknown*.
const NATIVE_PLATFORMS: [&str; 3] = ["shopify", "bigcommerce", "woocommerce"];

/// Refuses what the schema does not allow. Whether the vendor refuses unknown keys is *unknown*: here they do not pass,
/// so that a misspelt one is found.
pub(super) fn check(record: &Object) -> Result<(), String> {
    for (name, value) in record {
        // The table's name for the count of orders; that the call lets it pass is *inferred*.
        let known = |field: &str| field == name || (name == "orders" && field == "number_of_orders");
        let Some((_, kind)) = FIELDS.iter().find(|(field, _)| known(field)) else {
            return Err(format!("{name} is not a known field"));
        };
        let wanted = match kind {
            Kind::Text => value.is_string().then_some(()).ok_or("a string"),
            Kind::Texts => {
                let strings = value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
                strings.then_some(()).ok_or("an array of strings")
            }
            Kind::Number => value.is_number().then_some(()).ok_or("a number"),
            Kind::Integer => (value.is_i64() || value.is_u64()).then_some(()).ok_or("an integer"),
            Kind::Flag => value.is_boolean().then_some(()).ok_or("a boolean"),
            Kind::Time => value.as_str().is_some_and(is_time).then_some(()).ok_or("an ISO 8601 time with an offset"),
        };
        wanted.map_err(|wanted| format!("{name} must be {wanted}"))?;
    }
    if text(record, "customer_id").unwrap_or_default().is_empty() {
        return Err("customer_id is required".to_owned());
    }
    // Our strictness: an empty string would make a key or an address of nothing.
    for name in ["platform", "platform_account_id", "email_address"] {
        if text(record, name) == Some("") {
            return Err(format!("{name} is empty"));
        }
    }
    // ISO 3166-1 alpha-2 is documented; that the vendor checks it is not.
    if text(record, "country_code").is_some_and(|code| code.len() != 2 || !code.bytes().all(|b| b.is_ascii_uppercase()))
    {
        return Err("country_code must be two capital letters".to_owned());
    }
    if text(record, "platform").is_some_and(|name| NATIVE_PLATFORMS.contains(&name.to_lowercase().as_str())) {
        return Err("platform has a native integration".to_owned());
    }
    Ok(())
}

/// The parser alone would let a space pass for the `T`.
fn is_time(text: &str) -> bool {
    text.as_bytes().get(10) == Some(&b'T') && DateTime::parse_from_rfc3339(text).is_ok()
}
