//! The Yotpo stand-in: tokens and customers of Core v3, customers of Loyalty v2, and the opt-outs from review requests.
//!
//! A record can be read at once, where the vendor documents about a minute, unless a test sets a
//! [delay](crate::sandbox::Sandbox::set_yotpo_delay). The id of a stored record is its `external_id`. The methods for
//! tests: the lifetime of tokens ([`set_yotpo_token_life`](crate::sandbox::Sandbox::set_yotpo_token_life),
//! [`expire_yotpo_tokens`](crate::sandbox::Sandbox::expire_yotpo_tokens)) and the vendor's time
//! ([`advance_yotpo`](crate::sandbox::Sandbox::advance_yotpo)).

mod check;
mod control;
mod loyalty;
mod paging;
mod stand_in;
mod state;
#[cfg(test)]
mod tests;
mod unsubscribers;

use std::sync::Mutex;

use serde_json::{Value, json};
use wiremock::Request;

use self::paging::{MAX_LIMIT, Page, QUERY};
use self::state::State;
use super::handle::Sandbox;
use super::reply::{Object, Query, Reply, header, lock, object, segments};
use super::time::Time;

/// Yotpo's Core API, Loyalty, and review requests.
#[derive(Default)]
pub(crate) struct Yotpo {
    state: Mutex<State>,
    loyalty: loyalty::Loyalty,
    unsubscribers: unsubscribers::Unsubscribers,
}

impl Yotpo {
    pub(crate) fn new(time: Time) -> Self {
        Self { state: Mutex::new(State { time, ..State::default() }), ..Self::default() }
    }

    fn reply(&self, request: &Request) -> Reply {
        let path = segments(request);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let (store, rest) = match path.as_slice() {
            ["core", "v3", "stores", store, rest @ ..] => (store, rest),
            ["api", "v2", "customers"] => return self.loyalty.reply(request),
            // The Core token, with another product of the vendor (*seen*).
            ["api", "v1", "merchants", merchant, "anonymize_customer"] if self.knows(request) => {
                return self.loyalty.anonymize(merchant, request);
            }
            ["api", "v1", ..] => return failure(401, "The access token is invalid"),
            ["apps", app, "unsubscribers", rest @ ..] => return self.unsubscribers.reply(app, rest, request),
            _ => return failure(404, "Not found"),
        };
        match (request.method.as_str(), rest) {
            ("POST", ["access_tokens"]) => self.mint(store, request),
            // An unknown token and one of another store get the same answer (*inferred*: the gateway checks both).
            (_, ["customers"]) if *store != Sandbox::YOTPO_STORE_ID || !self.knows(request) => {
                failure(401, "The access token is invalid")
            }
            ("PATCH", ["customers"]) => self.upsert(request),
            ("GET", ["customers"]) => self.list(request),
            _ => failure(404, "Not found"),
        }
    }

    /// The bodies of refusals are *inferred*: the gateway's own form for a store that it does not know, and the older
    /// envelope of the account service for a secret. Earlier tokens stay valid.
    fn mint(&self, store: &str, request: &Request) -> Reply {
        if store != Sandbox::YOTPO_STORE_ID {
            return Reply::json(401, json!({"message": "Unauthorized"}));
        }
        let Some(body) = object(request) else { return failure(400, "The body is no JSON object") };
        let Some(secret) = body.get("secret").and_then(Value::as_str) else {
            return failure(400, "secret is required");
        };
        if secret != Sandbox::YOTPO_SECRET {
            return Reply::json(401, json!({"status": {"code": 401, "message": "Invalid secret"}}));
        }
        let mut state = lock(&self.state);
        state.minted += 1;
        let token = format!("fake-token-{}", state.minted);
        let now = state.time.passed();
        state.tokens.insert(token.clone(), now);
        Reply::json(200, json!({"access_token": token, "token_type": "bearer"}))
    }

    fn knows(&self, request: &Request) -> bool {
        let state = lock(&self.state);
        header(request, "x-yotpo-token")
            .and_then(|token| state.tokens.get(token))
            .is_some_and(|given| state.token_life.is_none_or(|life| state.time.passed().saturating_sub(*given) < life))
    }

    fn upsert(&self, request: &Request) -> Reply {
        let Some(body) = object(request) else { return failure(400, "The body is no JSON object") };
        let Some(customer) = body.get("customer").and_then(Value::as_object) else {
            return failure(400, "customer is required");
        };
        if let Err(fault) = check::customer(customer) {
            return failure(400, &fault);
        }
        let mut state = lock(&self.state);
        let due = state.time.passed().saturating_add(state.delay);
        state.pending.push((due, customer.clone()));
        state.process();
        let echo = |name: &str| customer.get(name).cloned().unwrap_or_default();
        // Status and body are *inferred*: no client was seen that reads more than "2xx".
        Reply::json(200, json!({"customer": {"external_id": echo("external_id"), "email": echo("email")}}))
    }

    fn list(&self, request: &Request) -> Reply {
        let query = Query::of(request);
        if let Some(name) = query.unknown(&QUERY) {
            return failure(400, &format!("{name} is not a known parameter"));
        }
        let limit = match query.first("limit").map(str::parse::<usize>) {
            None => MAX_LIMIT,
            Some(Ok(limit @ 1..=MAX_LIMIT)) => limit,
            Some(_) => return failure(400, "limit must be between 1 and 100"),
        };
        let page = match query.first("page_info") {
            None => Page::first(&query),
            Some(_) if query.unknown(&["limit", "page_info"]).is_some() => {
                return failure(400, "page_info goes with limit alone");
            }
            Some(cursor) => match Page::of_cursor(cursor) {
                Some(page) => page,
                None => return failure(400, "page_info is invalid"),
            },
        };
        let mut state = lock(&self.state);
        state.process();
        let mut found = state.find(&page).into_iter().skip_while(|index| *index < page.start);
        let rows: Vec<&Object> = found.by_ref().take(limit).filter_map(|index| state.rows.get(index)).collect();
        let next = found.next().map(|index| page.cursor(index));
        Reply::json(200, json!({"customers": rows, "pagination": {"next_page_info": next}}))
    }
}

fn failure(status: u16, message: &str) -> Reply {
    Reply::json(status, json!({"errors": [{"message": message}]}))
}
