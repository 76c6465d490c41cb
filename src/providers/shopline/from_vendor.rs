//! From the vendor's record to the normalized customer. Pure.

use chrono::NaiveDate;

use super::response::{AddressRecord, ConsentRecord, CustomerRecord, Gender, filled};
use crate::customer::{
    AccountState, Address, Consent, ConsentState, Customer, Decimal, Gender as NormalGender, OptInLevel, Phone,
};

/// The record in normalized form. What the vendor shows as unknown (gender `others`, state 1) is unset, and so is a value
/// that the normalized form cannot hold.
impl From<&CustomerRecord> for Customer {
    fn from(record: &CustomerRecord) -> Self {
        let text = |value: &Option<String>| filled(value).map(str::to_owned);
        Self {
            email: text(&record.email).map(Into::into),
            phone: filled(&record.phone).map(phone),
            first_name: text(&record.first_name),
            last_name: text(&record.last_name),
            display_name: text(&record.nick_name),
            note: text(&record.note),
            gender: match record.gender {
                Some(Gender::Male) => Some(NormalGender::Male),
                Some(Gender::Female) => Some(NormalGender::Female),
                Some(Gender::Secret) => Some(NormalGender::Undisclosed),
                _ => None,
            },
            birthday: filled(&record.birthday).and_then(|text| NaiveDate::parse_from_str(text.trim(), "%Y%m%d").ok()),
            locale: text(&record.language),
            currency: text(&record.currency),
            tags: filled(&record.tags)
                .map(|tags| tags.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect())
                .unwrap_or_default(),
            email_verified: record.verified_email,
            account_state: match record.state {
                Some(0) => Some(AccountState::Disabled),
                Some(2) => Some(AccountState::Invited),
                Some(3) => Some(AccountState::Enabled),
                _ => None,
            },
            addresses: record.addresses.iter().map(Address::from).collect(),
            email_marketing: consent(record.email_marketing_consent.as_ref(), record.email_subscribe_flag),
            sms_marketing: consent(record.sms_marketing_consent.as_ref(), record.mobile_subscribe_flag),
            orders_count: record.orders_count.and_then(|count| u64::try_from(count).ok()),
            total_spent: filled(&record.total_spent).and_then(|text| text.trim().parse::<Decimal>().ok()),
            last_order_id: text(&record.last_order_id),
            created_at: record.created_at,
            updated_at: record.updated_at,
            ..Self::default()
        }
    }
}

/// The consent object; where it shows no state, the flag beside it. A flag of an invalid or deleted number shows none.
fn consent(consent: Option<&ConsentRecord>, flag: Option<i64>) -> Option<Consent> {
    let stated = consent.and_then(ConsentRecord::normalized);
    if stated.as_ref().is_some_and(|stated| stated.state.is_some()) || consent.is_some_and(|c| c.state.is_some()) {
        return stated;
    }
    let state = match flag {
        Some(0) => ConsentState::Unsubscribed,
        Some(1) => ConsentState::Subscribed,
        Some(2) => ConsentState::NotSubscribed,
        Some(3) => ConsentState::Pending,
        _ => return stated,
    };
    Some(Consent { state: Some(state), ..stated.unwrap_or_default() })
}

impl ConsentRecord {
    fn normalized(&self) -> Option<Consent> {
        let consent = Consent {
            state: match self.state {
                Some(0) => Some(ConsentState::Unsubscribed),
                Some(1) => Some(ConsentState::Subscribed),
                Some(2) => Some(ConsentState::NotSubscribed),
                Some(3) => Some(ConsentState::Pending),
                _ => None,
            },
            opt_in_level: match self.opt_in_level {
                Some(0) => Some(OptInLevel::Unknown),
                Some(1) => Some(OptInLevel::Single),
                Some(2) => Some(OptInLevel::Confirmed),
                _ => None,
            },
            source: filled(&self.consent_collected_from).map(str::to_owned),
            updated_at: self.consent_updated_at,
        };
        (!consent.is_empty()).then_some(consent)
    }
}

