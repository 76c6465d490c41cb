//! The operations of the vendor's API that this client calls.

use http::Method;

use super::PROVIDER;
use crate::client::Operation;

/// A repeat with the same record changes nothing more (inferred from "create or update").
pub(super) static UPSERT: Operation = Operation::idempotent_write(PROVIDER, Method::POST, "upsert_loyalty_customer");
pub(super) static FETCH: Operation = Operation::get(PROVIDER, "fetch_loyalty_customer");

/// All of them.
#[cfg(test)]
pub(super) static OPERATIONS: &[&Operation] = &[&UPSERT, &FETCH];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_is_the_products_own_and_no_get_writes() {
        for operation in OPERATIONS {
            assert_eq!(operation.provider(), PROVIDER);
            assert!(operation.name().contains("loyalty"), "{}", operation.name());
            assert!(*operation.method() != Method::GET || !operation.writes, "{}", operation.name());
        }
    }
}
