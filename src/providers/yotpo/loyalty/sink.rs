//! The sink: plan, upsert, find and check.

use async_trait::async_trait;

use super::client::Loyalty;
use super::read::{CustomerQuery, CustomerRow};
use super::wire::CustomerRecord;
use super::{MATRIX, PROVIDER, map};
use crate::client::trace::upsert_span;
use crate::customer::{Customer, Phone, email};
use crate::error::{Effect, Error, ErrorKind, FieldError};
use crate::plan::mapper::{Mapper, email_rule, phone_rule};
use crate::plan::outcome::Upserted;
use crate::plan::{Plan, StepCondition};
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, ErasureStatus, FoundCustomer, Identity, UpsertOptions};

/// Whom nobody is: asked for to see whether the credentials are good.
const NOBODY: &str = "credentials-check@nobody.example.com";

impl Loyalty {
    /// The record of a customer, and the plan of its upsert.
    fn prepare<'c>(
        &self,
        customer: &'c Customer,
        options: &UpsertOptions,
    ) -> Result<(CustomerRecord<'c>, Plan), Error> {
        let mut mapper = Mapper::new(customer, &MATRIX);
        let record = map::map(&mut mapper, self.consent());
        let (sent, notes) = mapper.finish(options)?;
        // The mapper has an error where there is no e-mail address, so that this is never reached without a record.
        let record =
            record.ok_or_else(|| Error::new(ErrorKind::InvalidInput, Effect::NotSent).with_provider(PROVIDER))?;
        let steps = self.steps(&record)?;
        Ok((record, Plan { provider: PROVIDER, steps, sent, notes }))
    }
}

#[async_trait]
impl CustomerSink for Loyalty {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&MATRIX).can_find().can_check()
    }

    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
        self.prepare(customer, options).map(|(_, plan)| plan)
    }

    /// Where the membership is not known, the person is looked up first. A look-up that fails ends the upsert, and nothing
    /// was written; an e-mail address that belongs to a customer with another id is an [`ErrorKind::Conflict`] that names
    /// both ids. The vendor shows a customer some time after taking them, so that somebody who was sent a moment ago
    /// may count as new.
    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async {
            let (mut record, plan) = self.prepare(customer, options)?;
            let mut call = self.call();
            let step = match plan.steps.as_slice() {
                [only] => only.clone(),
                _ => {
                    self.settle(&mut call, &mut record).await?;
                    self.upsert_step(&record, StepCondition::Always)?
                }
            };
            let mut done = self.send(&mut call, &step).await?;
            done.notes = plan.notes;
            Ok(done)
        })
        .await
    }

    /// Reads a customer back by external id, e-mail address (without regard to case) or phone number. What the vendor
    /// returns is compared again.
    async fn find(&self, who: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let refuse = |field: &'static str, rule: &'static str| {
            Error::invalid_record(vec![FieldError::new(field, rule)]).with_provider(PROVIDER).with_operation("find")
        };
        let number = match who {
            Identity::Phone(phone) => phone.e164().map_err(|problem| refuse("phone", phone_rule(problem)))?.to_string(),
            _ => String::new(),
        };
        let query = match who {
            Identity::ExternalId(id) if id.trim().is_empty() => return Err(refuse("external_id", "is empty")),
            Identity::ExternalId(id) => CustomerQuery::id(id),
            Identity::Email(email) => {
                CustomerQuery::email(email.usable().map_err(|problem| refuse("email", email_rule(problem)))?)
            }
            Identity::Phone(_) => CustomerQuery::phone_number(&number),
            Identity::RemoteId(_) => {
                let hint = "this vendor gives its customers no id of its own";
                return Err(Error::unsupported(PROVIDER, "find", hint));
            }
        };
        let row = self.customer(&query).await?;
        Ok(row.filter(|row| is(row, who)).map(|row| FoundCustomer::new(None, row.to_customer())))
    }

    /// [`ErrorKind::Unsupported`]: the one call that makes a loyalty customer anonymous takes the access token of Core and
    /// the merchant's id, and is
    /// [`Yotpo::anonymize_loyalty_customer`](crate::providers::yotpo::Yotpo::anonymize_loyalty_customer).
    async fn erase(&self, _who: &Identity) -> Result<ErasureStatus, Error> {
        let hint = "the call that makes a loyalty customer anonymous takes the access token of Core: \
                    Yotpo::anonymize_loyalty_customer";
        Err(Error::unsupported(PROVIDER, "erase", hint))
    }

    /// Looks for a customer who cannot be there: whoever may look has good credentials. That the vendor checks them first
    /// is inferred.
    async fn check(&self) -> Result<(), Error> {
        self.customer(&CustomerQuery::email(NOBODY)).await.map(drop)
    }

    fn quota_wait(&self) -> std::time::Duration {
        self.wait_for_quota()
    }
}

/// Whether a row is about the one who was looked for.
fn is(row: &CustomerRow, who: &Identity) -> bool {
    match who {
        Identity::ExternalId(id) => row.id() == Some(id),
        Identity::Email(wanted) => {
            let held = row.email.as_deref().map(email::comparable);
            wanted.usable().is_ok_and(|wanted| held == Some(email::comparable(wanted)))
        }
        Identity::Phone(wanted) => {
            let held = row.phone_number.as_deref().map(Phone::new);
            held.is_some_and(|held| wanted.e164().is_ok() && held.e164() == wanted.e164())
        }
        Identity::RemoteId(_) => false,
    }
}
