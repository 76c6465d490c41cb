//! A client that renews its token, and lists that lead astray: against a scripted transport.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use customer_sink::client::{Limit, ManualClock};
use customer_sink::plan::StepCondition;
use customer_sink::providers::shopline::{
    CustomerInput, CustomerQuery, CustomerSearchQuery, GroupMemberQuery, MetafieldQuery, OAuthApp, OrderQuery, Shopline,
};
use customer_sink::{
    Connector, Customer, CustomerSink, CustomerSinkExt, Effect, ErrorKind, HttpRequest, HttpResponse, Outcome,
    Transport, TransportError, UpsertOptions,
};
use futures::TryStreamExt;
use http::StatusCode;
use serde_json::{Value, json};

/// Answers by what stands at hand: a token call with the next token, another call with 200 where its token is good.
#[derive(Debug, Default)]
struct Vendor {
    /// The tokens that are taken.
    good: Mutex<Vec<String>>,
    /// What token calls answer, in order; without any, `fake.renewed`.
    tokens: Mutex<VecDeque<Value>>,
    /// What other calls answer, in order; without any, a count.
    answers: Mutex<VecDeque<(u16, Value, Option<&'static str>)>>,
    log: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Vendor {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        // Everybody who waits gets a turn before the answer comes.
        tokio::task::yield_now().await;
        let path = request.url.path().to_owned();
        let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let answer =
            |status: u16, body: &Value| Ok(HttpResponse::new(StatusCode::from_u16(status).unwrap(), body.to_string()));
        if path.starts_with("/admin/oauth/") {
            self.log.lock().unwrap().push("token".to_owned());
            assert!(header("authorization").is_none() && request.body.is_empty());
            let good = json!({"code": 200, "data": {"accessToken": "fake.renewed"}});
            return answer(200, &self.tokens.lock().unwrap().pop_front().unwrap_or(good));
        }
        let token = header("authorization").unwrap().replace("Bearer ", "");
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = path.replace("/admin/openapi/v20250601", "");
        self.log.lock().unwrap().push(format!("{} {path}{query} {token}", request.method));
        if !self.good.lock().unwrap().contains(&token) {
            return answer(401, &json!({"errors": "expired"}));
        }
        match self.answers.lock().unwrap().pop_front() {
            None => answer(200, &json!({"count": 1, "customer": {"id": "1"}})),
            Some((status, body, cursor)) => {
                let mut response = answer(status, &body)?;
                if let Some(cursor) = cursor {
                    let link = format!("<https://evil.example.com/x?page_info={cursor}>; rel=\"next\"");
                    response.headers.insert("link", link.parse().unwrap());
                }
                Ok(response)
            }
        }
    }
}

struct World {
    vendor: Arc<Vendor>,
    connector: Connector,
    clock: Arc<ManualClock>,
}

impl World {
    fn new(good: &[&str]) -> Self {
        let vendor = Arc::new(Vendor::default());
        *vendor.good.lock().unwrap() = good.iter().map(|token| (*token).to_owned()).collect();
        let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
        let connector = Connector::for_tests(Arc::clone(&vendor) as _, Arc::clone(&clock) as _);
        Self { vendor, connector, clock }
    }

    fn renewing(&self, token: Option<&str>) -> Shopline {
        let app = OAuthApp::new("fake_app_key", "fake_app_secret").unwrap();
        let mut builder = Shopline::oauth("open001", app).connector(&self.connector);
        if let Some(token) = token {
            builder = builder.access_token(token);
        }
        builder.build().unwrap()
    }

    fn given(&self, token: &str) -> Shopline {
        Shopline::builder("open001", token).connector(&self.connector).build().unwrap()
    }

    fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.vendor.log.lock().unwrap())
    }

    fn page(&self, key: &str, ids: &[&str], cursor: Option<&'static str>) {
        let items: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
        self.vendor.answers.lock().unwrap().push_back((200, json!({ key: items }), cursor));
    }
}

