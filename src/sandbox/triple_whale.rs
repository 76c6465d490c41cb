//! The Triple Whale stand-in: Data-In customers, the key check, the compliance request, and a query by which a customer
//! is read back.
//!
//! A record is replaced whole by its four keys (*documented*). It stands at once, where the vendor takes minutes.

mod sql;

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::reply::{Object, Reply, digits, fold, header, lock, object, segments};
use super::time::Time;
use super::{Sandbox, Vendor};

/// What the vendor's schema says of a field.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Texts,
    Number,
    Integer,
    Flag,
    Time,
}

/// The 36 keys and their types (*documented*).
const FIELDS: [(&str, Kind); 36] = [
    ("shop", Kind::Text),
    ("customer_id", Kind::Text),
    ("platform", Kind::Text),
    ("platform_account_id", Kind::Text),
    ("address1", Kind::Text),
    ("address2", Kind::Text),
    ("amount_spent", Kind::Number),
    ("city", Kind::Text),
    ("country", Kind::Text),
    ("country_code", Kind::Text),
    ("created_at", Kind::Time),
    ("customer_tags", Kind::Texts),
    ("display_name", Kind::Text),
    ("email_address", Kind::Text),
    ("email_marketing_consent_collected_from", Kind::Text),
    ("email_marketing_consent_opt_in_level", Kind::Text),
    ("email_marketing_consent_status", Kind::Text),
    ("email_marketing_consent_updated_at", Kind::Time),
    ("first_name", Kind::Text),
    ("last_name", Kind::Text),
    ("last_order_id", Kind::Text),
    ("latitude", Kind::Number),
    ("locale", Kind::Text),
    ("longitude", Kind::Number),
    ("note", Kind::Text),
    ("number_of_orders", Kind::Integer),
    ("phone", Kind::Text),
    ("product_subscriber_status", Kind::Text),
    ("sms_marketing_consent_collected_from", Kind::Text),
    ("sms_marketing_consent_opt_in_level", Kind::Text),
    ("sms_marketing_consent_updated_at", Kind::Time),
    ("state", Kind::Text),
    ("state_code", Kind::Text),
    ("status", Kind::Text),
    ("tax_exempt", Kind::Flag),
    ("zip", Kind::Text),
];

/// Stores with a native integration must not use this endpoint (*documented*); how the vendor refuses is *unknown*.
const NATIVE_PLATFORMS: [&str; 3] = ["shopify", "bigcommerce", "woocommerce"];

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
pub(super) struct TripleWhale {
    state: Mutex<State>,
}

