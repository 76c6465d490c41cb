//! A vendor's time: the sandbox's clock, and what a test has advanced it by.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, Utc};

use crate::Clock;
use crate::client::SystemClock;

/// A vendor's time: the sandbox's clock, and what a test has advanced at this vendor alone.
#[derive(Debug)]
pub(crate) struct Time {
    clock: Arc<dyn Clock>,
    start: Instant,
    ahead: Duration,
}

impl Default for Time {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl Time {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { start: clock.now(), clock, ahead: Duration::ZERO }
    }

    /// The time that has passed since the stand-in was made.
    pub(super) fn passed(&self) -> Duration {
        self.clock.now().saturating_duration_since(self.start).saturating_add(self.ahead)
    }

    /// The date and time.
    pub(super) fn utc(&self) -> DateTime<Utc> {
        after(self.clock.utc(), self.ahead)
    }

    /// The same to the second, which is as fine as most vendors write it.
    pub(super) fn seconds(&self) -> DateTime<Utc> {
        self.utc().trunc_subsecs(0)
    }

    /// Advances the time at this vendor alone.
    pub(super) fn advance(&mut self, time: Duration) {
        self.ahead = self.ahead.saturating_add(time);
    }
}

/// A moment this much later, or the last one that there is.
pub(super) fn after(moment: DateTime<Utc>, time: Duration) -> DateTime<Utc> {
    let time = chrono::TimeDelta::from_std(time).unwrap_or(chrono::TimeDelta::MAX);
    moment.checked_add_signed(time).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
