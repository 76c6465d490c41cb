//! The SHOPLINE stand-in: the Customer group of the Admin REST API, and the token calls of an app.
//!
//! The method for tests: [`set_shopline_token_life`](crate::sandbox::Sandbox::set_shopline_token_life).

mod check;
mod control;
mod extras;
mod oauth;
mod paging;
mod record;
mod stand_in;
mod state;
mod stored;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;
use wiremock::Request;

use self::check::Fault;
use self::state::{State, missing};
use super::handle::Sandbox;
use super::reply::{self, Reply};
use super::time::Time;

#[derive(Default)]
pub(crate) struct Shopline {
    state: Mutex<State>,
}

impl From<Fault> for Reply {
    fn from(fault: Fault) -> Self {
        reply::json(fault.status, json!({ "errors": fault.errors }))
    }
}

impl Shopline {
    pub(crate) fn new(time: Time) -> Self {
        Self { state: Mutex::new(State { time, ..State::default() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reply(&self, request: &Request) -> Reply {
        let mut state = self.state();
        state.answers += 1;
        let trace = format!("fake-trace-{:08}", state.answers);
        route(&mut state, request).unwrap_or_else(Reply::from).with_header("traceId", trace)
    }
}

fn route(state: &mut State, request: &Request) -> Result<Reply, Fault> {
    let path = reply::raw_segments(request);
    if let ("POST", ["admin", "oauth", "token", call @ ("create" | "refresh")]) =
        (request.method.as_str(), path.as_slice())
    {
        let State { app, time, .. } = state;
        return Ok(app.token(request, *call == "create", time));
    }
    let ["admin", "openapi", version, route @ ..] = path.as_slice() else { return Err(missing()) };
    if !is_version(version) {
        return Err(missing());
    }
    let token = reply::header(request, "authorization").and_then(|value| value.strip_prefix("Bearer "));
    let is_good = |token: &str| token == Sandbox::SHOPLINE_ACCESS_TOKEN || state.app.takes(token, state.time.passed());
    if !token.is_some_and(is_good) {
        return Err(Fault::new(401, "The access token is missing or not valid."));
    }
    let accepted = reply::header(request, "accept").unwrap_or("*/*");
    if !["*/*", "application/*", "application/json"].iter().any(|mime| accepted.contains(mime)) {
        return Err(Fault::new(406, "The Accept header is not acceptable."));
    }
    let (last, before) = route.split_last().ok_or_else(missing)?;
    let mut route = before.to_vec();
    route.push(last.strip_suffix(".json").ok_or_else(missing)?);
    match (request.method.as_str(), route.as_slice()) {
        ("POST", ["customers"]) => state.create(request),
        ("POST", ["customers", "query_user_by_email"]) => state.by_email(request),
        ("POST", ["customers", "addresses", "list"]) => state.addresses_of(request),
        ("GET", ["v2", "customers"]) => paging::page(&state.customers, request, false),
        ("GET", ["customers", "v2", "search"]) => paging::page(&state.customers, request, true),
        ("GET", ["customers", "v2", "count"]) => Ok(reply::json(200, json!({ "count": state.customers.len() }))),
        ("GET", ["customers", "v2", id]) => state.read(request, id),
        ("GET", ["customers", "subscribe"]) => state.subscriptions(request),
        ("PUT", ["customers", id]) => state.update(request, id),
        ("DELETE", ["customers", id]) => state.delete(id),
        ("POST", ["customers", id, "addresses"]) => state.add_address(request, id),
        ("PUT", ["customers", id, "addresses", "set"]) => state.remove_addresses(request, id),
        ("GET", ["customers", id, "addresses", address]) => state.read_address(id, address),
        ("PUT", ["customers", id, "addresses", address]) => state.change_address(request, id, address),
        ("DELETE", ["customers", id, "addresses", address]) => state.remove_address(id, address),
        ("PUT", ["customers", id, "addresses", address, "default"]) => state.default_address(id, address),
        _ => state.extra(request, &route),
    }
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v').is_some_and(|date| date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()))
}
