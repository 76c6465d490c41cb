//! The orders of a customer.

use futures::Stream;

use super::super::client::Shopline;
use super::super::operations::LIST_CUSTOMER_ORDERS;
use super::super::request::{CustomerId, OrderId};
use super::PageOf;
use crate::client::Response;
use crate::client::json::raw::record;
use crate::client::pages::{Cursor, Page, PageGuard, RowKey, stream};
use crate::client::query::Query;
use crate::error::Error;

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
    /// Only these top-level keys of each row; all by default.
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

record! {
    /// An order, as the vendor shows it: orders are a group of their own, of which this crate knows the id alone. `raw`
    /// holds the rest.
    OrderRecord {
        /// The vendor's id.
        id: Option<OrderId>,
    }
}

fn row_key(record: &OrderRecord) -> RowKey<'_> {
    RowKey::of(record.id.as_ref().map(OrderId::as_str), record.raw.as_str().as_bytes())
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
