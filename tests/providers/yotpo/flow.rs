//! Yotpo: the whole flow against the stand-in, lost answers, and reading back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::world::{When, World, answer, is_mint, mira, world};
use customer_sink::client::BodyFault;
use customer_sink::customer::Channel;
use customer_sink::providers::yotpo::{CustomerIdentity, CustomerInput, CustomerQuery, Yotpo};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Clock, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Effect, Error, ErrorKind, HttpResponse,
    Identity, Outcome, RemoteId, TransportError, TransportErrorKind, UpsertOptions,
};
use http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn a_customer_is_new_then_known_and_never_twice() {
    let world = world(|_, _| None).await;
    let sink = world.sink();
    let done = sink.upsert(&mira().email_marketing(Consent::new(ConsentState::Subscribed))).await.unwrap();
    assert_eq!((done.outcome, done.attempts, done.remote_id), (Outcome::Accepted, 1, None));
    assert_eq!(done.visible_after, Some(Duration::from_secs(60)));
    assert_eq!(world.rows().len(), 1);
    // The same, sent again, and a change by a clone.
    sink.upsert(&mira()).await.unwrap();
    let change = mira().first_name("Miranda").email_marketing(Consent::new(ConsentState::Unsubscribed));
    sink.clone().upsert(&change).await.unwrap();
    let rows = world.rows();
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0]["first_name"], &rows[0]["accepts_email_marketing"]), (&json!("Miranda"), &json!(false)));
    assert_eq!((world.wire.mints(), world.wire.patches()), (1, 3));
    // What is unset is left alone.
    sink.upsert(&Customer::new().external_id("1").last_name("Oakes")).await.unwrap();
    assert_eq!(world.rows()[0]["first_name"], "Miranda");
}

#[tokio::test]
async fn the_bytes_of_the_plan_are_sent() {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&bodies);
    let world = world(move |request, _| {
        kept.lock().unwrap().push(request.body.clone());
        None
    })
    .await;
    let sink = world.sink();
    let plan = sink.plan(&mira(), &Default::default()).unwrap();
    sink.upsert(&mira()).await.unwrap();
    let bodies = bodies.lock().unwrap();
    assert_eq!(plan.steps()[1].body().unwrap(), &bodies[1][..]);
    assert_eq!(bodies[0], r#"{"secret":"fake-yotpo-secret"}"#);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_makes_no_second_customer() {
    let world = world(|_, index| (index == 1).then_some(When::Lost)).await;
    let done = world.sink().upsert(&mira()).await.unwrap();
    assert_eq!((done.outcome, done.attempts, world.rows().len()), (Outcome::Accepted, 2, 1));
}

#[tokio::test]
async fn answers_that_stay_lost_are_an_unknown_effect() {
    let lost = world(|request, _| (!is_mint(request)).then_some(When::Lost)).await;
    let error = lost.sink().upsert(&mira()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Interrupted, Effect::Unknown, 4));
    assert!(error.is_retryable());
    assert_eq!(lost.rows().len(), 1);
    let never =
        world(|_, _| Some(When::Instead(Err(TransportError::new(TransportErrorKind::Connect, "refused by the test")))))
            .await;
    let error = never.sink().upsert(&mira()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Connect, Effect::NotSent, 0));
    // A token whose answer is lost is simply asked for again.
    let token = world(|_, index| (index == 0).then_some(When::Lost)).await;
    assert_eq!(token.sink().upsert(&mira()).await.unwrap().attempts, 1);
}

/// The write is an idempotent upsert, so that nothing has to be looked up before it is sent again.
#[tokio::test]
async fn a_known_customer_whose_writes_all_end_in_a_500_is_an_unknown_effect() {
    let world = world(|request, index| (index > 1 && !is_mint(request)).then(|| answer(500, ""))).await;
    let sink = world.sink();
    sink.upsert(&mira()).await.unwrap();
    for options in [UpsertOptions::default(), UpsertOptions::default().look_up_first(true)] {
        let error = sink.upsert_with(&mira(), &options).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::Unknown));
        assert!(error.is_retryable());
    }
    assert_eq!((world.wire.mints(), world.wire.patches(), world.rows().len()), (1, 9, 1));
}

