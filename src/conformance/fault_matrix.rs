//! Plays two upserts with every fault at every request, and judges effects and retries.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};

use super::clean_run::CleanRun;
use super::fixture::{Abort, Observed, same};
use super::harness::Harness;
use super::step_match::is_request_of;
use super::subject::StoredCustomer;
use super::wire::{Exchange, Fault, RetryClass, Wait};
use crate::customer::Customer;
use crate::error::Effect;
use crate::plan::{Plan, StepCondition};
use crate::sink::UpsertOptions;

/// How many runs are played at once.
const AT_ONCE: usize = 4;

/// How often a record is tried again after a failure, without further faults.
const RECOVERIES: usize = 2;

/// How often one request may be sent in one call.
const MOST_SENDS: usize = 10;

/// Faults of one request.
fn once() -> Vec<Fault> {
    let mut faults = vec![
        Fault::Refused,
        Fault::RequestLost,
        Fault::AnswerLost,
        Fault::TimedOut,
        Fault::AnswerTimedOut,
        Fault::Wait(429, Wait::Seconds(1)),
        Fault::Wait(503, Wait::Seconds(1)),
    ];
    let before = [301, 307, 400, 401, 403, 404, 408, 409, 422, 425, 429, 500, 501, 502, 503, 504, 505];
    faults.extend(before.map(Fault::Status));
    faults.extend([500, 502, 503, 504].map(Fault::StatusAfter));
    faults
}

/// Faults of one request and all that follow in the call.
fn lasting() -> Vec<Fault> {
    let mut faults = vec![Fault::Refused, Fault::RequestLost, Fault::AnswerLost, Fault::Wait(429, Wait::Seconds(1))];
    faults.extend([401, 403, 500, 503].map(Fault::Status));
    faults.push(Fault::Wait(503, Wait::Seconds(1)));
    faults.push(Fault::StatusAfter(502));
    faults
}

/// Two upserts with one fault, each tried again where it failed.
pub(super) struct Run {
    pub(super) fault: Fault,
    pub(super) at: usize,
    lasts: bool,
    pub(super) calls: Vec<Call>,
    /// The plans of the run's own sink for the first record and the later one.
    pub(super) plans: [Plan; 2],
}

/// One call of a run.
pub(super) struct Call {
    /// The first record, or the later one.
    pub(super) is_later: bool,
    pub(super) observed: Observed,
}

impl Run {
    pub(super) fn name(&self) -> String {
        let how = if self.lasts { " and all after it" } else { "" };
        format!("{} at request {}{how}", self.fault, self.at)
    }

    /// Whether the fault hides what the vendor did.
    pub(super) fn hides_effect(&self) -> bool {
        matches!(
            self.fault,
            Fault::RequestLost | Fault::AnswerLost | Fault::TimedOut | Fault::AnswerTimedOut | Fault::StatusAfter(_)
        ) || matches!(self.fault, Fault::Status(500 | 502 | 503 | 504))
    }
}

/// The runs with every fault.
pub(super) struct FaultMatrix {
    pub(super) runs: Vec<Run>,
}

impl FaultMatrix {
    pub(super) async fn play(harness: &Harness<'_>, clean: &CleanRun) -> Result<Self, Abort> {
        let one = once().into_iter().map(|fault| (fault, false));
        let all: Vec<_> = one.chain(lasting().into_iter().map(|fault| (fault, true))).collect();
        let cases = all.iter().flat_map(|(fault, lasts)| (0..clean.requests()).map(move |at| (fault, at, *lasts)));
        let runs = futures::stream::iter(cases.map(|(fault, at, lasts)| play(harness, fault.clone(), at, lasts)));
        Ok(Self { runs: runs.buffered(AT_ONCE).try_collect().await? })
    }
}

