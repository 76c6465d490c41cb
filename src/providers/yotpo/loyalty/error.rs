//! Reads the failure that an answer reports. The vendor reports errors in the shapes of its other products, so that they are read alike; the
//! status decides.

use super::super::error::check_with;
use crate::client::HttpResponse;
use crate::client::response::Reading;
use crate::error::{Error, ErrorKind};

/// The text of a 400 that means the same as a 404 elsewhere (seen in a sibling call), where neither status nor code shows
/// it.
const NO_CUSTOMER: &str = "Customer does not exist";

/// Finds the failure that an answer reports.
pub(super) fn check(response: &HttpResponse) -> Reading<()> {
    check_with(response, |status| match status {
        401 | 403 => Some("the GUID and the API key of the Loyalty account are unknown or do not belong together"),
        404 => Some("the base URL is wrong, or there is no such customer"),
        _ => None,
    })
}

/// Whether the failure of a fetch says that there is no such customer.
pub(super) fn is_no_customer(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound
        || (error.status() == Some(400)
            && error.vendor_message().is_some_and(|text| text.trim().eq_ignore_ascii_case(NO_CUSTOMER)))
}
