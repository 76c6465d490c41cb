//! What an answer means. Never decided by the wording of a message: the vendor has no stable codes on these routes, and
//! no text of a duplicate is documented.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::client::json::lenient::lenient_text;
use crate::client::response::Reading;
use crate::client::{HttpResponse, Retry, VendorError, by_status as by_any_status};
use crate::error::{ErrorKind, FieldError};

/// Every shape of an error: `errors` as a string (documented), as an array or an object (read by the vendor's own
/// clients), `error`, `message`, `code` and `i18nCode`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
    #[serde(deserialize_with = "lenient_text")]
    error: Option<String>,
    #[serde(deserialize_with = "lenient_text")]
    message: Option<String>,
    #[serde(deserialize_with = "lenient_text")]
    code: Option<String>,
    #[serde(rename = "i18nCode", deserialize_with = "lenient_text")]
    i18n_code: Option<String>,
    // What a success brings.
    customer: Option<IgnoredAny>,
    customers: Option<IgnoredAny>,
    customer_address: Option<IgnoredAny>,
    user_address: Option<IgnoredAny>,
    user_subscribe_info_list: Option<IgnoredAny>,
    customer_invite: Option<IgnoredAny>,
    customer_saved_search: Option<IgnoredAny>,
    customer_saved_searches: Option<IgnoredAny>,
    metafield: Option<IgnoredAny>,
    metafields: Option<IgnoredAny>,
    fail_metafields: Option<IgnoredAny>,
    list: Option<IgnoredAny>,
    data: Option<IgnoredAny>,
    count: Option<IgnoredAny>,
}

impl Answer<'_> {
    fn brings_something(&self) -> bool {
        let keys = [
            &self.customer,
            &self.customers,
            &self.customer_address,
            &self.user_address,
            &self.user_subscribe_info_list,
            &self.customer_invite,
            &self.customer_saved_search,
            &self.customer_saved_searches,
            &self.metafield,
            &self.metafields,
            &self.fail_metafields,
            &self.list,
            &self.data,
            &self.count,
        ];
        keys.iter().any(|key| key.is_some())
    }
}

/// Reads an answer of any status. Empty bodies, HTML and shapes that nobody documented leave the decision to the status.
pub(super) fn check(response: &HttpResponse) -> Reading<()> {
    let answer: Answer<'_> = serde_json::from_slice(&response.body).unwrap_or_default();
    let mut messages = Vec::new();
    let mut fields = Vec::new();
    if let Some(errors) = answer.errors {
        read_errors(errors, &mut messages, &mut fields);
    }
    messages.extend(answer.error.as_deref().filter(|text| !text.is_empty()).map(str::to_owned));
    // The envelope of the token calls, should it come here: a code that is an error's status.
    let inner =
        answer.code.as_deref().and_then(|code| code.trim().parse().ok()).filter(|code| (400..600).contains(code));
    let inner = inner.filter(|_| response.status.is_success());
    if response.status.is_success() && (answer.brings_something() || (messages.is_empty() && inner.is_none())) {
        return Ok(());
    }
    if messages.is_empty() {
        messages.extend(answer.message.filter(|text| !text.is_empty()));
    }
    if let Some(status) = inner {
        let (kind, effect, retry) = by_any_status(status, false);
        return Err(Box::new(VendorError {
            kind: Some(kind),
            effect: Some(effect),
            retry: Some(retry),
            code: answer.i18n_code.filter(|code| !code.is_empty()).or(answer.code),
            message: (!messages.is_empty()).then(|| messages.join("; ")),
            fields,
            ..VendorError::default()
        }));
    }
    let (kind, hint) = by_status(response.status.as_u16());
    Err(Box::new(VendorError {
        kind,
        retry: matches!(response.status.as_u16(), 433..=436).then_some(Retry::Never),
        code: answer.i18n_code.filter(|code| !code.is_empty()).or(answer.code),
        message: (!messages.is_empty()).then(|| messages.join("; ")),
        fields,
        hint,
        ..VendorError::default()
    }))
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

fn read_errors(raw: &RawValue, messages: &mut Vec<String>, fields: &mut Vec<FieldError>) {
    let json = raw.get();
    if let Ok(text) = serde_json::from_str::<String>(json) {
        read_text(&text, messages, fields);
    } else if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(json) {
        for item in items {
            match serde_json::from_str::<String>(item.get()) {
                Ok(text) => read_text(&text, messages, fields),
                Err(_) => messages.push(item.get().to_owned()),
            }
        }
    } else if let Ok(map) = serde_json::from_str::<BTreeMap<String, &RawValue>>(json) {
        for (field, value) in map {
            for text in texts(value) {
                messages.push(format!("{field}: {text}"));
                fields.push(FieldError::from_vendor(field.as_str(), text));
            }
        }
    }
}

fn texts(value: &RawValue) -> Vec<String> {
    let json = value.get();
    if let Ok(text) = serde_json::from_str::<String>(json) {
        return vec![text];
    }
    match serde_json::from_str::<Vec<&RawValue>>(json) {
        Ok(items) => {
            items.iter().map(|i| serde_json::from_str(i.get()).unwrap_or_else(|_| i.get().to_owned())).collect()
        }
        Err(_) => vec![json.to_owned()],
    }
}

fn read_text(text: &str, messages: &mut Vec<String>, fields: &mut Vec<FieldError>) {
    if text.is_empty() {
        return;
    }
    messages.push(text.to_owned());
    // The vendor's validator writes `body.customer.email:message` (seen on another resource).
    if let Some((path, message)) = text.split_once(':')
        && is_path(path)
    {
        fields.push(FieldError::from_vendor(path, message.trim()));
    }
}

fn is_path(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'[' | b']');
    let root = text.split(['.', '[']).next().unwrap_or_default();
    matches!(root, "body" | "query" | "path" | "header" | "customer" | "customer_address") && text.bytes().all(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn problem(status: u16, body: &'static str) -> Option<VendorError> {
        check(&HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)).err().map(|failed| *failed)
    }

    fn fields(problem: &VendorError) -> Vec<(String, String)> {
        problem.fields.iter().map(|f| (f.field().to_owned(), f.message().to_owned())).collect()
    }

    #[test]
    fn a_2xx_is_a_success_unless_it_brings_nothing_but_an_error() {
        for body in
            ["", "{}", "<html>", r#"{"customer":{"id":"1"}}"#, r#"{"customer":{},"errors":""}"#, r#"{"errors":null}"#]
        {
            for status in [200, 201, 202] {
                assert!(problem(status, body).is_none(), "{body}");
            }
        }
        assert_eq!(problem(200, r#"{"errors":"no"}"#).unwrap().message.as_deref(), Some("no"));
        assert!(problem(200, r#"{"customer":{"id":"1"},"errors":"a warning"}"#).is_none());
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
            (r#"{"errors":[{"a":1}]}"#, Some(r#"{"a":1}"#)),
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
            (r#"{"errors":7}"#, None),
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
