//! The records that answers hold: rows of the vendor's table of customers, and the rows of any query.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::json::object::object;
use crate::client::json::raw::{opaque_debug, record};
use crate::client::json::value::{Value, lenient};
use crate::client::{HttpResponse, RawJson};
use crate::customer::Decimal;

record! {
    /// A row of the vendor's table of customers: one for each customer and platform (documented). Columns bear the names
    /// of the record's keys; the number of orders is `orders` (documented).
    ///
    /// Every column may be missing, null or of a neighbouring type: the vendor does not document how rows are written.
    CustomerRecord {
        /// `customer_id` of the record.
        customer_id: Option<String>,
        /// Whatever was sent, the vendor shows platforms that it does not integrate as `custom-msp` (documented for orders).
        platform: Option<String>,
        /// `platform_account_id` of the record.
        platform_account_id: Option<String>,
        /// `address1` of the record.
        address1: Option<String>,
        /// `address2` of the record.
        address2: Option<String>,
        /// `amount_spent` of the record.
        amount_spent: Option<Decimal>,
        /// `city` of the record.
        city: Option<String>,
        /// `country` of the record.
        country: Option<String>,
        /// `country_code` of the record.
        country_code: Option<String>,
        /// As it came; `Customer::from` reads it.
        created_at: Option<String>,
        /// The tags as they came; [`tags`](Self::tags) reads them.
        customer_tags: Option<RawJson>,
        /// `display_name` of the record.
        display_name: Option<String>,
        /// `email_address` of the record.
        email_address: Option<String>,
        /// `email_marketing_consent_collected_from` of the record.
        email_marketing_consent_collected_from: Option<String>,
        /// `email_marketing_consent_opt_in_level` of the record.
        email_marketing_consent_opt_in_level: Option<String>,
        /// `email_marketing_consent_status` of the record.
        email_marketing_consent_status: Option<String>,
        /// `email_marketing_consent_updated_at` of the record.
        email_marketing_consent_updated_at: Option<String>,
        /// `first_name` of the record.
        first_name: Option<String>,
        /// `last_name` of the record.
        last_name: Option<String>,
        /// `last_order_id` of the record.
        last_order_id: Option<String>,
        /// `latitude` of the record.
        latitude: Option<Decimal>,
        /// `locale` of the record.
        locale: Option<String>,
        /// `longitude` of the record.
        longitude: Option<Decimal>,
        /// `note` of the record.
        note: Option<String>,
        /// The number of orders; also read under the name by which it is sent.
        orders: Option<u64>,
        /// The same number under the name by which it is sent.
        number_of_orders: Option<u64>,
        /// `phone` of the record.
        phone: Option<String>,
        /// `product_subscriber_status` of the record.
        product_subscriber_status: Option<String>,
        /// `sms_marketing_consent_collected_from` of the record.
        sms_marketing_consent_collected_from: Option<String>,
        /// `sms_marketing_consent_opt_in_level` of the record.
        sms_marketing_consent_opt_in_level: Option<String>,
        /// `sms_marketing_consent_updated_at` of the record.
        sms_marketing_consent_updated_at: Option<String>,
        /// `state` of the record.
        state: Option<String>,
        /// `state_code` of the record.
        state_code: Option<String>,
        /// `status` of the record.
        status: Option<String>,
        /// `tax_exempt` of the record.
        tax_exempt: Option<bool>,
        /// `zip` of the record.
        zip: Option<String>,
    }
}

impl CustomerRecord {
    /// The tags: from an array, from a text that holds one, and from a text with commas (inferred).
    #[must_use]
    pub fn tags(&self) -> Vec<String> {
        let Some(raw) = &self.customer_tags else { return Vec::new() };
        let list =
            |json: &str| serde_json::from_str::<Box<RawValue>>(json).ok().and_then(|raw| Vec::<String>::from_raw(&raw));
        if let Some(tags) = list(raw.as_str()) {
            return tags;
        }
        let text: String = serde_json::from_str(raw.as_str()).unwrap_or_default();
        let parts = || text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
        list(&text).unwrap_or_else(parts)
    }
}

/// What a query found.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct SqlRows {
    /// What the vendor reports beside the rows.
    pub message: Option<String>,
    /// The rows as they came.
    pub rows: Vec<RawJson>,
}

opaque_debug!(SqlRows);

/// `{"success": true, "message": …, "data": [{…}]}` (documented).
#[derive(Deserialize)]
struct Body {
    #[serde(default, deserialize_with = "lenient")]
    message: Option<String>,
    #[serde(default, deserialize_with = "rows")]
    data: Option<Vec<RawJson>>,
}

/// The rows; null is a list without any, and no list is none.
fn rows<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<RawJson>>, D::Error> {
    let rows = Option::<Vec<Box<RawValue>>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(Some(rows.iter().map(|row| RawJson::new(row.get())).collect()))
}

/// The rows of a successful answer; null is a list without any. None where it has no list of rows, or where the body broke
/// off: behind what looks complete more may have been meant.
pub(super) fn read_rows(response: &HttpResponse) -> Option<SqlRows> {
    if response.fault.is_some() {
        return None;
    }
    let body: Body = object(&response.body)?;
    Some(SqlRows { message: body.message, rows: body.data? })
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
