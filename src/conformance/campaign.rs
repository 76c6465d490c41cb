//! Every fault at every request of two upserts, and what three of the promises make of it.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};

use super::scene::{Clean, Findings, Observed, Stage, Stop, same};
use super::wire::{Ending, Exchange, Fault, Wait};
use crate::customer::Customer;
use crate::error::Effect;
use crate::plan::outcome::Outcome;
use crate::plan::{Plan, StepCondition};
use crate::sink::UpsertOptions;

/// How many runs go on at once.
const AT_ONCE: usize = 4;

/// How often a record is tried again after a failure, with nothing going wrong any more.
const RECOVERIES: usize = 2;

/// How often one request may be sent in one call.
const MOST_SENDS: usize = 10;

/// Faults that strike one request.
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

/// Faults that strike one request and all that follow in the call.
fn lasting() -> Vec<Fault> {
    let mut faults = vec![Fault::Refused, Fault::RequestLost, Fault::AnswerLost, Fault::Wait(429, Wait::Seconds(1))];
    faults.extend([401, 403, 500, 503].map(Fault::Status));
    faults.push(Fault::Wait(503, Wait::Seconds(1)));
    faults.push(Fault::StatusAfter(502));
    faults
}

/// Two upserts in which one thing goes wrong, each tried again where it failed.
pub(super) struct Run {
    pub(super) fault: Fault,
    pub(super) at: usize,
    lasts: bool,
    calls: Vec<Call>,
    /// What the run's own sink plans for the first record and the later one.
    plans: [Plan; 2],
}

/// One call of a run.
struct Call {
    /// The first record, or the later one.
    is_later: bool,
    observed: Observed,
}

impl Run {
    fn name(&self) -> String {
        let how = if self.lasts { " and all after it" } else { "" };
        format!("{} at request {}{how}", self.fault, self.at)
    }

    /// Whether the fault leaves open what the vendor did.
    fn is_doubtful(&self) -> bool {
        matches!(
            self.fault,
            Fault::RequestLost | Fault::AnswerLost | Fault::TimedOut | Fault::AnswerTimedOut | Fault::StatusAfter(_)
        ) || matches!(self.fault, Fault::Status(500 | 502 | 503 | 504))
    }
}

/// All runs.
pub(super) struct Campaign {
    runs: Vec<Run>,
}

impl Campaign {
    pub(super) async fn play(stage: &Stage<'_>, clean: &Clean) -> Result<Self, Stop> {
        let one = once().into_iter().map(|fault| (fault, false));
        let all: Vec<_> = one.chain(lasting().into_iter().map(|fault| (fault, true))).collect();
        let cases = all.iter().flat_map(|(fault, lasts)| (0..clean.requests()).map(move |at| (fault, at, *lasts)));
        let runs = futures::stream::iter(cases.map(|(fault, at, lasts)| play(stage, fault.clone(), at, lasts)));
        Ok(Self { runs: runs.buffered(AT_ONCE).try_collect().await? })
    }
}

async fn play(stage: &Stage<'_>, fault: Fault, at: usize, lasts: bool) -> Result<Run, Stop> {
    let (scene, sink) = stage.open().await?;
    let (person, later) = (stage.subject.person(), stage.subject.later());
    let plan = |customer: &Customer| {
        let plan = sink.plan(customer, &UpsertOptions::default());
        plan.map_err(|error| Stop::Broken(format!("no plan: {error}")))
    };
    let plans = [plan(&person)?, plan(&later)?];
    scene.wire.arm(fault.clone(), at, lasts);
    let mut run = Run { fault, at, lasts, calls: Vec::new(), plans };
    for (is_later, customer) in [(false, person), (true, later)] {
        for _ in 0..=RECOVERIES {
            let observed = scene.upsert(&*sink, &customer).await;
            let failed = observed.result.is_err();
            if failed {
                // Whatever struck has passed, and the caller waits before the next try.
                if observed.exchanges.iter().any(|exchange| exchange.struck) {
                    scene.wire.disarm();
                }
                let asked = observed.result.as_ref().err().and_then(|error| error.retry_after()).unwrap_or_default();
                scene.clock.advance(asked.max(Duration::from_secs(600)));
            }
            run.calls.push(Call { is_later, observed });
            if !failed {
                break;
            }
        }
    }
    Ok(run)
}

