//! Implements `StandIn` for Whale.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::{Value, json};
use wiremock::Request;

use super::{State, Whale, webhooks};
use crate::Customer;
use crate::providers::whale::{CustomerRecord, DEFAULT_LIMIT};
use crate::sandbox::StandIn;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::limits::Limits;
use crate::sandbox::reply::{Object, Reply, lock};
use crate::sandbox::stand_in::read_record;

impl StandIn for Whale {
    fn provider(&self) -> &'static str {
        "whale"
    }

    fn credentials(&self) -> &'static [(&'static str, &'static str)] {
        &[("WHALE_STORE_ID", Sandbox::WHALE_STORE_ID), ("WHALE_API_KEY", Sandbox::WHALE_API_KEY)]
    }

    fn secret_headers(&self) -> &'static [&'static str] {
        &["x-api-key"]
    }

    fn route<'a, 'p>(&self, path: &'a [&'p str]) -> &'a [&'p str] {
        match path {
            ["v1", "stores", _, route @ ..] | ["v1", route @ ..] | route => route,
        }
    }

    fn answer(&self, request: &Request) -> Reply {
        self.reply(request)
    }

    fn put(&self, record: Object) {
        let State { people, time, .. } = &mut *lock(&self.state);
        people.put(record, time.utc());
    }

    fn customers(&self) -> Vec<Value> {
        self.complete_due();
        lock(&self.state).people.all().map(|person| Value::Object(person.record.clone())).collect()
    }

    fn normalized(&self, record: Value) -> Customer {
        read_record(&record, |row: CustomerRecord| Customer::from(&row))
    }

    /// The code of a 429 is *inferred*.
    fn error_body(&self, status: u16) -> Value {
        let (kind, code, message) = match status {
            429 => ("rate_limit_error", "rate_limit_exceeded", "Too many requests"),
            _ => ("api_error", "internal_error", "Something went wrong"),
        };
        json!({"error": {"type": kind, "message": message, "code": code, "param": null, "request_id": "req_fault"}})
    }

    /// *Seen* in the vendor's other code.
    fn error_inside(&self) -> Value {
        json!({"success": false, "error": "Refused"})
    }

    /// *Seen*.
    fn wait_headers(&self, seconds: u64) -> Vec<(&'static str, String)> {
        vec![("retry-after", seconds.to_string())]
    }

    /// The default of the vendor's settings (*seen*).
    fn limits(&self) -> Limits {
        Limits::own(DEFAULT_LIMIT)
    }

    fn background(self: Arc<Self>) -> Option<BoxFuture<'static, ()>> {
        Some(Box::pin(webhooks::run(self)))
    }
}
