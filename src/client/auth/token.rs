//! Access tokens: held, renewed by one caller at a time, and replaced once where the vendor refuses one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;

use super::single_flight::SingleFlight;
use crate::client::response::Reading;
use crate::client::{Call, Connector, HttpResponse, Operation, Request, Response, Shared};
use crate::error::{Effect, Error, ErrorKind};

/// A token is renewed this long before it expires, so that none expires in transit.
const AHEAD: TimeDelta = TimeDelta::seconds(60);

/// A token younger than this is fresh: where a fresh one is refused, another may not help.
const FRESH: Duration = Duration::from_secs(60);

/// The headers of a client's requests, made once for each credential.
#[derive(Clone, Debug)]
pub(crate) struct RequestHeaders {
    /// Of requests with a body.
    pub(crate) json: Arc<HeaderMap>,
    /// Of requests without one.
    pub(crate) bare: Arc<HeaderMap>,
}

impl RequestHeaders {
    /// The headers of a request.
    pub(crate) fn of(&self, has_body: bool) -> &Arc<HeaderMap> {
        if has_body { &self.json } else { &self.bare }
    }
}

/// An access token, as the headers that carry it. `D` is what else the vendor returned with it.
pub(crate) struct Token<D> {
    pub(crate) headers: RequestHeaders,
    /// When it expires, as far as the vendor's statement is trusted; none: it is used until the vendor refuses it.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// When it replaced another one.
    replaced_at: Option<Instant>,
    pub(crate) detail: D,
}

impl<D> Token<D> {
    pub(crate) fn new(headers: RequestHeaders, expires_at: Option<DateTime<Utc>>, detail: D) -> Self {
        Self { headers, expires_at, replaced_at: None, detail }
    }

    fn has_expired(&self, at: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|end| end <= at)
    }
}

/// How a vendor's tokens are obtained, and which failures another token could help.
pub(crate) trait Renewal: Send + Sync {
    /// What else the vendor returns with a token.
    type Detail: Send + Sync;

    /// Obtains a token. `current` is the one that is held at that moment.
    fn renew(
        &self,
        current: Option<&Token<Self::Detail>>,
        call: &mut Call<'_>,
    ) -> impl Future<Output = Result<Token<Self::Detail>, Error>> + Send;

    /// Whether another token could help a request that failed like this. `is_fresh`: the refused token replaced another
    /// one less than a minute ago.
    fn may_replace(&self, error: &Error, is_fresh: bool) -> bool;
}

/// Where the renewed tokens are kept.
pub(crate) enum Flight<D> {
    /// By this client and its clones.
    Own(SingleFlight<Token<D>>),
    /// By all clients that have the same credential.
    Shared(Arc<Shared<SingleFlight<Token<D>>>>),
}

/// The tokens of a client.
pub(crate) struct Tokens<R: Renewal> {
    /// One that the caller gave to this client alone, beside a shared flight.
    given: Option<Arc<Token<R::Detail>>>,
    /// The given one was replaced.
    given_is_replaced: AtomicBool,
    renewal: Option<R>,
    flight: Flight<R::Detail>,
    connector: Connector,
}

impl<R: Renewal> Tokens<R> {
    /// Tokens of one client and its clones: `given` is used until it expires or is refused.
    pub(crate) fn own(given: Option<Token<R::Detail>>, renewal: Option<R>, connector: &Connector) -> Self {
        Self {
            given: None,
            given_is_replaced: AtomicBool::new(false),
            renewal,
            flight: Flight::Own(SingleFlight::new(given)),
            connector: connector.clone(),
        }
    }

    /// Tokens that all clients with the same credential share; `given` belongs to this client alone.
    pub(crate) fn shared(
        given: Option<Token<R::Detail>>,
        renewal: Option<R>,
        flight: Arc<Shared<SingleFlight<Token<R::Detail>>>>,
        connector: &Connector,
    ) -> Self {
        Self {
            given: given.map(Arc::new),
            given_is_replaced: AtomicBool::new(false),
            renewal,
            flight: Flight::Shared(flight),
            connector: connector.clone(),
        }
    }

    fn flight(&self) -> &SingleFlight<Token<R::Detail>> {
        match &self.flight {
            Flight::Own(flight) => flight,
            Flight::Shared(flight) => flight,
        }
    }

    /// What renews them; none where the client was given a token alone.
    pub(crate) fn renewal(&self) -> Option<&R> {
        self.renewal.as_ref()
    }

    /// The token that is held.
    pub(crate) fn current(&self) -> Option<Arc<Token<R::Detail>>> {
        match &self.given {
            Some(given) if !self.given_is_replaced.load(Ordering::Acquire) => Some(Arc::clone(given)),
            _ => self.flight().current(),
        }
    }

