//! The client-side rate limiter: uses a vendor's limit fully without exceeding it.

mod latency;
mod ledger;
mod limit;
mod rate_limit_headers;
mod share;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::select;
use tokio::sync::{Notify, Semaphore};

use self::latency::Latency;
use self::ledger::{Ledger, Room};
use self::rate_limit_headers::Cap;
use self::share::Share;
use super::Clock;

pub use self::limit::Limit;
pub(crate) use self::rate_limit_headers::RateLimitHeaders;

/// One account's limit, shared by every client of that account.
///
/// Waiting callers are served in the order in which they came.
///
/// **Windows.** A request counts from when it was sent until a window after it arrived. The time of arrival is unknown; it
/// is no later than the answer less the fastest one-way latency of the last minute or two (less the variation of latencies,
/// plus a two-hundredth of the window). So at a steady latency a window is used fully, and where latencies vary strongly or
/// are not yet known, a request counts until a window after its answer. In any window of the limit's length no more
/// requests are *sent* than the limit allows, whatever the network does. That holds for what *arrives* as long as the
/// latency does not fall, from one request to the next, below all that were seen: then one window may hold a few more,
/// once.
///
/// **Buckets.** A request fills its place until it is answered, and drains from then on, less the same latency. Where there
/// are many places, one is left free.
///
/// **Other programs on the account.** A rate-limit refusal (429) reduces the used fraction of the limit to 0.7 of its
/// value, once for all requests that were under way; each success gives a little back. While the fraction is below one,
/// requests are spread out and not sent a window's worth at once, so that other programs find room in between. Where
/// `RateLimit-Remaining` shows that the vendor counts more requests than this client sent, the client sends no more than
/// what remains until the reset. An account without a limit learns pauses only.
#[derive(Debug)]
pub struct Quota {
    state: Mutex<State>,
    /// The queue of callers: the one at its head holds the permit.
    turn: Semaphore,
    waiting: AtomicUsize,
    /// Notified when the head of the queue should check again: a request ended, or the limit was replaced.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    limit: Limit,
    paused_until: Option<Instant>,
    ledger: Ledger,
    latency: Latency,
    share: Share,
    cap: Option<Cap>,
    /// While other programs use the account: when the next request may be sent, so that they find room in between.
    next: Option<Instant>,
    /// The latest time seen, for calls that pass none.
    seen: Option<Instant>,
}

/// So many requests, not sent until the vendor's reset, are worth to be slower before.
const MANY: u32 = 10;

/// Why a caller has to wait.
enum Wait {
    /// The vendor asked for a pause.
    Paused(Instant),
    Until(Instant),
    ForAnEnd,
}

impl Quota {
    /// A quota with this limit.
    #[must_use]
    pub fn new(limit: Limit) -> Self {
        let state = State {
            limit,
            paused_until: None,
            ledger: Ledger::default(),
            latency: Latency::default(),
            share: Share::whole(),
            cap: None,
            next: None,
            seen: None,
        };
        let waiting = AtomicUsize::new(0);
        Self { state: Mutex::new(state), turn: Semaphore::new(1), waiting, changed: Notify::new() }
    }

    /// Replaces the limit, also for callers that wait. What was sent before counts towards the new one, as far as the old
    /// one kept count: [`Limit::Unlimited`] knows only what is under way. A learned rate stays.
    pub fn set_limit(&self, limit: Limit) {
        {
            let mut state = self.lock();
            let old = std::mem::replace(&mut state.limit, limit);
            if old == limit {
                return;
            }
            let part = state.share.part();
            if let Some(now) = state.seen {
                state.ledger.convert(old, limit, part, now);
            }
            state.share.rescale(old, limit);
            state.cap = None;
            state.next = None;
        }
        self.changed.notify_one();
    }

    /// The limit.
    #[must_use]
    pub fn limit(&self) -> Limit {
        self.lock().limit
    }

    /// Holds all requests until this time, because the vendor asked for it.
    pub fn pause_until(&self, until: Instant) {
        let mut state = self.lock();
        state.paused_until = Some(state.paused_until.map_or(until, |old| old.max(until)));
    }

