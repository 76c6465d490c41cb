//! One upsert: the steps that it may send, and the run along them.

mod create_outcome;
mod update_check;

pub use create_outcome::CreateOutcome;
pub(super) use create_outcome::{Circumstances, CreateAnswer};

use update_check::fields_not_applied;

use super::PROVIDER;
use super::client::Whale;
use super::diff::{self, Held};
use super::error::check;
use super::matrix::matrix;
use super::operations::{CREATE_CUSTOMER, GET_CUSTOMER, UPDATE_CUSTOMER};
use super::request::{CustomerId, EXTERNAL_ID_KEY};
use super::response::{CustomerRecord, read_customer};
use super::to_vendor::{Wanted, wanted};
use crate::client::api::ApiClient;
use crate::client::identify::same_email;
use crate::client::options::json_body;
use crate::client::response::{decode, decode_lossy};
use crate::client::steps::{Steps, Walk};
use crate::client::{Call, Operation, Request};
use crate::customer::{Customer, Field, FieldPath};
use crate::error::{Error, ErrorKind};
use crate::plan::StepCondition;
use crate::plan::mapper::Mapper;
use crate::plan::note::{Note, NoteAction, NoteReason};
use crate::plan::outcome::{Outcome, Upserted};
use crate::sink::{RemoteId, UpsertOptions};

/// A record, mapped.
pub(super) struct Prepared<'c> {
    client: &'c Whale,
    wanted: Wanted<'c>,
}

/// The steps of an upsert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Create,
    Read,
    Update,
}

impl Steps for Prepared<'_> {
    type Name = Name;

    fn list(&self) -> Vec<(StepCondition, Name)> {
        let mut steps = vec![(StepCondition::Always, Name::Create), (StepCondition::IfFound, Name::Read)];
        // Beside the identity there may be nothing that could differ.
        if !self.wanted.update().is_empty() {
            steps.push((StepCondition::IfDiffers, Name::Update));
        }
        steps
    }

    fn render(&self, name: Name) -> Result<Request, Error> {
        let urls = &self.client.0.urls;
        match name {
            Name::Create => self.client.json(&CREATE_CUSTOMER, &urls.customers, &self.wanted.create),
            Name::Read => Ok(self.client.bare(&GET_CUSTOMER, &urls.customer)),
            Name::Update => self.client.json(&UPDATE_CUSTOMER, &urls.customer, &self.wanted.update()),
        }
    }
}

impl Whale {
    /// Maps a record: its steps, the fields that they send, and the notes on the others.
    pub(super) fn prepare<'c>(
        &'c self,
        customer: &'c Customer,
        options: &UpsertOptions,
    ) -> Result<(Prepared<'c>, Vec<FieldPath>, Vec<Note>), Error> {
        let settings = &self.0.settings;
        let mut mapper = Mapper::new(customer, matrix(settings.send_consent, settings.send_birthday));
        let wanted = wanted(&mut mapper, settings);
        let (sent, notes) = mapper.finish(options)?;
        Ok((Prepared { client: self, wanted }, sent, notes))
    }

    /// Creates the customer, or brings the one who is there up to date.
    pub(super) async fn run_upsert(&self, prepared: &Prepared<'_>, notes: Vec<Note>) -> Result<Upserted, Error> {
        let call = self.0.account.call();
        let mut run = Run { client: self, wanted: &prepared.wanted, walk: Walk::of(prepared), call, notes };
        // The vendor said yes and does not show the customer: nothing more can be compared or written.
        let Some(returned) = run.create().await? else { return Ok(run.done(Outcome::Accepted, None)) };
        run.settle(&returned)?;
        if returned.is_new == Some(true) {
            return Ok(run.done(Outcome::Created, Some(returned.id)));
        }
        let held = run.read(returned).await?;
        let outcome = run.update(&held).await?;
        Ok(run.done(outcome, Some(held.id)))
    }
}

/// The customer that the vendor returned.
struct Returned {
    id: String,
    record: CustomerRecord,
    person: Person,
    /// None: neither is certain.
    is_new: Option<bool>,
    /// An earlier attempt of the call may have created the record.
    is_repeat: bool,
    /// What the record does not show is not there.
    is_whole: bool,
}

/// The person that a record is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Person {
    Same,
    Another,
    /// The record has no e-mail address.
    NotShown,
}

