//! The client of one store: its URLs, its tokens, and how it sends.

use std::fmt;
use std::sync::Arc;

use super::auth::{MintRoute, Minting};
use super::to_vendor::MapOptions;
use crate::client::api::api_client;
use crate::client::auth::token::{RequestHeaders, Tokens};
use crate::client::{AccountContext, ArrayStyle, BaseUrl};

pub(super) struct Inner {
    pub(super) store_id: String,
    /// None: no place was named to which the token may go.
    pub(super) loyalty_base: Option<BaseUrl>,
    pub(super) map: MapOptions,
    pub(super) arrays: ArrayStyle,
    pub(super) also_utoken: bool,
    pub(super) customers: Arc<url::Url>,
    /// As plans show them: with the token's place marked, whatever token is held.
    pub(super) headers: RequestHeaders,
    pub(super) mint: MintRoute,
    pub(super) tokens: Tokens<Minting>,
    pub(super) account: AccountContext,
}

/// A client of Yotpo's Core API for one store. Cheap to clone.
///
/// Minted access tokens are shared by all clients of one connector (with the default transport: of the process) that
/// have the same store, secret and base URL. They are gone with the last of these clients: keep one to keep its token.
#[derive(Clone)]
pub struct Yotpo(pub(super) Arc<Inner>);

impl fmt::Debug for Yotpo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yotpo").field("store_id", &self.0.store_id).finish_non_exhaustive()
    }
}

api_client!(Yotpo, tokens: Tokens<Minting>);
