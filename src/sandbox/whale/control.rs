//! The constants of the Whale stand-in, and the methods for tests.

use std::time::Duration;

use bytes::Bytes;
use url::{Host, Url};

use super::{State, WebhookDelivery, Whale};
use crate::sandbox::handle::Sandbox;
use crate::sandbox::reply::lock;
use crate::{Effect, Error, ErrorKind};

/// The Whale stand-in.
impl Sandbox {
    /// The store that the Whale stand-in knows.
    pub const WHALE_STORE_ID: &'static str = "00000000-0000-4000-8000-000000000000";
    /// The key that the Whale stand-in accepts.
    pub const WHALE_API_KEY: &'static str = "wk_test_fake";
    /// The secret that the Whale stand-in signs its webhooks with.
    pub const WHALE_WEBHOOK_SECRET: &'static str = "whsec_fake_0000000000000000";

    /// Completes the removal requests that are pending at the Whale stand-in, oldest first, and returns the webhook that
    /// the vendor would send for each: an erased customer no longer exists afterwards, and an export has a download URL
    /// (which serves nothing). The webhooks are also sent where there is a [URL](Self::set_whale_webhook_url); without
    /// one, pass them to the code under test.
    #[must_use]
    pub fn complete_whale_removals(&self) -> Vec<http::Request<Bytes>> {
        let Some(whale) = self.stand_in::<Whale>() else { return Vec::new() };
        let completed = {
            let State { removals, people, time, .. } = &mut *lock(&whale.state);
            removals.complete(people, time.utc())
        };
        whale.post(&completed);
        completed
    }

    /// Sets how long the Whale stand-in takes for a removal request, from when it is filed, by
    /// [`SandboxBuilder::clock`](crate::sandbox::SandboxBuilder::clock). By default a removal request never completes by
    /// itself. Applies to pending requests as well.
    pub fn set_whale_removal_time(&self, time: Duration) {
        if let Some(whale) = self.stand_in::<Whale>() {
            lock(&whale.state).removals.takes = Some(time);
            whale.outbox.wake.notify_one();
        }
    }

    /// Sets the endpoint of your application, on this machine, to which the Whale stand-in sends the webhook of each
    /// removal request that completes from now on. Webhooks are signed with
    /// [`WHALE_WEBHOOK_SECRET`](Self::WHALE_WEBHOOK_SECRET), and have the headers that the vendor documents.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for anything but an `http` URL of a loopback address or of `localhost`: a sandbox calls no
    /// other host.
    pub fn set_whale_webhook_url(&self, url: &str) -> Result<(), Error> {
        let wrong = || {
            Error::new(ErrorKind::Config, Effect::NotSent)
                .with_hint("the webhook's URL must be http, and of a loopback address")
        };
        let url = Url::parse(url).map_err(|_| wrong())?;
        let is_here = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if url.scheme() != "http" || !is_here {
            return Err(wrong());
        }
        if let Some(whale) = self.stand_in::<Whale>() {
            *lock(&whale.outbox.url) = Some(url);
        }
        Ok(())
    }

    /// Completes the removal requests that are [due](Self::set_whale_removal_time), and returns once the endpoint has
    /// answered every webhook, or failed to.
    pub async fn settle_whale_removals(&self) {
        let Some(whale) = self.stand_in::<Whale>() else { return };
        whale.complete_due();
        // The sender lives as long as this sandbox, so that the error cannot occur.
        let _ = whale.outbox.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// The webhooks that the Whale stand-in has sent, in order, each once it was answered or failed.
    #[must_use]
    pub fn whale_deliveries(&self) -> Vec<WebhookDelivery> {
        self.stand_in::<Whale>().map(|whale| lock(&whale.outbox.sent).clone()).unwrap_or_default()
    }
}
