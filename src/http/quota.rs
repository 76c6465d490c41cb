//! A vendor's own limit, kept on our side, so that it is used fully and not exceeded.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore};

use super::Clock;

/// How many requests a vendor takes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// As many as anybody likes.
    Unlimited,
    /// At most `max` in any window of `per`.
    Window {
        /// Requests in a window; at least 1.
        max: u32,
        /// Length of the window.
        per: Duration,
    },
    /// A bucket that holds `burst` requests and drains `per_second` of them each second.
    Bucket {
        /// Requests a second; may be a fraction.
        per_second: f64,
        /// Requests that may come at once; at least 1.
        burst: u32,
    },
}

impl Limit {
    /// A limit of the same kind with another rate: a window stays a window, so that no window of its length ever holds
    /// more than `burst`; a bucket stays a bucket. By default `burst` is one second's worth, and at least 1.
    ///
    /// `None` where the rate is not above 0 or the burst is 0. An unlimited one becomes a bucket.
    #[must_use]
    pub fn with_rate(self, per_second: f64, burst: Option<u32>) -> Option<Self> {
        if !(per_second > 0.0 && per_second.is_finite()) || burst == Some(0) {
            return None;
        }
        // A rate is a few thousand at most; a cast that saturates does no harm.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let burst = burst.unwrap_or(per_second.floor().max(1.0) as u32);
        Some(match self {
            Self::Window { .. } => {
                let per = Duration::try_from_secs_f64(f64::from(burst) / per_second).ok()?;
                Self::Window { max: burst, per }
            }
            Self::Bucket { .. } | Self::Unlimited => Self::Bucket { per_second, burst },
        })
    }
}

/// One account's limit, shared by every client of that account.
///
/// Waiting callers are served in the order in which they came.
#[derive(Debug)]
pub struct Quota {
    state: Mutex<State>,
    /// Whose turn it is to wait for a free place: a queue, held by the one at its head.
    turn: Semaphore,
    /// Told when a request ends, since that starts its window.
    ended: Notify,
}

#[derive(Debug)]
struct State {
    limit: Limit,
    paused_until: Option<Instant>,
    in_flight: u32,
    /// When the requests of the current window ended, oldest first.
    ended: VecDeque<Slice>,
    /// How many requests these are.
    ended_count: u64,
    level: f64,
    level_at: Option<Instant>,
}

/// Requests that ended close together; as a rule it is one.
#[derive(Debug)]
struct Slice {
    first: Instant,
    /// All of them leave the window with the last one, so that none leaves it too early.
    last: Instant,
    count: u32,
}

/// A window of more requests than these is kept in so many slices, so that a day's number takes little memory. Its places
/// come free that part of the window late at most.
const SLICES: u32 = 1000;

/// Why a caller has to wait.
enum Wait {
    /// The vendor asked for a pause.
    Paused(Instant),
    Until(Instant),
    ForAnEnd,
}

impl Quota {
    /// A quota with this limit.
    #[must_use]
    pub fn new(limit: Limit) -> Self {
        let state = State {
            limit,
            paused_until: None,
            in_flight: 0,
            ended: VecDeque::new(),
            ended_count: 0,
            level: 0.0,
            level_at: None,
        };
        Self { state: Mutex::new(state), turn: Semaphore::new(1), ended: Notify::new() }
    }

    /// Replaces the limit. What was sent before counts towards the new one.
    pub fn set_limit(&self, limit: Limit) {
        self.lock().limit = limit;
    }

    /// The limit.
    #[must_use]
    pub fn limit(&self) -> Limit {
        self.lock().limit
    }

    /// Lets nobody pass before this time, because the vendor asked for it.
    pub fn pause_until(&self, until: Instant) {
        let mut state = self.lock();
        state.paused_until = Some(state.paused_until.map_or(until, |old| old.max(until)));
    }

