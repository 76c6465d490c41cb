//! Triple Whale against its stand-in: what a replace keeps, lost answers, a shop that keeps failing, erasing and reading
//! back.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use customer_sink::client::{BodyFault, Limit, ManualClock};
use customer_sink::customer::Field;
use customer_sink::providers::triple_whale::{Builder, CustomerRecord, ErasureInput, ReadBack, SqlQuery, TripleWhale};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Address, Connector, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Effect, ErasureStatus,
    ErrorKind, HttpRequest, HttpResponse, Identity, OptInLevel, Outcome, ReqwestTransport, RetryPolicy, Transport,
    TransportError, TransportErrorKind, UpsertOptions,
};
use http::StatusCode;
use proptest::prelude::*;
use serde_json::{Value, json};

type Answer = Result<HttpResponse, TransportError>;
type Script = Box<dyn Fn(&str, usize) -> Option<When> + Send + Sync>;

/// What the script does with a request.
enum When {
    /// Answers in the vendor's place.
    Instead(u16, &'static str),
    /// A 200 whose body breaks off.
    Cut(&'static str),
    /// Lets the vendor act, and loses the answer.
    Lost,
}

/// Forwards to the stand-in unless the script says otherwise, and keeps what was sent.
struct Scripted {
    inner: ReqwestTransport,
    script: Script,
    seen: Mutex<Vec<(String, Vec<u8>)>>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

#[derive(Debug, Clone)]
struct Shared(Arc<Scripted>);

#[async_trait]
impl Transport for Shared {
    async fn send(&self, request: HttpRequest) -> Answer {
        let last = request.url.path().rsplit('/').next().unwrap().to_owned();
        let index = {
            let mut seen = self.0.seen.lock().unwrap();
            seen.push((last.clone(), request.body.to_vec()));
            seen.len() - 1
        };
        // Others run meanwhile, as on a network.
        tokio::task::yield_now().await;
        match (self.0.script)(&last, index) {
            None => self.0.inner.send(request).await,
            Some(When::Instead(status, body)) => {
                Ok(HttpResponse::new(StatusCode::from_u16(status).unwrap(), body.as_bytes().to_vec()))
            }
            Some(When::Cut(body)) => {
                let mut answer = HttpResponse::new(StatusCode::OK, body.as_bytes().to_vec());
                answer.fault = Some(BodyFault::Cut);
                Ok(answer)
            }
            Some(When::Lost) => {
                self.0.inner.send(request).await?;
                Err(TransportError::new(TransportErrorKind::Interrupted, "reset by the test"))
            }
        }
    }
}

struct World {
    sandbox: Sandbox,
    connector: Connector,
    clock: Arc<ManualClock>,
    wire: Arc<Scripted>,
}

async fn world(script: impl Fn(&str, usize) -> Option<When> + Send + Sync + 'static) -> World {
    let inner = ReqwestTransport::new().unwrap();
    let wire = Arc::new(Scripted { inner, script: Box::new(script), seen: Mutex::default() });
    let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
    let connector = Connector::for_tests(Arc::new(Shared(Arc::clone(&wire))), Arc::clone(&clock) as _);
    World { sandbox: Sandbox::start().await.unwrap(), connector, clock, wire }
}

impl World {
    fn builder(&self) -> Builder {
        self.of(Sandbox::TRIPLE_WHALE_SHOP)
    }

    /// One attempt each, so that requests can be counted.
    fn of(&self, shop: &str) -> Builder {
        let once = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
        TripleWhale::builder(shop, Sandbox::TRIPLE_WHALE_API_KEY)
            .base_url(self.sandbox.url("triple_whale").unwrap())
            .connector(&self.connector)
            .retry_policy(once)
    }

    fn rows(&self) -> Vec<Value> {
        self.sandbox.customers("triple_whale")
    }

    fn sent(&self) -> usize {
        self.wire.seen.lock().unwrap().len()
    }
}

fn mara() -> Customer {
    Customer::new()
        .external_id("1042")
        .email("mara@example.com")
        .phone("+1 555 010 0123")
        .first_name("Mara")
        .tags(["vip", "a,b"])
        .tax_exempt(true)
        .orders_count(4u64)
        .total_spent("248.45".parse::<customer_sink::Decimal>().unwrap())
        .created_at(chrono::DateTime::parse_from_rfc3339("2025-03-04T09:15:00+02:00").unwrap())
        .address(Address::new().line1("12 Fictional Quay").city("Portland").country_code("US"))
        .email_marketing(Consent::new(ConsentState::Unsubscribed))
}

#[tokio::test]
async fn a_replace_keeps_what_is_sent_each_time_and_nothing_else() {
    let world = world(|_, _| None).await;
    let sink = world.builder().build().unwrap();
    for _ in 0..2 {
        let done = sink.upsert(&mara()).await.unwrap();
        assert_eq!((done.outcome, done.visible_after), (Outcome::Accepted, Some(Duration::from_secs(20 * 60))));
    }
    let held = world.rows();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0]["created_at"], "2025-03-04T09:15:00+02:00", "the same with each update");
    assert_eq!((&held[0]["customer_tags"], &held[0]["tax_exempt"]), (&json!(["vip", "a,b"]), &json!(true)));

    // The next record knows less: what it does not say is gone, as the vendor's rule has it.
    sink.upsert(&Customer::new().external_id("1042").email("mara@example.com")).await.unwrap();
    let held = world.rows();
    assert_eq!(held.len(), 1);
    assert!(held[0].get("first_name").is_none() && held[0].get("number_of_orders").is_none());
    assert_eq!(held[0]["customer_tags"], json!([]));

    // Another platform is another record.
    let other = world.builder().platform("magento").build().unwrap();
    other.upsert(&mara()).await.unwrap();
    assert_eq!(world.rows().len(), 2);
}

#[tokio::test]
async fn a_lost_answer_after_a_committed_write_makes_no_second_record() {
    let world = world(|_, index| (index == 0).then_some(When::Lost)).await;
    let sink = world.builder().retry_policy(RetryPolicy::default()).build().unwrap();
    let done = sink.upsert(&mara()).await.unwrap();
    assert_eq!((done.outcome, done.attempts), (Outcome::Accepted, 2));
    assert_eq!(world.rows().len(), 1);
    let seen = world.wire.seen.lock().unwrap();
    assert_eq!(seen[0], seen[1], "the very same bytes");
}

#[tokio::test]
async fn a_lost_answer_that_is_not_tried_again_is_unknown() {
    let world = world(|_, _| Some(When::Lost)).await;
    let error = world.builder().build().unwrap().upsert(&mara()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.is_retryable()), (ErrorKind::Interrupted, Effect::Unknown, true));
    assert_eq!(world.rows().len(), 1, "it was committed");
}

