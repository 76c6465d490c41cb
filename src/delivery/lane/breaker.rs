//! The circuit breaker of a lane: open (no sends) while the vendor refuses everything, is unavailable, or asks for a wait.

use std::time::{Duration, Instant};

use crate::delivery::policy::{PausePolicy, Policy};
use crate::error::{Error, ErrorKind};

/// What an error shows of the vendor as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nothing: the vendor answered, and the failure is the record's own.
    None,
    /// The credentials or the set-up are refused; other records would be too.
    Refused,
    /// The vendor is unavailable, or slow.
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
pub(super) struct CircuitBreaker {
    state: State,
    /// Failures in a row that show an outage, while closed.
    streak: u32,
    open_after: u32,
    outage: PausePolicy,
    refusal: PausePolicy,
    longest_wait: Duration,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Records are sent.
    Closed,
    /// Nothing is sent before this time.
    Open { until: Instant, pause: Pause },
    /// One record probes whether the vendor is available again.
    HalfOpen { pause: Pause },
}

/// An open period: its start, the length of its last pause, and the most that it may last in all.
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

/// What a failure does to the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Closed,
    /// This failure opened it, until then.
    Opened(Instant),
    /// It was open before.
    StillOpen,
    GiveUp,
}

impl CircuitBreaker {
    pub(super) fn new(policy: &Policy) -> Self {
        Self {
            state: State::Closed,
            streak: 0,
            open_after: policy.open_after,
            outage: policy.outage,
            refusal: policy.refusal,
            longest_wait: policy.longest_wait,
        }
    }

    pub(super) fn pass(&self, now: Instant) -> Pass {
        match self.state {
            State::Closed => Pass::Yes,
            State::Open { until, .. } if until > now => Pass::At(until),
            State::Open { .. } => Pass::Probe,
            State::HalfOpen { .. } => Pass::Wait,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// A probe has started.
    pub(super) fn probe(&mut self) {
        if let State::Open { pause, .. } = self.state {
            self.state = State::HalfOpen { pause };
        }
    }

    /// The vendor answered normally. Returns whether that closes the breaker.
    pub(super) fn on_success(&mut self) -> bool {
        self.streak = 0;
        let closes = matches!(self.state, State::HalfOpen { .. });
        if closes {
            self.state = State::Closed;
        }
        closes
    }

    /// A task showed nothing about the vendor; after a probe, the next one may start at once.
    pub(super) fn on_inconclusive(&mut self, now: Instant) {
        if let State::HalfOpen { pause } = self.state {
            self.state = State::Open { until: now, pause };
        }
    }

    /// Lets the next probe start at once, because the caller says that the vendor is available.
    pub(super) fn resume(&mut self, now: Instant) {
        if let State::Open { until, pause } = self.state {
            self.state = State::Open { until: until.min(now), pause };
        }
    }

    pub(super) fn on_trouble(&mut self, trouble: Trouble, now: Instant) -> After {
        let pause = match self.state {
            State::Closed => None,
            State::HalfOpen { pause } => Some(pause),
            State::Open { until, pause } => {
                // It was under way when the breaker opened; only a longer wait that the vendor asks for changes anything.
                return match trouble {
                    Trouble::Asked(wait) if wait > self.longest_wait => After::GiveUp,
                    Trouble::Asked(wait) if now + wait > until => {
                        self.state = State::Open { until: now + wait, pause };
                        After::Opened(now + wait)
                    }
                    _ => After::StillOpen,
                };
            }
        };
        let since = pause.map_or(now, |pause| pause.since);
        let (length, bound) = match trouble {
            Trouble::None => return After::Closed,
            // A vendor that asks for short waits again and again gets ever longer ones.
            Trouble::Asked(wait) => {
                let longer = pause.map_or(Duration::ZERO, |pause| (pause.last * 2).min(self.outage.longest));
                (wait.max(longer), self.longest_wait)
            }
            Trouble::Outage if pause.is_none() && self.streak + 1 < self.open_after => {
                self.streak += 1;
                return After::Closed;
            }
            Trouble::Outage | Trouble::Refused => {
                let policy = if trouble == Trouble::Refused { &self.refusal } else { &self.outage };
                let length = pause.map_or(policy.first, |pause| pause.last.max(policy.first / 2) * 2);
                (length.min(policy.longest), policy.give_up_after)
            }
        };
        // Where the vendor asked for waits in between, the longer bound counts.
        let bound = pause.map_or(bound, |pause| pause.bound.max(bound));
        let until = now + length;
        if until.saturating_duration_since(since) > bound {
            return After::GiveUp;
        }
        self.streak = 0;
        self.state = State::Open { until, pause: Pause { since, last: length, bound } };
        After::Opened(until)
    }
}
