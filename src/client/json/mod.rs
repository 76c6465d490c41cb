//! Reading the JSON that vendors write.

pub(crate) mod error_body;
pub(crate) mod lenient;
pub(crate) mod object;
