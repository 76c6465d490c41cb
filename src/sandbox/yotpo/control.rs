//! What a test can do to the stand-in that no client can.

use std::time::Duration;

use serde_json::Value;

use super::super::Sandbox;
use super::Yotpo;
use crate::sandbox::reply::lock;

impl Sandbox {
    /// The `x-guid` that the Yotpo Loyalty stand-in knows.
    pub const YOTPO_LOYALTY_GUID: &'static str = "fake-loyalty-guid";
    /// The `x-api-key` that the Yotpo Loyalty stand-in accepts.
    pub const YOTPO_LOYALTY_API_KEY: &'static str = "fake-loyalty-key";
    /// The merchant that the Yotpo Loyalty stand-in knows.
    pub const YOTPO_LOYALTY_MERCHANT_ID: &'static str = "10042";
    /// The `utoken` that the older part of the Yotpo stand-in accepts.
    pub const YOTPO_UTOKEN: &'static str = "fake-yotpo-utoken";

    /// Makes every access token worthless that the Yotpo stand-in gave out until now, as the vendor does after a time
    /// that it does not tell.
    pub fn expire_yotpo_tokens(&self) {
        self.yotpo.expire_tokens();
    }

    /// How long an access token of the Yotpo stand-in is good, from when it was given out: at first for ever. The vendor
    /// tells no such time, and its pages name several, from hours to 14 days.
    pub fn set_yotpo_token_life(&self, life: Duration) {
        lock(&self.yotpo.state).token_life = Some(life);
    }

    /// How long the Yotpo stand-in lets pass from taking a record until it can be read; at first no time at all. Its time
    /// is that of [`SandboxBuilder::clock`](crate::sandbox::SandboxBuilder::clock), and goes on with
    /// [`advance_yotpo`](Self::advance_yotpo) as well.
    pub fn set_yotpo_delay(&self, delay: Duration) {
        lock(&self.yotpo.state).delay = delay;
    }

    /// Lets time go by at the Yotpo stand-in, beyond that of the clock.
    pub fn advance_yotpo(&self, time: Duration) {
        lock(&self.yotpo.state).time.advance(time);
    }

    /// The customers of the Yotpo Loyalty stand-in, as the vendor would show them.
    #[must_use]
    pub fn yotpo_loyalty_customers(&self) -> Vec<Value> {
        self.yotpo.loyalty.customers()
    }
}

impl Yotpo {
    /// Makes every token that was given out until now worthless.
    pub(super) fn expire_tokens(&self) {
        lock(&self.state).tokens.clear();
    }
}
