//! The task of one lane: it takes records from the queue, runs the sink, and brings each record to its end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio::task::JoinSet;

use super::accepted::{Accepted, Digest, Person, digest_of_plan};
use super::identity;
use super::item::Record;
use super::lane::{Done, LaneCore, Next, Settled, Task, Turn};
use super::observer::{Event, LaneEnded, Paused, Resumed, Retrying};
use super::policy::Lane;
use super::progress::LaneBoard;
use super::queue::Queue;
use super::run::StopReason;
use super::settle::{Settler, Shared, spill};
use crate::customer::Customer;
use crate::error::{Effect, Error, ErrorKind};
use crate::sink::{CustomerSink, UpsertOptions};

/// What a record's task gives back.
struct Finished {
    ticket: u64,
    done: Done,
    /// It was counted as one that sets a consent.
    staked: bool,
}

pub(super) struct Worker {
    core: LaneCore,
    index: usize,
    queue: Arc<Queue>,
    settler: Settler,
    under_way: JoinSet<Finished>,
    job: Arc<Job>,
}

/// What every task of a lane needs.
struct Job {
    sink: Arc<dyn CustomerSink>,
    options: UpsertOptions,
    name: Arc<str>,
    shared: Arc<Shared>,
}

impl Worker {
    pub(super) fn new(lane: &Lane, index: usize, queue: Arc<Queue>, settler: Settler, chance: fastrand::Rng) -> Self {
        let job = Job {
            sink: Arc::clone(&lane.sink),
            options: lane.options,
            name: Arc::clone(&lane.name),
            shared: Arc::clone(&settler.shared),
        };
        let can_find = lane.sink.capabilities().can_find;
        Self {
            core: LaneCore::new(lane.policy.clone(), lane.provider(), can_find, chance),
            index,
            queue,
            settler,
            under_way: JoinSet::new(),
            job: Arc::new(job),
        }
    }

    pub(super) async fn run(mut self) {
        let shared = Arc::clone(&self.settler.shared);
        let Some(board) = shared.lanes.get(self.index) else { return };
        let mut stopping = shared.stopping();
        let mut stopped = false;
        loop {
            if !stopped && *stopping.borrow_and_update() {
                stopped = true;
                let left = self.core.stop();
                self.settle(board, left).await;
            }
            self.take_in(board).await;
            let wake = self.start(board);
            let turns = self.core.turns();
            tell(&shared, board, turns);
            board.show(self.core.under_way(), self.core.waiting() as u64 + self.queue.len(), self.core.concurrency());
            if self.core.is_idle() && self.queue.is_finished() {
                return;
            }
            let now = shared.clock.now();
            let (has_room, sleeps) = (self.core.has_room(), wake.is_some());
            let sleep = wake.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
            tokio::select! {
                biased;
                Some(finished) = self.under_way.join_next() => self.finished(board, finished).await,
                _ = stopping.changed(), if !stopped => {}
                () = self.queue.arrived(), if has_room => {}
                () = board.resume.notified() => self.core.resume(shared.clock.now()),
                () = shared.clock.sleep(sleep), if sleeps => {}
            }
        }
    }

