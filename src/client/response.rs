//! The answer of a native call, and the ways to read it.

use std::fmt;

use bytes::Bytes;

use super::transport::{BodyFault, HttpResponse};
use super::vendor_error::VendorError;
use crate::error::Error;

/// A vendor's answer to a native call.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response<T> {
    /// The answer, typed.
    pub value: T,
    /// The body as it arrived, which also holds the keys that this crate does not know.
    pub body: Bytes,
    /// The vendor's id of the request.
    pub request_id: Option<String>,
    /// How many requests the call has sent, token requests aside.
    pub attempts: u32,
}

impl<T> Response<T> {
    pub(crate) fn new(value: T, body: Bytes, request_id: Option<String>, attempts: u32) -> Self {
        Self { value, body, request_id, attempts }
    }

    /// The same answer with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        let Self { value, body, request_id, attempts } = self;
        Response { value: change(value), body, request_id, attempts }
    }
}

impl<T> Response<Option<T>> {
    /// The answer, where it has a value.
    #[must_use]
    pub fn transpose(self) -> Option<Response<T>> {
        let Self { value, body, request_id, attempts } = self;
        value.map(|value| Response { value, body, request_id, attempts })
    }
}

/// Shows no body: it holds personal data.
impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("value", &self.value)
            .field("request_id", &self.request_id)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// What a reader makes of an answer.
pub(crate) type Reading<T> = Result<T, Box<VendorError>>;

/// Reads the answer to a read: `check` finds the failure that it reports, `parse` reads its body. A body that cannot be
/// read is an error, since nothing may be concluded from it; one that broke off is asked for once more.
pub(crate) fn decode<T>(
    check: impl Fn(&HttpResponse) -> Reading<()>,
    parse: impl Fn(&HttpResponse) -> Option<T>,
) -> impl Fn(&HttpResponse) -> Reading<T> {
    move |response| {
        check(response)?;
        match parse(response) {
            Some(value) => Ok(value),
            None if response.fault == Some(BodyFault::Cut) => Err(VendorError::broken_off()),
            None => Err(VendorError::unreadable("the body of the answer cannot be read")),
        }
    }
}

/// Reads the answer to a write: `check` finds the failure that it reports. A success whose body cannot be read is a
/// success all the same, with the default value.
pub(crate) fn decode_lossy<T: Default>(
    check: impl Fn(&HttpResponse) -> Reading<()>,
    parse: impl Fn(&HttpResponse) -> Option<T>,
) -> impl Fn(&HttpResponse) -> Reading<T> {
    move |response| check(response).map(|()| parse(response).unwrap_or_default())
}

/// The answer to a read, where a 404 is no error but none.
pub(crate) fn optional<T>(response: Result<Response<T>, Error>) -> Result<Option<Response<T>>, Error> {
    match response {
        Ok(response) => Ok(Some(response)),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}
