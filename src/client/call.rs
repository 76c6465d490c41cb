//! One call of a client: its requests, with quota, retry and deadline, and the account of what may have changed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::quota::{Permit, RateLimitHeaders, answered};
use super::retry::{Retry, RetryBudget, by_status};
use super::retry_after::requested_wait;
use super::transport::{HttpRequest, HttpResponse, TransportErrorKind};
use super::{BaseUrl, Connector, Limit, Quota, RetryPolicy, account_key, fill};
use crate::error::{Effect, Error, ErrorKind, FieldError};
use crate::plan::{Step, Url};
use crate::provider::ProviderId;
use crate::sink::RemoteId;

/// What is known of an operation before it is sent: whether a request that may have been carried out may be sent again
/// hangs on it.
#[derive(Debug)]
pub struct Operation {
    pub(crate) name: &'static str,
    /// Sending it twice does what sending it once does.
    pub(crate) idempotent: bool,
    /// It changes something at the vendor.
    pub(crate) writes: bool,
}

impl Operation {
    /// Reads, and changes nothing.
    #[must_use]
    pub const fn read(name: &'static str) -> Self {
        Self { name, idempotent: true, writes: false }
    }

    /// Writes so that a repeat changes nothing more.
    #[must_use]
    pub const fn idempotent_write(name: &'static str) -> Self {
        Self { name, idempotent: true, writes: true }
    }

    /// Writes anew with every repeat.
    #[must_use]
    pub const fn write(name: &'static str) -> Self {
        Self { name, idempotent: false, writes: true }
    }

    /// Its name, such as `create_customer`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// What a provider's parser reads out of an answer.
#[derive(Debug)]
pub enum Verdict {
    /// The vendor did it. With a status that is no success it counts as a failure all the same.
    Success,
    /// The vendor says no, also where the status says yes.
    Failure(Box<Problem>),
}

/// What a provider's parser knows of a failure. What it leaves open, the status decides.
#[derive(Debug, Default)]
pub struct Problem {
    /// What went wrong.
    pub kind: Option<ErrorKind>,
    /// What may have changed at the vendor.
    pub effect: Option<Effect>,
    /// Whether the request may be sent again.
    pub retry: Option<Retry>,
    /// The vendor's own code.
    pub code: Option<String>,
    /// What the vendor wrote.
    pub message: Option<String>,
    /// What the vendor says of single fields.
    pub fields: Vec<FieldError>,
    /// The ids of the customers that the record cannot be told apart from.
    pub conflicting_ids: Vec<RemoteId>,
    /// The vendor's id of the request where the body tells it; else the headers are asked.
    pub request_id: Option<String>,
    /// What to do about it, in words that hold no value of the record.
    pub hint: Option<&'static str>,
}

impl Problem {
    /// The verdict of an answer with this problem.
    #[must_use]
    pub fn into_verdict(self) -> Verdict {
        Verdict::Failure(Box::new(self))
    }
}

/// What all calls of one account have in common: where they are sent by, the vendor's quota, the retries.
///
/// A client keeps one, behind an `Arc`, and starts a [`Call`] for each upsert.
#[derive(Debug)]
pub struct AccountContext {
    pub(crate) provider: ProviderId,
    pub(crate) connector: Connector,
    /// Each request takes a place in all of them, in this order. The first is the account's own.
    pub(crate) quotas: Vec<Arc<Quota>>,
    /// A number of requests for so long a window that nobody waits until it is over.
    pub(crate) allowance: Option<Allowance>,
    pub(crate) budget: RetryBudget,
    pub(crate) policy: RetryPolicy,
    /// Where the vendor puts its id of a request; the first that is there counts.
    pub(crate) request_id_headers: &'static [&'static str],
    /// Where the vendor puts the seconds to wait, if it has such a header of its own.
    pub(crate) reset_header: Option<&'static str>,
    pub(crate) max_body: usize,
}

