//! The client: options, URLs, and what all its requests share.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use secrecy::SecretString;
use serde::Serialize;

use super::PROVIDER;
use super::answer::judge;
use super::credential::Credential;
use super::oauth::{AccessToken, OAuthApp, REFRESH_PATH, app_key, placeholder};
use super::options::{Blanking, Choices, TagPolicy};
use crate::client::options::{ClientOptions, bare_headers, client_options, fixed_url, json_body, json_headers};
use crate::client::{AccountContext, Call, HttpResponse, Limit, Operation, Outgoing};
use crate::error::Error;
use crate::plan::{Step, StepCondition, Url};

/// The version of the API that is called where no other is asked for.
pub const DEFAULT_API_VERSION: &str = "v20250601";

/// What the vendor takes (documented): a bucket of 40 requests, drained at 4 a second, for each app and store.
pub const DEFAULT_LIMIT: Limit = Limit::Bucket { per_second: 4.0, burst: 40 };

/// The value that the vendor's page gives as fixed; its own clients send it without the character set (seen).
pub(super) const CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// Where the other product of the same name lives, whose tokens and bodies differ.
const OTHER_PRODUCT: [&str; 3] = ["shopline.io", "shoplineapp.com", "shoplineapis.com"];
const OTHER_PRODUCT_HINT: &str = "belongs to SHOPLINE's Open API, another product with other tokens; this client is for \
                                  the Admin REST API of {handle}.myshopline.com";

/// A version of the API: `v` and eight digits, such as `v20250601`. Versions come about every quarter and live a year
/// (documented); their names follow no rule that could be computed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiVersion(String);

impl ApiVersion {
    /// The version as it stands in the path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApiVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_version = text.strip_prefix('v').is_some_and(|d| d.len() == 8 && d.bytes().all(|b| b.is_ascii_digit()));
        if is_version {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::config(PROVIDER, "api_version", "needs a v and eight digits, such as v20250601"))
    }
}

/// Options of a [`Shopline`] client.
#[derive(Debug)]
pub struct Builder {
    handle: String,
    access_token: Option<SecretString>,
    app: Option<OAuthApp>,
    api_version: String,
    choices: Choices,
    options: ClientOptions,
}

impl Builder {
    client_options!();

    /// The version of the API, such as `v20260301`. Default [`DEFAULT_API_VERSION`].
    #[must_use]
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = version.into();
        self
    }

    /// An access token to begin with, for a client that renews it. Without one, the first call makes one.
    #[must_use]
    pub fn access_token(mut self, token: impl Into<SecretString>) -> Self {
        self.access_token = Some(token.into());
        self
    }

    /// Looks everybody up before anything is written, and creates whom it does not find. Default: off, so that a record
    /// is created at once, and looked up where the vendor refuses it.
    ///
    /// That the vendor refuses an e-mail address for the second time was seen; whether it refuses a phone number is
    /// unknown. If it does not, records without an e-mail address are doubled unless this is on. For people who are
    /// mostly there already it also saves a request each; for new ones it costs one.
    #[must_use]
    pub fn look_up_first(mut self, on: bool) -> Self {
        self.choices.look_up_first = on;
        self
    }

    /// How an update blanks a text. Default [`Blanking::EmptyString`] (inferred).
    #[must_use]
    pub fn blanking(mut self, blanking: Blanking) -> Self {
        self.choices.blanking = blanking;
        self
    }

    /// Which tags an update sends. Default [`TagPolicy::AsGiven`], as the vendor's own clients do; what the vendor makes
    /// of them is unknown.
    #[must_use]
    pub fn tag_policy(mut self, policy: TagPolicy) -> Self {
        self.choices.tags = policy;
        self
    }

    /// Whether a token's own word on its end is believed: one that has ended is renewed first, or not sent where it
    /// cannot be renewed. Default: on (inferred: the vendor's tokens are JWTs in its examples, and end as they say). Off,
    /// the vendor alone judges; of use on a machine whose clock is wrong.
    #[must_use]
    pub fn check_token_expiry(mut self, on: bool) -> Self {
        self.choices.check_expiry = on;
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the option: a handle that is no sub-domain or belongs to the other product, a
    /// version of another form, an empty token, a base URL that would send in clear.
    pub fn build(self) -> Result<Shopline, Error> {
        let handle = store_handle(&self.handle)?;
        let version: ApiVersion = self.api_version.trim().parse()?;
        refuse_other_product(self.options.base_url.as_deref())?;
        let default_base = format!("https://{handle}.myshopline.com/");
        // The vendor counts for each app and store. The app is told by itself or by its token, as far as that can be read.
        let app_key = match (&self.app, &self.access_token) {
            (Some(app), _) => app.key().to_owned(),
            (None, token) => token.as_ref().and_then(app_key).unwrap_or_default(),
        };
        let (base, mut account) = self.options.open(PROVIDER, &default_base, &[&handle, &app_key], DEFAULT_LIMIT)?;
        account.request_id_headers = &["traceid"];
        let path = format!("admin/openapi/{}/", version.as_str());
        let fixed = |route: &str| fixed_url(PROVIDER, &base, &format!("{path}{route}"));
        let renewal = match self.app {
            Some(app) => Some((app, Url::from(&fixed_url(PROVIDER, &base, REFRESH_PATH)?))),
            None => None,
        };
        let [mut headers, mut bare] = [json_headers(PROVIDER, CONTENT_TYPE, None)?, bare_headers(PROVIDER, None)?];
        headers.insert(http::header::AUTHORIZATION, placeholder());
        bare.insert(http::header::AUTHORIZATION, placeholder());
        Ok(Shopline(Arc::new(Inner {
            credential: Credential::new(self.access_token, renewal, self.choices.check_expiry)?,
            customers: fixed("customers.json")?,
            by_email: fixed("customers/query_user_by_email.json")?,
            count: fixed("customers/v2/count.json")?,
            root: format!("{}{path}", base.as_str()),
            routes: Routes::under(&format!("{}{path}", base.as_str())),
            handle,
            version,
            choices: self.choices,
            headers: Arc::new(headers),
            bare: Arc::new(bare),
            account,
        })))
    }
}

