//! Orders the records of one person: one after the other, as they came.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

/// A record's number in its lane, in the order of arrival.
pub(super) type Ticket = u64;

/// For each key of a person, the records that hold it, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Order(HashMap<u64, VecDeque<Ticket>>);

impl Order {
    /// Puts a record at the end for each of its keys; for how many of them others come first.
    pub(super) fn join(&mut self, ticket: Ticket, keys: &[u64]) -> usize {
        let mut waits = 0;
        for key in keys {
            let queue = self.0.entry(*key).or_default();
            if queue.back() == Some(&ticket) {
                continue;
            }
            waits += usize::from(!queue.is_empty());
            queue.push_back(ticket);
        }
        waits
    }

    /// Takes a record out that was first for each of its keys; calls `next` with each record that is first in its place.
    pub(super) fn leave(&mut self, ticket: Ticket, keys: &[u64], mut next: impl FnMut(Ticket)) {
        for key in keys {
            let Entry::Occupied(mut queue) = self.0.entry(*key) else { continue };
            if queue.get().front() != Some(&ticket) {
                continue;
            }
            queue.get_mut().pop_front();
            match queue.get().front() {
                Some(first) => next(*first),
                None => {
                    queue.remove();
                }
            }
        }
    }

    /// The one record that is last for each of these keys that any record holds, if it is one.
    pub(super) fn last_of(&self, keys: &[u64]) -> Option<Ticket> {
        let mut lasts = keys.iter().filter_map(|key| self.0.get(key)?.back().copied());
        let first = lasts.next()?;
        lasts.all(|other| other == first).then_some(first)
    }

    /// Whether a record is last for each of its keys: none waits behind it.
    pub(super) fn is_last(&self, ticket: Ticket, keys: &[u64]) -> bool {
        keys.iter().all(|key| self.0.get(key).and_then(VecDeque::back) == Some(&ticket))
    }
}