#[tokio::test]
async fn both_names_of_the_count_arrive_where_asked_for() {
    let world = world(|_, _| None).await;
    world.builder().also_send_orders(true).build().unwrap().upsert(&mara()).await.unwrap();
    assert_eq!((&world.rows()[0]["number_of_orders"], &world.rows()[0]["orders"]), (&json!(4), &json!(4)));
    world.builder().build().unwrap().upsert(&mara()).await.unwrap();
    assert!(world.rows()[0].get("orders").is_none());
}

#[tokio::test]
async fn a_shop_that_keeps_failing_is_left_alone_for_a_while() {
    let world = world(|_, _| None).await;
    let sink = world.of(Sandbox::TRIPLE_WHALE_UNCONNECTED_SHOP).build().unwrap();
    for _ in 0..5 {
        let error = sink.clone().upsert(&mara()).await.unwrap_err();
        assert_eq!((error.status(), error.effect()), (Some(500), Effect::Unknown));
        assert!(error.hint().unwrap().contains("not connected"));
    }
    for native in [false, true] {
        let error = match native {
            false => sink.upsert(&mara()).await.unwrap_err(),
            true => sink.replace_customer(&sink.customer_input("1")).await.unwrap_err(),
        };
        assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Unavailable, Effect::NotSent, 0));
        assert_eq!((error.status(), error.retry_after()), (None, Some(Duration::from_secs(60))));
        assert!(error.is_retryable() && error.hint().unwrap().contains("not connected"), "{error}");
    }
    assert_eq!(world.sent(), 5);
    // A record that cannot be sent at all is refused as ever.
    assert_eq!(sink.upsert(&Customer::new()).await.unwrap_err().kind(), ErrorKind::InvalidInput);

    world.clock.advance(Duration::from_secs(60));
    let (customer, other) = (mara(), mara().external_id("7"));
    let both = futures::join!(sink.upsert(&customer), sink.upsert(&other));
    assert_eq!(world.sent(), 6, "one probe alone");
    assert_eq!(both.0.unwrap_err().status(), Some(500));
    assert_eq!(both.1.unwrap_err().effect(), Effect::NotSent);
    assert_eq!(sink.upsert(&mara()).await.unwrap_err().effect(), Effect::NotSent, "stopped anew");

    // Another client, of a shop that is fine, goes on.
    world.builder().build().unwrap().upsert(&mara()).await.unwrap();
}

