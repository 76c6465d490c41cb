//! The Whale stand-in: customers, their metrics, activity and notes, segments, and removal requests with their webhooks.
//!
//! The methods for tests: [`set_whale_removal_time`](crate::sandbox::Sandbox::set_whale_removal_time) and
//! [`complete_whale_removals`](crate::sandbox::Sandbox::complete_whale_removals) complete removal requests,
//! [`set_whale_webhook_url`](crate::sandbox::Sandbox::set_whale_webhook_url) sends the signed webhooks to an endpoint of
//! yours, and [`settle_whale_removals`](crate::sandbox::Sandbox::settle_whale_removals) waits for its answers.
//!
//! Only paths, request and answer samples are *documented*; statuses and most of the semantics are *inferred* from
//! sibling resources and marked where they are coded.

mod check;
mod control;
mod paging;
mod record;
mod removal;
mod segment_rules;
mod segments;
mod stand_in;
#[cfg(test)]
mod tests;
mod timeline;
mod webhooks;

use std::sync::Mutex;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::json;
use wiremock::Request;

pub use self::webhooks::WebhookDelivery;
use super::handle::Sandbox;
use super::reply::{Object, Query, Reply, digits, fold, header, lock, object, segments};
use super::time::Time;

/// An answer, or the refusal that becomes the error envelope.
type Outcome = Result<Reply, Failure>;

#[derive(Default)]
struct State {
    time: Time,
    requests: u64,
    removals: removal::Removals,
    people: record::People,
    segments: segments::Segments,
}

/// Whale's CRM API.
#[derive(Default)]
pub(crate) struct Whale {
    state: Mutex<State>,
    outbox: webhooks::Outbox,
}

impl Whale {
    pub(crate) fn new(time: Time) -> Self {
        Self { state: Mutex::new(State { time, ..State::default() }), ..Self::default() }
    }

    fn reply(&self, request: &Request) -> Reply {
        self.complete_due();
        let mut state = lock(&self.state);
        state.requests += 1;
        let id = format!("req_{:012x}", state.requests);
        // Every answer has a request id (*documented*); the header's name is *inferred*.
        state.route(request).unwrap_or_else(|failure| failure.reply(&id)).with_header("x-request-id", id)
    }
}

impl State {
    fn route(&mut self, request: &Request) -> Outcome {
        if header(request, "x-api-key") != Some(Sandbox::WHALE_API_KEY) {
            let message = "The API key is missing or not valid";
            return Err(Failure::new(401, "authentication_error", "invalid_api_key", None, message));
        }
        let path = segments(request);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let route = match path.as_slice() {
            ["v1", "stores", store, ..] if *store != Sandbox::WHALE_STORE_ID => {
                let message = "The API key belongs to another store";
                return Err(Failure::new(403, "store_mismatch_error", "store_mismatch", None, message));
            }
            ["v1", "stores", _, route @ ..] | ["v1", route @ ..] => route,
            _ => &[],
        };
        let (query, now) = (Query::of(request), self.time.utc());
        let body = || object(request).ok_or_else(|| Failure::invalid(None, "The body is no JSON object"));
        match (request.method.as_str(), route) {
            ("GET", ["customers"]) => {
                let members = |id: &str| {
                    let segment = self.segments.find(id).ok()?;
                    Some(move |customer: &str, record: &Object| segment.has(customer, record, now))
                };
                self.people.list(&query, members)
            }
            ("POST", ["customers"]) => self.people.create(&body()?, now),
            ("GET", ["customers", id]) => Ok(Reply::json(200, self.people.find(id)?.record.clone().into())),
            ("PATCH", ["customers", id]) => self.people.update(id, &body()?, now),
            ("DELETE", ["customers", id]) => self.people.delete(id),
            ("GET", ["customers", id, "metrics"]) => Ok(timeline::metrics(id, self.people.find(id)?, now)),
            ("GET", ["customers", id, "activity"]) => timeline::activity(self.people.find(id)?, &query),
            ("GET", ["customers", id, "notes"]) => timeline::notes(self.people.find(id)?, &query),
            ("POST", ["customers", id, "notes"]) => timeline::add_note(id, self.people.find_mut(id)?, &body()?, now),
            ("POST", ["customers", id, "removal-request"]) => {
                self.people.find(id)?;
                self.removals.file(id, &body()?, (now, self.time.passed()))
            }
            ("GET", ["customer-segments"]) => self.segments.list(&query, &self.people, now),
            ("POST", ["customer-segments"]) => self.segments.create(&body()?, &self.people, now),
            ("GET", ["customer-segments", id]) => self.segments.get(id, &self.people, now),
            ("PATCH", ["customer-segments", id]) => self.segments.update(id, &body()?, &self.people, now),
            ("DELETE", ["customer-segments", id]) => self.segments.delete(id),
            // A path or a method that is not in the table; the answer is *inferred*.
            _ => Err(Failure::new(404, "not_found_error", "resource_missing", None, "No such route")),
        }
    }
}

/// A refusal, in the vendor's terms.
#[derive(Debug)]
struct Failure {
    status: u16,
    kind: &'static str,
    code: &'static str,
    param: Option<String>,
    message: String,
}

impl Failure {
    fn new(
        status: u16,
        kind: &'static str,
        code: &'static str,
        param: Option<&str>,
        message: impl Into<String>,
    ) -> Self {
        Self { status, kind, code, param: param.map(str::to_owned), message: message.into() }
    }

    /// A fault of the request. The type is *seen*, code and status are *inferred*.
    fn invalid(param: Option<&str>, message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", "parameter_invalid", param, message)
    }

    fn missing(param: &str) -> Self {
        Self::new(400, "invalid_request_error", "parameter_missing", Some(param), format!("{param} is required"))
    }

    fn unknown(param: &str) -> Self {
        Self::new(400, "invalid_request_error", "parameter_unknown", Some(param), format!("{param} is not known"))
    }

    /// As *documented*.
    fn not_found(what: &str) -> Self {
        Self::new(404, "not_found_error", "resource_missing", Some("id"), format!("{what} not found"))
    }

    fn reply(self, request_id: &str) -> Reply {
        let Self { status, kind, code, param, message } = self;
        let error = json!({"type": kind, "message": message, "code": code, "param": param, "request_id": request_id});
        Reply::json(status, json!({"error": error}))
    }
}

/// A time as the vendor writes it. The width is fixed, so that two of them compare as text.
fn stamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A date or a time of a filter.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Some(date.and_time(NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

/// A date or a time that a list is bounded by, as a stamp.
fn bound(query: &Query, name: &str) -> Result<Option<String>, Failure> {
    let Some(text) = query.first(name) else { return Ok(None) };
    match instant(text) {
        Some(time) => Ok(Some(stamp(time))),
        None => Err(Failure::invalid(Some(name), format!("{name} must be a date or a time with an offset"))),
    }
}
