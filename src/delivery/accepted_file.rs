//! A store of accepted records in a file.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use redb::{Builder, Database, DatabaseError, StorageError, TableDefinition, TableError};

use super::accepted::{Accepted, Digest, Person, PersonKey, agreed};
use super::blocking::run_blocking;
use super::journal::private;
use crate::customer::Customer;

/// What the file is, and the key of its digests.
const ABOUT: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("customer-sink accepted");
const VERSION: u8 = 1;
/// Memory for pages of the file.
const CACHE: usize = 16 * 1024 * 1024;
/// So many changes are written together.
const BATCH: usize = 16 * 1024;

/// The table of a lane: a person's digest, and what was accepted.
type Lane<'a> = TableDefinition<'a, &'static [u8; 16], &'static [u8; 16]>;

/// Why a store of accepted records cannot be used. It may be deleted: every record is then sent again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptedError {
    /// It cannot be read or written.
    #[error("the file of accepted records cannot be opened")]
    Io(#[from] io::Error),
    /// Another process uses it.
    #[error("the file of accepted records is in use by another process")]
    InUse,
    /// It was written by a later version of this crate.
    #[error("the file of accepted records has version {found} of its format; this program knows up to {known}")]
    Version {
        /// The version in the file.
        found: u8,
        /// The latest that is known here.
        known: u8,
    },
    /// It is not as it was written, or something else than such a store.
    #[error("the file of accepted records is damaged, or no such file")]
    Damaged,
}

/// A store of accepted records in one file (feature `redb`).
///
/// Its memory stays flat for any number of people: 16 MiB of pages, and the changes since the last write to the file,
/// which come together in batches of 16,384. A person takes up to three entries for each lane (external id, e-mail
/// address, phone number), of about 110 bytes each in the file. What a crash loses of the last batch is sent again.
/// [`forget`](Accepted::forget) of a person who has an entry waits until the disk has it; concurrent calls wait together.
///
/// The file holds no record and no address, but digests of identities under a random key. The file also
/// holds the key, so that its reader can test whether a known person is in it: protect it like the records themselves. Where there are modes it is made with 0600.
///
/// Opening checks the whole file, which takes a second or two for 5,000,000 entries. A file so damaged that the database
/// gives up on it is an error like others, in programs that unwind on a panic.
#[derive(Debug)]
pub struct AcceptedFile(Arc<Inner>);

struct Inner {
    database: Database,
    key: PersonKey,
    changes: Mutex<Changes>,
    /// Held while a batch is written: one at a time.
    writing: Mutex<()>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").finish_non_exhaustive()
    }
}

/// What is to be written: by lane and person, the new entry or its removal.
type Batch = BTreeMap<Box<str>, HashMap<Digest, Option<Digest>>>;

#[derive(Default)]
struct Changes {
    /// The newest, which wait.
    waiting: Batch,
    count: usize,
    /// Those that are being written.
    under_way: Arc<Batch>,
    /// Whether a caller has taken on to write the full batch.
    full: bool,
}

impl AcceptedFile {
    /// Opens the store in this file, or makes a new one where there is no file or an empty one.
    ///
    /// # Errors
    ///
    /// See [`AcceptedError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, AcceptedError> {
        let path = path.as_ref();
        // The database trusts what it reads, and stops the thread where that makes no sense.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            match fs::metadata(path) {
                Ok(file) if file.len() > 0 => {}
                Ok(_) => create(path, true)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => create(path, false)?,
                Err(error) => return Err(error.into()),
            }
            open(path)
        }));
        let (database, key) = opened.unwrap_or(Err(AcceptedError::Damaged))?;
        Ok(Self(Arc::new(Inner { database, key, changes: Mutex::default(), writing: Mutex::default() })))
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE).create_with_file_format_v3(true);
    builder
}

