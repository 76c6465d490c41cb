//! A loyalty customer in normalized form. Pure.

use super::response::CustomerRecord;
use crate::customer::{AccountState, Customer, Decimal, text};

impl From<&CustomerRecord> for Customer {
    /// Membership of the programme is no consent to marketing, and stays in
    /// [`opt_in`](CustomerRecord#structfield.opt_in). A record without an account says nothing of its state.
    fn from(record: &CustomerRecord) -> Self {
        let filled = |value: &Option<String>| text(value).map(str::to_owned);
        let whole = |value: Option<Decimal>| value.and_then(|number| number.to_string().parse::<u64>().ok());
        let mut customer = Self::new();
        customer.external_id = record.id().map(str::to_owned);
        customer.email = filled(&record.email).map(Into::into);
        customer.phone = filled(&record.phone_number).map(Into::into);
        customer.first_name = filled(&record.first_name);
        customer.last_name = filled(&record.last_name);
        customer.account_state = (record.has_store_account == Some(true)).then_some(AccountState::Enabled);
        customer.orders_count = whole(record.total_purchases);
        let cents = whole(record.total_spend_cents).and_then(|cents| i64::try_from(cents).ok());
        customer.total_spent = cents.and_then(|cents| Decimal::new(cents, 2));
        customer
    }
}
