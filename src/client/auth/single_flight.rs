//! Coalesces concurrent credential refreshes: one caller refreshes, the rest wait for its result.
//!
//! Callers that need a new credential wait for a semaphore with one permit; no lock is held while one of them refreshes.
//! The others then find the new credential, or the same failure, so that a vendor that is down receives one request and
//! not one from each caller. If the refreshing caller is dropped, the next one takes over.

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
    /// How many renewals have ended.
    rounds: u64,
    /// The failure of the last renewal, where the vendor caused it.
    failure: Option<Error>,
}

impl<T> SingleFlight<T> {
    /// Starts with this credential, or with none.
    pub(crate) fn new(current: Option<T>) -> Self {
        let state = State { current: current.map(Arc::new), rounds: 0, failure: None };
        Self { state: Mutex::new(state), turn: Semaphore::new(1) }
    }

    /// The held credential.
    pub(crate) fn current(&self) -> Option<Arc<T>> {
        self.lock().current.clone()
    }

    /// A credential other than the refused one: the one that another caller has obtained, or the result of `renew`.
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
        // The semaphore is never closed, so that the error cannot occur; without a permit there is no queue.
        let _turn = self.turn.acquire().await;
        {
            let state = self.lock();
            if let Some(current) = usable(&state) {
                return Ok(current);
            }
            // Another caller tried while this one waited.
            if let (true, Some(failure)) = (state.rounds != seen, &state.failure) {
                return Err(copy(failure));
            }
        }
        self.keep(renew.await)
    }

    /// A new credential, whatever is held.
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
                // A deadline of one caller does not concern the others.
                state.failure = (error.kind() != ErrorKind::Deadline).then(|| copy(&error));
                Err(error)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy of the facts for each caller that waited. The cause stays with the first error, and so does the effect of what
/// that caller sent before.
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
