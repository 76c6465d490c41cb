//! Every operation of the vendor's API that this client sends.

use http::Method;

use super::PROVIDER;
use crate::client::Operation;

pub(super) static LIST_CUSTOMERS: Operation = Operation::get(PROVIDER, "list_customers");
pub(super) static FIND_CUSTOMER: Operation = Operation::get(PROVIDER, "find_customer");
pub(super) static GET_CUSTOMER: Operation = Operation::get(PROVIDER, "get_customer");
pub(super) static COUNT_CUSTOMERS: Operation = Operation::get(PROVIDER, "count_customers");
/// A repeat is refused as a duplicate, or creates a second customer.
pub(super) static CREATE_CUSTOMER: Operation = Operation::write(PROVIDER, Method::POST, "create_customer");
pub(super) static UPDATE_CUSTOMER: Operation = Operation::idempotent_write(PROVIDER, Method::PUT, "update_customer");
pub(super) static LIST_ADDRESSES: Operation = Operation::get(PROVIDER, "list_addresses");
pub(super) static GET_ADDRESS: Operation = Operation::get(PROVIDER, "get_address");
/// A repeat creates a second address.
pub(super) static CREATE_ADDRESS: Operation = Operation::write(PROVIDER, Method::POST, "create_address");
pub(super) static UPDATE_ADDRESS: Operation = Operation::idempotent_write(PROVIDER, Method::PUT, "update_address");
pub(super) static DELETE_ADDRESS: Operation = Operation::idempotent_write(PROVIDER, Method::DELETE, "delete_address");
pub(super) static SET_DEFAULT_ADDRESS: Operation =
    Operation::idempotent_write(PROVIDER, Method::PUT, "set_default_address");
pub(super) static LIST_ACCESS_SCOPES: Operation = Operation::get(PROVIDER, "list_access_scopes");
/// A code is valid once (documented): after a lost answer it may be used up.
pub(super) static EXCHANGE_CODE: Operation = Operation::write(PROVIDER, Method::POST, "exchange_code");
/// It changes no customer, and is sent again after a lost answer, since there is no other way to a token; whether the
/// vendor accepts the same refresh token twice is unknown.
pub(super) static REFRESH_ACCESS_TOKEN: Operation = Operation::read(PROVIDER, Method::POST, "refresh_access_token");

/// All of them.
#[cfg(test)]
pub(super) static OPERATIONS: &[&Operation] = &[
    &LIST_CUSTOMERS,
    &FIND_CUSTOMER,
    &GET_CUSTOMER,
    &COUNT_CUSTOMERS,
    &CREATE_CUSTOMER,
    &UPDATE_CUSTOMER,
    &LIST_ADDRESSES,
    &GET_ADDRESS,
    &CREATE_ADDRESS,
    &UPDATE_ADDRESS,
    &DELETE_ADDRESS,
    &SET_DEFAULT_ADDRESS,
    &LIST_ACCESS_SCOPES,
    &EXCHANGE_CODE,
    &REFRESH_ACCESS_TOKEN,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_consistent() {
        let mut names: Vec<_> = OPERATIONS.iter().map(|operation| operation.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OPERATIONS.len(), "names are unique");
        for operation in OPERATIONS {
            assert_eq!(operation.provider(), PROVIDER, "{}", operation.name());
            assert!(*operation.method() != Method::GET || !operation.writes, "{} writes", operation.name());
        }
    }
}
