//! The tokens of a client: a fixed one, or an app's pair, which is renewed.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::super::PROVIDER;
use super::super::error::check;
use super::super::operations::REFRESH_ACCESS_TOKEN;
use super::super::response::data;
use crate::client::auth::token::{Renewal, Token};
use crate::client::json::value::lenient;
use crate::client::options::{bare_headers, request_headers};
use crate::client::response::Reading;
use crate::client::{Call, Connector, HttpResponse, Request, Retry, Secret, VendorError};
use crate::error::{Effect, Error, ErrorKind};

/// The header that carries the token (documented).
const HEADER: &str = "access-token";

/// Where tokens are issued (documented).
pub(crate) const TOKEN_PATH: &str = "admin/oauth/token";

/// An access token and the refresh token that brings the next pair.
///
/// Store both, and both of every pair that follows: a refresh answers with a new pair (documented), and whether the old
/// refresh token stays good is unknown.
#[derive(Clone)]
#[non_exhaustive]
pub struct TokenPair {
    /// Goes with every call.
    pub access_token: Secret,
    /// Brings the next pair.
    pub refresh_token: Secret,
    /// When the access token ends, where the vendor states it. Without it the token is used until it is refused.
    pub expires_at: Option<DateTime<Utc>>,
    /// The vendor's id of the shop.
    pub store_id: Option<String>,
    /// The shop's name.
    pub store_name: Option<String>,
    /// The shop's language.
    pub locale: Option<String>,
    /// The scopes that were granted, where the vendor returns them here (seen in its SDK only).
    pub scope: Option<String>,
}

impl TokenPair {
    /// A pair that was stored.
    pub fn new(access_token: impl Into<Secret>, refresh_token: impl Into<Secret>) -> Self {
        Self {
            access_token: access_token.into(),
            refresh_token: refresh_token.into(),
            expires_at: None,
            store_id: None,
            store_name: None,
            locale: None,
            scope: None,
        }
    }

    /// Sets [`expires_at`](Self#structfield.expires_at).
    #[must_use]
    pub fn expires_at(mut self, at: DateTime<Utc>) -> Self {
        self.expires_at = Some(at);
        self
    }
}

/// Shows when it ends and whose it is, and no token.
impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPair")
            .field("expires_at", &self.expires_at)
            .field("store_id", &self.store_id)
            .finish_non_exhaustive()
    }
}

/// What a token that came from somewhere else brings along: nothing, or its pair.
type Detail = Option<TokenPair>;

/// A token that nothing renews.
pub(crate) fn fixed_token(access_token: &Secret) -> Result<Token<Detail>, Error> {
    token(access_token, None, None)
}

/// The access token of a pair.
pub(crate) fn app_token(pair: TokenPair) -> Result<Token<Detail>, Error> {
    token(&pair.access_token.clone(), pair.expires_at, Some(pair))
}

fn token(access_token: &Secret, expires_at: Option<DateTime<Utc>>, detail: Detail) -> Result<Token<Detail>, Error> {
    let headers = request_headers(PROVIDER, "application/json", Some((HEADER, access_token)))?;
    Ok(Token::new(headers, expires_at, detail))
}

/// Receives each new pair.
pub(crate) type OnNewTokens = Arc<dyn Fn(&TokenPair) + Send + Sync>;

/// What renews a pair.
pub(crate) struct AppRenewal {
    client_id: String,
    client_secret: Secret,
    url: Arc<url::Url>,
    headers: Arc<HeaderMap>,
    on_new: Option<OnNewTokens>,
    connector: Connector,
}

impl AppRenewal {
    pub(crate) fn new(
        client_id: String,
        client_secret: Secret,
        url: Arc<url::Url>,
        on_new: Option<OnNewTokens>,
        connector: Connector,
    ) -> Result<Self, Error> {
        Ok(Self { client_id, client_secret, url, headers: form_headers()?, on_new, connector })
    }

    fn request(&self, body: Bytes) -> Request {
        Request::to(&REFRESH_ACCESS_TOKEN, &self.url, &self.headers, Some(body))
    }

    /// The request as plans show it: without its secrets.
    pub(crate) fn shown(&self) -> Request {
        let hidden = Secret::from("[redacted]");
        let body = form(&self.client_id, &hidden, &Grant::Refresh(&hidden));
        self.request(Bytes::from(String::from_utf8_lossy(&body).replace("%5Bredacted%5D", "[redacted]")))
    }
}

impl Renewal for AppRenewal {
    type Detail = Detail;

