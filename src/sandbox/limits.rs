//! The vendors' own limits, kept strictly: who sends more than the documented number is answered 429.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use http::HeaderMap;

use super::Sandbox;
use crate::Limit;
use crate::providers::{shoplazza, shopline, triple_whale, whale, yotpo};

/// The documented limit of a vendor; for Whale the default of its settings (*seen*). Of Shoplazza's two buckets the
/// app's own.
fn documented(provider: &str) -> Limit {
    match provider {
        "triple_whale" => triple_whale::DEFAULT_LIMIT,
        "shopline" => shopline::DEFAULT_LIMIT,
        "shoplazza" => shoplazza::DEFAULT_LIMIT,
        "yotpo" => yotpo::DEFAULT_LIMIT,
        "whale" => whale::DEFAULT_LIMIT,
        _ => Limit::Unlimited,
    }
}

/// What a vendor counts requests by beside the account, of which a stand-in has one alone: Shoplazza by the app, which
/// the token tells. Whoever has a token of neither app is counted together.
fn app(provider: &str, headers: &HeaderMap) -> &'static str {
    let token = headers.get("access-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    match provider {
        "shoplazza" if token == Sandbox::SHOPLAZZA_ACCESS_TOKEN => "private",
        "shoplazza" if token.starts_with(Sandbox::SHOPLAZZA_TOKEN_PREFIX) => "app",
        _ => "",
    }
}

/// All limits of one vendor.
#[derive(Debug)]
pub(super) struct Gate {
    provider: &'static str,
    /// By the app.
    own: BTreeMap<&'static str, Meter>,
    /// What all apps have together.
    shared: Meter,
}

impl Gate {
    pub(super) fn new(provider: &'static str) -> Self {
        let shared = if provider == "shoplazza" { shoplazza::STORE_LIMIT } else { Limit::Unlimited };
        Self { provider, own: BTreeMap::new(), shared: Meter::new(shared) }
    }

    /// Lets a request in, or says after how many whole seconds there is room for it everywhere.
    pub(super) fn take(&mut self, headers: &HeaderMap, now: Instant) -> Result<(), u64> {
        let own = self.own.entry(app(self.provider, headers)).or_insert_with(|| Meter::new(documented(self.provider)));
        match own.wait(now).max(self.shared.wait(now)) {
            0 => {
                own.count(now);
                self.shared.count(now);
                Ok(())
            }
            wait => Err(wait),
        }
    }
}

/// Counts requests.
#[derive(Debug)]
struct Meter {
    limit: Limit,
    taken: VecDeque<Instant>,
    level: f64,
    level_at: Option<Instant>,
}

impl Meter {
    const fn new(limit: Limit) -> Self {
        Self { limit, taken: VecDeque::new(), level: 0.0, level_at: None }
    }

    /// After how many whole seconds there is room for a request: 0 for now. A refused one does not count (*unknown* of all
    /// five).
    fn wait(&mut self, now: Instant) -> u64 {
        let wait = match self.limit {
            Limit::Unlimited => return 0,
            Limit::Window { max, per } => {
                while self.taken.front().is_some_and(|at| now.saturating_duration_since(*at) >= per) {
                    self.taken.pop_front();
                }
                if self.taken.len() < max as usize {
                    return 0;
                }
                let oldest = self.taken.front().map_or(Duration::ZERO, |at| now.saturating_duration_since(*at));
                per.saturating_sub(oldest)
            }
            Limit::Bucket { per_second, burst } => {
                let passed = self.level_at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
                self.level = (self.level - passed * per_second).max(0.0);
                self.level_at = Some(now);
                let over = self.level + 1.0 - f64::from(burst);
                if over <= 1e-9 {
                    return 0;
                }
                Duration::try_from_secs_f64(over / per_second).unwrap_or(Duration::MAX)
            }
        };
        wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
    }

    /// Counts a request.
    fn count(&mut self, now: Instant) {
        match self.limit {
            Limit::Unlimited => {}
            Limit::Window { .. } => self.taken.push_back(now),
            Limit::Bucket { .. } => self.level += 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Meter {
        fn take(&mut self, now: Instant) -> Result<(), u64> {
            match self.wait(now) {
                0 => {
                    self.count(now);
                    Ok(())
                }
                wait => Err(wait),
            }
        }
    }

    #[test]
    fn the_apps_of_a_shop_share_its_bucket() {
        let now = Instant::now();
        let token =
            |text: &str| HeaderMap::from_iter([(http::HeaderName::from_static("access-token"), text.parse().unwrap())]);
        let private = token(Sandbox::SHOPLAZZA_ACCESS_TOKEN);
        let [first, second] = ["1", "2"].map(|n| token(&format!("{}{n}", Sandbox::SHOPLAZZA_TOKEN_PREFIX)));
        let mut gate = Gate::new("shoplazza");
        let mut taken = |headers: &HeaderMap, now| (0..100).filter(|_| gate.take(headers, now).is_ok()).count();
        assert_eq!(taken(&private, now), 40, "the bucket of an app");
        assert_eq!((taken(&first, now), taken(&second, now)), (40, 0), "a new token is no new app");
        assert_eq!(taken(&token("fake-other"), now), 0, "the shop's bucket is full");
        // Refused requests filled nothing: a second later the shop has room for 20, and an app for 2.
        let later = now + Duration::from_secs(1);
        assert_eq!((taken(&private, later), taken(&token("fake-other"), later)), (2, 18));
    }
    #[test]
    fn a_window_is_strict_and_slides() {
        let start = Instant::now();
        let at = |millis: u64| start + Duration::from_millis(millis);
        let mut meter = Meter::new(Limit::Window { max: 2, per: Duration::from_secs(10) });
        assert_eq!((meter.take(at(0)), meter.take(at(4000)), meter.take(at(5000))), (Ok(()), Ok(()), Err(5)));
        assert_eq!((meter.take(at(9999)), meter.take(at(10_000)), meter.take(at(10_000))), (Err(1), Ok(()), Err(4)));
    }

    #[test]
    fn a_bucket_gives_its_burst_and_leaks() {
        let start = Instant::now();
        let mut meter = Meter::new(shoplazza::DEFAULT_LIMIT);
        assert_eq!((0..45).filter(|_| meter.take(start).is_ok()).count(), 40);
        assert_eq!(meter.take(start), Err(1));
        let later = start + Duration::from_millis(2500);
        assert_eq!((0..45).filter(|_| meter.take(later).is_ok()).count(), 5);
    }
}
