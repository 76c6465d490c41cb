//! Reading customers back: pages and rows as production answers write them (seen).

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

use super::answer::object;
use super::query::CustomerQuery;
use crate::client::json::lenient::{Scalar, lenient_bool, lenient_decimal, lenient_text};
use crate::customer::time::parse_rfc3339;
use crate::customer::{
    AccountState, Address, Channel, Consent, ConsentState, CustomValue, Customer, Decimal, Gender, is_blank,
};

/// One page of customers.
#[derive(Debug)]
#[non_exhaustive]
pub struct CustomerPage {
    /// The customers that could be read.
    pub customers: Vec<CustomerRow>,
    /// How many rows were no customer at all.
    pub unreadable: usize,
    /// Where the next page begins, decoded once: the vendor writes it URL-encoded (seen).
    pub next_page_info: Option<String>,
}

impl CustomerPage {
    /// The query for the next page, if there is one.
    #[must_use]
    pub fn next(&self) -> Option<CustomerQuery<'static>> {
        self.next_page_info.clone().map(CustomerQuery::cursor)
    }
}

/// Reads a page; none where the answer is no page.
pub(super) fn page(body: &[u8]) -> Option<CustomerPage> {
    #[derive(serde::Deserialize)]
    struct Page<'a> {
        // Seen as an array; a sibling API has one object in its place.
        #[serde(borrow)]
        customers: &'a RawValue,
        #[serde(default, deserialize_with = "lenient")]
        pagination: Option<Pagination>,
    }
    #[derive(Default, serde::Deserialize)]
    struct Pagination {
        #[serde(default, deserialize_with = "lenient_text")]
        next_page_info: Option<String>,
    }
    let page: Page<'_> = object(body)?;
    let rows: Vec<&RawValue> = match page.customers.get() {
        "null" => Vec::new(),
        text => serde_json::from_str(text).unwrap_or_else(|_| vec![page.customers]),
    };
    let total = rows.len();
    let customers: Vec<CustomerRow> = rows.into_iter().filter_map(CustomerRow::read).collect();
    let next_page_info = page.pagination.and_then(|p| p.next_page_info).filter(|cursor| !is_blank(cursor));
    Some(CustomerPage {
        unreadable: total - customers.len(),
        customers,
        next_page_info: next_page_info.map(|cursor| decode(&cursor)),
    })
}

/// A cursor that is URL-encoded, decoded once.
fn decode(cursor: &str) -> String {
    if !cursor.contains('%') {
        return cursor.to_owned();
    }
    let pair = format!("c={}", cursor.replace('&', "%26"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map_or_else(|| cursor.to_owned(), |(_, value)| value.into_owned())
}

/// An object of a known shape, or none where it is anything else. Of an array, serde would take the items for the fields
/// in their order: a list of channels would make a consent of its first one.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(object(Box::<RawValue>::deserialize(deserializer)?.get().as_bytes()))
}

/// The items of a list, or none where it is no list.
fn items<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Box<RawValue>>, D::Error> {
    Ok(serde_json::from_str(Box::<RawValue>::deserialize(deserializer)?.get()).unwrap_or_default())
}

/// Tags in one text, or as a list.
fn lenient_tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Tags {
        List(Vec<Scalar>),
        One(Scalar),
    }
    let text = |scalar| match scalar {
        Scalar::Text(text) | Scalar::Number(text) => Some(text),
        _ => None,
    };
    Ok(match Tags::deserialize(deserializer)? {
        Tags::One(scalar) => text(scalar),
        Tags::List(list) => Some(list.into_iter().filter_map(text).collect::<Vec<_>>().join(",")),
    })
}

/// A customer as the vendor shows them. Every part may be absent, null or of a neighbouring type.
#[derive(Clone, Default, serde::Deserialize)]
#[non_exhaustive]
#[allow(missing_docs)] // The names are the vendor's own.
pub struct CustomerRow {
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
    /// Without a zone (seen), as [`time`](Self::time) reads it.
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
    /// Parted by commas; parts may be empty (seen).
    #[serde(default, deserialize_with = "lenient_tags")]
    pub tags: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub address: Option<AddressRow>,
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

/// The address of a [`CustomerRow`].
#[derive(Clone, Default, serde::Deserialize)]
#[non_exhaustive]
#[allow(missing_docs)] // The names are the vendor's own.
pub struct AddressRow {
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
impl fmt::Debug for CustomerRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerRow").finish_non_exhaustive()
    }
}

/// Shows no value: they are a person's data.
impl fmt::Debug for AddressRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressRow").finish_non_exhaustive()
    }
}

/// The lists of a row. What is no object among them is passed over.
fn members<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ListMembership>, D::Error> {
    Ok(items(deserializer)?.iter().filter_map(|item| object(item.get().as_bytes())).collect())
}

