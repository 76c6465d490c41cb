//! The native calls.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Method;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::PROVIDER;
use super::account::Shoplazza;
use super::answer::{data, judge, judge_read};
use super::shown::{AddressRecord, CustomerRecord};
use super::wire::{AddressFields, ContactType, CustomerUpdate, NewCustomer, Utcs, address_body, customer_body};
use crate::error::{Error, FieldError};
use crate::http::{Call, HttpResponse, Operation, Outgoing, fill, query_value};
use crate::plan::Url;
use crate::providers::lenient::{lenient_bool, lenient_text};

pub(super) static LIST: Operation = Operation::read("list_customers");
static GET: Operation = Operation::read("get_customer");
static COUNT: Operation = Operation::read("count_customers");
/// A repeat answers that the contact is taken, or makes a second customer: never sent twice without a look.
pub(super) static CREATE: Operation = Operation::write("create_customer");
pub(super) static UPDATE: Operation = Operation::idempotent_write("update_customer");
pub(super) static LIST_ADDRESSES: Operation = Operation::read("list_addresses");
pub(super) static CREATE_ADDRESS: Operation = Operation::write("create_address");
pub(super) static UPDATE_ADDRESS: Operation = Operation::idempotent_write("update_address");
pub(super) static SET_DEFAULT_ADDRESS: Operation = Operation::idempotent_write("set_default_address");
pub(super) static SCOPES: Operation = Operation::read("list_access_scopes");

/// Where a page starts: a page number before 2025-06, a cursor of the vendor's from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Position {
    /// Counted from 1.
    Page(u32),
    /// Opaque.
    Cursor(String),
}

/// One page of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// What stands on it.
    pub rows: Vec<T>,
    /// Where the next one starts; none at the end. Before 2025-06 the vendor does not tell the end: a page that is not
    /// short may be followed by an empty one.
    pub next: Option<Position>,
}

/// Which customers to list. The vendor passes over a filter that it does not know (seen): check what comes back.
#[derive(Clone, Default)]
pub struct ListQuery {
    /// How many on a page: 1 to 250 (documented). Default: the vendor's 10.
    pub size: Option<u16>,
    /// Where the page starts. Default: at the beginning.
    pub from: Option<Position>,
    /// These ids only.
    pub ids: Vec<String>,
    /// This e-mail address only. Whether case counts is unknown.
    pub email: Option<String>,
    /// This e-mail address or phone number only.
    pub contact: Option<String>,
    /// Made at this time or later.
    pub created_at_min: Option<DateTime<Utc>>,
    /// Made at this time or earlier.
    pub created_at_max: Option<DateTime<Utc>>,
    /// Changed at this time or later.
    pub updated_at_min: Option<DateTime<Utc>>,
    /// Changed at this time or earlier.
    pub updated_at_max: Option<DateTime<Utc>>,
}

/// Shows size and position: the rest may hold a person's data.
impl std::fmt::Debug for ListQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListQuery").field("size", &self.size).field("from", &self.from).finish_non_exhaustive()
    }
}

/// The answers' data. What is needed has to be there; the rest is optional.
#[derive(Deserialize)]
pub(super) struct Customers {
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
struct Addresses {
    addresses: Vec<AddressRecord>,
    #[serde(default, deserialize_with = "lenient_text")]
    cursor: Option<String>,
    #[serde(default, deserialize_with = "lenient_bool")]
    has_more: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct OneAddress {
    pub(super) address: AddressRecord,
}

#[derive(Deserialize)]
struct Count {
    count: u64,
}

#[derive(Deserialize)]
struct Scopes {
    access_scopes: Vec<Scope>,
}

#[derive(Deserialize)]
struct Scope {
    #[serde(default, deserialize_with = "lenient_text")]
    handle: Option<String>,
}

/// The vendor's own page length where none is asked for (documented). A page shorter than this is the last, even where
/// the vendor passes over the length that was asked for.
const DEFAULT_PAGE: usize = 10;

/// Where the page after one of `rows` rows starts.
pub(super) fn next_position(
    is_later: bool,
    rows: usize,
    from: Option<&Position>,
    cursor: Option<String>,
    has_more: Option<bool>,
) -> Option<Position> {
    if is_later {
        // At the end `has_more` is false or null (seen). A cursor that repeats would go in circles.
        let cursor = cursor.filter(|cursor| has_more == Some(true) && !cursor.is_empty())?;
        let next = Position::Cursor(cursor);
        return (from != Some(&next)).then_some(next);
    }
    let page = match from {
        Some(Position::Page(page)) => *page,
        _ => 1,
    };
    (rows >= DEFAULT_PAGE).then(|| Position::Page(page.saturating_add(1)))
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
        call.send(out, |response| judge_read(response, &slot)).await?;
        let data = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
        // A success without data is none: see `judge_read`.
        data.ok_or_else(|| call.finish(call.error(operation, crate::ErrorKind::Decode, crate::Effect::NotSent)))
    }

