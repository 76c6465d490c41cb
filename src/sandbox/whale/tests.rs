use serde_json::Value;

use super::*;
use crate::sandbox::{StandIn, reply};

const KEY: (&str, &str) = ("x-api-key", Sandbox::WHALE_API_KEY);

fn call(vendor: &Whale, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let target = format!("/v1/stores/{}/{path}", Sandbox::WHALE_STORE_ID);
    let reply = vendor.reply(&reply::request(method, &target, &[KEY], body));
    (reply.status, reply.value())
}

fn get(vendor: &Whale, path: &str) -> Value {
    let (status, body) = call(vendor, "GET", path, &Value::Null);
    assert_eq!(status, 200, "{path}: {body}");
    body
}

fn create(vendor: &Whale, body: &Value) -> (u16, Value) {
    call(vendor, "POST", "customers", body)
}

fn emails(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|row| row["email"].as_str().unwrap()).collect()
}

/// Nora, Omar and Pia, in this order.
fn three() -> Whale {
    let vendor = Whale::default();
    for (email, name, phone, tags) in [
        ("nora@example.com", "Nora", "+1-555-0100", json!(["vip", "retail"])),
        ("omar@example.com", "Omar", "+1-555-0101", json!(["retail"])),
        ("pia@example.com", "Pia", "+1-555-0102", json!([])),
    ] {
        let body = json!({"email": email, "first_name": name, "last_name": "Lind", "phone": phone, "tags": tags});
        assert_eq!(create(&vendor, &body).0, 201);
    }
    vendor
}

