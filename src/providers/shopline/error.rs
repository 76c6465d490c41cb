//! Reads the failure that an answer reports. Never decided by the wording of a message: the vendor has no stable codes on these
//! routes, and documents no text of a duplicate.

use crate::client::json::error_body::{ErrorBody, Node};
use crate::client::response::Reading;
use crate::client::{HttpResponse, Retry, VendorError, by_status as by_any_status};
use crate::error::{ErrorKind, FieldError};

/// The keys of what a success brings.
const RESULTS: &[&str] = &[
    "customer",
    "customers",
    "customer_address",
    "user_address",
    "user_subscribe_info_list",
    "customer_invite",
    "customer_saved_search",
    "customer_saved_searches",
    "metafield",
    "metafields",
    "fail_metafields",
    "list",
    "data",
    "count",
];

/// Finds the failure that an answer reports. The shapes of an error are `errors` as a string (documented), as an array or
/// an object (read by the vendor's own clients), `error`, `message`, `code` and `i18nCode`. Empty bodies, HTML and shapes
/// that are not documented leave the decision to the status.
pub(super) fn check(response: &HttpResponse) -> Reading<()> {
    let body = ErrorBody::read(&response.body);
    let is_success = response.status.is_success();
    let brings_result = RESULTS.iter().any(|key| body.at(&[key]).is_some_and(|node| *node != Node::Null));
    let code = body.text(&["code"]);
    // The envelope of the token calls, should it come here: a code that is an error's status.
    let inner = code.as_deref().and_then(|code| code.trim().parse().ok()).filter(|code| (400..600).contains(code));
    let inner = inner.filter(|_| is_success && !brings_result);
    if is_success && inner.is_none() && !body.reports_failure() {
        return Ok(());
    }
    let (message, fields) = texts(&body);
    let mut failed = VendorError { code: body.text(&["i18nCode"]).or(code), message, fields, ..VendorError::default() };
    if let Some(status) = inner {
        let (kind, effect, retry) = by_any_status(status, false);
        (failed.kind, failed.effect, failed.retry) = (Some(kind), Some(effect), Some(retry));
    } else {
        let status = response.status.as_u16();
        (failed.kind, failed.hint) = by_status(status);
        failed.retry = matches!(status, 433..=436).then_some(Retry::Never);
    }
    Err(Box::new(failed))
}

/// The vendor's message, and what it reports about single fields.
fn texts(body: &ErrorBody) -> (Option<String>, Vec<FieldError>) {
    let found = body.messages(&["errors", "error"]);
    // The vendor's validator writes `body.customer.email:message` (seen on another resource).
    let of_path = |text: &String| {
        let (path, message) = text.split_once(':').filter(|(path, _)| is_path(path))?;
        Some(FieldError::from_vendor(path, message.trim()))
    };
    let fields: Vec<FieldError> = found.plain.iter().filter_map(of_path).collect();
    let named = found.fields.iter().map(|field| format!("{}: {}", field.field(), field.message()));
    let texts: Vec<String> = found.plain.iter().cloned().chain(named).collect();
    let message = if texts.is_empty() { body.text(&["message"]) } else { Some(texts.join("; ")) };
    (message, fields.into_iter().chain(found.fields).collect())
}

/// What a status means here beyond what it means everywhere (documented).
const fn by_status(status: u16) -> (Option<ErrorKind>, Option<&'static str>) {
    match status {
        401 => (None, Some("the access token is missing, wrong or expired, or belongs to another store")),
        402 => (None, Some("the store is frozen for want of payment")),
        403 => (None, Some("the app lacks a scope: read_customers and write_customers are needed")),
        404 => (None, Some("where every call is answered so, the handle or the API version is wrong")),
        412 => (None, Some("the vendor holds the content to be risky, such as a script")),
        423 => (Some(ErrorKind::Forbidden), Some("the store is locked; only SHOPLINE can lift that")),
        433 => (Some(ErrorKind::Forbidden), Some("the vendor takes the request for an attack, or has blocked the IP")),
        434 => {
            (Some(ErrorKind::Unavailable), Some("the vendor's security layer finds the requests too many: pause long"))
        }
        435 => (
            Some(ErrorKind::Unavailable),
            Some("the vendor's security layer takes the requests for a flood: pause long"),
        ),
        436 => (Some(ErrorKind::Forbidden), Some("the content breaks the vendor's security policy")),
        501 => (None, Some("the route is not available to this store")),
        _ => (None, None),
    }
}