    /// Estimates how long a new caller would wait, behind those that wait already. It is an estimate, since it is unknown
    /// when requests under way will end.
    #[must_use]
    pub fn wait(&self, now: Instant) -> Duration {
        let ahead = self.waiting.load(Ordering::Relaxed);
        let state = self.lock();
        let left = |until: Instant| until.saturating_duration_since(now);
        let paused = state.paused_until.map_or(Duration::ZERO, left);
        let capped = state.cap.as_ref().filter(|cap| cap.left as usize <= ahead);
        let capped = capped.map_or(Duration::ZERO, |cap| left(cap.until));
        let behind = u32::try_from(ahead).unwrap_or(u32::MAX);
        let paced = state
            .gap()
            .zip(state.next)
            .map_or(Duration::ZERO, |(gap, next)| left(next).saturating_add(gap.saturating_mul(behind)));
        let counted = state.ledger.wait(state.limit, state.share.part(), ahead, now);
        counted.max(paused).max(capped).max(paced)
    }

    /// Waits for a place. The permit is held while the request is under way.
    ///
    /// Dropping the future gives up nothing but the caller's place in the queue.
    ///
    /// # Errors
    ///
    /// What is left of the vendor's pause, where that is more than `longest_pause`, or of the time until there is a place,
    /// where that is more than `longest_wait`.
    pub(crate) async fn acquire<'a>(
        &'a self,
        clock: &'a dyn Clock,
        longest_pause: Duration,
        longest_wait: Duration,
    ) -> Result<Permit<'a>, Duration> {
        let _waiting = Waiting::one_more(&self.waiting);
        // The semaphore is never closed, so that the error cannot occur; without a permit there is no queue.
        let _turn = match self.turn.try_acquire() {
            Ok(turn) => Ok(turn),
            Err(_) => self.turn.acquire().await,
        };
        loop {
            let changed = pin!(self.changed.notified());
            let now = clock.now();
            let taken = self.lock().take(now);
            let wait = match taken {
                Ok(place) => return Ok(Permit { quota: self, clock, place, ended: false }),
                Err(Wait::Paused(until)) => {
                    let left = until.saturating_duration_since(now);
                    if left > longest_pause {
                        return Err(left);
                    }
                    left
                }
                Err(Wait::Until(at)) => {
                    let left = at.saturating_duration_since(now);
                    if left > longest_wait {
                        return Err(left);
                    }
                    left.max(Duration::from_millis(1))
                }
                Err(Wait::ForAnEnd) => {
                    changed.await;
                    continue;
                }
            };
            select(changed, clock.sleep(wait)).await;
        }
    }

    /// The vendor took a request, and did what it asks for.
    pub(crate) fn taken(&self) {
        let mut state = self.lock();
        let limit = state.limit;
        if state.cap.as_ref().is_none_or(|cap| cap.left > 0) {
            state.share.taken(limit);
        }
    }

    /// The vendor refused for its rate what was sent at this time.
    pub(crate) fn refused(&self, sent: Instant, now: Instant) {
        let mut state = self.lock();
        if state.limit != Limit::Unlimited {
            state.share.refused(sent, now);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a place, if there is one.
    fn take(&mut self, now: Instant) -> Result<Place, Wait> {
        self.seen = Some(now);
        if let Some(until) = self.paused_until {
            if until > now {
                return Err(Wait::Paused(until));
            }
            self.paused_until = None;
        }
        self.cap.take_if(|cap| cap.until <= now);
        self.ledger.expire(self.limit, now);
        match self.ledger.room(self.limit, self.share.part(), 0, now) {
            Room::Now => {}
            Room::At(at) => return Err(Wait::Until(at)),
            Room::AfterAnEnd => return Err(Wait::ForAnEnd),
        }
        if let Some(next) = self.next.filter(|next| *next > now) {
            return Err(Wait::Until(next));
        }
        if let Some(cap) = &mut self.cap {
            cap.left = cap.left.checked_sub(1).ok_or(Wait::Until(cap.until))?;
        }
        // While another program uses the account, requests are spread out and not sent a window's worth at once; a single
        // late one is made up for.
        self.next = self
            .gap()
            .filter(|_| self.share.part() < 1.0)
            .map(|gap| self.next.map_or(now, |next| next.max(now.checked_sub(gap).unwrap_or(now))) + gap);
        let used = self.ledger.used(self.limit, now) + 1;
        Ok(Place { number: self.ledger.send(), used })
    }

    /// The time from one request to the next in our part of the limit.
    fn gap(&self) -> Option<Duration> {
        let rate = self.limit.rate()?;
        Some(limit::seconds(1.0 / (rate * self.share.part())))
    }

    /// A request ended without an answer: it may have arrived until now.
    fn lost(&mut self, number: u64, now: Instant) {
        self.seen = Some(now);
        self.ledger.end(number, now, self.limit, self.share.part());
    }

    /// A request was answered.
    fn answered(&mut self, place: Place, sent: Instant, now: Instant, told: Option<RateLimitHeaders>) {
        self.seen = Some(now);
        self.latency.heard(now.saturating_duration_since(sent), now);
        let certain = self.latency.certain();
        let base = match now.checked_sub(certain) {
            Some(arrived) if !certain.is_zero() => (arrived.max(sent) + self.limit.slack()).min(now),
            _ => now,
        };
        self.ledger.end(place.number, base, self.limit, self.share.part());
        if let Some(told) = told {
            self.hear(told, place, sent, base, now);
        }
    }

    /// Applies the vendor's own count. It matters only where it is more than this client can have sent: then another program
    /// uses the account, and the client sends no more than what remains, less its own requests that the vendor may not
    /// have counted yet.
    fn hear(&mut self, told: RateLimitHeaders, place: Place, sent: Instant, base: Instant, now: Instant) {
        let (all, length) = match self.limit {
            Limit::Unlimited => return,
            Limit::Window { max, per } => (max, per),
            Limit::Bucket { burst, .. } => (burst, Duration::from_secs(1)),
        };
        let number = place.number;
        let ours = (place.used as u64).saturating_add(self.ledger.sent_after(number));
        let others = u64::from(all.max(1).saturating_sub(told.remaining)) > ours;
        let after = u32::try_from(self.ledger.perhaps_after(number)).unwrap_or(u32::MAX);
        let left = told.remaining.saturating_sub(after);
        let stricter = self.cap.as_ref().is_some_and(|cap| cap.until > now && cap.number > number && cap.left <= left);
        if stricter {
            return;
        }
        let holds = told.holds(length);
        self.cap = others.then(|| Cap { left, until: base.checked_add(holds).unwrap_or(base), number });
        // A long reset shows that the client was too fast, though nothing was refused; a short one costs little.
        let many = self.gap().is_some_and(|gap| holds >= gap.saturating_mul(MANY));
        if others && left == 0 && many {
            self.share.refused(sent, now);
        }
    }
}

/// A place in a quota, taken by a request under way.
#[must_use]
pub(crate) struct Permit<'a> {
    quota: &'a Quota,
    clock: &'a dyn Clock,
    place: Place,
    ended: bool,
}

