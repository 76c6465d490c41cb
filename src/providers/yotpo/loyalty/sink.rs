//! Yotpo Loyalty as a [`CustomerSink`].

use async_trait::async_trait;

use super::api::CustomerQuery;
use super::client::Loyalty;
use super::{MATRIX, PROVIDER};
use crate::client::trace::upsert_span;
use crate::customer::Customer;
use crate::error::Error;
use crate::plan::{Plan, Upserted};
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, ErasureStatus, FoundCustomer, Identity, UpsertOptions};

/// The address of no customer: asked for to see whether the credentials are valid.
const NO_CUSTOMER: &str = "credentials-check@nobody.example.com";

#[async_trait]
impl CustomerSink for Loyalty {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&MATRIX).can_find().can_check()
    }

    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
        self.prepare(customer, options)?.into_plan()
    }

    /// Where the membership is not known, the customer is looked up first. A look-up that fails ends the upsert, and
    /// nothing was written; an e-mail address that belongs to a customer with another id is an
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) that names both ids. The vendor shows a customer some time
    /// after accepting it, so that one that was sent a moment ago may count as new.
    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async { self.prepare(customer, options)?.run().await }).await
    }

    /// Reads a customer back by external id, e-mail address (without regard to case) or phone number. What the vendor
    /// returns is compared again.
    async fn find(&self, identity: &Identity) -> Result<Option<FoundCustomer>, Error> {
        self.find_customer(identity).await
    }

    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported): the one call that makes a loyalty customer anonymous
    /// takes the access token of Core and the merchant's id, and is
    /// [`Yotpo::anonymize_loyalty_customer`](crate::providers::yotpo::Yotpo::anonymize_loyalty_customer).
    async fn erase(&self, _identity: &Identity) -> Result<ErasureStatus, Error> {
        let hint = "the call that makes a loyalty customer anonymous takes the access token of Core: \
                    Yotpo::anonymize_loyalty_customer";
        Err(Error::unsupported(PROVIDER, "erase", hint))
    }

    /// Looks for a customer that cannot exist: valid credentials are allowed to look. That the vendor checks them first is
    /// inferred.
    async fn check(&self) -> Result<(), Error> {
        self.get_customer(&CustomerQuery::email(NO_CUSTOMER)).await.map(drop)
    }

    fn quota_wait(&self) -> std::time::Duration {
        self.0.account.quota_wait()
    }
}
