//! One lane as a state machine without I/O and clock: records and results go in, the next tasks come out.

mod breaker;
mod coalesce;
mod entry;
mod failure;
mod limiter;
mod order;
mod types;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::breaker::{CircuitBreaker, Pass, Trouble};
use self::entry::{Budget, Entry, NextTask, State};
use self::limiter::Limiter;
use self::order::{Order, Ticket};
use self::types::Closed;
pub(super) use self::types::{CompletedRecord, Done, LaneEvent, Next, Task};
use super::item::Record;
use super::policy::{AfterFailure, Coalesce, Policy};
use super::record_outcome::{RecordStatus, SkipReason, UnprocessedReason};
use crate::error::{Effect, Error, ErrorKind};
use crate::provider::ProviderId;

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
    breaker: CircuitBreaker,
    probe: Option<Ticket>,
    budget: Budget,
    /// Keys of people of whom a record failed, and its position; kept only where the policy asks for it.
    failed: HashMap<u64, u64>,
    /// Records that the vendor took.
    taken: u64,
    /// The vendor was seen to refuse one record with an answer that would concern all, while it took others.
    refuses_single_ones: bool,
    /// Records that newer ones replaced.
    absorbed: usize,
    closed: Option<Closed>,
    events: Vec<LaneEvent>,
    rng: fastrand::Rng,
}

impl LaneCore {
    pub(super) fn new(policy: Policy, provider: ProviderId, can_find: bool, rng: fastrand::Rng) -> Self {
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
            breaker: CircuitBreaker::new(&policy),
            probe: None,
            budget: Budget::new(policy.concurrency),
            failed: HashMap::new(),
            taken: 0,
            refuses_single_ones: false,
            absorbed: 0,
            closed: None,
            events: Vec::new(),
            rng,
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
        !self.breaker.is_closed()
    }

    /// The events of the lane since the last call.
    pub(super) fn events(&mut self) -> Vec<LaneEvent> {
        std::mem::take(&mut self.events)
    }

