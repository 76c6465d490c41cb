//! Starts, watches and stops a run.

use std::collections::HashSet;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use futures::{FutureExt, Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use super::accepted::Accepted;
use super::checkpoint::Checkpoint;
use super::dead_letters::DeadLetters;
use super::events::{Event, StopReason, Summary, Update};
use super::guard::Guards;
use super::item::{Item, SourceError};
use super::observer::{Observer, Observers};
use super::policy::Lane;
use super::progress::{LaneBoard, Progress};
use super::queue::Queue;
use super::reader::SourceReader;
use super::recorder::{Recorder, RunConfig, Shared};
use super::worker::Worker;
use crate::client::{Clock, SystemClock};

/// How many unread outcomes are held before the lanes wait for the caller.
const UPDATES: usize = 1024;

/// Builds a run: its lanes, files, limits and observers.
#[must_use = "a delivery does nothing before it is started"]
pub struct Delivery {
    pub(super) lanes: Vec<Lane>,
    clock: Arc<dyn Clock>,
    pub(super) checkpoint: Option<Arc<dyn Checkpoint>>,
    dead_letters: Option<Arc<dyn DeadLetters>>,
    pub(super) accepted: Option<Arc<dyn Accepted>>,
    observers: Vec<Arc<dyn Observer>>,
    guards: Guards,
    checkpoint_dead_letters: bool,
    dead_letter_unprocessed: bool,
    drain_source: bool,
    expected: Option<u64>,
    seed: Option<u64>,
}

/// Why a delivery cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// There is no lane.
    #[error("a delivery needs at least one lane")]
    NoLane,
    /// Two lanes have one name.
    #[error("two lanes have the name {0}")]
    SameName(Arc<str>),
}

impl Default for Delivery {
    fn default() -> Self {
        Self::new()
    }
}

impl Delivery {
    /// A delivery with no lane yet.
    pub fn new() -> Self {
        Self {
            lanes: Vec::new(),
            clock: Arc::new(SystemClock),
            checkpoint: None,
            dead_letters: None,
            accepted: None,
            observers: Vec::new(),
            guards: Guards::new(),
            checkpoint_dead_letters: false,
            dead_letter_unprocessed: false,
            drain_source: false,
            expected: None,
            seed: None,
        }
    }

    /// Adds a lane.
    pub fn lane(mut self, lane: Lane) -> Self {
        self.lanes.push(lane);
        self
    }

    /// Keeps what was delivered, so that another run over the same input sends only the rest.
    pub fn checkpoint(mut self, checkpoint: Arc<dyn Checkpoint>) -> Self {
        self.checkpoint = Some(checkpoint);
        self
    }

    /// Keeps the records that were not delivered.
    pub fn dead_letters(mut self, letters: Arc<dyn DeadLetters>) -> Self {
        self.dead_letters = Some(letters);
        self
    }

    /// Counts a record as done in the checkpoint once its dead letter is written. By default the next run tries it again.
    /// Set it for a source that moves its cursor by the checkpoint.
    pub fn checkpoint_dead_letters(mut self, yes: bool) -> Self {
        self.checkpoint_dead_letters = yes;
        self
    }

    /// Writes a dead letter also for a record that was not tried because its lane had ended before. By default it does
    /// not, since an outage would put all that follows into the dead letters.
    pub fn dead_letter_unprocessed(mut self, yes: bool) -> Self {
        self.dead_letter_unprocessed = yes;
        self
    }

    /// Keeps what each vendor last accepted of each person, so that an unchanged record is not sent again.
    pub fn skip_unchanged(mut self, accepted: Arc<dyn Accepted>) -> Self {
        self.accepted = Some(accepted);
        self
    }

    /// Adds an observer.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Sets the limits above which the run stops.
    pub fn guards(mut self, guards: Guards) -> Self {
        self.guards = guards;
        self
    }

    /// Reads the source to its end even where every lane has ended early, so that each record has an outcome. By default
    /// the run ends with its last lane.
    pub fn drain_source(mut self, yes: bool) -> Self {
        self.drain_source = yes;
        self
    }

    /// How many records the source holds, for [`LaneProgress::time_left`](super::LaneProgress::time_left).
    pub fn expected(mut self, records: u64) -> Self {
        self.expected = Some(records);
        self
    }