/// What is wrong with a run in which nothing went wrong.
pub(super) fn clean_findings(stage: &Stage<'_>, clean: &Clean) -> Vec<String> {
    let mut found = Vec::new();
    for (what, seen) in [("first record", &clean.first), ("later record", &clean.later), ("same again", &clean.again)] {
        match &seen.result {
            Err(error) => found.push(format!("the {what} failed: {error}")),
            Ok(done) => {
                if seen.after.len() != 1 {
                    found.push(format!("after the {what} the vendor holds {} people, not one", seen.after.len()));
                }
                let sent = u32::try_from(seen.exchanges.len()).unwrap_or(u32::MAX);
                if stage.subject.sends_requests() && (done.attempts == 0 || done.attempts > sent) {
                    found.push(format!("the {what}: {} attempts are told of {sent} requests", done.attempts));
                }
            }
        }
    }
    let outcomes = [clean.first.outcome(), clean.later.outcome(), clean.again.outcome()];
    match outcomes {
        [Some(first), Some(later), Some(again)] => {
            if matches!(first, Outcome::Updated | Outcome::Unchanged) {
                found.push(format!("the first record is told as {first}, and nobody was there"));
            }
            if matches!(later, Outcome::Created | Outcome::Unchanged) {
                found.push(format!("the later record is told as {later}, and somebody else was there"));
            }
            if again == Outcome::Created {
                found.push("the same record again is told as created".to_owned());
            }
        }
        _ => return found,
    }
    if same(&clean.first.after, &clean.later.after) {
        found.push("the later record changed nothing at the vendor".to_owned());
    }
    if !same(&clean.later.after, &clean.again.after) {
        found.push("the same record again changed what the vendor holds".to_owned());
    }
    let ids = [&clean.first, &clean.later].map(|seen| seen.result.as_ref().ok().and_then(|d| d.remote_id.clone()));
    if let [Some(a), Some(b)] = ids
        && a != b
    {
        found.push("the same person has two remote ids".to_owned());
    }
    found
}

pub(super) async fn clean_run(stage: &Stage<'_>) -> Findings {
    let clean = stage.clean().await?;
    let mut found = clean_findings(stage, clean);
    let (_, sink) = stage.open().await?;
    let can = sink.capabilities();
    if let Some(first) = clean.first.outcome()
        && can.tells_created != (first == Outcome::Created)
    {
        found.push(format!("tells_created is {}, and the first record is told as {first}", can.tells_created));
    }
    if stage.subject.sends_requests() && clean.first.exchanges.is_empty() {
        found.push("no request came by the connector of the setup".to_owned());
    }
    Ok(found)
}

pub(super) async fn honest_effects(stage: &Stage<'_>) -> Findings {
    stage.needs_requests()?;
    let (clean, campaign) = (stage.sound().await?, stage.campaign().await?);
    let mut found = Vec::new();
    for run in &campaign.runs {
        for call in &run.calls {
            let wanted = if call.is_later { &clean.later.after } else { &clean.first.after };
            let problems = effect_findings(&call.observed, wanted);
            found.extend(problems.into_iter().map(|problem| format!("{}: {problem}", run.name())));
        }
    }
    Ok(found)
}

