//! What a client shows the vendor: an access token that stays, or the pair of an app, renewed one at a time.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, Method};
use secrecy::SecretString;

use super::PROVIDER;
use super::account::Shoplazza;
use super::token_pair::{Grant, TokenPair, form, judge_token, pair};
use crate::client::auth::single_flight::SingleFlight;
use crate::client::options::{bare_headers, json_headers};
use crate::client::{Call, Connector, HttpResponse, Operation, Outgoing, Verdict};
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::{Step, StepCondition, Url};

/// The header that carries the token (documented).
const HEADER: &str = "access-token";

/// A pair is no record: what happens to this call changes no customer. It is sent again after a lost answer, since there
/// is no other way to a pair; whether the vendor takes the same refresh token twice is unknown.
static REFRESH: Operation = Operation::bare_read("refresh_access_token");

/// A token that is refused as soon as this after it was made is not replaced: another would be refused, too.
const FRESH: Duration = Duration::from_secs(60);

/// How long before its end a token is replaced.
const MARGIN: TimeDelta = TimeDelta::seconds(60);

/// A token, as the headers that carry it.
pub(super) struct Token {
    /// Of requests with a JSON body.
    pub(super) json: Arc<HeaderMap>,
    /// Of requests without one.
    pub(super) bare: Arc<HeaderMap>,
    pair: Option<TokenPair>,
    /// Known and in the future when the token came; else it is used until it is refused.
    expires_at: Option<DateTime<Utc>>,
    /// When it came in the place of another one.
    renewed_at: Option<Instant>,
}

impl Token {
    /// A token that nothing renews.
    pub(super) fn fixed(access_token: &SecretString) -> Result<Self, Error> {
        let credential = Some((HEADER, access_token));
        Ok(Self {
            json: Arc::new(json_headers(PROVIDER, "application/json", credential)?),
            bare: Arc::new(bare_headers(PROVIDER, credential)?),
            pair: None,
            expires_at: None,
            renewed_at: None,
        })
    }

    /// The access token of a pair.
    pub(super) fn of(pair: TokenPair) -> Result<Self, Error> {
        let fixed = Self::fixed(&pair.access_token)?;
        Ok(Self { expires_at: pair.expires_at, pair: Some(pair), ..fixed })
    }
}

/// Told of each new pair.
pub(super) type OnNewTokens = Arc<dyn Fn(&TokenPair) + Send + Sync>;

/// What renews a pair.
pub(super) struct Renewal {
    pub(super) client_id: String,
    pub(super) client_secret: SecretString,
    pub(super) url: Url,
    pub(super) headers: Arc<HeaderMap>,
    pub(super) on_new: Option<OnNewTokens>,
}

/// The credential of a client, shared by its clones.
pub(super) struct Credential {
    renewal: Option<Renewal>,
    flight: SingleFlight<Token>,
    connector: Connector,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("is_renewed", &self.renewal.is_some()).finish_non_exhaustive()
    }
}

impl Credential {
    pub(super) fn new(token: Token, renewal: Option<Renewal>, connector: Connector) -> Self {
        Self { renewal, flight: SingleFlight::new(Some(token)), connector }
    }

    /// The pair at hand.
    pub(super) fn pair(&self) -> Option<TokenPair> {
        self.flight.current()?.pair.clone()
    }

    /// The step that renews the pair, as plans show it: without its secrets.
    pub(super) fn step(&self) -> Option<Step> {
        let renewal = self.renewal.as_ref()?;
        let hidden = SecretString::from("[redacted]");
        let mut body = form(&renewal.client_id, &hidden, &Grant::Refresh(&hidden));
        if let Ok(text) = std::str::from_utf8(&body) {
            body = Bytes::from(text.replace("%5Bredacted%5D", "[redacted]"));
        }
        Some(Step {
            when: StepCondition::IfNoToken,
            operation: REFRESH.name,
            method: Method::POST,
            url: renewal.url.clone(),
            headers: Arc::clone(&renewal.headers),
            body: Some(body),
        })
    }

    /// The token at hand, or a new one where its time is up.
    async fn get(&self, call: &mut Call<'_>) -> Result<Arc<Token>, Error> {
        let current = self.flight.current();
        match current {
            Some(token) if !self.is_over(&token) => Ok(token),
            over => self.other_than(over.as_ref(), call).await,
        }
    }

    fn is_over(&self, token: &Token) -> bool {
        let now = || self.connector.clock().utc();
        self.renewal.is_some() && token.expires_at.is_some_and(|at| now() + MARGIN >= at)
    }

