//! Whale's native calls against the stand-in: lists, segments, notes, removal requests with their webhooks; and that
//! nothing gets lost on the way there and back.

use std::sync::Arc;

use async_trait::async_trait;
use customer_sink::client::{Limit, ManualClock};
use customer_sink::providers::whale::webhook::{WebhookError, delivery, verifier};
use customer_sink::providers::whale::{
    ActivityKind, ActivityQuery, Assumptions, Builder, Change, Continuation, CustomerId, CustomerInput, CustomerQuery,
    CustomerSort, ErasureInput, ExportInput, NoteInput, Operator, PageQuery, PathStyle, RemovalKind, RemovalStatus,
    Rule, SegmentInput, SortOrder, Whale,
};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Address, Connector, Customer, CustomerSink, CustomerSinkExt, Effect, Email, Error, ErrorKind, HttpRequest,
    HttpResponse, Identity, ReqwestTransport, Transport, TransportError, TransportErrorKind,
};
use futures::TryStreamExt;
use proptest::prelude::*;

use crate::support;

struct Bench {
    sandbox: Sandbox,
    connector: Connector,
}

impl Bench {
    async fn start() -> Self {
        Self { sandbox: Sandbox::start().await.unwrap(), connector: support::connector().0 }
    }

    fn builder(&self) -> Builder {
        let builder = Whale::builder(Sandbox::WHALE_STORE_ID, Sandbox::WHALE_API_KEY).connector(&self.connector);
        builder.base_url(self.sandbox.url("whale").unwrap()).rate_limit(Limit::Unlimited)
    }

    fn whale(&self) -> Whale {
        self.builder().build().unwrap()
    }
}

async fn add(whale: &Whale, email: &str, tags: &[&str]) -> CustomerId {
    let input = CustomerInput {
        email: Change::Set(email.into()),
        tags: Change::Set(tags.iter().map(|tag| (*tag).into()).collect()),
        ..CustomerInput::default()
    };
    whale.create_customer(&input).await.unwrap().value.customer.unwrap().id.unwrap()
}

fn assuming(continuation: Continuation) -> Assumptions {
    Assumptions::default().continuation(continuation)
}

async fn emails(whale: &Whale, query: &CustomerQuery) -> Result<Vec<String>, Error> {
    whale.customers_stream(query).map_ok(|row| row.email.unwrap()).try_collect().await
}

