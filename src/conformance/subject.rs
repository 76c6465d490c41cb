//! The parts that the author of a sink provides: the subject under test and its stand-in.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::customers;
use crate::client::{Connector, HttpResponse, ManualClock, Transport};
use crate::customer::{Channel, Customer};
use crate::error::Error;
use crate::plan::Step;
use crate::sink::CustomerSink;

/// Why a stand-in could not be started.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A sink under test.
///
/// Only [`stand_in`](Self::stand_in) is required. Each of the other methods makes more checks apply.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Starts an empty stand-in of the vendor that no other run shares. The suite calls it some hundred times.
    ///
    /// # Errors
    ///
    /// Where it cannot be started, which fails the check.
    async fn stand_in(&self) -> Result<Box<dyn StandIn>, BoxError>;

    /// A record that the sink can take, with as many fields as the vendor holds and no consent to marketing. Default: a
    /// made-up person with external id, e-mail, phone, names, tags, address, and an opt-out by e-mail.
    fn person(&self) -> Customer {
        customers::person()
    }

    /// The same person later: the same identifiers, more tags and addresses, another first name.
    fn later(&self) -> Customer {
        customers::later(&self.person())
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

    /// Whether an operation (by the name of its [`Step`]) may be sent twice with no harm. The suite takes `GET`, `HEAD`,
    /// `PUT` and `DELETE` for such without asking.
    fn is_idempotent(&self, operation: &str) -> bool {
        let _ = operation;
        false
    }

    /// Whether a request of a plan subscribes the person on a channel, or leaves the vendor to assume it. `None` where the
    /// subject cannot see it, so that what the stand-in holds decides alone.
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
    /// The error of the sink's builder, which fails the check.
    fn sink(&self, setup: &Setup) -> Result<Arc<dyn CustomerSink>, Error>;

    /// The people that the stand-in holds, in any order.
    fn people(&self) -> Vec<StoredCustomer>;

    /// How the stand-in is reached. Default: over HTTP, by the crate's own transport.
    fn transport(&self) -> Option<Arc<dyn Transport>> {
        None
    }
}

/// The parts that a sink is made with.
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

/// A customer as a stand-in holds them.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct StoredCustomer {
    /// The vendor's record, without what every write renews (times) and what two stand-ins number differently (ids): two
    /// stand-ins that received the same requests show the same.
    pub record: Value,
    /// Whether the vendor would write e-mails to the person; `None` where the record does not show it.
    pub email_yes: Option<bool>,
    /// Whether the vendor would send text messages to the person; `None` where the record does not show it.
    pub sms_yes: Option<bool>,
}

impl StoredCustomer {
    /// A customer whose consent is not shown.
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

    pub(super) fn yes(&self, channel: Channel) -> Option<bool> {
        match channel {
            Channel::Email => self.email_yes,
            Channel::Sms => self.sms_yes,
        }
    }
}

impl std::fmt::Debug for StoredCustomer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredCustomer")
            .field("email_yes", &self.email_yes)
            .field("sms_yes", &self.sms_yes)
            .finish_non_exhaustive()
    }
}
