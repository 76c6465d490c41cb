//! Plays exchange fixtures: each case holds a customer, the requests that have to come, the answers, and the outcome.
//!
//! A request is compared whole: method, path with query, the headers that the file and its folder's defaults name, and
//! the body as JSON or as a form. The clock is injected, so that retries take no time.
#![allow(dead_code)] // Each test binary uses its part.

pub mod calls;
pub mod fixtures;
pub mod held;
pub mod ordered;
pub mod paused;
pub mod plan;
pub mod rewrite;

use std::collections::BTreeMap;
use std::sync::Arc;

use customer_sink::client::ManualClock;
use customer_sink::{Connector, Customer, CustomerSink, Error, ReqwestTransport, UpsertOptions, Upserted};
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

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
    if expected["form"].is_object() {
        let pairs: BTreeMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        differ("form", json!(pairs).to_string(), expected["form"].to_string());
    } else {
        let got = match request.body.as_slice() {
            [] => Value::Null,
            body => serde_json::from_slice(body).unwrap_or(json!("no JSON")),
        };
        differ("body", got.to_string(), expected["body"].to_string());
    }
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
    calls::play_dir(provider, async |url: &str, connector: &Connector, exchange: &Value| {
        let sink = sink(url, connector, &exchange["options"]);
        let customer: Customer = serde_json::from_value(exchange["customer"].clone()).expect("a customer");
        describe(&sink.upsert_with(&customer, &UpsertOptions::default()).await)
    })
    .await;
}

/// Every case says where its facts come from, and how sure they are.
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
        Err(error) => failed(error),
    }
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
        "message": error.vendor_message(),
        "fields": error.field_errors().iter().map(|f| json!({"field": f.field(), "message": f.message()})).collect::<Vec<_>>(),
        "conflicting_ids": error.conflicting_ids(),
    })
}
