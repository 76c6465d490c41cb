//! The contract of a sink and of what carries its calls: the public suite, faults, retries and quotas.

mod certainty;
mod defects;
mod faults;
mod faulty_sink;
mod interrupted;
mod memory;
mod pier;
mod quota;
mod retry;
mod sandbox_faults;
mod subjects;
mod suite;
#[path = "../support/mod.rs"]
mod support;
