//! HMAC-SHA256 signatures, as vendors put them on callbacks, token calls and webhooks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::secret::Secret;

/// The signature of a message, in lower-case hex.
pub(crate) fn hmac_hex(key: &Secret, message: &[u8]) -> String {
    hex(&mac(key, message).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default())
}

/// Whether `given`, in hex of either case, is the signature of the message; in constant time.
pub(crate) fn verify_hex(key: &Secret, message: &[u8], given: &str) -> bool {
    let Some(given) = unhex(given) else { return false };
    mac(key, message).is_some_and(|mac| mac.verify_slice(&given).is_ok())
}

/// Whether `given`, in base64 with its padding, is the signature of the message; in constant time.
pub(crate) fn verify_base64(key: &Secret, message: &[u8], given: &str) -> bool {
    let Ok(given) = STANDARD.decode(given.trim()) else { return false };
    mac(key, message).is_some_and(|mac| mac.verify_slice(&given).is_ok())
}

/// HMAC takes a key of any length, so that there always is one.
fn mac(key: &Secret, message: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).ok()?;
    mac.update(message);
    Some(mac)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim().as_bytes();
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that the Whale fact sheet gives: a made-up secret and body.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let key = Secret::from("whsec_fake_0000000000000000");
        let body = br#"{"event":"data_request.completed","download_url":"https://downloads.example.test/x.json"}"#;
        let signature = "9599ab678d9e25d15186495d7c76c8d787446e4c56a08e825d43ea832d6dfc2c";
        assert_eq!(hmac_hex(&key, body), signature);
        assert!(verify_hex(&key, body, signature));
        assert!(verify_hex(&key, body, &signature.to_uppercase()));
        for bad in ["", "9599", "zz", &signature[..62], &signature.replace('9', "8")] {
            assert!(!verify_hex(&key, body, bad), "{bad}");
        }
        let base64 = "lZmrZ42eJdFRhkldfHbI14dEbkxWoI6CXUPqgy1t/Cw=";
        assert!(verify_base64(&key, body, base64) && verify_base64(&key, body, &format!(" {base64}\n")));
        for bad in ["", "=", &base64[..40], signature, &base64.replace('l', "m")] {
            assert!(!verify_base64(&key, body, bad), "{bad}");
        }
    }
}
