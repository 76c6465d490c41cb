//! One lane as a machine without I/O and without a clock of its own: records and results go in, what to do next comes out.

mod coalesce;
mod entry;
mod failure;
mod gate;
mod limiter;
mod order;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::entry::{Budget, Entry, State};
use self::gate::{Gate, Pass, Trouble};
use self::limiter::Limiter;
use self::order::{Order, Ticket};
use super::ending::{Ending, Left, Skip};
use super::item::Record;
use super::policy::{AfterFailure, Coalesce, Policy};
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::outcome::Upserted;
use crate::provider::ProviderId;

/// What is done for a record next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Send it.
    Upsert,
    /// Read the vendor first: what an earlier try did is not known.
    LookUp,
}

/// How a task ended.
#[derive(Debug)]
pub(super) enum Done {
    Upserted(Upserted),
    /// The same was accepted before: nothing was sent.
    Unchanged,
    /// The vendor answered the look-up. Whether it holds the person does not matter: either way an upsert is safe now.
    LookedUp,
    Failed(Error),
    /// The sink panicked, and will again.
    Panicked(Error),
}

/// What a lane does next.
#[derive(Debug)]
pub(super) enum Next {
    Start(Ticket, Arc<Record>, Task),
    /// Nothing before this time, or before something happens.
    Wait(Option<Instant>),
}

/// A record at its end.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) record: Arc<Record>,
    pub(super) ending: Ending,
    pub(super) attempts: u32,
}

/// What happened to the lane beside its records.
#[derive(Debug)]
pub(super) enum Turn {
    Retrying { position: u64, kind: ErrorKind, after: Duration },
    Paused { kind: ErrorKind, until: Instant },
    Resumed,
    Ended(Arc<Error>),
}

/// Why a lane takes no more records.
#[derive(Clone, Debug)]
enum Closed {
    Stopped,
    Ended(Arc<Error>),
}

#[derive(Debug)]
pub(super) struct LaneCore {
    policy: Policy,
    provider: ProviderId,
    can_find: bool,
    order: Order,
    entries: HashMap<Ticket, Entry>,
    ready: VecDeque<Ticket>,
    delayed: BinaryHeap<Reverse<(Instant, Ticket)>>,
    under_way: usize,
    next_ticket: Ticket,
    limiter: Limiter,
    gate: Gate,
    probe: Option<Ticket>,
    budget: Budget,
    /// Keys of people of whom a record failed, and its position; kept only where the policy asks for it.
    failed: HashMap<u64, u64>,
    /// Records that the vendor took.
    taken: u64,
    /// The vendor was seen to refuse one record with an answer that would mean all, while it took others.
    refuses_single_ones: bool,
    /// Records that others stand for.
    absorbed: usize,
    closed: Option<Closed>,
    turns: Vec<Turn>,
    chance: fastrand::Rng,
}

impl LaneCore {
    pub(super) fn new(policy: Policy, provider: ProviderId, can_find: bool, chance: fastrand::Rng) -> Self {
        Self {
            provider,
            can_find,
            order: Order::default(),
            entries: HashMap::new(),
            ready: VecDeque::new(),
            delayed: BinaryHeap::new(),
            under_way: 0,
            next_ticket: 0,
            limiter: Limiter::new(policy.concurrency),
            gate: Gate::new(&policy),
            probe: None,
            budget: Budget::new(policy.concurrency),
            failed: HashMap::new(),
            taken: 0,
            refuses_single_ones: false,
            absorbed: 0,
            closed: None,
            turns: Vec::new(),
            chance,
            policy,
        }
    }

    /// Whether another record may come in.
    pub(super) fn has_room(&self) -> bool {
        self.closed.is_some() || self.entries.len() + self.absorbed < self.policy.window
    }

