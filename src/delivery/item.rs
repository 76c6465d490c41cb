//! One record of a source.

use std::sync::Arc;

use crate::customer::Customer;

/// One record of a source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Item {
    /// The caller's number: increasing, and the same in every run over the same input.
    pub position: u64,
    /// The caller's own mark, such as a cursor.
    pub token: Option<Arc<str>>,
    /// The record.
    pub customer: Customer,
    /// The one lane that it is for; every lane where absent.
    pub only: Option<Arc<str>>,
}

impl Item {
    /// A record at this position, for every lane.
    #[must_use]
    pub fn new(position: u64, customer: Customer) -> Self {
        Self { position, token: None, customer, only: None }
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
}
