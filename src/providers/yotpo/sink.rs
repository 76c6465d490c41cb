//! The sink: plan, upsert, find and check.

use async_trait::async_trait;

use super::client::{LIST, UPSERT, Yotpo};
use super::query::{ArrayStyle, CustomerQuery};
use super::read::CustomerRow;
use super::{MATRIX, PROVIDER, map};
use crate::client::trace::upsert_span;
use crate::customer::{Customer, E164, email};
use crate::error::{Effect, Error, ErrorKind, FieldError};
use crate::plan::Plan;
use crate::plan::mapper::{Mapper, email_rule, phone_rule};
use crate::plan::outcome::Upserted;
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, ErasureStatus, FoundCustomer, Identity, UpsertOptions};

/// Pages that a look-up reads at most. A filter leaves a handful of people; more pages mean that it was not obeyed.
const PAGES: usize = 10;

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
        let mut mapper = Mapper::new(customer, &MATRIX);
        let record = map::map(&mut mapper, self.mapping());
        let (sent, notes) = mapper.finish(options)?;
        let steps = match &record {
            Some(record) => self.steps(record)?,
            // The mapper has an error where there is no identifier, so that this is never reached.
            None => return Err(Error::new(ErrorKind::InvalidInput, Effect::NotSent).with_provider(PROVIDER)),
        };
        Ok(Plan { provider: PROVIDER, steps, sent, notes })
    }

    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async {
            let plan = self.plan(customer, options)?;
            let step = plan.steps.iter().find(|step| step.operation == UPSERT.name);
            let mut done = match step {
                Some(step) => self.send_upsert(step).await?,
                None => return Err(Error::new(ErrorKind::Other, Effect::NotSent).with_provider(PROVIDER)),
            };
            done.notes = plan.notes;
            Ok(done)
        })
        .await
    }

    /// Reads a customer back by external id, e-mail address (without regard to case) or phone number. What the vendor
    /// returns is compared again, so that a filter that it does not obey finds nobody else.
    ///
    /// Several rows of one external id are one customer. Several customers under one e-mail address or number, of
    /// whom none can be chosen, are an [`ErrorKind::Conflict`] that names their external ids.
    async fn find(&self, who: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let wanted = Wanted::of(who, self.array_style())?;
        let mut call = self.call();
        let mut query = wanted.query();
        let mut hits: Vec<CustomerRow> = Vec::new();
        let mut unreadable = 0usize;
        for _ in 0..PAGES {
            let page = self.page(&mut call, &query).await?;
            let next = page.next();
            unreadable += page.unreadable;
            hits.extend(page.customers.into_iter().filter(|row| wanted.is(row)));
            match next {
                Some(next) => query = next,
                // A row that cannot be read may be the one that is looked for.
                None if hits.is_empty() && unreadable > 0 => {
                    let error = call.error(&LIST, ErrorKind::Decode, Effect::NotSent);
                    return Err(call.finish(error.with_hint("some of the rows are no customers")));
                }
                None => return one(hits),
            }
        }
        let error = call.error(&LIST, ErrorKind::Decode, Effect::NotSent);
        Err(call.finish(error.with_hint("the vendor returns more pages than the filter can leave")))
    }

    /// [`ErrorKind::Unsupported`]: no way to delete a customer of Core is known. The vendor documents an asynchronous
    /// GDPR deletion by e-mail address, of which neither the path nor two of its parameters are known. What is known is
    /// an explicit call of its own: [`anonymize_loyalty_customer`](Yotpo::anonymize_loyalty_customer).
    async fn erase(&self, _who: &Identity) -> Result<ErasureStatus, Error> {
        Err(Error::unsupported(
            PROVIDER,
            "erase",
            "Core has no known call that deletes a customer: the path and parameters of the vendor's GDPR deletion are \
             unknown; ask for it in the vendor's own administration",
        ))
    }

    /// Mints an access token, which replaces the one at hand; without a secret, reads one customer.
    async fn check(&self) -> Result<(), Error> {
        self.check_credentials().await
    }

    fn quota_wait(&self) -> std::time::Duration {
        self.wait_for_quota()
    }
}

/// Who is looked for.
enum Wanted<'a> {
    ExternalId(&'a str),
    Email(&'a str),
    Phone(E164, String),
}

impl<'a> Wanted<'a> {
    fn of(who: &'a Identity, style: ArrayStyle) -> Result<Self, Error> {
        let refuse = |field: &'static str, rule: &'static str| {
            let error = Error::invalid_record(vec![FieldError::new(field, rule)]);
            error.with_provider(PROVIDER).with_operation("find")
        };
        match who {
            Identity::RemoteId(_) => {
                Err(Error::unsupported(PROVIDER, "find", "this vendor gives its customers no id of its own"))
            }
            Identity::ExternalId(id) if id.trim().is_empty() => Err(refuse("external_id", "is empty")),
            // Where the filter is a list parted by commas, such an id would be read as two.
            Identity::ExternalId(id) if style.splits(id) => Err(refuse(
                "external_id",
                "has a comma, which parts ids in a look-up; the option array_style changes that",
            )),
            Identity::ExternalId(id) => Ok(Self::ExternalId(id)),
            Identity::Email(email) => email.usable().map(Self::Email).map_err(|e| refuse("email", email_rule(e))),
            Identity::Phone(phone) => match phone.e164() {
                Ok(number) => Ok(Self::Phone(number, number.to_string())),
                Err(problem) => Err(refuse("phone", phone_rule(problem))),
            },
        }
    }

    fn query(&self) -> CustomerQuery<'_> {
        match self {
            Self::ExternalId(id) => CustomerQuery::external_id(*id),
            Self::Email(email) => CustomerQuery::email(*email),
            Self::Phone(_, text) => CustomerQuery::phone_number(text.as_str()),
        }
    }

    fn is(&self, row: &CustomerRow) -> bool {
        match self {
            Self::ExternalId(id) => row.external_id.as_deref() == Some(*id),
            Self::Email(wanted) => {
                row.email.as_deref().is_some_and(|held| email::comparable(held) == email::comparable(wanted))
            }
            Self::Phone(number, _) => {
                let held = row.phone_number.as_deref().map(crate::customer::Phone::new);
                held.is_some_and(|held| held.e164() == Ok(*number))
            }
        }
    }
}

/// The one customer among the rows.
fn one(hits: Vec<CustomerRow>) -> Result<Option<FoundCustomer>, Error> {
    let mut hits = hits.into_iter();
    let Some(first) = hits.next() else { return Ok(None) };
    let others: Vec<CustomerRow> =
        hits.filter(|row| row.external_id.is_none() || row.external_id != first.external_id).collect();
    if others.is_empty() {
        return Ok(Some(FoundCustomer::new(None, first.to_customer())));
    }
    let mut ids: Vec<String> = std::iter::once(first).chain(others).filter_map(|row| row.external_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let error = Error::new(ErrorKind::Conflict, Effect::NotSent).with_provider(PROVIDER).with_operation("find");
    Err(error.with_conflicting_ids(ids).with_hint("several customers of the store have this identity"))
}
