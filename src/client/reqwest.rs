//! The default transport. No other file names reqwest.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use super::transport::{BodyFault, HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind};
use crate::error::{Effect, Error, ErrorKind};

/// How the default transport connects.
#[derive(Clone, Default)]
pub struct ReqwestOptions {
    /// How long a connection may take to be made. Default 10 s.
    pub connect_timeout: Option<Duration>,
    /// An HTTP proxy to go through, as a URL. Default none; the environment's proxy variables are not read.
    pub proxy: Option<String>,
}

impl fmt::Debug for ReqwestOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's URL may hold a password.
        let proxy = self.proxy.as_ref().map(|_| "[redacted]");
        f.debug_struct("ReqwestOptions").field("connect_timeout", &self.connect_timeout).field("proxy", &proxy).finish()
    }
}

/// A transport over reqwest: redirects off, no cookies, no automatic repeats, gzip accepted.
#[derive(Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
}

impl ReqwestTransport {
    /// With the default options.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where TLS cannot be set up.
    pub fn new() -> Result<Self, Error> {
        Self::with_options(&ReqwestOptions::default())
    }

    /// With these options.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where TLS cannot be set up or the proxy is not a URL.
    pub fn with_options(options: &ReqwestOptions) -> Result<Self, Error> {
        let config =
            |error: reqwest::Error| Error::new(ErrorKind::Config, Effect::NotSent).with_source(error.without_url());
        let mut builder = reqwest::Client::builder()
            // A followed redirect turns a POST into an empty GET that answers 200, and takes the key to another host.
            .redirect(reqwest::redirect::Policy::none())
            // This crate alone decides what is repeated.
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(options.connect_timeout.unwrap_or(Duration::from_secs(10)))
            .tcp_nodelay(true);
        if let Some(proxy) = &options.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(config)?);
        }
        Ok(Self { client: builder.build().map_err(config)? })
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReqwestTransport")
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let HttpRequest { method, url, headers, body, timeout, max_body } = request;
        let mut outgoing = reqwest::Request::new(method, url);
        *outgoing.headers_mut() = headers;
        *outgoing.timeout_mut() = Some(timeout);
        if !body.is_empty() {
            *outgoing.body_mut() = Some(body.into());
        }
        let mut answer = self.client.execute(outgoing).await.map_err(failure)?;
        let status = answer.status();
        let headers = std::mem::take(answer.headers_mut());
        let (body, fault) = read(&mut answer, max_body).await;
        Ok(HttpResponse { status, headers, body, fault })
    }
}

/// As much of the body as arrives and is allowed. Once the head is here, a broken body is no failure of the request.
async fn read(answer: &mut reqwest::Response, max: usize) -> (Bytes, Option<BodyFault>) {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let fault = loop {
        match answer.chunk().await {
            Ok(None) => break None,
            Ok(Some(chunk)) => {
                let room = max.saturating_sub(first.len().max(rest.len()));
                let fits = chunk.len() <= room;
                let chunk = if fits { chunk } else { chunk.slice(..room) };
                // Most bodies come in one piece, which needs no copy.
                if first.is_empty() && rest.is_empty() {
                    first = chunk;
                } else {
                    if rest.is_empty() {
                        rest.extend_from_slice(&first);
                    }
                    rest.extend_from_slice(&chunk);
                }
                if !fits {
                    break Some(BodyFault::TooLong);
                }
            }
            Err(_) => break Some(BodyFault::Cut),
        }
    };
    (if rest.is_empty() { first } else { rest.freeze() }, fault)
}

fn failure(error: reqwest::Error) -> TransportError {
    let kind = if error.is_connect() {
        TransportErrorKind::Connect
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else {
        TransportErrorKind::Interrupted
    };
    TransportError::new(kind, error.without_url())
}
