//! The state of each record that a lane holds.

use std::sync::Arc;
use std::time::Instant;

use super::limiter::Start;
use super::types::Task;
use crate::delivery::item::Record;
use crate::error::{Effect, Error};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It waits for an earlier record of the same person.
    Blocked,
    Ready,
    Delayed,
    UnderWay,
}

/// The kind of a record's next task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextTask {
    Upsert,
    LookUp,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: Arc<Record>,
    pub(super) state: State,
    pub(super) next: NextTask,
    /// Whether the next upsert begins with a look-up, since an earlier run may have sent the record.
    pub(super) look_up_first: bool,
    /// Whether an earlier try ended with an effect that may have changed the vendor.
    pub(super) may_be_applied: bool,
    /// For how many of its keys it waits for others.
    pub(super) waits: usize,
    pub(super) tries: u32,
    pub(super) attempts: u32,
    /// How often it failed in a way that could concern all records, and how many the vendor had taken by the last time.
    pub(super) troubles: u32,
    pub(super) taken_then: u64,
    /// How often the vendor asked for a wait on this record, while it took others.
    pub(super) asked_alone: u32,
    /// The vendor refused it with an answer that would concern every record.
    pub(super) was_refused: bool,
    pub(super) last_error: Option<Arc<Error>>,
    /// Older records that it replaces, the oldest first.
    pub(super) absorbed: Vec<Arc<Record>>,
    /// The record whose keys it is queued under: its own, or the newest one that replaced it.
    pub(super) in_line: Arc<Record>,
    pub(super) start: Option<(Start, Instant)>,
}

/// Bounds the retries of a lane: each takes one, each success gives back a fifth.
#[derive(Debug)]
pub(super) struct Budget {
    left: f64,
    full: f64,
}

impl Entry {
    /// A record that came in, behind `waits` others.
    pub(super) fn new(record: Arc<Record>, waits: usize, look_up_first: bool) -> Self {
        Self {
            in_line: Arc::clone(&record),
            may_be_applied: record.item.may_be_applied,
            record,
            state: if waits == 0 { State::Ready } else { State::Blocked },
            next: NextTask::Upsert,
            look_up_first,
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
        self.tries == 0 && self.last_error.is_none() && self.next == NextTask::Upsert
    }

    /// The task that is started next.
    pub(super) fn task(&self) -> Task {
        match self.next {
            NextTask::Upsert => Task::Upsert { look_up_first: self.look_up_first || self.may_be_applied },
            NextTask::LookUp => Task::LookUp,
        }
    }

    /// The error of one try, with an effect that covers the earlier tries as well.
    pub(super) fn cover_earlier_tries(&self, mut error: Error) -> Error {
        if self.may_be_applied && matches!(error.effect(), Effect::NotSent | Effect::Rejected) {
            error.set_effect(Effect::Unknown);
        }
        error
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
