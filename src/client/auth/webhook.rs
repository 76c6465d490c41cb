//! Verifies the signatures of webhooks, without I/O: the application passes what its server received.

use std::fmt;

use http::HeaderMap;

use super::secret::Secret;
use super::signature::{verify_base64, verify_hex};
use crate::error::Error;
use crate::provider::ProviderId;

/// Why a webhook is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// There is no signature. Answer 401.
    #[error("the webhook has no signature")]
    Unsigned,
    /// The signature differs: it was made with another secret, or the body was changed on the way, if only by parsing and
    /// writing it again.
    #[error("the webhook's signature does not fit its body")]
    WrongSignature,
    /// The signature is right, and the body is not what the vendor sends.
    #[error("the webhook's body cannot be read")]
    Unreadable,
}

/// How a vendor signs: HMAC-SHA256 over the body as it arrived.
pub(crate) struct Scheme {
    pub(crate) provider: ProviderId,
    /// The header with the signature.
    pub(crate) header: &'static str,
    /// The name of the secret in the application's configuration.
    pub(crate) secret: &'static str,
    /// A prefix that the digits may have, in upper or lower case.
    pub(crate) prefix: &'static str,
    /// Whether base64 is accepted beside hex.
    pub(crate) base64: bool,
}

/// Checks the signatures of webhooks with one secret, in constant time.
#[derive(Clone)]
pub struct Verifier {
    secret: Secret,
    scheme: &'static Scheme,
}

/// Shows the provider, and no secret.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("provider", &self.scheme.provider).finish_non_exhaustive()
    }
}

impl Verifier {
    /// A blank secret is refused: everyone could sign with it.
    pub(crate) fn of(scheme: &'static Scheme, secret: impl Into<Secret>) -> Result<Self, Error> {
        let secret = secret.into();
        if secret.is_blank() {
            return Err(Error::config(scheme.provider, scheme.secret, "must not be empty"));
        }
        Ok(Self { secret, scheme })
    }

    /// Checks a signature over the body as it arrived, byte by byte.
    ///
    /// # Errors
    ///
    /// [`WebhookError::Unsigned`] for a blank one, else [`WebhookError::WrongSignature`].
    pub fn verify(&self, signature: &str, body: &[u8]) -> Result<(), WebhookError> {
        let signature = signature.trim();
        let prefix = self.scheme.prefix;
        let digits = match (signature.get(..prefix.len()), signature.get(prefix.len()..)) {
            (Some(given), Some(digits)) if given.eq_ignore_ascii_case(prefix) => digits,
            _ => signature,
        };
        if digits.is_empty() {
            return Err(WebhookError::Unsigned);
        }
        let is_right =
            verify_hex(&self.secret, body, digits) || (self.scheme.base64 && verify_base64(&self.secret, body, digits));
        if is_right { Ok(()) } else { Err(WebhookError::WrongSignature) }
    }

    /// Checks the signature that the headers hold.
    pub(crate) fn verify_headers(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), WebhookError> {
        self.verify(header(headers, self.scheme.header).ok_or(WebhookError::Unsigned)?, body)
    }
}

/// The text of a header, trimmed; none where it is missing or blank.
pub(crate) fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::signature::hmac_hex;
    use super::*;

    static HEX: Scheme =
        Scheme { provider: ProviderId::new("test"), header: "x-sig", secret: "s", prefix: "sha256=", base64: false };
    static BOTH: Scheme = Scheme { prefix: "", base64: true, ..HEX };

    #[test]
    fn each_scheme_takes_its_own_forms() {
        let (secret, body) = (Secret::from("fake"), b"{}".as_slice());
        let hex = hmac_hex(&secret, body);
        let bytes: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
        let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
        let with = |scheme| Verifier::of(scheme, secret.clone()).unwrap();
        for good in [hex.clone(), hex.to_uppercase(), format!("SHA256={hex}"), format!(" {hex}\n")] {
            assert_eq!(with(&HEX).verify(&good, body), Ok(()), "{good}");
        }
        assert_eq!(with(&HEX).verify(&base64, body), Err(WebhookError::WrongSignature));
        assert!(with(&BOTH).verify(&base64, body).is_ok() && with(&BOTH).verify(&hex, body).is_ok());
        assert_eq!(with(&BOTH).verify(&hex, b"{ }"), Err(WebhookError::WrongSignature));
        for blank in ["", " ", "sha256="] {
            assert_eq!(with(&HEX).verify(blank, body), Err(WebhookError::Unsigned), "{blank:?}");
        }
        let mut headers = HeaderMap::new();
        assert_eq!(with(&HEX).verify_headers(&headers, body), Err(WebhookError::Unsigned));
        headers.insert("x-sig", hex.parse().unwrap());
        assert_eq!(with(&HEX).verify_headers(&headers, body), Ok(()));
        assert!(Verifier::of(&HEX, " ").is_err());
        assert!(!format!("{:?}", with(&HEX)).contains("fake"));
    }
}
