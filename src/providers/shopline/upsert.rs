//! The upsert: create; where the vendor refuses that, look up, update, and bring the addresses in line.
//!
//! [`Prepared`] lists the steps, from which the plan is made; [`Run`] walks them.

use super::addresses::MappedAddress;
use super::client::{Ids, Shopline};
use super::error::check;
use super::operations::{
    ADD_ADDRESS, CREATE_CUSTOMER, GET_CUSTOMER, SEARCH_CUSTOMERS, SET_DEFAULT_ADDRESS, UPDATE_ADDRESS, UPDATE_CUSTOMER,
};
use super::request::options::TagPolicy;
use super::request::{AddressBody, AddressId, CustomerBody, CustomerId, UpdateBody, refuse_foreign_id};
use super::response::{AddressRecord, CustomerRecord, created, one, required};
use super::to_vendor::{Mapped, OPEN_TAGS, known_email, map, united_tags};
use super::{MATRIX, PROVIDER};
use crate::client::addresses::{AddressAction, AddressBook, Ledger, Written, actions, synchronise};
use crate::client::api::ApiClient;
use crate::client::identify::{Identified, resolve};
use crate::client::response::{decode, decode_lossy};
use crate::client::steps::{self, Steps, Walk};
use crate::client::validate::Origin;
use crate::client::{Call, Operation, Request};
use crate::customer::{Customer, E164, FieldPath};
use crate::error::{Error, ErrorKind};
use crate::plan::mapper::{Mapper, lost_field};
use crate::plan::{Note, Outcome, Plan, StepCondition, Upserted};
use crate::sink::{OnLoss, RemoteId, UpsertOptions};

/// The steps of an upsert, by name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Name<'c> {
    RenewToken,
    FindByEmail(&'c str),
    Search(E164),
    Create,
    Update,
    Read,
    /// The address at this position among the mapped ones.
    UpdateAddress(usize),
    AddAddress(usize),
    SetDefault,
}

/// A record, mapped.
pub(super) struct Prepared<'c> {
    client: &'c Shopline,
    mapped: Mapped<'c>,
    looks_first: bool,
    on_loss: OnLoss,
    /// The record's own e-mail address, also one that the vendor cannot hold.
    our_email: Option<&'c str>,
    sent: Vec<FieldPath>,
    notes: Vec<Note>,
}

impl<'c> Prepared<'c> {
    /// The condition of the create, and that of the look-ups.
    const fn conditions(looks_first: bool) -> (StepCondition, StepCondition) {
        match looks_first {
            true => (StepCondition::IfNotFound, StepCondition::Always),
            false => (StepCondition::Always, StepCondition::IfDuplicate),
        }
    }

    fn look_ups(&self) -> impl Iterator<Item = Name<'c>> + use<'c> {
        let (email, phone) = (self.mapped.email.map(Name::FindByEmail), self.mapped.phone.map(Name::Search));
        email.into_iter().chain(phone)
    }

    /// The tags of the record, where they are to be united with those that the look-up shows.
    fn tags_to_unite(&self) -> Option<&str> {
        self.mapped.fields.tags.as_deref().filter(|_| self.client.0.choices.tags == TagPolicy::Union)
    }

    /// The update; `tags` in place of the record's, where they are known.
    fn update_request(&self, tags: Option<&str>) -> Result<Request, Error> {
        let (fields, nulls) = self.mapped.for_update(self.client.0.choices.blanking, tags);
        let url = &self.client.0.urls.customer;
        match nulls.as_slice() {
            [] => self.client.json(&UPDATE_CUSTOMER, url, &CustomerBody { customer: &fields }),
            nulls => self.client.json(&UPDATE_CUSTOMER, url, &UpdateBody::new(&fields, nulls)),
        }
    }

    fn address_request(&self, operation: &'static Operation, index: usize) -> Result<Request, Error> {
        let urls = &self.client.0.urls;
        let url = if operation.name() == ADD_ADDRESS.name() { &urls.addresses } else { &urls.address };
        let address = self.mapped.addresses.get(index).ok_or_else(not_a_step)?;
        self.client.json(operation, url, &AddressBody { customer_address: &address.route() })
    }

