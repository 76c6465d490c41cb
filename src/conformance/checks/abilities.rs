//! Checks that a sink does what its capabilities say, under one name.

use std::sync::Arc;

use crate::conformance::fixture::{Abort, CheckResult, Fixture, same};
use crate::conformance::session::Session;
use crate::conformance::subject::Credentials;
use crate::conformance::wire::Fault;
use crate::customer::{Customer, Field, FieldPath};
use crate::error::{Error, ErrorKind};
use crate::plan::matrix::{FieldKey, FieldMatrix};
use crate::sink::{CustomerSink, CustomerSinkExt, ErasureStatus, Identity, RemoteId, UpsertOptions};

pub(super) async fn one_name(session: &Session<'_>) -> CheckResult {
    let (fixture, sink) = session.open().await?;
    let name = sink.provider();
    let mut found = Vec::new();
    let mut same = |what: &str, other: Option<crate::ProviderId>| {
        if other != Some(name) {
            found.push(format!("{what} names {other:?}, not {name}"));
        }
    };
    let options = UpsertOptions::default();
    let person = session.subject.person();
    let can = sink.capabilities();
    same("the matrix", Some(can.fields.provider()));
    let plan = sink.plan(&person, &options);
    same("a plan", plan.as_ref().ok().map(crate::Plan::provider));
    same("a refusal", sink.plan(&Customer::new(), &options).err().and_then(|error| error.provider()));
    same("an outcome", sink.upsert(&person).await.ok().map(|done| done.provider));
    if session.subject.sends_requests() {
        fixture.wire.arm(Fault::Refused, 0, true);
        same("an error", sink.upsert(&person).await.err().and_then(|error| error.provider()));
        fixture.wire.disarm();
        fixture.clock.advance(std::time::Duration::from_secs(600));
    }
    let boxed: Box<dyn CustomerSink> = Box::new(Arc::clone(&sink));
    same("a boxed sink", Some(boxed.provider()));
    let steps = |plan: Result<crate::Plan, Error>| {
        plan.map(|plan| plan.steps().iter().map(crate::plan::Step::operation).collect::<Vec<_>>()).unwrap_or_default()
    };
    if steps(boxed.plan(&person, &options)) != steps(plan) {
        found.push("a boxed sink plans otherwise".to_owned());
    }
    if boxed.upsert(&person).await.is_err() {
        found.push("a boxed sink cannot upsert".to_owned());
    }
    for field in FieldMatrix::all_fields() {
        let rows = can.fields.rules().iter().filter(|rule| rule.field == field).count();
        // One row may speak for a whole consent.
        let whole = match field {
            FieldKey::Consent(channel, _) => can.fields.rule(FieldKey::Top(channel.field())).is_some(),
            _ => false,
        };
        if rows > 1 || (rows == 0 && !whole) {
            found.push(format!("the matrix has {rows} rows for {field}"));
        }
    }
    Ok(found)
}

/// What the subject's person is known by at the vendor, and what nobody is. An identifier that did not arrive whole, by
/// the plan's own words, is none.
fn identities(person: &Customer, plan: &crate::Plan, remote_id: Option<&str>) -> Vec<(Identity, Identity)> {
    let arrived = |field: Field| plan.sent().contains(&FieldPath::Field(field));
    let mut all = Vec::new();
    if let Some(id) = person.external_id.as_ref().filter(|_| arrived(Field::ExternalId)) {
        all.push((Identity::ExternalId(id.clone()), Identity::ExternalId("nobody-999".into())));
    }
    if let Some(email) = person.email.as_ref().filter(|_| arrived(Field::Email)) {
        all.push((Identity::Email(email.clone()), Identity::Email("nobody@example.com".into())));
    }
    if let Some(phone) = person.phone.as_ref().filter(|_| arrived(Field::Phone)) {
        all.push((Identity::Phone(phone.clone()), Identity::Phone("+15550199999".into())));
    }
    if let Some(id) = remote_id {
        let id = Identity::RemoteId(RemoteId::from(id));
        all.push((id.clone(), id));
    }
    all
}

/// The person at a fresh stand-in, and what they are known by.
async fn with_person(
    session: &Session<'_>,
) -> Result<(Fixture, Arc<dyn CustomerSink>, Vec<(Identity, Identity)>), Abort> {
    session.passed_clean().await?;
    let (fixture, sink) = session.open().await?;
    let person = session.subject.person();
    let done = sink.upsert(&person).await.map_err(|error| Abort::Broken(format!("no upsert: {error}")))?;
    let plan = sink.plan(&person, &UpsertOptions::default());
    let plan = plan.map_err(|error| Abort::Broken(format!("no plan: {error}")))?;
    let known = identities(&person, &plan, done.remote_id.as_ref().map(RemoteId::as_str));
    Ok((fixture, sink, known))
}

