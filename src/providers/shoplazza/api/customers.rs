//! The native calls on customers.

use std::fmt;

use chrono::{DateTime, Utc};
use futures::Stream;

use super::super::client::Shoplazza;
use super::super::error::check;
use super::super::operations::{
    COUNT_CUSTOMERS, CREATE_CUSTOMER, GET_CUSTOMER, LIST_ACCESS_SCOPES, LIST_CUSTOMERS, UPDATE_CUSTOMER,
};
use super::super::request::{CustomerId, CustomerInput, CustomerUpdateInput, DEFAULT_PAGE_SIZE, Dialect, UtcSeconds};
use super::super::response::{AccessScopes, Count, CustomerRecord, CustomerRows, OneCustomer, data};
use super::{check_page, found};
use crate::client::api::ApiClient;
use crate::client::pages::{self, Cursor, Page};
use crate::client::query::Query;
use crate::client::response::{decode, decode_lossy};
use crate::client::validate::Validation;
use crate::client::{HttpResponse, Response};
use crate::customer::is_blank;
use crate::error::Error;

/// Which customers to list. The vendor ignores a filter that it does not know (seen): check what comes back. A blank
/// filter is refused, since it may be ignored as well.
#[derive(Clone, Default)]
pub struct CustomerQuery {
    /// How many on a page: 1 to [`MAX_PAGE_SIZE`](super::super::MAX_PAGE_SIZE) (documented). Default: the vendor's 10.
    pub size: Option<u16>,
    /// Where the page starts: before 2025-06 its number as text, from then on the vendor's cursor. Default: at the
    /// beginning.
    pub cursor: Option<Cursor>,
    /// These ids only.
    pub ids: Vec<CustomerId>,
    /// This e-mail address only. Whether case counts is unknown.
    pub email: Option<String>,
    /// This e-mail address or phone number only.
    pub contact: Option<String>,
    /// Created at this time or later.
    pub created_at_min: Option<DateTime<Utc>>,
    /// Created at this time or earlier.
    pub created_at_max: Option<DateTime<Utc>>,
    /// Changed at this time or later.
    pub updated_at_min: Option<DateTime<Utc>>,
    /// Changed at this time or earlier.
    pub updated_at_max: Option<DateTime<Utc>>,
}

/// Shows size and position: the rest may hold personal data.
impl fmt::Debug for CustomerQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("CustomerQuery");
        shown.field("size", &self.size).field("cursor", &self.cursor).finish_non_exhaustive()
    }
}

impl CustomerQuery {
    fn page_size(&self) -> u16 {
        self.size.unwrap_or(DEFAULT_PAGE_SIZE)
    }

    fn validate(&self, dialect: Dialect) -> Result<(), Error> {
        let mut checks = Validation::new(&LIST_CUSTOMERS);
        check_page(&mut checks, dialect, self.page_size(), self.cursor.as_ref());
        checks.each("ids", &self.ids, |checks, id| {
            let is_split = !dialect.is_2025_06_or_newer() && id.as_str().contains(',');
            checks.check(!is_blank(id.as_str()) && !is_split, "", "is no id");
        });
        checks.not_blank("email", self.email.as_deref());
        checks.not_blank("contact", self.contact.as_deref());
        checks.finish()
    }

    fn written(&self, dialect: Dialect) -> Query {
        let mut query = dialect.page_query(self.page_size());
        let ids = self.ids.iter().map(CustomerId::as_str);
        if dialect.is_2025_06_or_newer() {
            query.list("ids", ids);
        } else if !self.ids.is_empty() {
            query.push("ids", ids.collect::<Vec<_>>().join(","));
        }
        query.push_some("email", self.email.as_deref());
        query.push_some("contact", self.contact.as_deref());
        query.push_some("created_at_min", self.created_at_min.map(UtcSeconds));
        query.push_some("created_at_max", self.created_at_max.map(UtcSeconds));
        query.push_some("updated_at_min", self.updated_at_min.map(UtcSeconds));
        query.push_some("updated_at_max", self.updated_at_max.map(UtcSeconds));
        dialect.start_at(&mut query, self.cursor.as_ref());
        query
    }
}

fn written_customer(response: &HttpResponse) -> Option<CustomerRecord> {
    data(&response.body).map(|written: OneCustomer| written.customer)
}

impl Shoplazza {
    /// Lists a page of customers: `GET customers`. [`customers_stream`](Self::customers_stream) reads all pages.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending for a length out of bounds, a blank
    /// filter, and before 2025-06 a cursor that is no page number; else as
    /// [`CustomerSink::find`](crate::CustomerSink::find).
    pub async fn list_customers(&self, query: &CustomerQuery) -> Result<Response<Page<CustomerRecord>>, Error> {
        let dialect = self.0.choices.dialect;
        query.validate(dialect)?;
        let url = query.written(dialect).on(self.0.urls.customers.as_str());
        let page = |rows: CustomerRows| rows.into_page(dialect, query.page_size(), query.cursor.as_ref());
        let read = decode(check, |response| data(&response.body).map(page));
        self.fetch(self.request(&LIST_CUSTOMERS, url, None), read).await
    }

