//! The providers. Each has a typed native client, which implements [`CustomerSink`](crate::CustomerSink) itself.
//! [`registry`] lists them, and opens their sinks from named variables.

pub mod registry;
pub mod shoplazza;
pub mod shopline;
pub mod triple_whale;
pub mod whale;
pub mod yotpo;

pub use registry::MATRICES;
