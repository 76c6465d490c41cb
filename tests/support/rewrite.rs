//! `UPDATE_FIXTURES=1`: writes what came into the files in place of what they expected.
//!
//! Requests, outcomes and waits are rewritten; input, answers, facts and names stay. What needs a person is an error: a
//! request without an answer, or cases that no longer send the same.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use wiremock::Request;

use super::calls::Played;
use super::fixtures::{Defaults, with_version};
use super::ordered::Node;

/// Rewrites a file by what came when its cases were played, in their order.
pub fn rewrite(file: &Path, played: &[Played]) -> Result<(), String> {
    let defaults = Defaults::near(file);
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let mut root = Node::parse(&text).map_err(|error| error.to_string())?;

    let exchange = root.get_mut("exchange").ok_or("no exchange")?;
    let expected = exchange.items_mut().len();
    let mut updated: Option<(&str, Node)> = None;
    for case in played {
        let came = case.requests.len();
        if came != expected {
            return Err(format!(
                "{}: {came} requests came, {expected} are expected: a person has to write the answers",
                case.name
            ));
        }
        let mut own = exchange.clone();
        for (turn, request) in own.items_mut().iter_mut().zip(&case.requests) {
            expect(turn.get_mut("request").ok_or("a turn without a request")?, request, &defaults);
        }
        match &updated {
            Some((first, other)) if other.value() != own.value() => {
                let (first, second) = (first, &case.name);
                return Err(format!("{first} and {second} send different requests: a person has to part them"));
            }
            Some(_) => {}
            None => updated = Some((&case.name, own)),
        }
    }
    *exchange = updated.ok_or("nothing was played")?.1;

    match root.get_mut("cases") {
        Some(cases) => cases.items_mut().iter_mut().zip(played).try_for_each(|(node, case)| expect_outcome(node, case)),
        None => played.iter().try_for_each(|case| expect_outcome(&mut root, case)),
    }?;
    std::fs::write(file, root.print()).map_err(|error| error.to_string())
}

fn expect(node: &mut Node, request: &Request, defaults: &Defaults) {
    let path = match request.url.query() {
        Some(query) => format!("{}?{query}", request.url.path()),
        None => request.url.path().to_owned(),
    };
    node.set("method", Node::of(&json!(request.method.as_str())));
    node.set("path", Node::of(&json!(path)));
    expect_headers(node, request, defaults);

    let text = String::from_utf8_lossy(&request.body);
    if node.get_mut("form").is_some() {
        let pairs: BTreeMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        node.set("form", Node::of(&json!(pairs)));
    } else if request.body.is_empty() {
        if node.get_mut("body").is_some_and(|body| !body.value().is_null()) {
            node.remove("body");
        }
    } else {
        node.set("body", Node::parse(&text).unwrap_or_else(|_| Node::of(&json!("no JSON"))));
    }
    if node.get_mut("body_text").is_some() {
        node.set("body_text", Node::of(&json!(text)));
    }
}

/// The headers that the file or the rules name. The file keeps those that the rules do not give.
fn expect_headers(node: &mut Node, request: &Request, defaults: &Defaults) {
    let before = node.value();
    // The rules for what came, which may have a body where none was expected.
    let mut came = before.clone();
    came["path"] = json!(request.url.path());
    for key in ["form", "body_text"] {
        came.as_object_mut().expect("a request").remove(key);
    }
    came["body"] = if request.body.is_empty() { Value::Null } else { json!(true) };
    let by_rule = defaults.of_rules(&came);
    let own = before["headers"].as_object().cloned().unwrap_or_default();
    let mut headers = node.get_mut("headers").cloned().unwrap_or(Node::Map(Vec::new()));
    for name in by_rule.keys().chain(own.keys()) {
        let got = request.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let got = json!(got);
        let fits = |value: Option<&Value>| value.is_some_and(|value| with_version(value) == got);
        if fits(own.get(name)) || (own.get(name).is_none() && fits(by_rule.get(name))) {
            continue;
        }
        if fits(by_rule.get(name)) {
            headers.remove(name);
        } else {
            headers.set(name, Node::of(&got));
        }
    }
    if headers.is_empty() {
        node.remove("headers");
    } else {
        node.set("headers", headers);
    }
}

/// The outcome's keys that the file names, and the kind of a failure.
fn expect_outcome(node: &mut Node, case: &Played) -> Result<(), String> {
    let outcome = node.get_mut("outcome").ok_or("no outcome")?;
    let Node::Map(entries) = &*outcome else { return Err("an outcome is an object".to_owned()) };
    let named: Vec<String> = entries.iter().map(|(key, _)| key.clone()).collect();
    for key in &named {
        outcome.set(key, Node::of(&case.got[key]));
    }
    if !named.iter().any(|key| key == "kind") && !case.got["kind"].is_null() {
        outcome.set("kind", Node::of(&case.got["kind"]));
    }
    if node.get_mut("waits_seconds").is_some() {
        node.set("waits_seconds", Node::of(&json!(case.waits)));
    }
    Ok(())
}
