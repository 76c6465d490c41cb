//! One empty stand-in behind the recording transport, and what an upsert against it shows.

use std::sync::Arc;
use std::time::Duration;

use super::subject::{Credentials, Setup, StandIn, StoredCustomer};
use super::wire::{Exchange, Wire};
use crate::client::{Clock, Connector, ManualClock, Transport};
use crate::customer::Customer;
use crate::error::Error;
use crate::plan::outcome::{Outcome, Upserted};
use crate::sink::{CustomerSink, UpsertOptions};

/// Why a check ends early.
pub(super) enum Abort {
    Skip(&'static str),
    /// The stand-in or the sink could not be made.
    Broken(String),
}

/// The result of a check: its findings, or why it could not look for any.
pub(super) type CheckResult = Result<Vec<String>, Abort>;

/// One upsert, with what the vendor held before and after it.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) before: Vec<StoredCustomer>,
    pub(super) after: Vec<StoredCustomer>,
    pub(super) result: Result<Upserted, Error>,
    pub(super) exchanges: Vec<Exchange>,
    /// How long the upsert took on the sink's clock.
    pub(super) waited: Duration,
}

/// A stand-in behind the recording transport.
pub(super) struct Fixture {
    pub(super) stand_in: Box<dyn StandIn>,
    pub(super) wire: Arc<Wire>,
    pub(super) clock: Arc<ManualClock>,
    connector: Connector,
}

impl Fixture {
    pub(super) fn new(stand_in: Box<dyn StandIn>, transport: Arc<dyn Transport>) -> Self {
        let clock = Arc::new(ManualClock::new(chrono::DateTime::UNIX_EPOCH + Duration::from_secs(1_772_366_400)));
        let wire = Arc::new(Wire::new(transport, Arc::clone(&clock)));
        let connector = Connector::for_tests(Arc::clone(&wire) as _, Arc::clone(&clock) as _);
        Self { stand_in, wire, clock, connector }
    }

    pub(super) fn sink(&self, credentials: Credentials) -> Result<Arc<dyn CustomerSink>, Abort> {
        let setup = Setup { connector: self.connector.clone(), clock: Arc::clone(&self.clock), credentials };
        self.stand_in.sink(&setup).map_err(|error| Abort::Broken(format!("the sink cannot be made: {error}")))
    }

    pub(super) async fn upsert(&self, sink: &dyn CustomerSink, customer: &Customer) -> Observed {
        self.upsert_with(sink, customer, &UpsertOptions::default()).await
    }

    pub(super) async fn upsert_with(
        &self,
        sink: &dyn CustomerSink,
        customer: &Customer,
        options: &UpsertOptions,
    ) -> Observed {
        let (before, from, began) = (self.stand_in.people(), self.wire.count(), self.clock.now());
        let result = sink.upsert_with(customer, options).await;
        Observed {
            before,
            after: self.stand_in.people(),
            result,
            exchanges: self.wire.since(from),
            waited: self.clock.now().saturating_duration_since(began),
        }
    }
}

impl Observed {
    /// The outcome or the error, without personal data.
    pub(super) fn reported(&self) -> String {
        match &self.result {
            Ok(done) => format!("reported as {}", done.outcome),
            Err(error) => format!("reported as {} with the effect {}", error.kind(), error.effect()),
        }
    }

    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.result.as_ref().ok().map(|done| done.outcome)
    }
}

/// Whether two stand-ins hold the same, in any order.
pub(super) fn same(a: &[StoredCustomer], b: &[StoredCustomer]) -> bool {
    let sorted = |people: &[StoredCustomer]| {
        let mut texts: Vec<String> =
            people.iter().map(|p| format!("{} {:?} {:?}", p.record, p.email_yes, p.sms_yes)).collect();
        texts.sort_unstable();
        texts
    };
    a.len() == b.len() && sorted(a) == sorted(b)
}