#[tokio::test]
async fn the_stores_limit_is_kept_over_all_its_clients() {
    let world = world(|_, _| None).await;
    let (one, other) = (world.sink(), world.sink());
    let start = world.clock.now();
    for _ in 0..6 {
        one.upsert(&mira()).await.unwrap();
        other.upsert(&mira()).await.unwrap();
    }
    // 12 records and a token at 5 a second.
    assert!(world.clock.now() - start >= Duration::from_secs(2));
}

#[tokio::test]
async fn credentials_are_checked_without_a_write() {
    let world = world(|_, _| None).await;
    world.sink().check().await.unwrap();
    let bad = world.of(Yotpo::builder(Sandbox::YOTPO_STORE_ID, "fake-wrong")).check().await.unwrap_err();
    assert_eq!((bad.kind(), bad.operation()), (ErrorKind::Unauthenticated, Some("create_access_token")));
    let text = format!("{bad} {bad:?}");
    assert!(!text.contains("fake-wrong") && bad.hint().is_some(), "{text}");
    let given = world.of(Yotpo::with_token(Sandbox::YOTPO_STORE_ID, "fake-token-1"));
    given.check().await.unwrap();
    let stale = world.of(Yotpo::with_token(Sandbox::YOTPO_STORE_ID, "fake-stale")).check().await.unwrap_err();
    assert_eq!((stale.kind(), stale.effect()), (ErrorKind::Unauthenticated, Effect::NotSent));
    let both = world.of(Yotpo::builder(Sandbox::YOTPO_STORE_ID, Sandbox::YOTPO_SECRET).token("fake-stale"));
    assert_eq!(both.upsert(&mira()).await.unwrap().attempts, 2);
}

#[tokio::test]
async fn customers_are_found_by_each_identity() {
    let world = world(|_, _| None).await;
    let sink = world.of(Yotpo::builder(Sandbox::YOTPO_STORE_ID, Sandbox::YOTPO_SECRET).allow_phone_identity(true));
    sink.upsert(&mira().tags(["a", "b"]).sms_marketing(Consent::new(ConsentState::Unsubscribed))).await.unwrap();
    sink.upsert(&Customer::new().phone("+1 202 555 0101")).await.unwrap();
    let by = |who: Identity| {
        let sink = sink.clone();
        async move { sink.find(&who).await }
    };
    let found = by(Identity::ExternalId("1".into())).await.unwrap().unwrap();
    assert_eq!(found.remote_id, None);
    assert_eq!(found.customer.tags, ["a", "b"]);
    assert_eq!(found.customer.sms_marketing.unwrap().state, Some(ConsentState::Unsubscribed));
    assert_eq!(found.customer.email_marketing.unwrap().state, Some(ConsentState::NotSubscribed));
    let found = by(Identity::Email(" MIRA@example.com".into())).await.unwrap().unwrap();
    assert_eq!(found.customer.external_id.as_deref(), Some("1"));
    let found = by(Identity::Phone("0012025550101".into())).await.unwrap().unwrap();
    assert_eq!(found.customer.phone.unwrap().as_str(), "+12025550101");
    assert!(by(Identity::ExternalId("2".into())).await.unwrap().is_none());
    assert!(by(Identity::Email("nobody+x@example.com".into())).await.unwrap().is_none());
    for (who, kind) in [
        (Identity::ExternalId("1,2".into()), ErrorKind::InvalidInput),
        (Identity::ExternalId(" ".into()), ErrorKind::InvalidInput),
        (Identity::Email("nobody".into()), ErrorKind::InvalidInput),
        (Identity::Phone("555".into()), ErrorKind::InvalidInput),
        (Identity::RemoteId(RemoteId::from("1")), ErrorKind::Unsupported),
    ] {
        assert_eq!(by(who).await.unwrap_err().kind(), kind);
    }
    // The same address under another id is another customer: nobody can say which is meant.
    sink.upsert(&Customer::new().external_id("2").email("Mira@example.com")).await.unwrap();
    let error = by(Identity::Email("mira@example.com".into())).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Conflict, Effect::NotSent));
    assert_eq!(error.conflicting_ids(), ["1", "2"]);
    assert!(!format!("{error:?}").contains("mira"));
}

