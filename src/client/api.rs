//! The trait of every native client: one way to send a request and read its answer.

use super::account::AccountContext;
use super::call::Call;
use super::request::Request;
use super::response::{Reading, Response};
use super::transport::HttpResponse;
use crate::error::Error;

/// A vendor's client. Its native calls and its upsert send through it.
pub(crate) trait ApiClient: Sync {
    /// The account context that all calls of the client share.
    fn account(&self) -> &AccountContext;

    /// Sends a request within a call, with the client's credential, and reads its answer.
    fn send<T: Send>(
        &self,
        call: &mut Call<'_>,
        request: &Request,
        read: impl Fn(&HttpResponse) -> Reading<T> + Send + Sync,
    ) -> impl Future<Output = Result<Response<T>, Error>> + Send;

    /// Sends a request in a new call.
    fn fetch<T: Send>(
        &self,
        request: Request,
        read: impl Fn(&HttpResponse) -> Reading<T> + Send + Sync,
    ) -> impl Future<Output = Result<Response<T>, Error>> + Send {
        async move { self.send(&mut self.account().call(), &request, read).await }
    }
}
