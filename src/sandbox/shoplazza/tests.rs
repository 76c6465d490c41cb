use std::time::{Duration, Instant};

use http::HeaderMap;
use serde_json::{Value, json};

use super::oauth::TOKEN_PREFIX;
use super::*;
use crate::sandbox::StandIn;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::limits::Limiter;
use crate::sandbox::reply::testing;

const FIRST: &str = "2022-01";
const LATER: &str = "2026-01";

fn send(shop: &Shoplazza, version: &str, method: &str, path: &str, body: Option<Value>) -> Reply {
    let target = format!("/openapi/{version}/{path}");
    let auth = ("access-token", Sandbox::SHOPLAZZA_ACCESS_TOKEN);
    let answer = shop.reply(&testing::request(method, &target, auth, body.as_ref()));
    assert!(answer.header("Request-Id").is_some());
    answer
}

/// The data of a success, out of its envelope.
fn ok(shop: &Shoplazza, version: &str, method: &str, path: &str, body: Option<Value>) -> Value {
    let answer = send(shop, version, method, path, body);
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut shown = answer.value();
    if version == FIRST {
        return shown;
    }
    assert_eq!(shown["code"], "Success");
    shown["data"].take()
}

fn create(shop: &Shoplazza, version: &str, customer: Value) -> Value {
    ok(shop, version, "POST", "customers", Some(json!({ "customer": customer })))["customer"].take()
}

fn id(shown: &Value) -> &str {
    shown["id"].as_str().unwrap()
}

fn address() -> Value {
    json!({"first_name": "Mira", "last_name": "Okafor", "country": "United States", "country_code": "US", "city": "Salem"})
}

fn mira() -> Value {
    json!({
        "contact_type": "email", "email": "Mira.Okafor@example.com", "phone": "+15550100123",
        "first_name": "Mira", "last_name": "Okafor", "addresses": [address()],
    })
}

#[test]
fn the_door_is_checked_in_each_versions_words() {
    let shop = Shoplazza::default();
    let ask = |version: &str, name: &str, token: &str| {
        shop.reply(&testing::request("GET", &format!("/openapi/{version}/customers/count"), (name, token), None))
    };
    let token = Sandbox::SHOPLAZZA_ACCESS_TOKEN;
    assert_eq!(ask(FIRST, "access-token", token).value(), json!({"count": 0}));
    assert_eq!(ask("2026-07", "access-token", token).value()["data"], json!({"count": 0}));
    assert_eq!(ask("2020-01", "access-token", token).status, 404);
    let refused = ask(FIRST, "authorization", token);
    assert_eq!((refused.status, &refused.body), (401, &reply::Body::Text("Unauthorized")));
    let refused = ask(LATER, "access-token", "wrong");
    assert_eq!((refused.status, &refused.value()["code"]), (401, &json!("Unauthorized")));
    let scopes = ok(&shop, FIRST, "GET", "oauth/access_scopes", None);
    assert_eq!(scopes["access_scopes"][1]["handle"], "write_customer");
}

#[test]
fn who_says_nothing_is_subscribed_on_create_and_left_alone_on_update() {
    let shop = Shoplazza::default();
    let made =
        create(&shop, FIRST, json!({"contact_type": "email", "email": "an@example.com", "accepts_marketing": false}));
    assert_eq!((&made["accepts_marketing"], &made["subscribed_flag"]), (&json!(false), &json!(6)));
    assert_eq!((&made["accepts_sms_marketing"], &made["sms_subscribed_flag"]), (&json!(true), &json!(5)));
    let change = json!({"customer": {
        "first_name": "An", "accepts_sms_marketing": false, "email": "new@example.com", "phone": "+15550100199",
        "addresses": [address()], "nonsense": 1,
    }});
    let path = format!("customers/{}", id(&made));
    let shown = ok(&shop, FIRST, "PUT", &path, Some(change))["customer"].take();
    assert_eq!(
        (&shown["email"], &shown["phone"], &shown["addresses"]),
        (&json!("an@example.com"), &Value::Null, &json!([]))
    );
    assert_eq!((&shown["name"], &shown["accepts_sms_marketing"]), (&json!("An"), &json!(false)));
    assert_eq!(shown["accepts_marketing"], false);
    assert_eq!(ok(&shop, FIRST, "GET", &path, None)["customer"], shown);
}

