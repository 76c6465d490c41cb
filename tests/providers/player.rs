//! The player of exchange fixtures itself: what it finds wrong, and what `UPDATE_FIXTURES=1` rewrites.

use std::path::Path;

use customer_sink::{Connector, HttpRequest, ReqwestTransport, Transport};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use crate::support::calls::play_folder;

const DEFAULTS: &str = r#"[
  {"headers": {"user-agent": "fake/{version}", "x-key": "fake-key", "x-old": null}},
  {"body": true, "headers": {"content-type": "application/json"}},
  {"path": "/token", "headers": {"x-key": null}}
]"#;

const FACTS: &str = r#"[
        {
          "fact": "made up",
          "source": "this test",
          "certainty": "inferred"
        }
      ]"#;

/// Two cases of one request, as they stand in a file.
fn cases(body: &str, headers: &str, first: &str, second: &str) -> String {
    format!(
        r#"{{
  "customer": {{}},
  "exchange": [
    {{
      "request": {{
        "method": "POST",
        "path": "/people?z=1",{headers}
        "body": {body}
      }}
    }}
  ],
  "cases": [
    {{
      "name": "made",
      "facts": {FACTS},
      "response": {{
        "status": 201
      }},
      "outcome": {{
        "status": {first}
      }}
    }},
    {{
      "name": "refused",
      "facts": {FACTS},
      "response": {{
        "status": 422
      }},
      "outcome": {{
        "status": {second}
      }}
    }}
  ]
}}
"#
    )
}

const BODY: &str = "{\n          \"b\": 1.50,\n          \"a\": \"x\"\n        }";

/// Sends what the good file expects, as often as is said, and gives the status of the last answer.
async fn send(url: &str, path: &str, times: usize) -> Value {
    let transport = ReqwestTransport::new().unwrap();
    let mut status = 0;
    for _ in 0..times {
        let mut headers = HeaderMap::new();
        let agent = format!("fake/{}", env!("CARGO_PKG_VERSION"));
        headers.insert("user-agent", HeaderValue::from_str(&agent).unwrap());
        headers.insert("x-key", HeaderValue::from_static("fake-key"));
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let mut request = HttpRequest::new(Method::POST, format!("{url}{path}").parse().unwrap());
        request.headers = headers;
        request.body = r#"{"b":1.5,"a":"x"}"#.into();
        status = transport.send(request).await.unwrap().status.as_u16();
    }
    json!({ "status": status })
}

async fn play(dir: &Path, update: bool, path: &str, times: usize) -> Vec<String> {
    let run = async |url: &str, _: &Connector, _: &Value| send(url, path, times).await;
    play_folder(dir, update, run).await.0
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("_defaults.json"), DEFAULTS).unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

#[tokio::test]
async fn a_problem_names_its_file_and_case() {
    let good = folder(&[("people.json", &cases(BODY, "", "201", "422"))]);
    assert_eq!(play(good.path(), false, "/people?z=1", 1).await, Vec::<String>::new());
    // Each of these differs in one thing, in one or in both cases.
    for (text, says, count) in [
        (cases(BODY, "", "200", "422"), "people.json: made: status of the outcome is 201", 1),
        (cases("{}", "", "201", "422"), "people.json: made: request 0: body is", 2),
        (cases(BODY, r#""headers": {"x-key": "other"},"#, "201", "422"), "request 0: header x-key is", 2),
        (cases(BODY, r#""headers": {"x-key": null},"#, "201", "422"), "request 0: header x-key is", 2),
        (cases(BODY, r#""headers": {"x-old": "here"},"#, "201", "422"), "request 0: header x-old is", 2),
        (cases(BODY, "", "201", "422").replace("inferred", "guessed"), "each fact needs", 2),
        (cases(BODY, "", "201", "422").replace("\"refused\"", "\"made\""), "made is there twice", 1),
        (cases(BODY, "", "201", "422").replace("?z=1", "/token"), "request 0: path is", 4),
    ] {
        let problems = play(folder(&[("people.json", &text)]).path(), false, "/people?z=1", 1).await;
        assert!(problems.iter().any(|problem| problem.contains(says)), "{says}: {problems:?}");
        assert_eq!(problems.len(), count, "{problems:?}");
    }
    let problems = play(good.path(), false, "/people?z=1", 2).await;
    assert!(problems[0].starts_with("people.json: made: request 1 is one too many"), "{problems:?}");
}

#[tokio::test]
async fn what_came_is_written_into_the_files() {
    let good = cases(BODY, "", "201", "422");
    let others = [
        cases(BODY, "", "200", "400"),
        cases("{\n          \"b\": 7\n        }", "", "201", "422").replace("/people?z=1", "/persons"),
        cases(BODY, r#""headers": {"x-key": "other"},"#, "201", "422"),
        // The order of keys stays where the values are the same, and so does a number's spelling.
        cases(BODY, "", "201", "400"),
    ];
    for (at, other) in others.iter().enumerate() {
        let dir = folder(&[("people.json", other)]);
        assert!(!play(dir.path(), false, "/people?z=1", 1).await.is_empty(), "{at}");
        assert_eq!(&std::fs::read_to_string(dir.path().join("people.json")).unwrap(), other, "{at}: not asked for");
        assert_eq!(play(dir.path(), true, "/people?z=1", 1).await, Vec::<String>::new(), "{at}");
        let written = std::fs::read_to_string(dir.path().join("people.json")).unwrap();
        assert_eq!(written.replace("1.5,", "1.50,"), good, "{at}");
    }
    let untouched = folder(&[("people.json", &good)]);
    play(untouched.path(), true, "/people?z=1", 1).await;
    assert_eq!(std::fs::read_to_string(untouched.path().join("people.json")).unwrap(), good);
}

#[tokio::test]
async fn an_answer_is_written_by_a_person() {
    let good = cases(BODY, "", "201", "422");
    let dir = folder(&[("people.json", &good)]);
    let problems = play(dir.path(), true, "/people?z=1", 2).await;
    assert!(problems[0].contains("2 requests came, 1 are expected: a person has to write"), "{problems:?}");
    assert_eq!(std::fs::read_to_string(dir.path().join("people.json")).unwrap(), good);
}

#[tokio::test]
async fn every_exchange_is_named_once_and_its_defaults_are_its_own() {
    use crate::support::fixtures::{cases, files, root};
    let folders = ["shoplazza", "shopline", "triple_whale", "whale", "yotpo"];
    let calls = folders.iter().map(|name| format!("{name}/calls"));
    let all = folders.iter().map(|name| (*name).to_owned()).chain(calls);
    let all = all.chain(["yotpo/loyalty".to_owned(), "yotpo/loyalty/calls".to_owned()]);
    let count: usize = all.map(|dir| files(&root().join(dir)).iter().map(|f| cases(f).len()).sum::<usize>()).sum();
    assert!(count >= 689, "{count} exchanges: one got lost");
}
