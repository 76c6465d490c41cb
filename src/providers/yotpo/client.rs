//! The client: options and the native calls.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use secrecy::SecretString;

use super::PROVIDER;
use super::answer::{judge, judge_read};
use super::limits;
use super::map;
use super::privacy::ANONYMIZE;
use super::query::{ArrayStyle, CustomerQuery};
use super::read::{self, CustomerPage};
use super::token::{HEADER, MINT, Token, Tokens};
use super::wire::{CustomerRecord, Envelope};
use crate::client::options::{ClientOptions, client_options, fixed_url, json_body, json_headers};
use crate::client::{AccountContext, BaseUrl, Call, Clock, HttpResponse, Limit, Operation, Outgoing, Verdict, fill};
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::outcome::{Outcome, Upserted};
use crate::plan::{Step, StepCondition, Url};

/// Where the vendor's API stands (documented).
pub const DEFAULT_BASE_URL: &str = "https://api.yotpo.com/";

/// Where the vendor's Loyalty product stands (documented).
const LOYALTY_BASE_URL: &str = "https://loyalty.yotpo.com/";

/// What the vendor takes for one store (documented): 5 requests a second. All of a store's integrations share it
/// (inferred from "per store"); token calls are counted too. An answer that says that nothing is left of it
/// (`RateLimit-Remaining`, documented) is heeded.
pub const DEFAULT_LIMIT: Limit = Limit::Window { max: 5, per: Duration::from_secs(1) };

/// How long the vendor says to wait before a customer is looked for (documented). Others measured up to four minutes.
const VISIBLE_AFTER: Duration = Duration::from_secs(60);

/// Shown where the secret stands in the body that is sent.
const SHOWN_SECRET: &[u8] = br#"{"secret":"[redacted]"}"#;

/// A repeat with the same identifier changes nothing more (inferred from "create or update").
pub(super) static UPSERT: Operation = Operation::bare_idempotent_write("upsert_customer");
pub(super) static LIST: Operation = Operation::bare_read("list_customers");

/// Options of a [`Yotpo`] client.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    store_id: String,
    secret: Option<SecretString>,
    token: Option<SecretString>,
    mapping: map::Options,
    arrays: ArrayStyle,
    also_utoken: bool,
    loyalty_base: Option<String>,
    options: ClientOptions,
}

impl Builder {
    client_options!();

