//! Adapts how many records a lane has under way at once.

use std::time::Duration;

/// A bound on what is under way that grows while answers are good and quick, and shrinks when the vendor struggles.
///
/// It doubles in a round until the first trouble, and then grows by one a round. Trouble halves it, once for all that was
/// under way together. A latency above twice the quickest recent one holds it: more at once would only wait longer,
/// at the vendor or for the local quota.
#[derive(Debug)]
pub(super) struct Limiter {
    max: f64,
    limit: f64,
    doubling: bool,
    /// The quickest recent one; it rises slowly, so that a vendor that became slower is not measured by its past.
    quickest: Option<f64>,
    started: u64,
    /// Trouble of records that were started before this one belongs to a round that was counted.
    counted: u64,
}

/// When a record was started, in the lane's own count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start(u64);

const FIRST: f64 = 8.0;

impl Limiter {
    pub(super) fn new(max: usize) -> Self {
        #[allow(clippy::cast_precision_loss)] // A bound of some thousands at most.
        let max = max.max(1) as f64;
        Self { max, limit: FIRST.min(max), doubling: true, quickest: None, started: 0, counted: 0 }
    }

    /// How many may be under way.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // At least 1, and at most a `usize` once.
    pub(super) fn limit(&self) -> usize {
        self.limit as usize
    }

    pub(super) fn start(&mut self) -> Start {
        self.started += 1;
        Start(self.started)
    }

    /// An answer that shows a vendor in order. `full`: the bound was reached, so that more is worth a try.
    pub(super) fn good(&mut self, latency: Duration, full: bool) {
        let latency = latency.as_secs_f64();
        let quickest = self.quickest.map_or(latency, |old| latency.min(old + (latency - old) / 500.0));
        self.quickest = Some(quickest);
        if full && latency <= 2.0 * quickest + 0.001 {
            let step = if self.doubling { 1.0 } else { 1.0 / self.limit };
            self.limit = (self.limit + step).min(self.max);
        }
    }

    /// An answer that shows a vendor under strain.
    pub(super) fn strained(&mut self, start: Start) {
        if start.0 <= self.counted {
            return;
        }
        self.counted = self.started;
        self.doubling = false;
        self.limit = (self.limit / 2.0).max(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(20);

    #[test]
    fn good_answers_double_it_and_trouble_halves_it_once_a_round() {
        let mut limiter = Limiter::new(64);
        for _ in 0..3 {
            for _ in 0..limiter.limit() {
                limiter.good(QUICK, true);
            }
        }
        assert_eq!(limiter.limit(), 64);
        let round: Vec<_> = (0..64).map(|_| limiter.start()).collect();
        round.iter().for_each(|start| limiter.strained(*start));
        assert_eq!(limiter.limit(), 32);
        for _ in 0..33 {
            limiter.good(QUICK, true);
        }
        assert_eq!(limiter.limit(), 33, "after trouble it grows by one a round");
        let start = limiter.start();
        limiter.strained(start);
        assert_eq!(limiter.limit(), 16);
    }

    #[test]
    fn slow_answers_and_an_unused_bound_hold_it() {
        let mut limiter = Limiter::new(64);
        limiter.good(QUICK, true);
        let before = limiter.limit();
        (0..50).for_each(|_| limiter.good(Duration::from_millis(100), true));
        (0..50).for_each(|_| limiter.good(QUICK, false));
        assert_eq!(limiter.limit(), before);
    }

    #[test]
    fn it_stays_between_one_and_its_bound() {
        let mut limiter = Limiter::new(3);
        (0..100).for_each(|_| limiter.good(QUICK, true));
        assert_eq!(limiter.limit(), 3);
        for _ in 0..20 {
            let start = limiter.start();
            limiter.strained(start);
        }
        assert_eq!(limiter.limit(), 1);
        assert_eq!(Limiter::new(0).limit(), 1);
    }
}
