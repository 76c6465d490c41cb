//! Stateful stand-ins of the five vendors on local ports, so that examples, tests and applications run with no account.
//!
//! Each stand-in keeps what it is sent, refuses what its vendor's documentation refuses in the vendor's own shape, and
//! answers in that vendor's form. Facts that a vendor does not document are marked *inferred* where they are coded.

mod reply;
mod shoplazza;
mod shopline;
mod triple_whale;
mod whale;
mod yotpo;

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use serde_json::Value;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// One vendor's stand-in: the whole of its behaviour is this one function over its own state.
trait Vendor: Any + Send + Sync {
    /// The module name of the provider, as in `shopline`.
    fn name(&self) -> &'static str;
    /// Answers one request.
    fn answer(&self, request: &Request) -> ResponseTemplate;
    /// The customers it holds, as the vendor would show them.
    fn customers(&self) -> Vec<Value>;
}

struct Responder(Arc<dyn Vendor>);

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        self.0.answer(request)
    }
}

struct Running {
    vendor: Arc<dyn Vendor>,
    server: MockServer,
}

/// The five stand-ins, running. They stop when this value is dropped.
pub struct Sandbox {
    running: BTreeMap<&'static str, Running>,
    yotpo: Arc<yotpo::Yotpo>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.running.iter().map(|(name, r)| (name, r.server.uri()))).finish()
    }
}

impl Sandbox {
    /// The shop that the Triple Whale stand-in knows.
    pub const TRIPLE_WHALE_SHOP: &'static str = "harbor-and-pine.example.com";
    /// A shop for which the Triple Whale stand-in answers every record with a 500, as the vendor can for one that is not
    /// connected.
    pub const TRIPLE_WHALE_UNCONNECTED_SHOP: &'static str = "not-connected.example.com";
    /// The key that the Triple Whale stand-in accepts.
    pub const TRIPLE_WHALE_API_KEY: &'static str = "fake-triple-whale-key";
    /// The store handle that the SHOPLINE stand-in knows.
    pub const SHOPLINE_HANDLE: &'static str = "open001";
    /// The token that the SHOPLINE stand-in accepts.
    pub const SHOPLINE_ACCESS_TOKEN: &'static str = "fake.shopline.token";
    /// The shop that the Shoplazza stand-in knows.
    pub const SHOPLAZZA_SHOP: &'static str = "acme";
    /// The token that the Shoplazza stand-in accepts.
    pub const SHOPLAZZA_ACCESS_TOKEN: &'static str = "fake-shoplazza-token";
    /// The store that the Yotpo stand-in knows.
    pub const YOTPO_STORE_ID: &'static str = "fake-yotpo-store";
    /// The secret that the Yotpo stand-in accepts.
    pub const YOTPO_SECRET: &'static str = "fake-yotpo-secret";
    /// The store that the Whale stand-in knows.
    pub const WHALE_STORE_ID: &'static str = "00000000-0000-4000-8000-000000000000";
    /// The key that the Whale stand-in accepts.
    pub const WHALE_API_KEY: &'static str = "wk_test_fake";

    /// Starts all five on free local ports.
    ///
    /// # Errors
    ///
    /// When no local port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(|_| 0).await
    }

    /// Starts all five on `port` to `port + 4`, in the order Triple Whale, SHOPLINE, Shoplazza, Yotpo, Whale.
    ///
    /// # Errors
    ///
    /// When one of those ports is taken or the range leaves the valid ports.
    pub async fn start_on(port: u16) -> io::Result<Self> {
        if port.checked_add(4).is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the ports would pass 65535"));
        }
        Self::start_with(|index| port.saturating_add(index)).await
    }

    async fn start_with(port_of: impl Fn(u16) -> u16) -> io::Result<Self> {
        let yotpo = Arc::new(yotpo::Yotpo::new());
        let vendors: [Arc<dyn Vendor>; 5] = [
            Arc::new(triple_whale::TripleWhale::new()),
            Arc::new(shopline::Shopline::new()),
            Arc::new(shoplazza::Shoplazza::new()),
            Arc::clone(&yotpo) as _,
            Arc::new(whale::Whale::new()),
        ];
        let mut running = BTreeMap::new();
        for (index, vendor) in (0u16..).zip(vendors) {
            let listener = TcpListener::bind(("127.0.0.1", port_of(index)))?;
            let server = MockServer::builder().listener(listener).disable_request_recording().start().await;
            Mock::given(any()).respond_with(Responder(Arc::clone(&vendor))).mount(&server).await;
            running.insert(vendor.name(), Running { vendor, server });
        }
        Ok(Self { running, yotpo })
    }

    /// The base URL of a provider's stand-in, by the provider's module name (`shopline`), without a trailing slash.
    #[must_use]
    pub fn url(&self, provider: &str) -> Option<String> {
        self.running.get(provider).map(|r| r.server.uri())
    }

    /// The customers that a provider's stand-in holds, as the vendor would show them.
    #[must_use]
    pub fn customers(&self, provider: &str) -> Vec<Value> {
        self.running.get(provider).map(|r| r.vendor.customers()).unwrap_or_default()
    }
}
