//! A row of the vendor's table as a normalized customer.

use chrono::{DateTime, FixedOffset, NaiveDateTime};

use super::response::CustomerRecord;
use crate::customer::time::parse_rfc3339;
use crate::customer::{
    AccountState, Address, Consent, ConsentState, Customer, Email, OptInLevel, Phone, SubscriptionState, is_blank,
};

impl From<&CustomerRecord> for Customer {
    /// Leaves out what has no normalized form (a word that is not documented, a time that cannot be read); it stays in
    /// the row.
    ///
    /// An SMS consent comes without a state, since the vendor has none: its level alone is no yes. A time without an
    /// offset is taken for UTC (inferred).
    fn from(row: &CustomerRecord) -> Self {
        let text = |value: &Option<String>| value.clone().filter(|text| !is_blank(text));
        let mut customer = Customer::new();
        customer.external_id = text(&row.customer_id);
        customer.email = text(&row.email_address).map(Email::new);
        customer.phone = text(&row.phone).map(Phone::new);
        customer.first_name = text(&row.first_name);
        customer.last_name = text(&row.last_name);
        customer.display_name = text(&row.display_name);
        customer.note = text(&row.note);
        customer.locale = text(&row.locale);
        customer.last_order_id = text(&row.last_order_id);
        customer.tags = row.tags().into_iter().filter(|tag| !is_blank(tag)).collect();
        customer.tax_exempt = row.tax_exempt;
        customer.account_state = word(&row.status, AccountState::from_word);
        customer.subscription_state = word(&row.product_subscriber_status, SubscriptionState::from_word);
        customer.orders_count = row.orders.or(row.number_of_orders);
        customer.total_spent = row.amount_spent;
        customer.created_at = time(&row.created_at);
        let address = Address {
            line1: text(&row.address1),
            line2: text(&row.address2),
            city: text(&row.city),
            province: text(&row.state),
            province_code: text(&row.state_code),
            postal_code: text(&row.zip),
            country: text(&row.country),
            country_code: text(&row.country_code),
            latitude: row.latitude,
            longitude: row.longitude,
            ..Address::default()
        };
        if !address.is_empty() {
            // The vendor holds the default address (documented), and no other.
            customer.addresses = vec![address.default_address()];
        }
        customer.email_marketing = some(Consent {
            state: word(&row.email_marketing_consent_status, ConsentState::from_word),
            opt_in_level: level(&row.email_marketing_consent_opt_in_level),
            source: text(&row.email_marketing_consent_collected_from),
            updated_at: time(&row.email_marketing_consent_updated_at),
        });
        customer.sms_marketing = some(Consent {
            state: None,
            opt_in_level: level(&row.sms_marketing_consent_opt_in_level),
            source: text(&row.sms_marketing_consent_collected_from),
            updated_at: time(&row.sms_marketing_consent_updated_at),
        });
        customer
    }
}

fn some(consent: Consent) -> Option<Consent> {
    (!consent.is_empty()).then_some(consent)
}

/// The normalized value of one of the vendor's words, in whatever case.
fn word<T>(value: &Option<String>, from_word: impl Fn(&str) -> Option<T>) -> Option<T> {
    from_word(&value.as_deref()?.trim().to_ascii_lowercase())
}

fn level(value: &Option<String>) -> Option<OptInLevel> {
    word(value, |word| match word {
        "single_opt_in" => Some(OptInLevel::Single),
        "confirmed_opt_in" => Some(OptInLevel::Confirmed),
        "unknown" => Some(OptInLevel::Unknown),
        _ => None,
    })
}

/// RFC 3339, or a date and time without an offset, as the vendor's example of the table has it.
fn time(value: &Option<String>) -> Option<DateTime<FixedOffset>> {
    let text = value.as_deref()?.trim();
    parse_rfc3339(text).or_else(|| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%:z").ok()).or_else(|| {
        let text = text.strip_suffix(" UTC").unwrap_or(text).replacen('T', " ", 1);
        NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f").ok().map(|at| at.and_utc().fixed_offset())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> CustomerRecord {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn neighbouring_types_are_read() {
        let held = row(
            r#"{"customer_id":1042,"orders":"4","amount_spent":"248.40","tax_exempt":1,"customer_tags":"[\"a,b\",7]","created_at":"2019-05-22 21:01:29","status":"enabled","zip":97201,"latitude":null,"new_column":{}}"#,
        );
        let customer = Customer::from(&held);
        assert_eq!(customer.external_id.as_deref(), Some("1042"));
        assert_eq!(customer.orders_count, Some(4));
        assert_eq!(customer.total_spent.unwrap().to_string(), "248.40");
        assert_eq!((customer.tax_exempt, customer.account_state), (Some(true), Some(AccountState::Enabled)));
        assert_eq!(customer.tags, ["a,b", "7"]);
        assert_eq!(customer.created_at.unwrap().to_rfc3339(), "2019-05-22T21:01:29+00:00");
        assert_eq!(customer.addresses[0].postal_code.as_deref(), Some("97201"));
        assert_eq!(row(r#"{"customer_tags":"vip, new"}"#).tags(), ["vip", "new"]);
        assert_eq!(row(r#"{"customer_tags":null,"orders":4.0}"#).orders, Some(4));
        assert_eq!(row(r#"{"orders":4.5}"#).orders, None);
        assert_eq!(row(r#"{"orders":-1}"#).orders, None);
    }

    #[test]
    fn times_come_in_several_forms() {
        for text in [
            "2019-05-22T21:01:29Z",
            "2019-05-22 21:01:29",
            "2019-05-22T21:01:29",
            "2019-05-22 21:01:29.000",
            "2019-05-22 21:01:29 UTC",
            "2019-05-22 23:01:29+02:00",
        ] {
            let at = time(&Some(text.to_owned()));
            assert_eq!(at.unwrap().timestamp(), 1_558_558_889, "{text}");
        }
        assert_eq!(time(&Some("yesterday".into())), None);
    }

    #[test]
    fn an_sms_level_is_no_yes() {
        let customer = Customer::from(&row(r#"{"sms_marketing_consent_opt_in_level":"CONFIRMED_OPT_IN"}"#));
        let sms = customer.sms_marketing.unwrap();
        assert_eq!((sms.state, sms.opt_in_level), (None, Some(OptInLevel::Confirmed)));
        assert_eq!(Customer::from(&row(r#"{"email_marketing_consent_status":"INVALID"}"#)).email_marketing, None);
        assert_eq!(Customer::from(&row("{}")), Customer::new());
    }
}
