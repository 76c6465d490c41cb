//! Enforces the vendors' documented limits: decides whether a request is let in or answered with 429.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::client::Limit;

/// The limits of one vendor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The limit of each quota key.
    pub(super) own: Limit,
    /// The limit that all quota keys share.
    pub(super) shared: Limit,
}

impl Limits {
    /// One limit, however many quota keys there are.
    pub(super) const fn own(own: Limit) -> Self {
        Self { own, shared: Limit::Unlimited }
    }
}

/// Counts the requests of one vendor.
#[derive(Debug)]
pub(super) struct Limiter {
    limit: Limit,
    own: BTreeMap<&'static str, Meter>,
    shared: Meter,
}

impl Limiter {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limit: limits.own, own: BTreeMap::new(), shared: Meter::new(limits.shared) }
    }

    /// Lets a request in, or returns after how many whole seconds there is room for it in both limits.
    pub(super) fn take(&mut self, key: &'static str, now: Instant) -> Result<(), u64> {
        let own = self.own.entry(key).or_insert_with(|| Meter::new(self.limit));
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

/// Counts requests against one limit.
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

    /// After how many whole seconds there is room for a request: 0 for now. A refused one does not count (*unknown* at
    /// every vendor).
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
    fn quota_keys_share_a_limit() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let own = Limit::Window { max: 3, per: second };
        let mut limiter = Limiter::new(Limits { own, shared: Limit::Window { max: 5, per: second } });
        let mut taken = |key, now| (0..10).filter(|_| limiter.take(key, now).is_ok()).count();
        assert_eq!((taken("a", now), taken("b", now), taken("c", now)), (3, 2, 0));
        assert_eq!((taken("b", now + second), taken("a", now + second)), (3, 2), "refused requests do not count");
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
        let mut meter = Meter::new(Limit::Bucket { per_second: 2.0, burst: 40 });
        assert_eq!((0..45).filter(|_| meter.take(start).is_ok()).count(), 40);
        assert_eq!(meter.take(start), Err(1));
        let later = start + Duration::from_millis(2500);
        assert_eq!((0..45).filter(|_| meter.take(later).is_ok()).count(), 5);
    }
}
