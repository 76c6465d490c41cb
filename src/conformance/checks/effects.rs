//! Judges the runs with faults: effects, duplicates, retries, and the look-up before a further try.

use crate::conformance::fault_matrix::{effect_findings, is_idempotent, retry_findings};
use crate::conformance::fixture::{Abort, CheckResult, Observed, same};
use crate::conformance::session::Session;
use crate::conformance::step_match::is_request_of;
use crate::conformance::wire::{Exchange, Fault, RetryClass};
use crate::error::Effect;
use crate::plan::{Plan, StepCondition};
use crate::sink::{CustomerSink, UpsertOptions};

pub(super) async fn honest_effects(session: &Session<'_>) -> CheckResult {
    session.needs_requests()?;
    let (clean, fault_matrix) = (session.passed_clean().await?, session.fault_matrix().await?);
    let mut found = Vec::new();
    for run in &fault_matrix.runs {
        for call in &run.calls {
            let wanted = if call.is_later { &clean.later.after } else { &clean.first.after };
            let problems = effect_findings(&call.observed, wanted);
            found.extend(problems.into_iter().map(|problem| format!("{}: {problem}", run.name())));
        }
    }
    Ok(found)
}

pub(super) async fn one_record(session: &Session<'_>) -> CheckResult {
    session.needs_requests()?;
    let (clean, fault_matrix) = (session.passed_clean().await?, session.fault_matrix().await?);
    let mut found = Vec::new();
    for run in fault_matrix.runs.iter().filter(|run| run.hides_effect()) {
        match run.calls.last().map(|call| &call.observed) {
            Some(Observed { after, .. }) if after.len() != 1 => {
                found.push(format!("{}: the vendor holds {} people in the end, not one", run.name(), after.len()));
            }
            Some(Observed { result: Err(error), .. }) => {
                found.push(format!("{}: it stays {} after the fault is over", run.name(), error.kind()));
            }
            Some(Observed { after, .. }) if !same(after, &clean.later.after) => {
                found.push(format!("{}: what the vendor holds in the end is not the record", run.name()));
            }
            _ => {}
        }
    }
    Ok(found)
}

pub(super) async fn allowed_retries(session: &Session<'_>) -> CheckResult {
    session.needs_requests()?;
    session.passed_clean().await?;
    let fault_matrix = session.fault_matrix().await?;
    let mut found = Vec::new();
    for run in &fault_matrix.runs {
        let [first, later] = &run.plans;
        for call in &run.calls {
            let plan = if call.is_later { later } else { first };
            let idempotent = |exchange: &Exchange| is_idempotent(&session.harness, plan, exchange);
            for problem in retry_findings(&call.observed.exchanges, idempotent) {
                found.push(format!("{}: {problem}", run.name()));
            }
        }
    }
    Ok(found)
}

pub(super) async fn look_up_first(session: &Session<'_>) -> CheckResult {
    session.needs_requests()?;
    let clean = session.passed_clean().await?;
    let (fixture, sink) = session.open().await?;
    if !sink.capabilities().can_find {
        return Err(Abort::Skip("the sink cannot find a customer"));
    }
    let person = session.subject.person();
    let options = UpsertOptions::default().look_up_first(true);
    let plan = |sink: &dyn CustomerSink| {
        let plan = sink.plan(&person, &options);
        plan.map_err(|error| Abort::Broken(format!("no plan: {error}")))
    };
    let mut found = Vec::new();
    let call = fixture.upsert_with(&*sink, &person, &options).await;
    let of_call = plan(&*sink)?;
    if call.exchanges.iter().all(|exchange| is_idempotent(&session.harness, &of_call, exchange)) {
        return Err(Abort::Skip("every request of an upsert may be repeated"));
    }
    found.extend(unread(session, &of_call, &call).map(|problem| format!("with nobody there: {problem}")));
    if let Err(error) = &call.result {
        found.push(format!("with nobody there: it fails: {error}"));
    }
    let writes = clean.first.exchanges.iter().filter(|exchange| exchange.may_write()).count();
    for fault in [Fault::AnswerLost, Fault::RequestLost] {
        for at in 0..writes {
            let name = format!("after {fault} at write {at}");
            let (fixture, sink) = session.open().await?;
            fixture.wire.arm_writes(fault.clone(), at);
            let first = fixture.upsert(&*sink, &person).await;
            fixture.wire.disarm();
            if !first.result.as_ref().is_err_and(|error| error.effect() == Effect::Unknown) {
                continue;
            }
            fixture.clock.advance(std::time::Duration::from_secs(600));
            let again = fixture.upsert_with(&*sink, &person, &options).await;
            found.extend(unread(session, &plan(&*sink)?, &again).map(|problem| format!("{name}: {problem}")));
            match &again.result {
                Err(error) => found.push(format!("{name}: the further try fails: {error}")),
                Ok(_) if !same(&again.after, &clean.first.after) => {
                    found.push(format!("{name}: what the vendor holds in the end is not the record, once"));
                }
                Ok(_) => {}
            }
        }
    }
    Ok(found)
}

/// The first request that may not be repeated, where no answer of the vendor about the person came before it.
fn unread(session: &Session<'_>, plan: &Plan, call: &Observed) -> Option<String> {
    let is_token = |exchange: &Exchange| {
        let mut steps = plan.steps().iter().filter(|step| step.when() == StepCondition::IfNoToken);
        steps.any(|step| is_request_of(step, exchange))
    };
    let may_be_repeated = |exchange: &Exchange| is_idempotent(&session.harness, plan, exchange);
    let at = call.exchanges.iter().position(|exchange| !may_be_repeated(exchange))?;
    let was_read = call.exchanges.iter().take(at).any(|e| e.retry_class() == RetryClass::Success && !is_token(e));
    let name = call.exchanges.get(at).map(Exchange::name)?;
    (!was_read).then(|| format!("{name} is sent before any look-up"))
}