    /// Takes records in from the queue, as long as there is room.
    async fn take_in(&mut self, board: &LaneBoard) {
        while self.core.has_room() {
            match self.queue.pop() {
                Ok(Some(record)) => {
                    if let Some(settled) = self.core.offer(record) {
                        self.settle(board, vec![settled]).await;
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    // What waits there cannot be named any more. No checkpoint counts it as done.
                    self.settler.shared.out_of_sight.fetch_add(self.queue.drop_spill(), Relaxed);
                    self.settler.shared.stop(spill(error));
                    return;
                }
            }
        }
    }

    /// Starts what may be started; when to come back.
    fn start(&mut self, board: &LaneBoard) -> Option<Instant> {
        let shared = &self.settler.shared;
        loop {
            match self.core.next(shared.clock.now()) {
                Next::Wait(until) => {
                    board.pause(until.filter(|_| self.core.is_paused()));
                    return until;
                }
                Next::Start(ticket, record, task) => {
                    let staked = match task {
                        Task::Upsert => shared.stakes.take(&shared.guards, &record.item.customer),
                        Task::LookUp => Ok(false),
                    };
                    match staked {
                        Ok(staked) => {
                            let job = Arc::clone(&self.job);
                            self.under_way.spawn(async move {
                                let done = job.carry_out(&record, task).await;
                                Finished { ticket, done, staked }
                            });
                        }
                        Err(tripped) => {
                            self.core.put_back(ticket, shared.clock.now());
                            shared.stop(StopReason::Guard(tripped));
                            return None;
                        }
                    }
                }
            }
        }
    }

    async fn finished(&mut self, board: &LaneBoard, finished: Result<Finished, tokio::task::JoinError>) {
        // A task catches its own panics and nobody aborts it: there is no error to be met here.
        let Ok(Finished { ticket, done, staked }) = finished else { return };
        let changed = match &done {
            Done::Upserted(upserted) => upserted.outcome != crate::Outcome::Unchanged,
            Done::Failed(error) => !matches!(error.effect(), Effect::NotSent | Effect::Rejected),
            Done::Panicked(_) => true,
            Done::Unchanged | Done::LookedUp => false,
        };
        if staked && !changed {
            self.settler.shared.stakes.give_back();
        }
        let settled = self.core.done(ticket, done, self.settler.shared.clock.now());
        self.settle(board, settled).await;
    }

    async fn settle(&self, board: &LaneBoard, settled: Vec<Settled>) {
        for settled in settled {
            self.settler.settle(board, settled).await;
        }
    }
}

fn tell(shared: &Shared, board: &LaneBoard, turns: Vec<Turn>) {
    let lane = &*board.name;
    for turn in turns {
        match turn {
            Turn::Retrying { position, kind, after } => {
                shared.observers.tell(&Event::Retrying(Retrying { lane, position, kind, after }));
            }
            Turn::Paused { kind, until } => {
                let length = until.saturating_duration_since(shared.clock.now());
                tracing::warn!(lane, kind = kind.as_str(), seconds = length.as_secs_f64(), "a lane pauses");
                shared.observers.tell(&Event::Paused(Paused { lane, kind, length }));
            }
            Turn::Resumed => {
                tracing::info!(lane, "a lane goes on");
                shared.observers.tell(&Event::Resumed(Resumed { lane }));
            }
            Turn::Ended(error) => {
                tracing::error!(lane, %error, "a lane ended early");
                board.ended_early.store(true, Relaxed);
                shared.observers.tell(&Event::LaneEnded(LaneEnded { lane, error: &error }));
            }
        }
    }
}

impl Job {
    async fn carry_out(&self, record: &Record, task: Task) -> Done {
        let customer = &record.item.customer;
        let work = async {
            match task {
                Task::Upsert => self.upsert(customer).await,
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

    async fn upsert(&self, customer: &Customer) -> Done {
        let Some(accepted) = &self.shared.accepted else { return self.send(customer).await };
        let plan = match self.sink.plan(customer, &self.options) {
            Ok(plan) => plan,
            Err(error) => return Done::Failed(error),
        };
        let Some(person) = accepted.person(customer) else { return self.send(customer).await };
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
        let done = self.send(customer).await;
        if matches!(done, Done::Upserted(_))
            && let Err(error) = accepted.put(&self.name, &person, &what).await
        {
            self.shared.stop(StopReason::Accepted(error));
        }
        done
    }

    /// Whether the vendor accepted the very same. If not, what it accepted before is forgotten, since nobody knows what
    /// it holds while something else is under way.
    async fn is_accepted(&self, accepted: &dyn Accepted, person: &Person, what: &Digest) -> std::io::Result<bool> {
        if accepted.last(&self.name, person).await?.as_ref() == Some(what) {
            return Ok(true);
        }
        accepted.forget(&self.name, person).await?;
        Ok(false)
    }

    async fn send(&self, customer: &Customer) -> Done {
        match self.sink.upsert_with(customer, &self.options).await {
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
