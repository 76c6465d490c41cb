//! Serves the connections of one vendor: reads requests, applies limits and faults, and forwards to the stand-in.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use http::Method;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::refusals;
use super::wire::{self, Answer, Head, Peer};
use crate::Clock;
use crate::sandbox::faults::{Fault, FaultQueue};
use crate::sandbox::journal::{Journal, Received, kind};
use crate::sandbox::limits::Limiter;
use crate::sandbox::reply::lock;
use crate::sandbox::stand_in::StandIn;

/// The state of a vendor's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Port {
    Open,
    /// Connections are refused.
    Closed,
    /// Another program has taken the port.
    Lost,
}

/// The state that all connections of one vendor share.
pub(in crate::sandbox) struct Endpoint {
    stand_in: Arc<dyn StandIn>,
    /// Where the stand-in listens.
    behind: SocketAddr,
    clock: Arc<dyn Clock>,
    limiter: Option<Mutex<Limiter>>,
    pub(in crate::sandbox) faults: Mutex<FaultQueue>,
    pub(in crate::sandbox) journal: Mutex<Journal>,
    /// Whether the port is to be open.
    pub(super) wanted: watch::Sender<bool>,
    /// Whether it is.
    pub(super) port: watch::Sender<Port>,
    /// Connections that wait for a request.
    waiting: watch::Sender<usize>,
}

impl Endpoint {
    pub(in crate::sandbox) fn new(
        stand_in: Arc<dyn StandIn>,
        behind: SocketAddr,
        clock: Arc<dyn Clock>,
        journal: Journal,
        limiter: Option<Limiter>,
    ) -> Self {
        Self {
            stand_in,
            behind,
            clock,
            limiter: limiter.map(Mutex::new),
            faults: Mutex::default(),
            journal: Mutex::new(journal),
            wanted: watch::Sender::new(true),
            port: watch::Sender::new(Port::Open),
            waiting: watch::Sender::new(0),
        }
    }

    /// Opens or closes the port, and returns once it is done: when closed, only connections with a request under way
    /// remain.
    pub(in crate::sandbox) async fn listen(&self, open: bool) -> Port {
        let mut port = self.port.subscribe();
        self.wanted.send_replace(open);
        let done = |port: &Port| *port == Port::Lost || (*port == Port::Open) == open;
        let reached = port.wait_for(done).await.map_or(Port::Lost, |port| *port);
        if !open {
            // The sender lives as long as this, so that the error cannot occur.
            let _ = self.waiting.subscribe().wait_for(|count| *count == 0).await;
        }
        reached
    }
}

/// Whether the connection is used again.
enum Next {
    Another,
    End,
}

/// Serves one connection until either side closes it.
pub(super) async fn serve(endpoint: &Endpoint, stream: TcpStream) {
    let mut client = Peer::new(stream);
    let mut behind = None;
    let mut wanted = endpoint.wanted.subscribe();
    loop {
        endpoint.waiting.send_modify(|count| *count += 1);
        // A vendor that stops listening closes its idle connections.
        let head = match select(pin!(client.head()), pin!(wanted.wait_for(|open| !open))).await {
            Either::Left((Ok(head), _)) => head,
            _ => None,
        };
        let Some(head) = head else {
            drop(client);
            endpoint.waiting.send_modify(|count| *count = count.saturating_sub(1));
            return;
        };
        endpoint.waiting.send_modify(|count| *count = count.saturating_sub(1));
        match exchange(endpoint, client, &mut behind, head).await {
            Ok((Next::Another, same)) => client = same,
            _ => return,
        }
    }
}

