//! Customers of Loyalty and Referrals v2, a product of its own beside Core.

use std::sync::Mutex;

use serde_json::{Value, json};
use wiremock::Request;

use crate::sandbox::handle::Sandbox;
use crate::sandbox::reply::{Object, Query, Reply, fold, header, lock, object};

/// Whether a value is of a key's type.
type Fits = fn(&Value) -> bool;

/// The keys of a record and the types that they take (*documented*; the names *seen*). Others are refused, so that a
/// misspelt one is not lost: what the vendor does with them is *unknown*.
const KEYS: [(&str, Fits); 11] = [
    ("id", Value::is_string),
    ("email", Value::is_string),
    ("first_name", Value::is_string),
    ("last_name", Value::is_string),
    ("phone_number", Value::is_string),
    ("country_iso_code", Value::is_string),
    ("has_account", Value::is_boolean),
    ("platform_account_created_at", is_date),
    ("opted_in", Value::is_boolean),
    ("pos_account_id", Value::is_string),
    ("tags", Value::is_string),
];

/// What a customer may be asked for by.
const FILTERS: [(&str, &str); 4] = [
    ("customer_email", "email"),
    ("customer_id", "third_party_id"),
    ("phone_number", "phone_number"),
    ("pos_account_id", "pos_account_id"),
];

fn is_date(value: &Value) -> bool {
    let day = |text: &str| chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok();
    let time = |text: &str| chrono::DateTime::parse_from_rfc3339(text).is_ok();
    value.as_str().is_some_and(|text| day(text) || time(text))
}

#[derive(Default)]
pub(super) struct Loyalty {
    /// As the vendor shows them, with keys that it does not show.
    rows: Mutex<Vec<Object>>,
}

fn failure(status: u16, message: &str) -> Reply {
    Reply::json(status, json!({"error": message}))
}

impl Loyalty {
    pub(super) fn customers(&self) -> Vec<Value> {
        lock(&self.rows).iter().cloned().map(Value::Object).collect()
    }

    pub(super) fn reply(&self, request: &Request) -> Reply {
        let known = header(request, "x-guid") == Some(Sandbox::YOTPO_LOYALTY_GUID)
            && header(request, "x-api-key") == Some(Sandbox::YOTPO_LOYALTY_API_KEY);
        let reply = match request.method.as_str() {
            _ if !known => failure(401, "Unauthorized"),
            "POST" => self.upsert(request),
            "GET" => self.fetch(request),
            _ => failure(404, "Not found"),
        };
        // On every answer (*documented*).
        reply
            .with_header("ratelimit-limit", "5")
            .with_header("ratelimit-remaining", "4")
            .with_header("ratelimit-reset", "1")
    }

    fn upsert(&self, request: &Request) -> Reply {
        let Some(body) = object(request) else { return failure(400, "The body is no JSON object") };
        for (name, value) in body.iter().filter(|(_, value)| !value.is_null()) {
            let fits = KEYS.iter().find(|(key, _)| key == name).map(|(_, fits)| fits(value));
            let fits = fits.or_else(|| (name == "opted_in_at").then(|| is_date(value)));
            match fits {
                Some(true) => {}
                Some(false) => return failure(400, &format!("{name} is of the wrong type")),
                None => return failure(400, &format!("{name} is not a known property")),
            }
        }
        let Some(email) = body.get("email").and_then(Value::as_str).filter(|email| email.contains('@')) else {
            return failure(400, "email is required");
        };
        let mut rows = lock(&self.rows);
        // Known by the id, so that the e-mail address can change (*documented* as a use of the call); else by e-mail.
        let same = |row: &Object, name: &str, text: &str| row.get(name).and_then(Value::as_str) == Some(text);
        let by_id = body
            .get("id")
            .and_then(Value::as_str)
            .and_then(|id| rows.iter().position(|row| same(row, "third_party_id", id)));
        let by_email =
            || rows.iter().position(|row| row.get("email").and_then(Value::as_str).map(fold) == Some(fold(email)));
        let index = by_id.or_else(by_email).unwrap_or_else(|| {
            rows.push(blank());
            rows.len() - 1
        });
        let Some(row) = rows.get_mut(index) else { return failure(500, "no row") };
        for (name, value) in body.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "id" => {
                    row.insert("third_party_id".to_owned(), value.clone());
                    row.insert("thirty_party_id".to_owned(), value.clone());
                }
                "has_account" => drop(row.insert("has_store_account".to_owned(), value.clone())),
                "opted_in" => drop(row.insert("opt_in".to_owned(), value.clone())),
                "opted_in_at" => {
                    let day: String = value.as_str().unwrap_or_default().chars().take(10).collect();
                    row.insert("opted_in_at".to_owned(), day.into());
                }
                _ => drop(row.insert(name.clone(), value.clone())),
            }
        }
        // Left out or null, the account's setting decides (*documented*). Here that setting is yes, so that a client which
        // leaves it out is caught; that it decides for new people alone is *inferred*.
        row.entry("opt_in").or_insert(Value::Bool(true));
        // The body of a success is *unknown*.
        Reply::json(200, json!({}))
    }

    fn fetch(&self, request: &Request) -> Reply {
        let query = Query::of(request);
        let others = ["country_iso_code", "with_referral_code", "with_history"];
        let names: Vec<&str> = FILTERS.iter().map(|(name, _)| *name).chain(others).collect();
        if let Some(name) = query.unknown(&names) {
            return failure(400, &format!("{name} is not a known parameter"));
        }
        let wanted = FILTERS.iter().find_map(|(name, key)| Some((*key, query.first(name)?)));
        let Some((key, wanted)) = wanted else { return failure(400, "customer_email is required") };
        let rows = lock(&self.rows);
        let is = |row: &&Object| row.get(key).and_then(Value::as_str).map(fold) == Some(fold(wanted));
        // The stand-in invents no history and no referral code.
        match rows.iter().find(is) {
            Some(row) => Reply::json(200, Value::Object(row.clone())),
            None => Reply::json(404, json!({"errors": [{"message": {"customer": "Could not find customer"}}]})),
        }
    }

    /// Anonymizes a customer (*seen*; the body of the answer is *unknown*).
    pub(super) fn anonymize(&self, merchant: &str, request: &Request) -> Reply {
        if merchant != Sandbox::YOTPO_LOYALTY_MERCHANT_ID {
            return failure(404, "Merchant not found");
        }
        let Some(email) = object(request).and_then(|body| body.get("email").and_then(Value::as_str).map(fold)) else {
            return failure(400, "email is required");
        };
        let mut rows = lock(&self.rows);
        rows.retain(|row| row.get("email").and_then(Value::as_str).map(fold).as_ref() != Some(&email));
        Reply::json(200, json!({}))
    }
}

/// An empty customer, with keys of a production row (*seen*).
fn blank() -> Object {
    let row = json!({
        "total_spend_cents": 0, "total_purchases": 0, "last_purchase_at": null, "first_name": null, "last_name": null,
        "phone_number": null, "perks_redeemed": 0, "email": null, "points_balance": 0, "points_earned": 0,
        "last_seen_at": null, "thirty_party_id": null, "third_party_id": null, "pos_account_id": null,
        "has_store_account": null, "credit_balance": "$0", "credit_balance_in_customer_currency": "", "opted_in_at": null,
        "points_expire_at": null, "vip_tier_name": null,
    });
    row.as_object().cloned().unwrap_or_default()
}
