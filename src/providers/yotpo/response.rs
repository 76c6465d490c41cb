//! What is read: pages and customers as production answers write them (seen).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

use crate::client::json::lenient::{Scalar, lenient_bool, lenient_decimal, lenient_text};
use crate::client::json::object::object;
use crate::client::pages::RowKey;
use crate::client::{Cursor, Page};
use crate::customer::{CustomValue, Decimal};

/// A customer as the vendor shows it. Every part may be absent, null or of a neighbouring type.
#[derive(Clone, Default, serde::Deserialize)]
#[non_exhaustive]
#[allow(missing_docs)] // The names are the vendor's own.
pub struct CustomerRecord {
    /// Null for people who are known by their reviews alone (seen).
    #[serde(default, deserialize_with = "lenient_text")]
    pub external_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub email: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub phone_number: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub first_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub last_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub gender: Option<String>,
    /// Without a zone (seen), as `Customer::from` reads it.
    #[serde(default, deserialize_with = "lenient_text")]
    pub account_created_at: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub account_updated_at: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub account_status: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub default_language: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub default_currency: Option<String>,
    /// Separated by commas; parts may be empty (seen).
    #[serde(default, deserialize_with = "tags")]
    pub tags: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub address: Option<AddressRecord>,
    /// What the shop says. Whether the person gets messages stands in [`channels`](Self::channels).
    #[serde(default, deserialize_with = "lenient_bool")]
    pub accepts_email_marketing: Option<bool>,
    #[serde(default, deserialize_with = "lenient_bool")]
    pub accepts_sms_marketing: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub channels: Option<Channels>,
    #[serde(default, deserialize_with = "custom")]
    pub custom_properties: BTreeMap<String, CustomValue>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub device_id: Option<String>,
    /// The lists that the person is on.
    #[serde(default, deserialize_with = "members")]
    pub lists: Vec<ListMembership>,
    /// Figures of reviews, where the query asked for them.
    #[serde(default, deserialize_with = "lenient")]
    pub yotpo_ugc: Option<ReviewFigures>,
    #[serde(skip)]
    raw: Box<str>,
}

/// The address of a [`CustomerRecord`].
#[derive(Clone, Default, serde::Deserialize)]
#[non_exhaustive]
#[allow(missing_docs)] // The names are the vendor's own.
pub struct AddressRecord {
    #[serde(default, deserialize_with = "lenient_text")]
    pub address1: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub address2: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub city: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub company: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub state: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub zip: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub province_code: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub country_code: Option<String>,
    /// Not always E.164 (seen).
    #[serde(default, deserialize_with = "lenient_text")]
    pub phone_number: Option<String>,
}

/// What a person agreed to, by channel.
#[derive(Clone, Default, Debug, serde::Deserialize)]
#[non_exhaustive]
#[allow(missing_docs)] // The names are the vendor's own.
pub struct Channels {
    #[serde(default, deserialize_with = "lenient")]
    pub sms: Option<ChannelConsent>,
    #[serde(default, deserialize_with = "lenient")]
    pub email: Option<ChannelConsent>,
}

/// What a person agreed to on one channel.
#[derive(Clone, Default, Debug, serde::Deserialize)]
#[non_exhaustive]
pub struct ChannelConsent {
    /// Marketing, the one purpose that was seen.
    #[serde(default, deserialize_with = "lenient")]
    pub marketing: Option<Marketing>,
}

/// Consent to marketing.
#[derive(Clone, Default, Debug, serde::Deserialize)]
#[non_exhaustive]
pub struct Marketing {
    /// `subscribed`, `unsubscribed` or `never_subscribed` (seen); others are kept as they are.
    #[serde(default, deserialize_with = "lenient_text")]
    pub consent: Option<String>,
    /// Where it was given.
    #[serde(default, deserialize_with = "lenient_text")]
    pub subscription_source: Option<String>,
    /// When it last changed, without a zone.
    #[serde(default, deserialize_with = "lenient_text")]
    pub timestamp: Option<String>,
    /// Why the vendor sends nothing in spite of a yes.
    #[serde(default, deserialize_with = "lenient")]
    pub suppressions: Option<Suppressions>,
}

/// Why the vendor sends nothing.
#[derive(Clone, Default, Debug, serde::Deserialize)]
#[non_exhaustive]
pub struct Suppressions {
    /// Such as `HARD_BOUNCE` (seen).
    #[serde(default, deserialize_with = "lenient_text")]
    pub suppression_reason: Option<String>,
    /// Since when, without a zone.
    #[serde(default, deserialize_with = "lenient_text")]
    pub timestamp: Option<String>,
}

/// A list that a person is on.
#[derive(Clone, Default, Debug, serde::Deserialize)]
#[non_exhaustive]
pub struct ListMembership {
    /// The list's id, a text (seen).
    #[serde(default, deserialize_with = "lenient_text")]
    pub id: Option<String>,
    /// Since when, without a zone.
    #[serde(default, deserialize_with = "lenient_text")]
    pub since: Option<String>,
}