/// A client whose look-ups get these pages, one after the other.
async fn reading(pages: Vec<&'static str>) -> (World, Yotpo) {
    let given = Yotpo::with_token(Sandbox::YOTPO_STORE_ID, "fake-given");
    let world = world(move |_, index| Some(answer(200, pages[index.min(pages.len() - 1)]))).await;
    let sink = world.of(given);
    (world, sink)
}

async fn found(pages: Vec<&'static str>) -> Result<Option<Customer>, Error> {
    let found = reading(pages).await.1.find(&Identity::Email("tess@example.com".into())).await;
    found.map(|found| found.map(|found| found.customer))
}

#[tokio::test]
async fn a_page_that_broke_off_is_read_again() {
    let page = r#"{"customers":[{"external_id":"9","email":"tess@example.com"}]}"#;
    let cut = |length: usize, fault| {
        let mut answer = HttpResponse::new(StatusCode::OK, page.as_bytes()[..length].to_vec());
        answer.fault = Some(fault);
        Some(When::Instead(Ok(answer)))
    };
    for (script, attempts) in [(0, 1), (1, 2)] {
        let world =
            world(move |_, index| if index < script { cut(20, BodyFault::Cut) } else { Some(answer(200, page)) });
        let world = world.await;
        let sink = world.of(Yotpo::with_token(Sandbox::YOTPO_STORE_ID, "fake-given"));
        let found = sink.find(&Identity::Email("tess@example.com".into())).await.unwrap();
        assert_eq!(found.unwrap().customer.external_id.as_deref(), Some("9"));
        assert_eq!(world.wire.seen.lock().unwrap().len(), attempts);
    }
    for (fault, length, attempts, retryable) in
        [(BodyFault::Cut, 0, 2, true), (BodyFault::Cut, 20, 2, true), (BodyFault::TooLong, 20, 1, false)]
    {
        let world = world(move |_, _| cut(length, fault)).await;
        let sink = world.of(Yotpo::with_token(Sandbox::YOTPO_STORE_ID, "fake-given"));
        let error = sink.find(&Identity::Email("tess@example.com".into())).await.unwrap_err();
        assert_eq!((error.kind(), error.effect(), error.status()), (ErrorKind::Decode, Effect::NotSent, Some(200)));
        assert_eq!((error.attempts(), error.is_retryable()), (attempts, retryable));
    }
    // What is whole all the same is read as it is, and a write whose answer broke off was applied.
    let whole = world(move |_, _| cut(page.len(), BodyFault::Cut)).await;
    let sink = whole.of(Yotpo::with_token(Sandbox::YOTPO_STORE_ID, "fake-given"));
    assert!(sink.find(&Identity::Email("tess@example.com".into())).await.unwrap().is_some());
    assert_eq!(sink.upsert(&mira()).await.unwrap().attempts, 1);
}

const PRODUCTION: &str = r#"{"customers": [{
    "external_id": "1000000001", "email": "Tess@example.com", "phone_number": "+12025550102", "device_id": null,
    "first_name": "Tess", "last_name": "", "gender": null,
    "account_created_at": "2020-04-01T18:58:01", "account_updated_at": "2026-05-21",
    "account_status": "enabled", "default_language": null, "default_currency": "USD", "tags": "Standard,, Demo ,",
    "address": {"address1":"1 Example St","address2":"","city":"Anytown","company":"Test Co","state":"California",
                "zip":90000,"province_code":"CA","country_code":"US","phone_number":"2025550102"},
    "lists": [{"id":"123456","since":"2023-05-22T11:08:52"}], "custom_properties": {"plan":"gold","n":3,"rate":0.5,"x":null},
    "accepts_email_marketing": true, "accepts_sms_marketing": null,
    "channels": {"sms": {"marketing": {"consent":"never_subscribed","subscription_source":null,"timestamp":null}},
      "email": {"marketing": {"consent":"subscribed","subscription_source":"popup","timestamp":"2023-04-23T11:09:56",
        "suppressions": {"suppression_reason":"HARD_BOUNCE","timestamp":"2023-05-22T17:05:35"}}}},
    "yotpo_ugc": {"total_reviews":5}, "yotpo_loyalty": null}], "pagination": {"next_page_info": null}}"#;

