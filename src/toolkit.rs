//! The parts that a sink outside this crate is built from; the five providers are built from the same.
//!
//! They bring quotas, retries, `Retry-After`, effects, redaction and the claims on fields. A sink is three things:
//!
//! - a [`FieldMatrix`](crate::FieldMatrix): the treatment of each field at the vendor;
//! - a mapping from [`Customer`](crate::Customer) to the vendor's record, kept by a [`Mapper`];
//! - an upsert: an ordered list of named [`Steps`], from which [`plan`] makes the [`Plan`](crate::Plan), and of which a
//!   [`Walk`] gives the run one [`Request`] after the other; a [`Call`] sends them, and a function reads each answer into a
//!   value or a [`VendorError`].
//!
//! `examples/sixth_provider` is a complete one, and the suite in `conformance` checks whether yours keeps the contract.
//!
//! ```
//! use std::sync::Arc;
//!
//! use customer_sink::toolkit::{AccountContext, Operation, Reading, Request, VendorError, decode_lossy, headers, json_body};
//! use customer_sink::{BaseUrl, Connector, Error, HttpResponse, Limit, ProviderId};
//! use http::Method;
//!
//! const PROVIDER: ProviderId = ProviderId::new("harbor");
//! static CREATE: Operation = Operation::write(PROVIDER, Method::POST, "create_customer");
//!
//! fn check(answer: &HttpResponse) -> Reading<()> {
//!     if answer.status.is_success() {
//!         return Ok(());
//!     }
//!     let code = answer.header("x-error").map(str::to_owned);
//!     Err(Box::new(VendorError { code, ..VendorError::default() }))
//! }
//!
//! async fn create(connector: &Connector, key: &str, email: &str) -> Result<Option<String>, Error> {
//!     let base = BaseUrl::parse(PROVIDER, "https://api.example.com/v1/")?;
//!     let account = AccountContext::open(PROVIDER, connector, &base, &[key], Limit::Unlimited, None);
//!     let headers = headers(PROVIDER, Some("application/json"), Some(("x-api-key", &key.into())))?;
//!     let body = json_body(PROVIDER, &serde_json::json!({"email": email}))?;
//!     let request = Request::new(&CREATE, format!("{}customers", base.as_str()), Arc::new(headers), Some(body));
//!     let id = |answer: &HttpResponse| Some(answer.header("x-id").map(str::to_owned));
//!     let answer = account.call().execute(&request, decode_lossy(check, id)).await?;
//!     Ok(answer.value)
//! }
//! # let _ = create;
//! ```

use bytes::Bytes;
use http::HeaderMap;

pub use crate::client::response::{decode, decode_lossy, optional};
pub use crate::client::steps::{Steps, Walk, plan};
pub use crate::client::{AccountContext, Call, Operation, Reading, Request, Retry, VendorError, by_status};
pub use crate::plan::mapper::{AddressMapper, KnownConsent, Mapper, TagLimits};

use crate::client::Secret;
use crate::client::options;
use crate::error::Error;
use crate::plan::outcome::Upserted;
use crate::provider::ProviderId;

/// The headers of a request: those of every request of this crate, a content type for one with a body, and a credential
/// (a header's name in lower case and its value), which is marked as sensitive so that no plan and no debug output shows
/// it.
///
/// # Errors
///
/// [`ErrorKind::Config`](crate::ErrorKind::Config) where the credential is empty, or it or its name is not valid in a
/// header.
pub fn headers(
    provider: ProviderId,
    content_type: Option<&'static str>,
    credential: Option<(&str, &Secret)>,
) -> Result<HeaderMap, Error> {
    let mut headers = options::bare_headers(provider, None)?;
    if let Some(content_type) = content_type {
        headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    }
    if let Some((name, secret)) = credential {
        let name = http::HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Error::config(provider, "credential", "its header's name cannot stand in a header"))?;
        headers.insert(name, options::credential_value(provider, secret.inner())?);
    }
    Ok(headers)
}

/// A JSON body.
///
/// # Errors
///
/// [`ErrorKind::Other`](crate::ErrorKind::Other) where the value cannot be written as JSON.
pub fn json_body(provider: ProviderId, value: &impl serde::Serialize) -> Result<Bytes, Error> {
    options::json_body(provider, value)
}

/// An id as one path segment: escaped once, and refused where it could change the path.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), naming `name`, for an empty id, `.`, `..` and control
/// characters.
pub fn path_segment(name: &'static str, id: &str) -> Result<String, Error> {
    crate::client::segment(name, id)
}

/// The value of a query parameter, escaped once.
#[must_use]
pub fn query_value(text: &str) -> String {
    crate::client::query_value(text)
}

/// Runs an upsert in the span that this crate's own providers use, `customer_sink.upsert`: it records the provider,
/// outcome, effect, attempts and kind of error, and nothing of the person.
///
/// # Errors
///
/// Those of the upsert.
pub async fn upsert_span(
    provider: ProviderId,
    upsert: impl Future<Output = Result<Upserted, Error>>,
) -> Result<Upserted, Error> {
    crate::client::trace::upsert_span(provider, upsert).await
}

/// The body of [`CustomerSink::find`](crate::CustomerSink::find) of a vendor whose customers cannot be read back.
///
/// # Errors
///
/// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported), always.
pub fn unsupported_find<T>(provider: ProviderId) -> Result<T, Error> {
    Err(Error::unsupported(provider, "find", "customers of this provider cannot be read back"))
}

/// The body of [`CustomerSink::erase`](crate::CustomerSink::erase) of a vendor that cannot erase a person.
///
/// # Errors
///
/// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported), always.
pub fn unsupported_erase<T>(provider: ProviderId) -> Result<T, Error> {
    Err(Error::unsupported(provider, "erase", "this provider has no way to erase a person"))
}

/// The body of [`CustomerSink::check`](crate::CustomerSink::check) of a vendor that has no call that only checks
/// credentials.
///
/// # Errors
///
/// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported), always.
pub fn unsupported_check<T>(provider: ProviderId) -> Result<T, Error> {
    Err(Error::unsupported(provider, "check", "this provider has no call that only checks credentials"))
}
