//! Yotpo, what stands beside the upsert: reading the store, waiting until a customer can be seen, forgetting one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use customer_sink::client::ManualClock;
use customer_sink::client::{ArrayStyle, Cursor};
use customer_sink::providers::yotpo::{ConfirmOptions, CustomerQuery, CustomerRecord, ReviewUnsubscribers, Yotpo};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Clock, Connector, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Effect, Email, Error, ErrorKind,
    HttpRequest, HttpResponse, Identity, ReqwestTransport, Transport, TransportError,
};
use futures::{Stream, StreamExt, TryStreamExt};
use http::StatusCode;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support;

/// A clock whose sleeps let time go by at the vendor too.
#[derive(Debug)]
struct BothClocks(ManualClock, Arc<Sandbox>);

#[async_trait]
impl Clock for BothClocks {
    fn now(&self) -> Instant {
        self.0.now()
    }

    fn utc(&self) -> chrono::DateTime<chrono::Utc> {
        self.0.utc()
    }

    async fn sleep(&self, duration: Duration) {
        self.1.advance_yotpo(duration);
        self.0.sleep(duration).await;
    }
}

type Hook = Box<dyn Fn(&Sandbox, &HttpRequest, u32) -> Option<HttpResponse> + Send + Sync>;

/// Counts reads of customers, and lets a test act before each.
struct Hooked(ReqwestTransport, Arc<Sandbox>, AtomicU32, Hook);

impl std::fmt::Debug for Hooked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hooked")
    }
}

#[async_trait]
impl Transport for Hooked {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        if request.method == "GET" {
            let index = self.2.fetch_add(1, Ordering::SeqCst);
            if let Some(answer) = (self.3)(&self.1, &request, index) {
                return Ok(answer);
            }
        }
        self.0.send(request).await
    }
}

struct World {
    sandbox: Arc<Sandbox>,
    clock: Arc<BothClocks>,
    sink: Yotpo,
}

async fn world(hook: impl Fn(&Sandbox, &HttpRequest, u32) -> Option<HttpResponse> + Send + Sync + 'static) -> World {
    let sandbox = Arc::new(Sandbox::start().await.unwrap());
    let manual = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
    let clock = Arc::new(BothClocks(manual, Arc::clone(&sandbox)));
    let transport = Hooked(ReqwestTransport::new().unwrap(), Arc::clone(&sandbox), AtomicU32::new(0), Box::new(hook));
    let connector = Connector::for_tests(Arc::new(transport), Arc::clone(&clock) as _);
    let url = sandbox.url("yotpo").unwrap();
    let builder = Yotpo::builder(Sandbox::YOTPO_STORE_ID, Sandbox::YOTPO_SECRET).base_url(&url).loyalty_base_url(&url);
    let sink = builder.connector(&connector).build().unwrap();
    World { sandbox, clock, sink }
}

fn mira() -> Customer {
    Customer::new().external_id("1").email("mira@example.com").first_name("Mira")
}

fn seconds(sleeps: &[Duration]) -> Vec<u64> {
    sleeps.iter().map(Duration::as_secs).collect()
}

// ---- waiting until a customer can be seen ----

#[tokio::test]
async fn a_customer_is_waited_for_until_two_looks_in_a_row_find_them() {
    let world = world(|_, _, _| None).await;
    world.sandbox.set_yotpo_delay(Duration::from_secs(100));
    world.sink.upsert(&mira()).await.unwrap();
    assert!(world.sandbox.customers("yotpo").is_empty() && world.clock.0.sleeps().is_empty(), "an upsert waits not");
    let who = Identity::ExternalId("1".into());
    let done = world.sink.confirm(&who, &ConfirmOptions::default()).await.unwrap();
    // Not at 60 and 90 seconds; at 120 and 150.
    assert_eq!(seconds(&world.clock.0.sleeps()), [60, 30, 30, 30]);
    assert_eq!((done.visible, done.looks, done.hits, done.waited.as_secs()), (true, 4, 2, 150));
    assert_eq!(done.found.unwrap().customer.first_name.as_deref(), Some("Mira"));
    assert!(done.last_failure.is_none());
}

