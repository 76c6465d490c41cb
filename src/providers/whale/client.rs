//! The client: what its calls share, and the native calls on customers.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::answer::{customer, judge, says_missing};
use super::builder::TagPolicy;
use super::disposition::{CreateOutcome, Disposition, weigh};
use super::listing::Listing;
use super::query::Pairs;
use super::record::CustomerRecord;
use super::wire::CustomerInput;
use super::words::CustomerId;
use super::{ArrayStyle, Continuation, ListQuery, PROVIDER};
use crate::client::options::json_body;
use crate::client::{AccountContext, Call, HttpResponse, Operation, Outgoing, fill};
use crate::error::{Effect, Error, ErrorKind, FieldError};
use crate::plan::{Step, StepCondition, Url};

pub(super) static CREATE: Operation = Operation::bare_idempotent_write("create_customer");
/// Without an e-mail address nothing makes two of them one.
static CREATE_WITHOUT_EMAIL: Operation = Operation::bare_write("create_customer");
pub(super) static GET: Operation = Operation::bare_read("get_customer");
pub(super) static UPDATE: Operation = Operation::bare_idempotent_write("update_customer");
pub(super) static LIST: Operation = Operation::bare_read("list_customers");
static DELETE: Operation = Operation::bare_idempotent_write("delete_customer");

/// What is inferred on the wire.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) continuation: Continuation,
    pub(super) arrays: ArrayStyle,
    pub(super) search_key: String,
    pub(super) segment_key: String,
    pub(super) note_key: String,
    pub(super) send_consent: bool,
    pub(super) send_birthday: bool,
    pub(super) typed_metadata: bool,
    pub(super) lower_case_email: bool,
    pub(super) trust_created_status: bool,
    pub(super) missing_means_empty: bool,
    pub(super) search_page_size: u8,
}

impl Default for Wire {
    fn default() -> Self {
        Self {
            continuation: Continuation::default(),
            arrays: ArrayStyle::default(),
            search_key: "search".to_owned(),
            segment_key: "segment_id".to_owned(),
            note_key: "note".to_owned(),
            send_consent: false,
            send_birthday: false,
            typed_metadata: false,
            lower_case_email: false,
            trust_created_status: true,
            missing_means_empty: false,
            search_page_size: 100,
        }
    }
}

pub(super) struct Inner {
    pub(super) store_id: String,
    pub(super) tags: TagPolicy,
    pub(super) wire: Wire,
    pub(super) customers: Arc<url::Url>,
    /// The URL of one customer, with `{id}` in it.
    pub(super) customer: String,
    pub(super) segments: Arc<url::Url>,
    /// The URL of one segment, with `{id}` in it.
    pub(super) segment: String,
    pub(super) headers: Arc<HeaderMap>,
    pub(super) bare: Arc<HeaderMap>,
    pub(super) account: AccountContext,
}

/// A client of Whale's Customers API for one store. Cheap to clone.
#[derive(Clone)]
pub struct Whale(pub(super) Arc<Inner>);

impl fmt::Debug for Whale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Whale").field("store_id", &self.0.store_id).finish_non_exhaustive()
    }
}

impl Whale {
    /// `POST customers`: makes the customer, or returns the one who has this e-mail address (documented), unmodified
    /// (inferred). See [`CreateOutcome::customer`] for whom else the vendor may return.
    ///
    /// It is sent again after a lost answer: by the unique e-mail address, repeats converge. Without an e-mail address,
    /// which the vendor may take (seen), it is sent once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`], with nothing sent, where the e-mail address is blank or a field is to be cleared.
    pub async fn create(&self, input: &CustomerInput<'_>) -> Result<CreateOutcome, Error> {
        sendable(&CREATE, input.problems(true))?;
        let operation = if input.email.is_leave() { &CREATE_WITHOUT_EMAIL } else { &CREATE };
        let mut call = self.0.account.call();
        let step = self.create_step(input)?;
        let response = call.send(Outgoing::of(operation, &step), judge).await?;
        Ok(self.outcome_of(&call, &response, input))
    }

    /// `GET customers/{id}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown id; [`ErrorKind::Decode`] where the answer cannot be read.
    pub async fn get(&self, id: &CustomerId) -> Result<CustomerRecord, Error> {
        let mut call = self.0.account.call();
        match self.read_customer(&mut call, id.as_str()).await? {
            Some(record) => Ok(record),
            None => Err(unreadable(&call, &GET)),
        }
    }

    /// `PATCH customers/{id}`: writes what `input` does not leave alone. None: done, but the answer cannot be read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`], with nothing sent, where nothing is to be changed; [`ErrorKind::Conflict`] presumably
    /// where the e-mail address or phone is another customer's (inferred).
    pub async fn update(&self, id: &CustomerId, input: &CustomerInput<'_>) -> Result<Option<CustomerRecord>, Error> {
        sendable(&UPDATE, input.problems(false))?;
        let mut call = self.0.account.call();
        self.patch(&mut call, id.as_str(), input).await
    }

