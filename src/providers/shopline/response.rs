//! The records that answers hold. Every part may be missing, null or of a neighbouring type.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::{DateTime, FixedOffset};
use http::HeaderMap;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use super::request::{AddressId, CustomerId};
use crate::client::HttpResponse;
use crate::client::json::object::object;
use crate::client::json::raw::record;
use crate::client::json::value::Value;
use crate::client::pages::{Cursor, Page, RowKey};
use crate::client::query::is_verbatim;
use crate::customer::is_blank;

record! {
    /// A customer as the vendor shows it. The keys depend on the route: an update answers with fewer than a read, and the
    /// look-up by e-mail shows no consents (documented).
    CustomerRecord {
        /// The vendor's id.
        id: Option<CustomerId>,
        /// E-mail address.
        email: Option<String>,
        /// Phone number, `00` and digits (documented).
        phone: Option<String>,
        /// Given name.
        first_name: Option<String>,
        /// Family name.
        last_name: Option<String>,
        /// The name to show; not on a create or update.
        nick_name: Option<String>,
        /// The merchant's note.
        note: Option<String>,
        /// Tags, joined by commas.
        tags: Option<String>,
        /// Gender: a word, or a number.
        gender: Option<Gender>,
        /// `yyyyMMdd`.
        birthday: Option<String>,
        /// 0 on the blacklist, 1 not invited, 2 invited, 3 registered (documented).
        state: Option<i64>,
        /// Number of orders.
        orders_count: Option<i64>,
        /// Money spent, in the store's currency.
        total_spent: Option<String>,
        /// ISO 4217.
        currency: Option<String>,
        /// Language.
        language: Option<String>,
        /// The latest order; the vendor's `N/A` (seen) is none.
        last_order_id: Option<String> => available,
        /// The number of the latest order; the vendor's `N/A` (seen) is none.
        last_order_name: Option<String> => available,
        /// The customer of a Multipass login.
        multipass_identifier: Option<String>,
        /// Whether the e-mail address is verified; null on a create even where it was sent (documented example).
        verified_email: Option<bool>,
        /// Consent to e-mail; deprecated from v20250601, and still returned (documented).
        accepts_marketing: Option<bool>,
        /// When [`accepts_marketing`](Self::accepts_marketing) last changed; deprecated as well.
        accepts_marketing_updated_at: Option<DateTime<FixedOffset>>,
        /// Consent to text messages; deprecated from v20250601, and still returned (documented).
        accepts_mobile_marketing: Option<bool>,
        /// When [`accepts_mobile_marketing`](Self::accepts_mobile_marketing) last changed; deprecated as well.
        accepts_mobile_marketing_updated_at: Option<DateTime<FixedOffset>>,
        /// A key of the answer to an update, which the documentation does not explain.
        accepts_phone_marketing: Option<bool>,
        /// The customer's id at Facebook for the store's app (documented).
        asid: Option<String>,
        /// The customer's ids at social networks; deprecated from v20250601. In webhooks it is a text (documented), which
        /// `raw` holds.
        social_customer: Vec<String>,
        /// 0 unsubscribed, 1 subscribed, 2 not subscribed.
        email_subscribe_flag: Option<i64>,
        /// As [`email_subscribe_flag`](Self::email_subscribe_flag), for text messages; members of a group also show 3
        /// confirming, 4 invalid, 5 deleted (documented).
        mobile_subscribe_flag: Option<i64>,
        /// Consent to e-mail marketing.
        email_marketing_consent: Option<ConsentRecord>,
        /// Consent to text messages.
        sms_marketing_consent: Option<ConsentRecord>,
        /// Addresses.
        addresses: Vec<AddressRecord>,
        /// The default address.
        default_address: Option<AddressRecord>,
        /// When the latest order was made; only members of a group show it.
        last_order_time: Option<DateTime<FixedOffset>>,
        /// When the vendor created the record.
        created_at: Option<DateTime<FixedOffset>>,
        /// When the vendor last changed the record.
        updated_at: Option<DateTime<FixedOffset>>,
    }
}

