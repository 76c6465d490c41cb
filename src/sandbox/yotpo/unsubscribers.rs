//! Opt-outs from review requests (v1). The bodies are *seen* in the vendor's own cartridge and another client.

use std::sync::Mutex;

use serde_json::{Value, json};
use wiremock::Request;

use crate::sandbox::handle::Sandbox;
use crate::sandbox::reply::{Query, Reply, fold, lock, object};

#[derive(Default)]
pub(super) struct Unsubscribers {
    /// E-mail address and kind of message.
    rows: Mutex<Vec<(String, String)>>,
}

/// The older API's own envelope (*seen*).
fn envelope(code: u16, message: &str, response: &Value) -> Reply {
    Reply::json(code, json!({"status": {"code": code, "message": message}, "response": response}))
}

impl Unsubscribers {
    pub(super) fn reply(&self, app: &str, rest: &[&str], request: &Request) -> Reply {
        let body = object(request).unwrap_or_default();
        let query = Query::of(request);
        let utoken = query.first("utoken").or_else(|| body.get("utoken").and_then(Value::as_str));
        if app != Sandbox::YOTPO_STORE_ID || utoken != Some(Sandbox::YOTPO_UTOKEN) {
            return envelope(401, "Unauthorized", &Value::Null);
        }
        match (request.method.as_str(), rest) {
            ("GET", []) => {
                let rows = lock(&self.rows);
                let shown = (1u32..).zip(rows.iter()).map(|(id, (email, kind))| {
                    json!({"id": id, "user_email": email, "email_type_id": kind.parse::<u32>().unwrap_or(1),
                        "unsubscribed_by_name": "API"})
                });
                envelope(200, "OK", &json!({"unsubscribers": shown.collect::<Vec<_>>()}))
            }
            ("POST", ["mass_create"]) | ("DELETE", ["mass_delete"]) => {
                let Some(lists) = body.get("email_list").and_then(Value::as_object) else {
                    return envelope(400, "email_list is required", &Value::Null);
                };
                let mut rows = lock(&self.rows);
                for (kind, emails) in lists {
                    for email in emails.as_array().into_iter().flatten().filter_map(Value::as_str) {
                        let row = (fold(email), kind.clone());
                        rows.retain(|held| *held != row);
                        if request.method.as_str() == "POST" {
                            rows.push(row);
                        }
                    }
                }
                envelope(200, "OK", &Value::Null)
            }
            _ => envelope(404, "Not found", &Value::Null),
        }
    }
}