impl From<&AddressRecord> for Address {
    fn from(record: &AddressRecord) -> Self {
        let text = |value: &Option<String>| filled(value).map(str::to_owned);
        Self {
            first_name: text(&record.first_name),
            last_name: text(&record.last_name),
            company: text(&record.company),
            line1: text(&record.address1),
            line2: text(&record.address2),
            district: text(&record.district),
            city: text(&record.city),
            province: text(&record.province),
            province_code: record.province().map(str::to_owned),
            postal_code: text(&record.zip),
            country: text(&record.country),
            country_code: text(&record.country_code),
            phone: filled(&record.phone).map(phone),
            default: record.is_default() == Some(true),
            ..Self::default()
        }
    }
}

/// `00…` as `+…`; any other form as it is.
fn phone(text: &str) -> Phone {
    match Phone::new(text).e164() {
        Ok(number) => Phone::new(number.to_string()),
        Err(_) => Phone::new(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> CustomerRecord {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_record_reads_back_in_normalized_form() {
        let record = read(
            r#"{"id":"1","email":"mina@example.com","phone":"0015550100123","gender":"secret",
            "birthday":"19900214","tags":"vip, newsletter,","state":0,"total_spent":"12.50","nick_name":"Mina Park",
            "email_marketing_consent":{"state":3,"opt_in_level":1,"consent_collected_from":"","consent_updated_at":null},
            "sms_marketing_consent":{"state":null},
            "addresses":[{"id":"SL1","province_code":"","province_code_v2":"KY","phone":"00442079460018","default":"true"}]}"#,
        );
        let customer = Customer::from(&record);
        assert_eq!(customer.phone.unwrap().as_str(), "+15550100123");
        assert_eq!(customer.gender, Some(NormalGender::Undisclosed));
        assert_eq!(customer.birthday, NaiveDate::from_ymd_opt(1990, 2, 14));
        assert_eq!(customer.tags, ["vip", "newsletter"]);
        assert_eq!(customer.account_state, Some(AccountState::Disabled));
        assert_eq!(
            customer.email_marketing,
            Some(Consent::new(ConsentState::Pending).opt_in_level(OptInLevel::Single))
        );
        assert_eq!(customer.sms_marketing, None);
        let address = &customer.addresses[0];
        assert_eq!((address.province_code.as_deref(), address.default), (Some("KY"), true));
        assert_eq!(address.phone.as_ref().unwrap().as_str(), "+442079460018");
    }

    #[test]
    fn a_consent_is_read_from_its_object_or_from_the_flag_beside_it() {
        let state = |json: &str| {
            let customer = Customer::from(&read(json));
            let state = |consent: Option<Consent>| consent.and_then(|consent| consent.state);
            (state(customer.email_marketing), state(customer.sms_marketing))
        };
        let (no, none) = (Some(ConsentState::Unsubscribed), Some(ConsentState::NotSubscribed));
        assert_eq!(state(r#"{"email_subscribe_flag":0,"mobile_subscribe_flag":"2"}"#), (no, none));
        // The object wins where the two differ.
        let both = r#"{"email_subscribe_flag":1,"email_marketing_consent":{"state":0},"mobile_subscribe_flag":"3"}"#;
        assert_eq!(state(both), (no, Some(ConsentState::Pending)));
        let unknown = r#"{"email_subscribe_flag":1,"email_marketing_consent":{"state":9},"mobile_subscribe_flag":4}"#;
        assert_eq!(state(unknown), (None, None), "an undocumented number is no yes");
        let half = r#"{"email_subscribe_flag":1,"email_marketing_consent":{"state":null,"opt_in_level":2}}"#;
        assert_eq!(state(half).0, Some(ConsentState::Subscribed));
        assert_eq!(Customer::from(&read(half)).email_marketing.unwrap().opt_in_level, Some(OptInLevel::Confirmed));
    }
}
