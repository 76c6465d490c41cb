//! The upsert: one ordered list of steps, and the run that walks it.

use super::addresses::{self, MappedAddress, MappedAddresses};
use super::client::Shoplazza;
use super::error::check;
use super::lookup::lower_case;
use super::operations::{
    CREATE_ADDRESS, CREATE_CUSTOMER, FIND_CUSTOMER, LIST_ADDRESSES, SET_DEFAULT_ADDRESS, UPDATE_ADDRESS,
    UPDATE_CUSTOMER,
};
use super::request::MAX_PAGE_SIZE;
use super::response::{AddressRecord, AddressRows, Created, CustomerRecord, OneAddress, data};
use super::to_vendor::{Mapped, map};
use super::{MATRIX, PROVIDER};
use crate::client::addresses::{AddressBook, Ledger, Written, shown_or_listed, synchronise};
use crate::client::api::ApiClient;
use crate::client::identify::{Identified, Usable, resolve};
use crate::client::pages::{PageWalk, Walk as PageStep};
use crate::client::response::{decode, decode_lossy};
use crate::client::steps::{Steps, Walk};
use crate::client::validate::Origin;
use crate::client::{Call, HttpResponse, Request};
use crate::customer::{Customer, FieldPath};
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::mapper::{Mapper, lost_field};
use crate::plan::note::{Note, NoteAction};
use crate::plan::outcome::{Outcome, Upserted};
use crate::plan::{Plan, StepCondition};
use crate::sink::{OnLoss, UpsertOptions};

/// How many pages of a customer's addresses are read at most.
const MOST_ADDRESS_PAGES: u32 = 8;

/// A step of an upsert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    RefreshToken,
    Find(Turn, By),
    Create,
    ListAddresses,
    Update,
    /// Of an address of the record, by its position among those that are sent.
    UpdateAddress(usize),
    AddAddress(usize),
    SetDefaultAddress,
}

/// Which look-up it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// At the beginning.
    First,
    /// After a create whose effect is in doubt, or that was refused as a duplicate.
    AfterCreate,
}

/// What a look-up looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Email,
    LowerEmail,
    Phone,
}

/// What one upsert of one record may send.
pub(super) struct Prepared<'c> {
    client: &'c Shoplazza,
    mapped: Mapped<'c>,
    addresses: MappedAddresses<'c>,
    on_loss: OnLoss,
    sent: Vec<FieldPath>,
    notes: Vec<Note>,
}

