//! A lane against vendors that keep their own numbers: all that is allowed is used and nothing is refused, also beside
//! somebody else who takes half of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use customer_sink::client::Limit;
use customer_sink::delivery::{Delivery, Item, Lane, WhenFull};
use customer_sink::providers::shoplazza::Shoplazza;
use customer_sink::providers::shopline::Shopline;
use customer_sink::providers::triple_whale::TripleWhale;
use customer_sink::providers::whale::Whale;
use customer_sink::providers::yotpo::Yotpo;
use customer_sink::{
    Connector, Customer, CustomerSink, HttpRequest, HttpResponse, Transport, TransportError, providers,
};
use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::sim::paused;
use crate::support::paused::PausedClock;

/// How a vendor counts.
#[derive(Debug)]
enum Count {
    Window { max: usize, per: Duration, taken: VecDeque<Instant> },
    Bucket { rate: f64, burst: f64, level: f64, at: Instant },
}

impl Count {
    fn of(limit: Limit) -> Self {
        match limit {
            Limit::Window { max, per } => Self::Window { max: max as usize, per, taken: VecDeque::new() },
            Limit::Bucket { per_second, burst } => {
                Self::Bucket { rate: per_second, burst: f64::from(burst), level: 0.0, at: Instant::now() }
            }
            _ => panic!("a vendor with a limit"),
        }
    }

    /// Counts a request of somebody who gets their part whatever happens.
    fn take_anyway(&mut self, now: Instant) {
        if !self.take(now) {
            match self {
                Self::Window { taken, .. } => taken.push_back(now),
                Self::Bucket { level, .. } => *level += 1.0,
            }
        }
    }

