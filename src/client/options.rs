//! Options shared by all client builders, and the parts of requests that do not depend on the vendor.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::client::auth::token::RequestHeaders;
use crate::client::{AccountContext, BaseUrl, Connector, Limit, RetryPolicy};
use crate::error::{Effect, Error, ErrorKind};
use crate::provider::ProviderId;

/// The options that all builders share.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientOptions {
    pub(crate) connector: Option<Connector>,
    pub(crate) base_url: Option<String>,
    pub(crate) limit: Option<Limit>,
    pub(crate) policy: RetryPolicy,
}

/// The builder methods for [`ClientOptions`], for a builder that keeps them in `options`.
macro_rules! client_options {
    () => {
        /// Shares a transport, a clock and the accounts' quotas with other clients. Default: a new connector over the
        /// default transport; without the feature `reqwest` a connector is required.
        pub fn connector(mut self, connector: &$crate::Connector) -> Self {
            self.options.connector = Some(connector.clone());
            self
        }

        /// Replaces the vendor's base URL, for example with that of a stand-in. `https`, or `http` to this machine.
        pub fn base_url(mut self, url: impl Into<String>) -> Self {
            self.options.base_url = Some(url.into());
            self
        }

        /// Replaces the vendor's documented limit for this account, for every client of it.
        pub fn rate_limit(mut self, limit: $crate::Limit) -> Self {
            self.options.limit = Some(limit);
            self
        }

        /// Replaces the default attempts, time-outs and pauses.
        pub fn retry_policy(mut self, policy: $crate::RetryPolicy) -> Self {
            self.options.policy = policy;
            self
        }
    };
}
pub(crate) use client_options;

impl ClientOptions {
    /// The base URL, and the account context. `account` identifies the account at the vendor, and `documented` is the
    /// vendor's own limit.
    pub(crate) fn open(
        self,
        provider: ProviderId,
        default_base: &str,
        account: &[&str],
        documented: Limit,
    ) -> Result<(BaseUrl, AccountContext), Error> {
        let base = BaseUrl::parse(provider, self.base_url.as_deref().unwrap_or(default_base))?;
        let connector = Connector::or_default(self.connector, provider)?;
        let account = AccountContext::open(provider, &connector, &base, account, documented, self.limit);
        Ok((base, account.with_retry_policy(self.policy)))
    }
}

/// The headers of every request with a JSON body: `credential` is a header name and its secret value.
pub(crate) fn json_headers(
    provider: ProviderId,
    content_type: &'static str,
    credential: Option<(&'static str, &SecretString)>,
) -> Result<HeaderMap, Error> {
    let mut headers = bare_headers(provider, credential)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    Ok(headers)
}

/// The headers of a client's requests, with and without a body, that carry this credential (a header's name and its
/// secret value).
pub(crate) fn request_headers(
    provider: ProviderId,
    content_type: &'static str,
    credential: Option<(&'static str, &SecretString)>,
) -> Result<RequestHeaders, Error> {
    Ok(RequestHeaders {
        json: Arc::new(json_headers(provider, content_type, credential)?),
        bare: Arc::new(bare_headers(provider, credential)?),
    })
}

/// The headers of a request without a body.
pub(crate) fn bare_headers(
    provider: ProviderId,
    credential: Option<(&'static str, &SecretString)>,
) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("customer-sink/", env!("CARGO_PKG_VERSION"))));
    if let Some((name, secret)) = credential {
        headers.insert(HeaderName::from_static(name), credential_value(provider, secret)?);
    }
    Ok(headers)
}

/// A credential as a header value that no debug output shows.
pub(crate) fn credential_value(provider: ProviderId, secret: &SecretString) -> Result<HeaderValue, Error> {
    let refuse = || Error::config(provider, "credential", "is empty or holds characters that no header can");
    let text = secret.expose_secret();
    if text.trim().is_empty() {
        return Err(refuse());
    }
    let mut value = HeaderValue::from_str(text).map_err(|_| refuse())?;
    value.set_sensitive(true);
    Ok(value)
}

/// A body: written once, into one buffer of its size.
pub(crate) fn json_body(provider: ProviderId, value: &impl serde::Serialize) -> Result<Bytes, Error> {
    let mut buffer = Vec::with_capacity(1024);
    match serde_json::to_writer(&mut buffer, value) {
        Ok(()) => Ok(Bytes::from(buffer)),
        Err(error) => Err(Error::new(ErrorKind::Other, Effect::NotSent).with_provider(provider).with_source(error)),
    }
}

/// The URL of a fixed path under the base, made once per client.
pub(crate) fn fixed_url(provider: ProviderId, base: &BaseUrl, path: &str) -> Result<Arc<url::Url>, Error> {
    let url = format!("{}{path}", base.as_str()).parse();
    url.map(Arc::new)
        .map_err(|_| Error::config(provider, "base_url", "does not form a valid URL with the vendor's path"))
}
