//! The settings of a sandbox.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

use super::front::{Front, Line};
use super::{Responder, Running, Sandbox, Vendor, journal, shoplazza, shopline, triple_whale, whale, yotpo};
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

    /// The time that goes by at the vendors' gates: of what is logged, of the dates in `Retry-After`, and of the limits.
    /// The machine's by default; a test that enforces limits gives the clock of its client, so that what the client
    /// waits goes by here too.
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
        let yotpo = Arc::new(yotpo::Yotpo::new());
        let mut vendors: Vec<Arc<dyn Vendor>> = vec![
            Arc::new(triple_whale::TripleWhale::new()),
            Arc::new(shopline::Shopline::new()),
            Arc::new(shoplazza::Shoplazza::new()),
            Arc::clone(&yotpo) as _,
            Arc::new(whale::Whale::new()),
        ];
        if let Some(only) = &self.only {
            if !only.iter().all(|name| vendors.iter().any(|vendor| vendor.name() == name)) {
                return Err(wrong("no such provider"));
            }
            vendors.retain(|vendor| only.iter().any(|name| vendor.name() == name));
        }
        let mut started = Vec::new();
        let mut lines = Vec::new();
        for (index, vendor) in (0u16..).zip(vendors) {
            let port = match self.port {
                0 => 0,
                first => first.checked_add(index).ok_or_else(|| wrong("the ports would pass 65535"))?,
            };
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            let server = MockServer::builder().listener(listener).disable_request_recording().start().await;
            Mock::given(any()).respond_with(Responder(Arc::clone(&vendor))).mount(&server).await;
            let clock = Arc::clone(&self.clock);
            let line = Line::new(vendor.name(), *server.address(), clock, self.kept, self.keeps_limits);
            let line = Arc::new(line);
            lines.push((Arc::clone(&line), port));
            started.push((vendor, line, server));
        }
        let front = Front::start(lines).await?;
        let running: BTreeMap<_, _> = started
            .into_iter()
            .zip(front.addresses())
            .map(|((vendor, line, server), address)| {
                (vendor.name(), Running { vendor, line, address: *address, server })
            })
            .collect();
        Ok(Sandbox { running, yotpo, keeps_limits: self.keeps_limits, _front: front })
    }
}
