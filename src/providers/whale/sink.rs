//! The sink: what an upsert does, request by request.

use std::time::Duration;

use async_trait::async_trait;

use super::answer::{judge, says_missing};
use super::client::{CREATE, GET, Whale, outcome_of};
use super::diff;
use super::disposition::{Disposition, Evidence};
use super::map::{Wanted, map};
use super::normalize::found;
use super::record::CustomerRecord;
use super::removal::{ErasureInput, Typed};
use super::wire::CustomerInput;
use super::words::{CustomerId, RemovalKind};
use super::{CreateOutcome, ListQuery, MATRIX, MATRIX_WITH_CONSENT, PROVIDER};
use crate::customer::email::comparable;
use crate::customer::{Customer, Email, Field, FieldPath};
use crate::error::{Effect, Error, ErrorKind, FieldError};
use crate::http::{Call, Operation, Outgoing};
use crate::mapper::{Mapper, email_rule};
use crate::matrix::FieldMatrix;
use crate::notes::{Action, Note, Reason};
use crate::outcome::{Outcome, Upserted};
use crate::plan::Plan;
use crate::provider::ProviderId;
use crate::sink::{Capabilities, CustomerSink, Erased, Found, Identity, UpsertOptions};
use crate::trace::upsert_span;

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
        if self.0.wire.send_consent { &MATRIX_WITH_CONSENT } else { &MATRIX }
    }

    fn mapped<'c>(&self, customer: &'c Customer, options: &UpsertOptions) -> Result<Mapped<'c>, Error> {
        let mut mapper = Mapper::new(customer, self.matrix());
        let wanted = map(&mut mapper, self.0.wire.send_consent);
        let (sent, notes) = mapper.finish(options)?;
        Ok(Mapped { wanted, sent, notes })
    }

    async fn upsert_mapped(&self, mapped: Mapped<'_>) -> Result<Upserted, Error> {
        let Mapped { wanted, mut notes, .. } = mapped;
        let create = self.create_step(&wanted.create)?;
        let mut call = self.0.account.call();
        let response = call.send(Outgoing::of(&CREATE, &create), judge).await?;
        let CreateOutcome { customer: echo, disposition, evidence } = outcome_of(&call, &response, &wanted.create);
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
            Disposition::Created if person != Who::Another => {}
            Disposition::Existing => call.nothing_written(),
            _ if person == Who::Another && !claims_new => call.nothing_written(),
            _ => call.perhaps_nothing_written(),
        }
        if person == Who::Another {
            return Err(conflict(&call, &CREATE, id));
        }
        if disposition == Disposition::Created {
            return Ok(done(&call, Outcome::Created, Some(id), notes));
        }
        let all = wanted.update();
        let held = self.held(&mut call, echo, person, wanted.email(), &all).await?;
        if held.who == Who::Another || held.who == Who::NotTold {
            return Err(conflict(&call, &GET, id));
        }
        let update = diff::update(&all, &wanted, &held.record, held.whole, self.0.tags);
        note_left_out(&mut notes, &wanted, &update);
        let outcome = if !update.input.is_empty() {
            self.patch(&mut call, &id, &update.input).await?;
            Outcome::Updated
        } else if call.was_doubted() && disposition == Disposition::Unknown {
            // A lost attempt may have made the record; that it is there as wanted is certain.
            Outcome::Accepted
        } else {
            Outcome::Unchanged
        };
        Ok(done(&call, outcome, Some(id), notes))
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
        match self.read_customer(call, &id).await {
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
        "the vendor returned a customer with another e-mail address, presumably one with the same phone number",
    ))
}

fn note_left_out(notes: &mut Vec<Note>, wanted: &Wanted<'_>, update: &diff::Update<'_>) {
    let mut drop = |path: FieldPath, detail| notes.push(Note::new(path, Action::Dropped, Reason::Incomplete, detail));
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

/// Rows asked for at once by a search. The range 1 to 100 is documented for sibling lists.
const PAGE: u8 = 100;

/// Pages read at most in one search. A search that goes on longer is one that the vendor ignores.
const MOST_PAGES: usize = 50;

impl Whale {
    /// The ids of everybody whose e-mail address is exactly this one. The vendor's search is no filter, so that every
    /// page is read.
    async fn ids_by_email(&self, call: &mut Call<'_>, email: &str) -> Result<Vec<String>, Error> {
        let query = ListQuery::search(email.trim()).limit(PAGE);
        let wanted = comparable(email);
        let mut ids: Vec<String> = Vec::new();
        let keep = |row: CustomerRecord| {
            if let (Some(id), Some(email)) = (row.id, row.email)
                && comparable(&email) == wanted
                && !ids.iter().any(|known| known == id.as_str())
            {
                ids.push(id.into_string());
            }
        };
        self.list(&query).all(call, MOST_PAGES, keep).await?;
        Ok(ids)
    }

    /// The id of the person, by a call that reads only. None: there is nobody.
    async fn id_of(
        &self,
        call: &mut Call<'_>,
        who: &Identity,
        operation: &'static str,
    ) -> Result<Option<String>, Error> {
        match who {
            Identity::RemoteId(id) => Ok(Some(id.0.clone())),
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

    /// The customer of an id, or none where the vendor says that there is none.
    async fn read_known(&self, call: &mut Call<'_>, id: &str) -> Result<Option<CustomerRecord>, Error> {
        match self.read_customer(call, id).await {
            Ok(Some(record)) => Ok(Some(record)),
            Ok(None) => Err(call.finish(call.error(&GET, ErrorKind::Decode, Effect::NotSent))),
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
    async fn find(&self, who: &Identity) -> Result<Option<Found>, Error> {
        let mut call = self.0.account.call();
        let Some(id) = self.id_of(&mut call, who, "find").await? else { return Ok(None) };
        // Rows of a list show neither address nor metadata.
        Ok(self.read_known(&mut call, &id).await?.map(found))
    }

    /// By the vendor's id or by e-mail address, with a removal request: the vendor promises 30 days (documented).
    async fn erase(&self, who: &Identity) -> Result<Erased, Error> {
        let mut call = self.0.account.call();
        let Some(id) = self.id_of(&mut call, who, "erase").await? else { return Ok(Erased::Nobody) };
        // Read first: only so does a 404 of the request mean that it could not be made.
        if self.read_known(&mut call, &id).await?.is_none() {
            return Ok(Erased::Nobody);
        }
        let input = &ErasureInput::default();
        self.removal(&mut call, &id, &Typed { kind: RemovalKind::Erasure, input }).await?;
        Ok(Erased::Promised(Some(ERASURE)))
    }

    async fn check(&self) -> Result<(), Error> {
        let query = ListQuery { limit: Some(1), ..ListQuery::default() };
        self.list(&query).fetch(&mut self.0.account.call(), None).await.map(drop)
    }

    fn quota_wait(&self) -> std::time::Duration {
        self.0.account.quota_wait()
    }
}