    /// All customers that a query lists, page after page as they are asked for, from
    /// [`cursor`](CustomerQuery::cursor) on. Ask for pages of [`MAX_PAGE_SIZE`](super::super::MAX_PAGE_SIZE) where all are wanted: each page is
    /// a request.
    ///
    /// The order is unknown, and so is what becomes of a list that grows while it is read: before 2025-06 a customer may
    /// then come twice. The stream ends with the first error, among them a list that never ends
    /// ([`ErrorKind::Decode`](crate::ErrorKind::Decode)).
    pub fn customers_stream(
        &self,
        query: &CustomerQuery,
    ) -> impl Stream<Item = Result<CustomerRecord, Error>> + Send + use<> {
        let (client, query) = (self.clone(), query.clone());
        let (start, guard) = (query.cursor.clone(), self.0.choices.dialect.guard(query.page_size()));
        pages::stream(&LIST_CUSTOMERS, start, guard, CustomerRecord::row_key, move |cursor| {
            let (client, query) = (client.clone(), CustomerQuery { cursor, ..query.clone() });
            async move { client.list_customers(&query).await }
        })
    }

    /// Reads a customer: `GET customers/{id}`; none for an id that the vendor does not know. A retired version of the
    /// API answers the same to every id.
    ///
    /// # Errors
    ///
    /// As [`CustomerSink::find`](crate::CustomerSink::find).
    pub async fn get_customer(&self, id: &CustomerId) -> Result<Option<Response<CustomerRecord>>, Error> {
        let request = self.request(&GET_CUSTOMER, &self.0.urls.customer, None).with_ids(&[("id", id.as_str())])?;
        found(self.fetch(request, decode(check, written_customer)).await)
    }

    /// Counts the customers of the shop: `GET customers/count`.
    ///
    /// # Errors
    ///
    /// As [`CustomerSink::find`](crate::CustomerSink::find).
    pub async fn count_customers(&self) -> Result<Response<u64>, Error> {
        let read = decode(check, |response| data(&response.body).map(|found: Count| found.count));
        self.fetch(self.request(&COUNT_CUSTOMERS, &self.0.urls.count, None), read).await
    }

    /// Creates a customer: `POST customers`. A success whose body cannot be read is a record with nothing in it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending for a missing contact, a phone without
    /// its calling code, a password that is too short or not confirmed, an address without country and code (before
    /// 2025-06 also one without names), and before 2025-06 a tag with a comma.
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) where e-mail or phone is taken. After a time-out or a broken
    /// connection the effect is unknown: look before creating again.
    pub async fn create_customer(&self, customer: &CustomerInput<'_>) -> Result<Response<CustomerRecord>, Error> {
        let dialect = self.0.choices.dialect;
        customer.validate(dialect)?;
        // Without it the customer cannot sign in with the password.
        let now = customer.password.as_ref().map(|_| self.0.account.connector.clock().utc());
        let registered_at = customer.registered_at.or(now);
        let body = CustomerInput { registered_at, ..customer.clone() }.body(dialect)?;
        let request = self.request(&CREATE_CUSTOMER, &self.0.urls.customers, Some(body));
        self.fetch(request, decode_lossy(check, written_customer)).await
    }

    /// Updates a customer: `PUT customers/{id}`. A success whose body cannot be read is a record with nothing in it.
    ///
    /// Send both consents: what the vendor takes a missing one for is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending for an update that changes nothing, and
    /// before 2025-06 for a tag with a comma. [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an id that the
    /// vendor does not know; else as [`CustomerSink::upsert_with`](crate::CustomerSink::upsert_with).
    pub async fn update_customer(
        &self,
        id: &CustomerId,
        update: &CustomerUpdateInput<'_>,
    ) -> Result<Response<CustomerRecord>, Error> {
        update.validate(self.0.choices.dialect)?;
        let body = update.body(self.0.choices.dialect)?;
        let request = self.request(&UPDATE_CUSTOMER, &self.0.urls.customer, Some(body));
        self.fetch(request.with_ids(&[("id", id.as_str())])?, decode_lossy(check, written_customer)).await
    }

    /// Lists the scopes that the token has: `GET oauth/access_scopes`.
    ///
    /// # Errors
    ///
    /// As [`CustomerSink::check`](crate::CustomerSink::check).
    pub async fn list_access_scopes(&self) -> Result<Response<Vec<String>>, Error> {
        let handles =
            |scopes: AccessScopes| scopes.access_scopes.into_iter().filter_map(|scope| scope.handle).collect();
        let read = decode(check, |response| data(&response.body).map(handles));
        self.fetch(self.request(&LIST_ACCESS_SCOPES, &self.0.urls.scopes, None), read).await
    }
}
