//! The records that answers hold. Every field may be missing, null or of a neighbouring type; keys that are not documented stay
//! reachable.

mod customer;
mod fields;
mod metrics;
mod removal;
mod segment;
mod timeline;

use serde::Deserialize;
use serde_json::value::RawValue;

pub use customer::{AddressRecord, CustomerRecord};
pub(super) use customer::{is_placeholder, read_customer};
pub use metrics::{ChurnRisk, MetricsRecord, RfmRecord};
pub use removal::RemovalRequestRecord;
pub use segment::SegmentRecord;
pub use timeline::{ActivityRecord, NoteRecord};

use crate::client::HttpResponse;
use crate::client::json::object::object;
use crate::client::json::value::{Value, lenient};
use crate::client::pages::{Cursor, Page};

/// A page of a list as it came.
pub(super) struct RawPage {
    pub(super) rows: Vec<Box<RawValue>>,
    has_more: Option<bool>,
    pub(super) next_cursor: Option<String>,
}

/// The documented envelope of a list, and the `cursors` of the vendor's own kit (seen).
#[derive(Deserialize)]
struct Envelope {
    data: Option<Vec<Box<RawValue>>>,
    #[serde(default, deserialize_with = "lenient")]
    has_more: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    next_cursor: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    cursors: Option<Cursors>,
}

#[derive(Deserialize)]
struct Cursors {
    #[serde(default, deserialize_with = "lenient")]
    after: Option<String>,
}

impl Value for Cursors {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        object(raw.get().as_bytes())
    }
}

impl RawPage {
    /// Reads the documented envelope, and the bare array that the vendor's own kit takes as well.
    pub(super) fn read(response: &HttpResponse) -> Option<Self> {
        let body = response.body.trim_ascii_start();
        if body.starts_with(b"[") {
            return Some(Self { rows: serde_json::from_slice(body).ok()?, has_more: None, next_cursor: None });
        }
        let page: Envelope = object(body)?;
        let after = page.cursors.and_then(|cursors| cursors.after);
        let next_cursor = page.next_cursor.or(after).filter(|cursor| !cursor.is_empty());
        Some(Self { rows: page.data?, has_more: page.has_more, next_cursor })
    }

    /// Whether the vendor says that there is a next page, or names one and does not say.
    pub(super) fn goes_on(&self) -> bool {
        self.has_more.unwrap_or(self.next_cursor.is_some())
    }

    pub(super) fn typed<T: serde::de::DeserializeOwned>(&self, next: Option<Cursor>) -> Page<T> {
        Page::of_rows(self.rows.iter().map(|row| serde_json::from_str(row.get()).ok()), next)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn page(json: &str) -> Option<RawPage> {
        RawPage::read(&HttpResponse::new(http::StatusCode::OK, json.to_owned()))
    }

    #[test]
    fn lists_come_in_every_published_form() {
        let read = page(r#"{"data":[{"id":"a"},7],"has_more":"true","next_cursor":"c"}"#).unwrap();
        assert_eq!((read.has_more, read.next_cursor.as_deref(), read.goes_on()), (Some(true), Some("c"), true));
        let read = read.typed::<BTreeMap<String, String>>(None);
        assert_eq!((read.items.len(), read.unreadable), (1, 1));
        assert_eq!(page(r#" [{"id":"a"}]"#).unwrap().rows.len(), 1);
        assert_eq!(page(r#"{"data":[],"cursors":{"after":"x"}}"#).unwrap().next_cursor.as_deref(), Some("x"));
        assert_eq!(page(r#"{"data":[],"next_cursor":"","total":3,"cursors":7}"#).unwrap().next_cursor, None);
        for bad in ["", "{}", "<html>", r#"{"data":7}"#, "7", "null"] {
            assert!(page(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_list_ends_where_the_vendor_says_so() {
        for (json, goes_on) in [
            (r#"{"data":[{"id":"a"}],"has_more":false,"next_cursor":"c"}"#, false),
            (r#"{"data":[{"id":"a"}]}"#, false),
            (r#"[{"id":"a"}]"#, false),
            (r#"{"data":[{"id":"a"}],"next_cursor":"c"}"#, true),
            (r#"{"data":[],"next_cursor":"c"}"#, true),
            (r#"{"data":[{"id":"a"}],"has_more":true}"#, true),
        ] {
            assert_eq!(page(json).unwrap().goes_on(), goes_on, "{json}");
        }
    }
}
