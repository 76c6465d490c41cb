//! Pages: the window of a list, its cursor, and its bounds in time.

use chrono::{DateTime, Utc};

use super::version::{Fault, Version};
use crate::sandbox::reply;

/// Inclusive at both ends.
pub(super) fn within(time: DateTime<Utc>, (low, high): (Option<DateTime<Utc>>, Option<DateTime<Utc>>)) -> bool {
    low.is_none_or(|low| time >= low) && high.is_none_or(|high| time <= high)
}

/// How many rows, and from where: rows to skip in 2022-01, the place that a cursor names later. Default and limit are
/// *documented*; that more is refused, and not cut, is *unknown*.
pub(super) fn window(version: Version, query: &[(String, String)]) -> Result<(usize, u64), Fault> {
    let (size, place) = match version {
        Version::First => ("limit", "page"),
        Version::Later => ("page_size", "cursor"),
    };
    let wrong = |name: &str| Fault::Invalid(vec![format!("{name} is invalid")]);
    let limit = match reply::param(query, size) {
        None => 10,
        Some(text) => text.parse().ok().filter(|limit| (1..=250).contains(limit)).ok_or_else(|| wrong(size))?,
    };
    let start = match (version, reply::param(query, place)) {
        (_, None) => 0,
        (Version::First, Some(page)) => {
            let page = page.parse::<u64>().ok().filter(|page| *page > 0).ok_or_else(|| wrong(place))?;
            (page - 1).saturating_mul(limit as u64)
        }
        (Version::Later, Some(text)) => text
            .strip_prefix("fake")
            .and_then(|place| u64::from_str_radix(place, 16).ok())
            .ok_or_else(|| wrong(place))?,
    };
    Ok((limit, start))
}

/// Opaque to a client.
pub(super) fn cursor(place: u64) -> String {
    format!("fake{place:016x}")
}
