//! The authorisation of an app: the URL for the browser, and the calls that obtain tokens.

use url::form_urlencoded::Serializer;

use super::super::PROVIDER;
use super::super::auth::app::OAuthApp;
use super::super::auth::token::{Grant, TOKEN_PATH, TokenPair, form, form_headers, read_pair};
use super::super::client::Shoplazza;
use super::super::config::{Builder, Credential, open, shop_url};
use super::super::operations::{EXCHANGE_CODE, REFRESH_ACCESS_TOKEN};
use crate::client::options::fixed_url;
use crate::client::{Request, Secret};
use crate::error::{Error, ErrorKind};

impl OAuthApp {
    /// Where the merchant's browser is sent to authorise the app: `GET admin/oauth/authorize` of the shop.
    ///
    /// `state` comes back with the code, and ties the answer to the browser that asked: a random text, made for each
    /// authorisation and kept until the callback. A second grant replaces the scopes of the first (seen).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming what is empty or no shop.
    pub fn authorize_url<'s>(
        &self,
        shop: &str,
        scopes: impl IntoIterator<Item = &'s str>,
        redirect_uri: &str,
        state: &str,
    ) -> Result<String, Error> {
        let scopes: Vec<_> = scopes.into_iter().collect();
        for (name, text) in [("scopes", scopes.concat().as_str()), ("redirect_uri", redirect_uri), ("state", state)] {
            if text.trim().is_empty() {
                return Err(Error::config(PROVIDER, name, "is empty"));
            }
        }
        let base = shop_url(self.options.base_url.as_deref().unwrap_or(shop))?;
        let url = format!("{}admin/oauth/authorize?", base.as_str());
        let start = url.len();
        let mut query = Serializer::for_suffix(url, start);
        query
            .append_pair("client_id", &self.client_id)
            // Separated by spaces or commas (documented).
            .append_pair("scope", &scopes.join(" "))
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("state", state);
        Ok(query.finish())
    }

    /// Exchanges a code for a pair of tokens: `POST admin/oauth/token`. It sends the client secret to the shop's host, so
    /// that `shop` has to be the one of a [verified callback](Self::verify_callback).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] where the vendor refuses the code. A code is valid once: after a lost answer the
    /// effect is unknown, and the merchant has to authorise the app again.
    pub async fn exchange_code(&self, shop: &str, code: &Secret, redirect_uri: &str) -> Result<TokenPair, Error> {
        let (base, account) = open(self.options.clone(), &shop_url(shop)?, &self.client_id)?;
        let body = form(&self.client_id, &self.client_secret, &Grant::Code { code, redirect_uri });
        let url = fixed_url(PROVIDER, &base, TOKEN_PATH)?;
        let request = Request::to(&EXCHANGE_CODE, &url, &form_headers()?, Some(body));
        let now = account.connector.clock().utc();
        account.call().execute(&request, read_pair(now, None)).await.map(|answer| answer.value)
    }

    /// A client for a shop that authorised the app, which renews its tokens by itself: before they expire, and once where
    /// the vendor refuses one.
    ///
    /// Make one client of a shop and clone it: two clients would renew the same pair without each other's knowledge.
    pub fn client(&self, shop: impl Into<String>, tokens: TokenPair) -> Builder {
        let (client_id, client_secret) = (self.client_id.clone(), self.client_secret.clone());
        let credential = Credential::App { client_id, client_secret, tokens: Box::new(tokens) };
        Builder::with(shop.into(), credential, self.options.clone())
    }
}

impl Shoplazza {
    /// The held pair of a client that renews its tokens; none of a client with a fixed token.
    ///
    /// A program that stores it has to store each one that follows: see
    /// [`on_new_tokens`](super::super::Builder::on_new_tokens).
    #[must_use]
    pub fn tokens(&self) -> Option<TokenPair> {
        self.0.tokens.current()?.detail.clone()
    }

    /// Renews the pair now, whatever its age. Calls do it by themselves when it is needed: before the token expires, and
    /// once where the vendor refuses it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] where the vendor refuses the refresh token: the merchant has to authorise the app
    /// again. [`ErrorKind::Unsupported`] for a client with a fixed token. After a lost answer the old pair is kept;
    /// whether it is still valid is unknown.
    pub async fn refresh_tokens(&self) -> Result<TokenPair, Error> {
        let mut call = self.0.account.call();
        let token = self.0.tokens.renew(&mut call).await;
        let token = token.map_err(|error| error.with_provider(PROVIDER).with_operation(REFRESH_ACCESS_TOKEN.name()))?;
        let hint = "an access token without a refresh token cannot be renewed";
        token.detail.clone().ok_or_else(|| call.fail(&REFRESH_ACCESS_TOKEN, ErrorKind::Unsupported, hint))
    }
}
