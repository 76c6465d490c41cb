//! The events and commands of a lane.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::order::Ticket;
use crate::delivery::item::Record;
use crate::delivery::record_outcome::{RecordStatus, UnprocessedReason};
use crate::error::{Error, ErrorKind};
use crate::plan::outcome::Upserted;

/// The next task for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::delivery) enum Task {
    /// Send it.
    Upsert {
        /// Whether an earlier try may have been carried out, so that the upsert begins with a look-up.
        look_up_first: bool,
    },
    /// Read the vendor first: the effect of an earlier try is unknown.
    LookUp,
}

/// The result of a task.
#[derive(Debug)]
pub(in crate::delivery) enum Done {
    Upserted(Upserted),
    /// The vendor accepted the same before: nothing was sent.
    Unchanged,
    /// The vendor answered the look-up. Whether it holds the person does not matter: an upsert is safe now in both cases.
    LookedUp,
    Failed(Error),
    /// The sink panicked, and would again.
    Panicked(Error),
}

/// What a lane does next.
#[derive(Debug)]
pub(in crate::delivery) enum Next {
    Start(Ticket, Arc<Record>, Task),
    /// Nothing before this time, or before another event.
    Wait(Option<Instant>),
}

/// A record that the lane has finished with.
#[derive(Debug)]
pub(in crate::delivery) struct CompletedRecord {
    pub(in crate::delivery) record: Arc<Record>,
    pub(in crate::delivery) status: RecordStatus,
    pub(in crate::delivery) attempts: u32,
}

/// An event of the lane itself.
#[derive(Debug)]
pub(in crate::delivery) enum LaneEvent {
    Retrying { position: u64, kind: ErrorKind, after: Duration },
    Paused { kind: ErrorKind, until: Instant },
    Resumed,
    Ended(Arc<Error>),
}

/// Why a lane takes no more records.
#[derive(Clone, Debug)]
pub(super) enum Closed {
    Stopped,
    Ended(Arc<Error>),
}

impl Closed {
    /// The status of a record that was not tried for this reason.
    pub(super) fn status(&self) -> RecordStatus {
        RecordStatus::Unprocessed(match self {
            Self::Stopped => UnprocessedReason::Stopped,
            Self::Ended(error) => UnprocessedReason::LaneEnded(Arc::clone(error)),
        })
    }
}
