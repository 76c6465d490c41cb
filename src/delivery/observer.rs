//! Who watches a run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::ending::Ended;
use super::run::Summary;
use crate::error::{Error, ErrorKind};

/// Watches a run. It is called in the middle of the work: it should return at once.
///
/// An observer that panics is not called again; the run goes on.
pub trait Observer: Send + Sync + 'static {
    /// Something happened.
    fn on(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> Observer for F {
    fn on(&self, event: &Event<'_>) {
        self(event);
    }
}

/// What happens in a run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A record came to its end in a lane.
    Ended(&'a Ended),
    /// A record could not be read from the source.
    Unreadable(Unreadable),
    /// A record is going to be tried again.
    Retrying(Retrying<'a>),
    /// A lane pauses.
    Paused(Paused<'a>),
    /// A lane goes on after a pause.
    Resumed(Resumed<'a>),
    /// A lane ended before its records did.
    LaneEnded(LaneEnded<'a>),
    /// The run is over.
    Finished(&'a Summary),
}

/// A record that could not be read from the source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Unreadable {
    /// Its position.
    pub position: u64,
    /// What is wrong with it, in the source's words.
    pub message: Arc<str>,
}

impl Unreadable {
    pub(super) fn new(position: u64, message: impl Into<Arc<str>>) -> Self {
        Self { position, message: message.into() }
    }
}

/// A record that is going to be tried again.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Retrying<'a> {
    /// The lane's name.
    pub lane: &'a str,
    /// The record's position.
    pub position: u64,
    /// What went wrong.
    pub kind: ErrorKind,
    /// After how long.
    pub after: Duration,
}

/// A lane that pauses.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Paused<'a> {
    /// The lane's name.
    pub lane: &'a str,
    /// What went wrong.
    pub kind: ErrorKind,
    /// For how long.
    pub length: Duration,
}

/// A lane that goes on.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Resumed<'a> {
    /// The lane's name.
    pub lane: &'a str,
}

/// A lane that ended early.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LaneEnded<'a> {
    /// The lane's name.
    pub lane: &'a str,
    /// Why.
    pub error: &'a Error,
}

/// All observers of a run, each as long as it does not panic.
pub(super) struct Observers(Vec<(Arc<dyn Observer>, std::sync::atomic::AtomicBool)>);

impl Observers {
    pub(super) fn new(observers: Vec<Arc<dyn Observer>>) -> Self {
        Self(observers.into_iter().map(|observer| (observer, false.into())).collect())
    }

    pub(super) fn tell(&self, event: &Event<'_>) {
        use std::sync::atomic::Ordering::Relaxed;
        for (observer, broken) in &self.0 {
            if broken.load(Relaxed) {
                continue;
            }
            let call = std::panic::AssertUnwindSafe(|| observer.on(event));
            if std::panic::catch_unwind(call).is_err() {
                broken.store(true, Relaxed);
                tracing::error!("an observer of a delivery panicked and is not called again");
            }
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observers({})", self.0.len())
    }
}
