//! The records that answers hold: a customer and an address, with every part optional, and the answers around them.

use std::ops::Deref;

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, IgnoredAny};
use serde_json::value::RawValue;

use super::request::{AddressId, ContactType, CustomerId, DEFAULT_PAGE_SIZE, Dialect};
use crate::client::identify::Identified;
use crate::client::json::object::object;
use crate::client::json::raw::record;
use crate::client::json::value::{Value, lenient};
use crate::client::pages::{Cursor, Page, RowKey};
use crate::customer::{Decimal, E164, Gender, Phone, is_blank};

record! {
    /// A customer as the vendor shows it. A blank text is kept as it came.
    #[allow(missing_docs)] // Names as the vendor's, described in its documentation.
    CustomerRecord {
        id: Option<CustomerId>,
        first_name: Option<String>,
        last_name: Option<String>,
        name: Option<String>,
        email: Option<String>,
        phone: Option<String>,
        phone_area_code: Option<String>,
        /// `email` or `phone`; another word is kept.
        contact_type: Option<String>,
        accepts_marketing: Option<bool>,
        accepts_sms_marketing: Option<bool>,
        /// 1 unsubscribed by the merchant, 2 by the buyer, 3 subscribed by the merchant, 4 by the buyer (documented); 5 and
        /// 6 stand in examples for a yes and a no (seen).
        subscribed_flag: Option<i64>,
        /// As [`subscribed_flag`](Self::subscribed_flag).
        sms_subscribed_flag: Option<i64>,
        source: Option<String>,
        free_tax: Option<bool>,
        registered: Option<bool>,
        orders_count: Option<i64>,
        first_order_at: Option<DateTime<FixedOffset>>,
        last_order_at: Option<DateTime<FixedOffset>>,
        total_spent: Option<Decimal>,
        /// From one string with commas as well as from an array; null is none of them. Absent where the answer has no tags.
        tags: Option<Tags>,
        created_at: Option<DateTime<FixedOffset>>,
        updated_at: Option<DateTime<FixedOffset>>,
        /// No request takes one (documented among the properties of a customer).
        note: Option<String>,
        /// Not shown from 2025-06 (seen in the vendor's schema): see [`AddressRecord::default`] there.
        default_address: Option<AddressRecord>,
        /// None where the answer has no list.
        addresses: Option<Vec<AddressRecord>>,
    }
}

record! {
    /// An address as the vendor shows it. What is empty comes as `""`, at times as null.
    #[allow(missing_docs)] // Names as the vendor's, described in its documentation.
    AddressRecord {
        id: Option<AddressId>,
        customer_id: Option<CustomerId>,
        first_name: Option<String>,
        last_name: Option<String>,
        name: Option<String>,
        company: Option<String>,
        address1: Option<String>,
        address2: Option<String>,
        area: Option<String>,
        city: Option<String>,
        province: Option<String>,
        province_code: Option<String>,
        country: Option<String>,
        country_code: Option<String>,
        country_name: Option<String>,
        zip: Option<String>,
        gender: Option<String>,
        phone: Option<String>,
        phone_area_code: Option<String>,
        email: Option<String>,
        default: Option<bool>,
    }
}

/// The tags of a customer: from one string with commas as well as from a list; null is none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(Vec<String>);

impl Deref for Tags {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl Value for Tags {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        let kept = |tag: &str| (!is_blank(tag)).then(|| tag.trim().to_owned());
        let text = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).ok();
        if raw.get() == "null" {
            return Some(Self::default());
        }
        if let Some(joined) = text(raw) {
            return Some(Self(joined.split(',').filter_map(kept).collect()));
        }
        let list: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
        Some(Self(list.into_iter().filter_map(|tag| kept(&text(tag)?)).collect()))
    }
}

/// The text, unless it is blank.
pub(super) fn filled(value: Option<&String>) -> Option<&str> {
    value.map(String::as_str).filter(|text| !is_blank(text))
}

pub(super) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

impl Identified for CustomerRecord {
    fn key(&self) -> Option<&str> {
        self.id.as_ref().map(CustomerId::as_str).filter(|id| !is_blank(id))
    }

    fn email(&self) -> Option<&str> {
        filled(self.email.as_ref())
    }

    fn phone(&self) -> Option<&str> {
        filled(self.phone.as_ref())
    }

    /// The vendor may show the calling code apart.
    fn has_phone(&self, number: E164) -> bool {
        let Some(phone) = self.phone() else { return false };
        let wanted = number.digits();
        if let Ok(whole) = Phone::new(phone).e164() {
            return whole == number;
        }
        let shown = digits(phone);
        match filled(self.phone_area_code.as_ref()).map(digits).filter(|area| !area.is_empty()) {
            // With another calling code the same digits are another number.
            Some(area) => wanted.strip_prefix(&area) == Some(&shown) || (shown == wanted && wanted.starts_with(&area)),
            None => shown == wanted,
        }
    }
}

