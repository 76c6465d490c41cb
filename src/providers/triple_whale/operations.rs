//! The operations of the vendor's API that this client calls.

use http::Method;

use super::PROVIDER;
use crate::client::Operation;

/// A repeat with the same key replaces the record with itself (documented).
pub(super) static REPLACE: Operation = Operation::idempotent_write(PROVIDER, Method::POST, "create_customer_record");
pub(super) static CHECK: Operation = Operation::get(PROVIDER, "validate_api_key");
/// Each makes a request of its own at the vendor, which cannot be undone or asked about.
pub(super) static ERASE: Operation = Operation::write(PROVIDER, Method::POST, "create_compliance_request");
/// A `POST` that changes nothing.
pub(super) static SQL: Operation = Operation::read(PROVIDER, Method::POST, "run_sql");

/// All of them.
pub(super) static OPERATIONS: &[&Operation] = &[&REPLACE, &CHECK, &ERASE, &SQL];
