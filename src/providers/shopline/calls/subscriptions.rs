//! What several customers have subscribed to.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;

use super::super::client::Shopline;
use super::super::native::Answered;
use super::super::query::Query;
use super::super::record::{Listed, id, integer, list, moment};
use super::super::wire::CustomerId;
use super::{Ask, listable};
use crate::client::Operation;
use crate::client::json::lenient::lenient_text;
use crate::error::Error;

static SUBSCRIPTIONS: Operation = Operation::bare_read("list_subscriptions");

macro_rules! open_numbers {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $number:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A number that nobody documented.
            Unrecognised(i64),
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                match number {
                    $($number => Self::$variant,)+
                    other => Self::Unrecognised(other),
                }
            }
        }
    };
}

open_numbers! {
    /// What a subscription goes to.
    SubscribeAccount {
        /// An e-mail address.
        Email = 0,
        /// A mobile phone.
        Mobile = 1,
        /// A LINE account.
        Line = 2,
        /// A Messenger account.
        Messenger = 3,
    }
}

open_numbers! {
    /// Where a subscription was made.
    SubscribeChannel {
        /// The foot of a page.
        Footer = 0,
        /// The customer's own pages.
        PersonalCentre = 1,
        /// An order.
        Order = 2,
        /// This API.
        OpenApi = 3,
        /// A marketing pop-up.
        PopUp = 4,
        /// A subscription by mail.
        Mail = 5,
        /// The registration.
        Registration = 6,
        /// An import.
        Import = 7,
    }
}

/// One subscription of a customer.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Subscription {
    /// The customer.
    #[serde(deserialize_with = "id")]
    pub customer_id: Option<CustomerId>,
    /// 0 off, 1 on.
    #[serde(deserialize_with = "integer")]
    pub status: Option<i64>,
    /// The address or number.
    #[serde(deserialize_with = "lenient_text")]
    pub subscribe_account: Option<String>,
    /// What the account is.
    #[serde(deserialize_with = "number")]
    pub subscribe_account_type: Option<SubscribeAccount>,
    /// Where it was made.
    #[serde(deserialize_with = "number")]
    pub subscribe_channel: Option<SubscribeChannel>,
    /// When it was made or ended.
    #[serde(deserialize_with = "moment")]
    pub subscribe_time: Option<DateTime<FixedOffset>>,
}

impl Subscription {
    /// Whether it is on; none where the vendor's number is neither on nor off.
    #[must_use]
    pub fn is_on(&self) -> Option<bool> {
        match self.status {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        }
    }
}

/// Shows no account.
impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("customer_id", &self.customer_id)
            .field("status", &self.status)
            .field("subscribe_account_type", &self.subscribe_account_type)
            .finish_non_exhaustive()
    }
}

fn number<'de, D: serde::Deserializer<'de>, T: From<i64>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(integer(deserializer)?.map(T::from))
}

#[derive(Deserialize)]
struct SubscriptionsAnswer {
    #[serde(deserialize_with = "list")]
    user_subscribe_info_list: Vec<Subscription>,
}

impl Listed for SubscriptionsAnswer {
    type Item = Subscription;

    fn items(self) -> Vec<Subscription> {
        self.user_subscribe_info_list
    }
}

impl Shopline {
    /// The subscriptions of several customers: `GET customers/subscribe.json`. How many may be named is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where no customer is named, or an id has a comma; else
    /// as the vendor refuses it, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_subscriptions(&self, customers: &[CustomerId]) -> Result<Answered<Vec<Subscription>>, Error> {
        listable(&SUBSCRIPTIONS, "customer_ids", customers.iter().map(CustomerId::as_str))?;
        let mut query = Query::default();
        query.list("customer_ids", customers.iter().map(CustomerId::as_str));
        let ask = Ask::get(&SUBSCRIPTIONS, "customers/subscribe.json").query(query);
        Ok(self.reading::<SubscriptionsAnswer>(ask).await?.map(Listed::items))
    }
}
