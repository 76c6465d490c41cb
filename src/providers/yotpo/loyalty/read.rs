//! Reading a customer back: what to ask for, and the row as production answers write it (seen).

use std::borrow::Cow;
use std::fmt;

use serde_json::value::RawValue;

use super::super::answer::object;
use super::PROVIDER;
use crate::client::json::lenient::{lenient_bool, lenient_decimal, lenient_text};
use crate::client::query_value;
use crate::customer::{AccountState, Customer, Decimal, text};
use crate::error::{Error, FieldError};

/// Which customer to fetch. The parameters are seen in clients.
#[derive(Clone, PartialEq, Eq)]
pub struct CustomerQuery<'a> {
    key: &'static str,
    value: Cow<'a, str>,
    country: Option<Cow<'a, str>>,
    referral_code: bool,
    history: bool,
}

impl<'a> CustomerQuery<'a> {
    fn of(key: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        Self { key, value: value.into(), country: None, referral_code: false, history: false }
    }

    /// The one with this e-mail address.
    pub fn email(email: impl Into<Cow<'a, str>>) -> Self {
        Self::of("customer_email", email)
    }

    /// The one with this id in the shop's own system.
    pub fn id(id: impl Into<Cow<'a, str>>) -> Self {
        Self::of("customer_id", id)
    }

    /// The one with this phone number, in E.164 or with a [`country`](Self::country).
    pub fn phone_number(number: impl Into<Cow<'a, str>>) -> Self {
        Self::of("phone_number", number)
    }

    /// The one with this id at the point of sale.
    pub fn pos_account_id(id: impl Into<Cow<'a, str>>) -> Self {
        Self::of("pos_account_id", id)
    }

    /// The country of a number that is not in E.164: ISO 3166-1 alpha-2.
    #[must_use]
    pub fn country(mut self, code: impl Into<Cow<'a, str>>) -> Self {
        self.country = Some(code.into());
        self
    }

    /// Asks for the code to refer others with, too: in [`CustomerRow::raw`].
    #[must_use]
    pub fn with_referral_code(mut self) -> Self {
        self.referral_code = true;
        self
    }

    /// Asks for what the person earned and spent, too: in [`CustomerRow::raw`].
    #[must_use]
    pub fn with_history(mut self) -> Self {
        self.history = true;
        self
    }

    /// The whole URL, each value escaped once.
    pub(super) fn url(&self, customers: &str) -> Result<String, Error> {
        if self.value.trim().is_empty() {
            let problem = FieldError::new(self.key, "is empty, and says who is looked for");
            return Err(Error::invalid_record(vec![problem]).with_provider(PROVIDER));
        }
        let mut url = format!("{customers}?{}={}", self.key, query_value(&self.value));
        if let Some(country) = &self.country {
            url.push_str("&country_iso_code=");
            url.push_str(&query_value(country));
        }
        if self.referral_code {
            url.push_str("&with_referral_code=true");
        }
        if self.history {
            url.push_str("&with_history=true");
        }
        Ok(url)
    }
}

/// Shows no value: it says who is looked for.
impl fmt::Debug for CustomerQuery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerQuery").field("by", &self.key).finish_non_exhaustive()
    }
}

/// A customer as the vendor shows them. Every part may be absent, null or of a neighbouring type.
#[derive(Clone, Default, serde::Deserialize)]
#[non_exhaustive]
#[allow(missing_docs)] // The names are the vendor's own.
pub struct CustomerRow {
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

/// What an answer to a fetch holds.
pub(super) enum Answer {
    Customer(Box<CustomerRow>),
    /// An empty list, or null.
    Nobody,
    /// No customer that could be read.
    Unreadable,
}

/// Reads an answer: one customer, bare, or under `customers` or `customer`, as an object or a list (seen in siblings).
pub(super) fn answer(body: &[u8]) -> Answer {
    #[derive(serde::Deserialize)]
    struct Wrapped<'a> {
        #[serde(borrow, default)]
        customers: Option<&'a RawValue>,
        #[serde(borrow, default)]
        customer: Option<&'a RawValue>,
    }
    let Ok(whole) = serde_json::from_slice::<&RawValue>(body) else { return Answer::Unreadable };
    let wrapped = object::<Wrapped<'_>>(whole.get().as_bytes());
    let inner = wrapped.and_then(|wrapped| wrapped.customers.or(wrapped.customer)).unwrap_or(whole);
    let row = match serde_json::from_str::<Vec<&RawValue>>(inner.get()) {
        Ok(list) => match list.first() {
            Some(first) => *first,
            None => return Answer::Nobody,
        },
        Err(_) => inner,
    };
    if row.get() == "null" {
        return Answer::Nobody;
    }
    match object::<CustomerRow>(row.get().as_bytes()) {
        Some(mut customer) if customer.is_someone() => {
            customer.raw = row.get().into();
            Answer::Customer(Box::new(customer))
        }
        _ => Answer::Unreadable,
    }
}

impl CustomerRow {
    /// Whether it says who it is about.
    fn is_someone(&self) -> bool {
        let texts = [&self.email, &self.phone_number, &self.pos_account_id];
        self.id().is_some() || texts.into_iter().any(|value| text(value).is_some())
    }

    /// The id in the shop's own system, under either key.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        text(&self.third_party_id).or_else(|| text(&self.thirty_party_id))
    }

    /// The row as the vendor wrote it, with the keys that this type does not name: tiers' requirements, codes and links
    /// to refer others with, the history.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The row in normalized form. Membership of the programme is no consent to marketing, and stays in
    /// [`opt_in`](Self#structfield.opt_in). A row without an account says nothing of its state.
    #[must_use]
    pub fn to_customer(&self) -> Customer {
        let filled = |value: &Option<String>| text(value).map(str::to_owned);
        let whole = |value: Option<Decimal>| value.and_then(|number| number.to_string().parse::<u64>().ok());
        let mut customer = Customer::new();
        customer.external_id = self.id().map(str::to_owned);
        customer.email = filled(&self.email).map(Into::into);
        customer.phone = filled(&self.phone_number).map(Into::into);
        customer.first_name = filled(&self.first_name);
        customer.last_name = filled(&self.last_name);
        customer.account_state = (self.has_store_account == Some(true)).then_some(AccountState::Enabled);
        customer.orders_count = whole(self.total_purchases);
        let cents = whole(self.total_spend_cents).and_then(|cents| i64::try_from(cents).ok());
        customer.total_spent = cents.and_then(|cents| Decimal::new(cents, 2));
        customer
    }
}

/// Shows no value: they are a person's data.
impl fmt::Debug for CustomerRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerRow").finish_non_exhaustive()
    }
}
