//! The results of the records: a report line for each, and a tally for each provider.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use customer_sink::Error;
use customer_sink::delivery::{RecordOutcome, RecordStatus, UnprocessedReason};
use customer_sink::plan::Note;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::common::report::ReportLine;

/// The results of one provider's records.
#[derive(Default)]
pub struct Tally {
    pub outcomes: BTreeMap<&'static str, u64>,
    pub failures: BTreeMap<String, u64>,
    pub notes: BTreeMap<String, u64>,
}

/// The results of all records.
pub struct Ledger {
    report: Option<BufWriter<File>>,
    pub lanes: Vec<(&'static str, Tally)>,
    pub unreadable: u64,
}

/// The counted part of a note in JSON.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    field: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    action: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    reason: std::borrow::Cow<'a, str>,
}

impl Ledger {
    /// A ledger of these providers, with an empty report.
    ///
    /// # Errors
    ///
    /// When the report cannot be opened.
    pub fn new(names: &[&'static str], report: Option<&Path>) -> io::Result<Self> {
        let report = report.map(File::create).transpose()?.map(BufWriter::new);
        Ok(Self { report, lanes: names.iter().map(|name| (*name, Tally::default())).collect(), unreadable: 0 })
    }

    /// Writes the outcome of a record.
    ///
    /// # Errors
    ///
    /// When the report cannot be written.
    pub fn record(&mut self, record: &RecordOutcome) -> io::Result<()> {
        let provider = record.provider.as_str();
        let imported = written(record.token.as_deref());
        let tally = self.tally(provider);
        let (outcome, notes, line) = match &record.status {
            RecordStatus::Delivered(done) => {
                let line = ReportLine::delivered(record.position, done, record.attempts, &imported);
                (done.outcome.as_str(), &done.notes[..], line)
            }
            RecordStatus::Skipped(_) => ("skipped", &[][..], ReportLine::skipped(record.position, provider, &imported)),
            RecordStatus::Failed(error) => {
                *tally.failures.entry(reason(error)).or_default() += 1;
                let line = ReportLine::failed(record.position, provider, error, record.attempts, &imported);
                ("failed", &[][..], line)
            }
            RecordStatus::Unprocessed(UnprocessedReason::LaneEnded(error)) => {
                let reason = format!("{}, seen before: not tried", reason(error));
                *tally.failures.entry(reason).or_default() += 1;
                ("failed", &[][..], ReportLine::not_tried(record.position, provider, error, &imported))
            }
            // The run stopped before it was tried: the report has no line for it.
            RecordStatus::Unprocessed(_) => {
                *tally.outcomes.entry("left").or_default() += 1;
                return Ok(());
            }
            // `RecordStatus` may grow: an unknown status is counted at least.
            other => {
                *tally.outcomes.entry(other.as_str()).or_default() += 1;
                return Ok(());
            }
        };
        tally.count(outcome, notes, &imported);
        write(&mut self.report, &line)
    }

    /// Writes the result of planning a record.
    ///
    /// # Errors
    ///
    /// When the report cannot be written.
    pub fn planned(
        &mut self,
        index: u64,
        provider: &'static str,
        plan: Result<&[Note], &Error>,
        imported: &str,
    ) -> io::Result<()> {
        let imported = written(Some(imported));
        let tally = self.tally(provider);
        let (outcome, notes, line) = match plan {
            Ok(notes) => ("planned", notes, ReportLine::planned(index, provider, notes, &imported)),
            Err(error) => {
                *tally.failures.entry(reason(error)).or_default() += 1;
                ("failed", &[][..], ReportLine::failed(index, provider, error, error.attempts(), &imported))
            }
        };
        tally.count(outcome, notes, &imported);
        write(&mut self.report, &line)
    }

    /// Flushes the report.
    ///
    /// # Errors
    ///
    /// When the report cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.report.as_mut().map_or(Ok(()), Write::flush)
    }

    /// Whether all records could be read and were delivered.
    pub fn is_good(&self) -> bool {
        let missing = |tally: &Tally| ["failed", "left"].iter().any(|outcome| tally.outcomes.contains_key(outcome));
        self.unreadable == 0 && !self.lanes.iter().any(|(_, tally)| missing(tally))
    }

    fn tally(&mut self, provider: &'static str) -> &mut Tally {
        let at = self.lanes.iter().position(|(name, _)| *name == provider).unwrap_or_else(|| {
            self.lanes.push((provider, Tally::default()));
            self.lanes.len() - 1
        });
        &mut self.lanes[at].1
    }
}

impl Tally {
    fn count(&mut self, outcome: &'static str, notes: &[Note], imported: &[&RawValue]) {
        *self.outcomes.entry(outcome).or_default() += 1;
        for note in notes {
            let kind = kind(&note.path().to_string(), note.action().as_str(), note.reason().as_str());
            *self.notes.entry(kind).or_default() += 1;
        }
        for note in imported {
            if let Ok(Kind { field, action, reason }) = serde_json::from_str(note.get()) {
                *self.notes.entry(kind(&field, &action, &reason)).or_default() += 1;
            }
        }
    }
}

fn write(report: &mut Option<BufWriter<File>>, line: &ReportLine<'_>) -> io::Result<()> {
    let Some(file) = report else { return Ok(()) };
    serde_json::to_writer(&mut *file, line)?;
    file.write_all(b"\n")
}

/// The notes of the import that the record carries.
fn written(notes: Option<&str>) -> Vec<&RawValue> {
    notes.and_then(|notes| serde_json::from_str(notes).ok()).unwrap_or_default()
}

/// Why a record failed, without what is particular to it.
fn reason(error: &Error) -> String {
    let fields: Vec<_> = error.field_errors().iter().map(ToString::to_string).collect();
    let status = error.status().map(|status| format!(" (HTTP {status})")).unwrap_or_default();
    let colon = if fields.is_empty() { "" } else { ": " };
    format!("{}{status}{colon}{}", error.kind(), fields.join("; "))
}

/// A note without positions and keys of the caller, so that those of many records add up.
fn kind(path: &str, action: &str, reason: &str) -> String {
    if path.starts_with("custom") {
        return format!("custom {action} ({reason})");
    }
    let path: String = path.chars().filter(|c| !c.is_ascii_digit()).collect();
    format!("{path} {action} ({reason})")
}
