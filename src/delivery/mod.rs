//! Delivery: a stream of customers to one or many sinks, nothing lost.

mod accepted;
#[cfg(feature = "redb")]
mod accepted_file;
mod checkpoint;
mod dead_letters;
mod ending;
mod file_checkpoint;
mod forecast;
mod guard;
mod identity;
mod item;
mod journal;
mod lane;
mod observer;
mod off_thread;
mod policy;
mod progress;
mod pump;
mod queue;
mod ranges;
mod run;
mod settle;
mod spill;
mod stored_letter;
mod worker;

pub use self::accepted::{Accepted, AcceptedMemory, Digest, Person, PersonKey, digest_of_plan};
#[cfg(feature = "redb")]
pub use self::accepted_file::{AcceptedError, AcceptedFile};
pub use self::checkpoint::{Checkpoint, Fingerprint};
pub use self::dead_letters::{DeadLetter, DeadLetterFile, DeadLetters};
pub use self::ending::{Ended, Ending, Left, Skip};
pub use self::file_checkpoint::{CheckpointError, FileCheckpoint};
pub use self::forecast::{Forecast, LaneForecast};
pub use self::guard::{Guards, Tripped};
pub use self::item::{Item, SourceError};
pub use self::observer::{Event, LaneEnded, Observer, Paused, Resumed, Retrying, Unreadable};
pub use self::policy::{AfterFailure, Coalesce, Lane, Patience, WhenFull};
pub use self::progress::{Counts, LaneProgress, Progress};
pub use self::run::{Delivery, LaneSummary, Run, RunHandle, SetupError, StopReason, Summary, Update};
pub use self::stored_letter::{LetterError, StoredLetter, read_dead_letters};
