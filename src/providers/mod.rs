//! The providers: a typed native client and a [`CustomerSink`](crate::CustomerSink) for each vendor.
//!
#![doc = include_str!("README.md")]

pub mod registry;
pub mod shoplazza;
pub mod shopline;
pub mod triple_whale;
pub mod whale;
pub mod yotpo;

pub use registry::MATRICES;
