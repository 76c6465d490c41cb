//! A checkpoint in one file: a snapshot, followed by a journal.
//!
//! Line 1 is the header, `{"format":"customer-sink checkpoint","version":1,"input":"…"}`. Lines of the form
//! `{"lane":"yotpo","done":[[0,41],[43,90]]}` are the snapshot, and lines of the form `["yotpo",92]` the journal, one
//! for each record as it is done.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::blocking::run_blocking;
use super::checkpoint::{Checkpoint, EarlierRun, Fingerprint};
use super::journal::{Journal, Medium, open_locked, private};
use super::ranges::Ranges;

const FORMAT: &str = "customer-sink checkpoint";
const VERSION: u64 = 1;
/// A journal longer than this, and longer than the snapshot before it, is made a snapshot.
const LONG: u64 = 64 * 1024;
/// So many ranges stand in one line of a snapshot.
const RANGES_IN_A_LINE: usize = 512;

/// Why a checkpoint cannot be used. None of these changes the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It cannot be read or written.
    #[error("the checkpoint cannot be opened")]
    Io(#[from] io::Error),
    /// Another process uses it.
    #[error("the checkpoint is in use by another process")]
    InUse,
    /// It belongs to another input.
    #[error("the checkpoint belongs to another input (fingerprint {found}; this input has {expected})")]
    OtherInput {
        /// The fingerprint of the input.
        expected: Fingerprint,
        /// The fingerprint in the file.
        found: String,
    },
    /// It was written by a later version of this crate.
    #[error("the checkpoint has version {found} of its format; this program knows up to {known}")]
    Version {
        /// The version in the file.
        found: u64,
        /// The latest that is known here.
        known: u64,
    },
    /// A line is not as it was written, or the file is no checkpoint at all.
    #[error("line {line} of the checkpoint is damaged, or the file is no checkpoint")]
    Damaged {
        /// The line, from 1.
        line: u64,
    },
}

/// A checkpoint in a file.
///
/// Every record that is done is one short line, written past the buffers of the process, so that a kill at any instant
/// loses nothing that was kept; [`sync`](Checkpoint::sync) makes it last over a power cut, and events a long journal into
/// a short snapshot, which is written aside, synced and renamed over the file. A last line that a crash cut short counts
/// as never written; anything else that is not as it was written is an error, never a silent start from nothing.
///
/// The file holds lane names, numbers and the input's fingerprint, and no personal data. While it is open, a file of the
/// same name with `.lock` behind it is locked, so that no second process uses it; that file stays, empty. The memory
/// that it takes grows with the number of gaps between the positions done, not with the positions.
#[derive(Debug)]
pub struct FileCheckpoint(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    input: Fingerprint,
    /// Whether opening it made the file.
    is_new: bool,
    state: Mutex<State>,
    /// Held while a snapshot is written: one at a time.
    snapshot: Mutex<()>,
    _lock: File,
}

#[derive(Debug)]
struct State {
    lanes: Lanes,
    journal: Journal,
    /// The length of header and snapshot.
    snapshot_len: u64,
    /// The journal's lines since a snapshot was begun that is being written.
    meanwhile: Option<Vec<u8>>,
    /// Whether the file has taken its name, and the folder that says so is not synced yet.
    renamed: bool,
}

type Lanes = BTreeMap<String, Ranges>;

