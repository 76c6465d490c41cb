//! The client: options and the native calls.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use secrecy::{ExposeSecret, SecretString};

use super::PROVIDER;
use super::answer::{customer, judge, read};
use super::disposition::{CreateOutcome, Disposition, weigh};
use super::record::{CustomerPage, CustomerRecord, RemovalRequest};
use super::wire::{CustomerInput, ErasureInput, Removal};
use crate::error::{Effect, Error, ErrorKind};
use crate::http::{Account, Call, HttpResponse, Limit, Operation, Outgoing, fill, query_value};
use crate::plan::{Step, Url, When};
use crate::providers::options::{ClientOptions, bare_headers, client_options, fixed_url, json_headers};

/// Where the vendor's API stands (documented on its pages for agents and workflows; older pages name another host).
pub const DEFAULT_BASE_URL: &str = "https://vm.whaletools.cloud/";

/// What a key may do by default: 60 requests a minute (seen in the vendor's code; a store's owner can change it). Beside
/// it a key has 10,000 a day, which is not kept here: its 429 comes back with the delay that the vendor asks for.
pub const DEFAULT_LIMIT: Limit = Limit::Window { max: 60, per: Duration::from_secs(60) };

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

pub(super) static CREATE: Operation = Operation::idempotent_write("create_customer");
pub(super) static GET: Operation = Operation::read("get_customer");
pub(super) static UPDATE: Operation = Operation::idempotent_write("update_customer");
static LIST: Operation = Operation::read("list_customers");
static DELETE: Operation = Operation::idempotent_write("delete_customer");
// A second request may tell the person twice.
static REMOVAL: Operation = Operation::write("request_removal");

/// Rows asked for at once. The range 1 to 100 is documented for sibling lists.
const PAGE: u8 = 100;

/// Pages read at most in one search. A search that goes on longer is one that the vendor ignores.
const MOST_PAGES: usize = 50;

/// Options of a [`Whale`] client.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    store_id: String,
    api_key: SecretString,
    path_style: PathStyle,
    tags: TagPolicy,
    options: ClientOptions,
}

impl Builder {
    client_options!();

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

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the option: a store id that cannot stand in a URL, an empty key, a base URL that
    /// would send in clear.
    pub fn build(self) -> Result<Whale, Error> {
        let path = match self.path_style {
            PathStyle::KeyScoped => "v1/customers".to_owned(),
            PathStyle::StoreScoped => {
                let filled = fill("v1/stores/{store_id}/customers", &[("store_id", self.store_id.trim())]);
                filled.map_err(|_| {
                    Error::config(PROVIDER, "store_id", "must not be empty, a dot, or hold control characters")
                })?
            }
        };
        let headers = json_headers(PROVIDER, "application/json", Some(("x-api-key", &self.api_key)))?;
        let bare = bare_headers(PROVIDER, Some(("x-api-key", &self.api_key)))?;
        let account = match self.path_style {
            PathStyle::StoreScoped => self.store_id.trim(),
            PathStyle::KeyScoped => self.api_key.expose_secret(),
        };
        let (base, mut account) = self.options.open(PROVIDER, DEFAULT_BASE_URL, &[account], DEFAULT_LIMIT)?;
        account.request_id_headers = &["x-request-id", "request-id", "fly-request-id"];
        let customers = fixed_url(PROVIDER, &base, &path)?;
        Ok(Whale(Arc::new(Inner {
            customer: format!("{customers}/{{id}}"),
            customers,
            store_id: self.store_id,
            tags: self.tags,
            headers: Arc::new(headers),
            bare: Arc::new(bare),
            account,
        })))
    }
}

pub(super) struct Inner {
    store_id: String,
    pub(super) tags: TagPolicy,
    customers: Arc<url::Url>,
    /// The URL of one customer, with `{id}` in it.
    customer: String,
    headers: Arc<HeaderMap>,
    bare: Arc<HeaderMap>,
    pub(super) account: Account,
}

/// A client of Whale's Customers API for one store. Cheap to clone.
#[derive(Clone)]
pub struct Whale(pub(super) Arc<Inner>);

impl fmt::Debug for Whale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Whale").field("store_id", &self.0.store_id).finish_non_exhaustive()
    }
}

/// What [`Whale::list`] asks for.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ListQuery {
    /// Full-text search over name, e-mail and phone (documented). It is no filter: hits need not be equal.
    pub search: Option<String>,
    /// Rows on a page, 1 to 100; the vendor's default is 25 (both documented for sibling lists).
    pub limit: Option<u8>,
    /// The last page's [`next_cursor`](CustomerPage::next_cursor). That it is sent back as `cursor` is inferred.
    pub cursor: Option<String>,
    /// The last row's id, which the vendor's kit sends for sibling lists (seen). With a cursor it is left out.
    pub starting_after: Option<String>,
}

impl ListQuery {
    /// A search.
    #[must_use]
    pub fn search(text: impl Into<String>) -> Self {
        Self { search: Some(text.into()), ..Self::default() }
    }

