//! Recent latencies, from which the quota estimates when a request arrived at the vendor.

use std::time::{Duration, Instant};

/// How long a sample counts at least; it is forgotten after twice that.
const EPOCH: Duration = Duration::from_secs(60);

/// With fewer answers than this there is no estimate.
const ENOUGH: u32 = 32;

/// The answers of the last one to two minutes.
#[derive(Debug, Default)]
pub(super) struct Latency {
    current: Epoch,
    before: Epoch,
    since: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Epoch {
    count: u32,
    fastest: Duration,
    /// The sum, in seconds.
    total: f64,
}

impl Latency {
    /// A request was answered after this time.
    pub(super) fn heard(&mut self, latency: Duration, now: Instant) {
        let age = self.since.map_or(EPOCH * 2, |since| now.saturating_duration_since(since));
        if age >= EPOCH {
            self.before = if age < EPOCH * 2 { self.current } else { Epoch::default() };
            self.current = Epoch::default();
            self.since = Some(now);
        }
        let fastest = self.fastest().map_or(latency, |known| known.min(latency));
        let epoch = &mut self.current;
        epoch.fastest = if epoch.count == 0 { latency } else { epoch.fastest.min(latency) };
        epoch.count = epoch.count.saturating_add(1);
        // One answer in a hundred that takes seconds says nothing about the others.
        epoch.total += latency.min(fastest * 4).as_secs_f64();
    }

    /// Estimates the network part of a latency, which every request and every answer takes: zero where too little is
    /// known.
    ///
    /// The network time of one request and that of another answer together may be shorter than the fastest exchange that
    /// was seen, by as much as latencies vary. So their variation, the mean over the fastest, is subtracted.
    pub(super) fn certain(&self) -> Duration {
        let count = self.current.count.saturating_add(self.before.count);
        let (Some(fastest), true) = (self.fastest(), count >= ENOUGH) else { return Duration::ZERO };
        let mean = (self.current.total + self.before.total) / f64::from(count);
        Duration::try_from_secs_f64(2.0 * fastest.as_secs_f64() - mean).map_or(Duration::ZERO, |way| way.min(fastest))
    }

    fn fastest(&self) -> Option<Duration> {
        [self.current, self.before].iter().filter(|epoch| epoch.count > 0).map(|epoch| epoch.fastest).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(latency: &mut Latency, start: Instant, each: impl Iterator<Item = (u64, u64)>) -> u128 {
        for (at, took) in each {
            latency.heard(Duration::from_millis(took), start + Duration::from_millis(at));
        }
        latency.certain().as_millis()
    }

    #[test]
    fn a_steady_way_is_certain_and_a_wild_one_is_not() {
        let start = Instant::now();
        let certain = |count: u64, took: fn(u64) -> u64| {
            heard(&mut Latency::default(), start, (0..count).map(|index| (index * 100, took(index))))
        };
        assert_eq!(certain(31, |_| 100), 0);
        assert_eq!(certain(32, |_| 100), 100);
        assert_eq!(certain(100, |index| 100 + index % 5), 98);
        assert_eq!(certain(100, |index| 20 + index % 5 * 100), 0);
        // Rare slow answers cost little.
        assert!((90..100).contains(&certain(100, |index| if index == 50 { 3_000 } else { 100 })));
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let start = Instant::now();
        let mut latency = Latency::default();
        heard(&mut latency, start, (0..100).map(|index| (index * 100, 20)));
        let slow = |from: u64| (0..600).map(move |index| (from + index * 100, 300));
        assert_eq!(heard(&mut latency, start, slow(10_000)), 0, "some fast ones were seen a minute ago");
        heard(&mut latency, start, slow(70_000));
        assert_eq!(heard(&mut latency, start, slow(130_000)), 300);
    }
}
