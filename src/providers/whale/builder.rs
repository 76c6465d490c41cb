//! The options of a client. What the vendor does not document on the wire is an option here, with the guess as default.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::client::{Inner, Wire};
use super::{ArrayStyle, Continuation, PROVIDER, Whale};
use crate::client::options::{ClientOptions, bare_headers, client_options, fixed_url, json_headers};
use crate::client::{Allowance, Limit, account_key, fill};
use crate::error::Error;

/// Where the vendor's API stands (documented on its pages for agents and workflows; older pages name another host).
pub const DEFAULT_BASE_URL: &str = "https://vm.whaletools.cloud/";

/// What a key may send a minute by default: 60 requests (seen in the vendor's code; a store's owner can change it). See
/// [`Builder::rate_limit`].
pub const DEFAULT_LIMIT: Limit = Limit::Window { max: 60, per: Duration::from_secs(60) };

/// What a key may send a day by default: 10,000 requests (seen, as [`DEFAULT_LIMIT`]). See [`Builder::daily_limit`].
///
/// A known customer takes up to three requests, so that 100,000 of them are ten to thirty days' worth.
pub const DEFAULT_DAILY_LIMIT: u32 = 10_000;

const DAY: Duration = Duration::from_secs(86_400);

/// Where the store stands in a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathStyle {
    /// `v1/stores/{store_id}/customers`, as the Customers page documents.
    #[default]
    StoreScoped,
    /// `v1/customers`: the key alone says which store it is, as the vendor's newest kit sends (seen).
    KeyScoped,
}

/// What becomes of tags that the vendor holds and the record does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TagPolicy {
    /// They stay: an update sends them along.
    #[default]
    Union,
    /// They go, where the record has tags at all.
    Replace,
}

/// Options of a [`Whale`] client.
///
/// [`rate_limit`](Self::rate_limit) replaces [`DEFAULT_LIMIT`]; [`Limit::Unlimited`] lifts [`DEFAULT_DAILY_LIMIT`] too,
/// unless [`daily_limit`](Self::daily_limit) sets one. Both limits are the key's (seen), and are shared by all clients of
/// the key.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    store_id: String,
    api_key: SecretString,
    path_style: PathStyle,
    tags: TagPolicy,
    wire: Wire,
    /// Some(None): no limit.
    daily: Option<Option<u32>>,
    options: ClientOptions,
}

impl Builder {
    client_options!();

    /// How many requests the key may send in any 24 hours; none lifts the limit. Default [`DEFAULT_DAILY_LIMIT`], which
    /// is seen in the vendor's code. How the vendor's day begins is unknown, so that every 24 hours count.
    ///
    /// Where they are used up, a call waits for the next place as long as it would obey a server
    /// ([`RetryPolicy::server_wait_cap`](crate::RetryPolicy::server_wait_cap)), and beyond that fails at once with
    /// [`ErrorKind::QuotaExhausted`](crate::ErrorKind::QuotaExhausted) and the delay. What this process did not send, and
    /// what it sent before the last client of the key was dropped, is not counted.
    pub fn daily_limit(mut self, requests: impl Into<Option<u32>>) -> Self {
        self.daily = Some(requests.into());
        self
    }

    /// Where the store stands in a request. The vendor has published both styles; a 410 with the code
    /// `store_path_removed` asks for [`PathStyle::KeyScoped`]. The style is never changed silently.
    pub fn path_style(mut self, style: PathStyle) -> Self {
        self.path_style = style;
        self
    }

    /// What becomes of tags that the vendor holds and the record does not. An update replaces the vendor's tags
    /// (inferred), so that [`TagPolicy::Union`] needs them to be read first.
    pub fn tags(mut self, policy: TagPolicy) -> Self {
        self.tags = policy;
        self
    }

    /// Whether consent is written to `email_consent` and `sms_consent`. Default no: the vendor documents no field for it,
    /// and reads and writes these two in its own code (seen). With it, a known state goes out as a yes or a no, and an
    /// unknown one never does. A vendor that does not show the fields is written to by every upsert of a known customer.
    pub fn send_consent(mut self, send: bool) -> Self {
        self.wire.send_consent = send;
        self
    }

    /// Whether a birthday is written to `date_of_birth`. Default no: the vendor documents no field for it, and its own kit
    /// reads this one (seen).
    pub fn send_birthday(mut self, send: bool) -> Self {
        self.wire.send_birthday = send;
        self
    }

    /// Whether an answer 201 to a create is believed to mean a new customer, of whom nothing more has to be written.
    /// Default yes, which is inferred: the vendor documents it for sibling resources, and not whether a known customer is
    /// answered otherwise. With no, each create whose answer does not say `created` is followed by a read, and by an
    /// update where something differs; new customers then are told as `unchanged`.
    pub fn trust_created_status(mut self, trust: bool) -> Self {
        self.wire.trust_created_status = trust;
        self
    }

    /// Whether a customer holds no tags, or no metadata, where the vendor's answer to a read lacks that key. Default no:
    /// the vendor's own kit knows customers without both keys (seen), an update replaces both (inferred), and what the
    /// answer merely did not show would be lost. They are then left out of the update, and a note says so.
    pub fn missing_means_empty(mut self, empty: bool) -> Self {
        self.wire.missing_means_empty = empty;
        self
    }

    /// Whether e-mail addresses are sent in small letters. Default no, as given: the vendor's other code writes them small
    /// itself (seen), and whether this API does is unknown. If it does not, a person whose address comes in several
    /// spellings would be made several times.
    pub fn lower_case_email(mut self, lower: bool) -> Self {
        self.wire.lower_case_email = lower;
        self
    }

