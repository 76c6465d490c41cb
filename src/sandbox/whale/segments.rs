//! Segments: dynamic ones have rules, static ones a list of customers.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::paging::{Entry, Paging};
use super::record::People;
use super::{Failure, Object, Outcome, Query, Reply, segment_rules, stamp};

/// One segment.
pub(super) struct Segment {
    record: Object,
    customer_ids: BTreeSet<String>,
}

impl Segment {
    fn rules(&self) -> Option<&[Value]> {
        self.record.get("rules").and_then(Value::as_array).map(Vec::as_slice)
    }

    /// Whether a customer is in it.
    pub(super) fn has(&self, id: &str, record: &Object, now: DateTime<Utc>) -> bool {
        match self.rules() {
            Some(rules) => segment_rules::hold(rules, record, now),
            None => self.customer_ids.contains(id),
        }
    }

    /// As the vendor shows it. Whether the ids of a static one are echoed is *unknown*; they are not.
    fn show(&self, people: &People, now: DateTime<Utc>) -> Value {
        let members = match self.rules() {
            Some(rules) => people.all().filter(|person| segment_rules::hold(rules, &person.record, now)).count(),
            // A deleted customer counts no more.
            None => self.customer_ids.iter().filter(|id| people.find(id).is_ok()).count(),
        };
        let mut shown = self.record.clone();
        shown.insert("member_count".to_owned(), json!(members));
        Value::Object(shown)
    }

    /// Writes the fields of a request. Which fields an update takes beyond rules and metadata is *inferred*; rules of a
    /// static segment and members of a dynamic one are refused.
    fn write(&mut self, body: &Object) -> Result<(), Failure> {
        let dynamic = self.record.get("type") == Some(&json!("dynamic"));
        for (name, value) in body {
            match (name.as_str(), value) {
                ("type", _) => {}
                ("name", Value::String(text)) if !text.trim().is_empty() => self.put(name, value),
                ("name", _) => return Err(Failure::invalid(Some("name"), "name must be a text that is not empty")),
                ("description" | "metadata", Value::Null) => {
                    self.record.remove(name);
                }
                ("description", Value::String(_)) | ("metadata", Value::Object(_)) => self.put(name, value),
                ("description" | "metadata", _) => {
                    return Err(Failure::invalid(Some(name), format!("{name} has the wrong type")));
                }
                ("rules", _) if dynamic => {
                    segment_rules::check(value)?;
                    self.put(name, value);
                }
                ("customer_ids", _) if !dynamic => self.customer_ids = ids(value)?,
                ("rules" | "customer_ids", _) => {
                    return Err(Failure::invalid(Some(name), format!("{name} does not go with this type of segment")));
                }
                _ => return Err(Failure::unknown(name)),
            }
        }
        Ok(())
    }

    fn put(&mut self, name: &str, value: &Value) {
        self.record.insert(name.to_owned(), value.clone());
    }
}

/// All segments of the store.
#[derive(Default)]
pub(super) struct Segments {
    created: u64,
    rows: BTreeMap<String, Segment>,
}

impl Segments {
    pub(super) fn find(&self, id: &str) -> Result<&Segment, Failure> {
        self.rows.get(id).ok_or_else(|| Failure::not_found("Segment"))
    }

    pub(super) fn get(&self, id: &str, people: &People, now: DateTime<Utc>) -> Outcome {
        Ok(Reply::json(200, self.find(id)?.show(people, now)))
    }

    /// Newest first, *inferred* like every parameter of this list.
    pub(super) fn list(&self, query: &Query, people: &People, now: DateTime<Utc>) -> Outcome {
        let paging = Paging::of(query, &[], true)?;
        let entries = self.rows.iter().map(|(id, segment)| Entry {
            sort: segment.record.get("created_at").unwrap_or(&Value::Null),
            id: Cow::Borrowed(id.as_str()),
            item: segment,
        });
        paging.answer(entries.collect(), |segment| segment.show(people, now))
    }

    pub(super) fn create(&mut self, body: &Object, people: &People, now: DateTime<Utc>) -> Outcome {
        if !body.contains_key("name") {
            return Err(Failure::missing("name"));
        }
        let content = match body.get("type").and_then(Value::as_str) {
            Some("dynamic") => "rules",
            Some("static") => "customer_ids",
            Some(_) => return Err(Failure::invalid(Some("type"), "type must be dynamic or static")),
            None => return Err(Failure::missing("type")),
        };
        if !body.contains_key(content) {
            return Err(Failure::missing(content));
        }
        let id = format!("seg_{:08x}", self.created + 1);
        let mut segment = Segment { record: Object::new(), customer_ids: BTreeSet::new() };
        for (name, value) in [
            ("id", json!(id)),
            ("object", json!("customer_segment")),
            ("type", body.get("type").cloned().unwrap_or_default()),
            ("created_at", json!(stamp(now))),
        ] {
            segment.put(name, &value);
        }
        segment.write(body)?;
        let answer = segment.show(people, now);
        self.created += 1;
        self.rows.insert(id, segment);
        Ok(Reply::json(201, answer))
    }

    pub(super) fn update(&mut self, id: &str, body: &Object, people: &People, now: DateTime<Utc>) -> Outcome {
        let held = self.find(id)?;
        if body.get("type").is_some_and(|kind| held.record.get("type") != Some(kind)) {
            return Err(Failure::invalid(Some("type"), "type cannot be changed"));
        }
        // On a copy, so that a refused request leaves nothing half written.
        let mut segment = Segment { record: held.record.clone(), customer_ids: held.customer_ids.clone() };
        segment.write(body)?;
        segment.put("updated_at", &json!(stamp(now)));
        let answer = segment.show(people, now);
        self.rows.insert(id.to_owned(), segment);
        Ok(Reply::json(200, answer))
    }

    pub(super) fn delete(&mut self, id: &str) -> Outcome {
        self.find(id)?;
        self.rows.remove(id);
        Ok(Reply::empty(204))
    }
}

/// Ids of no customer are stored and not counted: what the vendor does with them is *unknown*.
fn ids(value: &Value) -> Result<BTreeSet<String>, Failure> {
    let ids = value.as_array().and_then(|ids| ids.iter().map(|id| id.as_str().map(str::to_owned)).collect());
    ids.ok_or_else(|| Failure::invalid(Some("customer_ids"), "customer_ids must be an array of strings"))
}