    /// An access token to begin with, of this client and its clones alone. When the vendor refuses it, another is minted
    /// if there is a secret.
    pub fn token(mut self, token: impl Into<SecretString>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sends what concerns the vendor's Loyalty product to another place: the host itself, with no `api/`. Default: the
    /// vendor's own, unless [`base_url`](Self::base_url) was set.
    pub fn loyalty_base_url(mut self, url: impl Into<String>) -> Self {
        self.loyalty_base = Some(url.into());
        self
    }

    /// Lets a phone number alone say who a customer is. The vendor still names `phone_number` as an identifier and says
    /// on the same page that it can no longer be set (documented), so that such a record is refused by default, and
    /// noted where this allows it.
    pub fn allow_phone_identity(mut self, allow: bool) -> Self {
        self.mapping.allow_phone_identity = allow;
        self
    }

    /// Sends what the vendor asks not to use any more: custom values as `custom_properties`, and beside an external id
    /// the phone number as `phone_number`. Whether the vendor still stores them is unknown, and a
    /// note says so. Default no.
    pub fn send_deprecated(mut self, send: bool) -> Self {
        self.mapping.send_deprecated = send;
        self
    }

    /// How several external ids, or several parts to expand, are written in a query. Default [`ArrayStyle::Commas`]; all
    /// styles are inferred.
    pub fn array_style(mut self, style: ArrayStyle) -> Self {
        self.arrays = style;
        self
    }

    /// Sends the access token a second time, as `x-utoken`, with
    /// [`anonymize_loyalty_customer`](Yotpo::anonymize_loyalty_customer). The one client in which that call was seen sends
    /// both; that one is enough is inferred. Default no.
    pub fn also_send_utoken(mut self, also: bool) -> Self {
        self.also_utoken = also;
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the option: an empty or impossible store id, an empty secret, a token that no
    /// header can hold, a base URL that would send in clear.
    pub fn build(self) -> Result<Yotpo, Error> {
        let store_id = self.store_id.trim();
        let path = |path: &str| {
            fill(path, &[("store_id", store_id)])
                .map_err(|_| Error::config(PROVIDER, "store_id", "is empty, dots, or has control characters"))
        };
        let customers = path("core/v3/stores/{store_id}/customers")?;
        let tokens = path("core/v3/stores/{store_id}/access_tokens")?;
        if self.secret.as_ref().is_some_and(is_empty) {
            return Err(Error::config(PROVIDER, "credential", "the secret is empty"));
        }
        let given = self.token.as_ref().map(Token::new).transpose()?;
        // A token goes to no host that nobody named.
        let own = self.options.base_url.is_none().then(|| LOYALTY_BASE_URL.to_owned());
        let loyalty_base = self.loyalty_base.or(own).map(|url| BaseUrl::parse(PROVIDER, &url)).transpose()?;
        let (base, mut account) = self.options.open(PROVIDER, DEFAULT_BASE_URL, &[store_id], DEFAULT_LIMIT)?;
        account.reset_header = Some("ratelimit-reset");
        let tokens = fixed_url(PROVIDER, &base, &tokens)?;
        let mint_headers = Arc::new(json_headers(PROVIDER, "application/json", None)?);
        let mut shown = (*mint_headers).clone();
        let mut placeholder = HeaderValue::from_static("[redacted]");
        placeholder.set_sensitive(true);
        shown.insert(HEADER, placeholder);
        let connector = account.connector.clone();
        Ok(Yotpo(Arc::new(Inner {
            mint: self.secret.is_some().then(|| Step {
                when: StepCondition::IfNoToken,
                operation: MINT.name,
                method: Method::POST,
                url: Url::from(&tokens),
                headers: Arc::clone(&mint_headers),
                body: Some(Bytes::from_static(SHOWN_SECRET)),
            }),
            tokens: Tokens::new(self.secret, given, Url::from(&tokens), mint_headers, connector),
            customers: fixed_url(PROVIDER, &base, &customers)?,
            store_id: store_id.to_owned(),
            loyalty_base,
            mapping: self.mapping,
            arrays: self.arrays,
            also_utoken: self.also_utoken,
            shown: Arc::new(shown),
            account,
        })))
    }
}

fn is_empty(secret: &SecretString) -> bool {
    secrecy::ExposeSecret::expose_secret(secret).trim().is_empty()
}

struct Inner {
    store_id: String,
    loyalty_base: Option<BaseUrl>,
    mapping: map::Options,
    arrays: ArrayStyle,
    also_utoken: bool,
    customers: Arc<url::Url>,
    /// The headers as plans show them: the token's place is marked, whatever token is at hand.
    shown: Arc<HeaderMap>,
    /// The step that mints, as plans show it.
    mint: Option<Step>,
    tokens: Tokens,
    account: AccountContext,
}

/// A client of Yotpo's Core API for one store. Cheap to clone.
///
/// Minted access tokens are shared by all clients of one connector (with the default transport: of the process) that
/// have the same store, secret and base URL. They are gone with the last of these clients: keep one to keep its token.
#[derive(Clone)]
pub struct Yotpo(Arc<Inner>);

impl fmt::Debug for Yotpo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yotpo").field("store_id", &self.0.store_id).finish_non_exhaustive()
    }
}

impl Yotpo {
    /// A client for this store (the "app key") and its API secret, from which access tokens are minted.
    pub fn builder(store_id: impl Into<String>, secret: impl Into<SecretString>) -> Builder {
        Builder {
            store_id: store_id.into(),
            secret: Some(secret.into()),
            token: None,
            mapping: map::Options::default(),
            arrays: ArrayStyle::default(),
            also_utoken: false,
            loyalty_base: None,
            options: ClientOptions::default(),
        }
    }

    /// A client for this store and an access token, with no secret: when the vendor refuses the token, calls fail as
    /// [`ErrorKind::Unauthenticated`].
    pub fn with_token(store_id: impl Into<String>, token: impl Into<SecretString>) -> Builder {
        Builder {
            store_id: store_id.into(),
            secret: None,
            token: Some(token.into()),
            mapping: map::Options::default(),
            arrays: ArrayStyle::default(),
            also_utoken: false,
            loyalty_base: None,
            options: ClientOptions::default(),
        }
    }

    /// Creates a customer, or changes what the record holds of the one who is there. A success means that the vendor
    /// took the record; it is processed later.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] before sending, with everything that the vendor's documentation does not allow: an
    /// identifier that is empty, a number that is not E.164, a word of no known vocabulary, a code of another form, a
    /// custom property whose name has a blank; else as
    /// [`CustomerSink::upsert_with`](crate::CustomerSink::upsert_with).
    pub async fn upsert_customer(&self, record: &CustomerRecord<'_>) -> Result<Upserted, Error> {
        limits::record(UPSERT.name, record)?;
        self.send_upsert(&self.upsert_step(record)?).await
    }

    /// Reads a page of the store's customers, filtered or all.
    ///
    /// What was sent within the last minutes may not be there yet (documented).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] where the answer is no page of customers; else what the vendor or the network says.
    pub async fn customers(&self, query: &CustomerQuery<'_>) -> Result<CustomerPage, Error> {
        self.page(&mut self.0.account.call(), query).await
    }

