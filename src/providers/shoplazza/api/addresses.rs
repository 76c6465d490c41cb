//! The native calls on a customer's addresses.

use bytes::Bytes;
use futures::Stream;

use super::super::client::Shoplazza;
use super::super::error::check;
use super::super::operations::{
    CREATE_ADDRESS, DELETE_ADDRESS, GET_ADDRESS, LIST_ADDRESSES, SET_DEFAULT_ADDRESS, UPDATE_ADDRESS,
};
use super::super::request::{AddressId, AddressInput, CustomerId, DEFAULT_PAGE_SIZE};
use super::super::response::{AddressRecord, AddressRows, OneAddress, data};
use super::{check_page, found};
use crate::client::api::ApiClient;
use crate::client::pages::{self, Cursor, Page};
use crate::client::response::{decode, decode_lossy};
use crate::client::validate::Validation;
use crate::client::{HttpResponse, Response};
use crate::error::{Error, ErrorKind};

/// Which page of a customer's addresses to list.
#[derive(Clone, Debug, Default)]
pub struct AddressQuery {
    /// How many on a page: 1 to [`MAX_PAGE_SIZE`](super::super::MAX_PAGE_SIZE) (documented). Default: the vendor's 10.
    pub size: Option<u16>,
    /// Where the page starts: before 2025-06 its number as text, from then on the vendor's cursor. Default: at the
    /// beginning.
    pub cursor: Option<Cursor>,
}

fn written_address(response: &HttpResponse) -> Option<AddressRecord> {
    data(&response.body).map(|written: OneAddress| written.address)
}

fn ids<'a>(id: &'a CustomerId, address_id: &'a AddressId) -> [(&'static str, &'a str); 2] {
    [("id", id.as_str()), ("address_id", address_id.as_str())]
}

impl Shoplazza {
    /// Lists a page of a customer's addresses: `GET customers/{id}/addresses`.
    /// [`addresses_stream`](Self::addresses_stream) reads all pages.
    ///
    /// # Errors
    ///
    /// As [`list_customers`](Self::list_customers); [`ErrorKind::NotFound`] for an id that the vendor does not know.
    pub async fn list_addresses(
        &self,
        id: &CustomerId,
        query: &AddressQuery,
    ) -> Result<Response<Page<AddressRecord>>, Error> {
        let (dialect, size) = (self.0.choices.dialect, query.size.unwrap_or(DEFAULT_PAGE_SIZE));
        let mut checks = Validation::new(&LIST_ADDRESSES);
        check_page(&mut checks, dialect, size, query.cursor.as_ref());
        checks.finish()?;
        let mut written = dialect.page_query(size);
        dialect.start_at(&mut written, query.cursor.as_ref());
        let request = self.request(&LIST_ADDRESSES, written.on(&self.0.urls.addresses), None);
        let page = |rows: AddressRows| rows.into_page(dialect, size, query.cursor.as_ref());
        let read = decode(check, |response| data(&response.body).map(page));
        self.fetch(request.with_ids(&[("id", id.as_str())])?, read).await
    }

    /// All addresses of a customer, page after page as they are asked for.
    ///
    /// The stream ends with the first error, among them a list that never ends ([`ErrorKind::Decode`]).
    pub fn addresses_stream(
        &self,
        id: &CustomerId,
        query: &AddressQuery,
    ) -> impl Stream<Item = Result<AddressRecord, Error>> + Send + use<> {
        let (client, id, size) = (self.clone(), id.clone(), query.size);
        let guard = self.0.choices.dialect.guard(size.unwrap_or(DEFAULT_PAGE_SIZE));
        pages::stream(&LIST_ADDRESSES, query.cursor.clone(), guard, AddressRecord::row_key, move |cursor| {
            let (client, id) = (client.clone(), id.clone());
            async move { client.list_addresses(&id, &AddressQuery { size, cursor }).await }
        })
    }

    /// Reads an address: `GET customers/{id}/addresses/{address_id}`; none for one that the vendor does not know.
    ///
    /// # Errors
    ///
    /// As [`get_customer`](Self::get_customer).
    pub async fn get_address(
        &self,
        id: &CustomerId,
        address_id: &AddressId,
    ) -> Result<Option<Response<AddressRecord>>, Error> {
        let request = self.request(&GET_ADDRESS, &self.0.urls.address, None).with_ids(&ids(id, address_id))?;
        found(self.fetch(request, decode(check, written_address)).await)
    }

    /// Adds an address: `POST customers/{id}/addresses`. A success whose body cannot be read is a record with nothing in
    /// it.
    ///
    /// Send names, both lines (also an empty second one), country and its code: before 2025-06 the vendor's pages
    /// disagree on which of them it requires, and agree on the country alone; from then on it is country and code.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] before sending for a missing country, and from 2025-06 for a missing code; else as
    /// [`update_customer`](Self::update_customer). After a time-out or a broken connection the effect is unknown.
    pub async fn create_address(
        &self,
        id: &CustomerId,
        address: &AddressInput<'_>,
    ) -> Result<Response<AddressRecord>, Error> {
        address.validate(self.0.choices.dialect)?;
        let body = address.body(self.0.choices.dialect)?;
        let request = self.request(&CREATE_ADDRESS, &self.0.urls.addresses, Some(body));
        self.fetch(request.with_ids(&[("id", id.as_str())])?, decode_lossy(check, written_address)).await
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
        address: &AddressInput<'_>,
    ) -> Result<Response<AddressRecord>, Error> {
        let body = address.body(self.0.choices.dialect)?;
        let request = self.request(&UPDATE_ADDRESS, &self.0.urls.address, Some(body)).with_ids(&ids(id, address_id))?;
        self.fetch(request, decode_lossy(check, written_address)).await
    }

    /// Deletes an address: `DELETE customers/{id}/addresses/{address_id}`. Which one is the default afterwards, where it
    /// was this one, is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an address that the vendor does not know, unless an earlier attempt of this call may
    /// have deleted it: then it is a success. Else as [`update_customer`](Self::update_customer).
    pub async fn delete_address(&self, id: &CustomerId, address_id: &AddressId) -> Result<Response<()>, Error> {
        let request = self.request(&DELETE_ADDRESS, &self.0.urls.address, None).with_ids(&ids(id, address_id))?;
        let mut call = self.0.account.call();
        match self.send(&mut call, &request, check).await {
            Err(error) if error.kind() == ErrorKind::NotFound && call.had_unknown_attempt() => {
                Ok(Response::new((), Bytes::new(), call.request_id.clone(), call.attempts()))
            }
            answered => answered,
        }
    }

    /// Makes an address the customer's default: `PUT customers/{id}/addresses/{address_id}/default`, without a body.
    ///
    /// # Errors
    ///
    /// As [`update_customer`](Self::update_customer).
    pub async fn set_default_address(&self, id: &CustomerId, address_id: &AddressId) -> Result<Response<()>, Error> {
        let request = self.request(&SET_DEFAULT_ADDRESS, &self.0.urls.default_address, None);
        self.fetch(request.with_ids(&ids(id, address_id))?, check).await
    }
}
