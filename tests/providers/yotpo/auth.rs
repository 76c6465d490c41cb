//! Yotpo's access tokens: minted once for all clients of a store and secret, renewed once, and for nobody else.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::world::{When, World, answer, is_mint, mira, token, world};
use customer_sink::providers::yotpo::Yotpo;
use customer_sink::sandbox::Sandbox;
use customer_sink::{Connector, Customer, CustomerSink, CustomerSinkExt, Effect, ErrorKind, ReqwestTransport};
use futures::future::join_all;

use crate::support;

/// So many clients of the sandbox's store, each built by itself.
fn clients(world: &World, count: usize) -> Vec<Yotpo> {
    (0..count).map(|_| world.sink()).collect()
}

/// One person to each client, at the same time.
async fn all_at_once(clients: &[Yotpo]) -> Vec<Result<customer_sink::Upserted, customer_sink::Error>> {
    let people: Vec<_> = (0..clients.len()).map(|n| Customer::new().external_id(format!("c{n}"))).collect();
    join_all(clients.iter().zip(&people).map(|(client, person)| client.upsert(person))).await
}

// ---- one client and its clones ----

#[tokio::test]
async fn many_at_once_mint_one_token() {
    let world = world(|_, _| None).await;
    let sink = world.sink();
    let customers: Vec<_> = (0..20).map(|n| Customer::new().external_id(format!("c{n}"))).collect();
    let done = join_all(customers.iter().map(|c| sink.upsert(c))).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!((world.wire.mints(), world.rows().len()), (1, 20));
}

#[tokio::test]
async fn many_refused_at_once_mint_one_more() {
    let world = world(|request, _| (token(request) == "fake-token-1").then(|| answer(401, ""))).await;
    let sink = world.sink();
    let customers: Vec<_> = (0..20).map(|n| Customer::new().external_id(format!("c{n}"))).collect();
    let done = join_all(customers.iter().map(|c| sink.upsert(c))).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!((world.wire.mints(), world.rows().len()), (2, 20));
}

#[tokio::test]
async fn a_failed_mint_is_everybodys() {
    let world = world(|request, _| is_mint(request).then(|| answer(500, ""))).await;
    let sink = world.sink();
    let customers: Vec<_> = (0..20).map(|n| Customer::new().external_id(format!("c{n}"))).collect();
    let done = join_all(customers.iter().map(|c| sink.upsert(c))).await;
    for error in done.into_iter().map(Result::unwrap_err) {
        assert_eq!(error.operation(), Some("create_access_token"));
        assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Unavailable, Effect::NotSent, 0));
        assert!(error.is_retryable());
    }
    assert_eq!((world.wire.mints(), world.wire.patches()), (4, 0));
    // Who comes later tries anew.
    sink.upsert(&mira()).await.unwrap_err();
    assert_eq!(world.wire.mints(), 8);
}

#[tokio::test]
async fn a_dropped_mint_leaves_the_turn_to_the_next() {
    let world = world(|_, index| (index == 0).then_some(When::Lost)).await;
    let sink = world.sink();
    let person = mira();
    let (first, second) = (sink.upsert(&person), sink.upsert(&person));
    let mut first = Box::pin(first);
    // The first is on its way to a token when it is dropped.
    assert!(futures::poll!(&mut first).is_pending());
    let both = futures::future::join(second, async { drop(first) }).await;
    both.0.unwrap();
    assert_eq!((world.wire.mints(), world.rows().len()), (2, 1));
}

#[tokio::test]
async fn a_lasting_403_does_not_mint_for_every_record() {
    let world = world(|request, _| (!is_mint(request)).then(|| answer(403, ""))).await;
    let sink = world.sink();
    for _ in 0..5 {
        let error = sink.upsert(&mira()).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Forbidden, Effect::Rejected));
    }
    assert_eq!((world.wire.mints(), world.wire.patches()), (2, 6));
    world.clock.advance(Duration::from_secs(61));
    sink.upsert(&mira()).await.unwrap_err();
    assert_eq!(world.wire.mints(), 3);
}

// ---- clients that were built by themselves ----

