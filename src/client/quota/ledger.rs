//! Counts the requests that were sent, and computes when the next one is allowed. Pure: the caller passes the time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Limit;
use super::limit::{drain, seconds};

/// When there is room for one more.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Room {
    Now,
    At(Instant),
    /// Once a request under way has ended, which starts its time.
    AfterAnEnd,
}

/// The requests that count towards a limit.
///
/// A request counts from when it was sent until a window after it arrived. The time of arrival is unknown, so that the
/// request counts in full until it ends, and then from its *base*: the latest time at which it can have arrived.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// How many were ever sent: the number of the newest.
    sent: u64,
    /// The numbers of those under way, in order.
    in_flight: VecDeque<u64>,
    /// The bases of the ended requests of a window, in order.
    bases: VecDeque<Instant>,
    /// What a bucket held at `level_at`.
    level: f64,
    level_at: Option<Instant>,
}

impl Ledger {
    /// One more is sent; its number.
    pub(super) fn send(&mut self) -> u64 {
        self.sent += 1;
        self.in_flight.push_back(self.sent);
        self.sent
    }

    /// A request ended, which counts from `base`.
    pub(super) fn end(&mut self, number: u64, base: Instant, limit: Limit, part: f64) {
        if let Ok(index) = self.in_flight.binary_search(&number) {
            self.in_flight.remove(index);
        }
        match limit {
            Limit::Unlimited => {}
            Limit::Window { .. } => {
                let index = self.bases.partition_point(|other| *other <= base);
                self.bases.insert(index, base);
            }
            Limit::Bucket { per_second, .. } => {
                // A base before the last one adds a whole place, which is what it is as long as the bucket was not empty
                // in between, and on the careful side if it was.
                self.level = self.level_at(base, drain(per_second) * part).max(0.0) + 1.0;
                self.level_at = Some(self.level_at.map_or(base, |at| at.max(base)));
            }
        }
    }

    /// A place was taken and nothing was sent.
    pub(super) fn give_back(&mut self, number: u64) {
        if let Ok(index) = self.in_flight.binary_search(&number) {
            self.in_flight.remove(index);
        }
    }

    /// Those that the vendor may count after this one: sent later, or still under way.
    pub(super) fn perhaps_after(&self, number: u64) -> u64 {
        let older = self.in_flight.partition_point(|other| *other < number) as u64;
        older + self.sent_after(number)
    }

    /// Those that were sent after this one.
    pub(super) fn sent_after(&self, number: u64) -> u64 {
        self.sent.saturating_sub(number)
    }

    /// Drops what no longer counts.
    pub(super) fn expire(&mut self, limit: Limit, now: Instant) {
        if let Limit::Window { per, .. } = limit {
            while self.bases.front().is_some_and(|base| now.saturating_duration_since(*base) >= per) {
                self.bases.pop_front();
            }
        }
    }

    /// When there is room for one more behind `ahead` others that wait, in this part of the limit.
    pub(super) fn room(&self, limit: Limit, part: f64, ahead: usize, now: Instant) -> Room {
        let taken = self.in_flight.len() + ahead;
        match limit {
            Limit::Unlimited => Room::Now,
            Limit::Window { max, per } => {
                let (max, live) = (share_of(max, part), self.live(per, now));
                let used = taken + live;
                let Some(over) = used.checked_sub(max) else { return Room::Now };
                let gone = self.bases.len() - live;
                let at = |base: &Instant| Room::At(base.checked_add(per).unwrap_or(now + seconds(f64::MAX)));
                self.bases.get(gone + over).map_or(Room::AfterAnEnd, at)
            }
            Limit::Bucket { per_second, burst } => {
                let rate = drain(per_second) * part;
                let burst = (f64::from(burst.max(1)) * part).max(1.0);
                let free = burst - count(taken) - 1.0;
                if free < -TINY {
                    return Room::AfterAnEnd;
                }
                // Where there are many places one is left free, since the base is a good guess and no more; where there
                // are few, a part of one.
                let level = (self.level_at(now, rate) + ((burst - 1.0) / 8.0).min(1.0)).max(if burst >= 9.0 {
                    1.0
                } else {
                    0.0
                });
                let over = level - free;
                if over > TINY { Room::At(now + seconds(over / rate)) } else { Room::Now }
            }
        }
    }

