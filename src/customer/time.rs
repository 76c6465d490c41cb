//! Times with an explicit offset, and dates.

use std::fmt;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, SecondsFormat, Timelike, Utc};

/// Reads RFC 3339 with an offset; a blank instead of the `T` is refused.
pub(crate) fn parse_rfc3339(text: &str) -> Option<DateTime<FixedOffset>> {
    let has_t = matches!(text.as_bytes().get(10), Some(b'T' | b't'));
    if has_t { DateTime::parse_from_rfc3339(text).ok() } else { None }
}

/// Reads `YYYY-MM-DD`, and nothing shorter or longer.
pub(crate) fn parse_date(text: &str) -> Option<NaiveDate> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    if shaped { NaiveDate::parse_from_str(text, "%Y-%m-%d").ok() } else { None }
}

/// A time that is written as RFC 3339 with its own offset: `2025-03-04T09:15:00+08:00`.
#[derive(Clone, Copy)]
pub(crate) struct Rfc3339(pub(crate) DateTime<FixedOffset>);

impl fmt::Display for Rfc3339 {
    /// Digit by digit: chrono's general formatter costs more than all the rest of a mapping.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, offset) = (self.0.naive_local(), self.0.offset().local_minus_utc());
        if offset % 60 != 0 {
            // The form has no seconds in an offset; to round them would name another instant.
            return Self(self.0.with_timezone(&Utc).fixed_offset()).fmt(f);
        }
        if !(0..=9999).contains(&at.year()) || at.nanosecond() >= 1_000_000_000 {
            return f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, false));
        }
        let mut out = [0u8; 35];
        let mut pen = Pen { out: &mut out, at: 0 };
        pen.date_time(at);
        let nanos = at.nanosecond();
        if nanos != 0 {
            pen.byte(b'.');
            match (nanos % 1_000_000, nanos % 1_000) {
                (0, _) => pen.number(nanos / 1_000_000, 3),
                (_, 0) => pen.number(nanos / 1_000, 6),
                _ => pen.number(nanos, 9),
            }
        }
        pen.byte(if offset < 0 { b'-' } else { b'+' });
        pen.number(offset.unsigned_abs() / 3600, 2);
        pen.byte(b':');
        pen.number(offset.unsigned_abs() / 60 % 60, 2);
        f.write_str(pen.text())
    }
}

impl serde::Serialize for Rfc3339 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Writes digits into a buffer.
struct Pen<'a> {
    out: &'a mut [u8; 35],
    at: usize,
}

impl Pen<'_> {
    /// `YYYY-MM-DDTHH:MM:SS`, of a year with four digits.
    fn date_time(&mut self, at: NaiveDateTime) {
        self.number(at.year().unsigned_abs(), 4);
        self.byte(b'-');
        self.number(at.month(), 2);
        self.byte(b'-');
        self.number(at.day(), 2);
        self.byte(b'T');
        self.number(at.hour(), 2);
        self.byte(b':');
        self.number(at.minute(), 2);
        self.byte(b':');
        self.number(at.second(), 2);
    }

    fn text(&self) -> &str {
        self.out.get(..self.at).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    fn byte(&mut self, byte: u8) {
        if let Some(slot) = self.out.get_mut(self.at) {
            *slot = byte;
            self.at += 1;
        }
    }

    fn number(&mut self, value: u32, width: u32) {
        for place in (0..width).rev() {
            let digit = value / 10u32.pow(place) % 10;
            self.byte(b'0' + u8::try_from(digit).unwrap_or(0));
        }
    }
}

/// A time as RFC 3339 in UTC, to the second, with `Z`.
#[derive(Clone, Copy)]
pub(crate) struct UtcSeconds(pub(crate) DateTime<FixedOffset>);

impl fmt::Display for UtcSeconds {
    /// Digit by digit, as above.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.0.naive_utc();
        if !(0..=9999).contains(&at.year()) || at.nanosecond() >= 1_000_000_000 {
            return f.write_str(&self.0.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Secs, true));
        }
        let mut out = [0u8; 35];
        let mut pen = Pen { out: &mut out, at: 0 };
        pen.date_time(at);
        pen.byte(b'Z');
        f.write_str(pen.text())
    }
}

#[allow(clippy::ref_option)] // The signature that serde asks for.
pub(super) fn as_rfc3339<S: serde::Serializer>(
    at: &Option<DateTime<FixedOffset>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&at.map(Rfc3339), serializer)
}

#[allow(clippy::ref_option)] // The signature that serde asks for.
pub(super) fn as_date<S: serde::Serializer>(date: &Option<NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
    match date {
        Some(date) => serializer.collect_str(&date.format("%Y-%m-%d")),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn times_need_an_offset_and_a_t() {
        assert!(parse_rfc3339("2025-03-04T09:15:00+08:00").is_some());
        assert!(parse_rfc3339("2025-03-04T09:15:00.250Z").is_some());
        for bad in ["2025-03-04T09:15:00", "2025-03-04 09:15:00Z", "2025-03-04", "yesterday", "2025-02-30T00:00:00Z"] {
            assert!(parse_rfc3339(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn times_are_written_as_chrono_writes_them() {
        for text in [
            "2025-03-04T09:15:00+08:00",
            "1999-12-31T23:59:59.25-03:30",
            "0001-01-01T00:00:00.000001+00:00",
            "2025-06-30T23:59:60+00:00",
            "2025-03-04T09:15:00.123456789-11:45",
        ] {
            let at = DateTime::parse_from_rfc3339(text).unwrap();
            assert_eq!(Rfc3339(at).to_string(), at.to_rfc3339_opts(SecondsFormat::AutoSi, false), "{text}");
            let utc = at.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Secs, true);
            assert_eq!(UtcSeconds(at).to_string(), utc, "{text}");
        }
    }

    #[test]
    fn an_offset_with_seconds_keeps_its_instant() {
        let at = FixedOffset::east_opt(28_830).unwrap().with_ymd_and_hms(2025, 3, 4, 9, 15, 0).unwrap();
        assert_eq!(Rfc3339(at).to_string(), "2025-03-04T01:14:30+00:00");
        assert_eq!(parse_rfc3339(&Rfc3339(at).to_string()), Some(at));
    }

    #[test]
    fn dates_are_whole() {
        assert!(parse_date("1990-02-14").is_some());
        for bad in ["1990-2-14", "19900214", "1990-02-30", "1990-02-14T00:00:00Z", "+990-02-14"] {
            assert!(parse_date(bad).is_none(), "{bad}");
        }
    }
}
