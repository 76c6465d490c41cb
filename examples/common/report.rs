//! Outcomes and errors as lines of JSON, with no personal data in them.

use customer_sink::{Error, Note, Outcome, Plan, Upserted};
use serde::Serialize;

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
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    conflicting_ids: &'a [String],
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
    notes: Vec<&'a Note>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorLine<'a>>,
}

impl<'a> ReportLine<'a> {
    /// A record that arrived. `imported` are the notes of reading it from the file.
    pub fn delivered(index: u64, done: &'a Upserted, imported: &'a [Note]) -> Self {
        Self {
            index,
            provider: done.provider.as_str(),
            outcome: done.outcome.as_str(),
            effect: if done.outcome == Outcome::Accepted { "accepted" } else { "applied" },
            remote_id: done.remote_id.as_deref(),
            attempts: done.attempts,
            request_id: done.request_id.as_deref(),
            notes: imported.iter().chain(&done.notes).collect(),
            error: None,
        }
    }

    /// A record that did not.
    pub fn failed(index: u64, provider: &'static str, error: &'a Error, imported: &'a [Note]) -> Self {
        Self {
            index,
            provider,
            outcome: "failed",
            effect: error.effect().as_str(),
            remote_id: None,
            attempts: error.attempts(),
            request_id: error.request_id(),
            notes: imported.iter().collect(),
            error: Some(ErrorLine {
                kind: error.kind().as_str(),
                operation: error.operation(),
                status: error.status(),
                code: error.safe_code(),
                retry_after: error.retry_after().map(|wait| wait.as_secs_f64()),
                conflicting_ids: error.conflicting_ids(),
                fields: fields(error),
            }),
        }
    }

    /// A record that would be sent.
    pub fn planned(index: u64, provider: &'static str, notes: &'a [Note], imported: &'a [Note]) -> Self {
        Self {
            index,
            provider,
            outcome: "planned",
            effect: "not_sent",
            remote_id: None,
            attempts: 0,
            request_id: None,
            notes: imported.iter().chain(notes).collect(),
            error: None,
        }
    }
}
