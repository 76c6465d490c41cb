//! The operations of the vendor's API that this crate calls, and which of them may be repeated.

use super::PROVIDER;
use crate::client::{Operation, operations};

operations! {
    /// A repeat with the same record changes nothing more (inferred from "create or update").
    UPSERT = idempotent_write POST "upsert_loyalty_customer";
    FETCH = get GET "fetch_loyalty_customer";
}
