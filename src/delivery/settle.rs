//! Where each record of each lane comes to its end: files first, then counts, then those who watch.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::accepted::Accepted;
use super::checkpoint::Checkpoint;
use super::dead_letters::{DeadLetter, DeadLetters};
use super::ending::{Ended, Ending, Left};
use super::guard::{Guards, Stakes};
use super::lane::Settled;
use super::observer::{Event, Observers, Unreadable};
use super::progress::LaneBoard;
use super::run::{StopReason, Update};
use crate::client::Clock;
use crate::error::{Effect, Error};

/// How often the files are made safe against a power cut.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// What all tasks of a run share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) lanes: Vec<LaneBoard>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) checkpoint: Option<Arc<dyn Checkpoint>>,
    pub(super) dead_letters: Option<Arc<dyn DeadLetters>>,
    pub(super) accepted: Option<Arc<dyn Accepted>>,
    pub(super) observers: Observers,
    pub(super) guards: Guards,
    pub(super) stakes: Stakes,
    /// Whether a dead letter counts as done in the checkpoint.
    pub(super) letters_settle: bool,
    /// Whether records that are left because their lane ended get a dead letter.
    pub(super) letters_for_left: bool,
    pub(super) expected: Option<u64>,
    pub(super) read: AtomicU64,
    pub(super) unreadable: AtomicU64,
    /// Records that are known of by number alone, since what was put on disk could not be read back.
    pub(super) out_of_sight: AtomicU64,
    stopping: watch::Sender<bool>,
    reason: Mutex<Option<StopReason>>,
    synced: Mutex<Instant>,
}

/// The parts of a run that its makers choose.
pub(super) struct Parts {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) checkpoint: Option<Arc<dyn Checkpoint>>,
    pub(super) dead_letters: Option<Arc<dyn DeadLetters>>,
    pub(super) accepted: Option<Arc<dyn Accepted>>,
    pub(super) observers: Observers,
    pub(super) guards: Guards,
    pub(super) letters_settle: bool,
    pub(super) letters_for_left: bool,
    pub(super) expected: Option<u64>,
}

impl Shared {
    pub(super) fn new(lanes: Vec<LaneBoard>, parts: Parts) -> Self {
        let synced = Mutex::new(parts.clock.now());
        Self {
            lanes,
            clock: parts.clock,
            checkpoint: parts.checkpoint,
            dead_letters: parts.dead_letters,
            accepted: parts.accepted,
            observers: parts.observers,
            guards: parts.guards,
            stakes: Stakes::default(),
            letters_settle: parts.letters_settle,
            letters_for_left: parts.letters_for_left,
            expected: parts.expected,
            read: AtomicU64::new(0),
            unreadable: AtomicU64::new(0),
            out_of_sight: AtomicU64::new(0),
            stopping: watch::Sender::new(false),
            reason: Mutex::new(None),
            synced,
        }
    }

    /// Stops the run: nothing more is read or started. The first reason counts.
    pub(super) fn stop(&self, reason: StopReason) {
        self.note(reason);
        self.stopping.send_replace(true);
    }

    /// Notes why the run is not what it should have been, and lets it go on.
    pub(super) fn note(&self, reason: StopReason) {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
    }

    pub(super) fn take_reason(&self) -> Option<StopReason> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Makes the files safe against a power cut.
    pub(super) async fn sync(&self) {
        let mut result = Ok(());
        if let Some(checkpoint) = &self.checkpoint {
            result = result.and(checkpoint.sync().await.map_err(StopReason::Checkpoint));
        }
        if let Some(letters) = &self.dead_letters {
            result = result.and(letters.sync().await.map_err(StopReason::DeadLetters));
        }
        if let Some(accepted) = &self.accepted {
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

/// One task's way to bring records to their end.
#[derive(Clone, Debug)]
pub(super) struct Settler {
    pub(super) shared: Arc<Shared>,
    updates: mpsc::Sender<Update>,
}

impl Settler {
    pub(super) fn new(shared: Arc<Shared>, updates: mpsc::Sender<Update>) -> Self {
        Self { shared, updates }
    }

    /// Ends a record in a lane.
    pub(super) async fn settle(&self, lane: &LaneBoard, settled: Settled) {
        let Settled { record, ending, attempts } = settled;
        let shared = &*self.shared;
        if let Err(reason) = self.write(lane, &record.item, &ending).await {
            shared.stop(reason);
        }
        let now = shared.clock.now();
        lane.add(&ending, attempts, now);
        let (failed, tried) = lane.failed_of();
        if let Some(tripped) = shared.guards.failures(&lane.name, failed, tried) {
            shared.stop(StopReason::Guard(tripped));
        }
        let ended = Ended {
            position: record.position(),
            token: record.item.token.clone(),
            lane: Arc::clone(&lane.name),
            provider: lane.sink.provider(),
            ending,
            attempts,
        };
        shared.observers.tell(&Event::Ended(&ended));
        if shared.is_time_to_sync(now) {
            shared.sync().await;
        }
        // Nobody listens any more: the run goes on, and its files and observers tell.
        let _ = self.updates.send(Update::Ended(ended)).await;
    }

    async fn write(&self, lane: &LaneBoard, item: &super::Item, ending: &Ending) -> Result<(), StopReason> {
        let shared = &*self.shared;
        let not_tried = match ending {
            Ending::Left(Left::LaneEnded(error)) if shared.letters_for_left => Some(not_tried(error)),
            _ => None,
        };
        let letter = match ending {
            Ending::Failed(error) => Some(&**error),
            _ => not_tried.as_ref(),
        };
        let mut done = matches!(ending, Ending::Delivered(_) | Ending::Skipped(_));
        if let (Some(error), Some(letters)) = (letter, &shared.dead_letters) {
            let letter = DeadLetter {
                position: item.position,
                lane: &lane.name,
                provider: lane.sink.provider(),
                customer: &item.customer,
                error,
            };
            letters.put(&letter).await.map_err(StopReason::DeadLetters)?;
            done = shared.letters_settle;
        }
        if let Some(checkpoint) = shared.checkpoint.as_ref().filter(|_| done) {
            checkpoint.done(&lane.name, item.position).await.map_err(StopReason::Checkpoint)?;
        }
        Ok(())
    }

    pub(super) async fn unreadable(&self, unreadable: Unreadable) {
        self.shared.unreadable.fetch_add(1, Relaxed);
        let event = Event::Unreadable(unreadable.clone());
        self.shared.observers.tell(&event);
        let _ = self.updates.send(Update::Unreadable(unreadable)).await;
    }
}

/// Why a record was not tried: what ended its lane, without what is true of another record alone.
fn not_tried(error: &Error) -> Error {
    let own = Error::new(error.kind(), Effect::NotSent).with_code(error.code().map(str::to_owned));
    let own = own.with_retry_after(error.retry_after()).with_hint("its lane ended before it was tried");
    let own = error.provider().into_iter().fold(own, Error::with_provider);
    error.status().into_iter().fold(own, Error::with_status)
}

/// The reason for which a run stops over a lane's file of waiting records.
pub(super) fn spill(error: io::Error) -> StopReason {
    StopReason::Spill(error)
}
