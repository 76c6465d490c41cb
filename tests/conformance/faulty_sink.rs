//! A small honest sink over a vendor in memory, and the defects that can be planted in it, one at a time.
//!
//! The vendor refuses no duplicate, so that one shows; left out of a create, `newsletter` means yes.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use customer_sink::client::Limit;
use customer_sink::conformance::{BoxError, Credentials, Setup, StandIn, StoredCustomer, Subject};
use customer_sink::customer::{AddressField, Channel, ConsentField, Field as F, FieldPath};
use customer_sink::plan::{FieldKey, FieldMatrix, FieldRule as R, NoteReason, Step, StepCondition};
use customer_sink::toolkit::{
    AccountContext, Call, Mapper, Operation, Reading, Request, TagLimits, VendorError, headers, json_body, query_value,
};
use customer_sink::{
    BaseUrl, Capabilities, ConsentState, Customer, CustomerSink, Effect, ErasureStatus, Error, ErrorKind,
    FoundCustomer, HttpResponse, Identity, Outcome, Plan, ProviderId, RetryPolicy, Secret, Transport, UpsertOptions,
    Upserted,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::pier::{KEY, Pier, URL};

/// What is wrong with the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    None,
    PlanOfAnotherName,
    DropsAFieldInSilence,
    ClaimsAFieldTwice,
    ClaimsWhatIsNotSet,
    ClaimsAsSentWhatIsNot,
    PlansInAnotherOrderEachTime,
    SendsWhilePlanning,
    RefusesWithoutNamingAField,
    TakesARecordWithoutIdentifier,
    IgnoresTheLossPolicy,
    TellsCreatedOfAnUpdate,
    SendsAnotherBodyThanPlanned,
    SendsAHeaderThatIsNotPlanned,
    LeavesTheVendorToAssumeAYes,
    ReadsALevelAsAYes,
    SubscribesOnAnUpdate,
    NeverTellsAYes,
    TellsNotSentThoughSent,
    TellsUnknownOfARefusal,
    TellsSuccessOfAFailure,
    TakesACutSuccessForAFailure,
    TakesARefusalForASuccess,
    ReplaysAnUnknownCreate,
    RepeatsACreateAfterA500,
    CreatesBeforeTheLookUp,
    RepeatsARefusedRequest,
    LosesTheRecordAfterALostAnswer,
    IgnoresRetryAfter,
    HidesRetryAfter,
    WaitsForAWeek,
    ShowsTheSecretInDebug,
    ShowsTheEmailInAnError,
    TracesTheEmail,
    PutsTheSecretInTheUrl,
    SharesCredentials,
    TrustsWhatACancelledCallLeft,
    SaysItFindsAndDoesNot,
    FindsNobody,
    FindsThoughItSaysItCannot,
    ErasesNobody,
    FindsEveryKeyGood,
    ChecksNothing,
}

const PROVIDER: ProviderId = ProviderId::new("pier");
const NO: &str = "the vendor has no field for it";

static EMAIL: R = R::sent(F::Email, "email", "string");
static FIRST_NAME: R = R::sent(F::FirstName, "first_name", "string").max(40);
static LAST_NAME: R = R::sent(F::LastName, "last_name", "string").max(40);
static NOTE: R = R::sent(F::Note, "note", "string");

