//! Reads the wait that a server asks for, in every form that servers use.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::HttpResponse;

/// The wait that an answer asks for: its `Retry-After`, else the vendor's own header of seconds where it names one.
pub(crate) fn requested_wait(response: &HttpResponse, reset: Option<&str>, now: DateTime<Utc>) -> Option<Duration> {
    let text = response.header("retry-after").or_else(|| response.header(reset?))?;
    // A date is meant by the server's clock, which is not always ours.
    let now = response.header("date").and_then(http_date).unwrap_or(now);
    parse(text, now)
}

/// Reads seconds, also with a fraction, or one of the three date forms of HTTP. A past or negative wait is none at all.
fn parse(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        let longest = Duration::from_secs(u64::from(u32::MAX));
        return match seconds {
            s if s.is_nan() => None,
            s if s <= 0.0 => Some(Duration::ZERO),
            s => Some(Duration::try_from_secs_f64(s).map_or(longest, |d| d.min(longest))),
        };
    }
    let at = http_date(text)?;
    Some((at - now).to_std().unwrap_or(Duration::ZERO))
}

/// The three forms of RFC 9110, section 5.6.7.
pub(crate) fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc2822(text) {
        return Some(at.with_timezone(&Utc));
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|at| at.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn now() -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn every_form_is_read() {
        let seconds = |text| parse(text, now()).map(|d| d.as_secs_f64());
        for (text, wait) in [
            ("60", Some(60.0)),
            (" 1.5 ", Some(1.5)),
            ("0", Some(0.0)),
            ("-5", Some(0.0)),
            ("1e3", Some(1000.0)),
            ("Sun, 01 Mar 2026 12:00:30 GMT", Some(30.0)),
            ("Sunday, 01-Mar-26 12:00:30 GMT", Some(30.0)),
            ("Sun Mar  1 12:00:30 2026", Some(30.0)),
            ("Sun, 01 Mar 2026 11:59:00 GMT", Some(0.0)),
            ("soon", None),
            ("", None),
            ("NaN", None),
            ("inf", Some(f64::from(u32::MAX))),
            ("99999999999999999999", Some(f64::from(u32::MAX))),
        ] {
            assert_eq!(seconds(text), wait, "{text:?}");
        }
    }

    #[test]
    fn a_date_is_read_by_the_servers_own_clock() {
        let mut response = HttpResponse::new(StatusCode::TOO_MANY_REQUESTS, "");
        response.headers.insert("date", "Sun, 01 Mar 2026 15:00:00 GMT".parse().unwrap());
        response.headers.insert("retry-after", "Sun, 01 Mar 2026 15:00:09 GMT".parse().unwrap());
        assert_eq!(requested_wait(&response, None, now()), Some(Duration::from_secs(9)));
    }

    #[test]
    fn the_vendors_own_header_counts_where_retry_after_is_absent() {
        let mut response = HttpResponse::new(StatusCode::TOO_MANY_REQUESTS, "");
        response.headers.insert("ratelimit-reset", "7".parse().unwrap());
        assert_eq!(requested_wait(&response, None, now()), None);
        assert_eq!(requested_wait(&response, Some("ratelimit-reset"), now()), Some(Duration::from_secs(7)));
        response.headers.insert("retry-after", "2".parse().unwrap());
        assert_eq!(requested_wait(&response, Some("ratelimit-reset"), now()), Some(Duration::from_secs(2)));
    }
}