    /// Waits for a place. The permit is held while the request is under way.
    ///
    /// # Errors
    ///
    /// What is left of the vendor's pause, where that is more than `longest_pause`; and what is left until a place comes
    /// free, where that is more than `longest_wait`.
    pub(crate) async fn acquire(
        &self,
        clock: &dyn Clock,
        longest_pause: Duration,
        longest_wait: Duration,
    ) -> Result<Permit<'_>, Duration> {
        if self.turn.available_permits() > 0
            && let Ok(_turn) = self.turn.try_acquire()
            && self.try_take(clock.now()).is_ok()
        {
            return Ok(Permit { quota: self, clock_now: None, is_unused: false });
        }
        // The semaphore is never closed, so that the error cannot occur; without a turn there is merely no queue.
        let _turn = self.turn.acquire().await;
        loop {
            let ended = self.ended.notified();
            match self.try_take(clock.now()) {
                Ok(()) => return Ok(Permit { quota: self, clock_now: None, is_unused: false }),
                Err(Wait::Paused(until)) => {
                    let left = until.saturating_duration_since(clock.now());
                    if left > longest_pause {
                        return Err(left);
                    }
                    clock.sleep(left).await;
                }
                Err(Wait::Until(at)) => {
                    let left = at.saturating_duration_since(clock.now());
                    if left > longest_wait {
                        return Err(left);
                    }
                    clock.sleep(left.max(Duration::from_millis(1))).await;
                }
                Err(Wait::ForAnEnd) => ended.await,
            }
        }
    }

    fn try_take(&self, now: Instant) -> Result<(), Wait> {
        let mut state = self.lock();
        if let Some(until) = state.paused_until {
            if until > now {
                return Err(Wait::Paused(until));
            }
            state.paused_until = None;
        }
        match state.limit {
            Limit::Unlimited => {}
            Limit::Window { max, per } => {
                while let Some(slice) =
                    state.ended.front().filter(|slice| now.saturating_duration_since(slice.last) >= per)
                {
                    state.ended_count -= u64::from(slice.count);
                    state.ended.pop_front();
                }
                if u64::from(state.in_flight) + state.ended_count >= u64::from(max.max(1)) {
                    // A request counts from when it was sent until a window after it ended, since nobody knows when in
                    // between it arrived.
                    return Err(state.ended.front().map_or(Wait::ForAnEnd, |slice| Wait::Until(slice.last + per)));
                }
            }
            Limit::Bucket { per_second, burst } => {
                let rate = if per_second > 0.0 { per_second } else { f64::MIN_POSITIVE };
                let drained = state.level_at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64() * rate);
                state.level = (state.level - drained).max(0.0);
                state.level_at = Some(now);
                // One place is left free where there are several: requests arrive closer together than they were sent.
                let burst = if burst > 1 { burst - 1 } else { 1 };
                let over = state.level + 1.0 - f64::from(burst);
                if over > 1e-9 {
                    let wait = Duration::try_from_secs_f64(over / rate).unwrap_or(Duration::from_secs(86_400));
                    return Err(Wait::Until(now + wait));
                }
                state.level += 1.0;
            }
        }
        state.in_flight += 1;
        Ok(())
    }

    fn end(&self, now: Option<Instant>) {
        {
            let mut state = self.lock();
            state.in_flight = state.in_flight.saturating_sub(1);
            if let (Limit::Window { max, per }, Some(now)) = (state.limit, now) {
                state.ended_count += 1;
                let width = if max > SLICES { per / SLICES } else { Duration::ZERO };
                match state.ended.back_mut() {
                    Some(slice) if now.saturating_duration_since(slice.first) < width => {
                        slice.last = slice.last.max(now);
                        slice.count += 1;
                    }
                    _ => state.ended.push_back(Slice { first: now, last: now, count: 1 }),
                }
            }
        }
        self.ended.notify_one();
    }

    /// A place was not used after all.
    fn give_back(&self) {
        {
            let mut state = self.lock();
            state.in_flight = state.in_flight.saturating_sub(1);
            if let Limit::Bucket { .. } = state.limit {
                state.level = (state.level - 1.0).max(0.0);
            }
        }
        self.ended.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a quota, taken by a request under way.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    quota: &'a Quota,
    clock_now: Option<Instant>,
    is_unused: bool,
}

