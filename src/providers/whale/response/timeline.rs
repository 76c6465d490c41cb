//! What hangs on a customer: the events of the timeline, and notes.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::de::{Deserialize, Deserializer};

use super::super::request::{ActivityKind, CustomerId, NoteId};
use super::fields::{Fields, RawMap};
use crate::customer::Decimal;

/// One event of a customer's timeline. The fields of a kind that nobody documented stand in [`extra`](Self::extra).
#[derive(Clone)]
#[non_exhaustive]
pub struct ActivityRecord {
    /// What happened.
    pub kind: ActivityKind,
    /// What happened, in the vendor's words.
    pub title: Option<String>,
    /// When.
    pub occurred_at: Option<DateTime<FixedOffset>>,
    /// Of an order: its money, in major units (documented).
    pub amount: Option<Decimal>,
    /// Of an e-mail: the campaign (documented).
    pub campaign_id: Option<String>,
    /// Of a page: where the customer came from (documented).
    pub referrer: Option<String>,
    /// Of a talk with support: who answered (documented).
    pub agent: Option<String>,
    /// Id of the event. No sample has one; a table of the vendor does (seen).
    pub id: Option<String>,
    /// Every other key, as it came.
    pub extra: RawMap,
}

impl<'de> Deserialize<'de> for ActivityRecord {
    /// Takes the names of the vendor's own table too (seen): `activity_type`, `description`, `created_at`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::deserialize(deserializer)?;
        let kind = fields.text(&["type", "activity_type"]).unwrap_or_default();
        Ok(Self {
            kind: ActivityKind::from(kind.as_str()),
            title: fields.text(&["title", "description"]),
            occurred_at: fields.time(&["occurred_at", "created_at"]),
            amount: fields.decimal("amount"),
            campaign_id: fields.text(&["campaign_id"]),
            referrer: fields.text(&["referrer"]),
            agent: fields.text(&["agent"]),
            id: fields.text(&["id"]),
            extra: fields.0,
        })
    }
}

/// Shows kind and time.
impl fmt::Debug for ActivityRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityRecord")
            .field("kind", &self.kind)
            .field("occurred_at", &self.occurred_at)
            .finish_non_exhaustive()
    }
}

/// A note on a customer. The vendor documents the endpoints and no body: every field is seen in a table of the vendor,
/// or inferred.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct NoteRecord {
    /// The vendor's id.
    pub id: Option<NoteId>,
    /// The customer.
    pub customer_id: Option<CustomerId>,
    /// The text, under `note`, `content`, `body` or `text`.
    pub text: Option<String>,
    /// Who wrote it, under `created_by`, `author` or `author_id`.
    pub author: Option<String>,
    /// When it was written.
    pub created_at: Option<DateTime<FixedOffset>>,
    /// When it was last changed.
    pub updated_at: Option<DateTime<FixedOffset>>,
    /// Every other key, as it came.
    pub extra: RawMap,
}

impl<'de> Deserialize<'de> for NoteRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::deserialize(deserializer)?;
        Ok(Self {
            id: fields.value(&["id"]),
            customer_id: fields.value(&["customer_id"]),
            text: fields.text(&["note", "content", "body", "text"]),
            author: fields.text(&["created_by", "author", "author_id"]),
            created_at: fields.time(&["created_at"]),
            updated_at: fields.time(&["updated_at"]),
            extra: fields.0,
        })
    }
}

/// Shows the ids.
impl fmt::Debug for NoteRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteRecord")
            .field("id", &self.id)
            .field("customer_id", &self.customer_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::request::{KeyedNote, NoteInput};
    use super::*;

    #[test]
    fn an_event_of_an_unknown_kind_keeps_all_that_it_says() {
        let event: ActivityRecord = serde_json::from_str(
            r#"{"type":"loyalty_redeemed","title":"Redeemed 100 points","points":100.10,"occurred_at":"2026-01-30T09:00:00Z",
            "deep":{"a":[1.50]}}"#,
        )
        .unwrap();
        assert_eq!(event.kind, ActivityKind::Other("loyalty_redeemed".into()));
        let left: Vec<_> = event.extra.iter().map(|(key, raw)| (key.as_str(), raw.get())).collect();
        assert_eq!(left, [("deep", r#"{"a":[1.50]}"#), ("points", "100.10")]);
        assert!(!format!("{event:?}").contains("Redeemed"));
        let other: ActivityRecord = serde_json::from_str(
            r#"{"activity_type":"order","description":"x","created_at":"2026-01-30T09:00:00Z","amount":"40.00","type":null}"#,
        )
        .unwrap();
        assert_eq!((other.kind, other.title.as_deref()), (ActivityKind::Order, Some("x")));
        assert_eq!(other.amount.unwrap().to_string(), "40.00");
        assert!(other.occurred_at.is_some());
    }

    #[test]
    fn a_note_is_read_under_every_key_and_written_under_one() {
        for key in ["note", "content", "body", "text"] {
            let note: NoteRecord =
                serde_json::from_str(&format!(r#"{{"id":7,"{key}":"x","author":"mike_d"}}"#)).unwrap();
            assert_eq!((note.text.as_deref(), note.author.as_deref()), (Some("x"), Some("mike_d")));
            assert_eq!(note.id.unwrap().as_str(), "7");
            let input = NoteInput::new("x").author("mike_d");
            let json = serde_json::to_string(&KeyedNote { key, input: &input }).unwrap();
            assert_eq!(json, format!(r#"{{"{key}":"x","created_by":"mike_d"}}"#));
        }
        assert!(!format!("{:?}", NoteInput::new("secret")).contains("secret"));
    }
}
