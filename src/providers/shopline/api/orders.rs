//! The orders of a customer.

use std::fmt;

use futures::Stream;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::super::PROVIDER;
use super::super::client::Shopline;
use super::super::operations::LIST_CUSTOMER_ORDERS;
use super::super::request::{CustomerId, OrderId};
use super::super::response::text;
use super::PageOf;
use crate::client::Response;
use crate::client::pages::{Cursor, Page, PageGuard, RowKey, stream};
use crate::client::query::Query;
use crate::error::{Effect, Error, ErrorKind};

/// The longest page of a customer's orders (documented).
const ORDERS_MAX: u16 = 100;

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

/// Which orders of a customer a list shows. With a cursor, the vendor takes all but limit and fields from the first
/// request (documented).
#[derive(Clone, Debug, Default)]
pub struct OrderQuery {
    /// How many rows a page holds: 1 to 100. Default: 100.
    pub limit: Option<u16>,
    /// Only these top-level keys of each row; all by default. Without `id`, only its cursor tells a page that repeats.
    pub fields: Vec<String>,
    /// Where the page starts; none for the first one.
    pub cursor: Option<Cursor>,
    /// Orders of this status.
    pub status: OrderStatus,
    /// Only orders after this one.
    pub since_id: Option<OrderId>,
}

impl OrderQuery {
    /// The vendor demands the status. Whether it does so on a page with a cursor is unknown, and it ignores every filter
    /// there (documented): it is always sent.
    fn written(&self) -> Result<Query, Error> {
        let mut query = Query::new();
        query.push(
            "status",
            match self.status {
                OrderStatus::Any => "any",
                OrderStatus::Open => "open",
                OrderStatus::Cancelled => "cancelled",
            },
        );
        let page = PageOf { max: ORDERS_MAX, limit: self.limit, fields: &self.fields, cursor: self.cursor.as_ref() };
        query.append(&page.query(&LIST_CUSTOMER_ORDERS, |query| query.push_some("since_id", self.since_id.as_ref()))?);
        Ok(query)
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
            Error::new(ErrorKind::Decode, Effect::NotSent)
                .with_provider(PROVIDER)
                .with_operation(LIST_CUSTOMER_ORDERS.name())
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

#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    #[serde(deserialize_with = "text")]
    id: Option<String>,
}

impl<'de> Deserialize<'de> for OrderRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let head: Head = serde_json::from_str(json.get()).unwrap_or_default();
        Ok(Self { id: head.id.map(OrderId::from), json: json.get().into() })
    }
}

fn row_key(record: &OrderRecord) -> RowKey<'_> {
    RowKey::of(record.id.as_ref().map(OrderId::as_str), record.json.as_bytes())
}

impl Shopline {
    /// Lists a page of a customer's orders: `GET customers/{id}/orders.json`. Which scope it needs is unknown:
    /// `read_customers` or `read_orders`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a cursor that the vendor cannot have written; else
    /// the vendor's refusal, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_customer_orders(
        &self,
        id: &CustomerId,
        query: &OrderQuery,
    ) -> Result<Response<Page<OrderRecord>>, Error> {
        let route = query.written()?.on("customers/{id}/orders.json");
        // The key is `list` (documented), not `orders`.
        self.read_page(self.to(&LIST_CUSTOMER_ORDERS, &route, &[("id", id.as_str())])?, "list").await
    }

    /// Streams the rows of [`list_customer_orders`](Self::list_customer_orders), page by page as they are asked for. An
    /// error ends the stream.
    pub fn customer_orders_stream(
        &self,
        id: &CustomerId,
        query: &OrderQuery,
    ) -> impl Stream<Item = Result<OrderRecord, Error>> + Send + use<> {
        let (client, id, query) = (self.clone(), id.clone(), query.clone());
        stream(&LIST_CUSTOMER_ORDERS, query.cursor.clone(), PageGuard::new(), row_key, move |cursor| {
            let (client, id, query) = (client.clone(), id.clone(), OrderQuery { cursor, ..query.clone() });
            async move { client.list_customer_orders(&id, &query).await }
        })
    }
}
