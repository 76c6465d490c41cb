//! Requests that the vendor signs: the opening of the app, and the callback after the merchant's consent. Pure.

use std::fmt;

use chrono::{DateTime, Utc};

use super::super::PROVIDER;
use super::super::request::options::store_handle;
use super::app::OAuthApp;
use crate::client::Secret;
use crate::client::auth::signed_query::{SignedForm, SignedQuery};
use crate::error::{Effect, Error, ErrorKind};

/// Which of these the vendor signs is unknown.
const FORMS: &[SignedForm] = &[SignedForm::Decoded, SignedForm::AsReceived, SignedForm::Encoded];

/// How far the vendor's time and ours may be apart (documented for the vendor's side).
const WINDOW_MS: u64 = 600_000;

/// What the vendor's signed request says.
#[derive(Clone)]
#[non_exhaustive]
pub struct SignedRequest {
    /// The store's sub-domain.
    pub handle: String,
    /// The one-time code, of a callback only. It lives ten minutes (seen, by one integrator).
    pub code: Option<Secret>,
    /// The `customField`: what was given as `state` to [`OAuthApp::authorize_url`].
    pub state: Option<String>,
    /// The merchant's language, of embedded apps only.
    pub lang: Option<String>,
    /// When it was signed.
    pub signed_at: DateTime<Utc>,
}

/// Shows the store and the time.
impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest")
            .field("handle", &self.handle)
            .field("signed_at", &self.signed_at)
            .finish_non_exhaustive()
    }
}

fn refuse(hint: &'static str) -> Error {
    Error::new(ErrorKind::Unauthenticated, Effect::NotSent)
        .with_provider(PROVIDER)
        .with_operation("verify_request")
        .with_hint(hint)
}

impl OAuthApp {
    /// Reads a request that the vendor signed, at installation or as a callback, from its raw query (what follows the
    /// question mark, not decoded).
    ///
    /// All parameters but `sign` are signed, sorted by name (documented). Whether by their decoded or their encoded
    /// values is unknown, since the vendor's own clients differ: either is accepted, and the decoded one only where it
    /// can be read in one way.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) where the signature, the app's key or the time
    /// (ten minutes either way, documented) is not right, with a hint that names what.
    pub fn verify_request(&self, query: &str, now: DateTime<Utc>) -> Result<SignedRequest, Error> {
        verify(self, query, now)
    }
}

fn verify(app: &OAuthApp, query: &str, now: DateTime<Utc>) -> Result<SignedRequest, Error> {
    let query = SignedQuery::verify(query, "sign", &app.secret, FORMS).map_err(refuse)?;
    let value = |name: &str| query.get(name).map(str::to_owned);
    if value("appkey").as_deref() != Some(app.key()) {
        return Err(refuse("it is signed for another app"));
    }
    let signed_at = value("timestamp").as_deref().and_then(moment).ok_or_else(|| refuse("there is no timestamp"))?;
    if signed_at.timestamp_millis().abs_diff(now.timestamp_millis()) > WINDOW_MS {
        return Err(refuse("it was signed more than ten minutes away from now"));
    }
    let handle = value("handle").ok_or_else(|| refuse("there is no handle"))?;
    Ok(SignedRequest {
        handle: store_handle(&handle).map_err(|_| refuse("the handle is no sub-domain"))?,
        code: value("code").map(Secret::from),
        state: value("customField"),
        lang: value("lang"),
        signed_at,
    })
}

