//! Plays exchange fixtures of calls other than upserts: `call` names it, `arguments` are its inputs, `outcome` is the
//! expected result as JSON.
#![allow(dead_code)] // Each test binary uses its part.

use std::path::Path;
use std::sync::{Arc, Mutex};

use customer_sink::{Connector, Error, ManualClock, ReqwestTransport};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// One file, ready to be played.
pub struct Exchange {
    pub name: String,
    pub json: Value,
}

/// The exchanges of a directory, in the order of their names.
pub fn exchanges(dir: &str) -> Vec<Exchange> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(dir);
    let mut files: Vec<_> = std::fs::read_dir(&dir).expect("fixtures").map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "json"));
    files.sort();
    assert!(!files.is_empty(), "no exchange in {}", dir.display());
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        Exchange { name, json }
    };
    files.into_iter().map(read).collect()
}

/// A server that plays an exchange.
pub struct Stage {
    pub server: MockServer,
    pub connector: Connector,
    clock: Arc<ManualClock>,
    state: Arc<Mutex<(usize, Vec<String>)>>,
}

impl Exchange {
    pub async fn stage(&self) -> Stage {
        let turns = self.json["exchange"].as_array().expect("an exchange").clone();
        let state = Arc::new(Mutex::new((0usize, Vec::new())));
        let seen = Arc::clone(&state);
        let server = MockServer::start().await;
        let player = move |request: &Request| {
            let mut state = seen.lock().unwrap();
            let index = state.0;
            state.0 += 1;
            let Some(turn) = turns.get(index) else {
                state.1.push(format!("request {index}, which nobody expects: {} {}", request.method, request.url));
                return ResponseTemplate::new(599);
            };
            let problems = compare(request, &turn["request"]);
            state.1.extend(problems.into_iter().map(|problem| format!("request {index}: {problem}")));
            answer(&turn["response"])
        };
        Mock::given(any()).respond_with(player).mount(&server).await;
        let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
        let transport = ReqwestTransport::new().expect("TLS");
        let connector = Connector::for_tests(Arc::new(transport), Arc::clone(&clock) as _);
        Stage { server, connector, clock, state }
    }

    /// What did not fit.
    pub fn problems(&self, stage: &Stage, got: &Value) -> Vec<String> {
        let mut problems = provenance(&self.json);
        let state = stage.state.lock().unwrap();
        problems.extend(state.1.clone());
        let expected = self.json["exchange"].as_array().map_or(0, Vec::len);
        if state.0 != expected {
            problems.push(format!("{} requests came, {expected} are expected", state.0));
        }
        for (key, value) in self.json["outcome"].as_object().expect("an outcome") {
            if &got[key] != value {
                problems.push(format!("{key} of the outcome is {} instead of {value}", got[key]));
            }
        }
        if let Some(seconds) = self.json["waits_seconds"].as_array() {
            let waits: Vec<Value> = stage.clock.sleeps().iter().map(|d| json!(d.as_secs_f64())).collect();
            if &waits != seconds {
                problems.push(format!("the waits are {waits:?} instead of {seconds:?}"));
            }
        }
        problems.into_iter().map(|problem| format!("{}: {problem}", self.name)).collect()
    }
}

fn compare(request: &Request, expected: &Value) -> Vec<String> {
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
    let got = match request.body.as_slice() {
        [] => Value::Null,
        body => serde_json::from_slice(body).unwrap_or(json!("no JSON")),
    };
    differ("body", got.to_string(), expected["body"].to_string());
    problems
}

fn answer(response: &Value) -> ResponseTemplate {
    let status = response["status"].as_u64().and_then(|s| u16::try_from(s).ok()).expect("a status");
    let mut template = ResponseTemplate::new(status);
    template = match (&response["body"], response["text"].as_str()) {
        (_, Some(text)) => template.set_body_raw(text.as_bytes().to_vec(), "text/html"),
        (Value::Null, None) => template,
        (body, None) => template.set_body_json(body),
    };
    for (name, value) in response["headers"].as_object().into_iter().flatten() {
        template = template.insert_header(name.as_str(), value.as_str().expect("header values are strings"));
    }
    template
}

fn provenance(exchange: &Value) -> Vec<String> {
    let facts = exchange["facts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let sure =
        |fact: &Value| matches!(fact["certainty"].as_str(), Some("documented" | "seen" | "inferred" | "unknown"));
    if facts.is_empty() || !facts.iter().all(|f| f["fact"].is_string() && f["source"].is_string() && sure(f)) {
        return vec!["each fact needs a text, a source and a certainty".to_owned()];
    }
    Vec::new()
}

/// An error as the fixtures write it.
pub fn failed(error: &Error) -> Value {
    json!({
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
        "conflicting_ids": error.conflicting_ids(),
        "message": error.vendor_message(),
        "fields": error.field_errors().iter().map(|f| json!({"field": f.field(), "message": f.message()})).collect::<Vec<_>>(),
    })
}
