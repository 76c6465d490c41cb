//! The fraction of a limit that this client uses, where other programs use the same account.

use std::time::Instant;

use super::Limit;

/// The smallest part: a client that gives way still finds out when the other has gone.
const LEAST: f64 = 0.05;

/// What is left of the part after a refusal.
const DECREASE: f64 = 0.7;

/// How much is given back before it grows faster: the other program has probably ended.
const USUAL: f64 = 0.25;

/// The part of a limit that the vendor's answers say is ours: less with every round that had a refusal, and slowly
/// more with every success.
#[derive(Debug)]
pub(super) struct Share {
    part: f64,
    /// The part after the last decrease, and when that was.
    least: f64,
    decreased: Option<Instant>,
}

impl Share {
    pub(super) const fn whole() -> Self {
        Self { part: 1.0, least: 1.0, decreased: None }
    }

    pub(super) const fn part(&self) -> f64 {
        self.part
    }

    /// The vendor refused a request for its rate. Requests that were sent before the last decrease say nothing about what
    /// it did.
    pub(super) fn refused(&mut self, sent: Instant, now: Instant) {
        if self.decreased.is_none_or(|at| sent > at) {
            self.part = (self.part * DECREASE).max(LEAST);
            self.least = self.part;
            self.decreased = Some(now);
        }
    }

    /// The vendor took a request.
    pub(super) fn taken(&mut self, limit: Limit) {
        if self.part < 1.0 {
            let faster = 1.0 + ((self.part - self.least) / USUAL).powi(2);
            self.part = (self.part + increase(limit) * faster).min(1.0);
        }
    }

    /// The limit is another one: what was learned is a rate, not a part.
    pub(super) fn rescale(&mut self, old: Limit, new: Limit) {
        self.part = match (old.rate(), new.rate()) {
            (Some(old), Some(new)) if self.part < 1.0 => (self.part * old / new).clamp(LEAST, 1.0),
            _ => 1.0,
        };
        self.least = self.part;
    }
}

/// What a success adds: so little that a refusal is rare among the successes between two of them, and that a window has
/// shown its effect before much was added.
fn increase(limit: Limit) -> f64 {
    let window = if let Limit::Window { max, .. } = limit { f64::from(max.max(1)) } else { 1.0 };
    limit.rate().map_or(1.0, |rate| (1.0 / 2000.0_f64).min(1.0 / (500.0 * rate)).min(1.0 / (20.0 * window)))
}
