//! What the vendor's documentation does not allow in a native record, checked before anything is sent. All problems are
//! told at once.
//!
//! The limit of 255 characters, which is inferred, is kept by the mapping alone: a native record is the way to find out
//! whether it holds.

use super::PROVIDER;
use super::wire::{CustomerIdentity, CustomerRecord};
use crate::error::{Error, FieldError};

const EMPTY: &str = "is empty, and says who the record is about";
const NO_NUMBER: &str = "is no number in E.164: a plus and 7 to 15 digits";

/// Refuses a record that the vendor's documentation does not allow.
pub(super) fn record(operation: &'static str, record: &CustomerRecord<'_>) -> Result<(), Error> {
    let mut problems = Vec::new();
    let mut add = |field: &str, rule: &'static str| problems.push(FieldError::new(field, rule));
    identity(&record.identity, &mut add);
    let words: [(&str, &Option<_>, &[&str], &str); 2] = [
        ("gender", &record.gender, &["F", "M", "Other"], "is none of F, M and Other"),
        (
            "account_status",
            &record.account_status,
            &["enabled", "disabled", "invited", "declined"],
            "is none of enabled, disabled, invited and declined",
        ),
    ];
    for (field, word, known, rule) in words {
        if word.as_deref().is_some_and(|word| !known.contains(&word)) {
            add(field, rule);
        }
    }
    let lower: fn(&u8) -> bool = u8::is_ascii_lowercase;
    let country = record.address.as_ref().and_then(|address| address.country_code.as_deref());
    for (field, code, length, case, rule) in [
        ("default_language", record.default_language.as_deref(), 2, lower, "needs two small letters, as ISO 639-1 has"),
        ("default_currency", record.default_currency.as_deref(), 3, u8::is_ascii_uppercase, "needs three capitals"),
        ("address.country_code", country, 2, u8::is_ascii_uppercase, "needs two capitals, as ISO 3166-1 has"),
    ] {
        if code.is_some_and(|code| code.len() != length || !code.as_bytes().iter().all(case)) {
            add(field, rule);
        }
    }
    for key in record.custom_properties.keys() {
        if key.is_empty() || key.contains(char::is_whitespace) {
            add("custom_properties", "has a name that is empty or has a blank: the vendor takes _ in its place");
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::invalid_record(problems).with_provider(PROVIDER).with_operation(operation))
}

fn identity(identity: &CustomerIdentity<'_>, mut add: impl FnMut(&str, &'static str)) {
    let (key, value) = identity.key();
    if value.trim().is_empty() {
        add(key, EMPTY);
    } else if value.trim() == "null" {
        add(key, "is the word null, which the vendor reads as no value");
    }
    let number = match identity {
        CustomerIdentity::ExternalId { email, phone_number, .. } => {
            if email.as_deref().is_some_and(|email| email.trim().is_empty()) {
                add("email", "is empty");
            }
            phone_number.as_deref()
        }
        CustomerIdentity::Phone { phone_number } => Some(&**phone_number),
        CustomerIdentity::Email { .. } => None,
    };
    if number.is_some_and(|number| !number.trim().is_empty() && !is_e164(number)) {
        add("phone_number", NO_NUMBER);
    }
}

/// The pattern of the vendor's own extension (seen).
fn is_e164(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customer::CustomValue;
    use crate::providers::yotpo::AddressRecord;

    fn told(record: &CustomerRecord<'_>) -> Vec<String> {
        match super::record("upsert_customer", record) {
            Ok(()) => Vec::new(),
            Err(error) => error.field_errors().iter().map(|problem| problem.field().to_owned()).collect(),
        }
    }

    #[test]
    fn everything_that_is_not_allowed_is_told_at_once() {
        let value = CustomValue::Bool(true);
        let mut bad = CustomerRecord::new(CustomerIdentity::ExternalId {
            external_id: " ".into(),
            email: Some("".into()),
            phone_number: Some("2025550101".into()),
        });
        bad.gender = Some("f".into());
        bad.account_status = Some("ENABLED".into());
        bad.default_language = Some("en-US".into());
        bad.default_currency = Some("usd".into());
        bad.address = Some(AddressRecord { country_code: Some("USA".into()), ..AddressRecord::default() });
        bad.custom_properties.insert("a b".into(), &value);
        bad.custom_properties.insert("a_b".into(), &value);
        let expected = [
            "external_id",
            "email",
            "phone_number",
            "gender",
            "account_status",
            "default_language",
            "default_currency",
            "address.country_code",
            "custom_properties",
        ];
        assert_eq!(told(&bad), expected);
    }

    #[test]
    fn what_is_documented_passes() {
        let value = CustomValue::Bool(true);
        let mut good = CustomerRecord::new(CustomerIdentity::Phone { phone_number: "+12025550101".into() });
        good.gender = Some("Other".into());
        good.account_status = Some("declined".into());
        good.default_language = Some("en".into());
        good.default_currency = Some("USD".into());
        good.address = Some(AddressRecord { country_code: Some("US".into()), ..AddressRecord::default() });
        good.custom_properties.insert("a_b".into(), &value);
        // The inferred limit is no reason to refuse.
        good.first_name = Some("x".repeat(300).into());
        assert!(told(&good).is_empty());
        for number in ["", "+123456", "+1234567890123456", "+1202555010a", "+1 202 555 0101"] {
            let record = CustomerRecord::new(CustomerIdentity::Phone { phone_number: number.into() });
            assert_eq!(told(&record), ["phone_number"], "{number}");
        }
        assert_eq!(told(&CustomerRecord::new(CustomerIdentity::email("null"))), ["email"]);
    }
}
