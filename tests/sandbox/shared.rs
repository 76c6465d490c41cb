//! The sandbox as a user's tests see it: one vendor or all, the log, what is held, limits, outages, and bad days by seed.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use customer_sink::client::Limit;
use customer_sink::providers::{shoplazza, shopline, whale, yotpo};
use customer_sink::sandbox::faults::{Chaos, ErrorBody, Fault, RetryAfter, Route, Script};
use customer_sink::sandbox::{Sandbox, SharedBy};
use customer_sink::{
    Connector, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Effect, Error, ErrorKind, Outcome,
    Upserted,
};
use futures::StreamExt;

use crate::support;

const NAMES: [&str; 5] = ["triple_whale", "shopline", "shoplazza", "yotpo", "whale"];

fn person(number: usize) -> Customer {
    Customer::new()
        .external_id(format!("c-{number}"))
        .email(format!("person{number}@example.com"))
        .phone(format!("+1555010{number:04}"))
        .first_name(format!("Name{number}"))
        .email_marketing(Consent::new(ConsentState::Unsubscribed))
}

async fn upsert(sandbox: &Sandbox, provider: &str, customer: &Customer) -> Result<Upserted, Error> {
    let (connector, _) = support::connector();
    sandbox.sink(provider, &connector).unwrap().upsert(customer).await
}

#[tokio::test]
async fn one_vendor_stands_alone() {
    let sandbox = Sandbox::only(&["yotpo"]).await.unwrap();
    assert_eq!(NAMES.map(|name| sandbox.url(name).is_some()), [false, false, false, true, false]);
    assert_eq!(upsert(&sandbox, "yotpo", &person(1)).await.unwrap().outcome, Outcome::Accepted);
    assert_eq!(sandbox.customers("yotpo").len(), 1);
    assert!(Sandbox::only(&["yotpo", "acme"]).await.is_err());
    let error = sandbox.play("whale", "*", Fault::Cut).unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Config, Effect::NotSent));
}

