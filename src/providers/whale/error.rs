//! What an answer means. Status first, then type, then code; never the wording of a message, which may change
//! (documented).

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

use crate::client::json::lenient::{lenient_bool, lenient_text, lenient_value};
use crate::client::json::object::object;
use crate::client::response::Reading;
use crate::client::{HttpResponse, VendorError};
use crate::error::{ErrorKind, FieldError};

/// Every published shape of an error in one: the documented envelope, and what the vendor's other code writes.
#[derive(Default, serde::Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "error_part")]
    error: Option<ErrorPart>,
    #[serde(default, deserialize_with = "lenient_text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "lenient_bool")]
    success: Option<bool>,
    #[serde(default, deserialize_with = "lenient_text")]
    existing_customer_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_object")]
    details: Option<Details>,
    #[serde(default, deserialize_with = "lenient_value")]
    errors: Option<Vec<Item>>,
}

/// The documented envelope's inside; as a text it is the message alone.
#[derive(Default, serde::Deserialize)]
struct ErrorPart {
    #[serde(rename = "type", default, deserialize_with = "lenient_text")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    code: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    param: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    request_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    existing_customer_id: Option<String>,
}

#[derive(Default, serde::Deserialize)]
struct Details {
    #[serde(default, deserialize_with = "lenient_text")]
    param: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    field: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    existing_customer_id: Option<String>,
}

/// One problem of a list (inferred from comparable vendors).
#[derive(Default, serde::Deserialize)]
struct Item {
    #[serde(default, deserialize_with = "lenient_text")]
    code: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    detail: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    param: Option<String>,
    #[serde(default, deserialize_with = "lenient_object")]
    source: Option<Source>,
}

#[derive(Default, serde::Deserialize)]
struct Source {
    #[serde(default, deserialize_with = "lenient_text")]
    pointer: Option<String>,
}

/// An object, or a text that is the message; null, `false` and an empty text are no error.
fn error_part<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ErrorPart>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let raw = raw.get();
    if matches!(raw, "null" | "false") {
        return Ok(None);
    }
    if let Ok(text) = serde_json::from_str::<String>(raw) {
        let part = ErrorPart { message: Some(text), ..ErrorPart::default() };
        return Ok(part.message.as_deref().is_some_and(|text| !text.trim().is_empty()).then_some(part));
    }
    Ok(Some(object(raw.as_bytes()).unwrap_or_default()))
}

fn lenient_object<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(object(raw.get().as_bytes()))
}

/// Finds the failure that an answer of any status reports. Empty bodies, HTML and shapes that are not published leave the
/// decision to the status.
pub(super) fn check(response: &HttpResponse) -> Reading<()> {
    let answer: Answer = object(&response.body).unwrap_or_default();
    let has_items = answer.errors.as_ref().is_some_and(|items| !items.is_empty());
    if response.status.is_success() && answer.success != Some(false) && answer.error.is_none() && !has_items {
        return Ok(());
    }
    Err(Box::new(problem(response.status.as_u16(), answer)))
}

fn problem(status: u16, answer: Answer) -> VendorError {
    let part = answer.error.unwrap_or_default();
    let details = answer.details.unwrap_or_default();
    let existing = answer.existing_customer_id.or(part.existing_customer_id).or(details.existing_customer_id);
    let existing = existing.filter(|id| !id.trim().is_empty());
    let mut code = part.code;
    let mut fields = Vec::new();
    // The detail beside a title is the better message.
    let message = answer.message.or(part.message);
    if let Some(param) = part.param.or(details.param).or(details.field) {
        fields.push(FieldError::from_vendor(param, message.clone().unwrap_or_default()));
    }
    for item in answer.errors.unwrap_or_default() {
        code = code.or(item.code);
        let field = item.param.or(item.source.and_then(|source| source.pointer));
        let text = item.detail.or(item.message);
        fields.push(FieldError::from_vendor(field.unwrap_or_default(), text.unwrap_or_default()));
    }
    let (kind, hint) = meaning(status, part.kind.as_deref(), code.as_deref(), existing.is_some());
    // A type says what happened where there is no code.
    let code = code.or(part.kind);
    let conflicting_ids = existing.into_iter().map(Into::into).collect();
    VendorError {
        kind,
        code,
        message,
        fields,
        conflicting_ids,
        request_id: part.request_id,
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
            (r#"{"error":["x"],"details":["y"]}"#, None, None),
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
    fn two_of_a_status_are_told_apart_by_type_and_code() {
        let hint = |status, body| failure(status, body).unwrap().hint.unwrap();
        assert!(hint(403, r#"{"error":{"type":"store_mismatch_error"}}"#).contains("another store"));
        assert!(hint(403, r#"{"error":{"type":"permission_error"}}"#).contains("scopes"));
        let removed = failure(410, r#"{"error":{"code":"store_path_removed"}}"#).unwrap();
        assert_eq!(removed.kind, Some(ErrorKind::Config));
        assert!(removed.hint.unwrap().contains("KeyScoped"));
        assert_eq!(failure(410, "").unwrap().kind, None);
    }
}