#[tokio::test]
async fn waiting_ends_with_patience_and_is_no_error() {
    let world = world(|_, _, _| None).await;
    world.sandbox.set_yotpo_delay(Duration::from_secs(3600));
    world.sink.upsert(&mira()).await.unwrap();
    let who = Identity::ExternalId("1".into());
    let done = world.sink.confirm(&who, &ConfirmOptions::default()).await.unwrap();
    assert_eq!((done.visible, done.looks, done.hits, done.waited.as_secs()), (false, 9, 0, 300));
    assert!(done.found.is_none());
    let short = ConfirmOptions::default().first_look(Duration::from_secs(10)).interval(Duration::from_secs(7));
    let done = world.sink.confirm(&who, &short.longest(Duration::from_secs(20))).await.unwrap();
    let sleeps = world.clock.0.sleeps();
    assert_eq!(seconds(&sleeps[9..]), [10, 7, 3], "the last look falls on the end");
    assert_eq!((done.visible, done.looks), (false, 3));
    // No patience at all is one look at once, and no interval is no busy loop.
    let none = ConfirmOptions::default().first_look(Duration::ZERO).interval(Duration::ZERO).longest(Duration::ZERO);
    assert_eq!(world.sink.confirm(&who, &none).await.unwrap().looks, 1);
    let busy = none.longest(Duration::from_secs(3)).consecutive(0);
    assert_eq!(world.sink.confirm(&who, &busy).await.unwrap().looks, 4);
}

#[tokio::test]
async fn a_look_that_finds_nobody_starts_the_count_again() {
    let empty = || HttpResponse::new(StatusCode::OK, r#"{"customers":[]}"#);
    let world = world(move |_, _, index| (index == 1).then(empty)).await;
    world.sink.upsert(&mira()).await.unwrap();
    let who = Identity::Email("mira@example.com".into());
    let done = world.sink.confirm(&who, &ConfirmOptions::default().consecutive(3)).await.unwrap();
    assert_eq!((done.visible, done.looks, done.hits), (true, 5, 3));
    assert!(done.found.is_some());
}

#[tokio::test]
async fn a_failing_look_is_survived_where_trying_again_can_help() {
    let down = |status| HttpResponse::new(StatusCode::from_u16(status).unwrap(), "");
    let world = world(move |_, _, index| match index {
        0..4 => Some(down(500)),
        6 => Some(down(400)),
        _ => None,
    })
    .await;
    world.sink.upsert(&mira()).await.unwrap();
    let who = Identity::ExternalId("1".into());
    let done = world.sink.confirm(&who, &ConfirmOptions::default()).await.unwrap();
    assert!(done.visible);
    assert_eq!((done.looks, done.last_failure.unwrap().kind()), (3, ErrorKind::Unavailable));
    let error = world.sink.confirm(&who, &ConfirmOptions::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Rejected, Some(400)));
}

#[tokio::test]
async fn an_update_is_waited_for_by_what_it_changes() {
    let world = world(|_, _, _| None).await;
    world.sink.upsert(&mira()).await.unwrap();
    world.sandbox.set_yotpo_delay(Duration::from_secs(110));
    world.sink.upsert(&mira().first_name("Miranda")).await.unwrap();
    let who = Identity::ExternalId("1".into());
    let renamed = |customer: &Customer| customer.first_name.as_deref() == Some("Miranda");
    let done = world.sink.confirm_that(&who, &ConfirmOptions::default(), renamed).await.unwrap();
    assert_eq!((done.visible, done.looks), (true, 4));
    assert!(renamed(&done.found.unwrap().customer));
}

// ---- tokens ----

#[tokio::test]
async fn tokens_that_expire_in_the_middle_of_a_run_are_replaced() {
    let world = world(|_, _, _| None).await;
    for n in 0..30 {
        if n % 10 == 7 {
            world.sandbox.expire_yotpo_tokens();
        }
        let person = Customer::new().external_id(format!("c-{n}")).email(format!("c{n}@example.com"));
        world.sink.upsert(&person).await.unwrap();
    }
    assert_eq!(world.sandbox.customers("yotpo").len(), 30);
    // In the middle of reading, too.
    let sandbox = Arc::clone(&world.sandbox);
    let mut rows = Box::pin(world.sink.customers_stream(&CustomerQuery::all().limit(10)));
    let mut ids = Vec::new();
    while let Some(row) = rows.next().await {
        ids.push(row.unwrap().external_id.unwrap());
        if ids.len() == 10 {
            sandbox.expire_yotpo_tokens();
        }
    }
    assert_eq!(ids, (0..30).map(|n| format!("c-{n}")).collect::<Vec<_>>());
    // And while waiting.
    world.sandbox.expire_yotpo_tokens();
    let who = Identity::ExternalId("c-3".into());
    assert!(world.sink.confirm(&who, &ConfirmOptions::default()).await.unwrap().visible);
}

