//! Maps the vendor's customer to the normalized one. Pure.

use super::request::EXTERNAL_ID_KEY;
use super::response::{AddressRecord, CustomerRecord};
use crate::client::RawJson;
use crate::client::json::scalar::Scalar;
use crate::customer::time::parse_date;
use crate::customer::{Address, Consent, ConsentState, CustomValue, Customer, country, is_blank};

impl From<&CustomerRecord> for Customer {
    fn from(record: &CustomerRecord) -> Self {
        let mut customer = Self::new();
        customer.addresses = record.main_address().map(address).into_iter().collect();
        customer.email = filled(&record.email).filter(|_| !record.has_placeholder_email()).map(Into::into);
        // Deleted and merged customers have such a text in place of a number (seen).
        let is_number = |text: &String| !text.starts_with("deleted_") && !text.starts_with("merged_");
        customer.phone = filled(&record.phone).filter(is_number).map(Into::into);
        customer.first_name = filled(&record.first_name);
        customer.last_name = filled(&record.last_name);
        customer.tags = record.tags.clone().unwrap_or_default();
        customer.orders_count = record.total_orders;
        customer.total_spent = record.total_spent;
        customer.created_at = record.created_at;
        customer.updated_at = record.updated_at;
        customer.birthday = record.date_of_birth.as_deref().and_then(day);
        customer.email_marketing = record.email_consent.map(consent);
        customer.sms_marketing = record.sms_consent.map(consent);
        for (key, value) in record.metadata.iter().flatten() {
            match value_of(value) {
                Some(CustomValue::Text(id)) if key == EXTERNAL_ID_KEY => customer.external_id = Some(id),
                Some(CustomValue::Integer(id)) if key == EXTERNAL_ID_KEY => customer.external_id = Some(id.to_string()),
                Some(value) => {
                    customer.custom.insert(key.clone(), value);
                }
                None => {}
            }
        }
        customer
    }
}

fn filled(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !is_blank(text))
}

/// A day, also with a time behind it.
fn day(text: &str) -> Option<chrono::NaiveDate> {
    parse_date(text.trim().split(['T', ' ']).next()?)
}

/// A no may be an opt-out or a person who was never asked: the lesser is said.
fn consent(given: bool) -> Consent {
    Consent::new(if given { ConsentState::Subscribed } else { ConsentState::NotSubscribed })
}

fn address(record: AddressRecord) -> Address {
    let AddressRecord { line1, line2, city, state, postal_code, country, .. } = record;
    let mut address = Address { line1, line2, city, postal_code, default: true, ..Address::default() };
    // The vendor has one field for both.
    let is_code = |text: &str| text.len() <= 3 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    match state {
        Some(state) if is_code(&state) => address.province_code = Some(state),
        state => address.province = state,
    }
    match country.as_deref().and_then(country::by_code) {
        Some(known) => address.country_code = Some(known.code.to_owned()),
        None => address.country = country,
    }
    address
}

/// A primitive value; objects, arrays and null have no place in the normalized customer.
fn value_of(raw: &RawJson) -> Option<CustomValue> {
    match serde_json::from_str(raw.as_str()).ok()? {
        Scalar::Text(text) => Some(CustomValue::Text(text)),
        Scalar::Bool(value) => Some(CustomValue::Bool(value)),
        Scalar::Number => match raw.as_str().parse() {
            Ok(number) => Some(CustomValue::Integer(number)),
            Err(_) => raw.as_str().parse().ok().map(CustomValue::Decimal),
        },
        Scalar::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_in_normalized_form() {
        let record: CustomerRecord = serde_json::from_str(
            r#"{"id":"cust_1","email":"Nora@example.com","first_name":"Nora","last_name":" ","phone":"+1-555-0100",
            "tags":["vip"],"total_orders":3,"total_spent":120.50,"created_at":"2025-01-02T03:04:05.000Z",
            "address":{"line1":"1 Sample Way","state":"OR","country":"us"},"email_consent":true,"sms_consent":0,
            "date_of_birth":"1990-02-14T00:00:00.000Z","metadata":{"external_id":1042,"n":1.5,"b":true,"t":"x","o":{}}}"#,
        )
        .unwrap();
        let customer = Customer::from(&record);
        let expected: Customer = serde_json::from_str(
            r#"{"external_id":"1042","email":"Nora@example.com","phone":"+1-555-0100","first_name":"Nora",
            "tags":["vip"],"addresses":[{"line1":"1 Sample Way","province_code":"OR","country_code":"US","default":true}],
            "email_marketing":{"state":"subscribed"},"sms_marketing":{"state":"not_subscribed"},"birthday":"1990-02-14",
            "orders_count":3,"total_spent":"120.50","created_at":"2025-01-02T03:04:05Z",
            "custom":{"n":1.5,"b":true,"t":"x"}}"#,
        )
        .unwrap();
        assert_eq!(serde_json::to_string(&customer).unwrap(), serde_json::to_string(&expected).unwrap());
    }

    #[test]
    fn what_the_vendor_made_up_is_no_identity() {
        for json in [
            r#"{"id":"a","email":"nora.1741513200@walk-in.local","phone":"deleted_1_2"}"#,
            r#"{"id":"a","email":"merged.nora@example.com","phone":"merged_1"}"#,
        ] {
            assert_eq!(Customer::from(&serde_json::from_str::<CustomerRecord>(json).unwrap()), Customer::new());
        }
    }
}
