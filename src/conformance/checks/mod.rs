//! Dispatches each check to its function.

mod abilities;
mod accounts;
mod clean;
mod consent;
mod effects;
mod faults;
mod plans;
mod redaction;
mod sent_fields;
mod sent_requests;

use std::panic::AssertUnwindSafe;

use futures::FutureExt;

use super::fixture::{Abort, CheckResult};
use super::report::{Check, Report, Verdict};
use super::session::Session;

/// Runs one check. A sink that panics fails it.
pub(super) async fn run_check(session: &Session<'_>, check: Check) -> Verdict {
    match AssertUnwindSafe(dispatch(session, check)).catch_unwind().await {
        Ok(Ok(findings)) if findings.is_empty() => Verdict::Passed,
        Ok(Ok(mut findings)) => {
            let more = findings.len().saturating_sub(Report::MOST_FINDINGS);
            findings.truncate(Report::MOST_FINDINGS);
            if let Some(last) = findings.last_mut().filter(|_| more > 0) {
                *last = format!("{last} (and {more} more)");
            }
            Verdict::Failed(findings)
        }
        Ok(Err(Abort::Skip(reason))) => Verdict::Skipped(reason),
        Ok(Err(Abort::Broken(why))) => Verdict::Failed(vec![why]),
        Err(_) => Verdict::Failed(vec!["the sink or its stand-in panicked".to_owned()]),
    }
}

async fn dispatch(session: &Session<'_>, check: Check) -> CheckResult {
    match check {
        Check::OneName => abilities::one_name(session).await,
        Check::Conservation => plans::conservation(session).await,
        Check::SentIsThere => sent_fields::sent_is_there(session).await,
        Check::PlanIsDeterministic => plans::is_deterministic(session).await,
        Check::PlanSendsNothing => plans::sends_nothing(session).await,
        Check::RefusedRecords => plans::refused_records(session).await,
        Check::LossPolicy => plans::loss_policy(session).await,
        Check::CleanRun => clean::clean_run(session).await,
        Check::PlanIsWhatIsSent => sent_requests::plan_is_what_is_sent(session).await,
        Check::ConsentNeverWidened => consent::never_widened(session).await,
        Check::HonestEffects => effects::honest_effects(session).await,
        Check::BrokenAnswers => faults::broken_answers(session).await,
        Check::RefusalInSuccess => faults::refusal_in_success(session).await,
        Check::OneRecord => effects::one_record(session).await,
        Check::LookUpFirst => effects::look_up_first(session).await,
        Check::AllowedRetries => effects::allowed_retries(session).await,
        Check::RetryAfter => faults::retry_after(session).await,
        Check::NothingShown => redaction::nothing_shown(session).await,
        Check::AccountsNeverMix => accounts::never_mix(session).await,
        Check::Cancellation => faults::cancellation(session).await,
        Check::Find => abilities::find(session).await,
        Check::Erase => abilities::erase(session).await,
        Check::CheckCredentials => abilities::check(session).await,
    }
}
