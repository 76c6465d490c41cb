//! The injected clock, so that tests do not sleep.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// A source of time.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// A monotonic time.
    fn now(&self) -> Instant;

    /// The date and time in UTC.
    fn utc(&self) -> DateTime<Utc>;

    /// Waits for this duration.
    async fn sleep(&self, duration: Duration);
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn utc(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// A clock for tests: a sleep advances it at once, and it records every sleep.
#[derive(Debug)]
pub struct ManualClock {
    start: Instant,
    utc: DateTime<Utc>,
    state: Mutex<(Duration, Vec<Duration>)>,
}

impl ManualClock {
    /// A clock that starts at this date and time.
    #[must_use]
    pub fn new(utc: DateTime<Utc>) -> Self {
        Self { start: Instant::now(), utc, state: Mutex::default() }
    }

    /// Advances the clock.
    pub fn advance(&self, duration: Duration) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0 += duration;
    }

    /// Every sleep so far, in order.
    #[must_use]
    pub fn sleeps(&self) -> Vec<Duration> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    fn elapsed(&self) -> Duration {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.start + self.elapsed()
    }

    fn utc(&self) -> DateTime<Utc> {
        self.utc + self.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.0 += duration;
            state.1.push(duration);
        }
        // Others run before this one goes on, as they would while a real sleep lasts.
        tokio::task::yield_now().await;
    }
}