// ---- pages ----

/// The rows of a vendor that answers with these bodies, the last one again and again.
async fn stream_of(
    bodies: &'static [&'static str],
    query: CustomerQuery<'_>,
) -> (Vec<Result<CustomerRecord, Error>>, u32) {
    let world = world(move |_, _, index| {
        let body = bodies[usize::try_from(index).unwrap().min(bodies.len() - 1)];
        Some(HttpResponse::new(StatusCode::OK, body))
    })
    .await;
    let rows = world.sink.customers_stream(&query);
    let looks = count(rows).await;
    (looks, u32::try_from(bodies.len()).unwrap())
}

async fn count(rows: impl Stream<Item = Result<CustomerRecord, Error>>) -> Vec<Result<CustomerRecord, Error>> {
    rows.take(500).collect().await
}

fn ids(rows: &[Result<CustomerRecord, Error>]) -> Vec<&str> {
    rows.iter().filter_map(|row| row.as_ref().ok()?.external_id.as_deref()).collect()
}

fn hint(row: Option<&Result<CustomerRecord, Error>>) -> &str {
    match row {
        Some(Err(error)) => {
            assert_eq!((error.kind(), error.effect()), (ErrorKind::Decode, Effect::NotSent));
            error.hint().unwrap()
        }
        _ => "",
    }
}

#[tokio::test]
async fn a_stream_reads_to_the_end_and_never_in_circles() {
    let a = r#"{"customers":[{"external_id":"1"},{"external_id":"2"}],"pagination":{"next_page_info":"a%3D"}}"#;
    let b = r#"{"customers":[{"external_id":"3"}, 7],"pagination":{"next_page_info":"b"}}"#;
    let last = r#"{"customers":[{"external_id":"4"}],"pagination":{"next_page_info":null}}"#;
    let (rows, _) = stream_of(Box::leak(Box::new([a, b, last])), CustomerQuery::all()).await;
    assert_eq!(ids(&rows), ["1", "2", "3", "4"]);
    assert_eq!(rows.len(), 5, "a row that is no customer is told, and reading goes on");
    assert_eq!(hint(rows.get(3)), "a row of the list cannot be read");

    // A cursor that comes back, at once, later, or as the one that was begun with.
    let (rows, _) = stream_of(Box::leak(Box::new([b])), CustomerQuery::all()).await;
    assert!(hint(rows.last()).contains("before"), "{}", hint(rows.last()));
    let (rows, _) = stream_of(Box::leak(Box::new([a, b, a])), CustomerQuery::all()).await;
    assert_eq!((ids(&rows), rows.len()), (vec!["1", "2", "3"], 5));
    let (rows, _) = stream_of(Box::leak(Box::new([a])), CustomerQuery::all().start(Cursor::new("a=").unwrap())).await;
    assert_eq!(ids(&rows), ["1", "2"], "what was read is given out first");
    assert_eq!((rows.len(), hint(rows.last()).contains("before")), (3, true));

    // A server that returns the first page for every cursor, with a cursor of its own each time.
    let again = r#"{"customers":[{"external_id":"1"},{"external_id":"2"}],"pagination":{"next_page_info":"c"}}"#;
    let (rows, _) = stream_of(Box::leak(Box::new([a, again])), CustomerQuery::all()).await;
    assert_eq!((ids(&rows), hint(rows.last()).contains("ignores")), (vec!["1", "2"], true));
}

