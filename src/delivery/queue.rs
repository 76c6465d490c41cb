//! The queue in front of a lane: a few records in memory, the rest on disk or not read from the source.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::item::Record;
use super::policy::WhenFull;
use super::spill::Spill;

/// How many records wait in memory before the lane takes them in.
const IN_MEMORY: usize = 16;

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    when_full: WhenFull,
    arrived: Notify,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    memory: VecDeque<Arc<Record>>,
    spill: Option<Spill>,
    closed: bool,
}

impl Queue {
    pub(super) fn new(when_full: WhenFull) -> Self {
        let state = State { memory: VecDeque::new(), spill: None, closed: false };
        Self { state: Mutex::new(state), when_full, arrived: Notify::new(), freed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the source has to wait for this lane.
    pub(super) fn blocks(&self) -> bool {
        self.when_full == WhenFull::Block && self.lock().memory.len() >= IN_MEMORY
    }

    /// Returns after the lane has taken something in.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Puts a record at the end. An error means that it could not be put on disk; it is then kept in memory.
    pub(super) fn push(&self, record: Arc<Record>) -> io::Result<()> {
        let mut state = self.lock();
        let spilled = state.spill.as_ref().is_some_and(|spill| !spill.is_empty());
        let result = if self.when_full == WhenFull::Spill && (spilled || state.memory.len() >= IN_MEMORY) {
            state.spill.get_or_insert_with(|| Spill::new(None)).push(&record.item)
        } else {
            state.memory.push_back(Arc::clone(&record));
            Ok(())
        };
        if result.is_err() {
            // The order may be lost: the run stops with this error, and sends nothing more of the queue.
            state.memory.push_back(record);
        }
        drop(state);
        self.arrived.notify_one();
        result
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    /// Returns after a record arrived, or the queue was closed.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// The next record, if there is one.
    pub(super) fn pop(&self) -> io::Result<Option<Arc<Record>>> {
        let mut state = self.lock();
        if state.memory.is_empty()
            && let Some(spill) = &mut state.spill
        {
            match spill.pop()? {
                Some(item) => state.memory.push_back(Record::new(item)),
                None => state.spill = None,
            }
        }
        let record = state.memory.pop_front();
        drop(state);
        if record.is_some() {
            self.freed.notify_one();
        }
        Ok(record)
    }

    /// Drops what is on disk, since it cannot be read back; returns how many records that were.
    pub(super) fn drop_spill(&self) -> u64 {
        self.lock().spill.take().map_or(0, |spill| spill.len())
    }

    pub(super) fn is_finished(&self) -> bool {
        let state = self.lock();
        state.closed && state.memory.is_empty() && state.spill.as_ref().is_none_or(Spill::is_empty)
    }

    /// How many records wait.
    pub(super) fn len(&self) -> u64 {
        let state = self.lock();
        state.memory.len() as u64 + state.spill.as_ref().map_or(0, Spill::len)
    }
}
