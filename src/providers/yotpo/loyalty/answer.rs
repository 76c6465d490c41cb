//! What an answer means. The vendor tells errors in the shapes of its other products, so that they are read alike; the
//! status decides.

use super::super::answer::{failure, judge_read};
use crate::client::{HttpResponse, Verdict};
use crate::error::{Error, ErrorKind};

/// The text of a 400 that means the same as a 404 elsewhere (seen in a sibling call), where no status or code tells.
const NOBODY: &str = "Customer does not exist";

/// Reads an answer of any status.
pub(super) fn judge(response: &HttpResponse) -> Verdict {
    match failure(response) {
        None => Verdict::Success,
        Some(mut problem) => {
            problem.hint = match response.status.as_u16() {
                401 | 403 => {
                    Some("the GUID and the API key of the Loyalty account are unknown or do not belong together")
                }
                404 => Some("the base URL is wrong, or there is no such customer"),
                _ => None,
            };
            problem.into_verdict()
        }
    }
}

/// Reads the answer to a fetch: one that broke off is worth another try.
pub(super) fn judge_fetch(response: &HttpResponse, reads: impl Fn(&[u8]) -> bool) -> Verdict {
    match judge(response) {
        Verdict::Success => judge_read(response, reads),
        failure => failure,
    }
}

/// Whether the failure of a fetch says that there is no such customer.
pub(super) fn is_nobody(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound
        || (error.status() == Some(400)
            && error.vendor_message().is_some_and(|text| text.trim().eq_ignore_ascii_case(NOBODY)))
}
