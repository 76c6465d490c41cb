//! What the vendor shows: a customer and an address, with every part optional.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use super::ids::{AddressId, CustomerId, lenient_id};
use super::wire::ContactType;
use crate::client::json::lenient::{lenient_bool, lenient_text};
use crate::customer::email::comparable;
use crate::customer::time::parse_rfc3339;
use crate::customer::{Address, Consent, ConsentState, Customer, Decimal, Gender, Phone, is_blank};

/// A customer as the vendor shows them. Every part may be missing, null or of a neighbouring type; a blank text is
/// kept as it came.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[allow(missing_docs)] // Names as the vendor's, described in its documentation.
pub struct CustomerRecord {
    #[serde(default, deserialize_with = "lenient_id")]
    pub id: Option<CustomerId>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub first_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub last_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub email: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub phone: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub phone_area_code: Option<String>,
    /// `email` or `phone`; another word is kept.
    #[serde(default, deserialize_with = "lenient_text")]
    pub contact_type: Option<String>,
    #[serde(default, deserialize_with = "lenient_bool")]
    pub accepts_marketing: Option<bool>,
    #[serde(default, deserialize_with = "lenient_bool")]
    pub accepts_sms_marketing: Option<bool>,
    /// 1 unsubscribed by the merchant, 2 by the buyer, 3 subscribed by the merchant, 4 by the buyer (documented); 5 and
    /// 6 stand in examples for a yes and a no (seen).
    #[serde(default, deserialize_with = "number")]
    pub subscribed_flag: Option<i64>,
    /// As [`subscribed_flag`](Self::subscribed_flag).
    #[serde(default, deserialize_with = "number")]
    pub sms_subscribed_flag: Option<i64>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub source: Option<String>,
    #[serde(default, deserialize_with = "lenient_bool")]
    pub free_tax: Option<bool>,
    #[serde(default, deserialize_with = "lenient_bool")]
    pub registered: Option<bool>,
    #[serde(default, deserialize_with = "number")]
    pub orders_count: Option<i64>,
    #[serde(default, deserialize_with = "time")]
    pub first_order_at: Option<DateTime<FixedOffset>>,
    #[serde(default, deserialize_with = "time")]
    pub last_order_at: Option<DateTime<FixedOffset>>,
    #[serde(default, deserialize_with = "decimal")]
    pub total_spent: Option<Decimal>,
    /// From one string with commas as well as from an array; null is none of them. Absent where the answer has no tags.
    #[serde(default, deserialize_with = "tags")]
    pub tags: Option<Vec<String>>,
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<DateTime<FixedOffset>>,
    #[serde(default, deserialize_with = "time")]
    pub updated_at: Option<DateTime<FixedOffset>>,
    /// Not shown from 2025-06 (seen in the vendor's schema): see [`AddressRecord::default`] there.
    #[serde(default, deserialize_with = "object")]
    pub default_address: Option<AddressRecord>,
    /// None where the answer has no list.
    #[serde(default, deserialize_with = "objects")]
    pub addresses: Option<Vec<AddressRecord>>,
    /// What else the vendor showed.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// Shows the id, and nothing of the person.
impl fmt::Debug for CustomerRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerRecord").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An address as the vendor shows it. What is empty comes as `""`, at times as null.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[allow(missing_docs)] // Names as the vendor's, described in its documentation.
pub struct AddressRecord {
    #[serde(default, deserialize_with = "lenient_id")]
    pub id: Option<AddressId>,
    #[serde(default, deserialize_with = "lenient_id")]
    pub customer_id: Option<CustomerId>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub first_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub last_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub company: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub address1: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub address2: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub area: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub city: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub province: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub province_code: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub country: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub country_code: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub country_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub zip: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub gender: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub phone: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub phone_area_code: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub email: Option<String>,
    #[serde(default, deserialize_with = "lenient_bool")]
    pub default: Option<bool>,
    /// What else the vendor showed.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// Shows the id, and nothing of the place.
impl fmt::Debug for AddressRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressRecord").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A value of the wanted form, or anything else.
#[derive(Deserialize)]
#[serde(untagged)]
enum Or<T> {
    Wanted(T),
    Other(#[allow(dead_code)] IgnoredAny),
}

impl<T> Or<T> {
    fn wanted(self) -> Option<T> {
        match self {
            Self::Wanted(value) => Some(value),
            Self::Other(_) => None,
        }
    }
}

fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AddressRecord>, D::Error> {
    /// Keeps an array, which a struct could be read from, out.
    #[derive(Deserialize)]
    struct Object {
        #[serde(flatten)]
        address: AddressRecord,
    }
    Ok(Or::<Object>::deserialize(deserializer)?.wanted().map(|object| object.address))
}

fn objects<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<AddressRecord>>, D::Error> {
    let rows = Or::<Vec<Or<AddressRecord>>>::deserialize(deserializer)?.wanted();
    Ok(rows.map(|rows| rows.into_iter().filter_map(Or::wanted).collect()))
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(lenient_text(deserializer)?.and_then(|text| text.trim().parse().ok()))
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<FixedOffset>>, D::Error> {
    Ok(lenient_text(deserializer)?.and_then(|text| parse_rfc3339(text.trim())))
}

fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    Ok(lenient_text(deserializer)?.and_then(|text| text.trim().parse().ok()))
}

fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Shown {
        Joined(String),
        List(Vec<Or<String>>),
        /// Null.
        None(()),
        Other(#[allow(dead_code)] IgnoredAny),
    }
    let kept = |tag: &str| (!is_blank(tag)).then(|| tag.trim().to_owned());
    Ok(match Shown::deserialize(deserializer)? {
        Shown::Joined(text) => Some(text.split(',').filter_map(kept).collect()),
        Shown::List(list) => Some(list.into_iter().filter_map(Or::wanted).filter_map(|tag| kept(&tag)).collect()),
        Shown::None(()) => Some(Vec::new()),
        Shown::Other(_) => None,
    })
}

fn filled(value: Option<&String>) -> Option<&str> {
    value.map(String::as_str).filter(|text| !is_blank(text))
}

/// A phone number with its calling code, where the vendor shows that apart (seen in examples of what is sent). A number
/// that begins with the same digits is taken to hold it already (inferred).
fn with_area(phone: Option<&String>, area: Option<&String>) -> Option<Phone> {
    let phone = filled(phone)?.trim();
    let only = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let area = filled(area).map(only).filter(|area| !area.is_empty());
    Some(match area {
        Some(area) if !phone.starts_with('+') && !phone.starts_with("00") => {
            if only(phone).starts_with(&area) { format!("+{phone}") } else { format!("+{area} {phone}") }.into()
        }
        _ => phone.into(),
    })
}

impl CustomerRecord {
    /// The vendor's id, unless it is blank.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_ref().map(CustomerId::as_str).filter(|id| !is_blank(id))
    }

