//! What is read: a customer as production answers write it (seen).

use std::fmt;

use serde_json::value::RawValue;

use crate::client::HttpResponse;
use crate::client::json::lenient::{lenient_bool, lenient_decimal, lenient_text};
use crate::client::json::object::object;
use crate::customer::{Decimal, text};

/// A customer as the vendor shows it. Every part may be absent, null or of a neighbouring type.
#[derive(Clone, Default, serde::Deserialize)]
#[non_exhaustive]
#[allow(missing_docs)] // The names are the vendor's own.
pub struct CustomerRecord {
    #[serde(default, deserialize_with = "lenient_text")]
    pub email: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub first_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub last_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub phone_number: Option<String>,
    /// The id in the shop's own system.
    #[serde(default, deserialize_with = "lenient_text")]
    pub third_party_id: Option<String>,
    /// The same once more, as the vendor spells it (seen).
    #[serde(default, deserialize_with = "lenient_text")]
    pub thirty_party_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub pos_account_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_bool")]
    pub has_store_account: Option<bool>,
    /// Whether the person is a member of the programme.
    #[serde(default, deserialize_with = "lenient_bool")]
    pub opt_in: Option<bool>,
    /// A date alone (seen).
    #[serde(default, deserialize_with = "lenient_text")]
    pub opted_in_at: Option<String>,
    /// Points.
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub points_balance: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub points_earned: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub points_expire_at: Option<String>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub perks_redeemed: Option<Decimal>,
    /// In hundredths of the account's currency.
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub total_spend_cents: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub total_purchases: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub last_purchase_at: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub last_seen_at: Option<String>,
    /// With its sign of the currency, such as `$0` (seen).
    #[serde(default, deserialize_with = "lenient_text")]
    pub credit_balance: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub credit_balance_in_customer_currency: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub next_points_expire_on: Option<String>,
    #[serde(default, deserialize_with = "lenient_decimal")]
    pub next_points_expire_amount: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub vip_tier_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub vip_tier_entry_date: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub vip_tier_expiration: Option<String>,
    #[serde(skip)]
    raw: Box<str>,
}

/// Reads an answer to a fetch: one customer, bare, or under `customers` or `customer`, as an object or a list (seen in
/// siblings). The inner none: an empty list, or null. The outer none: no customer that can be read.
pub(super) fn read_customer(response: &HttpResponse) -> Option<Option<CustomerRecord>> {
    #[derive(serde::Deserialize)]
    struct Wrapped<'a> {
        #[serde(borrow, default)]
        customers: Option<&'a RawValue>,
        #[serde(borrow, default)]
        customer: Option<&'a RawValue>,
    }
    let whole: &RawValue = serde_json::from_slice(&response.body).ok()?;
    let wrapped = object::<Wrapped<'_>>(&response.body);
    let inner = wrapped.and_then(|wrapped| wrapped.customers.or(wrapped.customer)).unwrap_or(whole);
    let raw = match serde_json::from_str::<Vec<&RawValue>>(inner.get()) {
        Ok(list) => list.first().copied(),
        Err(_) => Some(inner),
    };
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else { return Some(None) };
    let mut record: CustomerRecord = object(raw.get().as_bytes())?;
    record.raw = raw.get().into();
    record.is_identified().then_some(Some(record))
}

impl CustomerRecord {
    /// Whether it shows which customer it is about.
    fn is_identified(&self) -> bool {
        let texts = [&self.email, &self.phone_number, &self.pos_account_id];
        self.id().is_some() || texts.into_iter().any(|value| text(value).is_some())
    }

    /// The id in the shop's own system, under either key.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        text(&self.third_party_id).or_else(|| text(&self.thirty_party_id))
    }

    /// The record as the vendor wrote it, with the keys that this type does not name: tiers' requirements, codes and links
    /// to refer others with, the history.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }
}

/// Shows no value: they are a person's data.
impl fmt::Debug for CustomerRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerRecord").finish_non_exhaustive()
    }
}
