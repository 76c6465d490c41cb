//! Decides what follows a failed task: a retry, a look-up first, or the record's end.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::LaneCore;
use super::breaker::{After, Trouble};
use super::entry::{NextTask, State};
use super::order::Ticket;
use super::types::{Closed, CompletedRecord, LaneEvent};
use crate::delivery::policy::AfterFailure;
use crate::delivery::record_outcome::RecordStatus;
use crate::error::{Effect, Error};

impl LaneCore {
    pub(super) fn failed(
        &mut self,
        ticket: Ticket,
        error: Error,
        was_probe: bool,
        now: Instant,
        completed: &mut Vec<CompletedRecord>,
    ) {
        let Some(entry) = self.entries.get_mut(&ticket) else { return };
        let trouble = Trouble::of(&error);
        let (effect, requests) = (error.effect(), error.attempts());
        entry.attempts += requests;
        let look_up_failed = entry.next == NextTask::LookUp;
        // What an upsert may have done has to be read before it is sent again; a failed look-up leaves it unknown.
        let may_be_applied = matches!(effect, Effect::Unknown | Effect::Applied);
        let in_doubt = look_up_failed || (may_be_applied && !error.is_retryable());
        let settles_by_itself = effect == Effect::Applied && trouble == Trouble::None;
        let error = Arc::new(entry.cover_earlier_tries(error));
        let mut again = if in_doubt { self.can_find && !settles_by_itself } else { error.is_retryable() };
        if look_up_failed {
            // The vendor cannot answer the look-up: the effect of the upsert stays unknown.
            again &= trouble != Trouble::None || error.is_retryable();
        } else {
            entry.last_error = Some(Arc::clone(&error));
            if in_doubt && again {
                entry.next = NextTask::LookUp;
            }
            entry.may_be_applied |= may_be_applied;
        }
        // The vendor took others since it failed last: the cause is this record.
        let alone = entry.troubles > 0 && self.taken > entry.taken_then;
        if trouble != Trouble::None {
            entry.troubles += 1;
            entry.taken_then = self.taken;
        }
        let mut of_all = trouble != Trouble::None;
        match trouble {
            Trouble::None if effect == Effect::NotSent && requests == 0 => {
                self.inconclusive(was_probe, now);
            }
            Trouble::None => self.vendor_is_available(),
            Trouble::Refused => {
                let first = !std::mem::replace(&mut entry.was_refused, true);
                again = !alone && (!in_doubt || again);
                self.refuses_single_ones |= alone;
                // Where the vendor was seen to do that, a record's first refusal pauses no other.
                of_all = !(alone || (first && self.refuses_single_ones && self.breaker.is_closed()));
            }
            Trouble::Outage => of_all = !alone,
            Trouble::Asked(_) => {
                entry.asked_alone += u32::from(alone);
                again &= entry.asked_alone <= 4 * self.policy.tries;
            }
        }
        if trouble != Trouble::None && !of_all {
            self.inconclusive(was_probe, now);
        }
        let was_closed = self.breaker.is_closed();
        if of_all {
            match self.breaker.on_trouble(trouble, now) {
                After::Closed | After::StillOpen => {}
                After::Opened(until) => self.events.push(LaneEvent::Paused { kind: error.kind(), until }),
                After::GiveUp => {
                    self.events.push(LaneEvent::Ended(Arc::clone(&error)));
                    self.closed = Some(Closed::Ended(Arc::clone(&error)));
                }
            }
        }
        let Some(entry) = self.entries.get_mut(&ticket) else { return };
        // While the vendor as a whole is unavailable, a failure shows nothing of the record.
        let counts = was_closed && self.breaker.is_closed();
        if counts {
            entry.tries += 1;
            again &= entry.tries < self.policy.tries && self.budget.spend();
        }
        if !again || self.closed.is_some() {
            let status = RecordStatus::Failed(entry.last_error.clone().unwrap_or(error));
            if !self.fall_back(ticket, &status, completed) {
                self.end(ticket, status, completed);
            }
        } else if counts {
            let exponent = entry.tries.saturating_sub(1).min(16);
            let full = self.policy.retry_pause.saturating_mul(1 << exponent).min(Duration::from_secs(60));
            // Half of it is random, so that the retries of one moment do not come back together.
            let after = full.mul_f64(0.5 + self.rng.f64() / 2.0).max(error.retry_after().unwrap_or_default());
            entry.state = State::Delayed;
            self.events.push(LaneEvent::Retrying { position: entry.record.position(), kind: error.kind(), after });
            self.delayed.push(Reverse((now + after, ticket)));
        } else {
            // Behind the others: the next probe is another record.
            entry.state = State::Ready;
            self.ready.push_back(ticket);
        }
    }

    /// Sends the older record after all where the newer one that replaced it could not be sent at all.
    fn fall_back(&mut self, ticket: Ticket, status: &RecordStatus, completed: &mut Vec<CompletedRecord>) -> bool {
        let RecordStatus::Failed(error) = status else { return false };
        let Some(entry) = self.entries.get_mut(&ticket) else { return false };
        if self.closed.is_some() || error.effect() != Effect::NotSent || entry.attempts > 0 || error.is_retryable() {
            return false;
        }
        let Some(older) = entry.absorbed.pop() else { return false };
        self.absorbed -= 1;
        let newer = std::mem::replace(&mut entry.record, older);
        if self.policy.after_failure != AfterFailure::Continue {
            self.failed.extend(newer.keys.iter().map(|key| (*key, newer.position())));
        }
        entry.tries = 0;
        entry.troubles = 0;
        entry.last_error = None;
        entry.next = NextTask::Upsert;
        entry.state = State::Ready;
        self.ready.push_front(ticket);
        completed.push(CompletedRecord { record: newer, status: status.clone(), attempts: 0 });
        true
    }
}
