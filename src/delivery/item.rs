//! The input of a delivery: records with the caller's positions, and the errors of a source.

use std::fmt;
use std::sync::Arc;

use super::identity;
use crate::customer::Customer;

/// One record of a source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Item {
    /// The caller's number of the record: increasing, and the same in every run over the same input. A checkpoint goes
    /// by it.
    pub position: u64,
    /// The caller's own mark, such as the cursor of a message queue. It comes back with every outcome.
    pub token: Option<Arc<str>>,
    /// The record.
    pub customer: Customer,
    /// The name of the one lane that it is for; every lane where there is none.
    pub only: Option<Arc<str>>,
    /// An earlier try of this record may have been carried out, such as that of a dead letter with an unknown effect: its
    /// upserts begin with a look-up ([`UpsertOptions::look_up_first`](crate::UpsertOptions#structfield.look_up_first)),
    /// and the effect of a failure stays unknown.
    pub may_be_applied: bool,
}

impl Item {
    /// A record for every lane.
    #[must_use]
    pub const fn new(position: u64, customer: Customer) -> Self {
        Self { position, token: None, customer, only: None, may_be_applied: false }
    }

    /// Sets [`token`](Self#structfield.token).
    #[must_use]
    pub fn token(mut self, token: impl Into<Arc<str>>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sets [`only`](Self#structfield.only).
    #[must_use]
    pub fn only(mut self, lane: impl Into<Arc<str>>) -> Self {
        self.only = Some(lane.into());
        self
    }

    /// Sets [`may_be_applied`](Self#structfield.may_be_applied).
    #[must_use]
    pub const fn may_be_applied(mut self, yes: bool) -> Self {
        self.may_be_applied = yes;
        self
    }
}

/// An error that a source yields in place of a record.
///
/// Its text goes to summaries and logs: it should hold no personal data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// One record cannot be read; the source goes on behind it.
    #[error("record {position} cannot be read: {message}")]
    Unreadable {
        /// The position of the record.
        position: u64,
        /// What is wrong with it.
        message: String,
    },
    /// The source cannot go on. What was read before is delivered.
    #[error("the source ended early: {0}")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl SourceError {
    /// One record cannot be read.
    pub fn unreadable(position: u64, message: impl Into<String>) -> Self {
        Self::Unreadable { position, message: message.into() }
    }

    /// The source cannot go on.
    pub fn broken(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Broken(cause.into())
    }
}

/// A record on its way through the lanes.
pub(super) struct Record {
    pub(super) item: Item,
    /// Keys of the person: two records that share one belong to one person.
    pub(super) keys: Vec<u64>,
}

impl Record {
    pub(super) fn new(item: Item) -> Arc<Self> {
        let keys = identity::keys(&item.customer);
        Arc::new(Self { item, keys })
    }

    pub(super) fn position(&self) -> u64 {
        self.item.position
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({})", self.item.position)
    }
}
