//! The example `sync` as users run it: a process that is killed, interrupted, started again, and given what it cannot use.
//!
//! `cargo test` builds the examples first; by hand it is `cargo build --example sync && cargo test --test sync`.
#![cfg(unix)]

mod contract;
mod kill;
mod letters;
mod process;
mod vendors;