#[tokio::test]
async fn customers_come_whole_in_every_way_of_asking() {
    let bench = Bench::start().await;
    let whale = bench.whale();
    for n in 0..23 {
        add(&whale, &format!("p{n:02}@example.com"), if n % 5 == 0 { &["vip", "a"] } else { &["a"] }).await;
    }
    let all: Vec<String> = (0..23).map(|n| format!("p{n:02}@example.com")).collect();
    let query = CustomerQuery::default().sort(CustomerSort::Email, SortOrder::Ascending).limit(7);
    for style in [Continuation::Cursor, Continuation::StartingAfterId, Continuation::Auto] {
        for path in [PathStyle::StoreScoped, PathStyle::KeyScoped] {
            let whale = bench.builder().assumptions(assuming(style.clone())).path_style(path).build().unwrap();
            assert_eq!(emails(&whale, &query).await.unwrap(), all, "{style:?} {path:?}");
        }
    }
    // The stand-in knows no such parameter, as the vendor may not.
    let custom = Continuation::Custom("page_token".into());
    let refused = emails(&bench.builder().assumptions(assuming(custom)).build().unwrap(), &query).await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Rejected, Some("parameter_unknown")));

    let vips = emails(&whale, &CustomerQuery::default().tags(["vip", "a"]).limit(2)).await.unwrap();
    assert_eq!(vips.len(), 5);
    let hits = emails(&whale, &CustomerQuery::search("p07@")).await.unwrap();
    assert_eq!(hits, ["p07@example.com"]);
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    let none = CustomerQuery::default().created_after(day("2990-01-01"));
    assert!(emails(&whale, &none).await.unwrap().is_empty());
    let some = CustomerQuery::default().created_after(day("2000-01-01")).created_before(day("2990-01-01"));
    assert_eq!(emails(&whale, &some).await.unwrap().len(), 23);
    let unknown = CustomerQuery::default().extra_param("metadata[rep]", "mike_d");
    assert_eq!(emails(&whale, &unknown).await.unwrap_err().kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn a_segment_from_its_making_to_its_end() {
    let bench = Bench::start().await;
    let whale = bench.whale();
    let nora = add(&whale, "nora@example.com", &["vip"]).await;
    let omar = add(&whale, "omar@example.com", &[]).await;
    let rules = vec![
        Rule::new("tags", Operator::Contains, "vip").unwrap(),
        Rule::new("total_spent", Operator::Gte, 0).unwrap(),
    ];
    let made = whale.create_segment(&SegmentInput::dynamic("Vips", rules)).await.unwrap().value;
    let (id, rules) = (made.id.unwrap(), serde_json::to_string(&made.rules.unwrap()).unwrap());
    assert_eq!(made.member_count, Some(1));
    assert!(rules.contains(r#""operator":"contains""#), "{rules}");
    assert_eq!(emails(&whale, &CustomerQuery::default().segment(id.clone())).await.unwrap(), ["nora@example.com"]);

    let odd = vec![Rule::new("tags", "resembles", "vip").unwrap()];
    let changed = whale.update_segment(&id, &SegmentInput::default().rules(odd)).await.unwrap().value;
    assert_eq!(changed.member_count, Some(0), "the stand-in knows no such operator");
    let read = whale.get_segment(&id).await.unwrap().unwrap().value;
    let rules = serde_json::to_string(&read.rules.unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&rules).unwrap()[0]["operator"], "resembles");
    // What does not go with the type is refused there, too.
    let error = whale.update_segment(&id, &SegmentInput::default().customer_ids([omar.clone()])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);

    let fixed = whale.create_segment(&SegmentInput::fixed("Both", [nora.clone(), omar])).await.unwrap().value;
    assert_eq!(fixed.member_count, Some(2));
    whale.delete_customer(&nora).await.unwrap();
    let fixed = whale.get_segment(&fixed.id.unwrap()).await.unwrap().unwrap().value;
    assert_eq!(fixed.member_count, Some(1), "who is deleted counts no more");
    let segments: Vec<_> = whale.segments_stream(&PageQuery::default().limit(1)).try_collect().await.unwrap();
    assert_eq!(segments.len(), 2);
    whale.delete_segment(&id).await.unwrap();
    assert_eq!(whale.delete_segment(&id).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(whale.get_segment(&id).await.unwrap().is_none());
}

#[tokio::test]
async fn notes_activity_and_metrics_of_a_customer() {
    let bench = Bench::start().await;
    let whale = bench.whale();
    let id = add(&whale, "nora@example.com", &[]).await;
    for n in 0..5 {
        let note = whale.create_note(&id, &NoteInput::new(format!("note {n}")).author("mike_d")).await.unwrap().value;
        assert_eq!(note.customer_id.as_ref(), Some(&id));
    }
    let notes: Vec<_> = whale.notes_stream(&id, &PageQuery::default().limit(2)).try_collect().await.unwrap();
    let mut texts: Vec<_> = notes.into_iter().map(|note| note.text.unwrap()).collect();
    texts.sort();
    assert_eq!(texts, ["note 0", "note 1", "note 2", "note 3", "note 4"]);
    let events = |query: ActivityQuery| {
        let events = whale.activity_stream(&id, &query);
        async move { events.try_collect::<Vec<_>>().await.unwrap() }
    };
    assert_eq!(events(ActivityQuery::default().limit(2)).await.len(), 6);
    let made = events(ActivityQuery::default().kinds([ActivityKind::Other("register".into())])).await;
    assert_eq!((made.len(), made[0].title.as_deref()), (1, Some("Customer created")));
    let later = ActivityQuery::default().after("2990-01-01".parse::<chrono::NaiveDate>().unwrap());
    assert!(events(later).await.is_empty());
    let metrics = whale.get_metrics(&id).await.unwrap().unwrap().value;
    assert_eq!((metrics.customer_id.as_ref(), metrics.total_orders, metrics.churn_risk), (Some(&id), Some(0), None));
    let nobody = CustomerId::from("cust_ffffffff");
    assert!(whale.get_metrics(&nobody).await.unwrap().is_none());
    assert_eq!(whale.create_note(&nobody, &NoteInput::new("x")).await.unwrap_err().kind(), ErrorKind::NotFound);
}

/// Forwards, and loses the answer of every `POST` to a path that ends so.
#[derive(Debug)]
struct Losing(ReqwestTransport, &'static str);

#[async_trait]
impl Transport for Losing {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let is_lost = request.method == http::Method::POST && request.url.path().ends_with(self.1);
        let answer = self.0.send(request).await?;
        if is_lost { Err(TransportError::new(TransportErrorKind::Interrupted, "lost")) } else { Ok(answer) }
    }
}

#[tokio::test]
async fn what_repeats_would_pile_up_is_sent_once_and_reported_unknown() {
    let bench = Bench::start().await;
    let id = add(&bench.whale(), "nora@example.com", &[]).await;
    let losing = |end: &'static str| {
        let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
        let connector = Connector::for_tests(Arc::new(Losing(ReqwestTransport::new().unwrap(), end)), clock);
        bench.builder().connector(&connector).build().unwrap()
    };
    let segment = SegmentInput::fixed("a", []);
    let errors = [
        losing("/notes").create_note(&id, &NoteInput::new("x")).await.map(drop).unwrap_err(),
        losing("/customer-segments").create_segment(&segment).await.map(drop).unwrap_err(),
        losing("/removal-request").request_export(&id, &ExportInput::json()).await.map(drop).unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.effect(), error.is_retryable(), error.attempts()), (Effect::Unknown, false, 1), "{error}");
    }
    let whale = bench.whale();
    assert_eq!(whale.list_notes(&id, &PageQuery::default()).await.unwrap().value.items.len(), 1);
    assert_eq!(whale.list_segments(&PageQuery::default()).await.unwrap().value.items.len(), 1);
    assert_eq!(bench.sandbox.complete_whale_removals().len(), 1);
}

