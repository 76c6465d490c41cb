//! Waiting until a customer can be seen. The vendor takes records and processes them later; reads are not monotonic: a
//! customer that was seen once may be missing from the next answer (seen), so that several looks in a row have to find it.

use std::time::Duration;

use super::super::client::Yotpo;
use crate::customer::Customer;
use crate::error::Error;
use crate::sink::{FoundCustomer, Identity};

/// How long to wait for a customer, and when to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct ConfirmOptions {
    /// Until the first look. 60 s, as the vendor says (documented).
    pub first_look: Duration,
    /// Between looks. 30 s, as others do (seen).
    pub interval: Duration,
    /// Looks in a row that have to find the customer. 2; others want 3 (seen).
    pub consecutive: u32,
    /// The whole wait, from the call on; the last look falls on its end. 5 minutes: others measured up to four after a
    /// create and two after an update (seen). A look that is slow or tried again may end later.
    pub longest: Duration,
}

impl Default for ConfirmOptions {
    fn default() -> Self {
        Self {
            first_look: Duration::from_secs(60),
            interval: Duration::from_secs(30),
            consecutive: 2,
            longest: Duration::from_secs(300),
        }
    }
}

impl ConfirmOptions {
    /// Sets [`first_look`](Self#structfield.first_look).
    pub const fn first_look(mut self, wait: Duration) -> Self {
        self.first_look = wait;
        self
    }

    /// Sets [`interval`](Self#structfield.interval). At least a second.
    pub const fn interval(mut self, wait: Duration) -> Self {
        self.interval = wait;
        self
    }

    /// Sets [`consecutive`](Self#structfield.consecutive). At least 1.
    pub const fn consecutive(mut self, looks: u32) -> Self {
        self.consecutive = looks;
        self
    }

    /// Sets [`longest`](Self#structfield.longest).
    pub const fn longest(mut self, wait: Duration) -> Self {
        self.longest = wait;
        self
    }
}

/// How waiting for a customer ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Confirmation {
    /// Whether enough looks in a row found the customer.
    pub visible: bool,
    /// The customer as the last look that found it showed it.
    pub found: Option<FoundCustomer>,
    /// How many looks there were.
    pub looks: u32,
    /// How many of the last looks in a row found the customer.
    pub hits: u32,
    /// How the last look failed that did. Such looks find no customer, and waiting goes on.
    pub last_failure: Option<Error>,
    /// How long it took.
    pub waited: Duration,
}

impl Yotpo {
    /// Waits until a customer can be seen at the vendor, or the options end the wait.
    /// [`upsert_with`](crate::CustomerSink::upsert_with) never does this.
    ///
    /// That the vendor shows the customer says nothing of its last change: see [`confirm_that`](Self::confirm_that).
    ///
    /// # Errors
    ///
    /// As [`find`](crate::CustomerSink::find), where trying again cannot help. Not having seen the customer is no error.
    pub async fn confirm(&self, identity: &Identity, options: &ConfirmOptions) -> Result<Confirmation, Error> {
        self.confirm_that(identity, options, |_| true).await
    }

    /// Waits until the vendor shows a customer of which `holds` is true, such as one with the new name.
    ///
    /// # Errors
    ///
    /// As [`confirm`](Self::confirm).
    pub async fn confirm_that(
        &self,
        identity: &Identity,
        options: &ConfirmOptions,
        holds: impl Fn(&Customer) -> bool + Send,
    ) -> Result<Confirmation, Error> {
        let clock = self.0.account.connector.clock();
        let start = clock.now();
        let wanted = options.consecutive.max(1);
        let interval = options.interval.max(Duration::from_secs(1));
        let mut next = options.first_look.min(options.longest);
        let mut done =
            Confirmation { visible: false, found: None, looks: 0, hits: 0, last_failure: None, waited: Duration::ZERO };
        loop {
            let elapsed = clock.now().saturating_duration_since(start);
            if next > elapsed {
                clock.sleep(next.saturating_sub(elapsed)).await;
            }
            done.looks += 1;
            match self.find_customer(identity).await {
                Ok(Some(found)) if holds(&found.customer) => {
                    done.hits += 1;
                    done.found = Some(found);
                }
                Ok(_) => done.hits = 0,
                Err(error) if error.is_retryable() => {
                    done.hits = 0;
                    done.last_failure = Some(error);
                }
                Err(error) => return Err(error),
            }
            done.waited = clock.now().saturating_duration_since(start);
            done.visible = done.hits >= wanted;
            if done.visible || done.waited >= options.longest {
                return Ok(done);
            }
            next = (done.waited + interval).min(options.longest);
        }
    }
}