/// One request, from its head to the end of its answer.
async fn exchange(
    endpoint: &Endpoint,
    mut client: Peer,
    behind: &mut Option<Peer>,
    head: Head,
) -> io::Result<(Next, Peer)> {
    let mut words = head.start.split(' ');
    let method: Method = words.next().unwrap_or_default().parse().map_err(io::Error::other)?;
    let target = words.next().unwrap_or_default();
    let version = words.next().unwrap_or_default();
    if !version.starts_with("HTTP/1.") {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no HTTP/1"));
    }
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let kind = kind(method.as_str(), endpoint.stand_in.route(&segments));
    let close = version == "HTTP/1.0" || wire::ends(&head.headers);
    let key = endpoint.stand_in.quota_key(&head.headers);
    let limiter = endpoint.limiter.as_ref();
    let refused = limiter.and_then(|limiter| lock(limiter).take(key, endpoint.clock.now()).err());
    let fault = if refused.is_some() { None } else { lock(&endpoint.faults).next(&kind) };

    let mut received = Received {
        provider: endpoint.stand_in.provider(),
        path: path.to_owned(),
        query: query.map(str::to_owned),
        kind,
        headers: head.headers,
        body: Bytes::new(),
        at: endpoint.clock.utc(),
        reached_vendor: false,
        status: None,
        fault: fault.clone(),
        method,
    };
    if fault != Some(Fault::ResetBefore) {
        if received.headers.get("expect").is_some_and(|value| wire::contains(value, "100-continue")) {
            client.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        received.body = client.body(&received.headers).await?;
    }
    let mut answer = None;
    if refused.is_none() && fault.as_ref().is_none_or(Fault::carries_out) {
        received.reached_vendor = true;
        answer = Some(forward(endpoint, behind, &head.start, &received).await?);
    }
    if let Some(wait) = refused {
        answer = Some(refusals::exceeded(&*endpoint.stand_in, wait, endpoint.clock.utc()));
    }
    let mut answer = inject(endpoint, fault.as_ref(), answer);
    if let Some(answer) = &mut answer {
        // The vendor's own clock, which clients compare creation times with.
        refusals::set_date(answer, endpoint.clock.utc());
    }
    received.status = answer.as_ref().map(|answer| answer.status);
    let is_stalled = matches!(fault, Some(Fault::Stalled { .. }));
    let to_head = received.method == Method::HEAD;
    // Before the answer is sent, so that a client with an answer finds the request in the log.
    lock(&endpoint.journal).add(received);
    let Some(answer) = answer else {
        if is_stalled {
            client.until_gone().await;
        }
        client.reset();
        return Err(io::ErrorKind::ConnectionReset.into());
    };
    match fault {
        Some(Fault::Cut) => {
            client.write(&answer.head(answer.body.len() as u64 + 1, true)).await?;
            client.write(answer.body.get(..answer.body.len() / 2).unwrap_or_default()).await?;
            return Ok((Next::End, client));
        }
        Some(Fault::Drip { pause }) => {
            for byte in answer.bytes(close).chunks(1) {
                client.write(byte).await?;
                if pause > Duration::ZERO {
                    tokio::time::sleep(pause).await;
                } else {
                    tokio::task::yield_now().await;
                }
            }
        }
        Some(Fault::Oversized { bytes }) => {
            client.write(&answer.head(bytes.saturating_add(answer.body.len() as u64), close)).await?;
            let mut left = bytes;
            while left > 0 {
                let some = left.min(BLANKS.len() as u64);
                client.write(BLANKS.get(..usize::try_from(some).unwrap_or(0)).unwrap_or_default()).await?;
                left -= some;
            }
            client.write(&answer.body).await?;
        }
        Some(Fault::Outage) => {
            endpoint.listen(false).await;
            client.write(&answer.bytes(true)).await?;
            return Ok((Next::End, client));
        }
        _ if to_head => client.write(&answer.head(answer.body.len() as u64, close)).await?,
        _ => client.write(&answer.bytes(close)).await?,
    }
    Ok((if close { Next::End } else { Next::Another }, client))
}

/// The padding of an oversized body.
const BLANKS: &[u8] = &[b' '; 1 << 14];

/// The answer after the fault is applied; none where no answer is sent.
fn inject(endpoint: &Endpoint, fault: Option<&Fault>, answer: Option<Answer>) -> Option<Answer> {
    let Some(fault) = fault else { return answer };
    match fault {
        Fault::Limited(after) => Some(refusals::limited(&*endpoint.stand_in, *after, endpoint.clock.utc())),
        Fault::Broken { status, body, .. } => Some(refusals::broken(&*endpoint.stand_in, *status, *body)),
        Fault::ResetBefore | Fault::ResetAfter | Fault::Stalled { .. } => None,
        Fault::WrongType => answer.map(|mut answer| {
            answer.set("content-type", "text/html; charset=utf-8");
            answer
        }),
        Fault::InvalidJson => answer.map(refusals::halved),
        Fault::InvalidUtf8 => answer.map(refusals::spoilt),
        Fault::ErrorInside => Some(refusals::error_inside(&*endpoint.stand_in)),
        Fault::Redirect { status, location } => Some(refusals::redirect(*status, location)),
        Fault::Cut | Fault::Drip { .. } | Fault::Oversized { .. } | Fault::Outage => answer,
    }
}

/// Forwards a request to the stand-in, over the connection of earlier requests where there is one.
async fn forward(
    endpoint: &Endpoint,
    behind: &mut Option<Peer>,
    start: &str,
    request: &Received,
) -> io::Result<Answer> {
    let mut peer = match behind.take() {
        Some(peer) => peer,
        None => Peer::new(TcpStream::connect(endpoint.behind).await?),
    };
    peer.write(&wire::request(start, &request.headers, &request.body)).await?;
    let answer = Answer::read(&mut peer, request.method == Method::HEAD).await?;
    if !wire::ends(&answer.headers) {
        *behind = Some(peer);
    }
    Ok(answer)
}
