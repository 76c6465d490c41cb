//! The client's options, and what all its calls share.

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

use super::PROVIDER;
use super::credential::{Credential, OnNewTokens, Renewal, Token};
use super::oauth::{OAuthApp, TOKEN_PATH, form_headers};
use super::token_pair::TokenPair;
use super::version::{ApiVersion, Choices, TagPolicy, UnknownConsent};
use super::wire::ContactType;
use crate::client::options::{ClientOptions, client_options, fixed_url};
use crate::client::{AccountContext, BaseUrl, Limit, account_key};
use crate::error::Error;
use crate::plan::Url;

/// What the vendor takes of one app for one shop (documented): a bucket of 40 requests that drains 2 a second.
pub const DEFAULT_LIMIT: Limit = Limit::Bucket { per_second: 2.0, burst: 40 };

/// What the vendor takes of all apps of one shop together (documented): a bucket of 80 requests that drains 20 a second.
/// Every client of the shop in this process shares it; apps elsewhere fill it too, so that 429 may come all the same.
pub const STORE_LIMIT: Limit = Limit::Bucket { per_second: 20.0, burst: 80 };

/// How many customers a page of a look-up has at most. The vendor takes 1 to 250 (documented).
pub const LOOKUP_PAGE_SIZE: u16 = 100;

/// How many pages a look-up reads at most where the vendor passes over its filter.
pub const DEFAULT_LOOKUP_PAGES: u16 = 5;

/// The domain of shops, with one z (documented on every page of an endpoint; prose also has two).
const DOMAIN: &str = "myshoplaza.com";

/// Options of a [`Shoplazza`] client.
///
/// [`rate_limit`](Self::rate_limit) replaces [`DEFAULT_LIMIT`], what one app may send; [`Limit::Unlimited`] lifts
/// [`STORE_LIMIT`] too, for every client of the shop.
#[must_use]
pub struct Builder {
    shop: String,
    identification: Identification,
    on_new_tokens: Option<OnNewTokens>,
    api_version: String,
    choices: Choices,
    email_filter: bool,
    lookup_pages: u16,
    options: ClientOptions,
}

/// What a client is known by.
pub(super) enum Identification {
    /// A token that stays.
    Token(SecretString),
    /// An app's pair of tokens, renewed with the app's secret.
    App { app: Box<OAuthApp>, tokens: Box<TokenPair> },
}

