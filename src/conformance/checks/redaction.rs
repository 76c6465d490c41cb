//! Checks that no output shows a secret or personal data.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::conformance::fixture::{Abort, CheckResult, Fixture};
use crate::conformance::session::Session;
use crate::conformance::subject::Credentials;
use crate::conformance::wire::Fault;
use crate::customer::{Address, Consent, ConsentState, Customer, Email, Gender};
use crate::error::Error;
use crate::sink::{CustomerSink, CustomerSinkExt, Identity, UpsertOptions};

/// Each stands somewhere in the planted customer.
const PERSONAL: &[&str] = &[
    "plantedmail",
    "5550109",
    "555 010 9",
    "Plantedfirst",
    "Plantedlast",
    "Planted display",
    "Planted company",
    "planted note",
    "plantedtag",
    "Planted Quay",
    "plantedcustom",
    "1971-03-04",
    "19710304",
    "98765.43",
    "plantedorder",
];

/// The subject's person with planted data in every place.
fn planted(person: &Customer) -> Customer {
    let mut c = person.clone();
    c.email = Some(Email::new("plantedmail@example.com"));
    c.phone = Some("+1 555 010 9999".into());
    c.tags = vec!["plantedtag".into(), "planted,tag".into()];
    c.addresses = vec![
        Address::new()
            .line1("1 Planted Quay")
            .city("Portland")
            .country_code("US")
            .province("Planted Quay")
            .phone("n/a planted"),
    ];
    c.gender = Some(Gender::Other);
    c.birthday = chrono::NaiveDate::from_ymd_opt(1971, 3, 4);
    c.total_spent = "98765.43".parse().ok();
    c.first_name("Plantedfirst")
        .last_name("Plantedlast")
        .display_name("Planted display")
        .company("Planted company")
        .note("planted note")
        .email_marketing(Consent::new(ConsentState::Unsubscribed))
        .last_order_id("plantedorder")
        .custom("plan", "plantedcustom")
}

/// Looks for what must not be shown.
struct Search {
    secrets: Vec<String>,
    found: Vec<String>,
}

impl Search {
    fn text(&mut self, what: &str, text: &str) {
        let secrets = self.secrets.iter().filter(|secret| text.contains(secret.as_str())).map(|_| "a credential");
        let people = PERSONAL.iter().filter(|planted| text.contains(**planted)).map(|_| "a person's data");
        if let Some(which) = secrets.chain(people).next() {
            self.found.push(format!("{what} shows {which}"));
        }
    }

    fn error(&mut self, what: &str, error: &Error) {
        self.text(&format!("the error {what}"), &format!("{error} {error:?} {error:#?}"));
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            self.text(&format!("a cause of the error {what}"), &format!("{cause} {cause:?}"));
            source = cause.source();
        }
        for field in error.field_errors() {
            self.text(&format!("a field error {what}"), &format!("{field} {field:?}"));
        }
    }

    fn secret(&mut self, what: &str, text: &str) {
        if self.secrets.iter().any(|secret| text.contains(secret.as_str())) {
            self.found.push(format!("{what} shows a credential"));
        }
    }
}

pub(super) async fn nothing_shown(session: &Session<'_>) -> CheckResult {
    let log = Log::default();
    let mut search = Search {
        secrets: session.subject.secrets(Credentials::First).into_iter().filter(|secret| !secret.is_empty()).collect(),
        found: Vec::new(),
    };
    work(session, &mut search).with_subscriber(log.clone()).await?;
    let traced = log.text();
    search.text("tracing", &traced);
    search.found.dedup();
    Ok(search.found)
}

async fn work(session: &Session<'_>, search: &mut Search) -> Result<(), Abort> {
    let customer = planted(&session.subject.person());
    let (fixture, sink) = session.open().await?;
    search.text("the sink", &format!("{sink:?} {sink:#?}"));
    let options = UpsertOptions::default();
    match sink.plan(&customer, &options) {
        Ok(plan) => {
            search.text("a plan", &format!("{plan:?} {plan:#?}"));
            search.secret("the JSON of a plan", &serde_json::to_string(&plan).unwrap_or_default());
            for note in plan.notes() {
                search.text("a note", &format!("{note} {note:?}"));
            }
        }
        Err(error) => search.error("of a plan", &error),
    }
    for _ in 0..2 {
        ended(search, "of an upsert", sink.upsert(&customer).await);
    }
    let by_email = customer.email.clone().map(Identity::Email);
    let by_phone = customer.phone.clone().map(Identity::Phone);
    for who in [by_email, by_phone].iter().flatten() {
        match sink.find(who).await {
            Ok(who) => search.text("a person found", &format!("{who:?}")),
            Err(error) => search.error("of a find", &error),
        }
    }
    // A record that is refused.
    let refused = Customer::new().email("plantedmail is none").phone("+1 555 010 9 x").first_name("Plantedfirst");
    ended(search, "of a refused record", sink.upsert(&refused).await);
    if !session.subject.sends_requests() {
        return Ok(());
    }
    let faults = [200, 400, 401, 403, 404, 409, 422, 429, 500, 503].map(Fault::Echo);
    for fault in faults.into_iter().chain([Fault::Refused, Fault::RequestLost, Fault::TimedOut]) {
        let name = format!("after {fault}");
        let (fixture, sink) = session.open().await?;
        for at in 0..3 {
            fixture.wire.arm(fault.clone(), at, true);
            ended(search, &name, sink.upsert(&customer).await);
            fixture.clock.advance(std::time::Duration::from_secs(600));
        }
        fixture.wire.arm(fault, 0, true);
        if let Some(email) = customer.email.clone() {
            let who = Identity::Email(email);
            if let Err(error) = sink.find(&who).await {
                search.error(&name, &error);
            }
            if let Err(error) = sink.erase(&who).await {
                search.error(&name, &error);
            }
        }
        if let Err(error) = sink.check().await {
            search.error(&name, &error);
        }
    }
    // A credential in a URL lands in every log on the way.
    for exchange in fixture.wire.since(0) {
        search.secret("a URL", exchange.request.url.as_str());
    }
    bad_credentials(&fixture, search).await
}

async fn bad_credentials(fixture: &Fixture, search: &mut Search) -> Result<(), Abort> {
    let sink: Arc<dyn CustomerSink> = fixture.sink(Credentials::Refused)?;
    if let Err(error) = sink.check().await {
        search.error("of a check", &error);
    }
    Ok(())
}

fn ended(search: &mut Search, what: &str, result: Result<crate::Upserted, Error>) {
    match result {
        Ok(done) => {
            search.text("an outcome", &format!("{done:?} {done:#?}"));
            for note in &done.notes {
                search.text("a note", &format!("{note} {note:?}"));
            }
        }
        Err(error) => search.error(what, &error),
    }
}

/// Keeps all that is traced, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, record: impl FnOnce(&mut dyn Visit)) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        record(&mut Writer(&mut text));
    }
}

struct Writer<'a>(&'a mut String);

impl Visit for Writer<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{field} {value:?}");
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // What an HTTP library traces of its own is not the sink's.
        !["hyper", "h2", "rustls", "reqwest"].iter().any(|name| metadata.target().starts_with(name))
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.keep(|visit| span.record(visit));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.keep(|visit| values.record(visit));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.keep(|visit| event.record(visit));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