/// Refuses a base URL of the other product.
pub(super) fn refuse_other_product(base_url: Option<&str>) -> Result<(), Error> {
    if base_url.is_some_and(is_other_product) {
        return Err(Error::config(PROVIDER, "base_url", OTHER_PRODUCT_HINT));
    }
    Ok(())
}

/// The sub-domain, from itself or from the shop's whole host.
pub(super) fn store_handle(given: &str) -> Result<String, Error> {
    let refuse = |message: &'static str| Err(Error::config(PROVIDER, "handle", message));
    if is_other_product(given) {
        return refuse(OTHER_PRODUCT_HINT);
    }
    let lower = given.trim().to_ascii_lowercase();
    let label = lower.strip_suffix(".myshopline.com").unwrap_or(&lower);
    let is_label = (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-');
    if is_label { Ok(label.to_owned()) } else { refuse("needs the bare sub-domain of the store, such as open001") }
}

fn is_other_product(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let host = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let host = host.split(['/', ':', '?', '#']).next().unwrap_or_default().trim();
    OTHER_PRODUCT
        .iter()
        .any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// The URLs of an upsert's later steps, with places for ids.
pub(super) struct Routes {
    pub(super) customer: Arc<str>,
    pub(super) read_customer: Arc<str>,
    pub(super) addresses: Arc<str>,
    pub(super) address: Arc<str>,
    pub(super) default_address: Arc<str>,
}

impl Routes {
    fn under(root: &str) -> Self {
        let route = |path: &str| Arc::from(format!("{root}{path}"));
        Self {
            customer: route("customers/{id}.json"),
            read_customer: route("customers/v2/{id}.json"),
            addresses: route("customers/{id}/addresses.json"),
            address: route("customers/{id}/addresses/{address_id}.json"),
            default_address: route("customers/{id}/addresses/{address_id}/default.json"),
        }
    }
}

pub(super) struct Inner {
    handle: String,
    version: ApiVersion,
    pub(super) choices: Choices,
    pub(super) customers: Arc<url::Url>,
    pub(super) by_email: Arc<url::Url>,
    pub(super) count: Arc<url::Url>,
    /// Base URL and version, with a trailing slash.
    root: String,
    pub(super) routes: Routes,
    /// As plans show them: the token's place is marked, whatever token is at hand.
    headers: Arc<HeaderMap>,
    bare: Arc<HeaderMap>,
    credential: Credential,
    pub(super) account: AccountContext,
}

/// A client of SHOPLINE's Admin REST API for one store. Cheap to clone.
#[derive(Clone)]
pub struct Shopline(pub(super) Arc<Inner>);

impl fmt::Debug for Shopline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shopline")
            .field("handle", &self.0.handle)
            .field("api_version", &self.0.version.as_str())
            .finish_non_exhaustive()
    }
}

