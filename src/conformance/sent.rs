//! Whether what is sent is what the plan shows.

use std::collections::BTreeMap;

use serde_json::Value;

use super::people::odd_customers;
use super::scene::{Findings, Stage};
use super::wire::Exchange;
use crate::customer::Customer;
use crate::plan::{Plan, Step, StepCondition};
use crate::sink::UpsertOptions;

/// How many odd records are sent.
const ODD: usize = 24;

pub(super) async fn plan_is_what_is_sent(stage: &Stage<'_>) -> Findings {
    stage.needs_requests()?;
    let (scene, sink) = stage.open().await?;
    let (person, later) = (stage.subject.person(), stage.subject.later());
    let mut customers = vec![person.clone(), later.clone(), later];
    // Each is somebody of their own, since what an update carries depends on what is there; sent twice, so that it is
    // created and updated.
    let odd = odd_customers(&Customer::new(), ODD).enumerate().map(|(index, odd)| someone(odd, &person, index));
    customers.extend(odd.flat_map(|odd| [odd.clone(), odd]));
    let mut found = Vec::new();
    let mut sent = 0usize;
    for (index, customer) in customers.iter().enumerate() {
        let Ok(plan) = sink.plan(customer, &UpsertOptions::default()) else { continue };
        let call = scene.upsert(&*sink, customer).await;
        sent += call.exchanges.len();
        for exchange in &call.exchanges {
            if let Err(why) = stands_in(&plan, exchange) {
                found.push(format!("record {index}: {} {why}", exchange.name()));
            }
        }
        if call.result.is_ok() {
            let first = plan.steps().iter().find(|step| step.when() == StepCondition::Always);
            let was_sent = |step: &Step| call.exchanges.iter().any(|exchange| is_request_of(step, exchange));
            if let Some(step) = first.filter(|step| !was_sent(step)) {
                found.push(format!("record {index}: {} is always sent, says the plan, and was not", step.operation()));
            }
        }
    }
    if sent == 0 {
        found.push("nothing was sent".to_owned());
    }
    Ok(found)
}

/// The odd record with identifiers that nobody else has.
fn someone(mut odd: Customer, person: &Customer, index: usize) -> Customer {
    odd.external_id = person.external_id.as_ref().map(|_| format!("odd-{index}"));
    odd.email = person.email.as_ref().map(|_| format!("odd-{index}@example.com").into());
    odd.phone = None;
    odd.clear.clear();
    odd
}

/// Whether an exchange is the request of a step, by method and URL.
pub(super) fn is_request_of(step: &Step, exchange: &Exchange) -> bool {
    *step.method() == exchange.request.method && fits(step.url(), exchange.request.url.as_str())
}

/// Whether a URL is the template with the names in braces filled in, each with one path segment or query value.
fn fits(template: &str, url: &str) -> bool {
    let template = template.replace("%7B", "{").replace("%7D", "}");
    let Some((literal, rest)) = template.split_once('{') else { return template == url };
    let (Some(url), Some((_, rest))) = (url.strip_prefix(literal), rest.split_once('}')) else { return false };
    let end = url.find(['/', '?', '&', '#']).unwrap_or(url.len());
    // The value ends where the rest fits; it has at least one character.
    url.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|at| *at <= end).any(|at| {
        let tail = url.get(at..).unwrap_or_default();
        fits(rest, tail)
    })
}

/// Whether the plan has a step for this request; what differs where it has none.
fn stands_in(plan: &Plan, exchange: &Exchange) -> Result<(), String> {
    let mut closest = "stands in no step of the plan".to_owned();
    for step in plan.steps().iter().filter(|step| is_request_of(step, exchange)) {
        match headers(step, exchange).and_then(|()| body(step, exchange)) {
            Ok(()) => return Ok(()),
            Err(why) => closest = why,
        }
    }
    Err(closest)
}

fn headers(step: &Step, exchange: &Exchange) -> Result<(), String> {
    let mut shown: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, value) in step.headers() {
        shown.entry(name).or_default().push(value.into_owned());
    }
    let mut sent: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, value) in &exchange.request.headers {
        let value = if value.is_sensitive() {
            "[redacted]".to_owned()
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        sent.entry(name.as_str()).or_default().push(value);
    }
    if shown == sent {
        return Ok(());
    }
    let names = shown.keys().chain(sent.keys()).filter(|name| shown.get(*name) != sent.get(*name));
    let names: std::collections::BTreeSet<_> = names.collect();
    Err(format!("has other headers than the plan shows: {names:?}"))
}

