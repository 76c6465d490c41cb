//! The operations of the vendor's API that these clients call.

use http::Method;

use super::PROVIDER;
use crate::client::Operation;

/// A token is no record: whatever happens to this call changes no customer.
pub(super) static MINT: Operation = Operation::read(PROVIDER, Method::POST, "create_access_token");
/// A repeat with the same identifier changes nothing more (inferred from "create or update").
pub(super) static UPSERT: Operation = Operation::idempotent_write(PROVIDER, Method::PATCH, "upsert_customer");
pub(super) static LIST: Operation = Operation::get(PROVIDER, "list_customers");
/// A customer that is anonymous stays so when the call is repeated (inferred).
pub(super) static ANONYMIZE: Operation =
    Operation::idempotent_write(PROVIDER, Method::POST, "anonymize_loyalty_customer");
/// An address on the list stays on it, and one that is not stays off it (inferred).
pub(super) static CREATE_UNSUBSCRIBERS: Operation =
    Operation::idempotent_write(PROVIDER, Method::POST, "create_unsubscribers");
pub(super) static DELETE_UNSUBSCRIBERS: Operation =
    Operation::idempotent_write(PROVIDER, Method::DELETE, "delete_unsubscribers");

/// All of them.
#[cfg(test)]
pub(super) static OPERATIONS: &[&Operation] =
    &[&MINT, &UPSERT, &LIST, &ANONYMIZE, &CREATE_UNSUBSCRIBERS, &DELETE_UNSUBSCRIBERS];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_is_named_once_and_no_get_writes() {
        for (index, operation) in OPERATIONS.iter().enumerate() {
            assert_eq!(operation.provider(), PROVIDER);
            assert!(*operation.method() != Method::GET || !operation.writes, "{}", operation.name());
            assert!(OPERATIONS.iter().skip(index + 1).all(|other| other.name() != operation.name()));
        }
    }
}
