//! Shoplazza: an app's way from the authorisation to a client that renews its tokens by itself.

use std::sync::{Arc, Mutex};

use customer_sink::client::{Limit, ManualClock};
use customer_sink::plan::StepCondition;
use customer_sink::providers::shoplazza::{ApiVersion, OAuthApp, SCOPES, Shoplazza, TokenPair};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Connector, Customer, CustomerSink, CustomerSinkExt, Effect, ErrorKind, HttpRequest, HttpResponse, Outcome,
    ReqwestTransport, Transport, TransportError, TransportErrorKind, UpsertOptions,
};

use crate::support;

const REDIRECT: &str = "https://app.example.com/auth/callback?from=shop";

fn app(url: &str, connector: &Connector) -> OAuthApp {
    let app = OAuthApp::new(Sandbox::SHOPLAZZA_CLIENT_ID, Sandbox::SHOPLAZZA_CLIENT_SECRET).unwrap();
    app.base_url(url).connector(connector)
}

fn ann() -> Customer {
    Customer::new().email("ann@example.com").first_name("Ann")
}

#[test]
fn the_merchant_is_sent_to_the_shop() {
    let app = OAuthApp::new("fake app", "fake-secret").unwrap();
    let url = app.authorize_url("acme", SCOPES, REDIRECT, "s&1").unwrap();
    assert_eq!(
        url,
        "https://acme.myshoplaza.com/admin/oauth/authorize?client_id=fake+app&scope=read_customer+write_customer\
         &redirect_uri=https%3A%2F%2Fapp.example.com%2Fauth%2Fcallback%3Ffrom%3Dshop&response_type=code&state=s%261"
    );
    assert!(!format!("{app:?}").contains("fake-secret"));
    for (shop, scopes, redirect, state, option) in [
        ("acme/x", SCOPES, REDIRECT, "s", "shop"),
        ("acme", ["", ""], REDIRECT, "s", "scopes"),
        ("acme", SCOPES, " ", "s", "redirect_uri"),
        ("acme", SCOPES, REDIRECT, "", "state"),
    ] {
        let error = app.authorize_url(shop, scopes, redirect, state).unwrap_err();
        assert_eq!((error.kind(), error.field_errors()[0].field()), (ErrorKind::Config, option));
    }
    assert_eq!(OAuthApp::new("", "fake").unwrap_err().field_errors()[0].field(), "client_id");
    assert_eq!(OAuthApp::new("fake", " ").unwrap_err().field_errors()[0].field(), "client_secret");
}

/// Signed by hand with the made-up secret `fake-secret`.
#[test]
fn a_callback_is_checked() {
    let app = OAuthApp::new("fake-app", "fake-secret").unwrap();
    let query = "code=fake-code&hmac=HMAC&shop=acme.myshoplaza.com&state=s-1".replace("HMAC", CALLBACK_HMAC);
    let callback = app.verify_callback(&query, "s-1").unwrap();
    assert_eq!((callback.shop(), callback.code().unwrap().expose()), ("acme.myshoplaza.com", "fake-code"));
    assert_eq!(app.verify_callback(&query, "s-2").unwrap_err().kind(), ErrorKind::Unauthenticated);
    let forged = query.replace("acme.", "evil.");
    let error = app.verify_callback(&forged, "s-1").unwrap_err();
    assert_eq!(
        (error.kind(), error.effect(), error.operation()),
        (ErrorKind::Unauthenticated, Effect::NotSent, Some("verify_callback"))
    );
    assert!(app.verify(&query).unwrap().get("state").is_some());
}

const CALLBACK_HMAC: &str = "28ff128d0aee68e5f8330ae7aee82b0061926e19f9d6db13f4c9e6ce816c04eb";

#[tokio::test]
async fn a_code_becomes_a_client_that_renews_its_tokens() {
    for version in [ApiVersion::V2022_01, ApiVersion::V2026_07] {
        let sandbox = Sandbox::start().await.unwrap();
        let (connector, clock) = support::connector();
        let app = app(&sandbox.url("shoplazza").unwrap(), &connector);
        let first = app.exchange_code("acme", &Sandbox::SHOPLAZZA_CODE.into(), REDIRECT).await.unwrap();
        let used = app.exchange_code("acme", &Sandbox::SHOPLAZZA_CODE.into(), REDIRECT).await.unwrap_err();
        assert_eq!((used.kind(), used.effect()), (ErrorKind::Unauthenticated, Effect::Rejected));

        let told = Arc::new(Mutex::new(Vec::<TokenPair>::new()));
        let telling = Arc::clone(&told);
        let client = app.client("acme", first.clone()).api_version(version);
        let client = client.on_new_tokens(move |pair| telling.lock().unwrap().push(pair.clone())).build().unwrap();
        client.check().await.unwrap();
        assert_eq!(client.upsert(&ann()).await.unwrap().outcome, Outcome::Created);
        assert!(told.lock().unwrap().is_empty());

        // The stand-in ends the first pair; a client that still holds it is refused, renews and goes on.
        let old = app.client("acme", first).api_version(version).build().unwrap();
        client.refresh_tokens().await.unwrap();
        assert_eq!(told.lock().unwrap().len(), 1);
        assert_eq!(old.upsert(&ann()).await.unwrap_err().operation(), Some("refresh_access_token"));
        let done = client.upsert(&ann().last_name("Li")).await.unwrap();
        assert_eq!((done.outcome, done.attempts), (Outcome::Updated, 2));

        // Long after the pair has ended, the next one is fetched before the call.
        clock.advance(std::time::Duration::from_secs(2 * 365 * 86_400));
        client.count_customers().await.unwrap();
        assert_eq!(told.lock().unwrap().len(), 2);
        let (kept, last) = (client.tokens().unwrap(), told.lock().unwrap().last().cloned().unwrap());
        assert_eq!(kept.refresh_token.expose(), last.refresh_token.expose());
        let shown = format!("{client:?}{kept:?}{:?}", app.client("acme", kept.clone()));
        assert!(!shown.contains("fake-shoplazza"), "{shown}");
    }
}

