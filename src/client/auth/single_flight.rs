//! Coalesces concurrent credential refreshes: one caller refreshes, the rest wait for its result.
//!
//! Who needs another one waits in a queue of one turn, a semaphore; nothing is locked meanwhile. Its head renews; the
//! others find the new one when their turn comes, or the same failure, so that a vendor that is down is asked once and
//! not once by each. If the head is dropped in the middle, the turn goes to the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use crate::error::{Effect, Error, ErrorKind};

/// A credential that can be renewed.
pub(crate) struct SingleFlight<T> {
    state: Mutex<State<T>>,
    turn: Semaphore,
}

struct State<T> {
    current: Option<Arc<T>>,
    /// How many times renewing has ended.
    rounds: u64,
    /// How it ended the last time, where that was badly and the vendor's doing.
    failure: Option<Error>,
}

impl<T> SingleFlight<T> {
    /// With this one at hand, or none.
    pub(crate) fn new(current: Option<T>) -> Self {
        let state = State { current: current.map(Arc::new), rounds: 0, failure: None };
        Self { state: Mutex::new(state), turn: Semaphore::new(1) }
    }

    /// The one at hand.
    pub(crate) fn current(&self) -> Option<Arc<T>> {
        self.lock().current.clone()
    }

    /// One that is not the refused one: what another caller has brought meanwhile, or what `renew` brings.
    ///
    /// # Errors
    ///
    /// As `renew`; or a copy of the failure that another caller met while this one waited.
    pub(crate) async fn replace(
        &self,
        stale: Option<&Arc<T>>,
        renew: impl Future<Output = Result<T, Error>>,
    ) -> Result<Arc<T>, Error> {
        let usable = |state: &State<T>| {
            state.current.as_ref().filter(|current| !stale.is_some_and(|stale| Arc::ptr_eq(current, stale))).cloned()
        };
        let seen = {
            let state = self.lock();
            if let Some(current) = usable(&state) {
                return Ok(current);
            }
            state.rounds
        };
        // The semaphore is never closed, so that the error cannot occur; without a turn there is merely no queue.
        let _turn = self.turn.acquire().await;
        {
            let state = self.lock();
            if let Some(current) = usable(&state) {
                return Ok(current);
            }
            // Somebody tried while we waited.
            if let (true, Some(failure)) = (state.rounds != seen, &state.failure) {
                return Err(copy(failure));
            }
        }
        self.keep(renew.await)
    }

    /// A new one, whatever is at hand.
    ///
    /// # Errors
    ///
    /// As `renew`.
    pub(crate) async fn renew(&self, renew: impl Future<Output = Result<T, Error>>) -> Result<Arc<T>, Error> {
        let _turn = self.turn.acquire().await;
        self.keep(renew.await)
    }

    fn keep(&self, renewed: Result<T, Error>) -> Result<Arc<T>, Error> {
        let mut state = self.lock();
        state.rounds += 1;
        match renewed {
            Ok(renewed) => {
                let renewed = Arc::new(renewed);
                state.current = Some(Arc::clone(&renewed));
                state.failure = None;
                Ok(renewed)
            }
            Err(error) => {
                // That one caller's time was up says nothing to the others.
                state.failure = (error.kind() != ErrorKind::Deadline).then(|| copy(&error));
                Err(error)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same facts once more, for each caller who waited for them. The cause stays with the first, and so does what the
/// first had changed before.
fn copy(error: &Error) -> Error {
    let effect = if error.status().is_some() { Effect::Rejected } else { Effect::NotSent };
    let mut copy = Error::new(error.kind(), effect)
        .with_retryable(error.is_retryable())
        .with_code(error.code().map(str::to_owned))
        .with_fields(error.field_errors().to_vec())
        .with_request_id(error.request_id().map(str::to_owned))
        .with_retry_after(error.retry_after())
        .with_vendor_message(error.vendor_message().map(str::to_owned));
    if let Some(provider) = error.provider() {
        copy = copy.with_provider(provider);
    }
    if let Some(operation) = error.operation() {
        copy = copy.with_operation(operation);
    }
    if let Some(status) = error.status() {
        copy = copy.with_status(status);
    }
    match error.hint() {
        Some(hint) => copy.with_hint(hint.to_owned()),
        None => copy,
    }
}
