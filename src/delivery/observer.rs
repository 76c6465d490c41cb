//! Observers of a run.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::events::Event;

/// Receives the events of a run. The run calls it inline: it should return at once.
///
/// The run calls an observer that panics no more, and continues.
pub trait Observer: Send + Sync + 'static {
    /// Receives one event.
    fn on(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> Observer for F {
    fn on(&self, event: &Event<'_>) {
        self(event);
    }
}

/// The observers of a run, each with whether it has panicked.
pub(super) struct Observers(Vec<(Arc<dyn Observer>, AtomicBool)>);

impl Observers {
    pub(super) fn new(observers: Vec<Arc<dyn Observer>>) -> Self {
        Self(observers.into_iter().map(|observer| (observer, false.into())).collect())
    }

    pub(super) fn notify(&self, event: &Event<'_>) {
        for (observer, has_panicked) in &self.0 {
            if has_panicked.load(Relaxed) {
                continue;
            }
            if catch_unwind(AssertUnwindSafe(|| observer.on(event))).is_err() {
                has_panicked.store(true, Relaxed);
                tracing::error!("an observer of a delivery panicked and is not called again");
            }
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observers({})", self.0.len())
    }
}
