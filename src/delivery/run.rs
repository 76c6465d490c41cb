//! A run: what is put together, started, watched and stopped.

use std::collections::HashSet;
use std::fmt;
use std::io;
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
use super::ending::Ended;
use super::guard::{Guards, Tripped};
use super::item::{Item, SourceError};
use super::observer::{Event, Observer, Observers, Unreadable};
use super::policy::Lane;
use super::progress::{Counts, LaneBoard, Progress};
use super::pump::Pump;
use super::queue::Queue;
use super::settle::{Parts, Settler, Shared};
use super::worker::Worker;
use crate::client::{Clock, SystemClock};
use crate::provider::ProviderId;

/// Outcomes that wait for the caller before the lanes wait too.
const UPDATES: usize = 1024;

/// A delivery that is being put together: its lanes, files, limits and observers.
#[must_use = "a delivery does nothing before it is started"]
pub struct Delivery {
    pub(super) lanes: Vec<Lane>,
    clock: Arc<dyn Clock>,
    pub(super) checkpoint: Option<Arc<dyn Checkpoint>>,
    dead_letters: Option<Arc<dyn DeadLetters>>,
    pub(super) accepted: Option<Arc<dyn Accepted>>,
    observers: Vec<Arc<dyn Observer>>,
    guards: Guards,
    letters_settle: bool,
    letters_for_left: bool,
    to_the_end: bool,
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
            letters_settle: false,
            letters_for_left: false,
            to_the_end: false,
            expected: None,
            seed: None,
        }
    }

    /// Adds a lane.
    pub fn lane(mut self, lane: Lane) -> Self {
        self.lanes.push(lane);
        self
    }

    /// Where is noted what was delivered, so that another run over the same input does only what is left.
    pub fn checkpoint(mut self, checkpoint: Arc<dyn Checkpoint>) -> Self {
        self.checkpoint = Some(checkpoint);
        self
    }

    /// Where records go that did not arrive.
    pub fn dead_letters(mut self, letters: Arc<dyn DeadLetters>) -> Self {
        self.dead_letters = Some(letters);
        self
    }

    /// Counts a record as done in the checkpoint once its dead letter is written. By default it is tried again by the next
    /// run; a source that moves its cursor on by the checkpoint wants this.
    pub fn dead_letters_settle(mut self, yes: bool) -> Self {
        self.letters_settle = yes;
        self
    }

    /// Writes a dead letter also for a record that was not tried because its lane had ended before. By default these are
    /// only left, since an outage would put all that follows into the dead letters.
    pub fn dead_letters_for_left(mut self, yes: bool) -> Self {
        self.letters_for_left = yes;
        self
    }

    /// Where is noted what each vendor accepted last of each person, so that what has not changed is not sent again.
    pub fn skip_unchanged(mut self, accepted: Arc<dyn Accepted>) -> Self {
        self.accepted = Some(accepted);
        self
    }

    /// Adds an observer.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Limits above which the run stops.
    pub fn guards(mut self, guards: Guards) -> Self {
        self.guards = guards;
        self
    }

    /// Reads the source to its end even when every lane has ended early, so that each record has an outcome. By default
    /// the run ends then.
    pub fn read_to_the_end(mut self, yes: bool) -> Self {
        self.to_the_end = yes;
        self
    }

    /// How many records the source holds, for the time that is left.
    pub fn expected(mut self, records: u64) -> Self {
        self.expected = Some(records);
        self
    }

    /// A clock of your own, for tests.
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
    /// Read the [`Run`] to its end, or call [`Run::finish`]: the lanes wait when 1,024 outcomes are unread. What is under
    /// way with a vendor is driven on meanwhile.
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
        let parts = Parts {
            clock: self.clock,
            checkpoint: self.checkpoint,
            dead_letters: self.dead_letters,
            accepted: self.accepted,
            observers: Observers::new(self.observers),
            guards: self.guards,
            letters_settle: self.letters_settle,
            letters_for_left: self.letters_for_left,
            expected: self.expected,
        };
        let shared = Arc::new(Shared::new(self.lanes.iter().map(board).collect(), parts));
        let (sender, updates) = mpsc::channel(UPDATES);
        let settler = Settler::new(Arc::clone(&shared), sender);
        let mut chance = self.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        let queues: Vec<_> = self.lanes.iter().map(|lane| Arc::new(Queue::new(lane.policy.when_full))).collect();
        let mut workers = Vec::new();
        for (index, (lane, queue)) in self.lanes.iter().zip(&queues).enumerate() {
            workers.push(Worker::new(lane, index, Arc::clone(queue), settler.clone(), chance.fork()));
        }
        let pump = Pump { queues, settler, to_the_end: self.to_the_end };
        let task = Task(tokio::spawn(conduct(source, pump, workers)));
        Ok(Run { updates, handle: RunHandle { shared }, task })
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("lanes", &self.lanes).finish_non_exhaustive()
    }
}

/// Runs the pump and the lanes to their end.
async fn conduct<S>(source: S, pump: Pump, workers: Vec<Worker>) -> Summary
where
    S: Stream<Item = Result<Item, SourceError>> + Send + 'static,
{
    let shared = Arc::clone(&pump.settler.shared);
    let mut lanes = JoinSet::new();
    for worker in workers {
        lanes.spawn(worker.run());
    }
    if AssertUnwindSafe(pump.run(source)).catch_unwind().await.is_err() {
        shared.note(StopReason::Panicked("the source"));
    }
    pump.queues.iter().for_each(|queue| queue.close());
    while let Some(ended) = lanes.join_next().await {
        if ended.is_err() {
            shared.stop(StopReason::Panicked("a lane"));
        }
    }
    shared.sync().await;
    let summary = Summary::of(&shared, shared.take_reason());
    shared.observers.tell(&Event::Finished(&summary));
    summary
}

