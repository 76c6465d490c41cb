//! Phone numbers as people type them, and their international form.

use std::fmt;

/// A phone number, kept as given. Whether a vendor can use it is judged when it is mapped.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

/// Why a phone number has no international form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PhoneError {
    /// It has a character that is neither a digit nor a usual separator.
    #[error("has a character that is neither a digit nor a separator")]
    Character,
    /// It does not start with `+` or `00` and a country calling code.
    #[error("needs a leading + and the country calling code")]
    National,
    /// It has fewer than 7 or more than 15 digits.
    #[error("needs 7 to 15 digits")]
    Length,
}

/// A phone number in the form of ITU-T E.164: a country calling code and a number, 7 to 15 digits, the first not 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct E164 {
    digits: [u8; 15],
    len: u8,
}

impl Phone {
    /// The number as given.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The number as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The international form.
    ///
    /// Blanks, hyphens, dots, slashes and parentheses are separators; a `(0)` behind the calling code is a trunk prefix
    /// that is not dialled from abroad, and is removed. Full-width and Arabic digits count as digits.
    ///
    /// # Errors
    ///
    /// The first rule that the number breaks. A national number has no international form without its country.
    pub fn e164(&self) -> Result<E164, PhoneError> {
        E164::parse(&self.0)
    }

    /// The international form of a number that may be a national one of this country (ISO 3166-1 alpha-2), by
    /// libphonenumber's rules. A number that already has an international form keeps it.
    ///
    /// Mapping never guesses a country: set the result on the customer before it is sent.
    ///
    /// # Errors
    ///
    /// The rule that the number breaks; [`PhoneError::National`] where it is not a valid number of that country.
    #[cfg(feature = "phonenumber")]
    pub fn e164_in(&self, country: &str) -> Result<E164, PhoneError> {
        match self.e164() {
            Err(PhoneError::National | PhoneError::Length) => {}
            other => return other,
        }
        let country = country.trim().to_ascii_uppercase().parse().map_err(|_| PhoneError::National)?;
        let number = phonenumber::parse(Some(country), self.0.trim()).map_err(|_| PhoneError::National)?;
        if !phonenumber::is_valid(&number) {
            return Err(PhoneError::National);
        }
        E164::parse(&number.format().mode(phonenumber::Mode::E164).to_string())
    }

    /// The number without the blanks around it, if it can be dialled at least in its own country: 7 to 15 digits and
    /// separators.
    ///
    /// # Errors
    ///
    /// The first rule that it breaks.
    pub fn dialable(&self) -> Result<&str, PhoneError> {
        let text = self.0.trim();
        let mut digits = 0usize;
        for (index, c) in text.chars().enumerate() {
            if digit(c).is_some() {
                digits += 1;
            } else if !(is_separator(c) || (index == 0 && matches!(c, '+' | '＋'))) {
                return Err(PhoneError::Character);
            }
        }
        if (7..=15).contains(&digits) { Ok(text) } else { Err(PhoneError::Length) }
    }
}

impl E164 {
    fn parse(text: &str) -> Result<Self, PhoneError> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || is_direction_mark(c));
        let international = text.strip_prefix(['+', '＋']);
        let rest = international.unwrap_or(text);
        let mut number = Self { digits: [b'0'; 15], len: 0 };
        let mut count = 0usize;
        let mut zeros = 0usize;
        let mut chars = rest.chars().peekable();
        let mut trunk = TrunkPrefix::default();
        while let Some(c) = chars.next() {
            let Some(d) = digit(c) else {
                if !is_separator(c) {
                    return Err(PhoneError::Character);
                }
                trunk.separator(c);
                continue;
            };
            if count > 0 && trunk.is_zero_in_parentheses(d, chars.peek().copied()) {
                continue;
            }
            // `00` is how much of the world dials the `+`.
            if international.is_none() && count == 0 && d == b'0' {
                zeros += 1;
                continue;
            }
            if let Some(slot) = number.digits.get_mut(count) {
                *slot = d;
            }
            count += 1;
        }
        if international.is_none() && zeros != 2 {
            return Err(if count + zeros < 7 { PhoneError::Length } else { PhoneError::National });
        }
        if !(7..=15).contains(&count) {
            return Err(PhoneError::Length);
        }
        if number.digits.first() == Some(&b'0') {
            return Err(PhoneError::National);
        }
        number.len = u8::try_from(count).unwrap_or(0);
        Ok(number)
    }

    /// The digits, with neither `+` nor `00` before them.
    #[must_use]
    pub fn digits(&self) -> &str {
        let used = self.digits.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(used).unwrap_or_default()
    }
}

