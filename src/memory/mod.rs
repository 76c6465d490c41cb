//! A sink in memory, for the unit tests of applications: no network, no vendor, the same promises.
//!
//! [`MemorySink`] keeps people as normalized records. Two records are one person if their external id, their e-mail (without
//! case) or their phone (E.164) is the same; a record that belongs to two people is a
//! [`Conflict`](crate::ErrorKind::Conflict) and writes nothing. Unset fields are left alone, [`clear`](crate::Customer::clear)
//! blanks, a consent without a state is never taken for a yes, and an unusable e-mail or phone is dropped with a note. It
//! tells created from updated and unchanged, finds, and erases.
//!
//! What it holds can be seeded and looked at, every call is recorded, and a [`Turn`] for each of the next calls lets them
//! fail, lose their answer after the write, take time on an injected clock, or panic.
//!
//! ```
//! use customer_sink::memory::{MemorySink, Turn};
//! use customer_sink::{Consent, ConsentState, Customer, CustomerSinkExt, Effect, Error, ErrorKind, Outcome};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let sink = MemorySink::new();
//! let mara = Customer::new()
//!     .email("mara@example.com")
//!     .email_marketing(Consent::new(ConsentState::Unsubscribed));
//! assert_eq!(sink.upsert(&mara).await?.outcome, Outcome::Created);
//!
//! // The vendor is down for one call, then loses an answer.
//! let down = Error::new(ErrorKind::Unavailable, Effect::Rejected).with_retryable(true);
//! sink.script([Turn::Fail(down), Turn::LoseAnswer]);
//! assert_eq!(sink.upsert(&mara).await.unwrap_err().kind(), ErrorKind::Unavailable);
//! let later = mara.clone().first_name("Mara");
//! assert_eq!(sink.upsert(&later).await.unwrap_err().effect(), Effect::Unknown);
//!
//! assert_eq!(sink.upsert(&later).await?.outcome, Outcome::Unchanged);
//! assert_eq!(sink.people()[0].customer.first_name.as_deref(), Some("Mara"));
//! assert_eq!(sink.calls().len(), 4);
//! # Ok::<(), Error>(())
//! # }).unwrap();
//! ```

mod map;
mod script;
mod sink;
mod store;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::DateTime;

pub use map::MATRIX;
pub use script::{Recorded, Request, Turn};

use crate::client::{Clock, ManualClock};
use crate::customer::Customer;
use crate::error::Error;
use crate::provider::ProviderId;
use crate::sink::FoundCustomer;

/// `memory`
pub const PROVIDER: ProviderId = ProviderId::new("memory");

/// A sink that keeps people in memory. Cheap to clone; clones share what they hold.
#[derive(Clone)]
pub struct MemorySink(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    store: store::Store,
    script: script::Script,
}

impl MemorySink {
    /// A sink that holds nobody. Latency, where there is any, costs no time: the clock is a manual one.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Arc::new(ManualClock::new(DateTime::UNIX_EPOCH)))
    }

    /// A sink that holds nobody and takes its latency from this clock.
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { clock, state: Mutex::default() }))
    }

    /// Puts a person there, as an upsert would, without recording a call. The remote id.
    ///
    /// # Errors
    ///
    /// As an upsert: a record without a usable identifier, or one that belongs to two people.
    pub fn seed(&self, customer: &Customer) -> Result<String, Error> {
        let mapped = map::map(customer, &crate::UpsertOptions::default())?;
        self.lock().store.upsert(&mapped).map(|(id, _)| id)
    }

    /// Everybody it holds, in the order in which they came.
    #[must_use]
    pub fn people(&self) -> Vec<FoundCustomer> {
        self.lock().store.people()
    }

    /// Every call so far, in order, with what came of it. It holds the records that were sent.
    #[must_use]
    pub fn calls(&self) -> Vec<Recorded> {
        self.lock().script.calls.clone()
    }

    /// What the next calls do, one turn for each, after those that are scripted already. With no turn left, calls simply go
    /// through. [`plan`](crate::CustomerSink::plan) is no call.
    pub fn script(&self, turns: impl IntoIterator<Item = Turn>) {
        self.lock().script.turns.extend(turns);
    }

    /// Lets the next `calls` calls fail, each with an error of its own.
    pub fn fail_next(&self, calls: usize, error: impl Fn() -> Error) {
        self.script((0..calls).map(|_| Turn::Fail(error())));
    }

    /// How long every call takes on the clock, on top of what a turn says.
    pub fn set_latency(&self, latency: Duration) {
        self.lock().script.latency = latency;
    }

    /// Forgets everybody, every call and the script.
    pub fn reset(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic on demand leaves no half-written state behind: it is raised without the lock.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemorySink {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows how many people it holds.
impl fmt::Debug for MemorySink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySink").field("people", &self.lock().store.len()).finish_non_exhaustive()
    }
}
