//! The operations of the vendor's API that this crate calls, and which of them may be repeated.

use super::PROVIDER;
use crate::client::{Operation, operations};

operations! {
    CREATE_CUSTOMER = write POST "create_customer";
    UPDATE_CUSTOMER = idempotent_write PUT "update_customer";
    GET_CUSTOMER = get GET "get_customer";
    LIST_CUSTOMERS = get GET "list_customers";
    SEARCH_CUSTOMERS = get GET "search_customers";
    FIND_CUSTOMER_BY_EMAIL = read POST "find_customer_by_email";
    COUNT_CUSTOMERS = get GET "count_customers";
    DELETE_CUSTOMER = idempotent_write DELETE "delete_customer";
    /// Each call sends a mail.
    SEND_INVITE = write POST "send_invite";
    /// Whether a new URL ends an older one is unknown.
    CREATE_ACCOUNT_ACTIVATION_URL = write POST "create_account_activation_url";
    ADD_TO_BLACKLIST = idempotent_write POST "add_to_blacklist";
    REMOVE_FROM_BLACKLIST = idempotent_write POST "remove_from_blacklist";
    REMOVE_TAGS = idempotent_write POST "remove_tags";
    ADD_ADDRESS = write POST "add_address";
    UPDATE_ADDRESS = idempotent_write PUT "update_address";
    GET_ADDRESS = get GET "get_address";
    SET_DEFAULT_ADDRESS = idempotent_write PUT "set_default_address";
    DELETE_ADDRESS = idempotent_write DELETE "delete_address";
    DELETE_ADDRESSES = idempotent_write PUT "delete_addresses";
    LIST_ADDRESSES = read POST "list_addresses";
    LIST_CUSTOMER_ORDERS = get GET "list_customer_orders";
    LIST_SUBSCRIPTIONS = get GET "list_subscriptions";
    LIST_GROUPS = get GET "list_groups";
    COUNT_GROUPS = get GET "count_groups";
    GET_GROUP = get GET "get_group";
    CREATE_GROUP = write POST "create_group";
    UPDATE_GROUP = idempotent_write PUT "update_group";
    DELETE_GROUP = idempotent_write DELETE "delete_group";
    LIST_GROUP_MEMBERS = get GET "list_group_members";
    LIST_METAFIELDS = get GET "list_metafields";
    COUNT_METAFIELDS = get GET "count_metafields";
    GET_METAFIELD = get GET "get_metafield";
    CREATE_METAFIELD = write POST "create_metafield";
    UPDATE_METAFIELD = idempotent_write PUT "update_metafield";
    DELETE_METAFIELD = idempotent_write DELETE "delete_metafield";
    SET_METAFIELDS = idempotent_write POST "set_metafields";
    LIST_SOCIAL_LOGINS = get GET "list_social_logins";
    /// The vendor creates or updates (documented).
    SET_SOCIAL_LOGIN = idempotent_write POST "set_social_login";
    DELETE_SOCIAL_LOGIN = idempotent_write DELETE "delete_social_login";
    /// Each call starts a task.
    SUBMIT_BULK_MUTATION = write POST "submit_bulk_mutation";
    /// The code works once (documented): a lost answer may have used it up.
    CREATE_ACCESS_TOKEN = write POST "create_access_token";
    /// A token is no record: the call changes no customer, and a repeat brings a token as good.
    REFRESH_ACCESS_TOKEN = read POST "refresh_access_token";
}
