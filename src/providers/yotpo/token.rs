//! Access tokens: minted from the secret when they are needed, one at a time, and shared by all clients of one store and
//! secret.
//!
//! How long a token lives is told in four different ways (documented: 14 days, 24 hours, "some hours", or nothing), so
//! that no age ends one: it is used until the vendor refuses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method};
use secrecy::{ExposeSecret, SecretString};

use super::wire::TokenRequest;
use super::{PROVIDER, answer};
use crate::client::auth::single_flight::SingleFlight;
use crate::client::options::{bare_headers, json_headers};
use crate::client::{Call, Connector, Operation, Outgoing, Shared};
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::Url;

/// The header that carries the token (documented).
pub(super) const HEADER: &str = "x-yotpo-token";

/// Where another client sends it too (seen).
const ALSO: &str = "x-utoken";

/// A token is no record: what happens to this call changes no customer.
pub(super) static MINT: Operation = Operation::bare_read("create_access_token");

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

    /// The headers of a request with a JSON body that carry the token in a second place too (seen).
    pub(super) fn twice(&self) -> HeaderMap {
        let mut headers = (*self.json).clone();
        if let Some(token) = self.json.get(HEADER) {
            headers.insert(ALSO, token.clone());
        }
        headers
    }
}

/// The tokens of a client: one that it was given, until the vendor refuses it, and those minted from its secret, which
/// all clients of the store with that secret share.
pub(super) struct Tokens {
    given: Option<Arc<Token>>,
    /// The given one was replaced.
    is_given_over: AtomicBool,
    mint: Option<Mint>,
    connector: Connector,
}

/// What mints.
struct Mint {
    secret: SecretString,
    url: Url,
    headers: Arc<HeaderMap>,
    flight: Arc<Shared<SingleFlight<Token>>>,
}

impl Mint {
    /// `url` names host and store: a token goes to no other.
    fn new(secret: SecretString, url: Url, headers: Arc<HeaderMap>, connector: &Connector) -> Self {
        let flight =
            connector.shared(&[PROVIDER.as_str(), url.as_str(), secret.expose_secret()], || SingleFlight::new(None));
        Self { secret, url, headers, flight }
    }
    async fn request(&self, call: &mut Call<'_>) -> Result<Token, Error> {
        let body = serde_json::to_vec(&TokenRequest { secret: self.secret.expose_secret() });
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
}

/// What stands in the place of a refused token.
pub(super) struct Replacement {
    pub(super) token: Arc<Token>,
    /// Where this one is refused too, another would be.
    pub(super) is_last: bool,
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
        let mint = secret.map(|secret| Mint::new(secret, url, headers, &connector));
        Self { given: given.map(Arc::new), is_given_over: AtomicBool::new(false), mint, connector }
    }

    /// Whether there is a secret to mint from.
    pub(super) fn can_mint(&self) -> bool {
        self.mint.is_some()
    }

    /// The token at hand, or a new one.
    pub(super) async fn get(&self, call: &mut Call<'_>) -> Result<Arc<Token>, Error> {
        match &self.given {
            Some(given) if !self.is_given_over.load(Ordering::Acquire) => Ok(Arc::clone(given)),
            _ => Ok(self.other_than(None, call).await?.token),
        }
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
    ) -> Result<Replacement, Error> {
        let mint = self.minting(call)?;
        let mut minted = false;
        let new = async {
            minted = true;
            let token = mint.request(call).await?;
            Ok(Token { renewed_at: refused.is_some().then(|| self.connector.clock().now()), ..token })
        };
        let token = mint.flight.replace(refused, new).await.map_err(|error| call.finish(error))?;
        let was_given = matches!((refused, &self.given), (Some(old), Some(given)) if Arc::ptr_eq(old, given));
        if was_given {
            self.is_given_over.store(true, Ordering::Release);
        }
        // What others had at hand may be old too, and the given one tells nothing about it.
        Ok(Replacement { token, is_last: minted || !was_given })
    }

    /// A new token, whatever is at hand.
    pub(super) async fn renew(&self, call: &mut Call<'_>) -> Result<Arc<Token>, Error> {
        let mint = self.minting(call)?;
        let token = mint.flight.renew(mint.request(call)).await?;
        self.is_given_over.store(true, Ordering::Release);
        Ok(token)
    }

    fn minting(&self, call: &Call<'_>) -> Result<&Mint, Error> {
        self.mint.as_ref().ok_or_else(|| {
            let error = call.error(&MINT, ErrorKind::Unauthenticated, Effect::NotSent);
            call.finish(error.with_hint("there is no secret to mint a token from"))
        })
    }
}
