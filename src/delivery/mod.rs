//! Delivery: a stream of customers to one or many sinks, nothing lost.
//!
//! A [`Delivery`] has a [`Lane`] for each sink. Each record of the source goes to every lane and comes to its end there
//! exactly once: delivered, skipped, failed or left. A lane
//!
//! - holds a bounded window of records, and what comes beyond it waits on disk ([`WhenFull`]), so that memory stays flat
//!   and a slow vendor stalls no other;
//! - has as many records under way as help, up to a bound;
//! - sends the records of one person one after the other, in the order of the source;
//! - tries again what may be tried again, and looks a person up first where nobody knows what the last try did;
//! - pauses while the vendor refuses the credentials, is out of order or asks for a wait, and keeps its records meanwhile
//!   ([`Patience`]).
//!
//! What ends a record is written first to the [`DeadLetters`] or the [`Checkpoint`], then told. After a crash at any
//! instant another run with the same checkpoint does what is left; what was under way at the crash may be sent twice, and
//! nothing else.
//!
//! | a record | ends as | in the checkpoint | dead letter |
//! |---|---|---|---|
//! | arrived | [`Ending::Delivered`] | done | no |
//! | was delivered by an earlier run, or has not changed, or a newer one stands for it | [`Ending::Skipped`] | done | no |
//! | was refused, or its tries are used up, or nobody knows what became of it and the vendor cannot be read | [`Ending::Failed`] | left, or done by choice | yes |
//! | was not tried, because the run or its lane ended | [`Ending::Left`] | left | by choice |
//!
//! ```
//! use std::sync::Arc;
//!
//! use customer_sink::delivery::{Delivery, Ending, FileCheckpoint, Fingerprint, Item, Lane, Update};
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
//!     if let Update::Ended(ended) = update {
//!         match &ended.ending {
//!             Ending::Delivered(upserted) => println!("{} {}", ended.position, upserted.outcome),
//!             Ending::Failed(error) => println!("{} {error}", ended.position),
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
