//! What is read: rows of the vendor's table of customers, and the rows of any query.

use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::client::HttpResponse;
use crate::client::json::lenient::{lenient_bool, lenient_decimal, lenient_text};
use crate::client::json::object::object;
use crate::customer::Decimal;

/// A row of the vendor's table of customers: one for each customer and platform (documented). Columns bear the names of
/// the record's keys; the number of orders is `orders` (documented).
///
/// Every column may be missing, null or of a neighbouring type, since nothing is documented of how rows are written.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[allow(missing_docs)] // Names as the vendor's, described in its documentation.
#[non_exhaustive]
pub struct CustomerRecord {
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
    /// As it came; `Customer::from` reads it.
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
impl fmt::Debug for CustomerRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerRecord").field("platform", &self.platform).finish_non_exhaustive()
    }
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

/// What a query found.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct SqlRows {
    /// What the vendor says beside the rows.
    pub message: Option<String>,
    /// The rows as they came, to be read by [`serde_json::from_str`] into a type of your own.
    pub rows: Vec<Box<RawValue>>,
}

impl fmt::Debug for SqlRows {
    /// Shows how many rows: they hold people's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlRows").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

/// `{"success": true, "message": …, "data": [{…}]}` (documented).
#[derive(Deserialize)]
struct Body {
    #[serde(default, deserialize_with = "lenient_text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "raw")]
    data: Option<Box<RawValue>>,
}

/// Tells a null from nothing.
fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

/// The rows of a successful answer; null is a list without any. None where it has no list of rows, or where the body broke
/// off: behind what looks complete more may have been meant.
pub(super) fn read_rows(response: &HttpResponse) -> Option<SqlRows> {
    if response.fault.is_some() {
        return None;
    }
    let body: Body = object(&response.body)?;
    let rows = serde_json::from_str::<Option<Vec<Box<RawValue>>>>(body.data?.get()).ok()?;
    Some(SqlRows { message: body.message, rows: rows.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_where_there_is_a_list() {
        let count = |json: &str| {
            read_rows(&HttpResponse::new(http::StatusCode::OK, json.to_owned())).map(|answer| answer.rows.len())
        };
        assert_eq!(count(r#"{"success":true,"message":"ok","data":[{"a":1},{"a":2}]}"#), Some(2));
        assert_eq!(count(r#"{"data":null}"#), Some(0));
        for bad in ["", "{}", "[[1]]", "<html>", r#"{"data":{}}"#, r#"{"data":"x"}"#] {
            assert_eq!(count(bad), None, "{bad}");
        }
    }
}
