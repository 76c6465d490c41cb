//! The constants of the Yotpo stand-in, and the methods for tests.

use std::time::Duration;

use serde_json::Value;

use super::Yotpo;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::reply::lock;

/// The Yotpo stand-in.
impl Sandbox {
    /// The store that the Yotpo stand-in knows.
    pub const YOTPO_STORE_ID: &'static str = "fake-yotpo-store";
    /// The secret that the Yotpo stand-in accepts.
    pub const YOTPO_SECRET: &'static str = "fake-yotpo-secret";
    /// The `x-guid` that the Yotpo Loyalty stand-in knows.
    pub const YOTPO_LOYALTY_GUID: &'static str = "fake-loyalty-guid";
    /// The `x-api-key` that the Yotpo Loyalty stand-in accepts.
    pub const YOTPO_LOYALTY_API_KEY: &'static str = "fake-loyalty-key";
    /// The merchant that the Yotpo Loyalty stand-in knows.
    pub const YOTPO_LOYALTY_MERCHANT_ID: &'static str = "10042";
    /// The `utoken` that the older part of the Yotpo stand-in accepts.
    pub const YOTPO_UTOKEN: &'static str = "fake-yotpo-utoken";

    /// Invalidates every access token that the Yotpo stand-in has issued, as the vendor does after an undocumented time.
    pub fn expire_yotpo_tokens(&self) {
        if let Some(yotpo) = self.stand_in::<Yotpo>() {
            yotpo.expire_tokens();
        }
    }

    /// Sets the lifetime of the access tokens of the Yotpo stand-in, from when each was issued: unlimited by default. The
    /// vendor documents no lifetime, and its pages name several, from hours to 14 days.
    pub fn set_yotpo_token_life(&self, life: Duration) {
        if let Some(yotpo) = self.stand_in::<Yotpo>() {
            lock(&yotpo.state).token_life = Some(life);
        }
    }

    /// Sets how long a record takes from its acceptance by the Yotpo stand-in until it can be read: no time by default.
    /// The time is that of [`SandboxBuilder::clock`](crate::sandbox::SandboxBuilder::clock), which
    /// [`advance_yotpo`](Self::advance_yotpo) advances further.
    pub fn set_yotpo_delay(&self, delay: Duration) {
        if let Some(yotpo) = self.stand_in::<Yotpo>() {
            lock(&yotpo.state).delay = delay;
        }
    }

    /// Advances the time of the Yotpo stand-in, beyond that of the clock.
    pub fn advance_yotpo(&self, time: Duration) {
        if let Some(yotpo) = self.stand_in::<Yotpo>() {
            lock(&yotpo.state).time.advance(time);
        }
    }

    /// The customers of the Yotpo Loyalty stand-in, as the vendor would show them.
    #[must_use]
    pub fn yotpo_loyalty_customers(&self) -> Vec<Value> {
        self.stand_in::<Yotpo>().map(|yotpo| yotpo.loyalty.customers()).unwrap_or_default()
    }
}

impl Yotpo {
    /// Invalidates every token that has been issued.
    pub(super) fn expire_tokens(&self) {
        lock(&self.state).tokens.clear();
    }
}
