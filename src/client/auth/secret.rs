//! A secret text, which `Debug` does not show.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A secret, such as an API key, a token or a password. `Debug` shows `[redacted]`, and its memory is overwritten when it
/// is dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text. Handle it with care: it is no longer redacted.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The type that the rest of the kit uses.
    pub(crate) fn inner(&self) -> &SecretString {
        &self.0
    }

    /// Whether it is empty or blank.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.expose().trim().is_empty()
    }
}

/// A key of a signature.
pub(crate) trait Key {
    /// Its text.
    fn text(&self) -> &str;
}

impl Key for Secret {
    fn text(&self) -> &str {
        self.expose()
    }
}

/// Transitional: until every provider keeps its secrets as [`Secret`].
impl Key for SecretString {
    fn text(&self) -> &str {
        self.expose_secret()
    }
}

/// Transitional, likewise.
impl Key for std::sync::Arc<SecretString> {
    fn text(&self) -> &str {
        self.expose_secret()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<SecretString> for Secret {
    fn from(text: SecretString) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Compares in constant time.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.expose().as_bytes(), other.expose().as_bytes());
        a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }
}

impl Eq for Secret {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_never_shown() {
        let secret = Secret::new("fake-secret");
        assert_eq!((format!("{secret:?}").as_str(), secret.expose()), ("[redacted]", "fake-secret"));
        assert!(Secret::from(" ").is_blank() && !secret.is_blank());
        assert!(
            secret == Secret::from("fake-secret")
                && secret != Secret::from("fake-secreT")
                && secret != Secret::from("f")
        );
    }
}
