//! The client: options and the native calls.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method};
use secrecy::{ExposeSecret, SecretString};

use super::PROVIDER;
use super::answer::{is_nobody, judge, judge_fetch};
use super::map::ProgramConsent;
use super::read::{self, Answer, CustomerQuery, CustomerRow};
use super::wire::{CustomerRecord, OptedIn};
use crate::client::options::{ClientOptions, bare_headers, client_options, credential_value, fixed_url, json_headers};
use crate::client::{AccountContext, Call, Limit, Operation, Outgoing};
use crate::customer::email;
use crate::error::{Effect, Error, ErrorKind, FieldError};
use crate::plan::outcome::{Outcome, Upserted};
use crate::plan::{Step, StepCondition, Url};

/// Where the vendor's API stands (documented).
pub const DEFAULT_BASE_URL: &str = "https://loyalty.yotpo.com/api/v2/";

/// What the vendor takes for one account: an older page says 5 requests a second and a newer one 10 (both documented).
/// The lower holds until somebody sets another.
pub const DEFAULT_LIMIT: Limit = Limit::Window { max: 5, per: Duration::from_secs(1) };

/// After how long others look for a customer whom they sent (seen).
const VISIBLE_AFTER: Duration = Duration::from_secs(60);

/// A repeat with the same record changes nothing more (inferred from "create or update").
pub(super) static UPSERT: Operation = Operation::bare_idempotent_write("upsert_loyalty_customer");
pub(super) static FETCH: Operation = Operation::bare_read("fetch_loyalty_customer");

/// Options of a [`Loyalty`] client.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    guid: SecretString,
    api_key: SecretString,
    consent: ProgramConsent,
    options: ClientOptions,
}

impl Builder {
    client_options!();

    /// What says whether a person is a member of the programme. Default: nothing that a record holds.
    pub fn program_consent(mut self, consent: ProgramConsent) -> Self {
        self.consent = consent;
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the option: a GUID or key that is empty or that no header can hold, a base URL that
    /// would send in clear.
    pub fn build(self) -> Result<Loyalty, Error> {
        let guid = credential_value(PROVIDER, &self.guid)?;
        let with_guid = |mut headers: HeaderMap| {
            headers.insert(HeaderName::from_static("x-guid"), guid.clone());
            Arc::new(headers)
        };
        let key = Some(("x-api-key", &self.api_key));
        let json = with_guid(json_headers(PROVIDER, "application/json", key)?);
        let bare = with_guid(bare_headers(PROVIDER, key)?);
        let account_of = [self.guid.expose_secret()];
        let (base, mut account) = self.options.open(PROVIDER, DEFAULT_BASE_URL, &account_of, DEFAULT_LIMIT)?;
        account.reset_header = Some("ratelimit-reset");
        let customers = fixed_url(PROVIDER, &base, "customers")?;
        Ok(Loyalty(Arc::new(Inner { consent: self.consent, customers, json, bare, account })))
    }
}

struct Inner {
    consent: ProgramConsent,
    customers: Arc<url::Url>,
    json: Arc<HeaderMap>,
    bare: Arc<HeaderMap>,
    account: AccountContext,
}

/// A client of Yotpo's Loyalty API for one account. Cheap to clone.
#[derive(Clone)]
pub struct Loyalty(Arc<Inner>);

/// Shows neither credential.
impl fmt::Debug for Loyalty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loyalty")
            .field("base_url", &self.0.customers.origin().ascii_serialization())
            .finish_non_exhaustive()
    }
}

impl Loyalty {
    /// A client for the account of this GUID and API key. They are not those of Core.
    pub fn builder(guid: impl Into<SecretString>, api_key: impl Into<SecretString>) -> Builder {
        Builder {
            guid: guid.into(),
            api_key: api_key.into(),
            consent: ProgramConsent::default(),
            options: ClientOptions::default(),
        }
    }

    /// Creates a customer, or changes what the record holds of the one who is there. A success means that the vendor
    /// took the record; others look for it after a minute (seen).
    ///
    /// The record is sent as it is: without [`opted_in`](CustomerRecord#structfield.opted_in) the account's setting
    /// decides whether a new person is a member.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] before sending where the e-mail address is empty; else as
    /// [`CustomerSink::upsert_with`](crate::CustomerSink::upsert_with).
    pub async fn upsert_customer(&self, record: &CustomerRecord<'_>) -> Result<Upserted, Error> {
        if record.email.trim().is_empty() {
            let problem = FieldError::new("email", "is empty, and is required");
            return Err(Error::invalid_record(vec![problem]).with_provider(PROVIDER).with_operation(UPSERT.name));
        }
        let mut call = self.0.account.call();
        self.send(&mut call, &self.upsert_step(record, StepCondition::Always)?).await
    }

    /// Reads one customer; none where there is none. A 404 is read as "nobody" (seen), which one of a wrong base URL is
    /// too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] before sending where it is asked for nothing; [`ErrorKind::Decode`] where the answer
    /// is no customer; else what the vendor or the network says.
    pub async fn customer(&self, query: &CustomerQuery<'_>) -> Result<Option<CustomerRow>, Error> {
        self.fetch(&mut self.0.account.call(), query).await
    }

    pub(super) fn consent(&self) -> ProgramConsent {
        self.0.consent
    }

