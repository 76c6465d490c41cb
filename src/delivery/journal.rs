//! Append-only files of whole lines.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// The storage of a journal.
pub(crate) trait Medium: Debug + Send + Sync {
    /// Writes all bytes behind the last one, past every buffer of this process.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file down to this length.
    fn truncate(&self, len: u64) -> io::Result<()>;

    /// Returns once everything written survives a power cut.
    fn sync(&self) -> io::Result<()>;
}

/// A file that was opened for appending.
impl Medium for File {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self;
        file.write_all(bytes)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Appends lines, and removes what a failed write left of one.
#[derive(Debug)]
pub(crate) struct Journal {
    medium: Arc<dyn Medium>,
    len: u64,
    torn: bool,
}

impl Journal {
    /// A journal whose file has `len` bytes.
    pub(crate) fn new(medium: Arc<dyn Medium>, len: u64) -> Self {
        Self { medium, len, torn: false }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The file, to be synced while other tasks append.
    pub(crate) fn medium(&self) -> Arc<dyn Medium> {
        Arc::clone(&self.medium)
    }

    /// Appends a line. After an error the file holds nothing of it, at the latest once the next line is written.
    pub(crate) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.medium.truncate(self.len)?;
            self.torn = false;
        }
        match self.medium.append(line) {
            Ok(()) => {
                self.len += line.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.torn = self.medium.truncate(self.len).is_err();
                Err(error)
            }
        }
    }
}

/// Options for a file that its owner alone may read: mode 0600 where there are modes.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Opens a file that no other handle may hold in this way, or [`io::ErrorKind::WouldBlock`].
///
/// The lock ends with the handle, and so with the process however it ends. On a file system that has no locks there is
/// none.
pub(crate) fn open_locked(
    path: &Path,
    #[cfg_attr(not(windows), allow(unused_mut))] mut options: OpenOptions,
) -> io::Result<File> {
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 1);
    let file = options.open(path).map_err(|error| {
        // ERROR_SHARING_VIOLATION
        if cfg!(windows) && error.raw_os_error() == Some(32) { io::ErrorKind::WouldBlock.into() } else { error }
    })?;
    #[cfg(unix)]
    if let Err(error) = rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        let error = io::Error::from(error);
        if error.kind() != io::ErrorKind::Unsupported {
            return Err(error);
        }
    }
    Ok(file)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A disk with so many bytes left, that cannot cut files either while `stuck`.
    #[derive(Debug, Default)]
    pub(crate) struct SmallDisk {
        pub(crate) bytes: Mutex<Vec<u8>>,
        pub(crate) room: Mutex<usize>,
        pub(crate) stuck: Mutex<bool>,
    }

    impl Medium for SmallDisk {
        fn append(&self, bytes: &[u8]) -> io::Result<()> {
            let mut disk = self.bytes.lock().unwrap();
            let free = self.room.lock().unwrap().saturating_sub(disk.len());
            disk.extend(bytes.iter().take(free));
            if bytes.len() > free { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }

        fn truncate(&self, len: u64) -> io::Result<()> {
            if *self.stuck.lock().unwrap() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.bytes.lock().unwrap().truncate(usize::try_from(len).unwrap());
            Ok(())
        }

        fn sync(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_leaves_no_half_line_behind() {
        for stuck in [false, true] {
            let disk = Arc::new(SmallDisk::default());
            let mut journal = Journal::new(Arc::clone(&disk) as _, 0);
            *disk.room.lock().unwrap() = 6;
            *disk.stuck.lock().unwrap() = stuck;
            journal.append(b"one\n").unwrap();
            assert_eq!(journal.append(b"two\n").unwrap_err().kind(), io::ErrorKind::StorageFull);
            if stuck {
                assert_eq!(*disk.bytes.lock().unwrap(), b"one\ntw");
                assert!(journal.append(b"three\n").is_err(), "a file that cannot be mended is not written on");
            }
            *disk.stuck.lock().unwrap() = false;
            *disk.room.lock().unwrap() = 100;
            journal.append(b"three\n").unwrap();
            assert_eq!((disk.bytes.lock().unwrap().as_slice(), journal.len()), (&b"one\nthree\n"[..], 10));
        }
    }

    #[test]
    fn a_locked_file_opens_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let open = || {
            let mut options = private();
            options.create(true).append(true);
            open_locked(&path, options)
        };
        let first = open().unwrap();
        assert_eq!(open().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(first);
        open().unwrap();
    }
}
