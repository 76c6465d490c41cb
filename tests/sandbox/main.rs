//! The stand-ins of the five vendors.

mod refusals;
mod shared;
#[path = "../support/mod.rs"]
mod support;
mod vendors;
