//! The seam between this crate and an HTTP library: plain bytes in, plain bytes out.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

/// One HTTP request.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The whole URL. It may hold a person's data in its query.
    pub url: url::Url,
    /// The headers. Credentials are marked sensitive.
    pub headers: HeaderMap,
    /// The body; empty for a request without one.
    pub body: Bytes,
    /// How long the whole exchange may take.
    pub timeout: Duration,
    /// How many bytes of the answer's body are read at most.
    pub max_body: usize,
}

impl HttpRequest {
    /// A request with no headers and no body, 30 seconds of time and a cap of 4 MiB.
    #[must_use]
    pub fn new(method: Method, url: url::Url) -> Self {
        let timeout = Duration::from_secs(30);
        Self { method, url, headers: HeaderMap::new(), body: Bytes::new(), timeout, max_body: 4 << 20 }
    }
}

/// Shows method and host: the rest may hold credentials or a person's data.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// An answer whose head arrived.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// As much of the body as arrived.
    pub body: Bytes,
    /// Why the body is not whole, if it is not.
    pub fault: Option<BodyFault>,
}

impl HttpResponse {
    /// An answer with this status, no headers and this body, whole.
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into(), fault: None }
    }

    /// The text of a header, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Shows the status and the length: the rest may hold a person's data.
impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// Why a body is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyFault {
    /// The connection broke in the middle, or time ran out.
    Cut,
    /// It is longer than the cap.
    TooLong,
}

/// What went wrong before an answer's head arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// Name resolution, the connection or TLS failed: no byte of the request was written.
    Connect,
    /// Time ran out; the request may have been written.
    Timeout,
    /// The connection broke; the request may have been written.
    Interrupted,
}

/// A request that got no answer.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl TransportError {
    /// An error of this kind. The source must not show the URL's query or a header.
    pub fn new(kind: TransportErrorKind, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind, source: source.into() }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::Connect => "no connection",
            TransportErrorKind::Timeout => "no answer in time",
            TransportErrorKind::Interrupted => "the connection broke",
        })
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

/// Sends requests. One transport, with its pool of connections, serves any number of clients.
///
/// An implementation never follows a redirect, never sends a request twice, and honours
/// [`timeout`](HttpRequest::timeout) and [`max_body`](HttpRequest::max_body).
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends one request. Any status is an answer; a body that breaks off is an answer with a
    /// [`fault`](HttpResponse::fault).
    ///
    /// # Errors
    ///
    /// When no head of an answer arrived.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError>;
}
