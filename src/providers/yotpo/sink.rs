//! Yotpo as a [`CustomerSink`].

use async_trait::async_trait;

use super::client::Yotpo;
use super::{MATRIX, PROVIDER};
use crate::client::trace::upsert_span;
use crate::customer::Customer;
use crate::error::Error;
use crate::plan::{Plan, Upserted};
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, ErasureStatus, FoundCustomer, Identity, UpsertOptions};

#[async_trait]
impl CustomerSink for Yotpo {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&MATRIX).can_find().can_check()
    }

    /// The first step, which mints a token, is the one place where a plan differs from what is sent: its body holds the
    /// secret, which is shown as `[redacted]`. A client without a secret has no such step.
    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
        self.prepare(customer, options)?.into_plan()
    }

    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async { self.prepare(customer, options)?.run().await }).await
    }

    /// Reads a customer back by external id, e-mail address (without regard to case) or phone number. What the vendor
    /// returns is compared again, so that a filter that it does not obey finds no other customer.
    ///
    /// Several rows of one external id are one customer. Several customers with one e-mail address or number, of which
    /// none can be chosen, are an [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) that names their external ids.
    async fn find(&self, identity: &Identity) -> Result<Option<FoundCustomer>, Error> {
        self.find_customer(identity).await
    }

    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported): no way to delete a customer of Core is known. The vendor
    /// documents an asynchronous GDPR deletion by e-mail address, of which neither the path nor two of its parameters are
    /// known. What is known is an explicit native call:
    /// [`anonymize_loyalty_customer`](Yotpo::anonymize_loyalty_customer).
    async fn erase(&self, _identity: &Identity) -> Result<ErasureStatus, Error> {
        Err(Error::unsupported(
            PROVIDER,
            "erase",
            "Core has no known call that deletes a customer: the path and parameters of the vendor's GDPR deletion are \
             unknown; ask for it in the vendor's own administration",
        ))
    }

    /// Mints an access token, which replaces the held one; without a secret, reads one customer.
    async fn check(&self) -> Result<(), Error> {
        self.check_credentials().await
    }

    fn quota_wait(&self) -> std::time::Duration {
        self.0.account.quota_wait()
    }
}
