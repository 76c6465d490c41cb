//! What every native client offers its calls: one way to send a request and read its answer.

use super::account::AccountContext;
use super::call::Call;
use super::request::Request;
use super::response::{Reading, Response};
use super::transport::HttpResponse;
use crate::error::Error;

/// A vendor's client, as its native calls and its upsert use it.
pub(crate) trait ApiClient: Sync {
    /// What all calls of the client share.
    fn account(&self) -> &AccountContext;

    /// Sends a request as a part of a call, with the client's credential, and reads its answer.
    fn send<T: Send>(
        &self,
        call: &mut Call<'_>,
        request: &Request,
        read: impl Fn(&HttpResponse) -> Reading<T> + Send + Sync,
    ) -> impl Future<Output = Result<Response<T>, Error>> + Send;

    /// Sends a request in a call of its own.
    fn fetch<T: Send>(
        &self,
        request: Request,
        read: impl Fn(&HttpResponse) -> Reading<T> + Send + Sync,
    ) -> impl Future<Output = Result<Response<T>, Error>> + Send {
        async move { self.send(&mut self.account().call(), &request, read).await }
    }
}
