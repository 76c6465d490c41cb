//! The shared part of native clients: builds their requests, sends them and reads the answers.

use bytes::Bytes;
use serde::Serialize;

use super::account::AccountContext;
use super::auth::token::{Renewal, RequestHeaders, Tokens};
use super::call::Call;
use super::operation::Operation;
use super::options::json_body;
use super::request::{Request, Url};
use super::response::{Reading, Response};
use super::transport::HttpResponse;
use crate::error::Error;

/// How the requests of a client get their credential.
pub(crate) trait Credential: Sync {
    /// Sends a request as a part of a call, with the credential, and reads its answer.
    fn execute<T: Send>(
        &self,
        call: &mut Call<'_>,
        request: &Request,
        read: impl Fn(&HttpResponse) -> Reading<T> + Send + Sync,
    ) -> impl Future<Output = Result<Response<T>, Error>> + Send;
}

/// A key that the request's own headers carry.
pub(crate) struct HeaderKey;

impl Credential for HeaderKey {
    async fn execute<T: Send>(
        &self,
        call: &mut Call<'_>,
        request: &Request,
        read: impl Fn(&HttpResponse) -> Reading<T> + Send + Sync,
    ) -> Result<Response<T>, Error> {
        call.execute(request, read).await
    }
}

/// A token that is renewed, and replaced once where the vendor refuses it.
impl<R: Renewal> Credential for Tokens<R> {
    async fn execute<T: Send>(
        &self,
        call: &mut Call<'_>,
        request: &Request,
        read: impl Fn(&HttpResponse) -> Reading<T> + Send + Sync,
    ) -> Result<Response<T>, Error> {
        Tokens::execute(self, call, request, read).await
    }
}

/// A vendor's client, as its native calls and its upsert use it.
pub(crate) trait ApiClient: Sync {
    /// How its requests get their credential.
    type Credential: Credential;

    /// What all calls of the client share.
    fn account(&self) -> &AccountContext;

    /// The headers of its requests, as plans show them.
    fn headers(&self) -> &RequestHeaders;

    /// The credential of its requests.
    fn credential(&self) -> &Self::Credential;

    /// A request with this body, or without one.
    fn request(&self, operation: &'static Operation, url: impl Into<Url>, body: Option<Bytes>) -> Request {
        Request::to(operation, url, self.headers().of(body.is_some()), body)
    }

    /// A request without a body.
    fn bare(&self, operation: &'static Operation, url: impl Into<Url>) -> Request {
        self.request(operation, url, None)
    }

    /// A request with a JSON body.
    fn json(
        &self,
        operation: &'static Operation,
        url: impl Into<Url>,
        body: &impl Serialize,
    ) -> Result<Request, Error> {
        Ok(self.request(operation, url, Some(json_body(operation.provider(), body)?)))
    }

    /// Sends a request as a part of a call, and reads its answer.
    fn send<T: Send>(
        &self,
        call: &mut Call<'_>,
        request: &Request,
        read: impl Fn(&HttpResponse) -> Reading<T> + Send + Sync,
    ) -> impl Future<Output = Result<Response<T>, Error>> + Send {
        self.credential().execute(call, request, read)
    }

    /// Sends a request in a call of its own.
    fn fetch<T: Send>(
        &self,
        request: Request,
        read: impl Fn(&HttpResponse) -> Reading<T> + Send + Sync,
    ) -> impl Future<Output = Result<Response<T>, Error>> + Send {
        async move { self.send(&mut self.account().call(), &request, read).await }
    }
}

/// Makes a client an [`ApiClient`]: one whose requests carry a key, or one with tokens. Its inner part has the fields
/// `account` and `headers`, and `tokens`.
macro_rules! api_client {
    ($client:ty) => {
        $crate::client::api::api_client!($client, $crate::client::api::HeaderKey, |_client| {
            &$crate::client::api::HeaderKey
        });
    };
    ($client:ty, tokens: $tokens:ty) => {
        $crate::client::api::api_client!($client, $tokens, |client| &client.0.tokens);
    };
    ($client:ty, $credential:ty, |$of:ident| $which:expr) => {
        impl $crate::client::api::ApiClient for $client {
            type Credential = $credential;

            fn account(&self) -> &$crate::client::AccountContext {
                &self.0.account
            }

            fn headers(&self) -> &$crate::client::auth::token::RequestHeaders {
                &self.0.headers
            }

            fn credential(&self) -> &$credential {
                let $of = self;
                $which
            }
        }
    };
}

pub(crate) use api_client;
