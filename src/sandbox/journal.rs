//! What came in: every request of every vendor, with what became of it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method};

use super::faults::Fault;

/// How many requests of a vendor are kept, unless told otherwise. Counts go on beyond it.
pub(super) const DEFAULT_KEPT: usize = 10_000;

/// The headers that hold credentials, of all five vendors.
const SECRET: [&str; 10] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "access-token",
    "x-yotpo-token",
    "x-guid",
    "appkey",
    "sign",
    "x-utoken",
];

/// A request that came in.
#[derive(Clone)]
#[non_exhaustive]
pub struct Received {
    /// The vendor's provider, as in `shopline`.
    pub provider: &'static str,
    /// The method.
    pub method: Method,
    /// The path as it was sent.
    pub path: String,
    /// The query as it was sent, if there is one. It may hold a person's data.
    pub query: Option<String>,
    /// Method and path below what every path of the vendor begins with, ids as `{id}`: `PUT customers/{id}`.
    pub kind: String,
    /// The headers. Credentials are marked sensitive.
    pub headers: HeaderMap,
    /// The body; empty also where a fault kept it from being read. It may hold a person's data, and that of a token call
    /// a secret.
    pub body: Bytes,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Whether the vendor's stand-in saw it. What it answered is another matter.
    pub reached_vendor: bool,
    /// The status that was answered, if an answer was.
    pub status: Option<u16>,
    /// The fault that was played.
    pub fault: Option<Fault>,
}

/// Leaves out path, query, header values and body: they hold people's data and secrets.
impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("provider", &self.provider)
            .field("kind", &self.kind)
            .field("body_bytes", &self.body.len())
            .field("reached_vendor", &self.reached_vendor)
            .field("status", &self.status)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// Marks what holds a credential, so that no `Debug` shows it.
pub(super) fn hide_credentials(headers: &mut HeaderMap) {
    for name in SECRET {
        if let Some(value) = headers.get_mut(name) {
            value.set_sensitive(true);
        }
    }
}

/// The requests of one vendor.
#[derive(Debug)]
pub(super) struct Journal {
    kept: usize,
    requests: VecDeque<Received>,
    counts: BTreeMap<String, usize>,
}

impl Journal {
    pub(super) fn new(kept: usize) -> Self {
        Self { kept, requests: VecDeque::new(), counts: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, request: Received) {
        match self.counts.get_mut(&request.kind) {
            Some(count) => *count += 1,
            None => drop(self.counts.insert(request.kind.clone(), 1)),
        }
        if self.requests.len() >= self.kept {
            self.requests.pop_front();
        }
        if self.kept > 0 {
            self.requests.push_back(request);
        }
    }

    pub(super) fn requests(&self) -> Vec<Received> {
        self.requests.iter().cloned().collect()
    }

    pub(super) fn counts(&self) -> BTreeMap<String, usize> {
        self.counts.clone()
    }

    pub(super) fn clear(&mut self) {
        self.requests.clear();
        self.counts.clear();
    }
}

/// The kind of a request: its method, and its path without what every path of the vendor begins with, with `{id}` for
/// every id. A segment with a digit is one, unless it is a version.
pub(super) fn kind(provider: &str, method: &str, path: &str) -> String {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let route = match (provider, segments.as_slice()) {
        ("triple_whale", ["api", "v2", route @ ..])
        | ("shopline", ["admin", "openapi", _, route @ ..])
        | ("shoplazza", ["openapi", _, route @ ..])
        | ("yotpo", ["core", "v3", "stores", _, route @ ..])
        | ("whale", ["v1", "stores", _, route @ ..] | ["v1", route @ ..]) => route,
        (_, route) => route,
    };
    let mut kind = method.to_owned();
    for (index, segment) in route.iter().enumerate() {
        let segment = segment.strip_suffix(".json").unwrap_or(segment);
        kind.push(if index == 0 { ' ' } else { '/' });
        kind.push_str(if is_id(segment) { "{id}" } else { segment });
    }
    kind
}

fn is_id(segment: &str) -> bool {
    let is_version = segment.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    !is_version && segment.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_name_the_route_and_no_id() {
        for (provider, method, path, wanted) in [
            ("triple_whale", "POST", "/api/v2/data-in/customers", "POST data-in/customers"),
            ("triple_whale", "POST", "/data-in/customers", "POST data-in/customers"),
            ("shopline", "PUT", "/admin/openapi/v20250601/customers/4201825001.json", "PUT customers/{id}"),
            ("shopline", "GET", "/admin/openapi/v20250601/customers/v2/search.json", "GET customers/v2/search"),
            (
                "shopline",
                "PUT",
                "/admin/openapi/v1/customers/1/addresses/SL201UA1.json",
                "PUT customers/{id}/addresses/{id}",
            ),
            ("shoplazza", "POST", "/openapi/2022-01/customers", "POST customers"),
            ("shoplazza", "POST", "/admin/oauth/token", "POST admin/oauth/token"),
            ("yotpo", "PATCH", "/core/v3/stores/fake-yotpo-store/customers", "PATCH customers"),
            ("yotpo", "POST", "/api/v2/customers", "POST api/v2/customers"),
            ("whale", "GET", "/v1/customers/cust_00000001", "GET customers/{id}"),
            ("whale", "GET", "/v1/stores/00000000-0000-4000-8000-000000000000/customers", "GET customers"),
            ("whale", "GET", "/", "GET"),
        ] {
            assert_eq!(kind(provider, method, path), wanted);
        }
    }

    #[test]
    fn the_oldest_go_first_and_the_counts_stay() {
        let mut journal = Journal::new(2);
        for path in ["/v1/a", "/v1/b", "/v1/a"] {
            journal.add(Received {
                provider: "whale",
                method: Method::GET,
                path: path.to_owned(),
                query: None,
                kind: kind("whale", "GET", path),
                headers: HeaderMap::new(),
                body: Bytes::new(),
                at: DateTime::UNIX_EPOCH,
                reached_vendor: true,
                status: Some(200),
                fault: None,
            });
        }
        assert_eq!(journal.requests().iter().map(|r| r.kind.as_str()).collect::<Vec<_>>(), ["GET b", "GET a"]);
        assert_eq!(journal.counts(), BTreeMap::from([("GET a".to_owned(), 2), ("GET b".to_owned(), 1)]));
        journal.clear();
        assert!(journal.requests().is_empty() && journal.counts().is_empty());
    }

    #[test]
    fn credentials_are_hidden() {
        let mut headers = HeaderMap::new();
        headers.insert("x-api-key", "fake-secret".parse().unwrap());
        headers.insert("accept", "application/json".parse().unwrap());
        hide_credentials(&mut headers);
        let shown = format!("{headers:?}");
        assert!(!shown.contains("fake-secret") && shown.contains("application/json"), "{shown}");
    }
}
