//! A sink for a made-up vendor, Harbor CRM, by the public API alone.
//!
//! The vendor has no upsert: `GET customers?email=` looks somebody up, `POST customers` creates (409 where the e-mail is
//! taken), `PUT customers/{id}` changes what it is given. Left out of a create, `newsletter` means yes.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::DateTime;
use customer_sink::client::Limit;
use customer_sink::customer::{AddressField as A, Channel, ConsentField, Field as F, FieldPath};
use customer_sink::plan::{FieldKey, FieldMatrix, FieldRule as R, Note, NoteAction, NoteReason, StepCondition};
use customer_sink::toolkit::{
    AccountContext, Call, Mapper, Operation, Reading, Request, Steps, TagLimits, VendorError, Walk, decode,
    decode_lossy, headers, json_body, plan, query_value, upsert_span,
};
use customer_sink::{
    BaseUrl, Capabilities, Connector, ConsentState, Customer, CustomerSink, ErasureStatus, Error, ErrorKind,
    FoundCustomer, HttpResponse, Identity, Outcome, Plan, ProviderId, Secret, UpsertOptions, Upserted,
};
use http::{HeaderMap, Method};
use serde::{Deserialize, Serialize};

/// `harbor`
pub const PROVIDER: ProviderId = ProviderId::new("harbor");

const NO_FIELD: &str = "the vendor has no field for it";
const NO_ADDRESS: &str = "the vendor holds no addresses";
const NO_SMS: &str = "the vendor sends no text messages";

static REFERENCE: R = R::sent(F::ExternalId, "reference", "string").max(64);
static EMAIL: R = R::sent(F::Email, "email", "string, required").max(100);
static FIRST_NAME: R = R::sent(F::FirstName, "first_name", "string").max(40);
static LAST_NAME: R = R::sent(F::LastName, "last_name", "string").max(40);
static NOTE: R = R::sent(F::Note, "note", "string").max(200);

/// What becomes of each field.
pub static MATRIX: FieldMatrix = FieldMatrix::new(
    PROVIDER,
    &[
        &REFERENCE,
        &EMAIL,
        &R::sent(F::Phone, "phone", "E.164"),
        &FIRST_NAME,
        &LAST_NAME,
        &NOTE,
        &R::sent(F::Tags, "tags", "array of at most 20 strings"),
        &R::consent(Channel::Email, ConsentField::State, "newsletter", "boolean").narrowed("yes or no alone"),
        &R::unsupported_consent(Channel::Email, ConsentField::OptInLevel, NO_FIELD),
        &R::unsupported_consent(Channel::Email, ConsentField::Source, NO_FIELD),
        &R::unsupported_consent(Channel::Email, ConsentField::UpdatedAt, NO_FIELD),
        &R::unsupported(F::SmsMarketing, NO_SMS),
        &R::unsupported(F::DisplayName, NO_FIELD),
        &R::unsupported(F::Company, NO_FIELD),
        &R::unsupported(F::Gender, NO_FIELD),
        &R::unsupported(F::Birthday, NO_FIELD),
        &R::unsupported(F::Locale, NO_FIELD),
        &R::unsupported(F::Currency, NO_FIELD),
        &R::unsupported(F::TaxExempt, NO_FIELD),
        &R::unsupported(F::EmailVerified, NO_FIELD),
        &R::unsupported(F::AccountState, NO_FIELD),
        &R::unsupported(F::SubscriptionState, NO_FIELD),
        &R::unsupported(F::OrdersCount, NO_FIELD),
        &R::unsupported(F::TotalSpent, NO_FIELD),
        &R::unsupported(F::LastOrderId, NO_FIELD),
        &R::unsupported(F::CreatedAt, NO_FIELD),
        &R::unsupported(F::UpdatedAt, NO_FIELD),
        &R::unsupported(F::Custom, NO_FIELD),
        &R::unsupported(F::Clear, "the vendor has no way to blank a field"),
        &R::unsupported(F::Addresses, NO_ADDRESS),
        &R::unsupported_address(A::FirstName, NO_ADDRESS),
        &R::unsupported_address(A::LastName, NO_ADDRESS),
        &R::unsupported_address(A::Company, NO_ADDRESS),
        &R::unsupported_address(A::Line1, NO_ADDRESS),
        &R::unsupported_address(A::Line2, NO_ADDRESS),
        &R::unsupported_address(A::District, NO_ADDRESS),
        &R::unsupported_address(A::City, NO_ADDRESS),
        &R::unsupported_address(A::Province, NO_ADDRESS),
        &R::unsupported_address(A::ProvinceCode, NO_ADDRESS),
        &R::unsupported_address(A::PostalCode, NO_ADDRESS),
        &R::unsupported_address(A::Country, NO_ADDRESS),
        &R::unsupported_address(A::CountryCode, NO_ADDRESS),
        &R::unsupported_address(A::Phone, NO_ADDRESS),
        &R::unsupported_address(A::Latitude, NO_ADDRESS),
        &R::unsupported_address(A::Longitude, NO_ADDRESS),
        &R::dropped(FieldKey::Address(A::Default), NoteReason::Unsupported, NO_ADDRESS),
    ],
);