/// A token that ends so many seconds after the clock's start.
fn jwt(seconds: i64) -> String {
    let claims = json!({"exp": 1_772_366_400 + seconds, "iss": "ysoul"}).to_string();
    format!("fake.{}.token", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims))
}

const COUNT: &str = "GET /customers/v2/count.json";

#[tokio::test]
async fn a_client_without_a_token_makes_one_and_keeps_it() {
    let world = World::new(&["fake.renewed"]);
    let client = world.renewing(None);
    assert!(client.access_token().is_none());
    for _ in 0..2 {
        assert_eq!(client.count_customers().await.unwrap().attempts, 1, "token calls are not counted");
    }
    let count = format!("{COUNT} fake.renewed");
    assert_eq!(world.log(), ["token", &count, &count]);
    assert_eq!(client.access_token().unwrap().token.expose(), "fake.renewed");
    assert!(!format!("{client:?} {:?}", client.access_token()).contains("fake.renewed"));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_request_sent_again() {
    let world = World::new(&["fake.renewed"]);
    let client = world.renewing(Some("fake.old"));
    let done = client.upsert(&Customer::new().email("mia@example.com")).await.unwrap();
    assert_eq!((done.outcome, done.attempts), (Outcome::Created, 2));
    assert_eq!(world.log(), ["POST /customers.json fake.old", "token", "POST /customers.json fake.renewed"]);

    // The new one is refused too: no third try.
    world.vendor.good.lock().unwrap().clear();
    let error = client.count_customers().await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Unauthenticated, Effect::NotSent, 2));
    assert_eq!(world.log(), [format!("{COUNT} fake.renewed"), "token".into(), format!("{COUNT} fake.renewed")]);
}

#[tokio::test]
async fn a_given_token_is_not_renewed() {
    let world = World::new(&[]);
    let error = world.given("fake.old").count_customers().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unauthenticated, 1));
    assert_eq!(world.log().len(), 1);
}

#[tokio::test]
async fn many_callers_renew_once() {
    let world = World::new(&["fake.renewed"]);
    let client = world.renewing(Some("fake.old"));
    let calls = (0..20).map(|_| client.count_customers());
    for answered in futures::future::join_all(calls).await {
        assert_eq!(answered.unwrap().value, Some(1));
    }
    assert_eq!(world.log().iter().filter(|line| *line == "token").count(), 1);
}

#[tokio::test]
async fn an_ended_token_is_renewed_before_it_is_sent_or_not_sent_at_all() {
    let fresh = jwt(3600);
    let world = World::new(&["fake.renewed", &fresh, &jwt(30), &jwt(61)]);
    let renewing = world.renewing(Some(&jwt(61)));
    renewing.count_customers().await.unwrap();
    assert_eq!(world.log(), [format!("{COUNT} {}", jwt(61))]);
    world.clock.advance(Duration::from_secs(2));
    renewing.count_customers().await.unwrap();
    assert_eq!(world.log(), ["token", &format!("{COUNT} fake.renewed")], "a minute before its end");

    // A given token is sent until its end, and not after it.
    let given = world.given(&jwt(30));
    given.count_customers().await.unwrap();
    world.clock.advance(Duration::from_secs(28));
    world.log();
    let error = given.count_customers().await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Unauthenticated, Effect::NotSent, 0));
    assert!(error.hint().unwrap().contains("expired"));
    assert!(world.log().is_empty());
}

#[tokio::test]
async fn a_tokens_own_word_on_its_end_can_be_left_to_the_vendor() {
    let old = jwt(-7200);
    let world = World::new(&[&old, "fake.renewed"]);
    let given = Shopline::builder("open001", old.as_str()).connector(&world.connector).check_token_expiry(false);
    given.build().unwrap().count_customers().await.unwrap();
    assert_eq!(world.log(), [format!("{COUNT} {old}")]);
    let app = OAuthApp::new("fake_app_key", "fake_app_secret").unwrap();
    let renewing = Shopline::oauth("open001", app).access_token(old.as_str()).connector(&world.connector);
    let renewing = renewing.check_token_expiry(false).build().unwrap();
    renewing.count_customers().await.unwrap();
    assert_eq!(world.log(), [format!("{COUNT} {old}")]);
    // The vendor's refusal renews it all the same.
    world.vendor.good.lock().unwrap().remove(0);
    renewing.count_customers().await.unwrap();
    assert_eq!(world.log()[1..], ["token".to_owned(), format!("{COUNT} fake.renewed")]);
}

