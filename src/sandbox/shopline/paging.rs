//! Lists and searches: filters, cursors and the `link` header.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use wiremock::Request;

use super::check::Fault;
use super::record::{Customer, View};
use crate::sandbox::reply::{self, Reply};

/// The parameters that a cursor carries on: with `page_info`, the first request's own count and no others (*documented*).
const LIST: [&str; 6] = ["since_id", "ids", "created_at_min", "created_at_max", "updated_at_min", "updated_at_max"];
const SEARCH: [&str; 3] = ["query_param", "query", "order"];

type Pairs = Vec<(String, String)>;

/// A place between two customers, and which way to go from there.
#[derive(Clone, Copy)]
struct Place {
    id: Option<u64>,
    back: bool,
}

/// Answers the list (oldest first, which `since_id` suggests, *inferred*) or the search (newest first, *documented*).
pub(super) fn page(customers: &BTreeMap<u64, Customer>, request: &Request, newest_first: bool) -> Result<Reply, Fault> {
    let query = reply::query(request);
    let limit = match reply::param(&query, "limit") {
        None => 50,
        Some(text) => match text.parse::<usize>() {
            Ok(limit) if (1..=250).contains(&limit) => limit,
            Ok(_) => return Err(Fault::value("query.limit", "must be 1 to 250")),
            Err(_) => return Err(Fault::new(400, "query.limit:must be an integer")),
        },
    };
    let known: &[&str] = if newest_first { &SEARCH } else { &LIST };
    let (filters, place) = match reply::param(&query, "page_info") {
        Some(cursor) => read_cursor(cursor).ok_or_else(|| Fault::value("query.page_info", "is not a cursor"))?,
        None => {
            let filters: Pairs = query.iter().filter(|(key, _)| known.contains(&key.as_str())).cloned().collect();
            let since = reply::param(&filters, "since_id").map(|id| number(id, "query.since_id")).transpose()?;
            (filters, Place { id: since, back: false })
        }
    };
    let filter = Filter::new(&filters)?;
    let walk = |place: Place| {
        // Going back in one order is going on in the other.
        let down = newest_first != place.back;
        let (low, high) = match place.id {
            Some(id) if down => (0, id),
            Some(id) => (id.saturating_add(1), u64::MAX),
            None => (0, u64::MAX),
        };
        let range = customers.range(low..high).map(|(_, customer)| customer);
        let range: Box<dyn Iterator<Item = &Customer>> = if down { Box::new(range.rev()) } else { Box::new(range) };
        range.filter(|customer| filter.takes(customer))
    };
    let mut found: Vec<&Customer> = walk(place).take(limit).collect();
    if place.back {
        found.reverse();
    }
    let fields = reply::param(&query, "fields");
    let shown: Vec<Value> = found.iter().map(|customer| select(customer.show(View::Listed), fields)).collect();
    let mut links = Vec::new();
    for (end, back, rel) in [(found.first(), true, "previous"), (found.last(), false, "next")] {
        let Some(end) = end else { continue };
        let place = Place { id: Some(end.id), back };
        if walk(place).next().is_some() {
            let (host, path) = (reply::header(request, "host").unwrap_or("localhost"), request.url.path());
            let cursor = write_cursor(&filters, place);
            links.push(format!("<http://{host}{path}?limit={limit}&page_info={cursor}>; rel=\"{rel}\""));
        }
    }
    let answer = reply::json(200, json!({ "customers": shown }));
    Ok(if links.is_empty() { answer } else { answer.with_header("link", links.join(", ")) })
}

/// Keeps the top-level keys that `fields` names.
pub(super) fn select(mut shown: Value, fields: Option<&str>) -> Value {
    if let (Value::Object(map), Some(fields)) = (&mut shown, fields) {
        map.retain(|key, _| fields.split(',').any(|field| field.trim() == key));
    }
    shown
}

fn number(text: &str, path: &str) -> Result<u64, Fault> {
    text.parse().map_err(|_| Fault::value(path, "is not a customer id"))
}