// ---- the vendor's records ----

/// What is written. What is absent is left alone.
#[derive(Clone, Default, Serialize)]
struct Record<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'c str>,
    email: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'c str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newsletter: Option<bool>,
}

/// What is read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Row {
    id: Option<String>,
    reference: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    /// Seconds since 1970.
    created_at: Option<i64>,
}

#[derive(Deserialize)]
struct Rows {
    customers: Vec<Row>,
}

/// The body of an answer, where it can be read.
fn json<T: serde::de::DeserializeOwned>(answer: &HttpResponse) -> Option<T> {
    serde_json::from_slice(&answer.body).ok()
}

/// The failure that an answer reports: the vendor names what is wrong, and the status says what it means.
fn check(answer: &HttpResponse) -> Reading<()> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Said {
        error: Option<String>,
        code: Option<String>,
    }
    let said: Said = serde_json::from_slice(&answer.body).unwrap_or_default();
    // The vendor answers some refusals with 200.
    if answer.status.is_success() && said.error.is_none() {
        return Ok(());
    }
    Err(Box::new(VendorError { message: said.error, code: said.code, ..VendorError::default() }))
}

// ---- the mapping ----

fn map<'c>(mapper: &mut Mapper<'c>) -> Record<'c> {
    let customer = mapper.customer;
    let text = |value: &'c Option<String>| value.as_deref().filter(|text| !text.trim().is_empty());
    let mut record = Record {
        reference: mapper.identifier(&REFERENCE, text(&customer.external_id)),
        phone: mapper.e164().map(|number| number.to_string()),
        first_name: mapper.text(&FIRST_NAME, text(&customer.first_name)),
        last_name: mapper.text(&LAST_NAME, text(&customer.last_name)),
        note: mapper.text(&NOTE, text(&customer.note)),
        tags: mapper.tags(&TagLimits { max_count: 20, ..TagLimits::default() }),
        ..Record::default()
    };
    match mapper.email(&EMAIL) {
        Some(email) => record.email = email,
        None => mapper.error("email", "a usable e-mail address is required: it is the customer's key at the vendor"),
    }
    if let Some(consent) = mapper.consent(Channel::Email) {
        let narrowed = (consent.state == ConsentState::Pending).then_some("the vendor knows yes and no alone");
        mapper.claim_consent(Channel::Email, &consent, narrowed);
        record.newsletter = Some(consent.state == ConsentState::Subscribed);
    }
    mapper.clear(|_| false, "the vendor has no way to blank a field");
    record
}

// ---- the client ----

static FIND: Operation = Operation::get(PROVIDER, "find_customer");
static CREATE: Operation = Operation::write(PROVIDER, Method::POST, "create_customer");
static UPDATE: Operation = Operation::idempotent_write(PROVIDER, Method::PUT, "update_customer");
static DELETE: Operation = Operation::idempotent_write(PROVIDER, Method::DELETE, "delete_customer");
static CHECK: Operation = Operation::get(PROVIDER, "check_key");

