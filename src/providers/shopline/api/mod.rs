//! The vendor's own calls, a file for each resource.

mod addresses;
mod bulk;
mod customers;
mod groups;
mod metafields;
mod orders;
mod social;
mod subscriptions;

pub use addresses::CustomerAddressesRecord;
pub use customers::{
    ActivationUrlRecord, Criterion, CustomerQuery, CustomerSearchQuery, DeletedCustomerRecord, InvitationRecord,
    SearchOrder,
};
pub use groups::{GroupInput, GroupMemberQuery, GroupRecord};
pub use metafields::{
    FailedMetafieldRecord, MetafieldInput, MetafieldQuery, MetafieldRecord, MetafieldsSetRecord, OwnedMetafieldInput,
};
pub use orders::{OrderQuery, OrderRecord, OrderStatus};
pub use social::{LoginChannel, LoginPlatform, SocialLoginInput, SocialLoginRecord};
pub use subscriptions::{SubscribeAccount, SubscribeChannel, SubscriptionRecord};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::{Ids, Shopline, filled};
use super::error::check;
use super::response::{count, one, page};
use crate::client::api::ApiClient;
use crate::client::pages::{Cursor, Page};
use crate::client::query::Query;
use crate::client::response::{decode, decode_lossy, optional};
use crate::client::validate::Validation;
use crate::client::{Operation, Request, Response};
use crate::error::Error;

impl Shopline {
    /// A request to a route, with these ids in its places.
    fn to(&self, operation: &'static Operation, route: &str, ids: Ids<'_>) -> Result<Request, Error> {
        filled(self.bare(operation, self.route(route)), ids)
    }

    /// A request to a route, with these ids in its places and a JSON body.
    fn to_with(
        &self,
        operation: &'static Operation,
        route: &str,
        ids: Ids<'_>,
        body: &impl Serialize,
    ) -> Result<Request, Error> {
        filled(self.json(operation, self.route(route), body)?, ids)
    }

    /// Reads the object at `key`; none where there is none.
    async fn read<T: DeserializeOwned + Send>(
        &self,
        request: Request,
        key: &'static str,
    ) -> Result<Option<Response<T>>, Error> {
        Ok(optional(self.fetch(request, decode(check, one(key))).await)?.and_then(Response::transpose))
    }

    /// Reads a page of the list at `key`, which has to be there.
    async fn read_page<T: DeserializeOwned + Send>(
        &self,
        request: Request,
        key: &'static str,
    ) -> Result<Response<Page<T>>, Error> {
        self.fetch(request, decode(check, page(key))).await
    }

    /// Reads a count; none where the answer does not hold one.
    async fn read_count(&self, request: Request) -> Result<Response<Option<u64>>, Error> {
        self.fetch(request, decode(check, count)).await
    }

    /// Sends a write, and reads the object at `key`: the default where the answer does not hold it.
    async fn write<T: DeserializeOwned + Default + Send>(
        &self,
        request: Request,
        key: &'static str,
    ) -> Result<Response<T>, Error> {
        let response = self.fetch(request, decode_lossy(check, one::<T>(key))).await?;
        Ok(response.map(Option::unwrap_or_default))
    }

    /// Sends a write of whose answer nothing is documented.
    async fn write_only(&self, request: Request) -> Result<Response<()>, Error> {
        self.fetch(request, check).await
    }
}

/// Which rows a page holds: how many, with which keys, from where on.
struct PageOf<'a> {
    max: u16,
    limit: Option<u16>,
    fields: &'a [String],
    cursor: Option<&'a Cursor>,
}

impl PageOf<'_> {
    /// The query. With a cursor, the vendor takes all but limit and fields from the first request (documented).
    fn query(self, operation: &'static Operation, filters: impl FnOnce(&mut Query)) -> Result<Query, Error> {
        let mut query = Query::new();
        if self.cursor.is_none() {
            filters(&mut query);
        }
        query.push("limit", self.limit.unwrap_or(self.max).clamp(1, self.max));
        query.list("fields", self.fields);
        if let Some(cursor) = self.cursor {
            let mut checks = Validation::new(operation);
            checks.extend(query.push_verbatim("page_info", cursor.as_str()).err());
            checks.finish()?;
        }
        Ok(query)
    }
}

/// Checks ids for a list that is joined by commas: none of them may hold one.
fn check_comma_list<'a>(
    operation: &'static Operation,
    name: &'static str,
    mut ids: impl ExactSizeIterator<Item = &'a str>,
) -> Result<(), Error> {
    let mut checks = Validation::new(operation);
    checks.check(ids.len() > 0, name, "is empty");
    checks.check(
        !ids.any(|id| id.trim().is_empty() || id.contains(',')),
        name,
        "holds an empty id or one with a comma",
    );
    checks.finish()
}
