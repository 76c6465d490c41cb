//! The operations of the vendor's API that this crate calls, and which of them may be repeated.

use super::PROVIDER;
use crate::client::{Operation, operations};

operations! {
    LIST_CUSTOMERS = get GET "list_customers";
    GET_CUSTOMER = get GET "get_customer";
    /// The e-mail address is unique, so that repeats converge (documented).
    CREATE_CUSTOMER = idempotent_write POST "create_customer";
    /// Without an e-mail address a repeat may create a second customer.
    CREATE_CUSTOMER_WITHOUT_EMAIL = write POST "create_customer_without_email";
    UPDATE_CUSTOMER = idempotent_write PATCH "update_customer";
    DELETE_CUSTOMER = idempotent_write DELETE "delete_customer";
    GET_METRICS = get GET "get_customer_metrics";
    LIST_ACTIVITY = get GET "list_customer_activity";
    LIST_NOTES = get GET "list_customer_notes";
    /// A repeat is a second note.
    CREATE_NOTE = write POST "create_customer_note";
    LIST_SEGMENTS = get GET "list_segments";
    /// Names are not known to be unique, so that a repeat may be a second segment.
    CREATE_SEGMENT = write POST "create_segment";
    GET_SEGMENT = get GET "get_segment";
    UPDATE_SEGMENT = idempotent_write PATCH "update_segment";
    DELETE_SEGMENT = idempotent_write DELETE "delete_segment";
    /// A repeat may notify the person twice.
    REQUEST_REMOVAL = write POST "request_removal";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_repeat_would_pile_up_is_sent_once() {
        let once = [&CREATE_CUSTOMER_WITHOUT_EMAIL, &CREATE_NOTE, &CREATE_SEGMENT, &REQUEST_REMOVAL];
        assert!(once.iter().all(|operation| !operation.idempotent));
        assert!(CREATE_CUSTOMER.idempotent && UPDATE_CUSTOMER.idempotent && UPDATE_SEGMENT.idempotent);
    }
}
