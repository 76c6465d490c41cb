//! Customers and their addresses: the routes of the customer group, on what the stand-in holds.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};
use wiremock::Request;

use super::oauth;
use super::paging::{cursor, window, within};
use super::record::{self, Customer};
use super::version::{Fault, TAKEN, Version};
use crate::sandbox::handle::Sandbox;
use crate::sandbox::reply;
use crate::sandbox::time::Time;

#[derive(Default)]
pub(super) struct State {
    pub(super) customers: BTreeMap<u64, Customer>,
    /// The ids of stored records that have their own.
    pub(super) ids: HashMap<String, u64>,
    pub(super) by_email: HashMap<String, u64>,
    pub(super) by_phone: HashMap<String, u64>,
    pub(super) made_addresses: u64,
    pub(super) answers: u64,
    pub(super) app: oauth::App,
    pub(super) time: Time,
}

/// The object under `customer`, which a create and an update wrap.
fn customer_body(request: &Request) -> Result<Map<String, Value>, Fault> {
    let Some(Value::Object(mut body)) = reply::body(request) else { return Err(Fault::BadRequest) };
    match body.remove("customer") {
        Some(Value::Object(fields)) if !fields.is_empty() => Ok(fields),
        None | Some(Value::Null | Value::Object(_)) => {
            Err(Fault::invalid("param is missing or the value is empty: customer"))
        }
        Some(_) => Err(Fault::BadRequest),
    }
}

fn address_body(version: Version, request: &Request) -> Result<Map<String, Value>, Fault> {
    version.address_body(reply::body(request).ok_or(Fault::BadRequest)?)
}

fn refuse(breaches: Vec<String>) -> Result<(), Fault> {
    if breaches.is_empty() { Ok(()) } else { Err(Fault::Invalid(breaches)) }
}

impl State {
    pub(super) fn route(&mut self, version: Version, request: &Request, route: &[&str]) -> Result<Value, Fault> {
        let token = reply::header(request, "access-token").unwrap_or_default();
        if token != Sandbox::SHOPLAZZA_ACCESS_TOKEN && !self.app.takes(token, self.time.utc()) {
            return Err(Fault::Unauthorized);
        }
        let customer = |customer: &Customer| json!({ "customer": customer.show(version) });
        match (request.method.as_str(), route) {
            ("POST", ["customers"]) => self.create(version, request).map(customer),
            ("GET", ["customers"]) => self.list(version, request),
            // Which filters the count takes is *unknown*: none here.
            ("GET", ["customers", "count"]) => Ok(json!({ "count": self.customers.len() })),
            ("GET", ["customers", id]) => self.find(id).map(|found| customer(found)),
            ("PUT", ["customers", id]) => {
                let found = self.find(id)?;
                found.update(version, &customer_body(request)?)?;
                Ok(customer(found))
            }
            ("GET", ["customers", id, "addresses"]) => {
                let rows = self.find(id)?.address_list();
                let (limit, start) = window(version, &reply::query(request))?;
                let start = usize::try_from(start).unwrap_or(usize::MAX);
                let more = rows.len() > start.saturating_add(limit);
                let page: Vec<Value> = rows.into_iter().skip(start).take(limit).collect();
                Ok(match version {
                    Version::First => json!({ "addresses": page }),
                    Version::Later => {
                        let cursor = if more { cursor((start + limit) as u64) } else { String::new() };
                        json!({ "addresses": page, "cursor": cursor, "has_more": more })
                    }
                })
            }
            ("POST", ["customers", id, "addresses"]) => {
                let mut made = self.made_addresses;
                let found = self.find(id)?;
                // Outside a create an address is not the default unless it says so (*documented* for 2022-01).
                refuse(found.add_address(version, &address_body(version, request)?, false, &mut made)?)?;
                let shown = found.last_address();
                self.made_addresses = made;
                Ok(json!({ "address": shown }))
            }
            ("GET", ["customers", id, "addresses", address]) => {
                self.find(id)?.address(address).map(|shown| json!({ "address": shown })).ok_or(Fault::NoRecord)
            }
            ("PUT", ["customers", id, "addresses", address]) => {
                let found = self.find(id)?;
                refuse(found.change_address(version, address, &address_body(version, request)?)?)?;
                Ok(json!({ "address": found.address(address) }))
            }
            ("DELETE", ["customers", id, "addresses", address]) => {
                self.find(id)?.remove_address(address).map(|()| json!({}))
            }
            ("PUT", ["customers", id, "addresses", address, "default"]) => {
                let default = Map::from_iter([("default".to_owned(), true.into())]);
                refuse(self.find(id)?.change_address(version, address, &default)?)?;
                Ok(json!({}))
            }
            ("GET", ["oauth", "access_scopes"]) => {
                Ok(json!({ "access_scopes": [{ "handle": "read_customer" }, { "handle": "write_customer" }] }))
            }
            // There is no delete of a customer in any version.
            _ => Err(Fault::NoRoute),
        }
    }

    pub(super) fn number(&self, id: &str) -> Option<u64> {
        record::customer_number(id).or_else(|| self.ids.get(id).copied())
    }

