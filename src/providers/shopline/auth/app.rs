//! The app: its key and secret, the page where a merchant grants it access, and the signature of its token calls.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::super::PROVIDER;
use super::super::request::options::store_handle;
use crate::client::auth::signature::hmac_hex;
use crate::client::options::{credential_value, json_headers};
use crate::client::{Secret, query_value};
use crate::error::Error;

/// A custom or public app: its key, and the secret by which both sides sign. Cheap to clone.
#[derive(Clone)]
pub struct OAuthApp {
    key: Arc<str>,
    pub(super) secret: Secret,
}

/// Shows the key alone.
impl fmt::Debug for OAuthApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthApp").field("key", &self.key).finish_non_exhaustive()
    }
}

impl OAuthApp {
    /// The app with this key and secret.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for an empty key or secret, or a key that no header can hold.
    pub fn new(key: impl Into<String>, secret: impl Into<Secret>) -> Result<Self, Error> {
        let (key, secret) = (key.into(), secret.into());
        let key = key.trim();
        if key.is_empty() || HeaderValue::from_str(key).is_err() {
            return Err(Error::config(PROVIDER, "app_key", "is empty or holds characters that no header can"));
        }
        if secret.is_blank() {
            return Err(Error::config(PROVIDER, "app_secret", "is empty"));
        }
        Ok(Self { key: key.into(), secret })
    }

    /// The app's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The page where the merchant's browser asks for these scopes, such as `read_customers`. The parameters follow the
    /// hash (documented). `state` comes back as [`SignedRequest::state`](super::SignedRequest::state): make it a random
    /// value, and compare it, so that no other site can start the flow.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a handle that is no sub-domain.
    pub fn authorize_url(
        &self,
        handle: &str,
        scopes: &[&str],
        redirect_uri: &str,
        state: Option<&str>,
    ) -> Result<String, Error> {
        let handle = store_handle(handle)?;
        let scopes: Vec<String> = scopes.iter().map(|scope| query_value(scope)).collect();
        let mut url = format!(
            "https://{handle}.myshopline.com/admin/oauth-web/#/oauth/authorize?appKey={}&responseType=code&scope={}&redirectUri={}",
            query_value(&self.key),
            scopes.join(","),
            query_value(redirect_uri),
        );
        if let Some(state) = state {
            url.push_str("&customField=");
            url.push_str(&query_value(state));
        }
        Ok(url)
    }

    /// The headers of a token call: key, time in milliseconds, and the signature of the body and that time (documented).
    pub(super) fn signed_headers(&self, body: Option<&[u8]>, now: DateTime<Utc>) -> Result<HeaderMap, Error> {
        let timestamp = now.timestamp_millis().to_string();
        let message = [body.unwrap_or_default(), timestamp.as_bytes()].concat();
        let sign = Secret::from(hmac_hex(&self.secret, &message));
        self.headers(&timestamp, credential_value(PROVIDER, &sign)?)
    }

    pub(super) fn headers(&self, timestamp: &str, sign: HeaderValue) -> Result<HeaderMap, Error> {
        let value = |text: &str| {
            HeaderValue::from_str(text)
                .map_err(|_| Error::config(PROVIDER, "app_key", "holds characters that no header can"))
        };
        // The vendor demands the content type on the refresh as well, which has no body.
        let mut headers = json_headers(PROVIDER, "application/json", None)?;
        headers.insert(HeaderName::from_static("appkey"), value(&self.key)?);
        headers.insert(HeaderName::from_static("timestamp"), value(timestamp)?);
        headers.insert(HeaderName::from_static("sign"), sign);
        Ok(headers)
    }
}

/// The value that a plan shows for a header that sending fills.
pub(in super::super) fn placeholder() -> HeaderValue {
    let mut value = HeaderValue::from_static("[redacted]");
    value.set_sensitive(true);
    value
}
