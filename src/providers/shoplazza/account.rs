//! The client's options, and what all its calls share.

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

use super::PROVIDER;
use super::version::{ApiVersion, TagPolicy};
use crate::error::Error;
use crate::http::{Account, BaseUrl, Limit, account_key};
use crate::providers::options::{ClientOptions, bare_headers, client_options, fixed_url, json_headers};

/// What the vendor takes of one app for one shop (documented): a bucket of 40 requests that drains 2 a second.
pub const DEFAULT_LIMIT: Limit = Limit::Bucket { per_second: 2.0, burst: 40 };

/// What the vendor takes of all apps of one shop together (documented): a bucket of 80 requests that drains 20 a second.
/// Every client of the shop in this process shares it; apps elsewhere fill it too, so that 429 may come all the same.
pub const STORE_LIMIT: Limit = Limit::Bucket { per_second: 20.0, burst: 80 };

/// How many customers a page of a look-up has at most. The vendor takes 1 to 250 (documented).
pub const LOOKUP_PAGE_SIZE: u16 = 100;

/// How many pages a look-up reads at most where the vendor passes over its filter.
pub const DEFAULT_LOOKUP_PAGES: u16 = 5;

/// The domain of shops, with one z (documented on every page of an endpoint; prose also has two).
const DOMAIN: &str = "myshoplaza.com";

/// Options of a [`Shoplazza`] client.
///
/// [`rate_limit`](Self::rate_limit) replaces [`DEFAULT_LIMIT`], what one app may send; [`Limit::Unlimited`] lifts
/// [`STORE_LIMIT`] too, for every client of the shop.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    shop: String,
    access_token: SecretString,
    api_version: String,
    tag_policy: TagPolicy,
    lookup_pages: u16,
    options: ClientOptions,
}

impl Builder {
    client_options!();

    /// The version of the API: an [`ApiVersion`], or its text. Default [`ApiVersion::V2022_01`].
    pub fn api_version(mut self, version: impl ToString) -> Self {
        self.api_version = version.to_string();
        self
    }

    /// What an update does to the tags that are there. Default [`TagPolicy::Replace`].
    pub fn tag_policy(mut self, policy: TagPolicy) -> Self {
        self.tag_policy = policy;
        self
    }

    /// How many pages, of [`LOOKUP_PAGE_SIZE`] customers each, a look-up reads at most where the vendor answers with
    /// other people than the one that was asked for. At least 1, by default [`DEFAULT_LOOKUP_PAGES`].
    ///
    /// The vendor passes over a filter that it does not know, and answers with everybody (seen). Such an answer is never
    /// taken for "not found" before the last page was read: past this bound the upsert fails and nothing is written.
    pub fn lookup_pages(mut self, pages: u16) -> Self {
        self.lookup_pages = pages.max(1);
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the option: a shop that is no name, host or URL, an empty
    /// token, a version that is no month, a base URL that would send in clear.
    pub fn build(self) -> Result<Shoplazza, Error> {
        let version: ApiVersion = self.api_version.trim().parse()?;
        let default_base = shop_url(&self.shop)?;
        let token = Some(("access-token", &self.access_token));
        let headers = json_headers(PROVIDER, "application/json", token)?;
        let bare = bare_headers(PROVIDER, token)?;
        let shop = default_base.as_str();
        let lifted = (self.options.limit == Some(Limit::Unlimited)).then_some(Limit::Unlimited);
        let (base, mut account) =
            self.options.open(PROVIDER, shop, &[shop, self.access_token.expose_secret()], DEFAULT_LIMIT)?;
        let store = account_key(&[&base.origin(), shop]);
        account.quotas.push(account.connector.quota(PROVIDER, store, lifted, STORE_LIMIT));
        account.request_id_headers = &["request-id", "x-request-id"];
        let root = format!("openapi/{version}");
        let customers = fixed_url(PROVIDER, &base, &format!("{root}/customers"))?;
        Ok(Shoplazza(Arc::new(Inner {
            prefix: customers.as_str().to_owned(),
            customers,
            count: fixed_url(PROVIDER, &base, &format!("{root}/customers/count"))?,
            scopes: fixed_url(PROVIDER, &base, &format!("{root}/oauth/access_scopes"))?,
            version,
            tag_policy: self.tag_policy,
            lookup_pages: self.lookup_pages,
            shop: default_base.as_str().to_owned(),
            headers: Arc::new(headers),
            bare: Arc::new(bare),
            account,
        })))
    }
}

/// Where a shop stands: from its name, its host, or its URL.
fn shop_url(shop: &str) -> Result<BaseUrl, Error> {
    let refused = || Error::config(PROVIDER, "shop", "needs a shop's name, such as acme, its host, or its https URL");
    let shop = shop.trim();
    let url = if shop.contains("://") {
        shop.to_owned()
    } else {
        let is_host = shop.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
        });
        match (is_host, shop.contains('.')) {
            (false, _) => return Err(refused()),
            (true, true) => format!("https://{shop}/"),
            (true, false) => format!("https://{shop}.{DOMAIN}/"),
        }
    };
    let url = BaseUrl::parse(PROVIDER, &url).map_err(|_| refused())?;
    // A page of the admin is no place of the API.
    if url.as_str() == format!("{}/", url.origin()) { Ok(url) } else { Err(refused()) }
}

pub(super) struct Inner {
    /// The URL of the customers, without a slash behind it.
    pub(super) prefix: String,
    pub(super) customers: Arc<url::Url>,
    pub(super) count: Arc<url::Url>,
    pub(super) scopes: Arc<url::Url>,
    pub(super) version: ApiVersion,
    pub(super) tag_policy: TagPolicy,
    pub(super) lookup_pages: u16,
    shop: String,
    pub(super) headers: Arc<HeaderMap>,
    pub(super) bare: Arc<HeaderMap>,
    pub(super) account: Account,
}

/// A client of Shoplazza's Open API for one shop. Cheap to clone.
#[derive(Clone)]
pub struct Shoplazza(pub(super) Arc<Inner>);

impl fmt::Debug for Shoplazza {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shoplazza")
            .field("shop", &self.0.shop)
            .field("version", &self.0.version)
            .finish_non_exhaustive()
    }
}

impl Shoplazza {
    /// A client for this shop (`acme`, `acme.myshoplaza.com` or its https URL) and access token.
    pub fn builder(shop: impl Into<String>, access_token: impl Into<SecretString>) -> Builder {
        Builder {
            shop: shop.into(),
            access_token: access_token.into(),
            api_version: ApiVersion::default().to_string(),
            tag_policy: TagPolicy::default(),
            lookup_pages: DEFAULT_LOOKUP_PAGES,
            options: ClientOptions::default(),
        }
    }
}