#[tokio::test]
async fn a_success_starts_the_count_anew_and_ends_a_stop() {
    let world = world(|_, index| (![1, 4].contains(&index)).then_some(When::Instead(500, ""))).await;
    let sink = world.builder().stop_after(2, Duration::from_secs(10)).build().unwrap();
    let sends = [false, true, false, false];
    for good in sends {
        assert_eq!(sink.upsert(&mara()).await.is_ok(), good);
    }
    assert_eq!(sink.upsert(&mara()).await.unwrap_err().retry_after(), Some(Duration::from_secs(10)));
    world.clock.advance(Duration::from_secs(10));
    assert!(sink.upsert(&mara()).await.is_ok(), "the probe");
    // 500s go on, and two in a row are let through again.
    for _ in 0..2 {
        assert_eq!(sink.upsert(&mara()).await.unwrap_err().status(), Some(500));
    }
    assert_eq!(world.sent(), 7);

    let never = world.builder().stop_after(0, Duration::from_secs(10)).build().unwrap();
    for _ in 0..9 {
        assert_eq!(never.upsert(&mara()).await.unwrap_err().status(), Some(500));
    }
}

#[tokio::test]
async fn other_failures_do_not_stop_a_shop() {
    let answers = [400, 403, 404, 413, 501, 502, 503, 504];
    let world = world(move |_, index| Some(When::Instead(answers[index % answers.len()], ""))).await;
    let sink = world.builder().stop_after(1, Duration::from_secs(10)).build().unwrap();
    for status in answers {
        assert_eq!(sink.upsert(&mara()).await.unwrap_err().status(), Some(status));
    }
}

#[tokio::test]
async fn people_are_erased_by_email_and_phone() {
    let world = world(|_, _| None).await;
    let sink = world.builder().build().unwrap();
    let omar = Customer::new().external_id("7").phone("+1 555 010 0999").first_name("Omar");
    for customer in [&mara(), &omar] {
        sink.upsert(customer).await.unwrap();
    }
    assert_eq!(
        sink.erase(&Identity::Email("MARA@example.com".into())).await.unwrap(),
        ErasureStatus::Accepted { within: None }
    );
    assert_eq!(
        (&world.rows()[0]["email_address"], &world.rows()[1]["first_name"]),
        (&json!("[masked]"), &json!("Omar"))
    );
    assert_eq!(
        sink.erase(&Identity::Phone("+15550100999".into())).await.unwrap(),
        ErasureStatus::Accepted { within: None }
    );
    assert_eq!(world.rows()[1]["first_name"], "[masked]");

    let elsewhere = world.of("other.example.com").build().unwrap();
    let error = elsewhere.request_erasure(&ErasureInput::by_email("mara@example.com")).await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.vendor_message()), (ErrorKind::Forbidden, Effect::Rejected, None));
    assert!(error.hint().unwrap().contains("Compliance: Write"));
}