    pub(super) fn mapping(&self) -> map::Options {
        self.0.mapping
    }

    pub(super) fn array_style(&self) -> ArrayStyle {
        self.0.arrays
    }

    pub(super) fn call(&self) -> Call<'_> {
        self.0.account.call()
    }

    /// Roughly how long a request would wait now for the account's quota.
    pub(super) fn wait_for_quota(&self) -> std::time::Duration {
        self.0.account.quota_wait()
    }

    pub(super) fn loyalty_base(&self) -> Option<&BaseUrl> {
        self.0.loyalty_base.as_ref()
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.0.account.connector.clock()
    }

    /// The steps of an upsert, as plans show them.
    pub(super) fn steps(&self, record: &CustomerRecord<'_>) -> Result<Vec<Step>, Error> {
        let upsert = self.upsert_step(record)?;
        Ok(match &self.0.mint {
            Some(mint) => vec![mint.clone(), upsert],
            None => vec![upsert],
        })
    }

    fn upsert_step(&self, record: &CustomerRecord<'_>) -> Result<Step, Error> {
        Ok(Step {
            when: StepCondition::Always,
            operation: UPSERT.name,
            method: Method::PATCH,
            url: Url::from(&self.0.customers),
            headers: Arc::clone(&self.0.shown),
            body: Some(body(record)?),
        })
    }

    /// Sends the step of a record, with a token in its place.
    pub(super) async fn send_upsert(&self, step: &Step) -> Result<Upserted, Error> {
        let mut call = self.0.account.call();
        self.authorised(&mut call, &UPSERT, &step.method, &step.url, step.body.as_ref(), judge).await?;
        let mut done = Upserted::new(PROVIDER, Outcome::Accepted);
        done.attempts = call.attempts;
        done.request_id = call.request_id;
        done.visible_after = Some(VISIBLE_AFTER);
        Ok(done)
    }

    pub(super) async fn page(&self, call: &mut Call<'_>, query: &CustomerQuery<'_>) -> Result<CustomerPage, Error> {
        let url =
            query.url(self.0.customers.as_str(), self.0.arrays).map_err(|error| error.with_operation(LIST.name))?;
        let judge = |response: &HttpResponse| judge_read(response, |body| read::page(body).is_some());
        let response = self.authorised(call, &LIST, &Method::GET, &Url::from(url), None, judge).await?;
        read::page(&response.body).ok_or_else(|| {
            let error = call.error(&LIST, ErrorKind::Decode, Effect::NotSent);
            call.finish(error.with_status(response.status.as_u16()).with_request_id(call.request_id.clone()))
        })
    }

    /// Shows that the credentials are good: by a new token where there is a secret, else by a look at one customer.
    pub(super) async fn check_credentials(&self) -> Result<(), Error> {
        let mut call = self.0.account.call();
        if self.0.tokens.can_mint() {
            return self.0.tokens.renew(&mut call).await.map(drop);
        }
        let url = CustomerQuery::all().limit(1).url(self.0.customers.as_str(), self.0.arrays)?;
        // The status alone decides: whether the page can be read is another question.
        self.authorised(&mut call, &LIST, &Method::GET, &Url::from(url), None, judge).await.map(drop)
    }

    /// Sends a request with the token at hand. One that is refused is replaced once, and the request sent again, with
    /// the same deadline and with all its attempts.
    pub(super) async fn authorised(
        &self,
        call: &mut Call<'_>,
        operation: &Operation,
        method: &Method,
        url: &Url,
        body: Option<&Bytes>,
        judge: impl Fn(&HttpResponse) -> Verdict,
    ) -> Result<HttpResponse, Error> {
        let tokens = &self.0.tokens;
        let mut token = tokens.get(call).await?;
        let mut replaced = false;
        loop {
            let headers = match body {
                None => Cow::Borrowed(&*token.bare),
                Some(_) if self.0.also_utoken && operation.name == ANONYMIZE.name => Cow::Owned(token.twice()),
                Some(_) => Cow::Borrowed(&*token.json),
            };
            let out = Outgoing { operation, method, url, headers: &headers, body };
            let error = match call.send(out, &judge).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            // A 200 may say inside that it is a 401.
            let status = error.status().map(|status| match error.kind() {
                ErrorKind::Unauthenticated => 401,
                _ => status,
            });
            let may_replace = status.is_some_and(|status| tokens.may_replace(&token, status));
            if replaced || !may_replace {
                return Err(error);
            }
            let replacement = tokens.other_than(Some(&token), call).await?;
            (token, replaced) = (replacement.token, replacement.is_last);
        }
    }
}

fn body(record: &CustomerRecord<'_>) -> Result<Bytes, Error> {
    json_body(PROVIDER, &Envelope { customer: record })
}
