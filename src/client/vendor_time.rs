//! The start of a call by the vendor's clock, for comparison with a record's creation time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::retry_after::http_date;
use super::transport::HttpResponse;

/// The earliest moment, by the vendor's clock, at which a call can have begun. The vendor's clock is read from the `Date`
/// headers of the call's answers; without one, nothing is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct VendorTime(Option<DateTime<Utc>>);

impl VendorTime {
    /// Takes in an answer that arrived so long after the call began.
    pub(super) fn note(&mut self, response: &HttpResponse, since_start: Duration) {
        let Some(date) = response.header("date").and_then(http_date) else { return };
        let began = TimeDelta::from_std(since_start).ok().and_then(|since| date.checked_sub_signed(since));
        // Each estimate is early, by the time that the answer travelled: the latest is the closest.
        self.0 = self.0.max(began);
    }

    /// Whether a record with this creation time was created since the call began.
    pub(super) fn is_since(self, created_at: DateTime<Utc>) -> bool {
        // Vendors write whole seconds: such a time means any moment of its second.
        let is_whole = created_at.timestamp_subsec_nanos() == 0;
        let latest = if is_whole { created_at + TimeDelta::milliseconds(999) } else { created_at };
        self.0.is_some_and(|began| latest >= began)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn answer(date: &'static str) -> HttpResponse {
        let mut response = HttpResponse::new(StatusCode::OK, "");
        response.headers.insert("date", HeaderValue::from_static(date));
        response
    }

    #[test]
    fn only_what_was_created_since_the_start_counts() {
        let mut time = VendorTime::default();
        assert!(!time.is_since(at("2026-03-01T12:00:30Z")), "without a Date nothing is known");
        time.note(&HttpResponse::new(StatusCode::OK, ""), Duration::ZERO);
        assert!(!time.is_since(at("2026-03-01T12:00:30Z")));
        // Thirty seconds after the start the vendor's clock shows 12:00:40: the call began at 12:00:10 there.
        time.note(&answer("Sun, 01 Mar 2026 12:00:40 GMT"), Duration::from_secs(30));
        for since in
            ["2026-03-01T12:00:10Z", "2026-03-01T12:00:11Z", "2026-03-01T12:00:10.001Z", "2026-03-01T14:00:40Z"]
        {
            assert!(time.is_since(at(since)), "{since}");
        }
        for before in ["2026-03-01T12:00:09Z", "2026-03-01T12:00:09.999Z", "2025-03-01T12:00:40Z"] {
            assert!(!time.is_since(at(before)), "{before}");
        }
    }

    #[test]
    fn the_closest_estimate_counts_and_an_unreadable_date_does_not() {
        let mut time = VendorTime::default();
        time.note(&answer("Sun, 01 Mar 2026 12:00:40 GMT"), Duration::from_secs(30));
        // A slow answer: it was written long before it arrived.
        time.note(&answer("Sun, 01 Mar 2026 12:00:41 GMT"), Duration::from_secs(60));
        time.note(&answer("yesterday"), Duration::ZERO);
        assert!(!time.is_since(at("2026-03-01T12:00:09Z")) && time.is_since(at("2026-03-01T12:00:10Z")));
    }
}