    pub(super) fn new_number(&self) -> u64 {
        self.customers.last_key_value().map_or(1, |(last, _)| last + 1)
    }

    pub(super) fn place(&mut self, customer: Customer) -> &Customer {
        let number = customer.number;
        let (email, phone) = customer.keys();
        self.by_email.extend(email.map(|key| (key, number)));
        self.by_phone.extend(phone.map(|key| (key, number)));
        self.customers.entry(number).or_insert(customer)
    }

    fn find(&mut self, id: &str) -> Result<&mut Customer, Fault> {
        let number = self.number(id).ok_or(Fault::NoRecord)?;
        let customer = self.customers.get_mut(&number).ok_or(Fault::NoRecord)?;
        customer.now = self.time.seconds();
        Ok(customer)
    }

    /// A create is all or nothing (*inferred*: one list of messages covers the customer and its addresses).
    fn create(&mut self, version: Version, request: &Request) -> Result<&Customer, Fault> {
        let fields = customer_body(request)?;
        let number = self.new_number();
        let mut made = self.made_addresses;
        let (customer, mut breaches) = Customer::create(version, &fields, (number, self.time.seconds()), &mut made)?;
        let (email, phone) = customer.keys();
        if email.as_ref().is_some_and(|key| self.by_email.contains_key(key))
            || phone.as_ref().is_some_and(|key| self.by_phone.contains_key(key))
        {
            breaches.insert(0, TAKEN.to_owned());
            return Err(Fault::Taken(breaches));
        }
        refuse(breaches)?;
        self.made_addresses = made;
        Ok(self.place(customer))
    }

    /// The list, newest first (*unknown*, a choice). Parameters it does not know are passed over with the whole list as
    /// the answer, as the vendor does: `phone` is one of them.
    fn list(&self, version: Version, request: &Request) -> Result<Value, Fault> {
        let query = reply::query(request);
        let time = |name: &str| match reply::param(&query, name) {
            None => Ok(None),
            Some(text) => {
                reply::moment(text).map(Some).ok_or_else(|| Fault::Invalid(vec![format!("{name} is invalid")]))
            }
        };
        let created = (time("created_at_min")?, time("created_at_max")?);
        let updated = (time("updated_at_min")?, time("updated_at_max")?);
        let ids: Option<Vec<u64>> = match version {
            Version::First => {
                reply::param(&query, "ids").map(|ids| ids.split(',').filter_map(|id| self.number(id.trim())).collect())
            }
            Version::Later => {
                let mut ids = query.iter().filter(|(key, _)| key == "ids").peekable();
                ids.peek().is_some().then(|| ids.filter_map(|(_, id)| self.number(id)).collect())
            }
        };
        let email = reply::param(&query, "email").map(str::to_lowercase);
        let contact = reply::param(&query, "contact").map(str::to_lowercase);
        let is_email = |customer: &Customer, wanted: &str| {
            customer.email.as_deref().is_some_and(|email| email.to_lowercase() == wanted)
        };
        let takes = |customer: &Customer| {
            ids.as_ref().is_none_or(|ids| ids.contains(&customer.number))
                && email.as_ref().is_none_or(|email| is_email(customer, email))
                && contact.as_ref().is_none_or(|contact| {
                    is_email(customer, contact) || customer.phone.as_deref() == Some(contact.as_str())
                })
                && within(customer.created, created)
                && within(customer.updated, updated)
        };
        let (limit, start) = window(version, &query)?;
        // One customer at most has the e-mail or the phone: no need to look at all.
        let only = match (&email, &contact) {
            (Some(key), _) => Some(self.by_email.get(key)),
            (None, Some(key)) => {
                Some(self.by_email.get(key).or_else(|| self.by_phone.get(reply::digits(key).as_str())))
            }
            (None, None) => None,
        };
        let candidates: Box<dyn Iterator<Item = &Customer>> = match only {
            Some(number) => Box::new(number.and_then(|number| self.customers.get(number)).into_iter()),
            None if version == Version::Later && start > 0 => {
                Box::new(self.customers.range(..start).rev().map(|(_, customer)| customer))
            }
            None => Box::new(self.customers.values().rev()),
        };
        let mut found = candidates.filter(|customer| takes(customer));
        match version {
            Version::First => {
                let start = usize::try_from(start).unwrap_or(usize::MAX);
                let page: Vec<Value> = found.skip(start).take(limit).map(|customer| customer.show(version)).collect();
                Ok(json!({ "customers": page }))
            }
            Version::Later => {
                let page: Vec<&Customer> = found.by_ref().take(limit).collect();
                let last = page.last().filter(|_| found.next().is_some()).map(|customer| cursor(customer.number));
                // Seen: at the end the vendor may say null in place of false.
                let more = if last.is_some() { Value::Bool(true) } else { Value::Null };
                let page: Vec<Value> = page.into_iter().map(|customer| customer.show(version)).collect();
                Ok(json!({ "customers": page, "cursor": last.unwrap_or_default(), "has_more": more }))
            }
        }
    }
}
