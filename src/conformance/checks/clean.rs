//! Judges the run without faults.

use crate::conformance::clean_run::findings;
use crate::conformance::fixture::CheckResult;
use crate::conformance::session::Session;
use crate::plan::outcome::Outcome;

pub(super) async fn clean_run(session: &Session<'_>) -> CheckResult {
    let clean = session.clean().await?;
    let mut found = findings(&session.harness, clean);
    let (_, sink) = session.open().await?;
    let can = sink.capabilities();
    if let Some(first) = clean.first.outcome()
        && can.tells_created != (first == Outcome::Created)
    {
        found.push(format!("tells_created is {}, and the first record is reported as {first}", can.tells_created));
    }
    if session.subject.sends_requests() && clean.first.exchanges.is_empty() {
        found.push("no request came through the connector of the setup".to_owned());
    }
    Ok(found)
}
