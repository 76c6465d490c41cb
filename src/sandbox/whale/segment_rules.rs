//! Checks and evaluates the rules of dynamic segments.
//!
//! Shape, `gte`, `before` and `N_days_ago` are *documented*, `eq` is of a sibling resource, the other operators are
//! *inferred*. An operator or a field that is not known here is stored, and matches no customer.

use std::cmp::Ordering;

use chrono::{DateTime, Days, Utc};
use rust_decimal::Decimal;
use serde_json::Value;

use super::{Failure, Object, instant};

/// Refuses rules of another shape than the documented one.
pub(super) fn check(rules: &Value) -> Result<(), Failure> {
    let wrong = |message: &str| Err(Failure::invalid(Some("rules"), message));
    let Some(rules) = rules.as_array() else { return wrong("rules must be an array") };
    if rules.is_empty() {
        return wrong("rules must not be empty");
    }
    for rule in rules {
        let text = |name: &str| rule.get(name).is_some_and(Value::is_string);
        if !text("field") || !text("operator") || rule.get("value").is_none() {
            return wrong("a rule has a field, an operator and a value");
        }
    }
    Ok(())
}

/// Whether all rules hold ("combine conditions" is read as and).
pub(super) fn hold(rules: &[Value], record: &Object, now: DateTime<Utc>) -> bool {
    rules.iter().all(|rule| holds(rule, record, now).unwrap_or(false))
}

fn holds(rule: &Value, record: &Object, now: DateTime<Utc>) -> Option<bool> {
    let wanted = rule.get("value")?;
    let actual = lookup(record, rule.get("field")?.as_str()?);
    let order = || order(actual, wanted, now);
    Some(match rule.get("operator")?.as_str()? {
        "exists" => actual.is_null() != wanted.as_bool()?,
        "eq" => is(actual, wanted, now),
        "neq" => !is(actual, wanted, now),
        "in" => wanted.as_array()?.iter().any(|wanted| is(actual, wanted, now)),
        "not_in" => !wanted.as_array()?.iter().any(|wanted| is(actual, wanted, now)),
        "contains" => contains(actual, wanted),
        "not_contains" => !contains(actual, wanted),
        "gt" | "after" => order()?.is_gt(),
        "gte" => order()?.is_ge(),
        "lt" | "before" => order()?.is_lt(),
        "lte" => order()?.is_le(),
        _ => return None,
    })
}

/// A field, or one inside another, as in `address.city`.
fn lookup<'a>(record: &'a Object, field: &str) -> &'a Value {
    let (name, path) = field.split_once('.').map_or((field, None), |(name, path)| (name, Some(path)));
    let value = record.get(name);
    let inner = match path {
        Some(path) => value.and_then(Value::as_object).map(|inner| lookup(inner, path)),
        None => value,
    };
    inner.unwrap_or(&Value::Null)
}

/// Equal; of a list, whether it holds an equal item.
fn is(actual: &Value, wanted: &Value, now: DateTime<Utc>) -> bool {
    match actual {
        Value::Array(items) if !wanted.is_array() => items.iter().any(|item| is(item, wanted, now)),
        _ => actual == wanted || order(actual, wanted, now) == Some(Ordering::Equal),
    }
}

fn contains(actual: &Value, wanted: &Value) -> bool {
    match (actual, wanted) {
        (Value::Array(items), _) => items.contains(wanted),
        (Value::String(actual), Value::String(wanted)) => actual.to_lowercase().contains(&wanted.to_lowercase()),
        _ => false,
    }
}

/// The order of two numbers, as decimals, or of two times.
fn order(actual: &Value, wanted: &Value, now: DateTime<Utc>) -> Option<Ordering> {
    match (actual, wanted) {
        (Value::Number(_), Value::Number(_)) => Some(decimal(actual)?.cmp(&decimal(wanted)?)),
        (Value::String(actual), Value::String(wanted)) => Some(time(actual, now)?.cmp(&time(wanted, now)?)),
        _ => None,
    }
}

fn decimal(number: &Value) -> Option<Decimal> {
    let text = number.to_string();
    text.parse().or_else(|_| Decimal::from_scientific(&text)).ok()
}

fn time(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match text.strip_suffix("_days_ago") {
        Some(days) => now.checked_sub_days(Days::new(days.parse().ok()?)),
        None => instant(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn held(rule: Value) -> bool {
        let record = json!({"total_spent": 120.50, "total_orders": 3, "tags": ["vip", "retail"], "churn_risk": null,
            "last_order_at": "2026-02-01T10:00:00.000Z", "address": {"city": "Testville"}});
        let now = instant("2026-06-01").unwrap();
        check(&json!([rule])).unwrap();
        hold(&[rule], record.as_object().unwrap(), now)
    }

    fn rule(field: &str, operator: &str, value: Value) -> Value {
        json!({"field": field, "operator": operator, "value": value})
    }

    #[test]
    fn operators_hold() {
        assert!(held(rule("total_spent", "gte", json!(120.5))));
        assert!(held(rule("total_spent", "lte", json!(120.50))));
        assert!(held(rule("total_orders", "eq", json!(3.0))));
        assert!(held(rule("tags", "eq", json!("vip"))));
        assert!(held(rule("tags", "in", json!(["wholesale", "retail"]))));
        assert!(held(rule("tags", "not_contains", json!("wholesale"))));
        assert!(held(rule("last_order_at", "before", json!("90_days_ago"))));
        assert!(held(rule("last_order_at", "gte", json!("2026-02-01T11:00:00+01:00"))));
        assert!(held(rule("address.city", "eq", json!("Testville"))));
    }

    #[test]
    fn what_is_not_known_matches_nobody() {
        assert!(!held(rule("total_spent", "gt", json!(120.5))));
        assert!(!held(rule("churn_risk", "gte", json!(0))));
        assert!(!held(rule("last_order_at", "after", json!("90_days_ago"))));
        assert!(!held(rule("total_spent", "resembles", json!(1))));
        assert!(!held(rule("total_spent", "gte", json!("much"))));
        assert!(!held(rule("last_order_at", "before", json!("99999999999999_days_ago"))));
        assert!(check(&json!([])).is_err());
        assert!(check(&json!([{"field": "tags"}])).is_err());
    }
}