    /// Whether a request that arrives now is taken.
    fn take(&mut self, now: Instant) -> bool {
        match self {
            Self::Window { max, per, taken } => {
                while taken.front().is_some_and(|at| now - *at >= *per) {
                    taken.pop_front();
                }
                let free = taken.len() < *max;
                if free {
                    taken.push_back(now);
                }
                free
            }
            Self::Bucket { rate, burst, level, at } => {
                *level = (*level - (now - *at).as_secs_f64() * *rate).max(0.0);
                *at = now;
                let free = *level + 1.0 <= *burst;
                if free {
                    *level += 1.0;
                }
                free
            }
        }
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    taken: u64,
    refused: u64,
}

/// A vendor that answers every request well, as long as its number allows it.
#[derive(Debug)]
struct Vendor {
    provider: &'static str,
    latency: Duration,
    count: Mutex<Count>,
    rng: Mutex<fastrand::Rng>,
    tally: Mutex<Tally>,
}

#[async_trait]
impl Transport for Vendor {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let jitter = Duration::from_micros(self.rng.lock().unwrap().u64(0..2000));
        tokio::time::sleep(self.latency / 2 + jitter).await;
        let is_token = request.url.path().ends_with("access_tokens");
        let taken = is_token || self.count.lock().unwrap().take(Instant::now());
        {
            let mut tally = self.tally.lock().unwrap();
            if taken {
                tally.taken += 1;
            } else {
                tally.refused += 1;
            }
        }
        tokio::time::sleep(self.latency / 2).await;
        if !taken {
            return Ok(HttpResponse::new(StatusCode::TOO_MANY_REQUESTS, ""));
        }
        let email = || {
            let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
            body["email"].as_str().or(body["customer"]["email"].as_str()).unwrap_or("nobody").to_owned()
        };
        let (status, body) = match self.provider {
            "triple_whale" => (200, r#"{"success":true}"#.to_owned()),
            "yotpo" if is_token => (200, r#"{"access_token":"fake-token"}"#.to_owned()),
            "yotpo" => (200, "{}".to_owned()),
            "shopline" => (201, format!(r#"{{"customer":{{"id":"1","email":"{}"}}}}"#, email())),
            "shoplazza" if request.method == Method::GET => (200, r#"{"customers":[]}"#.to_owned()),
            "shoplazza" => (201, format!(r#"{{"customer":{{"id":"1","email":"{}"}}}}"#, email())),
            _ => (201, format!(r#"{{"id":"c1","object":"customer","email":"{}"}}"#, email())),
        };
        Ok(HttpResponse::new(StatusCode::from_u16(status).unwrap(), body))
    }
}

fn sink(provider: &str, connector: &Connector) -> Arc<dyn CustomerSink> {
    match provider {
        "triple_whale" => Arc::new(TripleWhale::builder("s.example.com", "fake").connector(connector).build().unwrap()),
        "shopline" => Arc::new(Shopline::builder("open001", "fake").connector(connector).build().unwrap()),
        "shoplazza" => Arc::new(Shoplazza::builder("acme", "fake").connector(connector).build().unwrap()),
        "yotpo" => Arc::new(Yotpo::builder("store", "fake").connector(connector).build().unwrap()),
        _ => Arc::new(Whale::builder("store", "fake").connector(connector).daily_limit(None).build().unwrap()),
    }
}

/// What the vendor took and refused between `from` and `to`, and how many requests it would have taken at most.
async fn used(provider: &'static str, limit: Limit, latency: u64, other: bool, from: u64, to: u64) -> (Tally, f64) {
    let vendor = Arc::new(Vendor {
        provider,
        latency: Duration::from_millis(latency),
        count: Mutex::new(Count::of(limit)),
        rng: Mutex::new(fastrand::Rng::with_seed(5)),
        tally: Mutex::default(),
    });
    let per_second = match limit {
        Limit::Window { max, per } => f64::from(max) / per.as_secs_f64(),
        Limit::Bucket { per_second, .. } => per_second,
        _ => panic!("a vendor with a limit"),
    };
    if other {
        let vendor = Arc::clone(&vendor);
        tokio::spawn(async move {
            let pause = Duration::from_secs_f64(2.0 / per_second);
            let mut next = Instant::now();
            loop {
                next += pause;
                tokio::time::sleep_until(next).await;
                vendor.count.lock().unwrap().take_anyway(Instant::now());
            }
        });
    }
    let connector = Connector::for_tests(Arc::clone(&vendor) as _, PausedClock::new() as _);
    let people = futures::stream::iter((0u64..).map(|number| {
        Ok(Item::new(number, Customer::new().external_id(number.to_string()).email(format!("p{number}@example.com"))))
    }));
    let lane = Lane::new(sink(provider, &connector)).concurrency(256).when_full(WhenFull::Block);
    let run = Delivery::new().clock(PausedClock::new()).seed(1).lane(lane).start(people).unwrap();
    let tally = async {
        tokio::time::sleep(Duration::from_secs(from)).await;
        let before = *vendor.tally.lock().unwrap();
        tokio::time::sleep(Duration::from_secs(to - from)).await;
        let after = *vendor.tally.lock().unwrap();
        Tally { taken: after.taken - before.taken, refused: after.refused - before.refused }
    };
    let handle = run.handle();
    let watch = async {
        let tally = tally.await;
        handle.cancel();
        tally
    };
    let (tally, summary) = futures::join!(watch, run.finish());
    assert_eq!(summary.lanes[0].counts.failed, 0, "{provider}: {:?}", summary.lanes[0].counts);
    (tally, per_second * (to - from) as f64)
}

/// Each vendor's own number, and the seconds to look at it.
fn vendors() -> [(&'static str, Limit, u64); 5] {
    use providers::{shoplazza, shopline, triple_whale, whale, yotpo};
    [
        ("triple_whale", triple_whale::DEFAULT_LIMIT, 120),
        ("shopline", shopline::DEFAULT_LIMIT, 600),
        ("shoplazza", shoplazza::DEFAULT_LIMIT, 600),
        ("yotpo", yotpo::DEFAULT_LIMIT, 300),
        ("whale", whale::DEFAULT_LIMIT, 1200),
    ]
}

#[test]
fn a_lane_uses_all_that_a_vendor_allows_and_is_never_refused() {
    paused(async {
        for (provider, limit, seconds) in vendors() {
            for latency in [20, 150] {
                let (tally, allowed) = used(provider, limit, latency, false, 60, 60 + seconds).await;
                assert_eq!(tally.refused, 0, "{provider} at {latency} ms");
                let share = tally.taken as f64 / allowed;
                println!("{provider} at {latency} ms: {:.2} % of what is allowed", 100.0 * share);
                assert!(share >= 0.98, "{provider} at {latency} ms: {share}");
            }
        }
    });
}

#[test]
fn beside_somebody_who_takes_half_a_lane_gives_way() {
    paused(async {
        for (provider, limit, seconds) in vendors() {
            // The big number takes its time in a debug build.
            if provider == "triple_whale" {
                continue;
            }
            let (tally, allowed) = used(provider, limit, 50, true, 1800, 1800 + 6 * seconds).await;
            let refused = tally.refused as f64 / (tally.taken + tally.refused) as f64;
            let share = tally.taken as f64 / (allowed / 2.0);
            println!("{provider}: {:.2} % refused, {:.0} % of the other half", 100.0 * refused, 100.0 * share);
            assert!(refused < 0.01, "{provider}: {refused}");
            assert!(share > 0.5, "{provider}: {share}");
        }
    });
}
