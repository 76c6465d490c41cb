//! What can go wrong between a client and a vendor, to be played on request.
//!
//! A [`Fault`] is played by [`Sandbox::play`](super::Sandbox::play) at the requests of one [`Route`], by a [`Script`]:
//! once, a few times, always, or in a sequence of one's own. [`Chaos`] mixes faults by a seed instead.

use std::collections::VecDeque;
use std::time::Duration;

/// The form in which a vendor says how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryAfter {
    /// It does not say.
    Absent,
    /// Whole seconds: `30`.
    Seconds(u32),
    /// Seconds with a fraction, in milliseconds: `1.500`.
    Fraction(u32),
    /// This many seconds ahead, as `Sun, 01 Mar 2026 12:00:30 GMT`.
    Date(u32),
    /// The same in the older form `Sunday, 01-Mar-26 12:00:30 GMT`.
    Rfc850Date(u32),
    /// The same in the form of C's `asctime`: `Sun Mar  1 12:00:30 2026`.
    AsctimeDate(u32),
}

/// What stands in the body of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorBody {
    /// The vendor's own form of an error.
    Vendor,
    /// A page of HTML, as gateways write it.
    Html,
    /// Nothing.
    Empty,
}

/// Something that goes wrong with one request.
///
/// [`carries_out`](Self::carries_out) tells whether the vendor does what the request asks for before it goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// 429 in the vendor's form. Nothing is done.
    Limited(RetryAfter),
    /// A server's error.
    Broken {
        /// The status, such as 500, 502, 503 or 504.
        status: u16,
        /// What stands in its body.
        body: ErrorBody,
        /// Whether the vendor has done what was asked for all the same.
        done: bool,
    },
    /// The connection is reset after the head of the request was seen, before its body is read. Nothing is done.
    ResetBefore,
    /// The vendor does it, and the connection is reset in place of an answer.
    ResetAfter,
    /// No answer ever comes; the connection stays open until the client closes it.
    Stalled {
        /// Whether the vendor has done what was asked for all the same.
        done: bool,
    },
    /// The vendor does it, and its answer breaks off in the middle of the body.
    Cut,
    /// The vendor does it, and its answer comes byte by byte.
    Drip {
        /// How long the wait before each byte lasts, in real time. With zero, each byte merely comes by itself.
        pause: Duration,
    },
    /// The vendor does it, and its answer stands behind this many bytes of blanks.
    Oversized {
        /// How many bytes more.
        bytes: u64,
    },
    /// The vendor does it, and says that its answer is HTML.
    WrongType,
    /// The vendor does it, and its answer is the first half of what it should be, with the length of that half.
    InvalidJson,
    /// The vendor does it, and its answer holds bytes that are no UTF-8.
    InvalidUtf8,
    /// 200 with an error of the vendor's form inside. Nothing is done.
    ErrorInside,
    /// A redirect. Nothing is done.
    Redirect {
        /// The status: 301, 302, 303, 307 or 308.
        status: u16,
        /// The place that it names.
        location: String,
    },
    /// The vendor does it and answers, and refuses connections from then on, until
    /// [`Sandbox::accept`](super::Sandbox::accept).
    Outage,
}

impl Fault {
    /// Whether the vendor carries out the request that this is played at.
    #[must_use]
    pub const fn carries_out(&self) -> bool {
        match self {
            Self::Limited(_) | Self::ResetBefore | Self::ErrorInside | Self::Redirect { .. } => false,
            Self::Broken { done, .. } | Self::Stalled { done } => *done,
            Self::ResetAfter
            | Self::Cut
            | Self::Drip { .. }
            | Self::Oversized { .. }
            | Self::WrongType
            | Self::InvalidJson
            | Self::InvalidUtf8
            | Self::Outage => true,
        }
    }