    async fn write(
        &self,
        operation: &Operation,
        method: &Method,
        url: &Url,
        body: Option<&Bytes>,
    ) -> Result<HttpResponse, Error> {
        let headers = if body.is_some() { &self.0.headers } else { &self.0.bare };
        let mut call = self.0.account.call();
        call.send(Outgoing { operation, method, url, headers, body }, judge).await
    }

    fn at(&self, operation: &'static Operation, path: &str, ids: &[(&'static str, &str)]) -> Result<Url, Error> {
        let filled = fill(&self.url(path), ids);
        filled.map(Url::from).map_err(|error| error.with_provider(PROVIDER).with_operation(operation.name))
    }

    /// Lists customers: `GET customers`.
    ///
    /// # Errors
    ///
    /// As [`CustomerSink::find`](crate::CustomerSink::find).
    pub async fn list_customers(&self, query: &ListQuery) -> Result<Page<CustomerRecord>, Error> {
        let url = Url::from(self.url(&query.text(self.0.version.is_later(), self.0.version.page_size_key())));
        let list: Customers = self.read(&mut self.0.account.call(), &LIST, &url).await?;
        let (is_later, rows) = (self.0.version.is_later(), list.customers.len());
        let next = next_position(is_later, rows, query.from.as_ref(), list.cursor, list.has_more);
        Ok(Page { rows: list.customers, next })
    }

    /// Reads a customer: `GET customers/{id}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an id that the vendor does not know; else as
    /// [`CustomerSink::find`](crate::CustomerSink::find).
    pub async fn customer(&self, id: &str) -> Result<CustomerRecord, Error> {
        let url = self.at(&GET, "/{id}", &[("id", id)])?;
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
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending for a missing contact, or a password
    /// that is too short or not confirmed. [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) where e-mail or phone is
    /// taken. After a time-out or a broken connection the effect is unknown: look before creating again.
    pub async fn create_customer(&self, customer: &NewCustomer<'_>) -> Result<CustomerRecord, Error> {
        let problems = customer.problems();
        if !problems.is_empty() {
            return Err(Error::invalid_record(problems).with_provider(PROVIDER).with_operation(CREATE.name));
        }
        let body = if customer.password.is_some() && customer.registered_at.is_none() {
            // Without it nobody can sign in with the password.
            let registered_at = Some(self.0.account.connector.clock().utc());
            customer_body(&NewCustomer { registered_at, ..customer.clone() })?
        } else {
            customer_body(customer)?
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
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an id that the vendor does not know; else as
    /// [`CustomerSink::upsert_with`](crate::CustomerSink::upsert_with).
    pub async fn update_customer(&self, id: &str, update: &CustomerUpdate<'_>) -> Result<CustomerRecord, Error> {
        let url = self.at(&UPDATE, "/{id}", &[("id", id)])?;
        let answer = self.write(&UPDATE, &Method::PUT, &url, Some(&customer_body(update)?)).await?;
        Ok(data(&answer.body).map(|made: OneCustomer| made.customer).unwrap_or_default())
    }

    /// Lists a customer's addresses: `GET customers/{id}/addresses`, `size` (1 to 250) on a page.
    ///
    /// # Errors
    ///
    /// As [`customer`](Self::customer).
    pub async fn list_addresses(
        &self,
        id: &str,
        size: u16,
        from: Option<&Position>,
    ) -> Result<Page<AddressRecord>, Error> {
        let path = format!("/{{id}}/addresses?{}={size}", self.0.version.page_size_key());
        let url = self.at(&LIST_ADDRESSES, &path, &[("id", id)])?;
        self.page_of_addresses(&mut self.0.account.call(), url.as_str(), from).await
    }

    pub(super) async fn page_of_addresses(
        &self,
        call: &mut Call<'_>,
        url: &str,
        from: Option<&Position>,
    ) -> Result<Page<AddressRecord>, Error> {
        let url = Url::from(from_position(url, from));
        let list: Addresses = self.read(call, &LIST_ADDRESSES, &url).await?;
        let rows = list.addresses.len();
        let next = next_position(self.0.version.is_later(), rows, from, list.cursor, list.has_more);
        Ok(Page { rows: list.addresses, next })
    }

    /// Adds an address: `POST customers/{id}/addresses`. A success whose body cannot be read is a record with nothing in
    /// it.
    ///
    /// # Errors
    ///
    /// As [`update_customer`](Self::update_customer). After a time-out or a broken connection the effect is unknown.
    pub async fn create_address(&self, id: &str, address: &AddressFields<'_>) -> Result<AddressRecord, Error> {
        let url = self.at(&CREATE_ADDRESS, "/{id}/addresses", &[("id", id)])?;
        let body = address_body(self.0.version, address)?;
        let answer = self.write(&CREATE_ADDRESS, &Method::POST, &url, Some(&body)).await?;
        Ok(data(&answer.body).map(|made: OneAddress| made.address).unwrap_or_default())
    }

    /// Changes an address: `PUT customers/{id}/addresses/{address_id}`; what is left out stays (documented). To make it
    /// the default, use [`set_default_address`](Self::set_default_address): the vendor warns against doing it here.
    ///
    /// # Errors
    ///
    /// As [`update_customer`](Self::update_customer).
    pub async fn update_address(
        &self,
        id: &str,
        address_id: &str,
        address: &AddressFields<'_>,
    ) -> Result<AddressRecord, Error> {
        let ids = [("id", id), ("address_id", address_id)];
        let url = self.at(&UPDATE_ADDRESS, "/{id}/addresses/{address_id}", &ids)?;
        let body = address_body(self.0.version, address)?;
        let answer = self.write(&UPDATE_ADDRESS, &Method::PUT, &url, Some(&body)).await?;
        Ok(data(&answer.body).map(|made: OneAddress| made.address).unwrap_or_default())
    }

    /// Makes an address the customer's default: `PUT customers/{id}/addresses/{address_id}/default`, without a body.
    ///
    /// # Errors
    ///
    /// As [`update_customer`](Self::update_customer).
    pub async fn set_default_address(&self, id: &str, address_id: &str) -> Result<(), Error> {
        let ids = [("id", id), ("address_id", address_id)];
        let url = self.at(&SET_DEFAULT_ADDRESS, "/{id}/addresses/{address_id}/default", &ids)?;
        self.write(&SET_DEFAULT_ADDRESS, &Method::PUT, &url, None).await.map(drop)
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

/// A URL that has a query already, at a position of its list.
pub(super) fn from_position(url: &str, from: Option<&Position>) -> String {
    match from {
        None => url.to_owned(),
        Some(Position::Page(page)) => format!("{url}&page={page}"),
        Some(Position::Cursor(cursor)) => format!("{url}&cursor={}", query_value(cursor)),
    }
}

impl ListQuery {
    fn text(&self, is_later: bool, size_key: &str) -> String {
        let mut text = format!("?{size_key}={}", self.size.unwrap_or(10));
        let mut add = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                // Writing to a String cannot fail.
                let _ = write!(text, "&{key}={}", query_value(&value));
            }
        };
        if is_later {
            self.ids.iter().for_each(|id| add("ids", Some(id.clone())));
        } else {
            add("ids", (!self.ids.is_empty()).then(|| self.ids.join(",")));
        }
        add("email", self.email.clone());
        add("contact", self.contact.clone());
        for (key, at) in [
            ("created_at_min", self.created_at_min),
            ("created_at_max", self.created_at_max),
            ("updated_at_min", self.updated_at_min),
            ("updated_at_max", self.updated_at_max),
        ] {
            add(key, at.map(|at| Utcs(at).to_string()));
        }
        from_position(&text, self.from.as_ref())
    }
}

impl NewCustomer<'_> {
    /// What the vendor would refuse, as far as it is documented.
    fn problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        let (field, contact) = match self.contact_type {
            ContactType::Email => ("email", &self.email),
            ContactType::Phone => ("phone", &self.phone),
        };
        if contact.as_deref().is_none_or(|text| text.trim().is_empty()) {
            problems.push(FieldError::new(field, "is required by the contact type"));
        }
        if let Some(password) = &self.password {
            let text = password.password.expose_secret();
            if text.chars().count() < 6 {
                problems.push(FieldError::new("password", "needs at least 6 characters"));
            }
            if text != password.confirmation.expose_secret() {
                problems.push(FieldError::new("password_confirmation", "has to be the same as the password"));
            }
        }
        problems
    }
}
