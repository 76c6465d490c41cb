//! Checks the fields of a customer that a request writes, and converts them to the form in which they are stored.

use serde_json::{Value, json};

use super::{Failure, Object, fold};

/// The keys of the documented sample and `line2`, which is *inferred*.
const ADDRESS: [&str; 6] = ["line1", "line2", "city", "state", "postal_code", "country"];

/// Reads a body. Unknown keys and read-only ones are refused, which is our strictness: the vendor's is *unknown*.
pub(super) fn read(body: &Object) -> Result<Object, Failure> {
    body.iter().map(|(name, value)| Ok((name.clone(), field(name, value)?))).collect()
}

fn field(name: &str, value: &Value) -> Result<Value, Failure> {
    match (name, value) {
        ("email", Value::String(text)) => email(text),
        // An empty text is stored as null (*seen* in the vendor's other code).
        ("first_name" | "last_name" | "phone", Value::String(text)) if text.trim().is_empty() => Ok(Value::Null),
        ("email" | "first_name" | "last_name" | "phone", Value::Null) => Ok(Value::Null),
        ("first_name" | "last_name" | "phone", Value::String(text)) => Ok(json!(text)),
        ("email" | "first_name" | "last_name" | "phone", _) => Err(wrong(name, "a string")),
        ("tags", Value::Null) => Ok(json!([])),
        ("tags", Value::Array(items)) if items.iter().all(Value::is_string) => Ok(value.clone()),
        ("tags", _) => Err(wrong(name, "an array of strings")),
        ("metadata", Value::Null) => Ok(json!({})),
        ("metadata", Value::Object(_)) => Ok(value.clone()),
        ("metadata", _) => Err(wrong(name, "an object")),
        ("address", Value::Null) => Ok(Value::Null),
        ("address", Value::Object(fields)) => address(fields),
        ("address", _) => Err(wrong(name, "an object")),
        // *Seen* in the vendor's other code, and not documented.
        ("email_consent" | "sms_consent", Value::Bool(_)) => Ok(value.clone()),
        ("date_of_birth", Value::Null) => Ok(Value::Null),
        ("date_of_birth", Value::String(text)) if text.parse::<chrono::NaiveDate>().is_ok() => Ok(json!(text)),
        ("date_of_birth", _) => Err(wrong(name, "a date")),
        ("email_consent" | "sms_consent", _) => Err(wrong(name, "a boolean")),
        _ => Err(Failure::unknown(name)),
    }
}

/// Kept trimmed and in small letters (*seen* in the vendor's other code), so that the echo may differ.
fn email(text: &str) -> Result<Value, Failure> {
    let email = fold(text);
    let parts = email.split_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
    match parts {
        Some((_, domain)) if !domain.contains('@') && !email.contains(char::is_whitespace) => Ok(json!(email)),
        _ => Err(wrong("email", "an e-mail address")),
    }
}

fn address(fields: &Object) -> Result<Value, Failure> {
    for (name, value) in fields {
        let path = format!("address.{name}");
        if !ADDRESS.contains(&name.as_str()) {
            return Err(Failure::unknown(&path));
        }
        if !value.is_string() && !value.is_null() {
            return Err(wrong(&path, "a string"));
        }
    }
    Ok(Value::Object(fields.clone()))
}

fn wrong(name: &str, wanted: &str) -> Failure {
    Failure::invalid(Some(name), format!("{name} must be {wanted}"))
}
