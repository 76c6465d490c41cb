//! The client's options.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::PROVIDER;
use super::auth::token::{AppRenewal, OnNewTokens, TOKEN_PATH, TokenPair, app_token, fixed_token};
use super::client::{Inner, Shoplazza, Urls};
use super::request::{ContactType, Dialect};
use super::to_vendor::Choices;
use crate::client::auth::token::Tokens;
use crate::client::options::{ClientOptions, client_options, fixed_url};
use crate::client::{AccountContext, BaseUrl, Limit, Secret, account_key};
use crate::error::Error;

/// What the vendor allows one app for one shop (documented): a bucket of 40 requests that drains 2 a second.
pub const DEFAULT_LIMIT: Limit = Limit::Bucket { per_second: 2.0, burst: 40 };

/// What the vendor allows all apps of one shop together (documented): a bucket of 80 requests that drains 20 a second.
/// Every client of the shop in this process shares it; apps elsewhere fill it too, so that 429 may come all the same.
pub const STORE_LIMIT: Limit = Limit::Bucket { per_second: 20.0, burst: 80 };

/// How many customers a page of a look-up has at most. The vendor takes 1 to 250 (documented).
pub const LOOKUP_PAGE_SIZE: u16 = 100;

/// How many pages a look-up reads at most where the vendor passes over its filter.
pub const DEFAULT_LOOKUP_PAGES: u16 = 5;

/// The domain of shops, with one z (documented on every page of an endpoint; prose also has two).
const DOMAIN: &str = "myshoplaza.com";

/// A version of the Open API, a month: `2022-01`.
///
/// Bodies, tags, pages and errors changed with 2025-06 (documented): versions before it are spoken to as 2022-01 is,
/// that version and later ones as 2025-06 is. Of 2024-07 and the versions before 2022-01 that is inferred: what they show
/// of a customer is the same, or unknown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiVersion {
    year: u16,
    month: u8,
}

impl ApiVersion {
    /// The default, and the version whose page the vendor publishes for the create.
    pub const V2022_01: Self = Self { year: 2022, month: 1 };
    /// The first with an envelope around each answer, tags as an array, and cursors.
    pub const V2025_06: Self = Self { year: 2025, month: 6 };
    /// As 2025-06 for customers (seen in the vendor's own metadata).
    pub const V2026_01: Self = Self { year: 2026, month: 1 };
    /// As 2026-01 (documented: only the path changes).
    pub const V2026_07: Self = Self { year: 2026, month: 7 };

    /// How this version writes.
    pub(super) fn dialect(self) -> Dialect {
        if self >= Self::V2025_06 { Dialect::From2025_06 } else { Dialect::Before2025_06 }
    }
}

impl Default for ApiVersion {
    fn default() -> Self {
        Self::V2022_01
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Debug for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiVersion({self})")
    }
}

/// Reads `YYYY-MM`.
impl FromStr for ApiVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error::config(PROVIDER, "api_version", "needs the form YYYY-MM, such as 2022-01");
        let (year, month) = text.split_once('-').ok_or_else(refused)?;
        let digits = |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(refused());
        }
        let (year, month) = (year.parse().map_err(|_| refused())?, month.parse().map_err(|_| refused())?);
        if year >= 2020 && (1..=12).contains(&month) { Ok(Self { year, month }) } else { Err(refused()) }
    }
}

/// What becomes of the tags that a customer has at the vendor when a record has tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TagPolicy {
    /// The record's tags replace them. An update of tags replaces the whole set (documented).
    #[default]
    Replace,
    /// The record's tags are added to those that the look-up showed. A tag that is added at the vendor between
    /// the look-up and the update is lost.
    Union,
}

/// What an update says of a consent that the record does not know. An update always says those that it knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownConsent {
    /// What the look-up showed; where that showed nothing, a no. The vendor's pages print the create's default, a yes,
    /// for an update as well, so that one that is left out may become a yes: whether it does is unknown. A decision that
    /// the customer makes between the look-up and the update is overruled.
    #[default]
    AsShown,
    /// Nothing: it is left out, as the vendor's own command-line tool does (seen). Choose it for a shop where leaving it
    /// out was seen to change nothing.
    LeaveOut,
}

/// Options of a [`Shoplazza`] client.
///
/// [`rate_limit`](Self::rate_limit) replaces [`DEFAULT_LIMIT`], what one app may send; [`Limit::Unlimited`] lifts
/// [`STORE_LIMIT`] too, for every client of the shop.
#[must_use]
pub struct Builder {
    shop: String,
    credential: Credential,
    on_new_tokens: Option<OnNewTokens>,
    api_version: String,
    tag_policy: TagPolicy,
    unknown_consent: UnknownConsent,
    contact_type: ContactType,
    both_contacts: bool,
    email_filter: bool,
    lookup_pages: u16,
    options: ClientOptions,
}

/// What a client authenticates with.
pub(super) enum Credential {
    /// An access token that does not change.
    Token(Secret),
    /// An app's pair of tokens, renewed with the app's secret.
    App { client_id: String, client_secret: Secret, tokens: Box<TokenPair> },
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