/// What is untrue about what a call told.
pub(super) fn effect_findings(call: &Observed, wanted: &[super::Held]) -> Vec<String> {
    let mut found = Vec::new();
    let unchanged = same(&call.before, &call.after);
    let doubt = call.exchanges.iter().any(|e| e.may_write() && e.ending() == Ending::Doubt);
    match &call.result {
        Ok(_) => {
            if !wanted.iter().all(|person| call.after.contains(person)) {
                found.push(format!("{}, and the record is not there", call.told()));
            }
        }
        Err(error) => {
            match error.effect() {
                Effect::NotSent | Effect::Rejected if !unchanged => {
                    found.push(format!("{}, and the vendor did it", call.told()));
                }
                Effect::Applied if unchanged => found.push(format!("{}, and nothing changed", call.told())),
                Effect::Unknown if !doubt => {
                    found.push(format!("{}, and every write was answered with certainty", call.told()));
                }
                _ => {}
            }
            let answered = call.exchanges.iter().filter_map(|e| e.answer).any(|(s, _)| Some(s) == error.status());
            if error.status().is_some() && !answered {
                found.push(format!("{}, with the status {:?} that nobody answered", call.told(), error.status()));
            }
            let sent = u32::try_from(call.exchanges.len()).unwrap_or(u32::MAX);
            if error.attempts() > sent {
                found.push(format!("{}, with {} attempts of {sent} requests", call.told(), error.attempts()));
            }
        }
    }
    found
}

pub(super) async fn one_record(stage: &Stage<'_>) -> Findings {
    stage.needs_requests()?;
    let (clean, campaign) = (stage.sound().await?, stage.campaign().await?);
    let mut found = Vec::new();
    for run in campaign.runs.iter().filter(|run| run.is_doubtful()) {
        match run.calls.last().map(|call| &call.observed) {
            Some(Observed { after, .. }) if after.len() != 1 => {
                found.push(format!("{}: the vendor holds {} people in the end, not one", run.name(), after.len()));
            }
            Some(Observed { result: Err(error), .. }) => {
                found.push(format!("{}: it stays {} when all is well again", run.name(), error.kind()));
            }
            Some(Observed { after, .. }) if !same(after, &clean.later.after) => {
                found.push(format!("{}: what the vendor holds in the end is not the record", run.name()));
            }
            _ => {}
        }
    }
    Ok(found)
}

pub(super) async fn allowed_retries(stage: &Stage<'_>) -> Findings {
    stage.needs_requests()?;
    stage.sound().await?;
    let campaign = stage.campaign().await?;
    let mut found = Vec::new();
    for run in &campaign.runs {
        let [first, later] = &run.plans;
        for call in &run.calls {
            let plan = if call.is_later { later } else { first };
            let idempotent = |exchange: &Exchange| is_idempotent(stage, plan, exchange);
            for problem in retry_findings(&call.observed.exchanges, idempotent) {
                found.push(format!("{}: {problem}", run.name()));
            }
        }
    }
    Ok(found)
}

/// Whether a request may be sent twice with no harm.
pub(super) fn is_idempotent(stage: &Stage<'_>, plan: &Plan, exchange: &Exchange) -> bool {
    if matches!(exchange.request.method.as_str(), "GET" | "HEAD" | "PUT" | "DELETE") {
        return true;
    }
    let steps = plan.steps().iter().filter(|step| super::sent::is_request_of(step, exchange));
    // A token call changes no record.
    steps
        .into_iter()
        .any(|step| step.when() == StepCondition::IfNoToken || stage.subject.is_idempotent(step.operation()))
}

/// What was sent again and must not have been.
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
        match failed.ending() {
            Ending::NothingDone => {}
            Ending::Final if gap == 0 => found.push(format!("{name} is sent again after {:?}", failed.answer)),
            Ending::Doubt if !is_idempotent(failed) => {
                let was_read = between().any(|exchange| exchange.ending() == Ending::Success);
                if !was_read {
                    found.push(format!("{name} is sent again, and may have been carried out ({:?})", failed.answer));
                }
            }
            Ending::Success if failed.may_write() && !is_idempotent(failed) => {
                found.push(format!("{name} is sent again after its success"));
            }
            _ => {}
        }
    }
    found
}
