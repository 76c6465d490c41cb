//! skeleton
#[cfg(feature = "sandbox")]
pub mod sandbox;
