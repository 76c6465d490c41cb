//! The settings of a sandbox, and its start.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use super::handle::{Running, Sandbox};
use super::journal;
use super::limits::Limiter;
use super::proxy::{Endpoint, Proxy, Service};
use super::stand_in::StandIn;
use super::time::Time;
use crate::Clock;
use crate::client::SystemClock;
use crate::providers::registry;

/// Starting a sandbox.
impl Sandbox {
    /// Starts the stand-ins of all providers on free local ports.
    ///
    /// # Errors
    ///
    /// When no local port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Starts some stand-ins on free local ports, by the providers' names: `&["yotpo"]`.
    ///
    /// # Errors
    ///
    /// When there is no provider of a name, or no local port can be bound.
    pub async fn only(providers: &[&str]) -> io::Result<Self> {
        Self::builder().only(providers).start().await
    }

    /// Starts the stand-ins of all providers on `port` and the ports after it, in the order of the
    /// [registry's entries](registry::entries).
    ///
    /// # Errors
    ///
    /// When one of those ports is taken or the range leaves the valid ports.
    pub async fn start_on(port: u16) -> io::Result<Self> {
        Self::builder().port(port).start().await
    }

    /// A sandbox with settings of your own.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }
}

/// The settings of a sandbox, by [`Sandbox::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct SandboxBuilder {
    only: Option<Vec<String>>,
    port: u16,
    clock: Arc<dyn Clock>,
    kept: usize,
    enforces_limits: bool,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self { only: None, port: 0, clock: Arc::new(SystemClock), kept: journal::DEFAULT_KEPT, enforces_limits: false }
    }
}

fn wrong(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

impl SandboxBuilder {
    /// Serves only these providers, by their names.
    pub fn only(mut self, providers: &[&str]) -> Self {
        self.only = Some(providers.iter().map(|name| (*name).to_owned()).collect());
        self
    }

    /// Serves on this port and those after it, one for each provider that is served, in the order of the
    /// [registry's entries](registry::entries). Free ports by default.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The vendors' time: of their records and logs, the dates in `Retry-After`, limits, the expiry of tokens, and
    /// delayed work. The machine's clock by default; a test that depends on any of these passes the clock of its client,
    /// so that the client's waits advance it.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Keeps this many requests of each vendor in the log, 10,000 by default.
    pub const fn keep_requests(mut self, count: usize) -> Self {
        self.kept = count;
        self
    }

    /// Answers requests beyond the vendor's documented limit with 429, in the vendor's own form. Off by default: a
    /// sandbox has no limit.
    pub const fn enforce_limits(mut self) -> Self {
        self.enforces_limits = true;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// When there is no provider of a name, or a port cannot be bound.
    pub async fn start(self) -> io::Result<Sandbox> {
        let time = || Time::new(Arc::clone(&self.clock));
        let stand_ins: Vec<Arc<dyn StandIn>> = registry::entries().iter().map(|entry| entry.stand_in(time())).collect();
        let mut served = stand_ins.clone();
        if let Some(only) = &self.only {
            if !only.iter().all(|name| served.iter().any(|stand_in| stand_in.provider() == name)) {
                return Err(wrong("no such provider"));
            }
            served.retain(|stand_in| only.iter().any(|name| stand_in.provider() == name));
        }
        // Every log hides the credentials of all vendors, since a client may send one to the wrong vendor.
        let secrets: Arc<[_]> = stand_ins.iter().flat_map(|stand_in| stand_in.secret_headers()).copied().collect();
        let mut running = Vec::new();
        let mut services = Vec::new();
        for (index, stand_in) in (0u16..).zip(served) {
            let port = match self.port {
                0 => 0,
                first => first.checked_add(index).ok_or_else(|| wrong("the ports would pass 65535"))?,
            };
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            let behind = listener.local_addr()?;
            let journal = journal::Journal::new(self.kept, Arc::clone(&secrets));
            let limiter = self.enforces_limits.then(|| Limiter::new(stand_in.limits()));
            let clock = Arc::clone(&self.clock);
            let endpoint = Arc::new(Endpoint::new(Arc::clone(&stand_in), behind, clock, journal, limiter));
            running.push((Arc::clone(&stand_in), Arc::clone(&endpoint), behind));
            services.push(Service { stand_in, endpoint, port, behind: listener });
        }
        let tasks = stand_ins.iter().filter_map(|stand_in| Arc::clone(stand_in).background()).collect();
        let proxy = Proxy::start(services, tasks).await?;
        let running: BTreeMap<_, _> = running
            .into_iter()
            .zip(proxy.addresses())
            .map(|((stand_in, endpoint, behind), address)| {
                (stand_in.provider(), Running { stand_in, endpoint, address: *address, behind })
            })
            .collect();
        Ok(Sandbox { running, stand_ins, enforces_limits: self.enforces_limits, _proxy: proxy })
    }
}
