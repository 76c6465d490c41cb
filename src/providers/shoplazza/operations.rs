//! The operations of the vendor's API that this crate calls, and which of them may be repeated.

use super::PROVIDER;
use crate::client::{Operation, operations};

operations! {
    LIST_CUSTOMERS = get GET "list_customers";
    FIND_CUSTOMER = get GET "find_customer";
    GET_CUSTOMER = get GET "get_customer";
    COUNT_CUSTOMERS = get GET "count_customers";
    /// A repeat is refused as a duplicate, or creates a second customer.
    CREATE_CUSTOMER = write POST "create_customer";
    UPDATE_CUSTOMER = idempotent_write PUT "update_customer";
    LIST_ADDRESSES = get GET "list_addresses";
    GET_ADDRESS = get GET "get_address";
    /// A repeat creates a second address.
    CREATE_ADDRESS = write POST "create_address";
    UPDATE_ADDRESS = idempotent_write PUT "update_address";
    DELETE_ADDRESS = idempotent_write DELETE "delete_address";
    SET_DEFAULT_ADDRESS = idempotent_write PUT "set_default_address";
    LIST_ACCESS_SCOPES = get GET "list_access_scopes";
    /// A code is valid once (documented): after a lost answer it may be used up.
    EXCHANGE_CODE = write POST "exchange_code";
    /// It changes no customer, and is sent again after a lost answer, since there is no other way to a token; whether the
    /// vendor accepts the same refresh token twice is unknown.
    REFRESH_ACCESS_TOKEN = read POST "refresh_access_token";
}
