//! The task of one lane: takes records from the queue, runs the sink, and records each outcome.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio::task::JoinSet;

use super::accepted::{Accepted, Digest, Person, digest_of_plan};
use super::checkpoint::EarlierRun;
use super::events::{Event, LaneEnded, Paused, Resumed, Retrying, StopReason};
use super::identity;
use super::item::Record;
use super::lane::{CompletedRecord, Done, LaneCore, LaneEvent, Next, Task};
use super::policy::Lane;
use super::progress::LaneBoard;
use super::queue::Queue;
use super::recorder::{Recorder, Shared};
use crate::customer::Customer;
use crate::error::{Effect, Error, ErrorKind};
use crate::sink::{CustomerSink, UpsertOptions};

/// The result of a record's task.
struct Finished {
    ticket: u64,
    done: Done,
    /// Whether the guard counted it as a record that sets a consent.
    counted: bool,
}

pub(super) struct Worker {
    core: LaneCore,
    index: usize,
    queue: Arc<Queue>,
    recorder: Recorder,
    under_way: JoinSet<Finished>,
    resumed: ResumedLane,
    job: Arc<Job>,
}

/// Which records of the lane an earlier run may have sent, as far as its checkpoint shows it.
struct ResumedLane {
    /// The highest position that was done when this run started. Whatever is not done before it was passed over: under
    /// way when the earlier run ended, failed, or not tried.
    last_done: Option<u64>,
    /// How many more records behind it may have been in the window of the earlier run.
    in_window: usize,
}

impl ResumedLane {
    fn new(shared: &Shared, lane: &Lane) -> Self {
        let earlier = shared.config.checkpoint.as_ref().map(|checkpoint| checkpoint.earlier_run(&lane.name));
        match earlier {
            Some(EarlierRun::Ran { last_done }) => Self { last_done, in_window: lane.policy.window },
            Some(EarlierRun::None) | None => Self { last_done: None, in_window: 0 },
        }
    }

    /// Whether an earlier run may have sent the record at this position. Call it once for each record that is not done.
    fn may_have_sent(&mut self, position: u64) -> bool {
        if self.last_done.is_some_and(|last| position < last) {
            return true;
        }
        let is_in_window = self.in_window > 0;
        self.in_window = self.in_window.saturating_sub(1);
        is_in_window
    }
}

/// What every task of a lane needs.
struct Job {
    sink: Arc<dyn CustomerSink>,
    options: UpsertOptions,
    name: Arc<str>,
    shared: Arc<Shared>,
}

impl Worker {
    pub(super) fn new(lane: &Lane, index: usize, queue: Arc<Queue>, recorder: Recorder, rng: fastrand::Rng) -> Self {
        let job = Job {
            sink: Arc::clone(&lane.sink),
            options: lane.options,
            name: Arc::clone(&lane.name),
            shared: Arc::clone(&recorder.shared),
        };
        let can_find = lane.sink.capabilities().can_find;
        Self {
            core: LaneCore::new(lane.policy.clone(), lane.provider(), can_find, rng),
            index,
            queue,
            recorder,
            under_way: JoinSet::new(),
            resumed: ResumedLane::new(&job.shared, lane),
            job: Arc::new(job),
        }
    }

    pub(super) async fn run(mut self) {
        let shared = Arc::clone(&self.recorder.shared);
        let Some(board) = shared.lanes.get(self.index) else { return };
        let mut stopping = shared.stopping();
        let mut stopped = false;
        loop {
            if !stopped && *stopping.borrow_and_update() {
                stopped = true;
                let completed = self.core.stop();
                self.record(board, completed).await;
            }
            self.take_in(board).await;
            let wake = self.start(board);
            let events = self.core.events();
            notify(&shared, board, events);
            board.show(self.core.under_way(), self.core.waiting() as u64 + self.queue.len(), self.core.concurrency());
            if self.core.is_idle() && self.queue.is_finished() {
                return;
            }
            let now = shared.now();
            let (has_room, sleeps) = (self.core.has_room(), wake.is_some());
            let sleep = wake.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
            tokio::select! {
                biased;
                Some(finished) = self.under_way.join_next() => self.finished(board, finished).await,
                _ = stopping.changed(), if !stopped => {}
                () = self.queue.arrived(), if has_room => {}
                () = board.resume.notified() => self.core.resume(shared.now()),
                () = shared.config.clock.sleep(sleep), if sleeps => {}
            }
        }
    }