    /// The held token, or a new one where none is held or it is about to expire. An expired token that cannot be renewed
    /// is not sent.
    async fn get(&self, operation: &Operation, call: &mut Call<'_>) -> Result<Arc<Token<R::Detail>>, Error> {
        let now = self.connector.clock().utc();
        let current = self.current();
        match (current, &self.renewal) {
            (Some(token), Some(_)) if !token.has_expired(now + AHEAD) => Ok(token),
            (Some(token), None) if !token.has_expired(now) => Ok(token),
            (stale, Some(renewal)) => Ok(self.replace(renewal, stale.as_ref(), call).await?.0),
            (_, None) => {
                Err(call.fail(operation, ErrorKind::Unauthenticated, "the access token has expired; nothing was sent"))
            }
        }
    }

    /// Another token than the stale one: what another caller obtained in the meantime, or a new one. The second part:
    /// where this one is refused as well, another would be.
    async fn replace(
        &self,
        renewal: &R,
        stale: Option<&Arc<Token<R::Detail>>>,
        call: &mut Call<'_>,
    ) -> Result<(Arc<Token<R::Detail>>, bool), Error> {
        let mut is_new = false;
        let renewed = async {
            is_new = true;
            self.request(renewal, stale.is_some(), call).await
        };
        let token = self.flight().replace(stale, renewed).await.map_err(|error| call.finish(error))?;
        let was_given = matches!((stale, &self.given), (Some(old), Some(given)) if Arc::ptr_eq(old, given));
        if was_given {
            self.given_is_replaced.store(true, Ordering::Release);
        }
        // What others hold may be stale as well, and the refused given one says nothing about it.
        Ok((token, is_new || !was_given))
    }

    async fn request(&self, renewal: &R, replaces: bool, call: &mut Call<'_>) -> Result<Token<R::Detail>, Error> {
        // Token requests are not counted as attempts for the record.
        let attempts = call.attempts;
        // Read at its turn: the token that another caller has just obtained is the one to go on from.
        let renewed = renewal.renew(self.current().as_deref(), call).await;
        call.attempts = attempts;
        let mut token = renewed.map_err(|error| call.finish(error))?;
        let clock = self.connector.clock();
        // A new token that seems to have expired shows that the two clocks differ: the vendor is to judge.
        token.expires_at = token.expires_at.filter(|end| *end > clock.utc() + AHEAD);
        token.replaced_at = replaces.then(|| clock.now());
        Ok(token)
    }

    /// Obtains a new token, whatever is held.
    pub(crate) async fn renew(&self, call: &mut Call<'_>) -> Result<Arc<Token<R::Detail>>, Error> {
        let Some(renewal) = &self.renewal else {
            let error = Error::new(ErrorKind::Unsupported, Effect::NotSent);
            return Err(call.finish(error.with_hint("the client was given a token that it cannot renew")));
        };
        let token = self.flight().renew(self.request(renewal, true, call)).await?;
        self.given_is_replaced.store(true, Ordering::Release);
        Ok(token)
    }

    /// Sends a request with the held token. One that the vendor refuses is replaced once, where another could help, and
    /// the request is sent again with the same deadline and with all its attempts: what was refused changed nothing.
    pub(crate) async fn execute<T>(
        &self,
        call: &mut Call<'_>,
        request: &Request,
        read: impl Fn(&HttpResponse) -> Reading<T>,
    ) -> Result<Response<T>, Error> {
        self.execute_with(call, request, |token| Arc::clone(token.headers.of(request.body.is_some())), read).await
    }

    /// [`execute`](Self::execute), with headers made of the token by `headers`.
    pub(crate) async fn execute_with<T>(
        &self,
        call: &mut Call<'_>,
        request: &Request,
        headers: impl Fn(&Token<R::Detail>) -> Arc<HeaderMap>,
        read: impl Fn(&HttpResponse) -> Reading<T>,
    ) -> Result<Response<T>, Error> {
        let mut token = self.get(request.operation, call).await?;
        let mut is_last = false;
        loop {
            let error = match call.execute_with(request, &headers(&token), &read).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let now = self.connector.clock().now();
            let is_fresh = token.replaced_at.is_some_and(|at| now.saturating_duration_since(at) < FRESH);
            match &self.renewal {
                Some(renewal) if !is_last && renewal.may_replace(&error, is_fresh) => {
                    (token, is_last) = self.replace(renewal, Some(&token), call).await?;
                }
                _ => return Err(error),
            }
        }
    }
}
