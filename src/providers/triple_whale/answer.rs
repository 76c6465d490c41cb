//! What an answer means. Never decided by the wording of a message, which the vendor does not promise.

use serde::Deserialize;

use crate::error::FieldError;
use crate::http::{HttpResponse, Problem, Verdict};

/// The body of Data-In and Compliance answers (documented): `{"success": …, "message": …}`. Every part may be missing,
/// and unknown parts are passed over.
#[derive(Default, Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "lenient_bool")]
    success: Option<bool>,
    #[serde(default, deserialize_with = "lenient_text")]
    message: Option<String>,
    #[serde(default)]
    errors: Option<Vec<ItemError>>,
}

/// One problem of a list, as the bulk calls write it (documented for orders).
#[derive(Deserialize)]
struct ItemError {
    #[serde(default, deserialize_with = "lenient_text")]
    error: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    field: Option<String>,
}

use crate::providers::lenient::{lenient_bool, lenient_text};

/// Reads an answer of any status. Empty bodies, HTML and shapes that nobody documented leave the decision to the status.
pub(super) fn judge(response: &HttpResponse) -> Verdict {
    let answer: Answer = serde_json::from_slice(&response.body).unwrap_or_default();
    if response.status.is_success() && answer.success != Some(false) {
        return Verdict::Success;
    }
    let fields = answer.errors.unwrap_or_default().into_iter();
    let fields = fields.map(|e| FieldError::from_vendor(e.field.unwrap_or_default(), e.error.unwrap_or_default()));
    let hint = match response.status.as_u16() {
        401 => Some("the key is missing, revoked or expired, or lacks the scope Customers: Write"),
        403 => Some("the key's owner has no access to this shop"),
        404 => Some("the base URL is probably wrong"),
        500 => Some("where it repeats for one shop, the shop is probably unknown or not connected"),
        _ => None,
    };
    Problem { message: answer.message, fields: fields.collect(), hint, ..Problem::default() }.into_verdict()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn message(status: u16, body: &'static str) -> Option<Option<String>> {
        match judge(&HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)) {
            Verdict::Success => None,
            Verdict::Failure(problem) => Some(problem.message),
        }
    }

    #[test]
    fn a_200_is_a_success_unless_its_body_says_no() {
        assert_eq!(message(200, r#"{"success":true,"message":"customer received"}"#), None);
        assert_eq!(message(200, ""), None);
        assert_eq!(message(200, "<html>"), None);
        assert_eq!(message(200, r#"{"success":false,"message":"no"}"#), Some(Some("no".into())));
        assert_eq!(message(200, r#"{"success":"false"}"#), Some(None));
    }

    #[test]
    fn every_shape_of_a_failure_is_read() {
        assert_eq!(
            message(400, r#"{"success":false,"message":"Invalid customer data."}"#),
            Some(Some("Invalid customer data.".into()))
        );
        for body in ["", "{}", "<html>502</html>", "[1]", "\u{0}"] {
            assert_eq!(message(403, body), Some(None), "{body}");
        }
        let bulk =
            r#"{"success":false,"message":"Validation errors","errors":[{"order_id":"1","error":"id is required"}]}"#;
        match judge(&HttpResponse::new(StatusCode::BAD_REQUEST, bulk)) {
            Verdict::Failure(problem) => assert_eq!(problem.fields[0].message(), "id is required"),
            Verdict::Success => panic!("a 400 is no success"),
        }
    }
}
