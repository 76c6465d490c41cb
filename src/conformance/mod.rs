//! The contract of [`CustomerSink`], as checks that run against any sink, yours too.
//!
//! A sink's author writes a [`Subject`]: how to make the sink, which credentials it has, and what its stand-in holds.
//! [`run`] then works the sink over, with every request recorded and made to go wrong, and gives a [`Report`]. What a
//! sink cannot do, or what its stand-in does not show, is reported as [`Verdict::Skipped`] with the reason, never as
//! passed. Nothing sleeps: the sink's clock is a [`ManualClock`].
//!
//! The suite finds what it can see: what the sink says (plans, outcomes, errors, what it prints), what it sends, and
//! what the stand-in holds afterwards. How good the stand-in is decides how much that is worth.
//!
//! The in-memory sink of this crate is a subject too, which shows how little it takes:
//!
//! ```
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use customer_sink::conformance::{self, Held, Setup, StandIn, Subject};
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
//!     fn people(&self) -> Vec<Held> {
//!         let yes = |consent: Option<&customer_sink::Consent>| {
//!             consent.is_some_and(|consent| consent.state == Some(ConsentState::Subscribed))
//!         };
//!         let held = |customer: &customer_sink::Customer| {
//!             Held::new(serde_json::to_value(customer).unwrap_or_default())
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

mod abilities;
mod accounts;
mod campaign;
mod consent;
mod differ;
mod faults;
mod people;
mod plans;
mod report;
mod scene;
mod sent;
mod shown;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

pub use people::odd_customers;
pub use report::{Check, Checked, Report, Verdict};

use crate::client::{Connector, HttpResponse, ManualClock, Transport};
use crate::customer::{Channel, Customer};
use crate::error::Error;
use crate::plan::Step;
use crate::sink::CustomerSink;

/// Why a stand-in could not be started.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A sink under test: what its author tells the suite.
///
/// Only [`stand_in`](Self::stand_in) is required. Each of the others makes more of the suite apply.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Starts a stand-in of the vendor with nobody in it, which no other run shares. It is called some hundred times.
    ///
    /// # Errors
    ///
    /// Where it cannot be started, which fails the check.
    async fn stand_in(&self) -> Result<Box<dyn StandIn>, BoxError>;

    /// A record that the sink can take, with as many fields as the vendor holds and no consent to marketing. Default: a
    /// made-up person with external id, e-mail, phone, names, tags, address, and an opt-out by e-mail.
    fn person(&self) -> Customer {
        people::person()
    }

    /// The same person later: the same identifiers, more tags and addresses, another first name.
    fn later(&self) -> Customer {
        people::later(&self.person())
    }

    /// The texts of these credentials that must never be shown, nor travel with the requests of another account.
    fn secrets(&self, credentials: Credentials) -> Vec<String> {
        let _ = credentials;
        Vec::new()
    }

    /// Whether the sink sends by the [`Connector`] of its [`Setup`]. A sink that does not (a file, a queue, the
    /// in-memory one) skips what is about requests.
    fn sends_requests(&self) -> bool {
        true
    }

    /// Whether an operation (by the name of its [`Step`]) may be sent twice with no harm. `GET`, `HEAD`, `PUT` and
    /// `DELETE` may without being asked for.
    fn is_idempotent(&self, operation: &str) -> bool {
        let _ = operation;
        false
    }

    /// Whether a request of a plan says yes to marketing on a channel, or leaves the vendor to assume it. `None` where
    /// this subject cannot tell, so that what the stand-in holds decides alone.
    fn says_yes(&self, step: &Step, channel: Channel) -> Option<bool> {
        let _ = (step, channel);
        None
    }

    /// Answers of the vendor to a write that have a success status and mean a refusal.
    fn refusals_with_success_status(&self) -> Vec<HttpResponse> {
        Vec::new()
    }
}

/// A vendor's stand-in, running.
pub trait StandIn: Send + Sync {
    /// Makes the sink under test over this stand-in.
    ///
    /// # Errors
    ///
    /// What the sink's builder says, which fails the check.
    fn sink(&self, setup: &Setup) -> Result<Arc<dyn CustomerSink>, Error>;

    /// The people that the stand-in holds, in any order.
    fn people(&self) -> Vec<Held>;

    /// How the stand-in is reached. Default: over HTTP, by the crate's own transport.
    fn transport(&self) -> Option<Arc<dyn Transport>> {
        None
    }
}

/// What one sink is made with.
#[derive(Debug)]
#[non_exhaustive]
pub struct Setup {
    /// The sink has to send by it, and to take its time from it.
    pub connector: Connector,
    /// The clock of the connector.
    pub clock: Arc<ManualClock>,
    /// Which credentials the sink gets.
    pub credentials: Credentials,
}

/// Which credentials a sink gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Credentials {
    /// Those of an account that the stand-in knows.
    First,
    /// Those of another account, with other secrets. The stand-in may know it or refuse it.
    Second,
    /// Those that the stand-in refuses.
    Refused,
}

/// A person as a stand-in holds them.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Held {
    /// The vendor's record, without what every write makes anew (times) and what two stand-ins number differently (ids):
    /// two stand-ins that were told the same show the same.
    pub record: Value,
    /// Whether the vendor would write e-mails to the person; `None` where the record does not show it.
    pub email_yes: Option<bool>,
    /// Whether the vendor would send text messages to the person; `None` where the record does not show it.
    pub sms_yes: Option<bool>,
}

impl Held {
    /// A person of whom no consent is shown.
    #[must_use]
    pub fn new(record: Value) -> Self {
        Self { record, email_yes: None, sms_yes: None }
    }

    /// Sets [`email_yes`](Self#structfield.email_yes).
    #[must_use]
    pub fn email_yes(mut self, yes: bool) -> Self {
        self.email_yes = Some(yes);
        self
    }

    /// Sets [`sms_yes`](Self#structfield.sms_yes).
    #[must_use]
    pub fn sms_yes(mut self, yes: bool) -> Self {
        self.sms_yes = Some(yes);
        self
    }

    fn yes(&self, channel: Channel) -> Option<bool> {
        match channel {
            Channel::Email => self.email_yes,
            Channel::Sms => self.sms_yes,
        }
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held")
            .field("email_yes", &self.email_yes)
            .field("sms_yes", &self.sms_yes)
            .finish_non_exhaustive()
    }
}

/// Runs every check.
pub async fn run(subject: &dyn Subject) -> Report {
    run_checks(subject, Check::ALL).await
}

/// Runs these checks.
pub async fn run_checks(subject: &dyn Subject, checks: &[Check]) -> Report {
    let stage = match scene::Stage::new(subject) {
        Ok(stage) => stage,
        Err(why) => return Report::broken(checks, &why),
    };
    let all = async {
        let mut results = Vec::with_capacity(checks.len());
        for check in checks {
            results.push(Checked { check: *check, verdict: stage.judge(*check).await });
        }
        results
    };
    // Stand-ins on wiremock block in their `Drop` on a lock of tokio's. In a task that has used up its share of polls,
    // that lock never gives way, and the task hangs: so nothing is counted here.
    Report::new(tokio::task::unconstrained(all).await)
}