static MATRIX: FieldMatrix = FieldMatrix::new(
    PROVIDER,
    &[
        &EMAIL,
        &FIRST_NAME,
        &LAST_NAME,
        &NOTE,
        &R::sent(F::Tags, "tags", "array of strings"),
        &R::consent(Channel::Email, ConsentField::State, "newsletter", "boolean"),
        &R::unsupported_consent(Channel::Email, ConsentField::OptInLevel, NO),
        &R::unsupported_consent(Channel::Email, ConsentField::Source, NO),
        &R::unsupported_consent(Channel::Email, ConsentField::UpdatedAt, NO),
        &R::unsupported(F::SmsMarketing, NO),
        &R::unsupported(F::ExternalId, NO),
        &R::unsupported(F::Phone, NO),
        &R::unsupported(F::DisplayName, NO),
        &R::unsupported(F::Company, NO),
        &R::unsupported(F::Gender, NO),
        &R::unsupported(F::Birthday, NO),
        &R::unsupported(F::Locale, NO),
        &R::unsupported(F::Currency, NO),
        &R::unsupported(F::TaxExempt, NO),
        &R::unsupported(F::EmailVerified, NO),
        &R::unsupported(F::AccountState, NO),
        &R::unsupported(F::SubscriptionState, NO),
        &R::unsupported(F::OrdersCount, NO),
        &R::unsupported(F::TotalSpent, NO),
        &R::unsupported(F::LastOrderId, NO),
        &R::unsupported(F::CreatedAt, NO),
        &R::unsupported(F::UpdatedAt, NO),
        &R::unsupported(F::Custom, NO),
        &R::unsupported(F::Clear, NO),
        &R::unsupported(F::Addresses, NO),
        &R::unsupported_address(AddressField::FirstName, NO),
        &R::unsupported_address(AddressField::LastName, NO),
        &R::unsupported_address(AddressField::Company, NO),
        &R::unsupported_address(AddressField::Line1, NO),
        &R::unsupported_address(AddressField::Line2, NO),
        &R::unsupported_address(AddressField::District, NO),
        &R::unsupported_address(AddressField::City, NO),
        &R::unsupported_address(AddressField::Province, NO),
        &R::unsupported_address(AddressField::ProvinceCode, NO),
        &R::unsupported_address(AddressField::PostalCode, NO),
        &R::unsupported_address(AddressField::Country, NO),
        &R::unsupported_address(AddressField::CountryCode, NO),
        &R::unsupported_address(AddressField::Phone, NO),
        &R::unsupported_address(AddressField::Latitude, NO),
        &R::unsupported_address(AddressField::Longitude, NO),
        &R::dropped(FieldKey::Address(AddressField::Default), NoteReason::Unsupported, NO),
    ],
);

// ---- the subject ----

pub struct PierSubject(pub Defect);

struct Running(Defect, Pier);

fn key_of(credentials: Credentials) -> &'static str {
    match credentials {
        Credentials::First => KEY,
        Credentials::Second => "fake-pier-other-key",
        _ => "fake-pier-wrong-key",
    }
}

#[async_trait]
impl Subject for PierSubject {
    async fn stand_in(&self) -> Result<Box<dyn StandIn>, BoxError> {
        Ok(Box::new(Running(self.0, Pier::default())))
    }

    fn secrets(&self, credentials: Credentials) -> Vec<String> {
        vec![key_of(credentials).to_owned()]
    }

    fn refusals_with_success_status(&self) -> Vec<HttpResponse> {
        vec![HttpResponse::new(StatusCode::OK, r#"{"error":"frozen"}"#)]
    }
}

impl StandIn for Running {
    fn sink(&self, setup: &Setup) -> Result<Arc<dyn CustomerSink>, Error> {
        let mut key = key_of(setup.credentials);
        if self.0 == Defect::SharesCredentials && setup.credentials == Credentials::Second {
            key = KEY;
        }
        Sink::open(self.0, key, setup).map(|sink| Arc::new(sink) as _)
    }

    fn people(&self) -> Vec<StoredCustomer> {
        let held = |row: &Map<String, Value>| {
            let yes = row.get("newsletter") == Some(&json!(true));
            let mut row = row.clone();
            row.remove("id");
            StoredCustomer::new(Value::Object(row)).email_yes(yes)
        };
        self.1.0.lock().unwrap().iter().map(held).collect()
    }

    fn transport(&self) -> Option<Arc<dyn Transport>> {
        Some(Arc::new(self.1.clone()))
    }
}

// ---- the sink ----

static FIND: Operation = Operation::get(PROVIDER, "find_customer");
static CREATE: Operation = Operation::write(PROVIDER, Method::POST, "create_customer");
static CREATE_AS_IF_IDEMPOTENT: Operation = Operation::idempotent_write(PROVIDER, Method::POST, "create_customer");
static UPDATE: Operation = Operation::idempotent_write(PROVIDER, Method::PUT, "update_customer");
static DELETE: Operation = Operation::idempotent_write(PROVIDER, Method::DELETE, "delete_customer");
static CHECK: Operation = Operation::get(PROVIDER, "check_key");

struct Sink {
    defect: Defect,
    key: &'static str,
    base: BaseUrl,
    headers: Arc<HeaderMap>,
    account: AccountContext,
    connector: customer_sink::Connector,
    plans: AtomicUsize,
    /// Whom a call is about to create, for [`Defect::TrustsWhatACancelledCallLeft`].
    nobody: Mutex<HashSet<String>>,
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Sink");
        if self.defect == Defect::ShowsTheSecretInDebug {
            debug.field("key", &self.key);
        }
        debug.finish_non_exhaustive()
    }
}

/// An upsert, ready to be sent.
struct Prepared<'c> {
    email: &'c str,
    find: Request,
    create: Request,
    update: Request,
    plan: Plan,
    looks_up: bool,
}

