//! The vendors' own limits, kept strictly: who sends more than the documented number is answered 429.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::Limit;
use crate::providers::{shoplazza, shopline, triple_whale, whale, yotpo};

/// The documented limit of a vendor; for Whale the default of its settings (*seen*). Of Shoplazza's two buckets the
/// app's own, since there is one app alone here.
pub(super) fn documented(provider: &str) -> Limit {
    match provider {
        "triple_whale" => triple_whale::DEFAULT_LIMIT,
        "shopline" => shopline::DEFAULT_LIMIT,
        "shoplazza" => shoplazza::DEFAULT_LIMIT,
        "yotpo" => yotpo::DEFAULT_LIMIT,
        "whale" => whale::DEFAULT_LIMIT,
        _ => Limit::Unlimited,
    }
}

/// Counts the requests of one account, the only one that a stand-in has.
#[derive(Debug)]
pub(super) struct Meter {
    limit: Limit,
    taken: VecDeque<Instant>,
    level: f64,
    level_at: Option<Instant>,
}

impl Meter {
    pub(super) const fn new(limit: Limit) -> Self {
        Self { limit, taken: VecDeque::new(), level: 0.0, level_at: None }
    }

    /// Takes a request, or says after how many whole seconds there is room. A refused one does not count (*unknown* of
    /// all five).
    pub(super) fn take(&mut self, now: Instant) -> Result<(), u64> {
        let wait = match self.limit {
            Limit::Unlimited => return Ok(()),
            Limit::Window { max, per } => {
                while self.taken.front().is_some_and(|at| now.saturating_duration_since(*at) >= per) {
                    self.taken.pop_front();
                }
                if self.taken.len() < max as usize {
                    self.taken.push_back(now);
                    return Ok(());
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
                    self.level += 1.0;
                    return Ok(());
                }
                Duration::try_from_secs_f64(over / per_second).unwrap_or(Duration::MAX)
            }
        };
        Err(wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
