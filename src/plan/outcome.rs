//! The result of an upsert.

use std::fmt;
use std::time::Duration;

use crate::plan::note::Note;
use crate::provider::ProviderId;
use crate::sink::RemoteId;

/// What became of the record at the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The vendor created a customer.
    Created,
    /// An existing customer was changed.
    Updated,
    /// An existing customer already had the same values: nothing was written.
    Unchanged,
    /// The vendor accepted the record and may process it later; it does not report whether the customer is new.
    Accepted,
}

impl Outcome {
    /// The outcome as one lower-case word, as reports write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Accepted => "accepted",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A record that reached a vendor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Upserted {
    /// The provider.
    pub provider: ProviderId,
    /// What became of the record.
    pub outcome: Outcome,
    /// The vendor's id of the customer, where the vendor reports one.
    pub remote_id: Option<RemoteId>,
    /// What mapping did to the fields, for the steps that were taken.
    pub notes: Vec<Note>,
    /// How many requests were sent, token requests aside.
    pub attempts: u32,
    /// The vendor's id of the last request.
    pub request_id: Option<String>,
    /// How long it takes until the record is visible, according to the vendor.
    pub visible_after: Option<Duration>,
}

impl Upserted {
    /// An outcome with nothing else known. For sinks outside this crate.
    #[must_use]
    pub const fn new(provider: ProviderId, outcome: Outcome) -> Self {
        Self {
            provider,
            outcome,
            remote_id: None,
            notes: Vec::new(),
            attempts: 1,
            request_id: None,
            visible_after: None,
        }
    }
}
