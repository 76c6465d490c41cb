//! Reads the failure that an answer reports. Status first, then type, then code; never the wording of a message, which may
//! change (documented).

use crate::client::json::error_body::{ErrorBody, Node};
use crate::client::response::Reading;
use crate::client::{HttpResponse, VendorError};
use crate::error::{ErrorKind, FieldError};

/// Finds the failure that an answer of any status reports. Empty bodies, HTML and shapes that are not published leave the
/// decision to the status.
pub(super) fn check(response: &HttpResponse) -> Reading<()> {
    let body = ErrorBody::read(&response.body);
    if response.status.is_success() && !body.reports_failure() {
        return Ok(());
    }
    Err(Box::new(failure(response.status.as_u16(), &body)))
}

/// The documented envelope, and what the vendor's other code writes (seen).
fn failure(status: u16, body: &ErrorBody) -> VendorError {
    let first = |paths: &[&[&str]]| paths.iter().find_map(|path| body.text(path));
    let existing =
        first(&[&["existing_customer_id"], &["error", "existing_customer_id"], &["details", "existing_customer_id"]]);
    // The detail beside a title is the better message.
    let text = first(&[&["message"], &["error", "message"], &["error"]]);
    let word = body.text(&["error", "type"]);
    let code = body.text(&["error", "code"]).or_else(|| match body.at(&["errors"]) {
        Some(Node::List(items)) => items.iter().find_map(|item| item.get("code")?.text()).map(str::to_owned),
        _ => None,
    });
    let mut fields = Vec::new();
    if let Some(param) = first(&[&["error", "param"], &["details", "param"], &["details", "field"]]) {
        fields.push(FieldError::from_vendor(param, text.clone().unwrap_or_default()));
    }
    // Lists and maps, which are inferred from comparable vendors.
    let others = body.messages(if text.is_some() { &["errors"] } else { &["error", "errors"] });
    let message = text.or_else(|| others.joined());
    fields.extend(others.fields.into_iter().filter(|problem| problem.field() != "existing_customer_id"));
    let (kind, hint) = meaning(status, word.as_deref(), code.as_deref(), existing.is_some());
    VendorError {
        kind,
        // A type says what happened where there is no code.
        code: code.or(word),
        message,
        fields,
        conflicting_ids: existing.into_iter().map(Into::into).collect(),
        request_id: body.text(&["error", "request_id"]),
        hint,
        ..VendorError::default()
    }
}

