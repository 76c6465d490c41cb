//! Implements `StandIn` for Triple Whale.

use serde_json::{Value, json};
use wiremock::Request;

use super::TripleWhale;
use crate::Customer;
use crate::providers::triple_whale::{CustomerRecord, DEFAULT_LIMIT};
use crate::sandbox::StandIn;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::limits::Limits;
use crate::sandbox::reply::{Object, Reply, lock};
use crate::sandbox::stand_in::read_record;

impl StandIn for TripleWhale {
    fn provider(&self) -> &'static str {
        "triple_whale"
    }

    fn credentials(&self) -> &'static [(&'static str, &'static str)] {
        &[("TRIPLE_WHALE_SHOP", Sandbox::TRIPLE_WHALE_SHOP), ("TRIPLE_WHALE_API_KEY", Sandbox::TRIPLE_WHALE_API_KEY)]
    }

    fn base_path(&self) -> &'static str {
        "/api/v2/"
    }

    fn secret_headers(&self) -> &'static [&'static str] {
        &["x-api-key"]
    }

    /// A base URL may hold the version or not.
    fn route<'a, 'p>(&self, path: &'a [&'p str]) -> &'a [&'p str] {
        match path {
            ["api", "v2", route @ ..] | route => route,
        }
    }

    fn answer(&self, request: &Request) -> Reply {
        self.reply(request)
    }

    fn put(&self, mut record: Object) {
        record.entry("shop").or_insert_with(|| Sandbox::TRIPLE_WHALE_SHOP.into());
        self.keep(record);
    }

    fn customers(&self) -> Vec<Value> {
        lock(&self.state).records.iter().cloned().map(Value::Object).collect()
    }

    fn normalized(&self, record: Value) -> Customer {
        read_record(&record, |row: CustomerRecord| Customer::from(&row))
    }

    /// That of a 429 is *documented*.
    fn error_body(&self, status: u16) -> Value {
        let limited = "Rate limit exceeded. Try again later.";
        json!({"success": false, "message": if status == 429 { limited } else { "Error processing customer" }})
    }

    /// *Documented*.
    fn wait_headers(&self, seconds: u64) -> Vec<(&'static str, String)> {
        vec![("retry-after", seconds.to_string())]
    }

    fn limits(&self) -> Limits {
        Limits::own(DEFAULT_LIMIT)
    }
}