    /// The e-mail address, unless it is blank.
    pub(super) fn email(&self) -> Option<&str> {
        filled(self.email.as_ref())
    }

    /// Whether the customer has this e-mail address, without regard to case.
    pub(super) fn has_email(&self, email: &str) -> bool {
        self.email().is_some_and(|shown| comparable(shown) == comparable(email))
    }

    /// Whether the customer has the phone number of these digits (calling code and number).
    pub(super) fn has_phone(&self, wanted: &str) -> bool {
        let Some(phone) = filled(self.phone.as_ref()) else { return false };
        let only = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let (is_whole, shown) = match Phone::new(phone).e164() {
            Ok(number) => (true, number.digits().to_owned()),
            Err(_) => (false, only(phone)),
        };
        let area = filled(self.phone_area_code.as_ref()).map(only).filter(|area| !is_whole && !area.is_empty());
        match area {
            // With another calling code the same digits are another number.
            Some(area) => wanted.strip_prefix(&area) == Some(&shown) || (shown == wanted && wanted.starts_with(&area)),
            None => shown == wanted,
        }
    }

    /// The contact type, where it is one of the two documented words.
    #[must_use]
    pub fn contact_type(&self) -> Option<ContactType> {
        match self.contact_type.as_deref()? {
            "email" => Some(ContactType::Email),
            "phone" => Some(ContactType::Phone),
            _ => None,
        }
    }

