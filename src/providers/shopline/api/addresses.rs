//! Addresses ("Address 2.0").

use serde::Serialize;

use super::super::client::Shopline;
use super::super::matrix::ROUTE_PHONE_MAX;
use super::super::operations::{
    ADD_ADDRESS, DELETE_ADDRESS, DELETE_ADDRESSES, GET_ADDRESS, LIST_ADDRESSES, SET_DEFAULT_ADDRESS, UPDATE_ADDRESS,
};
use super::super::request::{AddressBody, AddressId, AddressInput, CustomerId};
use super::super::response::AddressRecord;
use super::check_comma_list;
use crate::client::Response;
use crate::client::json::raw::record;
use crate::client::pages::Page;
use crate::client::query::Query;
use crate::error::Error;

/// The longest phone of an address in a customer, which also holds for a new address (inferred).
const EMBEDDED_PHONE_MAX: usize = 20;

const ADDRESS: &str = "customers/{id}/addresses/{address_id}.json";

record! {
    /// The addresses of one customer.
    CustomerAddressesRecord {
        /// The customer, which this route calls `uid`.
        customer_id as "uid": Option<CustomerId>,
        /// The addresses.
        addresses: Vec<AddressRecord>,
    }
}

#[derive(Serialize)]
struct ListBody<'a> {
    uids: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[i64]>::is_empty")]
    address_types: &'a [i64],
}

impl Shopline {
    /// Adds an address: `POST customers/{id}/addresses.json`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending, with every limit that is passed; else
    /// the vendor's refusal. With [`Effect::Unknown`](crate::Effect::Unknown), read the customer before adding it again.
    pub async fn add_address(
        &self,
        id: &CustomerId,
        address: &AddressInput<'_>,
    ) -> Result<Response<AddressRecord>, Error> {
        address.validate(&ADD_ADDRESS, EMBEDDED_PHONE_MAX)?;
        let (ids, body) = ([("id", id.as_str())], AddressBody { customer_address: address });
        self.write(self.to_with(&ADD_ADDRESS, "customers/{id}/addresses.json", &ids, &body)?, "customer_address").await
    }

    /// Updates an address: `PUT customers/{id}/addresses/{address_id}.json`. Absent keys stay as they are (inferred).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending, with every limit that is passed; else
    /// the vendor's refusal.
    pub async fn update_address(
        &self,
        id: &CustomerId,
        address_id: &AddressId,
        address: &AddressInput<'_>,
    ) -> Result<Response<AddressRecord>, Error> {
        address.validate(&UPDATE_ADDRESS, ROUTE_PHONE_MAX)?;
        let ids = [("id", id.as_str()), ("address_id", address_id.as_str())];
        let body = AddressBody { customer_address: address };
        self.write(self.to_with(&UPDATE_ADDRESS, ADDRESS, &ids, &body)?, "customer_address").await
    }

    /// Reads an address: `GET customers/{id}/addresses/{address_id}.json`. None where there is none.
    ///
    /// # Errors
    ///
    /// The vendor's refusal, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn get_address(
        &self,
        id: &CustomerId,
        address_id: &AddressId,
    ) -> Result<Option<Response<AddressRecord>>, Error> {
        let ids = [("id", id.as_str()), ("address_id", address_id.as_str())];
        self.read(self.to(&GET_ADDRESS, ADDRESS, &ids)?, "customer_address").await
    }

    /// Makes an address the default: `PUT customers/{id}/addresses/{address_id}/default.json`.
    ///
    /// # Errors
    ///
    /// The vendor's refusal.
    pub async fn set_default_address(&self, id: &CustomerId, address_id: &AddressId) -> Result<Response<()>, Error> {
        let ids = [("id", id.as_str()), ("address_id", address_id.as_str())];
        let route = "customers/{id}/addresses/{address_id}/default.json";
        self.write_only(self.to(&SET_DEFAULT_ADDRESS, route, &ids)?).await
    }

    /// Removes an address: `DELETE customers/{id}/addresses/{address_id}.json`.
    ///
    /// # Errors
    ///
    /// The vendor's refusal.
    pub async fn delete_address(&self, id: &CustomerId, address_id: &AddressId) -> Result<Response<()>, Error> {
        let ids = [("id", id.as_str()), ("address_id", address_id.as_str())];
        self.write_only(self.to(&DELETE_ADDRESS, ADDRESS, &ids)?).await
    }

    /// Removes several addresses of a customer: `PUT customers/{id}/addresses/set.json` with the operation `destroy`,
    /// the only one that is documented.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where no address is named, or an id has a comma; else
    /// the vendor's refusal.
    pub async fn delete_addresses(&self, id: &CustomerId, addresses: &[AddressId]) -> Result<Response<()>, Error> {
        check_comma_list(&DELETE_ADDRESSES, "address_ids", addresses.iter().map(AddressId::as_str))?;
        let mut query = Query::new();
        query.list("address_ids", addresses.iter().map(AddressId::as_str));
        query.push("operation", "destroy");
        let route = query.on("customers/{id}/addresses/set.json");
        self.write_only(self.to(&DELETE_ADDRESSES, &route, &[("id", id.as_str())])?).await
    }

    /// Lists the addresses of several customers: `POST customers/addresses/list.json`, which reads. Address types are the
    /// vendor's numbers, of which only 0 is shown; with none, the key is left out, and what the vendor then does is
    /// unknown. How many customers may be named is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where no customer is named; else the vendor's refusal,
    /// or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_addresses(
        &self,
        customers: &[CustomerId],
        address_types: &[i64],
    ) -> Result<Response<Page<CustomerAddressesRecord>>, Error> {
        check_comma_list(&LIST_ADDRESSES, "uids", customers.iter().map(CustomerId::as_str))?;
        let uids = customers.iter().map(CustomerId::as_str).collect();
        let body = ListBody { uids, address_types };
        self.read_page(self.to_with(&LIST_ADDRESSES, "customers/addresses/list.json", &[], &body)?, "user_address")
            .await
    }
}
