//! The kit that every client is made of: calls, transport, retries, quotas, credentials, JSON, pages, addresses.

mod account;
#[allow(dead_code)] // Transitional: until the providers use all of it.
pub(crate) mod addresses;
pub(crate) mod api;
pub(crate) mod auth;
mod base_url;
mod call;
mod clock;
mod connector;
#[allow(dead_code, unreachable_pub)] // Transitional: until the providers use it.
pub(crate) mod identify;
pub(crate) mod json;
mod operation;
pub(crate) mod options;
#[allow(dead_code, unreachable_pub)] // Transitional: until the providers use it.
pub(crate) mod pages;
#[allow(dead_code, unreachable_pub)] // Transitional: until the providers use it.
pub(crate) mod query;
mod quota;
mod request;
#[cfg(feature = "reqwest")]
mod reqwest;
pub(crate) mod response;
mod retry;
mod retry_after;
mod shared_credentials;
pub(crate) mod steps;
pub(crate) mod trace;
mod transport;
#[allow(dead_code, unreachable_pub)] // Transitional: until the providers use it.
pub(crate) mod validate;
mod vendor_error;
mod vendor_time;

pub use base_url::BaseUrl;
pub use clock::{Clock, ManualClock, SystemClock};
pub use connector::Connector;
#[allow(unused_imports, unreachable_pub)] // Transitional: until the root exports it.
pub use pages::{Cursor, Page};
#[allow(unused_imports, unreachable_pub)] // Transitional: until the root exports it.
pub use query::ArrayStyle;
pub use quota::{Limit, Quota};
#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
pub use reqwest::{ReqwestOptions, ReqwestTransport};
pub use retry::RetryPolicy;
pub use transport::{BodyFault, HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind};

pub use account::AccountContext;
pub(crate) use account::Allowance;
pub use auth::secret::Secret;
pub use auth::webhook::{Verifier, WebhookError};
pub(crate) use base_url::segment;
pub(crate) use base_url::{fill, query_value};
pub(crate) use call::Outgoing;
pub use call::{Call, Verdict};
pub(crate) use connector::account_key;
pub use json::raw::RawJson;
pub use operation::Operation;
pub use request::Request;
pub(crate) use request::Url;
pub use response::{Reading, Response};
pub use retry::{Retry, by_status};
pub(crate) use shared_credentials::Shared;
pub use vendor_error::VendorError;
