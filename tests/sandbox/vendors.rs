//! The sandbox as a vendor of its own time: what comes into sight later, what ends, what it sends by itself, what it holds
//! that no request wrote, and that it goes away at once.

use std::sync::Arc;
use std::time::Duration;

use customer_sink::client::ManualClock;
use customer_sink::providers::whale::webhook;
use customer_sink::providers::whale::{CustomerId, ErasureInput, ExportInput, Whale};
use customer_sink::providers::{shoplazza, shopline};
use customer_sink::sandbox::Sandbox;
use customer_sink::{Connector, Customer, CustomerSink, CustomerSinkExt, Effect, ErrorKind, Identity, Outcome};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support;

const DAY: Duration = Duration::from_secs(86_400);

/// One vendor, and a client's connector, on one clock.
async fn one(provider: &str) -> (Sandbox, Connector, Arc<ManualClock>) {
    let (connector, clock) = support::connector();
    let sandbox = Sandbox::builder().only(&[provider]).clock(clock.clone()).start().await.unwrap();
    (sandbox, connector, clock)
}

fn nora() -> Customer {
    Customer::new().external_id("c-1").email("nora@example.com").first_name("Nora")
}

#[tokio::test]
async fn yotpos_delay_and_the_end_of_its_tokens_come_by_the_clock() {
    let (sandbox, connector, clock) = one("yotpo").await;
    sandbox.set_yotpo_delay(Duration::from_secs(60));
    sandbox.set_yotpo_token_life(Duration::from_secs(3600));
    let sink = sandbox.sink("yotpo", &connector).unwrap();
    assert_eq!(sink.upsert(&nora()).await.unwrap().outcome, Outcome::Accepted);
    let who = Identity::ExternalId("c-1".into());
    clock.advance(Duration::from_secs(59));
    assert!(sink.find(&who).await.unwrap().is_none() && sandbox.customers("yotpo").is_empty());
    clock.advance(Duration::from_secs(1));
    assert!(sink.find(&who).await.unwrap().is_some());

    clock.advance(Duration::from_secs(3538));
    sink.upsert(&nora()).await.unwrap();
    assert_eq!(sandbox.count("yotpo", "POST access_tokens"), 1, "a second before its end");
    clock.advance(Duration::from_secs(2));
    assert_eq!(sink.upsert(&nora()).await.unwrap().attempts, 2, "refused, and sent again with a new token");
    assert_eq!(sandbox.count("yotpo", "POST access_tokens"), 2);
    // By hand, as before.
    sandbox.expire_yotpo_tokens();
    sandbox.advance_yotpo(Duration::from_secs(60));
    assert_eq!(sink.upsert(&nora()).await.unwrap().attempts, 2);
    assert_eq!(sandbox.customers("yotpo").len(), 1);
}

