//! What each stand-in refuses, one row for each refusal, in the vendor's own shape: raw requests, no client between.
//!
//! What no vendor's page says is not here: the stand-ins take it, or say where they are coded that the strictness is ours.

use customer_sink::sandbox::Sandbox;
use customer_sink::{HttpRequest, HttpResponse, ReqwestTransport, Transport};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

/// How a request differs from a good one.
#[derive(Clone, Copy)]
enum Head {
    Good,
    /// No credential.
    Bare,
    /// This one in place of the good one.
    Credential(&'static str),
    /// A body of another kind.
    ContentType(&'static str),
    Accept(&'static str),
}
use Head::{Accept, Bare, ContentType, Credential, Good};

/// What the body of an answer must say.
enum Says {
    /// Each key, by its JSON pointer.
    Keys(&'static [(&'static str, &'static str)]),
    /// The whole text, which is no JSON object.
    Text(&'static str),
    /// A text at this pointer that begins so.
    Begins(&'static str, &'static str),
}
use Says::{Begins, Keys, Text};

/// What is asked, the request, the status, and what the answer says.
type Row = (&'static str, &'static str, &'static str, Head, String, u16, Says);

struct Bench {
    sandbox: Sandbox,
    transport: ReqwestTransport,
    provider: &'static str,
    /// The header of the credential, and the good one.
    credential: (&'static str, String),
    /// The header by which the vendor names a request, where it has one.
    request_id: Option<&'static str>,
}

impl Bench {
    async fn new(provider: &'static str, header: &'static str, good: &str, request_id: Option<&'static str>) -> Self {
        let sandbox = Sandbox::only(&[provider]).await.unwrap();
        let transport = ReqwestTransport::new().unwrap();
        Self { sandbox, transport, provider, credential: (header, good.to_owned()), request_id }
    }

    async fn send(&self, method: &str, path: &str, head: Head, body: &str) -> HttpResponse {
        let url = format!("{}{path}", self.sandbox.url(self.provider).unwrap());
        let mut request = HttpRequest::new(method.parse().unwrap(), url.parse().unwrap());
        let mut headers = HeaderMap::new();
        let (name, good) = (HeaderName::from_static(self.credential.0), self.credential.1.as_str());
        match head {
            Bare => {}
            Credential(other) => drop(headers.insert(name, HeaderValue::from_static(other))),
            Good | ContentType(_) | Accept(_) => drop(headers.insert(name, good.parse().unwrap())),
        }
        let mime = if let ContentType(mime) = head { mime } else { "application/json" };
        if !body.is_empty() {
            headers.insert("content-type", HeaderValue::from_static(mime));
        }
        if let Accept(mime) = head {
            headers.insert("accept", HeaderValue::from_static(mime));
        }
        request.headers = headers;
        request.body = body.to_owned().into();
        self.transport.send(request).await.unwrap()
    }

    /// Sends every row, each of which must be refused as it says and leave all as it was.
    async fn refuses(&self, rows: impl IntoIterator<Item = Row>) {
        let before = self.sandbox.customers(self.provider);
        assert_eq!(before.len(), 1);
        for (what, method, path, head, body, status, says) in rows {
            let answer = self.send(method, path, head, &body).await;
            let text = String::from_utf8(answer.body.to_vec()).unwrap();
            let row = format!("{}, {what}: {} {text}", self.provider, answer.status);
            assert_eq!(answer.status.as_u16(), status, "{row}");
            let shown: Value = serde_json::from_str(&text).unwrap_or_default();
            match says {
                Keys(keys) => {
                    for (pointer, wanted) in keys {
                        let wanted: Value = serde_json::from_str(wanted).unwrap_or_else(|_| (*wanted).into());
                        assert_eq!(shown.pointer(pointer), Some(&wanted), "{row}");
                    }
                }
                Text(wanted) => assert_eq!(text, wanted, "{row}"),
                Begins(pointer, wanted) => {
                    let said = shown.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
                    assert!(said.starts_with(wanted), "{row}");
                }
            }
            if let Some(name) = self.request_id {
                assert!(answer.header(name).is_some_and(|id| !id.is_empty()), "{row}");
            }
            assert_eq!(self.sandbox.customers(self.provider), before, "{row}");
        }
    }
}

fn row(what: &'static str, request: (&'static str, &'static str), head: Head, body: Value, answer: (u16, Says)) -> Row {
    let body = match body {
        Value::Null => String::new(),
        // A text is sent as it is.
        Value::String(text) => text,
        body => body.to_string(),
    };
    (what, request.0, request.1, head, body, answer.0, answer.1)
}

#[tokio::test]
async fn triple_whale() {
    const ADD: (&str, &str) = ("POST", "/api/v2/data-in/customers");
    let bench = Bench::new("triple_whale", "x-api-key", Sandbox::TRIPLE_WHALE_API_KEY, None).await;
    let with = |fields: Value| {
        let mut record = json!({"shop": Sandbox::TRIPLE_WHALE_SHOP, "customer_id": "c-1"});
        record.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        record
    };
    let good = with(json!({"email_address": "nora@example.com"}));
    assert_eq!(bench.send(ADD.0, ADD.1, Good, &good.to_string()).await.status, 200);
    let failed = |status| (status, Keys(&[("/success", "false")]));
    let invalid = || (400, Begins("/message", "Invalid customer data."));
    let erase = ("POST", "/api/v2/compliance/requests/create-request");
    let sql = ("POST", "/api/v2/orcabase/api/sql");
    bench
        .refuses([
            row("no key", ADD, Bare, good.clone(), failed(401)),
            row("another key", ADD, Credential("fake-other"), good.clone(), failed(401)),
            row("another shop", ADD, Good, with(json!({"shop": "other.example.com"})), failed(403)),
            row(
                "an unconnected shop",
                ADD,
                Good,
                with(json!({"shop": Sandbox::TRIPLE_WHALE_UNCONNECTED_SHOP})),
                failed(500),
            ),
            row("no shop", ADD, Good, json!({"customer_id": "c-1"}), invalid()),
            row("no id", ADD, Good, json!({"shop": Sandbox::TRIPLE_WHALE_SHOP}), invalid()),
            row("no JSON", ADD, Good, json!("{\"shop\":"), invalid()),
            row("no object", ADD, Good, json!([good]), invalid()),
            row("a wrapper", ADD, Good, json!({ "customer": good }), invalid()),
            row("a number as text", ADD, Good, with(json!({"amount_spent": "12.50"})), invalid()),
            row("a fraction of an order", ADD, Good, with(json!({"number_of_orders": 1.5})), invalid()),
            row("tags as text", ADD, Good, with(json!({"customer_tags": "vip"})), invalid()),
            row("a time without offset", ADD, Good, with(json!({"created_at": "2026-01-01T00:00:00"})), invalid()),
            row("a native platform", ADD, Good, with(json!({"platform": "shopify"})), invalid()),
            row("another route", ("POST", "/api/v2/data-in/people"), Good, good.clone(), failed(404)),
            row("another method", ("PUT", ADD.1), Good, good.clone(), failed(404)),
            row("another version", ("POST", "/api/v3/data-in/customers"), Good, good.clone(), failed(404)),
            row("erasure without shop", erase, Good, json!({}), (400, Keys(&[("/message", "Shop ID is required")]))),
            row("erasure at another shop", erase, Good, json!({"shop": "other.example.com"}), (403, Text(""))),
            row("SQL without shop", sql, Good, json!({}), (403, Keys(&[("/message", "Access token is required")]))),
            row(
                "SQL without query",
                sql,
                Good,
                json!({"shopId": Sandbox::TRIPLE_WHALE_SHOP}),
                (400, Keys(&[("/message", "Missing fields: query, startDate, endDate")])),
            ),
        ])
        .await;
}

#[tokio::test]
async fn shopline() {
    const ADD: (&str, &str) = ("POST", "/admin/openapi/v20250601/customers.json");
    const CHANGE: (&str, &str) = ("PUT", "/admin/openapi/v20250601/customers/4201825001.json");
    let token = format!("Bearer {}", Sandbox::SHOPLINE_ACCESS_TOKEN);
    let bench = Bench::new("shopline", "authorization", &token, Some("traceid")).await;
    let person = |fields: Value| json!({ "customer": fields });
    let held = person(json!({"email": "nora@example.com", "phone": "0015550100123"}));
    assert_eq!(bench.send(ADD.0, ADD.1, Good, &held.to_string()).await.status, 200);
    let good = person(json!({"email": "omar@example.com"}));
    let with = |fields: Value| {
        let mut customer = json!({"email": "omar@example.com"});
        customer.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        person(customer)
    };
    // One text under `errors`, which for a fault of the body begins with its path.
    let says = |status, begin| (status, Begins("/errors", begin));
    let missing = || says(404, "The resource does not exist.");
    bench
        .refuses([
            row("no token", ADD, Bare, good.clone(), says(401, "The access token")),
            row(
                "another token",
                ADD,
                Credential("Bearer fake.other.token"),
                good.clone(),
                says(401, "The access token"),
            ),
            row(
                "another scheme",
                ADD,
                Credential("Basic fake.shopline.token"),
                good.clone(),
                says(401, "The access token"),
            ),
            row("no version", ("POST", "/admin/openapi/2025-06/customers.json"), Good, good.clone(), missing()),
            row("no .json", ("POST", "/admin/openapi/v20250601/customers"), Good, good.clone(), missing()),
            row("another route", ("POST", "/admin/openapi/v20250601/people.json"), Good, good.clone(), missing()),
            row("another method", ("PATCH", CHANGE.1), Good, good.clone(), missing()),
            row("an answer that is no JSON", ADD, Accept("text/html"), good.clone(), says(406, "")),
            row("another content type", ADD, ContentType("text/plain"), good.clone(), says(400, "body:")),
            row("no JSON", ADD, Good, json!("{\"customer\""), says(400, "body:")),
            row("no wrapper", ADD, Good, good["customer"].clone(), says(400, "body:the required property 'customer'")),
            row("no object", ADD, Good, person(json!([])), says(400, "body.customer:")),
            row("a word for a number", ADD, Good, with(json!({"gender": "male"})), says(400, "body.customer.gender:")),
            row("tags as a list", ADD, Good, with(json!({"tags": ["vip"]})), says(400, "body.customer.tags:")),
            row("another gender", ADD, Good, with(json!({"gender": 4})), says(422, "body.customer.gender:")),
            row(
                "a long name",
                ADD,
                Good,
                with(json!({"first_name": "x".repeat(129)})),
                says(422, "body.customer.first_name:"),
            ),
            row("a long note", ADD, Good, with(json!({"note": "x".repeat(1001)})), says(422, "body.customer.note:")),
            row(
                "a phone with a plus",
                ADD,
                Good,
                with(json!({"phone": "+15550100124"})),
                says(422, "body.customer.phone:"),
            ),
            row(
                "another date",
                ADD,
                Good,
                with(json!({"birthday": "1990-02-14"})),
                says(422, "body.customer.birthday:"),
            ),
            row(
                "a consent without state",
                ADD,
                Good,
                with(json!({"sms_marketing_consent": {"opt_in_level": 1}})),
                says(422, "body.customer.sms_marketing_consent.state:"),
            ),
            row(
                "51 addresses",
                ADD,
                Good,
                with(json!({"addresses": vec![json!({}); 51]})),
                says(422, "body.customer.addresses:"),
            ),
            row("nobody", ADD, Good, person(json!({"first_name": "Omar"})), says(422, "body.customer:")),
            row(
                "a taken e-mail",
                ADD,
                Good,
                person(json!({"email": "NORA@example.com"})),
                says(422, "body.customer.email:"),
            ),
            row("a taken phone", ADD, Good, with(json!({"phone": "0015550100123"})), says(422, "body.customer.phone:")),
            row(
                "an update of nobody",
                ("PUT", "/admin/openapi/v20250601/customers/1.json"),
                Good,
                good.clone(),
                says(404, "The customer"),
            ),
            row("an update without wrapper", CHANGE, Good, json!({"first_name": "N"}), says(400, "body:")),
            row(
                "a long page",
                ("GET", "/admin/openapi/v20250601/v2/customers.json?limit=251"),
                Good,
                Value::Null,
                says(422, "query.limit:"),
            ),
            // The token calls refuse inside a 200.
            row(
                "an unsigned token call",
                ("POST", "/admin/oauth/token/create"),
                Good,
                json!({"code": "x"}),
                (200, Keys(&[("/i18nCode", "INVALID_SIGN")])),
            ),
        ])
        .await;
}

#[tokio::test]
async fn shoplazza() {
    const ADD: (&str, &str) = ("POST", "/openapi/2022-01/customers");
    const LATER: (&str, &str) = ("POST", "/openapi/2026-01/customers");
    let bench = Bench::new("shoplazza", "access-token", Sandbox::SHOPLAZZA_ACCESS_TOKEN, Some("request-id")).await;
    let with = |fields: Value| {
        let mut customer = json!({"contact_type": "email", "email": "omar@example.com"});
        customer.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({ "customer": customer })
    };
    let held = with(json!({"email": "nora@example.com", "phone": "+15550100123"}));
    assert_eq!(bench.send(ADD.0, ADD.1, Good, &held.to_string()).await.status, 200);
    let good = with(json!({}));
    let bad = || (400, Text("Bad Request"));
    let says = |status, begin| (status, Begins("/errors/0", begin));
    let coded = |status, code| (status, Begins("/code", code));
    bench
        .refuses([
            row("no token", ADD, Bare, good.clone(), (401, Text("Unauthorized"))),
            row("another token", ADD, Credential("fake-other"), good.clone(), (401, Text("Unauthorized"))),
            row("another version", ("POST", "/openapi/2019-01/customers"), Good, good.clone(), says(404, "Not found")),
            row("another route", ("POST", "/openapi/2022-01/people"), Good, good.clone(), says(404, "Not found")),
            row(
                "a delete, which there is not",
                ("DELETE", "/openapi/2022-01/customers/1"),
                Good,
                Value::Null,
                says(404, "Not found"),
            ),
            row("another content type", ADD, ContentType("text/plain"), good.clone(), bad()),
            row("no JSON", ADD, Good, json!("{\"customer\""), bad()),
            row(
                "no wrapper",
                ADD,
                Good,
                good["customer"].clone(),
                says(422, "param is missing or the value is empty: customer"),
            ),
            row("no contact type", ADD, Good, json!({"customer": {"email": "omar@example.com"}}), bad()),
            row("another contact type", ADD, Good, with(json!({"contact_type": "phone"})), bad()),
            row("tags as a list", ADD, Good, with(json!({"tags": ["vip"]})), bad()),
            row("a word for a yes", ADD, Good, with(json!({"accepts_marketing": "true"})), bad()),
            row("no e-mail", ADD, Good, with(json!({"email": "nobody"})), says(422, "Email is invalid")),
            row("no phone", ADD, Good, with(json!({"phone": "5550100124"})), says(422, "Phone is invalid")),
            row("a short password", ADD, Good, with(json!({"password": "12345"})), says(422, "Password is too short")),
            row(
                "an address without country",
                ADD,
                Good,
                with(json!({"addresses": [{"first_name": "O", "last_name": "K"}]})),
                says(422, "Country can't be blank"),
            ),
            row(
                "a taken e-mail",
                ADD,
                Good,
                with(json!({"email": "Nora@example.com"})),
                says(422, "Email or Phone is already taken"),
            ),
            row(
                "a taken phone",
                ADD,
                Good,
                with(json!({"phone": "+15550100123"})),
                says(422, "Email or Phone is already taken"),
            ),
            row(
                "an update of nobody",
                ("PUT", "/openapi/2022-01/customers/1"),
                Good,
                good.clone(),
                says(404, "record not found"),
            ),
            row(
                "another time",
                ("GET", "/openapi/2022-01/customers?created_at_min=soon"),
                Good,
                Value::Null,
                says(422, ""),
            ),
            row("a long page", ("GET", "/openapi/2022-01/customers?limit=251"), Good, Value::Null, says(422, "limit")),
            row("later, no token", LATER, Bare, good.clone(), coded(401, "Unauthorized")),
            row("later, no wrapper", LATER, Good, good["customer"].clone(), coded(400, "InvalidParameter")),
            row("later, no JSON", LATER, Good, json!("["), coded(400, "InvalidParameter")),
            row("later, tags as text", LATER, Good, with(json!({"tags": "vip"})), coded(400, "InvalidParameter")),
            row(
                "later, a taken e-mail",
                LATER,
                Good,
                with(json!({"email": "nora@example.com"})),
                coded(422, "InvalidParameter"),
            ),
            row("later, nobody", ("GET", "/openapi/2026-01/customers/1"), Good, Value::Null, coded(404, "NotFound")),
            row(
                "a token call as JSON",
                ("POST", "/admin/oauth/token"),
                Good,
                json!({}),
                (400, Keys(&[("/error", "invalid_request")])),
            ),
        ])
        .await;
}

#[tokio::test]
async fn yotpo() {
    const ADD: (&str, &str) = ("PATCH", "/core/v3/stores/fake-yotpo-store/customers");
    const MINT: (&str, &str) = ("POST", "/core/v3/stores/fake-yotpo-store/access_tokens");
    let mut bench = Bench::new("yotpo", "x-yotpo-token", "none yet", None).await;
    let minted = bench.send(MINT.0, MINT.1, Bare, &json!({"secret": Sandbox::YOTPO_SECRET}).to_string()).await;
    let token: Value = serde_json::from_slice(&minted.body).unwrap();
    bench.credential.1 = token["access_token"].as_str().unwrap().to_owned();
    let person = |fields: Value| json!({ "customer": fields });
    let good = person(json!({"external_id": "c-1", "email": "nora@example.com"}));
    assert_eq!(bench.send(ADD.0, ADD.1, Good, &good.to_string()).await.status, 200);
    let with = |fields: Value| {
        let mut customer = json!({"external_id": "c-2"});
        customer.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        person(customer)
    };
    let says = |status, begin| (status, Begins("/errors/0/message", begin));
    bench
        .refuses([
            row("no token", ADD, Bare, good.clone(), says(401, "")),
            row("another token", ADD, Credential("fake-other"), good.clone(), says(401, "The access token")),
            row(
                "another store",
                ("PATCH", "/core/v3/stores/other/customers"),
                Good,
                good.clone(),
                says(401, "The access token"),
            ),
            row("no secret", MINT, Bare, json!({}), says(400, "secret")),
            row("another secret", MINT, Bare, json!({"secret": "fake-other"}), (401, Keys(&[("/status/code", "401")]))),
            row(
                "another store's token",
                ("POST", "/core/v3/stores/other/access_tokens"),
                Bare,
                json!({"secret": Sandbox::YOTPO_SECRET}),
                (401, Keys(&[("/message", "Unauthorized")])),
            ),
            row(
                "another version",
                ("PATCH", "/core/v2/stores/fake-yotpo-store/customers"),
                Good,
                good.clone(),
                says(404, "Not found"),
            ),
            row(
                "another route",
                ("PATCH", "/core/v3/stores/fake-yotpo-store/people"),
                Good,
                good.clone(),
                says(404, "Not found"),
            ),
            row("another method", ("POST", ADD.1), Good, good.clone(), says(404, "Not found")),
            row("no JSON", ADD, Good, json!("{\"customer\""), says(400, "The body")),
            row("no wrapper", ADD, Good, good["customer"].clone(), says(400, "customer is required")),
            row("nobody", ADD, Good, person(json!({"first_name": "Omar"})), says(400, "one of")),
            row(
                "two identifiers",
                ADD,
                Good,
                person(json!({"email": "omar@example.com", "phone_number": "+15550100124"})),
                says(400, "without external_id"),
            ),
            row("tags as a list", ADD, Good, with(json!({"tags": ["vip"]})), says(400, "tags")),
            row(
                "a word for a yes",
                ADD,
                Good,
                with(json!({"accepts_sms_marketing": "true"})),
                says(400, "accepts_sms_marketing"),
            ),
            row("another gender", ADD, Good, with(json!({"gender": "female"})), says(400, "gender")),
            row("another status", ADD, Good, with(json!({"account_status": "ENABLED"})), says(400, "account_status")),
            row(
                "a locale for a language",
                ADD,
                Good,
                with(json!({"default_language": "en-US"})),
                says(400, "default_language"),
            ),
            row("a national phone", ADD, Good, with(json!({"phone_number": "5550100124"})), says(400, "phone_number")),
            row("a long id", ADD, Good, with(json!({"external_id": "x".repeat(256)})), says(400, "external_id")),
            row(
                "a null inside",
                ADD,
                Good,
                with(json!({"custom_properties": {"plan": null}})),
                says(400, "custom_properties"),
            ),
            row(
                "a long page",
                ("GET", "/core/v3/stores/fake-yotpo-store/customers?limit=101"),
                Good,
                Value::Null,
                says(400, "limit"),
            ),
            row(
                "a cursor with a filter",
                ("GET", "/core/v3/stores/fake-yotpo-store/customers?page_info=x&email=a"),
                Good,
                Value::Null,
                says(400, "page_info"),
            ),
            row(
                "loyalty without keys",
                ("POST", "/api/v2/customers"),
                Good,
                json!({"email": "omar@example.com"}),
                (401, Keys(&[("/error", "Unauthorized")])),
            ),
        ])
        .await;
}

#[tokio::test]
async fn whale() {
    const ADD: (&str, &str) = ("POST", "/v1/stores/00000000-0000-4000-8000-000000000000/customers");
    const ONE: &str = "/v1/customers/cust_00000001";
    let bench = Bench::new("whale", "x-api-key", Sandbox::WHALE_API_KEY, Some("x-request-id")).await;
    let held = json!({"email": "nora@example.com", "phone": "+1-555-0100"});
    assert_eq!(bench.send(ADD.0, ADD.1, Good, &held.to_string()).await.status, 201);
    let good = json!({"email": "omar@example.com"});
    let says = |status, kind| (status, Begins("/error/type", kind));
    let invalid = |keys| (400, Keys(keys));
    let bare = json!({"email": "omar@example.com"});
    let with = |fields: Value| {
        let mut customer = bare.clone();
        customer.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        customer
    };
    let unauthenticated = || {
        (
            401,
            Keys(&[
                ("/error/type", "authentication_error"),
                ("/error/code", "invalid_api_key"),
                ("/error/param", "null"),
            ]),
        )
    };
    let gone = || {
        (404, Keys(&[("/error/type", "not_found_error"), ("/error/code", "resource_missing"), ("/error/param", "id")]))
    };
    bench
        .refuses([
            row("no key", ADD, Bare, good.clone(), unauthenticated()),
            row("another key", ADD, Credential("wk_live_other"), good.clone(), unauthenticated()),
            row(
                "another store",
                ("POST", "/v1/stores/other/customers"),
                Good,
                good.clone(),
                says(403, "store_mismatch_error"),
            ),
            row("another version", ("POST", "/v2/customers"), Good, good.clone(), says(404, "not_found_error")),
            row("another route", ("GET", "/v1/orders"), Good, Value::Null, says(404, "not_found_error")),
            row("another method", ("PUT", ONE), Good, good.clone(), says(404, "not_found_error")),
            row("nobody", ("GET", "/v1/customers/cust_ffffffff"), Good, Value::Null, gone()),
            row("an update of nobody", ("PATCH", "/v1/customers/cust_ffffffff"), Good, good.clone(), gone()),
            row(
                "a removal of nobody",
                ("POST", "/v1/customers/cust_ffffffff/removal-request"),
                Good,
                json!({"type": "erasure"}),
                gone(),
            ),
            row("no JSON", ADD, Good, json!("{"), says(400, "invalid_request_error")),
            row("no object", ADD, Good, json!([good]), says(400, "invalid_request_error")),
            row(
                "no e-mail",
                ADD,
                Good,
                json!({"first_name": "Omar"}),
                invalid(&[("/error/param", "email"), ("/error/code", "parameter_missing")]),
            ),
            row("another e-mail", ADD, Good, json!({"email": "nobody"}), invalid(&[("/error/param", "email")])),
            row(
                "a number for a phone",
                ADD,
                Good,
                with(json!({"phone": 15550100})),
                invalid(&[("/error/param", "phone")]),
            ),
            row("tags as text", ADD, Good, with(json!({"tags": "vip"})), invalid(&[("/error/param", "tags")])),
            row(
                "a read-only key",
                ADD,
                Good,
                with(json!({"total_spent": 5})),
                invalid(&[("/error/param", "total_spent")]),
            ),
            row(
                "an e-mail of nothing",
                ("PATCH", ONE),
                Good,
                json!({"email": null}),
                invalid(&[("/error/param", "email")]),
            ),
            row(
                "a long page",
                ("GET", "/v1/customers?limit=101"),
                Good,
                Value::Null,
                says(400, "invalid_request_error"),
            ),
            row(
                "another removal",
                ("POST", "/v1/customers/cust_00000001/removal-request"),
                Good,
                json!({"type": "archive"}),
                invalid(&[("/error/param", "type")]),
            ),
            row(
                "a note without text",
                ("POST", "/v1/customers/cust_00000001/notes"),
                Good,
                json!({}),
                invalid(&[("/error/param", "note")]),
            ),
            row(
                "a segment without rules",
                ("POST", "/v1/customer-segments"),
                Good,
                json!({"name": "x", "type": "dynamic"}),
                invalid(&[("/error/param", "rules")]),
            ),
        ])
        .await;
    // Another customer's e-mail: two are needed.
    assert_eq!(bench.send(ADD.0, ADD.1, Good, &good.to_string()).await.status, 201);
    let answer = bench.send("PATCH", ONE, Good, &good.to_string()).await;
    assert_eq!(answer.status, 409);
    assert!(String::from_utf8_lossy(&answer.body).contains("conflict_error"));
}