/// What a run tells, one after the other.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Update {
    /// A record came to its end in a lane.
    Ended(Ended),
    /// A record could not be read from the source.
    Unreadable(Unreadable),
}

/// A run under way: a stream of its outcomes.
///
/// Dropping it aborts everything at once; what was under way may still be carried out at the vendors, and counts as not
/// done in the checkpoint.
#[derive(Debug)]
pub struct Run {
    updates: mpsc::Receiver<Update>,
    handle: RunHandle,
    task: Task,
}

/// A task that ends with its owner.
#[derive(Debug)]
struct Task(JoinHandle<Summary>);

impl Drop for Task {
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
    /// A handle to watch and steer the run from elsewhere.
    #[must_use]
    pub fn handle(&self) -> RunHandle {
        self.handle.clone()
    }

    /// Waits until the run is over, and tells what it came to. Outcomes that were not read are read and forgotten.
    pub async fn finish(mut self) -> Summary {
        while self.next().await.is_some() {}
        match (&mut self.task.0).await {
            Ok(summary) => summary,
            Err(_) => Summary::of(&self.handle.shared, Some(StopReason::Panicked("the run"))),
        }
    }
}

/// Watches and steers a run.
#[derive(Clone, Debug)]
pub struct RunHandle {
    shared: Arc<Shared>,
}

impl RunHandle {
    /// Ends the run in good order: nothing more is read or started, what is under way comes to its end, the rest is
    /// [left](super::Ending::Left), and the checkpoint is complete.
    pub fn cancel(&self) {
        self.shared.stop(StopReason::Cancelled);
    }

    /// Tells a paused lane to try at once, because what was wrong has been put right. Whether there is such a lane.
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
        let now = self.shared.clock.now();
        let expected = self.shared.expected.map(|all| all - self.shared.unreadable.load(Relaxed).min(all));
        Progress {
            read: self.shared.read.load(Relaxed),
            unreadable: self.shared.unreadable.load(Relaxed),
            lanes: self.shared.lanes.iter().map(|lane| lane.progress(now, expected)).collect(),
        }
    }
}

/// What a run came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Summary {
    /// Records read from the source, unreadable ones included.
    pub read: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// Records of lanes whose temporary file could not be read back: they had no outcome, and are not done in the
    /// checkpoint. Then [`stopped`](Self::stopped) is set too.
    pub out_of_sight: u64,
    /// Each lane.
    pub lanes: Vec<LaneSummary>,
    /// Why the run ended before its source and lanes did.
    pub stopped: Option<StopReason>,
}

/// What a lane came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LaneSummary {
    /// The lane's name.
    pub name: Arc<str>,
    /// Its provider.
    pub provider: ProviderId,
    /// How its records ended.
    pub counts: Counts,
    /// Whether it ended before its records did.
    pub ended_early: bool,
}

impl LaneSummary {
    fn of(board: &LaneBoard) -> Self {
        Self {
            name: Arc::clone(&board.name),
            provider: board.sink.provider(),
            counts: board.counts(),
            ended_early: board.ended_early.load(Relaxed),
        }
    }
}

impl Summary {
    fn of(shared: &Shared, stopped: Option<StopReason>) -> Self {
        Self {
            read: shared.read.load(Relaxed),
            unreadable: shared.unreadable.load(Relaxed),
            out_of_sight: shared.out_of_sight.load(Relaxed),
            lanes: shared.lanes.iter().map(LaneSummary::of).collect(),
            stopped,
        }
    }

    /// Whether every record could be read, and every vendor has every record.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stopped.is_none()
            && self.unreadable == 0
            && self.lanes.iter().all(|lane| lane.counts.failed == 0 && lane.counts.left == 0)
    }
}

/// Why a run ended before its source and lanes did.
#[derive(Debug)]
#[non_exhaustive]
pub enum StopReason {
    /// It was cancelled.
    Cancelled,
    /// It went above a limit.
    Guard(Tripped),
    /// The source failed.
    Source(SourceError),
    /// Every lane ended early.
    AllLanesEnded,
    /// The checkpoint could not be written.
    Checkpoint(io::Error),
    /// A dead letter could not be written.
    DeadLetters(io::Error),
    /// What the vendors accepted could not be read or written.
    Accepted(io::Error),
    /// Records that wait for a lane could not be put on disk or read back.
    Spill(io::Error),
    /// A part of the run panicked.
    Panicked(&'static str),
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("cancelled"),
            Self::Guard(tripped) => write!(f, "a limit was passed: {tripped}"),
            Self::Source(error) => error.fmt(f),
            Self::AllLanesEnded => f.write_str("every lane ended early"),
            Self::Checkpoint(error) => write!(f, "the checkpoint cannot be written: {error}"),
            Self::DeadLetters(error) => write!(f, "a dead letter cannot be written: {error}"),
            Self::Accepted(error) => write!(f, "the store of what was accepted cannot be used: {error}"),
            Self::Spill(error) => write!(f, "the file of waiting records cannot be used: {error}"),
            Self::Panicked(what) => write!(f, "{what} panicked"),
        }
    }
}
