//! Checks of plans: every field is accounted for, nothing is sent, plans repeat, and refusals name every problem.

use std::collections::HashSet;

use crate::conformance::customers::odd_customers;
use crate::conformance::fixture::{Abort, CheckResult};
use crate::conformance::session::Session;
use crate::conformance::subject::Credentials;
use crate::customer::Customer;
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::note::{Note, NoteAction, NoteReason};
use crate::plan::{Plan, StepCondition};
use crate::sink::{CustomerSink, OnLoss, UpsertOptions};

/// How many odd records are planned.
const ODD: usize = 200;

/// The record, the later one, and many odd ones.
fn customers(session: &Session<'_>) -> impl Iterator<Item = Customer> + use<> {
    let person = session.subject.person();
    [person.clone(), session.subject.later()].into_iter().chain(odd_customers(&person, ODD))
}

fn plan(sink: &dyn CustomerSink, customer: &Customer) -> Result<Plan, Error> {
    sink.plan(customer, &UpsertOptions::default())
}

pub(super) async fn conservation(session: &Session<'_>) -> CheckResult {
    let (_, sink) = session.open().await?;
    let mut found = Vec::new();
    let mut planned = 0usize;
    for (index, customer) in customers(session).enumerate() {
        if let Ok(plan) = plan(&*sink, &customer) {
            planned += 1;
            found.extend(claims(&customer, &plan).into_iter().map(|problem| format!("record {index}: {problem}")));
        } else if index < 2 {
            found.push("the subject's own record is refused".to_owned());
        }
    }
    if planned < ODD / 4 {
        found.push(format!("only {planned} of {ODD} records can be planned: too few to tell"));
    }
    Ok(found)
}

/// Each set place is sent or noted, once; and nothing is claimed that is not set.
fn claims(customer: &Customer, plan: &Plan) -> Vec<String> {
    let set = customer.set_paths();
    let mut found: Vec<String> =
        set.iter().filter(|place| !plan.covers(place)).map(|place| format!("{place} is lost")).collect();
    let mut claimed = HashSet::new();
    let whole = plan.notes().iter().filter(|note| note.action() != NoteAction::Added && note.condition().is_none());
    for path in plan.sent().iter().chain(whole.map(Note::path)) {
        if !claimed.insert(path) {
            found.push(format!("{path} has two claims"));
        }
        if !set.iter().any(|place| path.covers(place)) {
            found.push(format!("{path} is claimed and not set"));
        }
    }
    // A note that speaks for one step needs a claim that speaks for the others.
    let partial = plan.notes().iter().filter(|note| note.action() != NoteAction::Added && note.condition().is_some());
    for path in partial.map(Note::path) {
        if !claimed.iter().any(|claim| claim.covers(path)) {
            found.push(format!("{path} is noted for one step, and nothing speaks for the others"));
        }
    }
    found
}

/// A plan with every byte in it.
fn whole(plan: Result<Plan, Error>) -> (String, Vec<Vec<u8>>) {
    match plan {
        Ok(plan) => {
            let bodies = plan.steps().iter().map(|step| step.body().unwrap_or_default().to_vec());
            (serde_json::to_string(&plan).unwrap_or_default(), bodies.collect())
        }
        Err(error) => (format!("{error:?}"), Vec::new()),
    }
}

pub(super) async fn is_deterministic(session: &Session<'_>) -> CheckResult {
    let (fixture, sink) = session.open().await?;
    let other = fixture.sink(Credentials::First)?;
    let mut found = Vec::new();
    for (index, customer) in customers(session).enumerate() {
        let first = whole(plan(&*sink, &customer));
        if first != whole(plan(&*sink, &customer)) {
            found.push(format!("record {index} has another plan the second time"));
        }
        fixture.clock.advance(std::time::Duration::from_secs(86_400));
        if first != whole(plan(&*other, &customer)) {
            found.push(format!("record {index} has another plan from another client a day later"));
        }
    }
    Ok(found)
}

