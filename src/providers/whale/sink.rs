//! Whale as a [`CustomerSink`].

use std::time::Duration;

use async_trait::async_trait;

use super::PROVIDER;
use super::api::CustomerQuery;
use super::client::Whale;
use super::error::check;
use super::matrix::matrix;
use super::request::{CustomerId, ErasureInput, RemovalKind};
use crate::client::api::ApiClient;
use crate::client::steps;
use crate::client::trace::upsert_span;
use crate::customer::Customer;
use crate::error::Error;
use crate::plan::{Plan, Upserted};
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, ErasureStatus, FoundCustomer, Identity, RemoteId, UpsertOptions};

/// What the vendor promises for an erasure, backups included (documented).
const ERASURE: Duration = Duration::from_secs(30 * 86_400);

#[async_trait]
impl CustomerSink for Whale {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    fn capabilities(&self) -> Capabilities {
        let settings = &self.0.settings;
        let matrix = matrix(settings.send_consent, settings.send_birthday);
        Capabilities::new(matrix).tells_created().can_find().can_erase().can_check()
    }

    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
        let (prepared, sent, notes) = self.prepare(customer, options)?;
        steps::plan(&prepared, PROVIDER, sent, notes)
    }

    /// A create with a known e-mail address returns the existing customer (documented), so that
    /// [`look_up_first`](UpsertOptions::look_up_first) changes nothing here.
    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async {
            let (prepared, _, notes) = self.prepare(customer, options)?;
            self.run_upsert(&prepared, notes).await
        })
        .await
    }

    /// By the vendor's id or by e-mail address. The vendor documents no reading by external id.
    async fn find(&self, identity: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let record = self.find_customer(&mut self.0.account.call(), identity, "find").await?;
        Ok(record.map(|record| {
            let id = record.id.as_ref().map(|id| RemoteId::from(id.as_str()));
            FoundCustomer::new(id, Customer::from(&record))
        }))
    }

    /// By the vendor's id or by e-mail address, with a removal request: the vendor promises 30 days (documented). Whether
    /// it then notifies the person is unknown; [`Whale::request_erasure`] can set that.
    async fn erase(&self, identity: &Identity) -> Result<ErasureStatus, Error> {
        let mut call = self.0.account.call();
        // Read first: only so does a 404 of the request mean that it could not be made.
        let Some(record) = self.find_customer(&mut call, identity, "erase").await? else {
            return Ok(ErasureStatus::NotFound);
        };
        let id = record.id.unwrap_or_else(|| CustomerId::from(""));
        let request = self.removal_request(&id, RemovalKind::Erasure, &ErasureInput::default());
        let request = request.map_err(|error| call.finish(error))?;
        self.send(&mut call, &request, check).await?;
        Ok(ErasureStatus::Accepted { within: Some(ERASURE) })
    }

    /// Reads one row of customers. That the key may write is not checked.
    async fn check(&self) -> Result<(), Error> {
        self.list_customers(&CustomerQuery::default().limit(1)).await.map(drop)
    }

    fn quota_wait(&self) -> Duration {
        self.0.account.quota_wait()
    }
}
