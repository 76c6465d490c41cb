//! The metrics of a customer, as the vendor computes them.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::super::request::CustomerId;
use super::fields::{Fields, RawMap};
use crate::customer::Decimal;

/// `GET customers/{id}/metrics`. Money is in major units (documented); its currency is unknown.
///
/// The vendor recomputes after every order (documented): [`computed_at`](Self::computed_at) counts, and no number here
/// follows from the others by a rule that is known.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct MetricsRecord {
    /// The customer.
    pub customer_id: Option<CustomerId>,
    /// Recency, frequency and monetary scores.
    pub rfm: RfmRecord,
    /// What the customer is worth.
    pub lifetime_value: Option<Decimal>,
    /// Money per order.
    pub average_order_value: Option<Decimal>,
    /// Number of orders.
    pub total_orders: Option<u64>,
    /// Money spent.
    pub total_spent: Option<Decimal>,
    /// Days between two orders; none with fewer than two (seen).
    pub purchase_frequency_days: Option<Decimal>,
    /// How likely the customer is to leave.
    pub churn_risk: Option<ChurnRisk>,
    /// Time of the first order.
    pub first_order_at: Option<DateTime<FixedOffset>>,
    /// Time of the last order.
    pub last_order_at: Option<DateTime<FixedOffset>>,
    /// When the vendor computed this.
    pub computed_at: Option<DateTime<FixedOffset>>,
    /// Every other key, as it came.
    pub extra: RawMap,
}

/// Scores from 1 to 5, where 5 is best (the range is seen).
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct RfmRecord {
    /// How lately the customer bought.
    pub recency_score: Option<u64>,
    /// How often.
    pub frequency_score: Option<u64>,
    /// For how much.
    pub monetary_score: Option<u64>,
    /// The vendor's name of the group, such as `champion`; its words are unknown. See [`is_segment`](Self::is_segment).
    pub segment: Option<String>,
    /// Every other key, as it came.
    pub extra: RawMap,
}

/// Shows no score.
impl fmt::Debug for RfmRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RfmRecord").finish_non_exhaustive()
    }
}

impl RfmRecord {
    /// Whether the group is this one, without case, blanks, `_`, `-` and the plural's `s`: the vendor's code writes
    /// `champion`, `Champions` and `loyal_customers` (seen).
    #[must_use]
    pub fn is_segment(&self, name: &str) -> bool {
        let plain = |text: &str| {
            let letters: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            letters.strip_suffix('s').map_or(letters.clone(), str::to_owned)
        };
        self.segment.as_deref().is_some_and(|held| plain(held) == plain(name))
    }
}

/// The risk that a customer leaves: a number here (documented), a word on another resource of the vendor (seen).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ChurnRisk {
    /// From 0 to 1.
    Score(Decimal),
    /// A word, such as `low`.
    Word(String),
}

impl<'de> Deserialize<'de> for ChurnRisk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As a text first: a number keeps every digit so.
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get().trim_matches('"').trim();
        if let Ok(score) = text.parse() {
            return Ok(Self::Score(score));
        }
        let word: Option<String> = serde_json::from_str(raw.get()).ok();
        let word = word.filter(|word| !word.trim().is_empty());
        word.map(Self::Word).ok_or_else(|| serde::de::Error::custom("no number and no word"))
    }
}

impl<'de> Deserialize<'de> for RfmRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::deserialize(deserializer)?;
        Ok(Self {
            recency_score: fields.count(&["recency_score"]),
            frequency_score: fields.count(&["frequency_score"]),
            monetary_score: fields.count(&["monetary_score"]),
            segment: fields.text(&["segment"]),
            extra: fields.0,
        })
    }
}

impl<'de> Deserialize<'de> for MetricsRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::deserialize(deserializer)?;
        Ok(Self {
            customer_id: fields.value(&["customer_id"]),
            rfm: fields.value(&["rfm"]).unwrap_or_default(),
            lifetime_value: fields.decimal("lifetime_value"),
            average_order_value: fields.decimal("average_order_value"),
            total_orders: fields.count(&["total_orders"]),
            total_spent: fields.decimal("total_spent"),
            purchase_frequency_days: fields.decimal("purchase_frequency_days"),
            churn_risk: fields.value(&["churn_risk"]),
            first_order_at: fields.time(&["first_order_at"]),
            last_order_at: fields.time(&["last_order_at"]),
            computed_at: fields.time(&["computed_at"]),
            extra: fields.0,
        })
    }
}

/// Shows whose metrics they are, and when they were computed.
impl fmt::Debug for MetricsRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsRecord")
            .field("customer_id", &self.customer_id)
            .field("computed_at", &self.computed_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(json: &str) -> MetricsRecord {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers_are_decimals_and_a_risk_may_be_a_word() {
        let read = metrics(
            r#"{"object":"customer_metrics","rfm":{"recency_score":"4","segment":"Loyal Customers","x":1},
            "lifetime_value":120.50,"average_order_value":"40.17","total_orders":3.0,"churn_risk":0.21,"future":[1.10]}"#,
        );
        assert_eq!(read.lifetime_value.unwrap().to_string(), "120.50");
        assert_eq!(read.average_order_value.unwrap().to_string(), "40.17");
        assert_eq!((read.total_orders, read.rfm.recency_score, read.rfm.monetary_score), (Some(3), Some(4), None));
        assert!(read.rfm.is_segment("loyal_customer") && !read.rfm.is_segment("loyal"));
        assert_eq!(read.churn_risk, Some(ChurnRisk::Score("0.21".parse().unwrap())));
        assert_eq!((read.extra["future"].get(), read.rfm.extra["x"].get()), ("[1.10]", "1"));
        assert_eq!(metrics(r#"{"churn_risk":"0.4"}"#).churn_risk, Some(ChurnRisk::Score("0.4".parse().unwrap())));
        assert_eq!(metrics(r#"{"churn_risk":"low"}"#).churn_risk, Some(ChurnRisk::Word("low".into())));
        let none = metrics(r#"{"churn_risk":null,"rfm":null,"total_spent":[]}"#);
        assert!(none.churn_risk.is_none() && none.rfm.segment.is_none() && !none.rfm.is_segment(""));
        assert!(none.extra.contains_key("total_spent"), "what cannot be read stays reachable");
    }
}
