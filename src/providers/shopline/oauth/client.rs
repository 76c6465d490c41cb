//! The token calls.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::super::PROVIDER;
use super::super::client::{DEFAULT_LIMIT, body, refuse_other_product, store_handle};
use super::token::{judge, read};
use super::{AccessToken, OAuthApp, placeholder};
use crate::client::options::{ClientOptions, client_options, fixed_url};
use crate::client::{AccountContext, Call, Operation, Outgoing};
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::{Step, StepCondition, Url};

/// The code works once (documented): a lost answer may have used it up.
static CREATE: Operation = Operation::bare_write("create_access_token");
/// A token is no record: what happens to this call changes no customer, and a repeat brings a token as good.
static REFRESH: Operation = Operation::bare_read("refresh_access_token");

const CREATE_PATH: &str = "admin/oauth/token/create";
pub(in super::super) const REFRESH_PATH: &str = "admin/oauth/token/refresh";

/// Options of an [`OAuthClient`].
#[derive(Debug)]
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
        let (base, mut account) =
            self.options.open(PROVIDER, &default_base, &[&handle, self.app.key()], DEFAULT_LIMIT)?;
        account.request_id_headers = &["traceid"];
        Ok(OAuthClient(Arc::new(Inner {
            create: Url::from(&fixed_url(PROVIDER, &base, CREATE_PATH)?),
            refresh: Url::from(&fixed_url(PROVIDER, &base, REFRESH_PATH)?),
            handle,
            app: self.app,
            account,
        })))
    }
}

struct Inner {
    handle: String,
    app: OAuthApp,
    create: Url,
    refresh: Url,
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
    #[must_use]
    pub fn builder(handle: impl Into<String>, app: OAuthApp) -> OAuthBuilder {
        OAuthBuilder { handle: handle.into(), app, options: ClientOptions::default() }
    }

    /// Changes the one-time code of the way back for a token: `POST /admin/oauth/token/create`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it, also in a 200 whose body has another `code` than 200. With [`Effect::Unknown`] the code
    /// may be used up: send the merchant through the consent once more.
    pub async fn create_token(&self, code: &SecretString) -> Result<AccessToken, Error> {
        let body = body(&Code { code: code.expose_secret() })?;
        let mut call = self.0.account.call();
        request_token(&mut call, &CREATE, &self.0.app, &self.0.create, Some(&body), &self.0.account).await
    }

    /// Makes a new token: `POST /admin/oauth/token/refresh`. The old one lives five minutes more (documented). Several
    /// programs that renew at the same time can end each other's tokens (documented by the vendor's own samples): let
    /// one program renew.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it, also in a 200 whose body has another `code` than 200.
    pub async fn refresh_token(&self) -> Result<AccessToken, Error> {
        let mut call = self.0.account.call();
        refresh(&mut call, &self.0.app, &self.0.refresh, &self.0.account).await
    }
}

/// Renews the token of a store.
pub(in super::super) async fn refresh(
    call: &mut Call<'_>,
    app: &OAuthApp,
    url: &Url,
    account: &AccountContext,
) -> Result<AccessToken, Error> {
    request_token(call, &REFRESH, app, url, None, account).await
}

async fn request_token(
    call: &mut Call<'_>,
    operation: &Operation,
    app: &OAuthApp,
    url: &Url,
    body: Option<&Bytes>,
    account: &AccountContext,
) -> Result<AccessToken, Error> {
    let headers = app.signed_headers(body.map(|body| &**body), account.connector.clock().utc())?;
    let out = Outgoing { operation, method: &Method::POST, url, headers: &headers, body };
    let response = call.send(out, judge).await?;
    read(&response.body).ok_or_else(|| {
        // A code that was taken is used up, whatever came back.
        let effect = if operation.writes { Effect::Applied } else { Effect::Rejected };
        let error = call.error(operation, ErrorKind::Decode, effect).with_status(response.status.as_u16());
        call.finish(error.with_request_id(call.request_id.clone()).with_hint("the answer holds no access token"))
    })
}

/// The renewing of a token, as plans show it.
pub(in super::super) fn refresh_step(app: &OAuthApp, url: &Url) -> Result<Step, Error> {
    Ok(Step {
        when: StepCondition::IfNoToken,
        operation: REFRESH.name,
        method: Method::POST,
        url: url.clone(),
        headers: Arc::new(app.headers("{timestamp}", placeholder())?),
        body: None,
    })
}