#[tokio::test]
async fn clients_of_one_store_that_start_together_mint_once() {
    let world = world(|_, _| None).await;
    let done = all_at_once(&clients(&world, 20)).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!((world.wire.mints(), world.wire.patches(), world.rows().len()), (1, 20, 20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_end_in_the_middle_of_a_run_are_renewed_once_for_all() {
    let world = world(|_, _| None).await;
    let clients = clients(&world, 12);
    for round in 1..=4 {
        let tasks = clients.iter().cloned().enumerate().map(|(n, client)| {
            tokio::spawn(async move {
                let person = Customer::new().external_id(format!("r{round}-c{n}"));
                client.upsert(&person).await.map(drop)
            })
        });
        for done in join_all(tasks).await {
            done.unwrap().unwrap();
        }
        assert_eq!((world.wire.mints(), world.rows().len()), (round, round * 12));
        world.sandbox.expire_yotpo_tokens();
    }
}

#[tokio::test]
async fn what_one_renews_the_other_has() {
    let world = world(|_, _| None).await;
    let (one, other) = (world.sink(), world.sink());
    one.upsert(&mira()).await.unwrap();
    world.sandbox.expire_yotpo_tokens();
    assert_eq!(one.upsert(&mira()).await.unwrap().attempts, 2);
    assert_eq!(other.upsert(&mira()).await.unwrap().attempts, 1);
    // Asked for without need, too.
    one.check().await.unwrap();
    other.upsert(&mira()).await.unwrap();
    let seen = world.wire.seen.lock().unwrap();
    assert_eq!(seen.last().unwrap().1.as_deref(), Some("fake-token-3"));
    assert_eq!(world.wire.mints(), 3);
}

#[tokio::test]
async fn a_token_that_others_hold_is_not_minted_by_a_late_client() {
    let world = world(|_, _| None).await;
    let first = world.sink();
    first.upsert(&mira()).await.unwrap();
    for _ in 0..5 {
        world.sink().upsert(&mira()).await.unwrap();
    }
    assert_eq!((world.wire.mints(), world.wire.patches()), (1, 6));
}

#[tokio::test]
async fn a_failed_mint_is_that_of_all_clients_who_waited() {
    let world = world(|request, _| is_mint(request).then(|| answer(500, ""))).await;
    for error in all_at_once(&clients(&world, 20)).await.into_iter().map(Result::unwrap_err) {
        assert_eq!(error.operation(), Some("create_access_token"));
        assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Unavailable, Effect::NotSent, 0));
    }
    assert_eq!((world.wire.mints(), world.wire.patches()), (4, 0));
}

#[tokio::test]
async fn a_client_that_is_dropped_while_it_mints_leaves_the_turn_to_another() {
    let world = world(|_, index| (index == 0).then_some(When::Lost)).await;
    let (one, other) = (world.sink(), world.sink());
    let person = mira();
    let mut first = Box::pin(async move { one.upsert(&mira()).await });
    assert!(futures::poll!(&mut first).is_pending());
    // The client goes with the call that it owns.
    let both = futures::future::join(other.upsert(&person), async { drop(first) }).await;
    both.0.unwrap();
    assert_eq!((world.wire.mints(), world.rows().len()), (2, 1));
}

#[tokio::test]
async fn a_lasting_403_does_not_mint_for_every_client() {
    let world = world(|request, _| (!is_mint(request)).then(|| answer(403, ""))).await;
    for client in clients(&world, 5) {
        let kept = world.sink();
        assert_eq!(client.upsert(&mira()).await.unwrap_err().kind(), ErrorKind::Forbidden);
        assert_eq!(kept.upsert(&mira()).await.unwrap_err().kind(), ErrorKind::Forbidden);
    }
    assert_eq!(world.wire.mints(), 2);
    let client = world.sink();
    client.upsert(&mira()).await.unwrap_err();
    assert_eq!(world.wire.mints(), 4, "the token went with the last client");
    world.clock.advance(Duration::from_secs(61));
    client.upsert(&mira()).await.unwrap_err();
    assert_eq!(world.wire.mints(), 5);
}

#[tokio::test]
async fn a_token_goes_with_the_last_client() {
    let world = world(|_, _| None).await;
    let one = world.sink();
    let clone = one.clone();
    one.upsert(&mira()).await.unwrap();
    drop(one);
    world.sink().upsert(&mira()).await.unwrap();
    assert_eq!(world.wire.mints(), 1, "the clone keeps it");
    drop(clone);
    world.sink().upsert(&mira()).await.unwrap();
    assert_eq!(world.wire.mints(), 2);
}

// ---- who has no part in a token ----

#[tokio::test]
async fn another_secret_has_no_part_in_a_token() {
    let world = world(|_, _| None).await;
    let good = world.sink();
    good.upsert(&mira()).await.unwrap();
    for secret in ["fake-wrong", "fake-yotpo-secre", "fake-yotpo-secret ", "Fake-yotpo-secret"] {
        let wrong = world.of(Yotpo::builder(Sandbox::YOTPO_STORE_ID, secret));
        let error = wrong.upsert(&mira()).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Unauthenticated, Effect::NotSent));
        assert_eq!(error.operation(), Some("create_access_token"));
    }
    let store = world.of(Yotpo::builder("another-store", Sandbox::YOTPO_SECRET));
    assert_eq!(store.upsert(&mira()).await.unwrap_err().operation(), Some("create_access_token"));
    assert_eq!((world.wire.mints(), world.wire.patches()), (6, 1));
    // The failures of others are not those of the good one.
    good.upsert(&mira()).await.unwrap();
    assert_eq!(world.wire.mints(), 6);
}

