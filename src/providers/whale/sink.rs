//! The sink: what an upsert does, request by request.

use std::time::Duration;

use async_trait::async_trait;

use super::answer::{judge, says_missing};
use super::client::{CREATE, GET, LIST, Whale, unreadable};
use super::diff;
use super::disposition::{Disposition, Evidence};
use super::echo::not_taken;
use super::map::{Wanted, map};
use super::matrix::{MATRIX, MATRIX_WITH_BIRTHDAY, MATRIX_WITH_CONSENT, MATRIX_WITH_CONSENT_AND_BIRTHDAY};
use super::normalize::found;
use super::record::CustomerRecord;
use super::removal::{ErasureInput, Typed};
use super::wire::CustomerInput;
use super::words::{CustomerId, RemovalKind};
use super::{CreateOutcome, ListQuery, PROVIDER};
use crate::client::trace::upsert_span;
use crate::client::{Call, Operation, Outgoing};
use crate::customer::email::comparable;
use crate::customer::{Customer, Email, Field, FieldPath};
use crate::error::{Effect, Error, ErrorKind, FieldError};
use crate::plan::Plan;
use crate::plan::mapper::{Mapper, email_rule};
use crate::plan::matrix::FieldMatrix;
use crate::plan::note::{Note, NoteAction, NoteReason};
use crate::plan::outcome::{Outcome, Upserted};
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, ErasureStatus, FoundCustomer, Identity, UpsertOptions};

/// What the vendor promises for an erasure, backups included (documented).
const ERASURE: Duration = Duration::from_secs(30 * 86_400);

/// A record, mapped.
struct Mapped<'c> {
    wanted: Wanted<'c>,
    sent: Vec<FieldPath>,
    notes: Vec<Note>,
}

