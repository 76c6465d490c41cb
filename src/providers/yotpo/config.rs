//! The options of a client, and their defaults.

use std::sync::Arc;
use std::time::Duration;

use super::PROVIDER;
use super::auth::{self, MintRoute};
use super::client::{Inner, Yotpo};
use super::to_vendor::MapOptions;
use crate::client::auth::token::Token;
use crate::client::options::{ClientOptions, client_options, fixed_url};
use crate::client::{ArrayStyle, BaseUrl, Limit, Secret, fill};
use crate::error::Error;

/// The vendor's API (documented).
pub const DEFAULT_BASE_URL: &str = "https://api.yotpo.com/";

/// The vendor's Loyalty product (documented).
const LOYALTY_BASE_URL: &str = "https://loyalty.yotpo.com/";

/// What the vendor takes for one store (documented): 5 requests a second. All of a store's integrations share it
/// (inferred from "per store"); token calls are counted as well. An answer that says that nothing is left of it
/// (`RateLimit-Remaining`, documented) is obeyed.
pub const DEFAULT_LIMIT: Limit = Limit::Window { max: 5, per: Duration::from_secs(1) };

/// The header with the seconds to wait (documented).
pub(super) const RESET_HEADER: &str = "ratelimit-reset";

/// How long the vendor says to wait before a customer is looked for (documented). Others measured up to four minutes.
pub(super) const VISIBLE_AFTER: Duration = Duration::from_secs(60);

/// Options of a [`Yotpo`] client.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    store_id: String,
    secret: Option<Secret>,
    token: Option<Secret>,
    map: MapOptions,
    arrays: ArrayStyle,
    also_utoken: bool,
    loyalty_base: Option<String>,
    options: ClientOptions,
}

impl Builder {
    fn new(store_id: String, secret: Option<Secret>, token: Option<Secret>) -> Self {
        Self {
            store_id,
            secret,
            token,
            map: MapOptions::default(),
            arrays: ArrayStyle::default(),
            also_utoken: false,
            loyalty_base: None,
            options: ClientOptions::default(),
        }
    }

    client_options!();

    /// An access token to begin with, of this client and its clones alone. When the vendor refuses it, another is minted
    /// if there is a secret.
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sends what concerns the vendor's Loyalty product to another place: the host itself, with no `api/`. Default: the
    /// vendor's own, unless [`base_url`](Self::base_url) was set.
    pub fn loyalty_base_url(mut self, url: impl Into<String>) -> Self {
        self.loyalty_base = Some(url.into());
        self
    }

    /// Lets a phone number alone identify a customer. The vendor still names `phone_number` as an identifier and says on
    /// the same page that it can no longer be set (documented), so that such a record is refused by default, and noted
    /// where this allows it.
    pub fn allow_phone_identity(mut self, allow: bool) -> Self {
        self.map.allow_phone_identity = allow;
        self
    }

    /// Sends what the vendor deprecates: custom values as `custom_properties`, and beside an external id the phone number
    /// as `phone_number`. Whether the vendor still stores them is unknown, and a note says so. Default no.
    pub fn send_deprecated(mut self, send: bool) -> Self {
        self.map.send_deprecated = send;
        self
    }

    /// How several external ids, or several parts to expand, are written in a query. Default [`ArrayStyle::Commas`]. All
    /// styles are inferred: one id and one part to expand were seen in clients, and never two.
    pub fn array_style(mut self, style: ArrayStyle) -> Self {
        self.arrays = style;
        self
    }

    /// Sends the access token a second time, as `x-utoken`, with
    /// [`anonymize_loyalty_customer`](Yotpo::anonymize_loyalty_customer). The one client in which that call was seen sends
    /// both; that one is enough is inferred. Default no.
    pub fn also_send_utoken(mut self, also: bool) -> Self {
        self.also_utoken = also;
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the option: an empty or impossible store id, an empty
    /// secret, a token that no header can hold, a base URL that would send in clear.
    pub fn build(self) -> Result<Yotpo, Error> {
        let store_id = self.store_id.trim();
        let path = |path: &str| {
            fill(path, &[("store_id", store_id)])
                .map_err(|_| Error::config(PROVIDER, "store_id", "is empty, dots, or has control characters"))
        };
        let customers = path("core/v3/stores/{store_id}/customers")?;
        let tokens = path("core/v3/stores/{store_id}/access_tokens")?;
        if self.secret.as_ref().is_some_and(Secret::is_blank) {
            return Err(Error::config(PROVIDER, "credential", "the secret is empty"));
        }
        let given = self.token.as_ref().map(auth::headers).transpose()?;
        // A token goes to no host that was not named.
        let own = self.options.base_url.is_none().then(|| LOYALTY_BASE_URL.to_owned());
        let loyalty_base = self.loyalty_base.or(own).map(|url| BaseUrl::parse(PROVIDER, &url)).transpose()?;
        let (base, mut account) = self.options.open(PROVIDER, DEFAULT_BASE_URL, &[store_id], DEFAULT_LIMIT)?;
        account.reset_header = Some(RESET_HEADER);
        let mint = MintRoute::new(fixed_url(PROVIDER, &base, &tokens)?)?;
        let given = given.map(|headers| Token::new(headers, None, ()));
        Ok(Yotpo(Arc::new(Inner {
            customers: fixed_url(PROVIDER, &base, &customers)?,
            store_id: store_id.to_owned(),
            loyalty_base,
            map: self.map,
            arrays: self.arrays,
            also_utoken: self.also_utoken,
            headers: auth::headers(&"[redacted]".into())?,
            tokens: auth::tokens(given, self.secret, &mint, &account.connector),
            mint,
            account,
        })))
    }
}

impl Yotpo {
    /// A client for this store (the "app key") and its API secret, from which access tokens are minted.
    pub fn builder(store_id: impl Into<String>, secret: impl Into<Secret>) -> Builder {
        Builder::new(store_id.into(), Some(secret.into()), None)
    }

    /// A client for this store and an access token, with no secret: when the vendor refuses the token, calls fail as
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated).
    pub fn with_token(store_id: impl Into<String>, token: impl Into<Secret>) -> Builder {
        Builder::new(store_id.into(), None, Some(token.into()))
    }
}
