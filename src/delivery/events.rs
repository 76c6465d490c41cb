//! The values that a run reports: updates, events, the reason of a stop, and the summary.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::guard::Tripped;
use super::item::SourceError;
use super::progress::Counts;
use super::record_outcome::RecordOutcome;
use crate::error::{Error, ErrorKind};
use crate::provider::ProviderId;

/// One item of the stream that a [`Run`](super::Run) is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Update {
    /// A lane has finished with a record.
    Record(RecordOutcome),
    /// A record could not be read from the source.
    Unreadable(Unreadable),
}

/// An event of a run, as an [`Observer`](super::Observer) receives it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A lane has finished with a record.
    Record(&'a RecordOutcome),
    /// A record could not be read from the source.
    Unreadable(Unreadable),
    /// A lane will try a record again.
    Retrying(Retrying<'a>),
    /// A lane pauses.
    Paused(Paused<'a>),
    /// A lane resumes after a pause.
    Resumed(Resumed<'a>),
    /// A lane ended before it had finished its records.
    LaneEnded(LaneEnded<'a>),
    /// The run is over.
    Finished(&'a Summary),
}

/// A record that could not be read from the source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Unreadable {
    /// Its position.
    pub position: u64,
    /// What is wrong with it, as the source reports it.
    pub message: Arc<str>,
}

impl Unreadable {
    pub(super) fn new(position: u64, message: impl Into<Arc<str>>) -> Self {
        Self { position, message: message.into() }
    }
}

/// A record that a lane will try again.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Retrying<'a> {
    /// The lane's name.
    pub lane: &'a str,
    /// The record's position.
    pub position: u64,
    /// What went wrong.
    pub kind: ErrorKind,
    /// The pause before the next try.
    pub after: Duration,
}

/// A lane that pauses.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Paused<'a> {
    /// The lane's name.
    pub lane: &'a str,
    /// What went wrong.
    pub kind: ErrorKind,
    /// The length of the pause.
    pub length: Duration,
}

/// A lane that resumes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Resumed<'a> {
    /// The lane's name.
    pub lane: &'a str,
}

/// A lane that ended early.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LaneEnded<'a> {
    /// The lane's name.
    pub lane: &'a str,
    /// Why.
    pub error: &'a Error,
}

/// The result of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct Summary {
    /// Records read from the source, unreadable ones included.
    pub read: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// Records in the temporary file of a lane that could not be read back: they have no outcome, and the checkpoint does
    /// not count them as done. [`stopped`](Self::stopped) is then set as well.
    pub unaccounted: u64,
    /// Each lane.
    pub lanes: Vec<LaneSummary>,
    /// Why the run ended before its source and lanes did.
    pub stopped: Option<StopReason>,
}

/// The result of a lane.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LaneSummary {
    /// The lane's name.
    pub name: Arc<str>,
    /// Its provider.
    pub provider: ProviderId,
    /// How many of its records ended how.
    pub counts: Counts,
    /// Whether it ended before it had finished its records.
    pub ended_early: bool,
}

impl Summary {
    /// Whether every record could be read, and every vendor has every record.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stopped.is_none()
            && self.unreadable == 0
            && self.lanes.iter().all(|lane| lane.counts.failed == 0 && lane.counts.unprocessed == 0)
    }
}

/// Why a run ended before its source and lanes did.
#[derive(Debug)]
#[non_exhaustive]
pub enum StopReason {
    /// It was cancelled.
    Cancelled,
    /// It went above one of its [`Guards`](super::Guards).
    Guard(Tripped),
    /// The source failed.
    Source(SourceError),
    /// Every lane ended early.
    AllLanesEnded,
    /// The checkpoint could not be written.
    Checkpoint(io::Error),
    /// A dead letter could not be written.
    DeadLetters(io::Error),
    /// The store of accepted records could not be read or written.
    Accepted(io::Error),
    /// The temporary file of waiting records of a lane could not be written or read back.
    Spill(io::Error),
    /// A part of the run panicked.
    Panicked(&'static str),
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("cancelled"),
            Self::Guard(tripped) => write!(f, "a limit was passed: {tripped}"),
            Self::Source(error) => error.fmt(f),
            Self::AllLanesEnded => f.write_str("every lane ended early"),
            Self::Checkpoint(error) => write!(f, "the checkpoint cannot be written: {error}"),
            Self::DeadLetters(error) => write!(f, "a dead letter cannot be written: {error}"),
            Self::Accepted(error) => write!(f, "the store of what was accepted cannot be used: {error}"),
            Self::Spill(error) => write!(f, "the file of waiting records cannot be used: {error}"),
            Self::Panicked(what) => write!(f, "{what} panicked"),
        }
    }
}
