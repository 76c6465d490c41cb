//! The inputs that requests send: the 36 flat keys of a customer record by their exact names, and the bodies of the other calls.

mod erasure;
mod form;
mod key;
mod sql;

pub use erasure::ErasureInput;
pub use form::{MissingCreatedAt, PhoneForm};
pub use key::CustomerKey;
pub(super) use key::{BARE_HOST, is_bare_host};
pub use sql::{ReadBack, SqlQuery};

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset};

use crate::customer::decimal::JsonNumber;
use crate::customer::time::Rfc3339;
use crate::error::FieldError;

/// A customer record as the vendor takes it: `POST data-in/customers`.
///
/// Absent keys are left out, and null is never sent. A repeat with the same [key](CustomerKey) replaces the whole record
/// (documented), so that a record is always sent whole: left out, the tags are most likely emptied, the tax exemption
/// reset and the time of creation moved to the time of the update (inferred from the documented defaults).
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize)]
#[allow(missing_docs)] // The names are the vendor's own; each is described in its documentation.
pub struct CustomerInput<'a> {
    /// `shop`, `customer_id`, `platform` and `platform_account_id`, which are always sent.
    #[serde(flatten)]
    pub key: CustomerKey<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address1: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address2: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_spent: Option<JsonNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time")]
    pub created_at: Option<DateTime<FixedOffset>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_tags: Option<Vec<Cow<'a, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_address: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_marketing_consent_collected_from: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_marketing_consent_opt_in_level: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_marketing_consent_status: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time")]
    pub email_marketing_consent_updated_at: Option<DateTime<FixedOffset>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_order_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<JsonNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<JsonNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_of_orders: Option<u64>,
    /// No key of this call (documented), but the name of the same count in the vendor's tables (documented); see
    /// [`Builder::also_send_orders`](super::Builder::also_send_orders).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_subscriber_status: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms_marketing_consent_collected_from: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms_marketing_consent_opt_in_level: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time")]
    pub sms_marketing_consent_updated_at: Option<DateTime<FixedOffset>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_code: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_exempt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip: Option<Cow<'a, str>>,
}

impl CustomerInput<'_> {
    /// What is wrong with the record, as far as the vendor's documentation and the globe tell.
    pub(super) fn problems(&self) -> Vec<FieldError> {
        let mut problems = self.key.problems();
        if self.email_address.as_deref().is_some_and(|email| email.trim().is_empty()) {
            problems.push(FieldError::new("email_address", "is empty: leave it out"));
        }
        let is_code = |code: &str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if self.country_code.as_deref().is_some_and(|code| !is_code(code)) {
            problems.push(FieldError::new("country_code", "needs two capitals, as ISO 3166-1 alpha-2 has"));
        }
        for (field, value, most) in [("latitude", self.latitude, 90), ("longitude", self.longitude, 180)] {
            if value.is_some_and(|value| !value.0.is_within(-most, most)) {
                problems.push(FieldError::new(field, "is outside the degrees of the globe"));
            }
        }
        problems
    }
}

#[allow(clippy::ref_option)] // The signature that serde asks for.
fn time<S: serde::Serializer>(at: &Option<DateTime<FixedOffset>>, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&at.map(Rfc3339), serializer)
}

/// Shows the key's shop and platform only.
impl std::fmt::Debug for CustomerInput<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CustomerInput").field("key", &self.key).finish_non_exhaustive()
    }
}
