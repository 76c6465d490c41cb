//! The vendors' quotas through the clients: used to the full alone, shared with somebody else, and told to whoever asks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::paused::PausedClock;
use customer_sink::client::{Limit, ManualClock};
use customer_sink::providers::shoplazza::Shoplazza;
use customer_sink::providers::shopline::Shopline;
use customer_sink::providers::triple_whale::TripleWhale;
use customer_sink::providers::whale::Whale;
use customer_sink::providers::yotpo::Yotpo;
use customer_sink::providers::yotpo::loyalty::Loyalty;
use customer_sink::{
    Clock, Connector, Customer, CustomerSink, CustomerSinkExt, HttpRequest, HttpResponse, Transport, TransportError,
    TransportErrorKind,
};
use futures::future::join_all;
use http::StatusCode;

/// A vendor that takes five requests in any second, 100 ms away.
#[derive(Debug)]
struct Vendor {
    headers: bool,
    /// What somebody else sends: one each time, so many.
    other: Option<(Duration, u32)>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    start: Option<Instant>,
    other_sent: u32,
    window: VecDeque<Instant>,
    /// Our requests: when each arrived, and whether it was taken.
    ours: Vec<(Duration, bool)>,
    chance: fastrand::Rng,
}

const PER: Duration = Duration::from_secs(1);

impl State {
    fn hit(&mut self, now: Instant) -> Option<usize> {
        while self.window.front().is_some_and(|at| now - *at >= PER) {
            self.window.pop_front();
        }
        let free = 5usize.checked_sub(self.window.len() + 1)?;
        self.window.push_back(now);
        Some(free)
    }
}

