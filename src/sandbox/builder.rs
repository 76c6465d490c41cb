//! The settings of a sandbox.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use super::front::{Front, Line, Stand};
use super::time::Time;
use super::{Running, Sandbox, Vendor, journal, shoplazza, shopline, triple_whale, whale, yotpo};
use crate::{Clock, SystemClock};

/// The settings of a sandbox, by [`Sandbox::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct SandboxBuilder {
    only: Option<Vec<String>>,
    port: u16,
    clock: Arc<dyn Clock>,
    kept: usize,
    keeps_limits: bool,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self { only: None, port: 0, clock: Arc::new(SystemClock), kept: journal::DEFAULT_KEPT, keeps_limits: false }
    }
}

fn wrong(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

impl SandboxBuilder {
    /// Serves these alone, by the providers' module names.
    pub fn only(mut self, providers: &[&str]) -> Self {
        self.only = Some(providers.iter().map(|name| (*name).to_owned()).collect());
        self
    }

    /// Serves on this port and those after it, one for each vendor, in the order Triple Whale, SHOPLINE, Shoplazza,
    /// Yotpo, Whale. Free ports by default.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The time that goes by at the vendors: of what they hold and log, of the dates in `Retry-After`, of the limits, of
    /// the ends of tokens, of Yotpo's delay and of Whale's removals. The machine's by default; a test that has to do with
    /// any of these gives the clock of its client, so that what the client waits goes by here too.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Keeps this many requests of each vendor in the log, 10,000 by default.
    pub const fn keep_requests(mut self, count: usize) -> Self {
        self.kept = count;
        self
    }

    /// Answers 429, in the vendor's own form, to whoever sends more than the vendor's documented number. Off by default:
    /// a sandbox takes whatever comes.
    pub const fn enforce_limits(mut self) -> Self {
        self.keeps_limits = true;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// When a name is none of the five, or a port cannot be bound.
    pub async fn start(self) -> io::Result<Sandbox> {
        let time = || Time::new(Arc::clone(&self.clock));
        let shopline = Arc::new(shopline::Shopline::new(time()));
        let shoplazza = Arc::new(shoplazza::Shoplazza::new(time()));
        let yotpo = Arc::new(yotpo::Yotpo::new(time()));
        let whale = Arc::new(whale::Whale::new(time()));
        let mut vendors: Vec<Arc<dyn Vendor>> = vec![
            Arc::new(triple_whale::TripleWhale::new(time())),
            Arc::clone(&shopline) as _,
            Arc::clone(&shoplazza) as _,
            Arc::clone(&yotpo) as _,
            Arc::clone(&whale) as _,
        ];
        if let Some(only) = &self.only {
            if !only.iter().all(|name| vendors.iter().any(|vendor| vendor.name() == name)) {
                return Err(wrong("no such provider"));
            }
            vendors.retain(|vendor| only.iter().any(|name| vendor.name() == name));
        }
        let mut running = Vec::new();
        let mut stands = Vec::new();
        for (index, vendor) in (0u16..).zip(vendors) {
            let port = match self.port {
                0 => 0,
                first => first.checked_add(index).ok_or_else(|| wrong("the ports would pass 65535"))?,
            };
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            let (behind, clock) = (listener.local_addr()?, Arc::clone(&self.clock));
            let line = Arc::new(Line::new(vendor.name(), behind, clock, self.kept, self.keeps_limits));
            running.push((Arc::clone(&vendor), Arc::clone(&line), behind));
            stands.push(Stand { vendor, line, port, behind: listener });
        }
        let webhooks = whale::webhooks(Arc::clone(&whale));
        let front = Front::start(stands, vec![Box::pin(webhooks)]).await?;
        let running: BTreeMap<_, _> = running
            .into_iter()
            .zip(front.addresses())
            .map(|((vendor, line, behind), address)| {
                (vendor.name(), Running { vendor, line, address: *address, behind })
            })
            .collect();
        let keeps_limits = self.keeps_limits;
        Ok(Sandbox { running, shopline, shoplazza, yotpo, whale, keeps_limits, _front: front })
    }
}
