//! What calls are made to do, and what they did.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::customer::Customer;
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::outcome::Outcome;
use crate::sink::Identity;

/// What one call does in place of, or beside, going through.
#[derive(Debug)]
#[non_exhaustive]
pub enum Turn {
    /// It goes through.
    Go,
    /// It takes this long on the clock, and goes through.
    Delay(Duration),
    /// It fails with this error. Where the error's effect is [`Applied`](Effect::Applied), it is carried out first; else
    /// nothing is written.
    Fail(Error),
    /// It is carried out, and fails as [`Interrupted`](ErrorKind::Interrupted) with the effect
    /// [`Unknown`](Effect::Unknown): its answer got lost.
    LoseAnswer,
    /// It is not carried out, and fails with the same error as [`LoseAnswer`](Self::LoseAnswer): a caller cannot tell.
    LoseRequest,
    /// It panics with this message, with nothing written.
    Panic(&'static str),
}

/// What was asked for.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// An upsert of this record.
    Upsert(Box<Customer>),
    /// A read of this person.
    Find(Identity),
    /// An erasure of this person.
    Erase(Identity),
    /// A check of the credentials.
    Check,
}

/// Shows the kind of call: the rest is the person's data.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upsert(_) => "Upsert",
            Self::Find(_) => "Find",
            Self::Erase(_) => "Erase",
            Self::Check => "Check",
        })
    }
}

/// A call and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// What was asked for.
    pub request: Request,
    /// What became of the record, for an upsert that went through.
    pub outcome: Option<Outcome>,
    /// Kind and effect of the error, for a call that failed. A call that was dropped or panicked has neither.
    pub failed: Option<(ErrorKind, Effect)>,
}

/// The turns to come and the calls so far.
#[derive(Default)]
pub(super) struct Script {
    pub(super) turns: VecDeque<Turn>,
    pub(super) latency: Duration,
    pub(super) calls: Vec<Recorded>,
}

impl Script {
    /// Takes a call down; its number, how long it takes, and its turn.
    pub(super) fn enter(&mut self, request: Request) -> (usize, Duration, Turn) {
        self.calls.push(Recorded { request, outcome: None, failed: None });
        let turn = self.turns.pop_front().unwrap_or(Turn::Go);
        let more = if let Turn::Delay(more) = turn { more } else { Duration::ZERO };
        (self.calls.len() - 1, self.latency + more, turn)
    }

    /// Takes down what came of a call. After a reset there is nothing to take it down at.
    pub(super) fn end(&mut self, number: usize, outcome: Option<Outcome>, failed: Option<&Error>) {
        if let Some(call) = self.calls.get_mut(number) {
            call.outcome = outcome;
            call.failed = failed.map(|error| (error.kind(), error.effect()));
        }
    }
}
