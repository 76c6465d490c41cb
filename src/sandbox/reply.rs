//! Reads requests and builds answers: the helpers that the stand-ins share, with values that are the same in every run.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use url::form_urlencoded;
use wiremock::{Request, ResponseTemplate};

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// One answer, before it becomes the server's own type, which has no readable fields.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Body,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// No body at all.
    Empty,
    Json(Value),
    Text(&'static str),
}

impl Reply {
    /// An answer with a JSON body.
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Body::Json(body) }
    }

    /// An answer with no body at all.
    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Empty }
    }

    /// The same answer with one header more.
    pub(super) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<Reply> for ResponseTemplate {
    fn from(reply: Reply) -> Self {
        let mut template = Self::new(reply.status);
        for (name, value) in reply.headers {
            template = template.insert_header(name, value);
        }
        match reply.body {
            Body::Empty => template,
            Body::Json(value) => template.set_body_raw(value.to_string(), "application/json"),
            Body::Text(text) => template.set_body_raw(text, "text/plain"),
        }
    }
}

/// An answer in JSON.
pub(super) fn json(status: u16, body: Value) -> Reply {
    Reply::json(status, body)
}

/// An answer in plain text.
pub(super) fn text(status: u16, body: &'static str) -> Reply {
    Reply { status, headers: Vec::new(), body: Body::Text(body) }
}

/// Locks, and goes on after another thread's panic: a stand-in that stops answering hides the failure that matters.
pub(super) fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The path's segments, each percent-decoded once.
pub(super) fn segments(request: &Request) -> Vec<String> {
    request.url.path_segments().into_iter().flatten().map(decode).collect()
}

/// A path segment in clear. The query decoder does it, once the characters that mean something in a query are escaped.
fn decode(segment: &str) -> String {
    let plain = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(plain.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

/// The path below the root, as it was sent: where no id of the vendor needs percent-encoding.
pub(super) fn raw_segments(request: &Request) -> Vec<&str> {
    request.url.path().trim_start_matches('/').split('/').collect()
}

/// The body, where it is a JSON object.
pub(super) fn object(request: &Request) -> Option<Object> {
    serde_json::from_slice(&request.body).ok()
}

/// The JSON body, if the request says that it has one and it can be read.
pub(super) fn body(request: &Request) -> Option<Value> {
    let mime = header(request, "content-type")?.split(';').next()?;
    if !mime.trim().eq_ignore_ascii_case("application/json") {
        return None;
    }
    serde_json::from_slice(&request.body).ok()
}

/// A header's text.
pub(super) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name)?.to_str().ok()
}

/// The query, decoded, in the order it was sent.
pub(super) fn query(request: &Request) -> Vec<(String, String)> {
    request.url.query_pairs().into_owned().collect()
}

/// The last value of a parameter; an empty one counts as not sent.
pub(super) fn param<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

/// The query, decoded once.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// The query of a request.
    pub(super) fn of(request: &Request) -> Self {
        Self(query(request))
    }

    /// The first value of a parameter.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The items of a list parameter, written `a=1,2`, `a=1&a=2` or `a[]=1&a[]=2`.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let named = self.0.iter().filter(|(key, _)| key.strip_suffix("[]").unwrap_or(key) == name);
        named.flat_map(|(_, value)| value.split(',')).filter(|item| !item.is_empty()).collect()
    }

    /// The first parameter that is none of these.
    pub(super) fn unknown(&self, known: &[&str]) -> Option<&str> {
        let mut names = self.0.iter().map(|(key, _)| key.as_str());
        names.find(|key| !known.contains(&key.strip_suffix("[]").unwrap_or(key)))
    }
}

/// A moment with an explicit offset, in UTC.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc))
}

/// An e-mail address in the form in which two of them are compared.
pub(super) fn fold(email: &str) -> String {
    email.trim().to_lowercase()
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

/// A request as a stand-in receives it.
#[cfg(test)]
pub(super) fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &Value) -> Request {
    let mut map = http::HeaderMap::new();
    for (name, value) in headers {
        map.insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    Request {
        url: format!("http://127.0.0.1{target}").parse().unwrap(),
        method: method.parse().unwrap(),
        headers: map,
        body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
    }
}

#[cfg(test)]
impl Reply {
    /// The JSON body; `null` for any other.
    pub(super) fn value(&self) -> Value {
        match &self.body {
            Body::Json(value) => value.clone(),
            Body::Text(_) | Body::Empty => Value::Null,
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A request as a client would send it, with a host, and a content type where there is a body.
    pub(in crate::sandbox) fn request(method: &str, target: &str, auth: (&str, &str), body: Option<&Value>) -> Request {
        let mut headers = vec![("host", "127.0.0.1:4010"), auth];
        headers.extend(body.map(|_| ("content-type", "application/json; charset=utf-8")));
        super::request(method, target, &headers, body.unwrap_or(&Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_once() {
        let request = request("GET", "/v1/a%2Fb/c%2520d/e+f%3Dg?x=1", &[], &Value::Null);
        assert_eq!(segments(&request), ["v1", "a/b", "c%20d", "e+f=g"]);
    }

    #[test]
    fn lists_come_in_three_forms() {
        for query in ["tags=a,b", "tags=a&tags=b", "tags[]=a&tags%5B%5D=b"] {
            let request = request("GET", &format!("/?{query}"), &[], &Value::Null);
            let query = Query::of(&request);
            assert_eq!(query.list("tags"), ["a", "b"]);
            assert_eq!(query.unknown(&["tags"]), None);
        }
    }

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
        let answer = json(422, serde_json::json!({"errors": "no"})).with_header("traceId", "t-1");
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