impl FileCheckpoint {
    /// Opens the checkpoint of this input, or starts one where there is no file or an empty one.
    ///
    /// # Errors
    ///
    /// See [`CheckpointError`].
    pub fn open(path: impl AsRef<Path>, input: &Fingerprint) -> Result<Self, CheckpointError> {
        let path = match fs::canonicalize(path.as_ref()) {
            // The file behind a link is the one to be replaced, not the link; and never a device.
            Ok(path) if !path.is_file() => return Err(io::Error::other("it is no regular file").into()),
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => std::path::absolute(path)?,
            Err(error) => return Err(error.into()),
        };
        let mut options = private();
        options.create(true).append(true);
        let lock = open_locked(&beside(&path, ".lock"), options).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => CheckpointError::InUse,
            _ => CheckpointError::Io(error),
        })?;
        let (state, is_new) = match File::open(&path) {
            Ok(file) if file.metadata()?.len() > 0 => (read(file, input)?.open(&path)?, false),
            Ok(_) => (start(&path, input)?, true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (start(&path, input)?, true),
            Err(error) => return Err(error.into()),
        };
        let (input, state) = (*input, Mutex::new(state));
        let inner = Inner { path, input, is_new, state, snapshot: Mutex::default(), _lock: lock };
        inner.shorten()?;
        Ok(Self(Arc::new(inner)))
    }

    /// The first position that is not done in every one of these lanes: what stands before it need not be read again.
    ///
    /// Positions count from 0. One that no lane ever gets, such as an unreadable line's, holds it back unless it is
    /// marked as done.
    #[must_use]
    pub fn resume_point(&self, lanes: &[&str]) -> u64 {
        let state = self.0.state();
        let first = |lane: &&str| state.lanes.get(*lane).map_or(0, |done| done.first_missing().unwrap_or(u64::MAX));
        lanes.iter().map(first).min().unwrap_or(0)
    }
}

#[async_trait]
impl Checkpoint for FileCheckpoint {
    fn is_done(&self, lane: &str, position: u64) -> bool {
        self.0.state().lanes.get(lane).is_some_and(|done| done.contains(position))
    }

    fn earlier_run(&self, lane: &str) -> EarlierRun {
        let state = self.0.state();
        if self.0.is_new && state.lanes.is_empty() {
            return EarlierRun::None;
        }
        EarlierRun::Ran { last_done: state.lanes.get(lane).and_then(Ranges::last) }
    }

    async fn done(&self, lane: &str, position: u64) -> io::Result<()> {
        self.0.state().done(lane, position)
    }

    async fn sync(&self) -> io::Result<()> {
        let inner = Arc::clone(&self.0);
        run_blocking(move || inner.sync()).await
    }
}

impl State {
    fn done(&mut self, lane: &str, position: u64) -> io::Result<()> {
        if self.lanes.get(lane).is_some_and(|done| done.contains(position)) {
            return Ok(());
        }
        let mut line = serde_json::to_vec(&(lane, position))?;
        line.push(b'\n');
        self.journal.append(&line)?;
        if let Some(meanwhile) = &mut self.meanwhile {
            meanwhile.extend_from_slice(&line);
        }
        match self.lanes.get_mut(lane) {
            Some(done) => done.insert(position),
            None => self.lanes.entry(lane.to_owned()).or_default().insert(position),
        };
        Ok(())
    }

