//! The 15 documented calls, one file for each resource.

mod activity;
mod customers;
mod metrics;
mod notes;
mod pages;
mod query;
mod removal_requests;
mod segments;

pub use activity::ActivityQuery;
pub use customers::{CustomerQuery, SortOrder};
pub(super) use pages::{List, Row, hinted};
pub use query::{DateBound, PageQuery};

use super::client::Whale;
use super::error::check;
use crate::client::Request;
use crate::client::api::ApiClient;
use crate::client::json::object::object;
use crate::client::response::{Response, decode, decode_lossy};
use crate::error::{Error, ErrorKind};

/// Whether an error is the vendor's own word that there is nothing by this id: a 404 of something else on the way, or of
/// a wrong base URL, has no body of the vendor's.
pub(super) fn says_missing(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound && (error.code().is_some() || error.vendor_message().is_some())
}

/// An answer to a read of one object; none where the vendor says that there is none.
pub(super) fn existing<T>(answer: Result<Response<T>, Error>) -> Result<Option<Response<T>>, Error> {
    match answer {
        Ok(response) => Ok(Some(response)),
        Err(error) if says_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Whale {
    /// Sends a read of one object in a call of its own.
    async fn read_one<T>(&self, request: Request) -> Result<Option<Response<T>>, Error>
    where
        T: serde::de::DeserializeOwned + Send,
    {
        existing(self.fetch(request, decode(check, |answer| object(&answer.body))).await)
    }

    /// Sends a write in a call of its own. A success whose body cannot be read has the default value.
    async fn write_one<T>(&self, request: Request) -> Result<Response<T>, Error>
    where
        T: serde::de::DeserializeOwned + Default + Send,
    {
        self.fetch(request, decode_lossy(check, |answer| object(&answer.body))).await
    }

    /// Sends a delete in a call of its own. That the object is gone after an attempt whose answer got lost is a success.
    async fn delete_one(&self, request: Request) -> Result<Response<()>, Error> {
        let mut call = self.0.account.call();
        match self.send(&mut call, &request, |response| check(response)).await {
            Err(error) if says_missing(&error) && call.had_unknown_attempt() => {
                Ok(Response::new((), bytes::Bytes::new(), call.request_id.clone(), call.attempts))
            }
            result => result,
        }
    }
}