    /// Whether a note is about an address whose position among the mapped ones is one of these.
    fn is_about(&self, note: &Note, is_one: impl Fn(usize) -> bool) -> bool {
        let FieldPath::AddressField(index, _) = note.path() else { return false };
        self.mapped.addresses.iter().enumerate().any(|(at, address)| address.index == *index && is_one(at))
    }

    pub(super) fn into_plan(self) -> Result<Plan, Error> {
        steps::plan(&self, PROVIDER, self.sent.clone(), self.notes.clone())
    }

    pub(super) async fn run(self) -> Result<Upserted, Error> {
        Run { plan: &self, call: self.client.0.account.call(), walk: Walk::of(&self), written: Written::default() }
            .upsert()
            .await
    }
}

fn not_a_step() -> Error {
    Error::new(ErrorKind::Other, crate::error::Effect::NotSent).with_hint("the step is not a part of the plan")
}

impl<'c> Steps for Prepared<'c> {
    type Name = Name<'c>;

    fn list(&self) -> Vec<(StepCondition, Name<'c>)> {
        let (to_create, to_look_up) = Self::conditions(self.looks_first);
        let addresses = &self.mapped.addresses;
        let mut list = Vec::with_capacity(7 + 2 * addresses.len());
        list.extend(self.client.0.tokens.renewal().map(|_| (StepCondition::IfNoToken, Name::RenewToken)));
        let create = (to_create, Name::Create);
        let look_ups = self.look_ups().map(|name| (to_look_up, name));
        if self.looks_first {
            list.extend(look_ups.chain([create]));
        } else {
            list.extend([create].into_iter().chain(look_ups));
        }
        list.push((StepCondition::IfFound, Name::Update));
        if !addresses.is_empty() {
            list.push((StepCondition::IfFound, Name::Read));
        }
        for at in 0..addresses.len() {
            list.extend([Name::UpdateAddress(at), Name::AddAddress(at)].map(|name| (StepCondition::IfDiffers, name)));
        }
        if addresses.iter().any(MappedAddress::is_default) {
            list.push((StepCondition::IfDiffers, Name::SetDefault));
        }
        list
    }

    fn render(&self, name: Name<'c>) -> Result<Request, Error> {
        let client = self.client;
        let urls = &client.0.urls;
        match name {
            Name::RenewToken => {
                client.0.tokens.renewal().map(|renewal| renewal.request().clone()).ok_or_else(not_a_step)
            }
            Name::FindByEmail(email) => client.find_by_email_request(email),
            Name::Search(phone) => Ok(client.search_request(phone)),
            Name::Create => {
                client.json(&CREATE_CUSTOMER, &urls.customers, &CustomerBody { customer: &self.mapped.for_create() })
            }
            // The plan shows a name for the tags that the look-up will bring.
            Name::Update => match self.tags_to_unite() {
                Some(ours) => self.update_request(Some(&format!("{OPEN_TAGS},{ours}"))),
                None => self.update_request(None),
            },
            Name::Read => Ok(client.bare(&GET_CUSTOMER, &urls.read_customer)),
            Name::UpdateAddress(at) => self.address_request(&UPDATE_ADDRESS, at),
            Name::AddAddress(at) => self.address_request(&ADD_ADDRESS, at),
            Name::SetDefault => Ok(client.bare(&SET_DEFAULT_ADDRESS, &urls.default_address)),
        }
    }
}

impl Shopline {
    /// Maps a record, with no I/O.
    pub(super) fn prepare<'c>(
        &'c self,
        customer: &'c Customer,
        options: &UpsertOptions,
    ) -> Result<Prepared<'c>, Error> {
        let looks_first = self.0.choices.look_up_first || options.look_up_first;
        let mut mapper = Mapper::new(customer, &MATRIX);
        let mapped = map(&mut mapper, self.0.choices.blanking, Prepared::conditions(looks_first).0);
        let (sent, notes) = mapper.finish(options)?;
        let our_email = known_email(customer);
        Ok(Prepared { client: self, mapped, looks_first, on_loss: options.on_loss, our_email, sent, notes })
    }
}

/// What became of a create.
enum Created {
    New(Option<CustomerId>),
    /// A customer that was found, to be updated, and what the upsert then reports. A customer that may have been there
    /// before the call leaves the create uncertain until the update succeeds.
    Found(Box<CustomerRecord>, Outcome),
}

