//! The native calls on customers.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures::FutureExt;
use futures::stream::BoxStream;
use http::Method;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};

use super::PROVIDER;
use super::account::Shoplazza;
use super::answer::{data, judge, judge_read};
use super::check::refuse;
use super::ids::CustomerId;
use super::paging::{DEFAULT_PAGE_SIZE, ListQuery, Page, checked, next_position, rows};
use super::shown::CustomerRecord;
use super::wire::{CustomerUpdate, NewCustomer, customer_body};
use crate::client::json::lenient::{lenient_bool, lenient_text};
use crate::client::{Call, HttpResponse, Operation, Outgoing, fill};
use crate::error::Error;
use crate::plan::Url;

pub(super) static LIST: Operation = Operation::bare_read("list_customers");
static GET: Operation = Operation::bare_read("get_customer");
static COUNT: Operation = Operation::bare_read("count_customers");
/// A repeat answers that the contact is taken, or makes a second customer: never sent twice without a look.
pub(super) static CREATE: Operation = Operation::bare_write("create_customer");
pub(super) static UPDATE: Operation = Operation::bare_idempotent_write("update_customer");
pub(super) static SCOPES: Operation = Operation::bare_read("list_access_scopes");

/// The answers' data. What is needed has to be there; the rest is optional.
#[derive(Deserialize)]
pub(super) struct Customers {
    /// Null is an empty list.
    #[serde(deserialize_with = "list")]
    pub(super) customers: Vec<CustomerRecord>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub(super) cursor: Option<String>,
    #[serde(default, deserialize_with = "lenient_bool")]
    pub(super) has_more: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct OneCustomer {
    pub(super) customer: CustomerRecord,
}

#[derive(Deserialize)]
struct Count {
    #[serde(deserialize_with = "whole")]
    count: u64,
}

#[derive(Deserialize)]
struct Scopes {
    #[serde(deserialize_with = "list")]
    access_scopes: Vec<Scope>,
}

#[derive(Deserialize)]
struct Scope {
    #[serde(default, deserialize_with = "lenient_text")]
    handle: Option<String>,
}

/// A list that has to be there, where null is an empty one. A row that cannot be read leaves the list unread: it may be
/// the one that is looked for.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A number that has to be there, also as a text.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = lenient_text(deserializer)?;
    text.and_then(|text| text.trim().parse().ok()).ok_or_else(|| D::Error::custom("no whole number"))
}

