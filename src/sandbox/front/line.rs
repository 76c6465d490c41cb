//! One vendor's line: what happens to one request after the other.

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

use super::wire::{self, Answer, Head, Peer};
use crate::Clock;
use crate::sandbox::faults::{Fault, Plays};
use crate::sandbox::journal::{Journal, Received, hide_credentials, kind};
use crate::sandbox::limits::Gate;
use crate::sandbox::reply::lock;
use crate::sandbox::shapes;

/// What a client meets at the vendor's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Place {
    Open,
    /// Connections are refused.
    Closed,
    /// The port could not be taken again.
    Lost,
}

/// All that one vendor's front knows.
pub(in crate::sandbox) struct Line {
    provider: &'static str,
    /// The stand-in.
    behind: SocketAddr,
    clock: Arc<dyn Clock>,
    gate: Option<Mutex<Gate>>,
    pub(in crate::sandbox) plays: Mutex<Plays>,
    pub(in crate::sandbox) journal: Mutex<Journal>,
    /// Whether the vendor is wanted to take connections.
    pub(super) door: watch::Sender<bool>,
    /// Whether it does.
    pub(super) place: watch::Sender<Place>,
    /// Connections that wait for a request.
    waiting: watch::Sender<usize>,
}

impl Line {
    pub(in crate::sandbox) fn new(
        provider: &'static str,
        behind: SocketAddr,
        clock: Arc<dyn Clock>,
        kept: usize,
        strict: bool,
    ) -> Self {
        Self {
            provider,
            behind,
            clock,
            gate: strict.then(|| Mutex::new(Gate::new(provider))),
            plays: Mutex::default(),
            journal: Mutex::new(Journal::new(kept)),
            door: watch::Sender::new(true),
            place: watch::Sender::new(Place::Open),
            waiting: watch::Sender::new(0),
        }
    }

    /// Opens or shuts the port, and returns once it is done: when shut, nobody is connected any more but those whose
    /// request is under way.
    pub(in crate::sandbox) async fn open(&self, open: bool) -> Place {
        let mut place = self.place.subscribe();
        self.door.send_replace(open);
        let done = |place: &Place| *place == Place::Lost || (*place == Place::Open) == open;
        let reached = place.wait_for(done).await.map_or(Place::Lost, |place| *place);
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

/// Serves one connection until either side has enough.
pub(super) async fn connection(line: &Line, stream: TcpStream) {
    let mut client = Peer::new(stream);
    let mut behind = None;
    let mut door = line.door.subscribe();
    loop {
        line.waiting.send_modify(|count| *count += 1);
        // A vendor that shuts hangs up on whoever waits.
        let head = match select(pin!(client.head()), pin!(door.wait_for(|open| !open))).await {
            Either::Left((Ok(head), _)) => head,
            _ => None,
        };
        let Some(head) = head else {
            drop(client);
            line.waiting.send_modify(|count| *count = count.saturating_sub(1));
            return;
        };
        line.waiting.send_modify(|count| *count = count.saturating_sub(1));
        match exchange(line, client, &mut behind, head).await {
            Ok((Next::Another, same)) => client = same,
            _ => return,
        }
    }
}

/// One request, from its head to the end of its answer.
async fn exchange(line: &Line, mut client: Peer, behind: &mut Option<Peer>, head: Head) -> io::Result<(Next, Peer)> {
    let mut words = head.start.split(' ');
    let method: Method = words.next().unwrap_or_default().parse().map_err(io::Error::other)?;
    let target = words.next().unwrap_or_default();
    let version = words.next().unwrap_or_default();
    if !version.starts_with("HTTP/1.") {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no HTTP/1"));
    }
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let kind = kind(line.provider, method.as_str(), path);
    let close = version == "HTTP/1.0" || wire::ends(&head.headers);
    let refused = line.gate.as_ref().and_then(|gate| lock(gate).take(&head.headers, line.clock.now()).err());
    let fault = if refused.is_some() { None } else { lock(&line.plays).next(&kind) };

    let mut received = Received {
        provider: line.provider,
        path: path.to_owned(),
        query: query.map(str::to_owned),
        kind,
        headers: head.headers,
        body: Bytes::new(),
        at: line.clock.utc(),
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
        answer = Some(forward(line, behind, &head.start, &received).await?);
    }
    if let Some(wait) = refused {
        answer = Some(shapes::exceeded(line.provider, wait, line.clock.utc()));
    }
    let answer = strike(line, fault.as_ref(), answer);
    received.status = answer.as_ref().map(|answer| answer.status);
    let is_stalled = matches!(fault, Some(Fault::Stalled { .. }));
    hide_credentials(&mut received.headers);
    let to_head = received.method == Method::HEAD;
    // Before the answer goes out: whoever has the answer finds the request in the log.
    lock(&line.journal).add(received);
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
            line.open(false).await;
            client.write(&answer.bytes(true)).await?;
            return Ok((Next::End, client));
        }
        _ if to_head => client.write(&answer.head(answer.body.len() as u64, close)).await?,
        _ => client.write(&answer.bytes(close)).await?,
    }
    Ok((if close { Next::End } else { Next::Another }, client))
}

/// What a body is padded with.
const BLANKS: &[u8] = &[b' '; 1 << 14];

/// The answer that goes out, after what goes wrong with it; none where no answer does.
fn strike(line: &Line, fault: Option<&Fault>, answer: Option<Answer>) -> Option<Answer> {
    let Some(fault) = fault else { return answer };
    match fault {
        Fault::Limited(after) => Some(shapes::limited(line.provider, *after, line.clock.utc())),
        Fault::Broken { status, body, .. } => Some(shapes::broken(line.provider, *status, *body)),
        Fault::ResetBefore | Fault::ResetAfter | Fault::Stalled { .. } => None,
        Fault::WrongType => answer.map(|mut answer| {
            answer.set("content-type", "text/html; charset=utf-8");
            answer
        }),
        Fault::InvalidJson => answer.map(shapes::halved),
        Fault::InvalidUtf8 => answer.map(shapes::spoilt),
        Fault::ErrorInside => Some(shapes::error_inside(line.provider)),
        Fault::Redirect { status, location } => Some(shapes::redirect(*status, location)),
        Fault::Cut | Fault::Drip { .. } | Fault::Oversized { .. } | Fault::Outage => answer,
    }
}

/// Asks the stand-in, over the connection of earlier requests where there is one.
async fn forward(line: &Line, behind: &mut Option<Peer>, start: &str, request: &Received) -> io::Result<Answer> {
    let mut peer = match behind.take() {
        Some(peer) => peer,
        None => Peer::new(TcpStream::connect(line.behind).await?),
    };
    peer.write(&wire::request(start, &request.headers, &request.body)).await?;
    let answer = Answer::read(&mut peer, request.method == Method::HEAD).await?;
    if !wire::ends(&answer.headers) {
        *behind = Some(peer);
    }
    Ok(answer)
}
