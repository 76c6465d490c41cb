//! Per-lane configuration.

use std::sync::Arc;
use std::time::Duration;

use crate::provider::ProviderId;
use crate::sink::{CustomerSink, UpsertOptions};

/// One sink of a delivery, and how its records are handled.
///
/// No lane waits for the vendor of another one. Lanes of one account share that account's quota.
#[derive(Clone, Debug)]
pub struct Lane {
    pub(super) sink: Arc<dyn CustomerSink>,
    pub(super) name: Arc<str>,
    pub(super) options: UpsertOptions,
    pub(super) policy: Policy,
}

/// The part of the configuration that needs no sink.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) concurrency: usize,
    pub(super) window: usize,
    pub(super) when_full: WhenFull,
    pub(super) coalesce: Coalesce,
    pub(super) after_failure: AfterFailure,
    pub(super) tries: u32,
    pub(super) retry_pause: Duration,
    pub(super) open_after: u32,
    pub(super) outage: PausePolicy,
    pub(super) refusal: PausePolicy,
    pub(super) longest_wait: Duration,
}

/// What happens to further records while a lane's window is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenFull {
    /// They wait in a temporary file of this lane, so that the other lanes continue. The file has no name in any folder
    /// where the system allows that, only this process can read it, and the system removes it when the run ends, however
    /// it ends. It grows up to the size of the input. The default.
    #[default]
    Spill,
    /// The run stops reading the source, so that all lanes go as fast as this one.
    Block,
}

/// What happens where several records of one person wait in a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coalesce {
    /// Each is sent, one after the other. The default.
    #[default]
    Never,
    /// A newer record replaces a waiting one that has not been tried, where it has all of its identifiers and sets or
    /// blanks all that the older one does: the vendor ends with the same values after fewer requests. The lane always
    /// sends a record that sets anything else.
    ToNewest,
}

/// What happens to the later records of a person of whom a record failed, for the rest of the run.
///
/// Other than [`Continue`](Self::Continue) it costs some 20 bytes of memory for each identifier of a failed record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterFailure {
    /// They are sent. Right where each record is complete by itself, as in exports. The default.
    #[default]
    Continue,
    /// They are not sent, and fail as well: they follow the first into the dead letters, so that a replay sends all in
    /// order.
    Skip,
    /// They are not sent, and stay unprocessed for the next run.
    Block,
}

/// How a lane pauses while the vendor is unavailable or refuses the credentials.
///
/// The lane pauses, then probes the vendor with one record; each pause is twice as long as the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PausePolicy {
    /// The first pause.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// The lane ends once the vendor has been in that state for this long. The records that it has not tried stay
    /// unprocessed.
    pub give_up_after: Duration,
}

impl PausePolicy {
    /// Pauses of one second and more, doubling up to a minute, and an end after this time.
    #[must_use]
    pub const fn up_to(give_up_after: Duration) -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(60), give_up_after }
    }

    /// Sets [`first`](Self#structfield.first).
    #[must_use]
    pub const fn first(mut self, pause: Duration) -> Self {
        self.first = pause;
        self
    }

    /// Sets [`longest`](Self#structfield.longest).
    #[must_use]
    pub const fn longest(mut self, pause: Duration) -> Self {
        self.longest = pause;
        self
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
            open_after: 5,
            outage: PausePolicy::up_to(Duration::from_secs(600)),
            refusal: PausePolicy::up_to(Duration::from_secs(3)),
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

    /// The options of each upsert. The lane adds [`look_up_first`](UpsertOptions#structfield.look_up_first) where an earlier
    /// try of the record may have been carried out.
    #[must_use]
    pub fn options(mut self, options: UpsertOptions) -> Self {
        self.options = options;
        self
    }

    /// How many records may be under way at once; at least 1, by default 32. Below that the lane adapts the number to the
    /// vendor.
    #[must_use]
    pub fn concurrency(mut self, most: usize) -> Self {
        self.policy.concurrency = most.max(1);
        self
    }

    /// How many records the lane holds in memory, those under way and those that wait for an earlier one of the same
    /// person included; at least 1, by default 512. Its queue holds up to sixteen more in memory.
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
    /// look-up after a try of unknown effect; the client's own policy decides on the requests of each and their retries.
    /// Tries that failed because the vendor as a whole was unavailable do not count.
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

    /// After how many failures in a row that show an unavailable vendor the lane pauses, by default 5, and how it pauses,
    /// by default for up to 10 minutes.
    #[must_use]
    pub fn outage(mut self, failures: u32, pauses: PausePolicy) -> Self {
        self.policy.open_after = failures.max(1);
        self.policy.outage = pauses;
        self
    }

    /// How the lane pauses while the vendor refuses the credentials or has suspended the store, by default for up to 3
    /// seconds. It pauses at the first such answer.
    #[must_use]
    pub fn refusal(mut self, pauses: PausePolicy) -> Self {
        self.policy.refusal = pauses;
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
