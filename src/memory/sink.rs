//! The in-memory sink as a [`CustomerSink`].

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;

use super::map::{MATRIX, PROVIDER, UPSERT, map};
use super::script::{RecordedCall, Script, ScriptedCall, SinkCall};
use super::store::Store;
use crate::client::trace::upsert_span;
use crate::client::{Clock, ManualClock};
use crate::customer::Customer;
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::Plan;
use crate::plan::outcome::{Outcome, Upserted};
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, ErasureStatus, FoundCustomer, Identity, RemoteId, UpsertOptions};

/// A sink that keeps people in memory. Cheap to clone; clones share their content.
#[derive(Clone)]
pub struct MemorySink(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    store: Store,
    script: Script,
}

impl MemorySink {
    /// An empty sink. Latency takes no real time: the clock is a manual one.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Arc::new(ManualClock::new(DateTime::UNIX_EPOCH)))
    }

    /// An empty sink that takes its latency from this clock.
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { clock, state: Mutex::default() }))
    }

    /// Adds a person as an upsert would, without recording a call. Returns the remote id.
    ///
    /// # Errors
    ///
    /// As an upsert: a record without a usable identifier, or one that belongs to two people.
    pub fn seed(&self, customer: &Customer) -> Result<RemoteId, Error> {
        let mapped = map(customer, &UpsertOptions::default())?;
        self.lock().store.upsert(&mapped).map(|(id, _)| id.into())
    }

    /// The people that it holds, in the order of their creation.
    #[must_use]
    pub fn people(&self) -> Vec<FoundCustomer> {
        self.lock().store.people()
    }

    /// Every call so far, in order, with its result. It holds the records that were sent.
    #[must_use]
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.lock().script.calls.clone()
    }

    /// Scripts the next calls, after those that are scripted already. Further calls are carried out.
    /// [`plan`](crate::CustomerSink::plan) is not a call.
    pub fn script(&self, calls: impl IntoIterator<Item = ScriptedCall>) {
        self.lock().script.scripted.extend(calls);
    }

    /// Makes the next `calls` calls fail, each with a new error.
    pub fn fail_next(&self, calls: usize, error: impl Fn() -> Error) {
        self.script((0..calls).map(|_| ScriptedCall::Fail(error())));
    }

    /// How long every call takes on the clock, in addition to a scripted delay.
    pub fn set_latency(&self, latency: Duration) {
        self.lock().script.latency = latency;
    }

    /// Removes all people, recorded calls and scripted ones.
    pub fn reset(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A scripted panic leaves no half-written state behind: it is raised without the lock.
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

impl MemorySink {
    /// Carries a call out as it is scripted. `outcome` is what to record of a call that succeeds.
    async fn call<T>(
        &self,
        request: SinkCall,
        look_up_first: bool,
        operation: &'static str,
        act: impl FnOnce(&mut Store) -> Result<T, Error> + Send,
        outcome: impl FnOnce(&T) -> Option<Outcome> + Send,
    ) -> Result<T, Error> {
        let (number, takes, scripted) = self.lock().script.enter(request, look_up_first);
        if !takes.is_zero() {
            self.0.clock.sleep(takes).await;
        }
        let named = |error: Error| {
            let error = if error.provider().is_none() { error.with_provider(PROVIDER) } else { error };
            if error.operation().is_none() { error.with_operation(operation) } else { error }
        };
        let lost = || {
            let error = Error::new(ErrorKind::Interrupted, Effect::Unknown).with_attempts(1);
            named(error.with_retryable(true))
        };
        // One lock for the write and its record: no other call comes in between.
        let mut state = self.lock();
        let result = match scripted {
            ScriptedCall::PassThrough | ScriptedCall::Delay(_) => act(&mut state.store),
            ScriptedCall::Fail(error) if error.effect() == Effect::Applied => {
                act(&mut state.store).and(Err(named(error)))
            }
            ScriptedCall::Fail(error) => Err(named(error)),
            ScriptedCall::LoseAnswer => act(&mut state.store).and_then(|_| Err(lost())),
            ScriptedCall::LoseRequest => Err(lost()),
            ScriptedCall::Panic(message) => {
                drop(state);
                panic_on_demand(message)
            }
        };
        match &result {
            Ok(done) => state.script.end(number, outcome(done), None),
            Err(error) => state.script.end(number, None, Some(error)),
        }
        result
    }
}

/// The one panic of this crate: a test scripts it by [`ScriptedCall::Panic`].
#[allow(clippy::panic)]
fn panic_on_demand(message: &'static str) -> ! {
    std::panic::panic_any(message)
}

#[async_trait]
impl CustomerSink for MemorySink {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&MATRIX).tells_created().can_find().can_erase().can_check()
    }

    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
        map(customer, options).map(|mapped| mapped.plan)
    }

    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async {
            let mapped = map(customer, options)?;
            let request = SinkCall::Upsert(Box::new(customer.clone()));
            let act = |store: &mut Store| store.upsert(&mapped);
            let (id, outcome) =
                self.call(request, options.look_up_first, UPSERT, act, |(_, outcome)| Some(*outcome)).await?;
            let mut done = Upserted::new(PROVIDER, outcome);
            done.remote_id = Some(id.into());
            done.notes.extend(mapped.plan.notes);
            Ok(done)
        })
        .await
    }

    async fn find(&self, who: &Identity) -> Result<Option<FoundCustomer>, Error> {
        self.call(SinkCall::Find(who.clone()), false, "find", |store| Ok(store.find(who)), |_| None).await
    }

    async fn erase(&self, who: &Identity) -> Result<ErasureStatus, Error> {
        let act =
            |store: &mut Store| Ok(if store.erase(who) { ErasureStatus::Completed } else { ErasureStatus::NotFound });
        self.call(SinkCall::Erase(who.clone()), false, "erase", act, |_| None).await
    }

    /// Always succeeds, unless scripted otherwise.
    async fn check(&self) -> Result<(), Error> {
        self.call(SinkCall::Check, false, "check", |_| Ok(()), |()| None).await
    }

    /// Zero: there is no limit.
    fn quota_wait(&self) -> Duration {
        Duration::ZERO
    }
}
