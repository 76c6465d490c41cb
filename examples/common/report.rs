//! Outcomes and errors as lines of JSON, with no personal data in them.

use customer_sink::{Error, Note, Outcome, Upserted};
use serde_json::{Value, json};

/// An error as `plan` writes it.
pub fn error(error: &Error) -> Value {
    json!({ "kind": error.kind().as_str(), "fields": fields(error) })
}

/// What a vendor wrote may repeat a person's data, and stays out.
fn fields(error: &Error) -> Vec<Value> {
    let fields = error.field_errors().iter();
    fields.map(|f| json!({ "field": f.safe_field(), "message": f.safe_message() })).collect()
}

/// The first part of every line of a report.
fn head(index: u64, provider: &str, outcome: &str, effect: &str) -> serde_json::Map<String, Value> {
    let head = [
        ("index", json!(index)),
        ("provider", json!(provider)),
        ("outcome", json!(outcome)),
        ("effect", json!(effect)),
    ];
    head.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// A record that arrived. `imported` are the notes of reading it from the file.
pub fn delivered(index: u64, done: &Upserted, imported: &[Note]) -> Value {
    let effect = if done.outcome == Outcome::Accepted { "accepted" } else { "applied" };
    let mut line = head(index, done.provider.as_str(), done.outcome.as_str(), effect);
    line.insert("remote_id".into(), json!(done.remote_id));
    line.insert("attempts".into(), json!(done.attempts));
    line.insert("request_id".into(), json!(done.request_id));
    line.insert("notes".into(), json!(imported.iter().chain(&done.notes).collect::<Vec<_>>()));
    Value::Object(line)
}

/// A record that did not.
pub fn failed(index: u64, provider: &str, error: &Error, imported: &[Note]) -> Value {
    let mut line = head(index, provider, "failed", error.effect().as_str());
    line.insert("remote_id".into(), Value::Null);
    line.insert("attempts".into(), json!(error.attempts()));
    line.insert("request_id".into(), json!(error.request_id()));
    line.insert("notes".into(), json!(imported));
    line.insert(
        "error".into(),
        json!({
            "kind": error.kind().as_str(),
            "operation": error.operation(),
            "status": error.status(),
            "code": error.safe_code(),
            "retry_after": error.retry_after().map(|wait| wait.as_secs_f64()),
            "conflicting_ids": error.conflicting_ids(),
            "fields": fields(error),
        }),
    );
    Value::Object(line)
}

/// A record that would be sent.
pub fn planned(index: u64, provider: &str, notes: &[Note], imported: &[Note]) -> Value {
    let mut line = head(index, provider, "planned", "not_sent");
    line.insert("remote_id".into(), Value::Null);
    line.insert("attempts".into(), json!(0));
    line.insert("request_id".into(), Value::Null);
    line.insert("notes".into(), json!(imported.iter().chain(notes).collect::<Vec<_>>()));
    Value::Object(line)
}
