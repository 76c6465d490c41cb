//! Reads the answers of token calls. Pure.

use std::fmt;

use chrono::{DateTime, Utc};

use super::super::response::time;
use super::jwt::expiry;
use crate::client::json::error_body::ErrorBody;
use crate::client::response::Reading;
use crate::client::{HttpResponse, Retry, Secret, VendorError, by_status};
use crate::error::ErrorKind;

/// An access token of a custom or public app. It lives ten hours, and five minutes once it has been renewed
/// (documented).
#[derive(Clone)]
#[non_exhaustive]
pub struct AccessToken {
    /// The token.
    pub token: Secret,
    /// When it expires: as the vendor states or the token itself, whichever is sooner.
    pub expires_at: Option<DateTime<Utc>>,
    /// The scopes that the merchant granted.
    pub scopes: Vec<String>,
    /// Read by one of the vendor's own programs and left out by the others; renewing does not need it.
    pub refresh_token: Option<Secret>,
}

/// Shows no token.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("expires_at", &self.expires_at)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// Where an answer holds the token.
const TOKEN: &[&str] = &["data", "accessToken"];

/// A token call succeeds where its body says `"code":200` (documented), as a number or a text, whatever the status says;
/// a body without a code goes by the token in it.
pub(super) fn check(response: &HttpResponse) -> Reading<()> {
    let body = ErrorBody::read(&response.body);
    let code = body.text(&["code"]);
    let is_success = response.status.is_success();
    let is_good = code.as_deref() == Some("200") || (code.is_none() && body.text(TOKEN).is_some());
    if is_success && is_good && !body.reports_failure() {
        return Ok(());
    }
    let i18n_code = body.text(&["i18nCode"]);
    let (message, request_id) = (body.text(&["message"]), body.text(&["traceId"]));
    let mut problem = VendorError { message, request_id, ..VendorError::default() };
    if is_success {
        // The body's code takes the place of the status.
        if let Some(status) = code.as_deref().and_then(|code| code.parse().ok()).filter(|s| (400..600).contains(s)) {
            let (kind, effect, retry) = by_status(status, false);
            (problem.kind, problem.effect, problem.retry) = (Some(kind), Some(effect), Some(retry));
        } else if code.is_none() && !body.reports_failure() {
            (problem.kind, problem.retry) = (Some(ErrorKind::Decode), Some(Retry::Never));
        }
    }
    // The refusal of too many renewals (seen, by one integrator). Another try at once makes it worse.
    if i18n_code.as_deref() == Some("REQUEST_FREQUENTLY") {
        (problem.kind, problem.retry) = (Some(ErrorKind::RateLimited), Some(Retry::Never));
        problem.hint = Some("the vendor refuses so many renewals; the token that is held may still be good");
    } else if response.status == http::StatusCode::UNAUTHORIZED {
        problem.hint = Some("the app's key, its secret, the code or this machine's clock is not right");
    }
    problem.code = i18n_code.or(code);
    Err(Box::new(problem))
}

/// The token of an answer that [`check`] found good; none where it holds none.
pub(super) fn read(body: &[u8]) -> Option<AccessToken> {
    let body = ErrorBody::read(body);
    let token = Secret::from(body.text(TOKEN)?.trim().to_owned());
    let stated = body.text(&["data", "expireTime"]).and_then(|text| time(&text));
    let scope = body.text(&["data", "scope"]).unwrap_or_default();
    Some(AccessToken {
        expires_at: [stated.map(|at| at.to_utc()), expiry(&token)].into_iter().flatten().min(),
        scopes: scope.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        refresh_token: body.text(&["data", "refreshToken"]).map(Secret::from),
        token,
    })
}

impl AccessToken {
    /// A token that the caller gave.
    pub(super) fn given(expires_at: Option<DateTime<Utc>>, token: Secret) -> Self {
        Self { token, expires_at, scopes: Vec::new(), refresh_token: None }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn problem(status: u16, body: &'static str) -> Option<(Option<ErrorKind>, Option<String>)> {
        let failed = check(&HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)).err()?;
        Some((failed.kind, failed.code))
    }

    #[test]
    fn the_code_in_the_body_decides() {
        for good in [
            r#"{"code":200,"data":{"accessToken":"t"}}"#,
            r#"{"code":"200","i18nCode":"SUCCESS"}"#,
            r#"{"data":{"accessToken":"t"}}"#,
        ] {
            assert_eq!(problem(200, good), None, "{good}");
        }
        let code = |text: &str| Some(text.to_owned());
        assert_eq!(problem(200, r#"{"code":"500"}"#), Some((Some(ErrorKind::Unavailable), code("500"))));
        assert_eq!(problem(200, r#"{"code":401,"i18nCode":"X"}"#), Some((Some(ErrorKind::Unauthenticated), code("X"))));
        assert_eq!(problem(200, r#"{"code":10001}"#), Some((None, code("10001"))));
        assert_eq!(
            problem(200, r#"{"code":400,"i18nCode":"REQUEST_FREQUENTLY"}"#),
            Some((Some(ErrorKind::RateLimited), code("REQUEST_FREQUENTLY")))
        );
        for bad in ["", "{}", "<html>", r#"{"data":{"accessToken":" "}}"#] {
            assert_eq!(problem(200, bad), Some((Some(ErrorKind::Decode), None)), "{bad}");
        }
        assert_eq!(problem(500, r#"{"code":200,"data":{"accessToken":"t"}}"#), Some((None, code("200"))));
    }

    #[test]
    fn a_token_is_read_with_its_end_and_scopes() {
        let token = read(
            br#"{"code":200,"data":{"accessToken":"t","expireTime":"2026-03-01T22:00:00.000Z",
            "scope":"read_customers,write_customers","refreshToken":"r"}}"#,
        )
        .unwrap();
        assert_eq!((token.token.expose(), token.scopes.len()), ("t", 2));
        assert_eq!(token.expires_at.unwrap().to_rfc3339(), "2026-03-01T22:00:00+00:00");
        assert!(token.refresh_token.is_some());
        assert!(!format!("{token:?}").contains("\"t\""));
        assert!(read(br#"{"code":200,"data":{}}"#).is_none());
        assert_eq!(read(br#"{"data":{"accessToken":"t","expireTime":7}}"#).unwrap().expires_at, None);
    }
}
