//! Reads dead letters back from a file.

use std::io::{self, BufRead};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::customer::Customer;
use crate::error::Error;

/// A longer line is refused, so that a file of another kind cannot take all memory.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// A dead letter as it stands in a file: what a replay needs.
///
/// The facts of the error are those of [`Error`], in the words that reports use. `Debug` shows no data of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredLetter {
    /// The record's position in the source that it came from.
    pub position: u64,
    /// The name of the provider.
    pub provider: String,
    /// The lane that gave the record up; the provider's name where it has no other.
    pub lane: String,
    /// The record.
    pub customer: Customer,
    /// What went wrong, such as `rejected`.
    pub kind: String,
    /// What may have changed at the vendor, such as `not_sent`.
    pub effect: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The vendor's own code, if it is one plain word.
    pub code: Option<String>,
    /// The step that failed.
    pub operation: Option<String>,
    /// How many requests had been sent for the record.
    pub attempts: u32,
    /// The vendor's id of the failed request.
    pub request_id: Option<String>,
    /// What was wrong with which field: its path, and the reason.
    pub fields: Vec<(String, String)>,
}

impl StoredLetter {
    /// Whether the vendor may have carried the record out, so that a replay begins with a look-up: for every effect but
    /// `not_sent` and `rejected`. See [`Item::may_be_applied`](super::Item#structfield.may_be_applied).
    #[must_use]
    pub fn may_be_applied(&self) -> bool {
        !matches!(self.effect.as_deref(), Some("not_sent" | "rejected"))
    }
}

/// Why a line of a dead-letter file cannot be used. No message holds a value of the record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LetterError {
    /// The file cannot be read on. Nothing comes after this.
    #[error("line {line} of the dead letters cannot be read")]
    Io {
        /// The line, from 1.
        line: u64,
        /// The reader's error.
        source: io::Error,
    },
    /// The line is cut short, or something else than a letter. The next one may be well.
    #[error("line {line} of the dead letters is no letter, from column {column}")]
    Malformed {
        /// The line, from 1.
        line: u64,
        /// The column, in bytes from 1; 0 where it is the line as a whole.
        column: usize,
    },
    /// The line is longer than 64 MiB.
    #[error("line {line} of the dead letters is too long to be a letter")]
    TooLong {
        /// The line, from 1.
        line: u64,
    },
    /// The customer is not in its JSON form. The error names each problem by its path.
    #[error("line {line} of the dead letters: {source}")]
    Customer {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        source: Error,
    },
}

/// Reads dead letters, line by line, and holds one at a time in memory. Blank lines are passed over.
///
/// A line that cannot be used is an error in its place, and the next line follows; after an error of the reader nothing
/// does.
pub fn read_dead_letters(reader: impl BufRead) -> impl Iterator<Item = Result<StoredLetter, LetterError>> {
    let mut lines = Lines { reader, number: 0, line: Vec::new(), ended: false };
    std::iter::from_fn(move || lines.next_letter())
}

struct Lines<R> {
    reader: R,
    number: u64,
    line: Vec<u8>,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    fn next_letter(&mut self) -> Option<Result<StoredLetter, LetterError>> {
        while !self.ended {
            self.number += 1;
            let line = self.number;
            match self.next_line() {
                Err(source) => {
                    self.ended = true;
                    return Some(Err(LetterError::Io { line, source }));
                }
                Ok(Line::End) => self.ended = true,
                Ok(Line::TooLong) => return Some(Err(LetterError::TooLong { line })),
                Ok(Line::Whole) if self.line.iter().all(u8::is_ascii_whitespace) => {}
                Ok(Line::Whole) => return Some(letter(line, &self.line)),
            }
        }
        None
    }

    /// Reads up to the next end of line; of one that is too long it keeps nothing.
    fn next_line(&mut self) -> io::Result<Line> {
        self.line.clear();
        let (mut read, mut kept) = (0usize, true);
        loop {
            let block = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                block => block?,
            };
            let end = block.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(block.len(), |end| end + 1);
            kept = kept && self.line.len() + used <= LONGEST_LINE;
            if kept {
                self.line.extend_from_slice(block.get(..used).unwrap_or_default());
            } else {
                self.line = Vec::new();
            }
            self.reader.consume(used);
            read = read.saturating_add(used);
            if end.is_some() || used == 0 {
                return Ok(match (read, kept) {
                    (0, _) => Line::End,
                    (_, true) => Line::Whole,
                    (_, false) => Line::TooLong,
                });
            }
        }
    }
}

enum Line {
    Whole,
    TooLong,
    End,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LetterLine<'a> {
    index: u64,
    provider: String,
    lane: Option<String>,
    #[serde(borrow)]
    customer: &'a RawValue,
    error: ErrorLine,
}

/// Facts that a later version may add are passed over: they are not needed to send the record again.
#[derive(Deserialize)]
struct ErrorLine {
    kind: String,
    effect: Option<String>,
    status: Option<u16>,
    code: Option<String>,
    operation: Option<String>,
    #[serde(default)]
    attempts: u32,
    request_id: Option<String>,
    #[serde(default)]
    fields: Vec<FieldLine>,
}

#[derive(Deserialize)]
struct FieldLine {
    field: String,
    message: String,
}

fn letter(number: u64, line: &[u8]) -> Result<StoredLetter, LetterError> {
    // The parser's own words may repeat a value: its place alone is told.
    let LetterLine { index, provider, lane, customer, error } = serde_json::from_slice(line)
        .map_err(|error| LetterError::Malformed { line: number, column: error.column() })?;
    let customer = Customer::from_json(customer.get().as_bytes())
        .map_err(|source| LetterError::Customer { line: number, source })?;
    Ok(StoredLetter {
        position: index,
        lane: lane.unwrap_or_else(|| provider.clone()),
        provider,
        customer,
        kind: error.kind,
        effect: error.effect,
        status: error.status,
        code: error.code,
        operation: error.operation,
        attempts: error.attempts,
        request_id: error.request_id,
        fields: error.fields.into_iter().map(|problem| (problem.field, problem.message)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::dead_letters::{DeadLetter, line};
    use super::*;
    use crate::customer::arbitrary::{customers, read_back};
    use crate::error::{Effect, ErrorKind, FieldError};
    use crate::provider::ProviderId;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(people in proptest::collection::vec(customers(), 1..4), position in any::<u64>()) {
            let error = Error::new(ErrorKind::Rejected, Effect::Rejected)
                .with_status(422)
                .with_code(Some("EMAIL_REPEAT".into()))
                .with_operation("create_customer")
                .with_attempts(2)
                .with_request_id(Some("r-1".into()))
                .with_fields(vec![FieldError::new("addresses[0].city", "is too long")]);
            let mut file = Vec::new();
            for customer in &people {
                let letter = DeadLetter::new(position, "yotpo west", ProviderId::new("yotpo"), customer, &error);
                file.extend(line(&letter).unwrap());
            }
            let letters: Vec<_> = read_dead_letters(file.as_slice()).collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(letters.len(), people.len());
            for (letter, customer) in letters.into_iter().zip(people) {
                let expected = StoredLetter {
                    position,
                    provider: "yotpo".into(),
                    lane: "yotpo west".into(),
                    customer: read_back(customer),
                    kind: "rejected".into(),
                    effect: Some("rejected".into()),
                    status: Some(422),
                    code: Some("EMAIL_REPEAT".into()),
                    operation: Some("create_customer".into()),
                    attempts: 2,
                    request_id: Some("r-1".into()),
                    fields: vec![("addresses[0].city".into(), "is too long".into())],
                };
                prop_assert!(letter == expected);
            }
        }
    }
}
