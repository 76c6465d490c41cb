//! A rendered request, as a plan shows it and a call sends it.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

use super::base_url::fill;
use super::operation::Operation;
use crate::error::Error;

/// One request of an operation: its URL, headers and body.
///
/// A URL shows `{id}` where the value comes from an earlier answer; [`with_ids`](Self::with_ids) fills it.
#[derive(Clone)]
pub struct Request {
    pub(crate) operation: &'static Operation,
    pub(crate) url: Url,
    pub(crate) headers: Arc<HeaderMap>,
    pub(crate) body: Option<Bytes>,
}

/// A URL that is made once per client, or once per request.
#[derive(Clone)]
pub(crate) enum Url {
    /// Complete, made once per client.
    Shared(Arc<url::Url>),
    /// With places in braces for ids from earlier answers, made once per client.
    Template(Arc<str>),
    /// Made for one request.
    Own(Box<str>),
}

impl Url {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Shared(url) => url.as_str(),
            Self::Template(url) => url,
            Self::Own(url) => url,
        }
    }
}

impl From<&Arc<url::Url>> for Url {
    fn from(url: &Arc<url::Url>) -> Self {
        Self::Shared(Arc::clone(url))
    }
}

impl From<&Arc<str>> for Url {
    fn from(url: &Arc<str>) -> Self {
        Self::Template(Arc::clone(url))
    }
}

impl From<String> for Url {
    fn from(url: String) -> Self {
        Self::Own(url.into_boxed_str())
    }
}

impl Request {
    /// A request of an operation. Header values marked sensitive are shown as `[redacted]`.
    #[must_use]
    pub fn new(
        operation: &'static Operation,
        url: impl Into<String>,
        headers: Arc<HeaderMap>,
        body: Option<Bytes>,
    ) -> Self {
        Self { operation, url: Url::from(url.into()), headers, body }
    }

    /// A request to a URL that the client made once.
    pub(crate) fn to(
        operation: &'static Operation,
        url: impl Into<Url>,
        headers: &Arc<HeaderMap>,
        body: Option<Bytes>,
    ) -> Self {
        Self { operation, url: url.into(), headers: Arc::clone(headers), body }
    }

    /// The same request with ids from earlier answers in the places that its URL shows in braces, each as one path
    /// segment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an id that cannot be a path segment.
    pub fn with_ids(mut self, ids: &[(&'static str, &str)]) -> Result<Self, Error> {
        if !ids.is_empty() {
            let filled = fill(self.url.as_str(), ids);
            let refused =
                |error: Error| error.with_provider(self.operation.provider).with_operation(self.operation.name);
            self.url = Url::from(filled.map_err(refused)?);
        }
        Ok(self)
    }

    /// The operation.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The whole URL.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The exact bytes of the body; none for a request without one. They hold the person's data.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }
}

/// Shows operation, method and length: URL and body may hold the person's data.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation.name)
            .field("method", &self.operation.method)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}