#[test]
fn a_create_is_refused_in_the_words_of_the_page() {
    let shop = Shoplazza::default();
    create(&shop, FIRST, mira());
    let said = |customer: Value| {
        let answer = send(&shop, FIRST, "POST", "customers", Some(json!({ "customer": customer })));
        (answer.status, answer.value()["errors"].clone())
    };
    for (customer, errors) in [
        (
            json!({"contact_type": "email", "email": "mira.okafor@EXAMPLE.com"}),
            json!(["Email or Phone is already taken"]),
        ),
        (
            json!({"contact_type": "email", "email": "b@example.com", "phone": "+15550100123"}),
            json!(["Email or Phone is already taken"]),
        ),
        (json!({"contact_type": "phone", "phone": "5550100123"}), json!(["Phone is invalid"])),
        (json!({"contact_type": "email", "email": "nobody"}), json!(["Email is invalid"])),
        (
            json!({"contact_type": "email", "email": "b@example.com", "password": "12345", "password_confirmation": "1"}),
            json!([
                "Password is too short (minimum is 6 characters)",
                "Password confirmation must be equal to password"
            ]),
        ),
        (
            json!({"contact_type": "email", "email": "b@example.com", "addresses": [{"first_name": "B", "last_name": "C"}]}),
            json!(["Country can't be blank", "Country code can't be blank"]),
        ),
    ] {
        assert_eq!(said(customer), (422, errors));
    }
    for body in [json!({"contact_type": "email", "email": "b@example.com"}), json!({"customer": {}})] {
        let answer = send(&shop, FIRST, "POST", "customers", Some(body));
        assert_eq!(answer.value(), json!({"errors": ["param is missing or the value is empty: customer"]}));
    }
    for customer in [
        json!({"email": "b@example.com"}),
        json!({"contact_type": "phone", "email": "b@example.com"}),
        json!({"contact_type": "email", "email": "b@example.com", "tags": ["vip"]}),
        json!({"contact_type": "email", "email": "b@example.com", "accepts_marketing": "false"}),
    ] {
        let answer = send(&shop, FIRST, "POST", "customers", Some(json!({ "customer": customer })));
        assert_eq!((answer.status, answer.body), (400, reply::Body::Text("Bad Request")));
    }
    assert_eq!(shop.customers().len(), 1);
}

#[test]
fn later_versions_speak_in_codes_and_arrays() {
    let shop = Shoplazza::default();
    let made =
        create(&shop, LATER, json!({"contact_type": "email", "email": "an@example.com", "tags": ["vip", "a,b"]}));
    assert_eq!(made["tags"], json!(["vip", "a,b"]));
    assert!(made.get("default_address").is_none() && made.get("first_order_at").is_some());
    let old = ok(&shop, FIRST, "GET", &format!("customers/{}", id(&made)), None);
    assert_eq!(old["customer"]["tags"], "vip, a,b");
    assert!(old["customer"].get("default_address").is_some_and(Value::is_null));
    let post = |customer: Value| send(&shop, LATER, "POST", "customers", Some(json!({ "customer": customer })));
    let taken = post(json!({"contact_type": "email", "email": "AN@example.com"}));
    assert_eq!((taken.status, &taken.value()["message"]), (422, &json!("Email or Phone is already taken")));
    let wrong = post(json!({"contact_type": "email", "email": "b@example.com", "tags": "vip"}));
    assert_eq!((wrong.status, &wrong.value()["code"]), (400, &json!("InvalidParameter")));
    // Names of an address are asked for by 2022-01 only.
    let address = json!({"country": "Norway", "country_code": "NO"});
    let customer = json!({"contact_type": "phone", "phone": "+15550100177", "addresses": [address]});
    assert_eq!(post(customer.clone()).status, 200);
    let unknown = send(&shop, LATER, "GET", "customers/11111111-2222-4333-8444-555555555555", None);
    assert_eq!((unknown.status, &unknown.value()["code"]), (404, &json!("NotFound")));
    let unknown = send(&shop, FIRST, "GET", "customers/11111111-2222-4333-8444-555555555555", None);
    assert_eq!((unknown.status, unknown.value()), (404, json!({"errors": ["record not found"]})));
}

