use std::time::Duration;

use super::*;
use crate::sandbox::{StandIn, reply};

const PATH: &str = "/core/v3/stores/fake-yotpo-store/customers";

struct Client {
    vendor: Yotpo,
    token: String,
}

impl Client {
    fn new() -> Self {
        let mut client = Self { vendor: Yotpo::default(), token: String::new() };
        client.mint();
        client
    }

    fn call(&self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let request = reply::request(method, target, &[("x-yotpo-token", &self.token)], body);
        let reply = self.vendor.reply(&request);
        (reply.status, reply.value())
    }

    fn mint(&mut self) {
        let body = json!({"secret": Sandbox::YOTPO_SECRET});
        let (status, body) = self.call("POST", "/core/v3/stores/fake-yotpo-store/access_tokens", &body);
        assert_eq!((status, &body["token_type"]), (200, &json!("bearer")));
        self.token = body["access_token"].as_str().unwrap().to_owned();
    }

    fn patch(&self, customer: &Value) -> u16 {
        self.call("PATCH", PATH, &json!({"customer": customer})).0
    }

    fn get(&self, query: &str) -> (Vec<Value>, Option<String>) {
        let (status, body) = self.call("GET", &format!("{PATH}?{query}"), &Value::Null);
        assert_eq!(status, 200, "{body}");
        let next = body["pagination"]["next_page_info"].as_str().map(str::to_owned);
        (body["customers"].as_array().unwrap().clone(), next)
    }
}

#[test]
fn tokens_are_minted_and_expire() {
    let mut client = Client::new();
    assert_eq!(client.token, "fake-token-1");
    assert_eq!(client.patch(&json!({"email": "tess@example.com"})), 200);
    client.vendor.expire_tokens();
    let (status, body) = client.call("GET", PATH, &Value::Null);
    assert_eq!(status, 401);
    assert!(body["errors"][0]["message"].is_string());
    client.mint();
    assert_eq!(client.token, "fake-token-2");
    assert_eq!(client.get("").0.len(), 1);

    let tokens = "/core/v3/stores/fake-yotpo-store/access_tokens";
    assert_eq!(client.call("POST", tokens, &json!({"secret": "fake-wrong"})).0, 401);
    assert_eq!(client.call("POST", tokens, &json!({})).0, 400);
    let elsewhere = "/core/v3/stores/other/customers";
    assert_eq!(client.call("GET", elsewhere, &Value::Null).0, 401);
}

#[test]
fn absent_and_null_leave_alone() {
    let client = Client::new();
    let first = json!({"external_id": "c-1", "email": "tess@example.com", "first_name": "Tess", "tags": "vip",
        "account_created_at": "2020-04-01T20:58:01+02:00", "accepts_email_marketing": true,
        "address": {"address1": "1 Example St", "zip": "90000", "country_code": "US"}});
    let (status, body) = client.call("PATCH", PATH, &json!({"customer": first}));
    assert_eq!((status, body), (200, json!({"customer": {"external_id": "c-1", "email": "tess@example.com"}})));
    let second = json!({"external_id": "c-1", "first_name": null, "last_name": "Example", "tags": "b,a",
        "address": {"address1": null, "city": "Anytown"}});
    assert_eq!(client.patch(&second), 200);

    let (rows, _) = client.get("external_ids=c-1");
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(
        (&row["first_name"], &row["last_name"], &row["tags"]),
        (&json!("Tess"), &json!("Example"), &json!("b,a"))
    );
    assert_eq!(row["address"]["address1"], "1 Example St");
    assert_eq!(row["address"]["city"], "Anytown");
    assert_eq!(row["address"]["state"], Value::Null);
    assert_eq!(row["account_created_at"], "2020-04-01T18:58:01", "no zone, and in UTC");
    assert_eq!(row["channels"]["email"]["marketing"]["consent"], "subscribed");
    assert_eq!(row["channels"]["sms"]["marketing"]["consent"], "never_subscribed");
    assert_eq!(row["accepts_sms_marketing"], Value::Null);
}

