//! Notes: what the mapping did to fields that are not sent whole, or that it added.

use std::fmt;

use serde::ser::SerializeMap;

use crate::customer::FieldPath;
use crate::plan::StepCondition;

/// What happened to a field that is not sent whole, or that the mapping added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoteAction {
    /// Sent with a narrower meaning.
    Changed,
    /// Sent, but cut to the vendor's limit.
    Truncated,
    /// Not sent.
    Dropped,
    /// Not in the record: a value that the mapping had to send, or derived.
    Added,
}

impl NoteAction {
    /// The action as one lower-case word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Truncated => "truncated",
            Self::Dropped => "dropped",
            Self::Added => "added",
        }
    }
}

/// The reason of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoteReason {
    /// The vendor has no field for it.
    Unsupported,
    /// The vendor, or its format, cannot take this value.
    Invalid,
    /// Another field says the same.
    Redundant,
    /// It is longer than the vendor's limit.
    TooLong,
    /// There are more items than the vendor's limit.
    TooMany,
    /// The vendor holds less than the record says.
    Narrowed,
    /// If sent, it could be read as a consent that was not given.
    Consent,
    /// The vendor still documents a field for it, and asks not to use it.
    Deprecated,
    /// The vendor needs something that the record does not hold.
    Incomplete,
    /// Derived from other fields.
    Derived,
    /// If left out, the vendor would assume another value.
    Default,
}

impl NoteReason {
    /// The reason as one lower-case word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unsupported => "unsupported",
            Self::Invalid => "invalid",
            Self::Redundant => "redundant",
            Self::TooLong => "too_long",
            Self::TooMany => "too_many",
            Self::Narrowed => "narrowed",
            Self::Consent => "consent",
            Self::Deprecated => "deprecated",
            Self::Incomplete => "incomplete",
            Self::Derived => "derived",
            Self::Default => "default",
        }
    }
}

/// What happened to one place of the record on its way to one vendor.
///
/// It points at static rules and holds no value of the record; its text is made on request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    path: FieldPath,
    action: NoteAction,
    reason: NoteReason,
    detail: &'static str,
    lengths: Option<(u32, u32)>,
    when: Option<StepCondition>,
}

impl Note {
    /// A note; `detail` is a short sentence for people.
    #[must_use]
    pub const fn new(path: FieldPath, action: NoteAction, reason: NoteReason, detail: &'static str) -> Self {
        Self { path, action, reason, detail, lengths: None, when: None }
    }

    /// A value that was cut from `before` to `after` characters (Unicode code points).
    #[must_use]
    pub const fn truncated(path: FieldPath, before: u32, after: u32) -> Self {
        let detail = "cut to the vendor's limit";
        Self {
            path,
            action: NoteAction::Truncated,
            reason: NoteReason::TooLong,
            detail,
            lengths: Some((before, after)),
            when: None,
        }
    }

    /// Limits the note to the steps of this condition.
    #[must_use]
    pub const fn when(mut self, when: StepCondition) -> Self {
        self.when = Some(when);
        self
    }

    /// The place.
    #[must_use]
    pub const fn path(&self) -> &FieldPath {
        &self.path
    }

    /// What happened.
    #[must_use]
    pub const fn action(&self) -> NoteAction {
        self.action
    }

    /// The reason of a note.
    #[must_use]
    pub const fn reason(&self) -> NoteReason {
        self.reason
    }

    /// Lengths before and after a cut, in Unicode code points.
    #[must_use]
    pub const fn lengths(&self) -> Option<(u32, u32)> {
        self.lengths
    }

    /// The condition of the steps that the note is about; none: all of them.
    #[must_use]
    pub const fn condition(&self) -> Option<StepCondition> {
        self.when
    }

    /// A short sentence for people, with no value of the record.
    #[must_use]
    pub fn detail(&self) -> String {
        match self.lengths {
            Some((before, after)) => format!("{}: {before} characters became {after}", self.detail),
            None => self.detail.to_owned(),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({}): {}", self.path, self.action.as_str(), self.reason.as_str(), self.detail())?;
        match self.when {
            Some(when) => write!(f, " [{}]", when.as_str()),
            None => Ok(()),
        }
    }
}

impl serde::Serialize for Note {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("field", &self.path)?;
        map.serialize_entry("action", self.action.as_str())?;
        map.serialize_entry("reason", self.reason.as_str())?;
        map.serialize_entry("detail", &self.detail())?;
        if let Some(when) = self.when {
            map.serialize_entry("when", when.as_str())?;
        }
        map.end()
    }
}
