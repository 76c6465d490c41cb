//! Checks a customer: keys, types and limits. The vendor's own strictness is mostly *unknown*; the stand-in requires all
//! that its pages name.

use chrono::DateTime;
use serde_json::Value;

use crate::sandbox::reply::Object;

/// What a text must look like.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Any,
    /// At most 255 characters: *documented* for the customer of an order, *inferred* here.
    Short,
    /// As `Short`, and not empty, since it identifies the customer.
    Identifier,
    Phone,
    OneOf(&'static [&'static str]),
    Time,
    /// This many letters, small ones or capitals.
    Letters(usize, fn(&u8) -> bool),
}

/// The texts of a customer.
pub(super) const TEXTS: [(&str, Form); 12] = [
    ("external_id", Form::Identifier),
    ("email", Form::Identifier),
    ("phone_number", Form::Phone),
    ("first_name", Form::Short),
    ("last_name", Form::Short),
    ("gender", Form::OneOf(&["F", "M", "Other"])),
    ("account_created_at", Form::Time),
    ("account_updated_at", Form::Time),
    ("account_status", Form::OneOf(&["enabled", "disabled", "invited", "declined"])),
    ("default_language", Form::Letters(2, u8::is_ascii_lowercase)),
    ("default_currency", Form::Letters(3, u8::is_ascii_uppercase)),
    ("tags", Form::Any),
];

/// The texts of an address (*seen*).
pub(super) const ADDRESS: [&str; 9] =
    ["address1", "address2", "city", "company", "state", "zip", "province_code", "country_code", "phone_number"];

/// Refuses a customer that the vendor's pages do not allow, and unknown keys: there are hints that the vendor ignores
/// these, which here would hide a misspelt one.
pub(super) fn customer(customer: &Object) -> Result<(), String> {
    for (name, value) in customer {
        if value.is_null() {
            continue;
        }
        match name.as_str() {
            "address" => address(value)?,
            "accepts_email_marketing" | "accepts_sms_marketing" if value.is_boolean() => {}
            "accepts_email_marketing" | "accepts_sms_marketing" => return Err(format!("{name} must be a boolean")),
            "custom_properties" => properties(value)?,
            _ => match TEXTS.iter().find(|(field, _)| field == name) {
                Some((_, form)) => text(name, value, *form)?,
                None => return Err(format!("{name} is not a known property")),
            },
        }
    }
    let given = |name: &str| customer.get(name).is_some_and(|value| !value.is_null());
    match (given("external_id"), given("email"), given("phone_number")) {
        (true, ..) | (_, true, false) | (_, false, true) => Ok(()),
        (false, true, true) => Err("without external_id only one of email and phone_number is accepted".to_owned()),
        (false, false, false) => Err("one of external_id, email and phone_number is required".to_owned()),
    }
}

fn address(value: &Value) -> Result<(), String> {
    let fields = value.as_object().ok_or("address must be an object")?;
    for (name, value) in fields {
        if !ADDRESS.contains(&name.as_str()) {
            return Err(format!("address.{name} is not a known property"));
        }
        if !value.is_null() {
            let form = if name == "country_code" { Form::Letters(2, u8::is_ascii_uppercase) } else { Form::Any };
            text(&format!("address.{name}"), value, form)?;
        }
    }
    Ok(())
}

/// Primitive values, no null, no spaces in names (*documented*).
fn properties(value: &Value) -> Result<(), String> {
    let fields = value.as_object().ok_or("custom_properties must be an object")?;
    for (name, value) in fields {
        if name.contains(' ') {
            return Err(format!("custom_properties: the name {name:?} has a space"));
        }
        if value.is_null() || value.is_object() || value.is_array() {
            return Err(format!("custom_properties.{name} must be a primitive value"));
        }
    }
    Ok(())
}

fn text(name: &str, value: &Value, form: Form) -> Result<(), String> {
    let text = value.as_str().ok_or_else(|| format!("{name} must be a string"))?;
    // Ours: the page says to skip a parameter by "null", in quotes; taken to the letter, that stores the word.
    if text == "null" {
        return Err(format!("{name} is the word null"));
    }
    let fault = match form {
        Form::Any => None,
        Form::Short => (text.chars().count() > 255).then_some("is longer than 255 characters"),
        Form::Identifier => {
            (text.trim().is_empty() || text.chars().count() > 255).then_some("must have 1 to 255 characters")
        }
        Form::Phone => (!is_e164(text)).then_some("must be in E.164 format"),
        Form::OneOf(words) => (!words.contains(&text)).then_some("is not one of the known values"),
        Form::Time => (!is_time(text)).then_some("must be an ISO 8601 time with an offset"),
        Form::Letters(count, case) => {
            (text.len() != count || !text.as_bytes().iter().all(case)).then_some("is no ISO code of the known form")
        }
    };
    fault.map_or(Ok(()), |fault| Err(format!("{name} {fault}")))
}

/// The pattern of the vendor's own extension (*seen*).
fn is_e164(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|rest| (7..=15).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit()))
}

/// ISO 8601 is documented; that the offset must be there is our strictness, since the vendor would have to guess it.
fn is_time(text: &str) -> bool {
    text.as_bytes().get(10) == Some(&b'T') && DateTime::parse_from_rfc3339(text).is_ok()
}
