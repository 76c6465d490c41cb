//! Reads the failure that an answer reports: by its body first, then by its status.
//!
//! The vendor says 400 to a bad token, 500 to a refused operation, and 422 to a taken e-mail with nothing but a sentence
//! to tell it by. So the code decides where there is one, then the status, and the wording only where the vendor gives
//! nothing else: a taken contact, a bad token in a 400, and the field that a message is about.

use crate::client::json::error_body::ErrorBody;
use crate::client::response::Reading;
use crate::client::{HttpResponse, Retry, VendorError};
use crate::error::{Effect, ErrorKind, FieldError};

/// What a body says of a failure.
#[derive(Default)]
struct Failure {
    /// `InvalidParameter`, `"4001"` or a gRPC number.
    code: Option<String>,
    /// Field and sentence.
    messages: Vec<(String, String)>,
    /// Whether the body reports a failure, also beside a status that says success.
    is_reported: bool,
}

impl Failure {
    fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        if !text.starts_with('{') {
            // `Unauthorized`, with or without the quotes of a JSON string. A page of HTML says nothing.
            let text = serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned());
            let is_sentence = !text.is_empty()
                && text.len() <= 200
                && !text.starts_with(['<', '[', '\u{0}'])
                && !text.contains(char::REPLACEMENT_CHARACTER);
            let messages = if is_sentence { vec![(String::new(), text)] } else { Vec::new() };
            return Self { messages, ..Self::default() };
        }
        let body = ErrorBody::read(body);
        let found = body.messages(&["errors", "error"]);
        let mut messages: Vec<_> = found.plain.into_iter().map(|text| (String::new(), text)).collect();
        messages.extend(found.fields.iter().map(|one| (one.field().to_owned(), one.message().to_owned())));
        if let Some(message) = body.text(&["message"]).filter(|text| text.trim() != "[]") {
            messages.extend(split_messages(&message));
        }
        Self { code: body.text(&["code"]), messages, is_reported: body.reports_failure() }
    }

    /// The code in lower case without separators.
    fn normalized_code(&self) -> Option<String> {
        let letters = |code: &String| code.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        self.code.as_ref().map(letters).map(|code| code.to_ascii_lowercase())
    }

    fn any(&self, says: impl Fn(&str) -> bool) -> bool {
        self.messages.iter().any(|(_, text)| says(&plain(text)))
    }
}

/// Several sentences in one text, as far as each is about a field that we know.
fn split_messages(message: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = message.split(", ").collect();
    if parts.len() > 1 && parts.iter().all(|part| !field_of(part).is_empty() || is_taken(&plain(part))) {
        return parts.into_iter().map(|part| (String::new(), part.to_owned())).collect();
    }
    vec![(String::new(), message.to_owned())]
}