#[tokio::test]
async fn every_request_is_in_the_log() {
    let sandbox = Sandbox::start().await.unwrap();
    for name in NAMES {
        upsert(&sandbox, name, &person(1)).await.unwrap();
    }
    let kinds = |name: &str| sandbox.requests_by_kind(name).into_iter().map(|(kind, count)| format!("{count} {kind}"));
    let kinds: Vec<Vec<String>> = NAMES.iter().map(|name| kinds(name).collect()).collect();
    assert_eq!(kinds[0], ["1 POST data-in/customers"]);
    assert_eq!(kinds[3], ["1 PATCH customers", "1 POST access_tokens"]);
    assert_eq!(kinds[4], ["1 POST customers"]);
    for name in NAMES {
        assert_eq!(sandbox.count(name, "*"), sandbox.requests(name).len());
        for request in sandbox.requests(name) {
            assert!(request.reached_vendor && request.fault.is_none() && request.status.is_some_and(|s| s < 300));
            let shown = format!("{request:?} {:?}", request.headers);
            for secret in [
                "person1",
                Sandbox::TRIPLE_WHALE_API_KEY,
                Sandbox::SHOPLINE_ACCESS_TOKEN,
                Sandbox::SHOPLAZZA_ACCESS_TOKEN,
                Sandbox::YOTPO_SECRET,
                Sandbox::WHALE_API_KEY,
                "fake-token-1",
            ] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }
    let sent = &sandbox.requests("triple_whale")[0];
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", "/data-in/customers"));
    assert!(String::from_utf8_lossy(&sent.body).contains("person1@example.com"));
    assert_eq!(sent.headers["x-api-key"], Sandbox::TRIPLE_WHALE_API_KEY);
    sandbox.clear_requests();
    assert_eq!(sandbox.count("yotpo", "*"), 0);
}

#[tokio::test]
async fn what_is_seeded_can_be_read_and_is_no_traffic() {
    let sandbox = Sandbox::start().await.unwrap();
    let agreed = person(2).email_marketing(Consent::new(ConsentState::Subscribed));
    for name in NAMES {
        sandbox.seed(name, &[person(1), agreed.clone()]).await.unwrap();
        assert_eq!(sandbox.count(name, "*"), 0, "{name}");
        let people = sandbox.people(name);
        assert_eq!(people.len(), 2, "{name}");
        let emails: BTreeSet<_> = people.iter().filter_map(|p| p.email.as_ref()).map(|e| e.as_str()).collect();
        assert_eq!(emails, BTreeSet::from(["person1@example.com", "person2@example.com"]), "{name}");
        assert!(sandbox.duplicates(name).is_empty(), "{name}");
        // Whale has no documented field for it.
        if name != "whale" {
            for held in sandbox.consents(name) {
                let agreed = held.email.as_deref() == Some("person2@example.com");
                let subscribed = held.email_marketing == Some(ConsentState::Subscribed);
                assert_eq!(subscribed, agreed, "{name}: {held:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_person_who_is_there_twice_is_told() {
    let sandbox = Sandbox::only(&["triple_whale"]).await.unwrap();
    // Two ids are two records to this vendor, whatever the e-mail.
    let mut other = person(2);
    other.email = person(1).email;
    sandbox.seed("triple_whale", &[person(1), other, person(3)]).await.unwrap();
    let twice = sandbox.duplicates("triple_whale");
    assert_eq!(twice.len(), 1);
    assert_eq!((twice[0].by, twice[0].value.as_str()), (SharedBy::Email, "person1@example.com"));
    assert_eq!(twice[0].records, [0, 1]);
    assert!(!format!("{twice:?}").contains("example.com"));
}

#[tokio::test]
async fn a_script_strikes_its_route_and_turn_alone() {
    let sandbox = Sandbox::only(&["whale"]).await.unwrap();
    sandbox.seed("whale", &[person(1)]).await.unwrap();
    let limited = Fault::Limited(RetryAfter::Seconds(7));
    sandbox.play("whale", "PATCH customers/{id}", Script::times(2, limited.clone())).unwrap();
    let (connector, clock) = support::connector();
    let sink = sandbox.sink("whale", &connector).unwrap();
    let done = sink.upsert(&person(1).tag("vip")).await.unwrap();
    assert_eq!(done.outcome, Outcome::Updated);
    let struck: Vec<_> = sandbox.requests("whale").into_iter().filter(|request| request.fault.is_some()).collect();
    assert_eq!(struck.len(), 2);
    for request in struck {
        assert_eq!((request.kind.as_str(), request.status), ("PATCH customers/{id}", Some(429)));
        assert!(!request.reached_vendor && request.fault == Some(limited.clone()));
    }
    assert!(clock.sleeps().iter().all(|pause| *pause >= Duration::from_secs(7)) && clock.sleeps().len() == 2);
}

#[tokio::test]
async fn every_form_of_retry_after_is_obeyed() {
    for (form, least, most) in [
        (RetryAfter::Seconds(9), 9.0, 9.0),
        (RetryAfter::Fraction(9250), 9.25, 9.25),
        (RetryAfter::Date(9), 9.0, 9.0),
        (RetryAfter::Rfc850Date(9), 9.0, 9.0),
        (RetryAfter::AsctimeDate(9), 9.0, 9.0),
        (RetryAfter::Absent, 0.0, 0.5),
    ] {
        let sandbox = Sandbox::only(&["triple_whale"]).await.unwrap();
        sandbox.play("triple_whale", Route::any(), Fault::Limited(form)).unwrap();
        let (connector, clock) = support::connector();
        sandbox.sink("triple_whale", &connector).unwrap().upsert(&person(1)).await.unwrap();
        let slept: f64 = clock.sleeps().iter().map(Duration::as_secs_f64).sum();
        assert!((least..=most).contains(&slept), "{form:?}: {slept}");
    }
}

#[tokio::test]
async fn an_outage_refuses_until_it_ends() {
    let sandbox = Sandbox::start().await.unwrap();
    for name in NAMES {
        let url = sandbox.url(name);
        sandbox.stop_listening(name).await.unwrap();
        let error = upsert(&sandbox, name, &person(1)).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Connect, Effect::NotSent), "{name}");
        assert!(error.is_retryable() && sandbox.customers(name).is_empty() && sandbox.count(name, "*") == 0, "{name}");
        sandbox.resume(name).await.unwrap();
        assert_eq!(sandbox.url(name), url);
        upsert(&sandbox, name, &person(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_lasting_fault_ends_when_it_is_stopped() {
    let sandbox = Sandbox::only(&["shopline"]).await.unwrap();
    let broken = Fault::Broken { status: 502, body: ErrorBody::Html, done: false };
    sandbox.play("shopline", "*", Script::always(broken)).unwrap();
    let error = upsert(&sandbox, "shopline", &person(1)).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unavailable, Some(502)));
    sandbox.stop_faults().await.unwrap();
    assert_eq!(upsert(&sandbox, "shopline", &person(1)).await.unwrap().outcome, Outcome::Created);
}

/// One request by hand, and all that comes back until the server hangs up.
fn by_hand(url: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn chunks_expectations_and_several_requests_on_one_connection_are_understood() {
    let sandbox = Sandbox::only(&["triple_whale"]).await.unwrap();
    let url = sandbox.url("triple_whale").unwrap();
    let body = format!(r#"{{"shop":"{}","customer_id":"c-1"}}"#, Sandbox::TRIPLE_WHALE_SHOP);
    let (first, second) = body.split_at(9);
    let head =
        format!("POST /data-in/customers HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n", Sandbox::TRIPLE_WHALE_API_KEY);
    let chunked = format!(
        "{head}transfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    );
    let plain = format!("{head}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let answer = by_hand(&url, &(chunked + &plain));
    assert!(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(answer.matches("customer received").count(), 2, "{answer}");
    assert_eq!(sandbox.customers("triple_whale").len(), 1);
    assert_eq!(by_hand(&url, "no http at all\r\n\r\n"), "");
}

#[tokio::test]
async fn the_documented_limits_are_enforced_in_the_vendors_form() {
    for (name, count, wait_header) in [
        ("shopline", 41, None),
        ("shoplazza", 41, None),
        ("yotpo", 6, Some("ratelimit-reset")),
        ("whale", 61, Some("retry-after")),
    ] {
        let (_, clock) = support::connector();
        let sandbox = Sandbox::builder().only(&[name]).clock(clock).enforce_limits().start().await.unwrap();
        let url = sandbox.url(name).unwrap();
        let answers: Vec<String> = (0..count)
            .map(|_| by_hand(&url, "GET /v1/anything HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))
            .collect();
        let limited: Vec<_> = answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 429 ")).collect();
        assert_eq!(limited.len(), 1, "{name}");
        let has = |header: &str| limited[0].contains(&format!("\r\n{header}: "));
        assert_eq!(["ratelimit-reset", "retry-after"].into_iter().find(|header| has(header)), wait_header, "{name}");
    }
}

/// A sink that keeps no limit.
fn free(name: &str, sandbox: &Sandbox, connector: &Connector) -> Arc<dyn CustomerSink> {
    let url = sandbox.url(name).unwrap();
    macro_rules! open {
        ($client:ty, $account:expr, $key:expr) => {
            Arc::new(
                <$client>::builder($account, $key)
                    .base_url(url)
                    .connector(connector)
                    .rate_limit(Limit::Unlimited)
                    .build()
                    .unwrap(),
            )
        };
    }
    match name {
        "shopline" => open!(shopline::Shopline, Sandbox::SHOPLINE_HANDLE, Sandbox::SHOPLINE_ACCESS_TOKEN),
        "shoplazza" => open!(shoplazza::Shoplazza, Sandbox::SHOPLAZZA_SHOP, Sandbox::SHOPLAZZA_ACCESS_TOKEN),
        "yotpo" => open!(yotpo::Yotpo, Sandbox::YOTPO_STORE_ID, Sandbox::YOTPO_SECRET),
        _ => open!(whale::Whale, Sandbox::WHALE_STORE_ID, Sandbox::WHALE_API_KEY),
    }
}

#[tokio::test]
async fn a_client_with_the_documented_limit_is_never_refused_and_one_without_gets_through() {
    for name in ["shopline", "shoplazza", "yotpo", "whale"] {
        for unlimited in [false, true] {
            let (connector, clock) = support::connector();
            let builder = Sandbox::builder().only(&[name]).clock(clock.clone()).enforce_limits();
            let sandbox = builder.start().await.unwrap();
            let sink =
                if unlimited { free(name, &sandbox, &connector) } else { sandbox.sink(name, &connector).unwrap() };
            for number in 0..70 {
                let mut done = sink.upsert(&person(number)).await;
                for _ in 0..20 {
                    if done.is_err() {
                        clock.advance(Duration::from_secs(5));
                        done = sink.upsert(&person(number)).await;
                    }
                }
                assert!(done.is_ok(), "{name}: {:?}", done.err());
            }
            let refused = sandbox.requests(name).iter().filter(|request| request.status == Some(429)).count();
            assert_eq!(refused > 0, unlimited, "{name}: {refused}");
            assert_eq!((sandbox.customers(name).len(), sandbox.duplicates(name).len()), (70, 0), "{name}");
        }
    }
}

/// Two hundred people, half of them known in an older state, through plain upserts on a bad day, sent again until each
/// is done.
async fn a_bad_day(name: &'static str, seed: u64) {
    const PEOPLE: usize = 200;
    let sandbox = Sandbox::only(&[name]).await.unwrap();
    let known: Vec<Customer> = (0..PEOPLE).step_by(2).map(person).collect();
    sandbox.seed(name, &known).await.unwrap();
    // Bodies of many megabytes are slow to read without optimisation; the matrix of all faults has them.
    let faults = Fault::all("").into_iter().filter(|fault| {
        let ends = !matches!(fault, Fault::Stalled { .. } | Fault::Outage | Fault::Redirect { .. });
        ends && !matches!(fault, Fault::Oversized { .. })
    });
    sandbox.enable_chaos(&Chaos::seeded(seed).rate(0.3).faults(faults));
    let (connector, clock) = support::connector();
    let sink = sandbox.sink(name, &connector).unwrap();
    let mut left: Vec<usize> = (0..PEOPLE).collect();
    let mut rounds = 0;
    while !left.is_empty() {
        rounds += 1;
        assert!(rounds < 60, "{name}, seed {seed}: {} are not done", left.len());
        // Whatever a vendor or a client asked to wait for is over by then.
        clock.advance(Duration::from_secs(90));
        let sent = futures::stream::iter(left).map(|number| {
            let sink = Arc::clone(&sink);
            async move {
                let later = person(number).last_name("Later").tag("late");
                let done = sink.upsert(&later).await;
                // Without an id, Whale's `Accepted` says no more than that somebody is there.
                let settled = done
                    .is_ok_and(|done| name != "whale" || done.outcome != Outcome::Accepted || done.remote_id.is_some());
                (number, settled)
            }
        });
        left =
            sent.buffer_unordered(8).filter_map(|(n, settled)| async move { (!settled).then_some(n) }).collect().await;
    }
    let people = sandbox.people(name);
    let emails: BTreeSet<_> = people.iter().filter_map(|p| p.email.as_ref()).map(|e| e.as_str().to_owned()).collect();
    assert_eq!((people.len(), emails.len()), (PEOPLE, PEOPLE), "{name}, seed {seed}");
    assert!(sandbox.duplicates(name).is_empty(), "{name}, seed {seed}");
    for (person, consents) in people.iter().zip(sandbox.consents(name)) {
        assert_eq!(person.last_name.as_deref(), Some("Later"), "{name}, seed {seed}");
        assert_eq!(person.tags, ["late"], "{name}, seed {seed}");
        let states = [consents.email_marketing, consents.sms_marketing];
        assert!(!states.contains(&Some(ConsentState::Subscribed)), "{name}, seed {seed}: {consents:?}");
    }
    let struck = sandbox.requests(name).iter().filter(|request| request.fault.is_some()).count();
    assert!(struck > PEOPLE / 4, "{name}, seed {seed}: {struck} faults are no bad day");
}

macro_rules! bad_days {
    ($($name:ident),+) => {
        mod bad_days {
            $(#[tokio::test]
            async fn $name() {
                for seed in 1..=3 {
                    super::a_bad_day(stringify!($name), seed).await;
                }
            })+
        }
    };
}

bad_days!(triple_whale, shopline, shoplazza, yotpo, whale);
