//! The rows of customers: what the stand-in has accepted, when it can be read, and which row a record belongs to.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::check;
use super::paging::Page;
use crate::sandbox::reply::{Object, fold};
use crate::sandbox::time::Time;

#[derive(Default)]
pub(super) struct State {
    /// The valid tokens, and when each was issued.
    pub(super) tokens: HashMap<String, Duration>,
    /// The lifetime of a token; unlimited where there is none.
    pub(super) token_life: Option<Duration>,
    pub(super) minted: u64,
    /// The rows as the vendor shows them, in the order of their first arrival. None is ever removed.
    pub(super) rows: Vec<Object>,
    pub(super) by_external_id: HashMap<String, usize>,
    /// Several rows may share an address (*seen*).
    pub(super) by_email: HashMap<String, Vec<usize>>,
    pub(super) by_phone: HashMap<String, usize>,
    pub(super) time: Time,
    /// How long a record takes from its acceptance to the rows.
    pub(super) delay: Duration,
    /// Accepted records that are not in the rows yet, with the time when each becomes visible.
    pub(super) pending: Vec<(Duration, Object)>,
}

impl State {
    /// Brings what is due into the rows, in the order of its arrival.
    pub(super) fn process(&mut self) {
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
    pub(super) fn put(&mut self, record: Object) {
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

    /// The row that the identifiers name. An external id that is new takes over a row with the same e-mail that has none
    /// ("merging profiles"); what happens to an e-mail under another external id is *unknown*, and here both rows keep it.
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
    pub(super) fn find(&self, page: &Page) -> Vec<usize> {
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

/// An empty row, with every key of a production row (*seen*).
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
