//! An app: its credentials, and what the vendor signs with them.
//!
//! The merchant's browser is sent to [`authorize_url`](OAuthApp::authorize_url) and comes back with a signed query, which
//! [`verify_callback`](OAuthApp::verify_callback) checks; its code becomes a pair of tokens by
//! [`exchange_code`](OAuthApp::exchange_code), and the pair a client by [`client`](OAuthApp::client).

use super::super::PROVIDER;
use super::callback::SignedQuery;
use crate::client::Secret;
use crate::client::options::{ClientOptions, client_options};
use crate::error::Error;

/// The scopes that this crate's calls need: `read_customer` and `write_customer` (documented).
pub const SCOPES: [&str; 2] = ["read_customer", "write_customer"];

/// An app of the vendor, by its client id and secret. One value serves all shops that authorised the app.
#[derive(Clone, Debug)]
#[must_use]
pub struct OAuthApp {
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) options: ClientOptions,
}

/// The options hold for the calls of the app itself, and for the clients that it makes.
impl OAuthApp {
    /// An app.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for an empty client id or secret.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Result<Self, Error> {
        let (client_id, client_secret) = (client_id.into(), client_secret.into());
        if client_id.trim().is_empty() {
            return Err(Error::config(PROVIDER, "client_id", "is empty"));
        }
        if client_secret.is_blank() {
            return Err(Error::config(PROVIDER, "client_secret", "is empty"));
        }
        Ok(Self { client_id, client_secret, options: ClientOptions::default() })
    }

    client_options!();

    /// Checks the query with which the vendor opens the app (`hmac`, `shop`, `store_id`).
    ///
    /// It holds no time, so that an old one passes as well (documented).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) where it is not signed with the app's secret.
    pub fn verify(&self, query: &str) -> Result<SignedQuery, Error> {
        SignedQuery::verify(&self.client_secret, query)
    }

    /// Checks the query of the callback (`code`, `shop`, `state`, `hmac`), and that it answers the authorisation that was
    /// begun with this state. A state is for one callback: forget it afterwards.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) where it is not signed with the app's secret, is of another state, or has no code.
    pub fn verify_callback(&self, query: &str, state: &str) -> Result<SignedQuery, Error> {
        SignedQuery::verify_callback(&self.client_secret, query, state)
    }
}
