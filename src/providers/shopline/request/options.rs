//! The values of the client's options, and their checks.

use std::str::FromStr;

use super::super::PROVIDER;
use crate::client::Limit;
use crate::error::Error;

/// The default version of the API.
pub const DEFAULT_API_VERSION: &str = "v20250601";

/// The vendor's limit (documented): a bucket of 40 requests, drained at 4 a second, for each app and store.
pub const DEFAULT_LIMIT: Limit = Limit::Bucket { per_second: 4.0, burst: 40 };

/// The hosts of the vendor's other product, which has other tokens and bodies.
const OTHER_PRODUCT: [&str; 3] = ["shopline.io", "shoplineapp.com", "shoplineapis.com"];
const OTHER_PRODUCT_HINT: &str = "belongs to SHOPLINE's Open API, another product with other tokens; this client is for \
                                  the Admin REST API of {handle}.myshopline.com";

/// A version of the API: `v` and eight digits, such as `v20250601`. The vendor releases one about every quarter and serves
/// it for a year (documented); the names follow no rule that could be computed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiVersion(String);

impl ApiVersion {
    /// The version as the path shows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApiVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_version = text.strip_prefix('v').is_some_and(|d| d.len() == 8 && d.bytes().all(|b| b.is_ascii_digit()));
        if is_version {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::config(PROVIDER, "api_version", "needs a v and eight digits, such as v20250601"))
    }
}

/// How an update clears a text. A gender is always cleared by the vendor's 0, unknown (documented).
///
/// What the vendor does with an empty string or a null in a customer is unknown. It ignores nulls in an address (seen),
/// which is why an empty string is the default (inferred).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blanking {
    /// Sends an empty string.
    #[default]
    EmptyString,
    /// Sends null.
    Null,
    /// Clears nothing: the wish is dropped, with a note.
    Never,
}

/// Which tags an update sends for a record that has tags. Whether the vendor replaces the customer's tags with them or
/// adds them is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TagPolicy {
    /// The record's tags alone.
    #[default]
    AsGiven,
    /// The tags that the look-up showed, and the record's: whatever the vendor does with them, no tag is lost but one
    /// added between the look-up and the update. Where not all fit into the vendor's limits, the record's last ones are
    /// left out, with a note.
    Union,
}

/// The choices of a client.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Choices {
    pub(in super::super) blanking: Blanking,
    pub(in super::super) tags: TagPolicy,
    pub(in super::super) look_up_first: bool,
    pub(in super::super) check_expiry: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self { blanking: Blanking::default(), tags: TagPolicy::default(), look_up_first: false, check_expiry: true }
    }
}

/// Refuses a base URL of the other product.
pub(in super::super) fn refuse_other_product(base_url: Option<&str>) -> Result<(), Error> {
    if base_url.is_some_and(is_other_product) {
        return Err(Error::config(PROVIDER, "base_url", OTHER_PRODUCT_HINT));
    }
    Ok(())
}

/// The sub-domain, given as it is or as the shop's whole host.
pub(in super::super) fn store_handle(given: &str) -> Result<String, Error> {
    let refuse = |message: &'static str| Err(Error::config(PROVIDER, "handle", message));
    if is_other_product(given) {
        return refuse(OTHER_PRODUCT_HINT);
    }
    let lower = given.trim().to_ascii_lowercase();
    let label = lower.strip_suffix(".myshopline.com").unwrap_or(&lower);
    let is_label = (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-');
    if is_label { Ok(label.to_owned()) } else { refuse("needs the bare sub-domain of the store, such as open001") }
}

fn is_other_product(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let host = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let host = host.split(['/', ':', '?', '#']).next().unwrap_or_default().trim();
    OTHER_PRODUCT
        .iter()
        .any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}