impl Person {
    fn of(record: &CustomerRecord, email: &str) -> Self {
        match record.email.as_deref() {
            Some(held) if same_email(Some(held), email) => Self::Same,
            Some(_) => Self::Another,
            None => Self::NotShown,
        }
    }
}

/// One run along the steps.
struct Run<'r, 'c> {
    client: &'r Whale,
    wanted: &'r Wanted<'c>,
    walk: Walk<'r, Prepared<'c>>,
    call: Call<'r>,
    notes: Vec<Note>,
}

impl Run<'_, '_> {
    /// Sends the create. None: the vendor accepted it, and its answer does not show the customer.
    async fn create(&mut self) -> Result<Option<Returned>, Error> {
        let request = self.walk.step(Name::Create, &[])?;
        let read = decode_lossy(check, CreateAnswer::read);
        let mut answer = match self.client.send(&mut self.call, &request, &read).await {
            Ok(answer) => answer.value,
            Err(refusal) => return self.read_named(refusal).await.map(Some),
        };
        let is_unread = answer.record.is_none();
        // The answer alone shows whether the customer is new, and what an existing one lacks. Where it cannot be read,
        // the create is sent once more: it makes no second customer, and an update could be lost without it.
        if is_unread {
            answer = self.client.send(&mut self.call, &request, &read).await?.value;
        }
        let is_repeat = is_unread || self.call.had_unknown_attempt();
        let mut is_new = self.is_new(&answer, is_repeat);
        let claims_new = answer.claims_new();
        let Some(record) = answer.record else { return Ok(None) };
        let person = Person::of(&record, self.wanted.email());
        if person == Person::Another {
            // Another person was there before, unless the vendor claims that it created them.
            is_new = is_new.filter(|is_new| !is_new).or((!claims_new && !is_unread).then_some(false));
        }
        Ok(Some(Returned { id: id_of(&record), record, person, is_new, is_repeat, is_whole: false }))
    }

    /// Reads the customer that a refusal of the create names (seen in the vendor's other code). If they are the one who is
    /// meant, the refusal is as good as the documented answer.
    async fn read_named(&mut self, refusal: Error) -> Result<Returned, Error> {
        let id = match refusal.conflicting_ids() {
            [id] if refusal.kind() == ErrorKind::Conflict => id.as_str().to_owned(),
            _ => return Err(refusal),
        };
        let request = match self.walk.step(Name::Read, &[("id", &id)]) {
            Ok(request) => request,
            Err(_) => return Err(self.call.finish(refusal)),
        };
        let read = decode(check, |response| CreateAnswer::read(response).filter(|answer| answer.record.is_some()));
        let answer = match self.client.send(&mut self.call, &request, read).await {
            Ok(answer) => answer.value,
            // Another time the reading may succeed.
            Err(error) if error.is_retryable() => return Err(error),
            Err(_) => return Err(self.call.finish(refusal)),
        };
        let is_repeat = self.call.had_unknown_attempt();
        let is_new = if is_repeat { self.is_new(&answer, true) } else { Some(false) };
        match answer.record {
            Some(record) if Person::of(&record, self.wanted.email()) == Person::Same => {
                let person = Person::Same;
                Ok(Returned { id: id_of(&record), record, person, is_new, is_repeat, is_whole: true })
            }
            _ => Err(self.call.finish(refusal)),
        }
    }

    fn is_new(&self, answer: &CreateAnswer, is_repeat: bool) -> Option<bool> {
        let created_at = answer.record.as_ref().and_then(|record| record.created_at);
        let created_since_start = created_at.is_some_and(|at| self.call.created_since_start(at.to_utc()));
        let trusts_status = self.client.0.settings.assumptions.trust_created_status;
        answer.is_new(&self.wanted.create, Circumstances { is_repeat, created_since_start, trusts_status })
    }

    /// Settles what the create has changed at the vendor. Another person is a conflict: nothing is written to them.
    fn settle(&mut self, returned: &Returned) -> Result<(), Error> {
        match returned.is_new {
            Some(true) => self.call.resolve_uncertainty(true),
            Some(false) => {
                self.call.mark_not_applied();
                self.call.resolve_uncertainty(false);
            }
            None => self.call.mark_effect_unknown(),
        }
        if returned.person == Person::Another { Err(self.conflict(&CREATE_CUSTOMER, &returned.id)) } else { Ok(()) }
    }

