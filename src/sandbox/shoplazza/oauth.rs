//! Answers the token calls of an app: exchanges codes and refresh tokens for pairs of tokens.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;
use url::form_urlencoded;
use wiremock::Request;

use crate::sandbox::handle::Sandbox;
use crate::sandbox::reply::{self, Reply};
use crate::sandbox::time::after;

/// The beginning of every access token of the app.
pub(super) const TOKEN_PREFIX: &str = "fake-shoplazza-access-";

/// The state of the app.
#[derive(Debug)]
pub(super) struct App {
    /// The number of the pair in force.
    pair: u64,
    ends: DateTime<Utc>,
    pub(super) life: Duration,
}

impl Default for App {
    fn default() -> Self {
        Self { pair: 0, ends: DateTime::<Utc>::MIN_UTC, life: Duration::from_secs(365 * 24 * 60 * 60) }
    }
}

impl App {
    /// Whether an access token is that of the pair in force: a new pair ends the old one (*unknown* at the vendor).
    pub(super) fn takes(&self, token: &str, now: DateTime<Utc>) -> bool {
        self.pair > 0 && token == access(self.pair) && now < self.ends
    }

    /// `POST admin/oauth/token`, with a form. The fields of a success are *documented*, the errors *unknown*: here they
    /// are those of OAuth 2.
    pub(super) fn token(&mut self, request: &Request, now: DateTime<Utc>) -> Reply {
        let refused = |status, error: &str| reply::json(status, json!({ "error": error }));
        let mime = reply::header(request, "content-type").unwrap_or_default();
        if !mime.starts_with("application/x-www-form-urlencoded") {
            return refused(400, "invalid_request");
        }
        let form: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
        let field = |name| reply::param(&form, name);
        if field("client_id") != Some(Sandbox::SHOPLAZZA_CLIENT_ID)
            || field("client_secret") != Some(Sandbox::SHOPLAZZA_CLIENT_SECRET)
        {
            return refused(401, "invalid_client");
        }
        let is_good = match field("grant_type") {
            Some("authorization_code") => {
                self.pair == 0 && field("code") == Some(Sandbox::SHOPLAZZA_CODE) && field("redirect_uri").is_some()
            }
            Some("refresh_token") => self.pair > 0 && field("refresh_token") == Some(&refresh(self.pair)),
            _ => return refused(400, "unsupported_grant_type"),
        };
        if !is_good {
            return refused(400, "invalid_grant");
        }
        self.pair += 1;
        self.ends = after(now, self.life);
        reply::json(
            200,
            json!({
                "token_type": "Bearer",
                "access_token": access(self.pair),
                "refresh_token": refresh(self.pair),
                "expires_at": self.ends.timestamp(),
                "store_id": "1",
                "store_name": "Acme",
                "locale": "en-US",
            }),
        )
    }
}

fn access(pair: u64) -> String {
    format!("{}{pair}", TOKEN_PREFIX)
}

fn refresh(pair: u64) -> String {
    format!("fake-shoplazza-refresh-{pair}")
}
