//! Access tokens: minted from the store's API secret, and shared by all clients of one store and secret.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};

use super::PROVIDER;
use super::error::{check_token, read_token};
use super::operations::MINT;
use crate::client::auth::single_flight::SingleFlight;
use crate::client::auth::token::{Renewal, RequestHeaders, Token, Tokens};
use crate::client::options::{json_body, json_headers, request_headers};
use crate::client::response::decode;
use crate::client::{Call, Connector, Request, Secret, Url};
use crate::error::{Error, ErrorKind};

/// The header that carries the token (documented).
const HEADER: &str = "x-yotpo-token";

/// The second header in which another client sends it (seen).
const SECOND_HEADER: HeaderName = HeaderName::from_static("x-utoken");

/// The body as plans show it.
const SHOWN_BODY: &[u8] = br#"{"secret":"[redacted]"}"#;

/// The headers of requests that carry this token.
pub(super) fn headers(token: &Secret) -> Result<RequestHeaders, Error> {
    request_headers(PROVIDER, "application/json", Some((HEADER, token)))
}

/// The headers of a request with a body that carries the token in a second place as well.
pub(super) fn with_second_header(token: &Token<()>) -> Arc<HeaderMap> {
    let mut headers = (*token.headers.json).clone();
    if let Some(value) = token.headers.json.get(HEADER) {
        headers.insert(SECOND_HEADER, value.clone());
    }
    Arc::new(headers)
}

/// The request for a token. Its URL names host and store: a token goes to no other.
#[derive(Clone)]
pub(super) struct MintRoute {
    url: Arc<url::Url>,
    headers: Arc<HeaderMap>,
}

impl MintRoute {
    pub(super) fn new(url: Arc<url::Url>) -> Result<Self, Error> {
        Ok(Self { url, headers: Arc::new(json_headers(PROVIDER, "application/json", None)?) })
    }

    /// The request as plans show it, without the secret.
    pub(super) fn shown(&self) -> Request {
        self.request(Bytes::from_static(SHOWN_BODY))
    }

    fn request(&self, body: Bytes) -> Request {
        Request::to(&MINT, Url::from(&self.url), &self.headers, Some(body))
    }
}

/// Mints tokens from the store's secret.
pub(crate) struct Minting {
    secret: Secret,
    route: MintRoute,
}

#[derive(serde::Serialize)]
struct TokenInput<'a> {
    secret: &'a str,
}

impl Renewal for Minting {
    type Detail = ();

    async fn renew(&self, _current: Option<&Token<()>>, call: &mut Call<'_>) -> Result<Token<()>, Error> {
        let body = json_body(PROVIDER, &TokenInput { secret: self.secret.expose() })?;
        let minted = call.execute(&self.route.request(body), decode(check_token, read_token)).await?;
        let headers =
            headers(&minted.value).map_err(|_| call.fail(&MINT, ErrorKind::Decode, "no header can hold the token"))?;
        Ok(Token::new(headers, None, ()))
    }

    /// On 401, which a 200 may report inside; on 403 unless the refused token is new: another would have no other
    /// permissions.
    fn may_replace(&self, error: &Error, is_fresh: bool) -> bool {
        match error.status() {
            None => false,
            Some(403) => !is_fresh,
            Some(status) => status == 401 || error.kind() == ErrorKind::Unauthenticated,
        }
    }
}

/// The tokens of a client: `given` is used until the vendor refuses it, and is replaced where there is a secret.
pub(super) fn tokens(
    given: Option<Token<()>>,
    secret: Option<Secret>,
    route: &MintRoute,
    connector: &Connector,
) -> Tokens<Minting> {
    let Some(secret) = secret else { return Tokens::own(given, None, connector) };
    let parts = [PROVIDER.as_str(), route.url.as_str(), secret.expose()];
    let flight = connector.shared(&parts, || SingleFlight::new(None));
    Tokens::shared(given, Some(Minting { secret, route: route.clone() }), flight, connector)
}
