//! An app of the vendor's: how a merchant authorises it, and how that becomes a client.
//!
//! The merchant's browser is sent to [`authorize_url`](OAuthApp::authorize_url) and comes back with a signed query, which
//! [`verify_callback`](OAuthApp::verify_callback) checks; its code becomes a pair of tokens by
//! [`exchange`](OAuthApp::exchange), and the pair a client by [`client`](OAuthApp::client).

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded::Serializer;

use super::PROVIDER;
use super::account::{Builder, Identification, open, shop_url};
use super::callback::SignedQuery;
use super::token_pair::{Grant, TokenPair, form, judge_token, pair};
use crate::client::options::{ClientOptions, bare_headers, client_options, fixed_url};
use crate::client::{Operation, Outgoing};
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::Url;

/// The scopes that this crate's calls need: `read_customer` and `write_customer` (documented).
pub const SCOPES: [&str; 2] = ["read_customer", "write_customer"];

/// Where tokens are had (documented).
pub(super) const TOKEN_PATH: &str = "admin/oauth/token";

/// A code is good once (documented): after a lost answer nobody knows whether it was used up.
static EXCHANGE: Operation = Operation::bare_write("exchange_code");

/// An app of the vendor's, by its client id and secret. One value serves all shops that authorised the app.
#[derive(Clone, Debug)]
#[must_use]
pub struct OAuthApp {
    pub(super) client_id: String,
    pub(super) client_secret: SecretString,
    pub(super) options: ClientOptions,
}

/// The options hold for the calls of the app itself, and for the clients that it makes.
impl OAuthApp {
    /// An app.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for an empty client id or secret.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<SecretString>) -> Result<Self, Error> {
        let (client_id, client_secret) = (client_id.into(), client_secret.into());
        if client_id.trim().is_empty() {
            return Err(Error::config(PROVIDER, "client_id", "is empty"));
        }
        if client_secret.expose_secret().trim().is_empty() {
            return Err(Error::config(PROVIDER, "client_secret", "is empty"));
        }
        Ok(Self { client_id, client_secret, options: ClientOptions::default() })
    }

    client_options!();

    /// Where the merchant's browser is sent to authorise the app: `GET admin/oauth/authorize` of the shop.
    ///
    /// `state` comes back with the code, and ties the answer to the browser that asked: a random text, made for each
    /// authorisation and kept until the callback. Granting anew replaces the scopes that were granted before (seen).
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

    /// Checks the query with which the vendor opens the app (`hmac`, `shop`, `store_id`).
    ///
    /// It tells no time, so that an old one passes, too (documented).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] where it is not signed with the app's secret.
    pub fn verify(&self, query: &str) -> Result<SignedQuery, Error> {
        SignedQuery::verify(&self.client_secret, query)
    }

    /// Checks the query of the callback (`code`, `shop`, `state`, `hmac`), and that it answers the authorisation that was
    /// begun with this state. A state is for one callback: forget it afterwards.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] where it is not signed with the app's secret, is of another state, or has no code.
    pub fn verify_callback(&self, query: &str, state: &str) -> Result<SignedQuery, Error> {
        SignedQuery::verify_callback(&self.client_secret, query, state)
    }

    /// Exchanges a code for a pair of tokens: `POST admin/oauth/token`. It takes the client secret to the shop's host, so
    /// that `shop` has to be the one of a [verified callback](Self::verify_callback).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] where the vendor refuses the code. A code is good once: after a lost answer the
    /// effect is unknown, and the merchant has to authorise anew.
    pub async fn exchange(&self, shop: &str, code: &SecretString, redirect_uri: &str) -> Result<TokenPair, Error> {
        let (base, account) = open(self.options.clone(), &shop_url(shop)?, &self.client_id)?;
        let url = Url::from(&fixed_url(PROVIDER, &base, TOKEN_PATH)?);
        let headers = form_headers()?;
        let body = form(&self.client_id, &self.client_secret, &Grant::Code { code, redirect_uri });
        let mut call = account.call();
        let out =
            Outgoing { operation: &EXCHANGE, method: &Method::POST, url: &url, headers: &headers, body: Some(&body) };
        let answer = call.send(out, judge_token).await?;
        pair(&answer.body, account.connector.clock().utc(), None).ok_or_else(|| {
            let error = call.error(&EXCHANGE, ErrorKind::Decode, Effect::Unknown);
            call.finish(error.with_status(answer.status.as_u16()).with_hint("the answer holds no refresh token"))
        })
    }

    /// A client for a shop that authorised the app, which renews its tokens by itself: before they end, and once where
    /// the vendor refuses one.
    ///
    /// Make one client of a shop and clone it: two clients would renew the same pair behind each other's back.
    pub fn client(&self, shop: impl Into<String>, tokens: TokenPair) -> Builder {
        let identification = Identification::App { app: Box::new(self.clone()), tokens: Box::new(tokens) };
        Builder::with(shop.into(), identification)
    }
}

/// The headers of a token request.
pub(super) fn form_headers() -> Result<Arc<HeaderMap>, Error> {
    let mut headers = bare_headers(PROVIDER, None)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    Ok(Arc::new(headers))
}
