//! The token calls of the SHOPLINE stand-in.

use std::time::Duration;

use chrono::SecondsFormat;
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::Request;

use super::super::Sandbox;
use super::super::reply::{self, Reply};
use super::super::time::after;
use super::State;
use crate::client::auth::signature::verify_hex;

impl Sandbox {
    /// The key of the app that the SHOPLINE stand-in knows.
    pub const SHOPLINE_APP_KEY: &'static str = "fake_app_key";
    /// The secret by which that app signs.
    pub const SHOPLINE_APP_SECRET: &'static str = "fake_app_secret";
    /// The one-time code that the SHOPLINE stand-in changes for a token, once.
    pub const SHOPLINE_OAUTH_CODE: &'static str = "fake-oauth-code";

    /// Makes the app's tokens of the SHOPLINE stand-in end after this time, by
    /// [`SandboxBuilder::clock`](super::super::SandboxBuilder::clock): each token call then gives out a new one and tells
    /// its end, and leaves the one before it five minutes (*documented*). 10 hours at the vendor (*documented*). At first
    /// every token is [`SHOPLINE_ACCESS_TOKEN`](Self::SHOPLINE_ACCESS_TOKEN), which has no end, now neither.
    pub fn set_shopline_token_life(&self, life: Duration) {
        self.shopline.state().app.life = Some(life);
    }
}

/// How long a token is still good once there is a newer one.
const OVERLAP: Duration = Duration::from_secs(5 * 60);

/// What the stand-in keeps of the app.
#[derive(Default)]
pub(super) struct App {
    code_used: bool,
    life: Option<Duration>,
    /// Tokens, and the time at which each ends.
    tokens: Vec<(String, Duration)>,
}

impl App {
    /// Whether a token is good; `passed` is the time that has gone by at the vendor.
    pub(super) fn takes(&self, token: &str, passed: Duration) -> bool {
        self.tokens.iter().any(|(held, ends)| held == token && passed < *ends)
    }

    fn mint(&mut self, life: Duration, passed: Duration) -> String {
        for (_, ends) in &mut self.tokens {
            *ends = (*ends).min(passed.saturating_add(OVERLAP));
        }
        let token = format!("{}-{}", Sandbox::SHOPLINE_ACCESS_TOKEN, self.tokens.len() + 1);
        self.tokens.push((token.clone(), passed.saturating_add(life)));
        token
    }
}

/// That a refusal is a 200 with another code in its body is *inferred* from the vendor's own clients, and so are the
/// names of the codes. The time in a signature is not compared with the clock, which tests set as they like.
fn refused(code: u16, name: &str) -> Reply {
    reply::json(200, json!({ "code": code, "i18nCode": name, "message": "refused" }))
}

impl State {
    pub(super) fn token(&mut self, request: &Request, create: bool) -> Reply {
        let header = |name: &str| reply::header(request, name).unwrap_or_default();
        let message = [request.body.as_slice(), header("timestamp").as_bytes()].concat();
        let secret = SecretString::from(Sandbox::SHOPLINE_APP_SECRET);
        let is_ours = header("appkey") == Sandbox::SHOPLINE_APP_KEY && !header("timestamp").is_empty();
        if !is_ours || !verify_hex(&secret, &message, header("sign")) {
            return refused(401, "INVALID_SIGN");
        }
        if create {
            let body = reply::body(request).unwrap_or(Value::Null);
            let is_good = body.get("code").and_then(Value::as_str) == Some(Sandbox::SHOPLINE_OAUTH_CODE);
            if !is_good || std::mem::replace(&mut self.app.code_used, true) {
                return refused(400, "INVALID_CODE");
            }
        }
        let mut data =
            json!({ "accessToken": Sandbox::SHOPLINE_ACCESS_TOKEN, "scope": "read_customers,write_customers" });
        if let (Some(life), Some(data)) = (self.app.life, data.as_object_mut()) {
            let ends = after(self.time.utc(), life).to_rfc3339_opts(SecondsFormat::Millis, true);
            data.insert("accessToken".to_owned(), self.app.mint(life, self.time.passed()).into());
            data.insert("expireTime".to_owned(), ends.into());
        }
        reply::json(200, json!({ "code": 200, "i18nCode": "SUCCESS", "message": "", "data": data }))
    }
}
