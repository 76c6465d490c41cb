//! The retry rules as data, and the retry policy.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::error::{Effect, ErrorKind};

/// Whether a failed request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// For every operation: the vendor did not carry the request out.
    Always,
    /// Only for an idempotent operation.
    IfIdempotent,
    /// Once, whatever the operation: a read whose answer broke off.
    Once,
    /// Never.
    Never,
}

/// What a status means before the body is read.
struct StatusRule {
    from: u16,
    to: u16,
    /// With or without a `Retry-After`; none: both.
    retry_after: Option<bool>,
    kind: ErrorKind,
    effect: Effect,
    retry: Retry,
}

const fn rule(from: u16, to: u16, kind: ErrorKind, effect: Effect, retry: Retry) -> StatusRule {
    StatusRule { from, to, retry_after: None, kind, effect, retry }
}

/// The first row that fits decides.
static STATUSES: &[StatusRule] = {
    use Effect::{Rejected, Unknown};
    use ErrorKind as K;
    use Retry::{Always, IfIdempotent, Never};
    &[
        rule(300, 399, K::Redirected, Rejected, Never),
        rule(401, 401, K::Unauthenticated, Rejected, Never),
        rule(402, 403, K::Forbidden, Rejected, Never),
        rule(404, 404, K::NotFound, Rejected, Never),
        rule(408, 408, K::Timeout, Rejected, Always),
        rule(409, 409, K::Conflict, Rejected, Never),
        rule(410, 410, K::NotFound, Rejected, Never),
        rule(425, 425, K::Unavailable, Rejected, Always),
        rule(429, 429, K::RateLimited, Rejected, Always),
        rule(400, 499, K::Rejected, Rejected, Never),
        rule(501, 501, K::Unsupported, Rejected, Never),
        rule(505, 505, K::Unsupported, Rejected, Never),
        StatusRule { retry_after: Some(true), ..rule(503, 503, K::Unavailable, Rejected, Always) },
        rule(504, 504, K::Timeout, Unknown, IfIdempotent),
        rule(500, 599, K::Unavailable, Unknown, IfIdempotent),
    ]
};

/// What a status that is no success means by itself: kind, effect, and whether the request may be sent again. A parser
/// overrides it by the fields of [`VendorError`](super::VendorError).
#[must_use]
pub fn by_status(status: u16, has_retry_after: bool) -> (ErrorKind, Effect, Retry) {
    STATUSES
        .iter()
        .find(|r| (r.from..=r.to).contains(&status) && r.retry_after.is_none_or(|with| with == has_retry_after))
        // 1xx and statuses beyond 599 are outside HTTP: nothing is known of what they did.
        .map_or((ErrorKind::Other, Effect::Unknown, Retry::Never), |r| (r.kind, r.effect, r.retry))
}

/// How often and how long a client tries. All of it is configurable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Requests sent at most for one step, the first included. Default 4.
    pub attempts: u32,
    /// How long one request may take. Default 30 s. Shorter than the vendor needs, it makes unknown outcomes.
    pub attempt_timeout: Duration,
    /// How long a whole upsert may take, the waits for a local quota aside. Default 120 s.
    pub call_timeout: Duration,
    /// The first pause is random up to this, and doubles each time. Default 0.5 s.
    pub backoff_base: Duration,
    /// The longest back-off. Default 8 s.
    pub backoff_cap: Duration,
    /// The longest wait that is obeyed in the call when a server asks for one; a longer one is returned at once, with
    /// the delay in the error. Default 60 s.
    pub server_wait_cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 4,
            attempt_timeout: Duration::from_secs(30),
            call_timeout: Duration::from_secs(120),
            backoff_base: Duration::from_millis(500),
            backoff_cap: Duration::from_secs(8),
            server_wait_cap: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// The pause before another attempt: full jitter, where `random` is in `[0, 1)`.
    pub(crate) fn backoff(&self, attempt: u32, random: f64) -> Duration {
        let doubled = self.backoff_base.saturating_mul(1u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
        doubled.min(self.backoff_cap).mul_f64(random.clamp(0.0, 1.0))
    }
}

/// What a client may spend on retries: a retry costs, a success gives back. When a vendor is down for everyone, the
/// clients of one account stop multiplying their requests.
#[derive(Debug)]
pub(crate) struct RetryBudget(AtomicI64);

impl RetryBudget {
    const FULL: i64 = 500;
    const COST: i64 = 5;

    pub(crate) const fn new() -> Self {
        Self(AtomicI64::new(Self::FULL))
    }

    /// Takes the price of one retry, if it is there.
    pub(crate) fn spend(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| (left >= Self::COST).then(|| left - Self::COST))
            .is_ok()
    }

    /// Gives back a little for a success.
    pub(crate) fn earn(&self) {
        if self.0.load(Ordering::Relaxed) < Self::FULL {
            let _ = self
                .0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| (left < Self::FULL).then_some(left + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_the_design_says() {
        use Effect::{Rejected, Unknown};
        use Retry::{Always, IfIdempotent, Never};
        for (status, with, effect, retry) in [
            (301, false, Rejected, Never),
            (400, false, Rejected, Never),
            (401, false, Rejected, Never),
            (408, false, Rejected, Always),
            (422, false, Rejected, Never),
            (425, false, Rejected, Always),
            (429, false, Rejected, Always),
            (429, true, Rejected, Always),
            (500, false, Unknown, IfIdempotent),
            (501, false, Rejected, Never),
            (502, false, Unknown, IfIdempotent),
            (503, false, Unknown, IfIdempotent),
            (503, true, Rejected, Always),
            (504, true, Unknown, IfIdempotent),
            (505, false, Rejected, Never),
            (520, false, Unknown, IfIdempotent),
        ] {
            let (_, e, r) = by_status(status, with);
            assert_eq!((e, r), (effect, retry), "{status} {with}");
        }
    }

    #[test]
    fn pauses_double_up_to_the_cap() {
        let policy = RetryPolicy::default();
        let pauses: Vec<_> = (1..=6).map(|n| policy.backoff(n, 1.0).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 8000]);
        assert_eq!(policy.backoff(40, 1.0), policy.backoff_cap);
        assert_eq!(policy.backoff(3, 0.0), Duration::ZERO);
    }

    #[test]
    fn an_empty_budget_allows_no_retry_until_successes_fill_it() {
        let budget = RetryBudget::new();
        assert_eq!((0..1000).filter(|_| budget.spend()).count(), 100);
        (0..4).for_each(|_| budget.earn());
        assert!(!budget.spend());
        budget.earn();
        assert!(budget.spend());
    }
}
