//! Every fault that the sandbox can play, at every request of an upsert, for every vendor, on real sockets: nobody lost,
//! nobody doubled, nobody subscribed, the effect told honestly, and nothing sent to another host.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use crate::support::held::held;
use customer_sink::client::ManualClock;
use customer_sink::sandbox::Sandbox;
use customer_sink::sandbox::faults::{Fault, Route, Script};
use customer_sink::{
    Address, Connector, Consent, ConsentState, Customer, CustomerSinkExt, Effect, Error, ReqwestTransport, RetryPolicy,
    Transport, Upserted,
};
use serde_json::Value;

fn connector(transport: &Arc<ReqwestTransport>) -> Connector {
    let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
    Connector::for_tests(Arc::clone(transport) as Arc<dyn Transport>, Arc::new(clock))
}

fn transport() -> Arc<ReqwestTransport> {
    Arc::new(ReqwestTransport::new().unwrap())
}

fn ann() -> Customer {
    Customer::new()
        .external_id("1042")
        .email("ann@example.com")
        .phone("+1 555 010 0123")
        .first_name("Ann")
        .last_name("Ortega")
        .tags(["vip"])
        .email_marketing(Consent::new(ConsentState::Unsubscribed))
        .address(Address::new().line1("1 Example Way").city("Salem").postal_code("97301").country_code("US"))
}

/// The same person, with other details and one address more.
fn ann_later() -> Customer {
    let mut later = ann().tag("new");
    later.first_name = Some("Anne".into());
    later.address(Address::new().line1("3 Third Street").city("Rome").country("Italy").country_code("IT"))
}

/// What one upsert, struck by a fault at one of its requests, and what came after it left behind.
struct Ran {
    sandbox: Sandbox,
    first: Result<Upserted, Error>,
    /// How many requests the first upsert sent.
    requests: usize,
    before: Value,
    between: Value,
}

/// How many requests a fault was played at.
fn was_struck(sandbox: &Sandbox, provider: &str) -> usize {
    sandbox.requests(provider).iter().filter(|request| request.fault.is_some()).count()
}

struct Vendor<'a> {
    provider: &'a str,
    known: bool,
    transport: Arc<ReqwestTransport>,
}

impl Vendor<'_> {
    /// Upserts once with the fault, and once more where that failed and may be repeated, or nobody knows.
    async fn run(&self, fault: Option<&Fault>, at: usize, attempts: u32) -> Ran {
        // Only a stalled answer needs a time-out; the other faults must not be hurried by a busy machine.
        if !matches!(fault, Some(Fault::Stalled { .. })) {
            return self.run_within(20_000, fault, at, attempts).await;
        }
        for time_out in [60, 250, 1000, 4000] {
            let ran = self.run_within(time_out, fault, at, attempts).await;
            if was_struck(&ran.sandbox, self.provider) == 1 {
                return ran;
            }
            // So busy is the machine that a request before was given up; that says nothing of the fault.
        }
        self.run_within(20_000, fault, at, attempts).await
    }

    async fn run_within(&self, time_out: u64, fault: Option<&Fault>, at: usize, attempts: u32) -> Ran {
        let sandbox = Sandbox::only(&[self.provider]).await.unwrap();
        if self.known {
            sandbox.seed(self.provider, &[ann()]).await.unwrap();
        }
        let attempt_timeout = Duration::from_millis(time_out);
        let policy = RetryPolicy { attempts, attempt_timeout, ..RetryPolicy::default() };
        let sink = sandbox.sink_with(self.provider, &connector(&self.transport), policy).unwrap();
        if let Some(fault) = fault {
            sandbox.play(self.provider, Route::any(), Script::once(fault.clone()).after(at)).unwrap();
        }
        let before = held(&sandbox, self.provider);
        let first = sink.upsert(&ann_later()).await;
        let requests = sandbox.requests(self.provider).len();
        let between = held(&sandbox, self.provider);
        sandbox.resume(self.provider).await.unwrap();
        if first.is_err() {
            // A slow machine must not time out where nothing stalls any more.
            let sink = sandbox.sink(self.provider, &connector(&self.transport)).unwrap();
            let second = sink.upsert(&ann_later()).await;
            assert!(second.is_ok(), "{}: {fault:?} at {at}: {first:?}, then {:?}", self.provider, second.err());
        }
        Ran { sandbox, first, requests, before, between }
    }

    async fn every_fault(&self) {
        let provider = self.provider;
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        let location = format!("http://{}/", elsewhere.local_addr().unwrap());
        let clean = self.run(None, 0, 4).await;
        let wanted = held(&clean.sandbox, provider);
        assert!(clean.first.is_ok() && clean.requests > 0 && wanted != clean.before, "{provider}: {:?}", clean.first);

        for fault in Fault::all(&location) {
            // With one attempt a request, what the client would make good by itself comes to light.
            for (at, attempts) in (0..clean.requests).flat_map(|at| [(at, 4), (at, 1)]) {
                let ran = self.run(Some(&fault), at, attempts).await;
                let of = clean.requests;
                let name = format!("{provider}, known: {}, {fault:?} at request {at} of {of}, {attempts}", self.known);
                assert_eq!(was_struck(&ran.sandbox, provider), 1, "{name}: it was played");
                match &ran.first {
                    Ok(_) => assert_eq!(ran.between, wanted, "{name}: success"),
                    Err(error) => match error.effect() {
                        Effect::NotSent | Effect::Rejected => {
                            assert_eq!(ran.between, ran.before, "{name}: {error}");
                        }
                        Effect::Applied => assert_ne!(ran.between, ran.before, "{name}: {error}"),
                        Effect::Unknown => {}
                    },
                }
                assert_eq!(held(&ran.sandbox, provider), wanted, "{name}: the end, after {:?}", ran.first.err());
                assert_eq!(ran.sandbox.customers(provider).len(), 1, "{name}");
                assert!(ran.sandbox.duplicates(provider).is_empty(), "{name}");
                for consents in ran.sandbox.consents(provider) {
                    let states = [consents.email_marketing, consents.sms_marketing];
                    assert!(!states.contains(&Some(ConsentState::Subscribed)), "{name}: {consents:?}");
                }
                assert!(elsewhere.accept().is_err(), "{name}: somebody went to another host");
            }
        }
    }
}

macro_rules! matrix {
    ($($provider:ident),+) => {
        $(mod $provider {
            #[tokio::test]
            async fn new() {
                let (provider, transport) = (stringify!($provider), super::transport());
                super::Vendor { provider, known: false, transport }.every_fault().await;
            }

            #[tokio::test]
            async fn known() {
                let (provider, transport) = (stringify!($provider), super::transport());
                super::Vendor { provider, known: true, transport }.every_fault().await;
            }
        })+
    };
}

matrix!(triple_whale, shopline, shoplazza, yotpo, whale);
