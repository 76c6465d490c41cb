//! Runs the one form of query that the stand-in supports: columns of the customers table, for one customer id.
//!
//! The route, the body and the names of table and columns are *documented*; the vendor's dialect is not, so that only
//! this form is understood, and anything else is refused.

use serde_json::{Value, json};
use wiremock::Request;

use super::check::FIELDS;
use super::{failure, text};
use crate::sandbox::handle::Sandbox;
use crate::sandbox::reply::{Object, Reply, object};

/// Answers a query over these records.
pub(super) fn answer(request: &Request, records: &[Object]) -> Reply {
    let body = object(request).unwrap_or_default();
    // The vendor reports a missing shop as a missing token (*documented*).
    if text(&body, "shopId") != Some(Sandbox::TRIPLE_WHALE_SHOP) {
        return failure(403, "Access token is required");
    }
    let day = |name: &str| body.get("period").and_then(|period| period.get(name)).and_then(Value::as_str);
    let (Some(query), Some(_), Some(_)) = (text(&body, "query"), day("startDate"), day("endDate")) else {
        return failure(400, "Missing fields: query, startDate, endDate");
    };
    let Some((columns, id)) = parse(query) else { return failure(400, "The query cannot be run here") };
    let columns: Vec<&str> = columns.split(',').map(str::trim).collect();
    if let Some(unknown) = columns.iter().find(|name| !is_column(name)) {
        return failure(400, &format!("Unknown column {unknown}"));
    }
    let held = records.iter().filter(|record| text(record, "customer_id") == Some(id));
    let rows: Vec<Value> = held.map(|record| row(record, &columns)).collect();
    let reply = Reply::json(200, json!({"success": true, "message": "Query executed", "data": rows}));
    reply.with_header("RateLimit-Policy", "600;w=60, 100;w=1").with_header("RateLimit", "1/600")
}

/// The columns and the customer id of `SELECT … FROM customers_table WHERE customer_id = '…' …`.
fn parse(query: &str) -> Option<(&str, &str)> {
    let (columns, rest) = query.strip_prefix("SELECT ")?.split_once(" FROM customers_table WHERE customer_id = '")?;
    let (id, rest) = rest.split_once('\'')?;
    let rest = rest.strip_prefix(" AND event_date BETWEEN @startDate AND @endDate").unwrap_or(rest);
    let limit = rest.strip_prefix(" LIMIT ")?;
    (!limit.is_empty() && limit.bytes().all(|b| b.is_ascii_digit())).then_some((columns, id))
}

/// The columns are named as the keys, but for the number of orders (*documented*); there is none for the shop
/// (*inferred*).
fn is_column(name: &str) -> bool {
    match name {
        "orders" => true,
        "number_of_orders" | "shop" => false,
        _ => FIELDS.iter().any(|(field, _)| *field == name),
    }
}

/// A column without a value is null (*inferred*).
fn row(record: &Object, columns: &[&str]) -> Value {
    let value = |name: &str| match name {
        "orders" => record.get("number_of_orders").or_else(|| record.get("orders")),
        _ => record.get(name),
    };
    columns.iter().map(|name| ((*name).to_owned(), value(name).cloned().unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::reply;

    fn run(body: &Value) -> (u16, Value) {
        let record = json!({"customer_id": "1", "number_of_orders": 4, "city": "Portland"});
        let other = json!({"customer_id": "2", "city": "Salem"});
        let records = [record, other].map(|record| record.as_object().cloned().unwrap_or_default());
        let reply = answer(&reply::request("POST", "/orcabase/api/sql", &[], body), &records);
        (reply.status, reply.value())
    }

    fn query(text: &str) -> (u16, Value) {
        let period = json!({"startDate": "2026-01-01", "endDate": "2026-01-02"});
        run(&json!({"shopId": Sandbox::TRIPLE_WHALE_SHOP, "query": text, "period": period}))
    }

    #[test]
    fn columns_of_one_customer_are_read() {
        let text = "SELECT customer_id, orders, zip FROM customers_table WHERE customer_id = '1' LIMIT 10";
        let (status, body) = query(text);
        assert_eq!((status, &body["data"]), (200, &json!([{"customer_id": "1", "orders": 4, "zip": null}])));
        let (status, body) = query("SELECT city FROM customers_table WHERE customer_id = '3' LIMIT 10");
        assert_eq!((status, &body["data"]), (200, &json!([])));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "SELECT * FROM customers_table WHERE customer_id = '1' LIMIT 10",
            "SELECT number_of_orders FROM customers_table WHERE customer_id = '1' LIMIT 10",
            "SELECT city FROM customers_table WHERE customer_id = '1' OR 1 = 1 LIMIT 10",
            "SELECT city FROM customers_table",
        ] {
            assert_eq!(query(text).0, 400, "{text}");
        }
        assert_eq!(run(&json!({})), (403, json!({"success": false, "message": "Access token is required"})));
        let (status, body) = run(&json!({"shopId": Sandbox::TRIPLE_WHALE_SHOP}));
        assert_eq!((status, &body["message"]), (400, &json!("Missing fields: query, startDate, endDate")));
    }
}
