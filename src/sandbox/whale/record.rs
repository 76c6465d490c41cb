//! Customers: get-or-create by e-mail, partial update, list and search, and the forms in which the vendor shows them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::paging::{Entry, Paging};
use super::{Failure, Object, Outcome, Query, Reply, bound, check, digits, fold, stamp};

/// What a list may be sorted by. Only `last_order_at` is *documented*.
const SORTS: [&str; 7] =
    ["last_order_at", "created_at", "updated_at", "total_spent", "total_orders", "email", "last_name"];

/// `created_before` and `segment_id` are *inferred*; the others are *documented*.
const FILTERS: [&str; 7] = ["search", "tags", "created_after", "created_before", "segment_id", "sort", "order"];

/// One customer, with notes and events.
pub(super) struct Person {
    /// All fields, as a single customer is shown.
    pub(super) record: Object,
    pub(super) notes: Vec<Object>,
    pub(super) events: Vec<Object>,
    /// The text that a search matches, in lower case.
    haystack: String,
}

impl Person {
    fn text(&self, name: &str) -> Option<&str> {
        self.record.get(name)?.as_str()
    }

    fn has_tag(&self, tag: &str) -> bool {
        self.record.get("tags").and_then(Value::as_array).is_some_and(|tags| tags.iter().any(|held| held == tag))
    }

    /// A field to sort by.
    pub(super) fn field(&self, name: &str) -> &Value {
        self.record.get(name).unwrap_or(&Value::Null)
    }

    fn refresh_haystack(&mut self) {
        let text = |name: &str| self.text(name).unwrap_or_default();
        let (first, last, email, phone) = (text("first_name"), text("last_name"), text("email"), text("phone"));
        self.haystack = format!("{first} {last}\n{email}\n{phone}\n{}", digits(phone)).to_lowercase();
    }
}

/// All customers of the store.
#[derive(Default)]
pub(super) struct People {
    created: u64,
    /// By id; ids ascend, so that this is also the order of creation.
    rows: BTreeMap<String, Person>,
    by_email: HashMap<String, String>,
    /// By the digits of the number (*seen* in the vendor's other code).
    by_phone: HashMap<String, String>,
}

impl People {
    pub(super) fn all(&self) -> impl Iterator<Item = &Person> {
        self.rows.values()
    }

