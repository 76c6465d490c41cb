//! Keeps the records that a vendor did not take, for review and replay.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde::Serialize;

use super::blocking::run_blocking;
use super::journal::{Journal, open_locked, private};
use crate::customer::Customer;
use crate::error::{Error, is_plain};
use crate::provider::ProviderId;

/// A record that one lane gave up on.
///
/// `Debug` shows no data of the person.
#[derive(Debug)]
#[non_exhaustive]
pub struct DeadLetter<'a> {
    /// The record's position in the source.
    pub position: u64,
    /// The lane.
    pub lane: &'a str,
    /// The lane's provider.
    pub provider: ProviderId,
    /// The record, whole.
    pub customer: &'a Customer,
    /// Why it was given up.
    pub error: &'a Error,
}

impl<'a> DeadLetter<'a> {
    /// A letter on the record at this position.
    #[must_use]
    pub fn new(position: u64, lane: &'a str, provider: ProviderId, customer: &'a Customer, error: &'a Error) -> Self {
        Self { position, lane, provider, customer, error }
    }
}

/// A place for records that a vendor did not take.
#[async_trait]
pub trait DeadLetters: fmt::Debug + Send + Sync + 'static {
    /// Keeps a letter. Once this returns, it survives the end of the process at any instant.
    ///
    /// # Errors
    ///
    /// It could not be kept, for example on a full disk.
    async fn put(&self, letter: &DeadLetter<'_>) -> io::Result<()>;

    /// Returns once everything kept so far survives a power cut.
    ///
    /// # Errors
    ///
    /// What is kept may not survive one; it still survives the end of the process.
    async fn sync(&self) -> io::Result<()>;
}

/// Dead letters in a file of JSON Lines.
///
/// Each line is `{"index":…,"provider":"…","customer":{…},"error":{…}}`: the record whole, in its JSON form, and the facts
/// of the error in their safe forms, without anything that a vendor wrote. There is a `lane` where its name differs from
/// the provider's. [`put`](DeadLetters::put) writes a line whole, past the buffers of the process, before it returns, and
/// removes what a full disk leaves of one.
///
/// The file holds people's data: where there are modes it is made with 0600, its owner's alone. It is locked while it is
/// open. [`read_dead_letters`](super::read_dead_letters) reads it back; a replay must not truncate the file that it
/// reads.
#[derive(Debug)]
pub struct DeadLetterFile(Mutex<Journal>);

impl DeadLetterFile {
    /// Creates the file, or truncates it.
    ///
    /// # Errors
    ///
    /// It cannot be opened; [`io::ErrorKind::WouldBlock`] where another process has it.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut options = private();
        // Cut only once the lock is ours: `truncate` would empty the file of the process that has it.
        let file = open_locked(path.as_ref(), options.create(true).append(true).clone())?;
        let len = file.metadata()?.len();
        if len > 0 {
            file.set_len(0)?;
        }
        Ok(Self::over(Journal::new(Arc::new(file), 0)))
    }

    /// Appends to what the file holds. A last line that a crash cut short is closed, and stays where it is.
    ///
    /// # Errors
    ///
    /// It cannot be opened; [`io::ErrorKind::WouldBlock`] where another process has it.
    pub fn append(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut options = private();
        let mut file = open_locked(path.as_ref(), options.create(true).read(true).append(true).clone())?;
        let len = file.metadata()?.len();
        let mut last = *b"\n";
        if len > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        let mut journal = Journal::new(Arc::new(file), len);
        if last != *b"\n" {
            journal.append(b"\n")?;
        }
        Ok(Self::over(journal))
    }

    fn over(journal: Journal) -> Self {
        Self(Mutex::new(journal))
    }
}

#[async_trait]
impl DeadLetters for DeadLetterFile {
    async fn put(&self, letter: &DeadLetter<'_>) -> io::Result<()> {
        let line = line(letter)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).append(&line)
    }

    async fn sync(&self) -> io::Result<()> {
        let file = self.0.lock().unwrap_or_else(PoisonError::into_inner).medium();
        run_blocking(move || file.sync()).await
    }
}

#[derive(Serialize)]
struct Line<'a> {
    index: u64,
    provider: ProviderId,
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<&'a str>,
    customer: &'a Customer,
    error: ErrorLine<'a>,
}

#[derive(Serialize)]
struct ErrorLine<'a> {
    kind: &'static str,
    effect: &'static str,
    status: Option<u16>,
    code: Option<&'a str>,
    operation: Option<&'static str>,
    attempts: u32,
    request_id: Option<&'a str>,
    fields: Vec<FieldLine<'a>>,
}

#[derive(Serialize)]
struct FieldLine<'a> {
    field: &'a str,
    message: &'a str,
}

/// The line of a letter, with its end.
pub(super) fn line(letter: &DeadLetter<'_>) -> io::Result<Vec<u8>> {
    let error = letter.error;
    let mut line = serde_json::to_vec(&Line {
        index: letter.position,
        provider: letter.provider,
        lane: Some(letter.lane).filter(|lane| *lane != letter.provider.as_str()),
        customer: letter.customer,
        error: ErrorLine {
            kind: error.kind().as_str(),
            effect: error.effect().as_str(),
            status: error.status(),
            code: error.safe_code(),
            operation: error.operation(),
            attempts: error.attempts(),
            request_id: error.request_id().filter(|id| is_plain(id)),
            fields: error
                .field_errors()
                .iter()
                .map(|problem| FieldLine { field: problem.safe_field(), message: problem.safe_message() })
                .collect(),
        },
    })?;
    line.push(b'\n');
    Ok(line)
}
