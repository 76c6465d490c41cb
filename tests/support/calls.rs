//! The player of exchange fixtures: a server that answers a case's turns, and all that has to fit. What a file asks to be
//! done is the caller's: an upsert, or a native call that its `call` and `arguments` name.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use customer_sink::Connector;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::fixtures::{self, Case};
use super::rewrite::rewrite;
use super::{answer, check_provenance, compare, connector};

/// A case that was played.
#[derive(Debug)]
pub struct Played {
    pub name: String,
    pub requests: Vec<Request>,
    pub got: Value,
    pub waits: Vec<Value>,
    pub problems: Vec<String>,
}

/// Plays every exchange in `fixtures/<provider>/calls/`. `run` is given the server's URL, a connector and the file; it makes
/// the call and gives its outcome as JSON. How often each call was played comes back: each case counts.
pub async fn play_calls(
    provider: &str,
    run: impl AsyncFn(&str, &Connector, &Value) -> Value,
) -> BTreeMap<String, usize> {
    let mut played = BTreeMap::new();
    for exchange in play_dir(&format!("{provider}/calls"), run).await {
        *played.entry(exchange["call"].as_str().expect("a call").to_owned()).or_default() += 1;
    }
    played
}

/// Plays every exchange in a directory of the fixtures, and gives them back, one for each case.
///
/// With `UPDATE_FIXTURES=1` a file that does not fit is rewritten and played once more.
pub async fn play_dir(dir: &str, run: impl AsyncFn(&str, &Connector, &Value) -> Value) -> Vec<Value> {
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    let (failed, played) = play_folder(&fixtures::root().join(dir), update, run).await;
    let how = "UPDATE_FIXTURES=1 cargo test --test providers rewrites what the files expect";
    assert!(failed.is_empty(), "{}\n({how})", failed.join("\n"));
    played
}

/// What does not fit in a folder, each as `file: problem` or `file: case: problem`, and its exchanges.
pub async fn play_folder(
    dir: &Path,
    update: bool,
    run: impl AsyncFn(&str, &Connector, &Value) -> Value,
) -> (Vec<String>, Vec<Value>) {
    let (mut failed, mut exchanges, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for file in fixtures::files(dir) {
        let mut cases = fixtures::cases(&file);
        let mut played = play_file(&cases, &run).await;
        if update && played.iter().any(|case| !case.problems.is_empty()) {
            match rewrite(&file, &played) {
                Ok(()) => {
                    println!("rewrote {}", file.display());
                    cases = fixtures::cases(&file);
                    played = play_file(&cases, &run).await;
                }
                Err(why) => failed.push(format!("{} is not rewritten: {why}", file.display())),
            }
        }
        for case in &played {
            failed.extend(case.problems.iter().map(|problem| format!("{}: {problem}", case.name)));
        }
        names.extend(cases.iter().map(|case| case.short_name().to_owned()));
        exchanges.extend(cases.into_iter().map(|case| case.exchange));
    }
    names.sort();
    failed.extend(names.windows(2).filter(|two| two[0] == two[1]).map(|two| format!("{} is there twice", two[0])));
    (failed, exchanges)
}

async fn play_file(cases: &[Case], run: &impl AsyncFn(&str, &Connector, &Value) -> Value) -> Vec<Played> {
    let mut played = Vec::new();
    for case in cases {
        played.push(play(case, run).await);
    }
    played
}

async fn play(case: &Case, run: &impl AsyncFn(&str, &Connector, &Value) -> Value) -> Played {
    let exchange = &case.exchange;
    let mut problems = check_provenance(exchange);
    let turns = exchange["exchange"].as_array().expect("an exchange").clone();
    let expected = turns.len();
    // The requests that came, and what did not fit.
    let seen = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let state = Arc::clone(&seen);
    let player = move |request: &Request| {
        let mut state = state.lock().unwrap();
        let index = state.0.len();
        state.0.push(request.clone());
        let Some(turn) = turns.get(index) else {
            state.1.push(format!("request {index} is one too many: {} {}", request.method, request.url));
            return ResponseTemplate::new(599);
        };
        let differ = compare(request, &turn["request"]);
        state.1.extend(differ.into_iter().map(|problem| format!("request {index}: {problem}")));
        answer(&turn["response"])
    };
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(player).mount(&server).await;
    let (connector, clock) = connector();
    let got = run(&server.uri(), &connector, exchange).await;
    let (requests, differ) = std::mem::take(&mut *seen.lock().unwrap());
    problems.extend(differ);
    if requests.len() != expected {
        problems.push(format!("{} requests came, {expected} are expected", requests.len()));
    }
    let outcome = exchange["outcome"].as_object().expect("an outcome");
    if !outcome.contains_key("kind") && outcome.get("ok") != Some(&json!(false)) && !got["kind"].is_null() {
        problems.push(format!("it failed: {got}"));
    }
    for (key, value) in outcome {
        if &got[key] != value {
            problems.push(format!("{key} of the outcome is {} instead of {value}", got[key]));
        }
    }
    let waits: Vec<Value> = clock.sleeps().iter().map(|d| json!(d.as_secs_f64())).collect();
    if let Some(seconds) = exchange["waits_seconds"].as_array()
        && &waits != seconds
    {
        problems.push(format!("the waits are {waits:?} instead of {seconds:?}"));
    }
    Played { name: case.name.clone(), requests, got, waits, problems }
}
