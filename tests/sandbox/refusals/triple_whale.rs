//! Triple Whale: each refusal.

use super::*;

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
