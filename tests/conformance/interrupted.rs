//! Every vendor, every request of an upsert, every fault: nothing lost, nothing doubled, and the effect told honestly.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::held::held;
use async_trait::async_trait;
use customer_sink::client::ManualClock;
use customer_sink::providers::{shoplazza, shopline, triple_whale, whale, yotpo};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Address, Connector, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Effect, HttpRequest,
    HttpResponse, ReqwestTransport, Transport, TransportError, TransportErrorKind,
};
use http::StatusCode;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// 429 with `Retry-After`, before the vendor does anything.
    Limited,
    /// No connection.
    Refused,
    /// The vendor does it, and the answer gets lost.
    AnswerLost,
    /// The request gets lost on the way.
    RequestLost,
    /// A 500 of the gateway, before the vendor does anything.
    Broken,
}

/// Lets everything through but the request of one number.
#[derive(Debug)]
struct Faulty {
    inner: ReqwestTransport,
    fault: Fault,
    at: usize,
    sent: AtomicUsize,
}

#[async_trait]
impl Transport for Faulty {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        if self.sent.fetch_add(1, Ordering::SeqCst) != self.at {
            return self.inner.send(request).await;
        }
        match self.fault {
            Fault::Limited => {
                let mut answer = HttpResponse::new(StatusCode::TOO_MANY_REQUESTS, "");
                answer.headers.insert("retry-after", "2".parse().unwrap());
                Ok(answer)
            }
            Fault::Broken => Ok(HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR, "<html>500</html>")),
            Fault::Refused => Err(TransportError::new(TransportErrorKind::Connect, "scripted")),
            Fault::RequestLost => Err(TransportError::new(TransportErrorKind::Interrupted, "scripted")),
            Fault::AnswerLost => {
                self.inner.send(request).await?;
                Err(TransportError::new(TransportErrorKind::Interrupted, "scripted"))
            }
        }
    }
}

fn connector(transport: Arc<dyn Transport>) -> Connector {
    let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
    Connector::for_tests(transport, Arc::new(clock))
}

fn sink(provider: &str, sandbox: &Sandbox, connector: &Connector) -> Arc<dyn CustomerSink> {
    let url = sandbox.url(provider).unwrap();
    macro_rules! open {
        ($client:ty, $account:expr, $key:expr) => {
            Arc::new(<$client>::builder($account, $key).base_url(url).connector(connector).build().unwrap())
        };
    }
    match provider {
        "triple_whale" => {
            open!(triple_whale::TripleWhale, Sandbox::TRIPLE_WHALE_SHOP, Sandbox::TRIPLE_WHALE_API_KEY)
        }
        "shopline" => open!(shopline::Shopline, Sandbox::SHOPLINE_HANDLE, Sandbox::SHOPLINE_ACCESS_TOKEN),
        "shoplazza" => open!(shoplazza::Shoplazza, Sandbox::SHOPLAZZA_SHOP, Sandbox::SHOPLAZZA_ACCESS_TOKEN),
        "yotpo" => open!(yotpo::Yotpo, Sandbox::YOTPO_STORE_ID, Sandbox::YOTPO_SECRET),
        _ => open!(whale::Whale, Sandbox::WHALE_STORE_ID, Sandbox::WHALE_API_KEY),
    }
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
        .address(
            Address::new().line1("2 Sample Row").city("Berlin").country("Germany").country_code("DE").default_address(),
        )
}

/// The same person, with other details and another default address.
fn ann_later() -> Customer {
    let mut later = ann().tag("new");
    later.first_name = Some("Anne".into());
    later.addresses[1].line2 = Some("Floor 3".into());
    later.address(Address::new().line1("3 Third Street").city("Rome").country("Italy").country_code("IT"))
}

/// Brings Ann and then her later state to a fresh stand-in; the fault strikes one request of the run.
async fn run(provider: &str, fault: Fault, at: usize) -> (Sandbox, usize) {
    let sandbox = Sandbox::start().await.unwrap();
    let inner = ReqwestTransport::new().unwrap();
    let transport = Arc::new(Faulty { inner, fault, at, sent: AtomicUsize::new(0) });
    let target = sink(provider, &sandbox, &connector(Arc::clone(&transport) as _));
    for customer in [ann(), ann_later()] {
        let before = held(&sandbox, provider);
        let mut result = target.upsert(&customer).await;
        if let Err(error) = &result {
            let name = format!("{provider} {fault:?} at {at}: {error}");
            // What is told as not done has not been done.
            if matches!(error.effect(), Effect::NotSent | Effect::Rejected) {
                assert_eq!(held(&sandbox, provider), before, "{name}");
            }
            assert!(matches!(fault, Fault::AnswerLost | Fault::RequestLost | Fault::Broken), "{name}");
            // One fault is survived within the call, or the caller's next run makes it good.
            result = target.upsert(&customer).await;
        }
        assert!(result.is_ok(), "{provider} {fault:?} at {at}: {:?}", result.err());
    }
    (sandbox, transport.sent.load(Ordering::SeqCst))
}

async fn every_fault_of(provider: &str) {
    let (clean, requests) = run(provider, Fault::Limited, usize::MAX).await;
    let wanted = held(&clean, provider);
    assert_eq!(wanted.as_array().map(Vec::len), Some(1), "{provider}");
    for fault in [Fault::Limited, Fault::Refused, Fault::AnswerLost, Fault::RequestLost, Fault::Broken] {
        for at in 0..requests {
            let (sandbox, _) = run(provider, fault, at).await;
            assert_eq!(held(&sandbox, provider), wanted, "{provider}: {fault:?} at request {at} of {requests}");
        }
    }
}

macro_rules! vendors {
    ($($name:ident),+) => {
        $(#[tokio::test]
        async fn $name() {
            every_fault_of(stringify!($name)).await;
        })+
    };
}

vendors!(triple_whale, shopline, shoplazza, yotpo, whale);