    /// Whether custom numbers and booleans go into the metadata as such. Default no, as text: the vendor's sample shows
    /// text only (inferred).
    pub fn typed_metadata(mut self, typed: bool) -> Self {
        self.wire.typed_metadata = typed;
        self
    }

    /// How many rows a page of a look-up by e-mail has, 1 to 100: of `find` and `erase`. Default 100, which is documented
    /// for sibling lists (inferred here).
    pub fn search_page_size(mut self, rows: u8) -> Self {
        self.wire.search_page_size = rows.clamp(1, 100);
        self
    }

    /// How the next page of a list is asked for. Default [`Continuation::Cursor`]; all of them are inferred.
    pub fn continuation(mut self, style: Continuation) -> Self {
        self.wire.continuation = style;
        self
    }

    /// How several tags or kinds of events are written. Default [`ArrayStyle::Commas`]; all of them are inferred.
    pub fn array_style(mut self, style: ArrayStyle) -> Self {
        self.wire.arrays = style;
        self
    }

    /// The parameter of a search. Default `search` (documented); the vendor's own kit sends `query` (seen).
    pub fn search_key(mut self, name: impl Into<String>) -> Self {
        self.wire.search_key = name.into();
        self
    }

    /// The parameter that lists the members of a segment. Default `segment_id`, which is inferred: the vendor documents
    /// the filter without its name.
    pub fn segment_key(mut self, name: impl Into<String>) -> Self {
        self.wire.segment_key = name.into();
        self
    }

    /// The key of a note's text. Default `note` (seen in a table of the vendor); `content`, `body` or `text` are other
    /// guesses. Notes are read under each of them.
    pub fn note_key(mut self, name: impl Into<String>) -> Self {
        self.wire.note_key = name.into();
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the option: a store id that cannot stand in a URL, an
    /// empty key, a base URL that would send in clear, an empty name of a parameter, a daily limit of 0.
    pub fn build(self) -> Result<Whale, Error> {
        self.wire.check()?;
        if self.daily == Some(Some(0)) {
            return Err(Error::config(PROVIDER, "daily_limit", "must be above 0"));
        }
        let root = match self.path_style {
            PathStyle::KeyScoped => "v1".to_owned(),
            PathStyle::StoreScoped => {
                let filled = fill("v1/stores/{store_id}", &[("store_id", self.store_id.trim())]);
                filled.map_err(|_| {
                    Error::config(PROVIDER, "store_id", "must not be empty, a dot, or hold control characters")
                })?
            }
        };
        let headers = json_headers(PROVIDER, "application/json", Some(("x-api-key", &self.api_key)))?;
        let bare = bare_headers(PROVIDER, Some(("x-api-key", &self.api_key)))?;
        // The limits are the key's, whatever the style of path.
        let key = self.api_key.expose_secret();
        let lifted = self.options.limit == Some(Limit::Unlimited);
        let (base, mut account) = self.options.open(PROVIDER, DEFAULT_BASE_URL, &[key], DEFAULT_LIMIT)?;
        let daily = self.daily.or(lifted.then_some(None));
        let daily = daily.map(|max| max.map_or(Limit::Unlimited, |max| Limit::Window { max, per: DAY }));
        let default = Limit::Window { max: DEFAULT_DAILY_LIMIT, per: DAY };
        account.allowance = Some(Allowance {
            quota: account.connector.quota(PROVIDER, account_key(&[&base.origin(), key, "day"]), daily, default),
            hint: "the key's requests of a day are used up: set daily_limit to what the store's owner allows",
        });
        account.request_id_headers = &["x-request-id", "request-id", "fly-request-id"];
        let customers = fixed_url(PROVIDER, &base, &format!("{root}/customers"))?;
        let segments = fixed_url(PROVIDER, &base, &format!("{root}/customer-segments"))?;
        Ok(Whale(Arc::new(Inner {
            customer: format!("{customers}/{{id}}"),
            customers,
            segment: format!("{segments}/{{id}}"),
            segments,
            store_id: self.store_id,
            tags: self.tags,
            wire: self.wire,
            headers: Arc::new(headers),
            bare: Arc::new(bare),
            account,
        })))
    }
}

impl Wire {
    fn check(&self) -> Result<(), Error> {
        let custom = match &self.continuation {
            Continuation::Custom(name) => name.as_str(),
            _ => "cursor",
        };
        let names = [
            ("continuation", custom),
            ("search_key", &self.search_key),
            ("segment_key", &self.segment_key),
            ("note_key", &self.note_key),
        ];
        for (option, name) in names {
            if name.trim().is_empty() {
                return Err(Error::config(PROVIDER, option, "must not be empty"));
            }
        }
        if self.note_key == "created_by" {
            return Err(Error::config(PROVIDER, "note_key", "is the key of the author"));
        }
        Ok(())
    }
}

impl Whale {
    /// A client for this store and API key (`wk_live_…` or `wk_test_…`). With [`PathStyle::KeyScoped`] the store id is
    /// not sent.
    pub fn builder(store_id: impl Into<String>, api_key: impl Into<SecretString>) -> Builder {
        Builder {
            store_id: store_id.into(),
            api_key: api_key.into(),
            path_style: PathStyle::default(),
            tags: TagPolicy::default(),
            wire: Wire::default(),
            daily: None,
            options: ClientOptions::default(),
        }
    }
}
