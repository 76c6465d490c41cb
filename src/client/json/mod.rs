//! Reading the JSON that vendors write.

pub(crate) mod lenient;
pub(crate) mod object;
