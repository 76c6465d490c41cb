//! Opens the dead-letter file of a run.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::Hasher;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use customer_sink::Customer;
use customer_sink::delivery::{DeadLetterFile, StoredLetter, read_dead_letters};
use tempfile::NamedTempFile;

use super::source::{Input, Record};

/// Opens the file for more letters.
///
/// A run that continues a checkpoint tries the records of its earlier runs' letters again, and takes these letters out
/// first: what arrives now must not be sent once more from an old letter. Those of other runs stay.
///
/// # Errors
///
/// When one of the files cannot be used; [`io::ErrorKind::WouldBlock`] where another process has the letters.
pub fn open(path: &Path, continues: bool, input: &Input) -> io::Result<DeadLetterFile> {
    let file = DeadLetterFile::append(path)?;
    if !continues || !fs::metadata(path)?.is_file() {
        return Ok(file);
    }
    let records = Records::of_letters(path, input)?;
    if records.0.is_empty() {
        return Ok(file);
    }
    // The file behind a link is the one to be replaced, not the link. Until then it stays locked, and whole.
    let path = fs::canonicalize(path)?;
    let aside = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    let mut out = BufWriter::new(aside.as_file());
    each(&path, |line, letter| match letter {
        Some(letter) if records.hold(&letter, input) => Ok(()),
        _ => out.write_all(line),
    })?;
    out.flush()?;
    drop(out);
    aside.as_file().sync_all()?;
    aside.persist(&path).map_err(|error| error.error)?;
    drop(file);
    DeadLetterFile::append(path)
}

/// The records of the input that there is a letter for, by position: a hash of the customer, and its one provider. Some
/// 40 bytes each.
struct Records(HashMap<u64, Option<(u64, Option<&'static str>)>>);

impl Records {
    fn of_letters(path: &Path, input: &Input) -> io::Result<Self> {
        let mut records = HashMap::new();
        each(path, |_, letter| {
            if let Some(letter) = letter.filter(|letter| input.to.contains(&letter.lane.as_str())) {
                records.insert(letter.position, None);
            }
            Ok(())
        })?;
        if !records.is_empty() {
            for record in input.records()? {
                let Record { index, only, customer, .. } = record?;
                if let (Some(entry), Ok((customer, _))) = (records.get_mut(&index), customer) {
                    *entry = hash(&customer).map(|hash| (hash, only));
                }
            }
        }
        Ok(Self(records))
    }

    /// Whether this run tries the very record of this letter at its provider.
    fn hold(&self, letter: &StoredLetter, input: &Input) -> bool {
        let Some(Some((known, only))) = self.0.get(&letter.position) else { return false };
        input.to.contains(&letter.lane.as_str())
            && only.is_none_or(|only| only == letter.lane)
            && hash(&letter.customer) == Some(*known)
    }
}

/// A hash of the record in the form that it has in a letter.
fn hash(customer: &Customer) -> Option<u64> {
    let written = Customer::from_json(&serde_json::to_vec(customer).ok()?).ok()?;
    let mut hasher = DefaultHasher::new();
    hasher.write(&serde_json::to_vec(&written).ok()?);
    Some(hasher.finish())
}

/// Goes through the lines of a file, and the letters on them.
fn each(path: &Path, mut visit: impl FnMut(&[u8], Option<StoredLetter>) -> io::Result<()>) -> io::Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    while file.read_until(b'\n', &mut line)? > 0 {
        visit(&line, read_dead_letters(line.as_slice()).next().and_then(Result::ok))?;
        line.clear();
    }
    Ok(())
}