    /// Takes a record in; `look_up_first` where an earlier run may have sent it. It may end at once.
    pub(super) fn offer(&mut self, record: Arc<Record>, look_up_first: bool) -> Option<CompletedRecord> {
        if let Some(closed) = &self.closed {
            return Some(CompletedRecord { record, status: closed.status(), attempts: 0 });
        }
        if let Some(completed) = self.held_behind_a_failure(&record) {
            return Some(completed);
        }
        if self.policy.coalesce == Coalesce::ToNewest && self.absorb(&record, look_up_first) {
            return None;
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let waits = self.order.join(ticket, &record.keys);
        if waits == 0 {
            self.ready.push_back(ticket);
        }
        self.entries.insert(ticket, Entry::new(record, waits, look_up_first));
        None
    }

    fn held_behind_a_failure(&self, record: &Arc<Record>) -> Option<CompletedRecord> {
        let behind = self.failed_before(record)?;
        Some(CompletedRecord { record: Arc::clone(record), status: self.after_failure(behind), attempts: 0 })
    }

    fn after_failure(&self, behind: u64) -> RecordStatus {
        match self.policy.after_failure {
            AfterFailure::Skip => {
                let error = Error::new(ErrorKind::Other, Effect::NotSent)
                    .with_provider(self.provider)
                    .with_operation("deliver")
                    .with_hint(format!("not sent, since record {behind}, of the same person, failed"));
                RecordStatus::Failed(Arc::new(error))
            }
            AfterFailure::Block | AfterFailure::Continue => {
                RecordStatus::Unprocessed(UnprocessedReason::BlockedBy { position: behind })
            }
        }
    }

    /// Replaces an older waiting record of the same person that sets nothing else.
    fn absorb(&mut self, record: &Arc<Record>, look_up_first: bool) -> bool {
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
        entry.look_up_first |= look_up_first;
        entry.may_be_applied |= record.item.may_be_applied;
        self.absorbed += 1;
        entry.waits += self.order.join(ticket, &record.keys);
        if entry.waits > 0 {
            entry.state = State::Blocked;
        }
        true
    }

    /// The next thing to do.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        while let Some(Reverse((at, ticket))) = self.delayed.peek().copied()
            && at <= now
        {
            self.delayed.pop();
            self.make_ready(ticket);
        }
        let probe = match self.breaker.pass(now) {
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
                self.breaker.probe();
                self.probe = Some(ticket);
            }
            return Next::Start(ticket, Arc::clone(&entry.record), entry.task());
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
    pub(super) fn done(&mut self, ticket: Ticket, done: Done, now: Instant) -> Vec<CompletedRecord> {
        let mut completed = Vec::new();
        let full = self.under_way >= self.limiter.limit();
        let was_probe = self.probe.take_if(|probe| *probe == ticket).is_some();
        let Some(entry) = self.entries.get_mut(&ticket) else { return completed };
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
                self.end(ticket, RecordStatus::Delivered(Arc::new(upserted)), &mut completed);
            }
            Done::Unchanged => {
                self.inconclusive(was_probe, now);
                self.end(ticket, RecordStatus::Skipped(SkipReason::Unchanged), &mut completed);
            }
            Done::LookedUp => {
                entry.attempts += 1;
                entry.next = NextTask::Upsert;
                entry.state = State::Ready;
                self.ready.push_front(ticket);
                self.good(latency, full);
            }
            Done::Panicked(error) => {
                self.inconclusive(was_probe, now);
                self.end(ticket, RecordStatus::Failed(Arc::new(error)), &mut completed);
            }
            Done::Failed(error) => {
                let strained = matches!(Trouble::of(&error), Trouble::Outage | Trouble::Asked(_));
                if let Some(start) = start.filter(|_| strained) {
                    self.limiter.strained(start);
                }
                self.failed(ticket, error, was_probe, now, &mut completed);
            }
        }
        if self.closed.is_some() {
            self.leave_all(&mut completed);
        }
        completed
    }

    fn good(&mut self, latency: Duration, full: bool) {
        self.limiter.good(latency, full);
        self.vendor_is_available();
    }

    /// The vendor answered normally: the breaker closes, if it was open.
    fn vendor_is_available(&mut self) {
        if !self.breaker.on_success() {
            return;
        }
        self.events.push(LaneEvent::Resumed);
        // Refused records come first now: their next answer shows whether the refusal concerns them alone.
        let (refused, others): (Vec<_>, Vec<_>) =
            self.ready.drain(..).partition(|ticket| self.entries.get(ticket).is_some_and(|entry| entry.was_refused));
        self.ready.extend(refused);
        self.ready.extend(others);
    }

    fn inconclusive(&mut self, was_probe: bool, now: Instant) {
        if was_probe {
            self.breaker.on_inconclusive(now);
        }
    }

    /// Ends a record, with those that it replaced, and frees the next of the person. Where a record of a person failed,
    /// the policy may end the later ones as well.
    fn end(&mut self, ticket: Ticket, status: RecordStatus, completed: &mut Vec<CompletedRecord>) {
        let holds = self.policy.after_failure != AfterFailure::Continue;
        let mut ends = VecDeque::from([(ticket, status)]);
        while let Some((ticket, status)) = ends.pop_front() {
            let Some(entry) = self.entries.remove(&ticket) else { continue };
            let position = entry.record.position();
            if holds && matches!(status, RecordStatus::Failed(_)) {
                self.failed.extend(entry.record.keys.iter().map(|key| (*key, position)));
            }
            self.absorbed -= entry.absorbed.len();
            for older in entry.absorbed {
                let status = match &status {
                    RecordStatus::Delivered(_) | RecordStatus::Skipped(_) => {
                        RecordStatus::Skipped(SkipReason::Coalesced { into: position })
                    }
                    other => other.clone(),
                };
                completed.push(CompletedRecord { record: older, status, attempts: 0 });
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
            completed.push(CompletedRecord { record: entry.record, status, attempts: entry.attempts });
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

    /// Puts a record back that was about to start. It stays at the head.
    pub(super) fn put_back(&mut self, ticket: Ticket, now: Instant) {
        if self.probe.take_if(|probe| *probe == ticket).is_some() {
            self.breaker.on_inconclusive(now);
        }
        if let Some(entry) = self.entries.get_mut(&ticket).filter(|entry| entry.state == State::UnderWay) {
            entry.state = State::Ready;
            entry.start = None;
            self.under_way -= 1;
            self.ready.push_front(ticket);
        }
    }

    /// Lets the next probe start at once.
    pub(super) fn resume(&mut self, now: Instant) {
        self.breaker.resume(now);
    }

    /// Takes and starts nothing more. What is under way finishes by itself.
    pub(super) fn stop(&mut self) -> Vec<CompletedRecord> {
        let mut completed = Vec::new();
        self.closed.get_or_insert(Closed::Stopped);
        self.leave_all(&mut completed);
        completed
    }

    /// Ends all that is not under way: what was tried has failed, the rest stays unprocessed.
    fn leave_all(&mut self, completed: &mut Vec<CompletedRecord>) {
        let Some(closed) = self.closed.clone() else { return };
        let mut waiting: Vec<_> = self.entries.iter().filter(|(_, e)| e.state != State::UnderWay).collect();
        waiting.sort_unstable_by_key(|(ticket, _)| **ticket);
        let waiting: Vec<_> = waiting.into_iter().map(|(ticket, _)| *ticket).collect();
        for ticket in waiting {
            let Some(entry) = self.entries.remove(&ticket) else { continue };
            let status = match &entry.last_error {
                Some(error) => RecordStatus::Failed(Arc::clone(error)),
                None => closed.status(),
            };
            self.absorbed -= entry.absorbed.len();
            for older in entry.absorbed {
                completed.push(CompletedRecord { record: older, status: status.clone(), attempts: 0 });
            }
            completed.push(CompletedRecord { record: entry.record, status, attempts: entry.attempts });
        }
        self.ready.clear();
        self.delayed.clear();
    }
}