record! {
    /// Consent to marketing on one channel, as the vendor shows it.
    ConsentRecord {
        /// 0 unsubscribed, 1 subscribed, 2 not subscribed, 3 awaiting confirmation.
        state: Option<i64>,
        /// 0 unknown, 1 single, 2 confirmed.
        opt_in_level: Option<i64>,
        /// Where it was given.
        consent_collected_from: Option<String>,
        /// When it last changed.
        consent_updated_at: Option<DateTime<FixedOffset>>,
    }
}

record! {
    /// An address as the vendor shows it, in either form.
    AddressRecord {
        /// The vendor's id.
        id: Option<AddressId>,
        /// Street and number.
        address1: Option<String>,
        /// Flat, floor, building.
        address2: Option<String>,
        /// City.
        city: Option<String>,
        /// Company.
        company: Option<String>,
        /// Country.
        country: Option<String>,
        /// ISO 3166-1 alpha-2.
        country_code: Option<String>,
        /// The customer that the address belongs to.
        customer_id: Option<CustomerId>,
        /// The documentation's example is 0; what the numbers mean is unknown. Of the address routes only.
        address_type: Option<i64>,
        /// Code of the city; of the address routes only.
        city_code: Option<String>,
        /// Code of the district; of the address routes only.
        district_code: Option<String>,
        /// Town; of the address routes only.
        town: Option<String>,
        /// Part of the city; of the address routes only.
        district: Option<String>,
        /// Given name.
        first_name: Option<String>,
        /// Family name.
        last_name: Option<String>,
        /// Phone number.
        phone: Option<String>,
        /// Province.
        province: Option<String>,
        /// Code of the province; deprecated in answers.
        province_code: Option<String>,
        /// Code of the province.
        province_code_v2: Option<String>,
        /// Postal code.
        zip: Option<String>,
        /// Whether it is the default, as a customer shows it; [`is_default`](Self::is_default) reads either key.
        default: Option<bool>,
        /// Whether it is the default, as the address routes show it.
        def: Option<bool>,
    }
}

impl AddressRecord {
    /// Whether it is the customer's default address, by either of the vendor's two keys.
    #[must_use]
    pub fn is_default(&self) -> Option<bool> {
        self.default.or(self.def)
    }

    /// The code of the province, by the newer of the vendor's two keys where that is there.
    #[must_use]
    pub fn province(&self) -> Option<&str> {
        filled(&self.province_code_v2).or_else(|| filled(&self.province_code))
    }
}

/// Gender as the vendor writes it: a word or a number (both documented).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gender {
    /// `others`, or 0.
    Unknown,
    /// `male`, or 1.
    Male,
    /// `female`, or 2.
    Female,
    /// `secret`, or 3.
    Secret,
    /// A word that is not documented.
    Unrecognised(String),
}

impl Value for Gender {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        let text = String::from_raw(raw)?;
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "" => return None,
            "0" | "others" | "other" | "unknown" => Self::Unknown,
            "1" | "male" => Self::Male,
            "2" | "female" => Self::Female,
            "3" | "secret" => Self::Secret,
            _ => Self::Unrecognised(text),
        })
    }
}

/// The top-level members of a JSON object.
type Members<'a> = HashMap<Cow<'a, str>, &'a RawValue>;

fn members(response: &HttpResponse) -> Option<Members<'_>> {
    object(&response.body)
}

/// Reads the object at this key: none inside where it is missing or no object, none at all where the body is no object.
pub(super) fn one<T: DeserializeOwned>(key: &'static str) -> impl Fn(&HttpResponse) -> Option<Option<T>> {
    move |response| Some(members(response)?.get(key).and_then(|value| object(value.get().as_bytes())))
}

