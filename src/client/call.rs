//! A call: sends requests with quota, retry and deadline, and keeps the ledger of what may have changed.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method};

use super::account::AccountContext;
use super::fill;
use super::operation::Operation;
use super::quota::{Permit, RateLimitHeaders, answered};
use super::request::{Request, Url};
use super::response::{Reading, Response, html_page};
use super::retry::{Retry, by_status};
use super::retry_after::requested_wait;
use super::transport::{HttpRequest, HttpResponse, TransportErrorKind};
use super::vendor_error::VendorError;
use super::vendor_time::VendorTime;
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::Step;

/// Transitional: what a provider's parser reads out of an answer.
#[derive(Debug)]
pub enum Verdict {
    /// The vendor did it.
    Success,
    /// The vendor says no.
    Failure(Box<VendorError>),
}

impl VendorError {
    /// Transitional: the verdict of an answer with this failure.
    #[must_use]
    pub fn into_verdict(self) -> Verdict {
        Verdict::Failure(Box::new(self))
    }
}

/// Transitional: one request, ready to be sent as often as the policy allows.
pub(crate) struct Outgoing<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) method: &'a Method,
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Option<&'a Bytes>,
}

impl<'a> Outgoing<'a> {
    /// Transitional: the request of a step, as planned.
    pub(crate) fn of(operation: &'a Operation, step: &'a Step) -> Self {
        Self { operation, method: &step.method, url: &step.url, headers: &step.headers, body: step.body.as_ref() }
    }
}

/// One upsert, or one call of a native client: its requests share a deadline, a count, and one ledger of what may have
/// changed at the vendor.
///
/// ```text
///                 a write is answered with success
///   nothing ------------------------------------------> committed    error effect: applied
///   written  \                                             ^
///   (not_sent, \  a write's fate is unknown                | resolve_uncertainty(true), or a later write succeeds
///    rejected)  `-------------------------------> uncertain          error effect: unknown
///                                                     | resolve_uncertainty(false)
///                                                     v
///                                               nothing written
/// ```
#[derive(Debug)]
pub struct Call<'a> {
    account: &'a AccountContext,
    began: Instant,
    deadline: Instant,
    pub(crate) attempts: u32,
    pub(crate) request_id: Option<String>,
    /// A write reached the vendor, whatever came of it.
    write_sent: bool,
    committed: bool,
    uncertain: bool,
    had_unknown_attempt: bool,
    /// The start of the call, by the vendor's clock.
    vendor_time: VendorTime,
}

/// How one attempt failed.
struct Failed {
    sent: Instant,
    /// Bytes of the request were, or may have been, written.
    reached: bool,
    kind: ErrorKind,
    effect: Effect,
    retry: Retry,
    wait: Option<Duration>,
    error: Error,
}

impl AccountContext {
    /// Starts a call: its requests share one deadline, one count, and one ledger of what may have changed.
    #[must_use]
    pub fn call(&self) -> Call<'_> {
        Call::new(self)
    }
}

impl<'a> Call<'a> {
    fn new(account: &'a AccountContext) -> Self {
        let began = account.connector.clock().now();
        Self {
            account,
            began,
            deadline: began + account.policy.call_timeout,
            attempts: 0,
            request_id: None,
            write_sent: false,
            committed: false,
            uncertain: false,
            had_unknown_attempt: false,
            vendor_time: VendorTime::default(),
        }
    }
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
    /// As the failure and the rest of the call say; [`ErrorKind::InvalidInput`] for an id that cannot be a path segment.
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

    /// Sends a request until it succeeds or the policy ends it. `read` reads an answer: its value, or the failure that it
    /// reports; a value of an answer whose status is no success does not count. `read` sees successes too, since a 200 is
    /// a success only where the body does not say otherwise.
    ///
    /// The call waits for the vendor's quota, obeys `Retry-After`, backs off, keeps the deadline, and repeats only what
    /// may be repeated.
    ///
    /// # Errors
    ///
    /// The failure, with the effect of the whole call.
    pub async fn execute<T>(
        &mut self,
        request: &Request,
        read: impl Fn(&HttpResponse) -> Result<T, Box<VendorError>>,
    ) -> Result<Response<T>, Error> {
        self.execute_with(request, &request.headers, read).await
    }

    /// [`execute`](Self::execute), with these headers in place of the shown ones.
    pub(crate) async fn execute_with<T>(
        &mut self,
        request: &Request,
        headers: &HeaderMap,
        read: impl Fn(&HttpResponse) -> Reading<T>,
    ) -> Result<Response<T>, Error> {
        let Request { operation, url, body, .. } = request;
        let out = Outgoing { operation, method: &operation.method, url, headers, body: body.as_ref() };
        let (value, response) = self.exchange(out, read).await?;
        Ok(Response::new(value, response.body, self.request_id.clone(), self.attempts))
    }

    /// Transitional: as [`execute`](Self::execute), with a verdict.
    pub(crate) async fn send(
        &mut self,
        out: Outgoing<'_>,
        judge: impl Fn(&HttpResponse) -> Verdict,
    ) -> Result<HttpResponse, Error> {
        let read = |response: &HttpResponse| match judge(response) {
            Verdict::Success => Ok(()),
            Verdict::Failure(error) => Err(error),
        };
        self.exchange(out, read).await.map(|((), response)| response)
    }

