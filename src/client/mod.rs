//! Getting bytes to a vendor and back: transport, retry, quotas.

pub(crate) mod addresses;
pub(crate) mod auth;
mod base_url;
mod call;
mod clock;
mod connector;
pub(crate) mod json;
pub(crate) mod options;
mod quota;
mod reqwest;
mod retry;
mod retry_after;
mod shared_credentials;
pub(crate) mod trace;
mod transport;

pub use base_url::BaseUrl;
pub use clock::{Clock, ManualClock, SystemClock};
pub use connector::Connector;
pub use quota::{Limit, Quota};
pub use reqwest::{ReqwestOptions, ReqwestTransport};
pub use retry::RetryPolicy;
pub use transport::{BodyFault, HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind};

pub(crate) use base_url::segment;
pub(crate) use base_url::{fill, query_value};
pub use call::{AccountContext, Call, Operation, Problem, Verdict};
pub(crate) use call::{Allowance, Outgoing};
pub(crate) use connector::account_key;
pub use retry::{Retry, by_status};
pub(crate) use shared_credentials::Shared;