#[tokio::test]
async fn empty_pages_end_some_time() {
    for (row, before, told) in [
        ("", 0, "without a new row"),
        (r#"{"first_name":"Tess"}"#, 21, "without a new row"),
        (r#"{"email":"tess@example.com"}"#, 21, "without a new row"),
        (r#"{"external_id":"1"}"#, 1, "ignores the cursor"),
    ] {
        let world = world(move |_, _, index| {
            let body = format!(r#"{{"customers":[{row}],"pagination":{{"next_page_info":"p{index}"}}}}"#);
            Some(HttpResponse::new(StatusCode::OK, body))
        })
        .await;
        let rows = count(world.sink.customers_stream(&CustomerQuery::all().limit(1))).await;
        assert_eq!(rows.len(), before + 1, "{row}");
        assert!(hint(rows.last()).contains(told), "{}", hint(rows.last()));
    }
}

#[tokio::test]
async fn an_error_ends_a_stream_and_an_impossible_query_is_not_sent() {
    let world = world(|_, _, index| (index == 1).then(|| HttpResponse::new(StatusCode::BAD_REQUEST, ""))).await;
    for n in 0..5 {
        world.sink.upsert(&Customer::new().external_id(format!("c-{n}"))).await.unwrap();
    }
    let rows = count(world.sink.customers_stream(&CustomerQuery::all().limit(2))).await;
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2].as_ref().unwrap_err().kind(), ErrorKind::Rejected);
    let all: Vec<_> = world.sink.customers_stream(&CustomerQuery::all().limit(2)).try_collect().await.unwrap();
    assert_eq!(all.len(), 5);
    let two = world.sink.list_customers(&CustomerQuery::external_ids(["c-1", "c-3"])).await.unwrap();
    assert_eq!(two.value.items.len(), 2);
    let error = world
        .sink
        .list_customers(&CustomerQuery::all().start(Cursor::new("x").unwrap()).with_reviews())
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0));
    assert_eq!((error.provider().unwrap().as_str(), error.operation()), ("yotpo", Some("list_customers")));
}

// ---- there and back ----

/// Customers that Yotpo can hold whole.
fn holdable() -> impl Strategy<Value = Customer> {
    let word = "[A-Za-zäé][A-Za-zäé' -]{0,20}[a-z]";
    let names = (proptest::option::of(word), proptest::option::of(word));
    let tags = proptest::collection::btree_set("[a-z]{2,8}", 0..4);
    let flags = (proptest::option::of(any::<bool>()), proptest::option::of(any::<bool>()), 0..5usize, 0..4usize);
    let address = proptest::option::of((word, proptest::option::of(word), any::<bool>()));
    (1..u32::MAX, names, tags, flags, address, 0i64..2_000_000_000).prop_map(
        |(id, (first, last), tags, (email, sms, state, gender), address, at)| {
            let mut c = Customer::new().external_id(id.to_string()).email(format!("p{id}@example.com"));
            c = c.tags(tags).created_at(chrono::DateTime::from_timestamp(at, 0).unwrap().fixed_offset());
            (c.first_name, c.last_name) = (first, last);
            c.account_state = customer_sink::AccountState::ALL.get(state).copied();
            c.gender = customer_sink::Gender::ALL.get(gender).copied().filter(|g| g.as_str() != "undisclosed");
            c.locale = (state % 2 == 0).then(|| "en".to_owned());
            c.currency = (state % 3 == 0).then(|| "USD".to_owned());
            let told = |yes| if yes { ConsentState::Subscribed } else { ConsentState::Unsubscribed };
            c.email_marketing = email.map(|yes| Consent::new(told(yes)));
            c.sms_marketing = sms.map(|yes| Consent::new(told(yes)));
            if let Some((line1, city, phone)) = address {
                let mut a = customer_sink::Address::new().line1(line1).country_code("US").default_address();
                a.city = city;
                a.phone = phone.then(|| "+12025550101".into());
                c.addresses.push(a);
            }
            c
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_the_vendor_holds_comes_back_whole(customers in proptest::collection::vec(holdable(), 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = world(|_, _, _| None).await;
            for customer in &customers {
                let plan = world.sink.plan(customer, &Default::default()).unwrap();
                assert!(plan.notes().is_empty(), "{:?}", plan.notes());
                world.sink.upsert(customer).await.unwrap();
            }
            for customer in &customers {
                let who = Identity::ExternalId(customer.external_id.clone().unwrap());
                let mut back = world.sink.find(&who).await.unwrap().unwrap().customer;
                // Of a consent the stand-in tells when it changed, and of an unknown one that nobody subscribed.
                for (told, sent) in [
                    (&mut back.email_marketing, &customer.email_marketing),
                    (&mut back.sms_marketing, &customer.sms_marketing),
                ] {
                    let state = told.as_ref().and_then(|c| c.state);
                    assert_eq!(state, sent.as_ref().map_or(Some(ConsentState::NotSubscribed), |c| c.state));
                    told.clone_from(sent);
                }
                assert_eq!(serde_json::to_value(&back).unwrap(), serde_json::to_value(customer).unwrap());
            }
        });
    }
}

// ---- forgetting ----

#[tokio::test]
async fn loyalty_forgets_a_person_and_core_says_that_it_cannot() {
    let world = world(|_, _, _| None).await;
    let email = Email::from("mira@example.com");
    let merchant = Sandbox::YOTPO_LOYALTY_MERCHANT_ID;
    let done = world.sink.anonymize_loyalty_customer(merchant, &email).await.unwrap();
    assert_eq!(done.attempts, 1);
    world.sandbox.expire_yotpo_tokens();
    assert_eq!(world.sink.anonymize_loyalty_customer(merchant, &email).await.unwrap().attempts, 2);
    let error = world.sink.anonymize_loyalty_customer("7", &email).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::NotFound, Effect::Rejected));
    for (id, email) in [("..", "mira@example.com"), ("", "mira@example.com"), (merchant, "nobody")] {
        let error = world.sink.anonymize_loyalty_customer(id, &email.into()).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::NotSent), "{id}");
    }
    let error = world.sink.erase(&Identity::Email(email.clone())).await.unwrap_err();
    assert_eq!((error.kind(), error.provider().unwrap().as_str()), (ErrorKind::Unsupported, "yotpo"));
    assert!(error.hint().unwrap().contains("unknown"));
    // A token that was meant for another place goes nowhere else.
    let elsewhere = Yotpo::builder("store", "fake").base_url(world.sandbox.url("yotpo").unwrap()).build().unwrap();
    let error = elsewhere.anonymize_loyalty_customer(merchant, &email).await.unwrap_err();
    assert_eq!((error.kind(), error.field_errors()[0].field()), (ErrorKind::Config, "loyalty_base_url"));
}