impl Shopline {
    /// A client for the store with this handle (`open001` of `open001.myshopline.com`) and access token.
    ///
    /// A private app's token lives three years, that of a custom or public app ten hours (documented); to have it
    /// renewed, use [`oauth`](Self::oauth). A token that is a readable JWT and has ended by its own word is not sent.
    #[must_use]
    pub fn builder(handle: impl Into<String>, access_token: impl Into<SecretString>) -> Builder {
        Builder {
            handle: handle.into(),
            access_token: Some(access_token.into()),
            app: None,
            api_version: DEFAULT_API_VERSION.to_owned(),
            choices: Choices::default(),
            options: ClientOptions::default(),
        }
    }

    /// A client for the store with this handle, of a custom or public app that the merchant has installed. Its token is
    /// made when it is needed, renewed a minute before it ends or when the vendor refuses it, by one caller at a time,
    /// and shared by all clones. Keep one such client for an app and store: several programs that renew can end each
    /// other's tokens (documented by the vendor's own samples).
    #[must_use]
    pub fn oauth(handle: impl Into<String>, app: OAuthApp) -> Builder {
        Builder {
            handle: handle.into(),
            access_token: None,
            app: Some(app),
            api_version: DEFAULT_API_VERSION.to_owned(),
            choices: Choices::default(),
            options: ClientOptions::default(),
        }
    }

    /// The token at hand, to be kept for the next start of the program.
    #[must_use]
    pub fn access_token(&self) -> Option<AccessToken> {
        self.0.credential.current()
    }

    /// The renewing of the token, as plans show it; none where it is given once.
    pub(super) fn renewal_step(&self) -> Option<Step> {
        self.0.credential.step().cloned()
    }

    /// Sends a step with the token at hand. One that the vendor refuses is replaced once, and the request sent again.
    pub(super) async fn send(
        &self,
        call: &mut Call<'_>,
        operation: &Operation,
        step: &Step,
    ) -> Result<HttpResponse, Error> {
        self.send_to(call, operation, step, &step.url).await
    }

    /// [`send`](Self::send), to the URL of the step with its places filled.
    pub(super) async fn send_to(
        &self,
        call: &mut Call<'_>,
        operation: &Operation,
        step: &Step,
        url: &Url,
    ) -> Result<HttpResponse, Error> {
        let Inner { credential, account, .. } = &*self.0;
        let mut token = credential.get(call, operation, account).await?;
        let mut is_replaced = false;
        loop {
            let headers = if step.body.is_some() { &token.json } else { &token.bare };
            let error = match call.send(Outgoing { headers, url, ..Outgoing::of(operation, step) }, judge).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if is_replaced || error.status() != Some(401) {
                return Err(error);
            }
            token = match credential.replace(&token, call, account).await {
                Some(renewed) => renewed?,
                None => return Err(error),
            };
            is_replaced = true;
        }
    }

    /// The URL of a route, which may have places in braces.
    pub(super) fn route(&self, route: &str) -> Url {
        Url::from(format!("{}{route}", self.0.root))
    }

    /// A request without a body.
    pub(super) fn bare_step(&self, when: StepCondition, operation: &Operation, method: Method, url: Url) -> Step {
        Step { when, operation: operation.name, method, url, headers: Arc::clone(&self.0.bare), body: None }
    }

    /// A request with a body.
    pub(super) fn step(
        &self,
        when: StepCondition,
        operation: &Operation,
        method: Method,
        url: Url,
        body: Bytes,
    ) -> Step {
        Step { when, operation: operation.name, method, url, headers: Arc::clone(&self.0.headers), body: Some(body) }
    }
}

/// A body, in one buffer.
pub(super) fn body(value: &impl Serialize) -> Result<Bytes, Error> {
    json_body(PROVIDER, value)
}