impl Steps for Prepared<'_> {
    type Name = Name;

    fn list(&self) -> Vec<(StepCondition, Name)> {
        let Mapped { email, phone, .. } = &self.mapped;
        // After an e-mail it is sent where that finds no customer, or one without this phone.
        let by_phone = if email.is_some() { StepCondition::IfDiffers } else { StepCondition::Always };
        let finds = [
            (StepCondition::Always, By::Email, email.is_some()),
            (StepCondition::IfNotFound, By::LowerEmail, email.is_some_and(|email| lower_case(email).is_some())),
            (by_phone, By::Phone, phone.is_some()),
        ];
        let finds = || finds.iter().filter(|(_, _, is_there)| *is_there);
        let mut list = Vec::with_capacity(12 + 2 * self.addresses.all.len());
        list.extend(self.client.0.tokens.renewal().map(|_| (StepCondition::IfNoToken, Name::RefreshToken)));
        list.extend(finds().map(|(when, by, _)| (*when, Name::Find(Turn::First, *by))));
        list.push((StepCondition::IfNotFound, Name::Create));
        list.extend(finds().map(|(_, by, _)| (StepCondition::IfDuplicate, Name::Find(Turn::AfterCreate, *by))));
        if !self.addresses.all.is_empty() {
            list.push((StepCondition::IfFound, Name::ListAddresses));
        }
        if self.mapped.updates() {
            list.push((StepCondition::IfDiffers, Name::Update));
        }
        let writes = (0..self.addresses.all.len()).flat_map(|at| [Name::UpdateAddress(at), Name::AddAddress(at)]);
        list.extend(writes.map(|name| (StepCondition::IfDiffers, name)));
        list.extend(self.addresses.default.map(|_| (StepCondition::IfDiffers, Name::SetDefaultAddress)));
        list
    }

    fn render(&self, name: Name) -> Result<Request, Error> {
        let (client, urls, dialect) = (self.client, &self.client.0.urls, self.mapped.choices.dialect);
        let address = |at: usize| self.addresses.all.get(at);
        let rendered = match name {
            Name::RefreshToken => client.0.tokens.renewal().map(|renewal| renewal.shown()),
            Name::Find(_, By::Email) => self.mapped.email.map(|email| client.email_request(email)),
            Name::Find(_, By::LowerEmail) => {
                self.mapped.email.and_then(lower_case).map(|email| client.email_request(&email))
            }
            Name::Find(_, By::Phone) => self.mapped.phone.map(|phone| client.phone_request(phone)),
            Name::Create => {
                let body = self.mapped.create(&self.addresses).body(dialect)?;
                Some(client.request(&CREATE_CUSTOMER, &urls.customers, Some(body)))
            }
            Name::ListAddresses => {
                let url = dialect.page_query(MAX_PAGE_SIZE).on(&urls.addresses);
                Some(client.request(&LIST_ADDRESSES, url, None))
            }
            Name::Update => {
                let (update, open) = self.mapped.planned_update();
                Some(client.request(&UPDATE_CUSTOMER, &urls.customer, Some(update.body_with(dialect, &open)?)))
            }
            Name::UpdateAddress(at) => {
                let body = address(at).map(|address| address.to_change().body(dialect)).transpose()?;
                Some(client.request(&UPDATE_ADDRESS, &urls.address, body))
            }
            Name::AddAddress(at) => {
                let body = address(at).map(|address| address.to_add(dialect).body(dialect)).transpose()?;
                Some(client.request(&CREATE_ADDRESS, &urls.addresses, body))
            }
            Name::SetDefaultAddress => Some(client.request(&SET_DEFAULT_ADDRESS, &urls.default_address, None)),
        };
        rendered.ok_or_else(|| {
            Error::new(ErrorKind::Other, Effect::NotSent).with_hint("the record does not have what the step sends")
        })
    }
}

impl<'c> Prepared<'c> {
    pub(super) fn new(client: &'c Shoplazza, customer: &'c Customer, options: &UpsertOptions) -> Result<Self, Error> {
        let mut mapper = Mapper::new(customer, &MATRIX);
        let (mapped, addresses) = map(&mut mapper, client.0.choices);
        let (sent, notes) = mapper.finish(options)?;
        Ok(Self { client, mapped, addresses, on_loss: options.on_loss, sent, notes })
    }

    pub(super) fn plan(self) -> Result<Plan, Error> {
        crate::client::steps::plan(&self, PROVIDER, self.sent.clone(), self.notes.clone())
    }

    pub(super) async fn run(&self) -> Result<Upserted, Error> {
        let call = self.client.0.account.call();
        let run = Run {
            client: self.client,
            prepared: self,
            walk: Walk::of(self),
            call,
            added: Vec::new(),
            notes: Vec::new(),
        };
        run.upsert().await
    }
}

/// Where a customer that is brought up to date comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    AlreadyExists,
    /// The create's answer was lost, and the customer was created since the call began.
    CreatedUnconfirmed,
    /// The create's answer was lost or holds no customer, and the customer may have existed before: the effect stays
    /// unknown until a later write succeeds.
    Unproven,
}

/// How the create ended.
enum Creation {
    Created(Option<String>),
    Found(Box<CustomerRecord>, Source),
}

