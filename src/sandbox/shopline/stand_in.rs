//! Implements `StandIn` for SHOPLINE.

use serde_json::{Value, json};
use wiremock::Request;

use super::Shopline;
use super::record::{Customer as Held, View};
use crate::Customer;
use crate::providers::shopline::{CustomerRecord, DEFAULT_LIMIT};
use crate::sandbox::StandIn;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::limits::Limits;
use crate::sandbox::reply::{Object, Reply};
use crate::sandbox::stand_in::read_record;

impl StandIn for Shopline {
    fn provider(&self) -> &'static str {
        "shopline"
    }

    fn credentials(&self) -> &'static [(&'static str, &'static str)] {
        &[("SHOPLINE_HANDLE", Sandbox::SHOPLINE_HANDLE), ("SHOPLINE_ACCESS_TOKEN", Sandbox::SHOPLINE_ACCESS_TOKEN)]
    }

    fn secret_headers(&self) -> &'static [&'static str] {
        &["appkey", "sign"]
    }

    fn route<'a, 'p>(&self, path: &'a [&'p str]) -> &'a [&'p str] {
        match path {
            ["admin", "openapi", _, route @ ..] | route => route,
        }
    }

    fn answer(&self, request: &Request) -> Reply {
        self.reply(request)
    }

    fn put(&self, record: Object) {
        let mut state = self.state();
        let id = match record.get("id") {
            Some(Value::String(id)) => id.parse().ok(),
            Some(id) => id.as_u64(),
            None => None,
        };
        let id = id.unwrap_or_else(|| state.new_id());
        let now = state.time.seconds();
        let customer = Held::stored(id, record, now, &mut state.made_addresses);
        state.forget(id);
        state.place(customer);
    }

    fn customers(&self) -> Vec<Value> {
        self.state().customers.values().map(|customer| customer.show(View::Read)).collect()
    }

    fn normalized(&self, record: Value) -> Customer {
        read_record(&record, |row: CustomerRecord| Customer::from(&row))
    }

    /// That of a 429 is *documented*.
    fn error_body(&self, status: u16) -> Value {
        json!({"errors": if status == 429 { "Too many request" } else { "Something went wrong" }})
    }

    /// A 429 has no header that says how long to wait: the vendor documents none.
    fn limits(&self) -> Limits {
        Limits::own(DEFAULT_LIMIT)
    }
}
