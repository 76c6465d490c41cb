//! The client of one account: its URL, its headers, and how it sends.

use std::fmt;
use std::sync::Arc;

use super::to_vendor::ProgramConsent;
use crate::client::api::ApiClient;
use crate::client::auth::token::RequestHeaders;
use crate::client::response::Reading;
use crate::client::{AccountContext, Call, HttpResponse, Request, Response};
use crate::error::Error;

pub(super) struct Inner {
    pub(super) consent: ProgramConsent,
    pub(super) customers: Arc<url::Url>,
    pub(super) headers: RequestHeaders,
    pub(super) account: AccountContext,
}

/// A client of Yotpo's Loyalty API for one account. Cheap to clone.
#[derive(Clone)]
pub struct Loyalty(pub(super) Arc<Inner>);

/// Shows neither credential.
impl fmt::Debug for Loyalty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loyalty")
            .field("base_url", &self.0.customers.origin().ascii_serialization())
            .finish_non_exhaustive()
    }
}

impl ApiClient for Loyalty {
    fn account(&self) -> &AccountContext {
        &self.0.account
    }

    async fn send<T: Send>(
        &self,
        call: &mut Call<'_>,
        request: &Request,
        read: impl Fn(&HttpResponse) -> Reading<T> + Send + Sync,
    ) -> Result<Response<T>, Error> {
        call.execute(request, read).await
    }
}
