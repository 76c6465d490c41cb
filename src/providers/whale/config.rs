//! The options of a client. What the vendor does not document on the wire is one of its [`Assumptions`].

use std::time::Duration;

use super::PROVIDER;
use crate::client::options::{ClientOptions, client_options};
use crate::client::query::ArrayStyle;
use crate::client::{Limit, Secret};
use crate::error::Error;

/// The default base URL (documented on the vendor's pages for agents and workflows; older pages name another host).
pub const DEFAULT_BASE_URL: &str = "https://vm.whaletools.cloud/";

/// What a key may send a minute by default: 60 requests (seen in the vendor's code; a store's owner can change it). See
/// [`Builder::rate_limit`].
pub const DEFAULT_LIMIT: Limit = Limit::Window { max: 60, per: Duration::from_secs(60) };

/// What a key may send a day by default: 10,000 requests (seen, as [`DEFAULT_LIMIT`]). See [`Builder::daily_limit`].
///
/// A known customer takes up to three requests, so that 100,000 of them take ten to thirty days.
pub const DEFAULT_DAILY_LIMIT: u32 = 10_000;

/// How a request names the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathStyle {
    /// `v1/stores/{store_id}/customers`, as the Customers page documents.
    #[default]
    StoreScoped,
    /// `v1/customers`: the key alone names the store, as the vendor's newest kit sends (seen).
    KeyScoped,
}

/// What an update does with tags that the vendor holds and the record does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TagPolicy {
    /// Keeps them: the update sends them along.
    #[default]
    Union,
    /// Removes them, where the record has tags at all.
    Replace,
}

/// How a client asks for the next page of a list. **All of them are inferred**: the vendor documents `next_cursor` in
/// its answers, and no request with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Continuation {
    /// `cursor=<next_cursor>`, as comparable vendors take it.
    #[default]
    Cursor,
    /// `starting_after=<next_cursor>`.
    StartingAfterCursor,
    /// `starting_after=<id of the last row>`, which the vendor's own kit sends for sibling lists (seen). Rows without
    /// ids, as those of an activity, go on with the cursor in its place.
    StartingAfterId,
    /// The `next_cursor` in a parameter of this name.
    Custom(String),
    /// [`Cursor`](Self::Cursor) first; where the vendor refuses it (400, 422) or repeats the page,
    /// [`StartingAfterId`](Self::StartingAfterId), then [`StartingAfterCursor`](Self::StartingAfterCursor). The rest of
    /// the list keeps the first way that has led on.
    Auto,
}

/// What the client assumes where the vendor documents nothing: one option for each guess, with its default.
///
/// ```
/// use customer_sink::providers::whale::{Assumptions, Continuation, Whale};
///
/// let assumptions = Assumptions::default().continuation(Continuation::Auto).search_key("query");
/// let whale = Whale::builder("store-id", "wk_test_fake").assumptions(assumptions).build()?;
/// # Ok::<(), customer_sink::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Assumptions {
    pub(super) continuation: Continuation,
    pub(super) array_style: ArrayStyle,
    pub(super) search_key: String,
    pub(super) segment_key: String,
    pub(super) note_key: String,
    pub(super) typed_metadata: bool,
    pub(super) lower_case_email: bool,
    pub(super) trust_created_status: bool,
    pub(super) missing_means_empty: bool,
    pub(super) search_page_size: u8,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            continuation: Continuation::default(),
            array_style: ArrayStyle::default(),
            search_key: "search".to_owned(),
            segment_key: "segment_id".to_owned(),
            note_key: "note".to_owned(),
            typed_metadata: false,
            lower_case_email: false,
            trust_created_status: true,
            missing_means_empty: false,
            search_page_size: 100,
        }
    }
}

impl Assumptions {
    /// Whether an answer 201 to a create means a new customer that needs no further write. Default true, which is
    /// inferred: the vendor documents 201 for sibling resources, and not whether a known customer is answered otherwise.
    /// With false, each create whose answer does not say `created` is followed by a read, and by an update where
    /// something differs; the outcome of new customers is then `unchanged`.
    pub fn trust_created_status(mut self, trust: bool) -> Self {
        self.trust_created_status = trust;
        self
    }

    /// Whether a customer holds no tags, or no metadata, where the vendor's answer to a read lacks that key. Default
    /// false: the vendor's own kit knows customers without both keys (seen), an update replaces both (inferred), and
    /// what the answer merely did not show would be lost. The update then leaves them out, and a note says so.
    pub fn missing_means_empty(mut self, empty: bool) -> Self {
        self.missing_means_empty = empty;
        self
    }

    /// Whether e-mail addresses are sent in lower case. Default false, as given: the vendor's other code writes them in
    /// lower case itself (seen), and whether this API does is unknown. If it does not, a person whose address comes in
    /// several spellings becomes several customers.
    pub fn lower_case_email(mut self, lower: bool) -> Self {
        self.lower_case_email = lower;
        self
    }

    /// Whether custom numbers and booleans go into the metadata as such. Default false, as text: the vendor's sample
    /// shows text only (inferred).
    pub fn typed_metadata(mut self, typed: bool) -> Self {
        self.typed_metadata = typed;
        self
    }

