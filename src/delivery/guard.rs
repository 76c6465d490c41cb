//! Limits of the caller above which a run stops.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::customer::Customer;

/// Limits above which a run stops. Without any, no failure stops it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Guards {
    pub(super) failed_share: Option<(f64, u64)>,
    pub(super) consents: Option<u64>,
}

impl Guards {
    /// No limits.
    #[must_use]
    pub const fn new() -> Self {
        Self { failed_share: None, consents: None }
    }

    /// Stops the run when more than this share (0 to 1) of a lane's tried records has failed, once `after` were tried.
    #[must_use]
    pub const fn failed_share(mut self, share: f64, after: u64) -> Self {
        self.failed_share = Some((share, after));
        self
    }

    /// Stops the run before it has sent more than this many records that set a consent, over all lanes. A record that a
    /// vendor already holds unchanged does not count.
    #[must_use]
    pub const fn consents(mut self, most: u64) -> Self {
        self.consents = Some(most);
        self
    }

    pub(super) fn failures(&self, lane: &Arc<str>, failed: u64, tried: u64) -> Option<Tripped> {
        let (share, after) = self.failed_share?;
        #[allow(clippy::cast_precision_loss)] // A share; millions of records keep it exact enough.
        let over = tried >= after.max(1) && failed as f64 > share * tried as f64;
        over.then(|| Tripped::FailedShare { lane: Arc::clone(lane), failed, tried })
    }
}

/// The limit that a run went above.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tripped {
    /// Too many records of a lane failed.
    FailedShare {
        /// The lane's name.
        lane: Arc<str>,
        /// How many failed.
        failed: u64,
        /// Of how many that were tried.
        tried: u64,
    },
    /// One more record with a consent would be too many.
    Consents {
        /// The limit.
        most: u64,
    },
}

impl fmt::Display for Tripped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FailedShare { lane, failed, tried } => {
                write!(f, "{failed} of {tried} records failed in lane {lane}")
            }
            Self::Consents { most } => write!(f, "more than {most} records that set a consent"),
        }
    }
}

/// Counts the records with a consent that a run has sent, against the limit.
#[derive(Debug, Default)]
pub(super) struct ConsentBudget {
    consents: AtomicU64,
}

impl ConsentBudget {
    /// Counts a record before it is sent; whether the limit allows it.
    pub(super) fn take(&self, guards: &Guards, customer: &Customer) -> Result<bool, Tripped> {
        let Some(most) = guards.consents else { return Ok(false) };
        if !sets_consent(customer) {
            return Ok(false);
        }
        let taken = self.consents.fetch_update(Relaxed, Relaxed, |count| (count < most).then_some(count + 1));
        taken.map(|_| true).map_err(|_| Tripped::Consents { most })
    }

    /// The record changed nothing after all.
    pub(super) fn give_back(&self) {
        self.consents.fetch_sub(1, Relaxed);
    }
}

/// Whether a record sets a consent to marketing.
pub(super) fn sets_consent(customer: &Customer) -> bool {
    let states = |consent: Option<&crate::Consent>| consent.is_some_and(|consent| consent.state.is_some());
    states(customer.email_marketing.as_ref()) || states(customer.sms_marketing.as_ref())
}
