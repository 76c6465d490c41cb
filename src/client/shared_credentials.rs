//! Values that the clients of one credential share, such as minted tokens. A value lives as long as one of the clients.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use sha2::{Digest, Sha256};

/// Identifies a credential. It has to be a collision-resistant hash, since clients with the same key share a value; the
/// secret cannot be derived from it.
type Key = (TypeId, [u8; 32]);

type Entries = HashMap<Key, Weak<dyn Any + Send + Sync>>;

/// The values that clients share, by key. It keeps none of them alive.
#[derive(Default)]
pub(super) struct Registry(Mutex<Entries>);

impl Registry {
    /// The value for these parts that a client holds, or a new one.
    pub(super) fn get<T: Send + Sync + 'static>(
        self: &Arc<Self>,
        parts: &[&str],
        make: impl FnOnce() -> T,
    ) -> Arc<Shared<T>> {
        let key = (TypeId::of::<T>(), digest(parts));
        let mut entries = self.entries();
        let known = entries.get(&key).and_then(Weak::upgrade).map(Arc::downcast::<Shared<T>>);
        if let Some(Ok(known)) = known {
            return known;
        }
        let made = Arc::new(Shared { value: make(), key, home: Arc::clone(self) });
        let entry: Weak<Shared<T>> = Arc::downgrade(&made);
        entries.insert(key, entry);
        made
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each part with its length, so that `a, bc` is not `ab, c`.
fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}

/// A value of the registry. The last client that drops it removes it from the registry.
pub(crate) struct Shared<T> {
    value: T,
    key: Key,
    home: Arc<Registry>,
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        let mut entries = self.home.entries();
        // Another client may have created a new one in between.
        if entries.get(&self.key).is_some_and(|entry| entry.strong_count() == 0) {
            entries.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_are_the_same_value_while_somebody_has_it() {
        let registry = Arc::new(Registry::default());
        let one = registry.get(&["store", "secret"], || 1);
        let other = registry.get(&["store", "secret"], || 2);
        assert!(Arc::ptr_eq(&one, &other));
        assert_eq!((**other, registry.entries().len()), (1, 1));
        drop(one);
        assert_eq!(registry.entries().len(), 1);
        drop(other);
        assert!(registry.entries().is_empty());
        assert_eq!(**registry.get(&["store", "secret"], || 3), 3);
        assert!(registry.entries().is_empty());
    }

    #[test]
    fn other_parts_or_another_type_are_another_value() {
        let registry = Arc::new(Registry::default());
        let first = registry.get(&["ab", "c"], || 1usize);
        for (n, parts) in [&["a", "bc"][..], &["ab"], &["ab", "c", ""], &["abc"], &["ab", "C"], &[]].iter().enumerate()
        {
            assert_eq!(**registry.get(parts, || n + 10), n + 10, "{parts:?}");
        }
        assert_eq!(**registry.get(&["ab", "c"], || 2u64), 2);
        assert_eq!((**first, registry.entries().len()), (1, 1));
        assert_eq!(**Arc::new(Registry::default()).get(&["ab", "c"], || 3usize), 3);
    }

    #[test]
    fn a_value_that_ends_late_takes_no_newer_one_with_it() {
        let registry = Arc::new(Registry::default());
        let late = Shared { value: 1, key: (TypeId::of::<i32>(), digest(&["a"])), home: Arc::clone(&registry) };
        let newer = registry.get(&["a"], || 2);
        drop(late);
        assert!(Arc::ptr_eq(&newer, &registry.get(&["a"], || 3)));
    }

    #[test]
    fn many_shops_that_come_and_go_leave_nothing() {
        let registry = Arc::new(Registry::default());
        let kept: Vec<_> = (0..1_000).map(|n| registry.get(&[&n.to_string()], || n)).collect();
        for n in 1_000..10_000 {
            registry.get(&[&n.to_string()], || n);
        }
        assert_eq!(registry.entries().len(), kept.len());
    }
}