    /// How many rows a page of a look-up by e-mail has, 1 to 100: of `find` and `erase`. Default 100, which is documented
    /// for sibling lists (inferred here).
    pub fn search_page_size(mut self, rows: u8) -> Self {
        self.search_page_size = rows.clamp(1, 100);
        self
    }

    /// How the client asks for the next page of a list. Default [`Continuation::Cursor`] (inferred).
    pub fn continuation(mut self, continuation: Continuation) -> Self {
        self.continuation = continuation;
        self
    }

    /// How several tags or kinds of events are written. Default [`ArrayStyle::Commas`] (inferred).
    pub fn array_style(mut self, style: ArrayStyle) -> Self {
        self.array_style = style;
        self
    }

    /// The parameter of a search. Default `search` (documented); the vendor's own kit sends `query` (seen).
    pub fn search_key(mut self, name: impl Into<String>) -> Self {
        self.search_key = name.into();
        self
    }

    /// The parameter that lists the members of a segment. Default `segment_id` (inferred): the vendor documents the
    /// filter without its name.
    pub fn segment_key(mut self, name: impl Into<String>) -> Self {
        self.segment_key = name.into();
        self
    }

    /// The key of a note's text. Default `note` (seen in a table of the vendor); `content`, `body` or `text` are other
    /// guesses. Notes are read under each of them.
    pub fn note_key(mut self, name: impl Into<String>) -> Self {
        self.note_key = name.into();
        self
    }

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
        if let Some((option, _)) = names.into_iter().find(|(_, name)| name.trim().is_empty()) {
            return Err(Error::config(PROVIDER, option, "must not be empty"));
        }
        if self.note_key == "created_by" {
            return Err(Error::config(PROVIDER, "note_key", "is the key of the author"));
        }
        Ok(())
    }
}

/// What a client does with records, as its options say.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) tag_policy: TagPolicy,
    pub(super) send_consent: bool,
    pub(super) send_birthday: bool,
    pub(super) assumptions: Assumptions,
}

/// Options of a [`Whale`](super::Whale) client.
///
/// [`rate_limit`](Self::rate_limit) replaces [`DEFAULT_LIMIT`]; [`Limit::Unlimited`] lifts [`DEFAULT_DAILY_LIMIT`] as
/// well, unless [`daily_limit`](Self::daily_limit) sets one. Both limits are the key's (seen); all clients of the key
/// share them.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    pub(super) store_id: String,
    pub(super) api_key: Secret,
    pub(super) path_style: PathStyle,
    pub(super) settings: Settings,
    /// Some(None): no limit.
    pub(super) daily: Option<Option<u32>>,
    pub(super) options: ClientOptions,
}

impl Builder {
    pub(super) fn new(store_id: String, api_key: Secret) -> Self {
        let (path_style, settings) = (PathStyle::default(), Settings::default());
        Self { store_id, api_key, path_style, settings, daily: None, options: ClientOptions::default() }
    }

    client_options!();

    /// How many requests the key may send in any 24 hours; none lifts the limit. Default [`DEFAULT_DAILY_LIMIT`] (seen in
    /// the vendor's code). How the vendor's day begins is unknown, so that every 24 hours count.
    ///
    /// Where they are used up, a call waits for the next place as long as it would obey a server
    /// ([`RetryPolicy::server_wait_cap`](crate::RetryPolicy::server_wait_cap)), and beyond that fails at once with
    /// [`ErrorKind::QuotaExhausted`](crate::ErrorKind::QuotaExhausted) and the delay. What this process did not send, and
    /// what it sent before the last client of the key was dropped, is not counted.
    pub fn daily_limit(mut self, requests: impl Into<Option<u32>>) -> Self {
        self.daily = Some(requests.into());
        self
    }

    /// How a request names the store. The vendor has published both styles; a 410 with the code `store_path_removed` asks
    /// for [`PathStyle::KeyScoped`]. The client never changes the style by itself.
    pub fn path_style(mut self, style: PathStyle) -> Self {
        self.path_style = style;
        self
    }

    /// What an update does with tags that the vendor holds and the record does not. An update replaces the vendor's tags
    /// (inferred), so that [`TagPolicy::Union`] needs them to be read first.
    pub fn tag_policy(mut self, policy: TagPolicy) -> Self {
        self.settings.tag_policy = policy;
        self
    }

    /// Whether consent is written to `email_consent` and `sms_consent`. Default false: the vendor documents no field for
    /// it, and reads and writes these two in its own code (seen). With it, a known state is written as true or false, and
    /// an unknown one never is. A vendor that does not show the fields receives an update at every upsert of a known
    /// customer.
    pub fn send_consent(mut self, send: bool) -> Self {
        self.settings.send_consent = send;
        self
    }

    /// Whether a birthday is written to `date_of_birth`. Default false: the vendor documents no field for it, and its own
    /// kit reads this one (seen).
    pub fn send_birthday(mut self, send: bool) -> Self {
        self.settings.send_birthday = send;
        self
    }

    /// Replaces what the client assumes where the vendor documents nothing.
    pub fn assumptions(mut self, assumptions: Assumptions) -> Self {
        self.settings.assumptions = assumptions;
        self
    }

    /// Checks each option by itself.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.settings.assumptions.check()?;
        if self.daily == Some(Some(0)) {
            return Err(Error::config(PROVIDER, "daily_limit", "must be above 0"));
        }
        Ok(())
    }
}