fn is_path(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'[' | b']');
    let root = text.split(['.', '[']).next().unwrap_or_default();
    matches!(root, "body" | "query" | "path" | "header" | "customer" | "customer_address") && text.bytes().all(word)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::client::json::error_body::shapes;

    fn problem(status: u16, body: &'static str) -> Option<VendorError> {
        check(&HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)).err().map(|failed| *failed)
    }

    fn fields(problem: &VendorError) -> Vec<(String, String)> {
        problem.fields.iter().map(|f| (f.field().to_owned(), f.message().to_owned())).collect()
    }

    #[test]
    fn a_2xx_is_a_success_unless_it_reports_an_error() {
        for body in
            ["", "{}", "<html>", r#"{"customer":{"id":"1"}}"#, r#"{"customer":{},"errors":""}"#, r#"{"errors":null}"#]
        {
            for status in [200, 201, 202] {
                assert!(problem(status, body).is_none(), "{body}");
            }
        }
        for body in shapes::FAILURES {
            for status in [200, 207] {
                let found = problem(status, body).unwrap();
                assert_eq!(
                    (found.kind, found.effect, found.retry),
                    (None, None, None),
                    "{body}: rejected, by the status"
                );
            }
        }
        for body in shapes::SUCCESSES {
            assert!(problem(200, body).is_none(), "{body}");
        }
        assert_eq!(problem(200, r#"{"errors":"no"}"#).unwrap().message.as_deref(), Some("no"));
        for (body, kind, retry) in [
            (r#"{"code":500,"i18nCode":"X","message":"no"}"#, ErrorKind::Unavailable, Retry::IfIdempotent),
            (r#"{"code":"429","message":"no"}"#, ErrorKind::RateLimited, Retry::Always),
            (r#"{"code":403,"errors":"no"}"#, ErrorKind::Forbidden, Retry::Never),
        ] {
            let found = problem(200, body).unwrap();
            assert_eq!((found.kind, found.retry, found.message.as_deref()), (Some(kind), Some(retry), Some("no")));
        }
        for good in [r#"{"code":200,"message":"ok"}"#, r#"{"code":"SUCCESS"}"#, r#"{"code":500,"count":1}"#] {
            assert!(problem(200, good).is_none(), "{good}");
        }
    }

    #[test]
    fn every_shape_of_an_error_is_read() {
        for (body, message) in [
            (r#"{"errors":"The product does not exist."}"#, Some("The product does not exist.")),
            (r#"{"errors":["one","two"]}"#, Some("one; two")),
            (r#"{"errors":[{"a":1}]}"#, Some("a: 1")),
            (
                r#"{"errors":{"email":["is taken","is long"],"phone":"bad"}}"#,
                Some("email: is taken; email: is long; phone: bad"),
            ),
            (r#"{"error":"no"}"#, Some("no")),
            (r#"{"message":"no"}"#, Some("no")),
            (r#"{"code":500,"i18nCode":"X","message":"no"}"#, Some("no")),
            ("", None),
            ("{}", None),
            ("[]", None),
            ("<html>433</html>", None),
            (r#"{"errors":7}"#, Some("7")),
            ("\u{0}", None),
        ] {
            assert_eq!(problem(422, body).unwrap().message.as_deref(), message, "{body}");
        }
    }

    #[test]
    fn fields_are_found_in_paths_and_objects() {
        let found = problem(400, r#"{"errors":"body.webhook:The property 'a' is missing: add it"}"#).unwrap();
        assert_eq!(fields(&found), [("body.webhook".into(), "The property 'a' is missing: add it".into())]);
        let found = problem(422, r#"{"errors":{"email":["is taken"],"phone":"bad"}}"#).unwrap();
        assert_eq!(fields(&found), [("email".into(), "is taken".into()), ("phone".into(), "bad".into())]);
        for body in [r#"{"errors":"Note: nothing"}"#, r#"{"errors":"The time 12:30"}"#, r#"{"errors":"no path"}"#] {
            assert!(problem(422, body).unwrap().fields.is_empty(), "{body}");
        }
    }

    #[test]
    fn codes_and_statuses_say_what_it_is() {
        assert_eq!(problem(500, r#"{"code":"500"}"#).unwrap().code.as_deref(), Some("500"));
        assert_eq!(problem(500, r#"{"code":500}"#).unwrap().code.as_deref(), Some("500"));
        let both = problem(400, r#"{"code":400,"i18nCode":"REQUEST_FREQUENTLY"}"#).unwrap();
        assert_eq!(both.code.as_deref(), Some("REQUEST_FREQUENTLY"));
        for (status, kind) in [
            (423, Some(ErrorKind::Forbidden)),
            (433, Some(ErrorKind::Forbidden)),
            (434, Some(ErrorKind::Unavailable)),
            (435, Some(ErrorKind::Unavailable)),
            (436, Some(ErrorKind::Forbidden)),
            (412, None),
            (402, None),
        ] {
            let found = problem(status, "").unwrap();
            assert_eq!((found.kind, found.hint.is_some()), (kind, true), "{status}");
        }
    }
}
