//! The operations of the vendor's API that this crate calls, and which of them may be repeated.

use super::PROVIDER;
use crate::client::{Operation, operations};

operations! {
    /// A repeat with the same key replaces the record with itself (documented).
    REPLACE = idempotent_write POST "create_customer_record";
    CHECK = get GET "validate_api_key";
    /// Each makes a request of its own at the vendor, which cannot be undone or asked about.
    ERASE = write POST "create_compliance_request";
    /// A `POST` that changes nothing.
    SQL = read POST "run_sql";
}
