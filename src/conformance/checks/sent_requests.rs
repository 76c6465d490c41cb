//! Checks that the sink sends what its plan shows.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::conformance::customers::odd_customers;
use crate::conformance::fixture::CheckResult;
use crate::conformance::session::Session;
use crate::conformance::step_match::{fits, is_request_of};
use crate::conformance::wire::Exchange;
use crate::customer::Customer;
use crate::plan::{Plan, Step, StepCondition};
use crate::sink::UpsertOptions;

/// How many odd records are sent.
const ODD: usize = 24;

pub(super) async fn plan_is_what_is_sent(session: &Session<'_>) -> CheckResult {
    session.needs_requests()?;
    let (fixture, sink) = session.open().await?;
    let (person, later) = (session.subject.person(), session.subject.later());
    let mut customers = vec![person.clone(), later.clone(), later];
    // Each is somebody of their own, since what an update carries depends on what is there; sent twice, so that it is
    // created and updated.
    let odd = odd_customers(&Customer::new(), ODD).enumerate().map(|(index, odd)| someone(odd, &person, index));
    customers.extend(odd.flat_map(|odd| [odd.clone(), odd]));
    let mut found = Vec::new();
    let mut sent = 0usize;
    for (index, customer) in customers.iter().enumerate() {
        let Ok(plan) = sink.plan(customer, &UpsertOptions::default()) else { continue };
        let call = fixture.upsert(&*sink, customer).await;
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
