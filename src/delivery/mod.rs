//! Delivery: sends a stream of customers to one or many sinks, and accounts for every record.
//!
//! A [`Delivery`] has a [`Lane`] for each sink. The run hands each record of the source to every lane, and each lane gives
//! it exactly one outcome: delivered, skipped, failed or unprocessed. A lane
//!
//! - holds a bounded window of records, and keeps what exceeds it on disk ([`WhenFull`]), so that memory stays flat and a
//!   slow vendor delays no other lane;
//! - adapts how many records it has under way, up to a bound;
//! - sends the records of one person one after the other, in the order of the source;
//! - retries what may be retried. Once a try may have been carried out, each further try of the record begins with a
//!   look-up ([`UpsertOptions::look_up_first`](crate::UpsertOptions#structfield.look_up_first));
//! - pauses while the vendor refuses the credentials, is unavailable or asks for a wait, and keeps its records
//!   ([`PausePolicy`]).
//!
//! The run writes each outcome to the [`DeadLetters`] or the [`Checkpoint`] before it reports it. After a crash at any
//! instant another run with the same checkpoint sends the rest; what was under way at the crash may be sent twice, and
//! nothing else. The checkpoint does not hold what was under way, so the next run begins with a look-up for every record
//! that the earlier run may have sent ([`EarlierRun`]): those that it passed over, and one window behind them.
//!
//! | a record | its status | in the checkpoint | dead letter |
//! |---|---|---|---|
//! | was taken by the vendor | [`RecordStatus::Delivered`] | done | no |
//! | was delivered by an earlier run, or is unchanged, or was replaced by a newer one | [`RecordStatus::Skipped`] | done | no |
//! | was refused, or its tries are used up, or its effect is unknown and the vendor cannot be read | [`RecordStatus::Failed`] | not done, or done by choice | yes |
//! | was not tried, because the run or its lane ended | [`RecordStatus::Unprocessed`] | not done | by choice |
//!
//! ```
//! use std::sync::Arc;
//!
//! use customer_sink::delivery::{Delivery, FileCheckpoint, Fingerprint, Item, Lane, RecordStatus, Update};
//! use customer_sink::memory::MemorySink;
//! use customer_sink::Customer;
//! use futures::StreamExt;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let people = ["mara@example.com", "mio@example.com", "nobody at all"];
//! let source = futures::stream::iter((0u64..).zip(people).map(|(position, email)| {
//!     Ok(Item::new(position, Customer::new().email(email)))
//! }));
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("people.checkpoint");
//! let checkpoint = FileCheckpoint::open(&path, &Fingerprint::from_text("people of 1 March"))?;
//! let vendor = MemorySink::new();
//! let mut run = Delivery::new()
//!     .lane(Lane::new(Arc::new(vendor.clone())).concurrency(8))
//!     .checkpoint(Arc::new(checkpoint))
//!     .start(source)?;
//! while let Some(update) = run.next().await {
//!     if let Update::Record(record) = update {
//!         match &record.status {
//!             RecordStatus::Delivered(upserted) => println!("{} {}", record.position, upserted.outcome),
//!             RecordStatus::Failed(error) => println!("{} {error}", record.position),
//!             _ => {}
//!         }
//!     }
//! }
//! let summary = run.finish().await;
//! assert_eq!((summary.lanes[0].counts.created, summary.lanes[0].counts.failed), (2, 1));
//! assert_eq!(vendor.people().len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accepted;
#[cfg(feature = "redb")]
mod accepted_file;
mod blocking;
mod checkpoint;
mod dead_letters;
mod events;
mod file_checkpoint;
mod forecast;
mod guard;
mod identity;
mod item;
mod journal;
mod lane;
mod observer;
mod policy;
mod progress;
mod queue;
mod ranges;
mod reader;
mod record_outcome;
mod recorder;
mod run;
mod spill;
mod stored_letter;
mod worker;

pub use self::accepted::{Accepted, AcceptedMemory, Digest, Person, PersonKey, digest_of_plan};
#[cfg(feature = "redb")]
#[cfg_attr(docsrs, doc(cfg(feature = "redb")))]
pub use self::accepted_file::{AcceptedError, AcceptedFile};
pub use self::checkpoint::{Checkpoint, EarlierRun, Fingerprint};
pub use self::dead_letters::{DeadLetter, DeadLetterFile, DeadLetters};
pub use self::events::{
    Event, LaneEnded, LaneSummary, Paused, Resumed, Retrying, StopReason, Summary, Unreadable, Update,
};
pub use self::file_checkpoint::{CheckpointError, FileCheckpoint};
pub use self::forecast::{Forecast, LaneForecast};
pub use self::guard::{Guards, Tripped};
pub use self::item::{Item, SourceError};
pub use self::observer::Observer;
pub use self::policy::{AfterFailure, Coalesce, Lane, PausePolicy, WhenFull};
pub use self::progress::{Counts, LaneProgress, Progress};
pub use self::record_outcome::{RecordOutcome, RecordStatus, SkipReason, UnprocessedReason};
pub use self::run::{Delivery, Run, RunHandle, SetupError};
pub use self::stored_letter::{LetterError, StoredLetter, read_dead_letters};