/// Lower case, and without apostrophes, which come straight and typographic.
fn plain(text: &str) -> String {
    text.trim()
        .trim_matches('"')
        .chars()
        .filter(|c| !matches!(c, '\'' | '’' | '‘'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Documented is the first, for 2022-01; that later versions may say it otherwise is inferred. One that is taken for taken
/// by mistake costs a look-up, and the error stays.
fn is_taken(text: &str) -> bool {
    ["already taken", "already been taken", "already exist"].iter().any(|words| text.contains(words))
}

/// The vendor's name of the field that a message starts with. The sentences are documented; those on names are inferred.
fn field_of(message: &str) -> &'static str {
    const STARTS: &[(&str, &str)] = &[
        ("email or phone ", ""),
        ("email ", "email"),
        ("phone ", "phone"),
        ("password confirmation ", "password_confirmation"),
        ("password ", "password"),
        ("country code ", "addresses.country_code"),
        ("country ", "addresses.country"),
        ("first name ", "addresses.first_name"),
        ("last name ", "addresses.last_name"),
        ("param is missing or the value is empty: customer", "customer"),
        ("param is missing or the value is empty: address", "address"),
    ];
    let message = plain(message);
    STARTS.iter().find(|(start, _)| message.starts_with(start)).map_or("", |(_, field)| field)
}

/// Words of the code with which a success comes. Documented and seen: `success`, `Success`, `SUCCESS`, and 200.
fn is_success(word: &str) -> bool {
    matches!(word, "success" | "ok" | "200" | "0")
}

/// What a code says by itself; the numbers are gRPC's.
fn kind_of_code(word: &str) -> Option<ErrorKind> {
    Some(match word {
        "unauthorized" | "unauthenticated" | "invalidtoken" | "invalidaccesstoken" | "401" | "16" => {
            ErrorKind::Unauthenticated
        }
        "permissiondenied" | "forbidden" | "accessdenied" | "403" | "7" => ErrorKind::Forbidden,
        "notfound" | "404" | "5" => ErrorKind::NotFound,
        "toomanyrequests" | "ratelimited" | "429" => ErrorKind::RateLimited,
        "conflict" | "409" | "6" => ErrorKind::Conflict,
        // The vendor's word for a duplicate from 2025-06 on is unknown.
        _ if ["alreadyexist", "alreadytaken", "duplicate"].iter().any(|part| word.contains(part)) => {
            ErrorKind::Conflict
        }
        _ => return None,
    })
}

/// Whether a code speaks of the vendor's own trouble, and not of what was asked.
fn is_server_fault(word: &str) -> bool {
    const WORDS: [&str; 21] = [
        "servererror",
        "internalservererror",
        "internalerror",
        "internal",
        "systemerror",
        "unknown",
        "unknownerror",
        "unavailable",
        "serviceunavailable",
        "timeout",
        "deadlineexceeded",
        "badgateway",
        "gatewaytimeout",
        "500",
        "502",
        "503",
        "504",
        "2",
        "4",
        "13",
        "14",
    ];
    WORDS.contains(&word)
}

/// Reads an answer of any status.
pub(super) fn check(response: &HttpResponse) -> Reading<()> {
    let status = response.status.as_u16();
    let said = Failure::read(&response.body);
    let word = said.normalized_code();
    if response.status.is_success() {
        let refused = word.as_deref().is_some_and(|word| !is_success(word));
        // A sentence alone is no failure: a 2xx that cannot be read is one that was carried out.
        if !refused && !said.is_reported {
            return Ok(());
        }
    }
    let kind = kind_of(&said, word.as_deref(), status, response.status.is_success());
    let mut problem = VendorError { kind, hint: hint(kind, status), ..VendorError::default() };
    if kind.is_some() && response.status.is_server_error() {
        problem.effect = Some(Effect::Rejected);
        problem.retry = Some(Retry::Never);
    }
    if kind == Some(ErrorKind::RateLimited) && response.status.is_success() {
        problem.retry = Some(Retry::Always);
    }
    if kind.is_none() && response.status.is_success() && word.as_deref().is_some_and(is_server_fault) {
        // As a 500 that says no more: what was carried out before it is unknown.
        problem.kind = Some(ErrorKind::Unavailable);
        problem.effect = Some(Effect::Unknown);
        problem.retry = Some(Retry::IfIdempotent);
    }
    problem.code = said.code;
    problem.message = match said.messages.as_slice() {
        [] => None,
        messages => Some(messages.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("; ")),
    };
    let fields = said.messages.into_iter().filter_map(|(field, text)| {
        let field = if field.is_empty() { field_of(&text).to_owned() } else { field };
        (!field.is_empty()).then(|| FieldError::from_vendor(field, text))
    });
    problem.fields = fields.collect();
    Err(Box::new(problem))
}

/// What the body says the failure is; none where the status decides.
fn kind_of(said: &Failure, word: Option<&str>, status: u16, succeeded: bool) -> Option<ErrorKind> {
    // The status is clear, whatever the body says.
    if matches!(status, 300..=399 | 401 | 403 | 408 | 425 | 429 | 502..=504) {
        return None;
    }
    // The sentence that tells of a duplicate: before 2025-06 the vendor gives neither a code nor a status of its own.
    if said.any(is_taken) {
        return Some(ErrorKind::Conflict);
    }
    if let Some(kind) = word.and_then(kind_of_code) {
        return Some(kind);
    }
    if matches!(status, 400 | 500) || succeeded {
        let is_door = |text: &str| matches!(text, "unauthorized" | "store is not active");
        if said.any(is_door) {
            return Some(ErrorKind::Unauthenticated);
        }
    }
    // From 2025-06 a refused operation is a 500 (documented). What names its reason was refused; the vendor's own
    // trouble has no code, or one that says so.
    let names_reason = word.is_some_and(|word| !is_server_fault(word) && !said.messages.is_empty());
    (status == 500 && names_reason).then_some(ErrorKind::Rejected)
}

fn hint(kind: Option<ErrorKind>, status: u16) -> Option<&'static str> {
    match (kind, status) {
        (Some(ErrorKind::Unauthenticated), _) | (None, 401) => {
            Some("the access token is missing, revoked or of another shop, or the shop is not open")
        }
        (Some(ErrorKind::Forbidden), _) | (None, 403) => {
            Some("the token lacks the scope read_customer or write_customer")
        }
        (Some(ErrorKind::NotFound), _) | (None, 404) => {
            Some("where every call says so, the API version is retired or the shop is wrong")
        }
        (Some(ErrorKind::Conflict), _) => Some("the e-mail address or the phone number belongs to another customer"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::json::error_body::shapes;
    use http::StatusCode;

    fn problem(status: u16, body: &'static str) -> Option<Box<VendorError>> {
        check(&HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)).err()
    }

    #[test]
    fn a_success_is_one_in_every_spelling() {
        for body in [
            "",
            "{}",
            "[]",
            "[5]",
            "<html>",
            "{\"customer\":{\"id\":1}",
            r#"{"customer":{"code":"x"}}"#,
            r#"{"code":"success"}"#,
            r#"{"code":"Success","message":"done"}"#,
            r#"{"code":"SUCCESS"}"#,
            r#"{"code":200}"#,
            r#"{"code":"200"}"#,
            r#"{"code":null,"errors":[]}"#,
            r#"{"errors":"","error":null}"#,
        ] {
            assert!(problem(200, body).is_none(), "{body}");
        }
        for (body, kind) in [
            (r#"{"code":"PermissionDenied"}"#, Some(ErrorKind::Forbidden)),
            (r#"{"code":"Unauthorized","message":"x"}"#, Some(ErrorKind::Unauthenticated)),
            (r#"{"code":"TooManyRequests"}"#, Some(ErrorKind::RateLimited)),
            (r#"{"code":5,"message":"data not found"}"#, Some(ErrorKind::NotFound)),
            (r#"{"code":"InvalidParameter"}"#, None),
            (r#"{"code":"CUSTOMER_ALREADY_EXISTS","message":"m"}"#, Some(ErrorKind::Conflict)),
            (r#"{"code":6,"message":"m"}"#, Some(ErrorKind::Conflict)),
            (r#"{"error":"store is not active"}"#, Some(ErrorKind::Unauthenticated)),
            (r#"{"errors":["Email or Phone is already taken"]}"#, Some(ErrorKind::Conflict)),
        ] {
            assert_eq!(problem(200, body).expect(body).kind, kind, "{body}");
        }
    }

    #[test]
    fn an_error_in_a_success_is_a_failure() {
        for body in shapes::FAILURES {
            for status in [200, 207] {
                let problem = problem(status, body).expect(body);
                assert!(matches!(problem.kind, None | Some(ErrorKind::Rejected)), "{status} {body}");
                assert_eq!((problem.effect, problem.retry), (None, None), "{status} {body}");
            }
        }
        for body in shapes::SUCCESSES {
            assert!(problem(200, body).is_none(), "{body}");
        }
    }

    #[test]
    fn the_body_decides_where_the_status_does_not() {
        use ErrorKind as K;
        for (status, body, kind, effect) in [
            (400, "Unauthorized", Some(K::Unauthenticated), None),
            (400, "\"Unauthorized\"", Some(K::Unauthenticated), None),
            (400, r#"{"error":"Unauthorized"}"#, Some(K::Unauthenticated), None),
            (400, r#"{"error":"Store is not active"}"#, Some(K::Unauthenticated), None),
            (422, "Unauthorized", None, None),
            (400, r#"{"code":"PermissionDenied","message":"m"}"#, Some(K::Forbidden), None),
            (400, "{}", None, None),
            (400, "", None, None),
            (404, r#"{"errors":["Unable to find resource"]}"#, None, None),
            (422, r#"{"errors":["Email or Phone is already taken","Phone is invalid"]}"#, Some(K::Conflict), None),
            (
                500,
                r#"{"code":"Any","message":"email or phone is ALREADY TAKEN"}"#,
                Some(K::Conflict),
                Some(Effect::Rejected),
            ),
            (500, r#"{"code":"Locked","message":"m"}"#, Some(K::Rejected), Some(Effect::Rejected)),
            (500, r#"{"code":"ServerError","message":"m"}"#, None, None),
            (500, r#"{"code":"INTERNAL_SERVER_ERROR","message":"m"}"#, None, None),
            (500, r#"{"code":13,"message":"m"}"#, None, None),
            (500, r#"{"errors":["m"]}"#, None, None),
            (500, "<html>", None, None),
            // A gateway's status says nothing of the shop, whatever stands in the body.
            (502, r#"{"code":"Locked","message":"already taken"}"#, None, None),
            (429, r#"{"errors":["already taken"]}"#, None, None),
        ] {
            let problem = problem(status, body).expect(body);
            assert_eq!((problem.kind, problem.effect), (kind, effect), "{status} {body}");
        }
    }

    #[test]
    fn messages_name_their_fields() {
        let fields = |body| {
            let fields = problem(422, body).expect(body).fields;
            fields.iter().map(|f| f.field().to_owned()).collect::<Vec<_>>()
        };
        let body = r#"{"errors":["Country can’t be blank","Country code can't be blank","Something else",
            "Password confirmation must be equal to password","Last name can't be blank"]}"#;
        let named = ["addresses.country", "addresses.country_code", "password_confirmation", "addresses.last_name"];
        assert_eq!(fields(body), named);
        assert_eq!(fields(r#"{"errors":{"email":["a","b"],"base":{"message":"c"}}}"#), ["email", "email", "base"]);
        assert_eq!(fields(r#"{"code":"X","message":"Email is invalid, Phone is invalid"}"#), ["email", "phone"]);
        assert!(fields(r#"{"code":"X","message":"Sorry, Phone is invalid"}"#).is_empty());
        assert!(fields(r#"{"errors":[{"message":"x"},7,null,[]]}"#).is_empty());
    }
}
