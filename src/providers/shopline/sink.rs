//! The upsert: create; where the vendor refuses that, look up, update, and reconcile the addresses.

use async_trait::async_trait;
use http::Method;

use super::addresses::{MappedAddress, compare};
use super::client::{Shopline, body};
use super::lookup::{Who, decide, same_number};
use super::map::{for_update, known_email, map};
use super::native::{ADD_ADDRESS, CHANGE_ADDRESS, CREATE, GET, SEARCH, SET_DEFAULT, UPDATE, read, unreadable, written};
use super::record::{AddressAnswer, AddressRecord, CustomerAnswer, CustomerRecord};
use super::wire::{AddressBody, AddressId, CustomerBody, CustomerId};
use super::{MATRIX, PROVIDER};
use crate::address_match::AddressAction;
use crate::customer::{Customer, E164, FieldPath};
use crate::error::{Effect, Error, ErrorKind, FieldError};
use crate::http::Call;
use crate::mapper::Mapper;
use crate::notes::Note;
use crate::outcome::{Outcome, Upserted};
use crate::plan::{Plan, Step, Url, When};
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, Erased, Found, Identity, UpsertOptions};
use crate::trace::upsert_span;

/// A plan whose steps have names, and what the flow decides on.
struct Prepared<'c> {
    renewal: Option<Step>,
    create: Step,
    by_email: Option<(Step, &'c str)>,
    by_phone: Option<(Step, E164)>,
    update: Step,
    read: Option<Step>,
    addresses: Vec<MappedAddress<'c>>,
    routes: Vec<Route>,
    default: Option<Step>,
    /// The record's own e-mail address, also one that the vendor cannot hold.
    known_email: Option<&'c str>,
    sent: Vec<FieldPath>,
    notes: Vec<Note>,
}

/// The two ways of one address; they share their bytes.
struct Route {
    change: Step,
    add: Step,
}