#[tokio::test]
async fn a_token_that_stays_is_not_renewed() {
    let sandbox = Sandbox::start().await.unwrap();
    let (connector, _) = support::connector();
    let client = Shoplazza::builder("acme", "fake-wrong").base_url(sandbox.url("shoplazza").unwrap());
    let client = client.connector(&connector).build().unwrap();
    assert!(client.tokens().is_none());
    assert_eq!(client.refresh_tokens().await.unwrap_err().kind(), ErrorKind::Unsupported);
    let error = client.upsert(&ann()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unauthenticated, 1));
}

/// Refuses every token but the newest, lets many be refused at once, and counts.
#[derive(Debug)]
struct Door {
    tokens: Mutex<u32>,
    /// What becomes of the first token call.
    first: Mutex<Option<Result<HttpResponse, TransportErrorKind>>>,
}

#[async_trait::async_trait]
impl Transport for Door {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        tokio::task::yield_now().await;
        if request.url.path() == "/admin/oauth/token" {
            let first = self.first.lock().unwrap().take();
            match first {
                Some(Ok(response)) => return Ok(response),
                Some(Err(kind)) => return Err(TransportError::new(kind, "scripted")),
                None => {}
            }
            let mut tokens = self.tokens.lock().unwrap();
            let asked = String::from_utf8(request.body.to_vec()).unwrap();
            if !asked.ends_with(&format!("refresh_token=fake-refresh-{tokens}")) {
                return Ok(HttpResponse::new(http::StatusCode::BAD_REQUEST, r#"{"error":"invalid_grant"}"#));
            }
            *tokens += 1;
            let body = format!(r#"{{"access_token":"fake-access-{tokens}","refresh_token":"fake-refresh-{tokens}"}}"#);
            return Ok(HttpResponse::new(http::StatusCode::OK, body));
        }
        let given = request.headers["access-token"].to_str().unwrap().to_owned();
        // The pair that the test began with is over.
        let tokens = *self.tokens.lock().unwrap();
        if tokens == 0 || given != format!("fake-access-{tokens}") {
            return Ok(HttpResponse::new(http::StatusCode::BAD_REQUEST, "Unauthorized"));
        }
        Ok(HttpResponse::new(http::StatusCode::OK, r#"{"count":4}"#))
    }
}

fn behind(door: &Arc<Door>) -> (Shoplazza, Arc<Mutex<u32>>) {
    let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
    let connector = Connector::for_tests(Arc::clone(door) as _, clock);
    let app = OAuthApp::new("fake-app", "fake-secret").unwrap().connector(&connector).rate_limit(Limit::Unlimited);
    let told = Arc::new(Mutex::new(0));
    let telling = Arc::clone(&told);
    let client = app.client("acme", TokenPair::new("fake-access-0", "fake-refresh-0"));
    (client.on_new_tokens(move |_| *telling.lock().unwrap() += 1).build().unwrap(), told)
}

#[tokio::test]
async fn many_refused_at_once_renew_once() {
    let door = Arc::new(Door { tokens: Mutex::new(0), first: Mutex::new(None) });
    let (client, told) = behind(&door);
    let calls = (0..50).map(|_| {
        let client = client.clone();
        async move { client.count_customers().await }
    });
    for counted in futures::future::join_all(calls).await {
        assert_eq!(counted.unwrap().value, 4);
    }
    assert_eq!((*door.tokens.lock().unwrap(), *told.lock().unwrap()), (1, 1));
}

#[tokio::test]
async fn a_refused_refresh_reaches_all_who_wait_and_is_asked_once() {
    let refused = HttpResponse::new(http::StatusCode::BAD_REQUEST, r#"{"error":"invalid_grant"}"#);
    let door = Arc::new(Door { tokens: Mutex::new(0), first: Mutex::new(Some(Ok(refused))) });
    let (client, told) = behind(&door);
    let (a, b) = tokio::join!(client.count_customers(), client.count_customers());
    for error in [a.unwrap_err(), b.unwrap_err()] {
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Unauthenticated, Some("refresh_access_token")));
        assert!(error.hint().unwrap().contains("merchant"));
    }
    assert_eq!((*door.tokens.lock().unwrap(), *told.lock().unwrap()), (0, 0));
    // It was the vendor's mood: the pair is kept and asked with again.
    assert_eq!(client.count_customers().await.unwrap().value, 4);
}

#[tokio::test]
async fn a_lost_refresh_is_sent_again() {
    let door = Arc::new(Door { tokens: Mutex::new(0), first: Mutex::new(Some(Err(TransportErrorKind::Interrupted))) });
    let (client, told) = behind(&door);
    assert_eq!(client.count_customers().await.unwrap().value, 4);
    assert_eq!((*door.tokens.lock().unwrap(), *told.lock().unwrap()), (1, 1));
}

/// Hands out tokens, and refuses them all; each refusal takes its time.
#[derive(Debug)]
struct Closed {
    clock: Arc<ManualClock>,
    slowness: std::time::Duration,
    token_calls: Mutex<u32>,
}

#[async_trait::async_trait]
impl Transport for Closed {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        if request.url.path() == "/admin/oauth/token" {
            *self.token_calls.lock().unwrap() += 1;
            let body = r#"{"access_token":"fake-access","refresh_token":"fake-refresh"}"#;
            return Ok(HttpResponse::new(http::StatusCode::OK, body));
        }
        self.clock.advance(self.slowness);
        Ok(HttpResponse::new(http::StatusCode::BAD_REQUEST, r#"{"error":"store is not active"}"#))
    }
}

#[tokio::test]
async fn a_shop_that_refuses_every_token_uses_up_few() {
    // At most one a call, though the new one is no longer fresh; and at most one a minute.
    for (slowness, calls, most) in [(61, 1, 1), (0, 20, 1), (10, 13, 3)] {
        let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
        let slowness = std::time::Duration::from_secs(slowness);
        let closed = Arc::new(Closed { clock: Arc::clone(&clock), slowness, token_calls: Mutex::new(0) });
        let connector = Connector::for_tests(Arc::clone(&closed) as _, clock);
        let app = OAuthApp::new("fake-app", "fake-secret").unwrap().connector(&connector);
        let client = app.client("acme", TokenPair::new("fake-access-0", "fake-refresh-0")).build().unwrap();
        for _ in 0..calls {
            let error = client.count_customers().await.unwrap_err();
            assert_eq!((error.kind(), error.operation()), (ErrorKind::Unauthenticated, Some("count_customers")));
        }
        let asked = *closed.token_calls.lock().unwrap();
        assert!((1..=most).contains(&asked), "{asked} token calls in {calls} calls");
    }
}

#[test]
fn the_plan_shows_the_renewal_without_its_secrets() {
    let app = OAuthApp::new("fake-app", "PLANTEDSECRET").unwrap();
    let client = app.client("acme", TokenPair::new("PLANTEDSECRET-a", "PLANTEDSECRET-r")).build().unwrap();
    let plan = client.plan(&ann(), &UpsertOptions::default()).unwrap();
    let step = &plan.steps()[0];
    assert_eq!((step.when(), step.operation()), (StepCondition::IfNoToken, "refresh_access_token"));
    assert_eq!(step.url(), "https://acme.myshoplaza.com/admin/oauth/token");
    let body = std::str::from_utf8(step.body().unwrap()).unwrap();
    let shown = "client_id=fake-app&client_secret=[redacted]&grant_type=refresh_token&refresh_token=[redacted]";
    assert_eq!(body, shown);
    let all = format!("{}{plan:?}{client:?}{app:?}", serde_json::to_string(&plan).unwrap());
    assert!(!all.contains("PLANTEDSECRET"));
    let error = app.client("acme", TokenPair::new(" ", "r")).build().unwrap_err();
    assert_eq!((error.kind(), error.field_errors()[0].field()), (ErrorKind::Config, "credential"));
    let fixed = Shoplazza::builder("acme", "fake-token").build().unwrap();
    assert_eq!(fixed.plan(&ann(), &UpsertOptions::default()).unwrap().steps()[0].operation(), "find_customer");
}

/// The real transport follows no redirect, so that neither the secret nor the refresh token goes to another host.
#[tokio::test]
async fn a_redirect_of_the_token_route_is_not_followed() {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};
    let (here, there) = (MockServer::start().await, MockServer::start().await);
    let redirect = ResponseTemplate::new(307).insert_header("location", there.uri().as_str());
    Mock::given(any()).respond_with(redirect).mount(&here).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&there).await;
    let connector = Connector::with_transport(ReqwestTransport::new().unwrap());
    let error = app(&here.uri(), &connector).exchange_code("acme", &"fake-code".into(), REDIRECT).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Redirected, Effect::Rejected));
    assert!(there.received_requests().await.unwrap().is_empty());
}
