//! The record that answers hold: a customer as production answers write it (seen). `raw` also holds tiers' requirements, codes and links to
//! refer others with, and the history.

use serde_json::value::RawValue;

use crate::client::HttpResponse;
use crate::client::json::object::object;
use crate::client::json::raw::record;
use crate::client::json::value::Value;
use crate::customer::{Decimal, text};

record! {
    /// A customer as the vendor shows it. Every part may be absent, null or of a neighbouring type.
    #[allow(missing_docs)] // The names are the vendor's own.
    CustomerRecord {
        email: Option<String>,
        first_name: Option<String>,
        last_name: Option<String>,
        phone_number: Option<String>,
        /// The id in the shop's own system.
        third_party_id: Option<String>,
        /// The same once more, as the vendor spells it (seen).
        thirty_party_id: Option<String>,
        pos_account_id: Option<String>,
        has_store_account: Option<bool>,
        /// Whether the person is a member of the programme.
        opt_in: Option<bool>,
        /// A date alone (seen).
        opted_in_at: Option<String>,
        /// Points.
        points_balance: Option<Decimal>,
        points_earned: Option<Decimal>,
        points_expire_at: Option<String>,
        perks_redeemed: Option<Decimal>,
        /// In hundredths of the account's currency.
        total_spend_cents: Option<Decimal>,
        total_purchases: Option<Decimal>,
        last_purchase_at: Option<String>,
        last_seen_at: Option<String>,
        /// With its sign of the currency, such as `$0` (seen).
        credit_balance: Option<String>,
        credit_balance_in_customer_currency: Option<String>,
        next_points_expire_on: Option<String>,
        next_points_expire_amount: Option<Decimal>,
        vip_tier_name: Option<String>,
        vip_tier_entry_date: Option<String>,
        vip_tier_expiration: Option<String>,
    }
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
    CustomerRecord::from_raw(raw).filter(CustomerRecord::is_identified).map(Some)
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
}
