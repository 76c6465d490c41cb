//! Checks with single faults: damaged answers, refusals with a success status, requested waits, and dropped calls.

use std::time::Duration;

use futures::future::{Either, select};

use crate::conformance::fault_matrix::{effect_findings, is_idempotent, retry_findings};
use crate::conformance::fixture::{Abort, CheckResult, same};
use crate::conformance::session::Session;
use crate::conformance::wire::{Damage, Fault, Wait};
use crate::customer::Customer;
use crate::error::Effect;
use crate::sink::{CustomerSinkExt, UpsertOptions};

/// A wait that is obeyed within a call.
const SHORT: u32 = 7;
/// A wait that no call lasts.
const LONG: u32 = 7 * 86_400;

pub(super) async fn broken_answers(session: &Session<'_>) -> CheckResult {
    session.needs_requests()?;
    let clean = session.passed_clean().await?;
    let mut found = Vec::new();
    for damage in Damage::ALL {
        for at in 0..clean.requests() {
            let name = format!("{} at request {at}", Fault::Damaged(damage));
            let (fixture, sink) = session.open().await?;
            fixture.wire.arm(Fault::Damaged(damage), at, false);
            let both = [(session.subject.person(), &clean.first), (session.subject.later(), &clean.later)];
            for (customer, wanted) in both {
                let call = fixture.upsert(&*sink, &customer).await;
                found.extend(effect_findings(&call, &wanted.after).into_iter().map(|p| format!("{name}: {p}")));
                let plan = sink.plan(&customer, &UpsertOptions::default());
                let plan = plan.map_err(|error| Abort::Broken(format!("no plan: {error}")))?;
                let again =
                    retry_findings(&call.exchanges, |exchange| is_idempotent(&session.harness, &plan, exchange));
                found.extend(again.into_iter().map(|problem| format!("{name}: {problem}")));
                if call.result.is_err() {
                    fixture.wire.disarm();
                    let again = fixture.upsert(&*sink, &customer).await;
                    if let Err(error) = again.result {
                        found.push(format!("{name}: the next call fails: {error}"));
                    }
                }
            }
            if !same(&fixture.stand_in.people(), &clean.later.after) {
                found.push(format!("{name}: what the vendor holds in the end is not the record, once"));
            }
        }
    }
    Ok(found)
}

pub(super) async fn refusal_in_success(session: &Session<'_>) -> CheckResult {
    session.needs_requests()?;
    let answers = session.subject.refusals_with_success_status();
    if answers.is_empty() {
        return Err(Abort::Skip("the subject knows no refusal with a success status"));
    }
    let clean = session.passed_clean().await?;
    let writes = clean.first.exchanges.iter().filter(|exchange| exchange.may_write()).count();
    let mut found = Vec::new();
    for (index, answer) in answers.into_iter().enumerate() {
        for at in 0..writes {
            let name = format!("refusal {index} at write {at}");
            let (fixture, sink) = session.open().await?;
            fixture.wire.arm_writes(Fault::Given(answer.clone()), at);
            let call = fixture.upsert(&*sink, &session.subject.person()).await;
            match &call.result {
                Ok(done) => found.push(format!("{name}: reported as {}", done.outcome)),
                Err(error) if error.effect() == Effect::Unknown => {
                    found.push(format!("{name}: reported as unknown, and the vendor refused"));
                }
                Err(_) => found.extend(effect_findings(&call, &[]).into_iter().map(|p| format!("{name}: {p}"))),
            }
        }
    }
    Ok(found)
}

pub(super) async fn retry_after(session: &Session<'_>) -> CheckResult {
    session.needs_requests()?;
    let clean = session.passed_clean().await?;
    let mut found = Vec::new();
    for status in [429, 503] {
        for wait in [Wait::Seconds(SHORT), Wait::Date(SHORT), Wait::Seconds(LONG), Wait::Date(LONG)] {
            for at in 0..clean.first.exchanges.len() {
                let fault = Fault::Wait(status, wait);
                let name = format!("{fault} at request {at}");
                let (fixture, sink) = session.open().await?;
                fixture.wire.arm(fault, at, false);
                let call = fixture.upsert(&*sink, &session.subject.person()).await;
                let (Wait::Seconds(asked) | Wait::Date(asked)) = wait;
                // A date has no fractions.
                let asked = Duration::from_secs(u64::from(asked).saturating_sub(1));
                let faulted = call.exchanges.iter().position(|exchange| exchange.faulted);
                let mut after = call.exchanges.iter().skip(faulted.map_or(usize::MAX, |at| at + 1));
                let next = faulted.and_then(|at| call.exchanges.get(at)).zip(after.next());
                if let Some((faulted, next)) = next
                    && next.at.saturating_duration_since(faulted.at) < asked
                {
                    found.push(format!("{name}: the next request goes out before the time is over"));
                }
                match &call.result {
                    Ok(_) => {}
                    Err(error) if error.retry_after().is_none_or(|told| told < asked) => {
                        found.push(format!("{name}: the error asks to wait {:?}", error.retry_after()));
                    }
                    Err(error) if !error.is_retryable() => {
                        found.push(format!("{name}: reported as not to be tried again"))
                    }
                    Err(_) => {}
                }
                if asked > Duration::from_secs(3600) && call.waited >= asked {
                    found.push(format!("{name}: the call lasts as long as the vendor asks to wait"));
                }
            }
        }
    }
    Ok(found)
}

pub(super) async fn cancellation(session: &Session<'_>) -> CheckResult {
    session.needs_requests()?;
    let clean = session.passed_clean().await?;
    let mut found = Vec::new();
    let first = clean.first.exchanges.len();
    for fault in [Fault::Stalled, Fault::StalledAfter] {
        for at in 0..clean.requests() {
            let name = format!("{fault} at request {at}");
            let (fixture, sink) = session.open().await?;
            let (person, later) = (session.subject.person(), session.subject.later());
            let (dropped, at): (&Customer, usize) = if at < first { (&person, at) } else { (&later, at - first) };
            if std::ptr::eq(dropped, &raw const later) {
                fixture.upsert(&*sink, &person).await;
            }
            fixture.wire.arm(fault.clone(), at, false);
            {
                let call = sink.upsert(dropped);
                let stalled = fixture.wire.stalled.notified();
                match select(std::pin::pin!(call), std::pin::pin!(stalled)).await {
                    Either::Left(_) => {
                        found.push(format!("{name}: the call ended before its last request"));
                        continue;
                    }
                    // Here the call is dropped.
                    Either::Right(_) => {}
                }
            }
            fixture.wire.disarm();
            fixture.clock.advance(Duration::from_secs(600));
            for customer in [dropped, &later] {
                if let Err(error) = fixture.upsert(&*sink, customer).await.result {
                    found.push(format!("{name}: the next call fails: {error}"));
                }
            }
            let people = fixture.stand_in.people();
            if people.len() != 1 {
                found.push(format!("{name}: the vendor holds {} people in the end, not one", people.len()));
            } else if !same(&people, &clean.later.after) {
                found.push(format!("{name}: what the vendor holds in the end is not the record"));
            }
        }
    }
    Ok(found)
}
