//! The token of a client: given once, or renewed one at a time and shared by all clones.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use secrecy::SecretString;

use super::client::CONTENT_TYPE;
use super::oauth::{AccessToken, OAuthApp, bearer_headers, expiry, refresh, refresh_step};
use crate::client::auth::single_flight::SingleFlight;
use crate::client::{AccountContext, Call, Operation};
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::{Step, Url};

/// A token is renewed this long before its end, so that none ends on its way.
const AHEAD: TimeDelta = TimeDelta::seconds(60);

/// A token, as the headers that carry it.
pub(super) struct Token {
    pub(super) access: AccessToken,
    /// Of requests with a JSON body.
    pub(super) json: HeaderMap,
    /// Of requests without one.
    pub(super) bare: HeaderMap,
    /// When it ends, as far as that is to be believed.
    ends: Option<DateTime<Utc>>,
}

impl Token {
    fn new(access: AccessToken) -> Result<Self, Error> {
        let [json, bare] = bearer_headers(CONTENT_TYPE, &access.token)?;
        Ok(Self { ends: access.expires_at, access, json, bare })
    }

    fn has_ended(&self, now: DateTime<Utc>) -> bool {
        self.ends.is_some_and(|end| end <= now)
    }
}

/// How a client comes by its token.
pub(super) struct Credential {
    renewal: Option<Renewal>,
    /// Whether a token's own word on its end counts.
    check_expiry: bool,
    flight: SingleFlight<Token>,
}

struct Renewal {
    app: OAuthApp,
    url: Url,
    step: Step,
}

impl Credential {
    /// A token that is given, or an app that renews it; `given` is used until it ends or is refused.
    pub(super) fn new(
        given: Option<SecretString>,
        renewal: Option<(OAuthApp, Url)>,
        check_expiry: bool,
    ) -> Result<Self, Error> {
        let given = given.map(|token| {
            let access = AccessToken::given(expiry(&token), token);
            Token::new(access)
        });
        let renewal = renewal.map(|(app, url)| {
            let step = refresh_step(&app, &url)?;
            Ok::<_, Error>(Renewal { app, url, step })
        });
        let flight = SingleFlight::new(given.transpose()?);
        Ok(Self { renewal: renewal.transpose()?, check_expiry, flight })
    }

    /// The renewing, as plans show it.
    pub(super) fn step(&self) -> Option<&Step> {
        self.renewal.as_ref().map(|renewal| &renewal.step)
    }

    /// The token at hand.
    pub(super) fn current(&self) -> Option<AccessToken> {
        self.flight.current().map(|token| token.access.clone())
    }

    /// A token to send with: one that ends by its own word is renewed first, or not sent at all.
    pub(super) async fn get(
        &self,
        call: &mut Call<'_>,
        operation: &Operation,
        account: &AccountContext,
    ) -> Result<Arc<Token>, Error> {
        let now = account.connector.clock().utc();
        let current = self.flight.current();
        match (&current, &self.renewal) {
            (Some(token), _) if !self.check_expiry => Ok(Arc::clone(token)),
            (Some(token), Some(_)) if !token.has_ended(now + AHEAD) => Ok(Arc::clone(token)),
            (Some(token), None) if !token.has_ended(now) => Ok(Arc::clone(token)),
            (_, Some(renewal)) => self.renewed(renewal, current.as_ref(), call, account).await,
            (_, None) => {
                let error = call.error(operation, ErrorKind::Unauthenticated, Effect::NotSent);
                Err(call.finish(error.with_hint("the access token has expired by its own word; nothing was sent")))
            }
        }
    }

    /// A token in the place of one that the vendor refused; none where none can be had.
    pub(super) async fn replace(
        &self,
        refused: &Arc<Token>,
        call: &mut Call<'_>,
        account: &AccountContext,
    ) -> Option<Result<Arc<Token>, Error>> {
        let renewal = self.renewal.as_ref()?;
        Some(self.renewed(renewal, Some(refused), call, account).await)
    }

    async fn renewed(
        &self,
        renewal: &Renewal,
        old: Option<&Arc<Token>>,
        call: &mut Call<'_>,
        account: &AccountContext,
    ) -> Result<Arc<Token>, Error> {
        let mint = async {
            // Token calls are not counted as attempts for the record.
            let attempts = call.attempts;
            let answered = refresh(call, &renewal.app, &renewal.url, account).await;
            call.attempts = attempts;
            let mut token = Token::new(answered?)?;
            // A new token that seems to have ended shows that this machine's clock is wrong: the vendor is to judge.
            if token.has_ended(account.connector.clock().utc() + AHEAD) {
                token.ends = None;
            }
            Ok(token)
        };
        self.flight.replace(old, mint).await.map_err(|error| call.finish(error))
    }
}