impl Whale {
    fn matrix(&self) -> &'static FieldMatrix {
        match (self.0.wire.send_consent, self.0.wire.send_birthday) {
            (false, false) => &MATRIX,
            (true, false) => &MATRIX_WITH_CONSENT,
            (false, true) => &MATRIX_WITH_BIRTHDAY,
            (true, true) => &MATRIX_WITH_CONSENT_AND_BIRTHDAY,
        }
    }

    fn mapped<'c>(&self, customer: &'c Customer, options: &UpsertOptions) -> Result<Mapped<'c>, Error> {
        let mut mapper = Mapper::new(customer, self.matrix());
        let wanted = map(&mut mapper, &self.0.wire);
        let (sent, notes) = mapper.finish(options)?;
        Ok(Mapped { wanted, sent, notes })
    }

    async fn upsert_mapped(&self, mapped: Mapped<'_>) -> Result<Upserted, Error> {
        let Mapped { wanted, mut notes, .. } = mapped;
        let create = self.create_step(&wanted.create)?;
        let mut call = self.0.account.call();
        let mut made = match call.send(Outgoing::of(&CREATE, &create), judge).await {
            Ok(response) => self.outcome_of(&call, &response, &wanted.create),
            Err(refused) => self.named_by(&mut call, refused, wanted.email()).await?,
        };
        // Whether somebody was there, and what they lack, stands in the answer alone. Where it cannot be read, the create
        // is sent once more: it makes no second customer, and else an update could be lost in silence.
        let unread = made.customer.is_none() && !made.evidence.contains(&Evidence::Refused);
        if unread {
            let again = call.send(Outgoing::of(&CREATE, &create), judge).await?;
            made = self.outcome_of(&call, &again, &wanted.create);
        }
        let CreateOutcome { customer: echo, disposition, evidence } = made;
        let done = |call: &Call<'_>, outcome, id, notes| Upserted {
            remote_id: id,
            notes,
            attempts: call.attempts,
            request_id: call.request_id.clone(),
            ..Upserted::new(PROVIDER, outcome)
        };
        // The vendor said yes, and nobody can tell to whom: nothing more can be done for them here.
        let Some(echo) = echo else { return Ok(done(&call, Outcome::Accepted, None, notes)) };
        let id = echo.id.clone().map(CustomerId::into_string).unwrap_or_default();
        let person = who(&echo, wanted.email());
        // Somebody else came back: they were there before, unless the vendor claims that it made them.
        let claims_new = evidence.contains(&Evidence::StatusCreated) || evidence.contains(&Evidence::SaysCreated);
        match disposition {
            _ if evidence.contains(&Evidence::Refused) => {}
            Disposition::Created if person != Who::Another => {}
            Disposition::Existing if !unread => call.mark_not_applied(),
            _ if person == Who::Another && !claims_new && !unread => call.mark_not_applied(),
            _ => call.mark_effect_unknown(),
        }
        if person == Who::Another {
            return Err(conflict(&call, &CREATE, id));
        }
        if disposition == Disposition::Created {
            return Ok(done(&call, Outcome::Created, Some(id.into()), notes));
        }
        let all = wanted.update();
        let held = if evidence.contains(&Evidence::Refused) {
            Held { record: echo, who: person, whole: true }
        } else {
            self.held(&mut call, echo, person, wanted.email(), &all).await?
        };
        if held.who == Who::Another || held.who == Who::NotTold {
            return Err(conflict(&call, &GET, id));
        }
        let missing_means_empty = self.0.wire.missing_means_empty;
        let known = diff::Held { record: &held.record, whole: held.whole, missing_means_empty };
        let update = diff::update(&all, &wanted, &known, self.0.tags);
        note_left_out(&mut notes, &wanted, &update);
        let outcome = if !update.input.is_empty() {
            let answer = self.patch(&mut call, &id, &update.input).await?;
            if let Some(answer) = answer.filter(|answer| who(answer, wanted.email()) != Who::Another) {
                notes.extend(not_taken(&update.input, &answer, wanted.clears(Field::Custom)));
            }
            Outcome::Updated
        } else if unread || (call.had_unknown_attempt() && disposition == Disposition::Unknown) {
            // An attempt whose answer got lost may have made the record; that it is there as wanted is certain.
            Outcome::Accepted
        } else {
            Outcome::Unchanged
        };
        Ok(done(&call, outcome, Some(id.into()), notes))
    }

    /// A refusal of the create that names the customer who is there (seen in the vendor's other code) is as good as the
    /// documented answer, if they are the one who is meant.
    async fn named_by(&self, call: &mut Call<'_>, refused: Error, email: &str) -> Result<CreateOutcome, Error> {
        let id = match refused.conflicting_ids() {
            [id] if refused.kind() == ErrorKind::Conflict => id.clone(),
            _ => return Err(refused),
        };
        match self.read_customer(call, id.as_str()).await {
            Ok(Some(record)) if record.id.is_some() && who(&record, email) == Who::TheSame => {
                let lost = call.had_unknown_attempt();
                let disposition = if lost { Disposition::Unknown } else { Disposition::Existing };
                Ok(CreateOutcome { customer: Some(record), disposition, evidence: vec![Evidence::Refused] })
            }
            // Another time the reading may succeed.
            Err(error) if error.is_retryable() => Err(error),
            _ => Err(call.finish(refused)),
        }
    }

    /// What the vendor holds, read anew where the echo of the create does not show enough. A key that may not read is
    /// no failure, as long as it is certain who the customer is.
    async fn held(
        &self,
        call: &mut Call<'_>,
        echo: CustomerRecord,
        person: Who,
        email: &str,
        all: &CustomerInput<'_>,
    ) -> Result<Held, Error> {
        if person == Who::TheSame && diff::shows_enough(all, &echo) {
            return Ok(Held { record: echo, who: person, whole: true });
        }
        let id = echo.id.clone().map(CustomerId::into_string).unwrap_or_default();
        match self.read_customer(call, id.as_str()).await {
            Ok(Some(record)) => {
                let who = match who(&record, email) {
                    Who::NotTold => person,
                    told => told,
                };
                Ok(Held { record, who, whole: true })
            }
            Ok(None) => Ok(Held { record: echo, who: person, whole: false }),
            Err(error) if error.status() == Some(403) && person == Who::TheSame => {
                Ok(Held { record: echo, who: person, whole: false })
            }
            Err(error) => Err(error),
        }
    }
}