#[tokio::test]
async fn a_production_row_is_read_as_it_is() {
    let tess = found(vec![PRODUCTION]).await.unwrap().unwrap();
    let expected = json!({
        "external_id": "1000000001", "email": "Tess@example.com", "phone": "+12025550102", "first_name": "Tess",
        "currency": "USD", "tags": ["Standard", "Demo"], "account_state": "enabled",
        "addresses": [{"company": "Test Co", "line1": "1 Example St", "city": "Anytown", "province": "California",
            "province_code": "CA", "postal_code": "90000", "country_code": "US", "phone": "2025550102", "default": true}],
        "email_marketing": {"state": "subscribed", "source": "popup", "updated_at": "2023-04-23T11:09:56+00:00"},
        "sms_marketing": {"state": "not_subscribed"},
        "created_at": "2020-04-01T18:58:01+00:00", "updated_at": "2026-05-21T00:00:00+00:00",
        "custom": {"n": 3, "plan": "gold", "rate": 0.5},
    });
    assert_eq!(serde_json::to_value(&tess).unwrap(), expected);
    let (_world, sink) = reading(vec![PRODUCTION]).await;
    let page = sink.list_customers(&CustomerQuery::all().with_reviews()).await.unwrap();
    let row = &page.value.items[0];
    let email = row.channels.as_ref().unwrap().email.as_ref().unwrap().marketing.as_ref().unwrap();
    assert_eq!(email.suppressions.as_ref().unwrap().suppression_reason.as_deref(), Some("HARD_BOUNCE"));
    assert!(row.raw.as_str().contains("total_reviews") && page.value.next.is_none());
    assert!(!format!("{page:?}").contains("Tess"));
}