    /// Whether another token could help a request that failed so with this one.
    fn may_replace(&self, refused: &Token, error: &Error) -> bool {
        let now = self.connector.clock().now();
        let fresh = refused.renewed_at.is_some_and(|at| now.saturating_duration_since(at) < FRESH);
        self.renewal.is_some() && !fresh && error.kind() == ErrorKind::Unauthenticated
    }

    async fn other_than(&self, refused: Option<&Arc<Token>>, call: &mut Call<'_>) -> Result<Arc<Token>, Error> {
        let renewed = self.flight.replace(refused, self.request(call)).await;
        renewed.map_err(|error| call.finish(error))
    }

    /// A new pair, whatever is at hand.
    pub(super) async fn renew(&self, call: &mut Call<'_>) -> Result<Arc<Token>, Error> {
        self.flight.renew(self.request(call)).await
    }

    async fn request(&self, call: &mut Call<'_>) -> Result<Token, Error> {
        // Read in its turn: the pair that another caller has just brought is the one to go on from.
        let (Some(renewal), Some(old)) = (&self.renewal, self.pair()) else {
            let error = call.error(&REFRESH, ErrorKind::Unsupported, Effect::NotSent);
            return Err(call.finish(error.with_hint("an access token without a refresh token cannot be renewed")));
        };
        let body = form(&renewal.client_id, &renewal.client_secret, &Grant::Refresh(&old.refresh_token));
        let out = Outgoing {
            operation: &REFRESH,
            method: &Method::POST,
            url: &renewal.url,
            headers: &renewal.headers,
            body: Some(&body),
        };
        // Token calls are not counted as attempts for the record.
        let attempts = call.attempts;
        let answered = call.send(out, judge_token).await;
        call.attempts = attempts;
        let answer = answered.map_err(|error| call.finish(error))?;
        let now = self.connector.clock().utc();
        let unusable = |hint| {
            let error = call.error(&REFRESH, ErrorKind::Decode, Effect::Rejected);
            call.finish(error.with_status(answer.status.as_u16()).with_hint(hint))
        };
        let new = pair(&answer.body, now, Some(&old.refresh_token))
            .ok_or_else(|| unusable("the answer of the token route holds no token"))?;
        let mut token = Token::of(new.clone()).map_err(|_| unusable("the token cannot stand in a header"))?;
        // An end that is over at once says nothing: the clocks differ.
        token.expires_at = token.expires_at.filter(|at| *at > now + MARGIN);
        token.renewed_at = Some(self.connector.clock().now());
        // Before anybody uses it: a pair that is lost takes the authorisation with it.
        if let Some(on_new) = &renewal.on_new {
            on_new(&new);
        }
        Ok(token)
    }
}

impl Shoplazza {
    /// Sends a request with the token at hand. One that is refused is replaced once, where it can be, and the request
    /// sent again: what was refused at the door changed nothing.
    pub(super) async fn send(
        &self,
        call: &mut Call<'_>,
        out: Outgoing<'_>,
        judge: impl Fn(&HttpResponse) -> Verdict,
    ) -> Result<HttpResponse, Error> {
        let credential = &self.0.credential;
        let Outgoing { operation, method, url, body, .. } = out;
        let mut token = credential.get(call).await?;
        let mut replaced = false;
        loop {
            let headers = if body.is_some() { &token.json } else { &token.bare };
            let error = match call.send(Outgoing { operation, method, url, headers, body }, &judge).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if replaced || !credential.may_replace(&token, &error) {
                return Err(error);
            }
            token = credential.other_than(Some(&token), call).await?;
            replaced = true;
        }
    }

    /// The pair at hand of a client that renews its tokens; none of a client with a token that stays.
    ///
    /// Whoever stores it has to store each one that follows: see
    /// [`on_new_tokens`](super::Builder::on_new_tokens).
    #[must_use]
    pub fn tokens(&self) -> Option<TokenPair> {
        self.0.credential.pair()
    }

    /// Renews the pair now, whatever its age. Calls do it by themselves when it is needed: before the token ends, and
    /// once where the vendor refuses it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] where the vendor refuses the refresh token: the merchant has to authorise the app
    /// anew. [`ErrorKind::Unsupported`] for a client with a token that stays. After a lost answer the old pair is kept;
    /// whether it is still good is unknown.
    pub async fn refresh_tokens(&self) -> Result<TokenPair, Error> {
        let mut call = self.0.account.call();
        let token = self.0.credential.renew(&mut call).await?;
        // Only pairs are renewed.
        token.pair.clone().ok_or_else(|| call.error(&REFRESH, ErrorKind::Unsupported, Effect::NotSent))
    }
}
