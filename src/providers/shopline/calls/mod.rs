//! The rest of the vendor's Customer group, a file for each part.

mod addresses;
mod bulk;
mod customers;
mod groups;
mod metafields;
mod orders;
mod social;
mod subscriptions;

pub use addresses::AddressesOf;
pub use bulk::BulkSubmitted;
pub use customers::{ActivationUrl, DeletedCustomer, Invitation};
pub use groups::{GroupMembers, SavedSearch, SavedSearchFields};
pub use metafields::{FailedMetafield, Metafield, MetafieldInput, MetafieldList, MetafieldsSet, OwnedMetafield};
pub use orders::{OrderList, OrderRecord, OrderStatus};
pub use social::{LoginChannel, LoginPlatform, SocialLogin, SocialLoginRecord};
pub use subscriptions::{SubscribeAccount, SubscribeChannel, Subscription};

use bytes::Bytes;
use http::Method;
use serde::de::DeserializeOwned;

use super::PROVIDER;
use super::client::Shopline;
use super::native::{Answered, filled, read, read_page, written};
use super::paging::Page;
use super::record::{CountAnswer, Listed};
use crate::client::{Call, HttpResponse, Operation};
use crate::error::{Error, FieldError};
use crate::plan::StepCondition;

/// One request of a native call, with the ids for its route's places.
pub(super) struct Ask<'a> {
    pub(super) operation: &'static Operation,
    pub(super) method: Method,
    pub(super) route: &'a str,
    pub(super) ids: &'a [(&'static str, &'a str)],
    pub(super) query: Option<super::query::Query>,
    pub(super) body: Option<Bytes>,
}

impl<'a> Ask<'a> {
    fn new(operation: &'static Operation, method: Method, route: &'a str) -> Self {
        Self { operation, method, route, ids: &[], query: None, body: None }
    }

    fn get(operation: &'static Operation, route: &'a str) -> Self {
        Self::new(operation, Method::GET, route)
    }

    fn ids(mut self, ids: &'a [(&'static str, &'a str)]) -> Self {
        self.ids = ids;
        self
    }

    fn query(mut self, query: super::query::Query) -> Self {
        self.query = Some(query);
        self
    }

    fn body(mut self, body: Bytes) -> Self {
        self.body = Some(body);
        self
    }
}

impl Shopline {
    async fn ask(&self, ask: Ask<'_>) -> Result<(HttpResponse, Call<'_>), Error> {
        let Ask { operation, method, route, ids, query, body } = ask;
        let refused = |error: Error| error.with_provider(PROVIDER).with_operation(operation.name);
        // The ids are put in before the query is, which may hold braces of its own.
        let route = filled(route, ids).map_err(refused)?;
        let url = self.route(&query.map_or(route.clone(), |query| query.on(&route)));
        let step = match body {
            Some(body) => self.step(StepCondition::Always, operation, method, url, body),
            None => self.bare_step(StepCondition::Always, operation, method, url),
        };
        let mut call = self.0.account.call();
        let response = self.send(&mut call, operation, &step).await?;
        Ok((response, call))
    }

    /// A read, whose answer has to be readable.
    async fn reading<T: DeserializeOwned>(&self, ask: Ask<'_>) -> Result<Answered<T>, Error> {
        let operation = ask.operation;
        let (response, call) = self.ask(ask).await?;
        let value = read(&call, operation, &response)?;
        Ok(Answered::new(value, response, call))
    }

    /// A page of a list, which has to be readable.
    async fn paging<T: Listed>(&self, ask: Ask<'_>) -> Result<Answered<Page<T::Item>>, Error> {
        let operation = ask.operation;
        let (response, call) = self.ask(ask).await?;
        let page = read_page::<T>(&call, operation, &response)?;
        Ok(Answered::new(page, response, call))
    }

    /// A count; none where the answer does not say.
    async fn counting(&self, ask: Ask<'_>) -> Result<Answered<Option<u64>>, Error> {
        let (response, call) = self.ask(ask).await?;
        let count = written::<CountAnswer>(&response).count.and_then(|count| u64::try_from(count).ok());
        Ok(Answered::new(count, response, call))
    }

    /// A write: whatever the answer says, it is done.
    async fn writing<T: DeserializeOwned + Default>(&self, ask: Ask<'_>) -> Result<Answered<T>, Error> {
        let (response, call) = self.ask(ask).await?;
        Ok(Answered::new(written(&response), response, call))
    }
}

impl<T> Answered<T> {
    /// The same answer with another value.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Answered<U> {
        let Self { value, body, request_id, attempts } = self;
        Answered { value: change(value), body, request_id, attempts }
    }

    fn present<U>(self, change: impl FnOnce(T) -> Option<U>) -> Option<Answered<U>> {
        let Self { value, body, request_id, attempts } = self;
        change(value).map(|value| Answered { value, body, request_id, attempts })
    }
}

/// A 404 of a read is nothing.
fn or_nothing<T>(answered: Result<Answered<T>, Error>) -> Result<Option<Answered<T>>, Error> {
    match answered {
        Ok(answered) => Ok(Some(answered)),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Refuses input before anything is sent.
fn refuse<T>(operation: &Operation, problems: Vec<FieldError>) -> Result<T, Error> {
    Err(Error::invalid_record(problems).with_provider(PROVIDER).with_operation(operation.name))
}

/// Ids for a list that is joined by commas: none of them may hold one.
fn listable<'a>(
    operation: &Operation,
    name: &'static str,
    mut ids: impl ExactSizeIterator<Item = &'a str>,
) -> Result<(), Error> {
    if ids.len() == 0 {
        return refuse(operation, vec![FieldError::new(name, "names nobody")]);
    }
    if ids.any(|id| id.trim().is_empty() || id.contains(',')) {
        return refuse(operation, vec![FieldError::new(name, "holds an empty id or one with a comma")]);
    }
    Ok(())
}