/// What is known of a person's reviews (seen), with `expand=reviews`. Ratings go from 1 to 5; sentiments from 0 to 1
/// (inferred).
#[derive(Clone, Default, Debug, serde::Deserialize)]
#[non_exhaustive]
#[allow(missing_docs)] // The names are the vendor's own.
pub struct ReviewFigures {
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub total_reviews: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub avg_product_rating: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub avg_site_rating: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub total_avg_rating: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub sentiment_avg_product: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub sentiment_avg_site: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub total_avg_sentiment: Option<Decimal>,
    /// Null or a list (seen).
    #[serde(default, deserialize_with = "topics")]
    pub top_topics: Vec<String>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub last_star_rating: Option<Decimal>,
    /// Without a zone.
    #[serde(default, deserialize_with = "lenient_text")]
    pub last_review_date: Option<String>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub last_sentiment: Option<Decimal>,
}

/// Shows no value: they are a person's data.
impl fmt::Debug for CustomerRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerRecord").finish_non_exhaustive()
    }
}

/// Shows no value: they are a person's data.
impl fmt::Debug for AddressRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressRecord").finish_non_exhaustive()
    }
}

/// An object of a known shape, or none where it is anything else. Of an array, serde would take the items for the fields
/// in their order: a list of channels would make a consent of its first one.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(object(Box::<RawValue>::deserialize(deserializer)?.get().as_bytes()))
}

/// The items of a list, as far as they are of this type; none where it is no list.
fn items<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl Fn(&RawValue) -> Option<T>,
) -> Result<Vec<T>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    Ok(items.into_iter().filter_map(read).collect())
}

fn members<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ListMembership>, D::Error> {
    items(deserializer, |item| object(item.get().as_bytes()))
}

fn topics<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    items(deserializer, text)
}

/// A text or a number.
fn text(raw: &RawValue) -> Option<String> {
    match serde_json::from_str(raw.get()) {
        Ok(Scalar::Text(text) | Scalar::Number(text)) => Some(text),
        _ => None,
    }
}

/// Tags in one text, or as a list.
fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        Ok(list) => Some(list.into_iter().filter_map(text).collect::<Vec<_>>().join(",")),
        Err(_) => text(&raw),
    })
}

/// Custom values that are primitive; others are passed over.
fn custom<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, CustomValue>, D::Error> {
    let held: Option<BTreeMap<String, Scalar>> = lenient(deserializer)?;
    let value = |scalar| match scalar {
        Scalar::Bool(value) => Some(CustomValue::Bool(value)),
        Scalar::Text(text) => Some(CustomValue::Text(text)),
        Scalar::Number(digits) => match digits.parse() {
            Ok(number) => Some(CustomValue::Integer(number)),
            Err(_) => digits.parse().ok().map(CustomValue::Decimal),
        },
        Scalar::Other => None,
    };
    Ok(held.unwrap_or_default().into_iter().filter_map(|(key, scalar)| Some((key, value(scalar)?))).collect())
}

impl CustomerRecord {
    fn read(raw: &RawValue) -> Option<Self> {
        let mut record: Self = object(raw.get().as_bytes())?;
        record.raw = raw.get().into();
        Some(record)
    }

    /// The record as the vendor wrote it, with the keys that this type does not name, such as loyalty figures.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    pub(super) fn row_key(&self) -> RowKey<'_> {
        RowKey::of(self.external_id.as_deref(), self.raw.as_bytes())
    }
}

#[derive(Default, serde::Deserialize)]
struct Pagination {
    #[serde(default, deserialize_with = "lenient_text")]
    next_page_info: Option<String>,
}

/// Reads a page, and whether the answer holds nothing else; none where the answer is no page.
pub(super) fn page(body: &[u8]) -> Option<(Page<CustomerRecord>, bool)> {
    let answer: BTreeMap<String, &RawValue> = object(body)?;
    let customers = *answer.get("customers")?;
    let rows: Vec<&RawValue> = match customers.get() {
        "null" => Vec::new(),
        // Seen as an array; a sibling API has one object in its place.
        text => serde_json::from_str(text).unwrap_or_else(|_| vec![customers]),
    };
    let pagination = answer.get("pagination").and_then(|raw| object::<Pagination>(raw.get().as_bytes()));
    let next = pagination.and_then(|pagination| pagination.next_page_info).map(|cursor| decode(&cursor));
    let page = Page::of_rows(rows.into_iter().map(CustomerRecord::read), Cursor::of_vendor(next));
    Some((page, answer.keys().all(|key| matches!(key.as_str(), "customers" | "pagination"))))
}

/// A cursor as the vendor writes it, URL-encoded (seen), decoded once.
fn decode(cursor: &str) -> String {
    if !cursor.contains('%') {
        return cursor.to_owned();
    }
    let pair = format!("c={}", cursor.replace('&', "%26"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map_or_else(|| cursor.to_owned(), |(_, value)| value.into_owned())
}