/// The kind where it is another than the status says, and what to do about it.
fn meaning(
    status: u16,
    kind: Option<&str>,
    code: Option<&str>,
    exists: bool,
) -> (Option<ErrorKind>, Option<&'static str>) {
    const STORE: &str = "the key belongs to another store than the store id";
    const SCOPE: &str = "the key needs the scopes read:customers and write:customers";
    match (status, kind, code) {
        (200..=299, _, _) if exists => (Some(ErrorKind::Conflict), None),
        (200..=299, Some("authentication_error"), _) => (Some(ErrorKind::Unauthenticated), None),
        (200..=299, Some("store_mismatch_error"), _) => (Some(ErrorKind::Forbidden), Some(STORE)),
        (200..=299, Some("permission_error"), _) => (Some(ErrorKind::Forbidden), Some(SCOPE)),
        (200..=299, Some("not_found_error"), _) => (Some(ErrorKind::NotFound), None),
        (200..=299, Some("conflict_error"), _) => (Some(ErrorKind::Conflict), None),
        (200..=299, Some("rate_limit_error"), _) | (200..=299, _, Some("rate_limit_exceeded")) => {
            (Some(ErrorKind::RateLimited), None)
        }
        (401, _, _) => (None, Some("the key is missing, revoked or expired")),
        (403, Some("store_mismatch_error"), _) => (None, Some(STORE)),
        (403, _, _) => (None, Some(SCOPE)),
        (404, _, _) => (None, Some("where it happens on every call, the base URL or the path style is wrong")),
        (410, _, Some("store_path_removed")) => (
            Some(ErrorKind::Config),
            Some("the vendor takes no store in the path any more: set path_style to PathStyle::KeyScoped"),
        ),
        (429, _, _) => (None, Some("by default a key has 60 requests a minute and 10000 a day")),
        (400 | 422, _, _) if exists => (Some(ErrorKind::Conflict), None),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::json::error_body::shapes;
    use http::StatusCode;

    fn failure(status: u16, body: &'static str) -> Option<VendorError> {
        check(&HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)).err().map(|problem| *problem)
    }

    #[test]
    fn every_shape_of_an_error_is_read() {
        let full = failure(
            404,
            r#"{"error":{"type":"not_found_error","message":"Customer not found","code":"resource_missing","param":"id","request_id":"req_1"}}"#,
        )
        .unwrap();
        assert_eq!((full.code.as_deref(), full.request_id.as_deref()), (Some("resource_missing"), Some("req_1")));
        assert_eq!((full.fields[0].field(), full.message.as_deref()), ("id", Some("Customer not found")));
        for (body, message, field) in [
            (r#"{"error":"Not found"}"#, Some("Not found"), None),
            (r#"{"error":"Failed","message":"detail"}"#, Some("detail"), None),
            (r#"{"error":"Failed","details":{"field":"phone"}}"#, Some("Failed"), Some("phone")),
            (r#"{"message":"alone"}"#, Some("alone"), None),
            (r#"{"success":false,"error":"no"}"#, Some("no"), None),
            (r#"{"errors":[{"code":"bad","detail":"d","source":{"pointer":"/email"}}]}"#, None, Some("/email")),
            (r#"{"errors":[{"message":"d","param":"tags"}]}"#, None, Some("tags")),
            (r#"{"error":{"message":7,"param":null}}"#, Some("7"), None),
            (r#"{"error":["x"],"details":["y"]}"#, Some("x"), None),
            (r#"{"error":{"email":["x"]}}"#, None, Some("email")),
            (r#"{"errors":"x"}"#, Some("x"), None),
            (r#"{"errors":[{"message":"a"},"b"]}"#, Some("a; b"), None),
            ("", None, None),
            ("<html>502</html>", None, None),
            ("[1]", None, None),
        ] {
            let problem = failure(400, body).unwrap();
            assert_eq!(problem.message.as_deref(), message, "{body}");
            assert_eq!(problem.fields.first().map(FieldError::field), field, "{body}");
        }
        assert_eq!(failure(400, r#"{"errors":[{"code":"bad"}]}"#).unwrap().code.as_deref(), Some("bad"));
    }

    #[test]
    fn each_shape_of_a_failure_beside_a_success_status_is_a_failure() {
        for status in [200, 201, 207] {
            for body in shapes::FAILURES {
                assert!(failure(status, body).is_some(), "{status} {body}");
            }
            for body in shapes::SUCCESSES {
                assert!(failure(status, body).is_none(), "{status} {body}");
            }
        }
    }

    #[test]
    fn a_2xx_that_says_no_is_a_failure_and_any_other_is_not() {
        for body in ["", "<html>", r#"{"id":"x","error":null}"#, r#"{"success":true,"error":""}"#, r#"{"errors":[]}"#] {
            assert!(failure(200, body).is_none(), "{body}");
        }
        let duplicate = failure(200, r#"{"success":false,"error":"Duplicate","existing_customer_id":"b"}"#).unwrap();
        assert_eq!(duplicate.kind, Some(ErrorKind::Conflict));
        assert_eq!(duplicate.conflicting_ids, ["b"]);
        assert_eq!(failure(200, r#"{"success":"false"}"#).unwrap().kind, None);
        assert_eq!(failure(201, r#"{"error":{"type":"permission_error"}}"#).unwrap().kind, Some(ErrorKind::Forbidden));
        let inside = failure(409, r#"{"error":{"code":"x","existing_customer_id":"c"}}"#).unwrap();
        assert_eq!(inside.conflicting_ids, ["c"]);
    }

    #[test]
    fn type_and_code_distinguish_two_failures_of_one_status() {
        let hint = |status, body| failure(status, body).unwrap().hint.unwrap();
        assert!(hint(403, r#"{"error":{"type":"store_mismatch_error"}}"#).contains("another store"));
        assert!(hint(403, r#"{"error":{"type":"permission_error"}}"#).contains("scopes"));
        let removed = failure(410, r#"{"error":{"code":"store_path_removed"}}"#).unwrap();
        assert_eq!(removed.kind, Some(ErrorKind::Config));
        assert!(removed.hint.unwrap().contains("KeyScoped"));
        assert_eq!(failure(410, "").unwrap().kind, None);
    }
}
