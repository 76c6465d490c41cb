//! A stand-in of Harbor CRM on wiremock, and the sink as a subject of the conformance suite.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use customer_sink::conformance::{BoxError, Credentials, Setup, StandIn, StoredCustomer, Subject};
use customer_sink::customer::Channel;
use customer_sink::plan::{Step, StepCondition};
use customer_sink::{CustomerSink, Error, HttpResponse};
use http::StatusCode;
use serde_json::{Map, Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::harbor::Harbor;

/// The key that the stand-in accepts.
pub const KEY: &str = "fake-harbor-key";

/// A stand-in of the vendor, running. It stops when this value is dropped.
pub struct HarborStandIn {
    server: MockServer,
    rows: Rows,
}

#[derive(Clone, Default)]
struct Rows(Arc<Mutex<Vec<Map<String, Value>>>>);

impl HarborStandIn {
    /// Starts one with nobody in it.
    pub async fn start() -> Self {
        let rows = Rows::default();
        let server = MockServer::builder().disable_request_recording().start().await;
        Mock::given(any()).respond_with(rows.clone()).mount(&server).await;
        Self { server, rows }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.server.uri()
    }
}

impl Respond for Rows {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let (status, body) = self.answer(request);
        ResponseTemplate::new(status).set_body_json(body)
    }
}

impl Rows {
    fn answer(&self, request: &Request) -> (u16, Value) {
        if request.headers.get("x-api-key").is_none_or(|key| key != KEY) {
            return (401, json!({"error": "unknown key", "code": "bad_key"}));
        }
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let body: Option<Map<String, Value>> = serde_json::from_slice(&request.body).ok();
        let path = request.url.path().trim_start_matches("/v1/");
        let id = path.strip_prefix("customers/");
        let at = rows.iter().position(|row| id.is_some() && row["id"].as_str() == id);
        match (request.method.as_str(), path, body, at) {
            ("GET", "key", ..) => (200, json!({"key": "good"})),
            ("GET", "customers", ..) => {
                let email = request.url.query_pairs().find(|(name, _)| name == "email").map(|(_, email)| fold(&email));
                let found: Vec<_> = rows.iter().filter(|row| Some(email_of(row)) == email).collect();
                (200, json!({"customers": found}))
            }
            ("POST", "customers", Some(body), _) => {
                let email = email_of(&body);
                if email.is_empty() {
                    return (422, json!({"error": "email is required", "code": "invalid"}));
                }
                if rows.iter().any(|row| email_of(row) == email) {
                    return (409, json!({"error": "email is taken", "code": "taken"}));
                }
                let mut row = Map::from_iter([
                    ("id".to_owned(), json!(format!("h-{}", rows.len() + 1))),
                    // The vendor assumes it.
                    ("newsletter".to_owned(), json!(true)),
                    ("created_at".to_owned(), json!(chrono::Utc::now().timestamp())),
                ]);
                row.extend(body);
                rows.push(row.clone());
                (201, Value::Object(row))
            }
            ("PUT", _, Some(body), Some(at)) => {
                rows[at].extend(body);
                (200, Value::Object(rows[at].clone()))
            }
            ("DELETE", _, _, Some(at)) => (200, Value::Object(rows.remove(at))),
            _ => (404, json!({"error": "there is nothing", "code": "not_found"})),
        }
    }
}

fn fold(email: &str) -> String {
    email.trim().to_lowercase()
}

fn email_of(row: &Map<String, Value>) -> String {
    fold(row.get("email").and_then(Value::as_str).unwrap_or_default())
}

/// Harbor as a subject of the suite.
pub struct HarborSubject;

impl HarborSubject {
    fn key(credentials: Credentials) -> &'static str {
        match credentials {
            Credentials::First => KEY,
            Credentials::Second => "fake-harbor-other-key",
            _ => "fake-harbor-wrong-key",
        }
    }
}

#[async_trait]
impl Subject for HarborSubject {
    async fn stand_in(&self) -> Result<Box<dyn StandIn>, BoxError> {
        Ok(Box::new(HarborStandIn::start().await))
    }

    fn secrets(&self, credentials: Credentials) -> Vec<String> {
        vec![Self::key(credentials).to_owned()]
    }

    fn says_yes(&self, step: &Step, channel: Channel) -> Option<bool> {
        let body: Value = serde_json::from_slice(step.body()?).ok()?;
        let newsletter = &body["newsletter"];
        (channel == Channel::Email).then(|| {
            newsletter == &json!(true) || (step.when() == StepCondition::IfNotFound && newsletter != &json!(false))
        })
    }

    fn refusals_with_success_status(&self) -> Vec<HttpResponse> {
        vec![HttpResponse::new(StatusCode::OK, r#"{"error":"the account is frozen","code":"frozen"}"#)]
    }
}

impl StandIn for HarborStandIn {
    fn sink(&self, setup: &Setup) -> Result<Arc<dyn CustomerSink>, Error> {
        let key = HarborSubject::key(setup.credentials);
        Ok(Arc::new(Harbor::new(&self.url(), key, &setup.connector)?))
    }

    fn people(&self) -> Vec<StoredCustomer> {
        let rows = self.rows.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = |row: &Map<String, Value>| {
            let yes = row.get("newsletter") == Some(&json!(true));
            let mut row = row.clone();
            // Another time in every run.
            row.remove("created_at");
            StoredCustomer::new(Value::Object(row)).email_yes(yes)
        };
        rows.iter().map(held).collect()
    }
}
