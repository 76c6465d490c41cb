//! A set of numbers that mostly follow each other.

/// A set of numbers, kept as sorted ranges that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// The ranges, first and last number of each, in order.
    pub(crate) fn as_slice(&self) -> &[(u64, u64)] {
        &self.0
    }

    /// Whether the number is in the set.
    pub(crate) fn contains(&self, number: u64) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < number);
        self.0.get(at).is_some_and(|(first, _)| *first <= number)
    }

    /// Adds one number; returns whether it was missing.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        if self.contains(number) {
            return false;
        }
        self.insert_range(number, number);
        true
    }

    /// Adds the numbers from `first` to `last`, both included; nothing where `last` is the smaller one.
    pub(crate) fn insert_range(&mut self, first: u64, last: u64) {
        if first > last {
            return;
        }
        // Those that overlap it or stand right beside it become one with it. Numbers come in nearly increasing order,
        // so that this is at the end of the list, where moving what follows costs nothing.
        let from = self.0.partition_point(|(_, end)| end.saturating_add(1) < first);
        let to = self.0.partition_point(|(start, _)| *start <= last.saturating_add(1));
        let merged = match self.0.get(from..to) {
            Some([(start, end)]) => ((*start).min(first), (*end).max(last)),
            Some([(start, _), .., (_, end)]) => ((*start).min(first), (*end).max(last)),
            _ => (first, last),
        };
        match self.0.get_mut(from) {
            Some(range) if to == from + 1 => *range = merged,
            _ => drop(self.0.splice(from..to, [merged])),
        }
    }

    /// The greatest number in the set.
    pub(crate) fn last(&self) -> Option<u64> {
        self.0.last().map(|(_, last)| *last)
    }

    /// The smallest number that is not in the set; none where all are.
    pub(crate) fn first_missing(&self) -> Option<u64> {
        match self.0.first() {
            Some((0, last)) => last.checked_add(1),
            _ => Some(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set_in_its_shortest_form(
            steps in proptest::collection::vec((0u64..60, 0u64..6), 0..80),
            high in any::<bool>(),
        ) {
            // At the top end too, where one more does not exist.
            let base = if high { u64::MAX - 64 } else { 0 };
            let mut ranges = Ranges::default();
            let mut model = BTreeSet::new();
            for (first, length) in steps {
                let (first, last) = (base + first, base + first + length - 1.min(length));
                if length == 0 {
                    prop_assert_eq!(ranges.insert(first), model.insert(first));
                } else {
                    ranges.insert_range(first, last);
                    model.extend(first..=last);
                }
                for number in base..=base + 64 {
                    prop_assert_eq!(ranges.contains(number), model.contains(&number));
                }
                for pair in ranges.as_slice().windows(2) {
                    prop_assert!(pair[0].1 + 1 < pair[1].0, "{:?}", ranges);
                }
                prop_assert!(ranges.as_slice().iter().all(|(first, last)| first <= last));
                prop_assert_eq!(ranges.last(), model.last().copied());
                prop_assert_eq!(ranges.first_missing(), (0..).find(|number| !model.contains(number)));
            }
        }
    }

    #[test]
    fn the_ends_are_numbers_like_others() {
        let mut ranges = Ranges::default();
        ranges.insert_range(1, u64::MAX);
        assert_eq!(ranges.first_missing(), Some(0));
        assert!(ranges.insert(0) && !ranges.insert(u64::MAX));
        assert_eq!((ranges.as_slice(), ranges.first_missing()), (&[(0, u64::MAX)][..], None));
        ranges.insert_range(5, 4);
        assert_eq!(ranges.as_slice(), [(0, u64::MAX)]);
    }
}