    async fn exchange<T>(
        &mut self,
        out: Outgoing<'_>,
        read: impl Fn(&HttpResponse) -> Reading<T>,
    ) -> Result<(T, HttpResponse), Error> {
        let policy = &self.account.policy;
        let clock = self.account.connector.clock();
        let mut tries = 0u32;
        let mut repeated_once = false;
        loop {
            tries += 1;
            let failed = match self.attempt(&out, &read).await? {
                Ok(answer) => {
                    self.account.budget.earn();
                    self.account.quotas.first().inspect(|own| own.taken());
                    if out.operation.writes {
                        self.write_sent = true;
                        self.committed = true;
                        self.uncertain = false;
                    }
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            if out.operation.writes {
                self.write_sent |= failed.reached;
                if failed.effect == Effect::Unknown {
                    self.uncertain = true;
                    self.had_unknown_attempt = true;
                }
            }
            // What the caller may try again later, and what this call repeats now.
            let may_repeat = match failed.retry {
                Retry::Always | Retry::Once => true,
                Retry::IfIdempotent => out.operation.idempotent,
                Retry::Never => false,
            };
            let repeats_now =
                may_repeat && (failed.retry != Retry::Once || !std::mem::replace(&mut repeated_once, true));
            let backoff = policy.backoff(tries, self.account.connector.random());
            // A vendor that asks to slow down means all requests of the account, also where it does not say for how long.
            // No answer shows which of several limits was exceeded: the account's own one pauses, and the others adapt.
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
            // A wait that the server asked for does not use the retry budget: the vendor is available.
            let affordable = failed.wait.is_some() || failed.kind == ErrorKind::RateLimited;
            if !repeats_now || tries >= policy.attempts || too_long || out_of_time {
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
    async fn attempt<T>(
        &mut self,
        out: &Outgoing<'_>,
        read: &impl Fn(&HttpResponse) -> Reading<T>,
    ) -> Result<Result<(T, HttpResponse), Failed>, Error> {
        let account = self.account;
        let clock = account.connector.clock();
        let asked = clock.now();
        let mut permits = Vec::with_capacity(account.quotas.len() + 1);
        let longest = account.policy.server_wait_cap;
        // First, so that a call that it stops takes no permit of the other quotas.
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
        // The wait for the client-side quota does not count towards the deadline of the call.
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
                self.vendor_time.note(&response, clock.now().saturating_duration_since(self.began));
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
                let reached = error.kind() != TransportErrorKind::Connect;
                let error = self.error(out.operation, kind, effect).with_source(error);
                return Ok(Err(Failed { sent: now, reached, kind, effect, retry, wait: None, error }));
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
        let reading = match html_page(&response, out.operation) {
            Some(error) => Err(error),
            None => read(&response),
        };
        let problem = match reading {
            Ok(value) if response.status.is_success() => {
                self.request_id = request_id;
                return Ok(Ok((value, response)));
            }
            Ok(_) => Box::default(),
            Err(error) => error,
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
        Ok(Err(Failed { sent: now, reached: true, kind, effect, retry, wait, error }))
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
            // A read whose answer is lost changed nothing.
            error.set_effect(Effect::Rejected);
        }
        self.finish(error.with_retryable(may_repeat))
    }

    /// An error of this call, to be given to [`finish`](Self::finish).
    #[must_use]
    pub fn error(&self, operation: &Operation, kind: ErrorKind, effect: Effect) -> Error {
        Error::new(kind, effect).with_provider(self.account.provider).with_operation(operation.name)
    }

    /// An error that this crate finds in an answer or between two requests, with the effect of the whole call.
    #[must_use]
    pub fn fail(&self, operation: &Operation, kind: ErrorKind, hint: &'static str) -> Error {
        let error = self.error(operation, kind, Effect::Rejected).with_hint(hint);
        self.finish(error.with_request_id(self.request_id.clone()))
    }

    /// Gives an error the effect of the whole call: what earlier requests changed, or may have changed, counts. Before
    /// any write was sent the effect is [`Effect::NotSent`].
    #[must_use]
    pub fn finish(&self, mut error: Error) -> Error {
        let effect = match error.effect() {
            _ if self.committed => Effect::Applied,
            _ if self.uncertain => Effect::Unknown,
            _ if !self.write_sent => Effect::NotSent,
            Effect::NotSent => Effect::Rejected,
            own => own,
        };
        error.set_effect(effect);
        error.with_attempts(self.attempts)
    }

    /// Resolves the uncertainty about an earlier write, from what a read showed: the vendor carried it out, or did not.
    pub fn resolve_uncertainty(&mut self, applied: bool) {
        self.uncertain = false;
        self.committed |= applied;
    }

    /// Whether the vendor may have carried out a write that no answer shows.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        self.uncertain
    }

    /// Whether any attempt at a write so far had an unknown outcome, also where a later one was answered.
    #[must_use]
    pub fn had_unknown_attempt(&self) -> bool {
        self.had_unknown_attempt
    }

    /// Records that the last write changed nothing.
    pub fn mark_not_applied(&mut self) {
        self.committed = false;
    }

    /// Records that the last write was answered with success, which does not show whether it changed anything.
    pub fn mark_effect_unknown(&mut self) {
        self.committed = false;
        self.uncertain = true;
    }

    /// Whether a record with this creation time was created since the call began, by the vendor's own clock. That clock
    /// is read from the `Date` headers of the call's answers; without one, nothing is known, and it is not shown.
    #[must_use]
    pub fn created_since_start(&self, created_at: DateTime<Utc>) -> bool {
        self.vendor_time.is_since(created_at)
    }
}