    /// One or more of each kind, for a test that goes through them all: every form of `Retry-After`, every body of an
    /// error, and the server's errors before and after the deed. Redirects go to `elsewhere`, and to another path of
    /// the same host.
    ///
    /// Two of them never end by themselves: [`Stalled`](Self::Stalled) needs a client with a time-out, and
    /// [`Outage`](Self::Outage) somebody who ends it.
    #[must_use]
    pub fn all(elsewhere: &str) -> Vec<Self> {
        let mut all: Vec<Self> = [
            RetryAfter::Absent,
            RetryAfter::Seconds(2),
            RetryAfter::Fraction(1500),
            RetryAfter::Date(3),
            RetryAfter::Rfc850Date(3),
            RetryAfter::AsctimeDate(3),
        ]
        .map(Self::Limited)
        .into();
        for (status, body) in
            [(500, ErrorBody::Vendor), (502, ErrorBody::Html), (503, ErrorBody::Empty), (504, ErrorBody::Html)]
        {
            all.extend([false, true].map(|done| Self::Broken { status, body, done }));
        }
        all.extend([Self::ResetBefore, Self::ResetAfter, Self::Cut, Self::WrongType]);
        all.extend([false, true].map(|done| Self::Stalled { done }));
        all.extend([Self::Drip { pause: Duration::ZERO }, Self::Oversized { bytes: 6 << 20 }]);
        all.extend([Self::InvalidJson, Self::InvalidUtf8, Self::ErrorInside, Self::Outage]);
        for status in [301, 302, 307, 308] {
            all.push(Self::Redirect { status, location: elsewhere.to_owned() });
            all.push(Self::Redirect { status, location: "/elsewhere".to_owned() });
        }
        all
    }
}

/// Which requests a script is about, by their [`kind`](super::Received::kind): the method and the path below what every
/// path of the vendor begins with, as in `POST customers` or `PUT customers/{id}`.
///
/// A `*` at the end stands for anything: `PUT customers/*`, `GET *`, `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route(String);

impl Route {
    /// Every request.
    #[must_use]
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    /// Whether a request of this kind is meant.
    #[must_use]
    pub fn takes(&self, kind: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => kind.starts_with(start),
            None => self.0 == kind,
        }
    }
}

impl From<&str> for Route {
    fn from(pattern: &str) -> Self {
        Self(pattern.trim().to_owned())
    }
}

/// When a fault is played: at which of the requests of a route, counted from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    turns: VecDeque<Option<Fault>>,
    rest: Option<Fault>,
}

impl Script {
    /// At the next request.
    #[must_use]
    pub fn once(fault: Fault) -> Self {
        Self::times(1, fault)
    }

    /// At the next `count` requests.
    #[must_use]
    pub fn times(count: usize, fault: Fault) -> Self {
        Self::sequence(std::iter::repeat_n(Some(fault), count))
    }

    /// At every request, until [`Sandbox::stop_faults`](super::Sandbox::stop_faults).
    #[must_use]
    pub fn always(fault: Fault) -> Self {
        Self { turns: VecDeque::new(), rest: Some(fault) }
    }

    /// One turn for each of the next requests; `None` lets one through.
    #[must_use]
    pub fn sequence(turns: impl IntoIterator<Item = Option<Fault>>) -> Self {
        Self { turns: turns.into_iter().collect(), rest: None }
    }

    /// Lets `count` requests through first.
    #[must_use]
    pub fn after(mut self, count: usize) -> Self {
        for _ in 0..count {
            self.turns.push_front(None);
        }
        self
    }

    fn next(&mut self) -> Option<Fault> {
        self.turns.pop_front().unwrap_or_else(|| self.rest.clone())
    }

    fn is_over(&self) -> bool {
        self.turns.is_empty() && self.rest.is_none()
    }
}

impl From<Fault> for Script {
    fn from(fault: Fault) -> Self {
        Self::once(fault)
    }
}

/// Faults by chance, the same for the same seed where the requests come in the same order.
#[derive(Clone, Debug)]
pub struct Chaos {
    seed: u64,
    rate: f64,
    faults: Vec<Fault>,
}