#[test]
fn a_person_is_known_by_one_identifier() {
    let client = Client::new();
    assert_eq!(client.patch(&json!({"email": "Tess@example.com"})), 200);
    assert_eq!(client.patch(&json!({"external_id": "c-1", "email": "tess@example.com"})), 200);
    assert_eq!(client.vendor.customers().len(), 1, "the id takes over the person without one");
    assert_eq!(client.patch(&json!({"external_id": "c-2", "email": "tess@example.com"})), 200);
    assert_eq!(client.get("email=tess%40example.com").0.len(), 2);
    assert_eq!(client.patch(&json!({"external_id": "c-2", "email": "omar@example.com"})), 200);
    assert_eq!(client.get("email=tess@example.com").0.len(), 1);

    assert_eq!(client.patch(&json!({"phone_number": "+12025550101", "first_name": "Phone"})), 200);
    assert_eq!(client.get("phone_number=%2B12025550101").0[0]["first_name"], "Phone");
    assert_eq!(client.patch(&json!({"external_id": "c-1", "phone_number": "+12025550109"})), 200);
    assert_eq!(client.get("external_ids=c-1").0[0]["phone_number"], Value::Null, "deprecated: taken and ignored");
    assert_eq!(client.get("email=nobody@example.com").0.len(), 0);
}

#[test]
fn what_the_pages_do_not_allow_is_refused() {
    let client = Client::new();
    for bad in [
        json!({}),
        json!({"external_id": null}),
        json!({"email": "a@example.com", "phone_number": "+12025550101"}),
        json!({"phone_number": "2025550101"}),
        json!({"email": "null"}),
        json!({"external_id": 7}),
        json!({"external_id": "1", "gender": "f"}),
        json!({"external_id": "1", "account_status": "ENABLED"}),
        json!({"external_id": "1", "default_language": "en-US"}),
        json!({"external_id": "1", "default_currency": "usd"}),
        json!({"external_id": "1", "tags": ["vip"]}),
        json!({"external_id": "1", "account_created_at": "2020-04-01T18:58:01"}),
        json!({"external_id": "1", "accepts_email_marketing": "true"}),
        json!({"external_id": "1", "address": {"country": "United States"}}),
        json!({"external_id": "1", "address": {"company": "null"}}),
        json!({"external_id": "1", "custom_properties": {"plan": null}}),
        json!({"external_id": "1", "dafault_currency": "USD"}),
        json!({"external_id": "x".repeat(256)}),
    ] {
        assert_eq!(client.patch(&bad), 400, "{bad}");
    }
    let flat = json!({"external_id": "1", "first_name": "Tess"});
    assert_eq!(client.call("PATCH", PATH, &flat).0, 400, "the wrapper is required");
    assert_eq!(client.patch(&json!({"external_id": "1", "custom_properties": {"plan": "gold"}})), 200);
    assert_eq!(client.vendor.customers()[0]["custom_properties"], Value::Null);
    for query in ["limit=0", "limit=101", "external_id=1", "page_info=x"] {
        assert_eq!(client.call("GET", &format!("{PATH}?{query}"), &Value::Null).0, 400, "{query}");
    }
}

#[test]
fn the_cursor_arrives_encoded_and_must_not_be_encoded_again() {
    let client = Client::new();
    for number in 0..5 {
        let person = json!({"external_id": format!("c-{number}"), "email": "tess@example.com"});
        assert_eq!(client.patch(&person), 200);
    }
    let (first, next) = client.get("email=tess@example.com&limit=2");
    let next = next.unwrap();
    assert!(next.contains('%'), "{next}");
    let (second, next_but_one) = client.get(&format!("limit=2&page_info={next}"));
    let (third, end) = client.get(&format!("page_info={}", next_but_one.unwrap()));
    let ids: Vec<&Value> = first.iter().chain(&second).chain(&third).map(|row| &row["external_id"]).collect();
    assert_eq!(ids, ["c-0", "c-1", "c-2", "c-3", "c-4"]);
    assert_eq!(end, None);

    let twice: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    assert_eq!(client.call("GET", &format!("{PATH}?page_info={twice}"), &Value::Null).0, 400);
    let with_filter = format!("{PATH}?page_info={next}&email=tess@example.com");
    assert_eq!(client.call("GET", &with_filter, &Value::Null).0, 400);
}

