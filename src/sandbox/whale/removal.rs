//! Requests to erase or export a customer's data. They stay pending, as only a webhook would tell of their end.

use chrono::{Days, Utc};
use serde_json::{Value, json};

use super::{Failure, Object, Outcome, Reply, stamp};

/// Files a request. Its status is *inferred* from sibling creates; a repeat is *unknown* and files another one here.
pub(super) fn request(number: u64, customer: &str, body: &Object) -> Outcome {
    // The samples show these keys with these types alone, and here no other is taken.
    let known: &[&str] = match body.get("type").and_then(Value::as_str) {
        Some("erasure") => &["type", "reason", "notify_customer"],
        Some("export") => &["type", "format"],
        Some(_) => return Err(Failure::invalid(Some("type"), "type must be erasure or export")),
        None => return Err(Failure::missing("type")),
    };
    for (name, value) in body {
        let right = match name.as_str() {
            name if !known.contains(&name) => return Err(Failure::unknown(name)),
            "notify_customer" => value.is_boolean(),
            "format" => value == "json",
            _ => value.is_string(),
        };
        if !right {
            return Err(Failure::invalid(Some(name), format!("{name} is not valid")));
        }
    }
    let now = Utc::now();
    // Two days later, as in the sample.
    let done = now.checked_add_days(Days::new(2)).unwrap_or(now);
    let mut request = body.clone();
    request.insert("id".to_owned(), json!(format!("drr_{number:08x}")));
    request.insert("object".to_owned(), json!("data_removal_request"));
    request.insert("customer_id".to_owned(), json!(customer));
    request.insert("status".to_owned(), json!("pending"));
    request.insert("estimated_completion".to_owned(), json!(stamp(done)));
    request.insert("created_at".to_owned(), json!(stamp(now)));
    Ok(Reply::json(201, Value::Object(request)))
}
