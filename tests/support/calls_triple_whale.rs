//! Plays exchanges of native calls: `call` names one, `arguments` are its inputs, `outcome` what it has to give.

use std::path::Path;
use std::sync::{Arc, Mutex};

use customer_sink::Connector;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::{answer, check_provenance, compare, connector};

/// Plays every file of `fixtures/<provider>/calls/`. `call` is given the server's URL, a connector and the file, and
/// gives back the outcome.
pub async fn play_calls<F: Future<Output = Value>>(provider: &str, call: impl Fn(String, Connector, Value) -> F) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(provider).join("calls");
    let mut files: Vec<_> = std::fs::read_dir(&dir).expect("calls").map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no call in {}", dir.display());
    let mut failed = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let exchange: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        failed.extend(play(&exchange, &call).await.into_iter().map(|problem| format!("{name}: {problem}")));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

async fn play<F: Future<Output = Value>>(
    exchange: &Value,
    call: &impl Fn(String, Connector, Value) -> F,
) -> Vec<String> {
    let mut problems = check_provenance(exchange);
    let turns = exchange["exchange"].as_array().expect("an exchange").clone();
    let expected = turns.len();
    let seen = Arc::new(Mutex::new((0usize, Vec::new())));
    let server = MockServer::start().await;
    let state = Arc::clone(&seen);
    let respond = move |request: &Request| {
        let mut state = state.lock().unwrap();
        let index = state.0;
        state.0 += 1;
        let Some(turn) = turns.get(index) else { return ResponseTemplate::new(599) };
        let differ = compare(request, &turn["request"]);
        state.1.extend(differ.into_iter().map(|problem| format!("request {index}: {problem}")));
        answer(&turn["response"])
    };
    Mock::given(any()).respond_with(respond).mount(&server).await;
    let (connector, clock) = connector();
    let got = call(server.uri(), connector, exchange.clone()).await;
    {
        let state = seen.lock().unwrap();
        problems.extend(state.1.clone());
        if state.0 != expected {
            problems.push(format!("{} requests came, {expected} are expected", state.0));
        }
    }
    let outcome = exchange["outcome"].as_object().expect("an outcome");
    if outcome.get("kind").is_none() && !got["kind"].is_null() {
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