#[test]
fn a_lookup_by_an_unknown_parameter_finds_everybody() {
    let shop = Shoplazza::default();
    let made = create(&shop, FIRST, mira());
    create(&shop, FIRST, json!({"contact_type": "email", "email": "an@example.com"}));
    let count = |version: &str, query: &str| {
        let found = ok(&shop, version, "GET", &format!("customers?{query}"), None);
        found["customers"].as_array().unwrap().len()
    };
    for version in [FIRST, LATER] {
        assert_eq!(count(version, "phone=%2B15550100123"), 2);
        assert_eq!(count(version, "email=mira.okafor@example.com"), 1);
        assert_eq!(count(version, "email=mira"), 0);
        assert_eq!(count(version, "contact=MIRA.OKAFOR@example.com"), 1);
        assert_eq!(count(version, "contact=%2B15550100123"), 1);
        // A plus sign that was not encoded is a space.
        assert_eq!(count(version, "contact=+15550100123"), 0);
        assert_eq!(count(version, "email=an@example.com&contact=%2B15550100123"), 0);
        assert_eq!(count(version, "created_at_min=2020-01-01T00:00:00Z"), 2);
        assert_eq!(count(version, "updated_at_max=2020-01-01T00:00:00Z"), 0);
    }
    let (one, other) = (id(&made).to_owned(), record::customer_id(2));
    assert_eq!(count(FIRST, &format!("ids={one},{other}")), 2);
    assert_eq!(count(LATER, &format!("ids={one}&ids={other}")), 2);
    assert_eq!(count(LATER, &format!("ids={one},{other}")), 0);
    assert_eq!(send(&shop, FIRST, "GET", "customers?created_at_min=yesterday", None).status, 422);
    assert_eq!(send(&shop, LATER, "GET", "customers?created_at_min=yesterday", None).status, 400);
}

#[test]
fn each_version_pages_in_its_own_way() {
    let shop = Shoplazza::default();
    for n in 0..12 {
        create(&shop, FIRST, json!({"contact_type": "email", "email": format!("p{n}@example.com")}));
    }
    let get = |version: &str, query: &str| ok(&shop, version, "GET", &format!("customers{query}"), None);
    let size = |shown: &Value| shown["customers"].as_array().unwrap().len();
    assert_eq!((size(&get(FIRST, "")), size(&get(FIRST, "?page=2")), size(&get(FIRST, "?page=3"))), (10, 2, 0));
    // The other version's parameters are passed over.
    assert_eq!((size(&get(FIRST, "?page_size=5")), size(&get(LATER, "?limit=5&page=2"))), (10, 10));
    let first = get(LATER, "?page_size=6");
    assert_eq!((size(&first), &first["has_more"]), (6, &json!(true)));
    let rest = get(LATER, &format!("?page_size=6&cursor={}", first["cursor"].as_str().unwrap()));
    assert_eq!((size(&rest), &rest["has_more"], &rest["cursor"]), (6, &Value::Null, &json!("")));
    assert_eq!(rest["customers"][5]["email"], "p0@example.com");
    for (version, query, status) in
        [(FIRST, "limit=251", 422), (FIRST, "page=0", 422), (LATER, "page_size=0", 400), (LATER, "cursor=x", 400)]
    {
        assert_eq!(send(&shop, version, "GET", &format!("customers?{query}"), None).status, status);
    }
}

