//! Whale: each refusal.

use super::*;

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
