//! Customers and their addresses: the operations of the Customer group on what the stand-in holds.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};
use wiremock::Request;

use super::check::{self, Fault, Shape};
use super::record::{Customer, View};
use super::{oauth, paging};
use crate::sandbox::reply::{self, Reply};
use crate::sandbox::time::Time;

#[derive(Default)]
pub(super) struct State {
    pub(super) customers: BTreeMap<u64, Customer>,
    pub(super) by_email: HashMap<String, u64>,
    pub(super) by_phone: HashMap<String, u64>,
    pub(super) made_customers: u64,
    pub(super) made_addresses: u64,
    pub(super) answers: u64,
    pub(super) app: oauth::App,
    pub(super) time: Time,
    pub(super) extras: Extras,
}

/// The state of the routes beside the customers.
#[derive(Default)]
pub(super) struct Extras {
    pub(super) groups: BTreeMap<String, Map<String, Value>>,
    pub(super) made_groups: u64,
    pub(super) metafields: BTreeMap<u64, Map<String, Value>>,
    pub(super) made_metafields: u64,
    pub(super) social: BTreeMap<(String, String), Value>,
}

pub(super) fn missing() -> Fault {
    Fault::new(404, "The resource does not exist.")
}

pub(super) fn no_customer() -> Fault {
    Fault::new(404, "The customer does not exist.")
}

pub(super) fn no_address() -> Fault {
    Fault::new(404, "The address does not exist.")
}

pub(super) fn input(request: &Request) -> Result<Value, Fault> {
    reply::body(request).ok_or_else(|| Fault::new(400, "body:must be JSON, and the content type application/json"))
}

/// The one object that a body wraps, checked.
pub(super) fn wrapped(request: &Request, key: &str, shape: Shape) -> Result<Map<String, Value>, Fault> {
    let Value::Object(mut body) = input(request)? else { return Err(Fault::new(400, "body:must be an object")) };
    let Some(inner) = body.remove(key) else {
        return Err(Fault::new(400, format!("body:the required property '{key}' is missing")));
    };
    match body.keys().next() {
        Some(other) => Err(Fault::new(400, format!("body.{other}:is not a known property"))),
        None => check::object(inner, &format!("body.{key}"), shape),
    }
}

