//! A vendor in memory, reached through a transport of its own: it refuses no duplicate, so that one shows.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use customer_sink::{HttpRequest, HttpResponse, Transport, TransportError};
use http::StatusCode;
use serde_json::{Map, Value, json};

pub const KEY: &str = "fake-pier-key";
pub const URL: &str = "https://pier.example.com/";

/// The vendor, in memory: the transport is the vendor.
#[derive(Clone, Default)]
pub struct Pier(pub Arc<Mutex<Vec<Map<String, Value>>>>);

impl fmt::Debug for Pier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pier")
    }
}

#[async_trait]
impl Transport for Pier {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let (status, body) = self.answer(&request);
        Ok(HttpResponse::new(StatusCode::from_u16(status).unwrap(), body.to_string()))
    }
}

impl Pier {
    fn answer(&self, request: &HttpRequest) -> (u16, Value) {
        if request.headers.get("x-api-key").is_none_or(|key| key != KEY) {
            return (401, json!({"error": "unknown key"}));
        }
        let mut rows = self.0.lock().unwrap();
        let body: Option<Map<String, Value>> = serde_json::from_slice(&request.body).ok();
        let path = request.url.path();
        let id = path.strip_prefix("/customers/");
        let at = rows.iter().position(|row| id.is_some() && row["id"].as_str() == id);
        match (request.method.as_str(), path, body, at) {
            ("GET", "/key", ..) => (200, json!({})),
            ("GET", "/customers", ..) => {
                let email = request.url.query_pairs().find(|(name, _)| name == "email").map(|(_, email)| json!(email));
                let found: Vec<_> = rows.iter().filter(|row| row.get("email") == email.as_ref()).collect();
                (200, json!({"customers": found}))
            }
            ("POST", "/customers", Some(body), _) => {
                let id = json!(format!("p-{}", rows.len() + 1));
                let mut row = Map::from_iter([("id".to_owned(), id), ("newsletter".to_owned(), json!(true))]);
                row.extend(body);
                rows.push(row.clone());
                (201, Value::Object(row))
            }
            ("PUT", _, Some(body), Some(at)) => {
                rows[at].extend(body);
                (200, Value::Object(rows[at].clone()))
            }
            ("DELETE", _, _, Some(at)) => (200, Value::Object(rows.remove(at))),
            _ => (404, json!({"error": "nothing there"})),
        }
    }
}
