//! The Yotpo stand-in behind a transport that a test can script.
#![allow(dead_code)] // Each test binary uses its part.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use customer_sink::client::ManualClock;
use customer_sink::providers::yotpo::{Builder, Yotpo};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Connector, Customer, HttpRequest, HttpResponse, ReqwestTransport, Transport, TransportError, TransportErrorKind,
};
use http::StatusCode;
use serde_json::Value;

pub type Answer = Result<HttpResponse, TransportError>;
pub type Fault = Box<dyn Fn(&HttpRequest, usize) -> Option<When> + Send + Sync>;

/// What the script does with a request.
pub enum When {
    /// Answers in the vendor's place.
    Instead(Answer),
    /// Lets the vendor act, and loses the answer.
    Lost,
}

/// Forwards to the stand-in unless the script says otherwise, and keeps what was sent.
pub struct Scripted {
    inner: ReqwestTransport,
    script: Fault,
    pub seen: Mutex<Vec<(String, Option<String>)>>,
    mints: AtomicUsize,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

#[derive(Debug, Clone)]
pub struct Shared(Arc<Scripted>);

#[async_trait]
impl Transport for Shared {
    async fn send(&self, request: HttpRequest) -> Answer {
        let token = request.headers.get("x-yotpo-token").map(|t| t.to_str().unwrap().to_owned());
        let what = format!("{} {}", request.method, request.url.path().rsplit('/').next().unwrap());
        if what == "POST access_tokens" {
            self.0.mints.fetch_add(1, Ordering::SeqCst);
        }
        let index = {
            let mut seen = self.0.seen.lock().unwrap();
            seen.push((what, token));
            seen.len() - 1
        };
        // Others run meanwhile, as on a network.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        match (self.0.script)(&request, index) {
            None => self.0.inner.send(request).await,
            Some(When::Instead(answer)) => answer,
            Some(When::Lost) => {
                self.0.inner.send(request).await?;
                Err(TransportError::new(TransportErrorKind::Interrupted, "reset by the test"))
            }
        }
    }
}

impl Scripted {
    pub fn mints(&self) -> usize {
        self.mints.load(Ordering::SeqCst)
    }

    pub fn patches(&self) -> usize {
        self.seen.lock().unwrap().iter().filter(|(what, _)| what == "PATCH customers").count()
    }
}

pub struct World {
    pub sandbox: Sandbox,
    pub connector: Connector,
    pub clock: Arc<ManualClock>,
    pub wire: Arc<Scripted>,
}

pub async fn world(script: impl Fn(&HttpRequest, usize) -> Option<When> + Send + Sync + 'static) -> World {
    let wire = Arc::new(Scripted {
        inner: ReqwestTransport::new().unwrap(),
        script: Box::new(script),
        seen: Mutex::default(),
        mints: AtomicUsize::new(0),
    });
    let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
    let connector = Connector::for_tests(Arc::new(Shared(Arc::clone(&wire))), Arc::clone(&clock) as _);
    World { sandbox: Sandbox::start().await.unwrap(), connector, clock, wire }
}

impl World {
    pub fn of(&self, builder: Builder) -> Yotpo {
        builder.base_url(self.sandbox.url("yotpo").unwrap()).connector(&self.connector).build().unwrap()
    }

    pub fn sink(&self) -> Yotpo {
        self.of(Yotpo::builder(Sandbox::YOTPO_STORE_ID, Sandbox::YOTPO_SECRET))
    }

    pub fn rows(&self) -> Vec<Value> {
        self.sandbox.customers("yotpo")
    }
}

pub fn answer(status: u16, body: impl Into<bytes::Bytes>) -> When {
    When::Instead(Ok(HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)))
}

pub fn is_mint(request: &HttpRequest) -> bool {
    request.url.path().ends_with("access_tokens")
}

pub fn token(request: &HttpRequest) -> &str {
    request.headers.get("x-yotpo-token").map_or("", |token| token.to_str().unwrap())
}

pub fn mira() -> Customer {
    Customer::new().external_id("1").email("mira@example.com").first_name("Mira")
}
