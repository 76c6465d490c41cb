//! Reads a file of customers or of dead letters: once to survey it, then as a stream.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use customer_sink::Customer;
use customer_sink::delivery::{Fingerprint, Item, LetterError, SourceError, read_dead_letters};
use customer_sink::plan::Note;
use futures::Stream;
use futures::stream;
use tokio::sync::mpsc;

use super::common::input;
use super::common::providers;

/// How many records are read ahead.
const AHEAD: usize = 64;

/// The input, and the providers of the run.
#[derive(Clone)]
pub struct Input {
    pub path: Arc<Path>,
    /// It holds dead letters.
    pub letters: bool,
    /// The providers that the run is for.
    pub to: Arc<[&'static str]>,
}

/// A line or row that is for this run.
pub struct Record {
    /// Its position, from 0.
    pub index: u64,
    /// The one provider that it is for.
    pub only: Option<&'static str>,
    /// Whether the provider may have carried it out before: it is a dead letter of unknown effect.
    pub may_be_applied: bool,
    /// The customer with what the import dropped of it, or a sentence that says why it cannot be read.
    pub customer: Result<(Customer, Vec<Note>), String>,
}

/// What one pass over the whole file shows.
pub struct Survey {
    pub fingerprint: Fingerprint,
    /// How many records there are for each provider.
    pub records: Vec<(&'static str, u64)>,
    /// Dead letters for providers that the run is not for.
    pub left_out: u64,
}

type Records = Box<dyn Iterator<Item = io::Result<Record>> + Send>;

impl Input {
    /// Reads the file through.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not what it should be.
    pub fn survey(&self) -> io::Result<Survey> {
        let kind = fs::metadata(&self.path)?.file_type();
        if kind.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder"));
        }
        if !kind.is_file() {
            return Err(io::Error::other("is no regular file, which can be read twice"));
        }
        let is_csv = !self.letters && input::is_csv(&self.path);
        let mut rows = Rows::new(File::open(&self.path)?, is_csv);
        let fingerprint = Fingerprint::from_reader(&mut rows)?;
        let mut survey = Survey { fingerprint, records: Vec::new(), left_out: 0 };
        if self.letters {
            let mut records: Vec<_> = self.to.iter().map(|name| (*name, 0)).collect();
            for letter in self.all_letters()? {
                match letter? {
                    Some(Record { only: Some(only), .. }) => {
                        records.iter_mut().filter(|(name, _)| *name == only).for_each(|(_, count)| *count += 1);
                    }
                    Some(_) => {}
                    None => survey.left_out += 1,
                }
            }
            survey.records = records;
        } else {
            // An export is told from another table by its header.
            drop(input::open(&self.path)?);
            let rows = rows.count().saturating_sub(u64::from(is_csv));
            survey.records = self.to.iter().map(|name| (*name, rows)).collect();
        }
        Ok(survey)
    }

    /// The records for this run, one after the other.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub fn records(&self) -> io::Result<Records> {
        if self.letters {
            return Ok(Box::new(self.all_letters()?.filter_map(Result::transpose)));
        }
        Ok(Box::new(input::open(&self.path)?.map(|item| {
            item.map(|item| Record {
                index: item.index,
                only: None,
                may_be_applied: false,
                customer: item.record.map_err(|error| format!("line {} cannot be read: {error}", item.line)),
            })
        })))
    }

    /// The letters; none in the place of one that is for a provider that the run is not for.
    fn all_letters(&self) -> io::Result<impl Iterator<Item = io::Result<Option<Record>>> + Send + use<>> {
        let to = Arc::clone(&self.to);
        let file = BufReader::with_capacity(1 << 16, File::open(&self.path)?);
        Ok(input::each_line(file, move |line, text| {
            let record = |only, may_be_applied, customer: Result<_, String>| {
                let customer = customer.map_err(|problem| format!("line {line} cannot be read: {problem}"));
                Some(Record { index: line - 1, only, may_be_applied, customer })
            };
            match read_dead_letters(text).next() {
                Some(Ok(letter)) => match providers::name(&letter.lane) {
                    Some(name) if to.contains(&name) => {
                        let may_be_applied = letter.may_be_applied();
                        record(Some(name), may_be_applied, Ok((letter.customer, Vec::new())))
                    }
                    Some(_) => None,
                    None => record(None, false, Err(format!("it is for {}, which is no provider", letter.lane))),
                },
                Some(Err(LetterError::Customer { source, .. })) => record(None, false, Err(source.to_string())),
                Some(Err(LetterError::Malformed { column, .. })) => {
                    record(None, false, Err(format!("it is no dead letter, from column {column}")))
                }
                Some(Err(_)) | None => record(None, false, Err("it is no dead letter".to_owned())),
            }
        }))
    }

    /// The records as a source of a delivery. A thread reads the file, and is never far ahead.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub fn stream(&self) -> io::Result<impl Stream<Item = Result<Item, SourceError>> + Send + use<>> {
        let records = self.records()?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            for record in records {
                let item = record.map_err(SourceError::broken).and_then(item);
                if sender.blocking_send(Some(item)).is_err() {
                    return;
                }
            }
            let _ = sender.blocking_send(None);
        });
        // A channel that closes without the mark of the end is no end of the file.
        Ok(stream::unfold(Some(receiver), |receiver| async move {
            let mut receiver = receiver?;
            match receiver.recv().await {
                Some(Some(item)) => Some((item, Some(receiver))),
                Some(None) => None,
                None => Some((Err(SourceError::broken("the thread that reads the file is gone")), None)),
            }
        }))
    }
}

/// The record carries what the import dropped as the JSON of the report, so that it takes no memory however many records
/// wait for a slow provider.
fn item(record: Record) -> Result<Item, SourceError> {
    let (customer, imported) = record.customer.map_err(|message| SourceError::unreadable(record.index, message))?;
    let mut item = Item::new(record.index, customer).may_be_applied(record.may_be_applied);
    if !imported.is_empty() {
        item = item.token(serde_json::to_string(&imported).map_err(SourceError::broken)?);
    }
    Ok(match record.only {
        Some(only) => item.only(only),
        None => item,
    })
}

/// Counts the non-blank lines of a file, or the rows of a table, while it is read.
struct Rows<R> {
    inner: R,
    /// Ends of lines between quotes are none of a row.
    has_quotes: bool,
    quoted: bool,
    blank: bool,
    rows: u64,
}

impl<R> Rows<R> {
    fn new(inner: R, has_quotes: bool) -> Self {
        Self { inner, has_quotes, quoted: false, blank: true, rows: 0 }
    }

    fn count(&self) -> u64 {
        self.rows + u64::from(!self.blank)
    }
}

impl<R: Read> Read for Rows<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        for byte in buffer.iter().take(read) {
            match byte {
                b'\n' if !self.quoted => {
                    self.rows += u64::from(!self.blank);
                    self.blank = true;
                    continue;
                }
                b'"' if self.has_quotes => self.quoted = !self.quoted,
                _ => {}
            }
            self.blank &= byte.is_ascii_whitespace();
        }
        Ok(read)
    }
}
