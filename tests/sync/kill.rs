//! `sync` that is killed, and one that is asked to stop.

use std::time::Duration;

use crate::process::{Folder, NO_LIMITS, email, outcomes, run, start};
use crate::vendors::{NAMES, Vendors};

const PEOPLE: usize = 300;
const CONCURRENCY: usize = 4;
/// Kills in the middle of the work, by how many requests the vendors have seen.
const BY_REQUESTS: usize = 24;
/// Kills by the clock, most of them before anything is sent.
const BY_TIME: usize = 8;

fn everybody() -> Vec<String> {
    (0..PEOPLE).map(email).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_delivers_everybody_once() {
    let vendors = Vendors::open().await;
    let folder = Folder::new();
    let people = folder.people("people.jsonl", PEOPLE);
    let (concurrency, checkpoint) = (CONCURRENCY.to_string(), folder.name("checkpoint"));
    let (letters, report) = (folder.name("letters"), folder.name("report"));
    let arguments = [
        people.as_str(),
        "--concurrency",
        &concurrency,
        NO_LIMITS,
        "--checkpoint",
        &checkpoint,
        "--dead-letters",
        &letters,
        "--report",
        &report,
    ];
    let mut chance = fastrand::Rng::with_seed(20_260_301);
    let mut moments: Vec<_> = (0..BY_REQUESTS).map(|_| Some(chance.u64(1..=70))).collect();
    moments.extend([None; BY_TIME]);
    chance.shuffle(&mut moments);
    let mut kills = 0;
    let ended = loop {
        let mut running = start(&vendors, &arguments, &[]);
        let Some(moment) = moments.pop() else { break running.end().await };
        let goal = vendors.requests() + moment.unwrap_or_default();
        let pause = Duration::from_millis(chance.u64(0..60));
        let strike = async {
            match moment {
                Some(_) => vendors.requests_reach(goal).await,
                None => tokio::time::sleep(pause).await,
            }
        };
        tokio::select! {
            ended = running.end() => break ended,
            () = strike => {}
        }
        running.kill();
        let ended = running.end().await;
        if ended.status.is_some() {
            break ended;
        }
        kills += 1;
        vendors.quiet().await;
    };
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(kills >= 20, "only {kills} kills struck");

    // The same as of a run that nobody disturbs.
    let calm = Vendors::open().await;
    let undisturbed = run(&calm, &[&people, NO_LIMITS]).await;
    assert_eq!(undisturbed.status, Some(0), "{undisturbed:?}");
    for vendor in NAMES {
        assert_eq!(vendors.people(vendor), everybody(), "{vendor}");
        assert_eq!(vendors.held(vendor), calm.held(vendor), "{vendor}");
        assert_eq!(calm.upserts(vendor), PEOPLE, "{vendor}");
        let sent = vendors.upserts(vendor);
        assert!((PEOPLE..=PEOPLE + kills * CONCURRENCY).contains(&sent), "{vendor}: {sent} sent, {kills} kills");
    }
    let report = folder.report("report");
    assert_eq!(report.len(), PEOPLE * NAMES.len());
    let good = ["created", "updated", "unchanged", "accepted", "skipped"];
    assert!(outcomes(&report).keys().all(|outcome| good.contains(outcome)), "{:?}", outcomes(&report));
    assert_eq!(folder.text("letters"), "");
}

/// Stops a run with this signal in its middle, and lets another finish.
async fn stopped_and_finished(signal: &str) {
    let vendors = Vendors::open().await;
    let folder = Folder::new();
    let people = folder.people("people.jsonl", PEOPLE);
    let (checkpoint, first, second) = (folder.name("checkpoint"), folder.name("first"), folder.name("second"));
    let arguments = [people.as_str(), "--concurrency=4", NO_LIMITS, "--checkpoint", &checkpoint, "--report"];
    let mut running = start(&vendors, &[&arguments[..], &[first.as_str()]].concat(), &[]);
    vendors.requests_reach(200).await;
    running.signal(signal);
    let ended = running.end().await;
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.out.contains("the run stopped before its end: cancelled"), "{}", ended.out);
    assert!(ended.err.contains("stopping"), "{}", ended.err);
    let sent = folder.report("first");
    assert!(!sent.is_empty() && sent.len() < PEOPLE * NAMES.len(), "{} lines", sent.len());
    assert!(!outcomes(&sent).contains_key("failed"), "{:?}", outcomes(&sent));

    let ended = run(&vendors, &[&arguments[..], &[second.as_str()]].concat()).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let rest = folder.report("second");
    assert_eq!(rest.len(), PEOPLE * NAMES.len());
    for (key, line) in &rest {
        assert_eq!(line["outcome"] == "skipped", sent.contains_key(key), "{key:?}");
        assert_eq!(line["effect"] == "not_sent", sent.contains_key(key), "{key:?}");
    }
    for vendor in NAMES {
        assert_eq!(vendors.people(vendor), everybody(), "{vendor}");
        assert_eq!(vendors.upserts(vendor), PEOPLE, "{vendor}: nobody is sent twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_once_it_ends_in_good_order_and_the_next_run_does_the_rest() {
    stopped_and_finished("-INT").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_stops_it_in_the_same_way() {
    stopped_and_finished("-TERM").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_twice_it_waits_for_no_vendor() {
    let vendors = Vendors::open().await;
    vendors.stick("yotpo");
    let folder = Folder::new();
    let (people, checkpoint) = (folder.people("people.jsonl", 10), folder.name("checkpoint"));
    let arguments = [people.as_str(), NO_LIMITS, "--to=whale,yotpo", "--checkpoint", &checkpoint];
    let mut running = start(&vendors, &arguments, &[]);
    vendors.requests_reach(11).await;
    // Two signals at once may count as one: the next follows until the process is gone.
    let ended = loop {
        running.signal("-INT");
        if let Ok(ended) = tokio::time::timeout(Duration::from_millis(200), running.end()).await {
            break ended;
        }
    };
    assert_eq!(ended.status, Some(130), "{ended:?}");
    assert!(ended.err.contains("stopping"), "{}", ended.err);
}