#[async_trait::async_trait]
impl Transport for Vendor {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let jitter = self.state.lock().unwrap().chance.u64(0..4);
        tokio::time::sleep(Duration::from_millis(50 + jitter)).await;
        let left = {
            let mut state = self.state.lock().unwrap();
            let now = PausedClock.now();
            let start = *state.start.get_or_insert(now);
            while let Some((each, count)) = self.other
                && state.other_sent < count
                && start + each * state.other_sent <= now
            {
                let at = start + each * state.other_sent;
                state.other_sent += 1;
                state.hit(at);
            }
            let left = state.hit(now);
            state.ours.push((now - start, left.is_some()));
            left
        };
        tokio::time::sleep(Duration::from_millis(50)).await;
        let status = if left.is_some() { StatusCode::OK } else { StatusCode::TOO_MANY_REQUESTS };
        let token = request.url.path().contains("token");
        let mut response = HttpResponse::new(status, if token { r#"{"access_token":"fake"}"# } else { "{}" });
        if self.headers {
            response.headers.insert("ratelimit-remaining", left.unwrap_or(0).into());
            response.headers.insert("ratelimit-reset", 1u16.into());
        }
        Ok(response)
    }
}

/// Sends so many customers, always ten at once; what arrived.
async fn push(headers: bool, other: Option<(Duration, u32)>, customers: usize) -> Vec<(Duration, bool)> {
    let state = Mutex::new(State { chance: fastrand::Rng::with_seed(3), ..State::default() });
    let vendor = Arc::new(Vendor { headers, other, state });
    let connector = Connector::for_tests(Arc::clone(&vendor) as _, PausedClock::new());
    let sink = Yotpo::builder("fake-store", "fake-secret").connector(&connector).build().unwrap();
    join_all((0..10).map(|worker| {
        let sink = sink.clone();
        async move {
            for index in (worker..customers).step_by(10) {
                sink.upsert(&Customer::new().external_id(index.to_string())).await.unwrap();
            }
        }
    }))
    .await;
    std::mem::take(&mut vendor.state.lock().unwrap().ours)
}

#[tokio::test(start_paused = true)]
async fn alone_a_client_uses_the_vendors_quota_to_the_full() {
    for headers in [false, true] {
        let ours = push(headers, None, 1_000).await;
        assert!(ours.iter().all(|(_, taken)| *taken), "headers {headers}: some were refused");
        // From when the latency is known.
        let (from, to) = (&ours[100], &ours[1_000]);
        let rate = 900.0 / (to.0 - from.0).as_secs_f64();
        assert!(rate / 5.0 >= 0.98, "headers {headers}: {rate} a second of 5");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_gives_way_to_somebody_else_and_comes_back() {
    for headers in [false, true] {
        let ours = push(headers, Some((Duration::from_millis(401), 1_000)), 5_000).await;
        let gone = ours.iter().position(|(at, _)| at.as_secs() > 400).unwrap();
        let settled = &ours[200..gone];
        let refused = settled.iter().filter(|(_, taken)| !taken).count();
        assert!(refused * 100 < settled.len(), "headers {headers}: {refused} of {} refused", settled.len());
        let took = settled.last().unwrap().0 - settled[0].0;
        let rate = (settled.len() - refused) as f64 / took.as_secs_f64();
        assert!(rate > 0.7 * 2.5, "headers {headers}: {rate} a second of the 2.5 that are left");
        let last = &ours[ours.len() - 500..];
        let rate = 499.0 / (last[499].0 - last[0].0).as_secs_f64();
        assert!(rate / 5.0 >= 0.98 && last.iter().all(|(_, taken)| *taken), "headers {headers}: {rate} a second of 5");
    }
}

/// A vendor that answers nothing: whatever is tried is sent once, and counts.
#[derive(Debug)]
struct Silent;

#[async_trait::async_trait]
impl Transport for Silent {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, TransportError> {
        Err(TransportError::new(TransportErrorKind::Interrupted, "nothing came back"))
    }
}

#[tokio::test]
async fn every_sink_tells_how_long_its_quota_makes_wait() {
    let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
    let connector = Connector::for_tests(Arc::new(Silent), clock);
    let once = customer_sink::RetryPolicy { attempts: 1, ..customer_sink::RetryPolicy::default() };
    let sinks = |limit: Limit| -> Vec<Arc<dyn CustomerSink>> {
        macro_rules! sink {
            ($builder:expr) => {
                Arc::new($builder.connector(&connector).rate_limit(limit).retry_policy(once).build().unwrap())
            };
        }
        vec![
            sink!(TripleWhale::builder("shop.example.com", "fake")),
            sink!(Shopline::builder("fake", "fake")),
            sink!(Shoplazza::builder("fake", "fake")),
            sink!(Yotpo::builder("fake", "fake")),
            sink!(Loyalty::builder("fake", "fake")),
            sink!(Whale::builder("fake", "fake")),
        ]
    };
    let customer = Customer::new().external_id("1").email("ann@example.com");
    for sink in sinks(Limit::Window { max: 1, per: Duration::from_secs(50) }) {
        let name = sink.provider();
        assert_eq!(sink.quota_wait(), Duration::ZERO, "{name}");
        assert!(sink.upsert(&customer).await.is_err(), "{name}");
        assert_eq!(sink.quota_wait(), Duration::from_secs(50), "{name}");
        assert_eq!(Box::new(sink).quota_wait(), Duration::from_secs(50), "{name}");
    }
    for sink in sinks(Limit::Unlimited) {
        assert!(sink.upsert(&customer).await.is_err());
        assert_eq!(sink.quota_wait(), Duration::ZERO, "{}", sink.provider());
    }
}

/// A vendor whose own count says that others have sent too.
#[derive(Debug)]
struct Told(&'static [(&'static str, &'static str)]);

#[async_trait::async_trait]
impl Transport for Told {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut response = HttpResponse::new(StatusCode::OK, r#"{"success":true}"#);
        for (name, value) in self.0 {
            response.headers.insert(*name, value.parse().unwrap());
        }
        Ok(response)
    }
}

#[tokio::test]
async fn what_the_vendor_counts_is_kept_until_its_reset() {
    for (headers, wait) in [
        (&[("ratelimit-remaining", "0"), ("ratelimit-reset", "7")][..], 7),
        (&[("x-ratelimit-remaining", "0")], 5),
        (&[("ratelimit", "10/10")], 0),
        (&[("ratelimit-remaining", "8")], 0),
        (&[("ratelimit-remaining", "none")], 0),
    ] {
        let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
        let connector = Connector::for_tests(Arc::new(Told(headers)), Arc::clone(&clock) as _);
        let limit = Limit::Window { max: 10, per: Duration::from_secs(5) };
        let sink =
            TripleWhale::builder("shop.example.com", "fake").connector(&connector).rate_limit(limit).build().unwrap();
        sink.upsert(&Customer::new().external_id("1")).await.unwrap();
        assert_eq!(sink.quota_wait(), Duration::from_secs(wait), "{headers:?}");
        sink.upsert(&Customer::new().external_id("2")).await.unwrap();
        assert_eq!(clock.sleeps().iter().sum::<Duration>(), Duration::from_secs(wait), "{headers:?}");
    }
}
