//! The progress and the counts of each lane.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::record_outcome::RecordStatus;
use crate::plan::outcome::Outcome;
use crate::provider::ProviderId;
use crate::sink::CustomerSink;

/// How many records of a lane ended how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// The vendor made a customer.
    pub created: u64,
    /// The vendor changed one.
    pub updated: u64,
    /// The vendor held the same already.
    pub unchanged: u64,
    /// The vendor processes it later.
    pub accepted: u64,
    /// It did not have to be sent.
    pub skipped: u64,
    /// It was not delivered.
    pub failed: u64,
    /// It was not tried.
    pub unprocessed: u64,
    /// HTTP requests sent, token calls aside.
    pub requests: u64,
    /// Why records failed: how many by each kind of error, as one word.
    pub failures: BTreeMap<&'static str, u64>,
}

impl Counts {
    /// How many have an outcome.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.delivered() + self.failed + self.unprocessed
    }

    /// How many the vendor has, now or from an earlier run.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.created + self.updated + self.unchanged + self.accepted + self.skipped
    }

    pub(super) fn add(&mut self, status: &RecordStatus, attempts: u32) {
        self.requests += u64::from(attempts);
        let count = match status {
            RecordStatus::Delivered(upserted) => match upserted.outcome {
                Outcome::Created => &mut self.created,
                Outcome::Updated => &mut self.updated,
                Outcome::Unchanged => &mut self.unchanged,
                Outcome::Accepted => &mut self.accepted,
            },
            RecordStatus::Skipped(_) => &mut self.skipped,
            RecordStatus::Failed(error) => {
                *self.failures.entry(error.kind().as_str()).or_default() += 1;
                &mut self.failed
            }
            RecordStatus::Unprocessed(_) => &mut self.unprocessed,
        };
        *count += 1;
    }
}

/// How far a run is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// Records read from the source, unreadable ones included.
    pub read: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// Each lane.
    pub lanes: Vec<LaneProgress>,
}

/// How far a lane is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LaneProgress {
    /// The lane's name.
    pub name: Arc<str>,
    /// Its provider.
    pub provider: ProviderId,
    /// What ended so far.
    pub counts: Counts,
    /// Records under way.
    pub under_way: u64,
    /// Records that wait in the lane or in its queue, those on disk included.
    pub waiting: u64,
    /// How many may be under way at the moment.
    pub concurrency: u64,
    /// How much longer the lane pauses, if it does.
    pub paused_for: Option<Duration>,
    /// Estimated wait of a request for the account's quota.
    pub quota_wait: Duration,
    /// Records that ended in a second, over the last half minute.
    pub per_second: f64,
    /// How much longer the lane needs at that rate, where the number of records is known ([`Delivery::expected`](super::Delivery::expected)).
    pub time_left: Option<Duration>,
}

/// The state of a lane that its task and its readers share.
#[derive(Debug)]
pub(super) struct LaneBoard {
    pub(super) name: Arc<str>,
    pub(super) sink: Arc<dyn CustomerSink>,
    state: Mutex<State>,
    under_way: AtomicU64,
    waiting: AtomicU64,
    concurrency: AtomicU64,
    pub(super) ended_early: AtomicBool,
    pub(super) resume: Notify,
}

#[derive(Debug, Default)]
struct State {
    counts: Counts,
    paused_until: Option<Instant>,
    /// When how many had ended, the oldest first.
    marks: VecDeque<(Instant, u64)>,
}

const MARK_EVERY: Duration = Duration::from_secs(1);
const MARKS: usize = 30;

impl LaneBoard {
    pub(super) fn new(name: Arc<str>, sink: Arc<dyn CustomerSink>, now: Instant) -> Self {
        let state = State { marks: VecDeque::from([(now, 0)]), ..State::default() };
        Self {
            name,
            sink,
            state: Mutex::new(state),
            under_way: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
            concurrency: AtomicU64::new(0),
            ended_early: AtomicBool::new(false),
            resume: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn show(&self, under_way: usize, waiting: u64, concurrency: usize) {
        self.under_way.store(under_way as u64, Relaxed);
        self.waiting.store(waiting, Relaxed);
        self.concurrency.store(concurrency as u64, Relaxed);
    }

    pub(super) fn pause(&self, until: Option<Instant>) {
        self.lock().paused_until = until;
    }

    pub(super) fn add(&self, status: &RecordStatus, attempts: u32, now: Instant) {
        let mut state = self.lock();
        state.counts.add(status, attempts);
        if state.marks.back().is_none_or(|(at, _)| now.saturating_duration_since(*at) >= MARK_EVERY) {
            let ended = state.counts.ended();
            state.marks.push_back((now, ended));
            if state.marks.len() > MARKS {
                state.marks.pop_front();
            }
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.lock().counts.clone()
    }

    /// How many failed and how many were tried.
    pub(super) fn failed_of(&self) -> (u64, u64) {
        let state = self.lock();
        (state.counts.failed, state.counts.ended() - state.counts.unprocessed - state.counts.skipped)
    }

    pub(super) fn progress(&self, now: Instant, expected: Option<u64>) -> LaneProgress {
        let quota_wait = self.sink.quota_wait();
        let state = self.lock();
        let ended = state.counts.ended();
        let (from, before) = state.marks.front().copied().unwrap_or((now, ended));
        let seconds = now.saturating_duration_since(from).as_secs_f64();
        #[allow(clippy::cast_precision_loss)] // A rate for people to look at.
        let per_second = if seconds > 0.0 { (ended - before) as f64 / seconds } else { 0.0 };
        #[allow(clippy::cast_precision_loss)]
        let time_left = expected
            .filter(|_| per_second > 0.0)
            .and_then(|expected| Duration::try_from_secs_f64(expected.saturating_sub(ended) as f64 / per_second).ok());
        LaneProgress {
            name: Arc::clone(&self.name),
            provider: self.sink.provider(),
            counts: state.counts.clone(),
            under_way: self.under_way.load(Relaxed),
            waiting: self.waiting.load(Relaxed),
            concurrency: self.concurrency.load(Relaxed),
            paused_for: state
                .paused_until
                .map(|until| until.saturating_duration_since(now))
                .filter(|left| !left.is_zero()),
            quota_wait,
            per_second,
            time_left,
        }
    }
}