#[tokio::test]
async fn a_lost_erasure_is_reported_and_not_repeated() {
    let world = world(|last, _| (last == "create-request").then_some(When::Lost)).await;
    let sink = world.builder().retry_policy(RetryPolicy::default()).build().unwrap();
    sink.upsert(&mara()).await.unwrap();
    let error = sink.erase(&Identity::Email("mara@example.com".into())).await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Interrupted, Effect::Unknown, 1));
    assert!(!error.is_retryable());
    assert!(error.hint().unwrap().contains("may be sent again"));
    assert_eq!(world.sent(), 2);
}

#[tokio::test]
async fn a_customer_is_read_back_as_it_was_sent() {
    let world = world(|_, _| None).await;
    let sink = world.builder().sql_read_back(true).build().unwrap();
    let who = Identity::ExternalId("1042".into());
    assert!(sink.find(&who).await.unwrap().is_none());
    let sms = Consent::new(ConsentState::Subscribed).opt_in_level(OptInLevel::Confirmed).source("checkout");
    let sent = mara().sms_marketing(sms);
    sink.upsert(&sent).await.unwrap();
    sink.upsert(&mara().external_id("7").first_name("Another")).await.unwrap();
    // The same id on another platform is another record.
    let other = world.builder().platform("magento").sql_read_back(true).build().unwrap();
    other.upsert(&mara().first_name("Elsewhere")).await.unwrap();

    let found = sink.find(&who).await.unwrap().unwrap();
    assert_eq!(found.remote_id, None);
    let mut expected = sent;
    expected.addresses[0].default = true;
    expected.sms_marketing.as_mut().unwrap().state = None;
    assert_eq!(serde_json::to_value(&found.customer).unwrap(), serde_json::to_value(&expected).unwrap());
    let elsewhere = other.find(&who).await.unwrap().unwrap();
    assert_eq!(elsewhere.customer.first_name.as_deref(), Some("Elsewhere"));
    assert_eq!(sink.list_customers("1042", &ReadBack::new()).await.unwrap().value.items.len(), 2);
    // An id is looked for as it was sent.
    sink.upsert(&mara().external_id(" 9 ")).await.unwrap();
    assert!(sink.find(&Identity::ExternalId(" 9 ".into())).await.unwrap().is_some());
    assert!(sink.find(&Identity::ExternalId("9".into())).await.unwrap().is_none());
}

