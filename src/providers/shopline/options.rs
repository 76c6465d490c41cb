//! What the vendor leaves open, as options of a client.

/// How an update blanks a text that a record wants cleared. A gender is always blanked by the vendor's 0, unknown
/// (documented).
///
/// What the vendor does with an empty string or a null in a customer is unknown. Nulls were seen to be passed over in an
/// address, which is why an empty string is the default (inferred).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blanking {
    /// By an empty string.
    #[default]
    EmptyString,
    /// By a null.
    Null,
    /// Not at all: such a wish is dropped, and noted.
    Never,
}

/// Which tags an update sends for a record that has tags. Whether the vendor puts them in the place of those that are
/// there, or adds them, is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TagPolicy {
    /// The record's tags alone.
    #[default]
    AsGiven,
    /// Those that the look-up showed, and the record's: whatever the vendor does with them, no tag is lost but one that
    /// somebody adds between the look-up and the update. Where not all fit into the vendor's limits, the record's last
    /// ones are left out, and noted.
    Union,
}

/// The choices of a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choices {
    pub(super) blanking: Blanking,
    pub(super) tags: TagPolicy,
    pub(super) look_up_first: bool,
    pub(super) check_expiry: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self { blanking: Blanking::default(), tags: TagPolicy::default(), look_up_first: false, check_expiry: true }
    }
}