#[tokio::test]
async fn a_token_goes_to_no_other_host_path_or_store() {
    // Each place mints a token of its own name, and takes every token.
    let place = |request: &customer_sink::HttpRequest| {
        let path = request.url.path().rsplit_once('/').unwrap().0.replace('/', ".");
        format!("{}.{}{path}", request.url.host_str().unwrap(), request.url.port_or_known_default().unwrap())
    };
    let sent = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&sent);
    let world = world(move |request, _| {
        if is_mint(request) {
            return Some(answer(200, format!(r#"{{"access_token":"{}"}}"#, place(request))));
        }
        kept.lock().unwrap().push((place(request), token(request).to_owned()));
        Some(answer(200, "{}"))
    })
    .await;
    let open = |store: &str, base: &str| {
        let builder = Yotpo::builder(store, "fake-one-secret-for-all").base_url(base).connector(&world.connector);
        builder.build().unwrap()
    };
    let places = [
        ("a", "https://one.example.com/"),
        ("a", "https://two.example.com/"),
        ("a", "https://one.example.com:8443/"),
        ("a", "https://one.example.com/eu/"),
        ("a", "http://127.0.0.1/"),
        ("b", "https://one.example.com/"),
    ];
    let clients: Vec<_> = places.iter().map(|(store, base)| open(store, base)).collect();
    assert!(all_at_once(&clients).await.iter().all(Result::is_ok));
    assert_eq!(world.wire.mints(), places.len());
    // Written otherwise it is the same place.
    for base in ["https://one.example.com", "https://ONE.example.com:443/"] {
        open("a", base).upsert(&mira()).await.unwrap();
    }
    assert_eq!(world.wire.mints(), places.len());
    let sent = sent.lock().unwrap();
    assert_eq!(sent.len(), places.len() + 2);
    for (place, token) in &*sent {
        assert_eq!(place, token);
    }
}

#[tokio::test]
async fn connectors_of_ones_own_keep_their_tokens() {
    let sandbox = Sandbox::only(&["yotpo"]).await.unwrap();
    let open = |connector: Connector| {
        let builder = Yotpo::builder(Sandbox::YOTPO_STORE_ID, Sandbox::YOTPO_SECRET).connector(&connector);
        builder.base_url(sandbox.url("yotpo").unwrap()).build().unwrap()
    };
    let mints = || sandbox.requests_by_kind("yotpo").into_iter().filter(|(kind, _)| kind.contains("access_tokens"));
    let mints = || mints().map(|(_, count)| count).sum::<usize>();
    // With the default transport all are one.
    let clients: Vec<_> = (0..3).map(|_| open(Connector::new().unwrap())).collect();
    assert!(all_at_once(&clients).await.iter().all(Result::is_ok));
    assert_eq!(mints(), 1);
    // Another transport may lead elsewhere.
    let own = Connector::with_transport(ReqwestTransport::new().unwrap());
    let clients = [open(own.clone()), open(own)];
    assert!(all_at_once(&clients).await.iter().all(Result::is_ok));
    assert_eq!(mints(), 2);
    let (first, second) = (support::connector().0, support::connector().0);
    let clients = [open(first), open(second)];
    assert!(all_at_once(&clients).await.iter().all(Result::is_ok));
    assert_eq!(mints(), 4);
}

// ---- tokens that were given ----

#[tokio::test]
async fn a_given_token_is_that_of_its_client_alone() {
    let world = world(|request, _| (token(request) == "fake-given").then(|| answer(200, "{}"))).await;
    let with = || Yotpo::builder(Sandbox::YOTPO_STORE_ID, Sandbox::YOTPO_SECRET);
    let (given, minting) = (world.of(with().token("fake-given")), world.sink());
    given.upsert(&mira()).await.unwrap();
    assert_eq!(world.wire.mints(), 0);
    minting.upsert(&mira()).await.unwrap();
    given.clone().upsert(&mira()).await.unwrap();
    let tokens: Vec<_> = world.wire.seen.lock().unwrap().iter().filter_map(|(_, token)| token.clone()).collect();
    assert_eq!(tokens, ["fake-given", "fake-token-1", "fake-given"]);
    // Another one is given its own, and so is a client without a secret.
    let other = world.of(with().token("fake-token-1"));
    let bare = world.of(Yotpo::with_token(Sandbox::YOTPO_STORE_ID, "fake-token-1"));
    other.upsert(&mira()).await.unwrap();
    bare.upsert(&mira()).await.unwrap();
    assert_eq!(world.wire.mints(), 1);
}

#[tokio::test]
async fn a_refused_given_token_gives_way_to_the_one_at_hand() {
    let world = world(|_, _| None).await;
    let stale = || world.of(Yotpo::builder(Sandbox::YOTPO_STORE_ID, Sandbox::YOTPO_SECRET).token("fake-stale"));
    let minting = world.sink();
    minting.upsert(&mira()).await.unwrap();
    let one = stale();
    assert_eq!(one.upsert(&mira()).await.unwrap().attempts, 2);
    assert_eq!(one.upsert(&mira()).await.unwrap().attempts, 1);
    assert_eq!(world.wire.mints(), 1);
    // What was at hand may be old, too: one more is minted, and no more than one.
    world.sandbox.expire_yotpo_tokens();
    let other = stale();
    assert_eq!(other.upsert(&mira()).await.unwrap().attempts, 3);
    assert_eq!(minting.upsert(&mira()).await.unwrap().attempts, 1);
    assert_eq!(world.wire.mints(), 2);
    // Many at once, of one client and of several.
    world.sandbox.expire_yotpo_tokens();
    let fresh = stale();
    let clients: Vec<_> = (0..20).map(|n| if n % 2 == 0 { fresh.clone() } else { stale() }).collect();
    let done = all_at_once(&clients).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(world.wire.mints(), 3);
}

#[tokio::test]
async fn a_lasting_401_ends_after_one_new_token() {
    let refusing = world(|request, _| (!is_mint(request)).then(|| answer(401, ""))).await;
    let given = refusing.of(Yotpo::builder(Sandbox::YOTPO_STORE_ID, Sandbox::YOTPO_SECRET).token("fake-stale"));
    let error = given.upsert(&mira()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Unauthenticated, Effect::Rejected, 2));
    assert_eq!(refusing.wire.mints(), 1);
    let error = refusing.sink().upsert(&mira()).await.unwrap_err();
    assert_eq!((error.attempts(), refusing.wire.mints()), (2, 2));
}

#[tokio::test]
async fn a_given_token_stays_where_no_other_can_be_minted() {
    // The given one may do all but this, and the secret is of no use.
    let world = world(|request, _| {
        let forbidden = request.url.query().is_some_and(|query| query.contains("email"));
        let code = if is_mint(request) { 401 } else { 403 };
        Some(if is_mint(request) || forbidden { answer(code, "") } else { answer(200, r#"{"customers":[]}"#) })
    })
    .await;
    let sink = world.of(Yotpo::builder(Sandbox::YOTPO_STORE_ID, "fake-old").token("fake-given"));
    sink.find(&customer_sink::Identity::Email("mira@example.com".into())).await.unwrap_err();
    assert_eq!(world.wire.mints(), 1);
    sink.upsert(&mira()).await.unwrap();
    assert_eq!(world.wire.mints(), 1);
}

// ---- what is shown ----

#[tokio::test]
async fn nothing_shows_a_token_or_secret() {
    let world = world(|_, _| None).await;
    let sink = world.sink();
    sink.upsert(&mira()).await.unwrap();
    let text = format!("{sink:?} {sink:#?} {:?} {:#?}", world.connector, world.connector);
    for secret in ["fake-token", "fake-yotpo-secret"] {
        assert!(!text.contains(secret), "{text}");
    }
}