/// A client of Harbor CRM. Cheap to clone.
#[derive(Clone)]
pub struct Harbor(Arc<Inner>);

struct Inner {
    base: BaseUrl,
    headers: Arc<HeaderMap>,
    bare: Arc<HeaderMap>,
    account: AccountContext,
}

impl fmt::Debug for Harbor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harbor").field("base", &self.0.base).finish_non_exhaustive()
    }
}

/// The steps of an upsert.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Name {
    Find,
    Create,
    Update,
}

/// A record, mapped.
struct Prepared<'c> {
    client: &'c Harbor,
    record: Record<'c>,
    sent: Vec<FieldPath>,
    notes: Vec<Note>,
}

impl Steps for Prepared<'_> {
    type Name = Name;

    fn list(&self) -> Vec<(StepCondition, Name)> {
        use StepCondition::{Always, IfFound, IfNotFound};
        vec![(Always, Name::Find), (IfNotFound, Name::Create), (IfFound, Name::Update)]
    }

    fn render(&self, name: Name) -> Result<Request, Error> {
        let body = |record: &Record<'_>| json_body(PROVIDER, record).map(Some);
        match name {
            Name::Find => Ok(self.client.find_request(self.record.email)),
            Name::Create => {
                let newsletter = self.record.newsletter.or(Some(false));
                let created = Record { newsletter, ..self.record.clone() };
                Ok(self.client.request(&CREATE, "customers", body(&created)?))
            }
            Name::Update => Ok(self.client.request(&UPDATE, "customers/{id}", body(&self.record)?)),
        }
    }
}

impl Harbor {
    /// A client for this API key.
    ///
    /// # Errors
    ///
    /// A base URL that would send in clear, or a key that no header can hold.
    pub fn new(base_url: &str, key: &str, connector: &Connector) -> Result<Self, Error> {
        let base = BaseUrl::parse(PROVIDER, base_url)?;
        let secret = Secret::from(key);
        let credential = Some(("x-api-key", &secret));
        // The vendor takes ten requests a second.
        let documented = Limit::Bucket { per_second: 10.0, burst: 10 };
        Ok(Self(Arc::new(Inner {
            headers: Arc::new(headers(PROVIDER, Some("application/json"), credential)?),
            bare: Arc::new(headers(PROVIDER, None, credential)?),
            account: AccountContext::open(PROVIDER, connector, &base, &[key], documented, None),
            base,
        })))
    }

    fn request(&self, operation: &'static Operation, path: &str, body: Option<bytes::Bytes>) -> Request {
        let headers = if body.is_some() { &self.0.headers } else { &self.0.bare };
        Request::new(operation, format!("{}v1/{path}", self.0.base.as_str()), Arc::clone(headers), body)
    }

    fn find_request(&self, email: &str) -> Request {
        self.request(&FIND, &format!("customers?email={}", query_value(email)), None)
    }

    fn prepare<'c>(&'c self, customer: &'c Customer, options: &UpsertOptions) -> Result<Prepared<'c>, Error> {
        let mut mapper = Mapper::new(customer, &MATRIX);
        let record = map(&mut mapper);
        if record.newsletter.is_none() {
            // For a create alone: an update leaves alone what is not known.
            let place = FieldPath::Consent(Channel::Email, ConsentField::State);
            mapper.note(
                place,
                NoteAction::Added,
                NoteReason::Default,
                "left out of a create, the vendor subscribes the person",
            );
        }
        let (sent, notes) = mapper.finish(options)?;
        Ok(Prepared { client: self, record, sent, notes })
    }

    /// The customer with exactly this e-mail address.
    async fn look_up(&self, call: &mut Call<'_>, find: &Request, email: &str) -> Result<Option<Row>, Error> {
        let answer = call.execute(find, decode(check, json::<Rows>)).await?;
        let mut rows = answer.value.customers.into_iter();
        Ok(rows.find(|row| row.email.as_deref().is_some_and(|held| held.eq_ignore_ascii_case(email))))
    }

