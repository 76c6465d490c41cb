//! SHOPLINE as a [`CustomerSink`].

use async_trait::async_trait;

use super::client::Shopline;
use super::{MATRIX, PROVIDER};
use crate::client::trace::upsert_span;
use crate::customer::Customer;
use crate::error::Error;
use crate::plan::{Plan, Upserted};
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, ErasureStatus, FoundCustomer, Identity, UpsertOptions};

#[async_trait]
impl CustomerSink for Shopline {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&MATRIX).tells_created().can_find().can_erase().can_check()
    }

    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
        self.prepare(customer, options)?.into_plan()
    }

    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async { self.prepare(customer, options)?.run().await }).await
    }

    /// By the vendor's id, e-mail or phone. A phone that several customers have is an
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict).
    async fn find(&self, identity: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let Some(id) = self.identify(identity, "find").await? else { return Ok(None) };
        let found = self.get_customer(&id).await?;
        Ok(found.map(|found| FoundCustomer::new(Some(id.into()), Customer::from(&found.value))))
    }

    /// By the vendor's id, e-mail or phone. The customer is looked up first, since the vendor answers a removal in the
    /// same way where there is none (seen). It refuses to remove a customer who has ordered or spent (seen).
    async fn erase(&self, identity: &Identity) -> Result<ErasureStatus, Error> {
        let Some(id) = self.identify(identity, "erase").await? else { return Ok(ErasureStatus::NotFound) };
        if matches!(identity, Identity::RemoteId(_)) && self.get_customer(&id).await?.is_none() {
            return Ok(ErasureStatus::NotFound);
        }
        self.delete_customer(&id).await.map(|_| ErasureStatus::Completed)
    }

    async fn check(&self) -> Result<(), Error> {
        self.count_customers().await.map(drop)
    }

    fn quota_wait(&self) -> std::time::Duration {
        self.0.account.quota_wait()
    }
}
