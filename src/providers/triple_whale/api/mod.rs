//! The native calls, a file for each resource.

mod account;
mod customers;
mod erasure;
mod sql;

use crate::client::Operation;
use crate::error::{Error, FieldError};

/// The refusal of an input before anything is sent.
fn invalid(operation: &Operation, problems: Vec<FieldError>) -> Error {
    Error::invalid_record(problems).with_provider(operation.provider()).with_operation(operation.name())
}