    async fn renew(&self, current: Option<&Token<Detail>>, call: &mut Call<'_>) -> Result<Token<Detail>, Error> {
        let Some(old) = current.and_then(|token| token.detail.as_ref()) else {
            let hint = "an access token without a refresh token cannot be renewed";
            return Err(call.fail(&REFRESH_ACCESS_TOKEN, ErrorKind::Unsupported, hint));
        };
        let body = form(&self.client_id, &self.client_secret, &Grant::Refresh(&old.refresh_token));
        let now = self.connector.clock().utc();
        let new = call.execute(&self.request(body), read_pair(now, Some(&old.refresh_token))).await?.value;
        let token = app_token(new.clone())
            .map_err(|_| call.fail(&REFRESH_ACCESS_TOKEN, ErrorKind::Decode, "the token cannot stand in a header"))?;
        // Before it is used: with a lost pair the authorisation is lost.
        if let Some(on_new) = &self.on_new {
            on_new(&new);
        }
        Ok(token)
    }

    /// Another token could help where the vendor refused this one, unless it is fresh.
    fn may_replace(&self, error: &Error, is_fresh: bool) -> bool {
        !is_fresh && error.kind() == ErrorKind::Unauthenticated
    }
}

/// The headers of a token request.
pub(crate) fn form_headers() -> Result<Arc<HeaderMap>, Error> {
    let mut headers = bare_headers(PROVIDER, None)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    Ok(Arc::new(headers))
}

/// What is asked of the token route.
pub(crate) enum Grant<'a> {
    /// A code from a callback; it is valid once (documented).
    Code { code: &'a Secret, redirect_uri: &'a str },
    /// A refresh token.
    Refresh(&'a Secret),
}

/// The form of a token request, as the vendor's SDK sends it.
pub(crate) fn form(client_id: &str, client_secret: &Secret, grant: &Grant<'_>) -> Bytes {
    let mut form = Serializer::new(String::with_capacity(256));
    form.append_pair("client_id", client_id).append_pair("client_secret", client_secret.expose());
    match grant {
        Grant::Code { code, redirect_uri } => form
            .append_pair("code", code.expose())
            .append_pair("grant_type", "authorization_code")
            .append_pair("redirect_uri", redirect_uri),
        Grant::Refresh(token) => {
            form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", token.expose())
        }
    };
    Bytes::from(form.finish())
}

#[derive(Deserialize)]
struct TokenRecord {
    access_token: String,
    #[serde(default, deserialize_with = "lenient")]
    refresh_token: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    expires_at: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    expires_in: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    store_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    store_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    locale: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    scope: Option<String>,
}

/// Reads a pair. A refresh that brings no refresh token leaves the old one in force (inferred; documented is a new one).
fn pair(body: &[u8], now: DateTime<Utc>, old: Option<&Secret>) -> Option<TokenPair> {
    let shown: TokenRecord = data(body)?;
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let access_token = filled(Some(shown.access_token))?;
    let refresh_token = filled(shown.refresh_token).map(Secret::from).or_else(|| old.cloned())?;
    let seconds = |text: Option<String>| text?.trim().split('.').next()?.parse::<i64>().ok().filter(|s| *s > 0);
    // Unix seconds (documented); a length of life is seen in the vendor's SDK only.
    let at = seconds(shown.expires_at).and_then(|at| DateTime::from_timestamp(at, 0));
    let after = || now.checked_add_signed(TimeDelta::try_seconds(seconds(shown.expires_in)?)?);
    Some(TokenPair {
        expires_at: at.or_else(after),
        store_id: filled(shown.store_id),
        store_name: filled(shown.store_name),
        locale: filled(shown.locale),
        scope: filled(shown.scope),
        ..TokenPair::new(access_token, refresh_token)
    })
}

