//! Every operation of the client, and which of them may be repeated.

use http::Method;

use super::PROVIDER;
use crate::client::Operation;

pub(super) static LIST_CUSTOMERS: Operation = Operation::get(PROVIDER, "list_customers");
pub(super) static GET_CUSTOMER: Operation = Operation::get(PROVIDER, "get_customer");
/// The e-mail address is unique, so that repeats converge (documented).
pub(super) static CREATE_CUSTOMER: Operation = Operation::idempotent_write(PROVIDER, Method::POST, "create_customer");
/// Without an e-mail address a repeat may create a second customer.
pub(super) static CREATE_CUSTOMER_WITHOUT_EMAIL: Operation =
    Operation::write(PROVIDER, Method::POST, "create_customer_without_email");
pub(super) static UPDATE_CUSTOMER: Operation = Operation::idempotent_write(PROVIDER, Method::PATCH, "update_customer");
pub(super) static DELETE_CUSTOMER: Operation = Operation::idempotent_write(PROVIDER, Method::DELETE, "delete_customer");

pub(super) static GET_METRICS: Operation = Operation::get(PROVIDER, "get_customer_metrics");
pub(super) static LIST_ACTIVITY: Operation = Operation::get(PROVIDER, "list_customer_activity");
pub(super) static LIST_NOTES: Operation = Operation::get(PROVIDER, "list_customer_notes");
/// A repeat is a second note.
pub(super) static CREATE_NOTE: Operation = Operation::write(PROVIDER, Method::POST, "create_customer_note");

pub(super) static LIST_SEGMENTS: Operation = Operation::get(PROVIDER, "list_segments");
/// Names are not known to be unique, so that a repeat may be a second segment.
pub(super) static CREATE_SEGMENT: Operation = Operation::write(PROVIDER, Method::POST, "create_segment");
pub(super) static GET_SEGMENT: Operation = Operation::get(PROVIDER, "get_segment");
pub(super) static UPDATE_SEGMENT: Operation = Operation::idempotent_write(PROVIDER, Method::PATCH, "update_segment");
pub(super) static DELETE_SEGMENT: Operation = Operation::idempotent_write(PROVIDER, Method::DELETE, "delete_segment");

/// A repeat may notify the person twice.
pub(super) static REQUEST_REMOVAL: Operation = Operation::write(PROVIDER, Method::POST, "request_removal");

#[cfg(test)]
pub(super) static OPERATIONS: &[&Operation] = &[
    &LIST_CUSTOMERS,
    &GET_CUSTOMER,
    &CREATE_CUSTOMER,
    &CREATE_CUSTOMER_WITHOUT_EMAIL,
    &UPDATE_CUSTOMER,
    &DELETE_CUSTOMER,
    &GET_METRICS,
    &LIST_ACTIVITY,
    &LIST_NOTES,
    &CREATE_NOTE,
    &LIST_SEGMENTS,
    &CREATE_SEGMENT,
    &GET_SEGMENT,
    &UPDATE_SEGMENT,
    &DELETE_SEGMENT,
    &REQUEST_REMOVAL,
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_a_get_never_writes() {
        let names: HashSet<_> = OPERATIONS.iter().map(|operation| operation.name()).collect();
        assert_eq!(names.len(), OPERATIONS.len());
        for operation in OPERATIONS {
            assert_eq!(operation.provider(), PROVIDER);
            assert_eq!(operation.writes, operation.method() != Method::GET, "{}", operation.name());
        }
        // What a repeat would pile up is sent once.
        let once: Vec<_> = OPERATIONS.iter().filter(|o| !o.idempotent).map(|o| o.name()).collect();
        let expected = ["create_customer_without_email", "create_customer_note", "create_segment", "request_removal"];
        assert_eq!(once, expected);
    }
}
