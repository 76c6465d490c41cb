//! The upsert: create; where the vendor refuses that, look up, update, and reconcile the addresses.

use std::borrow::Cow;

use async_trait::async_trait;
use bytes::Bytes;
use http::Method;

use super::addresses::{MappedAddress, compare};
use super::client::{Shopline, body};
use super::lookup::{Who, decide, same_number};
use super::map::{OPEN_TAGS, for_update, known_email, map, united_tags};
use super::native::{ADD_ADDRESS, CHANGE_ADDRESS, CREATE, GET, SEARCH, SET_DEFAULT, UPDATE, read, unreadable, written};
use super::options::TagPolicy;
use super::record::{AddressAnswer, AddressRecord, CustomerAnswer};
use super::wire::{AddressBody, AddressId, Blanked, BlankingBody, CustomerBody, CustomerFields, CustomerId, Nulls};
use super::{MATRIX, PROVIDER};
use crate::client::addresses::AddressAction;
use crate::client::trace::upsert_span;
use crate::client::{Call, Operation};
use crate::customer::{Customer, E164, FieldPath};
use crate::error::{Effect, Error, ErrorKind, FieldError};
use crate::plan::mapper::{Mapper, lost_field};
use crate::plan::note::Note;
use crate::plan::outcome::{Outcome, Upserted};
use crate::plan::{Plan, Step, StepCondition, Url};
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, ErasureStatus, FoundCustomer, Identity, OnLoss, UpsertOptions};

/// A plan whose steps have names, and what the flow decides on.
struct Prepared<'c> {
    renewal: Option<Step>,
    create: Step,
    by_email: Option<(Step, &'c str)>,
    by_phone: Option<(Step, E164)>,
    update: Step,
    /// What the update holds, where its tags are known only after the look-up.
    open: Option<Box<Open<'c>>>,
    read: Option<Step>,
    addresses: Vec<MappedAddress<'c>>,
    routes: Vec<Route>,
    default: Option<Step>,
    on_loss: OnLoss,
    /// The record's own e-mail address, also one that the vendor cannot hold.
    known_email: Option<&'c str>,
    sent: Vec<FieldPath>,
    notes: Vec<Note>,
}

/// An update whose tags are not all known.
struct Open<'c> {
    fields: CustomerFields<'c>,
    tags: Cow<'c, str>,
    nulls: Vec<&'static str>,
}

/// The two ways of one address; they share their bytes.
struct Route {
    change: Step,
    add: Step,
}

impl Prepared<'_> {
    fn looks_first(&self) -> bool {
        self.create.when == StepCondition::IfNotFound
    }

    fn into_plan(self) -> Plan {
        let mut steps = Vec::with_capacity(7 + 2 * self.routes.len());
        let looks_first = self.looks_first();
        let look_ups = self.by_email.map(|(step, _)| step).into_iter().chain(self.by_phone.map(|(step, _)| step));
        steps.extend(self.renewal);
        if looks_first {
            steps.extend(look_ups);
            steps.push(self.create);
        } else {
            steps.push(self.create);
            steps.extend(look_ups);
        }
        steps.push(self.update);
        steps.extend(self.read);
        for route in self.routes {
            steps.push(route.change);
            steps.push(route.add);
        }
        steps.extend(self.default);
        Plan { provider: PROVIDER, steps, sent: self.sent, notes: self.notes }
    }
}

/// The customer at the vendor.
struct Theirs {
    id: CustomerId,
    /// As the look-up showed them.
    tags: Option<String>,
}

/// What became of a create.
enum Made {
    New(Option<CustomerId>),
    There(Theirs),
}

fn update_body(fields: &CustomerFields<'_>, nulls: &[&'static str]) -> Result<Bytes, Error> {
    if nulls.is_empty() {
        return body(&CustomerBody { customer: fields });
    }
    body(&BlankingBody { customer: Blanked { fields, nulls: Nulls(nulls) } })
}

/// What was done with the addresses.
#[derive(Default)]
struct Synced {
    /// The positions in the record of those that were written.
    written: Vec<u32>,
}

