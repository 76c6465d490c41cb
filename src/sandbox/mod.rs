//! Stateful stand-ins of the five vendors on local ports, so that examples, tests and applications run with no account,
//! on good days and bad ones.
//!
//! Each stand-in keeps what it is sent, refuses what its vendor's documentation refuses in the vendor's own shape, and
//! answers in that vendor's form. Facts that a vendor does not document are marked *inferred* where they are coded.
//!
//! # Testing your application
//!
//! Start the vendors that you need, give your application their [`url`](Sandbox::url)s with the credentials that are
//! constants of [`Sandbox`], and look afterwards at what they hold and what they were sent. A clock that does not wait
//! ([`ManualClock`](crate::ManualClock)) makes retries take no time.
//!
//! ```
//! use std::sync::Arc;
//!
//! use customer_sink::sandbox::Sandbox;
//! use customer_sink::sandbox::faults::{Fault, RetryAfter, Script};
//! use customer_sink::{
//!     Connector, Consent, ConsentState, Customer, CustomerSinkExt, ErrorKind, ManualClock, Outcome,
//!     ReqwestTransport,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::only(&["shopline"]).await?;
//!
//! // Somebody is there already, and has opted out.
//! let mara = Customer::new().email("mara@example.com").first_name("Mara");
//! let mara = mara.email_marketing(Consent::new(ConsentState::Unsubscribed));
//! sandbox.seed("shopline", &[mara.clone()]).await?;
//!
//! // A bad day: two refusals, and later an answer that gets lost after the vendor has done what it was asked for.
//! sandbox.play("shopline", "*", Script::times(2, Fault::Limited(RetryAfter::Seconds(2))))?;
//! sandbox.play("shopline", "PUT customers/{id}", Fault::ResetAfter)?;
//!
//! // This is where your application comes in. Here it is a sink alone.
//! let clock = ManualClock::new("2026-03-01T12:00:00Z".parse()?);
//! let connector = Connector::for_tests(Arc::new(ReqwestTransport::new()?), Arc::new(clock));
//! let sink = sandbox.sink("shopline", &connector)?;
//! let done = sink.upsert(&mara.last_name("Lind")).await?;
//! assert_eq!(done.outcome, Outcome::Updated);
//!
//! // She is there once, with the new name, and nobody subscribed her.
//! let people = sandbox.people("shopline");
//! assert_eq!(people.len(), 1);
//! assert_eq!(people[0].last_name.as_deref(), Some("Lind"));
//! assert!(sandbox.duplicates("shopline").is_empty());
//! assert_eq!(sandbox.consents("shopline")[0].email_marketing, Some(ConsentState::Unsubscribed));
//!
//! // What it took: the lost update was sent once more.
//! assert_eq!(sandbox.count("shopline", "PUT customers/{id}"), 2);
//! let struck = sandbox.requests("shopline").into_iter().filter(|request| request.fault.is_some());
//! assert_eq!(struck.count(), 3);
//!
//! // An outage: connections are refused until it ends.
//! let noor = Customer::new().email("noor@example.com");
//! sandbox.refuse("shopline").await?;
//! let error = sink.upsert(&noor).await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::Connect);
//! assert_eq!(sandbox.people("shopline").len(), 1);
//! sandbox.accept("shopline").await?;
//! assert_eq!(sink.upsert(&noor).await?.outcome, Outcome::Created);
//! # Ok(())
//! # }
//! ```
//!
//! Beyond that:
//!
//! * [`faults`] has every fault that can be played, and [`faults::Chaos`], which mixes them by a seed:
//!   `sandbox.unleash(&Chaos::seeded(7))`.
//! * [`SandboxBuilder::enforce_limits`] makes the vendors refuse what is beyond their documented numbers, by a clock of
//!   yours.
//! * A vendor's time is that of [`SandboxBuilder::clock`]: give it the clock of your client. By it come
//!   [Yotpo's delay](Sandbox::set_yotpo_delay), the ends of tokens ([Yotpo](Sandbox::set_yotpo_token_life),
//!   [SHOPLINE](Sandbox::set_shopline_token_life), [Shoplazza](Sandbox::set_shoplazza_token_life)) and
//!   [Whale's removals](Sandbox::set_whale_removal_time). By hand there are [`advance_yotpo`](Sandbox::advance_yotpo),
//!   [`expire_yotpo_tokens`](Sandbox::expire_yotpo_tokens) and
//!   [`complete_whale_removals`](Sandbox::complete_whale_removals).
//! * Whale's signed webhooks are sent to your own endpoint: [`set_whale_webhook_url`](Sandbox::set_whale_webhook_url), and
//!   [`settle_whale_removals`](Sandbox::settle_whale_removals) to wait for its answer.
//! * [`Sandbox::seed`] puts customers there, [`Sandbox::seed_records`] a vendor's own records, and
//!   [`Sandbox::customers`] reads them back. They and the inspectors go past the faults, and leave no trace in the log.
//!
//! # How strict it is
//!
//! Credentials, routes, versions, wrappers, types, lengths and uniqueness are checked as far as the vendor documents them.
//! Three things are ours. Keys that no page of Triple Whale, SHOPLINE, Yotpo or Whale names are refused, where the vendor
//! may well pass over them: that finds the misspelt one. A method that a path does not take is a 404, as Triple Whale
//! documents it and nobody else says. And a content type counts at SHOPLINE and Shoplazza alone, whose pages name it.

