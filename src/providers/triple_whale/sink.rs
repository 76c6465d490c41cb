//! Triple Whale as a [`CustomerSink`].

use async_trait::async_trait;

use super::client::TripleWhale;
use super::request::ErasureInput;
use super::{MATRIX, PROVIDER};
use crate::client::trace::upsert_span;
use crate::customer::Customer;
use crate::error::Error;
use crate::plan::{Plan, Upserted};
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, ErasureStatus, FoundCustomer, Identity, UpsertOptions};

#[async_trait]
impl CustomerSink for TripleWhale {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    /// Erases, checks, and finds where [`Builder::sql_read_back`](super::Builder::sql_read_back) is on.
    fn capabilities(&self) -> Capabilities {
        let can = Capabilities::new(&MATRIX).can_check().can_erase();
        if self.0.read_back.is_some() { can.can_find() } else { can }
    }

    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
        self.prepare(customer, options)?.into_plan()
    }

    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async { self.prepare(customer, options)?.run().await }).await
    }

    /// Reads a customer back by external id, where that is switched on: the row of this client's platform and account.
    /// A record is visible once the vendor has processed it, which takes minutes.
    ///
    /// Several rows that could be it are an [`ErrorKind::Conflict`](crate::ErrorKind::Conflict).
    async fn find(&self, identity: &Identity) -> Result<Option<FoundCustomer>, Error> {
        self.find_customer(identity).await
    }

    /// Asks the vendor to erase everybody with that e-mail address or phone number. It cannot be undone; see
    /// [`request_erasure`](TripleWhale::request_erasure).
    async fn erase(&self, identity: &Identity) -> Result<ErasureStatus, Error> {
        let input = match identity {
            Identity::Email(email) => ErasureInput::by_email(email.clone()),
            Identity::Phone(phone) => ErasureInput::by_phone(phone.clone()),
            _ => {
                let hint = "this vendor erases by e-mail address or phone number, never by an id";
                return Err(Error::unsupported(PROVIDER, "erase", hint));
            }
        };
        self.request_erasure(&input).await.map(|_| ErasureStatus::Accepted { within: None })
    }

    async fn check(&self) -> Result<(), Error> {
        self.check_key().await.map(drop)
    }

    fn quota_wait(&self) -> std::time::Duration {
        self.0.account.quota_wait()
    }
}