    fn is_long(&self) -> bool {
        self.journal.len().saturating_sub(self.snapshot_len) > LONG.max(self.snapshot_len)
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sync(&self) -> io::Result<()> {
        if self.shorten()? {
            return Ok(());
        }
        // The lock is not held while the disk works.
        let file = self.state().journal.medium();
        file.sync()?;
        self.sync_name()
    }

    /// Makes a renaming last.
    fn sync_name(&self) -> io::Result<()> {
        if !self.state().renamed {
            return Ok(());
        }
        sync_folder(&self.path)?;
        self.state().renamed = false;
        Ok(())
    }

    /// Makes a long journal a snapshot; tells whether it did, and everything is then synced.
    fn shorten(&self) -> io::Result<bool> {
        self.shorten_while(|| {})
    }

    /// The same, with something that happens while the snapshot is written.
    fn shorten_while(&self, meanwhile: impl FnOnce()) -> io::Result<bool> {
        let _one_at_a_time = self.snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        let lanes = {
            let mut state = self.state();
            if !state.is_long() {
                return Ok(false);
            }
            state.meanwhile = Some(Vec::new());
            state.lanes.clone()
        };
        let aside = write_aside(&self.path, &self.input, &lanes);
        meanwhile();
        let mut state = self.state();
        let meanwhile = state.meanwhile.take().unwrap_or_default();
        let (file, snapshot_len) = aside?;
        // What was done while the snapshot was written follows it, and no line can come between: the lock is held.
        file.append(&meanwhile)?;
        fs::rename(beside(&self.path, ".new"), &self.path)?;
        let file = Arc::new(file);
        state.journal = Journal::new(Arc::clone(&file) as _, snapshot_len + meanwhile.len() as u64);
        state.snapshot_len = snapshot_len;
        state.renamed = true;
        drop(state);
        file.sync()?;
        self.sync_name()?;
        Ok(true)
    }
}

/// A path with something behind its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    format: &'a str,
    version: u64,
    #[serde(default)]
    input: &'a str,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot<'a> {
    lane: std::borrow::Cow<'a, str>,
    done: std::borrow::Cow<'a, [(u64, u64)]>,
}

/// Writes header and snapshot to a new file beside the checkpoint, synced; gives it with its length.
fn write_aside(path: &Path, input: &Fingerprint, lanes: &Lanes) -> io::Result<(File, u64)> {
    let aside = beside(path, ".new");
    // One that an earlier crash left, or that somebody else put there: this one is ours and new.
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = private().create_new(true).append(true).open(&aside)?;
    let mut out = io::BufWriter::new(&file);
    serde_json::to_writer(&mut out, &Header { format: FORMAT, version: VERSION, input: &input.to_string() })?;
    out.write_all(b"\n")?;
    for (lane, done) in lanes {
        for ranges in done.as_slice().chunks(RANGES_IN_A_LINE) {
            serde_json::to_writer(&mut out, &Snapshot { lane: lane.into(), done: ranges.into() })?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    drop(out);
    file.sync_all()?;
    let len = file.metadata()?.len();
    Ok((file, len))
}

/// Makes a new checkpoint. It appears under its name with its whole header or not at all.
fn start(path: &Path, input: &Fingerprint) -> io::Result<State> {
    let (file, len) = write_aside(path, input, &Lanes::new())?;
    fs::rename(beside(path, ".new"), path)?;
    sync_folder(path)?;
    let journal = Journal::new(Arc::new(file), len);
    Ok(State { lanes: Lanes::new(), journal, snapshot_len: len, meanwhile: None, renamed: false })
}

/// A renaming lasts over a power cut once the folder is synced, where folders can be.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    let _ = path;
    Ok(())
}

/// What a file holds.
struct Contents {
    lanes: Lanes,
    /// The length of header and snapshot.
    snapshot_len: u64,
    /// The length of all whole lines.
    whole: u64,
    /// Whether there is something behind them.
    is_cut: bool,
}

impl Contents {
    /// Goes on behind the last whole line.
    fn open(self, path: &Path) -> io::Result<State> {
        let file = private().append(true).open(path)?;
        if self.is_cut {
            file.set_len(self.whole)?;
        }
        let journal = Journal::new(Arc::new(file), self.whole);
        Ok(State { lanes: self.lanes, journal, snapshot_len: self.snapshot_len, meanwhile: None, renamed: false })
    }
}

fn read(file: impl io::Read, input: &Fingerprint) -> Result<Contents, CheckpointError> {
    let mut file = BufReader::new(file);
    let mut line = Vec::new();
    file.read_until(b'\n', &mut line)?;
    check_header(&line, input)?;
    let whole = line.len() as u64;
    let mut contents = Contents { lanes: Lanes::new(), snapshot_len: whole, whole, is_cut: false };
    for number in 2.. {
        line.clear();
        if file.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.last() != Some(&b'\n') {
            contents.is_cut = true;
            break;
        }
        contents.line(&line).ok_or(CheckpointError::Damaged { line: number })?;
    }
    Ok(contents)
}

fn check_header(line: &[u8], input: &Fingerprint) -> Result<(), CheckpointError> {
    let damaged = CheckpointError::Damaged { line: 1 };
    let header = line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice::<Header<'_>>(line).ok());
    let Some(header) = header.filter(|header| header.format == FORMAT && header.version > 0) else {
        return Err(damaged);
    };
    if header.version > VERSION {
        return Err(CheckpointError::Version { found: header.version, known: VERSION });
    }
    if header.input == input.to_string() {
        return Ok(());
    }
    let is_hex = header.input.len() == 64 && header.input.bytes().all(|b| b.is_ascii_hexdigit());
    Err(if is_hex { CheckpointError::OtherInput { expected: *input, found: header.input.to_owned() } } else { damaged })
}

impl Contents {
    /// Takes a whole line in; none where it is not one of ours.
    fn line(&mut self, line: &[u8]) -> Option<()> {
        let len = line.len() as u64;
        match line.first() {
            // A snapshot comes before all of the journal.
            Some(b'{') if self.whole == self.snapshot_len => {
                let Snapshot { lane, done } = serde_json::from_slice(line).ok()?;
                let lane = self.lanes.entry(lane.into_owned()).or_default();
                for (first, last) in done.iter() {
                    if first > last {
                        return None;
                    }
                    lane.insert_range(*first, *last);
                }
                self.snapshot_len += len;
            }
            Some(b'[') => {
                let (lane, position): (String, u64) = serde_json::from_slice(line).ok()?;
                self.lanes.entry(lane).or_default().insert(position);
            }
            _ => return None,
        }
        self.whole += len;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::journal::tests::SmallDisk;
    use super::*;

    #[test]
    fn what_a_full_disk_did_not_take_is_not_done() {
        let disk = Arc::new(SmallDisk::default());
        let journal = Journal::new(Arc::clone(&disk) as _, 0);
        let mut state =
            State { lanes: Lanes::new(), journal, snapshot_len: 0, meanwhile: Some(Vec::new()), renamed: false };
        let is_done = |state: &State, position| state.lanes.get("whale").is_some_and(|done| done.contains(position));
        *disk.room.lock().unwrap() = 18;
        state.done("whale", 1).unwrap();
        assert_eq!(state.done("whale", 2).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(is_done(&state, 1) && !is_done(&state, 2));
        *disk.room.lock().unwrap() = 100;
        state.done("whale", 3).unwrap();
        assert!(!is_done(&state, 2) && is_done(&state, 3));
        let lines = "[\"whale\",1]\n[\"whale\",3]\n";
        assert_eq!(String::from_utf8_lossy(&disk.bytes.lock().unwrap()), lines);
        assert_eq!(String::from_utf8_lossy(state.meanwhile.as_ref().unwrap()), lines);
    }

    #[test]
    fn what_is_done_while_a_snapshot_is_written_follows_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.checkpoint");
        let input = Fingerprint::of_bytes("a,b");
        let checkpoint = FileCheckpoint::open(&path, &input).unwrap();
        let inner = &checkpoint.0;
        for position in 0..8000 {
            inner.state().done("yotpo", position).unwrap();
        }
        assert!(inner.shorten_while(|| inner.state().done("yotpo", 9000).unwrap()).unwrap());
        assert!(!inner.shorten().unwrap() && !inner.state().renamed, "the folder is synced");
        inner.state().done("yotpo", 9001).unwrap();
        drop(checkpoint);
        let lines: Vec<_> = fs::read_to_string(&path).unwrap().lines().skip(1).map(str::to_owned).collect();
        assert_eq!(lines, [r#"{"lane":"yotpo","done":[[0,7999]]}"#, r#"["yotpo",9000]"#, r#"["yotpo",9001]"#]);
        assert!(!beside(&path, ".new").exists());
    }
}
