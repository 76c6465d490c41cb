//! Whale: both of the key's limits are kept, the one of a minute and the one of a day.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use customer_sink::client::{Limit, ManualClock};
use customer_sink::providers::whale::{Builder, DEFAULT_DAILY_LIMIT, PathStyle, Whale};
use customer_sink::{
    Clock, Connector, Customer, CustomerSink, CustomerSinkExt, Effect, Error, ErrorKind, HttpRequest, HttpResponse,
    RetryPolicy, Transport, TransportError,
};

const HOUR: Duration = Duration::from_secs(3600);

/// Answers every request with a list of nobody, and remembers when each was sent.
#[derive(Debug)]
struct Counter {
    clock: Arc<ManualClock>,
    sent: Mutex<Vec<Instant>>,
    /// The answer to the next request.
    next: Mutex<Option<HttpResponse>>,
}

#[async_trait::async_trait]
impl Transport for Counter {
    async fn send(&self, _request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.sent.lock().unwrap().push(self.clock.now());
        let next = self.next.lock().unwrap().take();
        Ok(next.unwrap_or_else(|| HttpResponse::new(http::StatusCode::OK, r#"{"data":[]}"#)))
    }
}

struct Store {
    connector: Connector,
    transport: Arc<Counter>,
    clock: Arc<ManualClock>,
    start: Instant,
}

impl Store {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
        let transport = Counter { clock: Arc::clone(&clock), sent: Mutex::default(), next: Mutex::default() };
        let transport = Arc::new(transport);
        let connector = Connector::for_tests(Arc::clone(&transport) as _, Arc::clone(&clock) as _);
        Self { connector, transport, start: clock.now(), clock }
    }

    fn builder(&self, key: &str) -> Builder {
        Whale::builder("s", key).connector(&self.connector)
    }

    /// When each request so far was sent.
    fn sent(&self) -> Vec<Duration> {
        self.transport.sent.lock().unwrap().iter().map(|at| *at - self.start).collect()
    }
}

async fn calls(whale: &Whale, count: usize) -> Result<(), Error> {
    for _ in 0..count {
        whale.check().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_key_has_sixty_a_minute_and_its_day_whatever_the_path() {
    let store = Store::new();
    let one = store.builder("fake-a").build().unwrap();
    let other = store.builder("fake-a").path_style(PathStyle::KeyScoped).build().unwrap();
    for _ in 0..60 {
        calls(&one, 1).await.unwrap();
        calls(&other, 1).await.unwrap();
    }
    let sent = store.sent();
    assert_eq!((sent[59], sent[60], sent[119]), (Duration::ZERO, HOUR / 60, HOUR / 60));
    // Another key of the same store has limits of its own.
    calls(&store.builder("fake-b").build().unwrap(), 60).await.unwrap();
    assert_eq!(store.sent()[179], HOUR / 60);
}

#[tokio::test]
async fn a_day_that_is_used_up_is_told_at_once_and_costs_no_minute() {
    let store = Store::new();
    let whale = store.builder("fake-a").daily_limit(90).build().unwrap();
    calls(&whale, 90).await.unwrap();
    assert_eq!(store.sent()[89], HOUR / 60);
    let waits = store.clock.sleeps().len();
    let person = Customer::new().email("nora@example.com");
    // More of them than a minute takes: no failed one waits for a place in the minute.
    for _ in 0..100 {
        let error = whale.upsert(&person).await.unwrap_err();
        assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::QuotaExhausted, Effect::NotSent, 0));
        assert_eq!(error.retry_after(), Some(24 * HOUR - HOUR / 60));
        assert!(error.is_retryable() && error.hint().unwrap().contains("daily_limit"));
    }
    assert_eq!((store.sent().len(), store.clock.sleeps().len()), (90, waits));
    // A wait that a server could ask for too is waited.
    store.clock.advance(24 * HOUR - HOUR / 60 - Duration::from_secs(50));
    calls(&whale, 90).await.unwrap();
    let sent = store.sent();
    assert_eq!((sent[90], sent[149]), (24 * HOUR, 24 * HOUR));
    assert_eq!((sent[150], sent[179]), (24 * HOUR + HOUR / 60, 24 * HOUR + HOUR / 60));
    assert_eq!(whale.check().await.unwrap_err().retry_after(), Some(24 * HOUR - HOUR / 60));
}

#[tokio::test]
async fn the_daily_number_is_the_vendors_until_it_is_set_or_lifted() {
    let fast = Limit::Bucket { per_second: 1e6, burst: 1_000_000 };
    let store = Store::new();
    let whale = store.builder("fake-a").rate_limit(fast).build().unwrap();
    calls(&whale, DEFAULT_DAILY_LIMIT as usize).await.unwrap();
    assert_eq!(whale.check().await.unwrap_err().kind(), ErrorKind::QuotaExhausted);
    // A client of the same key that knows better sets it for all of them.
    store.builder("fake-a").rate_limit(fast).daily_limit(10_005).build().unwrap();
    calls(&whale, 5).await.unwrap();
    assert_eq!(whale.check().await.unwrap_err().kind(), ErrorKind::QuotaExhausted);
    store.builder("fake-a").daily_limit(None).build().unwrap();
    calls(&whale, 5).await.unwrap();

    let free = store.builder("fake-b").rate_limit(Limit::Unlimited).build().unwrap();
    calls(&free, DEFAULT_DAILY_LIMIT as usize + 5).await.unwrap();
    let both = store.builder("fake-c").rate_limit(Limit::Unlimited).daily_limit(3).build().unwrap();
    calls(&both, 3).await.unwrap();
    assert_eq!(both.check().await.unwrap_err().kind(), ErrorKind::QuotaExhausted);
    let error = store.builder("fake-d").daily_limit(0).build().unwrap_err();
    assert_eq!(error.field_errors()[0].field(), "daily_limit");
}

#[tokio::test]
async fn a_long_wait_that_the_vendor_asks_for_uses_up_no_day() {
    let store = Store::new();
    let once = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
    let whale = store.builder("fake-a").retry_policy(once).daily_limit(3).build().unwrap();
    let mut spent = HttpResponse::new(http::StatusCode::TOO_MANY_REQUESTS, "");
    spent.headers.insert("retry-after", "7200".parse().unwrap());
    *store.transport.next.lock().unwrap() = Some(spent);
    for _ in 0..20 {
        let error = whale.check().await.unwrap_err();
        assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(2 * HOUR)));
    }
    assert_eq!(store.sent().len(), 1, "nobody asks before the time has come");
    store.clock.advance(2 * HOUR);
    calls(&whale, 2).await.unwrap();
}