    /// Reads the customer where the answer to the create does not show all that an update has to be compared with. A key
    /// that may not read is no failure, as long as the answer shows that the customer is the one who is meant.
    async fn read(&mut self, mut returned: Returned) -> Result<Returned, Error> {
        let is_same = returned.person == Person::Same;
        returned.is_whole |= is_same && diff::shows_enough(&self.wanted.update(), &returned.record);
        if returned.is_whole {
            return Ok(returned);
        }
        let request = self.walk.step(Name::Read, &[("id", &returned.id)]).map_err(|error| self.call.finish(error))?;
        match self.client.send(&mut self.call, &request, decode(check, read_customer)).await {
            Ok(answer) => {
                let shown = Person::of(&answer.value, self.wanted.email());
                if shown == Person::Another || (shown == Person::NotShown && !is_same) {
                    return Err(self.conflict(&GET_CUSTOMER, &returned.id));
                }
                Ok(Returned { record: answer.value, person: Person::Same, is_whole: true, ..returned })
            }
            Err(error) if error.status() == Some(403) && is_same => Ok(returned),
            Err(error) => Err(error),
        }
    }

    /// Writes what differs from what the vendor holds.
    async fn update(&mut self, held: &Returned) -> Result<Outcome, Error> {
        let (all, settings) = (self.wanted.update(), &self.client.0.settings);
        let missing_means_empty = settings.assumptions.missing_means_empty;
        let known = Held { record: &held.record, is_whole: held.is_whole, missing_means_empty };
        let update = diff::update(&all, self.wanted, &known, settings.tag_policy);
        self.note_left_out(&update);
        if update.input.is_empty() {
            // An attempt whose answer got lost may have created the record; that it is there as wanted is certain.
            let is_doubtful = held.is_repeat && held.is_new.is_none();
            return Ok(if is_doubtful { Outcome::Accepted } else { Outcome::Unchanged });
        }
        let step = self.walk.step(Name::Update, &[("id", &held.id)]);
        let mut request = step.map_err(|error| self.call.finish(error))?;
        request.body = Some(json_body(PROVIDER, &update.input).map_err(|error| self.call.finish(error))?);
        let read = decode_lossy(check, |response| Some(read_customer(response)));
        let answer = self.client.send(&mut self.call, &request, read).await?.value;
        if let Some(shown) = answer.filter(|shown| Person::of(shown, self.wanted.email()) != Person::Another) {
            self.notes.extend(fields_not_applied(&update.input, &shown, self.wanted.clears(Field::Custom)));
        }
        Ok(Outcome::Updated)
    }

    fn note_left_out(&mut self, update: &diff::Update<'_>) {
        let mut drop = |path: FieldPath, detail| {
            self.notes.push(Note::new(path, NoteAction::Dropped, NoteReason::Incomplete, detail));
        };
        if update.tags_left_out {
            drop(Field::Tags.into(), "the vendor's tags could not be read, and an update would remove them");
        }
        if update.metadata_left_out {
            let detail = "the vendor's metadata could not be read, and an update could remove other keys of it";
            let keys = self.wanted.create.metadata.value().map(|metadata| metadata.0.as_slice()).unwrap_or_default();
            let has_id = keys.iter().any(|(key, _)| key == EXTERNAL_ID_KEY);
            if self.wanted.clears(Field::Custom) {
                drop(FieldPath::Clear(Field::Custom), detail);
            }
            if has_id {
                drop(Field::ExternalId.into(), detail);
            }
            if keys.len() > usize::from(has_id) {
                drop(Field::Custom.into(), detail);
            }
        }
    }

    /// The vendor returned another person, presumably by the phone number.
    fn conflict(&self, operation: &'static Operation, id: &str) -> Error {
        const HINT: &str = "the vendor returned a customer with another e-mail address or none, presumably one with the \
                            same phone number";
        self.call.fail(operation, ErrorKind::Conflict, HINT).with_conflicting_ids(vec![RemoteId::from(id)])
    }

    fn done(self, outcome: Outcome, id: Option<String>) -> Upserted {
        Upserted {
            remote_id: id.map(RemoteId::from),
            notes: self.notes,
            attempts: self.call.attempts,
            request_id: self.call.request_id,
            ..Upserted::new(PROVIDER, outcome)
        }
    }
}

/// The id of a record that [`read_customer`] has read: it has one.
fn id_of(record: &CustomerRecord) -> String {
    record.id.clone().map(CustomerId::into_string).unwrap_or_default()
}
