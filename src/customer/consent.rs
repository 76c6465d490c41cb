//! Consent to marketing.

use std::fmt;

use chrono::{DateTime, FixedOffset};

use super::field::ConsentField;
use super::text;
use super::vocabulary::{ConsentState, OptInLevel};

/// What is known of a person's consent to marketing on one channel.
///
/// A consent without a [`state`](Self::state) is unknown, whatever else it holds, and is never sent as a yes.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Consent {
    /// Yes, no, never asked, or open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<ConsentState>,
    /// How the yes was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opt_in_level: Option<OptInLevel>,
    /// Where it was given, such as `checkout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "super::time::as_rfc3339")]
    pub updated_at: Option<DateTime<FixedOffset>>,
}

impl Consent {
    /// A consent in this state.
    #[must_use]
    pub fn new(state: ConsentState) -> Self {
        Self { state: Some(state), ..Self::default() }
    }

    /// Sets [`opt_in_level`](Self#structfield.opt_in_level).
    #[must_use]
    pub fn opt_in_level(mut self, level: OptInLevel) -> Self {
        self.opt_in_level = Some(level);
        self
    }

    /// Sets [`source`](Self#structfield.source).
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Sets [`updated_at`](Self#structfield.updated_at).
    #[must_use]
    pub fn updated_at(mut self, at: DateTime<FixedOffset>) -> Self {
        self.updated_at = Some(at);
        self
    }

    /// Where it was given, unless that is blank.
    pub(crate) fn source_text(&self) -> Option<&str> {
        text(&self.source)
    }

    /// Whether a field is set.
    #[must_use]
    pub fn is_set(&self, field: ConsentField) -> bool {
        match field {
            ConsentField::State => self.state.is_some(),
            ConsentField::OptInLevel => self.opt_in_level.is_some(),
            ConsentField::Source => self.source_text().is_some(),
            ConsentField::UpdatedAt => self.updated_at.is_some(),
        }
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !ConsentField::ALL.iter().any(|field| self.is_set(*field))
    }
}

/// Shows the state and which other fields are set.
impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consent")
            .field("state", &self.state)
            .field("opt_in_level", &self.opt_in_level)
            .finish_non_exhaustive()
    }
}
