//! Getting bytes to a vendor and back: transport, retry, quotas.

mod base_url;
mod clock;
mod connector;
mod exchange;
mod quota;
mod reqwest;
mod retry;
mod retry_after;
mod shared;
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
pub(crate) use connector::account_key;
pub use exchange::{Account, Call, Operation, Problem, Verdict};
pub(crate) use exchange::{Allowance, Outgoing};
pub use retry::{Retry, by_status};
pub(crate) use shared::Shared;
