//! The Yotpo stand-in: Core v3 tokens and customers; beside it the customers of Loyalty v2, and who wants no review
//! requests.
//!
//! What was accepted can be read at once, where the vendor asks for a minute's patience, unless a test sets a delay.

mod check;
mod control;
mod loyalty;
mod unsubscribers;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::reply::{Object, Query, Reply, fold, header, lock, object, segments};
use super::time::Time;
use super::{Sandbox, Vendor};

/// What a page of customers may be asked by. `external_ids`, `email`, `phone_number` and `expand` are *seen* in
/// clients, `limit` and `page_info` *documented*. Others are refused, so that a misspelt filter does not return
/// everybody.
const QUERY: [&str; 6] = ["external_ids", "email", "phone_number", "expand", "limit", "page_info"];

/// Documented; the default is *unknown*, and is the same here.
const MAX_LIMIT: usize = 100;

#[derive(Default)]
struct State {
    /// The tokens that are good, and when they were given out.
    tokens: HashMap<String, Duration>,
    /// How long a token is good; no end where there is none.
    token_life: Option<Duration>,
    minted: u64,
    /// The rows as the vendor shows them, in the order of their first arrival. None is ever removed.
    rows: Vec<Object>,
    by_external_id: HashMap<String, usize>,
    /// Several rows may share an address (*seen*).
    by_email: HashMap<String, Vec<usize>>,
    by_phone: HashMap<String, usize>,
    time: Time,
    /// How long a record takes from its acceptance to the rows.
    delay: Duration,
    /// What was accepted and is not in the rows, with the time from which it is.
    pending: Vec<(Duration, Object)>,
}

/// Yotpo's Core API, and what stands beside it.
#[derive(Default)]
pub(super) struct Yotpo {
    state: Mutex<State>,
    loyalty: loyalty::Loyalty,
    unsubscribers: unsubscribers::Unsubscribers,
}

impl Yotpo {
    pub(super) fn new(time: Time) -> Self {
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
            // An unknown token and one of another store are not told apart (*inferred*: the gateway checks both).
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

impl Vendor for Yotpo {
    fn name(&self) -> &'static str {
        "yotpo"
    }

    fn answer(&self, request: &Request) -> ResponseTemplate {
        self.reply(request).into()
    }

    fn put(&self, record: Object) {
        lock(&self.state).put(record);
    }

    fn customers(&self) -> Vec<Value> {
        let mut state = lock(&self.state);
        state.process();
        state.rows.iter().cloned().map(Value::Object).collect()
    }
}

impl State {
    /// Brings what is due into the rows, in the order of its arrival.
    fn process(&mut self) {
        let now = self.time.passed();
        let (due, later) = std::mem::take(&mut self.pending).into_iter().partition(|(due, _)| *due <= now);
        self.pending = later;
        let due: Vec<(Duration, Object)> = due;
        for (_, customer) in due {
            self.upsert(&customer);
        }
    }

    /// Writes what is set over what is known, and returns the place of the row.
    fn upsert(&mut self, customer: &Object) -> usize {
        let given = |name: &str| customer.get(name).and_then(Value::as_str);
        let index = self.identify(given("external_id"), given("email"), given("phone_number"));
        let index = index.unwrap_or_else(|| {
            self.rows.push(blank());
            self.rows.len() - 1
        });
        if let Some(id) = given("external_id") {
            self.by_external_id.insert(id.to_owned(), index);
        } else if let Some(phone) = given("phone_number") {
            // "Can no longer be set", yet still named as an identifier: alone it identifies, else it is ignored.
            self.by_phone.insert(phone.to_owned(), index);
            self.set(index, "phone_number", json!(phone));
        }
        if let Some(email) = given("email") {
            self.move_email(index, email);
        }
        for (name, value) in customer {
            match name.as_str() {
                // Deprecated: accepted and ignored (*inferred*).
                "phone_number" | "custom_properties" => {}
                _ if value.is_null() => {}
                "address" => self.merge_address(index, value),
                "account_created_at" | "account_updated_at" => self.set(index, name, shown_time(value)),
                "accepts_email_marketing" => self.flag(index, "email", name, value),
                "accepts_sms_marketing" => self.flag(index, "sms", name, value),
                _ => self.set(index, name, value.clone()),
            }
        }
        index
    }

    /// Keeps a row as it is.
    fn put(&mut self, record: Object) {
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        let (id, email, phone) = (text("external_id"), text("email"), text("phone_number"));
        let held = id.as_ref().and_then(|id| self.by_external_id.get(id).copied());
        let index = held.unwrap_or_else(|| {
            self.rows.push(blank());
            self.rows.len() - 1
        });
        if let Some(email) = email {
            self.move_email(index, &email);
        }
        self.by_external_id.extend(id.map(|id| (id, index)));
        self.by_phone.extend(phone.map(|phone| (phone, index)));
        if let Some(row) = self.rows.get_mut(index) {
            row.extend(record);
        }
    }

    /// Who is meant. An external id that is new takes over a person known by the same e-mail who has none ("merging
    /// profiles"); what happens to an e-mail under another external id is *unknown*, and here both rows keep it.
    fn identify(&self, external_id: Option<&str>, email: Option<&str>, phone: Option<&str>) -> Option<usize> {
        let by_email = || email.and_then(|email| self.by_email.get(&fold(email))).map_or(&[][..], Vec::as_slice);
        match external_id {
            Some(id) => self.by_external_id.get(id).copied().or_else(|| {
                let nameless = |index: &&usize| {
                    self.rows.get(**index).is_some_and(|row| row.get("external_id") == Some(&Value::Null))
                };
                by_email().iter().find(nameless).copied()
            }),
            None => by_email().first().copied().or_else(|| self.by_phone.get(phone?).copied()),
        }
    }

