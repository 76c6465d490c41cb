//! Scripts the behaviour of calls, and records the calls.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::customer::Customer;
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::outcome::Outcome;
use crate::sink::Identity;

/// The behaviour of one call.
#[derive(Debug)]
#[non_exhaustive]
pub enum ScriptedCall {
    /// It is carried out.
    PassThrough,
    /// It takes this long on the clock, and is carried out.
    Delay(Duration),
    /// It fails with this error. Where the error's effect is [`Applied`](Effect::Applied), it is carried out first; else
    /// nothing is written.
    Fail(Error),
    /// It is carried out, and fails as [`Interrupted`](ErrorKind::Interrupted) with the effect
    /// [`Unknown`](Effect::Unknown): its answer is lost.
    LoseAnswer,
    /// It is not carried out, and fails with the same error as [`LoseAnswer`](Self::LoseAnswer): a caller cannot tell.
    LoseRequest,
    /// It panics with this message, with nothing written.
    Panic(&'static str),
}

/// The request of a call.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkCall {
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
impl fmt::Debug for SinkCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upsert(_) => "Upsert",
            Self::Find(_) => "Find",
            Self::Erase(_) => "Erase",
            Self::Check => "Check",
        })
    }
}

/// A call and its result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedCall {
    /// The request.
    pub request: SinkCall,
    /// Whether the call was an upsert with [`look_up_first`](crate::UpsertOptions#structfield.look_up_first).
    pub look_up_first: bool,
    /// The outcome of an upsert that was carried out.
    pub outcome: Option<Outcome>,
    /// Kind and effect of the error, for a call that failed. A call that was dropped or panicked has neither.
    pub failed: Option<(ErrorKind, Effect)>,
}

/// The scripted calls to come and the recorded ones.
#[derive(Default)]
pub(super) struct Script {
    pub(super) scripted: VecDeque<ScriptedCall>,
    pub(super) latency: Duration,
    pub(super) calls: Vec<RecordedCall>,
}

impl Script {
    /// Records a call; returns its number, its duration and its behaviour.
    pub(super) fn enter(&mut self, request: SinkCall, look_up_first: bool) -> (usize, Duration, ScriptedCall) {
        self.calls.push(RecordedCall { request, look_up_first, outcome: None, failed: None });
        let call = self.scripted.pop_front().unwrap_or(ScriptedCall::PassThrough);
        let more = if let ScriptedCall::Delay(more) = call { more } else { Duration::ZERO };
        (self.calls.len() - 1, self.latency + more, call)
    }

    /// Records the result of a call. After a reset there is no such call.
    pub(super) fn end(&mut self, number: usize, outcome: Option<Outcome>, failed: Option<&Error>) {
        if let Some(call) = self.calls.get_mut(number) {
            call.outcome = outcome;
            call.failed = failed.map(|error| (error.kind(), error.effect()));
        }
    }
}
