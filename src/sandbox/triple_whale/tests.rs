use super::*;
use crate::sandbox::StandIn;
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
        let record = json!({"customer_id": id, "email_address": email, "phone": phone, "note": "x", "latitude": 1.5});
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

#[test]
fn routes_begin_below_the_version() {
    let vendor = TripleWhale::default();
    for path in [&["api", "v2", "data-in", "customers"][..], &["data-in", "customers"]] {
        assert_eq!(vendor.route(path), ["data-in", "customers"]);
    }
}