    pub(super) fn call(&self) -> Call<'_> {
        self.0.account.call()
    }

    /// Roughly how long a request would wait now for the account's quota.
    pub(super) fn wait_for_quota(&self) -> std::time::Duration {
        self.0.account.quota_wait()
    }

    pub(super) async fn fetch(
        &self,
        call: &mut Call<'_>,
        query: &CustomerQuery<'_>,
    ) -> Result<Option<CustomerRow>, Error> {
        let url = query.url(self.0.customers.as_str()).map_err(|error| error.with_operation(FETCH.name))?;
        let out = Outgoing {
            operation: &FETCH,
            method: &Method::GET,
            url: &Url::from(url),
            headers: &self.0.bare,
            body: None,
        };
        let reads = |body: &[u8]| !matches!(read::answer(body), Answer::Unreadable);
        let response = match call.send(out, |response| judge_fetch(response, reads)).await {
            Ok(response) => response,
            Err(error) if is_nobody(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        match read::answer(&response.body) {
            Answer::Customer(row) => Ok(Some(*row)),
            Answer::Nobody => Ok(None),
            Answer::Unreadable => {
                let error = call.error(&FETCH, ErrorKind::Decode, Effect::NotSent);
                let error = error.with_status(response.status.as_u16()).with_request_id(call.request_id.clone());
                Err(call.finish(error))
            }
        }
    }

    /// The steps of an upsert, as plans show them: where the membership is not known, those that look it up come first.
    pub(super) fn steps(&self, record: &CustomerRecord<'_>) -> Result<Vec<Step>, Error> {
        if record.opted_in != OptedIn::AS_HELD {
            return Ok(vec![self.upsert_step(record, StepCondition::Always)?]);
        }
        let mut steps = Vec::with_capacity(4);
        for query in look_ups(record) {
            let when = if steps.is_empty() { StepCondition::Always } else { StepCondition::IfNotFound };
            steps.push(Step {
                when,
                operation: FETCH.name,
                method: Method::GET,
                url: query.url(self.0.customers.as_str())?.into(),
                headers: Arc::clone(&self.0.bare),
                body: None,
            });
        }
        steps.push(self.upsert_step(record, StepCondition::IfFound)?);
        let mut new = record.clone();
        new.opted_in = OptedIn::NO;
        steps.push(self.upsert_step(&new, StepCondition::IfNotFound)?);
        Ok(steps)
    }

    /// Settles the membership, where it is that which the vendor holds: what it shows of this very person, else a no.
    ///
    /// A row that is not what was asked for says nothing. One that has the address under another id is somebody else's, or
    /// the same person's under an id of before: nobody can say which, and nothing is written.
    pub(super) async fn settle(&self, call: &mut Call<'_>, record: &mut CustomerRecord<'_>) -> Result<(), Error> {
        if record.opted_in != OptedIn::AS_HELD {
            return Ok(());
        }
        let mut found = None;
        for query in look_ups(record) {
            let row = self.fetch(call, &query).await?;
            let same_email = |row: &CustomerRow| {
                row.email.as_deref().is_some_and(|held| email::comparable(held) == email::comparable(&record.email))
            };
            found = match (row, record.id.as_deref()) {
                (Some(row), Some(id)) if row.id() == Some(id) => Some(row),
                (Some(row), Some(id)) if same_email(&row) => match row.id() {
                    None => Some(row),
                    Some(other) => {
                        let ids = vec![id.to_owned(), other.to_owned()];
                        let error = call.error(&FETCH, ErrorKind::Conflict, Effect::NotSent);
                        let hint = "the e-mail address belongs to a loyalty customer with another id";
                        return Err(call.finish(error.with_conflicting_ids(ids).with_hint(hint)));
                    }
                },
                (Some(row), None) if same_email(&row) => Some(row),
                _ => None,
            };
            if found.is_some() {
                break;
            }
        }
        record.opted_in = OptedIn::of(found.and_then(|row| row.opt_in).unwrap_or(false));
        Ok(())
    }

    pub(super) fn upsert_step(&self, record: &CustomerRecord<'_>, when: StepCondition) -> Result<Step, Error> {
        let mut buffer = Vec::with_capacity(384);
        serde_json::to_writer(&mut buffer, record).map_err(|error| {
            Error::new(ErrorKind::Other, Effect::NotSent).with_provider(PROVIDER).with_source(error)
        })?;
        Ok(Step {
            when,
            operation: UPSERT.name,
            method: Method::POST,
            url: Url::from(&self.0.customers),
            headers: Arc::clone(&self.0.json),
            body: Some(Bytes::from(buffer)),
        })
    }

    pub(super) async fn send(&self, call: &mut Call<'_>, step: &Step) -> Result<Upserted, Error> {
        call.send(Outgoing::of(&UPSERT, step), judge).await?;
        let mut done = Upserted::new(PROVIDER, Outcome::Accepted);
        done.attempts = call.attempts;
        done.request_id.clone_from(&call.request_id);
        done.visible_after = Some(VISIBLE_AFTER);
        Ok(done)
    }
}

/// Where the person of a record may be found: by their id, and by their address, which may be new to the id.
fn look_ups<'r>(record: &'r CustomerRecord<'_>) -> Vec<CustomerQuery<'r>> {
    let by_id = record.id.as_deref().map(CustomerQuery::id);
    by_id.into_iter().chain([CustomerQuery::email(&*record.email)]).collect()
}
