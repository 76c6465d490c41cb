//! Segments, as the vendor shows them.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::de::{Deserialize, Deserializer};

use super::super::request::{CustomerId, Rules, SegmentId, SegmentKind};
use super::fields::{Fields, RawMap};

/// A segment, in either form that the vendor has published: with `type` and `member_count`, or with `is_dynamic` and
/// `customer_count` (both documented, on different pages).
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct SegmentRecord {
    /// The vendor's id.
    pub id: Option<SegmentId>,
    /// Its name.
    pub name: Option<String>,
    /// By rules or by a list.
    pub kind: Option<SegmentKind>,
    /// Of a dynamic one: its rules.
    pub rules: Option<Rules>,
    /// How many customers are in it. Who they are tells a list of customers by segment.
    pub member_count: Option<u64>,
    /// Of a static one: its members, where the vendor shows them (unknown).
    pub customer_ids: Option<Vec<CustomerId>>,
    /// What it is for (inferred).
    pub description: Option<String>,
    /// Values of the caller's own, as they came (documented for the other form).
    pub metadata: Option<RawMap>,
    /// When it was made.
    pub created_at: Option<DateTime<FixedOffset>>,
    /// When it was last changed (inferred).
    pub updated_at: Option<DateTime<FixedOffset>>,
    /// Every other key, as it came.
    pub extra: RawMap,
}

impl<'de> Deserialize<'de> for SegmentRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::deserialize(deserializer)?;
        let kind = fields.value(&["type"]);
        let flag = if kind.is_none() { fields.bool("is_dynamic") } else { None };
        let of_flag = |dynamic| if dynamic { SegmentKind::Dynamic } else { SegmentKind::Static };
        Ok(Self {
            id: fields.value(&["id"]),
            name: fields.text(&["name"]),
            kind: kind.or(flag.map(of_flag)),
            rules: fields.value(&["rules"]),
            member_count: fields.count(&["member_count", "customer_count"]),
            customer_ids: fields.value(&["customer_ids"]),
            description: fields.text(&["description"]),
            metadata: fields.value(&["metadata"]),
            created_at: fields.time(&["created_at"]),
            updated_at: fields.time(&["updated_at"]),
            extra: fields.0,
        })
    }
}

/// Shows id, type and how many members there are.
impl fmt::Debug for SegmentRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentRecord")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("member_count", &self.member_count)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_published_forms_are_one_segment() {
        let seed: SegmentRecord = serde_json::from_str(
            r#"{"id":"seg_1","object":"customer_segment","name":"Quiet","type":"dynamic","rules":[],"member_count":2}"#,
        )
        .unwrap();
        let campaigns: SegmentRecord = serde_json::from_str(
            r#"{"object":"segment","id":"seg_1","name":"Quiet","is_dynamic":"true","customer_count":2.0,"color":"red"}"#,
        )
        .unwrap();
        for segment in [&seed, &campaigns] {
            assert_eq!((segment.kind.clone(), segment.member_count), (Some(SegmentKind::Dynamic), Some(2)));
        }
        assert_eq!(campaigns.extra["color"].get(), r#""red""#);
        let odd: SegmentRecord = serde_json::from_str(r#"{"type":"smart","is_dynamic":false,"rules":null}"#).unwrap();
        assert_eq!(odd.kind, Some(SegmentKind::Other("smart".into())));
        assert!(odd.rules.is_none());
    }
}