#[tokio::test]
async fn rows_of_any_shape_are_no_failure() {
    let odd = r#"{"customers":[{"email":"tess@example.com","tags":["a","b"],"address":"none","channels":[],"gender":7,
        "account_created_at":"soon","custom_properties":[],"accepts_sms_marketing":"false","accepts_email_marketing":1}],"pagination":7}"#;
    let tess = found(vec![odd]).await.unwrap().unwrap();
    assert_eq!(tess.tags, ["a", "b"]);
    // A yes of the flag alone is no consent; a no is a no.
    assert_eq!(tess.email_marketing, None);
    assert_eq!(tess.sms_marketing.unwrap().state, Some(ConsentState::Unsubscribed));
    assert!(tess.addresses.is_empty() && tess.created_at.is_none());
    // Lists in the place of objects are not read item by item: nobody is subscribed by a first place in a list.
    let lists = r#"{"customers":[{"email":"tess@example.com","address":["x","y"],"custom_properties":["x"],
        "channels":[{"marketing":{"consent":"subscribed"}},{"marketing":{"consent":"subscribed"}}],
        "lists":[7,["1","2"],{"id":5},null],"yotpo_ugc":[1,2]},["10","tess@example.com"]]}"#;
    let (_world, sink) = reading(vec![lists]).await;
    let page = sink.list_customers(&CustomerQuery::all()).await.unwrap().value;
    let row = &page.items[0];
    assert_eq!((page.items.len(), page.unreadable, row.lists.len()), (1, 1, 1));
    assert!(row.channels.is_none() && row.address.is_none() && row.yotpo_ugc.is_none());
    assert_eq!(Customer::from(row), Customer::new().email("tess@example.com"));
    assert!(found(vec![r#"{"customers":null}"#]).await.unwrap().is_none());
    assert!(found(vec![r#"{"customers":[],"pagination":null}"#]).await.unwrap().is_none());
    assert!(found(vec![r#"{"customers":{"email":"tess@example.com"}}"#]).await.unwrap().is_some());
    let list = r#"[[{"email":"tess@example.com"}]]"#;
    for no_page in ["", "{}", "<html>", "[]", list, r#"{"customers":[7]}"#] {
        let error = found(vec![no_page]).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Decode, Effect::NotSent), "{no_page}");
    }
    // Rows beside an error are no answer.
    let row = r#"{"customers":[{"email":"tess@example.com"}],"pagination":{"next_page_info":null}"#;
    for error in [r#""errors":[{"message":"x"}]"#, r#""success":"false""#, r#""status":{"code":422}"#] {
        let error = found(vec![Box::leak(format!("{row},{error}}}").into_boxed_str())]).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Rejected, Effect::NotSent), "{error}");
    }
}

#[tokio::test]
async fn a_filter_that_is_not_obeyed_finds_nobody_else() {
    let others = r#"{"customers":[{"external_id":"1","email":"else@example.com"},{"external_id":"2"}]}"#;
    assert!(found(vec![others]).await.unwrap().is_none());
    // Read on to the end, and not for ever.
    let more = r#"{"customers":[],"pagination":{"next_page_info":"abc%3D%3D"}}"#;
    let last = r#"{"customers":[{"external_id":"9","email":"tess@example.com"}]}"#;
    assert_eq!(found(vec![more, last]).await.unwrap().unwrap().external_id.as_deref(), Some("9"));
    assert_eq!(found(vec![more]).await.unwrap_err().kind(), ErrorKind::Decode);
    // The same customer on two pages is one; those without an id cannot be told apart.
    let again = r#"{"customers":[{"external_id":"9","email":"tess@example.com"},{"external_id":"8"}],
        "pagination":{"next_page_info":"x"}}"#;
    assert!(found(vec![again, last]).await.unwrap().is_some());
    // A page that repeats: the vendor ignores the cursor, and another customer may be overlooked.
    let error = found(vec![again, again]).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Decode, Effect::NotSent));
    let nameless = r#"{"customers":[{"email":"tess@example.com"},{"email":"tess@example.com"}]}"#;
    assert_eq!(found(vec![nameless]).await.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn pages_are_read_to_the_end_and_values_are_escaped_once() {
    let urls = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&urls);
    let world = world(move |request, _| {
        kept.lock().unwrap().push(request.url.query().unwrap_or_default().to_owned());
        None
    })
    .await;
    let sink = world.sink();
    for n in 0..5 {
        sink.upsert(&Customer::new().external_id(format!("c {n}+&")).email("many@example.com")).await.unwrap();
    }
    let mut query = CustomerQuery::email("many@example.com").limit(2);
    let mut ids = Vec::new();
    loop {
        let page = sink.list_customers(&query).await.unwrap().value;
        ids.extend(page.items.iter().filter_map(|row| row.external_id.clone()));
        match page.next {
            Some(next) => query = query.start(next),
            None => break,
        }
    }
    assert_eq!(ids, ["c 0+&", "c 1+&", "c 2+&", "c 3+&", "c 4+&"]);
    let found = sink.find(&Identity::ExternalId("c 3+&".into())).await.unwrap();
    assert_eq!(found.unwrap().customer.external_id.as_deref(), Some("c 3+&"));
    let urls = urls.lock().unwrap();
    assert_eq!(urls.last().unwrap(), "external_ids=c%203%2B%26");
    assert!(urls.contains(&"email=many%40example.com&limit=2".to_owned()), "{urls:?}");
}

#[tokio::test]
async fn the_native_client_sends_records_of_its_own() {
    let world = world(|_, _| None).await;
    let sink = world.sink();
    let mut record = CustomerInput::new(CustomerIdentity::external_id("7"));
    record.tags = Some("a,b".into());
    record.accepts_email_marketing = Some(false);
    let done = sink.upsert_customer(&record).await.unwrap();
    assert_eq!(done.attempts, 1);
    assert_eq!(world.rows()[0]["tags"], "a,b");
    let page = sink.list_customers(&CustomerQuery::external_id("7")).await.unwrap();
    assert_eq!(page.value.items[0].consent(Channel::Email).unwrap().state, Some(ConsentState::Unsubscribed));
    let mut record = CustomerInput::new(CustomerIdentity::external_id("7"));
    (record.gender, record.default_currency) = (Some("female".into()), Some("usd".into()));
    let error = sink.upsert_customer(&record).await.unwrap_err();
    let fields: Vec<_> = error.field_errors().iter().map(|problem| problem.field()).collect();
    assert_eq!((error.effect(), error.attempts(), fields), (Effect::NotSent, 0, vec!["gender", "default_currency"]));
    let error = sink.upsert_customer(&CustomerInput::new(CustomerIdentity::email(" "))).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::NotSent));
    assert_eq!(error.field_errors()[0].field(), "email");
}
