//! Checks request objects: keys, types and limits, as tables.
//!
//! Keys, types and limits are *documented*. How a breach is answered is *unknown*: here a wrong shape is 400 and a wrong
//! value 422, both with one `path:message` string, a form that was seen on another resource. That an unknown key is
//! refused and that `null` counts as absent are choices (*unknown*; on address updates nulls were seen to be ignored).

use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::sandbox::reply;

/// A refused request: the status and the text under `errors`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub(super) status: u16,
    pub(super) errors: String,
}

impl Fault {
    pub(super) fn new(status: u16, errors: impl Into<String>) -> Self {
        Self { status, errors: errors.into() }
    }

    fn shape(path: &str, message: &str) -> Self {
        Self::new(400, format!("{path}:{message}"))
    }

    pub(super) fn value(path: &str, message: &str) -> Self {
        Self::new(422, format!("{path}:{message}"))
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text(usize),
    Email(usize),
    /// With the `00` and calling code form, which is documented for every phone but those of address 2.0.
    Phone(usize),
    Birthday,
    Password,
    Tags,
    Moment,
    Country,
    Bool,
    Int(i64, i64),
    Object(Shape),
    Items(usize, Shape),
}

pub(super) type Shape = &'static [(&'static str, Kind)];

use Kind::{Birthday, Bool, Country, Email, Int, Items, Moment, Object, Password, Phone, Tags, Text};

/// No limit is documented.
const FREE: usize = usize::MAX;
const MAX_ADDRESSES: usize = 50;

const EMAIL_CONSENT: Shape = &[
    ("consent_collected_from", Text(50)),
    ("consent_updated_at", Moment),
    ("opt_in_level", Int(0, 2)),
    ("state", Int(0, 3)),
];

/// Awaiting confirmation (3) exists in the answers only.
const SMS_CONSENT: Shape = &[
    ("consent_collected_from", Text(50)),
    ("consent_updated_at", Moment),
    ("opt_in_level", Int(0, 2)),
    ("state", Int(0, 2)),
];

macro_rules! embedded_address {
    ($($extra:expr),*) => {
        &[
            ("address1", Text(255)),
            ("address2", Text(255)),
            ("city", Text(64)),
            ("company", Text(255)),
            ("country", Text(64)),
            ("country_code", Country),
            ("country_name", Text(FREE)),
            ("default", Bool),
            ("first_name", Text(128)),
            ("last_name", Text(128)),
            ("name", Text(FREE)),
            ("phone", Phone(20)),
            ("province", Text(64)),
            ("province_code", Text(FREE)),
            ("zip", Text(64)),
            $($extra),*
        ]
    };
}

macro_rules! customer {
    ($address:expr) => {
        &[
            ("accepts_marketing", Bool),
            ("addresses", Items(MAX_ADDRESSES, $address)),
            ("birthday", Birthday),
            ("email", Email(50)),
            ("email_marketing_consent", Object(EMAIL_CONSENT)),
            ("first_name", Text(128)),
            ("gender", Int(0, 3)),
            ("last_name", Text(128)),
            ("multipass_identifier", Text(100)),
            ("note", Text(1000)),
            ("password", Password),
            ("password_confirmation", Password),
            ("phone", Phone(20)),
            ("sms_marketing_consent", Object(SMS_CONSENT)),
            ("tags", Tags),
            ("verified_email", Bool),
        ]
    };
}

pub(super) const CREATE: Shape = customer!(embedded_address!());
pub(super) const UPDATE: Shape = customer!(embedded_address!(("id", Text(64)), ("customer_id", Text(64))));

macro_rules! address {
    ($phone:expr) => {
        &[
            ("address1", Text(255)),
            ("address2", Text(255)),
            ("address_type", Int(0, i64::MAX)),
            ("city", Text(64)),
            ("city_code", Text(50)),
            ("company", Text(FREE)),
            ("country", Text(64)),
            ("country_code", Text(50)),
            ("def", Bool),
            ("district", Text(64)),
            ("district_code", Text(50)),
            ("first_name", Text(128)),
            ("last_name", Text(128)),
            ("phone", $phone),
            ("province", Text(64)),
            ("province_code", Text(50)),
            ("town", Text(64)),
            ("zip", Text(10)),
        ]
    };
}

/// For a new address the limit of the phone is not stated: that of the embedded address is taken (*inferred*).
pub(super) const NEW_ADDRESS: Shape = address!(Text(20));
pub(super) const ADDRESS: Shape = address!(Text(16));
pub(super) const BY_EMAIL: Shape = &[("email", Email(50))];