    fn set(&mut self, index: usize, name: &str, value: Value) {
        if let Some(row) = self.rows.get_mut(index) {
            row.insert(name.to_owned(), value);
        }
    }

    /// Keeps the look-up by e-mail in step with a row whose e-mail is about to be set.
    fn move_email(&mut self, index: usize, email: &str) {
        let old = self.rows.get(index).and_then(|row| row.get("email")).and_then(Value::as_str).map(fold);
        if let Some(held) = old.and_then(|old| self.by_email.get_mut(&old)) {
            held.retain(|other| *other != index);
        }
        self.by_email.entry(fold(email)).or_default().push(index);
    }

    /// That an omitted key of the address is left alone like one of the customer is *inferred*.
    fn merge_address(&mut self, index: usize, value: &Value) {
        let Some(row) = self.rows.get_mut(index) else { return };
        let held = row.entry("address").or_insert(Value::Null);
        if held.is_null() {
            *held = Value::Object(check::ADDRESS.iter().map(|name| ((*name).to_owned(), Value::Null)).collect());
        }
        if let (Some(held), Some(given)) = (held.as_object_mut(), value.as_object()) {
            held.extend(
                given.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())),
            );
        }
    }

    /// The vendor says that the flag alone does not decide the subscription. Here it does, as nothing else could; the
    /// words and their places are *seen*.
    fn flag(&mut self, index: usize, channel: &str, name: &str, value: &Value) {
        let now = zoneless(self.time.utc());
        let Some(row) = self.rows.get_mut(index) else { return };
        if row.get(name) == Some(value) {
            return;
        }
        row.insert(name.to_owned(), value.clone());
        let consent = if value == &Value::Bool(true) { "subscribed" } else { "unsubscribed" };
        if let Some(marketing) =
            row.get_mut("channels").and_then(|channels| channels.pointer_mut(&format!("/{channel}/marketing")))
        {
            *marketing = json!({"consent": consent, "subscription_source": null, "timestamp": now});
        }
    }

    /// The places of the rows that a page is about, in order.
    fn find(&self, page: &Page) -> Vec<usize> {
        let by_email = |email: &String| self.by_email.get(&fold(email)).cloned().unwrap_or_default();
        let by_phone = |phone: &String| self.by_phone.get(phone).copied().into_iter().collect::<Vec<_>>();
        let by_id =
            |ids: &Vec<String>| ids.iter().filter_map(|id| self.by_external_id.get(id).copied()).collect::<Vec<_>>();
        let filters = [
            page.email.as_ref().map(by_email),
            page.phone.as_ref().map(by_phone),
            page.external_ids.as_ref().map(by_id),
        ];
        let mut filters = filters.into_iter().flatten();
        let Some(mut found) = filters.next() else { return (page.start..self.rows.len()).collect() };
        for other in filters {
            found.retain(|index| other.contains(index));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// What a page is about: the filters, which live in the cursor (*documented*), and where it starts.
#[derive(serde::Serialize, serde::Deserialize)]
struct Page {
    start: usize,
    email: Option<String>,
    phone: Option<String>,
    external_ids: Option<Vec<String>>,
}

impl Page {
    fn first(query: &Query) -> Self {
        // That several ids are parted by commas is *inferred*.
        let ids = query.list("external_ids");
        Self {
            start: 0,
            email: query.first("email").map(str::to_owned),
            phone: query.first("phone_number").map(str::to_owned),
            external_ids: query.first("external_ids").map(|_| ids.into_iter().map(str::to_owned).collect()),
        }
    }

    /// Written URL-encoded, as the vendor does (*seen*): who encodes it once more sends something that cannot be read.
    fn cursor(&self, start: usize) -> String {
        let next = json!({"start": start, "email": self.email, "phone": self.phone, "external_ids": self.external_ids});
        url::form_urlencoded::byte_serialize(next.to_string().as_bytes()).collect()
    }

    fn of_cursor(cursor: &str) -> Option<Self> {
        serde_json::from_str(cursor).ok()
    }
}

fn failure(status: u16, message: &str) -> Reply {
    Reply::json(status, json!({"errors": [{"message": message}]}))
}

/// A person of whom nothing is known, with every key of a production row (*seen*).
fn blank() -> Object {
    let mut row: Object = check::TEXTS.iter().map(|(name, _)| ((*name).to_owned(), Value::Null)).collect();
    for name in ["device_id", "address", "custom_properties", "accepts_email_marketing", "accepts_sms_marketing"] {
        row.insert(name.to_owned(), Value::Null);
    }
    for name in ["yotpo_ugc", "yotpo_loyalty", "yotpo_sms", "yotpo_email", "yotpo_subscriptions"] {
        row.insert(name.to_owned(), Value::Null);
    }
    let never = json!({"consent": "never_subscribed", "subscription_source": null, "timestamp": null});
    row.insert("channels".to_owned(), json!({"sms": {"marketing": never}, "email": {"marketing": never}}));
    row.insert("lists".to_owned(), json!([]));
    row
}

/// A time as the vendor shows it: in UTC, and without saying so (*seen*).
fn shown_time(value: &Value) -> Value {
    let time = value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    time.map_or(Value::Null, |time| zoneless(time.to_utc()).into())
}

fn zoneless(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests;