#[test]
fn addresses_are_flat_in_the_first_version_and_wrapped_later() {
    let shop = Shoplazza::default();
    let made = create(&shop, FIRST, mira());
    assert_eq!(
        (&made["default_address"]["default"], &made["default_address"]["name"]),
        (&json!(true), &json!("Mira Okafor"))
    );
    let row = &made["addresses"][0];
    assert!(row.get("name").is_none() && row.get("phone_area_code").is_none());
    assert_eq!(
        (&row["city"], &row["zip"], &row["country_name"]),
        (&json!("Salem"), &json!(""), &json!("United States"))
    );
    let base = format!("customers/{}/addresses", id(&made));
    assert_eq!(send(&shop, FIRST, "POST", &base, Some(json!({ "address": address() }))).status, 422);
    assert_eq!(send(&shop, LATER, "POST", &base, Some(address())).status, 400);
    let second = ok(&shop, FIRST, "POST", &base, Some(address()))["address"].take();
    assert_eq!((&second["default"], &second["customer_id"]), (&json!(false), &made["id"]));
    let third = ok(&shop, LATER, "POST", &base, Some(json!({ "address": address() })))["address"].take();
    let one = format!("{base}/{}", id(&third));
    let changed = ok(&shop, LATER, "PUT", &one, Some(json!({"address": {"zip": "97477", "phone_area_code": "+1"}})));
    assert_eq!((&changed["address"]["zip"], &changed["address"]["city"]), (&json!("97477"), &json!("Salem")));
    let blank = send(&shop, FIRST, "PUT", &one, Some(json!({"country": ""})));
    assert_eq!((blank.status, blank.value()), (422, json!({"errors": ["Country can't be blank"]})));
    assert_eq!(ok(&shop, FIRST, "PUT", &format!("{one}/default"), None), json!({}));
    let defaults: Vec<Value> = ok(&shop, FIRST, "GET", &base, None)["addresses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|address| address["default"].clone())
        .collect();
    assert_eq!(defaults, [false, false, true]);
    let page = ok(&shop, LATER, "GET", &format!("{base}?page_size=2"), None);
    assert_eq!(page["has_more"], true);
    let rest =
        ok(&shop, LATER, "GET", &format!("{base}?page_size=2&cursor={}", page["cursor"].as_str().unwrap()), None);
    assert_eq!((rest["addresses"].as_array().unwrap().len(), &rest["has_more"]), (1, &json!(false)));
    assert_eq!(ok(&shop, LATER, "DELETE", &one, None), json!({}));
    assert_eq!(send(&shop, FIRST, "GET", &one, None).status, 404);
    assert_eq!(send(&shop, FIRST, "DELETE", &format!("customers/{}", id(&made)), None).status, 404);
}

#[test]
fn of_several_addresses_in_a_create_the_last_default_stays() {
    let shop = Shoplazza::default();
    let mut customer = mira();
    let mut other = address();
    other["city"] = json!("Bergen");
    customer["addresses"] = json!([address(), other]);
    assert_eq!(create(&shop, FIRST, customer.clone())["default_address"]["city"], "Bergen");
    customer["addresses"][1]["default"] = json!(false);
    customer["email"] = json!("second@example.com");
    customer["phone"] = Value::Null;
    assert_eq!(create(&shop, FIRST, customer)["default_address"]["city"], "Salem");
    let registered = json!({
        "contact_type": "email", "email": "third@example.com", "password": "123456", "password_confirmation": "123456",
        "registered_at": "2024-03-11T03:32:00Z",
    });
    assert_eq!(create(&shop, FIRST, registered)["registered"], true);
}

#[test]
fn a_code_and_each_refresh_token_are_good_once() {
    let shop = Shoplazza::default();
    let ask = |form: &str| {
        let mut request = testing::request("POST", "/admin/oauth/token", ("x", "y"), None);
        request.headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        let app =
            format!("client_id={}&client_secret={}&", Sandbox::SHOPLAZZA_CLIENT_ID, Sandbox::SHOPLAZZA_CLIENT_SECRET);
        request.body = format!("{app}{form}").into_bytes();
        let answer = shop.reply(&request);
        (answer.status, answer.value())
    };
    let code = format!("grant_type=authorization_code&redirect_uri=x&code={}", Sandbox::SHOPLAZZA_CODE);
    assert_eq!(ask("grant_type=refresh_token&refresh_token=fake-shoplazza-refresh-0").0, 400);
    let (status, first) = ask(&code);
    assert_eq!((status, &first["token_type"]), (200, &json!("Bearer")));
    assert_eq!(ask(&code), (400, json!({"error": "invalid_grant"})));
    let refresh = format!("grant_type=refresh_token&refresh_token={}", first["refresh_token"].as_str().unwrap());
    let (status, second) = ask(&refresh);
    assert_eq!(status, 200);
    assert_eq!(ask(&refresh).0, 400);
    assert_eq!(ask("grant_type=client_credentials").1["error"], "unsupported_grant_type");
    assert_eq!(ask("client_secret=wrong&grant_type=refresh_token").1["error"], "invalid_client");
    let count = |token: &Value| {
        let auth = ("access-token", token.as_str().unwrap());
        shop.reply(&testing::request("GET", "/openapi/2022-01/customers/count", auth, None)).status
    };
    assert_eq!((count(&first["access_token"]), count(&second["access_token"])), (401, 200));
}

#[test]
fn routes_begin_below_the_version() {
    let shop = Shoplazza::default();
    assert_eq!(shop.route(&["openapi", "2022-01", "customers"]), ["customers"]);
    assert_eq!(shop.route(&["admin", "oauth", "token"]), ["admin", "oauth", "token"]);
}

#[test]
fn the_apps_of_a_shop_share_its_bucket() {
    let now = Instant::now();
    let token =
        |text: &str| HeaderMap::from_iter([(http::HeaderName::from_static("access-token"), text.parse().unwrap())]);
    let private = token(Sandbox::SHOPLAZZA_ACCESS_TOKEN);
    let [first, second] = ["1", "2"].map(|n| token(&format!("{TOKEN_PREFIX}{n}")));
    let shop = Shoplazza::default();
    let mut limiter = Limiter::new(shop.limits());
    let mut taken =
        |headers: &HeaderMap, now| (0..100).filter(|_| limiter.take(shop.quota_key(headers), now).is_ok()).count();
    assert_eq!(taken(&private, now), 40, "the bucket of an app");
    assert_eq!((taken(&first, now), taken(&second, now)), (40, 0), "a new token is no new app");
    assert_eq!(taken(&token("fake-other"), now), 0, "the shop's bucket is full");
    // Refused requests filled nothing: a second later the shop has room for 20, and an app for 2.
    let later = now + Duration::from_secs(1);
    assert_eq!((taken(&private, later), taken(&token("fake-other"), later)), (2, 18));
}
