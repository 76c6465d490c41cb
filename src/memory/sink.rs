//! The in-memory sink as a [`CustomerSink`].

use async_trait::async_trait;

use super::map::{MATRIX, UPSERT, map};
use super::script::{Request, Turn};
use super::store::Store;
use super::{MemorySink, PROVIDER};
use crate::client::trace::upsert_span;
use crate::customer::Customer;
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::Plan;
use crate::plan::outcome::{Outcome, Upserted};
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, ErasureStatus, FoundCustomer, Identity, UpsertOptions};

impl MemorySink {
    /// Carries a call out as its turn says. `outcome` tells what to take down of a call that went through.
    async fn call<T>(
        &self,
        request: Request,
        operation: &'static str,
        act: impl FnOnce(&mut Store) -> Result<T, Error> + Send,
        outcome: impl FnOnce(&T) -> Option<Outcome> + Send,
    ) -> Result<T, Error> {
        let (number, takes, turn) = self.lock().script.enter(request);
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
        // One lock for the write and what is taken down of it: no other call comes in between.
        let mut state = self.lock();
        let result = match turn {
            Turn::Go | Turn::Delay(_) => act(&mut state.store),
            Turn::Fail(error) if error.effect() == Effect::Applied => act(&mut state.store).and(Err(named(error))),
            Turn::Fail(error) => Err(named(error)),
            Turn::LoseAnswer => act(&mut state.store).and_then(|_| Err(lost())),
            Turn::LoseRequest => Err(lost()),
            Turn::Panic(message) => {
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

/// The one panic of this crate: a test asked for it by [`Turn::Panic`].
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
            let request = Request::Upsert(Box::new(customer.clone()));
            let act = |store: &mut Store| store.upsert(&mapped);
            let (id, outcome) = self.call(request, UPSERT, act, |(_, outcome)| Some(*outcome)).await?;
            let mut done = Upserted::new(PROVIDER, outcome);
            done.remote_id = Some(id.into());
            done.notes.extend(mapped.plan.notes);
            Ok(done)
        })
        .await
    }

    async fn find(&self, who: &Identity) -> Result<Option<FoundCustomer>, Error> {
        self.call(Request::Find(who.clone()), "find", |store| Ok(store.find(who)), |_| None).await
    }

    async fn erase(&self, who: &Identity) -> Result<ErasureStatus, Error> {
        let act =
            |store: &mut Store| Ok(if store.erase(who) { ErasureStatus::Completed } else { ErasureStatus::NotFound });
        self.call(Request::Erase(who.clone()), "erase", act, |_| None).await
    }

    /// Always good, unless the script says otherwise.
    async fn check(&self) -> Result<(), Error> {
        self.call(Request::Check, "check", |_| Ok(()), |()| None).await
    }

    /// Zero: there is no limit.
    fn quota_wait(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}
