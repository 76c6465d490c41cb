//! The app of the Shoplazza stand-in: codes and refresh tokens in, pairs of tokens out.

use chrono::TimeDelta;
use serde_json::json;
use url::form_urlencoded;
use wiremock::Request;

use super::super::Sandbox;
use super::super::reply::{self, Reply};

impl Sandbox {
    /// The client id of the app that the Shoplazza stand-in knows.
    pub const SHOPLAZZA_CLIENT_ID: &'static str = "fake-shoplazza-app";
    /// The client secret of that app.
    pub const SHOPLAZZA_CLIENT_SECRET: &'static str = "fake-shoplazza-app-secret";
    /// A code that the Shoplazza stand-in exchanges for tokens, once.
    pub const SHOPLAZZA_CODE: &'static str = "fake-shoplazza-code";
}

/// What the stand-in keeps of the app: the number of the pair in force.
#[derive(Debug, Default)]
pub(super) struct App {
    pair: u64,
}

impl App {
    /// Whether an access token is that of the pair in force: a new pair ends the old one (*unknown* at the vendor).
    pub(super) fn takes(&self, token: &str) -> bool {
        self.pair > 0 && token == access(self.pair)
    }

    /// `POST admin/oauth/token`, with a form. The fields of a success are *documented*, the errors *unknown*: here they
    /// are those of OAuth 2.
    pub(super) fn token(&mut self, request: &Request) -> Reply {
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
        // About a year (*inferred* from one answer in the readme of the vendor's SDK).
        let expires_at = reply::now() + TimeDelta::days(365);
        reply::json(
            200,
            json!({
                "token_type": "Bearer",
                "access_token": access(self.pair),
                "refresh_token": refresh(self.pair),
                "expires_at": expires_at.timestamp(),
                "store_id": "1",
                "store_name": "Acme",
                "locale": "en-US",
            }),
        )
    }
}

fn access(pair: u64) -> String {
    format!("fake-shoplazza-access-{pair}")
}

fn refresh(pair: u64) -> String {
    format!("fake-shoplazza-refresh-{pair}")
}
