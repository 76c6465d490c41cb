//! The metrics of a customer, as the vendor computes them.

use chrono::{DateTime, FixedOffset};
use serde_json::value::RawValue;

use super::super::request::CustomerId;
use super::fields::keyed_record;
use crate::client::json::value::Value;
use crate::customer::Decimal;

keyed_record! {
    /// `GET customers/{id}/metrics`. Money is in major units (documented); its currency is unknown.
    ///
    /// The vendor recomputes after every order (documented): [`computed_at`](Self::computed_at) counts, and no number here
    /// follows from the others by a rule that is known.
    MetricsRecord {
        /// The customer.
        customer_id: Option<CustomerId> = value("customer_id"),
        /// Recency, frequency and monetary scores.
        rfm: RfmRecord = value_or_default("rfm"),
        /// What the customer is worth.
        lifetime_value: Option<Decimal> = value("lifetime_value"),
        /// Money per order.
        average_order_value: Option<Decimal> = value("average_order_value"),
        /// Number of orders.
        total_orders: Option<u64> = value("total_orders"),
        /// Money spent.
        total_spent: Option<Decimal> = value("total_spent"),
        /// Days between two orders; none with fewer than two (seen).
        purchase_frequency_days: Option<Decimal> = value("purchase_frequency_days"),
        /// How likely the customer is to leave.
        churn_risk: Option<ChurnRisk> = value("churn_risk"),
        /// Time of the first order.
        first_order_at: Option<DateTime<FixedOffset>> = value("first_order_at"),
        /// Time of the last order.
        last_order_at: Option<DateTime<FixedOffset>> = value("last_order_at"),
        /// When the vendor computed this.
        computed_at: Option<DateTime<FixedOffset>> = value("computed_at"),
    }
}

keyed_record! {
    /// Scores from 1 to 5, where 5 is best (the range is seen).
    RfmRecord {
        /// How lately the customer bought.
        recency_score: Option<u64> = value("recency_score"),
        /// How often.
        frequency_score: Option<u64> = value("frequency_score"),
        /// For how much.
        monetary_score: Option<u64> = value("monetary_score"),
        /// The vendor's name of the group, such as `champion`; its words are unknown. See [`is_segment`](Self::is_segment).
        segment: Option<String> = value("segment"),
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

impl Value for ChurnRisk {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        // As a number first, which keeps every digit.
        Decimal::from_raw(raw).map(Self::Score).or_else(|| {
            let word: String = serde_json::from_str(raw.get()).ok()?;
            (!word.trim().is_empty()).then_some(Self::Word(word))
        })
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
        assert_eq!(read.raw.get("future").unwrap().as_str(), "[1.10]");
        assert_eq!(read.rfm.raw.get("x").unwrap().as_str(), "1");
        assert_eq!(metrics(r#"{"churn_risk":"0.4"}"#).churn_risk, Some(ChurnRisk::Score("0.4".parse().unwrap())));
        assert_eq!(metrics(r#"{"churn_risk":"low"}"#).churn_risk, Some(ChurnRisk::Word("low".into())));
        let none = metrics(r#"{"churn_risk":null,"rfm":null,"total_spent":[]}"#);
        assert!(none.churn_risk.is_none() && none.rfm.segment.is_none() && !none.rfm.is_segment(""));
        assert!(none.raw.get("total_spent").is_some(), "what cannot be read stays reachable");
    }
}