fn is_unsupported(error: &Error, sink: &dyn CustomerSink) -> bool {
    error.kind() == ErrorKind::Unsupported && error.provider() == Some(sink.provider())
}

/// The kind of an identity, without its value.
fn kind(who: &Identity) -> &'static str {
    match who {
        Identity::RemoteId(_) => "remote id",
        Identity::ExternalId(_) => "external id",
        Identity::Email(_) => "e-mail",
        Identity::Phone(_) => "phone",
    }
}

pub(super) async fn find(session: &Session<'_>) -> CheckResult {
    let (fixture, sink, known) = with_person(session).await?;
    let mut found = Vec::new();
    let before = fixture.stand_in.people();
    let mut works = false;
    for (who, nobody) in &known {
        let by = kind(who);
        match sink.find(who).await {
            Err(error) if is_unsupported(&error, &*sink) => continue,
            Err(error) => found.push(format!("by {by}: {error}")),
            Ok(_) if !sink.capabilities().can_find => found.push(format!("by {by}: it answers, and says it cannot")),
            Ok(None) => found.push(format!("by {by}: it does not find who is there")),
            Ok(Some(person)) => {
                works = true;
                if person.customer.set_fields().is_empty() {
                    found.push(format!("by {by}: it finds an empty record"));
                }
            }
        }
        if who != nobody && !matches!(sink.find(nobody).await, Ok(None)) {
            found.push(format!("by {by}: nobody is not reported as nobody"));
        }
    }
    if sink.capabilities().can_find && !works {
        found.push("it says that it finds, and does by no identity".to_owned());
    }
    if !same(&before, &fixture.stand_in.people()) {
        found.push("looking changed what is there".to_owned());
    }
    Ok(found)
}

pub(super) async fn erase(session: &Session<'_>) -> CheckResult {
    let (_, sink, known) = with_person(session).await?;
    let mut found = Vec::new();
    let mut works = false;
    for index in 0..known.len() {
        let (fixture, sink, known) = with_person(session).await?;
        let Some((who, nobody)) = known.get(index) else { continue };
        let (by, from, before) = (kind(who), fixture.wire.count(), fixture.stand_in.people());
        if who != nobody {
            match sink.erase(nobody).await {
                Err(error) if is_unsupported(&error, &*sink) => {}
                Ok(ErasureStatus::Completed) => found.push(format!("by {by}: erasing nobody is reported as done")),
                Ok(_) => {}
                Err(error) => found.push(format!("by {by}, nobody: {error}")),
            }
        }
        if !same(&before, &fixture.stand_in.people()) {
            found.push(format!("by {by}: erasing nobody changed what is there"));
        }
        let asked = sink.erase(who).await;
        let silent = session.subject.sends_requests() && fixture.wire.count() == from;
        match asked {
            Err(error) if is_unsupported(&error, &*sink) => continue,
            Err(error) => found.push(format!("by {by}: {error}")),
            Ok(_) if !sink.capabilities().can_erase => found.push(format!("by {by}: it answers, and says it cannot")),
            Ok(ErasureStatus::NotFound) => found.push(format!("by {by}: it does not find who is there")),
            Ok(_) if silent => found.push(format!("by {by}: it says yes, and sent nothing")),
            Ok(ErasureStatus::Completed) if !fixture.stand_in.people().is_empty() => {
                found.push(format!("by {by}: reported as done, and the person is there"));
            }
            Ok(_) => works = true,
        }
    }
    if sink.capabilities().can_erase && !works && found.is_empty() {
        found.push("it says that it erases, and does by no identity".to_owned());
    }
    Ok(found)
}

pub(super) async fn check(session: &Session<'_>) -> CheckResult {
    let (fixture, sink, _) = with_person(session).await?;
    let before = fixture.stand_in.people();
    let mut found = Vec::new();
    if !sink.capabilities().can_check {
        match sink.check().await {
            Err(error) if is_unsupported(&error, &*sink) => {}
            Err(error) => found.push(format!("it cannot, and is not unsupported by name: {error}")),
            Ok(()) => found.push("it says that it cannot, and finds the credentials good".to_owned()),
        }
        return Ok(found);
    }
    let from = fixture.wire.count();
    if let Err(error) = sink.check().await {
        found.push(format!("good credentials are refused: {error}"));
    }
    if !same(&before, &fixture.stand_in.people()) {
        found.push("checking changed what is there".to_owned());
    }
    if session.subject.sends_requests() {
        if fixture.wire.count() == from {
            found.push("it asks nobody".to_owned());
        }
        match fixture.sink(Credentials::Refused)?.check().await {
            Err(error) if matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::Forbidden) => {}
            Err(error) => found.push(format!("bad credentials are reported as {}", error.kind())),
            Ok(()) => found.push("bad credentials are found good".to_owned()),
        }
    }
    Ok(found)
}
