//! Implements `StandIn` for Yotpo.

use serde_json::{Value, json};
use wiremock::Request;

use super::Yotpo;
use crate::Customer;
use crate::providers::yotpo::{CustomerRecord, DEFAULT_LIMIT};
use crate::sandbox::StandIn;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::limits::Limits;
use crate::sandbox::reply::{Object, Reply, lock};
use crate::sandbox::stand_in::read_record;

impl StandIn for Yotpo {
    fn provider(&self) -> &'static str {
        "yotpo"
    }

    fn credentials(&self) -> &'static [(&'static str, &'static str)] {
        &[("YOTPO_STORE_ID", Sandbox::YOTPO_STORE_ID), ("YOTPO_SECRET", Sandbox::YOTPO_SECRET)]
    }

    fn secret_headers(&self) -> &'static [&'static str] {
        &["x-yotpo-token", "x-guid", "x-api-key", "x-utoken"]
    }

    fn route<'a, 'p>(&self, path: &'a [&'p str]) -> &'a [&'p str] {
        match path {
            ["core", "v3", "stores", _, route @ ..] | route => route,
        }
    }

    fn answer(&self, request: &Request) -> Reply {
        self.reply(request)
    }

    fn put(&self, record: Object) {
        lock(&self.state).put(record);
    }

    fn customers(&self) -> Vec<Value> {
        let mut state = lock(&self.state);
        state.process();
        state.rows.iter().cloned().map(Value::Object).collect()
    }

    fn normalized(&self, record: Value) -> Customer {
        read_record(&record, |row: CustomerRecord| Customer::from(&row))
    }

    /// That of a 429 is *inferred*: the gateway's.
    fn error_body(&self, status: u16) -> Value {
        match status {
            429 => json!({"message": "API rate limit exceeded"}),
            _ => json!({"errors": [{"message": "Something went wrong"}]}),
        }
    }

    /// *Seen*.
    fn error_inside(&self) -> Value {
        json!({"error": "Refused"})
    }

    /// *Documented*.
    fn wait_headers(&self, seconds: u64) -> Vec<(&'static str, String)> {
        vec![("ratelimit-remaining", "0".to_owned()), ("ratelimit-reset", seconds.to_string())]
    }

    fn limits(&self) -> Limits {
        Limits::own(DEFAULT_LIMIT)
    }
}
