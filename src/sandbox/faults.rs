//! Fault injection: what can fail between a client and a vendor, as data.
//!
//! [`Sandbox::play`](super::Sandbox::play) injects a [`Fault`] into the requests of one [`Route`], as a [`Script`] says:
//! once, several times, always, or in a sequence. [`Chaos`] injects faults at random, from a seed.

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

/// The body of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorBody {
    /// The vendor's own form of an error.
    Vendor,
    /// A page of HTML, as gateways send it.
    Html,
    /// No body.
    Empty,
}

/// A failure of one request.
///
/// [`carries_out`](Self::carries_out) says whether the vendor carries out the request before it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// 429 in the vendor's form. The request is not carried out.
    Limited(RetryAfter),
    /// An error of the server.
    Broken {
        /// The status, such as 500, 502, 503 or 504.
        status: u16,
        /// Its body.
        body: ErrorBody,
        /// Whether the vendor has carried out the request nevertheless.
        done: bool,
    },
    /// The connection is reset after the head of the request was seen, before its body is read. The request is not carried
    /// out.
    ResetBefore,
    /// The vendor carries out the request, and the connection is reset instead of an answer.
    ResetAfter,
    /// No answer is sent; the connection stays open until the client closes it.
    Stalled {
        /// Whether the vendor has carried out the request nevertheless.
        done: bool,
    },
    /// The vendor carries out the request, and its answer breaks off in the middle of the body.
    Cut,
    /// The vendor carries out the request, and its answer is sent byte by byte.
    Drip {
        /// The pause before each byte, in real time. With zero, each byte is only a write by itself.
        pause: Duration,
    },
    /// The vendor carries out the request, and its answer follows this many bytes of blanks.
    Oversized {
        /// How many bytes of blanks.
        bytes: u64,
    },
    /// The vendor carries out the request, and labels its answer as HTML.
    WrongType,
    /// The vendor carries out the request, and its answer is the first half of the body, with the length of that half.
    InvalidJson,
    /// The vendor carries out the request, and its answer holds bytes that are not UTF-8.
    InvalidUtf8,
    /// 200 with an error in the vendor's form. The request is not carried out.
    ErrorInside,
    /// A redirect. The request is not carried out.
    Redirect {
        /// The status: 301, 302, 303, 307 or 308.
        status: u16,
        /// Its `Location`.
        location: String,
    },
    /// The vendor carries out the request and answers, and refuses connections from then on, until
    /// [`Sandbox::resume`](super::Sandbox::resume).
    Outage,
}

impl Fault {
    /// Whether the vendor carries out the request that this is injected into.
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

    /// One or more of each kind, for a test that covers them all: every form of `Retry-After`, every body of an error,
    /// and server errors before and after the request is carried out. Redirects lead to `elsewhere`, and to another path
    /// of the same host.
    ///
    /// Two of them never end by themselves: [`Stalled`](Self::Stalled) needs a client with a time-out, and
    /// [`Outage`](Self::Outage) a test that ends it.
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

/// The requests that a script applies to, by their [`kind`](super::Received::kind): the method and the path without the
/// prefix that all paths of the vendor share, as in `POST customers` or `PUT customers/{id}`.
///
/// A `*` at the end matches anything: `PUT customers/*`, `GET *`, `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route(String);

impl Route {
    /// Every request.
    #[must_use]
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    /// Whether the route matches a request of this kind.
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

/// The requests of a route that a fault is injected into, counted from now on.
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

    /// One item for each of the next requests; `None` lets a request through.
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

/// Random faults, the same for the same seed where the requests arrive in the same order.
#[derive(Clone, Debug)]
pub struct Chaos {
    seed: u64,
    rate: f64,
    faults: Vec<Fault>,
}

impl Chaos {
    /// One request in five fails, by any fault that ends by itself and does not lead to another host: neither
    /// [`Stalled`](Fault::Stalled) nor [`Outage`](Fault::Outage) nor a redirect.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let mut faults = Fault::all("");
        faults.retain(|fault| !matches!(fault, Fault::Stalled { .. } | Fault::Outage | Fault::Redirect { .. }));
        Self { seed, rate: 0.2, faults }
    }

    /// The share of the requests that fail, from 0 to 1.
    #[must_use]
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = if rate.is_finite() { rate.clamp(0.0, 1.0) } else { 0.0 };
        self
    }

    /// The faults to choose from, instead of those of [`seeded`](Self::seeded).
    #[must_use]
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults = faults.into_iter().collect();
        self
    }
}

/// The faults that are queued for one vendor.
#[derive(Debug, Default)]
pub(super) struct FaultQueue {
    scripts: Vec<(Route, Script)>,
    chaos: Option<(Chaos, fastrand::Rng)>,
}

impl FaultQueue {
    pub(super) fn add(&mut self, route: Route, script: Script) {
        self.scripts.push((route, script));
    }

    /// Injects random faults, with a random sequence for each vendor.
    pub(super) fn enable_chaos(&mut self, chaos: Chaos, provider: &str) {
        let own = provider.bytes().fold(chaos.seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        self.chaos = Some((chaos, fastrand::Rng::with_seed(own)));
    }

    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    /// The fault for a request of this kind. Every script whose route matches counts the request; the oldest one with a
    /// fault for it applies.
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

    fn played(queue: &mut FaultQueue, kind: &str, count: usize) -> Vec<Option<Fault>> {
        (0..count).map(|_| queue.next(kind)).collect()
    }

    #[test]
    fn scripts_are_played_by_route_and_turn() {
        let mut queue = FaultQueue::default();
        queue.add("POST customers".into(), Script::once(Fault::Cut).after(1));
        queue.add("PUT *".into(), Script::times(2, Fault::ResetAfter));
        assert_eq!(played(&mut queue, "GET customers", 1), [None]);
        assert_eq!(played(&mut queue, "POST customers", 3), [None, Some(Fault::Cut), None]);
        assert_eq!(
            played(&mut queue, "PUT customers/{id}", 3),
            [Some(Fault::ResetAfter), Some(Fault::ResetAfter), None]
        );
        assert!(queue.scripts.is_empty(), "what is over is not kept");
        queue.add(Route::any(), Script::always(Fault::WrongType));
        assert_eq!(played(&mut queue, "GET customers", 2), vec![Some(Fault::WrongType); 2]);
        queue.stop();
        assert_eq!(queue.next("GET customers"), None);
    }

    #[test]
    fn chaos_is_the_same_for_the_same_seed() {
        let run = |seed: u64, provider: &str, rate: f64| {
            let mut queue = FaultQueue::default();
            queue.enable_chaos(Chaos::seeded(seed).rate(rate), provider);
            played(&mut queue, "POST customers", 1000)
        };
        assert_eq!(run(7, "one", 0.2), run(7, "one", 0.2));
        assert_ne!(run(7, "one", 0.2), run(8, "one", 0.2));
        assert_ne!(run(7, "one", 0.2), run(7, "two", 0.2));
        let struck = run(7, "one", 0.2).into_iter().flatten().count();
        assert!((120..280).contains(&struck), "{struck} of 1000");
        assert_eq!(run(7, "one", 0.0).into_iter().flatten().count(), 0);
        assert_eq!(run(7, "one", f64::NAN).into_iter().flatten().count(), 0);
    }
}
