//! The player of exchange fixtures: a server that answers a file's turns, and all that has to fit. What a file asks to be
//! done is the caller's: an upsert, or a native call that its `call` and `arguments` name.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use customer_sink::Connector;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::{answer, check_provenance, compare, connector};

/// Plays every exchange in `fixtures/<provider>/calls/`. `run` is given the server's URL, a connector and the file; it makes
/// the call and gives its outcome as JSON. How often each call was played comes back.
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

/// Plays every exchange in a directory of the fixtures, and gives them back.
pub async fn play_dir(dir: &str, run: impl AsyncFn(&str, &Connector, &Value) -> Value) -> Vec<Value> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(dir);
    let mut files: Vec<_> = std::fs::read_dir(&dir).expect("fixtures").map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "json"));
    files.sort();
    assert!(!files.is_empty(), "no exchange in {}", dir.display());
    let (mut failed, mut played) = (Vec::new(), Vec::new());
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let exchange: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        failed.extend(play(&exchange, &run).await.into_iter().map(|problem| format!("{name}: {problem}")));
        played.push(exchange);
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    played
}

async fn play(exchange: &Value, run: &impl AsyncFn(&str, &Connector, &Value) -> Value) -> Vec<String> {
    let mut problems = check_provenance(exchange);
    let turns = exchange["exchange"].as_array().expect("an exchange").clone();
    let expected = turns.len();
    // How many requests came, and what did not fit.
    let seen = Arc::new(Mutex::new((0usize, Vec::new())));
    let state = Arc::clone(&seen);
    let player = move |request: &Request| {
        let mut state = state.lock().unwrap();
        let index = state.0;
        state.0 += 1;
        let Some(turn) = turns.get(index) else {
            state.1.push(format!("request {index}, which nobody expects: {} {}", request.method, request.url));
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
    {
        let state = seen.lock().unwrap();
        problems.extend(state.1.clone());
        if state.0 != expected {
            problems.push(format!("{} requests came, {expected} are expected", state.0));
        }
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
    if let Some(seconds) = exchange["waits_seconds"].as_array() {
        let waits: Vec<Value> = clock.sleeps().iter().map(|d| json!(d.as_secs_f64())).collect();
        if &waits != seconds {
            problems.push(format!("the waits are {waits:?} instead of {seconds:?}"));
        }
    }
    problems
}
