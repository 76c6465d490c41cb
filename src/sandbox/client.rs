//! Sinks for the stand-ins, the settings that lead a client to them, and the seeding of customers.

use std::sync::Arc;

use chrono::Utc;
use serde_json::Value;

use super::handle::Sandbox;
use super::stand_in::StandIn;
use super::time::Time;
use crate::client::{Limit, ManualClock};
use crate::providers::registry::{self, OpenOptions};
use crate::{
    Connector, Customer, CustomerSink, CustomerSinkExt, Effect, Error, ErrorKind, ReqwestTransport, RetryPolicy,
};

/// Clients and customers of the stand-ins.
impl Sandbox {
    /// The credentials that a provider's stand-in accepts, by the variables of its [registry entry](registry::Entry).
    /// Empty for an unknown provider.
    #[must_use]
    pub fn credentials(provider: &str) -> &'static [(&'static str, &'static str)] {
        registry::find(provider).map(|entry| entry.stand_in(Time::default()).credentials()).unwrap_or_default()
    }

    /// The variables with which a provider's [registry entry](registry::Entry) opens a client of this stand-in: its
    /// credentials and its base URL, in the vendor's documented form. Empty for a provider that is not served.
    #[must_use]
    pub fn variables(&self, provider: &str) -> Vec<(&'static str, String)> {
        let (Ok(running), Ok(entry)) = (self.serving(provider), registry::find(provider)) else { return Vec::new() };
        let credentials = running.stand_in.credentials().iter().map(|(name, value)| (*name, (*value).to_owned()));
        let url = format!("http://{}{}", running.address, running.stand_in.base_path());
        credentials.chain([(entry.base_url_variable(), url)]).collect()
    }

    /// A sink for a vendor's stand-in, with the credentials that it accepts. It applies the vendor's documented limit
    /// where the sandbox [enforces](super::SandboxBuilder::enforce_limits) it, and no limit otherwise.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the provider is not served.
    pub fn sink(&self, provider: &str, connector: &Connector) -> Result<Arc<dyn CustomerSink>, Error> {
        self.sink_with(provider, connector, RetryPolicy::default())
    }

    /// As [`sink`](Self::sink), with a retry policy of your own.
    ///
    /// # Errors
    ///
    /// As [`sink`](Self::sink).
    pub fn sink_with(
        &self,
        provider: &str,
        connector: &Connector,
        policy: RetryPolicy,
    ) -> Result<Arc<dyn CustomerSink>, Error> {
        let running = self.serving(provider)?;
        let url = format!("http://{}", running.address);
        open(&*running.stand_in, &url, connector, policy, !self.enforces_limits)
    }

    /// Stores customers in a vendor's stand-in by upserts that bypass faults, limits and the log. What the vendor cannot
    /// hold is left out; see the notes of a [`plan`](CustomerSink::plan).
    ///
    /// # Errors
    ///
    /// Those of an upsert, at the first customer that has one, and [`ErrorKind::Config`] where
    /// the provider is not served.
    pub async fn seed(&self, provider: &str, customers: &[Customer]) -> Result<(), Error> {
        let running = self.serving(provider)?;
        let behind = format!("http://{}", running.behind);
        let clock = ManualClock::new(Utc::now());
        let connector = Connector::for_tests(Arc::new(ReqwestTransport::new()?), Arc::new(clock));
        let sink = open(&*running.stand_in, &behind, &connector, RetryPolicy::default(), true)?;
        for customer in customers {
            sink.upsert(customer).await?;
        }
        Ok(())
    }

    /// Stores records in a vendor's stand-in unchecked, in the form in which [`customers`](Self::customers) shows them,
    /// including what no request can write (orders, totals, ids, unknown keys). Keys that a record lacks get the values
    /// of a new customer. A record replaces one that the stand-in holds with the same id; the vendor's module says what
    /// its id is where it is not `id`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the provider is not served, or a record is no JSON object;
    /// then none is kept.
    pub fn seed_records(&self, provider: &str, records: &[Value]) -> Result<(), Error> {
        let stand_in = &self.serving(provider)?.stand_in;
        let objects: Option<Vec<_>> = records.iter().map(|record| record.as_object().cloned()).collect();
        let objects = objects.ok_or_else(|| {
            Error::new(ErrorKind::Config, Effect::NotSent).with_hint("a stored record must be a JSON object")
        })?;
        objects.into_iter().for_each(|record| stand_in.put(record));
        Ok(())
    }
}

/// Opens a sink through the provider's registry entry.
fn open(
    stand_in: &dyn StandIn,
    url: &str,
    connector: &Connector,
    policy: RetryPolicy,
    unlimited: bool,
) -> Result<Arc<dyn CustomerSink>, Error> {
    let entry = registry::find(stand_in.provider())?;
    let mut options = OpenOptions::default().connector(connector).retry_policy(policy);
    if unlimited {
        options = options.rate_limit(Limit::Unlimited);
    }
    let variables = |name: &str| {
        let credential = || stand_in.credentials().iter().find(|(key, _)| *key == name);
        if name == entry.base_url_variable() {
            Some(url.to_owned())
        } else {
            credential().map(|(_, value)| (*value).to_owned())
        }
    };
    Ok(entry.open(&variables, &options)?)
}