/// One upsert on its way.
struct Run<'p, 'c> {
    plan: &'p Prepared<'c>,
    call: Call<'p>,
    walk: Walk<'p, Prepared<'c>>,
    /// The addresses that were written.
    written: Written,
}

impl<'c> Run<'_, 'c> {
    async fn upsert(mut self) -> Result<Upserted, Error> {
        let known = if self.plan.looks_first { self.locate().await? } else { None };
        let (found, outcome) = match known {
            Some(found) => (found, Outcome::Updated),
            None => match self.create().await? {
                Created::New(id) => return Ok(self.done(Outcome::Created, id, false, None)),
                Created::Found(found, outcome) => (*found, outcome),
            },
        };
        self.update(found, outcome).await
    }

    /// Creates the customer. Where the vendor refuses that, or its fate is unknown, the customer is looked up.
    async fn create(&mut self) -> Result<Created, Error> {
        if self.plan.looks_first {
            let is_of_create = |note: &&Note| note.condition() == Some(StepCondition::IfNotFound);
            self.refuse_losses(&CREATE_CUSTOMER, self.plan.notes.iter().filter(is_of_create))?;
        }
        let mut tries = 0;
        loop {
            tries += 1;
            self.walk.back_to(Name::Create);
            let request = self.step(Name::Create, &[])?;
            let answer = self
                .plan
                .client
                .send(&mut self.call, &request, decode_lossy(check, |response| created(response).map(Some)))
                .await;
            let error = match answer.map(|answer| answer.value) {
                Ok(Some(None)) => return self.confirm().await,
                // A success whose body cannot be read is a success.
                Ok(answer) => return Ok(Created::New(answer.flatten().and_then(|record| record.id))),
                Err(error) => error,
            };
            // No code or text tells a duplicate from another refusal: any 422 may be one.
            let refused = error.status() == Some(422);
            if refused && tries > 1 {
                // Taken, perhaps, by the create whose answer was lost.
                self.call.mark_effect_unknown();
            }
            if !refused && !self.call.is_uncertain() {
                return Err(error);
            }
            match self.locate().await? {
                // Vendors write whole seconds: a customer that is new by its record may be another call's all the same,
                // so that the update follows in any case.
                Some(found) => {
                    let is_ours = self.call.is_uncertain() && self.is_new(&found);
                    let outcome = if is_ours { Outcome::Created } else { Outcome::Updated };
                    return Ok(Created::Found(Box::new(found), outcome));
                }
                None if refused || tries > 1 => return Err(self.call.finish(error)),
                None if self.plan.mapped.email.is_some() => self.call.resolve_uncertainty(false),
                // The look-up by e-mail is exact. The search by phone may lag behind, and whether the vendor refuses a
                // phone number that is in use is unknown: a repeat could create the customer twice.
                None => return Err(self.call.finish(error)),
            }
        }
    }

    /// Looks up the customer of a create that the vendor answered with success, and without a customer.
    async fn confirm(&mut self) -> Result<Created, Error> {
        self.call.mark_effect_unknown();
        match self.locate().await? {
            Some(found) if found.created_at.is_none() || self.is_new(&found) => {
                self.call.resolve_uncertainty(true);
                Ok(Created::New(found.id))
            }
            Some(found) => Ok(Created::Found(Box::new(found), Outcome::Updated)),
            None => {
                let hint = "the vendor reports success without a customer, and the look-up does not find one";
                Err(self.call.fail(&CREATE_CUSTOMER, ErrorKind::Decode, hint))
            }
        }
    }

    /// Whether the record shows that the customer was created by this call.
    fn is_new(&self, found: &CustomerRecord) -> bool {
        found.created_at.is_some_and(|at| self.call.created_since_start(at.to_utc()))
    }

    /// The customer that the record is about, by e-mail, then by phone.
    async fn locate(&mut self) -> Result<Option<CustomerRecord>, Error> {
        let client = self.plan.client;
        let (mut by_email, mut by_phone) = (None, Vec::new());
        for name in self.plan.look_ups() {
            self.walk.back_to(name);
            match name {
                Name::FindByEmail(email) => {
                    let request = self.step(name, &[])?;
                    let found = client.owner_of_email(&mut self.call, &request, email).await?;
                    by_email = found.map(|found| found.value);
                }
                Name::Search(phone) if !by_email.as_ref().is_some_and(|found| found.has_phone(phone)) => {
                    let request = self.step(name, &[])?;
                    by_phone = client.owners_of_phone(&mut self.call, request, phone).await?;
                }
                _ => {}
            }
        }
        let found = resolve(by_email, by_phone, self.plan.our_email).one_or_conflict(&SEARCH_CUSTOMERS);
        found.map_err(|error| self.call.finish(error.with_request_id(self.call.request_id().map(str::to_owned))))
    }

    async fn update(mut self, found: CustomerRecord, outcome: Outcome) -> Result<Upserted, Error> {
        let Some(id) = found.id else {
            return Err(self.call.fail(&UPDATE_CUSTOMER, ErrorKind::Decode, "the found customer has no id"));
        };
        refuse_foreign_id(id.as_str()).map_err(|error| self.failed(&UPDATE_CUSTOMER, error))?;
        let ids = [("id", id.as_str())];
        let united = self.plan.tags_to_unite().map(|ours| united_tags(found.tags.as_deref(), ours));
        let (tags, note) = united.map_or((None, None), |(tags, note)| (Some(tags), note));
        self.refuse_losses(&UPDATE_CUSTOMER, note.iter())?;
        self.refuse_address_losses(&id).await?;
        let mut request = self.step(Name::Update, &ids)?;
        if let Some(tags) = &tags {
            request.body = self.plan.update_request(Some(tags))?.body;
        }
        self.plan.client.send(&mut self.call, &request, check).await?;
        if self.walk.has(Name::Read) {
            self.sync_addresses(&id).await?;
        }
        Ok(self.done(outcome, Some(id), true, note))
    }

    async fn sync_addresses(&mut self, id: &CustomerId) -> Result<(), Error> {
        let ours = &self.plan.mapped.addresses;
        let default = ours.iter().position(MappedAddress::is_default);
        let mut written = Written::default();
        let mut book = Book { run: self, id };
        let theirs = book.list().await?;
        let result = synchronise(&mut book, ours, &theirs, default, &mut written).await;
        self.written = written;
        result
    }

    /// Where no loss is accepted: what the address routes cannot carry is one, unless the vendor holds that address. One
    /// more read shows that before anything is written.
    async fn refuse_address_losses(&mut self, id: &CustomerId) -> Result<(), Error> {
        let plan = self.plan;
        let is_of_routes = |note: &&Note| note.condition() == Some(StepCondition::IfDiffers);
        if plan.on_loss != OnLoss::Fail || !self.walk.has(Name::Read) || !plan.notes.iter().any(|n| is_of_routes(&n)) {
            return Ok(());
        }
        let ours = &plan.mapped.addresses;
        let theirs = Book { run: self, id }.list().await?;
        self.walk.back_to(Name::Update);
        let is_written = |action: &AddressAction| !matches!(action, AddressAction::Keep(_));
        let actions: Vec<bool> = actions::<Book<'_, '_, '_>>(ours, &theirs).iter().map(is_written).collect();
        let is_lost = |note: &&Note| plan.is_about(note, |at| actions.get(at) == Some(&true));
        self.refuse_losses(&UPDATE_CUSTOMER, plan.notes.iter().filter(is_of_routes).filter(is_lost))
    }

    /// The next step of the walk, rendered.
    fn step(&mut self, name: Name<'c>, ids: Ids<'_>) -> Result<Request, Error> {
        self.walk.step(name, ids).map_err(|error| self.call.finish(error))
    }

    /// Refuses losses that show only on the way, where none is accepted.
    fn refuse_losses<'n>(&self, operation: &Operation, lost: impl Iterator<Item = &'n Note>) -> Result<(), Error> {
        let lost: Vec<_> = lost.map(lost_field).collect();
        if self.plan.on_loss != OnLoss::Fail || lost.is_empty() {
            return Ok(());
        }
        Err(self.failed(operation, Error::invalid_record(lost)))
    }

    fn failed(&self, operation: &Operation, error: Error) -> Error {
        self.call.finish(error.with_provider(PROVIDER).with_operation(operation.name()))
    }

    /// The result, with the notes on the steps that were taken and `note`, which the update brought.
    fn done(self, outcome: Outcome, id: Option<CustomerId>, is_update: bool, note: Option<Note>) -> Upserted {
        let of_create = Prepared::conditions(self.plan.looks_first).0;
        let is_taken = |note: &&Note| match note.condition() {
            Some(when) if when == of_create => !is_update,
            // What the create cannot hold went by the address routes.
            Some(StepCondition::IfDiffers) => is_update && self.plan.is_about(note, |at| self.written.contains(at)),
            Some(_) => is_update,
            None => true,
        };
        let mut done = Upserted::new(PROVIDER, outcome);
        done.remote_id = id.map(RemoteId::from);
        done.notes = self.plan.notes.iter().filter(is_taken).cloned().chain(note).collect();
        done.attempts = self.call.attempts();
        done.request_id = self.call.request_id().map(str::to_owned);
        done
    }
}

