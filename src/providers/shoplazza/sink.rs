//! The plan, and the upsert that carries it out.

use async_trait::async_trait;
use http::Method;

use super::account::Shoplazza;
use super::address::MappedAddress;
use super::addresses::{CREATE_ADDRESS, LIST_ADDRESSES, SET_DEFAULT_ADDRESS, UPDATE_ADDRESS};
use super::answer::{data, judge};
use super::client::{CREATE, OneCustomer, UPDATE};
use super::ids::CustomerId;
use super::lookup::{Contact, FIND, conflict};
use super::map::{Mapped, map};
use super::paging::MAX_PAGE_SIZE;
use super::shown::CustomerRecord;
use super::wire::{address_body, customer_body};
use super::{MATRIX, PROVIDER};
use crate::client::trace::upsert_span;
use crate::client::{Call, HttpResponse, Operation, Outgoing, fill};
use crate::customer::{Customer, FieldPath};
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::mapper::{Mapper, lost_field};
use crate::plan::note::{Note, NoteAction};
use crate::plan::outcome::{Outcome, Upserted};
use crate::plan::{Plan, Step, StepCondition, Url};
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, ErasureStatus, FoundCustomer, Identity, OnLoss, UpsertOptions};

/// The steps of one record, each with its part in the flow.
pub(super) struct Prepared<'c> {
    pub(super) mapped: Mapped<'c>,
    pub(super) addresses: Vec<MappedAddress<'c>>,
    /// The address that the record marks as the default.
    pub(super) default: Option<usize>,
    pub(super) find_email: Option<Step>,
    /// In lower case.
    pub(super) find_lower: Option<Step>,
    pub(super) find_phone: Option<Step>,
    pub(super) create: Step,
    pub(super) list_addresses: Option<Step>,
    pub(super) update: Option<Step>,
    /// For each address, the change of one that is there and the making of a new one.
    pub(super) address_steps: Vec<(Step, Step)>,
    pub(super) set_default: Option<Step>,
    pub(super) sent: Vec<FieldPath>,
    pub(super) notes: Vec<Note>,
}

impl Shoplazza {
    fn prepare<'c>(&self, customer: &'c Customer, options: &UpsertOptions) -> Result<Prepared<'c>, Error> {
        let (version, routes) = (self.0.version, &self.0.routes);
        let mut mapper = Mapper::new(customer, &MATRIX);
        let (mapped, addresses) = map(&mut mapper, self.0.choices);
        let (sent, notes) = mapper.finish(options)?;
        let find = |when, url: String| self.step(when, &FIND, Method::GET, url.into(), None);
        let by_email = mapped.email.map(Contact::Email);
        let find_email = by_email.map(|contact| find(StepCondition::Always, contact.url(self)));
        let find_lower =
            by_email.and_then(|contact| contact.lower_url(self)).map(|url| find(StepCondition::IfNotFound, url));
        // Behind an e-mail it is sent where that finds nobody, or somebody who does not hold this phone.
        let when = if find_email.is_some() { StepCondition::IfDiffers } else { StepCondition::Always };
        let find_phone = mapped.phone.as_ref().map(|phone| find(when, Contact::Phone(phone).url(self)));
        let body = customer_body(&mapped.create(&addresses).wire(version))?;
        let create =
            self.step(StepCondition::IfNotFound, &CREATE, Method::POST, Url::from(&self.0.customers), Some(body));
        let update = match mapped.planned_update() {
            Some(update) => {
                let body = customer_body(&update)?;
                Some(self.step(StepCondition::IfDiffers, &UPDATE, Method::PUT, Url::from(&routes.customer), Some(body)))
            }
            None => None,
        };
        let mut address_steps = Vec::with_capacity(addresses.all.len());
        for address in &addresses.all {
            let body = address_body(version, &address.to_change())?;
            let url = Url::from(&routes.address);
            let change = self.step(StepCondition::IfDiffers, &UPDATE_ADDRESS, Method::PUT, url, Some(body));
            let body = address_body(version, &address.to_add(version))?;
            let url = Url::from(&routes.addresses);
            let add = self.step(StepCondition::IfDiffers, &CREATE_ADDRESS, Method::POST, url, Some(body));
            address_steps.push((change, add));
        }
        let list_addresses = (!addresses.all.is_empty()).then(|| {
            let path = format!("/{{id}}/addresses?{}={MAX_PAGE_SIZE}", version.page_size_key());
            self.step(StepCondition::IfFound, &LIST_ADDRESSES, Method::GET, self.url(&path).into(), None)
        });
        let set_default = addresses.default.map(|_| {
            let url = Url::from(&routes.default_address);
            self.step(StepCondition::IfDiffers, &SET_DEFAULT_ADDRESS, Method::PUT, url, None)
        });
        Ok(Prepared {
            mapped,
            addresses: addresses.all,
            default: addresses.default,
            find_email,
            find_lower,
            find_phone,
            create,
            list_addresses,
            update,
            address_steps,
            set_default,
            sent,
            notes,
        })
    }

    fn step(
        &self,
        when: StepCondition,
        operation: &Operation,
        method: Method,
        url: Url,
        body: Option<bytes::Bytes>,
    ) -> Step {
        let headers = if body.is_some() { &self.0.headers } else { &self.0.bare };
        Step { when, operation: operation.name, method, url, headers: std::sync::Arc::clone(headers), body }
    }
}