#[derive(Default)]
struct Filter {
    ids: Option<Vec<u64>>,
    needle: Option<String>,
    exact: Vec<(&'static str, String)>,
    created: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    updated: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
}

impl Filter {
    fn new(pairs: &Pairs) -> Result<Self, Fault> {
        let time = |name: &str| match reply::param(pairs, name) {
            None => Ok(None),
            Some(text) => match reply::moment(text) {
                None => Err(Fault::value(&format!("query.{name}"), "must be a time in ISO 8601 with an offset")),
                found => Ok(found),
            },
        };
        let mut filter = Self {
            created: (time("created_at_min")?, time("created_at_max")?),
            updated: (time("updated_at_min")?, time("updated_at_max")?),
            ..Self::default()
        };
        if let Some(ids) = reply::param(pairs, "ids") {
            // "Maximum length: 64" is read as that of the whole string.
            if ids.chars().count() > 64 {
                return Err(Fault::value("query.ids", "is too long"));
            }
            filter.ids = Some(ids.split(',').filter_map(|id| id.trim().parse().ok()).collect());
        }
        if let Some(needle) = reply::param(pairs, "query_param") {
            if needle.chars().count() > 50 {
                return Err(Fault::value("query.query_param", "is too long"));
            }
            filter.needle = Some(needle.to_lowercase());
        }
        for criterion in reply::param(pairs, "query").into_iter().flat_map(|query| query.split(';')) {
            let (name, wanted) = criterion.split_once(':').unwrap_or((criterion, ""));
            let key = criterion_key(name.trim())
                .ok_or_else(|| Fault::value("query.query", "names a field that cannot be searched"))?;
            filter.exact.push((key, wanted.trim().to_owned()));
        }
        if !matches!(reply::param(pairs, "order"), None | Some("0" | "1" | "2" | "3")) {
            return Err(Fault::value("query.order", "must be 0 to 3"));
        }
        Ok(filter)
    }

    fn takes(&self, customer: &Customer) -> bool {
        let within = |time: DateTime<Utc>, (low, high): (Option<DateTime<Utc>>, Option<DateTime<Utc>>)| {
            low.is_none_or(|low| time >= low) && high.is_none_or(|high| time <= high)
        };
        self.ids.as_ref().is_none_or(|ids| ids.contains(&customer.id))
            && self.needle.as_ref().is_none_or(|needle| customer.contains(needle))
            && within(customer.created, self.created)
            && within(customer.updated, self.updated)
            && (self.exact.is_empty() || self.matches(&customer.show(View::Read)))
    }

    fn matches(&self, shown: &Value) -> bool {
        self.exact.iter().all(|(key, wanted)| match shown.get(key) {
            Some(Value::String(text)) if *key == "tags" => text.split(',').any(|tag| tag.trim() == wanted),
            Some(Value::String(text)) => text == wanted,
            Some(Value::Null) | None => false,
            Some(other) => serde_json::from_str::<Value>(wanted).is_ok_and(|wanted| wanted == *other),
        })
    }
}

/// The criteria that the search documents; e-mail and phone are not among them. An order's date is never known here.
fn criterion_key(name: &str) -> Option<&'static str> {
    Some(match name {
        "accepts_marketing" => "accepts_marketing",
        "customer_date" => "created_at",
        "customer_first_name" => "first_name",
        "customer_id" => "id",
        "email_subscribe_flag" => "email_subscribe_flag",
        "order_date" => "order_date",
        "orders_count" => "orders_count",
        "state" => "state",
        "tags" => "tags",
        "total_spent" => "total_spent",
        "updated_at" => "updated_at",
        "verified_email" => "verified_email",
        _ => return None,
    })
}

/// The vendor's cursor is Base64 over JSON and opaque; this one is JSON in hexadecimal digits.
fn write_cursor(filters: &Pairs, place: Place) -> String {
    json!([filters, place.id, place.back]).to_string().bytes().fold(String::new(), |mut cursor, byte| {
        // Writing to a string cannot fail.
        let _ = write!(cursor, "{byte:02x}");
        cursor
    })
}

fn read_cursor(cursor: &str) -> Option<(Pairs, Place)> {
    let bytes: Option<Vec<u8>> =
        cursor.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    let (filters, id, back) = serde_json::from_slice(&bytes?).ok()?;
    Some((filters, Place { id, back }))
}