impl CustomerRecord {
    /// The contact type, where it is one of the two documented words.
    #[must_use]
    pub fn contact_type(&self) -> Option<ContactType> {
        [ContactType::Email, ContactType::Phone]
            .into_iter()
            .find(|known| self.contact_type.as_deref() == Some(known.as_str()))
    }

    pub(super) fn row_key(&self) -> RowKey<'_> {
        RowKey::of(self.key(), self.raw.as_str().as_bytes())
    }
}

impl AddressRecord {
    /// The vendor's id, unless it is blank.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_ref().map(AddressId::as_str).filter(|id| !is_blank(id))
    }

    /// Whether it is the customer's default: by its own flag, otherwise as the one that the customer shows as such.
    pub(super) fn is_default(&self, shown: Option<&AddressRecord>) -> bool {
        self.default.unwrap_or_else(|| self.id().is_some() && shown.and_then(AddressRecord::id) == self.id())
    }

    /// The addressee's gender, where it is one of the two documented words.
    #[must_use]
    pub fn gender(&self) -> Option<Gender> {
        match self.gender.as_deref()? {
            "male" => Some(Gender::Male),
            "female" => Some(Gender::Female),
            _ => None,
        }
    }

    pub(super) fn row_key(&self) -> RowKey<'_> {
        RowKey::of(self.id(), self.raw.as_str().as_bytes())
    }
}

/// Reads the data of a success: bare before 2025-06, under `data` from then on. Either is taken for either.
pub(super) fn data<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    #[derive(Deserialize)]
    struct Enveloped<T> {
        data: T,
    }
    object::<Enveloped<T>>(body).map(|enveloped| enveloped.data).or_else(|| object(body))
}

/// A list that has to be there, where null is an empty one. A row that cannot be read leaves the list unread: it may be
/// the one that is looked for.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// What stands beside the rows of a list from 2025-06 on.
struct Position {
    cursor: Option<String>,
    has_more: Option<bool>,
}

/// The page of these rows, where `size` were asked for at `at`.
fn page<T>(rows: Vec<T>, position: Position, dialect: Dialect, size: u16, at: Option<&Cursor>) -> Page<T> {
    let next = if dialect.is_2025_06_or_newer() {
        // At the end `has_more` is false or null (seen).
        Cursor::of_vendor(position.cursor.filter(|_| position.has_more == Some(true)))
    } else {
        let number = at.and_then(|at| at.page_number().ok()).unwrap_or(1);
        // The vendor may ignore a length and use its own: a page shorter than both is the last.
        let short = usize::from(size.min(DEFAULT_PAGE_SIZE));
        (rows.len() >= short).then(|| Cursor::page(number.saturating_add(1)))
    };
    Page::new(rows, next)
}

macro_rules! rows {
    ($name:ident, $key:ident: $record:ident) => {
        #[derive(Deserialize)]
        pub(super) struct $name {
            #[serde(deserialize_with = "list")]
            $key: Vec<$record>,
            #[serde(default, deserialize_with = "lenient")]
            cursor: Option<String>,
            #[serde(default, deserialize_with = "lenient")]
            has_more: Option<bool>,
        }

        impl $name {
            pub(super) fn into_page(self, dialect: Dialect, size: u16, at: Option<&Cursor>) -> Page<$record> {
                let Self { $key: rows, cursor, has_more } = self;
                page(rows, Position { cursor, has_more }, dialect, size, at)
            }
        }
    };
}

rows!(CustomerRows, customers: CustomerRecord);
rows!(AddressRows, addresses: AddressRecord);

#[derive(Deserialize)]
pub(super) struct OneCustomer {
    pub(super) customer: CustomerRecord,
}

#[derive(Deserialize)]
pub(super) struct OneAddress {
    pub(super) address: AddressRecord,
}

/// What a success of the create shows of the customer.
#[derive(Default)]
pub(super) enum Created {
    Id(String),
    /// The answer can be read, and does not hold the customer or its id.
    WithoutCustomer,
    #[default]
    Unreadable,
}