#[tokio::test]
async fn a_shopline_token_ends_by_the_clock_and_the_one_before_it_lives_five_minutes() {
    let (sandbox, connector, clock) = one("shopline").await;
    sandbox.set_shopline_token_life(Duration::from_secs(10 * 3600));
    let url = sandbox.url("shopline").unwrap();
    let app = shopline::OAuthApp::new(Sandbox::SHOPLINE_APP_KEY, Sandbox::SHOPLINE_APP_SECRET).unwrap();
    let oauth = shopline::OAuthClient::builder("open001", app).base_url(&url).connector(&connector).build().unwrap();
    let open = |token: &shopline::AccessToken| {
        let client = shopline::Shopline::builder("open001", token.token.clone()).base_url(&url);
        client.connector(&connector).build().unwrap()
    };
    let first = oauth.create_token(&Sandbox::SHOPLINE_OAUTH_CODE.into()).await.unwrap().value;
    assert_eq!(first.expires_at, Some("2026-03-01T22:00:00Z".parse().unwrap()));
    open(&first).check().await.unwrap();
    clock.advance(Duration::from_secs(3600));
    let second = oauth.refresh_token().await.unwrap().value;
    assert_eq!(second.expires_at, Some("2026-03-01T23:00:00Z".parse().unwrap()));
    clock.advance(Duration::from_secs(299));
    open(&first).check().await.unwrap();
    clock.advance(Duration::from_secs(1));
    assert_eq!(open(&first).check().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    clock.advance(Duration::from_secs(10 * 3600 - 301));
    open(&second).check().await.unwrap();
    clock.advance(Duration::from_secs(1));
    assert_eq!(open(&second).check().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    // The token of a private app has no end here.
    sandbox.sink("shopline", &connector).unwrap().check().await.unwrap();
}

#[tokio::test]
async fn a_shoplazza_token_ends_by_the_clock() {
    let (sandbox, connector, clock) = one("shoplazza").await;
    sandbox.set_shoplazza_token_life(DAY);
    let url = sandbox.url("shoplazza").unwrap();
    let app = shoplazza::OAuthApp::new(Sandbox::SHOPLAZZA_CLIENT_ID, Sandbox::SHOPLAZZA_CLIENT_SECRET).unwrap();
    let app = app.base_url(&url).connector(&connector);
    let pair = app.exchange_code("acme", &Sandbox::SHOPLAZZA_CODE.into(), "https://app.example.com/").await.unwrap();
    assert_eq!(pair.expires_at, Some("2026-03-02T12:00:00Z".parse().unwrap()));
    // Who holds the access token alone cannot renew it.
    let bare = shoplazza::Shoplazza::builder("acme", pair.access_token.clone()).base_url(&url);
    let bare = bare.connector(&connector).build().unwrap();
    clock.advance(DAY - Duration::from_secs(1));
    bare.check().await.unwrap();
    clock.advance(Duration::from_secs(1));
    assert_eq!(bare.check().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    let client = app.client("acme", pair).build().unwrap();
    client.check().await.unwrap();
    assert_eq!(sandbox.count("shoplazza", "POST admin/oauth/token"), 2);
}

#[tokio::test]
async fn what_a_vendor_holds_bears_the_time_of_the_clock() {
    let (connector, clock) = support::connector();
    let sandbox = Sandbox::builder().clock(clock.clone()).start().await.unwrap();
    for (provider, key) in [("shopline", "created_at"), ("shoplazza", "created_at"), ("whale", "created_at")] {
        let sink = sandbox.sink(provider, &connector).unwrap();
        sink.upsert(&nora()).await.unwrap();
        let created: chrono::DateTime<chrono::Utc> =
            sandbox.customers(provider)[0][key].as_str().unwrap().parse().unwrap();
        assert_eq!(created, "2026-03-01T12:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap(), "{provider}");
    }
    clock.advance(DAY);
    for provider in ["shopline", "shoplazza", "whale"] {
        sandbox.sink(provider, &connector).unwrap().upsert(&nora().last_name("Lind")).await.unwrap();
        let held = &sandbox.customers(provider)[0];
        let day = |key: &str| held[key].as_str().unwrap()[..10].to_owned();
        assert_eq!((day("created_at"), day("updated_at")), ("2026-03-01".into(), "2026-03-02".into()), "{provider}");
    }
}

/// An application's endpoint that answers with this status.
async fn endpoint(status: u16) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(status)).mount(&server).await;
    server
}

async fn add(whale: &Whale, email: &str) -> CustomerId {
    let done = whale.upsert(&Customer::new().email(email)).await.unwrap();
    CustomerId::from(done.remote_id.unwrap().into_string())
}

fn whale(sandbox: &Sandbox, connector: &Connector) -> Whale {
    let client = Whale::builder(Sandbox::WHALE_STORE_ID, Sandbox::WHALE_API_KEY);
    client.base_url(sandbox.url("whale").unwrap()).connector(connector).build().unwrap()
}

#[tokio::test]
async fn a_removal_that_ends_is_told_to_the_applications_endpoint() {
    let (sandbox, connector, clock) = one("whale").await;
    let application = endpoint(204).await;
    sandbox.set_whale_webhook_url(&format!("{}/hooks/whale", application.uri())).unwrap();
    sandbox.set_whale_removal_time(2 * DAY);
    let whale = whale(&sandbox, &connector);
    let (nora, omar) = (add(&whale, "nora@example.com").await, add(&whale, "omar@example.com").await);
    let filed = whale.request_erasure(&nora, &ErasureInput::default()).await.unwrap().value;
    assert_eq!(filed.estimated_completion.unwrap().to_rfc3339(), "2026-03-03T12:00:00+00:00");
    clock.advance(DAY);
    whale.request_export(&omar, &ExportInput::json()).await.unwrap();
    clock.advance(DAY - Duration::from_secs(1));
    sandbox.settle_whale_removals().await;
    assert!(
        application.received_requests().await.unwrap().is_empty() && whale.get_customer(&nora).await.unwrap().is_some()
    );

    clock.advance(Duration::from_secs(1));
    sandbox.settle_whale_removals().await;
    assert!(whale.get_customer(&nora).await.unwrap().is_none());
    let received = application.received_requests().await.unwrap();
    assert_eq!(received.len(), 1, "the export takes a day more");
    let webhook = &received[0];
    assert_eq!((webhook.method.as_str(), webhook.url.path()), ("POST", "/hooks/whale"));
    assert_eq!(webhook.headers["user-agent"], "WhaleTools-Webhook/1.0");
    assert_eq!(webhook.headers["content-type"], "application/json");
    let verifier = webhook::verifier(Sandbox::WHALE_WEBHOOK_SECRET).unwrap();
    let event = webhook::delivery(&verifier, &webhook.headers, &webhook.body).unwrap();
    assert!(event.is_removal_completed() && event.delivery_id.is_some());
    assert_eq!(event.sent_at.unwrap().to_rfc3339(), "2026-03-03T12:00:00+00:00");
    assert_eq!((event.customer_id(), event.removal_request().unwrap().id), (Some(nora), filed.id));
    let other = webhook::verifier("whsec_other").unwrap();
    assert!(webhook::delivery(&other, &webhook.headers, &webhook.body).is_err());

    // By hand, as before; and told to the endpoint as well.
    assert_eq!(sandbox.complete_whale_removals().len(), 1);
    sandbox.settle_whale_removals().await;
    let received = application.received_requests().await.unwrap();
    let event = webhook::delivery(&verifier, &received[1].headers, &received[1].body).unwrap();
    assert_eq!((received.len(), event.customer_id()), (2, Some(omar)));
    assert!(event.download_url().is_some());
    let told: Vec<_> = sandbox.whale_deliveries();
    assert_eq!(told.iter().map(|delivery| delivery.status).collect::<Vec<_>>(), [Some(204), Some(204)]);
    assert!(!format!("{told:?}").contains("cust_"));
}

#[tokio::test]
async fn a_removal_ends_by_itself_when_its_time_has_come() {
    let (sandbox, connector, clock) = one("whale").await;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let application = MockServer::start().await;
    let answer = move |request: &wiremock::Request| {
        tell.send(request.body.clone()).unwrap();
        ResponseTemplate::new(500)
    };
    Mock::given(any()).respond_with(answer).mount(&application).await;
    sandbox.set_whale_webhook_url(&application.uri()).unwrap();
    let whale = whale(&sandbox, &connector);
    let nora = add(&whale, "nora@example.com").await;
    whale.request_erasure(&nora, &ErasureInput::default()).await.unwrap();
    sandbox.set_whale_removal_time(DAY);
    clock.advance(DAY);
    // Nobody asks the sandbox for anything. The limit is there to fail rather than hang.
    let body = tokio::time::timeout(Duration::from_secs(60), told.recv()).await.expect("a webhook").unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["data"]["customer_id"], nora.as_str());
    sandbox.settle_whale_removals().await;
    assert_eq!(sandbox.whale_deliveries()[0].status, Some(500), "a refusal is not repeated");
}

#[tokio::test]
async fn webhooks_go_nowhere_but_to_this_machine() {
    let (sandbox, connector, _) = one("whale").await;
    for url in ["https://127.0.0.1/", "http://example.com/", "http://127.0.0.1.example.com/", "http://10.0.0.1/", "x"] {
        let error = sandbox.set_whale_webhook_url(url).unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Config, Effect::NotSent), "{url}");
        assert!(!format!("{error:?} {error}").contains("10.0.0.1"));
    }
    for url in ["http://127.0.0.1:1/x", "http://[::1]:1/", "http://localhost:1/"] {
        sandbox.set_whale_webhook_url(url).unwrap();
    }
    // Nobody listens there.
    sandbox.set_whale_webhook_url("http://127.0.0.1:1/x").unwrap();
    let whale = whale(&sandbox, &connector);
    let nora = add(&whale, "nora@example.com").await;
    whale.request_erasure(&nora, &ErasureInput::default()).await.unwrap();
    assert_eq!(sandbox.complete_whale_removals().len(), 1);
    sandbox.settle_whale_removals().await;
    assert_eq!(sandbox.whale_deliveries()[0].status, None);
}

