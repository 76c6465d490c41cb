//! The activity of a customer: the events of the timeline, and notes.

use chrono::{DateTime, FixedOffset};

use super::super::request::{ActivityKind, CustomerId, NoteId};
use super::fields::keyed_record;
use crate::customer::Decimal;

keyed_record! {
    /// One event of a customer's timeline. The fields of a kind that is not documented are in [`raw`](Self::raw).
    ActivityRecord {
        /// What happened.
        kind: Option<ActivityKind> = value("type", "activity_type"),
        /// What happened, in the vendor's words.
        title: Option<String> = value("title", "description"),
        /// When.
        occurred_at: Option<DateTime<FixedOffset>> = value("occurred_at", "created_at"),
        /// Of an order: its money, in major units (documented).
        amount: Option<Decimal> = value("amount"),
        /// Of an e-mail: the campaign (documented).
        campaign_id: Option<String> = value("campaign_id"),
        /// Of a page: where the customer came from (documented).
        referrer: Option<String> = value("referrer"),
        /// Of a talk with support: who answered (documented).
        agent: Option<String> = value("agent"),
        /// Id of the event. No sample has one; a table of the vendor does (seen).
        id: Option<String> = value("id"),
    }
}

keyed_record! {
    /// A note on a customer. The vendor documents the endpoints and no body: every field is seen in a table of the vendor,
    /// or inferred.
    NoteRecord {
        /// The vendor's id.
        id: Option<NoteId> = value("id"),
        /// The customer.
        customer_id: Option<CustomerId> = value("customer_id"),
        /// The text, under `note`, `content`, `body` or `text`.
        text: Option<String> = value("note", "content", "body", "text"),
        /// Who wrote it, under `created_by`, `author` or `author_id`.
        author: Option<String> = value("created_by", "author", "author_id"),
        /// When it was written.
        created_at: Option<DateTime<FixedOffset>> = value("created_at"),
        /// When it was last changed.
        updated_at: Option<DateTime<FixedOffset>> = value("updated_at"),
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
        assert_eq!(event.kind, Some(ActivityKind::Other("loyalty_redeemed".into())));
        let raw = |key: &str| event.raw.get(key).unwrap();
        assert_eq!((raw("deep").as_str(), raw("points").as_str()), (r#"{"a":[1.50]}"#, "100.10"));
        assert!(!format!("{event:?}").contains("Redeemed"));
        let other: ActivityRecord = serde_json::from_str(
            r#"{"activity_type":"order","description":"x","created_at":"2026-01-30T09:00:00Z","amount":"40.00","type":null}"#,
        )
        .unwrap();
        assert_eq!((other.kind, other.title.as_deref()), (Some(ActivityKind::Order), Some("x")));
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