#[test]
fn keys_stores_and_routes_are_checked() {
    let vendor = Whale::default();
    let send = |target: &str, headers: &[(&'static str, &str)]| {
        let reply = vendor.reply(&reply::request("GET", target, headers, &Value::Null));
        assert!(reply.headers.iter().any(|(name, _)| *name == "x-request-id"));
        (reply.status, reply.value())
    };
    let (status, body) = send("/v1/customers", &[("x-api-key", "wk_test_other")]);
    assert_eq!((status, &body["error"]["type"]), (401, &json!("authentication_error")));
    assert_eq!(body["error"]["param"], Value::Null);
    assert!(body["error"]["request_id"].as_str().unwrap().starts_with("req_"));
    let (status, body) = send("/v1/stores/other/customers", &[KEY]);
    assert_eq!((status, &body["error"]["type"]), (403, &json!("store_mismatch_error")));
    assert_eq!(send("/v1/customers", &[KEY]).0, 200, "the store may be left to the key");
    assert_eq!(send("/v1/orders", &[KEY]).0, 404);
    let (status, body) = send("/v1/customers/cust_ffffffff", &[KEY]);
    assert_eq!(
        (status, &body["error"]["code"], &body["error"]["param"]),
        (404, &json!("resource_missing"), &json!("id"))
    );
}

#[test]
fn a_create_gets_who_is_known_and_changes_nothing() {
    let vendor = Whale::default();
    let body = json!({"email": " Omar@Example.com ", "first_name": "Omar", "phone": "+1-555-0101", "tags": ["retail"],
        "address": {"line1": "1 Sample Way", "country": "US"}, "metadata": {"source": "fixture"}});
    let (status, created) = create(&vendor, &body);
    assert_eq!((status, &created["email"]), (201, &json!("omar@example.com")));
    for absent in ["address", "metadata", "updated_at", "last_order_at"] {
        assert!(created.get(absent).is_none(), "{absent}");
    }
    let id = created["id"].as_str().unwrap();
    let full = get(&vendor, &format!("customers/{id}"));
    assert_eq!((&full["address"]["line1"], &full["metadata"]["source"]), (&json!("1 Sample Way"), &json!("fixture")));

    let (status, again) = create(&vendor, &json!({"email": "OMAR@example.com", "first_name": "Other"}));
    assert_eq!((status, &again), (200, &created));
    // The hazard: somebody new with Omar's phone is told that they are Omar.
    let (status, other) = create(&vendor, &json!({"email": "pia@example.com", "phone": "1 (555) 0101"}));
    assert_eq!((status, &other["email"]), (200, &json!("omar@example.com")));
    assert_eq!(vendor.customers(), [full]);
}

#[test]
fn a_body_is_read_strictly() {
    let vendor = three();
    for (bad, param) in [
        (json!({}), "email"),
        (json!({"email": "nobody"}), "email"),
        (json!({"email": "a@example.com", "total_spent": 5}), "total_spent"),
        (json!({"email": "a@example.com", "phone": 15550100}), "phone"),
        (json!({"email": "a@example.com", "tags": "vip"}), "tags"),
        (json!({"email": "a@example.com", "address": {"zip": "97000"}}), "address.zip"),
    ] {
        let (status, body) = create(&vendor, &bad);
        assert_eq!((status, &body["error"]["param"]), (400, &json!(param)), "{bad}");
    }
    assert_eq!(call(&vendor, "POST", "customers", &json!([])).0, 400);
    assert_eq!(vendor.customers().len(), 3);
}

#[test]
fn an_update_is_partial_and_null_clears() {
    let vendor = three();
    let path = "customers/cust_00000001";
    let body = json!({"phone": null, "tags": ["b"], "metadata": {"a": 1, "b": true}, "email": "Nora.Lind@example.com"});
    let (status, person) = call(&vendor, "PATCH", path, &body);
    assert_eq!((status, &person["phone"], &person["tags"]), (200, &Value::Null, &json!(["b"])));
    assert_eq!((&person["first_name"], &person["email"]), (&json!("Nora"), &json!("nora.lind@example.com")));
    let (_, person) = call(&vendor, "PATCH", path, &json!({"metadata": {"b": false}}));
    assert_eq!(person["metadata"], json!({"b": false}), "replaced, not merged");

    for taken in [json!({"email": "OMAR@example.com"}), json!({"phone": "1 555 0102"})] {
        let (status, body) = call(&vendor, "PATCH", path, &taken);
        assert_eq!((status, &body["error"]["type"]), (409, &json!("conflict_error")), "{taken}");
    }
    for bad in [json!({"email": null}), json!({"id": "x"}), json!({"first_name": 1}), json!({"birthday": "2000-01-01"})]
    {
        assert_eq!(call(&vendor, "PATCH", path, &bad).0, 400, "{bad}");
    }
    // Old e-mail and phone are free again.
    assert_eq!(create(&vendor, &json!({"email": "nora@example.com", "phone": "+1-555-0100"})).0, 201);

    assert_eq!(call(&vendor, "DELETE", "customers/cust_00000002", &Value::Null), (204, Value::Null));
    assert_eq!(call(&vendor, "DELETE", "customers/cust_00000002", &Value::Null).0, 404);
    assert_eq!(create(&vendor, &json!({"email": "omar@example.com", "phone": "+1-555-0101"})).0, 201);
}

#[test]
fn a_list_is_filtered_sorted_and_paged() {
    let vendor = three();
    assert_eq!(emails(&get(&vendor, "customers")), ["pia@example.com", "omar@example.com", "nora@example.com"]);
    assert_eq!(emails(&get(&vendor, "customers?sort=email&order=asc&search=LIND&tags=retail")).len(), 2);
    assert_eq!(emails(&get(&vendor, "customers?search=omar%40example.com")), ["omar@example.com"]);
    assert_eq!(emails(&get(&vendor, "customers?search=nora%20pia&order=asc")), ["nora@example.com", "pia@example.com"]);
    assert_eq!(emails(&get(&vendor, "customers?search=0102")), ["pia@example.com"]);
    assert_eq!(emails(&get(&vendor, "customers?tags=retail,vip")), ["nora@example.com"]);
    assert_eq!(emails(&get(&vendor, "customers?created_after=2999-01-01")).len(), 0);
    assert_eq!(emails(&get(&vendor, "customers?created_after=2020-01-01T00:00:00Z")).len(), 3);
    for bad in
        ["limit=0", "limit=101", "limit=x", "query=nora", "sort=age", "order=up", "cursor=x", "created_after=soon"]
    {
        assert_eq!(call(&vendor, "GET", &format!("customers?{bad}"), &Value::Null).0, 400, "{bad}");
    }

    let first = get(&vendor, "customers?sort=email&order=asc&limit=1");
    assert!(first["data"][0].get("object").is_none() && first["data"][0].get("address").is_none());
    assert_eq!((&first["object"], &first["has_more"]), (&json!("list"), &json!(true)));
    // The row that the cursor stands on may go; the next page starts where it was.
    assert_eq!(call(&vendor, "DELETE", "customers/cust_00000001", &Value::Null).0, 204);
    let cursor: String =
        url::form_urlencoded::byte_serialize(first["next_cursor"].as_str().unwrap().as_bytes()).collect();
    let second = get(&vendor, &format!("customers?sort=email&order=asc&limit=1&cursor={cursor}"));
    assert_eq!(emails(&second), ["omar@example.com"]);
    let third = get(&vendor, "customers?sort=email&order=asc&starting_after=cust_00000002");
    assert_eq!(
        (emails(&third), &third["has_more"], &third["next_cursor"]),
        (vec!["pia@example.com"], &json!(false), &Value::Null)
    );
}

#[test]
fn notes_and_activity_are_newest_first() {
    let vendor = three();
    for text in ["first", "second", "third"] {
        assert_eq!(call(&vendor, "POST", "customers/cust_00000001/notes", &json!({"note": text})).0, 201);
    }
    assert_eq!(call(&vendor, "POST", "customers/cust_00000001/notes", &json!({"content": "x"})).0, 400);
    assert_eq!(call(&vendor, "POST", "customers/cust_00000009/notes", &json!({"note": "x"})).0, 404);
    let notes = get(&vendor, "customers/cust_00000001/notes?limit=2");
    assert_eq!((&notes["data"][0]["note"], &notes["has_more"]), (&json!("third"), &json!(true)));
    let last = notes["data"][1]["id"].as_str().unwrap();
    let rest = get(&vendor, &format!("customers/cust_00000001/notes?starting_after={last}"));
    assert_eq!(rest["data"].as_array().unwrap().len(), 1);

    let all = get(&vendor, "customers/cust_00000001/activity");
    assert_eq!(all["data"].as_array().unwrap().len(), 4);
    assert_eq!(all["data"][3]["type"], "register");
    let some = get(&vendor, "customers/cust_00000001/activity?types=order,note&after=2020-01-01&limit=10");
    assert_eq!(some["data"].as_array().unwrap().len(), 3);
    let none = get(&vendor, "customers/cust_00000001/activity?after=2999-01-01");
    assert_eq!(none["data"], json!([]));
    let metrics = get(&vendor, "customers/cust_00000001/metrics");
    assert_eq!((&metrics["total_spent"], &metrics["churn_risk"]), (&json!(0), &Value::Null));
}

#[test]
fn segments_count_their_members() {
    let vendor = three();
    let rules = json!([{"field": "tags", "operator": "eq", "value": "retail"},
        {"field": "total_spent", "operator": "lte", "value": 500}]);
    let body = json!({"name": "Retail", "type": "dynamic", "rules": rules});
    let (status, segment) = call(&vendor, "POST", "customer-segments", &body);
    assert_eq!((status, &segment["member_count"], &segment["rules"]), (201, &json!(2), &rules));
    let body =
        json!({"name": "Invited", "type": "static", "customer_ids": ["cust_00000001", "cust_00000003", "cust_x"]});
    let (status, segment) = call(&vendor, "POST", "customer-segments", &body);
    assert_eq!((status, &segment["member_count"]), (201, &json!(2)));
    assert!(segment.get("rules").is_none() && segment.get("customer_ids").is_none());

    let path = "customer-segments/seg_00000001";
    assert_eq!(emails(&get(&vendor, "customers?segment_id=seg_00000002")).len(), 2);
    assert_eq!(call(&vendor, "DELETE", "customers/cust_00000001", &Value::Null).0, 204);
    assert_eq!(get(&vendor, path)["member_count"], 1);
    assert_eq!(get(&vendor, "customer-segments")["data"][0]["member_count"], 1);
    let nobody = json!({"rules": [{"field": "total_orders", "operator": "gte", "value": 5}], "metadata": {"a": "b"}});
    let (status, segment) = call(&vendor, "PATCH", path, &nobody);
    assert_eq!((status, &segment["member_count"], &segment["metadata"]["a"]), (200, &json!(0), &json!("b")));
    for bad in [json!({"type": "static"}), json!({"customer_ids": []}), json!({"rules": []}), json!({"name": ""})] {
        assert_eq!(call(&vendor, "PATCH", path, &bad).0, 400, "{bad}");
    }
    assert_eq!(call(&vendor, "POST", "customer-segments", &json!({"name": "x", "type": "dynamic"})).0, 400);
    assert_eq!(call(&vendor, "DELETE", path, &Value::Null).0, 204);
    assert_eq!(call(&vendor, "GET", path, &Value::Null).0, 404);
}

#[test]
fn a_removal_request_stays_pending() {
    let vendor = three();
    let path = "customers/cust_00000001/removal-request";
    let body = json!({"type": "erasure", "reason": "asked", "notify_customer": true});
    let (status, request) = call(&vendor, "POST", path, &body);
    assert_eq!(
        (status, &request["status"], &request["object"]),
        (201, &json!("pending"), &json!("data_removal_request"))
    );
    assert!(request["estimated_completion"].as_str() > request["created_at"].as_str());
    assert_eq!(call(&vendor, "POST", path, &json!({"type": "export", "format": "json"})).1["id"], "drr_00000002");
    for bad in [json!({}), json!({"type": "archive"}), json!({"type": "export", "notify_customer": true})] {
        assert_eq!(call(&vendor, "POST", path, &bad).0, 400, "{bad}");
    }
    assert_eq!(call(&vendor, "POST", "customers/cust_00000009/removal-request", &body).0, 404);
}

#[test]
fn routes_begin_below_the_store() {
    let vendor = Whale::default();
    for path in [&["v1", "stores", "00000000-0000-4000-8000-000000000000", "customers"][..], &["v1", "customers"]] {
        assert_eq!(vendor.route(path), ["customers"]);
    }
    assert!(vendor.route(&[]).is_empty());
}