impl TripleWhale {
    pub(super) fn new(time: Time) -> Self {
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
        // The order of the vendor's checks is *unknown*; a shop that is not one's own is told before other faults.
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

    /// Masks everybody with one of the e-mails or phones. The vendor matches by these alone (*documented*); that case
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

impl Vendor for TripleWhale {
    fn name(&self) -> &'static str {
        "triple_whale"
    }

    fn answer(&self, request: &Request) -> ResponseTemplate {
        self.reply(request).into()
    }

    fn put(&self, mut record: Object) {
        record.entry("shop").or_insert_with(|| Sandbox::TRIPLE_WHALE_SHOP.into());
        self.keep(record);
    }

    fn customers(&self) -> Vec<Value> {
        lock(&self.state).records.iter().cloned().map(Value::Object).collect()
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

/// Refuses what the schema does not allow. Whether the vendor refuses unknown keys is *unknown*: here they do not pass,
/// so that a misspelt one is found.
fn check(record: &Object) -> Result<(), String> {
    for (name, value) in record {
        // The table's name for the count of orders; that the call lets it pass is *inferred*.
        let known = |field: &str| field == name || (name == "orders" && field == "number_of_orders");
        let Some((_, kind)) = FIELDS.iter().find(|(field, _)| known(field)) else {
            return Err(format!("{name} is not a known field"));
        };
        let wanted = match kind {
            Kind::Text => value.is_string().then_some(()).ok_or("a string"),
            Kind::Texts => {
                let strings = value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
                strings.then_some(()).ok_or("an array of strings")
            }
            Kind::Number => value.is_number().then_some(()).ok_or("a number"),
            Kind::Integer => (value.is_i64() || value.is_u64()).then_some(()).ok_or("an integer"),
            Kind::Flag => value.is_boolean().then_some(()).ok_or("a boolean"),
            Kind::Time => value.as_str().is_some_and(is_time).then_some(()).ok_or("an ISO 8601 time with an offset"),
        };
        wanted.map_err(|wanted| format!("{name} must be {wanted}"))?;
    }
    if text(record, "customer_id").unwrap_or_default().is_empty() {
        return Err("customer_id is required".to_owned());
    }
    // Our strictness: an empty string would make a key or an address of nothing.
    for name in ["platform", "platform_account_id", "email_address"] {
        if text(record, name) == Some("") {
            return Err(format!("{name} is empty"));
        }
    }
    // ISO 3166-1 alpha-2 is documented; that the vendor checks it is not.
    if text(record, "country_code").is_some_and(|code| code.len() != 2 || !code.bytes().all(|b| b.is_ascii_uppercase()))
    {
        return Err("country_code must be two capital letters".to_owned());
    }
    if text(record, "platform").is_some_and(|name| NATIVE_PLATFORMS.contains(&name.to_lowercase().as_str())) {
        return Err("platform has a native integration".to_owned());
    }
    Ok(())
}

/// The parser alone would let a space pass for the `T`.
fn is_time(text: &str) -> bool {
    text.as_bytes().get(10) == Some(&b'T') && DateTime::parse_from_rfc3339(text).is_ok()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::reply;

    const KEY: (&str, &str) = ("x-api-key", Sandbox::TRIPLE_WHALE_API_KEY);

    fn post(vendor: &TripleWhale, path: &str, body: &Value) -> (u16, Value) {
        let reply = vendor.reply(&reply::request("POST", path, &[KEY], body));
        (reply.status, reply.value())
    }

    fn send(vendor: &TripleWhale, body: &Value) -> u16 {
        post(vendor, "/api/v2/data-in/customers", body).0
    }

    fn person(fields: Value) -> Value {
        let mut record = json!({"shop": Sandbox::TRIPLE_WHALE_SHOP, "customer_id": "c-1"});
        let (Some(record_fields), Value::Object(fields)) = (record.as_object_mut(), fields) else { panic!() };
        record_fields.extend(fields);
        record
    }

    #[test]
    fn a_repeat_replaces_the_whole_record() {
        let vendor = TripleWhale::default();
        let first = person(json!({"note": "a", "customer_tags": ["vip"], "tax_exempt": true}));
        let (status, body) = post(&vendor, "/data-in/customers", &first);
        assert_eq!((status, body), (200, json!({"success": true, "message": "customer received"})));
        assert_eq!(send(&vendor, &person(json!({"first_name": "Mara"}))), 200);

        let held = vendor.customers();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0]["first_name"], "Mara");
        assert_eq!(held[0]["customer_tags"], json!([]));
        assert_eq!(held[0]["tax_exempt"], false);
        assert!(held[0].get("note").is_none());
    }

    #[test]
    fn each_of_the_four_keys_makes_another_record() {
        let vendor = TripleWhale::default();
        assert_eq!(send(&vendor, &person(json!({}))), 200);
        assert_eq!(send(&vendor, &person(json!({"platform": "custom-msp", "platform_account_id": "custom-msp"}))), 200);
        assert_eq!(vendor.customers().len(), 1, "the defaults, written out, are the same key");
        assert_eq!(send(&vendor, &person(json!({"platform": "magento"}))), 200);
        assert_eq!(send(&vendor, &person(json!({"platform_account_id": "other"}))), 200);
        assert_eq!(send(&vendor, &person(json!({"customer_id": "c-2"}))), 200);
        assert_eq!(vendor.customers().len(), 4);
    }

    #[test]
    fn what_the_schema_does_not_allow_is_refused() {
        let vendor = TripleWhale::default();
        for bad in [
            json!({"email": "mara@example.com"}),
            json!({"note": null}),
            json!({"amount_spent": "12.50"}),
            json!({"number_of_orders": 1.5}),
            json!({"customer_tags": "vip"}),
            json!({"tax_exempt": "false"}),
            json!({"created_at": "2025-03-04T09:15:00"}),
            json!({"created_at": "2025-03-04 09:15:00Z"}),
            json!({"country_code": "USA"}),
            json!({"email_address": ""}),
            json!({"customer_id": ""}),
            json!({"customer_id": 7}),
            json!({"platform": "Shopify"}),
        ] {
            let (status, body) = post(&vendor, "/data-in/customers", &person(bad.clone()));
            assert_eq!(status, 400, "{bad}");
            assert_eq!(body["success"], false);
            assert!(body["message"].as_str().unwrap().starts_with("Invalid customer data."), "{body}");
        }
        assert_eq!(send(&vendor, &json!({"customer_id": "c-1"})), 400);
        assert_eq!(send(&vendor, &json!([person(json!({}))])), 400);
        assert_eq!(vendor.customers(), Vec::<Value>::new());
        assert_eq!(send(&vendor, &person(json!({"created_at": "2024-11-29T12:00:00+02:00"}))), 200);
    }

    #[test]
    fn keys_and_shops_are_checked() {
        let vendor = TripleWhale::default();
        let wrong = reply::request("GET", "/users/api-keys/me", &[("x-api-key", "fake-other")], &Value::Null);
        assert_eq!(vendor.reply(&wrong).status, 401);
        let right = vendor.reply(&reply::request("GET", "/api/v2/users/api-keys/me", &[KEY], &Value::Null));
        assert_eq!((right.status, right.value()), (200, json!({})));
        assert!(right.headers.iter().any(|(name, _)| *name == "RateLimit-Policy"));
        assert_eq!(send(&vendor, &json!({"shop": "other.example.com", "customer_id": "c-1"})), 403);
        let shop = Sandbox::TRIPLE_WHALE_UNCONNECTED_SHOP;
        assert_eq!(send(&vendor, &json!({"shop": shop, "customer_id": "c-1"})), 500);
    }

    #[test]
    fn an_erasure_masks_by_email_and_by_phone() {
        let vendor = TripleWhale::default();
        for (id, email, phone) in [
            ("c-1", "Mara@example.com", "15005550001"),
            ("c-2", "omar@example.com", "15005550002"),
            ("c-3", "tess@example.com", "15005550003"),
        ] {
            let record =
                json!({"customer_id": id, "email_address": email, "phone": phone, "note": "x", "latitude": 1.5});
            assert_eq!(send(&vendor, &person(record)), 200);
        }
        let path = "/compliance/requests/create-request";
        assert_eq!(post(&vendor, path, &json!({})), (400, json!({"success": false, "message": "Shop ID is required"})));
        assert_eq!(post(&vendor, path, &json!({"shop": "other.example.com"})), (403, Value::Null));
        let shop = Sandbox::TRIPLE_WHALE_SHOP;
        assert_eq!(post(&vendor, path, &json!({"shop": shop, "emails": "mara@example.com"})).0, 400);
        let body = json!({"shop": shop, "emails": ["mara@example.com"], "phones": ["+1-500-555-0002"]});
        assert_eq!(post(&vendor, path, &body).0, 200);

        let held = vendor.customers();
        assert_eq!(held[0]["email_address"], "[masked]");
        assert_eq!(held[1]["phone"], "[masked]");
        assert!(held[1].get("latitude").is_none());
        assert_eq!(held[2]["email_address"], "tess@example.com");
        assert_eq!(held[0]["customer_id"], "c-1");
    }
}
