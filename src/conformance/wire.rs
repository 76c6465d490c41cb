//! The suite's transport: records every request, and makes chosen ones fail.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};

use crate::client::{
    BodyFault, Clock, HttpRequest, HttpResponse, ManualClock, Transport, TransportError, TransportErrorKind,
};

/// The wait that a server asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    Seconds(u32),
    /// The same, as a date.
    Date(u32),
}

/// The damage to the body of an answer with a valid head.
#[derive(Clone, Copy, Debug)]
pub(super) enum Damage {
    Cut,
    Empty,
    Html,
    NoJson,
    NoUtf8,
}

impl Damage {
    pub(super) const ALL: [Self; 5] = [Self::Cut, Self::Empty, Self::Html, Self::NoJson, Self::NoUtf8];
}

/// The fault of a request.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// No connection.
    Refused,
    /// The connection breaks before the vendor has read the request.
    RequestLost,
    /// The vendor does it, and the connection breaks.
    AnswerLost,
    /// Time runs out before the vendor has read the request.
    TimedOut,
    /// The vendor does it, and time runs out.
    AnswerTimedOut,
    /// A status, before the vendor does anything.
    Status(u16),
    /// A status with a `Retry-After`, before the vendor does anything.
    Wait(u16, Wait),
    /// The vendor does it, and its gateway answers with a status.
    StatusAfter(u16),
    /// The vendor does it, and the body of its answer is damaged.
    Damaged(Damage),
    /// A status with a body that repeats the request, before the vendor does anything.
    Echo(u16),
    /// This answer, before the vendor does anything.
    Given(HttpResponse),
    /// The vendor does not get it, and no answer ever comes.
    Stalled,
    /// The vendor does it, and no answer ever comes.
    StalledAfter,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("connection refused"),
            Self::RequestLost => f.write_str("reset before the vendor read it"),
            Self::AnswerLost => f.write_str("reset after the vendor did it"),
            Self::TimedOut => f.write_str("time-out before the vendor read it"),
            Self::AnswerTimedOut => f.write_str("time-out after the vendor did it"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Wait(status, wait) => write!(f, "status {status} with Retry-After ({wait:?})"),
            Self::StatusAfter(status) => write!(f, "status {status} after the vendor did it"),
            Self::Damaged(damage) => write!(f, "body damaged ({damage:?})"),
            Self::Echo(status) => write!(f, "status {status} with an echo"),
            Self::Given(answer) => write!(f, "the vendor's own refusal with status {}", answer.status.as_u16()),
            Self::Stalled => f.write_str("dropped before the vendor read it"),
            Self::StalledAfter => f.write_str("dropped after the vendor did it"),
        }
    }
}

/// A request and its result.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) request: HttpRequest,
    /// When it was sent.
    pub(super) at: Instant,
    /// Whether the suite made it fail.
    pub(super) faulted: bool,
    /// The status, and whether a `Retry-After` came along.
    pub(super) answer: Option<(u16, bool)>,
    /// How it failed where there was no answer.
    pub(super) lost: Option<TransportErrorKind>,
}

/// What the result of an exchange means for sending the request again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryClass {
    Success,
    /// The vendor certainly did nothing, and allows a repeat.
    NotApplied,
    /// The vendor certainly did nothing, and would answer a repeat alike.
    Refused,
    /// What the vendor did is unknown.
    Unknown,
}

impl Exchange {
    pub(super) fn retry_class(&self) -> RetryClass {
        match (self.answer, self.lost) {
            (Some((status, retry_after)), _) => match status {
                200..=299 => RetryClass::Success,
                408 | 425 | 429 => RetryClass::NotApplied,
                503 if retry_after => RetryClass::NotApplied,
                501 | 505 | 300..=499 => RetryClass::Refused,
                _ => RetryClass::Unknown,
            },
            (None, Some(TransportErrorKind::Connect)) => RetryClass::NotApplied,
            (None, _) => RetryClass::Unknown,
        }
    }

    /// Whether it can have changed anything at the vendor, by its method.
    pub(super) fn may_write(&self) -> bool {
        self.request.method != Method::GET && self.request.method != Method::HEAD
    }

    /// Whether both are the same request, credentials included.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        let (a, b) = (&self.request, &other.request);
        a.method == b.method && a.url == b.url && a.body == b.body && a.headers == b.headers
    }

    pub(super) fn name(&self) -> String {
        format!("{} {}", self.request.method, self.request.url.path())
    }
}

/// A fault, and which requests it applies to.
#[derive(Debug)]
struct Armed {
    fault: Fault,
    at: usize,
    persists: bool,
    /// Only writes count.
    writes_only: bool,
    seen: usize,
}

#[derive(Debug, Default)]
struct State {
    log: Vec<Exchange>,
    armed: Option<Armed>,
}

/// The transport of a sink under test.
#[derive(Debug)]
pub(super) struct Wire {
    inner: Arc<dyn Transport>,
    clock: Arc<ManualClock>,
    state: Mutex<State>,
    /// Notified when a request has stalled.
    pub(super) stalled: tokio::sync::Notify,
}

