//! The token calls of an app.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::super::PROVIDER;
use super::super::operations::{CREATE_ACCESS_TOKEN, REFRESH_ACCESS_TOKEN};
use super::super::request::options::{DEFAULT_LIMIT, refuse_other_product, store_handle};
use super::app::OAuthApp;
use super::token::{AccessToken, check, read};
use crate::client::options::{ClientOptions, client_options, fixed_url, json_body};
use crate::client::response::decode_lossy;
use crate::client::{AccountContext, Call, Connector, Request, Response, Secret};
use crate::error::{Error, ErrorKind};

const CREATE_PATH: &str = "admin/oauth/token/create";
pub(super) const REFRESH_PATH: &str = "admin/oauth/token/refresh";

/// Options of an [`OAuthClient`].
#[derive(Debug)]
#[must_use]
pub struct OAuthBuilder {
    handle: String,
    app: OAuthApp,
    options: ClientOptions,
}

impl OAuthBuilder {
    client_options!();

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the option: a handle that is no sub-domain or belongs to the other product, a base
    /// URL that would send in clear.
    pub fn build(self) -> Result<OAuthClient, Error> {
        let handle = store_handle(&self.handle)?;
        refuse_other_product(self.options.base_url.as_deref())?;
        let default_base = format!("https://{handle}.myshopline.com/");
        let (base, account) = self.options.open(PROVIDER, &default_base, &[&handle, self.app.key()], DEFAULT_LIMIT)?;
        let request = |operation, path| {
            fixed_url(PROVIDER, &base, path).map(|url| Request::to(operation, &url, &Arc::default(), None))
        };
        Ok(OAuthClient(Arc::new(Inner {
            create: request(&CREATE_ACCESS_TOKEN, CREATE_PATH)?,
            refresh: request(&REFRESH_ACCESS_TOKEN, REFRESH_PATH)?,
            handle,
            app: self.app,
            account: account.with_request_id_headers(&["traceid"]),
        })))
    }
}

struct Inner {
    handle: String,
    app: OAuthApp,
    /// Without its body and its headers, as the other.
    create: Request,
    refresh: Request,
    account: AccountContext,
}

/// The token calls of an app for one store. Cheap to clone.
#[derive(Clone)]
pub struct OAuthClient(Arc<Inner>);

impl fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthClient").field("handle", &self.0.handle).field("app", &self.0.app).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Code<'a> {
    code: &'a str,
}

impl OAuthClient {
    /// The token calls of this app for the store with this handle.
    pub fn builder(handle: impl Into<String>, app: OAuthApp) -> OAuthBuilder {
        OAuthBuilder { handle: handle.into(), app, options: ClientOptions::default() }
    }

    /// Exchanges the one-time code of the callback for a token: `POST /admin/oauth/token/create`.
    ///
    /// # Errors
    ///
    /// The vendor's refusal, also in a 200 whose body has a `code` other than 200. With
    /// [`Effect::Unknown`](crate::Effect::Unknown) the code may be used up: ask the merchant for consent once more.
    pub async fn create_token(&self, code: &Secret) -> Result<Response<AccessToken>, Error> {
        let body = json_body(PROVIDER, &Code { code: code.expose() })?;
        self.token(&Request { body: Some(body), ..self.0.create.clone() }).await
    }

    /// Renews the token: `POST /admin/oauth/token/refresh`. The old one lives five minutes more (documented). Several
    /// programs that renew at the same time can end each other's tokens (documented in the vendor's own samples): let
    /// one program renew.
    ///
    /// # Errors
    ///
    /// The vendor's refusal, also in a 200 whose body has a `code` other than 200.
    pub async fn refresh_token(&self) -> Result<Response<AccessToken>, Error> {
        self.token(&self.0.refresh).await
    }

    async fn token(&self, request: &Request) -> Result<Response<AccessToken>, Error> {
        let Inner { app, account, .. } = &*self.0;
        request_token(&mut account.call(), app, request, &account.connector).await
    }
}

/// Obtains a token for a store. `request` holds all but the headers, which are signed for this moment.
pub(super) async fn request_token(
    call: &mut Call<'_>,
    app: &OAuthApp,
    request: &Request,
    connector: &Connector,
) -> Result<Response<AccessToken>, Error> {
    let headers = app.signed_headers(request.body.as_deref(), connector.clock().utc())?;
    let response =
        call.execute_with(request, &headers, decode_lossy(check, |response| Some(read(&response.body)))).await?;
    // A code that the vendor accepted is used up, whatever it answered.
    response
        .transpose()
        .ok_or_else(|| call.fail(request.operation, ErrorKind::Decode, "the answer holds no access token"))
}
