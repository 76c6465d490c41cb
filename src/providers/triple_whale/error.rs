//! What an answer means. Never decided by the wording of a message, which the vendor does not promise.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::json::lenient::{lenient_bool, lenient_text, lenient_value};
use crate::client::response::Reading;
use crate::client::{HttpResponse, VendorError};
use crate::error::FieldError;

/// The body of Data-In and Compliance answers (documented): `{"success": …, "message": …}`. Every part may be missing
/// or of another type, and unknown parts are passed over.
#[derive(Default, Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "lenient_bool")]
    success: Option<bool>,
    #[serde(default, deserialize_with = "lenient_text")]
    message: Option<String>,
    /// The bulk calls' list of problems (documented for orders).
    #[serde(default, deserialize_with = "lenient_value")]
    errors: Option<Vec<Box<RawValue>>>,
    /// How the query calls report a failure in a 200 (documented for Moby).
    #[serde(default, rename = "isError", deserialize_with = "lenient_bool")]
    is_error: Option<bool>,
    #[serde(default, deserialize_with = "lenient_text")]
    error: Option<String>,
    #[serde(default, deserialize_with = "lenient_value")]
    responses: Option<Vec<Box<RawValue>>>,
}

/// One problem of a list.
#[derive(Default, Deserialize)]
struct Item {
    #[serde(default, deserialize_with = "lenient_text")]
    error: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    field: Option<String>,
    #[serde(default, rename = "isError", deserialize_with = "lenient_bool")]
    is_error: Option<bool>,
    #[serde(default, rename = "errorMsg", deserialize_with = "lenient_text")]
    error_msg: Option<String>,
}

/// An object of this form. Anything else is none: of an array, serde would take the items for the fields in their order.
pub(super) fn object<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Option<T> {
    let first = json.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'{') { serde_json::from_slice(json).ok() } else { None }
}

impl Answer {
    fn says_no(&self) -> bool {
        self.success == Some(false) || self.is_error == Some(true) || self.failed_parts().next().is_some()
    }

    /// The parts of a query's answer that failed.
    fn failed_parts(&self) -> impl Iterator<Item = Item> {
        let parts = self.responses.iter().flatten();
        parts.filter_map(|part| object::<Item>(part.get().as_bytes())).filter(|part| part.is_error == Some(true))
    }

    fn into_problem(self) -> VendorError {
        let mut fields: Vec<FieldError> = Vec::new();
        for raw in self.errors.iter().flatten() {
            let item = object::<Item>(raw.get().as_bytes());
            let text = || serde_json::from_str::<String>(raw.get()).ok();
            let (field, message) = match item {
                Some(item) => (item.field, item.error.or(item.error_msg)),
                None => (None, text()),
            };
            fields.push(FieldError::from_vendor(field.unwrap_or_default(), message.unwrap_or_default()));
        }
        fields.extend(self.failed_parts().map(|part| {
            FieldError::from_vendor(part.field.unwrap_or_default(), part.error_msg.or(part.error).unwrap_or_default())
        }));
        VendorError { message: self.message.or(self.error), fields, ..VendorError::default() }
    }
}

/// Finds the failure that an answer reports. Empty bodies, HTML and shapes that are not documented leave the decision to
/// the status.
fn check(response: &HttpResponse, hint: impl Fn(u16) -> Option<&'static str>) -> Reading<()> {
    let answer: Answer = object(&response.body).unwrap_or_default();
    if response.status.is_success() && !answer.says_no() {
        return Ok(());
    }
    Err(Box::new(VendorError { hint: hint(response.status.as_u16()), ..answer.into_problem() }))
}

const WRONG_BASE: &str = "the base URL is probably wrong";
const NO_ACCESS: &str = "the key's owner has no access to this shop";
/// What a 500 of an upsert can mean beside a moment's weakness (seen in the vendor's error guide, as restated).
const SHOP_UNKNOWN: &str = "where it repeats for one shop, the shop is probably unknown or not connected";

/// An answer about a customer record.
pub(super) fn check_customer(response: &HttpResponse) -> Reading<()> {
    check(response, |status| match status {
        401 => Some("the key is missing, revoked or expired, or lacks the scope Customers: Write"),
        403 => Some(NO_ACCESS),
        404 => Some(WRONG_BASE),
        500 => Some(SHOP_UNKNOWN),
        _ => None,
    })
}

/// An answer about the key alone.
pub(super) fn check_key(response: &HttpResponse) -> Reading<()> {
    check(response, |status| match status {
        401 | 403 => Some("the key is missing, revoked or expired"),
        404 => Some(WRONG_BASE),
        _ => None,
    })
}

/// An answer about a request to erase people.
pub(super) fn check_erasure(response: &HttpResponse) -> Reading<()> {
    check(response, |status| match status {
        401 => Some("the key is missing, revoked or expired, or lacks the scope Compliance: Write"),
        403 => Some("the key's owner has no access to this shop, or the key lacks the scope Compliance: Write"),
        404 => Some(WRONG_BASE),
        _ => None,
    })
}

/// An answer about a query.
pub(super) fn check_query(response: &HttpResponse) -> Reading<()> {
    check(response, |status| match status {
        200..=299 => Some("the vendor could not run the query"),
        401 => Some("the key is missing, revoked or expired, or lacks the scope Data Out"),
        // Its message names a missing token; the usual cause is the shop (documented).
        403 => Some("the key's owner has no access to this shop, or the key lacks the scope Data Out"),
        404 => Some(WRONG_BASE),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn problem(status: u16, body: &'static str) -> Option<Box<VendorError>> {
        check_customer(&HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)).err()
    }

    fn message(status: u16, body: &'static str) -> Option<Option<String>> {
        problem(status, body).map(|problem| problem.message)
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
    fn an_array_is_never_read_as_the_object() {
        for body in [r#"[false,"no"]"#, r#" [false]"#, "[]", "false", "null"] {
            assert_eq!(message(200, body), None, "{body}");
            assert_eq!(message(400, body), Some(None), "{body}");
        }
        let nested = problem(400, r#"{"success":false,"errors":[["7","id"],"plain",{"field":"zip","error":"long"}]}"#);
        let fields = nested.unwrap().fields;
        let read: Vec<_> = fields.iter().map(|f| (f.field(), f.message())).collect();
        assert_eq!(read, [("", ""), ("", "plain"), ("zip", "long")]);
    }

    #[test]
    fn a_part_of_another_type_hides_none_of_the_others() {
        for body in [
            r#"{"success":false,"message":"no","errors":"text"}"#,
            r#"{"success":false,"message":"no","errors":{"zip":"long"}}"#,
            r#"{"success":false,"message":"no","errors":null,"responses":7}"#,
        ] {
            assert_eq!(message(200, body), Some(Some("no".into())), "{body}");
        }
    }

    #[test]
    fn a_query_that_failed_in_a_200_is_a_failure() {
        assert_eq!(message(200, r#"{"isError":true,"error":"bad query"}"#), Some(Some("bad query".into())));
        let parts = r#"{"isError":false,"responses":[{"isError":false},{"isError":true,"errorMsg":"no table"}]}"#;
        assert_eq!(problem(200, parts).unwrap().fields[0].message(), "no table");
        assert_eq!(message(200, r#"{"isError":false,"responses":[{"isError":false,"errorMsg":""}]}"#), None);
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
        assert_eq!(problem(400, bulk).unwrap().fields[0].message(), "id is required");
    }
}
