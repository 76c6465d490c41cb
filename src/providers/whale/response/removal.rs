//! Requests to erase or export a person's data.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::de::{Deserialize, Deserializer};

use super::super::request::{CustomerId, RemovalKind, RemovalRequestId, RemovalStatus};
use super::fields::{Fields, RawMap};

/// A request to erase or export a person's data, as the vendor took it (documented). There is no call that reads one:
/// its end is told by a [webhook](super::webhook) only.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct RemovalRequestRecord {
    /// The vendor's id of the request.
    pub id: Option<RemovalRequestId>,
    /// The customer.
    pub customer_id: Option<CustomerId>,
    /// Erasure or export.
    pub kind: Option<RemovalKind>,
    /// `pending` as a rule; the other words are inferred.
    pub status: Option<RemovalStatus>,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// Of an export: the form of the archive (inferred in answers).
    pub format: Option<String>,
    /// Whether the vendor tells the person (inferred in answers).
    pub notify_customer: Option<bool>,
    /// When the vendor expects to be done.
    pub estimated_completion: Option<DateTime<FixedOffset>>,
    /// When the request was taken.
    pub created_at: Option<DateTime<FixedOffset>>,
    /// When it was done (inferred).
    pub completed_at: Option<DateTime<FixedOffset>>,
    /// Of an export that is done: where the archive stands. How long, and whether it is open to all, is unknown: keep it
    /// secret, and send no API key there.
    pub download_url: Option<String>,
    /// Every other key, as it came.
    pub extra: RawMap,
}

impl<'de> Deserialize<'de> for RemovalRequestRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::deserialize(deserializer)?;
        Ok(Self {
            id: fields.value(&["id", "request_id"]),
            customer_id: fields.value(&["customer_id"]),
            kind: fields.value(&["type"]),
            status: fields.value(&["status"]),
            reason: fields.text(&["reason"]),
            format: fields.text(&["format"]),
            notify_customer: fields.bool("notify_customer"),
            estimated_completion: fields.time(&["estimated_completion"]),
            created_at: fields.time(&["created_at"]),
            completed_at: fields.time(&["completed_at"]),
            download_url: fields.text(&["download_url"]).filter(|url| !url.trim().is_empty()),
            extra: fields.0,
        })
    }
}

/// Shows ids, kind and status.
impl fmt::Debug for RemovalRequestRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemovalRequestRecord")
            .field("id", &self.id)
            .field("customer_id", &self.customer_id)
            .field("kind", &self.kind)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
