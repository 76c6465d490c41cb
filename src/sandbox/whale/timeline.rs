//! Metrics, activity and notes of one customer.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::paging::{Entry, Paging};
use super::record::Person;
use super::{Failure, Object, Outcome, Query, Reply, bound, stamp};

/// The metrics of a customer without orders, since no endpoint writes any. Zeros and nulls there are *inferred*.
pub(super) fn metrics(id: &str, person: &Person, now: DateTime<Utc>) -> Reply {
    let [orders, spent, last] = ["total_orders", "total_spent", "last_order_at"].map(|name| person.field(name));
    Reply::json(
        200,
        json!({
            "object": "customer_metrics",
            "customer_id": id,
            "rfm": {"recency_score": null, "frequency_score": null, "monetary_score": null, "segment": null},
            "lifetime_value": spent,
            "average_order_value": 0,
            "total_orders": orders,
            "total_spent": spent,
            "purchase_frequency_days": null,
            "churn_risk": null,
            "first_order_at": null,
            "last_order_at": last,
            "computed_at": stamp(now),
        }),
    )
}

/// Newest first (*documented* sample). `after` filters by date here; it is no cursor. `before` is *inferred*.
pub(super) fn activity(person: &Person, query: &Query) -> Outcome {
    let paging = Paging::of(query, &["types", "after", "before"], true)?;
    let (after, before) = (bound(query, "after")?, bound(query, "before")?);
    let types = query.list("types");
    let text = |event: &'_ Object, name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let wanted = |event: &Object| {
        let at = text(event, "occurred_at");
        (types.is_empty() || types.contains(&text(event, "type").as_str()))
            && after.as_ref().is_none_or(|after| at >= *after)
            && before.as_ref().is_none_or(|before| at < *before)
    };
    // An event shows no id; its place is one, for the cursor.
    let entries = person.events.iter().enumerate().filter(|(_, event)| wanted(event)).map(|(place, event)| Entry {
        sort: event.get("occurred_at").unwrap_or(&Value::Null),
        id: Cow::Owned(format!("{place:08x}")),
        item: event,
    });
    paging.answer(entries.collect(), |event| Value::Object((*event).clone()))
}

/// Newest first (*seen* in the vendor's other code).
pub(super) fn notes(person: &Person, query: &Query) -> Outcome {
    let paging = Paging::of(query, &[], true)?;
    let entries = person.notes.iter().map(|note| Entry {
        sort: note.get("created_at").unwrap_or(&Value::Null),
        id: Cow::Borrowed(note.get("id").and_then(Value::as_str).unwrap_or_default()),
        item: note,
    });
    paging.answer(entries.collect(), |note| Value::Object((*note).clone()))
}

/// Both bodies are *inferred* from the columns of the vendor's table.
pub(super) fn add_note(id: &str, person: &mut Person, body: &Object, now: DateTime<Utc>) -> Outcome {
    if let Some(name) = body.keys().find(|name| !["note", "created_by"].contains(&name.as_str())) {
        return Err(Failure::unknown(name));
    }
    let Some(text) = body.get("note").and_then(Value::as_str).filter(|text| !text.trim().is_empty()) else {
        return Err(Failure::missing("note"));
    };
    let author = match body.get("created_by") {
        None | Some(Value::Null) => "agent",
        Some(Value::String(author)) => author,
        Some(_) => return Err(Failure::invalid(Some("created_by"), "created_by must be a string")),
    };
    let now = stamp(now);
    let mut note = Object::new();
    // The customer's id makes the note's own unique in the store.
    let suffix = id.strip_prefix("cust_").unwrap_or(id);
    note.insert("id".to_owned(), json!(format!("note_{suffix}{:04x}", person.notes.len() + 1)));
    note.insert("object".to_owned(), json!("customer_note"));
    note.insert("customer_id".to_owned(), json!(id));
    note.insert("note".to_owned(), json!(text));
    note.insert("created_by".to_owned(), json!(author));
    note.insert("created_at".to_owned(), json!(now));
    let answer = Value::Object(note.clone());
    person.notes.push(note);
    let event = [("type", "note"), ("title", "Note added"), ("occurred_at", now.as_str())];
    person.events.push(event.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect());
    Ok(Reply::json(201, answer))
}