    /// Replaces the system clock, for tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the pauses between tries the same in every run, for tests.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Starts the run on the current tokio runtime.
    ///
    /// Read the [`Run`] to its end, or call [`Run::finish`]: the lanes wait when 1,024 outcomes are unread. Requests that
    /// are under way continue in that time.
    ///
    /// # Errors
    ///
    /// [`SetupError`] where there is no lane, or two of one name.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start<S>(self, source: S) -> Result<Run, SetupError>
    where
        S: Stream<Item = Result<Item, SourceError>> + Send + 'static,
    {
        let mut names = HashSet::new();
        if self.lanes.is_empty() {
            return Err(SetupError::NoLane);
        }
        if let Some(twice) = self.lanes.iter().find(|lane| !names.insert(Arc::clone(&lane.name))) {
            return Err(SetupError::SameName(Arc::clone(&twice.name)));
        }
        let now = self.clock.now();
        let board = |lane: &Lane| LaneBoard::new(Arc::clone(&lane.name), Arc::clone(&lane.sink), now);
        let config = RunConfig {
            clock: self.clock,
            checkpoint: self.checkpoint,
            dead_letters: self.dead_letters,
            accepted: self.accepted,
            observers: Observers::new(self.observers),
            guards: self.guards,
            checkpoint_dead_letters: self.checkpoint_dead_letters,
            dead_letter_unprocessed: self.dead_letter_unprocessed,
            expected: self.expected,
        };
        let shared = Arc::new(Shared::new(self.lanes.iter().map(board).collect(), config));
        let (sender, updates) = mpsc::channel(UPDATES);
        let recorder = Recorder::new(Arc::clone(&shared), sender);
        let mut rng = self.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        let queues: Vec<_> = self.lanes.iter().map(|lane| Arc::new(Queue::new(lane.policy.when_full))).collect();
        let mut workers = Vec::new();
        for (index, (lane, queue)) in self.lanes.iter().zip(&queues).enumerate() {
            workers.push(Worker::new(lane, index, Arc::clone(queue), recorder.clone(), rng.fork()));
        }
        let reader = SourceReader { queues, recorder, drain_source: self.drain_source };
        let task = AbortOnDrop(tokio::spawn(drive(source, reader, workers)));
        Ok(Run { updates, handle: RunHandle { shared }, task })
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("lanes", &self.lanes).finish_non_exhaustive()
    }
}

/// Runs the reader and the lanes to their end.
async fn drive<S>(source: S, reader: SourceReader, workers: Vec<Worker>) -> Summary
where
    S: Stream<Item = Result<Item, SourceError>> + Send + 'static,
{
    let shared = Arc::clone(&reader.recorder.shared);
    let mut lanes = JoinSet::new();
    for worker in workers {
        lanes.spawn(worker.run());
    }
    if AssertUnwindSafe(reader.run(source)).catch_unwind().await.is_err() {
        shared.note(StopReason::Panicked("the source"));
    }
    reader.queues.iter().for_each(|queue| queue.close());
    while let Some(ended) = lanes.join_next().await {
        if ended.is_err() {
            shared.stop(StopReason::Panicked("a lane"));
        }
    }
    shared.sync().await;
    let summary = shared.summary(shared.take_reason());
    shared.notify(&Event::Finished(&summary));
    summary
}

/// A run under way: a stream of its outcomes.
///
/// Dropping it aborts everything at once. The vendors may still carry out what was under way; the checkpoint does not
/// count it as done.
#[derive(Debug)]
pub struct Run {
    updates: mpsc::Receiver<Update>,
    handle: RunHandle,
    task: AbortOnDrop,
}

/// Aborts the task when it is dropped.
#[derive(Debug)]
struct AbortOnDrop(JoinHandle<Summary>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Stream for Run {
    type Item = Update;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Update>> {
        self.updates.poll_recv(cx)
    }
}

impl Run {
    /// A handle to watch and control the run from elsewhere.
    #[must_use]
    pub fn handle(&self) -> RunHandle {
        self.handle.clone()
    }

    /// Waits until the run is over, and returns its result. It reads and discards the outcomes that were not read.
    pub async fn finish(mut self) -> Summary {
        while self.next().await.is_some() {}
        match (&mut self.task.0).await {
            Ok(summary) => summary,
            Err(_) => self.handle.shared.summary(Some(StopReason::Panicked("the run"))),
        }
    }
}

/// Watches and controls a run.
#[derive(Clone, Debug)]
pub struct RunHandle {
    shared: Arc<Shared>,
}

impl RunHandle {
    /// Ends the run in good order: it reads and starts nothing more, lets what is under way finish, leaves the rest
    /// [unprocessed](super::RecordStatus::Unprocessed), and completes the checkpoint.
    pub fn cancel(&self) {
        self.shared.stop(StopReason::Cancelled);
    }

    /// Makes a paused lane try at once, for a caller who has removed the cause. Returns whether there is such a lane.
    pub fn resume(&self, lane: &str) -> bool {
        let found = self.shared.lanes.iter().find(|board| *board.name == *lane);
        if let Some(board) = found {
            board.resume.notify_one();
        }
        found.is_some()
    }

    /// How far the run is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let now = self.shared.now();
        let expected = self.shared.config.expected.map(|all| all - self.shared.unreadable.load(Relaxed).min(all));
        Progress {
            read: self.shared.read.load(Relaxed),
            unreadable: self.shared.unreadable.load(Relaxed),
            lanes: self.shared.lanes.iter().map(|lane| lane.progress(now, expected)).collect(),
        }
    }
}
