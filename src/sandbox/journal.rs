//! Logs the requests that a vendor received, with what became of each.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method};

use super::faults::Fault;

/// How many requests of a vendor are kept by default. Counts include those that are not kept.
pub(super) const DEFAULT_KEPT: usize = 10_000;

/// The headers that hold credentials whatever the vendor.
const SECRET: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

/// A request that a vendor received.
#[derive(Clone)]
#[non_exhaustive]
pub struct Received {
    /// The provider's name.
    pub provider: &'static str,
    /// The method.
    pub method: Method,
    /// The path as it was sent.
    pub path: String,
    /// The query as it was sent, if there is one. It may hold a person's data.
    pub query: Option<String>,
    /// Method and path without the prefix that all paths of the vendor share, ids as `{id}`: `PUT customers/{id}`.
    pub kind: String,
    /// The headers. Credentials are marked sensitive.
    pub headers: HeaderMap,
    /// The body; empty also where a fault kept it from being read. It may hold a person's data, and that of a token call
    /// a secret.
    pub body: Bytes,
    /// When it was received.
    pub at: DateTime<Utc>,
    /// Whether it reached the vendor's stand-in, whatever the answer.
    pub reached_vendor: bool,
    /// The status of the answer; none where no answer was sent.
    pub status: Option<u16>,
    /// The fault that was injected.
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

/// The request log of one vendor.
#[derive(Debug)]
pub(super) struct Journal {
    kept: usize,
    /// The headers that hold vendors' credentials.
    secrets: Arc<[&'static str]>,
    requests: VecDeque<Received>,
    counts: BTreeMap<String, usize>,
}

impl Journal {
    pub(super) fn new(kept: usize, secrets: Arc<[&'static str]>) -> Self {
        Self { kept, secrets, requests: VecDeque::new(), counts: BTreeMap::new() }
    }

    /// Logs a request. Header values that hold credentials are marked sensitive, so that no `Debug` shows them.
    pub(super) fn add(&mut self, mut request: Received) {
        for name in SECRET.iter().chain(&*self.secrets) {
            if let Some(value) = request.headers.get_mut(*name) {
                value.set_sensitive(true);
            }
        }
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

/// The kind of a request: its method and its route, with `{id}` for every id. A segment with a digit is an id, unless it
/// is a version.
pub(super) fn kind(method: &str, route: &[&str]) -> String {
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
        for (method, route, wanted) in [
            ("POST", vec!["data-in", "customers"], "POST data-in/customers"),
            ("PUT", vec!["customers", "4201825001.json"], "PUT customers/{id}"),
            ("GET", vec!["customers", "v2", "search.json"], "GET customers/v2/search"),
            ("PUT", vec!["customers", "1", "addresses", "SL201UA1.json"], "PUT customers/{id}/addresses/{id}"),
            ("GET", vec![], "GET"),
        ] {
            assert_eq!(kind(method, &route), wanted);
        }
    }

    fn received(segment: &str) -> Received {
        Received {
            provider: "vendor",
            method: Method::GET,
            path: format!("/v1/{segment}"),
            query: None,
            kind: kind("GET", &[segment]),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            at: DateTime::UNIX_EPOCH,
            reached_vendor: true,
            status: Some(200),
            fault: None,
        }
    }

    #[test]
    fn the_oldest_go_first_and_the_counts_stay() {
        let mut journal = Journal::new(2, [].into());
        for segment in ["a", "b", "a"] {
            journal.add(received(segment));
        }
        assert_eq!(journal.requests().iter().map(|r| r.kind.as_str()).collect::<Vec<_>>(), ["GET b", "GET a"]);
        assert_eq!(journal.counts(), BTreeMap::from([("GET a".to_owned(), 2), ("GET b".to_owned(), 1)]));
        journal.clear();
        assert!(journal.requests().is_empty() && journal.counts().is_empty());
    }

    #[test]
    fn credentials_are_hidden() {
        let mut journal = Journal::new(1, ["x-vendor-key"].into());
        let mut request = received("a");
        for (name, value) in
            [("x-vendor-key", "fake-secret"), ("authorization", "fake-secret"), ("accept", "text/plain")]
        {
            request.headers.insert(name, value.parse().unwrap());
        }
        journal.add(request);
        let shown = format!("{:?}", journal.requests().first().unwrap().headers);
        assert!(!shown.contains("fake-secret") && shown.contains("text/plain"), "{shown}");
    }
}