impl Prepared<'_> {
    fn into_plan(self, renewal: Option<Step>) -> Plan {
        let mut steps = Vec::with_capacity(9 + 2 * self.address_steps.len());
        steps.extend(renewal);
        let again = |step: &Step| Step { when: StepCondition::IfDuplicate, ..step.clone() };
        let finds = self.find_email.iter().chain(&self.find_lower).chain(&self.find_phone);
        let after_duplicate: Vec<Step> = finds.map(again).collect();
        steps.extend(self.find_email);
        steps.extend(self.find_lower);
        steps.extend(self.find_phone);
        steps.push(self.create);
        steps.extend(after_duplicate);
        steps.extend(self.list_addresses);
        steps.extend(self.update);
        for (change, add) in self.address_steps {
            steps.extend([change, add]);
        }
        steps.extend(self.set_default);
        Plan { provider: PROVIDER, steps, sent: self.sent, notes: self.notes }
    }
}

/// How the create ended.
enum Creation {
    /// The customer is new.
    Made(Option<String>),
    /// The answer was lost, and the customer was found afterwards.
    MadeUnseen(Box<CustomerRecord>),
    /// The customer was there already.
    WasThere(Box<CustomerRecord>),
}

/// One upsert under way.
pub(super) struct Upsert<'a> {
    pub(super) client: &'a Shoplazza,
    pub(super) prepared: &'a Prepared<'a>,
    pub(super) on_loss: OnLoss,
    pub(super) call: Call<'a>,
    /// The record's addresses that were added one by one, by their place in it.
    pub(super) added: Vec<u32>,
    /// What only the look-up could tell.
    pub(super) notes: Vec<Note>,
}

