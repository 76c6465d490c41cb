//! Reads the failure that an answer reports. No error of this vendor carries a code of its own that was seen, so that the
//! status decides, and never the wording of a message.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::json::error_body::ErrorBody;
use crate::client::json::object::object;
use crate::client::json::value::lenient;
use crate::client::response::Reading;
use crate::client::{HttpResponse, Secret, VendorError, by_status};
use crate::error::{Effect, ErrorKind};

/// Where a body holds a status: `{"status": {"code": …}}` and `{"code": …}` of the older API, `{"Code": "…"}` of token
/// checks (all seen).
const CODES: &[&[&str]] = &[&["status", "code"], &["code"], &["Code"]];

/// The failure that an answer reports; none where neither the status nor the body does. Empty bodies, HTML and shapes
/// that were never seen leave the decision to the status.
pub(super) fn failure(response: &HttpResponse) -> Option<VendorError> {
    let success = response.status.is_success();
    let body = ErrorBody::read(&response.body);
    let code = CODES.iter().find_map(|path| body.text(path));
    let inner = code.as_deref().and_then(|code| code.parse::<u16>().ok()).filter(|code| (400..600).contains(code));
    if success && inner.is_none() && !body.reports_failure() {
        return None;
    }
    let mut problem = VendorError { code, ..VendorError::default() };
    if let (true, Some(inner)) = (success, inner) {
        // A status inside a 200 says what the outer one should have said.
        let (kind, effect, retry) = by_status(inner, response.headers.contains_key("retry-after"));
        (problem.kind, problem.effect, problem.retry) = (Some(kind), Some(effect), Some(retry));
    }
    // `message` is that of the gateway (inferred).
    let mut messages = body.messages(&["errors", "error", "message"]);
    messages.plain.extend(body.text(&["status", "message"]));
    if messages.plain.is_empty() && messages.fields.is_empty() && problem.code.is_none() && !success {
        // A bare map of names and reasons (seen in a sibling API).
        messages.fields = body.as_fields();
    }
    problem.message = messages.joined();
    problem.fields = messages.fields;
    Some(problem)
}

/// Finds the failure that an answer reports; `hint` says what to do about a status.
pub(super) fn check_with(response: &HttpResponse, hint: impl Fn(u16) -> Option<&'static str>) -> Reading<()> {
    match failure(response) {
        None => Ok(()),
        Some(problem) => Err(Box::new(VendorError { hint: hint(response.status.as_u16()), ..problem })),
    }
}

/// An answer about customers.
pub(super) fn check(response: &HttpResponse) -> Reading<()> {
    check_with(response, hint)
}

const fn hint(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("the access token is unknown, expired, or of another store"),
        403 => Some("the access token is not allowed to do this, or is of another store"),
        404 => Some("the store id (app key) is unknown, or the base URL is wrong"),
        406 => Some("the vendor answers in JSON only: something on the way changes the Accept header"),
        _ => None,
    }
}

/// An answer to a request for a token. A 200 with an error is a refused secret (seen).
pub(super) fn check_token(response: &HttpResponse) -> Reading<()> {
    check_with(response, |status| match status {
        200..=299 | 400 | 401 | 403 | 422 => Some("the store id (app key) and the API secret do not belong together"),
        status => hint(status),
    })
    .map_err(|mut problem| {
        if response.status.is_success() {
            problem.kind.get_or_insert(ErrorKind::Unauthenticated);
        }
        problem
    })
}

/// The token of an answer: only a token is a success.
pub(super) fn read_token(response: &HttpResponse) -> Option<Secret> {
    #[derive(Deserialize)]
    struct Minted {
        #[serde(default, deserialize_with = "lenient")]
        access_token: Option<Secret>,
    }
    object::<Minted>(&response.body)?.access_token.filter(|token| !token.is_blank())
}