#[tokio::test]
async fn each_app_of_a_store_has_its_own_bucket() {
    let token = |app: &str, n: i64| {
        let claims = json!({"exp": 1_900_000_000 + n, "appKey": app}).to_string();
        format!("fake.{}.token", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims))
    };
    let (a, a_renewed, b) = (token("a", 0), token("a", 1), token("b", 0));
    let world = World::new(&[&a, &a_renewed, &b]);
    let limit = Limit::Window { max: 1, per: Duration::from_secs(10) };
    let open = |builder: customer_sink::providers::shopline::Builder| {
        builder.connector(&world.connector).rate_limit(limit).build().unwrap()
    };
    let app = OAuthApp::new("a", "fake_app_secret").unwrap();
    let clients = [
        open(Shopline::builder("open001", a.as_str())),
        open(Shopline::builder("open001", b.as_str())),
        open(Shopline::builder("open002", a.as_str())),
    ];
    for client in &clients {
        client.count_customers().await.unwrap();
    }
    assert!(world.clock.sleeps().is_empty(), "another app or store has another bucket");
    open(Shopline::oauth("open001", app).access_token(a_renewed.as_str())).count_customers().await.unwrap();
    assert_eq!(world.clock.sleeps().len(), 1, "the same app has the same one, whatever its token is");
}

#[tokio::test]
async fn a_wrong_clock_here_does_not_renew_for_ever() {
    let old = jwt(-7200);
    let world = World::new(&[&old]);
    world.vendor.tokens.lock().unwrap().push_back(json!({"code": 200, "data": {"accessToken": old}}));
    let client = world.renewing(None);
    client.count_customers().await.unwrap();
    client.count_customers().await.unwrap();
    assert_eq!(world.log().iter().filter(|line| *line == "token").count(), 1);
}

#[tokio::test]
async fn a_renewal_that_fails_is_told_as_such() {
    let world = World::new(&[]);
    world.vendor.tokens.lock().unwrap().push_back(json!({"code": 403, "i18nCode": "APP_NOT_INSTALLED"}));
    let error = world.renewing(None).upsert(&Customer::new().email("mia@example.com")).await.unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Some("refresh_access_token"), ErrorKind::Forbidden));
    assert_eq!((error.effect(), error.code()), (Effect::NotSent, Some("APP_NOT_INSTALLED")));
    assert_eq!(world.log(), ["token"]);
}

