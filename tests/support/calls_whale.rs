//! Plays the exchanges of native calls: each file names a `call` and its `arguments`, the requests that have to come,
//! the answers, and the outcome.

use std::path::Path;
use std::sync::{Arc, Mutex};

use customer_sink::{Connector, Error};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::support::{answer, check_provenance, compare, connector, describe};

/// How many requests came, and what did not fit.
type State = Mutex<(usize, Vec<String>)>;

/// Answers the turns in order.
struct Player(Arc<(Vec<Value>, State)>);

impl Respond for Player {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let (turns, state) = &*self.0;
        let mut state = state.lock().unwrap();
        let index = state.0;
        state.0 += 1;
        let Some(turn) = turns.get(index) else {
            state.1.push(format!("request {index}, which nobody expects: {} {}", request.method, request.url));
            return ResponseTemplate::new(599);
        };
        let problems = compare(request, &turn["request"]);
        state.1.extend(problems.into_iter().map(|problem| format!("request {index}: {problem}")));
        answer(&turn["response"])
    }
}

/// Plays every exchange in `fixtures/<provider>/calls/`. `run` makes the call of the file that it is given.
pub async fn play_calls(provider: &str, run: impl AsyncFn(&str, &Connector, &Value) -> Result<Value, Error>) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(provider).join("calls");
    let mut files: Vec<_> = std::fs::read_dir(&dir).expect("fixtures").map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no call in {}", dir.display());
    let mut failed = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let exchange: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for problem in play(&exchange, &run).await {
            failed.push(format!("{name}: {problem}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

async fn play(exchange: &Value, run: &impl AsyncFn(&str, &Connector, &Value) -> Result<Value, Error>) -> Vec<String> {
    let mut problems = check_provenance(exchange);
    let turns = exchange["exchange"].as_array().expect("an exchange").clone();
    let script = Arc::new((turns, Mutex::default()));
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(Player(Arc::clone(&script))).mount(&server).await;
    let (connector, _) = connector();
    let result = run(&server.uri(), &connector, exchange).await;
    let state: &(usize, Vec<String>) = &script.1.lock().unwrap();
    problems.extend(state.1.clone());
    if state.0 != script.0.len() {
        problems.push(format!("{} requests came, {} are expected", state.0, script.0.len()));
    }
    let got = match result {
        Ok(value) => json!({"outcome": "done", "value": value}),
        Err(error) => describe(&Err(error)),
    };
    for (key, value) in exchange["outcome"].as_object().expect("an outcome") {
        if &got[key] != value {
            problems.push(format!("{key} of the outcome is {} instead of {value}", got[key]));
        }
    }
    problems
}
