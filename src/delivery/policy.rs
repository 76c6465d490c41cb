//! What a lane does by choice.

use std::sync::Arc;
use std::time::Duration;

use crate::provider::ProviderId;
use crate::sink::{CustomerSink, UpsertOptions};

/// One sink of a delivery, and how its records are handled.
///
/// Lanes are apart: none waits for another's vendor. Lanes of one account share that account's quota by themselves.
#[derive(Clone, Debug)]
pub struct Lane {
    pub(super) sink: Arc<dyn CustomerSink>,
    pub(super) name: Arc<str>,
    pub(super) options: UpsertOptions,
    pub(super) policy: Policy,
}

/// The choices of a lane that need no sink.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) concurrency: usize,
    pub(super) window: usize,
    pub(super) when_full: WhenFull,
    pub(super) coalesce: Coalesce,
    pub(super) after_failure: AfterFailure,
    pub(super) tries: u32,
    pub(super) retry_pause: Duration,
    pub(super) trip_after: u32,
    pub(super) outage: Patience,
    pub(super) refusal: Patience,
    pub(super) longest_wait: Duration,
}

/// What happens to further records while a lane's window is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenFull {
    /// They wait in a temporary file of this lane, so that the other lanes go on. The file has no name in any folder
    /// where the system allows that, is readable by this process alone, and is gone when the run ends, however it ends.
    /// It grows up to the size of the input. The default.
    #[default]
    Spill,
    /// The source is not read on, so that all lanes go as fast as this one.
    Block,
}

/// What happens where several records of one person wait in a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coalesce {
    /// Each is sent, one after the other. The default.
    #[default]
    Never,
    /// One that has not been tried gives way to a newer one that has all of its identifiers and sets or blanks all that it
    /// does: what reaches the vendor is the same with fewer requests. One that says something of its own is always sent.
    ToNewest,
}

/// What happens to the later records of a person of whom a record failed, for the rest of the run.
///
/// Other than [`GoOn`](Self::GoOn) it costs some 20 bytes of memory for each identifier of a failed record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterFailure {
    /// They are sent. Right where each record stands for itself, as with exports. The default.
    #[default]
    GoOn,
    /// They are not sent, and fail too: they go to the dead letters behind the first, so that a replay sends all in order.
    Skip,
    /// They are not sent, and are left for the next run.
    Block,
}

/// How long a lane waits for a vendor that is in no state to take records.
///
/// The lane pauses, and then tries with one record whether the vendor is back; each pause is twice the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The first pause.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// The lane ends when the vendor has been in that state for so long. Its untried records are left.
    pub give_up_after: Duration,
}

impl Patience {
    /// Pauses of one second and more, doubling up to a minute, and an end after this time.
    #[must_use]
    pub const fn up_to(give_up_after: Duration) -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(60), give_up_after }
    }
}

impl Lane {
    /// A lane for this sink, under its provider's name.
    #[must_use]
    pub fn new(sink: Arc<dyn CustomerSink>) -> Self {
        let name = sink.provider().as_str().into();
        let policy = Policy {
            concurrency: 32,
            window: 512,
            when_full: WhenFull::default(),
            coalesce: Coalesce::default(),
            after_failure: AfterFailure::default(),
            tries: 5,
            retry_pause: Duration::from_secs(1),
            trip_after: 5,
            outage: Patience::up_to(Duration::from_secs(600)),
            refusal: Patience::up_to(Duration::from_secs(3)),
            longest_wait: Duration::from_secs(3600),
        };
        Self { sink, name, options: UpsertOptions::default(), policy }
    }

    /// Names the lane. Two lanes of one delivery have different names; a checkpoint goes by them.
    #[must_use]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// How each upsert is done.
    #[must_use]
    pub fn options(mut self, options: UpsertOptions) -> Self {
        self.options = options;
        self
    }

    /// How many records may be under way at once; at least 1, by default 32. Below it the lane finds out by itself how
    /// many are of use.
    #[must_use]
    pub fn concurrency(mut self, most: usize) -> Self {
        self.policy.concurrency = most.max(1);
        self
    }

    /// How many records the lane holds in memory, those under way and those that wait for an earlier one of the same
    /// person included; at least 1, by default 512. Sixteen more may wait at its door.
    #[must_use]
    pub fn window(mut self, records: usize) -> Self {
        self.policy.window = records.max(1);
        self
    }

    /// What happens to further records while the window is full.
    #[must_use]
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.policy.when_full = when_full;
        self
    }

    /// What happens where several records of one person wait.
    #[must_use]
    pub fn coalesce(mut self, coalesce: Coalesce) -> Self {
        self.policy.coalesce = coalesce;
        self
    }

    /// What happens to the later records of a person of whom a record failed.
    #[must_use]
    pub fn after_failure(mut self, after_failure: AfterFailure) -> Self {
        self.policy.after_failure = after_failure;
        self
    }

    /// How often a record is tried at most, the first time included; at least 1, by default 5. A try is an upsert, or the
    /// look-up that settles what an earlier one did; each has its requests and their retries by the client's own policy.
    /// Tries that failed because the vendor as a whole was out of order do not count.
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Self {
        self.policy.tries = tries.max(1);
        self
    }

    /// The pause before a record is tried again, by default 1 s; it doubles with each try, up to a minute.
    #[must_use]
    pub fn retry_pause(mut self, pause: Duration) -> Self {
        self.policy.retry_pause = pause;
        self
    }

    /// After how many failures in a row that show a vendor out of order the lane pauses, by default 5, and how long it
    /// has patience, by default 10 minutes.
    #[must_use]
    pub fn outage(mut self, failures: u32, patience: Patience) -> Self {
        self.policy.trip_after = failures.max(1);
        self.policy.outage = patience;
        self
    }

    /// How long the lane has patience with a vendor that refuses the credentials or has suspended the store, by default 3
    /// seconds. It pauses at the first such answer.
    #[must_use]
    pub fn refusal(mut self, patience: Patience) -> Self {
        self.policy.refusal = patience;
        self
    }

    /// How long the lane waits at most when the vendor asks for it, by default an hour. A longer wait ends the lane.
    #[must_use]
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.policy.longest_wait = wait;
        self
    }

    pub(super) fn provider(&self) -> ProviderId {
        self.sink.provider()
    }
}