/// An answer about unsubscribers. A success may hold errors inside its `response` (seen), where some of the addresses may
/// have been taken.
pub(super) fn check_unsubscribers(response: &HttpResponse) -> Reading<()> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow, default)]
        response: Option<&'a RawValue>,
    }
    check(response)?;
    let inner = object::<Envelope<'_>>(&response.body).and_then(|envelope| envelope.response);
    let inner = inner.map(|inner| HttpResponse::new(response.status, Bytes::copy_from_slice(inner.get().as_bytes())));
    match inner.and_then(|inner| failure(&inner)) {
        None => Ok(()),
        Some(problem) => {
            let (kind, effect) = (Some(ErrorKind::Rejected), Some(Effect::Unknown));
            Err(Box::new(VendorError { kind, effect, ..problem }))
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::client::json::error_body::shapes;
    use crate::client::response::decode;

    fn answer(status: u16, body: &'static str) -> HttpResponse {
        HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)
    }

    /// Message, fields and code.
    type Read = (Option<String>, Vec<(String, String)>, Option<String>);

    fn read(status: u16, body: &'static str) -> Option<Read> {
        let problem = check(&answer(status, body)).err()?;
        let fields = problem.fields.iter().map(|f| (f.field().to_owned(), f.message().to_owned())).collect();
        Some((problem.message, fields, problem.code))
    }

    #[test]
    fn a_2xx_is_a_success_unless_its_body_says_no() {
        for body in shapes::FAILURES {
            for status in [200, 207] {
                let problem = check(&answer(status, body)).unwrap_err();
                assert_eq!((problem.kind, problem.effect), (None, None), "{body}: the call decides: rejected");
            }
        }
        for body in shapes::SUCCESSES {
            assert!(read(200, body).is_none(), "{body}");
        }
        for body in [
            r#"{"customer":{"external_id":"1"}}"#,
            // Lists are never read as the object, item by item.
            r#"["no",["no"],{"code":404}]"#,
            r#"{"status":[404,"no"]}"#,
            r#"{"status":{"code":200,"message":"OK"}}"#,
            r#"{"status":"accepted","code":"202"}"#,
            r#"{"Status":"Success","Code":"200"}"#,
        ] {
            assert!(read(200, body).is_none(), "{body}");
        }
        for body in [r#"{"errors":{"message":"no"}}"#, r#"{"error":0,"errors":[null,{"message":"no"}]}"#] {
            assert_eq!(read(202, body).unwrap().0.as_deref(), Some("no"), "{body}");
        }
    }

    #[test]
    fn every_shape_of_a_failure_is_read() {
        let message = |status, body| read(status, body).unwrap().0;
        assert_eq!(message(400, r#"{"errors":[{"message":"a"},{"message":"b"}]}"#).as_deref(), Some("a; b"));
        assert_eq!(message(400, r#"{"error":"Customer does not exist"}"#).as_deref(), Some("Customer does not exist"));
        assert_eq!(message(401, r#"{"message":"Unauthorized"}"#).as_deref(), Some("Unauthorized"));
        let fields = read(404, r#"{"errors":[{"message":{"customer":"Could not find customer"}}]}"#).unwrap();
        assert_eq!(fields.1, [("customer".to_owned(), "Could not find customer".to_owned())]);
        assert_eq!(fields.0, None);
        let listed = read(400, r#"{"errors":[{"field":"email","message":"is odd"}]}"#).unwrap();
        assert_eq!(listed.1, [("email".to_owned(), "is odd".to_owned())]);
        let rails = read(422, r#"{"errors":{"email":["is odd","is long"]}}"#).unwrap();
        assert_eq!(rails.1.len(), 2);
        let v1 = read(401, r#"{"status":{"code":401,"message":"Invalid"},"response":{}}"#).unwrap();
        assert_eq!((v1.0.as_deref(), v1.2.as_deref()), (Some("Invalid"), Some("401")));
        let flat = read(400, r#"{"code":400,"message":"odd"}"#).unwrap();
        assert_eq!((flat.0.as_deref(), flat.2.as_deref()), (Some("odd"), Some("400")));
        assert_eq!(read(401, r#"{"Status":"Failed","Code":"401"}"#).unwrap().2.as_deref(), Some("401"));
        let batch = read(400, r#"{"cust-1":"is odd"}"#).unwrap();
        assert_eq!(batch.1, [("cust-1".to_owned(), "is odd".to_owned())]);
        for body in ["", "{}", "<html>502</html>", "[1]", "\u{0}", "upstream timed out", r#"{"errors":7}"#] {
            assert!(read(502, body).is_some(), "{body}");
        }
    }

    #[test]
    fn a_status_inside_a_200_counts() {
        let problem = check(&answer(200, r#"{"status":{"code":404,"message":"x"}}"#)).unwrap_err();
        assert_eq!(problem.kind, Some(ErrorKind::NotFound));
    }

    #[test]
    fn only_a_token_is_a_success_of_a_token_call() {
        let kind =
            |status, body| decode(check_token, read_token)(&answer(status, body)).err().map(|problem| problem.kind);
        for status in [200, 201, 202] {
            assert_eq!(kind(status, r#"{"access_token":"fake","token_type":"bearer"}"#), None);
        }
        assert_eq!(kind(200, r#"{"error":"invalid_client"}"#), Some(Some(ErrorKind::Unauthenticated)));
        for body in [
            "",
            "{}",
            r#"["fake"]"#,
            r#"{"access_token":""}"#,
            r#"{"access_token":null}"#,
            r#"{"access_token":{}}"#,
            "<html>",
        ] {
            assert_eq!(kind(200, body), Some(Some(ErrorKind::Decode)), "{body}");
        }
        assert_eq!(kind(401, r#"{"access_token":"fake"}"#), Some(None));
    }
}
