//! The inputs that requests send: the bodies of requests, borrowing from the record; ids, and open sets of words.

mod customer;
mod segment;
mod words;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

pub(super) use customer::EXTERNAL_ID_KEY;
pub use customer::{AddressInput, Change, CustomerInput, Metadata, MetadataValue};
pub use segment::{Rule, Rules, SegmentInput};
pub use words::{
    ActivityKind, CustomerId, CustomerSort, NoteId, Operator, RemovalKind, RemovalRequestId, RemovalStatus, SegmentId,
    SegmentKind,
};

use crate::client::json::object::object;
use crate::client::json::value::Value;
use crate::client::{
    RawJson,
    validate::{Origin, Validation},
};
use crate::error::Error;

/// The values of an object by their keys, as they came.
pub(super) type RawMap = BTreeMap<String, RawJson>;

impl Value for RawMap {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        let map: BTreeMap<String, &RawValue> = object(raw.get().as_bytes())?;
        Some(map.into_iter().map(|(key, value)| (key, RawJson::new(value.get()))).collect())
    }
}

/// JSON as it came, for a serializer.
fn raw_value<E: serde::ser::Error>(raw: &RawJson) -> Result<&RawValue, E> {
    serde_json::from_str(raw.as_str()).map_err(E::custom)
}

/// A note to be written.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NoteInput<'a> {
    /// The text. Its key is [`Assumptions::note_key`](super::Assumptions::note_key).
    pub text: Cow<'a, str>,
    /// Who writes it, as `created_by` (seen in a table of the vendor, whose default is `agent`).
    pub author: Option<Cow<'a, str>>,
}

impl<'a> NoteInput<'a> {
    /// A note with this text.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), author: None }
    }

    /// Says who writes it.
    #[must_use]
    pub fn author(mut self, author: impl Into<Cow<'a, str>>) -> Self {
        self.author = Some(author.into());
        self
    }

    pub(super) fn validate(&self, origin: impl Into<Origin>) -> Result<(), Error> {
        let mut problems = Validation::new(origin);
        problems.check(!self.text.trim().is_empty(), "text", "must not be empty");
        problems.finish()
    }
}

/// Shows no text: it is about a person.
impl fmt::Debug for NoteInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteInput").finish_non_exhaustive()
    }
}

/// A note with the key of its text, as it is written.
pub(super) struct KeyedNote<'a> {
    pub(super) key: &'a str,
    pub(super) input: &'a NoteInput<'a>,
}

impl Serialize for KeyedNote<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.key, &self.input.text)?;
        if let Some(author) = &self.input.author {
            map.serialize_entry("created_by", author)?;
        }
        map.end()
    }
}

/// The body of an erasure: `POST customers/{id}/removal-request` (documented).
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ErasureInput<'a> {
    /// Why, in the caller's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
    /// Whether the vendor notifies the person. What happens where it is left out is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_customer: Option<bool>,
}

/// Shows no reason: it may name the person.
impl fmt::Debug for ErasureInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErasureInput").field("notify_customer", &self.notify_customer).finish_non_exhaustive()
    }
}

/// The body of an export: `POST customers/{id}/removal-request` (documented).
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ExportInput<'a> {
    /// The form of the archive: `json` (documented); others are unknown. Left out, the vendor chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Cow<'a, str>>,
}

impl ExportInput<'_> {
    /// An archive in JSON.
    #[must_use]
    pub const fn json() -> Self {
        Self { format: Some(Cow::Borrowed("json")) }
    }
}

/// A request with its type, as it is written.
#[derive(serde::Serialize)]
pub(super) struct Typed<'a, T> {
    #[serde(rename = "type")]
    pub(super) kind: RemovalKind,
    #[serde(flatten)]
    pub(super) input: &'a T,
}
