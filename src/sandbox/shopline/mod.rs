//! The SHOPLINE stand-in: the Customer group of the Admin REST API that an upsert, a read or an erasure touches.

mod extras;
mod oauth;
mod paging;
mod record;
mod rules;
mod stored;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};
use wiremock::{Request, ResponseTemplate};

use super::reply::{self, Reply};
use super::time::Time;
use super::{Sandbox, Vendor};
use record::{Customer, View};
use rules::{Fault, Shape};

#[derive(Default)]
pub(super) struct Shopline {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    customers: BTreeMap<u64, Customer>,
    by_email: HashMap<String, u64>,
    by_phone: HashMap<String, u64>,
    made_customers: u64,
    made_addresses: u64,
    answers: u64,
    app: oauth::App,
    time: Time,
    extras: extras::Extras,
}

impl Vendor for Shopline {
    fn name(&self) -> &'static str {
        "shopline"
    }

    fn answer(&self, request: &Request) -> ResponseTemplate {
        self.reply(request).into()
    }

    fn put(&self, record: Map<String, Value>) {
        let mut state = self.state();
        let id = match record.get("id") {
            Some(Value::String(id)) => id.parse().ok(),
            Some(id) => id.as_u64(),
            None => None,
        };
        let id = id.unwrap_or_else(|| state.new_id());
        let now = state.time.seconds();
        let customer = Customer::stored(id, record, now, &mut state.made_addresses);
        state.forget(id);
        state.place(customer);
    }

    fn customers(&self) -> Vec<Value> {
        self.state().customers.values().map(|customer| customer.show(View::Read)).collect()
    }
}

impl From<Fault> for Reply {
    fn from(fault: Fault) -> Self {
        reply::json(fault.status, json!({ "errors": fault.errors }))
    }
}

