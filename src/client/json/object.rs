//! Reads JSON objects, and refuses arrays that would fit by position.

use serde::Deserialize;

/// An object of this form. Anything else is none: of an array, serde would take the items for the fields in their order.
pub(crate) fn object<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Option<T> {
    if json.trim_ascii_start().starts_with(b"{") { serde_json::from_slice(json).ok() } else { None }
}
