//! Outcomes and errors as lines of JSON, with no personal data in them.

use customer_sink::{Error, Note, Outcome, Plan, RemoteId, Upserted};
use serde::Serialize;
use serde_json::value::RawValue;

/// One field that is wrong. What a vendor wrote may repeat a person's data, and stays out.
#[derive(Serialize)]
struct FieldLine<'a> {
    field: &'a str,
    message: &'a str,
}

/// An error as `plan` writes it.
#[derive(Serialize)]
pub struct Refusal<'a> {
    kind: &'static str,
    fields: Vec<FieldLine<'a>>,
}

impl<'a> Refusal<'a> {
    pub fn of(error: &'a Error) -> Self {
        Self { kind: error.kind().as_str(), fields: fields(error) }
    }
}

fn fields(error: &Error) -> Vec<FieldLine<'_>> {
    error.field_errors().iter().map(|f| FieldLine { field: f.safe_field(), message: f.safe_message() }).collect()
}

/// A line of `plan` for one customer and provider. The plan is written as it is, so that the bodies keep their bytes.
#[derive(Serialize)]
pub struct PlanLine<'a> {
    pub index: u64,
    pub provider: &'static str,
    #[serde(flatten)]
    pub plan: Option<&'a Plan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Refusal<'a>>,
    /// What reading the record from the file dropped.
    #[serde(skip_serializing_if = "<[Note]>::is_empty")]
    pub imported: &'a [Note],
}

/// A line of `plan` for an input line that cannot be read.
#[derive(Serialize)]
pub struct UnreadableLine<'a> {
    pub line: u64,
    pub error: Refusal<'a>,
}

/// The error of a line of a report.
#[derive(Serialize)]
struct ErrorLine<'a> {
    kind: &'static str,
    operation: Option<&'static str>,
    status: Option<u16>,
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<f64>,
    #[serde(skip_serializing_if = "<[RemoteId]>::is_empty")]
    conflicting_ids: &'a [RemoteId],
    fields: Vec<FieldLine<'a>>,
}

/// One line of a report: a record and a provider.
#[derive(Serialize)]
pub struct ReportLine<'a> {
    index: u64,
    provider: &'static str,
    outcome: &'static str,
    effect: &'static str,
    remote_id: Option<&'a str>,
    attempts: u32,
    request_id: Option<&'a str>,
    notes: Vec<NoteLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorLine<'a>>,
}

/// A note as it is, or as it was written before.
#[derive(Serialize)]
#[serde(untagged)]
enum NoteLine<'a> {
    Made(&'a Note),
    Written(&'a RawValue),
}

impl<'a> ReportLine<'a> {
    /// A line on which everything but the outcome is empty. `imported` are the notes of reading the record from the file.
    fn new(index: u64, provider: &'static str, outcome: &'static str, imported: &[&'a RawValue]) -> Self {
        Self {
            index,
            provider,
            outcome,
            effect: "not_sent",
            remote_id: None,
            attempts: 0,
            request_id: None,
            notes: imported.iter().map(|note| NoteLine::Written(note)).collect(),
            error: None,
        }
    }

    /// A record that arrived.
    pub fn delivered(index: u64, done: &'a Upserted, attempts: u32, imported: &[&'a RawValue]) -> Self {
        let mut line = Self::new(index, done.provider.as_str(), done.outcome.as_str(), imported);
        line.effect = if done.outcome == Outcome::Accepted { "accepted" } else { "applied" };
        line.remote_id = done.remote_id.as_ref().map(RemoteId::as_str);
        line.attempts = attempts;
        line.request_id = done.request_id.as_deref();
        line.notes.extend(done.notes.iter().map(NoteLine::Made));
        line
    }

    /// A record that did not have to be sent.
    pub fn skipped(index: u64, provider: &'static str, imported: &[&'a RawValue]) -> Self {
        Self::new(index, provider, "skipped", imported)
    }

    /// A record that did not arrive.
    pub fn failed(
        index: u64,
        provider: &'static str,
        error: &'a Error,
        attempts: u32,
        imported: &[&'a RawValue],
    ) -> Self {
        let mut line = Self::new(index, provider, "failed", imported);
        line.effect = error.effect().as_str();
        line.attempts = attempts;
        line.request_id = error.request_id();
        line.error = Some(ErrorLine {
            kind: error.kind().as_str(),
            operation: error.operation(),
            status: error.status(),
            code: error.safe_code(),
            retry_after: error.retry_after().map(|wait| wait.as_secs_f64()),
            conflicting_ids: error.conflicting_ids(),
            fields: fields(error),
        });
        line
    }

    /// A record that was not tried, since the provider had been given up over this error.
    pub fn not_tried(index: u64, provider: &'static str, error: &'a Error, imported: &[&'a RawValue]) -> Self {
        // The error is that of another record: its request and its effect are none of this one's.
        let mut line = Self::failed(index, provider, error, 0, imported);
        line.effect = "not_sent";
        line.request_id = None;
        line
    }

    /// A record that would be sent.
    pub fn planned(index: u64, provider: &'static str, notes: &'a [Note], imported: &[&'a RawValue]) -> Self {
        let mut line = Self::new(index, provider, "planned", imported);
        line.notes.extend(notes.iter().map(NoteLine::Made));
        line
    }
}