#[tokio::test]
async fn rows_that_broke_off_are_asked_for_again_and_a_write_is_not() {
    // Broken off in the middle; and behind what could be all of it, which nobody knows.
    for part in [r#"{"success":true,"data":[{"customer_id":"104"#, r#"{"success":true,"data":[]}"#] {
        let world = world(move |last, index| (last == "sql" && index < 2).then_some(When::Cut(part))).await;
        let sink = world.builder().sql_read_back(true).retry_policy(RetryPolicy::default()).build().unwrap();
        sink.upsert(&mara()).await.unwrap();
        assert!(sink.find(&Identity::ExternalId("1042".into())).await.unwrap().is_some());
        assert_eq!(world.sent(), 3);
    }
    let world = world(|_, _| Some(When::Cut(r#"{"success":tr"#))).await;
    let sink = world.builder().sql_read_back(true).retry_policy(RetryPolicy::default()).build().unwrap();
    assert_eq!(sink.upsert(&mara()).await.unwrap().attempts, 1, "the head of a 200 arrived: it was applied");
    let error = sink.find(&Identity::ExternalId("1042".into())).await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Decode, Effect::NotSent, 2));
    assert!(error.is_retryable());
}

#[tokio::test]
async fn rows_that_do_not_tell_their_platform_are_no_guess() {
    let rows = r#"{"success":true,"data":[{"customer_id":"1","city":"A"},{"customer_id":"1","city":"B"}]}"#;
    let world = world(move |_, index| {
        Some(When::Instead(200, if index == 0 { rows } else { r#"{"data":[{"customer_id":"1"}]}"# }))
    })
    .await;
    let sink = world.builder().sql_read_back(true).read_back(ReadBack::new().columns(["city"])).build().unwrap();
    let who = Identity::ExternalId("1".into());
    let error = sink.find(&who).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Conflict, Effect::NotSent));
    assert!(sink.find(&who).await.unwrap().is_some());
    let query: Value = serde_json::from_slice(&world.wire.seen.lock().unwrap()[0].1).unwrap();
    assert!(query["query"].as_str().unwrap().starts_with("SELECT customer_id, city FROM customers_table"));
}

#[tokio::test]
async fn queries_have_a_quota_of_their_own() {
    let world = world(|_, _| None).await;
    let writes = Limit::Window { max: 1, per: Duration::from_secs(30) };
    let sink = world.builder().sql_read_back(true).rate_limit(writes).build().unwrap();
    sink.upsert(&mara()).await.unwrap();
    let who = Identity::ExternalId("1042".into());
    for _ in 0..100 {
        sink.find(&who).await.unwrap().unwrap();
    }
    assert!(world.clock.sleeps().is_empty(), "a hundred fit into a second, whatever was written");
    sink.find(&who).await.unwrap().unwrap();
    assert_eq!(world.clock.sleeps(), [Duration::from_secs(10)]);

    let slow = Limit::Window { max: 1, per: Duration::from_secs(7) };
    let other = world.builder().sql_read_back(true).sql_rate_limit(slow).build().unwrap();
    drop(sink);
    world.clock.advance(Duration::from_secs(60));
    other.find(&who).await.unwrap();
    other.find(&who).await.unwrap();
    assert_eq!(world.clock.sleeps().last(), Some(&Duration::from_secs(7)));
}

#[tokio::test]
async fn nothing_of_the_native_calls_prints_a_person() {
    // A vendor that repeats what it was sent.
    let echo = r#"{"success":false,"message":"plantedmail 5550109999","errors":["plantedmail"],"isError":true,"error":"Plantedcity"}"#;
    let world = world(move |_, index| Some(When::Instead([400, 403, 500, 200][index % 4], echo))).await;
    let sink = world.builder().sql_read_back(true).stop_after(0, Duration::ZERO).build().unwrap();
    let request = ErasureInput::by_email("plantedmail@example.com").and_phone("555 010 9999");
    let who = Identity::ExternalId("plantedid".into());
    let mut printed = format!("{request:?} {:?} {:?}", sink.customer_input("plantedid"), sink.key("plantedid"));
    for _ in 0..4 {
        let error = sink.request_erasure(&request).await.unwrap_err();
        printed += &format!("{error} {error:?}");
        let error = sink.find(&who).await.unwrap_err();
        printed += &format!("{error} {error:?}");
        // One more, so that each call meets each status.
        let _ = sink.check().await;
    }
    let bad = ErasureInput::by_email("plantedmail@@example.com").and_phone("5550109999 x");
    let error = sink.request_erasure(&bad).await.unwrap_err();
    printed += &format!("{bad:?} {error} {error:?}");
    let error = sink.find(&Identity::ExternalId("plantedid'".into())).await.unwrap_err();
    printed += &format!("{error} {error:?}");
    let row: CustomerRecord = serde_json::from_str(r#"{"customer_id":"plantedid","city":"Plantedcity"}"#).unwrap();
    let today = "2026-03-01".parse().unwrap();
    printed += &format!("{row:?} {:?}", SqlQuery::new("SELECT 'plantedid'", today, today));
    for planted in ["planted", "Planted", "5550109", "555 010", Sandbox::TRIPLE_WHALE_API_KEY] {
        assert!(!printed.contains(planted), "{planted}: {printed}");
    }
}

/// What a caller may set that the vendor holds, from numbers so that a failure shrinks.
fn customer(bits: u32, seed: u16) -> Customer {
    let bit = |n: u32| bits >> n & 1 == 1;
    let texts = ["Mara", "O'Hara, \"Mo\"", "山田", " spaced ", "null", "1,5", "[x]", "Zoë"];
    let text = |n: u16| texts[usize::from(seed.wrapping_mul(31).wrapping_add(n)) % texts.len()].to_owned();
    let at =
        |n: i64| chrono::DateTime::from_timestamp(1_700_000_000 + i64::from(seed) * n, 0).map(|t| t.fixed_offset());
    let consent = |n: usize| Consent {
        state: Some(ConsentState::ALL[(usize::from(seed) + n) % 4]),
        opt_in_level: bit(20).then_some(OptInLevel::ALL[usize::from(seed) % 3]),
        source: bit(21).then(|| text(9)),
        updated_at: bit(22).then(|| at(7)).flatten(),
    };
    let mut c = Customer::new().external_id("1042");
    c.email = bit(0).then(|| "mara@example.com".into());
    c.phone = bit(1).then(|| "+1 (555) 010-0123".into());
    c.first_name = bit(2).then(|| text(1));
    c.last_name = bit(3).then(|| text(2));
    c.display_name = bit(4).then(|| text(3));
    c.note = bit(5).then(|| text(4));
    c.locale = bit(6).then(|| "en-US".to_owned());
    c.tags = if bit(7) { (0..seed % 4).map(text).collect() } else { Vec::new() };
    c.tax_exempt = bit(8).then_some(bit(23));
    c.account_state = bit(9).then_some(customer_sink::AccountState::ALL[usize::from(seed) % 4]);
    c.subscription_state = bit(10).then_some(customer_sink::SubscriptionState::ALL[usize::from(seed) % 6]);
    c.orders_count = bit(11).then_some(u64::from(seed));
    c.total_spent = bit(12).then(|| format!("{seed}.50").parse().unwrap());
    c.last_order_id = bit(13).then(|| text(5));
    c.created_at = bit(14).then(|| at(3)).flatten();
    c.email_marketing = bit(15).then(|| consent(0));
    c.sms_marketing = bit(16).then(|| consent(1));
    if bit(17) {
        c.addresses.push(Address::new().line1(text(6)).city(text(7)).province(text(8)).country("Germany"));
        c.addresses[0].latitude = bit(18).then(|| "45.5".parse().unwrap());
        c.addresses[0].longitude = bit(19).then(|| "-122.625".parse().unwrap());
    }
    if bit(24) {
        c.clear.insert(Field::Tags);
    }
    c
}

proptest! {
    /// What is read back makes the very record that was sent, but for an SMS consent: the vendor holds no state of one,
    /// and without a state nothing of it is sent. What it holds of that consent is read all the same.
    #[test]
    fn there_and_back_loses_nothing(bits in any::<u32>(), seed in any::<u16>()) {
        static SINK: LazyLock<TripleWhale> =
            LazyLock::new(|| TripleWhale::builder("shop.example.com", "fake-key").build().unwrap());
        let body = |customer: &Customer| -> serde_json::Map<String, Value> {
            let plan = SINK.plan(customer, &UpsertOptions::default()).unwrap();
            serde_json::from_slice(plan.steps()[0].body().unwrap()).unwrap()
        };
        let sent = body(&customer(bits, seed));
        // The table's name for the count.
        let mut row = sent.clone();
        if let Some(count) = row.remove("number_of_orders") {
            row.insert("orders".into(), count);
        }
        let row: CustomerRecord = serde_json::from_str(&Value::Object(row).to_string()).unwrap();
        let read = Customer::from(&row);
        let mut again = body(&read);
        let sms = read.sms_marketing.clone().unwrap_or_default();
        prop_assert_eq!(sms.state, None);
        let at = sms.updated_at.map(|at| at.to_rfc3339());
        for (name, held) in [
            ("opt_in_level", sms.opt_in_level.map(|_| row.sms_marketing_consent_opt_in_level.clone().unwrap())),
            ("collected_from", sms.source),
            ("updated_at", at),
        ] {
            if let Some(held) = held {
                again.insert(format!("sms_marketing_consent_{name}"), held.into());
            }
        }
        if !again.contains_key("customer_tags") && sent.get("customer_tags") == Some(&json!([])) {
            again.insert("customer_tags".into(), json!([]));
        }
        prop_assert_eq!(Value::Object(sent), Value::Object(again));
    }
}