#[tokio::test]
async fn removal_requests_end_with_a_signed_webhook() {
    let bench = Bench::start().await;
    let whale = bench.whale();
    let (nora, omar) = (add(&whale, "nora@example.com", &[]).await, add(&whale, "omar@example.com", &[]).await);
    let erasure = ErasureInput { reason: Some("asked".into()), notify_customer: Some(true) };
    let erasure = whale.request_erasure(&nora, &erasure).await.unwrap().value;
    let export = whale.request_export(&omar, &ExportInput::json()).await.unwrap().value;
    assert_eq!((erasure.kind, export.kind), (Some(RemovalKind::Erasure), Some(RemovalKind::Export)));
    assert_eq!((erasure.status, export.download_url), (Some(RemovalStatus::Pending), None));
    assert!(whale.get_customer(&nora).await.unwrap().is_some(), "a request is no erasure yet");

    let webhooks = bench.sandbox.complete_whale_removals();
    assert_eq!(webhooks.len(), 2);
    let own = verifier(Sandbox::WHALE_WEBHOOK_SECRET).unwrap();
    let events: Vec<_> =
        webhooks.iter().map(|webhook| delivery(&own, webhook.headers(), webhook.body()).unwrap()).collect();
    let requests: Vec<_> = events.iter().map(|event| event.removal_request().unwrap()).collect();
    assert_eq!((&requests[0].id, &requests[1].id), (&erasure.id, &export.id));
    assert!(requests.iter().all(|request| request.status == Some(RemovalStatus::Completed)));
    assert_eq!((events[0].customer_id(), events[0].download_url()), (Some(nora.clone()), None));
    assert!(events[1].download_url().unwrap().starts_with("https://downloads.example.test/"));
    assert_ne!(events[0].delivery_id, events[1].delivery_id);
    assert!(whale.get_customer(&nora).await.unwrap().is_none());
    assert!(whale.get_customer(&omar).await.unwrap().is_some());
    assert!(bench.sandbox.complete_whale_removals().is_empty(), "each is completed once");

    let other = verifier("whsec_other").unwrap();
    let error = delivery(&other, webhooks[0].headers(), webhooks[0].body()).unwrap_err();
    assert_eq!(error, WebhookError::WrongSignature);
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z][a-zA-Z0-9 ,&'-]{0,12}[a-z]",
        Just("Müller-Lüdenscheidt".to_owned()),
        Just("山田太郎".to_owned()),
        Just("O'Hara, \"Mo\"".to_owned()),
        Just("👨‍👩‍👧‍👦 x".to_owned()),
    ]
}

prop_compose! {
    /// A customer of whom the vendor can hold everything, with values in their normal form.
    fn holdable()(
        number in 0u32..1_000_000, names in proptest::option::of((word(), word())),
        phone in proptest::option::of(1_000_000u32..9_999_999),
        tags in proptest::collection::btree_set(word(), 0..4),
        address in proptest::option::of((word(), proptest::option::of(word()), word(), any::<bool>())),
        custom in proptest::collection::btree_map("[a-z]{1,8}", word(), 0..4),
        external_id in proptest::option::of("[A-Za-z0-9:/-]{1,20}"),
    ) -> Customer {
        let mut customer = Customer::new().email(format!("p{number}@example.com")).tags(tags);
        customer.external_id = external_id;
        customer.phone = phone.map(|digits| format!("+1555{digits}").as_str().into());
        if let Some((first, last)) = names {
            customer = customer.first_name(first).last_name(last);
        }
        if let Some((line1, line2, city, has_code)) = address {
            let mut address = Address::new().line1(line1).city(city).country_code("US").default_address();
            address.line2 = line2;
            customer = customer.address(if has_code { address.province_code("OR") } else { address.province("Oregon") });
        }
        for (key, value) in custom {
            customer = customer.custom(format!("k_{key}"), value);
        }
        customer
    }
}

#[test]
fn there_and_back_loses_nothing_that_the_vendor_holds() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let bench = runtime.block_on(Bench::start());
    let whale = bench.whale();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let result = runner.run(&holdable(), |customer| {
        let found = runtime.block_on(async {
            let id = whale.upsert(&customer).await.unwrap().remote_id.unwrap();
            let email = customer.email.clone().unwrap();
            let found = whale.find(&Identity::Email(Email::new(email.as_str()))).await.unwrap().unwrap();
            whale.delete_customer(&CustomerId::from(id.into_string())).await.unwrap();
            found.customer
        });
        // What the vendor makes itself is no part of what was sent.
        let mut back = found;
        (back.created_at, back.updated_at, back.orders_count, back.total_spent) = (None, None, None, None);
        prop_assert_eq!(serde_json::to_value(&back).unwrap(), serde_json::to_value(&customer).unwrap());
        Ok(())
    });
    result.unwrap();
}
