//! A customer as the vendor's table shows them, and its normalized form. Pure.

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDateTime};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::client::DEFAULT_PLATFORM;
use super::key::CustomerKey;
use crate::client::json::lenient::{lenient_bool, lenient_decimal, lenient_text};
use crate::customer::time::parse_rfc3339;
use crate::customer::{
    AccountState, Address, Consent, ConsentState, Customer, Decimal, Email, OptInLevel, Phone, SubscriptionState,
    is_blank,
};

/// A row of the vendor's table of customers: one for each customer and platform (documented). Columns bear the names of
/// the record's keys; the number of orders is `orders` (documented).
///
/// Every column may be missing, null or of a neighbouring type, since nothing is documented of how rows are written.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[allow(missing_docs)] // Names as the vendor's, described in its documentation.
#[non_exhaustive]
pub struct StoredCustomer {
    #[serde(default, deserialize_with = "lenient_text")]
    pub customer_id: Option<String>,
    /// Whatever was sent, the vendor shows platforms of one's own as `custom-msp` (documented for orders).
    #[serde(default, deserialize_with = "lenient_text")]
    pub platform: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub platform_account_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub address1: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub address2: Option<String>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub amount_spent: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub city: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub country: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub country_code: Option<String>,
    /// As it came; [`to_customer`](Self::to_customer) reads it.
    #[serde(default, deserialize_with = "lenient_text")]
    pub created_at: Option<String>,
    /// From an array, from a text that holds one, and from a text with commas (inferred).
    #[serde(default, deserialize_with = "tags")]
    pub customer_tags: Vec<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub display_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub email_address: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub email_marketing_consent_collected_from: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub email_marketing_consent_opt_in_level: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub email_marketing_consent_status: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub email_marketing_consent_updated_at: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub first_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub last_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub last_order_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub latitude: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub locale: Option<String>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub longitude: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub note: Option<String>,
    /// The number of orders; also read under the name by which it is sent.
    #[serde(default, alias = "number_of_orders", deserialize_with = "count")]
    pub orders: Option<u64>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub phone: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub product_subscriber_status: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub sms_marketing_consent_collected_from: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub sms_marketing_consent_opt_in_level: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub sms_marketing_consent_updated_at: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub state: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub state_code: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub status: Option<String>,
    #[serde(default, deserialize_with = "lenient_bool")]
    pub tax_exempt: Option<bool>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub zip: Option<String>,
}

/// Shows the platform, and nothing of the person.
impl fmt::Debug for StoredCustomer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredCustomer").field("platform", &self.platform).finish_non_exhaustive()
    }
}

impl StoredCustomer {
    /// The customer in normalized form. What has no normalized form there (a word that nobody documented, a time that
    /// cannot be read) is left out, and stays in this row.
    ///
    /// An SMS consent comes without a state, since the vendor has none: its level alone is no yes. A time without an
    /// offset is taken for UTC (inferred).
    #[must_use]
    pub fn to_customer(&self) -> Customer {
        let text = |value: &Option<String>| value.clone().filter(|text| !is_blank(text));
        let mut customer = Customer::new();
        customer.external_id = text(&self.customer_id);
        customer.email = text(&self.email_address).map(Email::new);
        customer.phone = text(&self.phone).map(Phone::new);
        customer.first_name = text(&self.first_name);
        customer.last_name = text(&self.last_name);
        customer.display_name = text(&self.display_name);
        customer.note = text(&self.note);
        customer.locale = text(&self.locale);
        customer.last_order_id = text(&self.last_order_id);
        customer.tags = self.customer_tags.iter().filter(|tag| !is_blank(tag)).cloned().collect();
        customer.tax_exempt = self.tax_exempt;
        customer.account_state = word(&self.status, AccountState::from_word);
        customer.subscription_state = word(&self.product_subscriber_status, SubscriptionState::from_word);
        customer.orders_count = self.orders;
        customer.total_spent = self.amount_spent;
        customer.created_at = time(&self.created_at);
        let address = Address {
            line1: text(&self.address1),
            line2: text(&self.address2),
            city: text(&self.city),
            province: text(&self.state),
            province_code: text(&self.state_code),
            postal_code: text(&self.zip),
            country: text(&self.country),
            country_code: text(&self.country_code),
            latitude: self.latitude,
            longitude: self.longitude,
            ..Address::default()
        };
        if !address.is_empty() {
            // The vendor holds the default address (documented), and no other.
            customer.addresses = vec![address.default_address()];
        }
        customer.email_marketing = some(Consent {
            state: word(&self.email_marketing_consent_status, ConsentState::from_word),
            opt_in_level: level(&self.email_marketing_consent_opt_in_level),
            source: text(&self.email_marketing_consent_collected_from),
            updated_at: time(&self.email_marketing_consent_updated_at),
        });
        customer.sms_marketing = some(Consent {
            state: None,
            opt_in_level: level(&self.sms_marketing_consent_opt_in_level),
            source: text(&self.sms_marketing_consent_collected_from),
            updated_at: time(&self.sms_marketing_consent_updated_at),
        });
        customer
    }