/// Milliseconds, as the vendor writes them; a shorter number is seconds.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let number: i64 = text.trim().parse().ok()?;
    if text.trim().len() <= 11 { DateTime::from_timestamp(number, 0) } else { DateTime::from_timestamp_millis(number) }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::client::auth::signature::hmac_hex;

    const SECRET: &str = "fake_app_secret";

    fn app() -> OAuthApp {
        OAuthApp::new("fake_app_key", SECRET).unwrap()
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_750_000_000_000).unwrap()
    }

    /// A query and the signature of a message.
    fn signed(query: &str, message: &str) -> String {
        format!("{query}&sign={}", hmac_hex(&Secret::from(SECRET), message.as_bytes()))
    }

    const QUERY: &str =
        "timestamp=1750000000000&code=c-1&appkey=fake_app_key&handle=open001&lang=en&customField=a%2Fb%3D+c";

    #[test]
    fn every_reading_of_the_values_is_accepted() {
        for message in [
            "appkey=fake_app_key&code=c-1&customField=a/b= c&handle=open001&lang=en&timestamp=1750000000000",
            "appkey=fake_app_key&code=c-1&customField=a%2Fb%3D+c&handle=open001&lang=en&timestamp=1750000000000",
            "appkey=fake_app_key&code=c-1&customField=a%2Fb%3D%20c&handle=open001&lang=en&timestamp=1750000000000",
        ] {
            let request = app().verify_request(&signed(QUERY, message), now()).unwrap();
            assert_eq!((request.handle.as_str(), request.state.as_deref()), ("open001", Some("a/b= c")));
            assert_eq!(request.code.as_ref().unwrap().expose(), "c-1");
            assert_eq!((request.lang.as_deref(), request.signed_at), (Some("en"), now()));
            assert!(!format!("{request:?}").contains("c-1"));
        }
    }

    #[test]
    fn a_request_without_a_code_is_the_opening_of_the_app() {
        let query = "appkey=fake_app_key&handle=open001&timestamp=1750000000000";
        let request = app().verify_request(&format!("?{}", signed(query, query)), now()).unwrap();
        assert!(request.code.is_none() && request.state.is_none());
    }

    #[test]
    fn anything_else_is_refused_and_says_why() {
        let hint = |query: &str, now: DateTime<Utc>| {
            let error = app().verify_request(query, now).unwrap_err();
            assert_eq!((error.kind(), error.effect()), (ErrorKind::Unauthenticated, Effect::NotSent));
            error.hint().unwrap().to_owned()
        };
        let good = "appkey=fake_app_key&handle=open001&timestamp=1750000000000";
        assert!(hint(good, now()).contains("no signature"));
        assert!(hint(&format!("{good}&sign="), now()).contains("signature"));
        assert!(hint(&format!("{}&lang=en", signed(good, good)), now()).contains("signature"), "an unsigned one added");
        assert!(hint(&format!("{}&handle=other", signed(good, good)), now()).contains("twice"));
        for apart in [TimeDelta::minutes(11), TimeDelta::minutes(-11)] {
            assert!(hint(&signed(good, good), now() + apart).contains("ten minutes"));
        }
        assert!(app().verify_request(&signed(good, good), now() + TimeDelta::minutes(9)).is_ok());
        let other = "appkey=other&handle=open001&timestamp=1750000000000";
        assert!(hint(&signed(other, other), now()).contains("another app"));
        let bad = "appkey=fake_app_key&handle=evil.example&timestamp=1750000000000";
        assert!(hint(&signed(bad, bad), now()).contains("sub-domain"));
    }

    #[test]
    fn a_part_of_a_value_cannot_become_a_parameter() {
        let message = "appkey=fake_app_key&code=c&customField=x&handle=open001&timestamp=1750000000000";
        assert!(app().verify_request(&signed(message, message), now()).is_ok());
        for moved in [
            "appkey=fake_app_key&code=c%26customField%3Dx&handle=open001&timestamp=1750000000000",
            "appkey=fake_app_key&code%3Dc%26customField=x&handle=open001&timestamp=1750000000000",
        ] {
            let error = app().verify_request(&signed(moved, message), now()).unwrap_err();
            assert!(error.hint().unwrap().contains("signature"), "{moved}");
        }
    }

    #[test]
    fn the_address_of_consent_is_escaped() {
        let url = app()
            .authorize_url(
                "open001",
                &["read_customers", "write_customers"],
                "https://app.example.com/back?a=b",
                Some("s &1"),
            )
            .unwrap();
        assert_eq!(
            url,
            "https://open001.myshopline.com/admin/oauth-web/#/oauth/authorize?appKey=fake_app_key&responseType=code\
             &scope=read_customers,write_customers&redirectUri=https%3A%2F%2Fapp.example.com%2Fback%3Fa%3Db\
             &customField=s%20%261"
        );
        assert!(app().authorize_url("evil.example/", &[], "", None).is_err());
        for (key, secret) in [("", "s"), ("k", " "), ("a\nb", "s")] {
            assert_eq!(OAuthApp::new(key, secret).unwrap_err().kind(), ErrorKind::Config);
        }
        assert!(!format!("{:?}", app()).contains(SECRET));
    }
}