#[test]
fn what_was_taken_is_seen_when_its_time_has_come() {
    let client = Client::new();
    lock(&client.vendor.state).delay = Duration::from_secs(60);
    assert_eq!(client.patch(&json!({"external_id": "c-1", "first_name": "Tess"})), 200);
    assert_eq!(client.patch(&json!({"external_id": "c-1", "first_name": "Tessa"})), 200);
    assert!(client.get("").0.is_empty() && client.vendor.customers().is_empty());
    lock(&client.vendor.state).time.advance(Duration::from_secs(50));
    assert!(client.get("").0.is_empty());
    lock(&client.vendor.state).time.advance(Duration::from_secs(10));
    assert_eq!(client.get("").0[0]["first_name"], "Tessa", "in the order of arrival");
    assert_eq!(client.patch(&json!({"external_id": "c-1", "account_status": "ENABLED"})), 400, "refused at once");
}

#[test]
fn loyalty_keeps_customers_of_its_own() {
    let vendor = Yotpo::default();
    let good = [("x-guid", Sandbox::YOTPO_LOYALTY_GUID), ("x-api-key", Sandbox::YOTPO_LOYALTY_API_KEY)];
    let call = |headers: &[(&'static str, &str)], method: &str, query: &str, body: &Value| {
        let reply = vendor.reply(&reply::request(method, &format!("/api/v2/customers{query}"), headers, body));
        (reply.status, reply.value())
    };
    let tess = json!({"id": "1", "email": "tess@example.com", "opted_in_at": "2024-02-03T10:00:00Z"});
    for bad in [&[][..], &[good[0]], &[good[0], ("x-api-key", "fake-wrong")]] {
        assert_eq!(call(bad, "POST", "", &tess).0, 401);
    }
    assert_eq!(call(&good, "POST", "", &tess).0, 200);
    assert_eq!(vendor.loyalty.customers()[0]["opt_in"], true, "silence enrols");
    assert_eq!(call(&good, "POST", "", &json!({"email": "TESS@example.com", "opted_in": false})).0, 200);
    let (status, row) = call(&good, "GET", "?customer_email=tess@example.com", &Value::Null);
    assert_eq!((status, &row["opt_in"], &row["opted_in_at"]), (200, &json!(false), &json!("2024-02-03")));
    assert_eq!(call(&good, "GET", "?customer_id=1", &Value::Null).0, 200);
    assert_eq!(call(&good, "GET", "?customer_id=2", &Value::Null).0, 404);
    for query in ["", "?email=tess@example.com", "?customer_id=1&page=2"] {
        assert_eq!(call(&good, "GET", query, &Value::Null).0, 400, "{query}");
    }
    for bad in [
        json!({"customer": {"email": "tess@example.com"}}),
        json!({"id": "1"}),
        json!({"email": "tess@example.com", "tags": ["a"]}),
        json!({"email": "tess@example.com", "opted_in": "yes"}),
        json!({"email": "tess@example.com", "opted_in_at": "soon"}),
        json!({"email": "tess@example.com", "birthday": "1990-02-14"}),
    ] {
        assert_eq!(call(&good, "POST", "", &bad).0, 400, "{bad}");
    }
    assert!(vendor.customers().is_empty());
}

#[test]
fn a_loyalty_customer_is_forgotten_with_the_token_of_core() {
    let client = Client::new();
    let headers = [("x-guid", Sandbox::YOTPO_LOYALTY_GUID), ("x-api-key", Sandbox::YOTPO_LOYALTY_API_KEY)];
    let tess = json!({"email": "tess@example.com"});
    assert_eq!(client.vendor.reply(&reply::request("POST", "/api/v2/customers", &headers, &tess)).status, 200);
    let path = |merchant: &str| format!("/api/v1/merchants/{merchant}/anonymize_customer");
    let known = path(Sandbox::YOTPO_LOYALTY_MERCHANT_ID);
    assert_eq!(client.vendor.reply(&reply::request("POST", &known, &headers, &tess)).status, 401);
    assert_eq!(client.call("POST", &path("7"), &tess).0, 404);
    assert_eq!(client.call("POST", &known, &json!({})).0, 400);
    assert_eq!(client.call("POST", &known, &tess).0, 200);
    assert!(client.vendor.loyalty.customers().is_empty());
}

#[test]
fn routes_begin_below_the_store() {
    let vendor = Yotpo::default();
    assert_eq!(vendor.route(&["core", "v3", "stores", "fake-yotpo-store", "customers"]), ["customers"]);
    assert_eq!(vendor.route(&["api", "v2", "customers"]), ["api", "v2", "customers"]);
}