/// Shows no secret.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("shop", &self.shop)
            .field("api_version", &self.api_version)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Builder {
    client_options!();

    pub(super) fn with(shop: String, identification: Identification) -> Self {
        let options = match &identification {
            Identification::Token(_) => ClientOptions::default(),
            Identification::App { app, .. } => app.options.clone(),
        };
        Self {
            shop,
            identification,
            on_new_tokens: None,
            api_version: ApiVersion::default().to_string(),
            choices: Choices::default(),
            email_filter: false,
            lookup_pages: DEFAULT_LOOKUP_PAGES,
            options,
        }
    }

    /// Is told of each new pair of tokens before it is used, so that it can be stored; of use for a client of an
    /// [`OAuthApp`] only. Until it returns, the calls that need the pair wait: hand the pair on, and do not block.
    pub fn on_new_tokens(mut self, told: impl Fn(&TokenPair) + Send + Sync + 'static) -> Self {
        self.on_new_tokens = Some(Arc::new(told));
        self
    }

    /// The version of the API: an [`ApiVersion`], or its text. Default [`ApiVersion::V2022_01`].
    pub fn api_version(mut self, version: impl ToString) -> Self {
        self.api_version = version.to_string();
        self
    }

    /// What an update does to the tags that are there. Default [`TagPolicy::Replace`].
    pub fn tag_policy(mut self, policy: TagPolicy) -> Self {
        self.choices.tags = policy;
        self
    }

    /// What an update says of a consent that the record does not know. Default [`UnknownConsent::AsShown`].
    pub fn unknown_consent(mut self, policy: UnknownConsent) -> Self {
        self.choices.unknown_consent = policy;
        self
    }

    /// Which contact is the identity (`contact_type`) of a new customer whose record has both. It cannot be changed later
    /// (documented). Default [`ContactType::Email`]; a record with one of them has that one.
    pub fn contact_type(mut self, of_both: ContactType) -> Self {
        self.choices.contact_type = of_both;
        self
    }

    /// Whether a new customer whose record has both e-mail and phone is sent with both, or with the one of the
    /// [`contact_type`](Self::contact_type) alone. Both are looked for in any case; the one that is not sent is a loss, and
    /// noted.
    ///
    /// Default true. That the vendor takes both is inferred: the example of its answer holds both, while its own
    /// command-line tool sends only one.
    pub fn both_contacts(mut self, both: bool) -> Self {
        self.choices.one_contact = !both;
        self
    }

    /// Looks for e-mail addresses by the filter `email` in place of `contact`. Phone numbers have no other filter.
    ///
    /// Default false: `contact` is documented for both, on one page; the vendor's OpenAPI file of 2022-01 knows `email`
    /// alone. Choose it for a shop that passes over `contact`, so that each look-up reads page after page of everybody.
    pub fn email_filter(mut self, by_email: bool) -> Self {
        self.email_filter = by_email;
        self
    }

    /// How many pages, of [`LOOKUP_PAGE_SIZE`] customers each, a look-up reads at most where the vendor answers with
    /// other people than the one that was asked for. At least 1, by default [`DEFAULT_LOOKUP_PAGES`].
    ///
    /// The vendor passes over a filter that it does not know, and answers with everybody (seen). Such an answer is never
    /// taken for "not found" before the last page was read: past this bound the upsert fails and nothing is written.
    pub fn lookup_pages(mut self, pages: u16) -> Self {
        self.lookup_pages = pages.max(1);
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the option: a shop that is no name, host or URL, an empty
    /// token, a version that is no month, a base URL that would send in clear.
    pub fn build(self) -> Result<Shoplazza, Error> {
        let version: ApiVersion = self.api_version.trim().parse()?;
        let default_base = shop_url(&self.shop)?;
        let (token, app) = match self.identification {
            Identification::Token(token) => (Token::fixed(&token)?, Err(token)),
            Identification::App { app, tokens } => (Token::of(*tokens)?, Ok(*app)),
        };
        // An app is known by its id, since its tokens change; a token that stays stands for an app.
        let app_id = match &app {
            Ok(app) => app.client_id.as_str(),
            Err(token) => token.expose_secret(),
        };
        let (base, account) = open(self.options, &default_base, app_id)?;
        let renewal = match app {
            Ok(app) => Some(Renewal {
                client_id: app.client_id,
                client_secret: app.client_secret,
                url: Url::from(&fixed_url(PROVIDER, &base, TOKEN_PATH)?),
                headers: form_headers()?,
                on_new: self.on_new_tokens,
            }),
            Err(_) => None,
        };
        let root = format!("openapi/{version}");
        let customers = fixed_url(PROVIDER, &base, &format!("{root}/customers"))?;
        Ok(Shoplazza(Arc::new(Inner {
            routes: Routes::under(customers.as_str()),
            prefix: customers.as_str().to_owned(),
            customers,
            count: fixed_url(PROVIDER, &base, &format!("{root}/customers/count"))?,
            scopes: fixed_url(PROVIDER, &base, &format!("{root}/oauth/access_scopes"))?,
            version,
            choices: Choices { version, ..self.choices },
            email_filter: self.email_filter,
            lookup_pages: self.lookup_pages,
            shop: default_base.as_str().to_owned(),
            headers: Arc::clone(&token.json),
            bare: Arc::clone(&token.bare),
            credential: Credential::new(token, renewal, account.connector.clone()),
            account,
        })))
    }
}

/// The base URL and what the calls of one app at one shop share: a quota of the app's, and one of the whole shop's.
pub(super) fn open(options: ClientOptions, shop: &BaseUrl, app: &str) -> Result<(BaseUrl, AccountContext), Error> {
    let lifted = (options.limit == Some(Limit::Unlimited)).then_some(Limit::Unlimited);
    let shop = shop.as_str();
    let (base, mut account) = options.open(PROVIDER, shop, &[shop, app], DEFAULT_LIMIT)?;
    account.request_id_headers = &["request-id", "x-request-id"];
    let store = account_key(&[&base.origin(), shop]);
    account.quotas.push(account.connector.quota(PROVIDER, store, lifted, STORE_LIMIT));
    Ok((base, account))
}

/// Where a shop stands: from its name, its host, or its URL.
pub(super) fn shop_url(shop: &str) -> Result<BaseUrl, Error> {
    let refused = || Error::config(PROVIDER, "shop", "needs a shop's name, such as acme, its host, or its https URL");
    let shop = shop.trim();
    let url = if shop.contains("://") {
        shop.to_owned()
    } else {
        let is_host = shop.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
        });
        match (is_host, shop.contains('.')) {
            (false, _) => return Err(refused()),
            (true, true) => format!("https://{shop}/"),
            (true, false) => format!("https://{shop}.{DOMAIN}/"),
        }
    };
    let url = BaseUrl::parse(PROVIDER, &url).map_err(|_| refused())?;
    // A page of the admin is no place of the API.
    if url.as_str() == format!("{}/", url.origin()) { Ok(url) } else { Err(refused()) }
}

