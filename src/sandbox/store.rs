//! What the stand-ins share: reading a request, building an answer, and values that come out the same in every run.

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::Value;
use wiremock::{Request, ResponseTemplate};

/// An answer that can still be looked into, which a `ResponseTemplate` cannot.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Body,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    Json(Value),
    Text(&'static str),
}

impl Answer {
    pub(super) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<Answer> for ResponseTemplate {
    fn from(answer: Answer) -> Self {
        let mut template = ResponseTemplate::new(answer.status);
        for (name, value) in answer.headers {
            template = template.insert_header(name, value);
        }
        match answer.body {
            Body::Json(value) => template.set_body_raw(value.to_string(), "application/json"),
            Body::Text(text) => template.set_body_raw(text, "text/plain"),
        }
    }
}

/// An answer in JSON.
pub(super) fn json(status: u16, body: Value) -> Answer {
    Answer { status, headers: Vec::new(), body: Body::Json(body) }
}

/// An answer in plain text.
pub(super) fn text(status: u16, body: &'static str) -> Answer {
    Answer { status, headers: Vec::new(), body: Body::Text(body) }
}

/// The JSON body, if the request says that it has one and it can be read.
pub(super) fn body(request: &Request) -> Option<Value> {
    let mime = header(request, "content-type")?.split(';').next()?;
    if !mime.trim().eq_ignore_ascii_case("application/json") {
        return None;
    }
    serde_json::from_slice(&request.body).ok()
}

pub(super) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name)?.to_str().ok()
}

/// The path below the root, as it was sent: no id of a vendor here needs percent-encoding.
pub(super) fn segments(request: &Request) -> Vec<&str> {
    request.url.path().trim_start_matches('/').split('/').collect()
}

/// The query, decoded, in the order it was sent.
pub(super) fn query(request: &Request) -> Vec<(String, String)> {
    request.url.query_pairs().into_owned().collect()
}

/// The last value of a parameter; an empty one counts as not sent.
pub(super) fn param<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

/// Now, to the second, which is as fine as the vendors write it.
pub(super) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0)
}

/// A moment with an explicit offset, in UTC.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc))
}

/// The bare digits, by which two ways to write a phone number are one number.
pub(super) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Whether a text has the outline of an e-mail address. What the vendors check beyond it is *unknown*.
pub(super) fn looks_like_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// An id in the shape of a UUID that carries its number, so that no table from id to number is needed.
pub(super) fn uuid(kind: u32, number: u64) -> String {
    let mut bits = number.wrapping_add(u64::from(kind) << 48).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        bits >> 32,
        (bits >> 16) & 0xffff,
        (bits >> 4) & 0xfff,
        bits & 0xfff,
        number & 0xffff_ffff_ffff
    )
}

/// The number inside an id made by [`uuid`] for the same kind.
pub(super) fn uuid_number(kind: u32, id: &str) -> Option<u64> {
    let number = u64::from_str_radix(id.rsplit('-').next()?, 16).ok()?;
    (uuid(kind, number) == id).then_some(number)
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A request as a client would send it, with a content type where there is a body.
    pub(in crate::sandbox) fn request(method: &str, target: &str, auth: (&str, &str), body: Option<&Value>) -> Request {
        let mut headers = http::HeaderMap::new();
        headers.insert("host", "127.0.0.1:4010".parse().unwrap());
        headers.insert(http::HeaderName::from_bytes(auth.0.as_bytes()).unwrap(), auth.1.parse().unwrap());
        if body.is_some() {
            headers.insert("content-type", "application/json; charset=utf-8".parse().unwrap());
        }
        Request {
            url: format!("http://localhost{target}").parse().unwrap(),
            method: method.parse().unwrap(),
            headers,
            body: body.map(|value| value.to_string().into_bytes()).unwrap_or_default(),
        }
    }

    impl Answer {
        /// The JSON body; `null` for any other.
        pub(in crate::sandbox) fn value(&self) -> Value {
            match &self.body {
                Body::Json(value) => value.clone(),
                Body::Text(_) => Value::Null,
            }
        }

        pub(in crate::sandbox) fn header(&self, name: &str) -> Option<&str> {
            self.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_their_number_and_kind() {
        let id = uuid(1, 42);
        assert_eq!(id.len(), 36);
        assert_eq!(uuid_number(1, &id), Some(42));
        assert_eq!(uuid_number(2, &id), None);
        assert_eq!(uuid_number(1, "42"), None);
        assert_eq!(uuid_number(1, ""), None);
    }

    #[test]
    fn a_body_needs_its_content_type() {
        let mut sent = testing::request("POST", "/x?a=1&a=2&b=", ("x", "y"), Some(&serde_json::json!({"k": 1})));
        assert_eq!(body(&sent), Some(serde_json::json!({"k": 1})));
        let pairs = query(&sent);
        assert_eq!((param(&pairs, "a"), param(&pairs, "b"), param(&pairs, "c")), (Some("2"), None, None));
        sent.headers.remove("content-type");
        assert_eq!(body(&sent), None);
    }

    #[tokio::test]
    async fn an_answer_goes_over_the_wire_whole() {
        let server = wiremock::MockServer::start().await;
        let answer = json(422, serde_json::json!({"errors": "no"})).with_header("traceId", "t-1".into());
        wiremock::Mock::given(wiremock::matchers::any())
            .respond_with(ResponseTemplate::from(answer))
            .mount(&server)
            .await;
        let got = reqwest::get(server.uri()).await.unwrap();
        assert_eq!(got.status(), 422);
        assert_eq!(got.headers()["traceid"], "t-1");
        assert_eq!(got.headers()["content-type"], "application/json");
        assert_eq!(got.text().await.unwrap(), r#"{"errors":"no"}"#);
    }
}
