//! What holds for the crate as a whole: the laws of plans, the layout, the README, and what is never printed.

mod circles;
mod form;
mod importer;
mod laws;
mod readme;
mod redaction;
#[path = "../support/mod.rs"]
mod support;
mod tree;
