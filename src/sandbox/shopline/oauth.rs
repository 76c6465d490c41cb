//! Answers the token calls of an app.

use std::time::Duration;

use chrono::SecondsFormat;
use serde_json::{Value, json};
use wiremock::Request;

use crate::Secret;
use crate::client::auth::signature::verify_hex;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::reply::{self, Reply};
use crate::sandbox::time::{Time, after};

/// How long a token stays valid after a newer one is issued.
const OVERLAP: Duration = Duration::from_secs(5 * 60);

/// The state of the app.
#[derive(Default)]
pub(super) struct App {
    code_used: bool,
    pub(super) life: Option<Duration>,
    /// Tokens, and when each expires.
    tokens: Vec<(String, Duration)>,
}

impl App {
    /// Whether a token is valid; `passed` is the time that has passed at the vendor.
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

    /// Answers `create`, which exchanges a code, or `refresh`.
    pub(super) fn token(&mut self, request: &Request, create: bool, time: &Time) -> Reply {
        let header = |name: &str| reply::header(request, name).unwrap_or_default();
        let message = [request.body.as_slice(), header("timestamp").as_bytes()].concat();
        let secret = Secret::from(Sandbox::SHOPLINE_APP_SECRET);
        let is_ours = header("appkey") == Sandbox::SHOPLINE_APP_KEY && !header("timestamp").is_empty();
        if !is_ours || !verify_hex(&secret, &message, header("sign")) {
            return refused(401, "INVALID_SIGN");
        }
        if create {
            let body = reply::body(request).unwrap_or(Value::Null);
            let is_good = body.get("code").and_then(Value::as_str) == Some(Sandbox::SHOPLINE_OAUTH_CODE);
            if !is_good || std::mem::replace(&mut self.code_used, true) {
                return refused(400, "INVALID_CODE");
            }
        }
        let mut data =
            json!({ "accessToken": Sandbox::SHOPLINE_ACCESS_TOKEN, "scope": "read_customers,write_customers" });
        if let (Some(life), Some(data)) = (self.life, data.as_object_mut()) {
            let ends = after(time.utc(), life).to_rfc3339_opts(SecondsFormat::Millis, true);
            data.insert("accessToken".to_owned(), self.mint(life, time.passed()).into());
            data.insert("expireTime".to_owned(), ends.into());
        }
        reply::json(200, json!({ "code": 200, "i18nCode": "SUCCESS", "message": "", "data": data }))
    }
}

/// That a refusal is a 200 with another code in its body is *inferred* from the vendor's own clients, and so are the
/// names of the codes. The time in a signature is not compared with the clock, which tests set as they like.
fn refused(code: u16, name: &str) -> Reply {
    reply::json(200, json!({ "code": code, "i18nCode": name, "message": "refused" }))
}
