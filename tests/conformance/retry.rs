//! The retry loop over a scripted transport: waits, deadlines, the shared budget and the shared pause.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use customer_sink::client::ManualClock;
use customer_sink::providers::triple_whale::TripleWhale;
use customer_sink::{
    Connector, Customer, CustomerSinkExt, Effect, Error, ErrorKind, HttpRequest, HttpResponse, Outcome, RetryPolicy,
    Transport, TransportError, TransportErrorKind, Upserted,
};
use http::StatusCode;

/// What the vendor does with one request, and how long it takes for it.
enum Turn {
    Answer(u16, Option<&'static str>),
    Fail(TransportErrorKind),
    Slow(Duration, TransportErrorKind),
}

#[derive(Debug)]
struct Script {
    turns: Mutex<VecDeque<Turn>>,
    /// Sent when the turns are used up.
    last: u16,
    clock: Arc<ManualClock>,
    timeouts: Mutex<Vec<Duration>>,
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Turn")
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.timeouts.lock().unwrap().push(request.timeout);
        let turn = self.turns.lock().unwrap().pop_front().unwrap_or(Turn::Answer(self.last, None));
        match turn {
            Turn::Answer(status, retry_after) => {
                let mut response = HttpResponse::new(StatusCode::from_u16(status).unwrap(), "");
                if let Some(wait) = retry_after {
                    response.headers.insert("retry-after", wait.parse().unwrap());
                }
                Ok(response)
            }
            Turn::Fail(kind) => Err(TransportError::new(kind, "scripted")),
            Turn::Slow(time, kind) => {
                self.clock.advance(time);
                Err(TransportError::new(kind, "scripted"))
            }
        }
    }
}

struct Setup {
    sink: TripleWhale,
    script: Arc<Script>,
    clock: Arc<ManualClock>,
}

fn setup(turns: impl IntoIterator<Item = Turn>, last: u16, policy: RetryPolicy) -> Setup {
    let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
    let turns = Mutex::new(turns.into_iter().collect());
    let script = Arc::new(Script { turns, last, clock: Arc::clone(&clock), timeouts: Mutex::default() });
    let connector = Connector::for_tests(Arc::clone(&script) as _, Arc::clone(&clock) as _);
    let sink = TripleWhale::builder("shop.example.com", "fake-key").connector(&connector).retry_policy(policy);
    Setup { sink: sink.build().unwrap(), script, clock }
}

impl Setup {
    async fn push(&self) -> Result<Upserted, Error> {
        self.sink.upsert(&Customer::new().external_id("1")).await
    }

    fn sent(&self) -> usize {
        self.script.timeouts.lock().unwrap().len()
    }
}

#[tokio::test]
async fn what_the_server_asks_is_waited_in_every_form() {
    for (wait, seconds) in [("2", 2.0), ("1.5", 1.5), ("Sun, 01 Mar 2026 12:00:07 GMT", 7.0), ("0", 0.0)] {
        let setup = setup([Turn::Answer(429, Some(wait))], 200, RetryPolicy::default());
        let done = setup.push().await.unwrap();
        assert_eq!((done.outcome, done.attempts), (Outcome::Accepted, 2), "{wait}");
        let waited: f64 = setup.clock.sleeps().iter().map(Duration::as_secs_f64).sum();
        // Our own pause counts where it is the longer one: up to half a second before the second attempt.
        assert!(waited >= seconds && waited <= seconds.max(0.5) + 0.01, "{wait}: {waited}");
    }
}

#[tokio::test]
async fn a_wait_past_the_cap_or_the_deadline_is_returned_at_once() {
    let policy = RetryPolicy { call_timeout: Duration::from_secs(5), ..RetryPolicy::default() };
    for (wait, policy) in [("61", RetryPolicy::default()), ("6", policy)] {
        let setup = setup([Turn::Answer(429, Some(wait))], 200, policy);
        let error = setup.push().await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::RateLimited, Effect::Rejected));
        assert_eq!(error.retry_after().map(|d| d.as_secs()), wait.parse().ok());
        assert!(setup.clock.sleeps().is_empty() && error.is_retryable());
    }
}

#[tokio::test]
async fn a_long_pause_holds_the_next_record_back_without_sending_it() {
    let setup = setup([Turn::Answer(429, Some("600"))], 200, RetryPolicy::default());
    assert!(setup.push().await.is_err());
    let error = setup.push().await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::RateLimited, Effect::NotSent, 0));
    assert_eq!(error.retry_after().map(|d| d.as_secs()), Some(600));
    setup.clock.advance(Duration::from_secs(600));
    assert!(setup.push().await.is_ok());
    assert_eq!(setup.sent(), 2);
}

#[tokio::test]
async fn an_unavailable_server_that_names_a_time_has_done_nothing() {
    let named = setup([Turn::Answer(503, Some("1"))], 503, RetryPolicy { attempts: 1, ..RetryPolicy::default() });
    assert_eq!(named.push().await.unwrap_err().effect(), Effect::Rejected);
    let silent = setup([], 503, RetryPolicy { attempts: 1, ..RetryPolicy::default() });
    assert_eq!(silent.push().await.unwrap_err().effect(), Effect::Unknown);
}

#[tokio::test]
async fn an_earlier_doubt_stays_when_a_later_attempt_is_refused() {
    let setup = setup([Turn::Fail(TransportErrorKind::Interrupted)], 400, RetryPolicy::default());
    let error = setup.push().await.unwrap_err();
    assert_eq!((error.kind(), error.status(), error.attempts()), (ErrorKind::Rejected, Some(400), 2));
    assert_eq!(error.effect(), Effect::Unknown, "the first request may have been carried out");
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_and_no_attempt_outlives_it() {
    let slow = || Turn::Slow(Duration::from_secs(30), TransportErrorKind::Timeout);
    let policy = RetryPolicy { attempts: 10, call_timeout: Duration::from_secs(70), ..RetryPolicy::default() };
    let setup = setup((0..10).map(|_| slow()), 200, policy);
    let error = setup.push().await.unwrap_err();
    assert_eq!(error.effect(), Effect::Unknown);
    let timeouts = setup.script.timeouts.lock().unwrap().clone();
    assert_eq!(timeouts.len(), 3);
    assert_eq!(timeouts[0], Duration::from_secs(30));
    assert!(timeouts[2] < Duration::from_secs(11), "{timeouts:?}");
}

#[tokio::test]
async fn a_vendor_that_is_down_spends_the_budget_and_then_gets_one_request_for_each_record() {
    let setup = setup([], 502, RetryPolicy::default());
    for _ in 0..40 {
        assert!(setup.push().await.is_err());
    }
    let while_rich = setup.sent();
    assert_eq!(while_rich, 40 + 100, "a hundred retries in all");
    for _ in 0..10 {
        assert!(setup.push().await.is_err());
    }
    assert_eq!(setup.sent() - while_rich, 10);
}