/// What an account may send in a long window, such as a day. Where it is used up, a call fails at once and tells when the
/// next place comes free.
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

    /// An account of a vendor. `base` and `key` tell accounts apart: clients of the same base URL and key over one
    /// connector share one quota. Of the key (an account's name, or its credential where it has none) only a hash is
    /// kept. `documented` is the vendor's own limit, and `explicit` one that the caller sets in its place.
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

    /// Names the headers in which the vendor tells its id of a request; the first that is there counts. Default
    /// `x-request-id`, then `request-id`.
    #[must_use]
    pub fn with_request_id_headers(mut self, names: &'static [&'static str]) -> Self {
        self.request_id_headers = names;
        self
    }

    /// Names a header of the vendor's own with the seconds to wait, for answers without a `Retry-After`.
    #[must_use]
    pub fn with_reset_header(mut self, name: &'static str) -> Self {
        self.reset_header = Some(name);
        self
    }

    /// Starts a call: its requests share one deadline, one count, and one account of what changed.
    #[must_use]
    pub fn call(&self) -> Call<'_> {
        let deadline = self.connector.clock().now() + self.policy.call_timeout;
        Call {
            account: self,
            deadline,
            attempts: 0,
            request_id: None,
            committed: false,
            uncertain: false,
            doubted: false,
        }
    }

    /// Roughly how long a request would wait now for a place in all quotas.
    pub(crate) fn quota_wait(&self) -> Duration {
        let now = self.connector.clock().now();
        self.quotas.iter().map(|quota| quota.wait(now)).max().unwrap_or_default()
    }

    fn request_id(&self, response: &HttpResponse) -> Option<String> {
        let value = self.request_id_headers.iter().find_map(|name| response.header(name))?;
        // Some vendors list several; the first is the request's own.
        let first = value.split(',').next().unwrap_or(value).trim();
        (!first.is_empty()).then(|| first.to_owned())
    }
}

/// One request, ready to be sent as often as the policy allows.
pub(crate) struct Outgoing<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) method: &'a Method,
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Option<&'a Bytes>,
}

impl<'a> Outgoing<'a> {
    /// The request of a step, as planned.
    pub(crate) fn of(operation: &'a Operation, step: &'a Step) -> Self {
        Self { operation, method: &step.method, url: &step.url, headers: &step.headers, body: step.body.as_ref() }
    }
}

/// One upsert, or one call of a native client: its requests share a deadline, a count and one account of what changed.
#[derive(Debug)]
pub struct Call<'a> {
    account: &'a AccountContext,
    deadline: Instant,
    pub(crate) attempts: u32,
    pub(crate) request_id: Option<String>,
    committed: bool,
    uncertain: bool,
    doubted: bool,
}

/// How one attempt failed.
struct Failed {
    sent: Instant,
    kind: ErrorKind,
    effect: Effect,
    retry: Retry,
    wait: Option<Duration>,
    error: Error,
}

