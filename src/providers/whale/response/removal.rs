//! Requests to erase or export a person's data.

use chrono::{DateTime, FixedOffset};

use super::super::request::{CustomerId, RemovalKind, RemovalRequestId, RemovalStatus};
use super::fields::keyed_record;
use crate::client::json::raw::Members;

impl Members<'_> {
    fn link(&self, keys: &[&str]) -> Option<String> {
        self.value(keys).filter(|url: &String| !url.trim().is_empty())
    }
}

keyed_record! {
    /// A request to erase or export a person's data, as the vendor took it (documented). There is no call that reads one:
    /// its end is reported by a [webhook](crate::providers::whale::webhook) only.
    RemovalRequestRecord {
        /// The vendor's id of the request.
        id: Option<RemovalRequestId> = value("id", "request_id"),
        /// The customer.
        customer_id: Option<CustomerId> = value("customer_id"),
        /// Erasure or export.
        kind: Option<RemovalKind> = value("type"),
        /// `pending` as a rule; the other words are inferred.
        status: Option<RemovalStatus> = value("status"),
        /// Why, in the caller's words.
        reason: Option<String> = value("reason"),
        /// Of an export: the form of the archive (inferred in answers).
        format: Option<String> = value("format"),
        /// Whether the vendor notifies the person (inferred in answers).
        notify_customer: Option<bool> = value("notify_customer"),
        /// When the vendor expects to be done.
        estimated_completion: Option<DateTime<FixedOffset>> = value("estimated_completion"),
        /// When the request was taken.
        created_at: Option<DateTime<FixedOffset>> = value("created_at"),
        /// When it was done (inferred).
        completed_at: Option<DateTime<FixedOffset>> = value("completed_at"),
        /// Of an export that is done: the address of the archive. How long it works, and whether it needs a credential, is unknown: keep it
        /// secret, and send no API key there.
        download_url: Option<String> = link("download_url"),
    }
}
