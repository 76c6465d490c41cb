//! That no check of the conformance suite is passed by doing nothing: a small sink passes all of it, and with one defect
//! planted it fails exactly the checks that the defect belongs to.

use std::collections::BTreeSet;

use super::faulty_sink::{Defect, PierSubject};
use customer_sink::conformance::{self, Check};

/// Each defect, and what it breaks. One that belongs to two promises breaks two.
const TABLE: &[(Defect, &[Check])] = &[
    (Defect::PlanOfAnotherName, &[Check::OneName]),
    (Defect::DropsAFieldInSilence, &[Check::Conservation]),
    (Defect::ClaimsAFieldTwice, &[Check::Conservation]),
    (Defect::ClaimsWhatIsNotSet, &[Check::Conservation]),
    (Defect::ClaimsAsSentWhatIsNot, &[Check::SentIsThere]),
    (Defect::PlansInAnotherOrderEachTime, &[Check::PlanIsDeterministic]),
    (Defect::SendsWhilePlanning, &[Check::PlanSendsNothing]),
    (Defect::RefusesWithoutNamingAField, &[Check::RefusedRecords, Check::LossPolicy]),
    (Defect::TakesARecordWithoutIdentifier, &[Check::OneName, Check::RefusedRecords]),
    (Defect::IgnoresTheLossPolicy, &[Check::LossPolicy]),
    (Defect::TellsCreatedOfAnUpdate, &[Check::CleanRun]),
    (Defect::SendsAnotherBodyThanPlanned, &[Check::PlanIsWhatIsSent]),
    (Defect::SendsAHeaderThatIsNotPlanned, &[Check::PlanIsWhatIsSent]),
    (Defect::LeavesTheVendorToAssumeAYes, &[Check::ConsentNeverWidened]),
    (Defect::ReadsALevelAsAYes, &[Check::ConsentNeverWidened]),
    (Defect::SubscribesOnAnUpdate, &[Check::PlanIsWhatIsSent, Check::ConsentNeverWidened]),
    (Defect::NeverTellsAYes, &[Check::SentIsThere, Check::ConsentNeverWidened]),
    (Defect::TellsNotSentThoughSent, &[Check::HonestEffects]),
    (Defect::TellsUnknownOfARefusal, &[Check::HonestEffects]),
    (Defect::TellsSuccessOfAFailure, &[Check::HonestEffects]),
    (Defect::TakesACutSuccessForAFailure, &[Check::BrokenAnswers]),
    (Defect::TakesARefusalForASuccess, &[Check::RefusalInSuccess]),
    (Defect::ReplaysAnUnknownCreate, &[Check::BrokenAnswers, Check::OneRecord, Check::AllowedRetries]),
    (Defect::RepeatsACreateAfterA500, &[Check::OneRecord, Check::AllowedRetries]),
    (Defect::CreatesBeforeTheLookUp, &[Check::LookUpFirst]),
    (Defect::RepeatsARefusedRequest, &[Check::AllowedRetries]),
    (Defect::LosesTheRecordAfterALostAnswer, &[Check::HonestEffects, Check::OneRecord]),
    (Defect::IgnoresRetryAfter, &[Check::RetryAfter]),
    (Defect::HidesRetryAfter, &[Check::RetryAfter]),
    (Defect::WaitsForAWeek, &[Check::RetryAfter]),
    (Defect::ShowsTheSecretInDebug, &[Check::NothingShown]),
    (Defect::ShowsTheEmailInAnError, &[Check::NothingShown]),
    (Defect::TracesTheEmail, &[Check::NothingShown]),
    (Defect::PutsTheSecretInTheUrl, &[Check::NothingShown]),
    (Defect::SharesCredentials, &[Check::AccountsNeverMix]),
    (Defect::TrustsWhatACancelledCallLeft, &[Check::Cancellation]),
    (Defect::SaysItFindsAndDoesNot, &[Check::Find]),
    (Defect::FindsNobody, &[Check::Find]),
    (Defect::FindsThoughItSaysItCannot, &[Check::Find]),
    (Defect::ErasesNobody, &[Check::Erase]),
    (Defect::FindsEveryKeyGood, &[Check::CheckCredentials]),
    (Defect::ChecksNothing, &[Check::CheckCredentials]),
];

#[tokio::test]
async fn the_honest_sink_keeps_the_contract() {
    conformance::run(&PierSubject(Defect::None)).await.assert_passed_but(&[]);
}

async fn each_is_caught(part: usize, of: usize) {
    let mut wrong = Vec::new();
    for (defect, checks) in TABLE.iter().skip(part).step_by(of) {
        let report = conformance::run(&PierSubject(*defect)).await;
        let failed: BTreeSet<Check> = report.failed().collect();
        if failed != checks.iter().copied().collect() {
            wrong.push(format!("{defect:?} is to be caught by {checks:?}, and was by {failed:?}:\n{report}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn each_defect_is_caught_by_the_check_it_belongs_to() {
    each_is_caught(0, 2).await;
}

#[tokio::test]
async fn each_other_defect_is_caught_by_the_check_it_belongs_to() {
    each_is_caught(1, 2).await;
}

#[test]
fn every_check_catches_something() {
    let caught: BTreeSet<Check> = TABLE.iter().flat_map(|(_, checks)| checks.iter().copied()).collect();
    assert_eq!(caught, Check::ALL.iter().copied().collect());
}
