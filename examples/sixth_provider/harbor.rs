//! A sink for a made-up vendor, Harbor CRM, by the public API alone.
//!
//! The vendor has no upsert: `GET customers?email=` looks somebody up, `POST customers` creates (409 where the e-mail is
//! taken), `PUT customers/{id}` changes what it is given. Left out of a create, `newsletter` means yes.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use customer_sink::toolkit::{
    AccountContext, Call, Mapper, Operation, TagLimits, VendorError, Verdict, headers, json_body, query_value,
    upsert_span,
};
use customer_sink::{
    AddressField as A, BaseUrl, Capabilities, Channel, Connector, ConsentField, ConsentState, Customer, CustomerSink,
    Effect, ErasureStatus, Error, ErrorKind, Field as F, FieldKey, FieldMatrix, FieldPath, FieldRule as R,
    FoundCustomer, HttpResponse, Identity, Limit, NoteAction, NoteReason, Outcome, Plan, ProviderId, Step,
    StepCondition, UpsertOptions, Upserted,
};
use http::{HeaderMap, Method};
use secrecy::SecretString;
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
}

#[derive(Deserialize)]
struct Rows {
    customers: Vec<Row>,
}

/// Reads an answer: the vendor names what is wrong, and the status says what it means.
fn judge(answer: &HttpResponse) -> Verdict {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Said {
        error: Option<String>,
        code: Option<String>,
    }
    let said: Said = serde_json::from_slice(&answer.body).unwrap_or_default();
    // The vendor answers some refusals with 200.
    if answer.status.is_success() && said.error.is_none() {
        return Verdict::Success;
    }
    VendorError { message: said.error, code: said.code, ..VendorError::default() }.into_verdict()
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

static FIND: Operation = Operation::bare_read("find_customer");
static CREATE: Operation = Operation::bare_write("create_customer");
static UPDATE: Operation = Operation::bare_idempotent_write("update_customer");
static DELETE: Operation = Operation::bare_idempotent_write("delete_customer");
static CHECK: Operation = Operation::bare_read("check_key");

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

/// An upsert, ready to be sent.
struct Prepared<'c> {
    email: &'c str,
    find: Step,
    create: Step,
    update: Step,
    plan: Plan,
}

impl Harbor {
    /// A client for this API key.
    ///
    /// # Errors
    ///
    /// A base URL that would send in clear, or a key that no header can hold.
    pub fn new(base_url: &str, key: &str, connector: &Connector) -> Result<Self, Error> {
        let base = BaseUrl::parse(PROVIDER, base_url)?;
        let secret = SecretString::from(key);
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

    fn step(
        &self,
        when: StepCondition,
        operation: &Operation,
        method: Method,
        path: &str,
        body: Option<bytes::Bytes>,
    ) -> Step {
        let headers = if body.is_some() { &self.0.headers } else { &self.0.bare };
        let url = format!("{}v1/{path}", self.0.base.as_str());
        Step::new(when, operation.name(), method, url, Arc::clone(headers), body)
    }

    fn find_step(&self, email: &str) -> Step {
        self.step(StepCondition::Always, &FIND, Method::GET, &format!("customers?email={}", query_value(email)), None)
    }

    fn prepare<'c>(&self, customer: &'c Customer, options: &UpsertOptions) -> Result<Prepared<'c>, Error> {
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
        let created = Record { newsletter: record.newsletter.or(Some(false)), ..record.clone() };
        let (created, updated) = (json_body(PROVIDER, &created)?, json_body(PROVIDER, &record)?);
        let find = self.find_step(record.email);
        let create = self.step(StepCondition::IfNotFound, &CREATE, Method::POST, "customers", Some(created));
        let update = self.step(StepCondition::IfFound, &UPDATE, Method::PUT, "customers/{id}", Some(updated));
        let plan = Plan::new(PROVIDER, vec![find.clone(), create.clone(), update.clone()], sent, notes);
        Ok(Prepared { email: record.email, find, create, update, plan })
    }

    /// The customer with exactly this e-mail address.
    async fn look_up(&self, call: &mut Call<'_>, find: &Step, email: &str) -> Result<Option<Row>, Error> {
        let answer = call.send_step(&FIND, find, &[], judge).await?;
        let Ok(rows) = serde_json::from_slice::<Rows>(&answer.body) else {
            return Err(call.finish(call.error(&FIND, ErrorKind::Decode, Effect::NotSent)));
        };
        let mut rows = rows.customers.into_iter();
        Ok(rows.find(|row| row.email.as_deref().is_some_and(|held| held.eq_ignore_ascii_case(email))))
    }

    async fn run(&self, prepared: Prepared<'_>) -> Result<Upserted, Error> {
        let Prepared { email, find, create, update, plan } = prepared;
        let mut call = self.0.account.call();
        let mut creates = 0;
        let (outcome, id) = loop {
            let found = self.look_up(&mut call, &find, email).await?;
            // A create whose answer got lost is settled by what is there now.
            let lost = call.is_uncertain();
            if lost {
                call.resolve_uncertainty(found.is_some());
            }
            if let Some(id) = found.and_then(|row| row.id) {
                call.send_step(&UPDATE, &update, &[("id", &id)], judge).await?;
                break (if lost { Outcome::Created } else { Outcome::Updated }, Some(id));
            }
            creates += 1;
            match call.send_step(&CREATE, &create, &[], judge).await {
                Ok(answer) => {
                    let row: Row = serde_json::from_slice(&answer.body).unwrap_or_default();
                    break (Outcome::Created, row.id);
                }
                // Lost, or somebody else was quicker: look again.
                Err(error) if creates < 2 && (call.is_uncertain() || error.kind() == ErrorKind::Conflict) => {}
                Err(error) => return Err(error),
            }
        };
        let mut done = Upserted::new(PROVIDER, outcome);
        done.remote_id = id.map(Into::into);
        done.notes = plan.notes().to_vec();
        done.attempts = call.attempts();
        done.request_id = call.request_id().map(str::to_owned);
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
        self.look_up(call, &self.find_step(usable), usable).await
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
        self.prepare(customer, options).map(|prepared| prepared.plan)
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
        let delete = self.step(StepCondition::Always, &DELETE, Method::DELETE, "customers/{id}", None);
        match call.send_step(&DELETE, &delete, &[("id", &id)], judge).await {
            // Gone after an attempt whose answer got lost is what was asked for.
            Err(error) if error.kind() != ErrorKind::NotFound || !call.had_unknown_attempt() => Err(error),
            _ => Ok(ErasureStatus::Completed),
        }
    }

    async fn check(&self) -> Result<(), Error> {
        let step = self.step(StepCondition::Always, &CHECK, Method::GET, "key", None);
        self.0.account.call().send_step(&CHECK, &step, &[], judge).await.map(drop)
    }

    fn quota_wait(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}
