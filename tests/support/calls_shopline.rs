//! Plays the exchanges of native calls: each file names a call, its arguments, the requests that have to come, the
//! answers, and what the call gives.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use customer_sink::{Connector, Error};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// What a call gave: its value, the vendor's request id and the number of requests, or an error.
pub type Given = Result<(Value, Option<String>, Option<u32>), Error>;

struct Player {
    turns: Vec<Value>,
    seen: Arc<Mutex<(usize, Vec<String>)>>,
}

impl Respond for Player {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut seen = self.seen.lock().unwrap();
        let index = seen.0;
        seen.0 += 1;
        let Some(turn) = self.turns.get(index) else {
            seen.1.push(format!("request {index}, which nobody expects: {} {}", request.method, request.url));
            return ResponseTemplate::new(599);
        };
        let wanted = &turn["request"];
        let path = request.url.query().map_or(request.url.path().to_owned(), |q| format!("{}?{q}", request.url.path()));
        let mut check = |what: &str, got: Value, want: &Value| {
            if &got != want {
                seen.1.push(format!("{what} of request {index} is\n  {got}\ninstead of\n  {want}"));
            }
        };
        check("method", json!(request.method.as_str()), &wanted["method"]);
        check("path", json!(path), &wanted["path"]);
        for (name, want) in wanted["headers"].as_object().into_iter().flatten() {
            check(name, json!(request.headers.get(name).and_then(|v| v.to_str().ok())), want);
        }
        check("body", serde_json::from_slice(&request.body).unwrap_or(Value::Null), &wanted["body"]);
        let response = &turn["response"];
        let mut template = ResponseTemplate::new(u16::try_from(response["status"].as_u64().unwrap()).unwrap());
        template = match (&response["body"], response["text"].as_str()) {
            (_, Some(text)) => template.set_body_raw(text.as_bytes().to_vec(), "text/html"),
            (Value::Null, None) => template,
            (body, None) => template.set_body_json(body),
        };
        for (name, value) in response["headers"].as_object().into_iter().flatten() {
            template = template.insert_header(name.as_str(), value.as_str().unwrap());
        }
        template
    }
}

/// Plays every file of `fixtures/<provider>/calls`, and gives the names of the calls that were played.
pub async fn play<F, Fut>(provider: &str, call: F) -> BTreeSet<String>
where
    F: Fn(String, Connector, String, Value) -> Fut,
    Fut: Future<Output = Given>,
{
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(provider).join("calls");
    let mut files: Vec<_> = std::fs::read_dir(&dir).expect("fixtures").map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut played, mut failed) = (BTreeSet::new(), Vec::new());
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let exchange: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let facts = exchange["facts"].as_array().expect("facts");
        let sure = |f: &Value| matches!(f["certainty"].as_str(), Some("documented" | "seen" | "inferred" | "unknown"));
        assert!(!facts.is_empty() && facts.iter().all(|f| f["fact"].is_string() && f["source"].is_string() && sure(f)));
        let seen = Arc::new(Mutex::new((0, Vec::new())));
        let turns = exchange["exchange"].as_array().expect("an exchange").clone();
        let wanted = turns.len();
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(Player { turns, seen: Arc::clone(&seen) }).mount(&server).await;
        let (connector, _) = crate::support::connector();
        let named = exchange["call"].as_str().expect("a call").to_owned();
        played.insert(named.clone());
        let given = call(server.uri(), connector, named, exchange["arguments"].clone()).await;
        let (came, mut problems) = seen.lock().unwrap().clone();
        if came != wanted {
            problems.push(format!("{came} requests came, {wanted} are expected"));
        }
        let got = describe(&given);
        for (key, want) in exchange["outcome"].as_object().expect("an outcome") {
            if &got[key] != want {
                problems.push(format!("{key} is\n  {}\ninstead of\n  {want}", got[key]));
            }
        }
        failed.extend(problems.into_iter().map(|problem| format!("{name}: {problem}")));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    played
}

fn describe(given: &Given) -> Value {
    match given {
        Ok((value, request_id, attempts)) => {
            json!({ "ok": true, "value": value, "request_id": request_id, "attempts": attempts })
        }
        Err(error) => json!({
            "ok": false,
            "kind": error.kind().as_str(),
            "effect": error.effect().as_str(),
            "status": error.status(),
            "code": error.code(),
            "message": error.vendor_message(),
            "operation": error.operation(),
            "retryable": error.is_retryable(),
            "attempts": error.attempts(),
            "request_id": error.request_id(),
            "hint": error.hint(),
            "fields": error.field_errors().iter().map(customer_sink::FieldError::field).collect::<Vec<_>>(),
        }),
    }
}
