//! The limits of vendors: windows and buckets.

use std::time::Duration;

/// A vendor's limit on requests.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// No limit.
    Unlimited,
    /// At most `max` in any window of `per`.
    Window {
        /// Requests in a window; at least 1.
        max: u32,
        /// Length of the window.
        per: Duration,
    },
    /// A bucket that holds `burst` requests and drains `per_second` of them each second.
    Bucket {
        /// Requests a second; may be a fraction.
        per_second: f64,
        /// Requests that may come at once; at least 1.
        burst: u32,
    },
}

impl Limit {
    /// A limit of the same kind with another rate: a window stays a window, so that no window of its length ever holds
    /// more than `burst`; a bucket stays a bucket. By default `burst` is one second's worth, and at least 1.
    ///
    /// `None` where the rate is not above 0 or the burst is 0. An unlimited one becomes a bucket.
    #[must_use]
    pub fn with_rate(self, per_second: f64, burst: Option<u32>) -> Option<Self> {
        if !(per_second > 0.0 && per_second.is_finite()) || burst == Some(0) {
            return None;
        }
        // A rate is a few thousand at most; a cast that saturates does no harm.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let burst = burst.unwrap_or(per_second.floor().max(1.0) as u32);
        Some(match self {
            Self::Window { .. } => {
                let per = Duration::try_from_secs_f64(f64::from(burst) / per_second).ok()?;
                Self::Window { max: burst, per }
            }
            Self::Bucket { .. } | Self::Unlimited => Self::Bucket { per_second, burst },
        })
    }

    /// Requests a second in the long run, where there is a limit.
    pub(super) fn rate(self) -> Option<f64> {
        match self {
            Self::Unlimited => None,
            Self::Window { max, per } => Some(f64::from(max.max(1)) / per.as_secs_f64().max(1e-9)),
            Self::Bucket { per_second, .. } => Some(drain(per_second)),
        }
    }

    /// What is added to every time that is worked out from another one: timers and latencies are not exact. A
    /// two-hundredth of the window, or of what one place of a bucket takes; at least 1 ms, at most 50 ms.
    pub(super) fn slack(self) -> Duration {
        let per = match self {
            Self::Unlimited => return Duration::ZERO,
            Self::Window { per, .. } => per,
            Self::Bucket { per_second, .. } => seconds(1.0 / drain(per_second)),
        };
        (per / 200).clamp(Duration::from_millis(1), Duration::from_millis(50))
    }
}

/// A rate that can be divided by.
pub(super) fn drain(per_second: f64) -> f64 {
    if per_second > 0.0 { per_second } else { f64::MIN_POSITIVE }
}

/// Seconds as a length of time, a day at most: no single wait is longer, and no sum overflows.
pub(super) fn seconds(seconds: f64) -> Duration {
    const DAY: Duration = Duration::from_secs(86_400);
    Duration::try_from_secs_f64(seconds.max(0.0)).map_or(DAY, |length| length.min(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_rate_keeps_the_kind() {
        let window = Limit::Window { max: 60, per: Duration::from_secs(60) };
        let bucket = Limit::Bucket { per_second: 4.0, burst: 40 };
        let second = Duration::from_secs(1);
        assert_eq!(window.with_rate(5.0, None), Some(Limit::Window { max: 5, per: second }));
        assert_eq!(window.with_rate(0.5, None), Some(Limit::Window { max: 1, per: 2 * second }));
        assert_eq!(window.with_rate(2.0, Some(10)), Some(Limit::Window { max: 10, per: 5 * second }));
        assert_eq!(bucket.with_rate(2.5, None), Some(Limit::Bucket { per_second: 2.5, burst: 2 }));
        assert_eq!(bucket.with_rate(2.5, Some(9)), Some(Limit::Bucket { per_second: 2.5, burst: 9 }));
        for (rate, burst) in [(0.0, None), (-1.0, None), (f64::NAN, None), (f64::INFINITY, None), (1.0, Some(0))] {
            assert_eq!(window.with_rate(rate, burst), None);
        }
    }

    #[test]
    fn the_slack_goes_with_the_window_within_bounds() {
        let window = |ms| Limit::Window { max: 5, per: Duration::from_millis(ms) }.slack().as_micros();
        assert_eq!([window(1), window(1_000), window(60_000)], [1_000, 5_000, 50_000]);
        assert_eq!(Limit::Bucket { per_second: 4.0, burst: 40 }.slack(), Duration::from_micros(1_250));
        assert_eq!(Limit::Bucket { per_second: 0.0, burst: 1 }.slack(), Duration::from_millis(50));
    }
}
