//! The subscriptions of several customers.

use chrono::{DateTime, FixedOffset};

use super::super::client::Shopline;
use super::super::operations::LIST_SUBSCRIPTIONS;
use super::super::request::CustomerId;
use super::check_comma_list;
use crate::client::Response;
use crate::client::json::raw::record;
use crate::client::json::words::open_enum;
use crate::client::pages::Page;
use crate::client::query::Query;
use crate::error::Error;

open_enum! {
    /// What a subscription goes to.
    SubscribeAccount {
        /// An e-mail address.
        Email = "0",
        /// A mobile phone.
        Mobile = "1",
        /// A LINE account.
        Line = "2",
        /// A Messenger account.
        Messenger = "3",
    }
}

open_enum! {
    /// Where a subscription was made.
    SubscribeChannel {
        /// The foot of a page.
        Footer = "0",
        /// The customer's own pages.
        PersonalCentre = "1",
        /// An order.
        Order = "2",
        /// This API.
        OpenApi = "3",
        /// A marketing pop-up.
        PopUp = "4",
        /// A subscription by mail.
        Mail = "5",
        /// The registration.
        Registration = "6",
        /// An import.
        Import = "7",
    }
}

record! {
    /// One subscription of a customer.
    SubscriptionRecord {
        /// The customer.
        customer_id: Option<CustomerId>,
        /// 0 off, 1 on.
        status: Option<i64>,
        /// The address or number.
        subscribe_account: Option<String>,
        /// What the account is.
        subscribe_account_type: Option<SubscribeAccount>,
        /// Where it was made.
        subscribe_channel: Option<SubscribeChannel>,
        /// When it was made or ended.
        subscribe_time: Option<DateTime<FixedOffset>>,
    }
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