/// The address routes of the customer.
struct Book<'r, 'p, 'c> {
    run: &'r mut Run<'p, 'c>,
    id: &'r CustomerId,
}

impl<'c> Book<'_, '_, 'c> {
    async fn write(&mut self, name: Name<'c>, address_id: Option<&str>) -> Result<Option<AddressRecord>, Error> {
        let ids = [("id", self.id.as_str()), ("address_id", address_id.unwrap_or_default())];
        let request = self.run.step(name, ids.get(..1 + usize::from(address_id.is_some())).unwrap_or_default())?;
        let reader = decode_lossy(check, one::<AddressRecord>("customer_address"));
        Ok(self.run.plan.client.send(&mut self.run.call, &request, reader).await?.value)
    }
}

impl<'c> AddressBook for Book<'_, '_, 'c> {
    type Ours = MappedAddress<'c>;
    type Theirs = AddressRecord;

    fn id(theirs: &AddressRecord) -> Option<&str> {
        theirs.id.as_ref().map(AddressId::as_str)
    }

    fn is_held(ours: &MappedAddress<'c>, theirs: &AddressRecord) -> bool {
        theirs.id.is_some() && ours.is_held_by(theirs)
    }

    fn is_same_place(ours: &MappedAddress<'c>, theirs: &AddressRecord) -> bool {
        ours.is_same_place(theirs)
    }