    /// How many places of the limit our own requests take at most, by our own count.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Not below zero, and no more than a burst.
    pub(super) fn used(&self, limit: Limit, now: Instant) -> usize {
        self.in_flight.len()
            + match limit {
                Limit::Unlimited => 0,
                Limit::Window { per, .. } => self.live(per, now),
                Limit::Bucket { per_second, .. } => self.level_at(now, drain(per_second)).max(0.0).ceil() as usize,
            }
    }

    /// Roughly how long one more behind `ahead` others would wait.
    pub(super) fn wait(&self, limit: Limit, part: f64, ahead: usize, now: Instant) -> Duration {
        match (self.room(limit, part, ahead, now), limit) {
            (Room::Now, _) | (_, Limit::Unlimited) => Duration::ZERO,
            (Room::At(at), _) => at.saturating_duration_since(now),
            (Room::AfterAnEnd, Limit::Window { max, per }) => {
                // What is under way counts as if it ended now: all that fits goes once for each window.
                let (max, live) = (share_of(max, part), self.live(per, now));
                let ahead = self.in_flight.len() + ahead;
                per.saturating_mul(u32::try_from((ahead + live) / max).unwrap_or(u32::MAX))
            }
            (Room::AfterAnEnd, Limit::Bucket { per_second, burst }) => {
                let rate = drain(per_second) * part;
                let burst = (f64::from(burst.max(1)) * part).max(1.0);
                let level = self.level_at(now, rate).max(0.0);
                seconds((count(self.in_flight.len() + ahead) + 1.0 + level - burst) / rate)
            }
        }
    }

    /// The limit is another one: what was sent counts towards it, as far as the old one kept count.
    pub(super) fn convert(&mut self, old: Limit, new: Limit, part: f64, now: Instant) {
        self.expire(old, now);
        match (old, new) {
            (Limit::Bucket { per_second, .. }, Limit::Bucket { .. }) => {
                self.level = self.level_at(now, drain(per_second) * part).max(0.0);
                self.level_at = Some(now);
            }
            (Limit::Bucket { per_second, .. }, Limit::Window { max, .. }) => {
                let level = self.level_at(now, drain(per_second) * part);
                self.bases = std::iter::repeat_n(now, (0..max).take_while(|n| f64::from(*n) < level).count()).collect();
            }
            (Limit::Window { .. }, Limit::Bucket { burst, .. }) => {
                self.level = count(self.bases.len()).min(f64::from(burst));
                self.level_at = Some(now);
                self.bases.clear();
            }
            (Limit::Window { .. }, Limit::Window { .. }) => {}
            (Limit::Unlimited, _) | (_, Limit::Unlimited) => {
                self.bases.clear();
                self.level_at = None;
            }
        }
    }

    fn live(&self, per: Duration, now: Instant) -> usize {
        self.bases.len() - self.bases.partition_point(|base| now.saturating_duration_since(*base) >= per)
    }

    /// What is in the bucket; below zero by what it would have drained further.
    fn level_at(&self, now: Instant, rate: f64) -> f64 {
        self.level_at
            .map_or(f64::NEG_INFINITY, |at| self.level - now.saturating_duration_since(at).as_secs_f64() * rate)
    }
}

/// What rounding may do to a level.
const TINY: f64 = 1e-9;

/// A part of a window's number; at least one.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A part of a u32, not below zero.
fn share_of(max: u32, part: f64) -> usize {
    ((f64::from(max) * part + TINY) as usize).max(1)
}

/// A number of requests that fits into memory.
#[allow(clippy::cast_precision_loss)]
fn count(requests: usize) -> f64 {
    requests as f64
}
