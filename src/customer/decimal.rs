//! Exact decimal numbers, without binary floating point.

use std::fmt;
use std::str::FromStr;

/// An exact decimal number of at most 28 digits, such as money or a coordinate.
///
/// It keeps its scale: `"0.00"` stays `0.00`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Decimal(rust_decimal::Decimal);

/// The text is not a decimal number of at most 28 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number of at most 28 digits")]
pub struct DecimalError;

impl Decimal {
    /// `units` divided by ten to the power of `scale`: `new(1050, 2)` is `10.50`. `None` where it does not fit.
    #[must_use]
    pub fn new(units: i64, scale: u32) -> Option<Self> {
        rust_decimal::Decimal::try_new(units, scale).ok().map(Self)
    }

    /// The decimal that a binary number represents, where that is certain: no more than 15 significant digits.
    pub(crate) fn from_shortest(value: f64) -> Option<Self> {
        let text = value.to_string();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let leading = text.bytes().take_while(|b| !matches!(b, b'1'..=b'9')).filter(u8::is_ascii_digit).count();
        let trailing = if text.contains('.') { 0 } else { text.bytes().rev().take_while(|b| *b == b'0').count() };
        if digits.saturating_sub(leading + trailing) > 15 {
            return None;
        }
        text.parse().ok()
    }

    /// Whether the number is between these two, both included.
    pub(crate) fn is_within(self, low: i64, high: i64) -> bool {
        self.0 >= rust_decimal::Decimal::from(low) && self.0 <= rust_decimal::Decimal::from(high)
    }

    /// Whether both are the same number, whatever their scale.
    #[must_use]
    pub fn same_value(self, other: Self) -> bool {
        self.0 == other.0
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Reads `-12.50`, `7` and `1e3`. Grouping marks, blanks and a bare point are refused.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (text, None),
        };
        let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let is_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || !is_digits(fraction) {
            return Err(DecimalError);
        }
        match exponent {
            None => rust_decimal::Decimal::from_str_exact(text).map(Self).map_err(|_| DecimalError),
            Some(exponent) => {
                let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
                if !is_digits(digits) || whole.len() + fraction.len() > 28 {
                    return Err(DecimalError);
                }
                rust_decimal::Decimal::from_scientific(text).map(Self).map_err(|_| DecimalError)
            }
        }
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self(value.into())
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Self {
        Self(value.into())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a person spent says much about them: `Debug` shows no digits.
impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decimal(..)")
    }
}

impl serde::Serialize for Decimal {
    /// As a string, which keeps every digit.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A decimal that is written as a JSON number, digit by digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonNumber(pub Decimal);

impl serde::Serialize for JsonNumber {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use std::io::Write;
        // 28 digits, a sign, a point and a leading zero fit: no allocation on the way out.
        let mut buffer = [0u8; 40];
        let mut free: &mut [u8] = &mut buffer;
        let written = write!(free, "{}", self.0).is_ok().then(|| 40 - free.len());
        let text = written.and_then(|n| buffer.get(..n)).and_then(|b| std::str::from_utf8(b).ok());
        match text.and_then(|t| serde_json::from_str::<&serde_json::value::RawValue>(t).ok()) {
            Some(raw) => raw.serialize(serializer),
            None => Err(serde::ser::Error::custom("the number cannot be written")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_documented_forms_and_refuses_others() {
        for (text, printed) in
            [("12840.10", "12840.10"), ("0", "0"), ("-1.5", "-1.5"), ("1e3", "1000"), ("2.5E-2", "0.025")]
        {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), printed, "{text}");
        }
        for text in
            ["", " 1", "1_000", "1,5", ".5", "5.", "abc", "1e", "NaN", "0x1", "12345678901234567890123456789.12"]
        {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_json_number_keeps_every_digit() {
        let value: Decimal = "12345678901234567890.1200".parse().unwrap();
        assert_eq!(serde_json::to_string(&JsonNumber(value)).unwrap(), "12345678901234567890.1200");
        assert_eq!(serde_json::to_string(&value).unwrap(), "\"12345678901234567890.1200\"");
    }

    #[test]
    fn a_binary_number_is_taken_only_where_it_is_certain() {
        assert_eq!(Decimal::from_shortest(12840.1).unwrap().to_string(), "12840.1");
        assert_eq!(Decimal::from_shortest(0.1).unwrap().to_string(), "0.1");
        assert_eq!(Decimal::from_shortest(1e20).unwrap().to_string(), "100000000000000000000");
        assert!(Decimal::from_shortest(12_345_678_901_234_567.9).is_none());
        assert!(Decimal::from_shortest(f64::NAN).is_none());
    }
}