impl Shopline {
    fn prepare<'c>(&self, customer: &'c Customer, options: &UpsertOptions) -> Result<Prepared<'c>, Error> {
        let choices = self.0.choices;
        let (to_create, to_look_up) = match choices.look_up_first {
            true => (StepCondition::IfNotFound, StepCondition::Always),
            false => (StepCondition::Always, StepCondition::IfDuplicate),
        };
        let mut mapper = Mapper::new(customer, &MATRIX);
        let mut mapped = map(&mut mapper, choices.blanking, to_create);
        let (sent, notes) = mapper.finish(options)?;
        mapped.fields.addresses = mapped.addresses.iter().filter_map(MappedAddress::embedded).collect();
        let create = body(&CustomerBody { customer: &mapped.fields })?;
        let tags = mapped.fields.tags.clone().filter(|_| choices.tags == TagPolicy::Union);
        let nulls = for_update(&mut mapped.fields, &mapped.cleared, choices.blanking);
        if let Some(ours) = &tags {
            mapped.fields.tags = Some(Cow::Owned(format!("{OPEN_TAGS},{ours}")));
        }
        let update = update_body(&mapped.fields, &nulls)?;
        let open = tags.map(|tags| Box::new(Open { fields: mapped.fields, tags, nulls }));
        let mut routes = Vec::with_capacity(mapped.addresses.len());
        for address in &mapped.addresses {
            let body = body(&AddressBody { customer_address: &address.route() })?;
            routes.push(Route { change: self.change_step(body.clone()), add: self.add_step(body) });
        }
        let by_email = match mapped.email {
            Some(email) => Some((Step { when: to_look_up, ..self.by_email_step(email)? }, email)),
            None => None,
        };
        let search = |phone: E164| Step { when: to_look_up, ..self.search_step(phone.digits()) };
        Ok(Prepared {
            renewal: self.renewal_step(),
            create: self.step(to_create, &CREATE, Method::POST, Url::from(&self.0.customers), create),
            by_email,
            by_phone: mapped.phone.map(|phone| (search(phone), phone)),
            update: self.update_step(update),
            open,
            read: (!routes.is_empty()).then(|| self.get_step()),
            default: mapped.addresses.iter().any(MappedAddress::is_default).then(|| self.default_step()),
            addresses: mapped.addresses,
            routes,
            on_loss: options.on_loss,
            known_email: known_email(customer),
            sent,
            notes,
        })
    }

    async fn run(&self, mut plan: Prepared<'_>) -> Result<Upserted, Error> {
        let mut call = self.0.account.call();
        let known = if plan.looks_first() { self.locate(&mut call, &plan).await? } else { None };
        let theirs = match known {
            Some(theirs) => theirs,
            None => match self.create_or_find(&mut call, &plan).await? {
                Made::New(id) => {
                    let create = plan.create.when;
                    let taken = |note: &Note| note.condition().is_none_or(|when| when == create);
                    return Ok(done(Outcome::Created, id, plan.notes, taken, call));
                }
                Made::There(theirs) => theirs,
            },
        };
        if let Some(mut open) = plan.open.take() {
            let (tags, note) = united_tags(theirs.tags.as_deref(), &open.tags);
            open.fields.tags = Some(Cow::Owned(tags));
            plan.update.body = Some(update_body(&open.fields, &open.nulls)?);
            refuse_losses(&call, plan.on_loss, &UPDATE, note.iter())?;
            plan.notes.extend(note);
        }
        let id = theirs.id;
        self.refuse_address_losses(&mut call, &plan, &id).await?;
        self.send_filled(&mut call, &UPDATE, &plan.update, &[("id", id.as_str())]).await?;
        let synced = match &plan.read {
            Some(read) => self.sync_addresses(&mut call, &plan, read, &id).await?,
            None => Synced::default(),
        };
        let create = plan.create.when;
        let taken = |note: &Note| match (note.condition(), note.path()) {
            // Nothing was created, and what that form cannot hold went by the address routes.
            (Some(when), _) if when == create => false,
            (Some(StepCondition::IfDiffers), FieldPath::AddressField(index, _)) => synced.written.contains(index),
            _ => true,
        };
        Ok(done(Outcome::Updated, Some(id), plan.notes, taken, call))
    }

    /// Creates the customer, or finds the one on whose account that was refused, or who was made by a create whose answer
    /// got lost.
    async fn create_or_find(&self, call: &mut Call<'_>, plan: &Prepared<'_>) -> Result<Made, Error> {
        if plan.looks_first() {
            let of_create = plan.notes.iter().filter(|note| note.condition() == Some(StepCondition::IfNotFound));
            refuse_losses(call, plan.on_loss, &CREATE, of_create)?;
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match self.send(call, &CREATE, &plan.create).await {
                Ok(response) => {
                    return Ok(Made::New(written::<CustomerAnswer>(&response).customer.and_then(|record| record.id)));
                }
                Err(error) => error,
            };
            // No code or text tells a duplicate from another refusal: any 422 may be one.
            let refused = error.status() == Some(422);
            if !refused && !call.is_uncertain() {
                return Err(error);
            }
            match self.locate(call, plan).await? {
                Some(theirs) => {
                    if call.is_uncertain() {
                        call.resolve_uncertainty(true);
                    }
                    return Ok(Made::There(theirs));
                }
                None if refused || tries > 1 => return Err(call.finish(error)),
                None if plan.by_email.is_some() => call.resolve_uncertainty(false),
                // The look-up by e-mail is exact. Behind the search is an index that may lag, and nobody knows whether
                // the vendor refuses a phone number for the second time: a repeat could make the person twice.
                None => return Err(call.finish(error)),
            }
        }
    }

    /// Who the record is at the vendor; nobody, or a conflict.
    async fn locate(&self, call: &mut Call<'_>, plan: &Prepared<'_>) -> Result<Option<Theirs>, Error> {
        let by_email = match &plan.by_email {
            Some((step, email)) => self.owner_of_email(call, step, email).await?.map(|(record, _)| record),
            None => None,
        };
        let holder = by_email.as_ref().and_then(|record| record.id.clone());
        let owners = match &plan.by_phone {
            Some((_, phone)) if by_email.as_ref().is_some_and(|r| same_number(r.phone.as_deref(), *phone)) => {
                Vec::new()
            }
            Some((step, phone)) => self.owners_of_phone(call, step, *phone).await?,
            None => Vec::new(),
        };
        match decide(holder, &owners, plan.known_email) {
            Who::Nobody => Ok(None),
            Who::One(id) => {
                let record = by_email.into_iter().chain(owners).find(|record| record.id.as_ref() == Some(&id));
                Ok(Some(Theirs { id, tags: record.and_then(|record| record.tags) }))
            }
            Who::Several(ids) => {
                let error = call
                    .error(&SEARCH, ErrorKind::Conflict, Effect::Rejected)
                    .with_conflicting_ids(ids.into_iter().map(|id| id.0))
                    .with_request_id(call.request_id.clone())
                    .with_hint("e-mail and phone belong to different customers, of whom none was changed");
                Err(call.finish(error))
            }
        }
    }

    /// Brings the addresses of a customer who is there in line with the record's. A lost answer to an added address is
    /// settled by reading once more.
    async fn sync_addresses(
        &self,
        call: &mut Call<'_>,
        plan: &Prepared<'_>,
        read_step: &Step,
        id: &CustomerId,
    ) -> Result<Synced, Error> {
        let mut synced = Synced::default();
        let mut rounds = 0;
        loop {
            rounds += 1;
            let theirs = self.read_addresses(call, read_step, id).await?;
            if call.is_uncertain() {
                call.resolve_uncertainty(true);
            }
            match self.write_addresses(call, plan, &theirs, id, &mut synced).await {
                Err(_) if rounds == 1 && call.is_uncertain() => {}
                Err(error) => return Err(error),
                Ok(()) => return Ok(synced),
            }
        }
    }

    /// The addresses that a customer has at the vendor.
    async fn read_addresses(
        &self,
        call: &mut Call<'_>,
        read_step: &Step,
        id: &CustomerId,
    ) -> Result<Vec<AddressRecord>, Error> {
        let response = self.send_filled(call, &GET, read_step, &[("id", id.as_str())]).await?;
        let answer: CustomerAnswer = read(call, &GET, &response)?;
        // Without a customer nothing is known of the addresses, and adding them all could double them.
        let Some(customer) = answer.customer else { return Err(unreadable(call, &GET, &response)) };
        let mut theirs = customer.addresses;
        // A list that leaves the default one out must not double it.
        let is_listed = |one: &AddressRecord| one.id.is_none() || theirs.iter().any(|their| their.id == one.id);
        let unlisted = customer.default_address.filter(|one| !is_listed(one));
        theirs.extend(unlisted);
        Ok(theirs)
    }

    /// Where no loss is accepted: what the address routes cannot carry is one, unless the vendor holds that address. It
    /// is found out before anything is written, by one more read.
    async fn refuse_address_losses(
        &self,
        call: &mut Call<'_>,
        plan: &Prepared<'_>,
        id: &CustomerId,
    ) -> Result<(), Error> {
        let of_routes = |note: &&Note| note.condition() == Some(StepCondition::IfDiffers);
        let Some(read) = &plan.read else { return Ok(()) };
        if plan.on_loss != OnLoss::Fail || !plan.notes.iter().any(|note| of_routes(&note)) {
            return Ok(());
        }
        let actions = compare(&plan.addresses, &self.read_addresses(call, read, id).await?);
        let written: Vec<u32> = (plan.addresses.iter().zip(actions))
            .filter(|(_, action)| !matches!(action, AddressAction::Keep(_)))
            .map(|(ours, _)| ours.index)
            .collect();
        let is_written = |note: &&Note| match note.path() {
            FieldPath::AddressField(index, _) => written.contains(index),
            _ => false,
        };
        refuse_losses(call, plan.on_loss, &UPDATE, plan.notes.iter().filter(of_routes).filter(is_written))
    }

    async fn write_addresses(
        &self,
        call: &mut Call<'_>,
        plan: &Prepared<'_>,
        theirs: &[AddressRecord],
        id: &CustomerId,
        synced: &mut Synced,
    ) -> Result<(), Error> {
        let mut default: Option<AddressId> = None;
        let actions = compare(&plan.addresses, theirs);
        for ((ours, route), action) in plan.addresses.iter().zip(&plan.routes).zip(actions) {
            let their = match action {
                AddressAction::Keep(at) | AddressAction::Update(at) => theirs.get(at),
                AddressAction::Add => None,
            };
            let their_id = their.and_then(|their| their.id.clone());
            let (address_id, is_default) = match (action, their_id) {
                (AddressAction::Keep(_), Some(their_id)) => (Some(their_id), their.and_then(AddressRecord::is_default)),
                (AddressAction::Update(_), Some(their_id)) => {
                    let ids = [("id", id.as_str()), ("address_id", their_id.as_str())];
                    // Noted before the answer: a lost one may have been carried out.
                    synced.written.push(ours.index);
                    let response = self.send_filled(call, &CHANGE_ADDRESS, &route.change, &ids).await?;
                    let shown = written::<AddressAnswer>(&response).customer_address;
                    (Some(their_id), shown.and_then(|shown| shown.is_default()))
                }
                _ => {
                    synced.written.push(ours.index);
                    let response = self.send_filled(call, &ADD_ADDRESS, &route.add, &[("id", id.as_str())]).await?;
                    let shown = written::<AddressAnswer>(&response).customer_address.unwrap_or_default();
                    let is_default = shown.is_default();
                    (shown.id, is_default)
                }
            };
            if ours.is_default() && is_default != Some(true) {
                default = address_id;
            }
        }
        if let (Some(step), Some(address_id)) = (&plan.default, default) {
            let ids = [("id", id.as_str()), ("address_id", address_id.as_str())];
            self.send_filled(call, &SET_DEFAULT, step, &ids).await?;
        }
        Ok(())
    }
}

