//! The builder of a client.

use super::PROVIDER;
use super::auth::app::OAuthApp;
use super::auth::credential::tokens;
use super::auth::jwt::app_key;
use super::client::Shopline;
use super::request::options::{
    ApiVersion, Blanking, Choices, DEFAULT_API_VERSION, DEFAULT_LIMIT, TagPolicy, refuse_other_product, store_handle,
};
use crate::client::Secret;
use crate::client::options::{ClientOptions, client_options};
use crate::error::Error;

/// Options of a [`Shopline`] client.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    handle: String,
    access_token: Option<Secret>,
    app: Option<OAuthApp>,
    api_version: String,
    choices: Choices,
    options: ClientOptions,
}

impl Builder {
    client_options!();

    fn new(handle: String, access_token: Option<Secret>, app: Option<OAuthApp>) -> Self {
        Self {
            handle,
            access_token,
            app,
            api_version: DEFAULT_API_VERSION.to_owned(),
            choices: Choices::default(),
            options: ClientOptions::default(),
        }
    }

    /// Sets the version of the API, such as `v20260301`. Default [`DEFAULT_API_VERSION`].
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = version.into();
        self
    }

    /// Sets the access token to begin with, for a client that renews it. Without one, the first call obtains one.
    pub fn access_token(mut self, token: impl Into<Secret>) -> Self {
        self.access_token = Some(token.into());
        self
    }

    /// Begins every upsert with the look-up, and creates the customers that it does not find. Default: off: a record is
    /// created at once, and looked up where the vendor refuses it.
    ///
    /// The vendor refuses an e-mail address that is in use (seen); whether it refuses a phone number is unknown. If it
    /// does not, records without an e-mail address are doubled unless this is on. It saves a request for a customer who is
    /// there already, and costs one for a new customer.
    pub fn look_up_first(mut self, on: bool) -> Self {
        self.choices.look_up_first = on;
        self
    }

    /// Sets how an update clears a text. Default [`Blanking::EmptyString`] (inferred).
    pub fn blanking(mut self, blanking: Blanking) -> Self {
        self.choices.blanking = blanking;
        self
    }

    /// Sets which tags an update sends. Default [`TagPolicy::AsGiven`], as the vendor's own clients do.
    pub fn tag_policy(mut self, policy: TagPolicy) -> Self {
        self.choices.tags = policy;
        self
    }

    /// Sets whether the client trusts the expiry in a token: an expired token is renewed before it is sent, or not sent
    /// where it cannot be renewed. Default: on (inferred: the vendor's tokens are JWTs in its examples, and expire as they
    /// state). Off, the vendor alone decides; use it on a machine whose clock is wrong.
    pub fn check_token_expiry(mut self, on: bool) -> Self {
        self.choices.check_expiry = on;
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the option: a handle that is no sub-domain or belongs to
    /// the vendor's other product, a version of another form, an empty token, a base URL without TLS.
    pub fn build(self) -> Result<Shopline, Error> {
        let handle = store_handle(&self.handle)?;
        let version: ApiVersion = self.api_version.trim().parse()?;
        refuse_other_product(self.options.base_url.as_deref())?;
        let default_base = format!("https://{handle}.myshopline.com/");
        // The vendor counts requests for each app and store.
        let app_key = match (&self.app, &self.access_token) {
            (Some(app), _) => app.key().to_owned(),
            (None, token) => token.as_ref().and_then(app_key).unwrap_or_default(),
        };
        let (base, account) = self.options.open(PROVIDER, &default_base, &[&handle, &app_key], DEFAULT_LIMIT)?;
        let account = account.with_request_id_headers(&["traceid"]);
        let tokens = tokens(self.access_token, self.app, &base, &account, self.choices.check_expiry)?;
        Shopline::open(handle, version, self.choices, &base, account, tokens)
    }
}

impl Shopline {
    /// Builds a client for the store with this handle (`open001` of `open001.myshopline.com`) and access token.
    ///
    /// The token of a private app lives three years, that of a custom or public app ten hours (documented); for a client
    /// that renews it, use [`oauth`](Self::oauth). A token that is a readable JWT and has expired is not sent.
    pub fn builder(handle: impl Into<String>, access_token: impl Into<Secret>) -> Builder {
        Builder::new(handle.into(), Some(access_token.into()), None)
    }

    /// Builds a client for the store with this handle, of a custom or public app that the merchant has installed. The
    /// client obtains its token, and renews it a minute before it expires or when the vendor refuses it; one caller renews
    /// at a time, and all clones share the token. Keep one such client for an app and store: several programs that renew
    /// can end each other's tokens (documented in the vendor's own samples).
    pub fn oauth(handle: impl Into<String>, app: OAuthApp) -> Builder {
        Builder::new(handle.into(), None, Some(app))
    }
}
