//! The client as a [`CustomerSink`].

use async_trait::async_trait;

use super::client::Shoplazza;
use super::operations::LIST_ACCESS_SCOPES;
use super::upsert::Prepared;
use super::{MATRIX, PROVIDER};
use crate::client::identify::Identified;
use crate::client::trace::upsert_span;
use crate::customer::Customer;
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::Plan;
use crate::plan::outcome::Upserted;
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, ErasureStatus, FoundCustomer, Identity, UpsertOptions};

#[async_trait]
impl CustomerSink for Shoplazza {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&MATRIX).tells_created().can_find().can_check()
    }

    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
        Prepared::new(self, customer, options)?.plan()
    }

    /// Begins with the look-up in any case, also without [`UpsertOptions::look_up_first`].
    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async { Prepared::new(self, customer, options)?.run().await }).await
    }

    /// By remote id, e-mail or phone; an id of the caller's is unsupported, since the vendor has no field for it.
    async fn find(&self, identity: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let found = self.find_customer(identity).await?;
        Ok(found.map(|found| FoundCustomer::new(found.key().map(Into::into), Customer::from(&found))))
    }

    /// [`ErrorKind::Unsupported`]: the vendor documents no call that erases a customer.
    async fn erase(&self, _identity: &Identity) -> Result<ErasureStatus, Error> {
        crate::toolkit::unsupported_erase(PROVIDER)
    }

    async fn check(&self) -> Result<(), Error> {
        let scopes = self.list_access_scopes().await?;
        let lacks = |scope: &str| !scopes.value.iter().any(|has| has.trim() == scope);
        let hint = match (lacks("read_customer"), lacks("write_customer")) {
            (false, false) => return Ok(()),
            (true, false) => "the token lacks the scope read_customer",
            (false, true) => "the token lacks the scope write_customer",
            (true, true) => "the token lacks the scopes read_customer and write_customer",
        };
        let error = Error::new(ErrorKind::Forbidden, Effect::NotSent).with_provider(PROVIDER);
        Err(error.with_operation(LIST_ACCESS_SCOPES.name()).with_hint(hint).with_attempts(scopes.attempts))
    }

    fn quota_wait(&self) -> std::time::Duration {
        self.0.account.quota_wait()
    }
}
