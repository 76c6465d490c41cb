//! What the stand-ins share: an answer that a test can look into, and the reading of requests.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};
use url::form_urlencoded;
use wiremock::{Request, ResponseTemplate};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// One answer, before it becomes the server's own type, which cannot be looked into.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
}

impl Reply {
    /// An answer with a JSON body.
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    /// An answer with no body at all.
    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    /// The same answer with one header more.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<Reply> for ResponseTemplate {
    fn from(reply: Reply) -> Self {
        let mut template = Self::new(reply.status);
        for (name, value) in reply.headers {
            template = template.insert_header(name, value.as_str());
        }
        match reply.body {
            Some(body) => template.set_body_json(body),
            None => template,
        }
    }
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

/// The body, where it is a JSON object.
pub(super) fn object(request: &Request) -> Option<Object> {
    serde_json::from_slice(&request.body).ok()
}

/// A header's text.
pub(super) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name)?.to_str().ok()
}

/// The query, decoded once.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// The query of a request.
    pub(super) fn of(request: &Request) -> Self {
        Self(request.url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
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

/// An e-mail address in the form in which two of them are compared.
pub(super) fn fold(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The digits of a phone number, by which two of them are compared.
pub(super) fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}

/// A request as a stand-in receives it.
#[cfg(test)]
pub(super) fn request(method: &str, target: &str, headers: &[(&'static str, &str)], body: &Value) -> Request {
    let mut map = http::HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    Request {
        url: format!("http://127.0.0.1{target}").parse().unwrap(),
        method: method.parse().unwrap(),
        headers: map,
        body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
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
}