/// Who is on the stand-in's list, read as the vendor lets it be read: with the token in the URL, which the crate never
/// does.
async fn unsubscribed(sandbox: &Sandbox) -> Vec<String> {
    let base = sandbox.url("yotpo").unwrap();
    let url = format!("{base}/apps/{}/unsubscribers?utoken={}", Sandbox::YOTPO_STORE_ID, Sandbox::YOTPO_UTOKEN);
    let body = reqwest::get(url).await.unwrap().bytes().await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let rows = body["response"]["unsubscribers"].as_array().unwrap();
    rows.iter().map(|row| row["user_email"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn who_wants_no_requests_for_reviews_is_told_to_the_vendor() {
    let world = world(|_, _, _| None).await;
    let open = |utoken: &str| {
        let builder = ReviewUnsubscribers::builder(Sandbox::YOTPO_STORE_ID, utoken);
        builder.base_url(world.sandbox.url("yotpo").unwrap()).build().unwrap()
    };
    let client = open(Sandbox::YOTPO_UTOKEN);
    let emails = [Email::from("mira@example.com"), Email::from(" tess@example.com")];
    client.create_unsubscribers(&emails).await.unwrap();
    client.create_unsubscribers(&emails).await.unwrap();
    assert_eq!(unsubscribed(&world.sandbox).await, ["mira@example.com", "tess@example.com"]);
    client.delete_unsubscribers(&emails[..1]).await.unwrap();
    assert_eq!(unsubscribed(&world.sandbox).await, ["tess@example.com"]);
    let error = client.create_unsubscribers(&["nobody".into(), "a@example.com".into(), "".into()]).await.unwrap_err();
    let fields: Vec<_> = error.field_errors().iter().map(|e| e.field()).collect();
    assert_eq!((error.effect(), fields), (Effect::NotSent, vec!["emails[0]", "emails[2]"]));
    assert_eq!(client.delete_unsubscribers(&[]).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    let wrong = open("fake-wrong-utoken");
    let refused = [
        wrong.delete_unsubscribers(&emails).await.unwrap_err(),
        wrong.create_unsubscribers(&emails).await.unwrap_err(),
    ];
    for error in refused {
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Unauthenticated, Effect::Rejected));
        assert!(!format!("{error} {error:?}").contains("utoken"));
    }
    assert!(!format!("{wrong:?}").contains("fake-wrong"));
    let error = client.list_unsubscribers().await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Unsupported, Effect::NotSent, 0));
    assert_eq!(error.operation(), Some("list_unsubscribers"));
    assert!(error.hint().unwrap().contains("in the URL"), "{error}");
    let gone = ReviewUnsubscribers::builder("s", "fake-planted").base_url("http://127.0.0.1:1/").build().unwrap();
    let error = gone.create_unsubscribers(&emails).await.unwrap_err();
    let mut text = format!("{error} {error:?}");
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text.push_str(&format!("{cause} {cause:?}"));
        source = cause.source();
    }
    assert!(!text.contains("fake-planted"), "{text}");
    for (app, utoken, field) in [("..", "x", "app_key"), ("a", "", "credential"), ("a", "b\nc", "credential")] {
        let error = ReviewUnsubscribers::builder(app, utoken).build().unwrap_err();
        assert_eq!((error.kind(), error.field_errors()[0].field()), (ErrorKind::Config, field));
    }
}

