//! E-mail addresses as people type them.

use std::borrow::Cow;
use std::fmt;

/// An e-mail address, kept as given. Whether a vendor can use it is judged when it is mapped.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// Why an e-mail address cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmailError {
    /// It has no `@`, or more than one.
    #[error("needs exactly one @")]
    At,
    /// There is nothing before or after the `@`, or the domain has an empty part or no dot.
    #[error("needs a name before the @ and a domain with a dot behind it")]
    Part,
    /// It has a blank, a control character or a mark that separates addresses.
    #[error("has a character that no address can hold")]
    Character,
    /// It is longer than 254 bytes, the limit of RFC 5321.
    #[error("is longer than 254 bytes")]
    Long,
}

impl Email {
    /// The address as given.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The address as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address without the blanks around it, if it can be used.
    ///
    /// The check is light on purpose: one `@`, a domain with a dot, no blanks. Vendors decide the rest.
    ///
    /// # Errors
    ///
    /// The first rule that it breaks.
    pub fn usable(&self) -> Result<&str, EmailError> {
        let text = self.0.trim();
        if text.len() > 254 {
            return Err(EmailError::Long);
        }
        let (local, domain) = text.split_once('@').ok_or(EmailError::At)?;
        if domain.contains('@') {
            return Err(EmailError::At);
        }
        if has_refused_character(text) {
            return Err(EmailError::Character);
        }
        let mut labels = 0;
        for label in domain.split('.') {
            if label.is_empty() {
                return Err(EmailError::Part);
            }
            labels += 1;
        }
        if local.is_empty() || labels < 2 { Err(EmailError::Part) } else { Ok(text) }
    }

    /// The form that two spellings of one address share: trimmed and in lower case. For comparing, never for sending.
    #[must_use]
    pub fn comparable(&self) -> Cow<'_, str> {
        comparable(&self.0)
    }
}

/// Whether the text has a character that no address can hold: a blank, a control character, or a separator of addresses.
fn has_refused_character(text: &str) -> bool {
    let is_mark = |b: u8| matches!(b, b',' | b';' | b'<' | b'>' | b'(' | b')' | b'"');
    if text.is_ascii() {
        return text.bytes().any(|b| b <= b' ' || b == 0x7f || is_mark(b));
    }
    text.chars().any(|c| c.is_whitespace() || c.is_control() || u8::try_from(c).is_ok_and(is_mark))
}

/// See [`Email::comparable`].
pub(crate) fn comparable(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.chars().any(char::is_uppercase) { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) }
}

impl<T: Into<String>> From<T> for Email {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// Shows no part of the address.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

impl serde::Serialize for Email {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_people_have_and_refuses_what_none_can() {
        for good in ["mia@example.com", " Mia.O'Hara+shop@example.co.uk ", "用户@example.com", "a..b@example.com"] {
            assert_eq!(Email::new(good).usable(), Ok(good.trim()), "{good}");
        }
        for (bad, why) in [
            ("", EmailError::At),
            ("mia.example.com", EmailError::At),
            ("a@b@example.com", EmailError::At),
            ("@example.com", EmailError::Part),
            ("mia@", EmailError::Part),
            ("mia@localhost", EmailError::Part),
            ("mia@example..com", EmailError::Part),
            ("mia @example.com", EmailError::Character),
            ("mia@example.com,", EmailError::Character),
        ] {
            assert_eq!(Email::new(bad).usable(), Err(why), "{bad}");
        }
        assert_eq!(Email::new(format!("{}@example.com", "a".repeat(250))).usable(), Err(EmailError::Long));
    }

    #[test]
    fn spellings_of_one_address_compare_equal() {
        assert_eq!(Email::new(" MIA@Example.com").comparable(), Email::new("mia@example.com").comparable());
    }
}
