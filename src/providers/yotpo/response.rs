//! The records that answers hold: pages and customers as production answers write them (seen).

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::client::json::object::object;
use crate::client::json::raw::{opaque_debug, record};
use crate::client::json::scalar::Scalar;
use crate::client::json::value::{Lenient, Value};
use crate::client::pages::RowKey;
use crate::client::{Cursor, Page};
use crate::customer::{CustomValue, Decimal};

record! {
    /// A customer as the vendor shows it. Every part may be absent, null or of a neighbouring type.
    #[allow(missing_docs)] // The names are the vendor's own.
    CustomerRecord {
        /// Null for people that are known by their reviews alone (seen).
        external_id: Option<String>,
        email: Option<String>,
        phone_number: Option<String>,
        first_name: Option<String>,
        last_name: Option<String>,
        gender: Option<String>,
        /// Without a zone (seen), as `Customer::from` reads it.
        account_created_at: Option<String>,
        account_updated_at: Option<String>,
        account_status: Option<String>,
        default_language: Option<String>,
        default_currency: Option<String>,
        /// One text, separated by commas, of which parts may be empty (seen); or a list.
        tags: Tags,
        address: Option<AddressRecord>,
        /// What the shop says. `channels` shows whether the person gets messages.
        accepts_email_marketing: Option<bool>,
        accepts_sms_marketing: Option<bool>,
        channels: Option<Channels>,
        custom_properties: BTreeMap<String, CustomValue>,
        device_id: Option<String>,
        /// The lists that the person is on.
        lists: Vec<ListMembership>,
        /// Figures of reviews, where the query asked for them.
        yotpo_ugc: Option<ReviewFigures>,
    }
}

record! {
    /// The address of a [`CustomerRecord`].
    #[allow(missing_docs)] // The names are the vendor's own.
    AddressRecord {
        address1: Option<String>,
        address2: Option<String>,
        city: Option<String>,
        company: Option<String>,
        state: Option<String>,
        zip: Option<String>,
        province_code: Option<String>,
        country_code: Option<String>,
        /// Not always E.164 (seen).
        phone_number: Option<String>,
    }
}

record! {
    /// What a person agreed to, by channel.
    #[allow(missing_docs)] // The names are the vendor's own.
    Channels {
        sms: Option<ChannelConsent>,
        email: Option<ChannelConsent>,
    }
}

record! {
    /// What a person agreed to on one channel.
    ChannelConsent {
        /// Marketing, the one purpose that was seen.
        marketing: Option<Marketing>,
    }
}

record! {
    /// Consent to marketing.
    Marketing {
        /// `subscribed`, `unsubscribed` or `never_subscribed` (seen); others are kept as they are.
        consent: Option<String>,
        /// Where it was given.
        subscription_source: Option<String>,
        /// When it last changed, without a zone.
        timestamp: Option<String>,
        /// Why the vendor sends nothing in spite of a yes.
        suppressions: Option<Suppressions>,
    }
}

record! {
    /// Why the vendor sends nothing.
    Suppressions {
        /// Such as `HARD_BOUNCE` (seen).
        suppression_reason: Option<String>,
        /// Since when, without a zone.
        timestamp: Option<String>,
    }
}

record! {
    /// A list that a person is on.
    ListMembership {
        /// The list's id, a text (seen).
        id: Option<String>,
        /// Since when, without a zone.
        since: Option<String>,
    }
}

record! {
    /// What is known of a person's reviews (seen), with `expand=reviews`. Ratings go from 1 to 5; sentiments from 0 to 1
    /// (inferred).
    #[allow(missing_docs)] // The names are the vendor's own.
    ReviewFigures {
        total_reviews: Option<Decimal>,
        avg_product_rating: Option<Decimal>,
        avg_site_rating: Option<Decimal>,
        total_avg_rating: Option<Decimal>,
        sentiment_avg_product: Option<Decimal>,
        sentiment_avg_site: Option<Decimal>,
        total_avg_sentiment: Option<Decimal>,
        /// Null or a list (seen).
        top_topics: Vec<String>,
        last_star_rating: Option<Decimal>,
        /// Without a zone.
        last_review_date: Option<String>,
        last_sentiment: Option<Decimal>,
    }
}

/// Tags, from one text separated by commas or from a list.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tags(pub Vec<String>);

opaque_debug!(Tags);

impl Lenient for Tags {
    fn read(raw: &RawValue) -> Self {
        let texts = Vec::<String>::from_raw(raw).unwrap_or_else(|| String::from_raw(raw).into_iter().collect());
        let tags = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
        Self(tags.filter(|tag| !tag.is_empty()).map(str::to_owned).collect())
    }
}

/// A primitive value.
impl Value for CustomValue {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        match serde_json::from_str(raw.get()).ok()? {
            Scalar::Bool(value) => Some(Self::Bool(value)),
            Scalar::Text(text) => Some(Self::Text(text)),
            Scalar::Number => {
                let whole = raw.get().parse().ok().map(Self::Integer);
                whole.or_else(|| raw.get().parse().ok().map(Self::Decimal))
            }
            Scalar::Other => None,
        }
    }
}

/// An object of values; those that cannot be read are left out.
impl Lenient for BTreeMap<String, CustomValue> {
    fn read(raw: &RawValue) -> Self {
        let held: BTreeMap<String, &RawValue> = object(raw.get().as_bytes()).unwrap_or_default();
        held.into_iter().filter_map(|(key, raw)| Some((key, CustomValue::from_raw(raw)?))).collect()
    }
}

impl CustomerRecord {
    pub(super) fn row_key(&self) -> RowKey<'_> {
        RowKey::of(self.external_id.as_deref(), self.raw.as_str().as_bytes())
    }
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
    let pagination =
        answer.get("pagination").and_then(|raw| object::<BTreeMap<String, &RawValue>>(raw.get().as_bytes()));
    let next = pagination.and_then(|held| String::from_raw(held.get("next_page_info")?)).map(|cursor| decode(&cursor));
    let page = Page::of_rows(rows.into_iter().map(CustomerRecord::from_raw), Cursor::of_vendor(next));
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
