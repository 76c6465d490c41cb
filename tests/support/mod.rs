//! Plays exchange fixtures: each file holds a customer, the requests that have to come, the answers, and the outcome.
//!
//! A request is compared whole: method, path with query, the headers that the file names, and the body as JSON. The
//! clock is injected, so that retries take no time.
#![allow(dead_code)] // Each test binary uses its part.

use std::path::Path;
use std::sync::{Arc, Mutex};

use customer_sink::{Connector, Customer, CustomerSink, Error, ManualClock, ReqwestTransport, UpsertOptions, Upserted};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// One planned request and its answer.
struct Turn {
    request: Value,
    response: Value,
}

/// Answers the turns in order, and remembers what did not fit.
struct Script {
    turns: Vec<Turn>,
    state: Mutex<(usize, Vec<String>)>,
}

struct Player(Arc<Script>);

impl Respond for Player {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.state.lock().unwrap();
        let index = state.0;
        state.0 += 1;
        let Some(turn) = self.0.turns.get(index) else {
            state.1.push(format!("request {index}, which nobody expects: {} {}", request.method, request.url));
            return ResponseTemplate::new(599);
        };
        let problems = compare(request, &turn.request);
        state.1.extend(problems.into_iter().map(|problem| format!("request {index}: {problem}")));
        answer(&turn.response)
    }
}

pub fn compare(request: &Request, expected: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let mut differ = |what: &str, got: String, want: String| {
        if got != want {
            problems.push(format!("{what} is\n  {got}\ninstead of\n  {want}"));
        }
    };
    let path = match request.url.query() {
        Some(query) => format!("{}?{query}", request.url.path()),
        None => request.url.path().to_owned(),
    };
    differ("method", request.method.to_string(), expected["method"].as_str().unwrap_or_default().to_owned());
    differ("path", path, expected["path"].as_str().unwrap_or_default().to_owned());
    for (name, value) in expected["headers"].as_object().into_iter().flatten() {
        let got = request.headers.get(name).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
        let want = value.as_str().map(str::to_owned);
        differ(&format!("header {name}"), format!("{got:?}"), format!("{want:?}"));
    }
    let got = if request.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&request.body).unwrap_or(json!("no JSON"))
    };
    differ("body", got.to_string(), expected["body"].to_string());
    if let Some(text) = expected["body_text"].as_str() {
        differ("exact body", String::from_utf8_lossy(&request.body).into_owned(), text.to_owned());
    }
    problems
}

pub fn answer(response: &Value) -> ResponseTemplate {
    let status = response["status"].as_u64().and_then(|s| u16::try_from(s).ok()).expect("a status");
    let mut template = ResponseTemplate::new(status);
    template = match (&response["body"], response["text"].as_str()) {
        (_, Some(text)) => {
            template.set_body_raw(text.as_bytes().to_vec(), response["type"].as_str().unwrap_or("text/html"))
        }
        (Value::Null, None) => template,
        (body, None) => template.set_body_json(body),
    };
    for (name, value) in response["headers"].as_object().into_iter().flatten() {
        template = template.insert_header(name.as_str(), value.as_str().expect("header values are strings"));
    }
    template
}

/// A connector with the real transport and a clock that never waits.
pub fn connector() -> (Connector, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
    let transport = ReqwestTransport::new().expect("TLS");
    (Connector::for_tests(Arc::new(transport), Arc::clone(&clock) as _), clock)
}

/// Plays every exchange in `fixtures/<provider>/`. `sink` makes the sink for a server; it is given the file's `options`.
pub async fn play_all<S: CustomerSink>(provider: &str, sink: impl Fn(&str, &Connector, &Value) -> S) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(provider);
    let mut files: Vec<_> = std::fs::read_dir(&dir).expect("fixtures").map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "json"));
    files.sort();
    assert!(!files.is_empty(), "no exchange in {}", dir.display());
    let mut failed = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let exchange: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for problem in play(&exchange, &sink).await {
            failed.push(format!("{name}: {problem}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

async fn play<S: CustomerSink>(exchange: &Value, sink: &impl Fn(&str, &Connector, &Value) -> S) -> Vec<String> {
    let mut problems = check_provenance(exchange);
    let turns = exchange["exchange"].as_array().expect("an exchange");
    let turns = turns.iter().map(|t| Turn { request: t["request"].clone(), response: t["response"].clone() }).collect();
    let script = Arc::new(Script { turns, state: Mutex::default() });
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(Player(Arc::clone(&script))).mount(&server).await;
    let (connector, clock) = connector();
    let sink = sink(&server.uri(), &connector, &exchange["options"]);
    let customer: Customer = serde_json::from_value(exchange["customer"].clone()).expect("a customer");
    let result = sink.upsert_with(&customer, &UpsertOptions::default()).await;
    {
        let state = script.state.lock().unwrap();
        problems.extend(state.1.clone());
        if state.0 != script.turns.len() {
            problems.push(format!("{} requests came, {} are expected", state.0, script.turns.len()));
        }
    }
    let expected = &exchange["outcome"];
    let got = describe(&result);
    for (key, value) in expected.as_object().expect("an outcome") {
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

/// Every file says where its facts come from, and how sure they are.
pub fn check_provenance(exchange: &Value) -> Vec<String> {
    let facts = exchange["facts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let sure =
        |fact: &Value| matches!(fact["certainty"].as_str(), Some("documented" | "seen" | "inferred" | "unknown"));
    if facts.is_empty() || !facts.iter().all(|f| f["fact"].is_string() && f["source"].is_string() && sure(f)) {
        return vec!["each fact needs a text, a source and a certainty".to_owned()];
    }
    Vec::new()
}

/// An outcome or error as the fixtures write it.
pub fn describe(result: &Result<Upserted, Error>) -> Value {
    match result {
        Ok(done) => json!({
            "outcome": done.outcome.as_str(),
            "effect": "applied",
            "remote_id": done.remote_id,
            "attempts": done.attempts,
            "request_id": done.request_id,
            "notes": done.notes.iter().map(|n| json!({
                "field": n.path(), "action": n.action().as_str(), "reason": n.reason().as_str()
            })).collect::<Vec<_>>(),
        }),
        Err(error) => json!({
            "outcome": "failed",
            "effect": error.effect().as_str(),
            "kind": error.kind().as_str(),
            "operation": error.operation(),
            "status": error.status(),
            "code": error.code(),
            "retryable": error.is_retryable(),
            "retry_after": error.retry_after().map(|d| d.as_secs_f64()),
            "attempts": error.attempts(),
            "request_id": error.request_id(),
            "message": error.vendor_message(),
            "fields": error.field_errors().iter().map(|f| json!({"field": f.field(), "message": f.message()})).collect::<Vec<_>>(),
            "conflicting_ids": error.conflicting_ids(),
        }),
    }
}
