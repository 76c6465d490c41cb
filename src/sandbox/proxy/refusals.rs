//! Builds the answers of injected faults: 429, server errors, redirects, and spoilt copies of a stand-in's answer.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use serde_json::Value;

use super::wire::Answer;
use crate::sandbox::faults::{ErrorBody, RetryAfter};
use crate::sandbox::stand_in::StandIn;

fn answer(status: u16, mime: &str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Answer { status, headers: HeaderMap::new(), body: body.into() };
    answer.set("content-type", mime);
    answer
}

fn json_answer(status: u16, body: &Value) -> Answer {
    answer(status, "application/json", body.to_string())
}

/// 429. `Date` holds the moment of the answer, which dates in `Retry-After` count from.
pub(super) fn limited(stand_in: &dyn StandIn, after: RetryAfter, now: DateTime<Utc>) -> Answer {
    let mut answer = json_answer(429, &stand_in.error_body(429));
    set_date(&mut answer, now);
    let at = |seconds: u32| now + TimeDelta::seconds(i64::from(seconds));
    let text = match after {
        RetryAfter::Absent => return answer,
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Fraction(millis) => format!("{}.{:03}", millis / 1000, millis % 1000),
        RetryAfter::Date(seconds) => imf(at(seconds)),
        RetryAfter::Rfc850Date(seconds) => at(seconds).format("%A, %d-%b-%y %H:%M:%S GMT").to_string(),
        RetryAfter::AsctimeDate(seconds) => at(seconds).format("%a %b %e %H:%M:%S %Y").to_string(),
    };
    answer.set("retry-after", &text);
    answer
}

/// Sets the moment at which the vendor answers.
pub(super) fn set_date(answer: &mut Answer, now: DateTime<Utc>) {
    answer.set("date", &imf(now));
}

fn imf(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// 429 of a vendor whose documented limit is exceeded, with the headers in which that vendor says how long to wait.
pub(super) fn exceeded(stand_in: &dyn StandIn, seconds: u64, now: DateTime<Utc>) -> Answer {
    let mut answer = limited(stand_in, RetryAfter::Absent, now);
    for (name, value) in stand_in.wait_headers(seconds) {
        answer.set(name, &value);
    }
    answer
}

/// An error of the server.
pub(super) fn broken(stand_in: &dyn StandIn, status: u16, body: ErrorBody) -> Answer {
    match body {
        ErrorBody::Vendor => json_answer(status, &stand_in.error_body(status)),
        ErrorBody::Html => answer(status, "text/html", format!("<html><body><h1>{status}</h1></body></html>")),
        ErrorBody::Empty => Answer { status, headers: HeaderMap::new(), body: Bytes::new() },
    }
}

/// A 200 that reports an error.
pub(super) fn error_inside(stand_in: &dyn StandIn) -> Answer {
    json_answer(200, &stand_in.error_inside())
}

/// A redirect.
pub(super) fn redirect(status: u16, location: &str) -> Answer {
    let mut answer = Answer { status, headers: HeaderMap::new(), body: Bytes::new() };
    answer.set("location", location);
    answer
}

/// The answer with bytes in the middle of its body that are not UTF-8.
pub(super) fn spoilt(mut answer: Answer) -> Answer {
    let mut body = answer.body.to_vec();
    body.splice(body.len() / 2..body.len() / 2, [0xff, 0xfe, 0xc0]);
    answer.body = body.into();
    answer
}

/// The answer with the first half of its body.
pub(super) fn halved(mut answer: Answer) -> Answer {
    answer.body.truncate(answer.body.len() / 2);
    answer
}
