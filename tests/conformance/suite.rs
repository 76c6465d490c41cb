//! Every sink of this crate keeps the contract, as the public suite checks it.

#[path = "../../examples/sixth_provider/harbor.rs"]
mod harbor;
#[path = "../../examples/sixth_provider/stand_in.rs"]
mod stand_in;

use crate::subjects::{Memory, Vendor};
use customer_sink::conformance::{self, Check};

macro_rules! vendors {
    ($($test:ident: $vendor:ident but $skipped:expr;)+) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            conformance::run(&Vendor::$vendor).await.assert_passed_but($skipped);
        })+
    };
}

vendors! {
    // Its create is a replace, which may be repeated.
    triple_whale: TripleWhale but &[Check::LookUpFirst];
    shopline: Shopline but &[];
    shoplazza: Shoplazza but &[];
    // Its upsert may be repeated.
    yotpo: Yotpo but &[Check::LookUpFirst];
    // So may this one, and no refusal with a success status is known.
    yotpo_loyalty: Loyalty but &[Check::RefusalInSuccess, Check::LookUpFirst];
    // By default it sends no consent.
    whale: Whale but &[Check::ConsentNeverWidened, Check::LookUpFirst];
    // Its create answers with the customer who is there, and may be repeated.
    whale_with_consent: WhaleWithConsent but &[Check::LookUpFirst];
}

#[tokio::test]
async fn memory() {
    conformance::run(&Memory).await.assert_passed_but(&[
        // There are no requests that could be compared, be lost or carry a credential.
        Check::PlanSendsNothing,
        Check::PlanIsWhatIsSent,
        Check::HonestEffects,
        Check::BrokenAnswers,
        Check::RefusalInSuccess,
        Check::OneRecord,
        Check::LookUpFirst,
        Check::AllowedRetries,
        Check::RetryAfter,
        Check::AccountsNeverMix,
        Check::Cancellation,
    ]);
}

/// The sixth provider of the examples, which uses nothing but the public API.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sixth_provider_outside_the_crate() {
    conformance::run(&stand_in::HarborSubject).await.assert_passed_but(&[]);
}
