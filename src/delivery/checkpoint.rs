//! Keeps which records are done, so that the next run skips them.

use std::fmt;
use std::io::{self, Read};

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};

/// Keeps which records are done beyond the end of the process.
///
/// A record is done in a lane once its outcome there is known and kept; what was in flight at a crash is not done, and
/// may be sent a second time.
#[async_trait]
pub trait Checkpoint: fmt::Debug + Send + Sync + 'static {
    /// Whether the record at this position is done in this lane.
    fn is_done(&self, lane: &str, position: u64) -> bool;

    /// What an earlier run may have sent of this lane. A run asks once for each lane, before it starts, and begins the
    /// upsert of such a record with a look-up.
    fn earlier_run(&self, lane: &str) -> EarlierRun;

    /// Keeps that the record is done. Once this returns, it survives the end of the process at any instant.
    ///
    /// # Errors
    ///
    /// It could not be kept, for example on a full disk; the record then counts as not done.
    async fn done(&self, lane: &str, position: u64) -> io::Result<()>;

    /// Returns once everything kept so far survives a power cut.
    ///
    /// # Errors
    ///
    /// What is kept may not survive one; it still survives the end of the process.
    async fn sync(&self) -> io::Result<()>;
}

/// What a checkpoint shows of the runs before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EarlierRun {
    /// No run has used the checkpoint: no record was sent.
    None,
    /// A run has used the checkpoint. Records that are not done may have been sent: those that it passed over, and those
    /// that were in the lane's window when it ended.
    Ran {
        /// The highest position that is done in this lane.
        last_done: Option<u64>,
    },
}

/// Identifies an input: a SHA-256 hash. `Display` writes it in hex.
///
/// Two inputs of the same content have the same one, so that a file may be moved between runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of everything that a reader gives, read to its end in small blocks.
    ///
    /// # Errors
    ///
    /// The reader's error.
    pub fn from_reader(mut reader: impl Read) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let mut block = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut block) {
                Ok(0) => return Ok(Self(hash.finalize().into())),
                Ok(read) => hash.update(block.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The fingerprint of these bytes, the same as a reader's of the same content.
    #[must_use]
    pub fn of_bytes(content: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(content).into())
    }

    /// The fingerprint of a source that is no file, by a name of the caller's choice, such as
    /// `orders database, customers changed since 2026-03-01`. It never equals one of a content.
    #[must_use]
    pub fn from_text(name: &str) -> Self {
        Self(Sha256::new().chain_update(b"customer-sink source by name\0").chain_update(name).finalize().into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_that_of_the_content() {
        // The standard's own vector.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Fingerprint::of_bytes("abc").to_string(), abc);
        assert_eq!(Fingerprint::from_reader(&b"abc"[..]).unwrap(), Fingerprint::of_bytes("abc"));
        let long = vec![b'x'; 200_001];
        assert_eq!(Fingerprint::from_reader(long.as_slice()).unwrap(), Fingerprint::of_bytes(&long));
        assert_ne!(Fingerprint::from_text("abc"), Fingerprint::of_bytes("abc"));
        assert_ne!(Fingerprint::from_text("abc"), Fingerprint::from_text("abd"));
        assert_eq!(Fingerprint::from_text("abc"), Fingerprint::from_text("abc"));
    }
}