    /// Whether this can be the record of a key: `Some(true)` where both platform parts are the same, `Some(false)` where
    /// that cannot be told, since a part is not shown or shown as the vendor's word for all platforms of one's own.
    pub(super) fn is_of(&self, key: &CustomerKey<'_>) -> Option<bool> {
        if self.customer_id.as_deref() != Some(&*key.customer_id) {
            return None;
        }
        let platform = match self.platform.as_deref() {
            Some(shown) if shown == key.platform => true,
            Some(DEFAULT_PLATFORM) | None => false,
            Some(_) => return None,
        };
        let account = match self.platform_account_id.as_deref() {
            Some(shown) if shown == key.platform_account_id => true,
            None => false,
            Some(_) => return None,
        };
        Some(platform && account)
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

/// A whole number that is not negative, from a number or a text.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = lenient_decimal(deserializer)?.map(|value| value.to_string());
    Ok(text.and_then(|text| {
        let whole = text
            .split_once('.')
            .map_or(Some(text.as_str()), |(whole, rest)| rest.bytes().all(|digit| digit == b'0').then_some(whole));
        whole?.parse().ok()
    }))
}

/// One tag of a list.
#[derive(Deserialize)]
struct Tag(#[serde(deserialize_with = "lenient_text")] Option<String>);

fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let list = |json: &str| {
        let tags: Option<Vec<Tag>> = serde_json::from_str(json).ok();
        tags.map(|tags| tags.into_iter().filter_map(|tag| tag.0).collect::<Vec<_>>())
    };
    if let Some(tags) = list(raw.get()) {
        return Ok(tags);
    }
    let text = serde_json::from_str::<String>(raw.get()).unwrap_or_default();
    Ok(list(&text)
        .unwrap_or_else(|| text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> StoredCustomer {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn neighbouring_types_are_read() {
        let held = row(
            r#"{"customer_id":1042,"orders":"4","amount_spent":"248.40","tax_exempt":1,"customer_tags":"[\"a,b\",7]","created_at":"2019-05-22 21:01:29","status":"enabled","zip":97201,"latitude":null,"new_column":{}}"#,
        );
        let customer = held.to_customer();
        assert_eq!(customer.external_id.as_deref(), Some("1042"));
        assert_eq!(customer.orders_count, Some(4));
        assert_eq!(customer.total_spent.unwrap().to_string(), "248.40");
        assert_eq!((customer.tax_exempt, customer.account_state), (Some(true), Some(AccountState::Enabled)));
        assert_eq!(customer.tags, ["a,b", "7"]);
        assert_eq!(customer.created_at.unwrap().to_rfc3339(), "2019-05-22T21:01:29+00:00");
        assert_eq!(customer.addresses[0].postal_code.as_deref(), Some("97201"));
        assert_eq!(row(r#"{"customer_tags":"vip, new"}"#).customer_tags, ["vip", "new"]);
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
        let customer = row(r#"{"sms_marketing_consent_opt_in_level":"CONFIRMED_OPT_IN"}"#).to_customer();
        let sms = customer.sms_marketing.unwrap();
        assert_eq!((sms.state, sms.opt_in_level), (None, Some(OptInLevel::Confirmed)));
        assert_eq!(row(r#"{"email_marketing_consent_status":"INVALID"}"#).to_customer().email_marketing, None);
        assert_eq!(row("{}").to_customer(), Customer::new());
    }

    #[test]
    fn the_key_decides_whose_row_it_is() {
        let key = CustomerKey {
            customer_id: "1".into(),
            platform: "magento".into(),
            platform_account_id: "eu".into(),
            ..CustomerKey::default()
        };
        for (json, is) in [
            (r#"{"customer_id":"1","platform":"magento","platform_account_id":"eu"}"#, Some(true)),
            (r#"{"customer_id":"1","platform":"custom-msp","platform_account_id":"eu"}"#, Some(false)),
            (r#"{"customer_id":"1"}"#, Some(false)),
            (r#"{"customer_id":"1","platform":"klaviyo","platform_account_id":"eu"}"#, None),
            (r#"{"customer_id":"1","platform":"magento","platform_account_id":"us"}"#, None),
            (r#"{"customer_id":"2","platform":"magento","platform_account_id":"eu"}"#, None),
            ("{}", None),
        ] {
            assert_eq!(row(json).is_of(&key), is, "{json}");
        }
    }
}
