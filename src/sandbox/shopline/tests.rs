use serde_json::Value;

use super::*;
use crate::sandbox::StandIn;
use crate::sandbox::reply::testing;

fn send(shop: &Shopline, method: &str, path: &str, body: Option<Value>) -> Reply {
    let auth = format!("Bearer {}", Sandbox::SHOPLINE_ACCESS_TOKEN);
    let target = format!("/admin/openapi/v20250601/{path}");
    shop.reply(&testing::request(method, &target, ("authorization", &auth), body.as_ref()))
}

fn ok(shop: &Shopline, method: &str, path: &str, body: Option<Value>) -> Value {
    let answer = send(shop, method, path, body);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.value()
}

fn refused(shop: &Shopline, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
    let answer = send(shop, method, path, body);
    assert!(answer.header("traceId").is_some());
    let errors = answer.value()["errors"].as_str().unwrap().to_owned();
    (answer.status, errors)
}

fn create(shop: &Shopline, customer: Value) -> Value {
    ok(shop, "POST", "customers.json", Some(json!({ "customer": customer })))["customer"].take()
}

fn id(customer: &Value) -> &str {
    customer["id"].as_str().unwrap()
}

fn mina() -> Value {
    json!({
        "email": "Mina.Park@example.com", "phone": "0015550100123", "first_name": "Mina", "last_name": "Park",
        "gender": 2, "birthday": "19900214", "tags": "vip,newsletter", "verified_email": true,
        "email_marketing_consent": {"state": 1, "opt_in_level": 2, "consent_updated_at": "2025-01-05T09:30:00+08:00"},
        "sms_marketing_consent": {"state": 0},
        "addresses": [
            {"address1": "12 Sample Street", "city": "Springfield", "province": "Kentucky", "province_code": "KY",
             "country": "United States", "country_code": "US", "zip": "40202", "default": false},
            {"address1": "3 Harbour Lane", "default": true},
        ],
    })
}

#[test]
fn the_door_is_checked_first() {
    let shop = Shopline::default();
    let ask = |target: &str, auth: &str| shop.reply(&testing::request("GET", target, ("authorization", auth), None));
    let auth = format!("Bearer {}", Sandbox::SHOPLINE_ACCESS_TOKEN);
    assert_eq!(ask("/admin/openapi/v20250601/customers/v2/count.json", &auth).value(), json!({"count": 0}));
    assert_eq!(ask("/admin/openapi/v2025/customers/v2/count.json", &auth).status, 404);
    assert_eq!(ask("/admin/openapi/v20250601/customers/v2/count", &auth).status, 404);
    assert_eq!(ask("/admin/openapi/v20250601/customers.json", &auth).status, 404);
    let answer = ask("/admin/openapi/v20250601/customers/v2/count.json", Sandbox::SHOPLINE_ACCESS_TOKEN);
    assert_eq!(answer.status, 401);
    assert!(answer.value()["errors"].is_string() && answer.header("traceId").is_some());
}

#[test]
fn a_create_answers_the_whole_customer_with_the_vendors_nulls() {
    let shop = Shopline::default();
    let shown = create(&shop, mina());
    assert_eq!(shown.as_object().unwrap().len(), 32);
    for key in ["state", "orders_count", "verified_email", "asid", "language", "last_order_id", "last_order_name"] {
        assert!(shown[key].is_null(), "{key}");
    }
    assert_eq!((&shown["gender"], &shown["total_spent"]), (&json!("female"), &json!("0")));
    assert_eq!((&shown["email_subscribe_flag"], &shown["mobile_subscribe_flag"]), (&json!(1), &json!(0)));
    assert_eq!(shown["email_marketing_consent"]["consent_updated_at"], "2025-01-05T09:30:00+08:00");
    assert!(shown["created_at"].as_str().unwrap().ends_with("+08:00"));
    let default = &shown["default_address"];
    assert_eq!((&default["address1"], &default["customer_id"]), (&json!("3 Harbour Lane"), &shown["id"]));
    assert_eq!(shown["addresses"][0]["province_code_v2"], "KY");
    assert!(shown["addresses"][0]["id"].as_str().unwrap().starts_with("SL201UA"));

    let read = ok(&shop, "GET", &format!("customers/v2/{}.json", id(&shown)), None);
    let read = &read["customer"];
    assert_eq!((&read["state"], &read["orders_count"], &read["verified_email"]), (&json!(1), &json!(0), &json!(true)));
    assert_eq!(read["nick_name"], "Mina Park");
    assert_eq!(shop.customers(), std::slice::from_ref(read));
    let few = ok(&shop, "GET", &format!("customers/v2/{}.json?fields=id,email", id(&shown)), None);
    assert_eq!(few["customer"], json!({"id": shown["id"], "email": "Mina.Park@example.com"}));
}

