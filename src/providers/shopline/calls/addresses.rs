//! Addresses ("Address 2.0"): reading, removing, and both for several at a time.

use http::Method;
use serde::{Deserialize, Serialize};

use super::super::client::{Shopline, body};
use super::super::native::Answered;
use super::super::query::Query;
use super::super::record::{AddressAnswer, AddressRecord, Listed, id, list};
use super::super::wire::{AddressId, CustomerId};
use super::customers::Nothing;
use super::{Ask, listable, or_nothing};
use crate::client::Operation;
use crate::error::Error;

static GET: Operation = Operation::bare_read("get_address");
static DELETE: Operation = Operation::bare_idempotent_write("delete_address");
static DESTROY: Operation = Operation::bare_idempotent_write("delete_addresses");
static LIST: Operation = Operation::bare_read("list_addresses");

/// The addresses of one customer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AddressesOf {
    /// The customer, whom this route calls `uid`.
    #[serde(rename = "uid", deserialize_with = "id")]
    pub customer_id: Option<CustomerId>,
    /// The addresses.
    #[serde(deserialize_with = "list")]
    pub addresses: Vec<AddressRecord>,
}

#[derive(Deserialize)]
struct AddressesAnswer {
    #[serde(deserialize_with = "list")]
    user_address: Vec<AddressesOf>,
}

impl Listed for AddressesAnswer {
    type Item = AddressesOf;

    fn items(self) -> Vec<AddressesOf> {
        self.user_address
    }
}

#[derive(Serialize)]
struct ListBody<'a> {
    uids: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[i64]>::is_empty")]
    address_types: &'a [i64],
}

impl Shopline {
    /// Reads an address: `GET customers/{id}/addresses/{address_id}.json`. None where there is none.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn get_address(
        &self,
        id: &CustomerId,
        address_id: &AddressId,
    ) -> Result<Option<Answered<AddressRecord>>, Error> {
        let ids = [("id", id.as_str()), ("address_id", address_id.as_str())];
        let ask = Ask::get(&GET, "customers/{id}/addresses/{address_id}.json").ids(&ids);
        let answered = or_nothing(self.reading::<AddressAnswer>(ask).await)?;
        Ok(answered.and_then(|answered| answered.present(|answer| answer.customer_address)))
    }

    /// Removes an address: `DELETE customers/{id}/addresses/{address_id}.json`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it.
    pub async fn delete_address(&self, id: &CustomerId, address_id: &AddressId) -> Result<Answered<()>, Error> {
        let ids = [("id", id.as_str()), ("address_id", address_id.as_str())];
        let ask = Ask::new(&DELETE, Method::DELETE, "customers/{id}/addresses/{address_id}.json").ids(&ids);
        Ok(self.writing::<Nothing>(ask).await?.map(|_| ()))
    }

    /// Removes several addresses of a customer: `PUT customers/{id}/addresses/set.json` with the operation `destroy`,
    /// the only one that is documented.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where no address is named, or an id has a comma; else
    /// as the vendor refuses it.
    pub async fn delete_addresses(&self, id: &CustomerId, addresses: &[AddressId]) -> Result<Answered<()>, Error> {
        listable(&DESTROY, "address_ids", addresses.iter().map(AddressId::as_str))?;
        let ids = [("id", id.as_str())];
        let mut query = Query::default();
        query.list("address_ids", addresses.iter().map(AddressId::as_str));
        query.push("operation", "destroy");
        let ask = Ask::new(&DESTROY, Method::PUT, "customers/{id}/addresses/set.json").ids(&ids).query(query);
        Ok(self.writing::<Nothing>(ask).await?.map(|_| ()))
    }

    /// The addresses of several customers: `POST customers/addresses/list.json`, which reads. Address types are the
    /// vendor's numbers, of which only 0 is shown; with none, the key is left out, and what the vendor then does is
    /// unknown. How many customers may be named is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where no customer is named; else as the vendor refuses
    /// it, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_addresses(
        &self,
        customers: &[CustomerId],
        address_types: &[i64],
    ) -> Result<Answered<Vec<AddressesOf>>, Error> {
        listable(&LIST, "uids", customers.iter().map(CustomerId::as_str))?;
        let uids = customers.iter().map(CustomerId::as_str).collect();
        let body = body(&ListBody { uids, address_types })?;
        let ask = Ask::new(&LIST, Method::POST, "customers/addresses/list.json").body(body);
        Ok(self.reading::<AddressesAnswer>(ask).await?.map(Listed::items))
    }
}