    fn append_to(&self, url: &mut String) {
        let limit = self.limit.map(|limit| limit.clamp(1, 100).to_string());
        let after = self.starting_after.as_ref().filter(|_| self.cursor.is_none());
        let pairs = [
            ("search", self.search.as_ref()),
            ("limit", limit.as_ref()),
            ("cursor", self.cursor.as_ref()),
            ("starting_after", after),
        ];
        let mut mark = '?';
        for (name, value) in pairs.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            url.push(mark);
            url.push_str(name);
            url.push('=');
            url.push_str(&query_value(value));
            mark = '&';
        }
    }
}

/// Shows no search: it may hold a person's data.
impl fmt::Debug for ListQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListQuery").field("limit", &self.limit).finish_non_exhaustive()
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
            options: ClientOptions::default(),
        }
    }

    /// `POST customers`: makes the customer, or returns the one who has this e-mail address (documented), unmodified
    /// (inferred). See [`CreateOutcome::customer`] for whom else the vendor may return.
    ///
    /// It is sent again after a lost answer: by the unique e-mail address, repeats converge.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] but `InvalidInput`.
    pub async fn create(&self, input: &CustomerInput<'_>) -> Result<CreateOutcome, Error> {
        let mut call = self.0.account.call();
        let step = self.create_step(input)?;
        let response = call.send(Outgoing::of(&CREATE, &step), judge).await?;
        Ok(outcome_of(&call, &response, input))
    }

    /// `GET customers/{id}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown id; [`ErrorKind::Decode`] where the answer cannot be read.
    pub async fn get(&self, id: &str) -> Result<CustomerRecord, Error> {
        let mut call = self.0.account.call();
        match self.read_customer(&mut call, id).await? {
            Some(record) => Ok(record),
            None => Err(unreadable(&call, &GET)),
        }
    }

    /// `PATCH customers/{id}`: writes what `input` does not leave alone. None: done, but the answer cannot be read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] presumably where the e-mail address or phone is another customer's (inferred).
    pub async fn update(&self, id: &str, input: &CustomerInput<'_>) -> Result<Option<CustomerRecord>, Error> {
        let mut call = self.0.account.call();
        self.patch(&mut call, id, input).await
    }

    /// `GET customers`: one page, newest first (inferred).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] where the answer cannot be read.
    pub async fn list(&self, query: &ListQuery) -> Result<CustomerPage, Error> {
        self.page(&mut self.0.account.call(), query).await
    }

    /// `DELETE customers/{id}`: deletes the record, which is no erasure of the person's data (see
    /// [`request_erasure`](Self::request_erasure)).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown id, unless an attempt whose answer got lost may have deleted it.
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        let mut call = self.0.account.call();
        let step = self.customer_step(&DELETE, Method::DELETE, id, "", None)?;
        match call.send(Outgoing::of(&DELETE, &step), judge).await {
            Err(error) if error.kind() == ErrorKind::NotFound && call.was_doubted() => Ok(()),
            result => result.map(drop),
        }
    }

    /// `POST customers/{id}/removal-request`: asks for the erasure of a person's data, backups included, within 30 days
    /// (documented). None: taken, but the answer cannot be read.
    ///
    /// It is never sent twice for a lost answer, since the person may be told twice. Its end is told by a webhook only.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown id.
    pub async fn request_erasure(&self, id: &str, input: &ErasureInput<'_>) -> Result<Option<RemovalRequest>, Error> {
        let mut call = self.0.account.call();
        self.removal(&mut call, id, input).await
    }

    pub(super) fn create_step(&self, input: &CustomerInput<'_>) -> Result<Step, Error> {
        Ok(Step {
            when: When::Always,
            operation: CREATE.name,
            method: Method::POST,
            url: Url::from(&self.0.customers),
            headers: Arc::clone(&self.0.headers),
            body: Some(body(input)?),
        })
    }

    /// What may follow the create, as a plan shows it.
    pub(super) fn later_steps(&self, update: &CustomerInput<'_>) -> Result<[Step; 2], Error> {
        let get = Step {
            when: When::IfFound,
            operation: GET.name,
            method: Method::GET,
            url: Url::from(self.0.customer.clone()),
            headers: Arc::clone(&self.0.bare),
            body: None,
        };
        let patch = Step {
            when: When::IfDiffers,
            operation: UPDATE.name,
            method: Method::PATCH,
            url: Url::from(self.0.customer.clone()),
            headers: Arc::clone(&self.0.headers),
            body: Some(body(update)?),
        };
        Ok([get, patch])
    }

    fn customer_step(
        &self,
        operation: &'static Operation,
        method: Method,
        id: &str,
        below: &str,
        body: Option<Bytes>,
    ) -> Result<Step, Error> {
        let filled = fill(&self.0.customer, &[("id", id)]);
        let url = filled.map_err(|error| error.with_provider(PROVIDER).with_operation(operation.name))?;
        let headers = if body.is_some() { &self.0.headers } else { &self.0.bare };
        Ok(Step {
            when: When::Always,
            operation: operation.name,
            method,
            url: Url::from(url + below),
            headers: Arc::clone(headers),
            body,
        })
    }

    pub(super) async fn read_customer(&self, call: &mut Call<'_>, id: &str) -> Result<Option<CustomerRecord>, Error> {
        let step = self.customer_step(&GET, Method::GET, id, "", None).map_err(|error| call.finish(error))?;
        let response = call.send(Outgoing::of(&GET, &step), judge).await?;
        Ok(customer(&response))
    }

    pub(super) async fn patch(
        &self,
        call: &mut Call<'_>,
        id: &str,
        input: &CustomerInput<'_>,
    ) -> Result<Option<CustomerRecord>, Error> {
        let step = body(input).and_then(|body| self.customer_step(&UPDATE, Method::PATCH, id, "", Some(body)));
        let step = step.map_err(|error| call.finish(error))?;
        let response = call.send(Outgoing::of(&UPDATE, &step), judge).await?;
        Ok(customer(&response))
    }

    pub(super) async fn removal(
        &self,
        call: &mut Call<'_>,
        id: &str,
        input: &ErasureInput<'_>,
    ) -> Result<Option<RemovalRequest>, Error> {
        let body = body(&Removal { kind: "erasure", input })?;
        let step = self.customer_step(&REMOVAL, Method::POST, id, "/removal-request", Some(body))?;
        let response = call.send(Outgoing::of(&REMOVAL, &step), judge).await?;
        Ok(read(&response))
    }

    pub(super) async fn page(&self, call: &mut Call<'_>, query: &ListQuery) -> Result<CustomerPage, Error> {
        let mut url = self.0.customers.as_str().to_owned();
        query.append_to(&mut url);
        let url = Url::from(url);
        let out = Outgoing { operation: &LIST, method: &Method::GET, url: &url, headers: &self.0.bare, body: None };
        let response = call.send(out, judge).await?;
        CustomerPage::read(&response.body).ok_or_else(|| unreadable(call, &LIST))
    }

    /// The ids of everybody whose e-mail address is exactly this one. The vendor's search is no filter, so that every
    /// page is read, and none twice.
    pub(super) async fn ids_by_email(&self, call: &mut Call<'_>, email: &str) -> Result<Vec<String>, Error> {
        let mut query = ListQuery { limit: Some(PAGE), ..ListQuery::search(email.trim()) };
        let wanted = crate::customer::email::comparable(email);
        let mut ids: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        for _ in 0..MOST_PAGES {
            let page = self.page(call, &query).await?;
            let last = page.data.iter().rev().find_map(|row| row.id.clone());
            for row in page.data {
                let is_same = |held: &str| crate::customer::email::comparable(held) == wanted;
                if let (Some(id), Some(email)) = (row.id, row.email)
                    && is_same(&email)
                    && !ids.contains(&id)
                {
                    ids.push(id);
                }
            }
            let (cursor, starting_after) = match (page.has_more, page.next_cursor, last) {
                (Some(false), _, _) | (None, None, _) => return Ok(ids),
                (_, Some(cursor), _) => (Some(cursor), None),
                (Some(true), None, Some(last)) => (None, Some(last)),
                (Some(true), None, None) => break,
            };
            if !seen.insert(cursor.clone().or_else(|| starting_after.clone())) {
                break;
            }
            query.cursor = cursor;
            query.starting_after = starting_after;
        }
        let error = call.error(&LIST, ErrorKind::Other, Effect::NotSent);
        Err(call.finish(error.with_hint("the vendor's pages repeat or do not end, so that a search proves nothing")))
    }
}

/// What is known after a create.
pub(super) fn outcome_of(call: &Call<'_>, response: &HttpResponse, input: &CustomerInput<'_>) -> CreateOutcome {
    match customer(response) {
        Some(record) => {
            let (disposition, evidence) = weigh(response, &record, input, call.was_doubted());
            CreateOutcome { customer: Some(record), disposition, evidence }
        }
        None => CreateOutcome { customer: None, disposition: Disposition::Unknown, evidence: Vec::new() },
    }
}

fn unreadable(call: &Call<'_>, operation: &Operation) -> Error {
    let error = call.error(operation, ErrorKind::Decode, Effect::NotSent);
    call.finish(error.with_request_id(call.request_id.clone()))
}

/// The body of a request, in one buffer.
fn body(value: &impl serde::Serialize) -> Result<Bytes, Error> {
    let mut buffer = Vec::with_capacity(512);
    match serde_json::to_writer(&mut buffer, value) {
        Ok(()) => Ok(Bytes::from(buffer)),
        Err(error) => Err(Error::new(ErrorKind::Other, Effect::NotSent).with_provider(PROVIDER).with_source(error)),
    }
}
