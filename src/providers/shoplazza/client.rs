//! The client: its URLs and headers, and how it sends. No vendor call is here.

use std::fmt::{self, Display};
use std::sync::Arc;

use super::PROVIDER;
use super::auth::token::AppRenewal;
use super::to_vendor::Choices;
use crate::client::api::api_client;
use crate::client::auth::token::{RequestHeaders, Tokens};
use crate::client::options::fixed_url;
use crate::client::{AccountContext, BaseUrl};
use crate::error::Error;

/// The URLs that are made once per client, the later ones with places for ids.
pub(super) struct Urls {
    pub(super) customers: Arc<url::Url>,
    pub(super) count: Arc<url::Url>,
    pub(super) scopes: Arc<url::Url>,
    pub(super) customer: Arc<str>,
    pub(super) addresses: Arc<str>,
    pub(super) address: Arc<str>,
    pub(super) default_address: Arc<str>,
}

impl Urls {
    pub(super) fn under(base: &BaseUrl, version: &impl Display) -> Result<Self, Error> {
        let url = |path: &str| fixed_url(PROVIDER, base, &format!("openapi/{version}/{path}"));
        let customers = url("customers")?;
        let route = |path: &str| Arc::from(format!("{customers}{path}"));
        Ok(Self {
            customer: route("/{id}"),
            addresses: route("/{id}/addresses"),
            address: route("/{id}/addresses/{address_id}"),
            default_address: route("/{id}/addresses/{address_id}/default"),
            count: url("customers/count")?,
            scopes: url("oauth/access_scopes")?,
            customers,
        })
    }
}

pub(super) struct Inner {
    pub(super) urls: Urls,
    pub(super) shop: String,
    pub(super) version: String,
    pub(super) choices: Choices,
    pub(super) email_filter: bool,
    pub(super) lookup_pages: u16,
    /// As plans show them.
    pub(super) headers: RequestHeaders,
    pub(super) tokens: Tokens<AppRenewal>,
    pub(super) account: AccountContext,
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

api_client!(Shoplazza, tokens: Tokens<AppRenewal>);
