//! Plays exchange fixtures of native calls: as those of upserts, with a `call`, its `arguments`, and an `outcome` that
//! the caller's own match puts into JSON.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use customer_sink::{Connector, Error};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::support;

/// Answers the turns in order, and remembers what did not fit.
struct Script {
    turns: Vec<Value>,
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
        let problems = differences(request, &turn["request"]);
        state.1.extend(problems.into_iter().map(|problem| format!("request {index}: {problem}")));
        answer(&turn["response"])
    }
}

fn differences(request: &Request, expected: &Value) -> Vec<String> {
    let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut got = json!({"method": request.method.as_str(), "path": format!("{}{query}", request.url.path())});
    let mut want = json!({"method": expected["method"], "path": expected["path"]});
    if let Some(form) = expected["form"].as_object() {
        let pairs: BTreeMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        (got["form"], want["form"]) = (json!(pairs), json!(form));
    } else {
        (got["body"], want["body"]) =
            (serde_json::from_slice(&request.body).unwrap_or_default(), expected["body"].clone());
        if expected["body"].is_null() && !request.body.is_empty() {
            got["body"] = json!("a body");
        }
    }
    for (name, value) in expected["headers"].as_object().into_iter().flatten() {
        got[name] = json!(request.headers.get(name).and_then(|value| value.to_str().ok()));
        want[name] = value.clone();
    }
    if got == want { Vec::new() } else { vec![format!("it is\n  {got}\ninstead of\n  {want}")] }
}

fn answer(response: &Value) -> ResponseTemplate {
    let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
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

/// Plays every exchange of a provider's `calls/`. `call` makes the call of a file against a server, and gives its result
/// as JSON. The names of the calls that were played come back.
pub async fn play_calls<F: Future<Output = Result<Value, Error>>>(
    provider: &str,
    call: impl Fn(String, Connector, Value) -> F,
) -> BTreeMap<String, usize> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(provider).join("calls");
    let mut files: Vec<_> = std::fs::read_dir(&dir).expect("calls").map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut failed, mut played) = (Vec::new(), BTreeMap::new());
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let exchange: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        *played.entry(exchange["call"].as_str().expect("a call").to_owned()).or_default() += 1;
        failed.extend(play(exchange, &call).await.into_iter().map(|problem| format!("{name}: {problem}")));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    played
}

async fn play<F: Future<Output = Result<Value, Error>>>(
    exchange: Value,
    call: &impl Fn(String, Connector, Value) -> F,
) -> Vec<String> {
    let mut problems = Vec::new();
    let sure = |fact: &Value| {
        let certainty = matches!(fact["certainty"].as_str(), Some("documented" | "seen" | "inferred" | "unknown"));
        certainty && fact["fact"].is_string() && fact["source"].is_string()
    };
    if !exchange["facts"].as_array().is_some_and(|facts| !facts.is_empty() && facts.iter().all(sure)) {
        problems.push("each fact needs a text, a source and a certainty".to_owned());
    }
    let turns = exchange["exchange"].as_array().expect("an exchange").clone();
    let script = Arc::new(Script { turns, state: Mutex::default() });
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(Player(Arc::clone(&script))).mount(&server).await;
    let (connector, clock) = support::connector();
    let (expected, waits) = (exchange["outcome"].clone(), exchange["waits_seconds"].clone());
    let got = match call(server.uri(), connector, exchange).await {
        Ok(value) => value,
        Err(error) => support::describe(&Err(error)),
    };
    let state = script.state.lock().unwrap();
    problems.extend(state.1.clone());
    if state.0 != script.turns.len() {
        problems.push(format!("{} requests came, {} are expected", state.0, script.turns.len()));
    }
    for (key, value) in expected.as_object().expect("an outcome") {
        if &got[key] != value {
            problems.push(format!("{key} of the outcome is {} instead of {value}: {got}", got[key]));
        }
    }
    if let Some(seconds) = waits.as_array() {
        let waited: Vec<Value> = clock.sleeps().iter().map(|wait| json!(wait.as_secs_f64())).collect();
        if &waited != seconds {
            problems.push(format!("the waits are {waited:?} instead of {seconds:?}"));
        }
    }
    problems
}