/// Makes a store aside and gives it its name: it is there whole or not at all.
fn create(path: &Path, replace: bool) -> Result<(), AcceptedError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder)?;
    {
        let database = builder().create_file(file.reopen()?).map_err(opening)?;
        let key = PersonKey::random()?;
        let work = database.begin_write().map_err(failed)?;
        {
            let mut about = work.open_table(ABOUT).map_err(failed)?;
            about.insert("version", [VERSION].as_slice()).map_err(failed)?;
            about.insert("key", key.as_bytes().as_slice()).map_err(failed)?;
        }
        work.commit().map_err(failed)?;
    }
    let named = if replace { file.persist(path) } else { file.persist_noclobber(path) };
    match named {
        // Another process was first, and theirs is as good.
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error.into()),
        _ => Ok(()),
    }
}

fn open(path: &Path) -> Result<(Database, PersonKey), AcceptedError> {
    let file = private().read(true).write(true).open(path)?;
    let mut database = builder().create_file(file).map_err(opening)?;
    let (version, key, damaged) = {
        let work = database.begin_read().map_err(failed)?;
        let about = match work.open_table(ABOUT) {
            Err(TableError::Storage(StorageError::Io(error))) => return Err(error.into()),
            Err(_) => return Err(AcceptedError::Damaged),
            Ok(about) => about,
        };
        let entry = |name| about.get(name).map(|value| value.map(|value| value.value().to_vec()));
        (entry("version").map_err(opening)?, entry("key").map_err(opening)?, entry("damaged").map_err(opening)?)
    };
    match version.as_deref() {
        Some([VERSION]) => {}
        Some([found, ..]) if *found > VERSION => {
            return Err(AcceptedError::Version { found: *found, known: VERSION });
        }
        _ => return Err(AcceptedError::Damaged),
    }
    let key = key.and_then(|key| <[u8; 32]>::try_from(key).ok()).map(PersonKey::from_bytes);
    let Some(key) = key.filter(|_| damaged.is_none()) else { return Err(AcceptedError::Damaged) };
    if !database.check_integrity().map_err(opening)? {
        // It has been mended from what was there before, which may be entries that were removed since. That is not to be
        // trusted, and the next opening has to know.
        let work = database.begin_write().map_err(failed)?;
        work.open_table(ABOUT).map_err(failed)?.insert("damaged", [1].as_slice()).map_err(failed)?;
        work.commit().map_err(failed)?;
        return Err(AcceptedError::Damaged);
    }
    Ok((database, key))
}

fn opening(error: impl Into<DatabaseError>) -> AcceptedError {
    match error.into() {
        DatabaseError::DatabaseAlreadyOpen => AcceptedError::InUse,
        DatabaseError::Storage(StorageError::Io(error))
            if !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
        {
            AcceptedError::Io(error)
        }
        _ => AcceptedError::Damaged,
    }
}

/// The database's errors hold no entry's bytes.
fn failed(error: impl Into<redb::Error>) -> io::Error {
    match error.into() {
        redb::Error::Io(error) => error,
        error => io::Error::other(error),
    }
}

#[async_trait]
impl Accepted for AcceptedFile {
    fn person(&self, customer: &Customer) -> Option<Person> {
        Person::of(customer, &self.0.key)
    }

    async fn last(&self, lane: &str, person: &Person) -> io::Result<Option<Digest>> {
        agreed(person.digests().map(|digest| self.0.entry(lane, digest)))
    }

    async fn put(&self, lane: &str, person: &Person, what: &Digest) -> io::Result<()> {
        if !self.0.note(lane, person, Some(*what)) {
            return Ok(());
        }
        let inner = Arc::clone(&self.0);
        run_blocking(move || inner.write()).await
    }

    async fn forget(&self, lane: &str, person: &Person) -> io::Result<()> {
        self.0.note(lane, person, None);
        for digest in person.digests() {
            if self.0.is_written(lane, digest)? {
                let inner = Arc::clone(&self.0);
                return run_blocking(move || inner.write()).await;
            }
        }
        Ok(())
    }

