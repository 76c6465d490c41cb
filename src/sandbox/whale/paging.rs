//! Pages of the lists: parameters, order and cursors.
//!
//! Envelope and `next_cursor` are *documented*; how the cursor is sent back is *unknown*. It is taken as `cursor`, and
//! an object's id as `starting_after`, which the vendor's own kit sends elsewhere. Limits are those of sibling lists.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{Failure, Outcome, Query, Reply};

/// One object of a list: what it is sorted by, its id, which parts equals, and what its row is made from.
pub(super) struct Entry<'a, T> {
    pub(super) sort: &'a Value,
    pub(super) id: Cow<'a, str>,
    pub(super) item: T,
}

enum Start {
    First,
    AfterId(String),
    /// After a position in the order, whose object may have been deleted since.
    After {
        sort: Value,
        id: String,
    },
}

/// Which page is asked for.
pub(super) struct Paging {
    limit: usize,
    descending: bool,
    start: Start,
}

impl Paging {
    /// Reads the page of a list that knows these parameters beside those of paging. Any other is refused: a filter that
    /// is ignored returns all customers.
    pub(super) fn of(query: &Query, known: &[&str], descending: bool) -> Result<Self, Failure> {
        let known = [known, &["limit", "cursor", "starting_after"]].concat();
        if let Some(name) = query.unknown(&known) {
            return Err(Failure::unknown(name));
        }
        let limit = match query.first("limit").map(str::parse::<usize>) {
            None => 25,
            Some(Ok(limit @ 1..=100)) => limit,
            Some(_) => return Err(Failure::invalid(Some("limit"), "limit must be between 1 and 100")),
        };
        let start = match (query.first("cursor"), query.first("starting_after")) {
            (None, None) => Start::First,
            (None, Some(id)) => Start::AfterId(id.to_owned()),
            (Some(cursor), None) => read_cursor(cursor)?,
            (Some(_), Some(_)) => {
                return Err(Failure::invalid(Some("cursor"), "cursor and starting_after exclude each other"));
            }
        };
        Ok(Self { limit, descending, start })
    }

    /// Sorts, and answers the page.
    pub(super) fn answer<T>(&self, mut entries: Vec<Entry<'_, T>>, row: impl Fn(&T) -> Value) -> Outcome {
        entries.sort_by(|one, other| self.order((one.sort, &one.id), (other.sort, &other.id)));
        let start = match &self.start {
            Start::First => 0,
            Start::AfterId(id) => match entries.iter().position(|entry| entry.id == *id) {
                Some(place) => place + 1,
                None => return Err(Failure::invalid(Some("starting_after"), "no such object in this list")),
            },
            Start::After { sort, id } => {
                entries.partition_point(|entry| self.order((entry.sort, &entry.id), (sort, id)).is_le())
            }
        };
        let rest = entries.get(start..).unwrap_or_default();
        let page = rest.get(..self.limit).unwrap_or(rest);
        let has_more = rest.len() > page.len();
        // The vendor writes base64 of such JSON; both are opaque, and both need encoding in a URL.
        let cursor = |entry: &Entry<'_, T>| json!({"id": entry.id, "sort": entry.sort}).to_string();
        let next_cursor = page.last().filter(|_| has_more).map(cursor);
        let data: Vec<Value> = page.iter().map(|entry| row(&entry.item)).collect();
        Ok(Reply::json(200, json!({"object": "list", "data": data, "has_more": has_more, "next_cursor": next_cursor})))
    }

    fn order(&self, one: (&Value, &str), other: (&Value, &str)) -> Ordering {
        let ascending = by_value(one.0, other.0).then_with(|| one.1.cmp(other.1));
        if self.descending { ascending.reverse() } else { ascending }
    }
}

fn read_cursor(cursor: &str) -> Result<Start, Failure> {
    let read = || -> Option<Start> {
        let cursor: Value = serde_json::from_str(cursor).ok()?;
        Some(Start::After { sort: cursor.get("sort")?.clone(), id: cursor.get("id")?.as_str()?.to_owned() })
    };
    read().ok_or_else(|| Failure::invalid(Some("cursor"), "cursor is invalid"))
}

/// Nothing before numbers before texts.
fn by_value(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.cmp(other),
        _ => match (one.as_f64(), other.as_f64()) {
            (Some(one), Some(other)) => one.total_cmp(&other),
            _ => class(one).cmp(&class(other)),
        },
    }
}

fn class(value: &Value) -> u8 {
    match value {
        Value::Number(_) => 1,
        Value::String(_) => 2,
        _ => 0,
    }
}