impl Created {
    pub(super) fn read(body: &[u8]) -> Self {
        match data(body).and_then(|one: OneCustomer| one.customer.key().map(str::to_owned)) {
            Some(id) => Self::Id(id),
            None if serde_json::from_slice::<IgnoredAny>(body).is_ok() => Self::WithoutCustomer,
            None => Self::Unreadable,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Count {
    #[serde(deserialize_with = "required")]
    pub(super) count: u64,
}

/// A number that has to be there, also as a text.
fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    lenient::<D, Option<u64>>(deserializer)?.ok_or_else(|| D::Error::custom("no whole number"))
}

#[derive(Deserialize)]
pub(super) struct AccessScopes {
    #[serde(deserialize_with = "list")]
    pub(super) access_scopes: Vec<AccessScope>,
}

#[derive(Deserialize)]
pub(super) struct AccessScope {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) handle: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customer::Customer;
    use serde_json::json;

    fn read(value: serde_json::Value) -> CustomerRecord {
        serde_json::from_str(&value.to_string()).unwrap()
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
                let _ = Customer::from(&shown);
            }
        }
        assert!(read(json!({})).tags.is_none());
        assert!(serde_json::from_str::<CustomerRecord>("[]").is_err());
    }

    #[test]
    fn neighbouring_types_are_read() {
        let shown = read(json!({
            "id": 7, "accepts_marketing": "true", "accepts_sms_marketing": 0, "subscribed_flag": "4", "orders_count": "3",
            "total_spent": 12.5, "tags": "a, b ,,c", "last_order_at": "", "first_order_at": null,
            "created_at": "2026-01-05T09:00:00-04:00", "addresses": [{"default": "true"}, 7, null], "note": "n",
            "default_address": [],
        }));
        assert_eq!((shown.key(), shown.accepts_marketing, shown.subscribed_flag), (Some("7"), Some(true), Some(4)));
        assert_eq!(
            (shown.accepts_sms_marketing, shown.orders_count, shown.last_order_at),
            (Some(false), Some(3), None)
        );
        assert_eq!(shown.total_spent.unwrap().to_string(), "12.5");
        assert_eq!(shown.tags.as_deref(), Some(&["a".to_owned(), "b".into(), "c".into()][..]));
        assert_eq!(shown.created_at.unwrap().to_rfc3339(), "2026-01-05T09:00:00-04:00");
        assert_eq!((shown.addresses.as_ref().unwrap().len(), &shown.default_address), (1, &None));
        assert_eq!(shown.note.as_deref(), Some("n"));
        assert_eq!(read(json!({"tags": ["a,b", " ", 3]})).tags.as_deref(), Some(&["a,b".to_owned()][..]));
        assert!(!format!("{:?}", read(json!({"email": "ann@example.com"}))).contains("ann"));
    }

    #[test]
    fn unknown_keys_stay_reachable() {
        let address = read(json!({"addresses": [{"id": 1, "new_key": {"a": 1}}]})).addresses.unwrap().remove(0);
        assert_eq!(address.raw.get("new_key").unwrap().as_str(), r#"{"a":1}"#);
    }

    fn number(digits: &str) -> E164 {
        Phone::new(format!("+{digits}")).e164().unwrap()
    }

    #[test]
    fn contacts_are_compared_by_meaning() {
        let of = |phone: &str, area: serde_json::Value| read(json!({"phone": phone, "phone_area_code": area}));
        assert!(of("+15550100123", json!(null)).has_phone(number("15550100123")));
        assert!(of("0015550100123", json!(null)).has_phone(number("15550100123")));
        assert!(of("15550100123", json!("+1")).has_phone(number("15550100123")));
        assert!(of("555 010-0123", json!("+1")).has_phone(number("15550100123")));
        assert!(!of("5550100123", json!(null)).has_phone(number("15550100123")));
        // The same digits in another country are somebody else's.
        assert!(!of("15550100123", json!("+49")).has_phone(number("15550100123")));
        assert!(of("15550100123", json!("+49")).has_phone(number("4915550100123")));
        assert!(of("+15550100123", json!("+49")).has_phone(number("15550100123")));
        assert!(!of("", json!("15550100123")).has_phone(number("15550100123")));
        let shown = read(json!({"email": " Ann@Example.com"}));
        assert!(shown.has_email("ann@example.com") && !shown.has_email("nn@example.com"));
        assert!(!read(json!({"email": ""})).has_email(""));
    }

    #[test]
    fn data_is_read_with_and_without_an_envelope() {
        #[derive(Deserialize)]
        struct Count {
            count: u64,
        }
        let count = |body: &str| data::<Count>(body.as_bytes()).map(|data| data.count);
        assert_eq!(count(r#"{"count":4}"#), Some(4));
        assert_eq!(count(r#"{"code":"Success","data":{"count":4}}"#), Some(4));
        assert_eq!(count(r#"{"code":"Success","data":null,"count":4}"#), Some(4));
        for body in ["", "{}", "[4]", r#"{"data":[]}"#, r#"{"data":{}}"#, "<html>"] {
            assert_eq!(count(body), None, "{body}");
        }
    }
}
