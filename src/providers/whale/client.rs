//! The client: its URLs, its headers, and the way that every request of it is sent.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::PROVIDER;
use super::config::{Builder, DEFAULT_BASE_URL, DEFAULT_DAILY_LIMIT, DEFAULT_LIMIT, PathStyle, Settings};
use crate::client::api::api_client;
use crate::client::auth::token::RequestHeaders;
use crate::client::options::{fixed_url, request_headers};
use crate::client::{AccountContext, Allowance, Limit, Secret, account_key, fill};
use crate::error::Error;

const DAY: Duration = Duration::from_secs(86_400);

pub(super) struct Inner {
    store_id: String,
    pub(super) settings: Settings,
    pub(super) urls: Urls,
    headers: RequestHeaders,
    pub(super) account: AccountContext,
}

/// The URLs of the store, made once. Those of one object hold `{id}`.
pub(super) struct Urls {
    pub(super) customers: Arc<url::Url>,
    pub(super) customer: Arc<str>,
    pub(super) metrics: Arc<str>,
    pub(super) activity: Arc<str>,
    pub(super) notes: Arc<str>,
    pub(super) removal_requests: Arc<str>,
    pub(super) segments: Arc<url::Url>,
    pub(super) segment: Arc<str>,
}

/// A client of Whale's Customers API for one store. Cheap to clone.
#[derive(Clone)]
pub struct Whale(pub(super) Arc<Inner>);

impl fmt::Debug for Whale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Whale").field("store_id", &self.0.store_id).finish_non_exhaustive()
    }
}

impl Whale {
    /// Options of a client for this store and API key (`wk_live_…` or `wk_test_…`). With [`PathStyle::KeyScoped`] the
    /// store id is not sent.
    pub fn builder(store_id: impl Into<String>, api_key: impl Into<Secret>) -> Builder {
        Builder::new(store_id.into(), api_key.into())
    }
}

api_client!(Whale);

impl Builder {
    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the option: a store id that cannot be part of a URL, an
    /// empty key, a base URL without TLS, an empty name of a parameter, a daily limit of 0.
    pub fn build(self) -> Result<Whale, Error> {
        self.check()?;
        let Self { store_id, api_key, path_style, settings, daily, options } = self;
        let root = match path_style {
            PathStyle::KeyScoped => "v1".to_owned(),
            PathStyle::StoreScoped => fill("v1/stores/{store_id}", &[("store_id", store_id.trim())]).map_err(|_| {
                Error::config(PROVIDER, "store_id", "must not be empty, a dot, or hold control characters")
            })?,
        };
        let headers = request_headers(PROVIDER, "application/json", Some(("x-api-key", &api_key)))?;
        // The limits are the key's, whatever the style of path.
        let key = api_key.expose();
        let lifted = options.limit == Some(Limit::Unlimited);
        let (base, mut account) = options.open(PROVIDER, DEFAULT_BASE_URL, &[key], DEFAULT_LIMIT)?;
        let daily = daily.or(lifted.then_some(None));
        let daily = daily.map(|max| max.map_or(Limit::Unlimited, |max| Limit::Window { max, per: DAY }));
        let default = Limit::Window { max: DEFAULT_DAILY_LIMIT, per: DAY };
        account.allowance = Some(Allowance {
            quota: account.connector.quota(PROVIDER, account_key(&[&base.origin(), key, "day"]), daily, default),
            hint: "the key's requests of a day are used up: set daily_limit to what the store's owner allows",
        });
        account.request_id_headers = &["x-request-id", "request-id", "fly-request-id"];
        let customers = fixed_url(PROVIDER, &base, &format!("{root}/customers"))?;
        let segments = fixed_url(PROVIDER, &base, &format!("{root}/customer-segments"))?;
        let below = |path: &str| Arc::from(format!("{customers}/{{id}}{path}"));
        let urls = Urls {
            customer: below(""),
            metrics: below("/metrics"),
            activity: below("/activity"),
            notes: below("/notes"),
            removal_requests: below("/removal-request"),
            segment: Arc::from(format!("{segments}/{{id}}")),
            segments,
            customers,
        };
        Ok(Whale(Arc::new(Inner { store_id, settings, urls, headers, account })))
    }
}