impl Shopline {
    pub(super) fn new(time: Time) -> Self {
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

fn missing() -> Fault {
    Fault::new(404, "The resource does not exist.")
}

fn no_customer() -> Fault {
    Fault::new(404, "The customer does not exist.")
}

fn no_address() -> Fault {
    Fault::new(404, "The address does not exist.")
}

fn route(state: &mut State, request: &Request) -> Result<Reply, Fault> {
    let path = reply::raw_segments(request);
    if let ("POST", ["admin", "oauth", "token", call @ ("create" | "refresh")]) =
        (request.method.as_str(), path.as_slice())
    {
        return Ok(state.token(request, *call == "create"));
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

fn input(request: &Request) -> Result<Value, Fault> {
    reply::body(request).ok_or_else(|| Fault::new(400, "body:must be JSON, and the content type application/json"))
}

/// The one object that a body wraps, checked.
fn wrapped(request: &Request, key: &str, shape: Shape) -> Result<Map<String, Value>, Fault> {
    let Value::Object(mut body) = input(request)? else { return Err(Fault::new(400, "body:must be an object")) };
    let Some(inner) = body.remove(key) else {
        return Err(Fault::new(400, format!("body:the required property '{key}' is missing")));
    };
    match body.keys().next() {
        Some(other) => Err(Fault::new(400, format!("body.{other}:is not a known property"))),
        None => rules::object(inner, &format!("body.{key}"), shape),
    }
}

impl State {
    fn find(&self, id: &str) -> Option<&Customer> {
        self.customers.get(&id.parse().ok()?)
    }

    fn find_mut(&mut self, id: &str) -> Result<&mut Customer, Fault> {
        let customer = id.parse().ok().and_then(|id| self.customers.get_mut(&id)).ok_or_else(no_customer)?;
        customer.now = self.time.seconds();
        Ok(customer)
    }

    /// Keeps a customer, new or changed, unless its e-mail or phone is another one's (seen for the e-mail; for the phone
    /// *inferred*, and so is the text).
    fn keep(&mut self, customer: Customer) -> Result<&Customer, Fault> {
        let (id, email, phone) = (customer.id, customer.email_key(), customer.phone_key());
        let taken = |map: &HashMap<String, u64>, key: &Option<String>| {
            key.as_ref().and_then(|key| map.get(key)).is_some_and(|owner| *owner != id)
        };
        if taken(&self.by_email, &email) {
            return Err(Fault::value("body.customer.email", "the email has been registered"));
        }
        if taken(&self.by_phone, &phone) {
            return Err(Fault::value("body.customer.phone", "the phone has been registered"));
        }
        self.forget(id);
        Ok(self.place(customer))
    }

    fn place(&mut self, customer: Customer) -> &Customer {
        let id = customer.id;
        self.by_email.extend(customer.email_key().map(|key| (key, id)));
        self.by_phone.extend(customer.phone_key().map(|key| (key, id)));
        self.customers.entry(id).or_insert(customer)
    }

    /// The id of the next new customer: one that nobody has, since a record that was put here may have brought any.
    fn new_id(&mut self) -> u64 {
        loop {
            let id = 4_201_825_001 + self.made_customers;
            if !self.customers.contains_key(&id) {
                return id;
            }
            self.made_customers += 1;
        }
    }

    fn forget(&mut self, id: u64) -> Option<Customer> {
        let old = self.customers.remove(&id)?;
        old.email_key().map(|key| self.by_email.remove(&key));
        old.phone_key().map(|key| self.by_phone.remove(&key));
        Some(old)
    }

    /// 200 for a create is *inferred*: the status page lists 201, the vendor's own client takes 200 alone.
    fn create(&mut self, request: &Request) -> Result<Reply, Fault> {
        let given = wrapped(request, "customer", rules::CREATE)?;
        let mut customer = Customer::new(self.new_id(), self.time.seconds());
        customer.apply(given, &mut self.made_addresses)?;
        let shown = self.keep(customer)?.show(View::Created);
        self.made_customers += 1;
        Ok(reply::json(200, json!({ "customer": shown })))
    }

    fn update(&mut self, request: &Request, id: &str) -> Result<Reply, Fault> {
        let mut customer = self.find_mut(id)?.clone();
        customer.apply(wrapped(request, "customer", rules::UPDATE)?, &mut self.made_addresses)?;
        let shown = self.keep(customer)?.show(View::Updated);
        Ok(reply::json(200, json!({ "customer": shown })))
    }

    fn read(&self, request: &Request, id: &str) -> Result<Reply, Fault> {
        let shown = self.find(id).ok_or_else(no_customer)?.show(View::Read);
        let shown = paging::select(shown, reply::param(&reply::query(request), "fields"));
        Ok(reply::json(200, json!({ "customer": shown })))
    }

    /// That nobody found is a 404 is *inferred*; whether case counts is *unknown*, here it does not.
    fn by_email(&self, request: &Request) -> Result<Reply, Fault> {
        let given = rules::object(input(request)?, "body", rules::BY_EMAIL)?;
        let Some(email) = given.get("email").and_then(Value::as_str).filter(|email| !email.is_empty()) else {
            return Err(Fault::new(400, "body:the required property 'email' is missing"));
        };
        let id = self.by_email.get(&email.to_lowercase()).ok_or_else(no_customer)?;
        let shown = self.customers.get(id).ok_or_else(no_customer)?.show(View::ByEmail);
        Ok(reply::json(200, json!({ "customer": shown })))
    }

    /// Also 200 where there is nobody, as was seen; the empty body is then *inferred*. Who has bought something is not
    /// deleted (seen; the text is *inferred*).
    fn delete(&mut self, id: &str) -> Result<Reply, Fault> {
        if self.find(id).is_some_and(Customer::has_bought) {
            return Err(Fault::new(422, "The customer has orders."));
        }
        let Some(old) = id.parse().ok().and_then(|id| self.forget(id)) else { return Ok(reply::json(200, json!({}))) };
        let text = |key: &str| old.text(key);
        let (email, phone) = (text("email"), text("phone"));
        let (first, last) = (text("first_name"), text("last_name"));
        let shown = json!({ "email": email, "first_name": first, "last_name": last, "phone": phone });
        Ok(reply::json(200, json!({ "customer": shown })))
    }

    fn subscriptions(&self, request: &Request) -> Result<Reply, Fault> {
        let query = reply::query(request);
        let ids = reply::param(&query, "customer_ids")
            .ok_or_else(|| Fault::new(400, "query:the required property 'customer_ids' is missing"))?;
        let rows: Vec<Value> =
            ids.split(',').filter_map(|id| self.find(id.trim())).flat_map(Customer::subscriptions).collect();
        Ok(reply::json(200, json!({ "user_subscribe_info_list": rows })))
    }

    fn add_address(&mut self, request: &Request, id: &str) -> Result<Reply, Fault> {
        let mut made = self.made_addresses;
        let customer = self.find_mut(id)?;
        let mut given = wrapped(request, "customer_address", rules::NEW_ADDRESS)?;
        let default = given.remove("def") == Some(Value::Bool(true));
        let address = customer.add_address(given, default, &mut made)?.id.clone();
        let shown = customer.address(&address, false);
        self.made_addresses = made;
        Ok(reply::json(200, json!({ "customer_address": shown })))
    }

    fn change_address(&mut self, request: &Request, id: &str, address: &str) -> Result<Reply, Fault> {
        let customer = self.find_mut(id)?;
        let mut given = wrapped(request, "customer_address", rules::ADDRESS)?;
        // A `false` for the default address is passed over (*unknown*): a customer with addresses has a default.
        let default = given.remove("def") == Some(Value::Bool(true));
        if !customer.change_address(address, given, default) {
            return Err(no_address());
        }
        Ok(reply::json(200, json!({ "customer_address": customer.address(address, false) })))
    }

    fn read_address(&self, id: &str, address: &str) -> Result<Reply, Fault> {
        let shown = self.find(id).ok_or_else(no_customer)?.address(address, true).ok_or_else(no_address)?;
        Ok(reply::json(200, json!({ "customer_address": shown })))
    }

    fn remove_address(&mut self, id: &str, address: &str) -> Result<Reply, Fault> {
        let removed = self.find_mut(id)?.remove_address(address);
        if removed { Ok(reply::json(200, json!({}))) } else { Err(no_address()) }
    }

    fn default_address(&mut self, id: &str, address: &str) -> Result<Reply, Fault> {
        let changed = self.find_mut(id)?.change_address(address, Map::new(), true);
        if changed { Ok(reply::json(200, json!({}))) } else { Err(no_address()) }
    }

    /// The batch route: only `destroy` is documented, and its answer is not.
    fn remove_addresses(&mut self, request: &Request, id: &str) -> Result<Reply, Fault> {
        let query = reply::query(request);
        let customer = self.find_mut(id)?;
        let (Some(addresses), Some("destroy")) =
            (reply::param(&query, "address_ids"), reply::param(&query, "operation"))
        else {
            return Err(Fault::value("query", "address_ids and the operation destroy are needed"));
        };
        for address in addresses.split(',') {
            customer.remove_address(address.trim());
        }
        Ok(reply::json(200, json!({})))
    }

    /// The batch read, by customer and address type.
    fn addresses_of(&self, request: &Request) -> Result<Reply, Fault> {
        let body = input(request)?;
        let Some(ids) = body.get("uids").and_then(Value::as_array) else {
            return Err(Fault::new(400, "body:the required property 'uids' is missing"));
        };
        let rows: Vec<Value> = ids
            .iter()
            .filter_map(|id| self.find(id.as_str()?))
            .map(|customer| {
                let addresses: Vec<_> = customer.addresses.iter().map(|a| customer.address(&a.id, false)).collect();
                json!({ "uid": customer.id.to_string(), "addresses": addresses })
            })
            .collect();
        Ok(reply::json(200, json!({ "user_address": rows })))
    }
}
