//! One call of a client: its requests, with quota, retry and deadline, and the account of what may have changed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::quota::{Told, answered};
use super::retry::{Retry, RetryBudget, by_status};
use super::retry_after::requested_wait;
use super::transport::{HttpRequest, HttpResponse, TransportErrorKind};
use super::{Connector, Quota, RetryPolicy};
use crate::error::{Effect, Error, ErrorKind, FieldError};
use crate::plan::{Step, Url};
use crate::provider::ProviderId;

/// What is known of an operation before it is sent.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// Sending it twice does what sending it once does.
    pub(crate) idempotent: bool,
    /// It changes something at the vendor.
    pub(crate) writes: bool,
}

impl Operation {
    /// Reads, and changes nothing.
    pub(crate) const fn read(name: &'static str) -> Self {
        Self { name, idempotent: true, writes: false }
    }

    /// Writes so that a repeat changes nothing more.
    pub(crate) const fn idempotent_write(name: &'static str) -> Self {
        Self { name, idempotent: true, writes: true }
    }

    /// Writes anew with every repeat.
    pub(crate) const fn write(name: &'static str) -> Self {
        Self { name, idempotent: false, writes: true }
    }
}

/// What a provider's parser reads out of an answer.
pub(crate) enum Verdict {
    Success,
    Failure(Box<Problem>),
}

/// What a provider's parser knows of a failure. What it leaves open, the status decides.
#[derive(Debug, Default)]
pub(crate) struct Problem {
    pub(crate) kind: Option<ErrorKind>,
    pub(crate) effect: Option<Effect>,
    pub(crate) retry: Option<Retry>,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) fields: Vec<FieldError>,
    pub(crate) conflicting_ids: Vec<String>,
    /// The vendor's id of the request where the body tells it; else the headers are asked.
    pub(crate) request_id: Option<String>,
    pub(crate) hint: Option<&'static str>,
}

impl Problem {
    pub(crate) fn into_verdict(self) -> Verdict {
        Verdict::Failure(Box::new(self))
    }
}

/// What all calls of one account have in common.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) provider: ProviderId,
    pub(crate) connector: Connector,
    /// Each request takes a place in all of them, in this order. The first is the account's own.
    pub(crate) quotas: Vec<Arc<Quota>>,
    pub(crate) budget: RetryBudget,
    pub(crate) policy: RetryPolicy,
    /// Where the vendor puts its id of a request; the first that is there counts.
    pub(crate) request_id_headers: &'static [&'static str],
    /// Where the vendor puts the seconds to wait, if it has such a header of its own.
    pub(crate) reset_header: Option<&'static str>,
    pub(crate) max_body: usize,
}

impl Account {
    pub(crate) fn new(provider: ProviderId, connector: Connector, quota: Arc<Quota>, policy: RetryPolicy) -> Self {
        Self {
            provider,
            connector,
            quotas: vec![quota],
            budget: RetryBudget::new(),
            policy,
            request_id_headers: &["x-request-id", "request-id"],
            reset_header: None,
            max_body: 4 << 20,
        }
    }

    pub(crate) fn call(&self) -> Call<'_> {
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
pub(crate) struct Call<'a> {
    account: &'a Account,
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
        let mut permits = Vec::with_capacity(account.quotas.len());
        for quota in &account.quotas {
            match quota.acquire(clock, account.policy.server_wait_cap).await {
                Ok(permit) => permits.push(permit),
                Err(pause) => {
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
                answered(permits, now, clock.now(), Told::read(&response.headers));
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

    /// An error of this call.
    pub(crate) fn error(&self, operation: &Operation, kind: ErrorKind, effect: Effect) -> Error {
        Error::new(kind, effect).with_provider(self.account.provider).with_operation(operation.name)
    }

    /// The error as the caller gets it: what earlier requests of the call changed counts too.
    pub(crate) fn finish(&self, mut error: Error) -> Error {
        if self.committed {
            error.set_effect(Effect::Applied);
        } else if self.uncertain {
            error.set_effect(Effect::Unknown);
        }
        error.with_attempts(self.attempts)
    }

    /// A doubt about an earlier write was settled by reading.
    pub(crate) fn settle(&mut self, applied: bool) {
        self.uncertain = false;
        self.committed |= applied;
    }

    /// Whether a write may have been carried out, and nobody knows.
    pub(crate) fn is_uncertain(&self) -> bool {
        self.uncertain
    }

    /// Whether any attempt at a write so far ended in doubt, also where a later one was answered.
    pub(crate) fn was_doubted(&self) -> bool {
        self.doubted
    }

    /// The last write turned out to have changed nothing.
    pub(crate) fn nothing_written(&mut self) {
        self.committed = false;
    }

    /// The last write was answered with success, which does not tell whether it changed anything.
    pub(crate) fn perhaps_nothing_written(&mut self) {
        self.committed = false;
        self.uncertain = true;
    }
}
