//! The client: its URLs and headers, and how it sends. No vendor call is here.

use std::fmt::{self, Display};
use std::sync::Arc;

use bytes::Bytes;

use super::PROVIDER;
use super::auth::token::AppRenewal;
use super::to_vendor::Choices;
use crate::client::api::ApiClient;
use crate::client::auth::token::{RequestHeaders, Tokens};
use crate::client::options::fixed_url;
use crate::client::response::{Reading, Response};
use crate::client::{AccountContext, BaseUrl, Call, HttpResponse, Operation, Request, Url};
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

impl ApiClient for Shoplazza {
    fn account(&self) -> &AccountContext {
        &self.0.account
    }

    async fn send<T: Send>(
        &self,
        call: &mut Call<'_>,
        request: &Request,
        read: impl Fn(&HttpResponse) -> Reading<T> + Send + Sync,
    ) -> Result<Response<T>, Error> {
        self.0.tokens.execute(call, request, read).await
    }
}

impl Shoplazza {
    /// A request with the client's headers.
    pub(super) fn request(&self, operation: &'static Operation, url: impl Into<Url>, body: Option<Bytes>) -> Request {
        Request::to(operation, url, self.0.headers.of(body.is_some()), body)
    }
}
