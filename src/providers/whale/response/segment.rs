//! Segments, as the vendor shows them.

use chrono::{DateTime, FixedOffset};

use super::super::request::{CustomerId, RawMap, Rules, SegmentId, SegmentKind};
use super::fields::keyed_record;
use crate::client::json::raw::Members;

keyed_record! {
    /// A segment, in either form that the vendor has published: with `type` and `member_count`, or with `is_dynamic` and
    /// `customer_count` (both documented, on different pages).
    SegmentRecord {
        /// The vendor's id.
        id: Option<SegmentId> = value("id"),
        /// Its name.
        name: Option<String> = value("name"),
        /// By rules or by a list.
        kind: Option<SegmentKind> = segment_kind("type", "is_dynamic"),
        /// Of a dynamic one: its rules.
        rules: Option<Rules> = value("rules"),
        /// How many customers are in it. A list of customers by segment shows them.
        member_count: Option<u64> = value("member_count", "customer_count"),
        /// Of a static one: its members, where the vendor shows them (unknown).
        customer_ids: Option<Vec<CustomerId>> = value("customer_ids"),
        /// What it is for (inferred).
        description: Option<String> = value("description"),
        /// Values of the caller's own, as they came (documented for the other form).
        metadata: Option<RawMap> = value("metadata"),
        /// When it was made.
        created_at: Option<DateTime<FixedOffset>> = value("created_at"),
        /// When it was last changed (inferred).
        updated_at: Option<DateTime<FixedOffset>> = value("updated_at"),
    }
}

impl Members<'_> {
    /// The type, or what the flag of the other form says.
    fn segment_kind(&self, keys: &[&str]) -> Option<SegmentKind> {
        let kind: SegmentKind = self.value(keys)?;
        Some(match kind.as_str() {
            "true" => SegmentKind::Dynamic,
            "false" => SegmentKind::Static,
            _ => kind,
        })
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
        assert_eq!(campaigns.raw.get("color").unwrap().as_str(), r#""red""#);
        let odd: SegmentRecord = serde_json::from_str(r#"{"type":"smart","is_dynamic":false,"rules":null}"#).unwrap();
        assert_eq!(odd.kind, Some(SegmentKind::Other("smart".into())));
        assert!(odd.rules.is_none());
    }
}
