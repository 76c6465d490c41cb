//! The claims of a token: when it expires, and for which app it is. Pure.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::client::Secret;
use crate::client::json::value::lenient;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Claims {
    #[serde(deserialize_with = "lenient")]
    exp: Option<String>,
    #[serde(rename = "appKey", deserialize_with = "lenient")]
    app_key: Option<String>,
}

/// The expiry that a token claims. The vendor's tokens are readable JWTs (documented example); nothing of
/// them is verified here, so that this is a hint for ourselves and proves nothing. A token of another form has none.
pub(super) fn expiry(token: &Secret) -> Option<DateTime<Utc>> {
    let seconds = claims(token)?.exp?.split('.').next()?.parse().ok()?;
    DateTime::from_timestamp(seconds, 0)
}

/// The key of the app that the token claims to be for: clients of one app and store share one quota.
pub(in super::super) fn app_key(token: &Secret) -> Option<String> {
    claims(token)?.app_key.filter(|key| !key.trim().is_empty())
}

fn claims(token: &Secret) -> Option<Claims> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let mut parts = token.expose().trim().split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let claims = GeneralPurpose::new(&URL_SAFE, lenient).decode(claims).ok()?;
    serde_json::from_slice(&claims).ok()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{URL_SAFE as PADDED, URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn the_end_is_read_and_another_form_is_no_error() {
        let token = |claims: &str| Secret::from(format!("x.{}.y", URL_SAFE_NO_PAD.encode(claims)));
        let end = DateTime::from_timestamp(1_900_000_000, 0);
        for claims in [
            r#"{"exp":1900000000,"iss":"ysoul"}"#,
            r#"{"exp":"1900000000"}"#,
            r#"{"exp":1900000000.5,"storeId":"1","appKey":"k"}"#,
        ] {
            assert_eq!(expiry(&token(claims)), end, "{claims}");
        }
        assert_eq!(app_key(&token(r#"{"appKey":"k","exp":1}"#)).as_deref(), Some("k"));
        assert_eq!((app_key(&token(r#"{"appKey":" "}"#)), app_key(&token("{}"))), (None, None));
        let padded = format!(" x.{}.y ", PADDED.encode(r#"{"exp":1900000000}"#));
        assert_eq!(expiry(&Secret::from(padded)), end);
        for claims in ["", "{}", "[]", r#"{"exp":null}"#, r#"{"exp":"soon"}"#, r#"{"exp":1e40}"#, r#"{"exp":[1]}"#] {
            assert_eq!(expiry(&token(claims)), None, "{claims}");
        }
        for text in ["fake.token", "fake", "", "a.b.c", "a.b.c.d", "x.ö.y"] {
            assert_eq!(expiry(&Secret::from(text)), None, "{text}");
        }
    }
}