/// Refuses losses that show only on the way, where none is accepted.
fn refuse_losses<'n>(
    call: &Call<'_>,
    on_loss: OnLoss,
    operation: &Operation,
    lost: impl Iterator<Item = &'n Note>,
) -> Result<(), Error> {
    let lost: Vec<_> = lost.map(lost_field).collect();
    if on_loss != OnLoss::Fail || lost.is_empty() {
        return Ok(());
    }
    let error = Error::invalid_record(lost).with_provider(PROVIDER).with_operation(operation.name);
    Err(call.finish(error))
}

fn done(
    outcome: Outcome,
    id: Option<CustomerId>,
    mut notes: Vec<Note>,
    taken: impl Fn(&Note) -> bool,
    call: Call<'_>,
) -> Upserted {
    notes.retain(taken);
    let mut done = Upserted::new(PROVIDER, outcome);
    done.remote_id = id.map(|id| id.0.into());
    done.notes = notes;
    done.attempts = call.attempts;
    done.request_id = call.request_id;
    done
}

#[async_trait]
impl CustomerSink for Shopline {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&MATRIX).tells_created().can_find().can_erase().can_check()
    }

    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
        self.prepare(customer, options).map(Prepared::into_plan)
    }

    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async { self.run(self.prepare(customer, options)?).await }).await
    }

    /// By the vendor's id, e-mail or phone. A phone that several customers have is a
    /// [`Conflict`](ErrorKind::Conflict).
    async fn find(&self, who: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let Some(id) = self.identify(who, "find").await? else { return Ok(None) };
        let record = self.get_customer(&id).await?.map(|answered| answered.value);
        Ok(record.map(|record| FoundCustomer::new(Some(id.0.into()), record.normalized())))
    }

    /// By the vendor's id, e-mail or phone. The customer is looked up first, since the vendor answers a removal in the
    /// same way where there is nobody. One who has ordered or spent is refused (seen).
    async fn erase(&self, who: &Identity) -> Result<ErasureStatus, Error> {
        let Some(id) = self.identify(who, "erase").await? else { return Ok(ErasureStatus::NotFound) };
        // By e-mail and phone somebody was found; of an id alone only a read tells.
        if matches!(who, Identity::RemoteId(_)) && self.get_customer(&id).await?.is_none() {
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

impl Shopline {
    /// Somebody's id: as it is given, or as a look-up brings it.
    async fn identify(&self, who: &Identity, operation: &'static str) -> Result<Option<CustomerId>, Error> {
        let refuse = |field: &'static str, message: &'static str| {
            let problem = FieldError::new(field, message);
            Err(Error::invalid_record(vec![problem]).with_provider(PROVIDER).with_operation(operation))
        };
        match who {
            Identity::RemoteId(id) => Ok(Some(CustomerId::from(id.as_str()))),
            Identity::Email(email) => match email.usable() {
                // The look-up shows no consents: whoever wants the record reads it by the id that it brings.
                Ok(email) => Ok(self.find_by_email(email).await?.and_then(|answered| answered.value.id)),
                Err(problem) => refuse("email", crate::plan::mapper::email_rule(problem)),
            },
            Identity::Phone(phone) => match phone.e164() {
                Ok(number) => self.find_by_phone(number).await,
                Err(problem) => refuse("phone", crate::plan::mapper::phone_rule(problem)),
            },
            Identity::ExternalId(_) => {
                let hint = "the vendor has no field for an id of the caller's; e-mail, phone and the vendor's id work";
                Err(Error::unsupported(PROVIDER, operation, hint))
            }
        }
    }

    async fn find_by_phone(&self, phone: E164) -> Result<Option<CustomerId>, Error> {
        let step = self.search_step(phone.digits());
        let mut call = self.0.account.call();
        let owners = self.owners_of_phone(&mut call, &step, phone).await?;
        match decide(None, &owners, None) {
            Who::Nobody => Ok(None),
            Who::One(id) => Ok(Some(id)),
            Who::Several(ids) => {
                let error = call.error(&SEARCH, ErrorKind::Conflict, Effect::NotSent);
                Err(call.finish(error.with_conflicting_ids(ids.into_iter().map(|id| id.0))))
            }
        }
    }
}
