//! The webhooks of removal requests: completed when their time has come or a test says so, and sent where a test wants
//! them.

use std::collections::VecDeque;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::select;
use tokio::sync::{Notify, watch};
use url::{Host, Url};

use super::{Sandbox, State, Whale};
use crate::sandbox::reply::lock;
use crate::{Effect, Error, ErrorKind, HttpRequest, ReqwestTransport, Transport};

/// How long an endpoint may take to answer, in the machine's own time; the vendor's patience is *unknown*.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked whether a removal is due. A clock that a test moves on wakes nobody.
const TICK: Duration = Duration::from_millis(10);

/// A webhook that was sent, and what became of it.
#[derive(Clone)]
#[non_exhaustive]
pub struct WhaleDelivery {
    /// The request: its headers carry the signature, its body tells of a person.
    pub request: http::Request<Bytes>,
    /// What the endpoint answered; none where it did not answer. A failed delivery is not repeated: whether the vendor
    /// repeats one is *unknown*.
    pub status: Option<u16>,
}

/// Shows no person.
impl fmt::Debug for WhaleDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WhaleDelivery")
            .field("body_bytes", &self.request.body().len())
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// What is to be sent, and what was.
#[derive(Default)]
pub(super) struct Outbox {
    url: Mutex<Option<Url>>,
    waiting: Mutex<VecDeque<(Url, http::Request<Bytes>)>>,
    sent: Mutex<Vec<WhaleDelivery>>,
    /// Those that are not answered yet.
    open: watch::Sender<usize>,
    wake: Notify,
}

/// What only the Whale stand-in has.
impl Sandbox {
    /// The secret that the Whale stand-in signs its webhooks with.
    pub const WHALE_WEBHOOK_SECRET: &'static str = "whsec_fake_0000000000000000";

    /// Completes the removal requests that are pending at the Whale stand-in, oldest first, and returns the webhook that
    /// the vendor would send for each: an erased customer is gone afterwards, and an export has a place to be fetched
    /// from (where nothing stands). They are sent too where there is a [URL](Self::set_whale_webhook_url); without one,
    /// hand them to the code that is to be tested.
    #[must_use]
    pub fn complete_whale_removals(&self) -> Vec<http::Request<Bytes>> {
        let completed = {
            let State { removals, people, time, .. } = &mut *lock(&self.whale.state);
            removals.complete(people, time.utc())
        };
        self.whale.post(&completed);
        completed
    }

    /// How long the Whale stand-in takes for a removal request, from when it is filed, by
    /// [`SandboxBuilder::clock`](super::super::SandboxBuilder::clock); for ever at first. It holds for pending ones too.
    pub fn set_whale_removal_time(&self, time: Duration) {
        lock(&self.whale.state).removals.takes = Some(time);
        self.whale.outbox.wake.notify_one();
    }

    /// Where the Whale stand-in sends the webhook of each removal request that is completed from now on: an endpoint of
    /// your application, on this machine. It is signed with [`WHALE_WEBHOOK_SECRET`](Self::WHALE_WEBHOOK_SECRET), and has
    /// the headers that the vendor documents.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for anything but an `http` URL of a loopback address or of `localhost`: a sandbox calls
    /// nobody else.
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
        *lock(&self.whale.outbox.url) = Some(url);
        Ok(())
    }

    /// Completes the removal requests whose [time](Self::set_whale_removal_time) has come, and returns once the endpoint
    /// has answered every webhook, or failed to.
    pub async fn settle_whale_removals(&self) {
        self.whale.complete_due();
        // The sender lives as long as this sandbox, so that the error cannot occur.
        let _ = self.whale.outbox.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// The webhooks that the Whale stand-in has sent, in order, each once it was answered or had failed.
    #[must_use]
    pub fn whale_deliveries(&self) -> Vec<WhaleDelivery> {
        lock(&self.whale.outbox.sent).clone()
    }
}

impl Whale {
    /// Completes what its time has come for.
    pub(super) fn complete_due(&self) {
        let completed = {
            let State { removals, people, time, .. } = &mut *lock(&self.state);
            removals.complete_due(people, (time.utc(), time.passed()))
        };
        self.post(&completed);
    }

    /// Puts webhooks out to be sent, where somebody wants them.
    fn post(&self, webhooks: &[http::Request<Bytes>]) {
        let Some(url) = lock(&self.outbox.url).clone() else { return };
        if webhooks.is_empty() {
            return;
        }
        self.outbox.open.send_modify(|open| *open += webhooks.len());
        lock(&self.outbox.waiting).extend(webhooks.iter().map(|webhook| (url.clone(), webhook.clone())));
        self.outbox.wake.notify_one();
    }
}

/// Sends what is put out, one after the other, for as long as the sandbox lives.
pub(in crate::sandbox) async fn webhooks(whale: Arc<Whale>) {
    let mut transport = None;
    loop {
        whale.complete_due();
        let next = lock(&whale.outbox.waiting).pop_front();
        let Some((url, request)) = next else {
            let wake = pin!(whale.outbox.wake.notified());
            if lock(&whale.state).removals.wait() {
                let _ = select(wake, pin!(tokio::time::sleep(TICK))).await;
            } else {
                wake.await;
            }
            continue;
        };
        if transport.is_none() {
            transport = ReqwestTransport::new().ok();
        }
        let status = match &transport {
            Some(transport) => send(transport, url, &request).await,
            None => None,
        };
        lock(&whale.outbox.sent).push(WhaleDelivery { request, status });
        whale.outbox.open.send_modify(|open| *open = open.saturating_sub(1));
    }
}

async fn send(transport: &ReqwestTransport, url: Url, webhook: &http::Request<Bytes>) -> Option<u16> {
    let mut request = HttpRequest::new(webhook.method().clone(), url);
    request.headers = webhook.headers().clone();
    request.body = webhook.body().clone();
    request.timeout = PATIENCE;
    transport.send(request).await.ok().map(|answer| answer.status.as_u16())
}