/// Recognises the `(0)` of `+44 (0)20 …`.
#[derive(Default)]
struct TrunkPrefix {
    opened: bool,
}

impl TrunkPrefix {
    fn separator(&mut self, c: char) {
        self.opened = matches!(c, '(' | '（');
    }

    fn is_zero_in_parentheses(&mut self, d: u8, next: Option<char>) -> bool {
        std::mem::take(&mut self.opened) && d == b'0' && matches!(next, Some(')' | '）'))
    }
}

fn digit(c: char) -> Option<u8> {
    let zero = match c {
        '0'..='9' => '0',
        '０'..='９' => '０',
        '٠'..='٩' => '٠',
        '۰'..='۹' => '۰',
        _ => return None,
    };
    u8::try_from(u32::from(c).wrapping_sub(u32::from(zero))).ok().map(|d| d + b'0')
}

fn is_separator(c: char) -> bool {
    matches!(c, '-' | '.' | '/' | '(' | ')' | '（' | '）' | '‐' | '‑' | '–' | 'ー' | '－') || c.is_whitespace()
        // Marks that set the direction of writing come along when numbers are copied from right-to-left text.
        || is_direction_mark(c)
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `+` and the digits.
impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.digits())
    }
}

/// Shows no digit.
impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("E164(..)")
    }
}

/// Shows no digit.
impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(..)")
    }
}

impl<T: Into<String>> From<T> for Phone {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

impl serde::Serialize for Phone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn international_numbers_are_read_in_every_usual_spelling() {
        for (text, e164) in [
            ("+1 (555) 010-0123", "+15550100123"),
            ("0015550100123", "+15550100123"),
            ("00 44 7700 900123", "+447700900123"),
            ("+44 (0)20 7946 0018", "+442079460018"),
            ("+81-90-0000-0000", "+819000000000"),
            ("＋８１ ９０ ００００ ００００", "+819000000000"),
            ("\u{202a}+971 50 000 0000\u{202c}", "+971500000000"),
            ("+39 06 0000 0000", "+390600000000"),
        ] {
            assert_eq!(Phone::new(text).e164().map(|n| n.to_string()), Ok(e164.to_owned()), "{text}");
        }
    }

    #[test]
    fn others_are_refused_with_the_rule() {
        for (text, why) in [
            ("n/a", PhoneError::Character),
            ("555-CALL-NOW", PhoneError::Character),
            ("+1 555 010 0123 x7", PhoneError::Character),
            ("", PhoneError::Length),
            ("12345", PhoneError::Length),
            ("+12345", PhoneError::Length),
            ("+1234567890123456", PhoneError::Length),
            ("020 7946 0018", PhoneError::National),
            ("5550100123", PhoneError::National),
            ("+0442079460018", PhoneError::National),
            ("000447700900123", PhoneError::National),
        ] {
            assert_eq!(Phone::new(text).e164(), Err(why), "{text}");
        }
    }

    #[cfg(feature = "phonenumber")]
    #[test]
    fn national_numbers_become_international_by_their_country() {
        for (text, country, e164) in [
            ("020 7946 0018", "GB", "+442079460018"),
            ("(650) 555-0123", "us", "+16505550123"),
            ("+1 650 555 0123", "GB", "+16505550123"),
        ] {
            assert_eq!(Phone::new(text).e164_in(country).map(|n| n.to_string()), Ok(e164.to_owned()), "{text}");
        }
        assert_eq!(Phone::new("12345").e164_in("US"), Err(PhoneError::National));
        assert_eq!(Phone::new("020 7946 0018").e164_in("XX"), Err(PhoneError::National));
        assert_eq!(Phone::new("n/a").e164_in("US"), Err(PhoneError::Character));
    }

    #[test]
    fn national_numbers_can_be_dialled_at_home() {
        assert_eq!(Phone::new(" 020 7946 0018 ").dialable(), Ok("020 7946 0018"));
        assert_eq!(Phone::new("12345").dialable(), Err(PhoneError::Length));
        assert_eq!(Phone::new("n/a").dialable(), Err(PhoneError::Character));
        assert_eq!(Phone::new("1+5550100123").dialable(), Err(PhoneError::Character));
    }
}
