//! From the vendor's record back to the normalized customer. Pure.

use chrono::NaiveDate;

use super::record::{AddressRecord, ConsentRecord, CustomerRecord, Gender, filled};
use crate::customer::{
    AccountState, Address, Consent, ConsentState, Customer, Decimal, Gender as NormalGender, OptInLevel, Phone,
};

impl CustomerRecord {
    /// The record in normalized form. What the vendor shows as unknown (gender `others`, state 1) is unset, and so is a
    /// value that the normalized form cannot hold.
    #[must_use]
    pub fn normalized(&self) -> Customer {
        let text = |value: &Option<String>| filled(value).map(str::to_owned);
        Customer {
            email: text(&self.email).map(Into::into),
            phone: filled(&self.phone).map(phone),
            first_name: text(&self.first_name),
            last_name: text(&self.last_name),
            display_name: text(&self.nick_name),
            note: text(&self.note),
            gender: match self.gender {
                Some(Gender::Male) => Some(NormalGender::Male),
                Some(Gender::Female) => Some(NormalGender::Female),
                Some(Gender::Secret) => Some(NormalGender::Undisclosed),
                _ => None,
            },
            birthday: filled(&self.birthday).and_then(|text| NaiveDate::parse_from_str(text.trim(), "%Y%m%d").ok()),
            locale: text(&self.language),
            currency: text(&self.currency),
            tags: filled(&self.tags)
                .map(|tags| tags.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect())
                .unwrap_or_default(),
            email_verified: self.verified_email,
            account_state: match self.state {
                Some(0) => Some(AccountState::Disabled),
                Some(2) => Some(AccountState::Invited),
                Some(3) => Some(AccountState::Enabled),
                _ => None,
            },
            addresses: self.addresses.iter().map(AddressRecord::normalized).collect(),
            email_marketing: consent(self.email_marketing_consent.as_ref(), self.email_subscribe_flag),
            sms_marketing: consent(self.sms_marketing_consent.as_ref(), self.mobile_subscribe_flag),
            orders_count: self.orders_count.and_then(|count| u64::try_from(count).ok()),
            total_spent: filled(&self.total_spent).and_then(|text| text.trim().parse::<Decimal>().ok()),
            last_order_id: text(&self.last_order_id),
            created_at: self.created_at,
            updated_at: self.updated_at,
            ..Customer::default()
        }
    }
}

/// The consent object; where it tells no state, the flag beside it does. A flag of an invalid or deleted number tells
/// nothing.
fn consent(consent: Option<&ConsentRecord>, flag: Option<i64>) -> Option<Consent> {
    let told = consent.and_then(ConsentRecord::normalized);
    if told.as_ref().is_some_and(|told| told.state.is_some()) || consent.is_some_and(|c| c.state.is_some()) {
        return told;
    }
    let state = match flag {
        Some(0) => ConsentState::Unsubscribed,
        Some(1) => ConsentState::Subscribed,
        Some(2) => ConsentState::NotSubscribed,
        Some(3) => ConsentState::Pending,
        _ => return told,
    };
    Some(Consent { state: Some(state), ..told.unwrap_or_default() })
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

impl AddressRecord {
    fn normalized(&self) -> Address {
        let text = |value: &Option<String>| filled(value).map(str::to_owned);
        Address {
            first_name: text(&self.first_name),
            last_name: text(&self.last_name),
            company: text(&self.company),
            line1: text(&self.address1),
            line2: text(&self.address2),
            district: text(&self.district),
            city: text(&self.city),
            province: text(&self.province),
            province_code: self.province().map(str::to_owned),
            postal_code: text(&self.zip),
            country: text(&self.country),
            country_code: text(&self.country_code),
            phone: filled(&self.phone).map(phone),
            default: self.is_default() == Some(true),
            ..Address::default()
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
        let customer = record.normalized();
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
            let customer = read(json).normalized();
            let state = |consent: Option<Consent>| consent.and_then(|consent| consent.state);
            (state(customer.email_marketing), state(customer.sms_marketing))
        };
        let (no, none) = (Some(ConsentState::Unsubscribed), Some(ConsentState::NotSubscribed));
        assert_eq!(state(r#"{"email_subscribe_flag":0,"mobile_subscribe_flag":"2"}"#), (no, none));
        // The object tells more than the flag, and holds where the two differ.
        let both = r#"{"email_subscribe_flag":1,"email_marketing_consent":{"state":0},"mobile_subscribe_flag":"3"}"#;
        assert_eq!(state(both), (no, Some(ConsentState::Pending)));
        let unknown = r#"{"email_subscribe_flag":1,"email_marketing_consent":{"state":9},"mobile_subscribe_flag":4}"#;
        assert_eq!(state(unknown), (None, None), "a number that nobody documented is no yes");
        let half = r#"{"email_subscribe_flag":1,"email_marketing_consent":{"state":null,"opt_in_level":2}}"#;
        assert_eq!(state(half).0, Some(ConsentState::Subscribed));
        assert_eq!(read(half).normalized().email_marketing.unwrap().opt_in_level, Some(OptInLevel::Confirmed));
    }
}
