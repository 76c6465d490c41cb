//! Triple Whale as a [`CustomerSink`].

use async_trait::async_trait;

use super::client::TripleWhale;
use super::erasure::ErasureRequest;
use super::map::map;
use super::stored::StoredCustomer;
use super::{MATRIX, PROVIDER};
use crate::client::trace::upsert_span;
use crate::customer::Customer;
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::Plan;
use crate::plan::mapper::Mapper;
use crate::plan::outcome::Upserted;
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
        let mut mapper = Mapper::new(customer, &MATRIX);
        let mut record = self.record("");
        map(&mut record, &mut mapper, self.0.map, || self.0.account.connector.clock().utc());
        let (sent, notes) = mapper.finish(options)?;
        Ok(Plan { provider: PROVIDER, steps: vec![self.step(&record)?], sent, notes })
    }

    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async {
            let plan = self.plan(customer, options)?;
            let mut done = match plan.steps.first() {
                Some(step) => self.send_guarded(step).await?,
                None => return Err(Error::new(ErrorKind::Other, Effect::NotSent).with_provider(PROVIDER)),
            };
            done.notes = plan.notes;
            Ok(done)
        })
        .await
    }

    /// Reads a customer back by external id, where that is switched on: the row of this client's platform and account.
    /// A record shows once the vendor has processed it, which takes it minutes.
    ///
    /// Several rows that could be it are an [`ErrorKind::Conflict`].
    async fn find(&self, who: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let unsupported = |hint| Error::unsupported(PROVIDER, "find", hint);
        let how = self.0.read_back.as_ref();
        let how = how.ok_or_else(|| {
            unsupported("this vendor has no call that reads a customer; a query does it where sql_read_back is on")
        })?;
        let Identity::ExternalId(id) = who else {
            return Err(unsupported("customers are read back by external id alone: this vendor has no id of its own"));
        };
        // As it is: so it was sent.
        let key = self.key(id.as_str());
        one(&self.stored_customers(id, how).await?, |row| row.is_of(&key))
    }

    /// Asks the vendor to erase everybody with that e-mail address or phone number. It cannot be undone; see
    /// [`request_erasure`](TripleWhale::request_erasure).
    async fn erase(&self, who: &Identity) -> Result<ErasureStatus, Error> {
        let request = match who {
            Identity::Email(email) => ErasureRequest::by_email(email.clone()),
            Identity::Phone(phone) => ErasureRequest::by_phone(phone.clone()),
            _ => {
                let hint = "this vendor erases by e-mail address or phone number, never by an id";
                return Err(Error::unsupported(PROVIDER, "erase", hint));
            }
        };
        self.request_erasure(&request).await.map(|_| ErasureStatus::Accepted { within: None })
    }

    async fn check(&self) -> Result<(), Error> {
        self.check_key().await
    }

    fn quota_wait(&self) -> std::time::Duration {
        self.0.account.quota_wait()
    }
}

/// The one row that is it, else the one that may be it.
fn one(rows: &[StoredCustomer], is: impl Fn(&StoredCustomer) -> Option<bool>) -> Result<Option<FoundCustomer>, Error> {
    let of = |sure: bool| rows.iter().filter(|row| is(row) == Some(sure)).collect::<Vec<_>>();
    let hits = [of(true), of(false)].into_iter().find(|hits| !hits.is_empty()).unwrap_or_default();
    match hits.as_slice() {
        [] => Ok(None),
        [row] => Ok(Some(FoundCustomer::new(None, row.to_customer()))),
        _ => {
            let error = Error::new(ErrorKind::Conflict, Effect::NotSent).with_provider(PROVIDER).with_operation("find");
            Err(error.with_hint("the vendor holds several records of this id, and does not tell which platform's"))
        }
    }
}