mod builder;
mod client;
pub mod faults;
mod front;
mod inspect;
mod journal;
mod limits;
mod reply;
mod shapes;
mod shoplazza;
mod shopline;
mod time;
mod triple_whale;
mod whale;
mod yotpo;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use wiremock::{Request, Respond, ResponseTemplate};

pub use self::builder::SandboxBuilder;
use self::faults::{Chaos, Route, Script};
use self::front::{Front, Line, Place};
pub use self::inspect::{ConsentsOf, Duplicate, SharedBy};
pub use self::journal::Received;
use self::reply::Object;
pub use self::whale::WhaleDelivery;
use crate::{Effect, Error, ErrorKind};

/// One vendor's stand-in: the whole of its behaviour is this one function over its own state.
trait Vendor: Send + Sync {
    /// The module name of the provider, as in `shopline`.
    fn name(&self) -> &'static str;
    /// Answers one request.
    fn answer(&self, request: &Request) -> ResponseTemplate;
    /// Keeps a record as it is, in the form in which [`customers`](Self::customers) shows it.
    fn put(&self, record: Object);
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
    line: Arc<Line>,
    address: SocketAddr,
    /// Where the stand-in itself listens, behind the front.
    behind: SocketAddr,
}

/// The five stand-ins, running. They stop when this value is dropped.
pub struct Sandbox {
    running: BTreeMap<&'static str, Running>,
    shopline: Arc<shopline::Shopline>,
    shoplazza: Arc<shoplazza::Shoplazza>,
    yotpo: Arc<yotpo::Yotpo>,
    whale: Arc<whale::Whale>,
    keeps_limits: bool,
    _front: Front,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.running.iter().map(|(name, r)| (name, r.address))).finish()
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
        Self::builder().start().await
    }

    /// Starts some of the five alone, on free local ports, by the providers' module names: `&["yotpo"]`.
    ///
    /// # Errors
    ///
    /// When a name is none of the five, or no local port can be bound.
    pub async fn only(providers: &[&str]) -> io::Result<Self> {
        Self::builder().only(providers).start().await
    }

    /// Starts all five on `port` to `port + 4`, in the order Triple Whale, SHOPLINE, Shoplazza, Yotpo, Whale.
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

    /// The base URL of a provider's stand-in, by the provider's module name (`shopline`), without a trailing slash.
    #[must_use]
    pub fn url(&self, provider: &str) -> Option<String> {
        self.running.get(provider).map(|running| format!("http://{}", running.address))
    }

    /// The customers that a provider's stand-in holds, as the vendor would show them.
    #[must_use]
    pub fn customers(&self, provider: &str) -> Vec<Value> {
        self.running.get(provider).map(|r| r.vendor.customers()).unwrap_or_default()
    }

    /// Every request that a vendor got, oldest first: the last 10,000, or as many as
    /// [`SandboxBuilder::keep_requests`] says. None for a provider that is not served.
    #[must_use]
    pub fn requests(&self, provider: &str) -> Vec<Received> {
        self.running.get(provider).map(|running| reply::lock(&running.line.journal).requests()).unwrap_or_default()
    }

    /// How many requests of each [`kind`](Received::kind) a vendor got, also beyond those that are kept.
    #[must_use]
    pub fn requests_by_kind(&self, provider: &str) -> BTreeMap<String, usize> {
        self.running.get(provider).map(|running| reply::lock(&running.line.journal).counts()).unwrap_or_default()
    }

    /// How many requests of a route a vendor got.
    #[must_use]
    pub fn count(&self, provider: &str, route: impl Into<Route>) -> usize {
        let route = route.into();
        self.requests_by_kind(provider).iter().filter(|(kind, _)| route.takes(kind)).map(|(_, count)| count).sum()
    }

    /// Forgets the requests of all vendors until now.
    pub fn clear_requests(&self) {
        self.running.values().for_each(|running| reply::lock(&running.line.journal).clear());
    }

    /// Plays a fault at a vendor's requests, from the next one on: a [`Fault`](faults::Fault) by itself strikes once. Of
    /// several scripts for one request the oldest has its way; scripts go before [`unleash`](Self::unleash).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the provider is not served.
    pub fn play(&self, provider: &str, route: impl Into<Route>, script: impl Into<Script>) -> Result<(), Error> {
        reply::lock(&self.serving(provider)?.line.plays).add(route.into(), script.into());
        Ok(())
    }

    /// Strikes the requests of all vendors by chance.
    pub fn unleash(&self, chaos: &Chaos) {
        for (provider, running) in &self.running {
            reply::lock(&running.line.plays).unleash(chaos.clone(), provider);
        }
    }

    /// Ends all faults: what is scripted, what is by chance, and every outage.
    ///
    /// # Errors
    ///
    /// When a port was taken by another program during an outage.
    pub async fn stop_faults(&self) -> io::Result<()> {
        for running in self.running.values() {
            reply::lock(&running.line.plays).stop();
        }
        for provider in self.running.keys() {
            self.accept(provider).await.map_err(io::Error::other)?;
        }
        Ok(())
    }

    /// Makes a vendor refuse connections until [`accept`](Self::accept), and hangs up on whoever is connected and waits.
    /// To let it happen in the middle of an upsert, play [`Fault::Outage`](faults::Fault::Outage).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the provider is not served.
    pub async fn refuse(&self, provider: &str) -> Result<(), Error> {
        self.serving(provider)?.line.open(false).await;
        Ok(())
    }

    /// Ends an outage; without one, nothing happens.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the provider is not served, or where another program took its port meanwhile.
    pub async fn accept(&self, provider: &str) -> Result<(), Error> {
        match self.serving(provider)?.line.open(true).await {
            Place::Open => Ok(()),
            Place::Closed | Place::Lost => {
                let error = Error::new(ErrorKind::Config, Effect::NotSent);
                Err(error.with_hint("another program took the port of the stand-in during its outage"))
            }
        }
    }

    fn serving(&self, provider: &str) -> Result<&Running, Error> {
        self.running.get(provider).ok_or_else(|| {
            Error::new(ErrorKind::Config, Effect::NotSent).with_hint("the sandbox does not serve this provider")
        })
    }
}
