//! What an answer means. No error of this vendor carries a code of its own that was seen, so that the status decides,
//! and never the wording of a message.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::json::lenient::{Scalar, lenient_text};
use crate::client::{BodyFault, HttpResponse, Retry, VendorError, Verdict, by_status};
use crate::error::{Effect, ErrorKind, FieldError};

/// What any of the vendor's answers may hold beside its data. Every part may be missing.
#[derive(Default, Deserialize)]
struct Answer<'a> {
    /// `{"error": "…"}` (seen), with a 200 too.
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    /// `{"errors": [{"message": …}]}` (seen), where a message may be an object of fields.
    #[serde(borrow, default)]
    errors: Option<&'a RawValue>,
    /// `{"status": {"code": …, "message": …}}` (seen), of the older API.
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
    /// `{"message": …}`, of the gateway (inferred).
    #[serde(default, deserialize_with = "lenient_text")]
    message: Option<String>,
    /// `{"code": …, "message": …}` (seen), of the older API.
    #[serde(default, deserialize_with = "lenient_text")]
    code: Option<String>,
    /// `{"Status": …, "Code": "…"}` (seen), of token checks.
    #[serde(default, deserialize_with = "lenient_text", rename = "Code")]
    capital_code: Option<String>,
}

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default, deserialize_with = "lenient_text")]
    code: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    message: Option<String>,
}

/// An error in whatever shape.
#[derive(Deserialize)]
#[serde(untagged)]
enum Node {
    Map(BTreeMap<String, Node>),
    List(Vec<Node>),
    Scalar(Scalar),
}

impl Node {
    fn read(raw: &RawValue) -> Self {
        serde_json::from_str(raw.get()).unwrap_or(Self::Scalar(Scalar::Other))
    }

    /// Whether it tells of an error at all: not null, false, nought or empty, nor a map of nothing but these.
    fn tells(&self) -> bool {
        match self {
            Self::Map(map) => map.values().any(Self::tells),
            // Whatever stands in a list of errors is one, even if it says nothing.
            Self::List(list) => !list.is_empty(),
            Self::Scalar(Scalar::Text(text) | Scalar::Number(text)) => {
                !matches!(text.trim().to_ascii_lowercase().as_str(), "" | "0" | "false" | "null")
            }
            Self::Scalar(Scalar::Bool(value)) => *value,
            Self::Scalar(Scalar::Other) => false,
        }
    }
}

/// The texts of an error: those that name a field, and the others.
#[derive(Default)]
struct Texts {
    plain: Vec<String>,
    fields: Vec<FieldError>,
}

impl Texts {
    /// Collects the texts under `node`; `field` is what they are about, if that is told.
    fn collect(&mut self, node: Node, field: Option<&str>) {
        match node {
            Node::List(list) => list.into_iter().for_each(|node| self.collect(node, field)),
            Node::Map(map) => {
                let named = map.get("field").or_else(|| map.get("attribute"));
                let named = match named {
                    Some(Node::Scalar(Scalar::Text(name))) => Some(name.clone()),
                    _ => None,
                };
                for (key, node) in map {
                    match key.as_str() {
                        "message" | "messages" | "error" | "errors" => {
                            self.collect(node, named.as_deref().or(field));
                        }
                        "field" | "attribute" | "code" | "status" => {}
                        _ => self.collect(node, Some(&key)),
                    }
                }
            }
            Node::Scalar(Scalar::Text(text) | Scalar::Number(text)) => match field {
                Some(field) => self.fields.push(FieldError::from_vendor(field, text)),
                None => self.plain.push(text),
            },
            Node::Scalar(_) => {}
        }
    }
}

/// An object of this form. Anything else is none: of an array, serde would take the items for the fields in their order.
pub(super) fn object<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Option<T> {
    let first = json.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'{') { serde_json::from_slice(json).ok() } else { None }
}

/// Reads an answer of any status. Empty bodies, HTML and shapes that nobody has seen leave the decision to the status.
pub(super) fn judge(response: &HttpResponse) -> Verdict {
    match failure(response) {
        None => Verdict::Success,
        Some(mut problem) => {
            problem.hint = hint(response.status.as_u16());
            problem.into_verdict()
        }
    }
}

/// Reads the answer to a read, of which `reads` tells whether the body can be used. One that broke off on its way is
/// worth another try.
pub(super) fn judge_read(response: &HttpResponse, reads: impl Fn(&[u8]) -> bool) -> Verdict {
    match judge(response) {
        Verdict::Success if response.fault == Some(BodyFault::Cut) && !reads(&response.body) => {
            let hint = Some("the answer broke off");
            let (kind, effect, retry) = (Some(ErrorKind::Decode), Some(Effect::NotSent), Some(Retry::IfIdempotent));
            VendorError { kind, effect, retry, hint, ..VendorError::default() }.into_verdict()
        }
        verdict => verdict,
    }
}

/// Reads the answer to a request for a token: only a token is a success.
pub(super) fn judge_token(response: &HttpResponse) -> Verdict {
    let mut problem = match failure(response) {
        None if token(&response.body).is_some() => return Verdict::Success,
        // A 200 without a token and without an error: nothing says that the secret is wrong.
        None => VendorError {
            kind: Some(ErrorKind::Decode),
            effect: Some(Effect::Rejected),
            retry: response.fault.map(|_| Retry::IfIdempotent),
            ..VendorError::default()
        },
        Some(problem) if response.status.is_success() && problem.kind.is_none() => {
            VendorError { kind: Some(ErrorKind::Unauthenticated), ..problem }
        }
        Some(problem) => problem,
    };
    problem.hint = match response.status.as_u16() {
        200..=299 | 400 | 401 | 403 | 422 => Some("the store id (app key) and the API secret do not belong together"),
        404 => Some("the store id (app key) is unknown, or the base URL is wrong"),
        status => hint(status),
    };
    problem.into_verdict()
}