    pub(super) fn is_idle(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    pub(super) fn waiting(&self) -> usize {
        self.entries.len() - self.under_way
    }

    pub(super) fn concurrency(&self) -> usize {
        self.limiter.limit()
    }

    pub(super) fn is_paused(&self) -> bool {
        !self.gate.is_open()
    }

    /// What happened to the lane since the last call.
    pub(super) fn turns(&mut self) -> Vec<Turn> {
        std::mem::take(&mut self.turns)
    }

    /// Takes a record in. It may end at once.
    pub(super) fn offer(&mut self, record: Arc<Record>) -> Option<Settled> {
        if let Some(closed) = &self.closed {
            let ending = Ending::Left(left(closed));
            return Some(Settled { record, ending, attempts: 0 });
        }
        if let Some(settled) = self.held_behind_a_failure(&record) {
            return Some(settled);
        }
        if self.policy.coalesce == Coalesce::ToNewest && self.absorb(&record) {
            return None;
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let waits = self.order.join(ticket, &record.keys);
        if waits == 0 {
            self.ready.push_back(ticket);
        }
        self.entries.insert(ticket, Entry::new(record, waits));
        None
    }

    fn held_behind_a_failure(&self, record: &Arc<Record>) -> Option<Settled> {
        let behind = self.failed_before(record)?;
        Some(Settled { record: Arc::clone(record), ending: self.after_failure(behind), attempts: 0 })
    }

    fn after_failure(&self, behind: u64) -> Ending {
        match self.policy.after_failure {
            AfterFailure::Skip => {
                let error = Error::new(ErrorKind::Other, Effect::NotSent)
                    .with_provider(self.provider)
                    .with_operation("deliver")
                    .with_hint(format!("not sent, since record {behind}, of the same person, failed"));
                Ending::Failed(Arc::new(error))
            }
            AfterFailure::Block | AfterFailure::GoOn => Ending::Left(Left::Held { behind }),
        }
    }

    /// Puts a record in the place of an older one of the same person that waits and says nothing more.
    fn absorb(&mut self, record: &Arc<Record>) -> bool {
        let Some(ticket) = self.order.last_of(&record.keys) else { return false };
        let Some(entry) = self.entries.get_mut(&ticket) else { return false };
        let untried = entry.is_untried();
        let waits = matches!(entry.state, State::Blocked | State::Ready);
        let same = entry.in_line.keys.iter().all(|key| record.keys.contains(key))
            && self.order.is_last(ticket, &entry.in_line.keys);
        if !(untried && waits && same && coalesce::covers(&record.item.customer, &entry.record.item.customer)) {
            return false;
        }
        let older = std::mem::replace(&mut entry.record, Arc::clone(record));
        entry.in_line = Arc::clone(record);
        entry.absorbed.push(older);
        self.absorbed += 1;
        entry.waits += self.order.join(ticket, &record.keys);
        if entry.waits > 0 {
            entry.state = State::Blocked;
        }
        true
    }

    /// What to do now.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        while let Some(Reverse((at, ticket))) = self.delayed.peek().copied()
            && at <= now
        {
            self.delayed.pop();
            self.make_ready(ticket);
        }
        let probe = match self.gate.pass(now) {
            Pass::Yes => false,
            Pass::At(until) => return Next::Wait(Some(until)),
            Pass::Wait => return Next::Wait(None),
            Pass::Probe if self.under_way > 0 => return Next::Wait(None),
            Pass::Probe => true,
        };
        if self.under_way >= self.limiter.limit() {
            return Next::Wait(None);
        }
        while let Some(ticket) = self.ready.pop_front() {
            let Some(entry) = self.entries.get_mut(&ticket).filter(|entry| entry.state == State::Ready) else {
                continue;
            };
            entry.state = State::UnderWay;
            entry.start = Some((self.limiter.start(), now));
            self.under_way += 1;
            if probe {
                self.gate.probe();
                self.probe = Some(ticket);
            }
            return Next::Start(ticket, Arc::clone(&entry.record), entry.task);
        }
        Next::Wait(self.delayed.peek().map(|Reverse((at, _))| *at))
    }

    fn make_ready(&mut self, ticket: Ticket) {
        if let Some(entry) = self.entries.get_mut(&ticket).filter(|entry| entry.state == State::Delayed) {
            entry.state = State::Ready;
            self.ready.push_back(ticket);
        }
    }

    /// Takes the result of a task.
    pub(super) fn done(&mut self, ticket: Ticket, done: Done, now: Instant) -> Vec<Settled> {
        let mut settled = Vec::new();
        let full = self.under_way >= self.limiter.limit();
        let was_probe = self.probe.take_if(|probe| *probe == ticket).is_some();
        let Some(entry) = self.entries.get_mut(&ticket) else { return settled };
        self.under_way -= 1;
        let (start, latency) = match entry.start.take() {
            Some((start, at)) => (Some(start), now.saturating_duration_since(at)),
            None => (None, Duration::ZERO),
        };
        match done {
            Done::Upserted(upserted) => {
                entry.attempts += upserted.attempts;
                self.good(latency, full);
                self.taken += 1;
                self.budget.earn();
                self.end(ticket, Ending::Delivered(Arc::new(upserted)), &mut settled);
            }
            Done::Unchanged => {
                self.nothing_learned(was_probe, now);
                self.end(ticket, Ending::Skipped(Skip::Unchanged), &mut settled);
            }
            Done::LookedUp => {
                entry.attempts += 1;
                entry.task = Task::Upsert;
                entry.state = State::Ready;
                self.ready.push_front(ticket);
                self.good(latency, full);
            }
            Done::Panicked(error) => {
                self.nothing_learned(was_probe, now);
                self.end(ticket, Ending::Failed(Arc::new(error)), &mut settled);
            }
            Done::Failed(error) => {
                let strained = matches!(Trouble::of(&error), Trouble::Outage | Trouble::Asked(_));
                if let Some(start) = start.filter(|_| strained) {
                    self.limiter.strained(start);
                }
                self.failed(ticket, error, was_probe, now, &mut settled);
            }
        }
        if self.closed.is_some() {
            self.leave_all(&mut settled);
        }
        settled
    }

    fn good(&mut self, latency: Duration, full: bool) {
        self.limiter.good(latency, full);
        self.vendor_is_there();
    }

    /// The vendor answered as it should: the gate opens, if it was shut.
    fn vendor_is_there(&mut self) {
        if !self.gate.good() {
            return;
        }
        self.turns.push(Turn::Resumed);
        // Those that were refused come first now: their next answer shows whether it was they alone.
        let (refused, others): (Vec<_>, Vec<_>) =
            self.ready.drain(..).partition(|ticket| self.entries.get(ticket).is_some_and(|entry| entry.was_refused));
        self.ready.extend(refused);
        self.ready.extend(others);
    }

    fn nothing_learned(&mut self, was_probe: bool, now: Instant) {
        if was_probe {
            self.gate.nothing_learned(now);
        }
    }

    /// Ends a record, with those that it stands for, and lets the next of the person go. Where one of a person failed, the
    /// policy may end those that follow too.
    fn end(&mut self, ticket: Ticket, ending: Ending, settled: &mut Vec<Settled>) {
        let holds = self.policy.after_failure != AfterFailure::GoOn;
        let mut ends = VecDeque::from([(ticket, ending)]);
        while let Some((ticket, ending)) = ends.pop_front() {
            let Some(entry) = self.entries.remove(&ticket) else { continue };
            let position = entry.record.position();
            if holds && matches!(ending, Ending::Failed(_)) {
                self.failed.extend(entry.record.keys.iter().map(|key| (*key, position)));
            }
            self.absorbed -= entry.absorbed.len();
            for older in entry.absorbed {
                let ending = match &ending {
                    Ending::Delivered(_) | Ending::Skipped(_) => Ending::Skipped(Skip::Coalesced { into: position }),
                    other => other.clone(),
                };
                settled.push(Settled { record: older, ending, attempts: 0 });
            }
            let mut freed = Vec::new();
            let entries = &mut self.entries;
            self.order.leave(ticket, &entry.in_line.keys, |next| {
                let Some(entry) = entries.get_mut(&next) else { return };
                entry.waits = entry.waits.saturating_sub(1);
                if entry.waits == 0 && entry.state == State::Blocked {
                    entry.state = State::Ready;
                    freed.push(next);
                }
            });
            settled.push(Settled { record: entry.record, ending, attempts: entry.attempts });
            for ticket in freed {
                let behind =
                    self.entries.get(&ticket).filter(|_| holds).and_then(|entry| self.failed_before(&entry.record));
                match behind {
                    Some(behind) => ends.push_back((ticket, self.after_failure(behind))),
                    None => self.ready.push_back(ticket),
                }
            }
        }
    }

    /// The position of a record of the same person that failed before, where the policy asks for it.
    fn failed_before(&self, record: &Record) -> Option<u64> {
        record.keys.iter().find_map(|key| self.failed.get(key)).copied()
    }

    /// Puts a record back that was to be started. It stays at the head.
    pub(super) fn put_back(&mut self, ticket: Ticket, now: Instant) {
        if self.probe.take_if(|probe| *probe == ticket).is_some() {
            self.gate.nothing_learned(now);
        }
        if let Some(entry) = self.entries.get_mut(&ticket).filter(|entry| entry.state == State::UnderWay) {
            entry.state = State::Ready;
            entry.start = None;
            self.under_way -= 1;
            self.ready.push_front(ticket);
        }
    }

    /// Lets the next probe go at once.
    pub(super) fn resume(&mut self, now: Instant) {
        self.gate.resume(now);
    }

    /// Takes and starts nothing more. What is under way comes to its end by itself.
    pub(super) fn stop(&mut self) -> Vec<Settled> {
        let mut settled = Vec::new();
        self.closed.get_or_insert(Closed::Stopped);
        self.leave_all(&mut settled);
        settled
    }

    /// Ends all that is not under way: what was tried has failed, the rest is left.
    fn leave_all(&mut self, settled: &mut Vec<Settled>) {
        let Some(closed) = self.closed.clone() else { return };
        let mut waiting: Vec<_> = self.entries.iter().filter(|(_, e)| e.state != State::UnderWay).collect();
        waiting.sort_unstable_by_key(|(ticket, _)| **ticket);
        let waiting: Vec<_> = waiting.into_iter().map(|(ticket, _)| *ticket).collect();
        for ticket in waiting {
            let Some(entry) = self.entries.remove(&ticket) else { continue };
            let ending = match &entry.last_error {
                Some(error) => Ending::Failed(Arc::clone(error)),
                None => Ending::Left(left(&closed)),
            };
            self.absorbed -= entry.absorbed.len();
            for older in entry.absorbed {
                settled.push(Settled { record: older, ending: ending.clone(), attempts: 0 });
            }
            settled.push(Settled { record: entry.record, ending, attempts: entry.attempts });
        }
        self.ready.clear();
        self.delayed.clear();
    }
}

fn left(closed: &Closed) -> Left {
    match closed {
        Closed::Stopped => Left::Stopped,
        Closed::Ended(error) => Left::LaneEnded(Arc::clone(error)),
    }
}