/// Checks an object against its table and gives it back without its nulls.
pub(super) fn object(value: Value, path: &str, shape: Shape) -> Result<Map<String, Value>, Fault> {
    let Value::Object(mut map) = value else {
        return Err(Fault::shape(path, "must be an object"));
    };
    map.retain(|_, value| !value.is_null());
    for (key, value) in &mut map {
        let path = format!("{path}.{key}");
        match shape.iter().find(|(name, _)| name == key) {
            Some((_, kind)) => *value = check(value.take(), &path, *kind)?,
            None => return Err(Fault::shape(&path, "is not a known property")),
        }
    }
    if shape.iter().any(|(name, _)| *name == "state") && !map.is_empty() && !map.contains_key("state") {
        return Err(Fault::value(&format!("{path}.state"), "is required when another property is set"));
    }
    Ok(map)
}

fn check(value: Value, path: &str, kind: Kind) -> Result<Value, Fault> {
    match kind {
        Bool if value.is_boolean() => Ok(value),
        Bool => Err(Fault::shape(path, "must be a boolean")),
        Int(low, high) => match value.as_i64() {
            None => Err(Fault::shape(path, "must be an integer")),
            Some(number) if number < low || number > high => Err(Fault::value(path, "is not a valid value")),
            Some(_) => Ok(value),
        },
        Object(shape) => object(value, path, shape).map(Value::Object),
        Items(max, shape) => match value {
            Value::Array(items) if items.len() > max => Err(Fault::value(path, "has too many items")),
            Value::Array(items) => (0..)
                .zip(items)
                .map(|(index, item): (usize, Value)| {
                    object(item, &format!("{path}[{index}]"), shape).map(Value::Object)
                })
                .collect::<Result<_, _>>()
                .map(Value::Array),
            _ => Err(Fault::shape(path, "must be an array")),
        },
        _ => match value.as_str() {
            None => Err(Fault::shape(path, "must be a string")),
            // The vendor's own example sends empty strings in keys that have a form.
            Some("") => Ok(value),
            Some(text) => match breach(text, kind) {
                Some(message) => Err(Fault::value(path, message)),
                None => Ok(value),
            },
        },
    }
}

fn breach(text: &str, kind: Kind) -> Option<&'static str> {
    let length = text.chars().count();
    let wrong = |bad: bool, message| bad.then_some(message);
    match kind {
        Text(max) | Email(max) | Phone(max) if length > max => Some("is too long"),
        Email(_) => wrong(!reply::looks_like_email(text), "is not a valid email"),
        Phone(_) => wrong(!is_phone(text), "must be 00, the calling code and the number"),
        Birthday => wrong(
            length != 8 || NaiveDate::parse_from_str(text, "%Y%m%d").is_err(),
            "must be a date in the format yyyyMMdd",
        ),
        Password => wrong(
            !(6..=18).contains(&length) || !text.chars().all(|c| c.is_ascii_graphic()),
            "must be 6 to 18 letters, numbers or symbols",
        ),
        Tags if length > 1000 => Some("is too long"),
        Tags if text.split(',').count() > 100 => Some("has too many tags"),
        Tags => wrong(text.split(',').any(|tag| tag.trim().chars().count() > 128), "has a tag that is too long"),
        Moment => wrong(reply::moment(text).is_none(), "must be a time in ISO 8601 with an offset"),
        Country => {
            wrong(length != 2 || !text.chars().all(|c| c.is_ascii_alphabetic()), "must be a two-letter country code")
        }
        Text(_) | Bool | Int(..) | Object(_) | Items(..) => None,
    }
}

