//! The account: the quotas, retry budget and policy that all calls of one account share.

use std::sync::Arc;
use std::time::Duration;

use super::retry::RetryBudget;
use super::transport::HttpResponse;
use super::{BaseUrl, Connector, Limit, Quota, RetryPolicy, account_key};
use crate::provider::ProviderId;

/// The context that all calls of one account share: the connector, the vendor's quotas, the retry budget and policy.
///
/// A client keeps one, behind an `Arc`, and starts a [`Call`](super::Call) for each upsert.
#[derive(Debug)]
pub struct AccountContext {
    pub(crate) provider: ProviderId,
    pub(crate) connector: Connector,
    /// Each request takes a permit of all of them, in this order. The first is the account's own.
    pub(crate) quotas: Vec<Arc<Quota>>,
    /// A limit over a window so long that no call waits for its end.
    pub(crate) allowance: Option<Allowance>,
    pub(crate) budget: RetryBudget,
    pub(crate) policy: RetryPolicy,
    /// The headers with the vendor's id of a request; the first one present counts.
    pub(crate) request_id_headers: &'static [&'static str],
    /// A vendor-specific header with the seconds to wait.
    pub(crate) reset_header: Option<&'static str>,
    pub(crate) max_body: usize,
}

/// A limit of an account over a long window, such as a day. Where it is used up, a call fails at once, and its error has
/// the time until the next request is allowed.
#[derive(Debug)]
pub(crate) struct Allowance {
    pub(crate) quota: Arc<Quota>,
    /// What to do about it.
    pub(crate) hint: &'static str,
}

impl AccountContext {
    pub(crate) fn new(provider: ProviderId, connector: Connector, quota: Arc<Quota>, policy: RetryPolicy) -> Self {
        Self {
            provider,
            connector,
            quotas: vec![quota],
            allowance: None,
            budget: RetryBudget::new(),
            policy,
            request_id_headers: &["x-request-id", "request-id"],
            reset_header: None,
            max_body: 4 << 20,
        }
    }

    /// An account of a vendor. `base` and `key` identify it: clients of the same base URL and key over one connector
    /// share one quota. Of the key (an account's name, or its credential where it has none) only a hash is kept.
    /// `documented` is the vendor's own limit, and `explicit` one that the caller sets in its place.
    #[must_use]
    pub fn open(
        provider: ProviderId,
        connector: &Connector,
        base: &BaseUrl,
        key: &[&str],
        documented: Limit,
        explicit: Option<Limit>,
    ) -> Self {
        let origin = base.origin();
        let key = account_key(&[&[origin.as_str()], key].concat());
        let quota = connector.quota(provider, key, explicit, documented);
        Self::new(provider, connector.clone(), quota, RetryPolicy::default())
    }

    /// Replaces the default attempts, time-outs and pauses.
    #[must_use]
    pub fn with_retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Names the headers that hold the vendor's id of a request; the first one present counts. Default
    /// `x-request-id`, then `request-id`.
    #[must_use]
    pub fn with_request_id_headers(mut self, names: &'static [&'static str]) -> Self {
        self.request_id_headers = names;
        self
    }

    /// Names a vendor-specific header with the seconds to wait, for answers without a `Retry-After`.
    #[must_use]
    pub fn with_reset_header(mut self, name: &'static str) -> Self {
        self.reset_header = Some(name);
        self
    }

    /// Estimates how long a request would wait now for all quotas.
    pub(crate) fn quota_wait(&self) -> Duration {
        let now = self.connector.clock().now();
        self.quotas.iter().map(|quota| quota.wait(now)).max().unwrap_or_default()
    }

    pub(super) fn request_id(&self, response: &HttpResponse) -> Option<String> {
        let value = self.request_id_headers.iter().find_map(|name| response.header(name))?;
        // Some vendors list several; the first is the request's own.
        let first = value.split(',').next().unwrap_or(value).trim();
        (!first.is_empty()).then(|| first.to_owned())
    }
}