/// Reads an answer of the token route. What it refuses with 400, 401, 403 or 422 is the code, the refresh token or the
/// app; which errors the vendor writes there is unknown, and those of OAuth 2 (`invalid_grant`) are read.
pub(crate) fn read_pair(now: DateTime<Utc>, old: Option<&Secret>) -> impl Fn(&HttpResponse) -> Reading<TokenPair> {
    move |response| {
        let (status, is_success) = (response.status.as_u16(), response.status.is_success());
        let mut error = match (check(response), pair(&response.body, now, old)) {
            (Ok(()), Some(pair)) if is_success => return Ok(pair),
            // Tokens that cannot be read are lost: a second request may find the code or the refresh token used up.
            (Ok(()), _) if is_success => {
                let unreadable = VendorError::unreadable("the answer of the token route holds no token");
                return Err(Box::new(VendorError { effect: Some(Effect::Unknown), ..*unreadable }));
            }
            (Ok(()), _) => Box::default(),
            (Err(error), _) => error,
        };
        if is_success || matches!(status, 400 | 401 | 403 | 422) {
            error.kind = Some(ErrorKind::Unauthenticated);
            error.effect = Some(Effect::Rejected);
            error.retry = Some(Retry::Never);
            error.hint = Some(
                "the vendor refused the code, the refresh token or the app: the merchant has to authorise the app again",
            );
        }
        #[derive(Deserialize)]
        struct Refused {
            #[serde(default, deserialize_with = "lenient")]
            error: Option<String>,
        }
        let is_word = |word: &String| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let word = || data::<Refused>(&response.body).and_then(|refused| refused.error).filter(is_word);
        error.code = error.code.take().or_else(word);
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn now() -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn pairs_are_read_tolerantly() {
        let read = |body: &str| pair(body.as_bytes(), now(), None);
        let body = r#"{"token_type":"Bearer","expires_at":1772371200,"access_token":"fake-a","refresh_token":"fake-r",
            "store_id":"7","store_name":"Acme","locale":"en-US"}"#;
        let shown = read(body).unwrap();
        assert_eq!((shown.access_token.expose(), shown.refresh_token.expose()), ("fake-a", "fake-r"));
        assert_eq!(shown.expires_at, Some("2026-03-01T13:20:00Z".parse().unwrap()));
        assert_eq!((shown.store_id.as_deref(), shown.scope), (Some("7"), None));
        let at =
            |rest: &str| read(&format!(r#"{{"access_token":"a","refresh_token":"r",{rest}}}"#)).unwrap().expires_at;
        assert_eq!(at(r#""expires_at":"1772371200""#), Some("2026-03-01T13:20:00Z".parse().unwrap()));
        assert_eq!(at(r#""expires_in":60"#), Some("2026-03-01T12:01:00Z".parse().unwrap()));
        for none in [r#""expires_at":null"#, r#""expires_at":0"#, r#""expires_at":"soon""#, r#""expires_in":1e300"#] {
            assert_eq!(at(none), None, "{none}");
        }
        assert!(read(r#"{"code":"Success","data":{"access_token":"a","refresh_token":"r"}}"#).is_some());
        for bad in [
            "",
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":"a"}"#,
            r#"{"access_token":"a","refresh_token":""}"#,
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
        let old = Secret::from("fake-old");
        let kept = pair(br#"{"access_token":"a"}"#, now(), Some(&old)).unwrap();
        assert_eq!(kept.refresh_token.expose(), "fake-old");
    }

    #[test]
    fn refused_tokens_are_told_from_trouble() {
        use ErrorKind as K;
        let judged = |status: u16, body: &'static str| {
            let response = HttpResponse::new(StatusCode::from_u16(status).unwrap(), body);
            read_pair(now(), None)(&response).err().map(|error| (error.kind, error.code))
        };
        assert_eq!(judged(200, r#"{"access_token":"a","refresh_token":"r"}"#), None);
        let grant = Some("invalid_grant".to_owned());
        assert_eq!(
            judged(400, r#"{"error":"invalid_grant","error_description":"x"}"#),
            Some((Some(K::Unauthenticated), grant))
        );
        assert_eq!(judged(401, "Unauthorized"), Some((Some(K::Unauthenticated), None)));
        assert_eq!(judged(422, r#"{"errors":["Code can't be blank"]}"#), Some((Some(K::Unauthenticated), None)));
        assert_eq!(judged(200, r#"{"error":"no such app"}"#), Some((Some(K::Unauthenticated), None)));
        assert_eq!(judged(200, "<html>"), Some((Some(K::Decode), None)));
        for (status, body) in [(404, ""), (429, ""), (500, "<html>"), (503, ""), (302, "")] {
            assert_eq!(judged(status, body), Some((None, None)), "{status}");
        }
    }

    #[test]
    fn forms_are_escaped_and_debug_shows_no_token() {
        let secret = Secret::from("fake&s");
        let code = Secret::from("fake c");
        let body = form("app 1", &secret, &Grant::Code { code: &code, redirect_uri: "https://app.example.com/cb?x=1" });
        assert_eq!(
            body,
            "client_id=app+1&client_secret=fake%26s&code=fake+c&grant_type=authorization_code\
             &redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb%3Fx%3D1"
        );
        let body = form("app", &secret, &Grant::Refresh(&code));
        assert_eq!(body, "client_id=app&client_secret=fake%26s&grant_type=refresh_token&refresh_token=fake+c");
        let shown = format!("{:?}", TokenPair::new("fake-access", "fake-refresh").expires_at(now()));
        assert!(!shown.contains("fake") && shown.contains("2026-03-01"), "{shown}");
    }
}
