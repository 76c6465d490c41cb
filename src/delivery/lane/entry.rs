//! What a lane knows of each record that it holds.

use std::sync::Arc;
use std::time::Instant;

use super::Task;
use super::limiter::Start;
use crate::delivery::item::Record;
use crate::error::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// An earlier record of the same person comes first.
    Blocked,
    Ready,
    Delayed,
    UnderWay,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: Arc<Record>,
    pub(super) state: State,
    pub(super) task: Task,
    /// For how many of its keys others come first.
    pub(super) waits: usize,
    pub(super) tries: u32,
    pub(super) attempts: u32,
    /// How often it failed in a way that could mean all records, and how many the vendor had taken by the last time.
    pub(super) troubles: u32,
    pub(super) taken_then: u64,
    /// How often the vendor asked for a wait over it, while it took others.
    pub(super) asked_alone: u32,
    /// It was refused as every record would be.
    pub(super) was_refused: bool,
    pub(super) last_error: Option<Arc<Error>>,
    /// Older records that it stands for, the oldest first.
    pub(super) absorbed: Vec<Arc<Record>>,
    /// The record whose keys it waits in line for: its own, or the newest that it stood in the place of.
    pub(super) in_line: Arc<Record>,
    pub(super) start: Option<(Start, Instant)>,
}

/// What retries may cost beside the records themselves: each takes one, each success gives back a fifth.
#[derive(Debug)]
pub(super) struct Budget {
    left: f64,
    full: f64,
}

impl Entry {
    /// A record that came in, behind `waits` others.
    pub(super) fn new(record: Arc<Record>, waits: usize) -> Self {
        Self {
            in_line: Arc::clone(&record),
            record,
            state: if waits == 0 { State::Ready } else { State::Blocked },
            task: Task::Upsert,
            waits,
            tries: 0,
            attempts: 0,
            troubles: 0,
            taken_then: 0,
            asked_alone: 0,
            was_refused: false,
            last_error: None,
            absorbed: Vec::new(),
            start: None,
        }
    }

    /// Whether it was never tried.
    pub(super) fn is_untried(&self) -> bool {
        self.tries == 0 && self.last_error.is_none() && self.task == Task::Upsert
    }
}

impl Budget {
    /// Enough that a moment in which all that is under way fails does not use it up.
    pub(super) fn new(concurrency: usize) -> Self {
        #[allow(clippy::cast_precision_loss)] // A bound of some thousands at most.
        let full = (10.0 * concurrency as f64).max(100.0);
        Self { left: full, full }
    }

    pub(super) fn spend(&mut self) -> bool {
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }

    pub(super) fn earn(&mut self) {
        self.left = (self.left + 0.2).min(self.full);
    }
}