impl Shoplazza {
    /// The URL of a customer's place, where ids are given in braces.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0.prefix)
    }

    /// Sends a read, and reads its data.
    pub(super) async fn read<T: DeserializeOwned + Send>(
        &self,
        call: &mut Call<'_>,
        operation: &Operation,
        url: &Url,
    ) -> Result<T, Error> {
        let slot = Mutex::new(None);
        let out = Outgoing { operation, method: &Method::GET, url, headers: &self.0.bare, body: None };
        self.send(call, out, |response| judge_read(response, &slot)).await?;
        let data = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
        // A success without data is none: see `judge_read`.
        data.ok_or_else(|| call.finish(call.error(operation, crate::ErrorKind::Decode, crate::Effect::NotSent)))
    }

    /// Sends a write, in a call of its own.
    pub(super) async fn write(
        &self,
        operation: &Operation,
        method: &Method,
        url: &Url,
        body: Option<&Bytes>,
    ) -> Result<HttpResponse, Error> {
        let headers = if body.is_some() { &self.0.headers } else { &self.0.bare };
        let mut call = self.0.account.call();
        self.send(&mut call, Outgoing { operation, method, url, headers, body }, judge).await
    }

    /// The URL of a place below the customers.
    pub(super) fn at(
        &self,
        operation: &'static Operation,
        path: &str,
        ids: &[(&'static str, &str)],
    ) -> Result<Url, Error> {
        let filled = fill(&self.url(path), ids);
        filled.map(Url::from).map_err(|error| error.with_provider(PROVIDER).with_operation(operation.name))
    }

    /// Lists a page of customers: `GET customers`. [`customers`](Self::customers) reads all pages.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending for a length out of bounds, for a
    /// blank filter, and for a position of the other scheme, which the vendor would pass over; else as
    /// [`CustomerSink::find`](crate::CustomerSink::find).
    pub async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>, Error> {
        let version = self.0.version;
        let size = query.size.unwrap_or(DEFAULT_PAGE_SIZE);
        checked(version, &LIST, size, query.from.as_ref())?;
        refuse(&LIST, query.problems(version))?;
        let url = Url::from(self.url(&query.text(version)));
        let list: Customers = self.read(&mut self.0.account.call(), &LIST, &url).await?;
        let rows = list.customers.len();
        let next = next_position(version, size, rows, query.from.as_ref(), list.cursor, list.has_more);
        Ok(Page { rows: list.customers, next })
    }

    /// All customers that a query lists, page after page as they are asked for, from
    /// [`from`](ListQuery::from) on. Ask for pages of [`MAX_PAGE_SIZE`](super::MAX_PAGE_SIZE) where all are wanted: each page is a request.
    ///
    /// The order is unknown, and so is what becomes of a list that grows while it is read: before 2025-06 a customer may
    /// then come twice. The stream ends with the first error; it is one, too, where the list leads in circles
    /// ([`ErrorKind::Decode`](crate::ErrorKind::Decode)).
    pub fn customers(&self, query: &ListQuery) -> BoxStream<'static, Result<CustomerRecord, Error>> {
        let (client, query) = (self.clone(), query.clone());
        let (size, start) = (query.size.unwrap_or(DEFAULT_PAGE_SIZE), query.from.clone());
        let read = move |from| {
            let (client, query) = (client.clone(), ListQuery { from, ..query.clone() });
            async move { client.list_customers(&query).await }.boxed()
        };
        rows(&LIST, size, start, Box::new(read), CustomerRecord::id)
    }

    /// Reads a customer: `GET customers/{id}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an id that the vendor does not know; else as
    /// [`CustomerSink::find`](crate::CustomerSink::find).
    pub async fn customer(&self, id: &CustomerId) -> Result<CustomerRecord, Error> {
        let url = self.at(&GET, "/{id}", &[("id", id.as_str())])?;
        self.read(&mut self.0.account.call(), &GET, &url).await.map(|found: OneCustomer| found.customer)
    }

    /// Counts the customers of the shop: `GET customers/count`.
    ///
    /// # Errors
    ///
    /// As [`CustomerSink::find`](crate::CustomerSink::find).
    pub async fn count_customers(&self) -> Result<u64, Error> {
        let url = Url::from(&self.0.count);
        self.read(&mut self.0.account.call(), &COUNT, &url).await.map(|found: Count| found.count)
    }

    /// Creates a customer: `POST customers`. A success whose body cannot be read is a record with nothing in it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending for a missing contact, a phone without
    /// its calling code, a password that is too short or not confirmed, an address without country and code (before
    /// 2025-06 without names, too), and before 2025-06 a tag with a comma. [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) where e-mail or phone is
    /// taken. After a time-out or a broken connection the effect is unknown: look before creating again.
    pub async fn create_customer(&self, customer: &NewCustomer<'_>) -> Result<CustomerRecord, Error> {
        let version = self.0.version;
        refuse(&CREATE, customer.problems(version))?;
        let body = if customer.password.is_some() && customer.registered_at.is_none() {
            // Without it nobody can sign in with the password.
            let registered_at = Some(self.0.account.connector.clock().utc());
            customer_body(&NewCustomer { registered_at, ..customer.clone() }.wire(version))?
        } else {
            customer_body(&customer.wire(version))?
        };
        let answer = self.write(&CREATE, &Method::POST, &Url::from(&self.0.customers), Some(&body)).await?;
        Ok(data(&answer.body).map(|made: OneCustomer| made.customer).unwrap_or_default())
    }

    /// Updates a customer: `PUT customers/{id}`. A success whose body cannot be read is a record with nothing in it.
    ///
    /// Send both consents: what the vendor takes a missing one for is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending for an update that changes nothing, and
    /// before 2025-06 for a tag with a comma. [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an id that the vendor
    /// does not know; else as [`CustomerSink::upsert_with`](crate::CustomerSink::upsert_with).
    pub async fn update_customer(&self, id: &CustomerId, update: &CustomerUpdate<'_>) -> Result<CustomerRecord, Error> {
        let url = self.at(&UPDATE, "/{id}", &[("id", id.as_str())])?;
        refuse(&UPDATE, update.problems(self.0.version))?;
        let body = customer_body(&update.wire(self.0.version))?;
        let answer = self.write(&UPDATE, &Method::PUT, &url, Some(&body)).await?;
        Ok(data(&answer.body).map(|made: OneCustomer| made.customer).unwrap_or_default())
    }

    /// The scopes that the token has: `GET oauth/access_scopes`.
    ///
    /// # Errors
    ///
    /// As [`CustomerSink::check`](crate::CustomerSink::check).
    pub async fn access_scopes(&self) -> Result<Vec<String>, Error> {
        let url = Url::from(&self.0.scopes);
        let found: Scopes = self.read(&mut self.0.account.call(), &SCOPES, &url).await?;
        Ok(found.access_scopes.into_iter().filter_map(|scope| scope.handle).collect())
    }
}