fn is_phone(text: &str) -> bool {
    text.strip_prefix("00").is_some_and(|rest| {
        rest.starts_with(|c: char| ('1'..='9').contains(&c)) && rest.chars().all(|c| c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(customer: Value) -> (u16, String) {
        let fault = object(customer, "body.customer", CREATE).unwrap_err();
        (fault.status, fault.errors.split_once(':').unwrap().0.to_owned())
    }

    #[test]
    fn every_limit_is_held_at_its_edge() {
        let long = |n: usize| "é".repeat(n);
        let mail = |n: usize| format!("{}@example.com", "a".repeat(n - 12));
        let tags = |n: usize, each: usize| vec!["t".repeat(each); n].join(",");
        for (key, fits, breaks) in [
            ("email", mail(50), mail(51)),
            ("phone", format!("001{}", "5".repeat(17)), format!("001{}", "5".repeat(18))),
            ("first_name", long(128), long(129)),
            ("last_name", long(128), long(129)),
            ("note", long(1000), long(1001)),
            ("multipass_identifier", long(100), long(101)),
            ("tags", tags(100, 1), tags(101, 1)),
            ("tags", tags(1, 128), tags(1, 129)),
            ("tags", tags(10, 99) + "a", tags(10, 99) + "ab"),
            ("password", "a1!b2?".into(), "a1!b2".into()),
            ("password", "a".repeat(18), "a".repeat(19)),
            ("birthday", "19900214".into(), "1990-02-14".into()),
            ("birthday", "20000229".into(), "19990229".into()),
        ] {
            assert!(object(json!({ key: fits }), "body.customer", CREATE).is_ok(), "{key}");
            assert_eq!(refused(json!({ key: breaks })), (422, format!("body.customer.{key}")));
        }
        let addresses = |n: usize| json!({ "addresses": vec![json!({"city": "Springfield"}); n] });
        assert!(object(addresses(50), "body.customer", CREATE).is_ok());
        assert_eq!(refused(addresses(51)), (422, "body.customer.addresses".into()));
    }

    #[test]
    fn shapes_and_forms_are_strict() {
        for (customer, status, path) in [
            (json!([]), 400, ""),
            (json!({"gender": "3"}), 400, ".gender"),
            (json!({"gender": 4}), 422, ".gender"),
            (json!({"tags": ["vip"]}), 400, ".tags"),
            (json!({"Email": "mina@example.com"}), 400, ".Email"),
            (json!({"email": "mina"}), 422, ".email"),
            (json!({"phone": "+15550100123"}), 422, ".phone"),
            (json!({"phone": "0005550100123"}), 422, ".phone"),
            (json!({"addresses": [{"default": "true"}]}), 400, ".addresses[0].default"),
            (json!({"addresses": [{}, {"country_code": "USA"}]}), 422, ".addresses[1].country_code"),
            (json!({"addresses": [{"id": "SL201UA1"}]}), 400, ".addresses[0].id"),
            (json!({"addresses": [{"zip": "1".repeat(65)}]}), 422, ".addresses[0].zip"),
        ] {
            assert_eq!(refused(customer), (status, format!("body.customer{path}")));
        }
    }

    #[test]
    fn consent_needs_a_state_of_its_own_channel() {
        for (customer, status, path) in [
            (json!({"email_marketing_consent": {"opt_in_level": 1}}), 422, "email_marketing_consent.state"),
            (json!({"sms_marketing_consent": {"state": 3}}), 422, "sms_marketing_consent.state"),
            (json!({"email_marketing_consent": {"state": true}}), 400, "email_marketing_consent.state"),
            (
                json!({"email_marketing_consent": {"state": 1, "opt_in_level": 3}}),
                422,
                "email_marketing_consent.opt_in_level",
            ),
            (
                json!({"email_marketing_consent": {"state": 1, "consent_updated_at": "2025-01-05"}}),
                422,
                "email_marketing_consent.consent_updated_at",
            ),
            (
                json!({"sms_marketing_consent": {"state": 1, "consent_collected_from": "x".repeat(51)}}),
                422,
                "sms_marketing_consent.consent_collected_from",
            ),
        ] {
            assert_eq!(refused(customer), (status, format!("body.customer.{path}")));
        }
        let fine = json!({"email_marketing_consent": {"state": 3}, "sms_marketing_consent": {}, "note": null});
        assert_eq!(object(fine, "body.customer", CREATE).unwrap().len(), 2);
    }

    #[test]
    fn the_two_address_forms_differ() {
        let zip = "1".repeat(11);
        assert!(object(json!({"addresses": [{"zip": zip}]}), "c", CREATE).is_ok());
        assert_eq!(object(json!({"zip": zip}), "a", NEW_ADDRESS).unwrap_err().status, 422);
        assert_eq!(object(json!({"default": true}), "a", NEW_ADDRESS).unwrap_err().status, 400);
        let phone = json!({"phone": "1".repeat(17)});
        assert!(object(phone.clone(), "a", NEW_ADDRESS).is_ok());
        assert_eq!(object(phone, "a", ADDRESS).unwrap_err().status, 422);
    }
}