impl Permit<'_> {
    /// Ends it at this time.
    pub(crate) fn end(mut self, now: Instant) {
        self.clock_now = Some(now);
    }

    /// Ends it without a request: nothing was sent.
    pub(crate) fn give_back(mut self) {
        self.is_unused = true;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.is_unused {
            return self.quota.give_back();
        }
        // A caller that went away in the middle may have sent: the real time is the best that is known.
        self.quota.end(Some(self.clock_now.unwrap_or_else(Instant::now)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::ManualClock;
    use super::*;

    fn clock() -> ManualClock {
        ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap())
    }

    /// Sends `count` requests that take `each`, one after the other; when each was sent.
    async fn sent(quota: &Quota, clock: &ManualClock, count: usize, each: Duration) -> Vec<Duration> {
        let start = clock.now();
        let mut at = Vec::new();
        for _ in 0..count {
            let permit = quota.acquire(clock, Duration::from_secs(60), Duration::MAX).await.unwrap();
            at.push(clock.now() - start);
            clock.advance(each);
            permit.end(clock.now());
        }
        at
    }

    #[tokio::test]
    async fn no_window_ever_holds_more_than_its_number() {
        let (max, per) = (5usize, Duration::from_secs(1));
        for each in [0u64, 7, 150, 1300] {
            let quota = Quota::new(Limit::Window { max: 5, per });
            let at = sent(&quota, &clock(), 60, Duration::from_millis(each)).await;
            for window in at.windows(max + 1) {
                assert!(window[max] - window[0] >= per, "{each} ms: {window:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_window_is_used_to_the_full() {
        let quota = Quota::new(Limit::Window { max: 60, per: Duration::from_secs(60) });
        let at = sent(&quota, &clock(), 600, Duration::from_millis(1)).await;
        let minutes = at.last().unwrap().as_secs_f64() / 60.0;
        assert!(minutes < 9.01, "600 requests at 60 a minute took {minutes} minutes after the first window");
    }

    #[tokio::test]
    async fn a_bucket_gives_its_burst_and_then_its_rate() {
        let quota = Quota::new(Limit::Bucket { per_second: 4.0, burst: 40 });
        let at = sent(&quota, &clock(), 79, Duration::ZERO).await;
        assert_eq!(at[38], Duration::ZERO);
        let last = at.last().unwrap().as_secs_f64();
        assert!((10.0..10.1).contains(&last), "{last}");
    }

    #[test]
    fn another_rate_keeps_the_kind() {
        let window = Limit::Window { max: 60, per: Duration::from_secs(60) };
        let bucket = Limit::Bucket { per_second: 4.0, burst: 40 };
        let second = Duration::from_secs(1);
        assert_eq!(window.with_rate(5.0, None), Some(Limit::Window { max: 5, per: second }));
        assert_eq!(window.with_rate(0.5, None), Some(Limit::Window { max: 1, per: 2 * second }));
        assert_eq!(window.with_rate(2.0, Some(10)), Some(Limit::Window { max: 10, per: 5 * second }));
        assert_eq!(bucket.with_rate(2.5, None), Some(Limit::Bucket { per_second: 2.5, burst: 2 }));
        assert_eq!(bucket.with_rate(2.5, Some(9)), Some(Limit::Bucket { per_second: 2.5, burst: 9 }));
        for (rate, burst) in [(0.0, None), (-1.0, None), (f64::NAN, None), (f64::INFINITY, None), (1.0, Some(0))] {
            assert_eq!(window.with_rate(rate, burst), None);
        }
    }

    #[tokio::test]
    async fn a_pause_holds_everybody() {
        let (quota, clock) = (Quota::new(Limit::Unlimited), clock());
        quota.pause_until(clock.now() + Duration::from_secs(9));
        let at = sent(&quota, &clock, 2, Duration::ZERO).await;
        assert_eq!(at, [Duration::from_secs(9); 2]);
        quota.pause_until(clock.now() + Duration::from_secs(61));
        let refused = quota.acquire(&clock, Duration::from_secs(60), Duration::MAX).await;
        assert_eq!(refused.err(), Some(Duration::from_secs(61)));
    }

    #[tokio::test]
    async fn a_day_is_kept_in_slices_and_never_overdrawn() {
        let (max, per) = (2500usize, Duration::from_secs(86_400));
        let (quota, clock) = (Quota::new(Limit::Window { max: 2500, per }), clock());
        let at = sent(&quota, &clock, 3 * max, Duration::from_secs(7)).await;
        for window in at.windows(max + 1) {
            assert!(window[max] - window[0] >= per, "{window:?}");
        }
        let days = at.last().unwrap().as_secs_f64() / per.as_secs_f64();
        assert!(days < 2.3, "three days' worth took {days} days");
        assert!(quota.lock().ended.len() <= SLICES as usize + 1, "{}", quota.lock().ended.len());
    }

    #[tokio::test]
    async fn a_place_that_is_far_off_is_told_and_one_that_is_given_back_is_free() {
        let (quota, clock) = (Quota::new(Limit::Window { max: 2, per: Duration::from_secs(100) }), clock());
        let minute = Duration::from_secs(60);
        for _ in 0..9 {
            quota.acquire(&clock, minute, minute).await.unwrap().give_back();
        }
        sent(&quota, &clock, 2, Duration::from_secs(10)).await;
        assert_eq!(quota.acquire(&clock, minute, minute).await.err(), Some(Duration::from_secs(90)));
        clock.advance(Duration::from_secs(30));
        assert!(quota.acquire(&clock, minute, minute).await.is_ok(), "a minute is waited");
        let bucket = Quota::new(Limit::Bucket { per_second: 1.0, burst: 2 });
        for _ in 0..9 {
            bucket.acquire(&clock, minute, Duration::ZERO).await.unwrap().give_back();
        }
    }
}