#[test]
fn a_plan_shows_the_renewal_and_no_secret() {
    let world = World::new(&[]);
    let plan = world
        .renewing(Some("fake.old"))
        .plan(&Customer::new().email("mia@example.com"), &UpsertOptions::default())
        .unwrap();
    let step = &plan.steps()[0];
    assert_eq!((step.when(), step.operation(), step.body()), (StepCondition::IfNoToken, "refresh_access_token", None));
    assert_eq!(step.url(), "https://open001.myshopline.com/admin/oauth/token/refresh");
    let shown = serde_json::to_string(&plan).unwrap();
    assert!(!shown.contains("fake.old") && !shown.contains("fake_app_secret"), "{shown}");
    assert!(shown.contains(r#""sign":"[redacted]""#) && shown.contains(r#""authorization":"[redacted]""#));
}

#[tokio::test]
async fn an_unknown_create_stays_unknown_though_the_token_is_refused_after_it() {
    let world = World::new(&["fake.token"]);
    world.vendor.answers.lock().unwrap().push_back((500, json!({}), None));
    let fields = CustomerInput { email: Some("mia@example.com".into()), ..CustomerInput::default() };
    let error = world.given("fake.token").create_customer(&fields).await.unwrap_err();
    assert_eq!((error.effect(), error.attempts()), (Effect::Unknown, 1));
}

#[tokio::test]
async fn lists_are_followed_by_their_cursor_alone() {
    let world = World::new(&["t"]);
    let client = world.given("t");
    world.page("customers", &["1", "2"], Some("c1"));
    world.page("customers", &[], Some("c2"));
    world.page("customers", &["3"], None);
    let query = CustomerQuery { since_id: Some("0".into()), fields: vec!["id".to_owned()], ..CustomerQuery::default() };
    let people: Vec<_> = client.customers_stream(&query).try_collect().await.unwrap();
    assert_eq!(people.iter().map(|p| p.id.as_ref().unwrap().as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    assert_eq!(
        world.log(),
        [
            "GET /v2/customers.json?since_id=0&limit=250&fields=id t",
            "GET /v2/customers.json?limit=250&fields=id&page_info=c1 t",
            "GET /v2/customers.json?limit=250&fields=id&page_info=c2 t",
        ]
    );
    // Every other list is followed in the same way.
    world.page("list", &["1"], Some("c1"));
    world.page("list", &["2"], None);
    let orders: Vec<_> =
        client.customer_orders_stream(&"1".into(), &OrderQuery::default()).try_collect().await.unwrap();
    assert_eq!(orders.len(), 2);
    assert_eq!(orders[1].id.as_ref().map(|id| id.as_str()), Some("2"));
    assert_eq!((orders[1].raw.as_str(), orders[1].raw.get("id").unwrap().as_str()), (r#"{"id":"2"}"#, r#""2""#));
    world.page("metafields", &["1"], Some("c1"));
    world.page("metafields", &["2"], None);
    let metafields: Vec<_> =
        client.metafields_stream(&"1".into(), &MetafieldQuery::default()).try_collect().await.unwrap();
    assert_eq!(metafields.len(), 2);
    world.page("customers", &["1"], Some("c1"));
    world.page("customers", &["2"], None);
    let members: Vec<_> =
        client.group_members_stream(&"G".into(), &GroupMemberQuery::default()).try_collect().await.unwrap();
    assert_eq!(members.len(), 2);
    world.page("customers", &["1"], Some("c1"));
    world.page("customers", &["2"], None);
    let words = CustomerSearchQuery { words: Some("mia".to_owned()), ..CustomerSearchQuery::default() };
    let found: Vec<_> = client.search_customers_stream(&words).try_collect().await.unwrap();
    assert_eq!(found.len(), 2);
}

#[tokio::test]
async fn a_list_that_leads_astray_ends_with_an_error() {
    // A cursor for the second time.
    for pages in [
        [("1", "c1"), ("2", "c2"), ("3", "c1")],
        [("1", "c1"), ("2", "c2"), ("1", "c3")],
        [("1", "c1"), ("1", "c2"), ("1", "c3")],
    ] {
        let world = World::new(&["t"]);
        for (id, cursor) in pages {
            world.page("customers", &[id], Some(cursor));
        }
        let client = world.given("t");
        let mut people = std::pin::pin!(client.customers_stream(&CustomerQuery::default()));
        let error = loop {
            match people.try_next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended well: {pages:?}"),
                Err(error) => break error,
            }
        };
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Decode, Some("list_customers")));
        assert!(world.log().len() <= 3);
        assert!(people.try_next().await.unwrap().is_none(), "an error ends the stream");
    }
    // Pages without an end and without an item.
    let world = World::new(&["t"]);
    for n in 0..200 {
        world.page("customers", &[], Some(Box::leak(format!("c{n}").into_boxed_str())));
    }
    let error = world.given("t").customers_stream(&CustomerQuery::default()).try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!((error.kind(), world.log().len()), (ErrorKind::Decode, 20));
}

#[test]
fn an_app_needs_its_key_and_secret() {
    for (key, secret) in [("", "s"), (" ", "s"), ("k", ""), ("a\nb", "s")] {
        assert_eq!(OAuthApp::new(key, secret).unwrap_err().kind(), ErrorKind::Config);
    }
    assert!(format!("{:?}", OAuthApp::new("k", "s3cret").unwrap()).contains("\"k\""));
}
