//! Shoplazza: both of the vendor's buckets are kept, the one of an app and the one of the whole shop.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use customer_sink::client::{Limit, ManualClock};
use customer_sink::providers::shoplazza::Shoplazza;
use customer_sink::{Clock, Connector, ErrorKind, HttpRequest, HttpResponse, RetryPolicy, Transport, TransportError};

/// Answers every count, and remembers when each was asked for.
#[derive(Debug)]
struct Counter {
    clock: Arc<ManualClock>,
    asked: Mutex<Vec<Instant>>,
    /// The answer to the first request.
    first: Mutex<Option<HttpResponse>>,
}

#[async_trait::async_trait]
impl Transport for Counter {
    async fn send(&self, _request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.asked.lock().unwrap().push(self.clock.now());
        let first = self.first.lock().unwrap().take();
        Ok(first.unwrap_or_else(|| HttpResponse::new(http::StatusCode::OK, r#"{"count":0}"#)))
    }
}

struct Shop {
    connector: Connector,
    transport: Arc<Counter>,
    start: Instant,
}

impl Shop {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
        let start = clock.now();
        let transport =
            Arc::new(Counter { clock: Arc::clone(&clock), asked: Mutex::default(), first: Mutex::default() });
        let connector = Connector::for_tests(Arc::clone(&transport) as _, clock);
        Self { connector, transport, start }
    }

    fn client(&self, shop: &str, token: &str, limit: Option<Limit>) -> Shoplazza {
        let builder = Shoplazza::builder(shop, token).connector(&self.connector);
        match limit {
            Some(limit) => builder.rate_limit(limit),
            None => builder,
        }
        .build()
        .unwrap()
    }

    /// When each request so far was sent.
    fn asked(&self) -> Vec<Duration> {
        self.transport.asked.lock().unwrap().iter().map(|at| *at - self.start).collect()
    }
}

#[tokio::test]
async fn an_app_has_a_bucket_of_its_own() {
    let shop = Shop::new();
    // Two clients of one app and shop have one bucket; other shops have theirs.
    let clients = [shop.client("acme", "fake-a", None), shop.client("acme", "fake-a", None)];
    let other = shop.client("other", "fake-a", None);
    for index in 0..60 {
        clients[index % 2].count_customers().await.unwrap();
    }
    let asked = shop.asked();
    // One place of the 40 is kept free, since requests arrive closer together than they were sent.
    assert_eq!((asked[38], asked[39]), (Duration::ZERO, Duration::from_millis(500)));
    assert_eq!(asked[59], Duration::from_millis(10_500));
    other.count_customers().await.unwrap();
    assert_eq!(shop.asked()[60], asked[59]);
}

#[tokio::test]
async fn all_apps_of_a_shop_share_a_second_bucket() {
    let shop = Shop::new();
    let clients: Vec<_> = (0..10).map(|app| shop.client("acme", &format!("fake-{app}"), None)).collect();
    for index in 0..180 {
        clients[index % clients.len()].count_customers().await.unwrap();
    }
    let asked = shop.asked();
    assert_eq!((asked[78], asked[79]), (Duration::ZERO, Duration::from_millis(50)));
    // 180 requests are 18 of each app: only the shop's bucket holds them back, at 20 a second.
    let took = asked[179].as_secs_f64();
    assert!((5.04..5.2).contains(&took), "{took}");
}

#[tokio::test]
async fn a_limit_of_ones_own_replaces_the_first_and_none_lifts_both() {
    let shop = Shop::new();
    let fast = shop.client("acme", "fake-a", Some(Limit::Bucket { per_second: 1000.0, burst: 1000 }));
    for _ in 0..120 {
        fast.count_customers().await.unwrap();
    }
    let asked = shop.asked();
    assert_eq!(asked[78], Duration::ZERO);
    assert!(asked[119] >= Duration::from_millis(2000), "the shop's bucket holds: {:?}", asked[119]);

    let shop = Shop::new();
    let free = shop.client("acme", "fake-a", Some(Limit::Unlimited));
    for _ in 0..500 {
        free.count_customers().await.unwrap();
    }
    assert_eq!(shop.asked()[499], Duration::ZERO);
}

#[tokio::test]
async fn a_wait_that_the_vendor_asks_for_holds_the_app_and_not_the_shop() {
    let shop = Shop::new();
    let mut busy = HttpResponse::new(http::StatusCode::TOO_MANY_REQUESTS, "");
    busy.headers.insert("retry-after", "9".parse().unwrap());
    *shop.transport.first.lock().unwrap() = Some(busy);
    let once = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
    let builder = Shoplazza::builder("acme", "fake-a").connector(&shop.connector).retry_policy(once);
    let (one, other) = (builder.build().unwrap(), shop.client("acme", "fake-b", None));
    let error = one.count_customers().await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(Duration::from_secs(9))));
    other.count_customers().await.unwrap();
    one.count_customers().await.unwrap();
    assert_eq!(shop.asked(), [Duration::ZERO, Duration::ZERO, Duration::from_secs(9)]);
}