    /// Takes records in from the queue, as long as there is room.
    async fn take_in(&mut self, board: &LaneBoard) {
        while self.core.has_room() {
            match self.queue.pop() {
                Ok(Some(record)) => {
                    let look_up_first = self.resumed.may_have_sent(record.position());
                    if let Some(completed) = self.core.offer(record, look_up_first) {
                        self.record(board, vec![completed]).await;
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    // The records in the file can no longer be named. No checkpoint counts them as done.
                    self.recorder.shared.unaccounted.fetch_add(self.queue.drop_spill(), Relaxed);
                    self.recorder.shared.stop(StopReason::Spill(error));
                    return;
                }
            }
        }
    }

    /// Starts what may be started; returns when to come back.
    fn start(&mut self, board: &LaneBoard) -> Option<Instant> {
        let shared = &self.recorder.shared;
        loop {
            match self.core.next(shared.now()) {
                Next::Wait(until) => {
                    board.pause(until.filter(|_| self.core.is_paused()));
                    return until;
                }
                Next::Start(ticket, record, task) => {
                    let counted = match task {
                        Task::Upsert { .. } => shared.consents.take(&shared.config.guards, &record.item.customer),
                        Task::LookUp => Ok(false),
                    };
                    match counted {
                        Ok(counted) => {
                            let job = Arc::clone(&self.job);
                            self.under_way.spawn(async move {
                                let done = job.carry_out(&record, task).await;
                                Finished { ticket, done, counted }
                            });
                        }
                        Err(tripped) => {
                            self.core.put_back(ticket, shared.now());
                            shared.stop(StopReason::Guard(tripped));
                            return None;
                        }
                    }
                }
            }
        }
    }

    async fn finished(&mut self, board: &LaneBoard, finished: Result<Finished, tokio::task::JoinError>) {
        // A task catches its own panics and is never aborted: this is never an error.
        let Ok(Finished { ticket, done, counted }) = finished else { return };
        let changed = match &done {
            Done::Upserted(upserted) => upserted.outcome != crate::Outcome::Unchanged,
            Done::Failed(error) => !matches!(error.effect(), Effect::NotSent | Effect::Rejected),
            Done::Panicked(_) => true,
            Done::Unchanged | Done::LookedUp => false,
        };
        if counted && !changed {
            self.recorder.shared.consents.give_back();
        }
        let completed = self.core.done(ticket, done, self.recorder.shared.now());
        self.record(board, completed).await;
    }

    async fn record(&self, board: &LaneBoard, completed: Vec<CompletedRecord>) {
        for completed in completed {
            self.recorder.record(board, completed).await;
        }
    }
}

fn notify(shared: &Shared, board: &LaneBoard, events: Vec<LaneEvent>) {
    let lane = &*board.name;
    for turn in events {
        match turn {
            LaneEvent::Retrying { position, kind, after } => {
                shared.notify(&Event::Retrying(Retrying { lane, position, kind, after }));
            }
            LaneEvent::Paused { kind, until } => {
                let length = until.saturating_duration_since(shared.now());
                tracing::warn!(lane, kind = kind.as_str(), seconds = length.as_secs_f64(), "a lane pauses");
                shared.notify(&Event::Paused(Paused { lane, kind, length }));
            }
            LaneEvent::Resumed => {
                tracing::info!(lane, "a lane goes on");
                shared.notify(&Event::Resumed(Resumed { lane }));
            }
            LaneEvent::Ended(error) => {
                tracing::error!(lane, %error, "a lane ended early");
                board.ended_early.store(true, Relaxed);
                shared.notify(&Event::LaneEnded(LaneEnded { lane, error: &error }));
            }
        }
    }
}

impl Job {
    async fn carry_out(&self, record: &Record, task: Task) -> Done {
        let customer = &record.item.customer;
        let work = async {
            match task {
                Task::Upsert { look_up_first } => self.upsert(customer, look_up_first).await,
                Task::LookUp => self.look_up(customer).await,
            }
        };
        AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
            let error = Error::new(ErrorKind::Other, Effect::Unknown)
                .with_provider(self.sink.provider())
                .with_operation("upsert")
                .with_hint("the sink panicked");
            Done::Panicked(error)
        })
    }

    async fn upsert(&self, customer: &Customer, look_up_first: bool) -> Done {
        let options = self.options.look_up_first(self.options.look_up_first || look_up_first);
        let Some(accepted) = &self.shared.config.accepted else { return self.send(customer, &options).await };
        // The digest is that of the lane's own options, so that a retry compares equal.
        let plan = match self.sink.plan(customer, &self.options) {
            Ok(plan) => plan,
            Err(error) => return Done::Failed(error),
        };
        let Some(person) = accepted.person(customer) else { return self.send(customer, &options).await };
        let what = digest_of_plan(&plan);
        match self.is_accepted(&**accepted, &person, &what).await {
            Ok(true) => return Done::Unchanged,
            Ok(false) => {}
            Err(error) => {
                self.shared.stop(StopReason::Accepted(error));
                let error = Error::new(ErrorKind::Other, Effect::NotSent).with_provider(self.sink.provider());
                return Done::Failed(error.with_hint("the store of what was accepted before cannot be used"));
            }
        }
        let done = self.send(customer, &options).await;
        if matches!(done, Done::Upserted(_))
            && let Err(error) = accepted.put(&self.name, &person, &what).await
        {
            self.shared.stop(StopReason::Accepted(error));
        }
        done
    }

    /// Whether the vendor accepted the very same. If not, the store forgets what it accepted before, since what the vendor
    /// holds is unknown while something else is under way.
    async fn is_accepted(&self, accepted: &dyn Accepted, person: &Person, what: &Digest) -> std::io::Result<bool> {
        if accepted.last(&self.name, person).await?.as_ref() == Some(what) {
            return Ok(true);
        }
        accepted.forget(&self.name, person).await?;
        Ok(false)
    }

    async fn send(&self, customer: &Customer, options: &UpsertOptions) -> Done {
        match self.sink.upsert_with(customer, options).await {
            Ok(upserted) => Done::Upserted(upserted),
            Err(error) => Done::Failed(error),
        }
    }

    /// Reads the person at the vendor, by the first identifier that it can be asked for.
    async fn look_up(&self, customer: &Customer) -> Done {
        let mut last = None;
        for who in identity::to_ask(customer) {
            match self.sink.find(&who).await {
                Ok(_) => return Done::LookedUp,
                Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput) => {
                    last = Some(error);
                }
                Err(error) => return Done::Failed(error),
            }
        }
        let error = last.unwrap_or_else(|| Error::unsupported(self.sink.provider(), "find", "nothing to look for"));
        Done::Failed(error)
    }
}