    async fn run(&self, prepared: Prepared<'_>) -> Result<Upserted, Error> {
        let email = prepared.record.email;
        let mut call = self.0.account.call();
        let mut walk = Walk::of(&prepared);
        let mut creates = 0;
        let (outcome, id) = loop {
            walk.back_to(Name::Find);
            let found = self.look_up(&mut call, &walk.step(Name::Find, &[])?, email).await?;
            // Not there after a create whose answer is lost: the vendor did not carry it out. A customer who is there
            // proves nothing, unless the record shows that it was created since the call began.
            let created_at = |row: &Row| DateTime::from_timestamp(row.created_at?, 0);
            let is_new = |row: &Row| created_at(row).is_some_and(|at| call.created_since_start(at));
            let is_ours = call.is_uncertain() && found.as_ref().is_some_and(is_new);
            if call.is_uncertain() && (found.is_none() || is_ours) {
                call.resolve_uncertainty(is_ours);
            }
            if let Some(id) = found.and_then(|row| row.id) {
                let update = walk.step(Name::Update, &[("id", &id)])?;
                call.execute(&update, check).await?;
                break (if is_ours { Outcome::Created } else { Outcome::Updated }, Some(id));
            }
            creates += 1;
            match call.execute(&walk.step(Name::Create, &[])?, decode_lossy(check, json::<Row>)).await {
                Ok(answer) => break (Outcome::Created, answer.value.id),
                // Lost, or another caller was quicker: look again.
                Err(error) if creates < 2 && (call.is_uncertain() || error.kind() == ErrorKind::Conflict) => {}
                Err(error) => return Err(error),
            }
        };
        let mut done = Upserted::new(PROVIDER, outcome);
        done.remote_id = id.map(Into::into);
        done.attempts = call.attempts();
        done.request_id = call.request_id().map(str::to_owned);
        done.notes = prepared.notes;
        Ok(done)
    }

    /// The row of somebody, by e-mail; what else the vendor cannot look up.
    async fn row(&self, call: &mut Call<'_>, who: &Identity, operation: &'static str) -> Result<Option<Row>, Error> {
        let Identity::Email(email) = who else {
            return Err(Error::unsupported(PROVIDER, operation, "the vendor looks customers up by e-mail alone"));
        };
        let usable = email.usable().map_err(|problem| {
            let problem = customer_sink::FieldError::new("email", problem.to_string());
            Error::invalid_record(vec![problem]).with_provider(PROVIDER).with_operation(operation)
        })?;
        self.look_up(call, &self.find_request(usable), usable).await
    }
}

#[async_trait]
impl CustomerSink for Harbor {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&MATRIX).tells_created().can_find().can_erase().can_check()
    }

    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
        let prepared = self.prepare(customer, options)?;
        plan(&prepared, PROVIDER, prepared.sent.clone(), prepared.notes.clone())
    }

    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async { self.run(self.prepare(customer, options)?).await }).await
    }

    async fn find(&self, who: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let row = self.row(&mut self.0.account.call(), who, "find").await?;
        Ok(row.map(|row| {
            let mut customer = Customer::new();
            (customer.external_id, customer.email) = (row.reference, row.email.map(Into::into));
            (customer.first_name, customer.last_name) = (row.first_name, row.last_name);
            FoundCustomer::new(row.id.map(Into::into), customer)
        }))
    }

    async fn erase(&self, who: &Identity) -> Result<ErasureStatus, Error> {
        let mut call = self.0.account.call();
        let Some(id) = self.row(&mut call, who, "erase").await?.and_then(|row| row.id) else {
            return Ok(ErasureStatus::NotFound);
        };
        let delete = self.request(&DELETE, "customers/{id}", None).with_ids(&[("id", &id)])?;
        match call.execute(&delete, check).await {
            // Gone after an attempt whose answer got lost is what was asked for.
            Err(error) if error.kind() != ErrorKind::NotFound || !call.had_unknown_attempt() => Err(error),
            _ => Ok(ErasureStatus::Completed),
        }
    }

    async fn check(&self) -> Result<(), Error> {
        self.0.account.call().execute(&self.request(&CHECK, "key", None), check).await.map(drop)
    }

    fn quota_wait(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}