pub(super) async fn sends_nothing(session: &Session<'_>) -> CheckResult {
    session.needs_requests()?;
    let (fixture, sink) = session.open().await?;
    for customer in customers(session) {
        let _ = plan(&*sink, &customer);
    }
    // What a plan would have started in the background gets its turn.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    match fixture.wire.count() {
        0 => Ok(Vec::new()),
        count => Ok(vec![format!("planning sent {count} requests")]),
    }
}

pub(super) async fn refused_records(session: &Session<'_>) -> CheckResult {
    let (fixture, sink) = session.open().await?;
    let mut found = Vec::new();
    if plan(&*sink, &Customer::new()).is_ok() {
        found.push("a record without any identifier is planned".to_owned());
    }
    for (index, customer) in [Customer::new()].into_iter().chain(customers(session)).enumerate() {
        let Err(error) = plan(&*sink, &customer) else { continue };
        found.extend(refusal(&*sink, &error).map(|problem| format!("record {index}: {problem}")));
        // Some tell enough: sending is slow where it wrongly happens.
        if index < 60 {
            let sent = fixture.wire.count();
            match sink.upsert_with(&customer, &UpsertOptions::default()).await {
                Ok(_) => found.push(format!("record {index} is refused by the plan and taken by the upsert")),
                Err(error) => found.extend(refusal(&*sink, &error).map(|p| format!("record {index}, sent: {p}"))),
            }
            if fixture.wire.count() != sent {
                found.push(format!("record {index} is refused, and something was sent"));
            }
        }
    }
    if !fixture.stand_in.people().is_empty() {
        found.push("a refused record arrived".to_owned());
    }
    Ok(found)
}

/// What is wrong with the refusal of a record.
fn refusal(sink: &dyn CustomerSink, error: &Error) -> Option<String> {
    if error.kind() != ErrorKind::InvalidInput || error.effect() != Effect::NotSent {
        return Some(format!("refused as {} with the effect {}", error.kind(), error.effect()));
    }
    if error.field_errors().is_empty() {
        return Some("the refusal names no field".to_owned());
    }
    (error.provider() != Some(sink.provider())).then(|| "the refusal does not name the provider".to_owned())
}

/// Whether a note tells of data that does not arrive as it is, whatever the vendor holds.
fn is_loss(note: &Note) -> bool {
    let certain = note.condition().is_none_or(|when| when == StepCondition::Always);
    certain && note.action() != NoteAction::Added && note.reason() != NoteReason::Redundant
}

pub(super) async fn loss_policy(session: &Session<'_>) -> CheckResult {
    let (fixture, sink) = session.open().await?;
    let strict = UpsertOptions::default().on_loss(OnLoss::Fail);
    let mut found = Vec::new();
    let mut tried = 0usize;
    for (index, customer) in customers(session).enumerate() {
        let Ok(lenient) = plan(&*sink, &customer) else { continue };
        let lost: Vec<String> =
            lenient.notes().iter().filter(|note| is_loss(note)).map(|note| note.path().to_string()).collect();
        if lost.is_empty() {
            if sink.plan(&customer, &strict).is_err() {
                found.push(format!("record {index} loses nothing, and is refused"));
            }
            continue;
        }
        tried += 1;
        match sink.plan(&customer, &strict) {
            Ok(_) => found.push(format!("record {index} loses {lost:?}, and is planned")),
            Err(error) => {
                let named = |path: &String| error.field_errors().iter().any(|field| field.field() == path);
                found.extend(
                    lost.iter().filter(|path| !named(path)).map(|p| format!("record {index}: {p} is not named")),
                );
            }
        }
        if tried < 20 {
            let sent = fixture.wire.count();
            if sink.upsert_with(&customer, &strict).await.is_ok() || fixture.wire.count() != sent {
                found.push(format!("record {index} loses {lost:?}, and something was sent"));
            }
        }
    }
    if tried == 0 {
        return Err(Abort::Skip("no record loses anything on the way to this sink"));
    }
    if !fixture.stand_in.people().is_empty() {
        found.push("a record arrived that was to be refused".to_owned());
    }
    Ok(found)
}
