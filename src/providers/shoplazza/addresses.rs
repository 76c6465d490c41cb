//! The native calls on a customer's addresses.

use futures::FutureExt;
use futures::stream::BoxStream;
use http::Method;
use serde::Deserialize;

use super::account::Shoplazza;
use super::answer::{data, judge};
use super::check::refuse;
use super::client::list;
use super::ids::{AddressId, CustomerId};
use super::paging::{Page, Position, checked, from_position, next_position, rows};
use super::shown::AddressRecord;
use super::wire::{AddressFields, address_body};
use crate::client::json::lenient::{lenient_bool, lenient_text};
use crate::client::{Call, Operation, Outgoing};
use crate::error::{Error, ErrorKind};
use crate::plan::Url;

pub(super) static LIST_ADDRESSES: Operation = Operation::bare_read("list_addresses");
static GET_ADDRESS: Operation = Operation::bare_read("get_address");
/// A repeat makes a second one.
pub(super) static CREATE_ADDRESS: Operation = Operation::bare_write("create_address");
pub(super) static UPDATE_ADDRESS: Operation = Operation::bare_idempotent_write("update_address");
static DELETE_ADDRESS: Operation = Operation::bare_idempotent_write("delete_address");
pub(super) static SET_DEFAULT_ADDRESS: Operation = Operation::bare_idempotent_write("set_default_address");

/// The answers' data.
#[derive(Deserialize)]
struct Addresses {
    /// Null is an empty list.
    #[serde(deserialize_with = "list")]
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

impl Shoplazza {
    /// Lists a page of a customer's addresses: `GET customers/{id}/addresses`, `size` on it (1 to
    /// [`MAX_PAGE_SIZE`](super::MAX_PAGE_SIZE)). [`addresses`](Self::addresses) reads all pages.
    ///
    /// # Errors
    ///
    /// As [`customer`](Self::customer) and [`list_customers`](Self::list_customers).
    pub async fn list_addresses(
        &self,
        id: &CustomerId,
        size: u16,
        from: Option<&Position>,
    ) -> Result<Page<AddressRecord>, Error> {
        checked(self.0.version, &LIST_ADDRESSES, size, from)?;
        let path = format!("/{{id}}/addresses?{}={size}", self.0.version.page_size_key());
        let url = self.at(&LIST_ADDRESSES, &path, &[("id", id.as_str())])?;
        self.page_of_addresses(&mut self.0.account.call(), url.as_str(), size, from).await
    }

    /// All addresses of a customer, page after page of `size` as they are asked for.
    ///
    /// The stream ends with the first error; it is one, too, where the list leads in circles
    /// ([`ErrorKind::Decode`]).
    pub fn addresses(&self, id: &CustomerId, size: u16) -> BoxStream<'static, Result<AddressRecord, Error>> {
        let (client, id) = (self.clone(), id.clone());
        let read = move |from: Option<Position>| {
            let (client, id) = (client.clone(), id.clone());
            async move { client.list_addresses(&id, size, from.as_ref()).await }.boxed()
        };
        rows(&LIST_ADDRESSES, size, None, Box::new(read), AddressRecord::id)
    }

    pub(super) async fn page_of_addresses(
        &self,
        call: &mut Call<'_>,
        url: &str,
        size: u16,
        from: Option<&Position>,
    ) -> Result<Page<AddressRecord>, Error> {
        let url = Url::from(from_position(url, from));
        let list: Addresses = self.read(call, &LIST_ADDRESSES, &url).await?;
        let rows = list.addresses.len();
        let next = next_position(self.0.version, size, rows, from, list.cursor, list.has_more);
        Ok(Page { rows: list.addresses, next })
    }

    /// Reads an address: `GET customers/{id}/addresses/{address_id}`.
    ///
    /// # Errors
    ///
    /// As [`customer`](Self::customer).
    pub async fn address(&self, id: &CustomerId, address_id: &AddressId) -> Result<AddressRecord, Error> {
        let url = self.at_address(&GET_ADDRESS, "", id, address_id)?;
        self.read(&mut self.0.account.call(), &GET_ADDRESS, &url).await.map(|found: OneAddress| found.address)
    }

    /// Adds an address: `POST customers/{id}/addresses`. A success whose body cannot be read is a record with nothing in
    /// it.
    ///
    /// Send names, both lines (an empty second one, too), country and its code: before 2025-06 the vendor's pages disagree
    /// on which of them it requires, and only on the country they agree; from then on it is country and code.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] before sending for a missing country, and from 2025-06 for a missing code; else as
    /// [`update_customer`](Self::update_customer). After a time-out or a broken connection the effect is unknown.
    pub async fn create_address(&self, id: &CustomerId, address: &AddressFields<'_>) -> Result<AddressRecord, Error> {
        let url = self.at(&CREATE_ADDRESS, "/{id}/addresses", &[("id", id.as_str())])?;
        refuse(&CREATE_ADDRESS, address.problems(self.0.version))?;
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
        id: &CustomerId,
        address_id: &AddressId,
        address: &AddressFields<'_>,
    ) -> Result<AddressRecord, Error> {
        let url = self.at_address(&UPDATE_ADDRESS, "", id, address_id)?;
        let body = address_body(self.0.version, address)?;
        let answer = self.write(&UPDATE_ADDRESS, &Method::PUT, &url, Some(&body)).await?;
        Ok(data(&answer.body).map(|made: OneAddress| made.address).unwrap_or_default())
    }

    /// Deletes an address: `DELETE customers/{id}/addresses/{address_id}`. Which one is the default afterwards, where it
    /// was this one, is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an address that the vendor does not know, unless an earlier attempt of this call may
    /// have deleted it: then it is a success. Else as [`update_customer`](Self::update_customer).
    pub async fn delete_address(&self, id: &CustomerId, address_id: &AddressId) -> Result<(), Error> {
        let url = self.at_address(&DELETE_ADDRESS, "", id, address_id)?;
        let (operation, headers) = (&DELETE_ADDRESS, &self.0.bare);
        let out = Outgoing { operation, method: &Method::DELETE, url: &url, headers, body: None };
        let mut call = self.0.account.call();
        match self.send(&mut call, out, judge).await {
            Err(error) if error.kind() == ErrorKind::NotFound && call.had_unknown_attempt() => Ok(()),
            answered => answered.map(drop),
        }
    }

    /// Makes an address the customer's default: `PUT customers/{id}/addresses/{address_id}/default`, without a body.
    ///
    /// # Errors
    ///
    /// As [`update_customer`](Self::update_customer).
    pub async fn set_default_address(&self, id: &CustomerId, address_id: &AddressId) -> Result<(), Error> {
        let url = self.at_address(&SET_DEFAULT_ADDRESS, "/default", id, address_id)?;
        self.write(&SET_DEFAULT_ADDRESS, &Method::PUT, &url, None).await.map(drop)
    }

    fn at_address(
        &self,
        operation: &'static Operation,
        end: &str,
        id: &CustomerId,
        address_id: &AddressId,
    ) -> Result<Url, Error> {
        let path = format!("/{{id}}/addresses/{{address_id}}{end}");
        self.at(operation, &path, &[("id", id.as_str()), ("address_id", address_id.as_str())])
    }
}