impl State {
    pub(super) fn find(&self, id: &str) -> Option<&Customer> {
        self.customers.get(&id.parse().ok()?)
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Result<&mut Customer, Fault> {
        let customer = id.parse().ok().and_then(|id| self.customers.get_mut(&id)).ok_or_else(no_customer)?;
        customer.now = self.time.seconds();
        Ok(customer)
    }

    /// Keeps a customer, new or changed, unless another customer has its e-mail or phone (seen for the e-mail; for the phone
    /// *inferred*, and so is the text).
    pub(super) fn keep(&mut self, customer: Customer) -> Result<&Customer, Fault> {
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

    pub(super) fn place(&mut self, customer: Customer) -> &Customer {
        let id = customer.id;
        self.by_email.extend(customer.email_key().map(|key| (key, id)));
        self.by_phone.extend(customer.phone_key().map(|key| (key, id)));
        self.customers.entry(id).or_insert(customer)
    }

    /// The id of the next new customer: one that no customer has, since a stored record may have any.
    pub(super) fn new_id(&mut self) -> u64 {
        loop {
            let id = 4_201_825_001 + self.made_customers;
            if !self.customers.contains_key(&id) {
                return id;
            }
            self.made_customers += 1;
        }
    }

    pub(super) fn forget(&mut self, id: u64) -> Option<Customer> {
        let old = self.customers.remove(&id)?;
        old.email_key().map(|key| self.by_email.remove(&key));
        old.phone_key().map(|key| self.by_phone.remove(&key));
        Some(old)
    }

    /// 200 for a create is *inferred*: the status page lists 201, the vendor's own client takes 200 alone.
    pub(super) fn create(&mut self, request: &Request) -> Result<Reply, Fault> {
        let given = wrapped(request, "customer", check::CREATE)?;
        let mut customer = Customer::new(self.new_id(), self.time.seconds());
        customer.apply(given, &mut self.made_addresses)?;
        let shown = self.keep(customer)?.show(View::Created);
        self.made_customers += 1;
        Ok(reply::json(200, json!({ "customer": shown })))
    }

    pub(super) fn update(&mut self, request: &Request, id: &str) -> Result<Reply, Fault> {
        let mut customer = self.find_mut(id)?.clone();
        customer.apply(wrapped(request, "customer", check::UPDATE)?, &mut self.made_addresses)?;
        let shown = self.keep(customer)?.show(View::Updated);
        Ok(reply::json(200, json!({ "customer": shown })))
    }

    pub(super) fn read(&self, request: &Request, id: &str) -> Result<Reply, Fault> {
        let shown = self.find(id).ok_or_else(no_customer)?.show(View::Read);
        let shown = paging::select(shown, reply::param(&reply::query(request), "fields"));
        Ok(reply::json(200, json!({ "customer": shown })))
    }

    /// That an unknown e-mail is a 404 is *inferred*; whether case counts is *unknown*, here it does not.
    pub(super) fn by_email(&self, request: &Request) -> Result<Reply, Fault> {
        let given = check::object(input(request)?, "body", check::BY_EMAIL)?;
        let Some(email) = given.get("email").and_then(Value::as_str).filter(|email| !email.is_empty()) else {
            return Err(Fault::new(400, "body:the required property 'email' is missing"));
        };
        let id = self.by_email.get(&email.to_lowercase()).ok_or_else(no_customer)?;
        let shown = self.customers.get(id).ok_or_else(no_customer)?.show(View::ByEmail);
        Ok(reply::json(200, json!({ "customer": shown })))
    }

    /// Also 200 for an unknown customer, as was seen; the empty body is then *inferred*. A customer with orders is
    /// not deleted (seen; the text is *inferred*).
    pub(super) fn delete(&mut self, id: &str) -> Result<Reply, Fault> {
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

    pub(super) fn subscriptions(&self, request: &Request) -> Result<Reply, Fault> {
        let query = reply::query(request);
        let ids = reply::param(&query, "customer_ids")
            .ok_or_else(|| Fault::new(400, "query:the required property 'customer_ids' is missing"))?;
        let rows: Vec<Value> =
            ids.split(',').filter_map(|id| self.find(id.trim())).flat_map(Customer::subscriptions).collect();
        Ok(reply::json(200, json!({ "user_subscribe_info_list": rows })))
    }

    pub(super) fn add_address(&mut self, request: &Request, id: &str) -> Result<Reply, Fault> {
        let mut made = self.made_addresses;
        let customer = self.find_mut(id)?;
        let mut given = wrapped(request, "customer_address", check::NEW_ADDRESS)?;
        let default = given.remove("def") == Some(Value::Bool(true));
        let address = customer.add_address(given, default, &mut made)?.id.clone();
        let shown = customer.address(&address, false);
        self.made_addresses = made;
        Ok(reply::json(200, json!({ "customer_address": shown })))
    }

    pub(super) fn change_address(&mut self, request: &Request, id: &str, address: &str) -> Result<Reply, Fault> {
        let customer = self.find_mut(id)?;
        let mut given = wrapped(request, "customer_address", check::ADDRESS)?;
        // A `false` for the default address is passed over (*unknown*): a customer with addresses has a default.
        let default = given.remove("def") == Some(Value::Bool(true));
        if !customer.change_address(address, given, default) {
            return Err(no_address());
        }
        Ok(reply::json(200, json!({ "customer_address": customer.address(address, false) })))
    }

    pub(super) fn read_address(&self, id: &str, address: &str) -> Result<Reply, Fault> {
        let shown = self.find(id).ok_or_else(no_customer)?.address(address, true).ok_or_else(no_address)?;
        Ok(reply::json(200, json!({ "customer_address": shown })))
    }

    pub(super) fn remove_address(&mut self, id: &str, address: &str) -> Result<Reply, Fault> {
        let removed = self.find_mut(id)?.remove_address(address);
        if removed { Ok(reply::json(200, json!({}))) } else { Err(no_address()) }
    }

    pub(super) fn default_address(&mut self, id: &str, address: &str) -> Result<Reply, Fault> {
        let changed = self.find_mut(id)?.change_address(address, Map::new(), true);
        if changed { Ok(reply::json(200, json!({}))) } else { Err(no_address()) }
    }

    /// The batch route: only `destroy` is documented, and its answer is not.
    pub(super) fn remove_addresses(&mut self, request: &Request, id: &str) -> Result<Reply, Fault> {
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
    pub(super) fn addresses_of(&self, request: &Request) -> Result<Reply, Fault> {
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
