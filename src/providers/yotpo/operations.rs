//! The operations of the vendor's API that this crate calls, and which of them may be repeated.

use super::PROVIDER;
use crate::client::{Operation, operations};

operations! {
    /// A token is no record: whatever happens to this call changes no customer.
    MINT = read POST "create_access_token";
    /// A repeat with the same identifier changes nothing more (inferred from "create or update").
    UPSERT = idempotent_write PATCH "upsert_customer";
    LIST = get GET "list_customers";
    /// A customer who is anonymous stays so when it is asked for again (inferred).
    ANONYMIZE = idempotent_write POST "anonymize_loyalty_customer";
    /// An address on the list stays on it, and one that is not stays off it (inferred).
    CREATE_UNSUBSCRIBERS = idempotent_write POST "create_unsubscribers";
    DELETE_UNSUBSCRIBERS = idempotent_write DELETE "delete_unsubscribers";
}
