//! Sends the webhooks of completed removal requests to a test's endpoint.

use std::collections::VecDeque;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::select;
use tokio::sync::{Notify, watch};
use url::Url;

use super::{State, Whale};
use crate::sandbox::reply::lock;
use crate::{HttpRequest, ReqwestTransport, Transport};

/// How long an endpoint may take to answer, in real time; the vendor's time-out is *unknown*.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How often due removals are looked for: a clock that a test advances sends no signal.
const TICK: Duration = Duration::from_millis(10);

/// A webhook that was sent, and the answer.
#[derive(Clone)]
#[non_exhaustive]
pub struct WebhookDelivery {
    /// The request: its headers hold the signature, its body holds personal data.
    pub request: http::Request<Bytes>,
    /// What the endpoint answered; none where it did not answer. A failed delivery is not repeated: whether the vendor
    /// repeats one is *unknown*.
    pub status: Option<u16>,
}

/// Shows no personal data.
impl fmt::Debug for WebhookDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookDelivery")
            .field("body_bytes", &self.request.body().len())
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// The webhooks to be sent, and those that were.
#[derive(Default)]
pub(super) struct Outbox {
    pub(super) url: Mutex<Option<Url>>,
    waiting: Mutex<VecDeque<(Url, http::Request<Bytes>)>>,
    pub(super) sent: Mutex<Vec<WebhookDelivery>>,
    /// The number of those that are not answered yet.
    pub(super) open: watch::Sender<usize>,
    pub(super) wake: Notify,
}

impl Whale {
    /// Completes the removal requests that are due.
    pub(super) fn complete_due(&self) {
        let completed = {
            let State { removals, people, time, .. } = &mut *lock(&self.state);
            removals.complete_due(people, (time.utc(), time.passed()))
        };
        self.post(&completed);
    }

    /// Queues webhooks, where there is an endpoint.
    pub(super) fn post(&self, webhooks: &[http::Request<Bytes>]) {
        let Some(url) = lock(&self.outbox.url).clone() else { return };
        if webhooks.is_empty() {
            return;
        }
        self.outbox.open.send_modify(|open| *open += webhooks.len());
        lock(&self.outbox.waiting).extend(webhooks.iter().map(|webhook| (url.clone(), webhook.clone())));
        self.outbox.wake.notify_one();
    }
}

/// Sends the queued webhooks, one after the other, for as long as the sandbox runs.
pub(super) async fn run(whale: Arc<Whale>) {
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
        lock(&whale.outbox.sent).push(WebhookDelivery { request, status });
        whale.outbox.open.send_modify(|open| *open = open.saturating_sub(1));
    }
}

async fn send(transport: &ReqwestTransport, url: Url, webhook: &http::Request<Bytes>) -> Option<u16> {
    let mut request = HttpRequest::new(webhook.method().clone(), url);
    request.headers = webhook.headers().clone();
    request.body = webhook.body().clone();
    request.timeout = TIMEOUT;
    transport.send(request).await.ok().map(|answer| answer.status.as_u16())
}
