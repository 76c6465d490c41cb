//! Readers of the vendors' JSON.

pub(crate) mod error_body;
pub(crate) mod lenient;
pub(crate) mod object;
pub(crate) mod raw;
pub(crate) mod value;
pub(crate) mod words;
