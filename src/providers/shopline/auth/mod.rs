//! OAuth of custom and public apps: asking a merchant for access, checking the callback, and the access tokens.
//!
//! The flow (documented): the merchant opens the app with a signed request; the app sends the browser to
//! [`OAuthApp::authorize_url`]; the browser comes back with a one-time code, signed ([`OAuthApp::verify_request`]);
//! [`OAuthClient::create_token`] exchanges the code for a token. It lives ten hours, and [`OAuthClient::refresh_token`]
//! renews it, as does a client of [`Shopline::oauth`](super::Shopline::oauth) by itself.

pub(super) mod app;
mod callback;
pub(super) mod credential;
pub(super) mod jwt;
mod oauth;
mod token;

pub use app::OAuthApp;
pub use callback::SignedRequest;
pub use oauth::{OAuthBuilder, OAuthClient};
pub use token::AccessToken;
