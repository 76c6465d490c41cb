//! The rate-limit headers of an answer: the vendor's own count.

use std::time::{Duration, Instant};

use http::HeaderMap;

/// Names of the header that says how many requests are left, and of the one that says until when.
static NAMES: [(&str, &str); 2] =
    [("ratelimit-remaining", "ratelimit-reset"), ("x-ratelimit-remaining", "x-ratelimit-reset")];

/// The vendor's own count, as an answer reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLimitHeaders {
    /// Requests that the vendor would still take when it counted this one.
    pub(super) remaining: u32,
    /// How long that holds.
    pub(super) reset: Option<Duration>,
}

impl RateLimitHeaders {
    /// Reads `RateLimit-Remaining` and `RateLimit-Reset`, also with `X-` in front: whole numbers, and seconds. What is
    /// something else is not there.
    ///
    /// Yotpo documents them (`Reset` on a refusal at Core, on each answer at Loyalty). No other vendor is known to send
    /// them, and Triple Whale, whose `RateLimit` is another form, says that it does not.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
        NAMES.iter().find_map(|(remaining, reset)| {
            let remaining = number(remaining)?;
            Some(Self { remaining, reset: number(reset).map(|seconds| Duration::from_secs(u64::from(seconds))) })
        })
    }

    /// How long it holds, where `length` is that of the limit. A point in the calendar, or a time so long that it means
    /// another quota, is no reset of this one.
    pub(super) fn holds(self, length: Duration) -> Duration {
        let longest = length.saturating_mul(2).max(Duration::from_secs(60));
        self.reset.filter(|reset| *reset <= longest).unwrap_or(length)
    }
}

/// What may still be sent by the vendor's count, for a while.
#[derive(Debug)]
pub(super) struct Cap {
    pub(super) left: u32,
    pub(super) until: Instant,
    /// The request whose answer reported it.
    pub(super) number: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(headers: &[(&'static str, &'static str)]) -> Option<(u32, Option<u64>)> {
        let headers: HeaderMap = headers.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
        RateLimitHeaders::read(&headers).map(|told| (told.remaining, told.reset.map(|reset| reset.as_secs())))
    }

    #[test]
    fn whole_numbers_are_read_and_nothing_else() {
        assert_eq!(told(&[("RateLimit-Remaining", "3"), ("RateLimit-Reset", " 1 ")]), Some((3, Some(1))));
        assert_eq!(told(&[("X-RateLimit-Remaining", "0")]), Some((0, None)));
        assert_eq!(told(&[("x-ratelimit-remaining", "9"), ("ratelimit-remaining", "2")]), Some((2, None)));
        for text in ["-1", "2.5", "8/60", "many", "", "99999999999"] {
            assert_eq!(told(&[("ratelimit-remaining", text)]), None, "{text}");
            assert_eq!(told(&[("ratelimit-remaining", "1"), ("ratelimit-reset", text)]), Some((1, None)), "{text}");
        }
        assert_eq!(told(&[("ratelimit", "8/60"), ("ratelimit-reset", "1")]), None);
    }

    #[test]
    fn an_absurd_reset_is_the_length_of_the_limit() {
        let holds = |reset, length| {
            let told = RateLimitHeaders { remaining: 0, reset: Some(Duration::from_secs(reset)) };
            told.holds(Duration::from_secs(length)).as_secs()
        };
        assert_eq!((holds(7, 1), holds(60, 1), holds(120, 60)), (7, 60, 120));
        assert_eq!((holds(61, 1), holds(1_767_225_600, 60)), (1, 60));
    }
}
