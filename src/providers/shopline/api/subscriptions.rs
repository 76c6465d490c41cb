//! The subscriptions of several customers.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;

use super::super::client::Shopline;
use super::super::operations::LIST_SUBSCRIPTIONS;
use super::super::request::CustomerId;
use super::super::response::{id, integer, moment};
use super::check_comma_list;
use crate::client::Response;
use crate::client::json::lenient::lenient_text;
use crate::client::pages::Page;
use crate::client::query::Query;
use crate::error::Error;

macro_rules! open_numbers {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $number:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A number that is not documented.
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
pub struct SubscriptionRecord {
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

impl SubscriptionRecord {
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
impl fmt::Debug for SubscriptionRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriptionRecord")
            .field("customer_id", &self.customer_id)
            .field("status", &self.status)
            .field("subscribe_account_type", &self.subscribe_account_type)
            .finish_non_exhaustive()
    }
}

fn number<'de, D: serde::Deserializer<'de>, T: From<i64>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(integer(deserializer)?.map(T::from))
}

impl Shopline {
    /// Lists the subscriptions of several customers: `GET customers/subscribe.json`. How many may be named is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where no customer is named, or an id has a comma; else
    /// the vendor's refusal, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_subscriptions(
        &self,
        customers: &[CustomerId],
    ) -> Result<Response<Page<SubscriptionRecord>>, Error> {
        check_comma_list(&LIST_SUBSCRIPTIONS, "customer_ids", customers.iter().map(CustomerId::as_str))?;
        let mut query = Query::new();
        query.list("customer_ids", customers.iter().map(CustomerId::as_str));
        let request = self.to(&LIST_SUBSCRIPTIONS, &query.on("customers/subscribe.json"), &[])?;
        self.read_page(request, "user_subscribe_info_list").await
    }
}
