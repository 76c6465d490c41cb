//! The outcome of one record in one lane.

use std::sync::Arc;

use crate::error::{Effect, Error};
use crate::plan::outcome::Upserted;
use crate::provider::ProviderId;

/// The outcome of one record in one lane. Each pair of a record and a lane has exactly one outcome in a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecordOutcome {
    /// The caller's number of the record.
    pub position: u64,
    /// The caller's own mark of the record.
    pub token: Option<Arc<str>>,
    /// The lane's name.
    pub lane: Arc<str>,
    /// The lane's provider.
    pub provider: ProviderId,
    /// What became of the record.
    pub status: RecordStatus,
    /// How many HTTP requests the run sent for the record over all tries, token calls aside.
    pub attempts: u32,
}

/// What became of a record in a lane.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RecordStatus {
    /// The vendor took it.
    Delivered(Arc<Upserted>),
    /// It did not have to be sent.
    Skipped(SkipReason),
    /// It was not delivered. The error's effect covers all tries: it is [`Unknown`](Effect::Unknown) where an earlier try
    /// may have been carried out, whatever the last one ended with.
    Failed(Arc<Error>),
    /// It was not tried. The next run tries it.
    Unprocessed(UnprocessedReason),
}

/// Why a record did not have to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// An earlier run with this checkpoint delivered it.
    EarlierRun,
    /// The vendor accepted the very same for this person before.
    Unchanged,
    /// A newer record of the same person, which sets all that this one sets, was delivered in its place.
    Coalesced {
        /// The newer record's position.
        into: u64,
    },
}

/// Why a record was not tried.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum UnprocessedReason {
    /// The run was cancelled, or stopped by a limit or by a failure of its own files.
    Stopped,
    /// The lane ended before: the vendor refused the credentials, or was unavailable for too long.
    LaneEnded(Arc<Error>),
    /// An earlier record of the same person failed, and [`AfterFailure::Block`](super::AfterFailure::Block) holds the
    /// later ones back.
    BlockedBy {
        /// The position of the failed record.
        position: u64,
    },
}

impl RecordStatus {
    /// Whether the vendor has the record, from this run or an earlier one.
    #[must_use]
    pub const fn is_delivered(&self) -> bool {
        matches!(self, Self::Delivered(_) | Self::Skipped(_))
    }

    /// The error of a record that failed, or that was not tried because its lane ended.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Failed(error) | Self::Unprocessed(UnprocessedReason::LaneEnded(error)) => Some(error),
            _ => None,
        }
    }

    /// What may have changed at the vendor in this run; `None` where the record was delivered.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        match self {
            Self::Delivered(_) => None,
            Self::Failed(error) => Some(error.effect()),
            Self::Skipped(_) | Self::Unprocessed(_) => Some(Effect::NotSent),
        }
    }

    /// The status as one lower-case word: the vendor's outcome of a delivered record, else `skipped`, `failed` or `left`
    /// (for [`Unprocessed`](Self::Unprocessed)).
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Delivered(upserted) => upserted.outcome.as_str(),
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
            Self::Unprocessed(_) => "left",
        }
    }
}
