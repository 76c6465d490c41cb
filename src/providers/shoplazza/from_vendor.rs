//! From the vendor's records to the normalized customer. Pure.

use super::response::{AddressRecord, CustomerRecord, digits, filled};
use crate::client::identify::Identified;
use crate::customer::{Address, Consent, ConsentState, Customer, Phone};

/// A phone number with its calling code, where the vendor shows that apart (seen in examples of what is sent). A number
/// that begins with the same digits is taken to hold it already (inferred).
fn with_area(phone: Option<&String>, area: Option<&String>) -> Option<Phone> {
    let phone = filled(phone)?.trim();
    let area = filled(area).map(digits).filter(|area| !area.is_empty());
    Some(match area {
        Some(area) if !phone.starts_with('+') && !phone.starts_with("00") => {
            if digits(phone).starts_with(&area) { format!("+{phone}") } else { format!("+{area} {phone}") }.into()
        }
        _ => phone.into(),
    })
}

fn text(value: &Option<String>) -> Option<String> {
    filled(value.as_ref()).map(str::to_owned)
}

fn consent(accepts: Option<bool>, flag: Option<i64>) -> Option<Consent> {
    Some(Consent::new(match (accepts?, flag) {
        (true, _) => ConsentState::Subscribed,
        (false, Some(1 | 2)) => ConsentState::Unsubscribed,
        (false, _) => ConsentState::NotSubscribed,
    }))
}

/// A consent is subscribed where the vendor shows a yes. A no is unsubscribed where its flag says that merchant or buyer
/// ended it (1 and 2, documented), and not subscribed otherwise: whether such a customer was ever asked is unknown. What
/// is not shown is not set.
impl From<&CustomerRecord> for Customer {
    fn from(record: &CustomerRecord) -> Self {
        let default = record.default_address.as_ref();
        let addresses = match &record.addresses {
            Some(rows) if !rows.is_empty() => rows.iter().map(|row| address(row, row.is_default(default))).collect(),
            _ => default.map(|shown| address(shown, true)).into_iter().collect(),
        };
        Self {
            email: Identified::email(record).map(Into::into),
            phone: with_area(record.phone.as_ref(), record.phone_area_code.as_ref()),
            first_name: text(&record.first_name),
            last_name: text(&record.last_name),
            display_name: text(&record.name),
            note: text(&record.note),
            tags: record.tags.as_deref().unwrap_or_default().to_vec(),
            tax_exempt: record.free_tax,
            addresses,
            email_marketing: consent(record.accepts_marketing, record.subscribed_flag),
            sms_marketing: consent(record.accepts_sms_marketing, record.sms_subscribed_flag),
            orders_count: record.orders_count.and_then(|count| u64::try_from(count).ok()),
            total_spent: record.total_spent,
            created_at: record.created_at,
            updated_at: record.updated_at,
            ..Self::default()
        }
    }
}

/// An address in normalized form. A gender has no place there.
fn address(record: &AddressRecord, default: bool) -> Address {
    Address {
        first_name: text(&record.first_name),
        last_name: text(&record.last_name),
        company: text(&record.company),
        line1: text(&record.address1),
        line2: text(&record.address2),
        district: text(&record.area),
        city: text(&record.city),
        province: text(&record.province),
        province_code: text(&record.province_code),
        postal_code: text(&record.zip),
        country: text(&record.country).or_else(|| text(&record.country_name)),
        country_code: text(&record.country_code),
        phone: with_area(record.phone.as_ref(), record.phone_area_code.as_ref()),
        latitude: None,
        longitude: None,
        default,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(value: Value) -> Customer {
        Customer::from(&serde_json::from_str::<CustomerRecord>(&value.to_string()).unwrap())
    }

    #[test]
    fn a_calling_code_that_is_shown_apart_is_read_into_the_number() {
        for (phone, area, read_as) in [
            ("150 1447 1143", json!("+86"), Some("+86 150 1447 1143")),
            ("15550100123", json!("+1"), Some("+15550100123")),
            ("+15550100123", json!("+86"), Some("+15550100123")),
            ("0015550100123", json!("1"), Some("0015550100123")),
            ("555 010", json!(null), Some("555 010")),
            ("", json!("+1"), None),
        ] {
            let one = json!({"phone": phone, "phone_area_code": area});
            let customer = read(json!({"phone": phone, "phone_area_code": area, "addresses": [one]}));
            assert_eq!(customer.phone.as_ref().map(Phone::as_str), read_as, "{phone}");
            assert_eq!(customer.addresses[0].phone.as_ref().map(Phone::as_str), read_as, "{phone}");
        }
    }

    #[test]
    fn consents_are_read_from_the_booleans() {
        use ConsentState::{NotSubscribed, Subscribed, Unsubscribed};
        for (accepts, flag, state) in [
            (json!(true), json!(6), Some(Subscribed)),
            (json!(false), json!(1), Some(Unsubscribed)),
            (json!(false), json!(2), Some(Unsubscribed)),
            (json!(false), json!(6), Some(NotSubscribed)),
            (json!(false), json!(null), Some(NotSubscribed)),
            (json!(null), json!(3), None),
        ] {
            let customer = read(json!({"accepts_sms_marketing": accepts, "sms_subscribed_flag": flag}));
            assert_eq!(customer.sms_marketing.and_then(|c| c.state), state);
        }
    }
}