impl Sink {
    fn open(defect: Defect, key: &'static str, setup: &Setup) -> Result<Self, Error> {
        let base = BaseUrl::parse(PROVIDER, URL)?;
        let headers = headers(PROVIDER, Some("application/json"), Some(("x-api-key", &Secret::from(key))))?;
        let mut account = AccountContext::open(PROVIDER, &setup.connector, &base, &[key], Limit::Unlimited, None);
        let week = std::time::Duration::from_secs(30 * 86_400);
        let policy = RetryPolicy::default();
        match defect {
            Defect::IgnoresRetryAfter => {
                let server_wait_cap = std::time::Duration::ZERO;
                account = account.with_retry_policy(RetryPolicy { server_wait_cap, ..policy });
            }
            Defect::WaitsForAWeek => {
                let policy = RetryPolicy { server_wait_cap: week, call_timeout: week, ..policy };
                account = account.with_retry_policy(policy);
            }
            _ => {}
        }
        Ok(Self {
            defect,
            key,
            base,
            headers: Arc::new(headers),
            account,
            connector: setup.connector.clone(),
            plans: AtomicUsize::new(0),
            nobody: Mutex::default(),
        })
    }

    fn is(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn request(&self, operation: &'static Operation, path: &str, body: Option<bytes::Bytes>) -> Request {
        Request::new(operation, format!("{}{path}", self.base.as_str()), Arc::clone(&self.headers), body)
    }

    fn find_request(&self, email: &str) -> Request {
        let mut path = format!("customers?email={}", query_value(email));
        if self.is(Defect::PutsTheSecretInTheUrl) {
            path = format!("{path}&key={}", self.key);
        }
        self.request(&FIND, &path, None)
    }

    fn prepare<'c>(&self, customer: &'c Customer, options: &UpsertOptions) -> Result<Prepared<'c>, Error> {
        let looks_up = !(self.is(Defect::CreatesBeforeTheLookUp) && options.look_up_first);
        let mut mapper = Mapper::new(customer, &MATRIX);
        let mut record = Map::new();
        let mut keep =
            |name: &str, value: Option<&str>| drop(value.map(|text| record.insert(name.into(), json!(text))));
        let text = |value: &'c Option<String>| value.as_deref().filter(|text| !text.trim().is_empty());
        keep("first_name", mapper.text(&FIRST_NAME, text(&customer.first_name)));
        keep("last_name", mapper.text(&LAST_NAME, text(&customer.last_name)));
        let note = mapper.text(&NOTE, text(&customer.note));
        if !self.is(Defect::ClaimsAsSentWhatIsNot) {
            keep("note", note);
        }
        let email = mapper.email(&EMAIL);
        keep("email", email);
        let tags = mapper.tags(&TagLimits::default());
        if !tags.is_empty() {
            record.insert("tags".into(), json!(tags));
        }
        if email.is_none() && !self.is(Defect::TakesARecordWithoutIdentifier) {
            mapper.error("email", "a usable e-mail address is required");
        }
        self.consent(&mut mapper, &mut record);
        mapper.clear(|_| false, NO);
        self.miscount(&mut mapper);
        let lenient = UpsertOptions::default();
        let options = if self.is(Defect::IgnoresTheLossPolicy) { &lenient } else { options };
        let finished = mapper.finish(options);
        if self.is(Defect::RefusesWithoutNamingAField) && finished.is_err() {
            return Err(Error::invalid_record(Vec::new()).with_provider(PROVIDER));
        }
        let (sent, mut notes) = finished?;
        if self.is(Defect::DropsAFieldInSilence) {
            notes.retain(|note| *note.path() != FieldPath::Field(F::Company));
        }
        let update = json_body(PROVIDER, &record)?;
        if !self.is(Defect::LeavesTheVendorToAssumeAYes) {
            record.entry("newsletter").or_insert(json!(false));
        }
        let create = json_body(PROVIDER, &record)?;
        let find = self.find_request(email.unwrap_or_default());
        let create = self.request(&CREATE, "customers", Some(create));
        let update = self.request(&UPDATE, "customers/{id}", Some(update));
        let steps = vec![
            Step::new(StepCondition::Always, find.clone()),
            Step::new(StepCondition::IfNotFound, create.clone()),
            Step::new(StepCondition::IfFound, update.clone()),
        ];
        let name = if self.is(Defect::PlanOfAnotherName) { ProviderId::new("quay") } else { PROVIDER };
        let plan = Plan::new(name, steps, sent, notes);
        Ok(Prepared { email: email.unwrap_or_default(), find, create, update, plan, looks_up })
    }

    fn consent(&self, mapper: &mut Mapper<'_>, record: &mut Map<String, Value>) {
        let level = mapper.customer.email_marketing.as_ref().and_then(|consent| consent.opt_in_level);
        if let Some(consent) = mapper.consent(Channel::Email) {
            mapper.claim_consent(Channel::Email, &consent, None);
            let yes = consent.state == ConsentState::Subscribed && !self.is(Defect::NeverTellsAYes);
            record.insert("newsletter".into(), json!(yes));
        } else if self.is(Defect::ReadsALevelAsAYes) && level.is_some() {
            record.insert("newsletter".into(), json!(true));
        }
    }

    /// Plants what is wrong with the account of fields.
    fn miscount(&self, mapper: &mut Mapper<'_>) {
        match self.defect {
            Defect::ClaimsAFieldTwice if mapper.customer.company.is_some() => mapper.sent(F::Company),
            Defect::ClaimsWhatIsNotSet if mapper.customer.gender.is_none() => mapper.sent(F::Gender),
            _ => {}
        }
    }

    fn read(&self, answer: &HttpResponse) -> Reading<Value> {
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let error = said["error"].as_str().map(str::to_owned);
        let refused = error.is_some() && !self.is(Defect::TakesARefusalForASuccess);
        let broken = self.is(Defect::TakesACutSuccessForAFailure) && !said.is_object();
        if answer.status.is_success() && !refused && !broken {
            return Ok(said);
        }
        Err(Box::new(VendorError { message: error, ..VendorError::default() }))
    }

    async fn look_up(&self, call: &mut Call<'_>, find: &Request) -> Result<Option<String>, Error> {
        let found = call.execute(find, |answer| self.read(answer)).await?.value;
        let Some(rows) = found["customers"].as_array() else {
            return Err(call.fail(&FIND, ErrorKind::Decode, "there is no list of customers"));
        };
        Ok(rows.iter().find_map(|row| row["id"].as_str()).map(str::to_owned))
    }

    /// The request as it is really sent.
    fn sent(&self, request: Request) -> Request {
        let again = |headers: HeaderMap, body: Vec<u8>| {
            let body = Some(bytes::Bytes::from(body));
            Request::new(request.operation(), request.url(), Arc::new(headers), body)
        };
        let text = request.body().unwrap_or_default();
        let mut body: Value = serde_json::from_slice(text).unwrap_or_default();
        match self.defect {
            Defect::SendsAnotherBodyThanPlanned => again((*self.headers).clone(), format!("{body:#}").into_bytes()),
            Defect::SendsAHeaderThatIsNotPlanned => {
                let mut headers = (*self.headers).clone();
                headers.insert("x-extra", HeaderValue::from_static("1"));
                again(headers, text.to_vec())
            }
            Defect::SubscribesOnAnUpdate
                if request.operation().name() == UPDATE.name() && body["newsletter"].is_null() =>
            {
                body["newsletter"] = json!(true);
                again((*self.headers).clone(), body.to_string().into_bytes())
            }
            _ => request,
        }
    }

    async fn run(&self, prepared: Prepared<'_>) -> Result<Upserted, Error> {
        let Prepared { email, find, create, update, plan, looks_up } = prepared;
        let (create, update) = (self.sent(create), self.sent(update));
        let read = |answer: &HttpResponse| self.read(answer);
        let mut call = self.account.call();
        let mut creates = 0;
        let (outcome, id) = loop {
            let trusted = self.is(Defect::TrustsWhatACancelledCallLeft) && self.nobody.lock().unwrap().contains(email);
            let trusted = trusted || (creates == 0 && !looks_up);
            let found = if trusted { None } else { self.look_up(&mut call, &find).await? };
            let lost = call.is_uncertain();
            if lost {
                call.resolve_uncertainty(found.is_some());
            }
            if let Some(id) = found {
                if lost {
                    // What is there is what was sent.
                    break (Outcome::Created, Some(id));
                }
                let sent = call.execute(&update.clone().with_ids(&[("id", &id)])?, read).await;
                if self.is(Defect::LosesTheRecordAfterALostAnswer)
                    && sent.as_ref().is_err_and(|error| error.effect() == Effect::Unknown)
                {
                    break (Outcome::Updated, Some(id));
                }
                sent?;
                let created = self.is(Defect::TellsCreatedOfAnUpdate);
                break (if created { Outcome::Created } else { Outcome::Updated }, Some(id));
            }
            creates += 1;
            self.nobody.lock().unwrap().insert(email.to_owned());
            let result = self.create(&mut call, &create).await;
            self.nobody.lock().unwrap().remove(email);
            match result {
                Ok(row) => break (Outcome::Created, row["id"].as_str().map(str::to_owned)),
                Err(_) if creates < 2 && call.is_uncertain() => {}
                Err(error) => return Err(error),
            }
        };
        let mut done = Upserted::new(PROVIDER, outcome);
        (done.remote_id, done.attempts) = (id.map(Into::into), call.attempts());
        done.notes = plan.notes().to_vec();
        Ok(done)
    }

    async fn create(&self, call: &mut Call<'_>, create: &Request) -> Result<Value, Error> {
        let mut create = create.clone();
        if self.is(Defect::ReplaysAnUnknownCreate) {
            let body = create.body().map(bytes::Bytes::copy_from_slice);
            create = Request::new(&CREATE_AS_IF_IDEMPOTENT, create.url(), Arc::clone(&self.headers), body);
        }
        let result = call.execute(&create, |answer| self.read(answer)).await;
        let status = result.as_ref().err().and_then(Error::status);
        let again = match self.defect {
            Defect::RepeatsACreateAfterA500 => status == Some(500),
            Defect::RepeatsARefusedRequest => status == Some(400),
            _ => false,
        };
        let result = if again { call.execute(&create, |answer| self.read(answer)).await } else { result };
        result.map(|answer| answer.value)
    }

    /// Plants what is wrong with an error.
    fn told(&self, error: Error, customer: &Customer) -> Error {
        let with_effect = |effect| {
            let told = Error::new(error.kind(), effect).with_provider(PROVIDER).with_retryable(error.is_retryable());
            told.with_attempts(error.attempts()).with_retry_after(error.retry_after())
        };
        match self.defect {
            Defect::TellsNotSentThoughSent if error.effect() == Effect::Unknown => with_effect(Effect::NotSent),
            Defect::TellsUnknownOfARefusal if error.kind() == ErrorKind::Forbidden => with_effect(Effect::Unknown),
            Defect::HidesRetryAfter => error.with_retry_after(None),
            Defect::ShowsTheEmailInAnError => {
                let email = customer.email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default();
                error.with_hint(email)
            }
            _ => error,
        }
    }

    fn unsupported(&self, operation: &'static str) -> Error {
        Error::unsupported(PROVIDER, operation, "the vendor looks customers up by e-mail alone")
    }
}