impl Wire {
    pub(super) fn new(inner: Arc<dyn Transport>, clock: Arc<ManualClock>) -> Self {
        Self { inner, clock, state: Mutex::default(), stalled: tokio::sync::Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the request of this number from now on fail, and all after it where it persists.
    pub(super) fn arm(&self, fault: Fault, at: usize, persists: bool) {
        self.lock().armed = Some(Armed { fault, at, persists, writes_only: false, seen: 0 });
    }

    /// Makes the write of this number from now on fail, and all after it.
    pub(super) fn arm_writes(&self, fault: Fault, at: usize) {
        self.lock().armed = Some(Armed { fault, at, persists: true, writes_only: true, seen: 0 });
    }

    /// Lets everything through again.
    pub(super) fn disarm(&self) {
        self.lock().armed = None;
    }

    /// How many requests came so far.
    pub(super) fn count(&self) -> usize {
        self.lock().log.len()
    }

    /// The requests from this number on.
    pub(super) fn since(&self, from: usize) -> Vec<Exchange> {
        self.lock().log.iter().skip(from).cloned().collect()
    }

    /// Records a request; returns its number and its fault.
    fn enter(&self, request: &HttpRequest) -> (usize, Option<Fault>) {
        let mut state = self.lock();
        let mut exchange =
            Exchange { request: request.clone(), at: self.clock.now(), faulted: false, answer: None, lost: None };
        let fault = state.armed.as_mut().and_then(|armed| {
            if armed.writes_only && !exchange.may_write() {
                return None;
            }
            let number = armed.seen;
            armed.seen += 1;
            (number == armed.at || (armed.persists && number > armed.at)).then(|| armed.fault.clone())
        });
        exchange.faulted = fault.is_some();
        state.log.push(exchange);
        (state.log.len() - 1, fault)
    }

    async fn fail(&self, fault: Fault, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let lost = |kind| Err(TransportError::new(kind, "made so by the conformance suite"));
        match fault {
            Fault::Refused => lost(TransportErrorKind::Connect),
            Fault::RequestLost => lost(TransportErrorKind::Interrupted),
            Fault::TimedOut => lost(TransportErrorKind::Timeout),
            Fault::AnswerLost => {
                self.inner.send(request).await?;
                lost(TransportErrorKind::Interrupted)
            }
            Fault::AnswerTimedOut => {
                self.inner.send(request).await?;
                lost(TransportErrorKind::Timeout)
            }
            Fault::Status(status) => Ok(page(status)),
            Fault::StatusAfter(status) => {
                self.inner.send(request).await?;
                Ok(page(status))
            }
            Fault::Wait(status, wait) => {
                let mut answer = page(status);
                if let Ok(value) = HeaderValue::from_str(&self.wait_text(wait)) {
                    answer.headers.insert("retry-after", value);
                }
                Ok(answer)
            }
            Fault::Damaged(damage) => {
                let mut answer = self.inner.send(request).await?;
                match damage {
                    Damage::Cut => {
                        answer.body = answer.body.slice(..answer.body.len() / 2);
                        answer.fault = Some(BodyFault::Cut);
                    }
                    Damage::Empty => answer.body = Bytes::new(),
                    Damage::Html => answer.body = Bytes::from_static(b"<html><body>welcome</body></html>"),
                    Damage::NoJson => answer.body = Bytes::from_static(b"{\"a\":[1,"),
                    Damage::NoUtf8 => answer.body = Bytes::from_static(b"{\"a\":\"\xff\xfe\"}"),
                }
                Ok(answer)
            }
            Fault::Echo(status) => Ok(echo(status, &request)),
            Fault::Given(answer) => Ok(answer),
            Fault::Stalled => {
                self.stalled.notify_one();
                std::future::pending().await
            }
            Fault::StalledAfter => {
                let _ = self.inner.send(request).await;
                self.stalled.notify_one();
                std::future::pending().await
            }
        }
    }

    fn wait_text(&self, wait: Wait) -> String {
        match wait {
            Wait::Seconds(seconds) => seconds.to_string(),
            Wait::Date(seconds) => {
                let at = self.clock.utc() + Duration::from_secs(seconds.into());
                at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
            }
        }
    }
}

/// A gateway's page, whatever was asked for.
fn page(status: u16) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = HttpResponse::new(status, format!("<html><body>{}</body></html>", status.as_u16()));
    if status.is_redirection() {
        answer.headers.insert("location", HeaderValue::from_static("https://elsewhere.example.com/"));
    }
    answer
}

/// An answer that repeats all that it was sent, in the places where vendors write messages.
fn echo(status: u16, request: &HttpRequest) -> HttpResponse {
    let body = String::from_utf8_lossy(&request.body);
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let text = format!("{} {body} {headers:?}", request.url);
    let body = serde_json::json!({
        "success": false, "message": text, "error": text, "code": text, "reason": text,
        "errors": [text, {"message": text, "field": text, "code": text}],
    });
    let mut answer = page(status);
    answer.body = Bytes::from(body.to_string());
    answer
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let (number, fault) = self.enter(&request);
        let answer = match fault {
            Some(fault) => self.fail(fault, request).await,
            None => self.inner.send(request).await,
        };
        if let Some(exchange) = self.lock().log.get_mut(number) {
            match &answer {
                Ok(answer) => {
                    let waits = answer.headers.contains_key("retry-after");
                    exchange.answer = Some((answer.status.as_u16(), waits));
                }
                Err(error) => exchange.lost = Some(error.kind()),
            }
        }
        answer
    }
}