    fn is_default(&self, theirs: &AddressRecord) -> bool {
        theirs.is_default() == Some(true)
    }

    fn is_default_after_change(&self, _before: &AddressRecord, shown: Option<&AddressRecord>) -> bool {
        shown.is_some_and(|shown| self.is_default(shown))
    }

    fn is_default_after_add(&self, shown: Option<&AddressRecord>) -> bool {
        shown.is_some_and(|shown| self.is_default(shown))
    }

    async fn list(&mut self) -> Result<Vec<AddressRecord>, Error> {
        self.run.walk.back_to(Name::Read);
        let request = self.run.step(Name::Read, &[("id", self.id.as_str())])?;
        // Without a customer nothing is known of the addresses, and adding them all could double them.
        let reader = decode(check, required::<CustomerRecord>("customer"));
        let customer = self.run.plan.client.send(&mut self.run.call, &request, reader).await?.value;
        let mut theirs = customer.addresses;
        // A list that leaves the default one out must not double it.
        let is_listed = |one: &AddressRecord| one.id.is_none() || theirs.iter().any(|their| their.id == one.id);
        let unlisted = customer.default_address.filter(|one| !is_listed(one));
        theirs.extend(unlisted);
        Ok(theirs)
    }

    async fn change(&mut self, ours: usize, address_id: &str) -> Result<Option<AddressRecord>, Error> {
        self.write(Name::UpdateAddress(ours), Some(address_id)).await
    }

    async fn add(&mut self, ours: usize) -> Result<Option<AddressRecord>, Error> {
        self.write(Name::AddAddress(ours), None).await
    }

    async fn set_default(&mut self, address_id: &str) -> Result<(), Error> {
        let ids = [("id", self.id.as_str()), ("address_id", address_id)];
        let request = self.run.step(Name::SetDefault, &ids)?;
        self.run.plan.client.send(&mut self.run.call, &request, check).await.map(drop)
    }

    fn default_origin(&self) -> Origin {
        (&SET_DEFAULT_ADDRESS).into()
    }

    fn ledger(&mut self) -> &mut dyn Ledger {
        &mut self.run.call
    }
}
