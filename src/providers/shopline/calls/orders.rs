//! The orders of a customer.

use std::fmt;

use futures::Stream;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::super::client::Shopline;
use super::super::native::Answered;
use super::super::paging::{Keyed, Page, PageInfo, follow};
use super::super::query::{ORDERS_MAX, PageSize, Query, page_size};
use super::super::record::{Listed, text};
use super::super::wire::{CustomerId, OrderId};
use super::Ask;
use crate::client::Operation;
use crate::error::Error;

static ORDERS: Operation = Operation::bare_read("list_customer_orders");

/// Which orders are listed. The vendor demands a choice (documented).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OrderStatus {
    /// Every one, also archived ones.
    #[default]
    Any,
    /// Open ones.
    Open,
    /// Cancelled ones.
    Cancelled,
}

/// Which orders of a customer a list shows.
#[derive(Clone, Debug, Default)]
pub struct OrderList {
    size: PageSize,
    status: OrderStatus,
    since_id: Option<OrderId>,
}

impl OrderList {
    page_size!("100");

    /// Orders of this status.
    #[must_use]
    pub fn new(status: OrderStatus) -> Self {
        Self { status, ..Self::default() }
    }

    /// Only orders after this one.
    #[must_use]
    pub fn since_id(mut self, id: impl Into<OrderId>) -> Self {
        self.since_id = Some(id.into());
        self
    }

    /// The vendor demands the status; whether on a page with a cursor too is unknown, and there it is passed over with
    /// every other filter (documented), so that it is sent always.
    fn query(&self, page: Option<&PageInfo>) -> Query {
        let mut query = Query::default();
        query.push(
            "status",
            match self.status {
                OrderStatus::Any => "any",
                OrderStatus::Open => "open",
                OrderStatus::Cancelled => "cancelled",
            },
        );
        query.append(self.size.query(ORDERS_MAX, page, |query| {
            query.option("since_id", self.since_id.as_ref().map(OrderId::as_str));
        }));
        query
    }
}

/// An order, as the vendor shows it: orders are a group of their own, of which this crate knows the id alone.
#[derive(Clone)]
#[non_exhaustive]
pub struct OrderRecord {
    /// The vendor's id.
    pub id: Option<OrderId>,
    json: Box<str>,
}

impl OrderRecord {
    /// The order's JSON, as it came.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The order as a type of the caller's.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) where it does not fit.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.json).map_err(|error| {
            // Where it does not fit, without what stood there.
            let place = format!("line {}, column {}", error.line(), error.column());
            Error::new(crate::ErrorKind::Decode, crate::Effect::NotSent)
                .with_provider(super::super::PROVIDER)
                .with_operation(ORDERS.name)
                .with_source(place)
        })
    }
}

/// Shows the id alone.
impl fmt::Debug for OrderRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrderRecord").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Keyed for OrderRecord {
    fn key(&self) -> Option<&str> {
        self.id.as_ref().map(OrderId::as_str)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    #[serde(deserialize_with = "text")]
    id: Option<String>,
}

/// The key is `list` (documented), not `orders`.
#[derive(Deserialize)]
struct OrdersAnswer {
    #[serde(deserialize_with = "orders")]
    list: Vec<OrderRecord>,
}

impl Listed for OrdersAnswer {
    type Item = OrderRecord;

    fn items(self) -> Vec<OrderRecord> {
        self.list
    }
}

fn orders<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<OrderRecord>, D::Error> {
    let items = Option::<Vec<Box<RawValue>>>::deserialize(deserializer)?.unwrap_or_default();
    let records = items.into_iter().filter(|item| item.get() != "null").map(|item| {
        let head: Head = serde_json::from_str(item.get()).unwrap_or_default();
        OrderRecord { id: head.id.map(OrderId), json: item.get().into() }
    });
    Ok(records.collect())
}

impl Shopline {
    /// A page of a customer's orders: `GET customers/{id}/orders.json`. Which scope it needs is unknown: `read_customers`
    /// or `read_orders`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_customer_orders(
        &self,
        id: &CustomerId,
        list: &OrderList,
        page: Option<&PageInfo>,
    ) -> Result<Answered<Page<OrderRecord>>, Error> {
        let ids = [("id", id.as_str())];
        let ask = Ask::get(&ORDERS, "customers/{id}/orders.json").ids(&ids).query(list.query(page));
        self.paging::<OrdersAnswer>(ask).await
    }

    /// A customer's orders, page by page as they are asked for. An error ends the stream.
    pub fn customer_orders(
        &self,
        id: CustomerId,
        list: OrderList,
    ) -> impl Stream<Item = Result<OrderRecord, Error>> + Send + use<> {
        let client = self.clone();
        follow(ORDERS.name, move |page| {
            let (client, id, list) = (client.clone(), id.clone(), list.clone());
            async move { client.list_customer_orders(&id, &list, page.as_ref()).await }
        })
    }
}
