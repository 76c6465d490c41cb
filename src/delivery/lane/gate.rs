//! Whether a lane sends at all: it pauses while the vendor refuses everything, is out of order, or asks for a wait.

use std::time::{Duration, Instant};

use crate::delivery::policy::{Patience, Policy};
use crate::error::{Error, ErrorKind};

/// What an error says of the vendor as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nothing: the vendor answered, and the failure is the record's own.
    None,
    /// The credentials or the set-up are refused; other records would be too.
    Refused,
    /// The vendor is out of order, or slow.
    Outage,
    /// The vendor asks for this wait.
    Asked(Duration),
}

impl Trouble {
    pub(super) fn of(error: &Error) -> Self {
        use ErrorKind as K;
        match error.kind() {
            K::Unauthenticated | K::Forbidden | K::Config | K::Redirected => Self::Refused,
            K::RateLimited | K::QuotaExhausted | K::Unavailable | K::Timeout | K::Connect | K::Interrupted => {
                error.retry_after().map_or(Self::Outage, Self::Asked)
            }
            K::Deadline => Self::Outage,
            _ => Self::None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Gate {
    state: State,
    /// Failures in a row that show an outage, while open.
    streak: u32,
    trip_after: u32,
    outage: Patience,
    refusal: Patience,
    longest_wait: Duration,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Open,
    Closed {
        until: Instant,
        pause: Pause,
    },
    /// One record tries whether the vendor is back.
    Probing {
        pause: Pause,
    },
}

/// A closed time: since when, how long its last pause was, and how long it may last in all.
#[derive(Clone, Copy, Debug)]
struct Pause {
    since: Instant,
    last: Duration,
    bound: Duration,
}

/// Whether a record may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    Yes,
    /// One alone, once nothing else is under way.
    Probe,
    At(Instant),
    /// The probe is under way.
    Wait,
}

/// What trouble leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Open,
    /// Closed by this trouble, until then.
    Closed(Instant),
    /// Closed before already.
    StillClosed,
    GiveUp,
}

impl Gate {
    pub(super) fn new(policy: &Policy) -> Self {
        Self {
            state: State::Open,
            streak: 0,
            trip_after: policy.trip_after,
            outage: policy.outage,
            refusal: policy.refusal,
            longest_wait: policy.longest_wait,
        }
    }

    pub(super) fn pass(&self, now: Instant) -> Pass {
        match self.state {
            State::Open => Pass::Yes,
            State::Closed { until, .. } if until > now => Pass::At(until),
            State::Closed { .. } => Pass::Probe,
            State::Probing { .. } => Pass::Wait,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// A probe is on its way.
    pub(super) fn probe(&mut self) {
        if let State::Closed { pause, .. } = self.state {
            self.state = State::Probing { pause };
        }
    }

    /// The vendor answered as it should. Whether the gate opens by it.
    pub(super) fn good(&mut self) -> bool {
        self.streak = 0;
        let opens = matches!(self.state, State::Probing { .. });
        if opens {
            self.state = State::Open;
        }
        opens
    }

    /// What was started told nothing of the vendor; after a probe, the next one may go at once.
    pub(super) fn nothing_learned(&mut self, now: Instant) {
        if let State::Probing { pause } = self.state {
            self.state = State::Closed { until: now, pause };
        }
    }

    /// Lets the next probe go at once, because somebody says that the vendor is back.
    pub(super) fn resume(&mut self, now: Instant) {
        if let State::Closed { until, pause } = self.state {
            self.state = State::Closed { until: until.min(now), pause };
        }
    }

    pub(super) fn trouble(&mut self, trouble: Trouble, now: Instant) -> After {
        let pause = match self.state {
            State::Open => None,
            State::Probing { pause } => Some(pause),
            State::Closed { until, pause } => {
                // What was under way when the gate closed; only a longer wait that the vendor asks for is news.
                return match trouble {
                    Trouble::Asked(wait) if wait > self.longest_wait => After::GiveUp,
                    Trouble::Asked(wait) if now + wait > until => {
                        self.state = State::Closed { until: now + wait, pause };
                        After::Closed(now + wait)
                    }
                    _ => After::StillClosed,
                };
            }
        };
        let since = pause.map_or(now, |pause| pause.since);
        let (length, bound) = match trouble {
            Trouble::None => return After::Open,
            // One that asks again and again for a moment is asked ever more seldom.
            Trouble::Asked(wait) => {
                let longer = pause.map_or(Duration::ZERO, |pause| (pause.last * 2).min(self.outage.longest));
                (wait.max(longer), self.longest_wait)
            }
            Trouble::Outage if pause.is_none() && self.streak + 1 < self.trip_after => {
                self.streak += 1;
                return After::Open;
            }
            Trouble::Outage | Trouble::Refused => {
                let patience = if trouble == Trouble::Refused { &self.refusal } else { &self.outage };
                let length = pause.map_or(patience.first, |pause| pause.last.max(patience.first / 2) * 2);
                (length.min(patience.longest), patience.give_up_after)
            }
        };
        // Where the vendor asked for waits in between, the longer patience counts.
        let bound = pause.map_or(bound, |pause| pause.bound.max(bound));
        let until = now + length;
        if until.saturating_duration_since(since) > bound {
            return After::GiveUp;
        }
        self.streak = 0;
        self.state = State::Closed { until, pause: Pause { since, last: length, bound } };
        After::Closed(until)
    }
}