// ---- exchanges ----

fn shown(row: &CustomerRecord) -> Value {
    json!({"external_id": row.external_id, "customer": Customer::from(row), "reviews": row.yotpo_ugc.as_ref().and_then(|u| u.total_reviews).map(|n| n.to_string()),
        "lists": row.lists.iter().map(|list| list.id.clone()).collect::<Vec<_>>()})
}

fn query(arguments: &Value) -> CustomerQuery<'_> {
    let text = |name: &str| arguments[name].as_str();
    let mut query = match (text("email"), text("phone_number"), text("cursor")) {
        (Some(email), ..) => CustomerQuery::email(email),
        (_, Some(number), _) => CustomerQuery::phone_number(number),
        (.., Some(cursor)) => CustomerQuery::all().start(Cursor::new(cursor).unwrap()),
        _ => match arguments["external_ids"].as_array() {
            Some(ids) => CustomerQuery::external_ids(ids.iter().filter_map(Value::as_str)),
            None => CustomerQuery::all(),
        },
    };
    for part in arguments["expand"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        query = query.expand(part);
    }
    match arguments["limit"].as_u64() {
        Some(limit) => query.limit(u8::try_from(limit).unwrap()),
        None => query,
    }
}

async fn call(url: &str, connector: &Connector, exchange: &Value) -> Value {
    let arguments = &exchange["arguments"];
    let core = || {
        let options = &exchange["options"];
        let style = match options["array_style"].as_str() {
            Some("repeated") => ArrayStyle::Repeated,
            Some("brackets") => ArrayStyle::Brackets,
            _ => ArrayStyle::default(),
        };
        let builder = Yotpo::with_token("fake-store", "fake-token").loyalty_base_url(url);
        let builder = builder.array_style(style).also_send_utoken(options["also_send_utoken"] == true);
        builder.base_url(url).connector(connector).build().unwrap()
    };
    let got = match exchange["call"].as_str().expect("a call") {
        "customers" => core().list_customers(&query(arguments)).await.map(|answer| {
            let page = answer.value;
            json!({"rows": page.items.iter().map(shown).collect::<Vec<_>>(), "unreadable": page.unreadable,
                "next": page.next.as_ref().map(Cursor::as_str)})
        }),
        "customer_stream" => {
            let rows: Result<Vec<_>, Error> = core().customers_stream(&query(arguments)).try_collect().await;
            rows.map(|rows| json!({"ids": rows.iter().map(|row| &row.external_id).collect::<Vec<_>>()}))
        }
        "anonymize_loyalty_customer" => {
            let email = Email::from(arguments["email"].as_str().unwrap());
            let merchant = arguments["merchant_id"].as_str().unwrap();
            core().anonymize_loyalty_customer(merchant, &email).await.map(|done| json!({"attempts": done.attempts}))
        }
        call @ ("create_unsubscribers" | "delete_unsubscribers") => {
            let builder = ReviewUnsubscribers::builder("fake-store", "fake utoken").base_url(url);
            let client = builder.connector(connector).build().unwrap();
            let emails = arguments["emails"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let emails: Vec<Email> = emails.map(Email::from).collect();
            match call {
                "create_unsubscribers" => client.create_unsubscribers(&emails).await.map(|_| json!({"done": true})),
                _ => client.delete_unsubscribers(&emails).await.map(|_| json!({"done": true})),
            }
        }
        other => panic!("no call {other}"),
    };
    got.unwrap_or_else(|error| support::failed(&error))
}

#[tokio::test]
async fn exchanges() {
    support::calls::play_calls("yotpo", call).await;
}
