//! The `StandIn` trait: all that the shared parts of the sandbox need from one vendor.

use std::any::Any;
use std::sync::Arc;

use futures::future::BoxFuture;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wiremock::Request;

use super::limits::Limits;
use super::reply::{Object, Reply};
use crate::Customer;

/// One vendor's stand-in: its state, its answers, and the facts that tell it from the other vendors.
pub(crate) trait StandIn: Any + Send + Sync {
    /// The provider's name, as in its `ProviderId`.
    fn provider(&self) -> &'static str;

    /// The credentials that it accepts, by the names of the variables that the provider's registry entry requires.
    fn credentials(&self) -> &'static [(&'static str, &'static str)];

    /// The path of a base URL as the vendor documents it.
    fn base_path(&self) -> &'static str {
        "/"
    }

    /// The request headers, in lower case, that hold this vendor's credentials.
    fn secret_headers(&self) -> &'static [&'static str];

    /// The segments of a path without the prefix that all paths of the vendor share.
    fn route<'a, 'p>(&self, path: &'a [&'p str]) -> &'a [&'p str];

    /// Answers one request.
    fn answer(&self, request: &Request) -> Reply;

    /// Stores a record unchecked, in the form in which [`customers`](Self::customers) shows it.
    fn put(&self, record: Object);

    /// The customers that it holds, as the vendor shows them.
    fn customers(&self) -> Vec<Value>;

    /// A record of [`customers`](Self::customers) in normalized form.
    fn normalized(&self, record: Value) -> Customer;

    /// The vendor's JSON body of an error with this status that no record provokes: 429, or a failure of the server.
    fn error_body(&self, status: u16) -> Value;

    /// The JSON body of a 200 that reports an error.
    fn error_inside(&self) -> Value {
        self.error_body(200)
    }

    /// The headers of a 429 in which the vendor says how many seconds to wait; none where it names none.
    fn wait_headers(&self, _seconds: u64) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The vendor's documented limits.
    fn limits(&self) -> Limits;

    /// What the vendor counts requests by beside the account, of which a stand-in has one.
    fn quota_key(&self, _headers: &HeaderMap) -> &'static str {
        ""
    }

    /// Work that goes on beside the requests for as long as the sandbox runs.
    fn background(self: Arc<Self>) -> Option<BoxFuture<'static, ()>> {
        None
    }
}

/// Reads a vendor's record and normalizes it. The readers are tolerant; a record that cannot be read gives an empty customer.
pub(super) fn read_record<T: DeserializeOwned>(record: &Value, normalize: impl Fn(T) -> Customer) -> Customer {
    // Through text, since some readers borrow parts of the record.
    serde_json::from_str(&record.to_string()).map(normalize).unwrap_or_default()
}
