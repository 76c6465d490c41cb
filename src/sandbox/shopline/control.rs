//! The constants of the SHOPLINE stand-in, and the method for tests.

use std::time::Duration;

use super::Shopline;
use crate::sandbox::handle::Sandbox;

/// The SHOPLINE stand-in.
impl Sandbox {
    /// The store handle that the SHOPLINE stand-in knows.
    pub const SHOPLINE_HANDLE: &'static str = "open001";
    /// The token that the SHOPLINE stand-in accepts.
    pub const SHOPLINE_ACCESS_TOKEN: &'static str = "fake.shopline.token";
    /// The key of the app that the SHOPLINE stand-in knows.
    pub const SHOPLINE_APP_KEY: &'static str = "fake_app_key";
    /// The secret by which that app signs.
    pub const SHOPLINE_APP_SECRET: &'static str = "fake_app_secret";
    /// The one-time code that the SHOPLINE stand-in exchanges for a token, once.
    pub const SHOPLINE_OAUTH_CODE: &'static str = "fake-oauth-code";

    /// Sets the lifetime of the tokens of the SHOPLINE stand-in's app, by
    /// [`SandboxBuilder::clock`](crate::sandbox::SandboxBuilder::clock): each token call then issues a new token with its
    /// expiry, and leaves the previous one valid for five minutes (*documented*). 10 hours at the vendor (*documented*).
    /// By default every token is [`SHOPLINE_ACCESS_TOKEN`](Self::SHOPLINE_ACCESS_TOKEN), which never expires.
    pub fn set_shopline_token_life(&self, life: Duration) {
        if let Some(shopline) = self.stand_in::<Shopline>() {
            shopline.state().app.life = Some(life);
        }
    }
}
