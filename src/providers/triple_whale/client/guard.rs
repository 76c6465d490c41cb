//! Stops writing for a shop that the vendor keeps failing on, since that is what an unknown shop looks like.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts upserts in a row that ended in a 500. No I/O, and no clock of its own.
#[derive(Debug)]
pub(in super::super) struct ShopGuard {
    /// 0: never stops.
    threshold: u32,
    cool_down: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failed: u32,
    /// While it is set, nothing passes before this time, and one upsert at a time after it.
    stopped_until: Option<Instant>,
    probing: bool,
}

/// How an upsert ended, as far as the guard cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Ended {
    Success,
    /// Its last answer was a 500.
    ServerError,
    /// Anything else says nothing about the shop: another refusal, or no answer.
    Other,
}

impl ShopGuard {
    pub(in super::super) fn new(threshold: u32, cool_down: Duration) -> Self {
        Self { threshold, cool_down, state: Mutex::default() }
    }

    /// Lets an upsert pass, or tells how long to wait. None of that is zero while another upsert tries the shop out.
    pub(in super::super) fn enter(&self, now: Instant) -> Result<Pass<'_>, Duration> {
        let mut state = self.lock();
        let Some(until) = state.stopped_until else { return Ok(Pass { guard: self, probe: false }) };
        let left = until.saturating_duration_since(now);
        if !left.is_zero() || state.probing {
            return Err(left);
        }
        state.probing = true;
        Ok(Pass { guard: self, probe: true })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An upsert under way. Dropped without an end, as when its caller went away, it counts for nothing.
#[derive(Debug)]
pub(in super::super) struct Pass<'a> {
    guard: &'a ShopGuard,
    probe: bool,
}

impl Pass<'_> {
    /// Counts how it ended.
    pub(in super::super) fn end(self, how: Ended, now: Instant) {
        let mut state = self.guard.lock();
        match how {
            Ended::Success => {
                state.failed = 0;
                state.stopped_until = None;
            }
            Ended::ServerError => {
                state.failed = state.failed.saturating_add(1);
                if self.guard.threshold > 0 && state.failed >= self.guard.threshold {
                    state.stopped_until = Some(now + self.guard.cool_down);
                }
            }
            Ended::Other => {}
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.probe {
            self.guard.lock().probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOL: Duration = Duration::from_secs(60);

    fn fail(guard: &ShopGuard, now: Instant, times: u32) {
        for _ in 0..times {
            guard.enter(now).unwrap().end(Ended::ServerError, now);
        }
    }

    #[test]
    fn it_stops_after_that_many_in_a_row_and_only_then() {
        let (guard, now) = (ShopGuard::new(3, COOL), Instant::now());
        fail(&guard, now, 2);
        guard.enter(now).unwrap().end(Ended::Success, now);
        fail(&guard, now, 2);
        // What says nothing about the shop neither counts nor resets.
        guard.enter(now).unwrap().end(Ended::Other, now);
        fail(&guard, now, 1);
        assert_eq!(guard.enter(now + Duration::from_secs(20)).err(), Some(Duration::from_secs(40)));
    }

    #[test]
    fn one_probe_passes_after_the_cool_down() {
        let (guard, now) = (ShopGuard::new(1, COOL), Instant::now());
        fail(&guard, now, 1);
        let later = now + COOL;
        let probe = guard.enter(later).unwrap();
        assert_eq!(guard.enter(later).err(), Some(Duration::ZERO), "one at a time");
        probe.end(Ended::ServerError, later);
        assert_eq!(guard.enter(later).err(), Some(COOL), "stopped again");

        let later = later + COOL;
        drop(guard.enter(later).unwrap());
        let probe = guard.enter(later).unwrap();
        probe.end(Ended::Other, later);
        guard.enter(later).unwrap().end(Ended::Success, later);
        assert!(guard.enter(later).is_ok() && guard.enter(later).is_ok(), "open to all");
        assert_eq!(guard.lock().failed, 0);
    }

    #[test]
    fn a_threshold_of_zero_never_stops() {
        let (guard, now) = (ShopGuard::new(0, COOL), Instant::now());
        fail(&guard, now, 100);
        assert!(guard.enter(now).is_ok());
    }
}