/// Reads the object at this key, which has to be there.
pub(super) fn required<T: DeserializeOwned>(key: &'static str) -> impl Fn(&HttpResponse) -> Option<T> {
    move |response| one(key)(response)?
}

/// Reads the list at this key, which has to be there: an answer without it must not read as an empty list. Anything else
/// than a list is an empty one, and anything else than an object in it is left out.
pub(super) fn many<T: DeserializeOwned>(key: &'static str) -> impl Fn(&HttpResponse) -> Option<Vec<T>> {
    move |response| Some(objects(members(response)?.get(key)?))
}

/// Reads a page of a list: the rows at this key, and the cursor of the next page from the `link` header.
pub(super) fn page<T: DeserializeOwned>(key: &'static str) -> impl Fn(&HttpResponse) -> Option<Page<T>> {
    move |response| Some(Page::new(many(key)(response)?, next_page(&response.headers).ok()?))
}

/// Reads the object at this key in the answer to a look-up: none inside where it is missing, null or empty. Another type
/// leaves the answer unread: nothing may be concluded from it.
pub(super) fn looked_up<T: DeserializeOwned>(key: &'static str) -> impl Fn(&HttpResponse) -> Option<Option<T>> {
    move |response| {
        let members = members(response)?;
        let Some(value) = members.get(key).filter(|value| !matches!(value.get(), "null" | "[]")) else {
            return Some(None);
        };
        object(value.get().as_bytes()).map(Some)
    }
}

/// Reads a page of a look-up, where null is no row. Another type than a list, or a row that is no object, leaves the page
/// unread: it may be the one that is looked for.
pub(super) fn looked_up_page<T: DeserializeOwned>(key: &'static str) -> impl Fn(&HttpResponse) -> Option<Page<T>> {
    move |response| {
        let rows: Option<Vec<&RawValue>> = serde_json::from_str(members(response)?.get(key)?.get()).ok()?;
        let rows = rows.unwrap_or_default().into_iter().map(|row| object(row.get().as_bytes()));
        Some(Page::new(rows.collect::<Option<_>>()?, next_page(&response.headers).ok()?))
    }
}

/// Reads a count; none inside where the answer does not hold one.
pub(super) fn count(response: &HttpResponse) -> Option<Option<u64>> {
    Some(members(response)?.get("count").and_then(|count| u64::from_raw(count)))
}

/// Reads the answer to a create: none inside where the vendor shows no customer with an id, none at all where the body
/// cannot be read.
pub(super) fn created(response: &HttpResponse) -> Option<Option<CustomerRecord>> {
    let is_whole = response.fault.is_none();
    let shown = match one::<CustomerRecord>("customer")(response) {
        Some(shown) => shown,
        None if is_whole && response.body.trim_ascii().is_empty() => None,
        None => serde_json::from_slice::<IgnoredAny>(&response.body).ok().map(|_| None)?,
    };
    Some(shown.filter(|record| record.id.is_some()))
}

pub(super) fn row_key(record: &CustomerRecord) -> RowKey<'_> {
    RowKey::of(record.id.as_ref().map(CustomerId::as_str), record.raw.as_str().as_bytes())
}

/// The link to the next page has no cursor that can be sent back.
#[derive(Debug, PartialEq, Eq)]
struct UnreadableLink;

/// The cursor of the next page; none on the last one.
fn next_page(headers: &HeaderMap) -> Result<Option<Cursor>, UnreadableLink> {
    for value in headers.get_all(http::header::LINK) {
        let text = value.to_str().map_err(|_| UnreadableLink)?;
        // The URL may hold a comma: angle brackets separate the links.
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('<') {
            let (url, after) = after.split_once('>').ok_or(UnreadableLink)?;
            let parameters = after.split('<').next().unwrap_or(after);
            if is_next(parameters) {
                return cursor(url).map(Some);
            }
            rest = after;
        }
    }
    Ok(None)
}