impl Prepared<'_> {
    fn into_plan(self) -> Plan {
        let mut steps = Vec::with_capacity(7 + 2 * self.routes.len());
        steps.extend(self.renewal);
        steps.push(self.create);
        steps.extend(self.by_email.map(|(step, _)| step));
        steps.extend(self.by_phone.map(|(step, _)| step));
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

/// What was done with the addresses.
#[derive(Default)]
struct Synced {
    /// The positions in the record of those that were written.
    written: Vec<u32>,
}

impl Shopline {
    fn prepare<'c>(&self, customer: &'c Customer, options: &UpsertOptions) -> Result<Prepared<'c>, Error> {
        let mut mapper = Mapper::new(customer, &MATRIX);
        let mut mapped = map(&mut mapper);
        let (sent, notes) = mapper.finish(options)?;
        mapped.fields.addresses = mapped.addresses.iter().filter_map(MappedAddress::embedded).collect();
        let create = body(&CustomerBody { customer: &mapped.fields })?;
        for_update(&mut mapped.fields, &mapped.cleared);
        let update = body(&CustomerBody { customer: &mapped.fields })?;
        let mut routes = Vec::with_capacity(mapped.addresses.len());
        for address in &mapped.addresses {
            let body = body(&AddressBody { customer_address: &address.route() })?;
            routes.push(Route { change: self.change_step(body.clone()), add: self.add_step(body) });
        }
        let by_email = match mapped.email {
            Some(email) => Some((self.by_email_step(email)?, email)),
            None => None,
        };
        Ok(Prepared {
            renewal: self.renewal_step(),
            create: self.step(When::Always, &CREATE, Method::POST, Url::from(&self.0.customers), create),
            by_email,
            by_phone: mapped.phone.map(|phone| (self.search_step(phone.digits()), phone)),
            update: self.update_step(update),
            read: (!routes.is_empty()).then(|| self.get_step()),
            default: mapped.addresses.iter().any(MappedAddress::is_default).then(|| self.default_step()),
            addresses: mapped.addresses,
            routes,
            known_email: known_email(customer),
            sent,
            notes,
        })
    }

    async fn run(&self, plan: Prepared<'_>) -> Result<Upserted, Error> {
        let mut call = self.0.account.call();
        let mut tries = 0;
        let id = loop {
            tries += 1;
            let error = match self.send(&mut call, &CREATE, &plan.create).await {
                Ok(response) => {
                    let id = written::<CustomerAnswer>(&response).customer.and_then(|record| record.id);
                    let taken = |note: &Note| note.limited_to().is_none_or(|when| when == When::Always);
                    return Ok(done(Outcome::Created, id, plan.notes, taken, call));
                }
                Err(error) => error,
            };
            // No code or text tells a duplicate from another refusal: any 422 may be one.
            let refused = error.status() == Some(422);
            if !refused && !call.is_uncertain() {
                return Err(error);
            }
            match self.locate(&mut call, &plan).await? {
                Some(id) => {
                    if call.is_uncertain() {
                        call.settle(true);
                    }
                    break id;
                }
                None if refused || tries > 1 => return Err(call.finish(error)),
                // The look-up by e-mail is exact. The search has an index that may lag behind: what it does not show
                // stays in doubt, though the create is sent once more.
                None if plan.by_email.is_some() => call.settle(false),
                None => {}
            }
        };
        self.send_filled(&mut call, &UPDATE, &plan.update, &[("id", id.as_str())]).await?;
        let synced = match &plan.read {
            Some(read) => self.sync_addresses(&mut call, &plan, read, &id).await?,
            None => Synced::default(),
        };
        let taken = |note: &Note| match (note.limited_to(), note.path()) {
            // The create was refused, and what its form cannot hold went by the address routes.
            (Some(When::Always), _) => false,
            (Some(When::IfDiffers), FieldPath::AddressField(index, _)) => synced.written.contains(index),
            _ => true,
        };
        Ok(done(Outcome::Updated, Some(id), plan.notes, taken, call))
    }

    /// Who the record is at the vendor; nobody, or a conflict.
    async fn locate(&self, call: &mut Call<'_>, plan: &Prepared<'_>) -> Result<Option<CustomerId>, Error> {
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
            Who::One(id) => Ok(Some(id)),
            Who::Several(ids) => {
                let error = call
                    .error(&SEARCH, ErrorKind::Conflict, Effect::Rejected)
                    .with_conflicting_ids(ids.into_iter().map(|id| id.0).collect())
                    .with_request_id(call.request_id.clone())
                    .with_hint("e-mail and phone belong to different customers; nothing was written");
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
            let response = self.send_filled(call, &GET, read_step, &[("id", id.as_str())]).await?;
            let answer: CustomerAnswer = read(call, &GET, &response)?;
            if call.is_uncertain() {
                call.settle(true);
            }
            // Without a customer nothing is known of the addresses, and adding them all could double them.
            let Some(customer) = answer.customer else { return Err(unreadable(call, &GET, &response)) };
            let theirs = customer.addresses;
            match self.write_addresses(call, plan, &theirs, id, &mut synced).await {
                Err(_) if rounds == 1 && call.is_uncertain() => {}
                Err(error) => return Err(error),
                Ok(()) => return Ok(synced),
            }
        }
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

fn done(
    outcome: Outcome,
    id: Option<CustomerId>,
    mut notes: Vec<Note>,
    taken: impl Fn(&Note) -> bool,
    call: Call<'_>,
) -> Upserted {
    notes.retain(taken);
    let mut done = Upserted::new(PROVIDER, outcome);
    done.remote_id = id.map(|id| id.0);
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
    async fn find(&self, who: &Identity) -> Result<Option<Found>, Error> {
        Ok(self.whole(who, "find").await?.map(|(id, record)| Found::new(Some(id.0), record.normalized())))
    }

    /// By the vendor's id, e-mail or phone. The customer is looked up first, since the vendor answers a removal in the
    /// same way where there is nobody. One who has ordered or spent is refused (seen).
    async fn erase(&self, who: &Identity) -> Result<Erased, Error> {
        let Some((id, _)) = self.whole(who, "erase").await? else { return Ok(Erased::Nobody) };
        self.delete_customer(&id).await.map(|_| Erased::Done)
    }

    async fn check(&self) -> Result<(), Error> {
        self.count_customers().await.map(drop)
    }

    fn quota_wait(&self) -> std::time::Duration {
        self.0.account.quota_wait()
    }
}

impl Shopline {
    /// The whole record of somebody.
    async fn whole(
        &self,
        who: &Identity,
        operation: &'static str,
    ) -> Result<Option<(CustomerId, CustomerRecord)>, Error> {
        let refuse = |field: &'static str, message: &'static str| {
            let problem = FieldError::new(field, message);
            Err(Error::invalid_record(vec![problem]).with_provider(PROVIDER).with_operation(operation))
        };
        let id = match who {
            Identity::RemoteId(id) => CustomerId::from(id.0.as_str()),
            Identity::Email(email) => match email.usable() {
                // The look-up shows no consents, so that the customer is read by the id that it brings.
                Ok(email) => match self.find_by_email(email).await?.and_then(|answered| answered.value.id) {
                    Some(id) => id,
                    None => return Ok(None),
                },
                Err(problem) => return refuse("email", crate::mapper::email_rule(problem)),
            },
            Identity::Phone(phone) => match phone.e164() {
                Ok(number) => match self.find_by_phone(number).await? {
                    Some(id) => id,
                    None => return Ok(None),
                },
                Err(problem) => return refuse("phone", crate::mapper::phone_rule(problem)),
            },
            Identity::ExternalId(_) => {
                let hint = "the vendor has no field for an id of the caller's; e-mail, phone and the vendor's id work";
                return Err(Error::unsupported(PROVIDER, operation, hint));
            }
        };
        Ok(self.get_customer(&id).await?.map(|answered| (id, answered.value)))
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
                Err(call.finish(error.with_conflicting_ids(ids.into_iter().map(|id| id.0).collect())))
            }
        }
    }
}
