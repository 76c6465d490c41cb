//! What becomes of a record whose task failed: again, read first, or its end.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::entry::State;
use super::gate::{After, Trouble};
use super::order::Ticket;
use super::{Closed, LaneCore, Settled, Task, Turn};
use crate::delivery::ending::Ending;
use crate::delivery::policy::AfterFailure;
use crate::error::{Effect, Error};

impl LaneCore {
    pub(super) fn failed(
        &mut self,
        ticket: Ticket,
        error: Error,
        was_probe: bool,
        now: Instant,
        settled: &mut Vec<Settled>,
    ) {
        let Some(entry) = self.entries.get_mut(&ticket) else { return };
        let error = Arc::new(error);
        let trouble = Trouble::of(&error);
        entry.attempts += error.attempts();
        let looked_up_in_vain = entry.task == Task::LookUp;
        // What an upsert may have done has to be read before it is sent again; a failed look-up leaves it open.
        let in_doubt =
            looked_up_in_vain || (matches!(error.effect(), Effect::Unknown | Effect::Applied) && !error.is_retryable());
        let settles_by_itself = error.effect() == Effect::Applied && trouble == Trouble::None;
        let mut again = if in_doubt { self.can_find && !settles_by_itself } else { error.is_retryable() };
        if looked_up_in_vain {
            // The vendor says that it cannot tell: what the upsert left open stays open.
            again &= trouble != Trouble::None || error.is_retryable();
        } else {
            entry.last_error = Some(Arc::clone(&error));
            if in_doubt && again {
                entry.task = Task::LookUp;
            }
        }
        // Others were taken since it failed last: it is this record that the vendor has trouble with.
        let alone = entry.troubles > 0 && self.taken > entry.taken_then;
        if trouble != Trouble::None {
            entry.troubles += 1;
            entry.taken_then = self.taken;
        }
        let mut of_all = trouble != Trouble::None;
        match trouble {
            Trouble::None if error.effect() == Effect::NotSent && error.attempts() == 0 => {
                self.nothing_learned(was_probe, now);
            }
            Trouble::None => self.vendor_is_there(),
            Trouble::Refused => {
                let first = !std::mem::replace(&mut entry.was_refused, true);
                again = !alone && (!in_doubt || again);
                self.refuses_single_ones |= alone;
                // Where the vendor is known to do that, a record's first refusal costs the others no pause.
                of_all = !(alone || (first && self.refuses_single_ones && self.gate.is_open()));
            }
            Trouble::Outage => of_all = !alone,
            Trouble::Asked(_) => {
                entry.asked_alone += u32::from(alone);
                again &= entry.asked_alone <= 4 * self.policy.tries;
            }
        }
        if trouble != Trouble::None && !of_all {
            self.nothing_learned(was_probe, now);
        }
        let was_open = self.gate.is_open();
        if of_all {
            match self.gate.trouble(trouble, now) {
                After::Open | After::StillClosed => {}
                After::Closed(until) => self.turns.push(Turn::Paused { kind: error.kind(), until }),
                After::GiveUp => {
                    self.turns.push(Turn::Ended(Arc::clone(&error)));
                    self.closed = Some(Closed::Ended(Arc::clone(&error)));
                }
            }
        }
        let Some(entry) = self.entries.get_mut(&ticket) else { return };
        // While the vendor as a whole is in trouble, a failure says nothing of the record.
        let counts = was_open && self.gate.is_open();
        if counts {
            entry.tries += 1;
            again &= entry.tries < self.policy.tries && self.budget.spend();
        }
        if !again || self.closed.is_some() {
            let ending = Ending::Failed(entry.last_error.clone().unwrap_or(error));
            if !self.fall_back(ticket, &ending, settled) {
                self.end(ticket, ending, settled);
            }
        } else if counts {
            let exponent = entry.tries.saturating_sub(1).min(16);
            let full = self.policy.retry_pause.saturating_mul(1 << exponent).min(Duration::from_secs(60));
            // Half of it is chance, so that the retries of one moment do not come back together.
            let after = full.mul_f64(0.5 + self.chance.f64() / 2.0).max(error.retry_after().unwrap_or_default());
            entry.state = State::Delayed;
            self.turns.push(Turn::Retrying { position: entry.record.position(), kind: error.kind(), after });
            self.delayed.push(Reverse((now + after, ticket)));
        } else {
            // Behind the others: the next probe is another record.
            entry.state = State::Ready;
            self.ready.push_back(ticket);
        }
    }

    /// Sends the older record after all where the newer one in its place could not be sent at all.
    fn fall_back(&mut self, ticket: Ticket, ending: &Ending, settled: &mut Vec<Settled>) -> bool {
        let Ending::Failed(error) = ending else { return false };
        let Some(entry) = self.entries.get_mut(&ticket) else { return false };
        if self.closed.is_some() || error.effect() != Effect::NotSent || entry.attempts > 0 || error.is_retryable() {
            return false;
        }
        let Some(older) = entry.absorbed.pop() else { return false };
        self.absorbed -= 1;
        let newer = std::mem::replace(&mut entry.record, older);
        if self.policy.after_failure != AfterFailure::GoOn {
            self.failed.extend(newer.keys.iter().map(|key| (*key, newer.position())));
        }
        entry.tries = 0;
        entry.troubles = 0;
        entry.last_error = None;
        entry.task = Task::Upsert;
        entry.state = State::Ready;
        self.ready.push_front(ticket);
        settled.push(Settled { record: newer, ending: ending.clone(), attempts: 0 });
        true
    }
}
