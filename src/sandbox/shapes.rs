//! What a vendor's refusals look like that no record provokes: too many requests, a breakdown, a success that is none.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use serde_json::{Value, json};

use super::faults::{ErrorBody, RetryAfter};
use super::front::Answer;

fn answer(status: u16, mime: &str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Answer { status, headers: HeaderMap::new(), body: body.into() };
    answer.set("content-type", mime);
    answer
}

fn json_answer(status: u16, body: &Value) -> Answer {
    answer(status, "application/json", body.to_string())
}

/// The vendor's envelope of an error. Those of a 429 are *documented* for Triple Whale and SHOPLINE; for Yotpo and Whale
/// they are *inferred* (its gateway's, and its code), and for Shoplazza *unknown*: here as its other refusals are.
fn envelope(provider: &str, status: u16) -> Value {
    let limited = status == 429;
    let message = if limited { "Too many requests" } else { "Something went wrong" };
    match provider {
        "triple_whale" if limited => json!({"success": false, "message": "Rate limit exceeded. Try again later."}),
        "triple_whale" => json!({"success": false, "message": "Error processing customer"}),
        "shopline" if limited => json!({"errors": "Too many request"}),
        "shopline" => json!({"errors": message}),
        "shoplazza" => json!({"errors": [message]}),
        "yotpo" if limited => json!({"message": "API rate limit exceeded"}),
        "yotpo" => json!({"errors": [{"message": message}]}),
        _ => {
            let (kind, code) =
                if limited { ("rate_limit_error", "rate_limit_exceeded") } else { ("api_error", "internal_error") };
            json!({"error": {"type": kind, "message": message, "code": code, "param": null, "request_id": "req_fault"}})
        }
    }
}

/// 429. The moment of the answer stands in `Date`, as every server writes it: dates of `Retry-After` count from there.
pub(super) fn limited(provider: &str, after: RetryAfter, now: DateTime<Utc>) -> Answer {
    let mut answer = json_answer(429, &envelope(provider, 429));
    answer.set("date", &imf(now));
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

fn imf(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// 429 of a vendor whose own number was passed, with the header by which it tells the wait: `Retry-After` of Triple Whale
/// (*documented*) and Whale (*seen*), `RateLimit-Reset` of Yotpo (*documented*). SHOPLINE documents none, and
/// Shoplazza's is *unknown*: neither sends one here.
pub(super) fn exceeded(provider: &str, seconds: u64, now: DateTime<Utc>) -> Answer {
    let mut answer = limited(provider, RetryAfter::Absent, now);
    match provider {
        "triple_whale" | "whale" => answer.set("retry-after", &seconds.to_string()),
        "yotpo" => {
            answer.set("ratelimit-remaining", "0");
            answer.set("ratelimit-reset", &seconds.to_string());
        }
        _ => {}
    }
    answer
}

/// An error of the server.
pub(super) fn broken(provider: &str, status: u16, body: ErrorBody) -> Answer {
    match body {
        ErrorBody::Vendor => json_answer(status, &envelope(provider, status)),
        ErrorBody::Html => answer(status, "text/html", format!("<html><body><h1>{status}</h1></body></html>")),
        ErrorBody::Empty => Answer { status, headers: HeaderMap::new(), body: Bytes::new() },
    }
}

/// A 200 that carries an error: *seen* at Yotpo (`error`) and in Whale's other code, guarded against by others' clients
/// of Shoplazza, *inferred* for the two others from their envelopes.
pub(super) fn error_inside(provider: &str) -> Answer {
    let body = match provider {
        "shoplazza" => json!({"code": "PermissionDenied", "message": "Refused"}),
        "yotpo" => json!({"error": "Refused"}),
        "whale" => json!({"success": false, "error": "Refused"}),
        _ => envelope(provider, 200),
    };
    json_answer(200, &body)
}

/// A redirect.
pub(super) fn redirect(status: u16, location: &str) -> Answer {
    let mut answer = Answer { status, headers: HeaderMap::new(), body: Bytes::new() };
    answer.set("location", location);
    answer
}

/// The answer with its body made unreadable as UTF-8, in the middle.
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
