//! Checks any implementation of [`CustomerSink`](crate::CustomerSink) against the contract of the trait.
//!
//! The author of a sink writes a [`Subject`]: how to make the sink, which credentials it has, and what its stand-in holds.
//! [`run`] then calls the sink, records every request and makes each of them fail, and returns a [`Report`]. It reports
//! what a sink cannot do, or what its stand-in does not show, as [`Verdict::Skipped`] with the reason, never as passed.
//! Nothing sleeps: the sink's clock is a [`ManualClock`](crate::client::ManualClock).
//!
//! The suite judges what it can observe: plans, outcomes, errors and debug output of the sink, its requests, and what the
//! stand-in holds afterwards. The quality of the stand-in limits the value of the result.
//!
//! The in-memory sink of this crate as a subject:
//!
//! ```
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use customer_sink::conformance::{self, StoredCustomer, Setup, StandIn, Subject};
//! use customer_sink::memory::MemorySink;
//! use customer_sink::{ConsentState, CustomerSink, Error};
//!
//! struct Memory;
//! struct Store(MemorySink);
//!
//! #[async_trait]
//! impl Subject for Memory {
//!     async fn stand_in(&self) -> Result<Box<dyn StandIn>, conformance::BoxError> {
//!         Ok(Box::new(Store(MemorySink::new())))
//!     }
//!
//!     fn sends_requests(&self) -> bool {
//!         false
//!     }
//! }
//!
//! impl StandIn for Store {
//!     fn sink(&self, _: &Setup) -> Result<Arc<dyn CustomerSink>, Error> {
//!         Ok(Arc::new(self.0.clone()))
//!     }
//!
//!     fn people(&self) -> Vec<StoredCustomer> {
//!         let yes = |consent: Option<&customer_sink::Consent>| {
//!             consent.is_some_and(|consent| consent.state == Some(ConsentState::Subscribed))
//!         };
//!         let held = |customer: &customer_sink::Customer| {
//!             StoredCustomer::new(serde_json::to_value(customer).unwrap_or_default())
//!                 .email_yes(yes(customer.email_marketing.as_ref()))
//!                 .sms_yes(yes(customer.sms_marketing.as_ref()))
//!         };
//!         self.0.people().iter().map(|found| held(&found.customer)).collect()
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let report = conformance::run(&Memory).await;
//! println!("{report}");
//! report.assert_passed();
//! # });
//! ```

mod checks;
mod clean_run;
mod customers;
mod fault_matrix;
mod fixture;
mod harness;
mod report;
mod session;
mod step_match;
mod subject;
mod wire;

pub use self::customers::odd_customers;
pub use self::report::{Check, Checked, Report, Verdict};
pub use self::subject::{BoxError, Credentials, Setup, StandIn, StoredCustomer, Subject};

/// Runs every check.
pub async fn run(subject: &dyn Subject) -> Report {
    run_checks(subject, Check::ALL).await
}

/// Runs these checks.
pub async fn run_checks(subject: &dyn Subject, checks: &[Check]) -> Report {
    let session = session::Session::new(harness::Harness::new(subject));
    let all = async {
        let mut results = Vec::with_capacity(checks.len());
        for check in checks {
            results.push(Checked { check: *check, verdict: checks::run_check(&session, *check).await });
        }
        results
    };
    // Stand-ins on wiremock block in their `Drop` on a lock of tokio's. In a task that has used up its share of polls,
    // that lock never gives way, and the task hangs: so nothing is counted here.
    Report::new(tokio::task::unconstrained(all).await)
}
