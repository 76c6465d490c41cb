//! Delivery: a stream of customers to one or many sinks, nothing lost.

mod accepted;
mod checkpoint;
mod dead_letters;
mod ending;
mod guard;
mod identity;
mod item;
mod lane;
mod observer;
mod policy;
mod progress;
mod pump;
mod queue;
mod run;
mod settle;
mod spill;
mod worker;

pub use self::accepted::{Accepted, Digest};
pub use self::checkpoint::{Checkpoint, Fingerprint};
pub use self::dead_letters::{DeadLetter, DeadLetters};
pub use self::ending::{Ended, Ending, Left, Skip};
pub use self::guard::{Guards, Tripped};
pub use self::item::{Item, SourceError};
pub use self::observer::{Event, LaneEnded, Observer, Paused, Resumed, Retrying, Unreadable};
pub use self::policy::{AfterFailure, Coalesce, Lane, Patience, WhenFull};
pub use self::progress::{Counts, LaneProgress, Progress};
pub use self::run::{Delivery, LaneSummary, Run, RunHandle, SetupError, StopReason, Summary, Update};