fn is_next(parameters: &str) -> bool {
    parameters.split([';', ',']).filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"').eq_ignore_ascii_case("next")
    })
}

fn cursor(url: &str) -> Result<Cursor, UnreadableLink> {
    let query = url.split_once('?').map(|(_, query)| query).ok_or(UnreadableLink)?;
    let raw = query.split('&').find_map(|pair| pair.strip_prefix("page_info=")).ok_or(UnreadableLink)?;
    // Sent back as the vendor escaped it; what could change the rest of the URL is refused.
    Cursor::of_vendor(is_verbatim(raw).then_some(raw)).ok_or(UnreadableLink)
}

#[allow(clippy::ref_option)] // Called with a field's address.
pub(super) fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !is_blank(text))
}

/// A time with an offset, with or without a colon in it (both documented).
pub(super) fn time(text: &str) -> Option<DateTime<FixedOffset>> {
    let text = text.trim();
    DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z")).ok()
}

/// A text that the vendor has; its `N/A` (seen) is none.
fn available(text: Option<String>) -> Option<String> {
    text.filter(|text| !is_blank(text) && text.trim() != "N/A")
}

fn objects<T: DeserializeOwned>(list: &RawValue) -> Vec<T> {
    let rows: Vec<&RawValue> = serde_json::from_str(list.get()).unwrap_or_default();
    rows.into_iter().filter_map(|row| object(row.get().as_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(json: &str) -> HttpResponse {
        HttpResponse::new(http::StatusCode::OK, json.to_owned())
    }

    fn read(json: &str) -> CustomerRecord {
        one("customer")(&answer(json)).unwrap().unwrap()
    }

    #[test]
    fn any_part_may_be_missing_null_or_of_a_neighbouring_type() {
        let record = read(
            r#"{"customer":{"id":4201825054,"email":null,"gender":1,"state":"3","orders_count":"12","total_spent":100,
            "last_order_id":"N/A","last_order_name":"N/A","verified_email":"true","email_marketing_consent":"none",
            "sms_marketing_consent":{"state":"0","opt_in_level":null},"addresses":[null,{"id":7,"def":true,"zip":40202}],
            "default_address":[],"created_at":"2022-12-16T06:13:22+0000","updated_at":"2025-02-19T18:02:30+08:00",
            "social_customer":["1"],"something_new":{"a":[1]}}}"#,
        );
        assert_eq!(record.raw.get("something_new").unwrap().as_str(), r#"{"a":[1]}"#);
        assert_eq!(record.id.unwrap().as_str(), "4201825054");
        assert_eq!((record.email, record.gender, record.state), (None, Some(Gender::Male), Some(3)));
        assert_eq!((record.orders_count, record.total_spent.as_deref()), (Some(12), Some("100")));
        assert_eq!((record.last_order_id, record.last_order_name), (None, None));
        assert_eq!(record.verified_email, Some(true));
        assert!(record.email_marketing_consent.is_none() && record.default_address.is_none());
        assert_eq!(record.sms_marketing_consent.unwrap().state, Some(0));
        assert_eq!(record.addresses.len(), 1);
        assert_eq!((record.addresses[0].is_default(), record.addresses[0].zip.as_deref()), (Some(true), Some("40202")));
        assert_eq!(record.created_at.unwrap().to_rfc3339(), "2022-12-16T06:13:22+00:00");
        assert_eq!(record.updated_at.unwrap().to_rfc3339(), "2025-02-19T18:02:30+08:00");
        for none in [r#"{"customer":null}"#, "{}", r#"{"customer":[]}"#] {
            assert!(one::<CustomerRecord>("customer")(&answer(none)).unwrap().is_none(), "{none}");
        }
        let social = |value: &str| {
            let json =
                format!(r#"{{"customer":{{"asid":7,"social_customer":{value},"accepts_phone_marketing":"false"}}}}"#);
            let record = read(&json);
            assert_eq!((record.asid.as_deref(), record.accepts_phone_marketing), (Some("7"), Some(false)));
            record.social_customer
        };
        assert_eq!(social(r#"["a", 2, null, {}]"#), ["a", "2"]);
        assert!(social("null").is_empty() && social("{}").is_empty());
        assert!(many::<CustomerRecord>("customers")(&answer("{}")).is_none());
    }

    #[test]
    fn a_look_up_of_another_type_is_unread() {
        let one = |body: &str| looked_up::<CustomerRecord>("customer")(&answer(body)).map(|found| found.is_some());
        for none in ["{}", r#"{"customer":null}"#, r#"{"customer":[]}"#] {
            assert_eq!(one(none), Some(false), "{none}");
        }
        assert_eq!(one(r#"{"customer":{"id":7}}"#), Some(true));
        for odd in ["[]", "x", r#"{"customer":7}"#, r#"{"customer":"none"}"#, r#"{"customer":[{"id":7}]}"#] {
            assert_eq!(one(odd), None, "{odd}");
        }
        let page =
            |body: &str| looked_up_page::<CustomerRecord>("customers")(&answer(body)).map(|page| page.items.len());
        assert_eq!(page(r#"{"customers":null}"#), Some(0));
        assert_eq!((page(r#"{"customers":[]}"#), page(r#"{"customers":[{"id":7},{}]}"#)), (Some(0), Some(2)));
        for odd in ["{}", "[]", r#"{"customers":7}"#, r#"{"customers":{}}"#, r#"{"customers":[{"id":7},null]}"#] {
            assert_eq!(page(odd), None, "{odd}");
        }
    }

    #[test]
    fn genders_are_words_or_numbers_and_keep_what_is_unknown() {
        for (text, gender) in [
            (r#""others""#, Some(Gender::Unknown)),
            (r#""female""#, Some(Gender::Female)),
            ("2", Some(Gender::Female)),
            (r#""3""#, Some(Gender::Secret)),
            (r#""secret""#, Some(Gender::Secret)),
            (r#""X""#, Some(Gender::Unrecognised("X".into()))),
            ("null", None),
            (r#""""#, None),
        ] {
            assert_eq!(read(&format!(r#"{{"customer":{{"gender":{text}}}}}"#)).gender, gender, "{text}");
        }
    }

    fn next(link: &'static str) -> Result<Option<String>, UnreadableLink> {
        let mut headers = HeaderMap::new();
        headers.insert("link", http::HeaderValue::from_static(link));
        next_page(&headers).map(|page| page.map(|page| page.as_str().to_owned()))
    }

    #[test]
    fn only_the_cursor_of_the_next_page_counts() {
        assert_eq!(next_page(&HeaderMap::new()), Ok(None));
        assert_eq!(next(r#"<https://h/a?limit=1&page_info=eyJh%3D>; rel="next""#), Ok(Some("eyJh%3D".into())));
        assert_eq!(next(r#"<https://evil.example/a?page_info=abc==&limit=1>; rel=next"#), Ok(Some("abc==".into())));
        assert_eq!(
            next(r#"<https://h/a?page_info=p>; rel="previous", <https://h/a?x=1,2&page_info=n>; rel="next""#),
            Ok(Some("n".into()))
        );
        assert_eq!(next(r#"<https://h/a?page_info=p>; rel="previous""#), Ok(None));
        assert_eq!(next(r#"<https://h/a?page_info=p>; rel="prev""#), Ok(None));
        for bad in [
            r#"<https://h/a>; rel="next""#,
            r#"<https://h/a?limit=1>; rel="next""#,
            r#"<https://h/a?page_info=a#b>; rel="next""#,
            r#"<https://h/a?page_info=>; rel="next""#,
            r#"<https://h/a?page_info=a"#,
        ] {
            assert_eq!(next(bad), Err(UnreadableLink), "{bad}");
        }
    }
}
