//! The running sandbox: addresses, request logs, faults and outages.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;

use super::faults::{Chaos, Route, Script};
use super::journal::Received;
use super::proxy::{Endpoint, Port, Proxy};
use super::reply::lock;
use super::stand_in::StandIn;
use crate::{Effect, Error, ErrorKind};

/// One vendor that is served.
pub(super) struct Running {
    pub(super) stand_in: Arc<dyn StandIn>,
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) address: SocketAddr,
    /// Where the stand-in itself listens, behind the proxy.
    pub(super) behind: SocketAddr,
}

/// The vendors' stand-ins, running. They stop when this value is dropped.
pub struct Sandbox {
    pub(super) running: BTreeMap<&'static str, Running>,
    /// All stand-ins, including those that are not served.
    pub(super) stand_ins: Vec<Arc<dyn StandIn>>,
    pub(super) enforces_limits: bool,
    pub(super) _proxy: Proxy,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.running.iter().map(|(name, running)| (name, running.address))).finish()
    }
}

impl Sandbox {
    /// The base URL of a provider's stand-in, by the provider's name, without a trailing slash.
    #[must_use]
    pub fn url(&self, provider: &str) -> Option<String> {
        self.running.get(provider).map(|running| format!("http://{}", running.address))
    }

    /// The customers that a provider's stand-in holds, as the vendor shows them.
    #[must_use]
    pub fn customers(&self, provider: &str) -> Vec<Value> {
        self.running.get(provider).map(|running| running.stand_in.customers()).unwrap_or_default()
    }

    /// Every request that a vendor received, oldest first: the last 10,000, or as many as
    /// [`SandboxBuilder::keep_requests`](super::SandboxBuilder::keep_requests) sets. Empty for a provider that is not
    /// served.
    #[must_use]
    pub fn requests(&self, provider: &str) -> Vec<Received> {
        self.running.get(provider).map(|running| lock(&running.endpoint.journal).requests()).unwrap_or_default()
    }

    /// How many requests of each [`kind`](Received::kind) a vendor received, including those that are no longer kept.
    #[must_use]
    pub fn requests_by_kind(&self, provider: &str) -> BTreeMap<String, usize> {
        self.running.get(provider).map(|running| lock(&running.endpoint.journal).counts()).unwrap_or_default()
    }

    /// How many requests of a route a vendor received.
    #[must_use]
    pub fn count(&self, provider: &str, route: impl Into<Route>) -> usize {
        let route = route.into();
        self.requests_by_kind(provider).iter().filter(|(kind, _)| route.takes(kind)).map(|(_, count)| count).sum()
    }

    /// Clears the request logs of all vendors.
    pub fn clear_requests(&self) {
        self.running.values().for_each(|running| lock(&running.endpoint.journal).clear());
    }

    /// Injects a fault into a vendor's requests, from the next one on: a [`Fault`](super::faults::Fault) by itself applies
    /// once. Of several scripts for one request the oldest applies; scripts take precedence over
    /// [`enable_chaos`](Self::enable_chaos).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the provider is not served.
    pub fn play(&self, provider: &str, route: impl Into<Route>, script: impl Into<Script>) -> Result<(), Error> {
        lock(&self.serving(provider)?.endpoint.faults).add(route.into(), script.into());
        Ok(())
    }

    /// Injects random faults into the requests of all vendors.
    pub fn enable_chaos(&self, chaos: &Chaos) {
        for (provider, running) in &self.running {
            lock(&running.endpoint.faults).enable_chaos(chaos.clone(), provider);
        }
    }

    /// Ends all faults: scripts, chaos, and every outage.
    ///
    /// # Errors
    ///
    /// When a port was taken by another program during an outage.
    pub async fn stop_faults(&self) -> io::Result<()> {
        for running in self.running.values() {
            lock(&running.endpoint.faults).stop();
        }
        for provider in self.running.keys() {
            self.resume(provider).await.map_err(io::Error::other)?;
        }
        Ok(())
    }

    /// Makes a vendor refuse connections until [`resume`](Self::resume), and closes the connections that are idle. For an
    /// outage in the middle of an upsert, play [`Fault::Outage`](super::faults::Fault::Outage).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the provider is not served.
    pub async fn stop_listening(&self, provider: &str) -> Result<(), Error> {
        self.serving(provider)?.endpoint.listen(false).await;
        Ok(())
    }

    /// Ends an outage; has no effect without one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the provider is not served, or where another program has taken its port.
    pub async fn resume(&self, provider: &str) -> Result<(), Error> {
        match self.serving(provider)?.endpoint.listen(true).await {
            Port::Open => Ok(()),
            Port::Closed | Port::Lost => {
                let error = Error::new(ErrorKind::Config, Effect::NotSent);
                Err(error.with_hint("another program took the port of the stand-in during its outage"))
            }
        }
    }

    /// The stand-in of one vendor, served or not, for the methods that this vendor alone has.
    pub(super) fn stand_in<T: StandIn>(&self) -> Option<&T> {
        self.stand_ins.iter().find_map(|stand_in| {
            let stand_in: &dyn Any = &**stand_in;
            stand_in.downcast_ref()
        })
    }

    pub(super) fn serving(&self, provider: &str) -> Result<&Running, Error> {
        self.running.get(provider).ok_or_else(|| {
            Error::new(ErrorKind::Config, Effect::NotSent).with_hint("the sandbox does not serve this provider")
        })
    }
}