    async fn sync(&self) -> io::Result<()> {
        let inner = Arc::clone(&self.0);
        run_blocking(move || inner.write()).await
    }
}

fn find(batch: &Batch, lane: &str, digest: &Digest) -> Option<Option<Digest>> {
    batch.get(lane).and_then(|lane| lane.get(digest)).copied()
}

impl Inner {
    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a change in; tells whether the caller is to write the batch.
    fn note(&self, lane: &str, person: &Person, entry: Option<Digest>) -> bool {
        let mut changes = self.changes();
        if !changes.waiting.contains_key(lane) {
            changes.waiting.insert(lane.into(), HashMap::new());
        }
        let added = changes.waiting.get_mut(lane).map_or(0, |waiting| {
            let before = waiting.len();
            waiting.extend(person.digests().map(|digest| (*digest, entry)));
            waiting.len() - before
        });
        changes.count += added;
        let is_mine = changes.count >= BATCH && !changes.full;
        changes.full |= is_mine;
        is_mine
    }

    /// The newest entry, written or not.
    fn entry(&self, lane: &str, digest: &Digest) -> io::Result<Option<Digest>> {
        {
            let changes = self.changes();
            let newest = find(&changes.waiting, lane, digest).or_else(|| find(&changes.under_way, lane, digest));
            if let Some(entry) = newest {
                return Ok(entry);
            }
        }
        self.stored(lane, digest)
    }

    /// Whether the file has an entry, or is about to, or may still have one.
    fn is_written(&self, lane: &str, digest: &Digest) -> io::Result<bool> {
        if find(&self.changes().under_way, lane, digest).is_some() {
            return Ok(true);
        }
        Ok(self.stored(lane, digest)?.is_some())
    }

    fn stored(&self, lane: &str, digest: &Digest) -> io::Result<Option<Digest>> {
        let work = self.database.begin_read().map_err(failed)?;
        let name = table_name(lane);
        match work.open_table(Lane::new(&name)) {
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(failed(error)),
            Ok(table) => {
                let entry = table.get(digest.as_bytes()).map_err(failed)?;
                Ok(entry.map(|entry| Digest::from_bytes(*entry.value())))
            }
        }
    }

    /// Writes what waits, with one `fsync` for all. Returns once everything noted before the call is on the disk.
    fn write(&self) -> io::Result<()> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = {
            let mut changes = self.changes();
            changes.full = false;
            if changes.count == 0 {
                return Ok(());
            }
            changes.count = 0;
            changes.under_way = Arc::new(std::mem::take(&mut changes.waiting));
            Arc::clone(&changes.under_way)
        };
        let result = self.commit(&batch);
        let mut changes = self.changes();
        changes.under_way = Arc::default();
        if result.is_err() {
            // They wait on, save those that a newer one has replaced.
            for (lane, entries) in batch.iter() {
                let waiting = changes.waiting.entry(lane.clone()).or_default();
                for (digest, entry) in entries {
                    waiting.entry(*digest).or_insert(*entry);
                }
            }
            changes.count = changes.waiting.values().map(HashMap::len).sum();
        }
        result
    }

    fn commit(&self, batch: &Batch) -> io::Result<()> {
        let work = self.database.begin_write().map_err(failed)?;
        for (lane, entries) in batch {
            let mut table = work.open_table(Lane::new(&table_name(lane))).map_err(failed)?;
            // In the order of the file, so that neighbours are touched once.
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_unstable();
            for (digest, entry) in entries {
                match entry {
                    Some(what) => drop(table.insert(digest.as_bytes(), what.as_bytes()).map_err(failed)?),
                    None => drop(table.remove(digest.as_bytes()).map_err(failed)?),
                }
            }
        }
        work.commit().map_err(failed)
    }
}

fn table_name(lane: &str) -> String {
    format!("lane {lane}")
}
