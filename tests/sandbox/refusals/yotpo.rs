//! Yotpo: each refusal.

use super::*;

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
