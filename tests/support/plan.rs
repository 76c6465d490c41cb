//! What a plan shows, for comparing.

use std::collections::HashSet;

use customer_sink::plan::{Note, NoteAction, Step, StepCondition};
use customer_sink::{Customer, CustomerSink, Error, ErrorKind, Plan, UpsertOptions};
use serde_json::Value;

/// The plan, after its claims were checked.
pub fn plan(sink: &dyn CustomerSink, customer: &Customer) -> Plan {
    let plan = sink.plan(customer, &UpsertOptions::default()).unwrap();
    check_claims(customer, &plan);
    plan
}

/// The refusal of a record that cannot be planned.
pub fn refused(sink: &dyn CustomerSink, customer: &Customer) -> Error {
    let error = sink.plan(customer, &UpsertOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    error
}

/// Each set place is sent or noted, once; and nothing is claimed that is not set.
pub fn check_claims(customer: &Customer, plan: &Plan) {
    let provider = plan.provider();
    let set = customer.set_paths();
    for place in &set {
        assert!(plan.covers(place), "{provider}: {place} is lost");
    }
    let mut claimed = HashSet::new();
    for path in plan.sent() {
        assert!(claimed.insert(path.to_string()), "{provider}: {path} is sent twice");
        assert!(set.iter().any(|place| path.covers(place)), "{provider}: {path} is sent and not set");
    }
    for note in plan.notes().iter().filter(|note| note.action() != NoteAction::Added && note.condition().is_none()) {
        assert!(claimed.insert(note.path().to_string()), "{provider}: {} has two claims", note.path());
        assert!(set.iter().any(|place| note.path().covers(place)), "{provider}: {} is noted and not set", note.path());
    }
    for note in plan.notes().iter().filter(|note| note.action() != NoteAction::Added && note.condition().is_some()) {
        let path = note.path();
        let sent_too = plan.sent().iter().any(|sent| sent.covers(path));
        let noted_too = plan.notes().iter().any(|n| n.condition().is_none() && n.path().covers(path));
        assert!(sent_too || noted_too, "{provider}: {path} is noted for one step and speaks for none else");
    }
}

fn json(step: &Step) -> Option<Value> {
    step.body().map(|body| serde_json::from_slice(body).expect("bodies are JSON"))
}

/// Every body, with its step's condition and operation.
pub fn bodies(plan: &Plan) -> Vec<(StepCondition, &'static str, Value)> {
    plan.steps().iter().filter_map(|step| Some((step.when(), step.operation(), json(step)?))).collect()
}

/// The bodies of one operation.
pub fn bodies_of(plan: &Plan, operation: &str) -> Vec<Value> {
    bodies(plan).into_iter().filter(|(_, of, _)| *of == operation).map(|(_, _, body)| body).collect()
}

/// The first body of an operation.
pub fn body(plan: &Plan, operation: &str) -> Value {
    bodies_of(plan, operation).into_iter().next().unwrap_or_else(|| panic!("no body of {operation}"))
}

/// The body of the step with this number.
pub fn body_at(plan: &Plan, step: usize) -> Value {
    json(&plan.steps()[step]).expect("a body")
}

/// The `customer` object of the create.
pub fn created(plan: &Plan) -> Value {
    body(plan, "create_customer")["customer"].take()
}

/// The `customer` object of the update.
pub fn updated(plan: &Plan) -> Value {
    body(plan, "update_customer")["customer"].take()
}

/// The notes as `field action reason [when]`, in their order.
pub fn notes(plan: &Plan) -> Vec<String> {
    let text = |note: &Note| {
        let when = note.condition().map(|when| format!(" {}", when.as_str())).unwrap_or_default();
        format!("{} {} {}{when}", note.path(), note.action().as_str(), note.reason().as_str())
    };
    plan.notes().iter().map(text).collect()
}

/// The places that are sent, as text.
pub fn sent(plan: &Plan) -> Vec<String> {
    plan.sent().iter().map(ToString::to_string).collect()
}
