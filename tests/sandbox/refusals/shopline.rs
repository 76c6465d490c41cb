//! SHOPLINE: each refusal.

use super::*;

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
