//! The client: its URLs and headers, and how its requests are sent.

use std::fmt;
use std::sync::Arc;

use super::PROVIDER;
use super::auth::AccessToken;
use super::auth::credential::{Renewal, shown_headers};
use super::request::options::{ApiVersion, Choices};
use super::request::refuse_foreign_id;
use crate::client::api::api_client;
use crate::client::auth::token::{RequestHeaders, Tokens};
use crate::client::options::fixed_url;
use crate::client::{AccountContext, BaseUrl, Request};
use crate::error::Error;

/// Values for the places in braces of a route.
pub(super) type Ids<'a> = &'a [(&'static str, &'a str)];

/// A client of SHOPLINE's Admin REST API for one store. Cheap to clone.
#[derive(Clone)]
pub struct Shopline(pub(super) Arc<Inner>);

pub(super) struct Inner {
    handle: String,
    version: ApiVersion,
    pub(super) choices: Choices,
    /// Base URL and version, with a trailing slash.
    root: String,
    pub(super) urls: Urls,
    /// As plans show them: the place of the token is marked, whatever token is held.
    headers: RequestHeaders,
    pub(super) tokens: Tokens<Renewal>,
    pub(super) account: AccountContext,
}

/// The URLs of an upsert, made once; those of its later steps have places for ids.
pub(super) struct Urls {
    pub(super) customers: Arc<url::Url>,
    pub(super) by_email: Arc<url::Url>,
    pub(super) customer: Arc<str>,
    pub(super) read_customer: Arc<str>,
    pub(super) addresses: Arc<str>,
    pub(super) address: Arc<str>,
    pub(super) default_address: Arc<str>,
}

impl fmt::Debug for Shopline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shopline")
            .field("handle", &self.0.handle)
            .field("api_version", &self.0.version.as_str())
            .finish_non_exhaustive()
    }
}

impl Shopline {
    pub(super) fn open(
        handle: String,
        version: ApiVersion,
        choices: Choices,
        base: &BaseUrl,
        account: AccountContext,
        tokens: Tokens<Renewal>,
    ) -> Result<Self, Error> {
        let path = format!("admin/openapi/{}/", version.as_str());
        let root = format!("{}{path}", base.as_str());
        let fixed = |route: &str| fixed_url(PROVIDER, base, &format!("{path}{route}"));
        let template = |route: &str| Arc::from(format!("{root}{route}"));
        let urls = Urls {
            customers: fixed("customers.json")?,
            by_email: fixed("customers/query_user_by_email.json")?,
            customer: template("customers/{id}.json"),
            read_customer: template("customers/v2/{id}.json"),
            addresses: template("customers/{id}/addresses.json"),
            address: template("customers/{id}/addresses/{address_id}.json"),
            default_address: template("customers/{id}/addresses/{address_id}/default.json"),
        };
        let headers = shown_headers()?;
        Ok(Self(Arc::new(Inner { handle, version, choices, root, urls, headers, tokens, account })))
    }

    /// The token that the client holds, to be kept for the next start of the program.
    #[must_use]
    pub fn access_token(&self) -> Option<AccessToken> {
        self.0.tokens.current().map(|token| token.detail.clone())
    }

    /// The URL of a route, which may have places in braces.
    pub(super) fn route(&self, route: &str) -> String {
        format!("{}{route}", self.0.root)
    }
}

/// The request with these ids in its places. An id of the vendor's other product is refused.
pub(super) fn filled(request: Request, ids: Ids<'_>) -> Result<Request, Error> {
    for (_, id) in ids.iter().filter(|(place, _)| *place == "id") {
        refuse_foreign_id(id)
            .map_err(|error| error.with_provider(PROVIDER).with_operation(request.operation().name()))?;
    }
    request.with_ids(ids)
}

api_client!(Shopline, tokens: Tokens<Renewal>);