#[test]
fn consent_left_out_is_no_consent() {
    let shop = Shopline::default();
    let shown = create(&shop, json!({"phone": "0015550100123"}));
    assert_eq!((&shown["email_marketing_consent"], &shown["email_subscribe_flag"]), (&Value::Null, &json!(2)));
    let path = format!("customers/{}.json", id(&shown));
    let consent = json!({"customer": {"email_marketing_consent": {"state": 1}}});
    let (status, errors) = refused(&shop, "PUT", &path, Some(consent));
    assert_eq!((status, errors.split_once(':').unwrap().0), (422, "body.customer.email_marketing_consent"));
    // The level's documented default.
    let shown = create(&shop, json!({"email": "an@example.com", "email_marketing_consent": {"state": 3}}));
    assert_eq!(
        (&shown["email_marketing_consent"]["opt_in_level"], &shown["email_subscribe_flag"]),
        (&json!(1), &json!(2))
    );
}

#[test]
fn bodies_are_read_strictly() {
    let shop = Shopline::default();
    for (body, status) in [
        (json!({"email": "a@example.com"}), 400),
        (json!({"customer": {"email": "a@example.com"}, "more": 1}), 400),
        (json!({"customer": {"first_name": "Ann"}}), 422),
        (json!({"customer": {"email": "", "phone": ""}}), 422),
        (
            json!({"customer": {"email": "a@example.com", "password": "secret1", "password_confirmation": "secret2"}}),
            422,
        ),
    ] {
        assert_eq!(refused(&shop, "POST", "customers.json", Some(body)).0, status);
    }
    assert_eq!(refused(&shop, "POST", "customers.json", None).0, 400);
    assert!(shop.customers().is_empty());
}

#[test]
fn email_and_phone_belong_to_one_customer() {
    let shop = Shopline::default();
    let mina_id = id(&create(&shop, mina())).to_owned();
    let again = |customer: Value| refused(&shop, "POST", "customers.json", Some(json!({ "customer": customer })));
    assert_eq!(again(json!({"email": "mina.park@EXAMPLE.com"})).0, 422);
    assert_eq!(again(json!({"email": "other@example.com", "phone": "0015550100123"})).0, 422);
    let other = create(&shop, json!({"email": "other@example.com"}));
    let put = |id: &str, customer: Value| {
        send(&shop, "PUT", &format!("customers/{id}.json"), Some(json!({ "customer": customer })))
    };
    assert_eq!(put(id(&other), json!({"phone": "0015550100123"})).status, 422);
    // One's own are no duplicates, and what is given up is free.
    assert_eq!(put(&mina_id, json!({"email": "mina.park@example.com", "phone": ""})).status, 200);
    assert_eq!(put(id(&other), json!({"phone": "0015550100123"})).status, 200);
    assert_eq!(put("1", json!({})).status, 404);
}

#[test]
fn an_update_is_partial_and_answers_less() {
    let shop = Shopline::default();
    let made = create(&shop, mina());
    let path = format!("customers/{}.json", id(&made));
    let first = made["addresses"][0]["id"].clone();
    let change = json!({"customer": {
        "note": "called back", "last_name": null, "sms_marketing_consent": {"state": 1},
        "addresses": [{"id": first, "city": "Shelbyville"}, {"city": "Ogdenville"}],
    }});
    let shown = ok(&shop, "PUT", &path, Some(change))["customer"].take();
    assert_eq!(shown["accepts_phone_marketing"], true);
    for key in ["birthday", "gender", "language", "nick_name", "social_customer", "accepts_mobile_marketing"] {
        assert!(shown.get(key).is_none(), "{key}");
    }
    let read = ok(&shop, "GET", &format!("customers/v2/{}.json", id(&made)), None)["customer"].take();
    assert_eq!(
        (&read["note"], &read["last_name"], &read["gender"]),
        (&json!("called back"), &json!("Park"), &json!("female"))
    );
    assert_eq!(read["addresses"].as_array().unwrap().len(), 3);
    assert_eq!((&read["addresses"][0]["city"], &read["addresses"][0]["zip"]), (&json!("Shelbyville"), &json!("40202")));
    assert_eq!(read["default_address"]["address1"], "3 Harbour Lane");
    let foreign = json!({"customer": {"addresses": [{"id": "SL201UA1"}]}});
    assert_eq!(refused(&shop, "PUT", &path, Some(foreign)).0, 422);
}