/// A record of each vendor with what no request can write.
fn stored() -> [(&'static str, Value); 5] {
    [
        (
            "triple_whale",
            json!({"shop": Sandbox::TRIPLE_WHALE_SHOP, "customer_id": "c-1", "platform": "shopify", "email_address":
                "Nora@example.com", "platform_account_id": "1", "first_name": "Nora", "unknown_key": [1, null]}),
        ),
        (
            "shopline",
            json!({"id": "4201999999", "email": "Nora@example.com", "first_name": "Nora", "gender": "female",
                "orders_count": 3, "total_spent": "120.50", "state": 2, "nick_name": "Nora", "currency": "TWD",
                "created_at": "2024-02-03T10:00:00+08:00", "updated_at": "2024-02-03T10:00:00+08:00", "tags": "vip",
                "email_marketing_consent": {"state": 0}, "accepts_marketing": false, "email_subscribe_flag": 0,
                "unknown_key": [1, null]}),
        ),
        (
            "shoplazza",
            json!({"id": "customer-of-old", "email": "Nora@example.com", "first_name": "Nora", "name": "Nora",
                "orders_count": 3, "total_spent": "120.50", "source": "import", "tags": "vip, a", "free_tax": true,
                "created_at": "2024-02-03T10:00:00+08:00", "updated_at": "2024-02-03T10:00:00Z",
                "accepts_marketing": false, "subscribed_flag": 2, "unknown_key": [1, null]}),
        ),
        (
            "yotpo",
            json!({"external_id": "c-1", "email": "Nora@example.com", "first_name": "Nora", "yotpo_loyalty":
                {"points": 5}, "account_created_at": "2024-02-03T10:00:00", "accepts_email_marketing": false,
                "unknown_key": [1, null]}),
        ),
        (
            "whale",
            json!({"id": "cust_00000001", "email": "Nora@example.com", "first_name": "Nora", "total_orders": 3,
                "total_spent": 120.50, "last_order_at": "2024-02-03T10:00:00.000Z", "tags": ["vip"],
                "created_at": "2024-02-03T10:00:00.000Z", "unknown_key": [1, null]}),
        ),
    ]
}

#[tokio::test]
async fn a_vendors_own_record_is_held_as_it_is_and_found_and_changed() {
    let (connector, clock) = support::connector();
    let sandbox = Sandbox::builder().clock(clock).start().await.unwrap();
    for (provider, record) in stored() {
        sandbox.seed_records(provider, std::slice::from_ref(&record)).unwrap();
        assert_eq!(sandbox.count(provider, "*"), 0);
        let held = sandbox.customers(provider);
        assert_eq!(held.len(), 1);
        for (key, value) in record.as_object().unwrap() {
            assert_eq!(&held[0][key], value, "{provider}: {key}");
        }
        assert_eq!(sandbox.people(provider)[0].first_name.as_deref(), Some("Nora"), "{provider}");
        // The same record once more takes its own place.
        sandbox.seed_records(provider, std::slice::from_ref(&record)).unwrap();
        assert_eq!(sandbox.customers(provider), held, "{provider}");
        // To Triple Whale it is another platform's customer.
        if provider == "triple_whale" {
            continue;
        }
        let sink = sandbox.sink(provider, &connector).unwrap();
        let done = sink.upsert(&nora().last_name("Lind")).await.unwrap();
        assert!(matches!(done.outcome, Outcome::Updated | Outcome::Accepted), "{provider}: {:?}", done.outcome);
        let held = sandbox.customers(provider);
        assert_eq!((held.len(), &held[0]["last_name"]), (1, &json!("Lind")), "{provider}");
        for key in ["orders_count", "total_spent", "total_orders", "yotpo_loyalty", "unknown_key"] {
            if let Some(value) = record.get(key) {
                assert_eq!(&held[0][key], value, "{provider}: {key} after an update");
            }
        }
        // Somebody new gets an id of their own, where the record has one.
        let omar = Customer::new().external_id("c-2").email("omar@example.com");
        sink.upsert(&omar).await.unwrap();
        assert_eq!(sandbox.customers(provider).len(), 2, "{provider}");
        assert!(sandbox.duplicates(provider).is_empty(), "{provider}");
    }
    let error = sandbox.seed_records("whale", &[json!({"email": "pia@example.com"}), json!([])]).unwrap_err();
    assert_eq!((error.kind(), sandbox.customers("whale").len()), (ErrorKind::Config, 2));
    assert!(sandbox.seed_records("acme", &[]).is_err());
}

#[tokio::test]
async fn who_has_bought_is_not_deleted_at_shopline() {
    let (sandbox, connector, _) = one("shopline").await;
    let sink = sandbox.sink("shopline", &connector).unwrap();
    let bought = json!({"email": "nora@example.com", "total_spent": "0.50"});
    sandbox.seed_records("shopline", &[bought, json!({"email": "omar@example.com", "total_spent": "0.00"})]).unwrap();
    let error = sink.erase(&Identity::Email("nora@example.com".into())).await.unwrap_err();
    assert_eq!((error.status(), error.effect()), (Some(422), Effect::Rejected));
    sink.erase(&Identity::Email("omar@example.com".into())).await.unwrap();
    assert_eq!(sandbox.customers("shopline").len(), 1);
}

/// The stand-ins' own `Drop` waits for a lock of tokio, which gives nothing to a task that has used up its turn.
#[tokio::test]
async fn many_sandboxes_go_away_within_one_turn_of_a_task() {
    let mut sandboxes = Vec::new();
    for _ in 0..60 {
        sandboxes.push(Sandbox::only(&["whale"]).await.unwrap());
    }
    let urls: Vec<String> = sandboxes.iter().map(|sandbox| sandbox.url("whale").unwrap()).collect();
    futures::future::poll_fn(|context| {
        // Work without a pause, until the turn is used up.
        loop {
            let work = std::pin::pin!(tokio::task::coop::consume_budget());
            if work.poll(context).is_pending() {
                break;
            }
        }
        assert!(!tokio::task::coop::has_budget_remaining());
        sandboxes.clear();
        std::task::Poll::Ready(())
    })
    .await;
    for url in urls {
        assert!(std::net::TcpStream::connect(url.strip_prefix("http://").unwrap()).is_err(), "{url} is closed");
    }
}
