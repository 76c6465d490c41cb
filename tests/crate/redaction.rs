//! Plants secrets and a person's data, and looks for them in everything that prints.

use std::io::Write;
use std::sync::{Arc, Mutex};

use customer_sink::providers::{shoplazza, shopline, triple_whale, whale, yotpo};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Address, Connector, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Error, Gender, Identity,
    UpsertOptions,
};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support;

const SECRET: &str = "PLANTEDSECRET";
/// Each stands somewhere in the planted customer.
const PERSONAL: &[&str] = &[
    "plantedmail",
    "5550109",
    "555 010 9",
    "Plantedfirst",
    "Plantedlast",
    "Planted display",
    "Planted company",
    "planted note",
    "plantedtag",
    "Planted Quay",
    "plantedcustom",
    "1971-03-04",
    "19710304",
    "98765.43",
    "plantedorder",
];

fn customer() -> Customer {
    Customer::new()
        .external_id("1042")
        .email("plantedmail@example.com")
        .phone("+1 555 010 9999")
        .first_name("Plantedfirst")
        .last_name("Plantedlast")
        .display_name("Planted display")
        .company("Planted company")
        .note("planted note")
        .gender(Gender::Other)
        .birthday("1971-03-04".parse::<chrono::NaiveDate>().unwrap())
        .tags(["plantedtag", "planted,tag"])
        .address(
            Address::new()
                .line1("1 Planted Quay")
                .city("Portland")
                .country_code("XX")
                .country("Plantedland")
                .phone("n/a planted"),
        )
        .email_marketing(Consent::new(ConsentState::Subscribed).source("checkout"))
        .total_spent("98765.43".parse::<customer_sink::Decimal>().unwrap())
        .last_order_id("plantedorder")
        .custom("plan", "plantedcustom")
}

fn sinks(connector: &Connector, url: impl Fn(&str) -> String) -> Vec<Arc<dyn CustomerSink>> {
    let secret = |plain: &str| if plain.is_empty() { SECRET.to_owned() } else { plain.to_owned() };
    let open = |provider: &str, plain: &str| {
        if url("").is_empty() { (url(provider), secret(plain)) } else { (url(provider), secret("")) }
    };
    let (u, k) = open("triple_whale", Sandbox::TRIPLE_WHALE_API_KEY);
    let tw = triple_whale::TripleWhale::builder(Sandbox::TRIPLE_WHALE_SHOP, k)
        .base_url(u)
        .connector(connector)
        .build()
        .unwrap();
    let (u, k) = open("shopline", Sandbox::SHOPLINE_ACCESS_TOKEN);
    let sl = shopline::Shopline::builder(Sandbox::SHOPLINE_HANDLE, k).base_url(u).connector(connector).build().unwrap();
    let (u, k) = open("shoplazza", Sandbox::SHOPLAZZA_ACCESS_TOKEN);
    let sz =
        shoplazza::Shoplazza::builder(Sandbox::SHOPLAZZA_SHOP, k).base_url(u).connector(connector).build().unwrap();
    let (u, k) = open("yotpo", Sandbox::YOTPO_SECRET);
    let yo = yotpo::Yotpo::builder(Sandbox::YOTPO_STORE_ID, k).base_url(u).connector(connector).build().unwrap();
    let (u, k) = open("whale", Sandbox::WHALE_API_KEY);
    let wh = whale::Whale::builder(Sandbox::WHALE_STORE_ID, k).base_url(u).connector(connector).build().unwrap();
    vec![Arc::new(tw), Arc::new(sl), Arc::new(sz), Arc::new(yo), Arc::new(wh)]
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn search(what: &str, text: &str) {
    for planted in PERSONAL.iter().chain(&[
        SECRET,
        "fake-triple",
        "fake.shopline",
        "fake-shoplazza",
        "fake-yotpo-secret",
        "wk_test",
        "fake-token",
    ]) {
        assert!(!text.contains(planted), "{what} shows {planted}: {text}");
    }
}

fn search_error(what: &str, error: &Error) {
    search(what, &format!("{error} {error:?} {error:#?}"));
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        search(what, &format!("{cause} {cause:?}"));
        source = cause.source();
    }
}

/// An answer that repeats all it was sent, as vendors do in their messages.
fn echo(status: u16) -> impl Fn(&Request) -> ResponseTemplate + Send + Sync {
    move |request: &Request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let text = format!("{} {body}", request.url);
        ResponseTemplate::new(status).set_body_json(serde_json::json!({
            "success": false, "message": text, "error": text, "code": text,
            "errors": [text, {"message": text, "field": text}],
        }))
    }
}

#[tokio::test]
async fn nothing_that_prints_shows_a_secret_or_a_person() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let customer = customer();
    search("the customer", &format!("{customer:?} {customer:#?} {:?}", customer.addresses));
    let (connector, _) = support::connector();
    search("the connector", &format!("{connector:?}"));

    // Success, against the sandbox.
    let sandbox = Sandbox::start().await.unwrap();
    for sink in sinks(&connector, |provider| sandbox.url(provider).unwrap_or_default()) {
        search("a sink", &format!("{sink:?} {sink:#?}"));
        let plan = sink.plan(&customer, &UpsertOptions::default()).unwrap();
        search("a plan", &format!("{plan:?} {plan:#?}"));
        for note in plan.notes() {
            search("a note", &format!("{note} {note:?}"));
        }
        for step in plan.steps() {
            search("a step", &format!("{step:?}"));
            for (name, value) in step.headers() {
                assert!(!value.contains(SECRET) && !value.contains("fake"), "{name} shows a credential");
            }
        }
        for _ in 0..2 {
            let done = sink.upsert(&customer).await.unwrap();
            search("an outcome", &format!("{done:?} {done:#?}"));
        }
        if let Ok(Some(found)) = sink.find(&Identity::Email("plantedmail@example.com".into())).await {
            search("a customer read back", &format!("{found:?}"));
        }
    }

    // Failure, against a vendor that repeats all it is sent.
    for status in [200, 400, 401, 403, 404, 409, 422, 429, 500, 503] {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(echo(status)).mount(&server).await;
        for sink in sinks(&connector, |_| server.uri()) {
            match sink.upsert(&customer).await {
                Ok(done) => search("an outcome", &format!("{done:?}")),
                Err(error) => search_error(&format!("{} {status}", sink.provider()), &error),
            }
            if let Err(error) = sink.find(&Identity::Email("plantedmail@example.com".into())).await {
                search_error("find", &error);
            }
            if let Err(error) = sink.check().await {
                search_error("check", &error);
            }
        }
    }

    // No answer at all.
    for sink in sinks(&connector, |_| "http://127.0.0.1:1/".to_owned()) {
        search_error("no connection", &sink.upsert(&customer).await.unwrap_err());
    }

    // A record that is refused.
    let refused = Customer::new().email("planted mail").phone("+1 555 010 9 x").first_name("Plantedfirst");
    for sink in sinks(&connector, |_| "http://127.0.0.1:1/".to_owned()) {
        search_error("a refusal", &sink.upsert(&refused).await.unwrap_err());
    }
    let json = br#"{"email":7,"phone":"555 010 9","birthday":"plantedmail","custom":{"plan":{"a":"plantedcustom"}}}"#;
    search_error("a malformed record", &Customer::from_json(json).unwrap_err());
    search("serde's error", &serde_json::from_slice::<Customer>(json).unwrap_err().to_string());

    let traced = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(traced.contains("customer_sink.upsert"), "the spans are recorded, or this proves nothing");
    search("tracing", &traced);
}