#[test]
fn people_are_found_by_email_exactly_and_searched_for_fuzzily() {
    let shop = Shopline::default();
    let made = create(&shop, mina());
    let ask = |email: &str| send(&shop, "POST", "customers/query_user_by_email.json", Some(json!({ "email": email })));
    let found = ask("mina.park@example.COM").value();
    assert_eq!((&found["customer"]["id"], &found["customer"]["nick_name"]), (&made["id"], &json!("Mina Park")));
    for key in ["email_marketing_consent", "sms_marketing_consent", "multipass_identifier"] {
        assert!(found["customer"].get(key).is_none(), "{key}");
    }
    assert_eq!(ask("mina@example.com").status, 404);
    let wrapped = json!({"customer": {"email": "mina.park@example.com"}});
    assert_eq!(refused(&shop, "POST", "customers/query_user_by_email.json", Some(wrapped)).0, 400);

    create(&shop, json!({"phone": "00155501001234"}));
    let count = |query: &str| {
        let found = ok(&shop, "GET", &format!("customers/v2/search.json?{query}"), None);
        found["customers"].as_array().unwrap().len()
    };
    assert_eq!((count("query_param=0015550100123"), count("query_param=HARBOUR")), (2, 1));
    assert_eq!((count("query_param=springfield"), count(&format!("query=customer_id:{}", id(&made)))), (0, 1));
    assert_eq!((count("query=tags:vip;orders_count:0"), count("query=tags:vip;orders_count:1")), (1, 0));
    let long = format!("customers/v2/search.json?query_param={}", "a".repeat(51));
    assert_eq!(refused(&shop, "GET", &long, None).0, 422);
    assert_eq!(refused(&shop, "GET", "customers/v2/search.json?query=email:a@example.com", None).0, 422);
}

#[test]
fn pages_are_walked_by_the_link_header() {
    let shop = Shopline::default();
    for n in 0..5 {
        create(&shop, json!({"email": format!("p{n}@example.com"), "first_name": if n == 3 { "Ann" } else { "Bo" }}));
    }
    let emails = |answer: &Reply| -> Vec<String> {
        let shown = answer.value();
        shown["customers"].as_array().unwrap().iter().map(|c| c["email"].as_str().unwrap()[..2].to_owned()).collect()
    };
    let follow = |answer: &Reply, rel: &str| -> Option<Reply> {
        let link = answer.header("link")?.split(", ").find(|link| link.ends_with(&format!("rel=\"{rel}\"")))?;
        let (url, _) = link.strip_prefix("<http://127.0.0.1:4010/admin/openapi/v20250601/")?.split_once('>')?;
        Some(send(&shop, "GET", url, None))
    };
    let first = send(&shop, "GET", "v2/customers.json?limit=2", None);
    assert_eq!(emails(&first), ["p0", "p1"]);
    assert!(follow(&first, "previous").is_none());
    let second = follow(&first, "next").unwrap();
    let third = follow(&second, "next").unwrap();
    assert_eq!((emails(&second), emails(&third)), (vec!["p2".into(), "p3".into()], vec!["p4".into()]));
    assert!(follow(&third, "next").is_none());
    assert_eq!(emails(&follow(&third, "previous").unwrap()), ["p2", "p3"]);
    // The search goes from the newest, and a cursor carries its words on.
    let found = send(&shop, "GET", "customers/v2/search.json?query_param=bo&limit=3", None);
    assert_eq!(emails(&found), ["p4", "p2", "p1"]);
    let rest = follow(&found, "next").unwrap();
    assert_eq!(emails(&rest), ["p0"]);
    assert_eq!(emails(&follow(&rest, "previous").unwrap()), ["p4", "p2", "p1"]);
    let all = send(&shop, "GET", "v2/customers.json?ids=4201825002&fields=email,last_order_id", None);
    assert_eq!(all.value(), json!({"customers": [{"email": "p1@example.com", "last_order_id": "N/A"}]}));
    assert!(all.header("link").is_none());
    for query in ["limit=251", "limit=x", "page_info=zz", "created_at_min=2025-01-01", "since_id=x"] {
        assert!(refused(&shop, "GET", &format!("v2/customers.json?{query}"), None).0 >= 400, "{query}");
    }
    assert!(
        emails(&send(&shop, "GET", "v2/customers.json?created_at_max=2020-01-01T00:00:00%2B08:00", None)).is_empty()
    );
    assert_eq!(emails(&send(&shop, "GET", "v2/customers.json?since_id=4201825004", None)), ["p4"]);
}