    pub(super) fn with(shop: String, credential: Credential, options: ClientOptions) -> Self {
        Self {
            shop,
            credential,
            on_new_tokens: None,
            api_version: ApiVersion::default().to_string(),
            tag_policy: TagPolicy::default(),
            unknown_consent: UnknownConsent::default(),
            contact_type: ContactType::default(),
            both_contacts: true,
            email_filter: false,
            lookup_pages: DEFAULT_LOOKUP_PAGES,
            options,
        }
    }

    /// Receives each new pair of tokens before it is used, so that it can be stored; of use for a client of an
    /// [`OAuthApp`](super::OAuthApp) only. Until it returns, the calls that need the pair wait: hand the pair on, and do
    /// not block.
    pub fn on_new_tokens(mut self, receive: impl Fn(&TokenPair) + Send + Sync + 'static) -> Self {
        self.on_new_tokens = Some(Arc::new(receive));
        self
    }

    /// The version of the API: an [`ApiVersion`], or its text. Default [`ApiVersion::V2022_01`].
    pub fn api_version(mut self, version: impl ToString) -> Self {
        self.api_version = version.to_string();
        self
    }

    /// What an update does to the tags that are there. Default [`TagPolicy::Replace`].
    pub fn tag_policy(mut self, policy: TagPolicy) -> Self {
        self.tag_policy = policy;
        self
    }

    /// What an update says of a consent that the record does not know. Default [`UnknownConsent::AsShown`].
    pub fn unknown_consent(mut self, policy: UnknownConsent) -> Self {
        self.unknown_consent = policy;
        self
    }

    /// Which contact is the identity (`contact_type`) of a new customer whose record has both. It cannot be changed later
    /// (documented). Default [`ContactType::Email`]; a record with one of them has that one.
    pub fn contact_type(mut self, of_both: ContactType) -> Self {
        self.contact_type = of_both;
        self
    }

    /// Whether a new customer whose record has both e-mail and phone is sent with both, or with the one of the
    /// [`contact_type`](Self::contact_type) alone. Both are looked for in any case; the one that is not sent is a loss, and
    /// noted.
    ///
    /// Default true. That the vendor takes both is inferred: the example of its answer holds both, while its own
    /// command-line tool sends only one.
    pub fn both_contacts(mut self, both: bool) -> Self {
        self.both_contacts = both;
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

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the option: a shop that is no name, host or URL, an empty
    /// token, a version that is no month, a base URL that would send in clear.
    pub fn build(self) -> Result<Shoplazza, Error> {
        let version: ApiVersion = self.api_version.trim().parse()?;
        let shop = shop_url(&self.shop)?;
        // An app is identified by its id, since its tokens change; a fixed token identifies its app.
        let (app_id, token) = match &self.credential {
            Credential::Token(token) => (token.expose(), fixed_token(token)?),
            Credential::App { client_id, tokens, .. } => (client_id.as_str(), app_token((**tokens).clone())?),
        };
        let (base, account) = open(self.options, &shop, app_id)?;
        let renewal = match self.credential {
            Credential::App { client_id, client_secret, .. } => Some(AppRenewal::new(
                client_id,
                client_secret,
                fixed_url(PROVIDER, &base, TOKEN_PATH)?,
                self.on_new_tokens,
                account.connector.clone(),
            )?),
            Credential::Token(_) => None,
        };
        let choices = Choices {
            dialect: version.dialect(),
            unites_tags: self.tag_policy == TagPolicy::Union,
            fills_in_consents: self.unknown_consent == UnknownConsent::AsShown,
            contact_type: self.contact_type,
            sends_one_contact: !self.both_contacts,
        };
        Ok(Shoplazza(Arc::new(Inner {
            urls: Urls::under(&base, &version)?,
            shop: shop.as_str().to_owned(),
            version: version.to_string(),
            choices,
            email_filter: self.email_filter,
            lookup_pages: self.lookup_pages,
            headers: token.headers.clone(),
            tokens: Tokens::own(Some(token), renewal, &account.connector),
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

/// The URL of a shop: from its name, its host, or its URL.
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

impl Shoplazza {
    /// A client for this shop (`acme`, `acme.myshoplaza.com` or its https URL) and access token.
    ///
    /// A name is taken under `myshoplaza.com`, with one z, as every page of an endpoint has it (documented). Some of the
    /// vendor's prose has two (seen); for such a shop, or one at its own domain, give the host.
    pub fn builder(shop: impl Into<String>, access_token: impl Into<Secret>) -> Builder {
        Builder::with(shop.into(), Credential::Token(access_token.into()), ClientOptions::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_months_in_order() {
        for known in [ApiVersion::V2022_01, ApiVersion::V2025_06, ApiVersion::V2026_01, ApiVersion::V2026_07] {
            assert_eq!(known.to_string().parse::<ApiVersion>().unwrap(), known);
        }
        let is_newer = |text: &str| text.parse::<ApiVersion>().unwrap().dialect().is_2025_06_or_newer();
        assert!(!is_newer("2024-07") && is_newer("2025-06") && is_newer("2025-07"));
        for bad in
            ["", "2022", "2022-1", "2022-13", "2022-00", "2022_01", "v2022-01", "2022-01/..", "1999-01", "+022-01"]
        {
            assert!(bad.parse::<ApiVersion>().is_err(), "{bad}");
        }
    }
}