impl Upsert<'_> {
    async fn run(mut self) -> Result<Upserted, Error> {
        if let Some(found) = self.look_up().await? {
            return self.bring_up(&found, false).await;
        }
        match self.create().await? {
            Creation::Made(id) => Ok(self.done(Outcome::Created, id, None)),
            Creation::MadeUnseen(found) => self.bring_up(&found, true).await,
            Creation::WasThere(found) => self.bring_up(&found, false).await,
        }
    }

    /// The customer that the record is about, if the vendor has one; a conflict where it is about two, or about
    /// somebody else.
    async fn look_up(&mut self) -> Result<Option<CustomerRecord>, Error> {
        let Prepared { mapped, find_email, find_lower, find_phone, .. } = self.prepared;
        let mut by_email = None;
        for step in find_email.iter().chain(find_lower) {
            if let (None, Some(email)) = (&by_email, mapped.email) {
                by_email = self.client.find_by(&mut self.call, step.url(), Contact::Email(email)).await?;
            }
        }
        let (Some(step), Some(phone)) = (find_phone, mapped.phone.as_ref()) else { return Ok(by_email) };
        if by_email.as_ref().is_some_and(|found| found.has_phone(phone.digits())) {
            return Ok(by_email);
        }
        let by_phone = self.client.find_by(&mut self.call, step.url(), Contact::Phone(phone)).await?;
        let id = |found: &CustomerRecord| found.id().unwrap_or_default().to_owned();
        match (by_email, by_phone) {
            (Some(a), Some(b)) if a.id() != b.id() => Err(conflict(&self.call, vec![id(&a), id(&b)])),
            // With this very e-mail address it is the one, though the look-up by it did not tell.
            (None, Some(b)) if b.email().is_some() && mapped.email.is_some_and(|email| !b.has_email(email)) => {
                Err(conflict(&self.call, vec![id(&b)]))
            }
            (by_email, by_phone) => Ok(by_email.or(by_phone)),
        }
    }

    /// Creates the customer. After a lost answer the vendor is asked, and the create is sent once more where the
    /// customer is not there; after a duplicate, too, the vendor is asked once.
    async fn create(&mut self) -> Result<Creation, Error> {
        let step = &self.prepared.create;
        let mut was_lost = false;
        loop {
            let error = match self.client.send(&mut self.call, Outgoing::of(&CREATE, step), judge).await {
                Ok(answer) => {
                    let made = data(&answer.body).map(|made: OneCustomer| made.customer);
                    return Ok(Creation::Made(made.and_then(|made| made.id().map(str::to_owned))));
                }
                Err(error) => error,
            };
            if self.call.is_uncertain() {
                if let Some(found) = self.look_up().await? {
                    self.call.resolve_uncertainty(true);
                    return Ok(Creation::MadeUnseen(Box::new(found)));
                }
                self.call.resolve_uncertainty(false);
                if was_lost {
                    // Whoever sends the record again looks first: no duplicate comes of it.
                    return Err(self.call.finish(error.with_retryable(true)));
                }
                was_lost = true;
                continue;
            }
            if error.kind() == ErrorKind::Conflict
                && let Some(found) = self.look_up().await?
            {
                if was_lost {
                    // It was there neither before nor after the lost one: the list lagged behind, and the create is ours.
                    self.call.resolve_uncertainty(true);
                    return Ok(Creation::MadeUnseen(Box::new(found)));
                }
                return Ok(Creation::WasThere(Box::new(found)));
            }
            let mut error = self.call.finish(error);
            if was_lost && error.kind() == ErrorKind::Conflict {
                // Taken, perhaps, by the create whose answer was lost.
                error.set_effect(Effect::Unknown);
            }
            return Err(error);
        }
    }

    /// Makes the customer at the vendor hold what the record says, writing only what differs.
    async fn bring_up(mut self, found: &CustomerRecord, created: bool) -> Result<Upserted, Error> {
        self.refuse_losses(found)?;
        let id = found.id().unwrap_or_default();
        let theirs = self.their_addresses(id, found).await?;
        let mut wrote = false;
        self.notes.extend(self.prepared.mapped.lost_tags(found));
        if let Some(step) = &self.prepared.update
            && self.prepared.mapped.differs(found)
        {
            // Only what the look-up fills in is written anew; else these are the planned bytes.
            let filled = if self.prepared.mapped.has_open_places() {
                match self.prepared.mapped.filled_update(found) {
                    Some(update) => Some(customer_body(&update)?),
                    None => None,
                }
            } else {
                None
            };
            let filled = filled.map(|body| Step { body: Some(body), ..step.clone() });
            self.send_at(&UPDATE, filled.as_ref().unwrap_or(step), &[("id", id)]).await?;
            self.notes.extend(self.prepared.mapped.notes_of_update(found));
            wrote = true;
        }
        wrote |= self.bring_up_addresses(id, &theirs, found.default_address.as_ref()).await?;
        let outcome = match (created, wrote) {
            (true, _) => Outcome::Created,
            (false, true) => Outcome::Updated,
            (false, false) => Outcome::Unchanged,
        };
        Ok(self.done(outcome, Some(id.to_owned()), Some(found)))
    }

    /// What the customer who is there cannot be given is a loss, which the caller may not accept.
    fn refuse_losses(&self, found: &CustomerRecord) -> Result<(), Error> {
        if self.on_loss != OnLoss::Fail {
            return Ok(());
        }
        let of_update = |note: &&Note| note.condition() == Some(StepCondition::IfFound);
        let mapped = &self.prepared.mapped;
        let lost = self.prepared.notes.iter().filter(of_update).filter(|note| !mapped.is_held(note, found));
        let lost: Vec<_> = lost.chain(&mapped.lost_tags(found)).map(lost_field).collect();
        if lost.is_empty() {
            return Ok(());
        }
        let error = Error::invalid_record(lost).with_provider(PROVIDER).with_operation(UPDATE.name);
        Err(self.call.finish(error))
    }

    pub(super) fn filled(&self, step: &Step, ids: &[(&'static str, &str)]) -> Result<Url, Error> {
        let filled = fill(step.url(), ids).map(Url::from);
        filled.map_err(|error| self.call.finish(error.with_provider(PROVIDER).with_operation(step.operation)))
    }

    /// Sends a step whose URL needs ids from earlier answers.
    pub(super) async fn send_at(
        &mut self,
        operation: &Operation,
        step: &Step,
        ids: &[(&'static str, &str)],
    ) -> Result<HttpResponse, Error> {
        let url = self.filled(step, ids)?;
        let out = Outgoing { url: &url, ..Outgoing::of(operation, step) };
        self.client.send(&mut self.call, out, judge).await
    }

    /// The result, with the notes of the steps that were taken.
    fn done(&self, outcome: Outcome, remote_id: Option<String>, found: Option<&CustomerRecord>) -> Upserted {
        let mapped = &self.prepared.mapped;
        let applies = |note: &&Note| match note.condition() {
            Some(StepCondition::IfNotFound) => outcome == Outcome::Created,
            Some(StepCondition::IfFound) => found.is_some_and(|found| !mapped.is_held(note, found)),
            // What an address was given beside the record's own is in no change of one that is there.
            _ => match (note.action(), note.path()) {
                (NoteAction::Added, FieldPath::AddressField(index, _)) => {
                    outcome == Outcome::Created || self.added.contains(index)
                }
                _ => true,
            },
        };
        let mut done = Upserted::new(PROVIDER, outcome);
        done.remote_id = remote_id.map(Into::into);
        done.notes = self.prepared.notes.iter().filter(applies).chain(&self.notes).cloned().collect();
        done.attempts = self.call.attempts;
        done.request_id.clone_from(&self.call.request_id);
        done
    }
}

#[async_trait]
impl CustomerSink for Shoplazza {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&MATRIX).tells_created().can_find().can_check()
    }

    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
        self.prepare(customer, options).map(|prepared| prepared.into_plan(self.0.credential.step()))
    }

    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async {
            let prepared = self.prepare(customer, options)?;
            let on_loss = options.on_loss;
            let call = self.0.account.call();
            Upsert { client: self, prepared: &prepared, on_loss, call, added: Vec::new(), notes: Vec::new() }
                .run()
                .await
        })
        .await
    }

    /// By remote id, e-mail or phone; an id of one's own is unsupported, since the vendor has no place for it.
    async fn find(&self, who: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let found = match who {
            Identity::RemoteId(id) => match self.customer(&CustomerId::from(id.clone())).await {
                Ok(found) => Some(found),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    // A retired version answers the same to every call: then nobody knows whether the person is there.
                    self.count_customers().await?;
                    None
                }
                Err(error) => return Err(error),
            },
            Identity::Email(email) => {
                let email =
                    email.usable().map_err(|problem| unusable("email", crate::plan::mapper::email_rule(problem)))?;
                let (contact, mut call) = (Contact::Email(email), self.0.account.call());
                match (self.find_by(&mut call, &contact.url(self), contact).await?, contact.lower_url(self)) {
                    (None, Some(lower)) => self.find_by(&mut call, &lower, contact).await?,
                    (found, _) => found,
                }
            }
            Identity::Phone(phone) => {
                let phone =
                    phone.e164().map_err(|problem| unusable("phone", crate::plan::mapper::phone_rule(problem)))?;
                let contact = Contact::Phone(&phone);
                self.find_by(&mut self.0.account.call(), &contact.url(self), contact).await?
            }
            Identity::ExternalId(_) => {
                return Err(Error::unsupported(PROVIDER, "find", "the vendor has no field for an id of one's own"));
            }
        };
        Ok(found.map(|found| FoundCustomer::new(found.id().map(Into::into), found.to_customer())))
    }

    /// [`ErrorKind::Unsupported`]: the vendor documents no call that erases a person.
    async fn erase(&self, _identity: &Identity) -> Result<ErasureStatus, Error> {
        crate::toolkit::unsupported_erase(PROVIDER)
    }

    async fn check(&self) -> Result<(), Error> {
        let scopes = self.access_scopes().await?;
        let lacks = |scope: &str| !scopes.iter().any(|has| has.trim() == scope);
        let hint = match (lacks("read_customer"), lacks("write_customer")) {
            (false, false) => return Ok(()),
            (true, false) => "the token lacks the scope read_customer",
            (false, true) => "the token lacks the scope write_customer",
            (true, true) => "the token lacks the scopes read_customer and write_customer",
        };
        let error = Error::new(ErrorKind::Forbidden, Effect::NotSent).with_provider(PROVIDER);
        Err(error.with_operation("list_access_scopes").with_hint(hint).with_attempts(1))
    }

    fn quota_wait(&self) -> std::time::Duration {
        self.0.account.quota_wait()
    }
}

fn unusable(field: &'static str, rule: &'static str) -> Error {
    let problem = crate::error::FieldError::new(field, rule);
    Error::invalid_record(vec![problem]).with_provider(PROVIDER).with_operation("find")
}