    /// The record in normalized form.
    ///
    /// A consent is subscribed where the vendor shows a yes. A no is unsubscribed where its flag says that merchant or
    /// buyer ended it (1 and 2, documented), and not subscribed otherwise: whether such a person was ever asked is
    /// unknown. What is not shown is not set.
    #[must_use]
    pub fn to_customer(&self) -> Customer {
        let text = |value: &Option<String>| filled(value.as_ref()).map(str::to_owned);
        let consent = |accepts: Option<bool>, flag: Option<i64>| {
            Some(Consent::new(match (accepts?, flag) {
                (true, _) => ConsentState::Subscribed,
                (false, Some(1 | 2)) => ConsentState::Unsubscribed,
                (false, _) => ConsentState::NotSubscribed,
            }))
        };
        let default = self.default_address.as_ref();
        let addresses = match &self.addresses {
            Some(rows) if !rows.is_empty() => rows.iter().map(|row| row.to_address(row.is_default(default))).collect(),
            _ => default.map(|address| address.to_address(true)).into_iter().collect(),
        };
        Customer {
            email: self.email().map(Into::into),
            phone: with_area(self.phone.as_ref(), self.phone_area_code.as_ref()),
            first_name: text(&self.first_name),
            last_name: text(&self.last_name),
            display_name: text(&self.name),
            note: self.extra.get("note").and_then(|note| note.as_str()).filter(|n| !is_blank(n)).map(str::to_owned),
            tags: self.tags.clone().unwrap_or_default(),
            tax_exempt: self.free_tax,
            addresses,
            email_marketing: consent(self.accepts_marketing, self.subscribed_flag),
            sms_marketing: consent(self.accepts_sms_marketing, self.sms_subscribed_flag),
            orders_count: self.orders_count.and_then(|count| u64::try_from(count).ok()),
            total_spent: self.total_spent,
            created_at: self.created_at,
            updated_at: self.updated_at,
            ..Customer::default()
        }
    }
}

impl AddressRecord {
    /// The vendor's id, unless it is blank.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_ref().map(AddressId::as_str).filter(|id| !is_blank(id))
    }

    /// Whether it is the customer's default: by its own word, else as the one that the customer shows as such.
    pub(super) fn is_default(&self, shown: Option<&AddressRecord>) -> bool {
        self.default.unwrap_or_else(|| self.id().is_some() && shown.and_then(AddressRecord::id) == self.id())
    }