impl Call<'_> {
    /// Sends the request of a step, as planned, until it succeeds or the policy ends it. `ids` fills the places in braces
    /// of its URL, each as one path segment. `judge` reads an answer; it sees successes too, since a 200 is a success only
    /// when the body does not say otherwise.
    ///
    /// The vendor's quota, `Retry-After`, back-off, the deadline and what may be sent again are seen to here.
    ///
    /// # Errors
    ///
    /// As the failure and the rest of the call say; [`ErrorKind::InvalidInput`] for an id that cannot stand in a path.
    pub async fn send_step(
        &mut self,
        operation: &Operation,
        step: &Step,
        ids: &[(&'static str, &str)],
        judge: impl Fn(&HttpResponse) -> Verdict,
    ) -> Result<HttpResponse, Error> {
        let mut out = Outgoing::of(operation, step);
        let url;
        if !ids.is_empty() {
            let filled = fill(step.url(), ids).map_err(|error| {
                self.finish(error.with_provider(self.account.provider).with_operation(operation.name))
            })?;
            url = Url::from(filled);
            out.url = &url;
        }
        self.send(out, judge).await
    }

    /// How many requests were sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The vendor's id of the last request that was answered.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Sends a request until it succeeds or the policy ends it. `judge` reads an answer; it sees successes too, since a
    /// 200 is a success only when the body does not say otherwise.
    pub(crate) async fn send(
        &mut self,
        out: Outgoing<'_>,
        judge: impl Fn(&HttpResponse) -> Verdict,
    ) -> Result<HttpResponse, Error> {
        let policy = &self.account.policy;
        let clock = self.account.connector.clock();
        let mut tries = 0u32;
        loop {
            tries += 1;
            let failed = match self.attempt(&out, &judge).await? {
                Ok(response) => {
                    self.account.budget.earn();
                    self.account.quotas.first().inspect(|own| own.taken());
                    if out.operation.writes {
                        self.committed = true;
                        self.uncertain = false;
                    }
                    return Ok(response);
                }
                Err(failed) => failed,
            };
            if out.operation.writes && failed.effect == Effect::Unknown {
                self.uncertain = true;
                self.doubted = true;
            }
            let may_repeat = match failed.retry {
                Retry::Always => true,
                Retry::IfIdempotent => out.operation.idempotent,
                Retry::Never => false,
            };
            let backoff = policy.backoff(tries, self.account.connector.random());
            // A vendor that asks to slow down means all requests of the account, also where it does not say for how long.
            // Which of several limits was passed none tells: the own one rests, and others find out by themselves.
            let all_wait = failed.wait.or((failed.kind == ErrorKind::RateLimited).then_some(backoff));
            if let (Some(wait), Some(own)) = (all_wait, self.account.quotas.first()) {
                own.pause_until(clock.now() + wait.min(Duration::from_secs(86_400)));
            }
            if let (ErrorKind::RateLimited, Some(own)) = (failed.kind, self.account.quotas.first()) {
                own.refused(failed.sent, clock.now());
            }
            let pause = failed.wait.map_or(backoff, |wait| wait.max(backoff));
            let too_long = failed.wait.is_some_and(|wait| wait > policy.server_wait_cap);
            let out_of_time = clock.now() + pause >= self.deadline;
            // A wait that the server asked for costs nothing: the vendor is in order and says when to come back.
            let affordable = failed.wait.is_some() || failed.kind == ErrorKind::RateLimited;
            if !may_repeat || tries >= policy.attempts || too_long || out_of_time {
                return Err(self.give_up(out.operation, failed, may_repeat));
            }
            if !affordable && !self.account.budget.spend() {
                return Err(self.give_up(out.operation, failed, may_repeat));
            }
            tracing::debug!(
                provider = self.account.provider.as_str(),
                operation = out.operation.name,
                kind = failed.kind.as_str(),
                attempt = tries,
                pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                "trying again"
            );
            clock.sleep(pause).await;
        }
    }

    /// One attempt. The outer error ends the call whatever the policy says.
    async fn attempt(
        &mut self,
        out: &Outgoing<'_>,
        judge: &impl Fn(&HttpResponse) -> Verdict,
    ) -> Result<Result<HttpResponse, Failed>, Error> {
        let account = self.account;
        let clock = account.connector.clock();
        let asked = clock.now();
        let mut permits = Vec::with_capacity(account.quotas.len() + 1);
        let longest = account.policy.server_wait_cap;
        // First, so that a call that it stops takes no place of the others.
        if let Some(allowance) = &account.allowance {
            match allowance.quota.acquire(clock, longest, longest).await {
                Ok(permit) => permits.push(permit),
                Err(pause) => {
                    let error = self.error(out.operation, ErrorKind::QuotaExhausted, Effect::NotSent);
                    let error = error.with_hint(allowance.hint).with_retry_after(Some(pause));
                    return Err(self.finish(error.with_retryable(true)));
                }
            }
        }
        for quota in &account.quotas {
            match quota.acquire(clock, longest, Duration::MAX).await {
                Ok(permit) => permits.push(permit),
                Err(pause) => {
                    permits.into_iter().for_each(Permit::give_back);
                    let error = self.error(out.operation, ErrorKind::RateLimited, Effect::NotSent);
                    return Err(self.finish(error.with_retry_after(Some(pause)).with_retryable(true)));
                }
            }
        }
        // The wait for our own quota is not the vendor's slowness: it does not eat the time of the call.
        let now = clock.now();
        self.deadline += now.saturating_duration_since(asked);
        let left = self.deadline.saturating_duration_since(now);
        if left.is_zero() {
            permits.into_iter().for_each(Permit::give_back);
            let error = self.error(out.operation, ErrorKind::Deadline, Effect::NotSent);
            return Err(self.finish(error.with_retryable(true)));
        }
        let request = HttpRequest {
            method: out.method.clone(),
            url: self.parsed(out)?,
            headers: out.headers.clone(),
            body: out.body.cloned().unwrap_or_default(),
            timeout: account.policy.attempt_timeout.min(left),
            max_body: account.max_body,
        };
        self.attempts += 1;
        let answer = account.connector.transport().send(request).await;
        let response = match answer {
            Ok(response) => {
                let own = usize::from(account.allowance.is_some());
                answered(permits, own, now, clock.now(), RateLimitHeaders::read(&response.headers));
                response
            }
            Err(error) => {
                drop(permits);
                let (kind, effect, retry) = match error.kind() {
                    TransportErrorKind::Connect => (ErrorKind::Connect, Effect::NotSent, Retry::Always),
                    TransportErrorKind::Timeout => (ErrorKind::Timeout, Effect::Unknown, Retry::IfIdempotent),
                    TransportErrorKind::Interrupted => (ErrorKind::Interrupted, Effect::Unknown, Retry::IfIdempotent),
                };
                tracing::debug!(
                    provider = account.provider.as_str(),
                    operation = out.operation.name,
                    kind = kind.as_str(),
                    "no answer"
                );
                let error = self.error(out.operation, kind, effect).with_source(error);
                return Ok(Err(Failed { sent: now, kind, effect, retry, wait: None, error }));
            }
        };
        let status = response.status.as_u16();
        tracing::debug!(
            provider = account.provider.as_str(),
            operation = out.operation.name,
            method = out.method.as_str(),
            status,
            attempt = self.attempts,
            "answered"
        );
        let request_id = account.request_id(&response);
        let verdict = judge(&response);
        let problem = match verdict {
            Verdict::Success if response.status.is_success() => {
                self.request_id = request_id;
                return Ok(Ok(response));
            }
            Verdict::Success => Box::default(),
            Verdict::Failure(problem) => problem,
        };
        let wait = requested_wait(&response, account.reset_header, clock.utc());
        let (kind, effect, retry) = if response.status.is_success() {
            (ErrorKind::Rejected, Effect::Rejected, Retry::Never)
        } else {
            by_status(status, response.headers.contains_key("retry-after"))
        };
        let kind = problem.kind.unwrap_or(kind);
        let effect = problem.effect.unwrap_or(effect);
        let retry = problem.retry.unwrap_or(retry);
        let wait = wait
            .filter(|_| retry != Retry::Never || kind == ErrorKind::RateLimited || kind == ErrorKind::QuotaExhausted);
        let request_id = problem.request_id.or(request_id);
        self.request_id.clone_from(&request_id);
        let mut error = self
            .error(out.operation, kind, effect)
            .with_status(status)
            .with_code(problem.code)
            .with_vendor_message(problem.message)
            .with_fields(problem.fields)
            .with_conflicting_ids(problem.conflicting_ids)
            .with_request_id(request_id)
            .with_retry_after(wait);
        if let Some(hint) = problem.hint {
            error = error.with_hint(hint);
        }
        Ok(Err(Failed { sent: now, kind, effect, retry, wait, error }))
    }

    fn parsed(&self, out: &Outgoing<'_>) -> Result<url::Url, Error> {
        match out.url {
            Url::Shared(url) => Ok((**url).clone()),
            other => other.as_str().parse().map_err(|_| {
                let error = self.error(out.operation, ErrorKind::Config, Effect::NotSent);
                self.finish(error.with_hint("the base URL and the ids make no URL"))
            }),
        }
    }

    fn give_up(&self, operation: &Operation, failed: Failed, may_repeat: bool) -> Error {
        let mut error = failed.error;
        if !operation.writes && failed.effect == Effect::Unknown {
            // A read that got lost changed nothing.
            error.set_effect(if error.status().is_some() { Effect::Rejected } else { Effect::NotSent });
        }
        self.finish(error.with_retryable(may_repeat))
    }

    /// An error of this call, to be given to [`finish`](Self::finish).
    #[must_use]
    pub fn error(&self, operation: &Operation, kind: ErrorKind, effect: Effect) -> Error {
        Error::new(kind, effect).with_provider(self.account.provider).with_operation(operation.name)
    }

    /// The error as the caller gets it: what earlier requests of the call changed counts too.
    #[must_use]
    pub fn finish(&self, mut error: Error) -> Error {
        if self.committed {
            error.set_effect(Effect::Applied);
        } else if self.uncertain {
            error.set_effect(Effect::Unknown);
        }
        error.with_attempts(self.attempts)
    }

    /// Says that a doubt about an earlier write was settled by reading: it was carried out, or it was not.
    pub fn settle(&mut self, applied: bool) {
        self.uncertain = false;
        self.committed |= applied;
    }

    /// Whether a write may have been carried out, and nobody knows.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        self.uncertain
    }

    /// Whether any attempt at a write so far ended in doubt, also where a later one was answered.
    #[must_use]
    pub fn had_unknown_attempt(&self) -> bool {
        self.doubted
    }

    /// Says that the last write turned out to have changed nothing.
    pub fn mark_not_applied(&mut self) {
        self.committed = false;
    }

    /// Says that the last write was answered with success, which does not tell whether it changed anything.
    pub fn mark_effect_unknown(&mut self) {
        self.committed = false;
        self.uncertain = true;
    }
}
