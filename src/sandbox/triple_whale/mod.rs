//! The Triple Whale stand-in: Data-In customers, the key check, the compliance request, and the query that reads a
//! customer back.
//!
//! A record replaces the one with the same four keys, shop, customer_id, platform and platform_account_id (*documented*).
//! It can be read at once, where the vendor takes minutes.

mod check;
mod control;
mod sql;
mod stand_in;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::SecondsFormat;
use serde_json::{Value, json};
use wiremock::Request;

use self::check::check;
use super::handle::Sandbox;
use super::reply::{Object, Reply, digits, fold, header, lock, object, segments};
use super::time::Time;

/// The default of both platform keys (*documented*).
const DEFAULT_PLATFORM: &str = "custom-msp";

/// The text fields that an erasure masks. Which ones the vendor masks is *unknown*; these name or locate a person.
const MASKED: [&str; 9] =
    ["address1", "address2", "display_name", "email_address", "first_name", "last_name", "note", "phone", "zip"];

/// shop, customer_id, platform, platform_account_id: exact match (*documented*).
type Key = [String; 4];

#[derive(Default)]
struct State {
    time: Time,
    records: Vec<Object>,
    by_key: HashMap<Key, usize>,
}

/// Triple Whale's Data-In API.
#[derive(Default)]
pub(crate) struct TripleWhale {
    state: Mutex<State>,
}

impl TripleWhale {
    pub(crate) fn new(time: Time) -> Self {
        Self { state: Mutex::new(State { time, ..State::default() }) }
    }

    fn reply(&self, request: &Request) -> Reply {
        // The body of a 401 is not documented; it is *inferred* from the other answers of this API.
        if header(request, "x-api-key") != Some(Sandbox::TRIPLE_WHALE_API_KEY) {
            return failure(401, "Invalid API key");
        }
        let path = segments(request);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        // A base URL may carry the version or not.
        let route = path.strip_prefix(&["api", "v2"]).unwrap_or(&path);
        match (request.method.as_str(), route) {
            ("POST", ["data-in", "customers"]) => self.replace(request),
            ("GET", ["users", "api-keys", "me"]) => {
                Reply::json(200, json!({})).with_header("RateLimit-Policy", "60;w=60").with_header("RateLimit", "1/60")
            }
            ("POST", ["compliance", "requests", "create-request"]) => self.erase(request),
            ("POST", ["orcabase", "api", "sql"]) => sql::answer(request, &lock(&self.state).records),
            // A wrong path or method gives 404; the body is *inferred*.
            _ => failure(404, "Not found"),
        }
    }

    fn replace(&self, request: &Request) -> Reply {
        let Some(record) = object(request) else { return invalid("the body is no JSON object") };
        // The order of the vendor's checks is *unknown*; a shop of another account is reported before other faults.
        match text(&record, "shop") {
            None | Some("") => return invalid("shop is required"),
            // What an unknown or unconnected shop can give (*seen*, as restated).
            Some(Sandbox::TRIPLE_WHALE_UNCONNECTED_SHOP) => return failure(500, "Error processing customer"),
            Some(shop) if shop != Sandbox::TRIPLE_WHALE_SHOP => {
                return failure(403, "The API key has no access to this shop");
            }
            Some(_) => {}
        }
        if let Err(fault) = check(&record) {
            return invalid(&fault);
        }
        self.keep(record);
        Reply::json(200, json!({"success": true, "message": "customer received"}))
    }

    fn keep(&self, mut record: Object) {
        // An omitted field with a documented default takes it. Whether one without is cleared is *unknown*; "all other
        // fields are overwritten" is read as yes.
        for (name, value) in [
            ("platform", json!(DEFAULT_PLATFORM)),
            ("platform_account_id", json!(DEFAULT_PLATFORM)),
            ("customer_tags", json!([])),
            ("tax_exempt", json!(false)),
        ] {
            record.entry(name).or_insert(value);
        }

        let key = ["shop", "customer_id", "platform", "platform_account_id"]
            .map(|name| text(&record, name).unwrap_or_default().to_owned());
        let mut state = lock(&self.state);
        let now = state.time.utc().to_rfc3339_opts(SecondsFormat::Millis, true);
        record.entry("created_at").or_insert_with(|| now.into());
        let State { records, by_key, .. } = &mut *state;
        let index = *by_key.entry(key).or_insert(records.len());
        match records.get_mut(index) {
            Some(old) => *old = record,
            None => records.push(record),
        }
    }

    /// Masks every customer with one of the e-mails or phones. The vendor matches by these alone (*documented*); that case
    /// and punctuation do not count is *inferred*.
    fn erase(&self, request: &Request) -> Reply {
        let body = object(request).unwrap_or_default();
        match text(&body, "shop") {
            None | Some("") => return failure(400, "Shop ID is required"),
            // No body (*documented*).
            Some(shop) if shop != Sandbox::TRIPLE_WHALE_SHOP => return Reply::empty(403),
            Some(_) => {}
        }
        let (Some(emails), Some(phones)) = (texts(&body, "emails"), texts(&body, "phones")) else {
            return failure(400, "emails and phones are arrays of strings");
        };
        let emails: Vec<String> = emails.into_iter().map(fold).collect();
        let phones: Vec<String> = phones.into_iter().map(digits).filter(|phone| !phone.is_empty()).collect();
        // A scan, since nothing but this rare request looks people up by e-mail or phone.
        for record in &mut lock(&self.state).records {
            let by_email = text(record, "email_address").is_some_and(|email| emails.contains(&fold(email)));
            let by_phone = text(record, "phone").is_some_and(|phone| phones.contains(&digits(phone)));
            if by_email || by_phone {
                mask(record);
            }
        }
        Reply::json(200, json!({"success": true, "message": "Request created successfully"}))
    }
}

fn failure(status: u16, message: &str) -> Reply {
    Reply::json(status, json!({"success": false, "message": message}))
}

/// The documented message of a 400, and what is wrong, which is ours.
fn invalid(fault: &str) -> Reply {
    failure(400, &format!("Invalid customer data. {fault}"))
}

fn text<'a>(record: &'a Object, name: &str) -> Option<&'a str> {
    record.get(name)?.as_str()
}

/// A list of strings, empty where it is absent; nothing where it is something else.
fn texts<'a>(body: &'a Object, name: &str) -> Option<Vec<&'a str>> {
    match body.get(name) {
        None => Some(Vec::new()),
        Some(value) => value.as_array()?.iter().map(Value::as_str).collect(),
    }
}

fn mask(record: &mut Object) {
    for name in MASKED {
        if let Some(value) = record.get_mut(name) {
            *value = json!("[masked]");
        }
    }
    record.remove("latitude");
    record.remove("longitude");
}
