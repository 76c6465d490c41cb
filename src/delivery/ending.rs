//! How a record ended in a lane.

use std::sync::Arc;

use crate::error::{Effect, Error};
use crate::plan::outcome::Upserted;
use crate::provider::ProviderId;

/// One record in one lane, at its end. Each pair of a record and a lane ends exactly once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ended {
    /// The caller's number of the record.
    pub position: u64,
    /// The caller's own mark of the record.
    pub token: Option<Arc<str>>,
    /// The lane's name.
    pub lane: Arc<str>,
    /// The lane's provider.
    pub provider: ProviderId,
    /// How it ended.
    pub ending: Ending,
    /// How many HTTP requests were sent for the record in this run, token calls aside, over all tries.
    pub attempts: u32,
}

/// How a record ended in a lane.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ending {
    /// It arrived.
    Delivered(Arc<Upserted>),
    /// It did not have to be sent.
    Skipped(Skip),
    /// It did not arrive. The error says what may have changed at the vendor all the same.
    Failed(Arc<Error>),
    /// It was not tried, and waits for the next run.
    Left(Left),
}

/// Why a record did not have to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skip {
    /// An earlier run with this checkpoint delivered it.
    EarlierRun,
    /// The vendor accepted the very same for this person before.
    Unchanged,
    /// A newer record of the same person, which sets all that this one sets, arrived in its place.
    Coalesced {
        /// The newer record's position.
        into: u64,
    },
}

/// Why a record was not tried.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Left {
    /// The run was cancelled, or stopped by a limit or a fault of its own files.
    Stopped,
    /// The lane ended before: the vendor refused the credentials, or was out of order for too long.
    LaneEnded(Arc<Error>),
    /// An earlier record of the same person failed, and the lane's policy is to hold those that follow.
    Held {
        /// The position of a record that failed, of the same person.
        behind: u64,
    },
}

impl Ending {
    /// Whether the vendor has the record, now or from an earlier run.
    #[must_use]
    pub const fn is_delivered(&self) -> bool {
        matches!(self, Self::Delivered(_) | Self::Skipped(_))
    }

    /// The error, of a record that failed and of one that was left because its lane ended.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Failed(error) | Self::Left(Left::LaneEnded(error)) => Some(error),
            _ => None,
        }
    }

    /// What may have changed at the vendor in this run; `None` where the record arrived.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        match self {
            Self::Delivered(_) => None,
            Self::Failed(error) => Some(error.effect()),
            Self::Skipped(_) | Self::Left(_) => Some(Effect::NotSent),
        }
    }

    /// The ending as one lower-case word: of a delivered record the vendor's outcome, else `skipped`, `failed` or `left`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Delivered(upserted) => upserted.outcome.as_str(),
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
            Self::Left(_) => "left",
        }
    }
}
