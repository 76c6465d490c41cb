//! Plans: the exact requests of an upsert, as data.

mod condition;
pub(crate) mod mapper;
pub(crate) mod matrix;
pub(crate) mod note;
pub(crate) mod outcome;

pub use condition::StepCondition;
pub use matrix::{FieldKey, FieldMatrix, FieldRule, Treatment};
pub use note::{Note, NoteAction, NoteReason};
pub use outcome::{Outcome, Upserted};

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde::ser::{SerializeMap, SerializeStruct};

use crate::client::Request;
pub(crate) use crate::client::Url;
use crate::customer::FieldPath;
use crate::provider::ProviderId;

/// One request of a plan.
///
/// A URL shows `{id}` where the value comes from an earlier answer, and so does a body where it says so.
#[derive(Clone)]
pub struct Step {
    pub(crate) when: StepCondition,
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Arc<HeaderMap>,
    pub(crate) body: Option<Bytes>,
}

impl Step {
    /// A step of a sink outside this crate. Header values marked sensitive are shown as `[redacted]`.
    #[must_use]
    pub fn new(
        when: StepCondition,
        operation: &'static str,
        method: Method,
        url: impl Into<String>,
        headers: Arc<HeaderMap>,
        body: Option<Bytes>,
    ) -> Self {
        Self { when, operation, method, url: url.into().into(), headers, body }
    }

    /// A step that sends this request under this condition.
    #[must_use]
    pub fn of(when: StepCondition, request: Request) -> Self {
        let Request { operation, url, headers, body } = request;
        Self { when, operation: operation.name(), method: operation.method().clone(), url, headers, body }
    }

    /// The condition under which it is sent.
    #[must_use]
    pub fn when(&self) -> StepCondition {
        self.when
    }

    /// Its name, such as `create_customer`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The whole URL.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The headers that the client sends, by name; credentials are shown as `[redacted]`.
    pub fn headers(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.headers.iter().map(|(name, value)| {
            let shown = if value.is_sensitive() {
                Cow::Borrowed("[redacted]")
            } else {
                String::from_utf8_lossy(value.as_bytes())
            };
            (name.as_str(), shown)
        })
    }

    /// The exact bytes of the body; none for a request without one. They hold the person's data.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }
}

/// Shows condition, operation and method: URL and body may hold the person's data.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.body.as_ref().map(Bytes::len);
        f.debug_struct("Step")
            .field("when", &self.when.as_str())
            .field("operation", &self.operation)
            .field("method", &self.method)
            .field("body_bytes", &bytes)
            .finish_non_exhaustive()
    }
}

struct Headers<'a>(&'a Step);

impl serde::Serialize for Headers<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sorted: Vec<_> = self.0.headers().collect();
        sorted.sort();
        let mut map = serializer.serialize_map(Some(sorted.len()))?;
        for (name, value) in sorted {
            map.serialize_entry(name, &value)?;
        }
        map.end()
    }
}

struct Body<'a>(&'a [u8]);

impl serde::Serialize for Body<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_slice::<&serde_json::value::RawValue>(self.0) {
            Ok(json) => json.serialize(serializer),
            Err(_) => serializer.serialize_str(&String::from_utf8_lossy(self.0)),
        }
    }
}

impl serde::Serialize for Step {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("when", self.when.as_str())?;
        map.serialize_entry("method", self.method.as_str())?;
        map.serialize_entry("url", self.url())?;
        map.serialize_entry("headers", &Headers(self))?;
        if let Some(body) = self.body() {
            map.serialize_entry("body", &Body(body))?;
        }
        map.end()
    }
}

/// What an upsert of one record at one vendor would send, in order, and what mapping did to each field.
///
/// [`CustomerSink::upsert_with`](crate::CustomerSink::upsert_with) sends exactly these bytes. A name in braces marks what
/// comes from an earlier answer, and a `PATCH` of what differs shows every field that it could carry.
///
/// Its JSON form is `{"steps":[…],"sent":[…],"notes":[…]}`.
#[derive(Clone)]
pub struct Plan {
    pub(crate) provider: ProviderId,
    pub(crate) steps: Vec<Step>,
    pub(crate) sent: Vec<FieldPath>,
    pub(crate) notes: Vec<Note>,
}

impl Plan {
    /// A plan of a sink outside this crate.
    #[must_use]
    pub fn new(provider: ProviderId, steps: Vec<Step>, sent: Vec<FieldPath>, notes: Vec<Note>) -> Self {
        Self { provider, steps, sent, notes }
    }

    /// The provider that it is for.
    #[must_use]
    pub fn provider(&self) -> ProviderId {
        self.provider
    }

    /// The requests, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The places whose value reaches the vendor with its meaning whole.
    #[must_use]
    pub fn sent(&self) -> &[FieldPath] {
        &self.sent
    }

    /// The notes on the other places, and on what the mapping added.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Whether the plan covers a place of the record: as sent, or in a note.
    #[must_use]
    pub fn covers(&self, place: &FieldPath) -> bool {
        self.sent.iter().any(|path| path.covers(place)) || self.notes.iter().any(|note| note.path().covers(place))
    }
}

/// Shows the steps' names and the number of notes: the rest may hold the person's data.
impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("provider", &self.provider)
            .field("steps", &self.steps)
            .field("notes", &self.notes.len())
            .finish_non_exhaustive()
    }
}

impl serde::Serialize for Plan {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Plan", 3)?;
        out.serialize_field("steps", &self.steps)?;
        out.serialize_field("sent", &self.sent)?;
        out.serialize_field("notes", &self.notes)?;
        out.end()
    }
}