/// The URLs of an upsert's later steps, with places for ids.
pub(super) struct Routes {
    pub(super) customer: Arc<str>,
    pub(super) addresses: Arc<str>,
    pub(super) address: Arc<str>,
    pub(super) default_address: Arc<str>,
}

impl Routes {
    fn under(customers: &str) -> Self {
        let route = |path: &str| Arc::from(format!("{customers}{path}"));
        Self {
            customer: route("/{id}"),
            addresses: route("/{id}/addresses"),
            address: route("/{id}/addresses/{address_id}"),
            default_address: route("/{id}/addresses/{address_id}/default"),
        }
    }
}

pub(super) struct Inner {
    /// The URL of the customers, without a slash behind it.
    pub(super) prefix: String,
    pub(super) routes: Routes,
    pub(super) customers: Arc<url::Url>,
    pub(super) count: Arc<url::Url>,
    pub(super) scopes: Arc<url::Url>,
    pub(super) version: ApiVersion,
    pub(super) choices: Choices,
    pub(super) email_filter: bool,
    pub(super) lookup_pages: u16,
    shop: String,
    /// As plans show them.
    pub(super) headers: Arc<HeaderMap>,
    pub(super) bare: Arc<HeaderMap>,
    pub(super) credential: Credential,
    pub(super) account: AccountContext,
}

/// A client of Shoplazza's Open API for one shop. Cheap to clone.
#[derive(Clone)]
pub struct Shoplazza(pub(super) Arc<Inner>);

impl fmt::Debug for Shoplazza {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shoplazza")
            .field("shop", &self.0.shop)
            .field("version", &self.0.version)
            .finish_non_exhaustive()
    }
}

impl Shoplazza {
    /// A client for this shop (`acme`, `acme.myshoplaza.com` or its https URL) and access token.
    ///
    /// A name is taken under `myshoplaza.com`, with one z, as every page of an endpoint has it (documented). Some of the
    /// vendor's prose has two (seen); for such a shop, or one at a domain of its own, give the host.
    pub fn builder(shop: impl Into<String>, access_token: impl Into<SecretString>) -> Builder {
        Builder::with(shop.into(), Identification::Token(access_token.into()))
    }
}