/// Whom the vendor returned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    TheSame,
    Another,
    /// The answer has no e-mail address.
    NotTold,
}

/// What an update is compared with.
struct Held {
    record: CustomerRecord,
    who: Who,
    /// What the record does not show is not there.
    whole: bool,
}

fn who(record: &CustomerRecord, email: &str) -> Who {
    match record.email.as_deref() {
        Some(held) if comparable(held) == comparable(email) => Who::TheSame,
        Some(_) => Who::Another,
        None => Who::NotTold,
    }
}

/// The vendor returned somebody else, presumably by the phone number: nothing is written to them.
fn conflict(call: &Call<'_>, operation: &Operation, id: String) -> Error {
    let error = call.error(operation, ErrorKind::Conflict, Effect::Rejected).with_conflicting_ids(vec![id]);
    let error = error.with_request_id(call.request_id.clone());
    call.finish(error.with_hint(
        "the vendor returned a customer with another e-mail address or none, presumably one with the same phone number",
    ))
}

fn note_left_out(notes: &mut Vec<Note>, wanted: &Wanted<'_>, update: &diff::Update<'_>) {
    let mut drop =
        |path: FieldPath, detail| notes.push(Note::new(path, NoteAction::Dropped, NoteReason::Incomplete, detail));
    if update.tags_left_out {
        drop(Field::Tags.into(), "the vendor's tags could not be read, and an update would remove them");
    }
    if update.metadata_left_out {
        let detail = "the vendor's metadata could not be read, and an update could remove other keys of it";
        let keys = wanted.create.metadata.value().map(|metadata| metadata.0.as_slice()).unwrap_or_default();
        let has_id = keys.iter().any(|(key, _)| key == super::map::EXTERNAL_ID_KEY);
        if wanted.clears(Field::Custom) {
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

fn usable(email: &Email) -> Result<&str, Error> {
    email.usable().map_err(|problem| {
        let problem = FieldError::new(Field::Email.as_str(), email_rule(problem));
        Error::invalid_record(vec![problem]).with_provider(PROVIDER)
    })
}

/// Pages read at most in one search. A search that goes on longer is one that the vendor ignores.
const MOST_PAGES: usize = 50;

impl Whale {
    /// The ids of everybody whose e-mail address is exactly this one. The vendor's search is no filter, so that every
    /// page is read.
    async fn ids_by_email(&self, call: &mut Call<'_>, email: &str) -> Result<Vec<String>, Error> {
        let query = ListQuery::search(email.trim()).limit(self.0.wire.search_page_size);
        let wanted = comparable(email);
        let mut ids: Vec<String> = Vec::new();
        let mut nameless = false;
        let keep = |row: CustomerRecord| {
            if row.email.is_none_or(|email| comparable(&email) != wanted) {
                return;
            }
            match row.id.map(CustomerId::into_string) {
                Some(id) if ids.contains(&id) => {}
                Some(id) => ids.push(id),
                None => nameless = true,
            }
        };
        self.list(&query).all(call, MOST_PAGES, keep).await?;
        // Somebody is there, and cannot be named.
        if nameless && ids.is_empty() { Err(unreadable(call, &LIST)) } else { Ok(ids) }
    }

    /// The id of the person, by a call that reads only. None: there is nobody.
    async fn id_of(
        &self,
        call: &mut Call<'_>,
        who: &Identity,
        operation: &'static str,
    ) -> Result<Option<String>, Error> {
        match who {
            Identity::RemoteId(id) => Ok(Some(id.as_str().to_owned())),
            Identity::Email(email) => {
                let mut ids = self.ids_by_email(call, usable(email)?).await?;
                if ids.len() > 1 {
                    let error = Error::new(ErrorKind::Conflict, Effect::NotSent).with_provider(PROVIDER);
                    let error = error.with_operation(operation).with_conflicting_ids(ids);
                    return Err(call.finish(error));
                }
                Ok(ids.pop())
            }
            Identity::ExternalId(_) => {
                let hint = "the vendor has no search by metadata, where the external id stands";
                Err(Error::unsupported(PROVIDER, operation, hint))
            }
            Identity::Phone(_) => {
                let hint = "the vendor's search is by text, which tells no phone number for certain";
                Err(Error::unsupported(PROVIDER, operation, hint))
            }
        }
    }

    /// The customer of an id, or none where the vendor says that there is none. A list may be older than the record: one
    /// who now has another e-mail address than the one that was searched for is a conflict.
    async fn read_known(
        &self,
        call: &mut Call<'_>,
        id: &str,
        asked: &Identity,
    ) -> Result<Option<CustomerRecord>, Error> {
        match self.read_customer(call, id).await {
            Ok(Some(record)) if matches!(asked, Identity::Email(email) if who(&record, email.as_str()) == Who::Another) =>
            {
                let error = call.error(&GET, ErrorKind::Conflict, Effect::NotSent);
                let error = error.with_conflicting_ids(vec![id.to_owned()]);
                Err(call
                    .finish(error.with_hint("the customer whom the search found has another e-mail address by now")))
            }
            Ok(Some(record)) => Ok(Some(record)),
            Ok(None) => Err(unreadable(call, &GET)),
            Err(error) if says_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl CustomerSink for Whale {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(self.matrix()).tells_created().can_find().can_erase().can_check()
    }

    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
        let Mapped { wanted, sent, notes } = self.mapped(customer, options)?;
        let mut steps = vec![self.create_step(&wanted.create)?];
        let update = wanted.update();
        // Beside the identity there may be nothing that could differ.
        if !update.is_empty() {
            steps.extend(self.later_steps(&update)?);
        }
        Ok(Plan { provider: PROVIDER, steps, sent, notes })
    }

    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async { self.upsert_mapped(self.mapped(customer, options)?).await }).await
    }

    /// By the vendor's id or by e-mail address. The vendor documents no reading by external id.
    async fn find(&self, who: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let mut call = self.0.account.call();
        let Some(id) = self.id_of(&mut call, who, "find").await? else { return Ok(None) };
        // Rows of a list show neither address nor metadata.
        Ok(self.read_known(&mut call, &id, who).await?.map(found))
    }

    /// By the vendor's id or by e-mail address, with a removal request: the vendor promises 30 days (documented). Whether
    /// it then tells the person is unknown; [`Whale::request_erasure`] takes a word on it.
    async fn erase(&self, who: &Identity) -> Result<ErasureStatus, Error> {
        let mut call = self.0.account.call();
        let Some(id) = self.id_of(&mut call, who, "erase").await? else { return Ok(ErasureStatus::NotFound) };
        // Read first: only so does a 404 of the request mean that it could not be made.
        if self.read_known(&mut call, &id, who).await?.is_none() {
            return Ok(ErasureStatus::NotFound);
        }
        let input = &ErasureInput::default();
        self.removal(&mut call, &id, &Typed { kind: RemovalKind::Erasure, input }).await?;
        Ok(ErasureStatus::Accepted { within: Some(ERASURE) })
    }

    /// Reads one row of customers. That the key may write is not checked.
    async fn check(&self) -> Result<(), Error> {
        let query = ListQuery { limit: Some(1), ..ListQuery::default() };
        self.list(&query).fetch(&mut self.0.account.call(), None).await.map(drop)
    }

    fn quota_wait(&self) -> std::time::Duration {
        self.0.account.quota_wait()
    }
}
