//! Implements `StandIn` for Shoplazza.

use http::HeaderMap;
use serde_json::{Value, json};
use wiremock::Request;

use super::Shoplazza;
use super::oauth::TOKEN_PREFIX;
use super::record::Customer as Held;
use super::version::Version;
use crate::Customer;
use crate::providers::shoplazza::{CustomerRecord, DEFAULT_LIMIT, STORE_LIMIT};
use crate::sandbox::StandIn;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::limits::Limits;
use crate::sandbox::reply::{Object, Reply};
use crate::sandbox::stand_in::read_record;

impl StandIn for Shoplazza {
    fn provider(&self) -> &'static str {
        "shoplazza"
    }

    fn credentials(&self) -> &'static [(&'static str, &'static str)] {
        &[("SHOPLAZZA_SHOP", Sandbox::SHOPLAZZA_SHOP), ("SHOPLAZZA_ACCESS_TOKEN", Sandbox::SHOPLAZZA_ACCESS_TOKEN)]
    }

    fn secret_headers(&self) -> &'static [&'static str] {
        &["access-token"]
    }

    fn route<'a, 'p>(&self, path: &'a [&'p str]) -> &'a [&'p str] {
        match path {
            ["openapi", _, route @ ..] | route => route,
        }
    }

    fn answer(&self, request: &Request) -> Reply {
        self.reply(request)
    }

    fn put(&self, record: Object) {
        let mut state = self.state();
        let held = record.get("id").and_then(Value::as_str).and_then(|id| state.number(id));
        let number = held.unwrap_or_else(|| state.new_number());
        let now = state.time.seconds();
        let customer = Held::stored(record, (number, now), &mut state.made_addresses);
        if let Some(old) = state.customers.remove(&number) {
            let (email, phone) = old.keys();
            email.and_then(|key| state.by_email.remove(&key));
            phone.and_then(|key| state.by_phone.remove(&key));
        }
        state.ids.insert(customer.id.clone(), number);
        state.place(customer);
    }

    /// As 2022-01 shows them.
    fn customers(&self) -> Vec<Value> {
        self.state().customers.values().map(|customer| customer.show(Version::First)).collect()
    }

    fn normalized(&self, record: Value) -> Customer {
        read_record(&record, |row: CustomerRecord| Customer::from(&row))
    }

    /// That of a 429 is *unknown*: here it has the form of the other refusals.
    fn error_body(&self, status: u16) -> Value {
        json!({"errors": [if status == 429 { "Too many requests" } else { "Something went wrong" }]})
    }

    /// Other clients of the vendor guard against it.
    fn error_inside(&self) -> Value {
        json!({"code": "PermissionDenied", "message": "Refused"})
    }

    /// A bucket for each app, and one of the shop. Which header of a 429 says how long to wait is *unknown*; none does.
    fn limits(&self) -> Limits {
        Limits { own: DEFAULT_LIMIT, shared: STORE_LIMIT }
    }

    /// The app, which the token identifies. Tokens of neither app share one key.
    fn quota_key(&self, headers: &HeaderMap) -> &'static str {
        match headers.get("access-token").and_then(|value| value.to_str().ok()) {
            Some(Sandbox::SHOPLAZZA_ACCESS_TOKEN) => "private",
            Some(token) if token.starts_with(TOKEN_PREFIX) => "app",
            _ => "",
        }
    }
}
