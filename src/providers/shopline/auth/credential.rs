//! The token of a client: given once, or renewed by an app for all clones of the client.

use std::sync::Arc;

use http::header::AUTHORIZATION;

use super::super::PROVIDER;
use super::super::operations::REFRESH_ACCESS_TOKEN;
use super::app::{OAuthApp, placeholder};
use super::jwt::expiry;
use super::oauth::{REFRESH_PATH, request_token};
use super::token::AccessToken;
use crate::client::auth::token::{self, RequestHeaders, Token, Tokens};
use crate::client::options::{bare_headers, fixed_url, json_headers, request_headers};
use crate::client::{AccountContext, BaseUrl, Call, Connector, Request, Secret};
use crate::error::Error;

/// The value that the vendor's page gives as fixed; its own clients send it without the character set (seen).
const CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// An app that renews the token of a store.
pub(crate) struct Renewal {
    app: OAuthApp,
    connector: Connector,
    /// The request as plans show it.
    request: Request,
    check_expiry: bool,
}

/// The tokens of a client: a given one, used until it expires or is refused, and an app that renews it.
pub(in super::super) fn tokens(
    given: Option<Secret>,
    app: Option<OAuthApp>,
    base: &BaseUrl,
    account: &AccountContext,
    check_expiry: bool,
) -> Result<Tokens<Renewal>, Error> {
    let given = given.map(|given| bearer(AccessToken::given(expiry(&given), given), check_expiry)).transpose()?;
    let renewal = match app {
        Some(app) => {
            let headers = Arc::new(app.headers("{timestamp}", placeholder())?);
            let url = fixed_url(PROVIDER, base, REFRESH_PATH)?;
            let request = Request::to(&REFRESH_ACCESS_TOKEN, &url, &headers, None);
            Some(Renewal { app, connector: account.connector.clone(), request, check_expiry })
        }
        None => None,
    };
    Ok(Tokens::own(given, renewal, &account.connector))
}

/// The headers of a client's requests, as plans show them.
pub(in super::super) fn shown_headers() -> Result<RequestHeaders, Error> {
    let (mut json, mut bare) = (json_headers(PROVIDER, CONTENT_TYPE, None)?, bare_headers(PROVIDER, None)?);
    json.insert(AUTHORIZATION, placeholder());
    bare.insert(AUTHORIZATION, placeholder());
    Ok(RequestHeaders { json: Arc::new(json), bare: Arc::new(bare) })
}

fn bearer(access: AccessToken, check_expiry: bool) -> Result<Token<AccessToken>, Error> {
    let text = access.token.expose().trim();
    if text.is_empty() {
        return Err(Error::config(PROVIDER, "credential", "the access token is empty"));
    }
    let bearer = Secret::from(format!("Bearer {text}"));
    let headers = request_headers(PROVIDER, CONTENT_TYPE, Some(("authorization", bearer.inner())))?;
    Ok(Token::new(headers, access.expires_at.filter(|_| check_expiry), access))
}

impl Renewal {
    /// The request as plans show it.
    pub(in super::super) fn request(&self) -> &Request {
        &self.request
    }
}

impl token::Renewal for Renewal {
    type Detail = AccessToken;

    async fn renew(
        &self,
        _current: Option<&Token<AccessToken>>,
        call: &mut Call<'_>,
    ) -> Result<Token<AccessToken>, Error> {
        let answer = request_token(call, &self.app, &self.request, &self.connector).await?;
        bearer(answer.value, self.check_expiry)
    }

    fn may_replace(&self, error: &Error, _is_fresh: bool) -> bool {
        error.status() == Some(401)
    }
}