/// The token of an answer.
pub(super) fn token(body: &[u8]) -> Option<SecretString> {
    #[derive(Deserialize)]
    struct Minted {
        #[serde(default, deserialize_with = "lenient_text")]
        access_token: Option<String>,
    }
    let minted: Minted = object(body)?;
    minted.access_token.filter(|token| !token.trim().is_empty()).map(SecretString::from)
}

/// What failed; none where the status and the body tell of no error.
pub(super) fn failure(response: &HttpResponse) -> Option<VendorError> {
    let success = response.status.is_success();
    let answer: Answer<'_> = match object(&response.body) {
        Some(answer) => answer,
        None if success => return None,
        None => Answer::default(),
    };
    let status = answer.status.and_then(|raw| object::<Status>(raw.get().as_bytes())).unwrap_or_default();
    let code = status.code.or(answer.code).or(answer.capital_code);
    let inner = code.as_deref().and_then(|code| code.parse::<u16>().ok()).filter(|code| (400..600).contains(code));
    let errors: Vec<Node> =
        [answer.errors, answer.error].into_iter().flatten().map(Node::read).filter(Node::tells).collect();
    if success && errors.is_empty() && inner.is_none() {
        return None;
    }
    let mut problem = VendorError { code, ..VendorError::default() };
    if let (true, Some(inner)) = (success, inner) {
        // A status inside a 200 says what the outer one should have said.
        let (kind, effect, retry) = by_status(inner, response.headers.contains_key("retry-after"));
        (problem.kind, problem.effect, problem.retry) = (Some(kind), Some(effect), Some(retry));
    }
    let mut texts = Texts::default();
    errors.into_iter().for_each(|node| texts.collect(node, None));
    texts.plain.extend(answer.message.into_iter().chain(status.message));
    if texts.plain.is_empty() && texts.fields.is_empty() && problem.code.is_none() && !success {
        reasons(&response.body, &mut texts);
    }
    problem.message = (!texts.plain.is_empty()).then(|| texts.plain.join("; "));
    problem.fields = texts.fields;
    Some(problem)
}

/// A bare map of names and reasons (seen in a sibling API).
fn reasons(body: &[u8], texts: &mut Texts) {
    let Ok(map) = serde_json::from_slice::<BTreeMap<String, Scalar>>(body) else { return };
    for (name, reason) in map {
        if let Scalar::Text(reason) = reason
            && !matches!(name.as_str(), "status" | "Status")
        {
            texts.fields.push(FieldError::from_vendor(name, reason));
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn answer(status: u16, body: &'static str) -> HttpResponse {
        HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)
    }

    /// Message, fields and code.
    type Read = (Option<String>, Vec<(String, String)>, Option<String>);

    fn read(status: u16, body: &'static str) -> Option<Read> {
        match judge(&answer(status, body)) {
            Verdict::Success => None,
            Verdict::Failure(problem) => {
                let fields = problem.fields.iter().map(|f| (f.field().to_owned(), f.message().to_owned())).collect();
                Some((problem.message, fields, problem.code))
            }
        }
    }

    #[test]
    fn a_2xx_is_a_success_unless_its_body_says_no() {
        for body in [
            "",
            "{}",
            "<html>",
            "[]",
            "\u{0}",
            r#"{"customer":{"external_id":"1"}}"#,
            r#"{"error":null,"errors":[]}"#,
            r#"{"error":"","errors":{}}"#,
            r#"{"error":false}"#,
            r#"{"error":0,"errors":"0"}"#,
            r#"{"error":"false","errors":{"email":null,"tags":""}}"#,
            // Lists are never read as the object, item by item.
            r#"["no"]"#,
            r#"["no",["no"],{"code":404}]"#,
            r#"{"status":[404,"no"]}"#,
            r#"{"status":{"code":200,"message":"OK"}}"#,
            r#"{"status":"accepted","code":"202"}"#,
            r#"{"Status":"Success","Code":"200"}"#,
        ] {
            assert!(read(200, body).is_none(), "{body}");
        }
        for body in [
            r#"{"error":"no"}"#,
            r#"{"errors":[{"message":"no"}]}"#,
            r#"{"errors":["no"]}"#,
            r#"{"errors":{"message":"no"}}"#,
            r#"{"errors":"no"}"#,
            r#"{"error":{"message":"no"}}"#,
            r#"{"error":0,"errors":[null,{"message":"no"}]}"#,
        ] {
            assert_eq!(read(202, body).unwrap().0.as_deref(), Some("no"), "{body}");
        }
        for body in [r#"{"error":true}"#, r#"{"error":17}"#, r#"{"errors":[{}]}"#, r#"{"errors":{"email":["odd"]}}"#] {
            assert!(read(200, body).is_some(), "{body}");
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
        match judge(&answer(200, r#"{"status":{"code":404,"message":"x"}}"#)) {
            Verdict::Failure(problem) => assert_eq!(problem.kind, Some(ErrorKind::NotFound)),
            Verdict::Success => panic!("it says 404"),
        }
    }

    #[test]
    fn only_a_token_is_a_success_of_a_token_call() {
        let kind = |status, body| match judge_token(&answer(status, body)) {
            Verdict::Success => None,
            Verdict::Failure(problem) => Some(problem.kind),
        };
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