#[async_trait]
impl CustomerSink for Sink {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    fn capabilities(&self) -> Capabilities {
        let can = Capabilities::new(&MATRIX).tells_created().can_erase().can_check();
        if self.is(Defect::FindsThoughItSaysItCannot) { can } else { can.can_find() }
    }

    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
        let prepared = self.prepare(customer, options)?;
        if self.is(Defect::SendsWhilePlanning) {
            let mut call = self.account.call();
            let sending = call.execute(&prepared.find, |answer| self.read(answer));
            // One poll is enough for a request to be on its way.
            let _ = futures::FutureExt::now_or_never(sending);
        }
        let plan = prepared.plan;
        if self.is(Defect::PlansInAnotherOrderEachTime) && self.plans.fetch_add(1, Ordering::SeqCst) % 2 == 1 {
            let sent = plan.sent().iter().rev().cloned().collect();
            return Ok(Plan::new(PROVIDER, plan.steps().to_vec(), sent, plan.notes().to_vec()));
        }
        Ok(plan)
    }

    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        if self.is(Defect::TracesTheEmail) {
            tracing::info!(email = customer.email.as_ref().map(|email| email.as_str()), "upserting");
        }
        let prepared = self.prepare(customer, options)?;
        let mut result = self.run(prepared).await;
        let limited = |error: &Error| error.retry_after().is_some();
        if self.is(Defect::IgnoresRetryAfter) && result.as_ref().is_err_and(limited) {
            // Another account's quota knows nothing of the wait.
            let fresh = AccountContext::open(PROVIDER, &self.connector, &self.base, &["fresh"], Limit::Unlimited, None);
            let other = Self {
                defect: Defect::None,
                key: self.key,
                base: self.base.clone(),
                headers: Arc::clone(&self.headers),
                account: fresh,
                connector: self.connector.clone(),
                plans: AtomicUsize::new(0),
                nobody: Mutex::default(),
            };
            result = other.run(other.prepare(customer, options)?).await;
        }
        match result {
            Err(error) if self.is(Defect::TellsSuccessOfAFailure) && error.kind() == ErrorKind::Forbidden => {
                Ok(Upserted::new(PROVIDER, Outcome::Updated))
            }
            Err(error) => Err(self.told(error, customer)),
            done => done,
        }
    }

    async fn find(&self, who: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let Identity::Email(email) = who else { return Err(self.unsupported("find")) };
        match self.defect {
            Defect::SaysItFindsAndDoesNot => return Err(self.unsupported("find")),
            Defect::FindsNobody => return Ok(None),
            _ => {}
        }
        let id = self.look_up(&mut self.account.call(), &self.find_request(email.as_str())).await?;
        Ok(id.map(|id| FoundCustomer::new(Some(id.into()), Customer::new().email(email.clone()))))
    }

    async fn erase(&self, who: &Identity) -> Result<ErasureStatus, Error> {
        let Identity::Email(email) = who else { return Err(self.unsupported("erase")) };
        let mut call = self.account.call();
        let Some(id) = self.look_up(&mut call, &self.find_request(email.as_str())).await? else {
            return Ok(ErasureStatus::NotFound);
        };
        if self.is(Defect::ErasesNobody) {
            return Ok(ErasureStatus::Completed);
        }
        let delete = self.request(&DELETE, "customers/{id}", None).with_ids(&[("id", &id)])?;
        call.execute(&delete, |answer| self.read(answer)).await.map(|_| ErasureStatus::Completed)
    }

    async fn check(&self) -> Result<(), Error> {
        if self.is(Defect::ChecksNothing) && self.key == KEY {
            return Ok(());
        }
        let step = self.request(&CHECK, "key", None);
        let answer = self.account.call().execute(&step, |answer| self.read(answer)).await;
        if self.is(Defect::FindsEveryKeyGood) {
            return Ok(());
        }
        answer.map(drop)
    }

    fn quota_wait(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}
