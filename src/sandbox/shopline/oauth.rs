//! The token calls of the SHOPLINE stand-in.

use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::Request;

use super::super::Sandbox;
use super::super::reply::{self, Reply};
use super::State;
use crate::signature::verify_hex;

impl Sandbox {
    /// The key of the app that the SHOPLINE stand-in knows.
    pub const SHOPLINE_APP_KEY: &'static str = "fake_app_key";
    /// The secret by which that app signs.
    pub const SHOPLINE_APP_SECRET: &'static str = "fake_app_secret";
    /// The one-time code that the SHOPLINE stand-in changes for a token, once.
    pub const SHOPLINE_OAUTH_CODE: &'static str = "fake-oauth-code";
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
            if !is_good || std::mem::replace(&mut self.code_used, true) {
                return refused(400, "INVALID_CODE");
            }
        }
        // Every token is the one that the other routes take; no end is told, so that a clock of a test's own is no harm.
        let data = json!({ "accessToken": Sandbox::SHOPLINE_ACCESS_TOKEN, "scope": "read_customers,write_customers" });
        reply::json(200, json!({ "code": 200, "i18nCode": "SUCCESS", "message": "", "data": data }))
    }
}
