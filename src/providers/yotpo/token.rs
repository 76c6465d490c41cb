//! Access tokens: minted from the secret when they are needed, one at a time, and shared by all clones of a client.
//!
//! How long a token lives is told in four different ways (documented: 14 days, 24 hours, "some hours", or nothing), so
//! that no age ends one: it is used until the vendor refuses it.
//!
//! Who needs a token and finds none waits in a queue of one turn, a semaphore; nothing is locked meanwhile. Its head
//! mints; the others find that token when their turn comes, or the same failure, so that a vendor that is down is asked
//! once and not once by each. If the head is dropped in the middle, the turn goes to the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::wire::TokenRequest;
use super::{PROVIDER, answer};
use crate::error::{Effect, Error, ErrorKind};
use crate::http::{Call, Connector, Operation, Outgoing};
use crate::plan::Url;
use crate::providers::options::{bare_headers, json_headers};

/// The header that carries the token (documented).
pub(super) const HEADER: &str = "x-yotpo-token";

/// A token is no record: what happens to this call changes no customer.
pub(super) static MINT: Operation = Operation::read("create_access_token");

/// A new token that is refused as soon as this has no permission; another would have none either.
const FRESH: Duration = Duration::from_secs(60);

/// A token, as the headers that carry it.
pub(super) struct Token {
    /// Of requests with a JSON body.
    pub(super) json: Arc<HeaderMap>,
    /// Of requests without one.
    pub(super) bare: Arc<HeaderMap>,
    /// When it was minted in the place of a refused one.
    renewed_at: Option<Instant>,
}

impl Token {
    pub(super) fn new(token: &SecretString) -> Result<Self, Error> {
        let credential = Some((HEADER, token));
        Ok(Self {
            json: Arc::new(json_headers(PROVIDER, "application/json", credential)?),
            bare: Arc::new(bare_headers(PROVIDER, credential)?),
            renewed_at: None,
        })
    }
}

/// The token of a client.
pub(super) struct Tokens {
    secret: Option<SecretString>,
    url: Url,
    headers: Arc<HeaderMap>,
    state: Mutex<State>,
    turn: Semaphore,
    connector: Connector,
}

#[derive(Default)]
struct State {
    current: Option<Arc<Token>>,
    /// How many times minting has ended.
    rounds: u64,
    /// How it ended the last time, where that was badly and the vendor's doing.
    failure: Option<Error>,
}

impl Tokens {
    /// Tokens minted at `url` with these headers; `given` is used until it is refused.
    pub(super) fn new(
        secret: Option<SecretString>,
        given: Option<Token>,
        url: Url,
        headers: Arc<HeaderMap>,
        connector: Connector,
    ) -> Self {
        let state = State { current: given.map(Arc::new), ..State::default() };
        Self { secret, url, headers, state: Mutex::new(state), turn: Semaphore::new(1), connector }
    }

    /// Whether there is a secret to mint from.
    pub(super) fn can_mint(&self) -> bool {
        self.secret.is_some()
    }

    /// The token at hand, or a new one.
    pub(super) async fn get(&self, call: &mut Call<'_>) -> Result<Arc<Token>, Error> {
        self.other_than(None, call).await
    }

    /// Whether another token could help a request that was refused with this one.
    pub(super) fn may_replace(&self, refused: &Token, status: u16) -> bool {
        let now = self.connector.clock().now();
        let fresh = refused.renewed_at.is_some_and(|at| now.saturating_duration_since(at) < FRESH);
        self.can_mint() && (status == 401 || (status == 403 && !fresh))
    }

    /// A token that is not the refused one: what another caller has minted meanwhile, or a new one.
    pub(super) async fn other_than(
        &self,
        refused: Option<&Arc<Token>>,
        call: &mut Call<'_>,
    ) -> Result<Arc<Token>, Error> {
        let usable = |state: &State| {
            state.current.as_ref().filter(|token| !refused.is_some_and(|refused| Arc::ptr_eq(token, refused))).cloned()
        };
        let seen = {
            let state = self.lock();
            if let Some(token) = usable(&state) {
                return Ok(token);
            }
            state.rounds
        };
        // The semaphore is never closed, so that the error cannot occur; without a turn there is merely no queue.
        let _turn = self.turn.acquire().await;
        {
            let state = self.lock();
            if let Some(token) = usable(&state) {
                return Ok(token);
            }
            // Somebody tried while we waited.
            if let (true, Some(failure)) = (state.rounds != seen, &state.failure) {
                return Err(call.finish(copy(failure)));
            }
        }
        self.mint(refused.is_some(), call).await
    }

    /// A new token, whatever is at hand.
    pub(super) async fn renew(&self, call: &mut Call<'_>) -> Result<Arc<Token>, Error> {
        let _turn = self.turn.acquire().await;
        self.mint(false, call).await
    }

    /// Mints, in the turn of the caller, and keeps what came of it.
    async fn mint(&self, renewal: bool, call: &mut Call<'_>) -> Result<Arc<Token>, Error> {
        let minted = self.request(call).await;
        let mut state = self.lock();
        state.rounds += 1;
        match minted {
            Ok(token) => {
                let token = Arc::new(Token { renewed_at: renewal.then(|| self.connector.clock().now()), ..token });
                state.current = Some(Arc::clone(&token));
                state.failure = None;
                Ok(token)
            }
            Err(error) => {
                // That one caller's time was up says nothing to the others.
                state.failure = (error.kind() != ErrorKind::Deadline).then(|| copy(&error));
                Err(error)
            }
        }
    }

    async fn request(&self, call: &mut Call<'_>) -> Result<Token, Error> {
        let Some(secret) = &self.secret else {
            let error = call.error(&MINT, ErrorKind::Unauthenticated, Effect::NotSent);
            return Err(call.finish(error.with_hint("there is no secret to mint a token from")));
        };
        let body = serde_json::to_vec(&TokenRequest { secret: secret.expose_secret() });
        let body = body.map(Bytes::from).map_err(|error| {
            let source = error.to_string();
            call.finish(call.error(&MINT, ErrorKind::Other, Effect::NotSent).with_source(source))
        })?;
        let out = Outgoing {
            operation: &MINT,
            method: &Method::POST,
            url: &self.url,
            headers: &self.headers,
            body: Some(&body),
        };
        // Token calls are not counted as attempts for the record.
        let attempts = call.attempts;
        let answered = call.send(out, answer::judge_token).await;
        call.attempts = attempts;
        let response = answered.map_err(|error| call.finish(error))?;
        answer::token(&response.body).and_then(|token| Token::new(&token).ok()).ok_or_else(|| {
            let error = call.error(&MINT, ErrorKind::Decode, Effect::Rejected);
            call.finish(error.with_status(response.status.as_u16()).with_hint("the token cannot stand in a header"))
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same facts once more, for each caller who waited for them. The cause stays with the first, and so does what the
/// first had changed before.
fn copy(error: &Error) -> Error {
    let effect = if error.status().is_some() { Effect::Rejected } else { Effect::NotSent };
    let mut copy = Error::new(error.kind(), effect)
        .with_provider(PROVIDER)
        .with_operation(MINT.name)
        .with_retryable(error.is_retryable())
        .with_code(error.code().map(str::to_owned))
        .with_fields(error.field_errors().to_vec())
        .with_request_id(error.request_id().map(str::to_owned))
        .with_retry_after(error.retry_after())
        .with_vendor_message(error.vendor_message().map(str::to_owned));
    if let Some(status) = error.status() {
        copy = copy.with_status(status);
    }
    match error.hint() {
        Some(hint) => copy.with_hint(hint.to_owned()),
        None => copy,
    }
}