fn body(step: &Step, exchange: &Exchange) -> Result<(), String> {
    let (shown, sent) = (step.body().unwrap_or_default(), &exchange.request.body[..]);
    if shown == sent {
        return Ok(());
    }
    let differs = || Err("has another body than the plan shows".to_owned());
    let part = step.when() == StepCondition::IfDiffers;
    let text = String::from_utf8_lossy(shown);
    let (Ok(shown), Ok(sent)) = (serde_json::from_slice::<Value>(shown), serde_json::from_slice(sent)) else {
        // A form with a credential or an id in it: the rest of it is the same.
        let sent = String::from_utf8_lossy(sent);
        let text = text.replace("%5Bredacted%5D", "[redacted]").replace("[redacted]", "{redacted}");
        return if text.contains('{') && fits(&text, &sent) { Ok(()) } else { differs() };
    };
    // With nothing left open, the very bytes are sent.
    if (part || is_open(&shown)) && is_of(&sent, &shown, part) { Ok(()) } else { differs() }
}

/// Whether a value that is shown has places that an earlier answer, or a credential, fills.
fn is_open(shown: &Value) -> bool {
    match shown {
        Value::String(text) => text == "[redacted]" || (text.contains('{') && text.contains('}')),
        Value::Array(list) => list.iter().any(is_open),
        Value::Object(map) => map.values().any(is_open),
        _ => false,
    }
}

/// Whether a JSON value is the one that is shown, with placeholders filled in; or, for an update of what differs, a part
/// of it.
fn is_of(sent: &Value, shown: &Value, part: bool) -> bool {
    match (sent, shown) {
        (_, Value::String(text)) if text == "[redacted]" => true,
        // A flag or number that comes from an earlier answer is shown as its name.
        (Value::Bool(_) | Value::Number(_), Value::String(text)) => text.starts_with('{') && text.ends_with('}'),
        (Value::String(sent), Value::String(shown)) => sent == shown || (shown.contains('{') && fits(shown, sent)),
        (Value::Object(sent), Value::Object(shown)) => {
            (part || sent.len() == shown.len())
                && sent.iter().all(|(key, value)| shown.get(key).is_some_and(|shown| is_of(value, shown, part)))
        }
        (Value::Array(sent), Value::Array(shown)) if part => {
            sent.iter().all(|value| shown.iter().any(|shown| is_of(value, shown, part)))
        }
        (Value::Array(sent), Value::Array(shown)) => {
            sent.len() == shown.len() && sent.iter().zip(shown).all(|(sent, shown)| is_of(sent, shown, part))
        }
        _ => sent == shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_template_is_filled_with_one_segment_each() {
        for (template, url, yes) in [
            ("https://a.example.com/c", "https://a.example.com/c", true),
            ("https://a.example.com/c", "https://a.example.com/d", false),
            ("https://a.example.com/c/{id}", "https://a.example.com/c/7", true),
            ("https://a.example.com/c/{id}.json", "https://a.example.com/c/7.json", true),
            ("https://a.example.com/c/{id}.json", "https://a.example.com/c/.json", false),
            ("https://a.example.com/c/{id}", "https://a.example.com/c/7/d", false),
            ("https://a.example.com/c/{id}/d/{e}", "https://a.example.com/c/7/d/8", true),
            ("https://a.example.com/c?x={id}&y=1", "https://a.example.com/c?x=7&y=1", true),
            ("https://a.example.com/c?x={id}&y=1", "https://a.example.com/c?x=7&y=2", false),
        ] {
            assert_eq!(fits(template, url), yes, "{template} {url}");
        }
    }

    #[test]
    fn a_part_is_a_part_and_the_whole_is_the_whole() {
        let shown = json!({"a": 1, "b": {"c": [1, 2]}, "secret": "[redacted]", "id": "{id}"});
        let whole = json!({"a": 1, "b": {"c": [1, 2]}, "secret": "x", "id": "7"});
        assert!(is_of(&whole, &shown, false));
        assert!(is_of(&json!({"b": {"c": [2]}}), &shown, true));
        for wrong in [json!({"a": 2}), json!({"z": 1}), json!({"b": {"c": [3]}}), json!([])] {
            assert!(!is_of(&wrong, &shown, true), "{wrong}");
        }
        assert!(!is_of(&json!({"a": 1}), &shown, false));
    }
}