async fn play(harness: &Harness<'_>, fault: Fault, at: usize, lasts: bool) -> Result<Run, Abort> {
    let (fixture, sink) = harness.open().await?;
    let (person, later) = (harness.subject.person(), harness.subject.later());
    let plan = |customer: &Customer| {
        let plan = sink.plan(customer, &UpsertOptions::default());
        plan.map_err(|error| Abort::Broken(format!("no plan: {error}")))
    };
    let plans = [plan(&person)?, plan(&later)?];
    fixture.wire.arm(fault.clone(), at, lasts);
    let mut run = Run { fault, at, lasts, calls: Vec::new(), plans };
    for (is_later, customer) in [(false, person), (true, later)] {
        for _ in 0..=RECOVERIES {
            let observed = fixture.upsert(&*sink, &customer).await;
            let failed = observed.result.is_err();
            if failed {
                // Whatever faulted has passed, and the caller waits before the next try.
                if observed.exchanges.iter().any(|exchange| exchange.faulted) {
                    fixture.wire.disarm();
                }
                let asked = observed.result.as_ref().err().and_then(|error| error.retry_after()).unwrap_or_default();
                fixture.clock.advance(asked.max(Duration::from_secs(600)));
            }
            run.calls.push(Call { is_later, observed });
            if !failed {
                break;
            }
        }
    }
    Ok(run)
}

/// What is untrue in what a call reported.
pub(super) fn effect_findings(call: &Observed, wanted: &[StoredCustomer]) -> Vec<String> {
    let mut found = Vec::new();
    let unchanged = same(&call.before, &call.after);
    let unknown = call.exchanges.iter().any(|e| e.may_write() && e.retry_class() == RetryClass::Unknown);
    match &call.result {
        Ok(_) => {
            if !wanted.iter().all(|person| call.after.contains(person)) {
                found.push(format!("{}, and the record is not there", call.reported()));
            }
        }
        Err(error) => {
            match error.effect() {
                Effect::NotSent | Effect::Rejected if !unchanged => {
                    found.push(format!("{}, and the vendor did it", call.reported()));
                }
                Effect::Applied if unchanged => found.push(format!("{}, and nothing changed", call.reported())),
                Effect::Unknown if !unknown => {
                    found.push(format!("{}, and every write was answered definitely", call.reported()));
                }
                _ => {}
            }
            let answered = call.exchanges.iter().filter_map(|e| e.answer).any(|(s, _)| Some(s) == error.status());
            if error.status().is_some() && !answered {
                found.push(format!(
                    "{}, with the status {:?} that no request was answered with",
                    call.reported(),
                    error.status()
                ));
            }
            let sent = u32::try_from(call.exchanges.len()).unwrap_or(u32::MAX);
            if error.attempts() > sent {
                found.push(format!("{}, with {} attempts of {sent} requests", call.reported(), error.attempts()));
            }
        }
    }
    found
}

/// Whether a request may be sent twice with no harm.
pub(super) fn is_idempotent(harness: &Harness<'_>, plan: &Plan, exchange: &Exchange) -> bool {
    if matches!(exchange.request.method.as_str(), "GET" | "HEAD" | "PUT" | "DELETE") {
        return true;
    }
    let steps = plan.steps().iter().filter(|step| is_request_of(step, exchange));
    // A token call changes no record.
    steps
        .into_iter()
        .any(|step| step.when() == StepCondition::IfNoToken || harness.subject.is_idempotent(step.operation()))
}

/// Which requests were sent again and must not have been.
pub(super) fn retry_findings(exchanges: &[Exchange], is_idempotent: impl Fn(&Exchange) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (index, failed) in exchanges.iter().enumerate() {
        let later = exchanges.iter().skip(index + 1);
        if later.clone().filter(|exchange| exchange.same_as(failed)).count() > MOST_SENDS {
            found.push(format!("{} is sent more than {MOST_SENDS} times", failed.name()));
            break;
        }
        let Some(gap) = later.clone().position(|exchange| exchange.same_as(failed)) else { continue };
        let between = || later.clone().take(gap);
        let name = failed.name();
        match failed.retry_class() {
            RetryClass::NotApplied => {}
            RetryClass::Refused if gap == 0 => found.push(format!("{name} is sent again after {:?}", failed.answer)),
            RetryClass::Unknown if !is_idempotent(failed) => {
                let was_read = between().any(|exchange| exchange.retry_class() == RetryClass::Success);
                if !was_read {
                    found.push(format!("{name} is sent again, and may have been carried out ({:?})", failed.answer));
                }
            }
            RetryClass::Success if failed.may_write() && !is_idempotent(failed) => {
                found.push(format!("{name} is sent again after its success"));
            }
            _ => {}
        }
    }
    found
}