    pub(super) fn find(&self, id: &str) -> Result<&Person, Failure> {
        self.rows.get(id).ok_or_else(|| Failure::not_found("Customer"))
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Result<&mut Person, Failure> {
        self.rows.get_mut(id).ok_or_else(|| Failure::not_found("Customer"))
    }

    /// A known e-mail returns that customer (*documented*), unmodified, with 200 instead of 201 (both *inferred*). A
    /// new e-mail with another customer's phone returns that customer, like the vendor's own code (*seen*).
    pub(super) fn create(&mut self, body: &Object, now: DateTime<Utc>) -> Outcome {
        let given = check::read(body)?;
        let Some(email) = given.get("email").and_then(Value::as_str) else { return Err(Failure::missing("email")) };
        let known = self.by_email.get(email).or_else(|| self.by_phone.get(&phone_of(&given)?));
        if let Some(person) = known.and_then(|id| self.rows.get(id)) {
            return Ok(Reply::json(200, brief(&person.record)));
        }
        let id = self.new_id();
        let mut record = blank(&id, now);
        record.extend(given);
        let answer = brief(&record);
        // "Custom events" are promised; this type is *seen* in the vendor's other code.
        let registered =
            [("type", json!("register")), ("title", json!("Customer created")), ("occurred_at", json!(stamp(now)))];
        let events = vec![registered.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()];
        self.keep(id, record, events);
        Ok(Reply::json(201, answer))
    }

    /// Keeps a record as it is.
    pub(super) fn put(&mut self, given: Object, now: DateTime<Utc>) {
        let id = given.get("id").and_then(Value::as_str).map(str::to_owned).unwrap_or_else(|| self.new_id());
        let mut record = blank(&id, now);
        record.extend(given);
        self.unindex(&id);
        self.keep(id, record, Vec::new());
    }

    /// An id that no customer has: a stored record may have any.
    fn new_id(&mut self) -> String {
        loop {
            self.created += 1;
            let id = format!("cust_{:08x}", self.created);
            if !self.rows.contains_key(&id) {
                return id;
            }
        }
    }

    fn keep(&mut self, id: String, record: Object, events: Vec<Object>) {
        let mut person = Person { record, notes: Vec::new(), events, haystack: String::new() };
        person.refresh_haystack();
        self.rows.insert(id.clone(), person);
        self.index(&id);
    }

    /// Absent leaves alone, null clears, `tags`, `address` and `metadata` are replaced whole, an e-mail or phone in use
    /// is a conflict: all *inferred*.
    pub(super) fn update(&mut self, id: &str, body: &Object, now: DateTime<Utc>) -> Outcome {
        self.find(id)?;
        let given = check::read(body)?;
        if given.get("email") == Some(&Value::Null) {
            return Err(Failure::invalid(Some("email"), "email cannot be cleared"));
        }
        let email_owner = given.get("email").and_then(Value::as_str).and_then(|email| self.by_email.get(email));
        let phone_owner = phone_of(&given).and_then(|phone| self.by_phone.get(&phone));
        for (param, owner) in [("email", email_owner), ("phone", phone_owner)] {
            if owner.is_some_and(|owner| owner != id) {
                let message = format!("{param} is in use by another customer");
                return Err(Failure::new(409, "conflict_error", "resource_conflict", Some(param), message));
            }
        }
        self.unindex(id);
        let person = self.find_mut(id)?;
        if !given.is_empty() {
            person.record.extend(given);
            person.record.insert("updated_at".to_owned(), json!(stamp(now)));
            person.refresh_haystack();
        }
        let answer = Value::Object(person.record.clone());
        self.index(id);
        Ok(Reply::json(200, answer))
    }

    /// Frees e-mail and phone; a second delete finds nothing. Both *inferred*, as is the status.
    pub(super) fn delete(&mut self, id: &str) -> Outcome {
        self.find(id)?;
        self.unindex(id);
        self.rows.remove(id);
        Ok(Reply::empty(204))
    }

    /// A page of the customers that a query asks for. `members` gives for a segment's id whether a customer is in it.
    pub(super) fn list<M: Fn(&str, &Object) -> bool>(
        &self,
        query: &Query,
        members: impl Fn(&str) -> Option<M>,
    ) -> Outcome {
        let descending = match query.first("order") {
            None | Some("desc") => true,
            Some("asc") => false,
            Some(_) => return Err(Failure::invalid(Some("order"), "order must be asc or desc")),
        };
        let paging = Paging::of(query, &FILTERS, descending)?;
        let sort = query.first("sort").unwrap_or("created_at");
        if !SORTS.contains(&sort) {
            return Err(Failure::invalid(Some("sort"), "sort is not one of the known fields"));
        }
        let (after, before) = (bound(query, "created_after")?, bound(query, "created_before")?);
        let segment = match query.first("segment_id") {
            None => None,
            Some(id) => Some(members(id).ok_or_else(|| Failure::invalid(Some("segment_id"), "no such segment"))?),
        };
        // Of several words one is enough (*seen* in the vendor's other code), of tags all are wanted (*inferred*).
        let search = query.first("search").unwrap_or_default().to_lowercase();
        let words: Vec<&str> = search.split_whitespace().collect();
        let tags = query.list("tags");

        let wanted = |id: &str, person: &Person| {
            let created = person.text("created_at").unwrap_or_default();
            (words.is_empty() || words.iter().any(|word| person.haystack.contains(word)))
                && tags.iter().all(|tag| person.has_tag(tag))
                && after.as_deref().is_none_or(|after| created >= after)
                && before.as_deref().is_none_or(|before| created < before)
                && segment.as_ref().is_none_or(|has| has(id, &person.record))
        };
        let entries = self.rows.iter().filter(|(id, person)| wanted(id, person)).map(|(id, person)| Entry {
            sort: person.field(sort),
            id: Cow::Borrowed(id.as_str()),
            item: person,
        });
        paging.answer(entries.collect(), |person| row(&person.record))
    }

    fn index(&mut self, id: &str) {
        let Some(person) = self.rows.get(id) else { return };
        if let Some(email) = person.text("email") {
            self.by_email.insert(fold(email), id.to_owned());
        }
        if let Some(phone) = phone_of(&person.record) {
            self.by_phone.insert(phone, id.to_owned());
        }
    }

    fn unindex(&mut self, id: &str) {
        let Some(person) = self.rows.get(id) else { return };
        if let Some(email) = person.text("email") {
            self.by_email.remove(&fold(email));
        }
        if let Some(phone) = phone_of(&person.record) {
            self.by_phone.remove(&phone);
        }
    }
}

/// An empty customer.
fn blank(id: &str, now: DateTime<Utc>) -> Object {
    let now = json!(stamp(now));
    [
        ("id", json!(id)),
        ("object", json!("customer")),
        ("first_name", Value::Null),
        ("last_name", Value::Null),
        ("phone", Value::Null),
        ("tags", json!([])),
        ("address", Value::Null),
        ("metadata", json!({})),
        // No endpoint writes orders, so that these stay as they are.
        ("total_orders", json!(0)),
        ("total_spent", json!(0)),
        ("last_order_at", Value::Null),
        ("created_at", now.clone()),
        ("updated_at", now),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn phone_of(record: &Object) -> Option<String> {
    let phone = digits(record.get("phone")?.as_str()?);
    (!phone.is_empty()).then_some(phone)
}

/// The answer to a create, which shows neither address nor metadata nor an order that never was (*documented* sample).
fn brief(record: &Object) -> Value {
    without(
        record,
        &["address", "metadata", "updated_at", "last_order_at", "email_consent", "sms_consent", "date_of_birth"],
    )
}

/// A row of a list, which does not say what it is (*documented* sample).
fn row(record: &Object) -> Value {
    without(record, &["object", "address", "metadata", "updated_at", "email_consent", "sms_consent", "date_of_birth"])
}

fn without(record: &Object, names: &[&str]) -> Value {
    let kept = record.iter().filter(|(name, _)| !names.contains(&name.as_str()));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}