    /// The address in normalized form. A gender has no place there.
    fn to_address(&self, default: bool) -> Address {
        let text = |value: &Option<String>| filled(value.as_ref()).map(str::to_owned);
        Address {
            first_name: text(&self.first_name),
            last_name: text(&self.last_name),
            company: text(&self.company),
            line1: text(&self.address1),
            line2: text(&self.address2),
            district: text(&self.area),
            city: text(&self.city),
            province: text(&self.province),
            province_code: text(&self.province_code),
            postal_code: text(&self.zip),
            country: text(&self.country).or_else(|| text(&self.country_name)),
            country_code: text(&self.country_code),
            phone: with_area(self.phone.as_ref(), self.phone_area_code.as_ref()),
            latitude: None,
            longitude: None,
            default,
        }
    }
}

impl AddressRecord {
    /// The addressee's gender, where it is one of the two documented words.
    #[must_use]
    pub fn gender(&self) -> Option<Gender> {
        match self.gender.as_deref()? {
            "male" => Some(Gender::Male),
            "female" => Some(Gender::Female),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(value: Value) -> CustomerRecord {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn every_part_may_be_missing_null_or_of_a_neighbouring_type() {
        let keys = [
            "id",
            "first_name",
            "name",
            "email",
            "phone",
            "contact_type",
            "accepts_marketing",
            "subscribed_flag",
            "source",
            "free_tax",
            "orders_count",
            "last_order_at",
            "total_spent",
            "tags",
            "created_at",
            "default_address",
            "addresses",
        ];
        for odd in [json!(null), json!(""), json!(7), json!(true), json!([]), json!([[]]), json!({}), json!({"a": [1]})]
        {
            for key in keys {
                let shown = read(json!({ key: odd.clone() }));
                let _ = shown.to_customer();
            }
        }
        assert_eq!(read(json!({})), CustomerRecord::default());
    }

    #[test]
    fn neighbouring_types_are_read() {
        let shown = read(json!({
            "id": 7, "accepts_marketing": "true", "accepts_sms_marketing": 0, "subscribed_flag": "4", "orders_count": "3",
            "total_spent": 12.5, "tags": "a, b ,,c", "last_order_at": "", "first_order_at": null,
            "created_at": "2026-01-05T09:00:00-04:00", "addresses": [{"default": "true"}, 7, null], "note": "n",
            "default_address": [],
        }));
        assert_eq!((shown.id(), shown.accepts_marketing, shown.subscribed_flag), (Some("7"), Some(true), Some(4)));
        assert_eq!(
            (shown.accepts_sms_marketing, shown.orders_count, shown.last_order_at),
            (Some(false), Some(3), None)
        );
        assert_eq!(shown.total_spent.unwrap().to_string(), "12.5");
        assert_eq!(shown.tags.as_deref(), Some(&["a".to_owned(), "b".into(), "c".into()][..]));
        assert_eq!(shown.created_at.unwrap().to_rfc3339(), "2026-01-05T09:00:00-04:00");
        assert_eq!((shown.addresses.as_ref().unwrap().len(), &shown.default_address), (1, &None));
        assert_eq!(shown.to_customer().note.as_deref(), Some("n"));
        assert_eq!(read(json!({"tags": ["a,b", " ", 3]})).tags, Some(vec!["a,b".to_owned()]));
        assert!(!format!("{:?}", read(json!({"email": "ann@example.com"}))).contains("ann"));
    }

    #[test]
    fn contacts_are_compared_by_meaning() {
        let of = |phone: &str, area: Value| read(json!({"phone": phone, "phone_area_code": area}));
        assert!(of("+15550100123", json!(null)).has_phone("15550100123"));
        assert!(of("0015550100123", json!(null)).has_phone("15550100123"));
        assert!(of("15550100123", json!("+1")).has_phone("15550100123"));
        assert!(of("555 010-0123", json!("+1")).has_phone("15550100123"));
        assert!(!of("5550100123", json!(null)).has_phone("15550100123"));
        // The same digits in another country are somebody else's.
        assert!(!of("15550100123", json!("+49")).has_phone("15550100123"));
        assert!(of("15550100123", json!("+49")).has_phone("4915550100123"));
        assert!(of("+15550100123", json!("+49")).has_phone("15550100123"));
        assert!(!of("", json!("15550100123")).has_phone("15550100123"));
        let shown = read(json!({"email": " Ann@Example.com"}));
        assert!(shown.has_email("ann@example.com") && !shown.has_email("nn@example.com"));
        assert!(!read(json!({"email": ""})).has_email(""));
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
            let customer = read(json!({"phone": phone, "phone_area_code": area, "addresses": [one]})).to_customer();
            assert_eq!(customer.phone.as_ref().map(Phone::as_str), read_as, "{phone}");
            assert_eq!(customer.addresses[0].phone.as_ref().map(Phone::as_str), read_as, "{phone}");
        }
        let address = read(json!({"addresses": [{"id": 1, "new_key": {"a": 1}}]})).addresses.unwrap().remove(0);
        assert_eq!(address.extra.get("new_key"), Some(&json!({"a": 1})));
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
            let shown = read(json!({"accepts_sms_marketing": accepts, "sms_subscribed_flag": flag}));
            assert_eq!(shown.to_customer().sms_marketing.and_then(|c| c.state), state);
        }
    }
}