    /// `GET customers`: a search or a list, newest first (inferred). Page by page, or as a stream: see [`Listing`].
    pub fn list(&self, query: &ListQuery) -> Listing<CustomerRecord> {
        let mut url = self.0.customers.as_str().to_owned();
        let wire = &self.0.wire;
        query.write(&mut Pairs::of(&mut url, wire.arrays), &wire.search_key, &wire.segment_key);
        Listing::new(self, &LIST, url, query.start.clone())
    }

    /// `DELETE customers/{id}`: deletes the record, which is no erasure of the person's data (see
    /// [`request_erasure`](Self::request_erasure)).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown id, unless an attempt whose answer got lost may have deleted it.
    pub async fn delete(&self, id: &CustomerId) -> Result<(), Error> {
        self.remove(&DELETE, &self.0.customer, id.as_str()).await
    }

    pub(super) fn create_step(&self, input: &CustomerInput<'_>) -> Result<Step, Error> {
        Ok(self.step(&CREATE, Method::POST, Url::from(&self.0.customers), Some(body(input)?)))
    }

    /// What may follow the create, as a plan shows it.
    pub(super) fn later_steps(&self, update: &CustomerInput<'_>) -> Result<[Step; 2], Error> {
        let url = || Url::from(self.0.customer.clone());
        let get = self.step(&GET, Method::GET, url(), None);
        let patch = self.step(&UPDATE, Method::PATCH, url(), Some(body(update)?));
        Ok([Step { when: StepCondition::IfFound, ..get }, Step { when: StepCondition::IfDiffers, ..patch }])
    }

    /// A request to the URL of one object, or to one below it.
    pub(super) fn step_of(
        &self,
        operation: &'static Operation,
        method: Method,
        url: &str,
        id: &str,
        below: &str,
        body: Option<Bytes>,
    ) -> Result<Step, Error> {
        let filled = fill(url, &[("id", id)]);
        let url = filled.map_err(|error| error.with_provider(PROVIDER).with_operation(operation.name))?;
        Ok(self.step(operation, method, Url::from(url + below), body))
    }

    pub(super) fn step(&self, operation: &'static Operation, method: Method, url: Url, body: Option<Bytes>) -> Step {
        let headers = Arc::clone(if body.is_some() { &self.0.headers } else { &self.0.bare });
        Step { when: StepCondition::Always, operation: operation.name, method, url, headers, body }
    }

    /// Deletes an object. That it is gone after an attempt whose answer got lost is what was asked for.
    pub(super) async fn remove(&self, operation: &'static Operation, url: &str, id: &str) -> Result<(), Error> {
        let mut call = self.0.account.call();
        let step = self.step_of(operation, Method::DELETE, url, id, "", None)?;
        match call.send(Outgoing::of(operation, &step), judge).await {
            Err(error) if says_missing(&error) && call.had_unknown_attempt() => Ok(()),
            result => result.map(drop),
        }
    }

    pub(super) async fn read_customer(&self, call: &mut Call<'_>, id: &str) -> Result<Option<CustomerRecord>, Error> {
        let step =
            self.step_of(&GET, Method::GET, &self.0.customer, id, "", None).map_err(|error| call.finish(error))?;
        let response = call.send(Outgoing::of(&GET, &step), judge).await?;
        Ok(customer(&response))
    }

    pub(super) async fn patch(
        &self,
        call: &mut Call<'_>,
        id: &str,
        input: &CustomerInput<'_>,
    ) -> Result<Option<CustomerRecord>, Error> {
        let step = body(input)
            .and_then(|body| self.step_of(&UPDATE, Method::PATCH, &self.0.customer, id, "", Some(body)))
            .map_err(|error| call.finish(error))?;
        let response = call.send(Outgoing::of(&UPDATE, &step), judge).await?;
        Ok(customer(&response))
    }

    /// What is known after a create.
    pub(super) fn outcome_of(
        &self,
        call: &Call<'_>,
        response: &HttpResponse,
        input: &CustomerInput<'_>,
    ) -> CreateOutcome {
        match customer(response) {
            Some(record) => {
                let trusted = self.0.wire.trust_created_status;
                let (disposition, evidence) = weigh(response, &record, input, call.had_unknown_attempt(), trusted);
                CreateOutcome { customer: Some(record), disposition, evidence }
            }
            None => CreateOutcome { customer: None, disposition: Disposition::Unknown, evidence: Vec::new() },
        }
    }
}

/// An error that names every problem, where there is one.
pub(super) fn sendable(operation: &Operation, problems: Vec<FieldError>) -> Result<(), Error> {
    if problems.is_empty() { Ok(()) } else { Err(refused(operation, problems)) }
}

pub(super) fn refused(operation: &Operation, problems: Vec<FieldError>) -> Error {
    Error::invalid_record(problems).with_provider(PROVIDER).with_operation(operation.name)
}

pub(super) fn unreadable(call: &Call<'_>, operation: &Operation) -> Error {
    let error = call.error(operation, ErrorKind::Decode, Effect::NotSent);
    call.finish(error.with_request_id(call.request_id.clone()))
}

/// The body of a request, in one buffer.
pub(super) fn body(value: &impl serde::Serialize) -> Result<Bytes, Error> {
    json_body(PROVIDER, value)
}
