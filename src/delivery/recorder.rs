//! Records the outcome of each record: files first, then counts, then updates and observers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::accepted::Accepted;
use super::checkpoint::Checkpoint;
use super::dead_letters::{DeadLetter, DeadLetters};
use super::events::{Event, LaneSummary, StopReason, Summary, Unreadable, Update};
use super::guard::{ConsentBudget, Guards};
use super::item::Item;
use super::lane::CompletedRecord;
use super::observer::Observers;
use super::progress::LaneBoard;
use super::record_outcome::{RecordOutcome, RecordStatus, UnprocessedReason};
use crate::client::Clock;
use crate::error::{Effect, Error};

/// How often the files are synced, so that they survive a power cut.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// What the caller chose for a run.
#[derive(Debug)]
pub(super) struct RunConfig {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) checkpoint: Option<Arc<dyn Checkpoint>>,
    pub(super) dead_letters: Option<Arc<dyn DeadLetters>>,
    pub(super) accepted: Option<Arc<dyn Accepted>>,
    pub(super) observers: Observers,
    pub(super) guards: Guards,
    /// Whether the checkpoint counts a record as done once its dead letter is written.
    pub(super) checkpoint_dead_letters: bool,
    /// Whether records that are not tried because their lane ended get a dead letter.
    pub(super) dead_letter_unprocessed: bool,
    pub(super) expected: Option<u64>,
}

/// What all tasks of a run share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: RunConfig,
    pub(super) lanes: Vec<LaneBoard>,
    pub(super) consents: ConsentBudget,
    pub(super) read: AtomicU64,
    pub(super) unreadable: AtomicU64,
    /// Records of which only the number is known, since their temporary file could not be read back.
    pub(super) unaccounted: AtomicU64,
    stopping: watch::Sender<bool>,
    reason: Mutex<Option<StopReason>>,
    synced: Mutex<Instant>,
}

impl Shared {
    pub(super) fn new(lanes: Vec<LaneBoard>, config: RunConfig) -> Self {
        let synced = Mutex::new(config.clock.now());
        Self {
            config,
            lanes,
            consents: ConsentBudget::default(),
            read: AtomicU64::new(0),
            unreadable: AtomicU64::new(0),
            unaccounted: AtomicU64::new(0),
            stopping: watch::Sender::new(false),
            reason: Mutex::new(None),
            synced,
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.config.clock.now()
    }

    pub(super) fn notify(&self, event: &Event<'_>) {
        self.config.observers.notify(event);
    }

    /// Stops the run: nothing more is read or started. The first reason counts.
    pub(super) fn stop(&self, reason: StopReason) {
        self.note(reason);
        self.stopping.send_replace(true);
    }

    /// Notes why the run is incomplete, and lets it continue. The first reason counts.
    pub(super) fn note(&self, reason: StopReason) {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
    }

    pub(super) fn take_reason(&self) -> Option<StopReason> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// The result of the run so far.
    pub(super) fn summary(&self, stopped: Option<StopReason>) -> Summary {
        let lane = |board: &LaneBoard| LaneSummary {
            name: Arc::clone(&board.name),
            provider: board.sink.provider(),
            counts: board.counts(),
            ended_early: board.ended_early.load(Relaxed),
        };
        Summary {
            read: self.read.load(Relaxed),
            unreadable: self.unreadable.load(Relaxed),
            unaccounted: self.unaccounted.load(Relaxed),
            lanes: self.lanes.iter().map(lane).collect(),
            stopped,
        }
    }

    /// Makes the files survive a power cut.
    pub(super) async fn sync(&self) {
        let mut result = Ok(());
        if let Some(checkpoint) = &self.config.checkpoint {
            result = result.and(checkpoint.sync().await.map_err(StopReason::Checkpoint));
        }
        if let Some(letters) = &self.config.dead_letters {
            result = result.and(letters.sync().await.map_err(StopReason::DeadLetters));
        }
        if let Some(accepted) = &self.config.accepted {
            result = result.and(accepted.sync().await.map_err(StopReason::Accepted));
        }
        if let Err(reason) = result {
            self.stop(reason);
        }
    }

    fn is_time_to_sync(&self, now: Instant) -> bool {
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        let due = now.saturating_duration_since(*synced) >= SYNC_EVERY;
        if due {
            *synced = now;
        }
        due
    }
}

/// Records outcomes on behalf of one task.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    pub(super) shared: Arc<Shared>,
    updates: mpsc::Sender<Update>,
}

impl Recorder {
    pub(super) fn new(shared: Arc<Shared>, updates: mpsc::Sender<Update>) -> Self {
        Self { shared, updates }
    }

    /// Records the outcome of a record in a lane.
    pub(super) async fn record(&self, lane: &LaneBoard, completed: CompletedRecord) {
        let CompletedRecord { record, status, attempts } = completed;
        let shared = &*self.shared;
        if let Err(reason) = self.write(lane, &record.item, &status).await {
            shared.stop(reason);
        }
        let now = shared.now();
        lane.add(&status, attempts, now);
        let (failed, tried) = lane.failed_of();
        if let Some(tripped) = shared.config.guards.failures(&lane.name, failed, tried) {
            shared.stop(StopReason::Guard(tripped));
        }
        let outcome = RecordOutcome {
            position: record.position(),
            token: record.item.token.clone(),
            lane: Arc::clone(&lane.name),
            provider: lane.sink.provider(),
            status,
            attempts,
        };
        shared.notify(&Event::Record(&outcome));
        if shared.is_time_to_sync(now) {
            shared.sync().await;
        }
        // The caller may have dropped the receiver: the run continues, and its files and observers have the outcome.
        let _ = self.updates.send(Update::Record(outcome)).await;
    }

    async fn write(&self, lane: &LaneBoard, item: &Item, status: &RecordStatus) -> Result<(), StopReason> {
        let config = &self.shared.config;
        let not_tried = match status {
            RecordStatus::Unprocessed(UnprocessedReason::LaneEnded(error)) if config.dead_letter_unprocessed => {
                Some(not_tried(error))
            }
            _ => None,
        };
        let letter = match status {
            RecordStatus::Failed(error) => Some(&**error),
            _ => not_tried.as_ref(),
        };
        let mut done = matches!(status, RecordStatus::Delivered(_) | RecordStatus::Skipped(_));
        if let (Some(error), Some(letters)) = (letter, &config.dead_letters) {
            let letter = DeadLetter {
                position: item.position,
                lane: &lane.name,
                provider: lane.sink.provider(),
                customer: &item.customer,
                error,
            };
            letters.put(&letter).await.map_err(StopReason::DeadLetters)?;
            done = config.checkpoint_dead_letters;
        }
        if let Some(checkpoint) = config.checkpoint.as_ref().filter(|_| done) {
            checkpoint.done(&lane.name, item.position).await.map_err(StopReason::Checkpoint)?;
        }
        Ok(())
    }

    pub(super) async fn unreadable(&self, unreadable: Unreadable) {
        self.shared.unreadable.fetch_add(1, Relaxed);
        self.shared.notify(&Event::Unreadable(unreadable.clone()));
        let _ = self.updates.send(Update::Unreadable(unreadable)).await;
    }
}

/// Why a record was not tried: the facts of what ended its lane, without those of another record.
fn not_tried(error: &Error) -> Error {
    let own = Error::new(error.kind(), Effect::NotSent).with_code(error.code().map(str::to_owned));
    let own = own.with_retry_after(error.retry_after()).with_hint("its lane ended before it was tried");
    let own = error.provider().into_iter().fold(own, Error::with_provider);
    error.status().into_iter().fold(own, Error::with_status)
}
