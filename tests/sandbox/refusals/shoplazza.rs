//! Shoplazza: each refusal.

use super::*;

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