/// One upsert under way.
struct Run<'a> {
    client: &'a Shoplazza,
    prepared: &'a Prepared<'a>,
    walk: Walk<'a, Prepared<'a>>,
    call: Call<'a>,
    /// The record's addresses that were added one by one, by their position in it.
    added: Vec<u32>,
    /// What only the look-up could show.
    notes: Vec<Note>,
}

impl Run<'_> {
    async fn upsert(mut self) -> Result<Upserted, Error> {
        if let Some(found) = self.look_up(Turn::First).await? {
            return self.update_existing(&found, Source::AlreadyExists).await;
        }
        match self.create().await? {
            Creation::Created(id) => Ok(self.done(Outcome::Created, id, None)),
            Creation::Found(found, source) => self.update_existing(&found, source).await,
        }
    }

    /// The next request of the walk.
    fn step(&mut self, name: Name, ids: &[(&'static str, &str)]) -> Result<Request, Error> {
        self.walk.step(name, ids).map_err(|error| self.call.finish(error))
    }

    /// The customer that the record is about, if the vendor has one; a conflict where it is about two, or about another
    /// one.
    async fn look_up(&mut self, turn: Turn) -> Result<Option<CustomerRecord>, Error> {
        let (email, phone) = (self.prepared.mapped.email, self.prepared.mapped.phone);
        let mut by_email = None;
        for by in [By::Email, By::LowerEmail] {
            if let (None, Some(email), true) = (&by_email, email, self.walk.has(Name::Find(turn, by))) {
                let request = self.step(Name::Find(turn, by), &[])?;
                by_email = self.client.find_by(&mut self.call, &request, Usable::Email(email)).await?;
            }
        }
        let Some(phone) = phone else { return Ok(by_email) };
        if by_email.as_ref().is_some_and(|found| found.has_phone(phone)) {
            return Ok(by_email);
        }
        let request = self.step(Name::Find(turn, By::Phone), &[])?;
        let by_phone = self.client.find_by(&mut self.call, &request, Usable::Phone(phone)).await?;
        let resolved = resolve(by_email, by_phone, email);
        resolved.one_or_conflict(&FIND_CUSTOMER).map_err(|error| self.call.finish(error))
    }

    /// Creates the customer. After a lost answer the vendor is asked, and the create is sent once more where the
    /// customer is not there; after a duplicate the vendor is asked once as well.
    async fn create(&mut self) -> Result<Creation, Error> {
        let mut was_lost = false;
        loop {
            let request = self.step(Name::Create, &[])?;
            let read = decode_lossy(check, |response| Some(Created::read(&response.body)));
            let error = match self.client.send(&mut self.call, &request, read).await.map(|answer| answer.value) {
                Ok(Created::Id(id)) => return Ok(Creation::Created(Some(id))),
                Ok(Created::Unreadable) => return Ok(Creation::Created(None)),
                Ok(Created::WithoutCustomer) => return self.confirm().await,
                Err(error) => error,
            };
            if self.call.is_uncertain() {
                if let Some(found) = self.look_up(Turn::AfterCreate).await? {
                    return Ok(self.found_after_doubt(found));
                }
                self.call.resolve_uncertainty(false);
                if was_lost {
                    // A record that is sent again is looked for first: no duplicate comes of it.
                    return Err(self.call.finish(error.with_retryable(true)));
                }
                was_lost = true;
                self.walk.back_to(Name::Create);
                continue;
            }
            if error.kind() == ErrorKind::Conflict {
                if was_lost {
                    // Taken, perhaps, by the create whose answer was lost.
                    self.call.mark_effect_unknown();
                }
                if let Some(found) = self.look_up(Turn::AfterCreate).await? {
                    return Ok(match was_lost {
                        true => self.found_after_doubt(found),
                        false => Creation::Found(Box::new(found), Source::AlreadyExists),
                    });
                }
            }
            return Err(self.call.finish(error));
        }
    }

    /// Whether the record shows that the customer was created by this call.
    fn is_new(&self, found: &CustomerRecord) -> bool {
        found.created_at.is_some_and(|at| self.call.created_since_start(at.to_utc()))
    }

    /// A customer that was found after a create in doubt: created by it where it is not older than the call.
    fn found_after_doubt(&mut self, found: CustomerRecord) -> Creation {
        let is_new = self.is_new(&found);
        if is_new {
            self.call.resolve_uncertainty(true);
        }
        let source = if is_new { Source::CreatedUnconfirmed } else { Source::Unproven };
        Creation::Found(Box::new(found), source)
    }

    /// Looks for the customer after a success that does not hold the customer, which the vendor always returns
    /// (documented). One that may have existed before, by its creation time, proves nothing of the create.
    async fn confirm(&mut self) -> Result<Creation, Error> {
        self.call.mark_effect_unknown();
        let Some(found) = self.look_up(Turn::AfterCreate).await? else {
            let hint = "the answer to the create holds no customer, and the look-up does not show one";
            return Err(self.call.fail(&CREATE_CUSTOMER, ErrorKind::Decode, hint));
        };
        if found.created_at.is_some() && !self.is_new(&found) {
            return Ok(Creation::Found(Box::new(found), Source::Unproven));
        }
        self.call.resolve_uncertainty(true);
        Ok(Creation::Created(found.key().map(str::to_owned)))
    }

    /// Makes the customer at the vendor hold what the record says, writing only what differs.
    async fn update_existing(mut self, found: &CustomerRecord, source: Source) -> Result<Upserted, Error> {
        self.refuse_losses(found)?;
        let mapped = &self.prepared.mapped;
        let id = found.key().unwrap_or_default();
        let ours = &self.prepared.addresses;
        let shown = found.addresses.clone().unwrap_or_default();
        let mut addresses = Addresses { run: &mut self, id, shown_default: found.default_address.as_ref() };
        // Whether a list of customers shows all addresses is unknown.
        let theirs = shown_or_listed(&mut addresses, &ours.all, shown).await?;
        let mut wrote = false;
        self.notes.extend(mapped.lost_tags(found));
        if self.walk.has(Name::Update) && mapped.differs(found) {
            let mut request = self.step(Name::Update, &[("id", id)])?;
            // Only what the look-up fills in is written again; otherwise these are the planned bytes.
            if let Some(filled) = mapped.filled_update(found) {
                request.body = Some(filled.body(mapped.choices.dialect)?);
            }
            self.client.send(&mut self.call, &request, check).await?;
            self.notes.extend(mapped.notes_of_update(found));
            wrote = true;
        }
        let mut written = Written::default();
        let mut addresses = Addresses { run: &mut self, id, shown_default: found.default_address.as_ref() };
        synchronise(&mut addresses, &ours.all, &theirs, ours.default, &mut written).await?;
        self.added.extend(written.added.iter().filter_map(|at| Some(ours.all.get(*at)?.index)));
        wrote |= written.any();
        let outcome = match (source, wrote) {
            (Source::CreatedUnconfirmed, _) => Outcome::Created,
            (_, true) => Outcome::Updated,
            (Source::AlreadyExists, false) => Outcome::Unchanged,
            (Source::Unproven, false) => Outcome::Accepted,
        };
        Ok(self.done(outcome, Some(id.to_owned()), Some(found)))
    }

    /// What the existing customer cannot be given is a loss, which the caller may not accept.
    fn refuse_losses(&self, found: &CustomerRecord) -> Result<(), Error> {
        if self.prepared.on_loss != OnLoss::Fail {
            return Ok(());
        }
        let mapped = &self.prepared.mapped;
        let of_update = |note: &&Note| note.condition() == Some(StepCondition::IfFound) && !mapped.is_held(note, found);
        let lost = self.prepared.notes.iter().filter(of_update);
        let lost: Vec<_> = lost.chain(&mapped.lost_tags(found)).map(lost_field).collect();
        if lost.is_empty() {
            return Ok(());
        }
        let error = Error::invalid_record(lost).with_provider(PROVIDER).with_operation(UPDATE_CUSTOMER.name());
        Err(self.call.finish(error))
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
        done.attempts = self.call.attempts();
        done.request_id.clone_from(&self.call.request_id);
        done
    }
}

/// The addresses of the customer with this id.
struct Addresses<'r, 'a> {
    run: &'r mut Run<'a>,
    id: &'r str,
    /// The default one, as the look-up showed it apart.
    shown_default: Option<&'r AddressRecord>,
}

impl Addresses<'_, '_> {
    async fn write(&mut self, name: Name, ids: &[(&'static str, &str)]) -> Result<Option<AddressRecord>, Error> {
        let request = self.run.step(name, ids)?;
        let shown = |response: &HttpResponse| Some(data(&response.body).map(|shown: OneAddress| shown.address));
        self.run.client.send(&mut self.run.call, &request, decode_lossy(check, shown)).await.map(|answer| answer.value)
    }
}

impl<'a> AddressBook for Addresses<'_, 'a> {
    type Ours = MappedAddress<'a>;
    type Theirs = AddressRecord;

    fn id(theirs: &AddressRecord) -> Option<&str> {
        theirs.id()
    }

    fn is_held(ours: &MappedAddress<'a>, theirs: &AddressRecord) -> bool {
        addresses::is_held(ours, theirs)
    }

    fn is_same_place(ours: &MappedAddress<'a>, theirs: &AddressRecord) -> bool {
        addresses::is_same_place(ours, theirs)
    }

    fn is_default(&self, theirs: &AddressRecord) -> bool {
        theirs.is_default(self.shown_default)
    }

    async fn list(&mut self) -> Result<Vec<AddressRecord>, Error> {
        let dialect = self.run.prepared.mapped.choices.dialect;
        self.run.walk.back_to(Name::ListAddresses);
        let first = self.run.step(Name::ListAddresses, &[("id", self.id)])?;
        let mut walk = PageWalk::new(MOST_ADDRESS_PAGES, dialect.guard(MAX_PAGE_SIZE));
        let mut all = Vec::new();
        loop {
            let page = |rows: AddressRows| rows.into_page(dialect, MAX_PAGE_SIZE, walk.cursor());
            let read = decode(check, |response| data(&response.body).map(page));
            let request = dialect.page_at(&first, walk.cursor());
            let page = self.run.client.send(&mut self.run.call, &request, read).await?.value;
            let step = walk.page(&page, AddressRecord::row_key);
            all.extend(page.items);
            match step {
                PageStep::More => {}
                PageStep::End => return Ok(all),
                // An address that cannot be seen would be added once more.
                PageStep::Loop(fault) => return Err(self.run.call.finish(fault.error(&LIST_ADDRESSES))),
                PageStep::TooManyPages => {
                    let hint = "the customer has more pages of addresses than are read";
                    return Err(self.run.call.fail(&LIST_ADDRESSES, ErrorKind::Unsupported, hint));
                }
            }
        }
    }

    async fn change(&mut self, ours: usize, address_id: &str) -> Result<Option<AddressRecord>, Error> {
        self.write(Name::UpdateAddress(ours), &[("id", self.id), ("address_id", address_id)]).await
    }

    async fn add(&mut self, ours: usize) -> Result<Option<AddressRecord>, Error> {
        self.write(Name::AddAddress(ours), &[("id", self.id)]).await
    }

    async fn set_default(&mut self, address_id: &str) -> Result<(), Error> {
        self.write(Name::SetDefaultAddress, &[("id", self.id), ("address_id", address_id)]).await.map(drop)
    }

    fn default_origin(&self) -> Origin {
        (&SET_DEFAULT_ADDRESS).into()
    }

    fn ledger(&mut self) -> &mut dyn Ledger {
        &mut self.run.call
    }
}