fn topics<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let text = |item: Box<RawValue>| match serde_json::from_str(item.get()) {
        Ok(Scalar::Text(text) | Scalar::Number(text)) => Some(text),
        _ => None,
    };
    Ok(items(deserializer)?.into_iter().filter_map(text).collect())
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

impl CustomerRow {
    fn read(raw: &RawValue) -> Option<Self> {
        let mut row: Self = object(raw.get().as_bytes())?;
        row.raw = raw.get().into();
        Some(row)
    }

    /// The row as the vendor wrote it, with the keys that this type does not name: lists, review and loyalty figures.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Reads a time of the vendor: with an offset; without a zone, which is UTC (seen); or a date. None where it is
    /// neither.
    #[must_use]
    pub fn time(text: &str) -> Option<DateTime<FixedOffset>> {
        let text = text.trim();
        let zoneless = || {
            ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
                .iter()
                .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        };
        let date = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|date| date.and_hms_opt(0, 0, 0));
        parse_rfc3339(text).or_else(|| zoneless().or_else(date).map(|at| at.and_utc().fixed_offset()))
    }

    /// What is known of the consent on a channel. The channel's own word decides; the shop's flag counts where it is a
    /// no and there is no word, since a yes of the flag alone is no consent (documented: more decides).
    #[must_use]
    pub fn consent(&self, channel: Channel) -> Option<Consent> {
        let (flag, held) = match channel {
            Channel::Email => (self.accepts_email_marketing, self.channels.as_ref().and_then(|c| c.email.as_ref())),
            Channel::Sms => (self.accepts_sms_marketing, self.channels.as_ref().and_then(|c| c.sms.as_ref())),
        };
        let marketing = held.and_then(|held| held.marketing.as_ref());
        let word = marketing.and_then(|m| m.consent.as_deref()).map(|word| word.trim().to_ascii_lowercase());
        let state = match word.as_deref() {
            Some("subscribed") => ConsentState::Subscribed,
            Some("unsubscribed") => ConsentState::Unsubscribed,
            Some("never_subscribed") => ConsentState::NotSubscribed,
            _ if flag == Some(false) => return Some(Consent::new(ConsentState::Unsubscribed)),
            _ => return None,
        };
        let mut consent = Consent::new(state);
        consent.source = marketing.and_then(|m| m.subscription_source.clone()).filter(|source| !is_blank(source));
        consent.updated_at = marketing.and_then(|m| m.timestamp.as_deref()).and_then(Self::time);
        Some(consent)
    }

    /// The row in normalized form.
    #[must_use]
    pub fn to_customer(&self) -> Customer {
        let mut customer = Customer::new();
        customer.external_id = filled(&self.external_id);
        customer.email = filled(&self.email).map(Into::into);
        customer.phone = filled(&self.phone_number).map(Into::into);
        customer.first_name = filled(&self.first_name);
        customer.last_name = filled(&self.last_name);
        customer.gender = self.gender.as_deref().and_then(|word| match word.trim().to_ascii_lowercase().as_str() {
            "f" | "female" => Some(Gender::Female),
            "m" | "male" => Some(Gender::Male),
            "other" => Some(Gender::Other),
            _ => None,
        });
        customer.created_at = self.account_created_at.as_deref().and_then(Self::time);
        customer.updated_at = self.account_updated_at.as_deref().and_then(Self::time);
        customer.account_state = self
            .account_status
            .as_deref()
            .and_then(|word| AccountState::from_word(word.trim().to_ascii_lowercase().as_str()));
        customer.locale = filled(&self.default_language);
        customer.currency = filled(&self.default_currency);
        let tags = self.tags.as_deref().unwrap_or_default().split(',').map(str::trim);
        customer.tags = tags.filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
        let address = self.address.as_ref().map(AddressRow::to_address);
        customer.addresses.extend(address.filter(|address| !address.is_empty()));
        customer.email_marketing = self.consent(Channel::Email);
        customer.sms_marketing = self.consent(Channel::Sms);
        customer.custom.clone_from(&self.custom_properties);
        customer
    }
}

impl AddressRow {
    /// The address in normalized form: the default one, since the vendor holds no other.
    #[must_use]
    pub fn to_address(&self) -> Address {
        let mut address = Address::new().default_address();
        address.line1 = filled(&self.address1);
        address.line2 = filled(&self.address2);
        address.city = filled(&self.city);
        address.company = filled(&self.company);
        address.province = filled(&self.state);
        address.postal_code = filled(&self.zip);
        address.province_code = filled(&self.province_code);
        address.country_code = filled(&self.country_code);
        address.phone = filled(&self.phone_number).map(Into::into);
        address
    }
}

#[allow(clippy::ref_option)] // Called with a field's address.
fn filled(value: &Option<String>) -> Option<String> {
    crate::customer::text(value).map(str::to_owned)
}
