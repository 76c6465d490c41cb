//! The constants of the Shoplazza stand-in, and the method for tests.

use std::time::Duration;

use super::Shoplazza;
use crate::sandbox::handle::Sandbox;

/// The Shoplazza stand-in.
impl Sandbox {
    /// The shop that the Shoplazza stand-in knows.
    pub const SHOPLAZZA_SHOP: &'static str = "acme";
    /// The token that the Shoplazza stand-in accepts.
    pub const SHOPLAZZA_ACCESS_TOKEN: &'static str = "fake-shoplazza-token";
    /// The client id of the app that the Shoplazza stand-in knows.
    pub const SHOPLAZZA_CLIENT_ID: &'static str = "fake-shoplazza-app";
    /// The client secret of that app.
    pub const SHOPLAZZA_CLIENT_SECRET: &'static str = "fake-shoplazza-app-secret";
    /// A code that the Shoplazza stand-in exchanges for tokens, once.
    pub const SHOPLAZZA_CODE: &'static str = "fake-shoplazza-code";

    /// Sets the lifetime of the access tokens of the Shoplazza stand-in's app, from the next one issued: about a year by
    /// default (*inferred* from one answer in the readme of the vendor's SDK). Its refresh token never expires (*unknown*).
    pub fn set_shoplazza_token_life(&self, life: Duration) {
        if let Some(shoplazza) = self.stand_in::<Shoplazza>() {
            shoplazza.state().app.life = life;
        }
    }
}
