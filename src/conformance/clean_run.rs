//! The run without faults, which all other runs are compared with.

use super::fixture::{Abort, Observed, same};
use super::harness::Harness;
use crate::plan::outcome::Outcome;

/// Three upserts in which nothing fails: the first record, the later one, and the later one again.
#[derive(Debug)]
pub(super) struct CleanRun {
    pub(super) first: Observed,
    pub(super) later: Observed,
    pub(super) again: Observed,
}

impl CleanRun {
    pub(super) async fn play(harness: &Harness<'_>) -> Result<Self, Abort> {
        let (fixture, sink) = harness.open().await?;
        let (person, later) = (harness.subject.person(), harness.subject.later());
        Ok(Self {
            first: fixture.upsert(&*sink, &person).await,
            later: fixture.upsert(&*sink, &later).await,
            again: fixture.upsert(&*sink, &later).await,
        })
    }

    /// How many requests the first record and the later one take.
    pub(super) fn requests(&self) -> usize {
        self.first.exchanges.len() + self.later.exchanges.len()
    }
}

/// What is wrong with a run without faults.
pub(super) fn findings(harness: &Harness<'_>, clean: &CleanRun) -> Vec<String> {
    let mut found = Vec::new();
    for (what, seen) in [("first record", &clean.first), ("later record", &clean.later), ("same again", &clean.again)] {
        match &seen.result {
            Err(error) => found.push(format!("the {what} failed: {error}")),
            Ok(done) => {
                if seen.after.len() != 1 {
                    found.push(format!("after the {what} the vendor holds {} people, not one", seen.after.len()));
                }
                let sent = u32::try_from(seen.exchanges.len()).unwrap_or(u32::MAX);
                if harness.subject.sends_requests() && (done.attempts == 0 || done.attempts > sent) {
                    found.push(format!("the {what}: {} attempts are reported of {sent} requests", done.attempts));
                }
            }
        }
    }
    let outcomes = [clean.first.outcome(), clean.later.outcome(), clean.again.outcome()];
    match outcomes {
        [Some(first), Some(later), Some(again)] => {
            if matches!(first, Outcome::Updated | Outcome::Unchanged) {
                found.push(format!("the first record is reported as {first}, and nobody was there"));
            }
            if matches!(later, Outcome::Created | Outcome::Unchanged) {
                found.push(format!("the later record is reported as {later}, and somebody else was there"));
            }
            if again == Outcome::Created {
                found.push("the same record again is reported as created".to_owned());
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
