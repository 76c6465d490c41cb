//! Getting a stream of customers to many vendors: the durable files of a delivery.

mod accepted;
#[cfg(feature = "redb")]
mod accepted_file;
mod checkpoint;
mod dead_letters;
mod file_checkpoint;
mod item;
mod journal;
mod off_thread;
mod ranges;
#[allow(dead_code)] // The lanes use it.
mod spill;
mod stored_letter;

pub use accepted::{Accepted, AcceptedMemory, Digest, Person, PersonKey, digest_of_plan};
#[cfg(feature = "redb")]
pub use accepted_file::{AcceptedError, AcceptedFile};
pub use checkpoint::{Checkpoint, Fingerprint};
pub use dead_letters::{DeadLetter, DeadLetterFile, DeadLetters};
pub use file_checkpoint::{CheckpointError, FileCheckpoint};
pub use item::Item;
pub use stored_letter::{LetterError, StoredLetter, read_dead_letters};