#[test]
fn addresses_have_their_own_form_and_routes() {
    let shop = Shopline::default();
    let made = create(&shop, json!({"email": "an@example.com"}));
    let base = format!("customers/{}/addresses", id(&made));
    let add =
        |address: Value| send(&shop, "POST", &format!("{base}.json"), Some(json!({ "customer_address": address })));
    let first = add(json!({"city": "Springfield", "district": "West", "zip": "40202", "def": false})).value();
    let first = &first["customer_address"];
    assert_eq!((&first["def"], &first["district"]), (&json!(true), &json!("West")));
    assert!(first.get("default").is_none() && first.get("province_code_v2").is_none());
    let second = add(json!({"province_code": "OR"})).value()["customer_address"]["id"].as_str().unwrap().to_owned();
    assert_eq!(add(json!({"zip": "12345678901"})).status, 422);
    assert_eq!(add(json!({"default": true})).status, 400);
    let one = format!("{base}/{second}.json");
    assert_eq!(ok(&shop, "GET", &one, None)["customer_address"]["province_code_v2"], "OR");
    assert_eq!(ok(&shop, "PUT", &format!("{base}/{second}/default.json"), None), json!({}));
    let changed = ok(&shop, "PUT", &one, Some(json!({"customer_address": {"city": "Salem", "province_code": null}})));
    assert_eq!(
        (&changed["customer_address"]["def"], &changed["customer_address"]["province_code"]),
        (&json!(true), &json!("OR"))
    );
    let listed =
        ok(&shop, "POST", "customers/addresses/list.json", Some(json!({"uids": [made["id"]], "address_types": [0]})));
    assert_eq!(listed["user_address"][0]["addresses"].as_array().unwrap().len(), 2);
    assert_eq!(ok(&shop, "DELETE", &one, None), json!({}));
    assert_eq!(refused(&shop, "DELETE", &one, None).0, 404);
    let read = ok(&shop, "GET", &format!("customers/v2/{}.json", id(&made)), None);
    assert_eq!(read["customer"]["default_address"]["city"], "Springfield");
    let query = format!("{base}/set.json?address_ids={}&operation=destroy", first["id"].as_str().unwrap());
    assert_eq!(ok(&shop, "PUT", &query, None), json!({}));
    assert_eq!(refused(&shop, "GET", &format!("{base}/{}.json", first["id"].as_str().unwrap()), None).0, 404);
    assert_eq!(refused(&shop, "POST", "customers/1/addresses.json", Some(json!({"customer_address": {}}))).0, 404);
}

#[test]
fn subscriptions_and_erasure() {
    let shop = Shopline::default();
    let made = create(&shop, mina());
    let path = format!("customers/subscribe.json?customer_ids={},1", id(&made));
    let rows = ok(&shop, "GET", &path, None)["user_subscribe_info_list"].take();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    assert_eq!((&rows[0]["status"], &rows[0]["subscribe_account"]), (&json!(1), &json!("Mina.Park@example.com")));
    assert_eq!((&rows[1]["status"], &rows[1]["subscribe_account_type"]), (&json!(0), &json!(1)));
    let path = format!("customers/{}.json", id(&made));
    let gone = json!({"customer": {
        "email": "Mina.Park@example.com", "first_name": "Mina", "last_name": "Park", "phone": "0015550100123",
    }});
    assert_eq!(ok(&shop, "DELETE", &path, None), gone);
    assert_eq!(ok(&shop, "DELETE", &path, None), json!({}));
    assert_eq!(ok(&shop, "GET", "customers/v2/count.json", None), json!({"count": 0}));
    assert_ne!(id(&create(&shop, mina())), id(&made));
}

#[test]
fn routes_begin_below_the_version() {
    let shop = Shopline::default();
    assert_eq!(shop.route(&["admin", "openapi", "v20250601", "customers", "1.json"]), ["customers", "1.json"]);
    assert_eq!(shop.route(&["admin", "oauth", "token", "create"]), ["admin", "oauth", "token", "create"]);
}
