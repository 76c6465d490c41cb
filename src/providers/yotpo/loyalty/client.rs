//! The client of one account: its URL, its headers, and how it sends.

use std::fmt;
use std::sync::Arc;

use super::to_vendor::ProgramConsent;
use crate::client::AccountContext;
use crate::client::api::api_client;
use crate::client::auth::token::RequestHeaders;

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

api_client!(Loyalty);