impl Chaos {
    /// One request in five is struck, by any fault that ends by itself and leads nowhere else: neither
    /// [`Stalled`](Fault::Stalled) nor [`Outage`](Fault::Outage) nor a redirect.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let mut faults = Fault::all("");
        faults.retain(|fault| !matches!(fault, Fault::Stalled { .. } | Fault::Outage | Fault::Redirect { .. }));
        Self { seed, rate: 0.2, faults }
    }

    /// The part of the requests that is struck, from 0 to 1.
    #[must_use]
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = if rate.is_finite() { rate.clamp(0.0, 1.0) } else { 0.0 };
        self
    }

    /// The faults to choose from, in place of those of [`seeded`](Self::seeded).
    #[must_use]
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults = faults.into_iter().collect();
        self
    }
}

/// What is to be played at one vendor.
#[derive(Debug, Default)]
pub(super) struct Plays {
    scripts: Vec<(Route, Script)>,
    chaos: Option<(Chaos, fastrand::Rng)>,
}

impl Plays {
    pub(super) fn add(&mut self, route: Route, script: Script) {
        self.scripts.push((route, script));
    }

    /// Lets chaos loose, with a chance of its own for each vendor.
    pub(super) fn unleash(&mut self, chaos: Chaos, provider: &str) {
        let own = provider.bytes().fold(chaos.seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        self.chaos = Some((chaos, fastrand::Rng::with_seed(own)));
    }

    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    /// What strikes a request of this kind. Every script that is about it counts it; the oldest one with a fault for it
    /// has its way.
    pub(super) fn next(&mut self, kind: &str) -> Option<Fault> {
        let mut found = None;
        for (_, script) in self.scripts.iter_mut().filter(|(route, _)| route.takes(kind)) {
            let fault = script.next();
            found = found.or(fault);
        }
        self.scripts.retain(|(_, script)| !script.is_over());
        found.or_else(|| {
            let (chaos, chance) = self.chaos.as_mut()?;
            // Both numbers are drawn at every request, so that one fault more or less does not shift the others.
            let (strikes, which) = (chance.f64() < chaos.rate, chance.usize(..));
            let which = which.checked_rem(chaos.faults.len())?;
            chaos.faults.get(which).filter(|_| strikes).cloned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(plays: &mut Plays, kind: &str, count: usize) -> Vec<Option<Fault>> {
        (0..count).map(|_| plays.next(kind)).collect()
    }

    #[test]
    fn scripts_are_played_by_route_and_turn() {
        let mut plays = Plays::default();
        plays.add("POST customers".into(), Script::once(Fault::Cut).after(1));
        plays.add("PUT *".into(), Script::times(2, Fault::ResetAfter));
        assert_eq!(played(&mut plays, "GET customers", 1), [None]);
        assert_eq!(played(&mut plays, "POST customers", 3), [None, Some(Fault::Cut), None]);
        assert_eq!(
            played(&mut plays, "PUT customers/{id}", 3),
            [Some(Fault::ResetAfter), Some(Fault::ResetAfter), None]
        );
        assert!(plays.scripts.is_empty(), "what is over is not kept");
        plays.add(Route::any(), Script::always(Fault::WrongType));
        assert_eq!(played(&mut plays, "GET customers", 2), vec![Some(Fault::WrongType); 2]);
        plays.stop();
        assert_eq!(plays.next("GET customers"), None);
    }

    #[test]
    fn chaos_is_the_same_for_the_same_seed() {
        let run = |seed: u64, provider: &str, rate: f64| {
            let mut plays = Plays::default();
            plays.unleash(Chaos::seeded(seed).rate(rate), provider);
            played(&mut plays, "POST customers", 1000)
        };
        assert_eq!(run(7, "whale", 0.2), run(7, "whale", 0.2));
        assert_ne!(run(7, "whale", 0.2), run(8, "whale", 0.2));
        assert_ne!(run(7, "whale", 0.2), run(7, "yotpo", 0.2));
        let struck = run(7, "whale", 0.2).into_iter().flatten().count();
        assert!((120..280).contains(&struck), "{struck} of 1000");
        assert_eq!(run(7, "whale", 0.0).into_iter().flatten().count(), 0);
        assert_eq!(run(7, "whale", f64::NAN).into_iter().flatten().count(), 0);
    }
}