/// A place that was taken.
#[derive(Clone, Copy, Debug)]
struct Place {
    number: u64,
    /// How many of the vendor's places were ours at most, with this one.
    used: usize,
}

impl Permit<'_> {
    /// Gives the place back, since nothing was sent.
    pub(crate) fn give_back(self) {
        self.end(|state, place| state.ledger.give_back(place.number));
    }

    fn end(mut self, end: impl FnOnce(&mut State, Place)) {
        self.ended = true;
        end(&mut self.quota.lock(), self.place);
        self.quota.changed.notify_one();
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // A caller that went away in the middle may have sent.
            self.quota.lock().lost(self.place.number, self.clock.now());
            self.quota.changed.notify_one();
        }
    }
}

/// Ends the permits of a request that was answered: sent at this time, answered at that. The one at `own` is of the
/// account's own quota, which alone learns from the headers. A request that was not answered drops its permits.
pub(crate) fn answered(
    permits: Vec<Permit<'_>>,
    own: usize,
    sent: Instant,
    now: Instant,
    told: Option<RateLimitHeaders>,
) {
    for (index, permit) in permits.into_iter().enumerate() {
        let told = told.filter(|_| index == own);
        permit.end(|state, place| state.answered(place, sent, now, told));
    }
}

/// Counts a caller while it waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn one_more(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
