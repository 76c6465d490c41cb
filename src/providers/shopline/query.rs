//! What the lists and searches take, and the queries made of it. Pure.

use std::fmt;

use chrono::{DateTime, FixedOffset};

use super::PROVIDER;
use super::paging::PageInfo;
use super::wire::CustomerId;
use crate::client::query_value;
use crate::customer::time::Rfc3339;
use crate::error::{Error, FieldError};

/// The longest page of customers, group members and metafields (documented).
pub(super) const PAGE_MAX: u16 = 250;
/// The longest page of a customer's orders (documented).
pub(super) const ORDERS_MAX: u16 = 100;
/// The longest words of a search (documented).
const WORDS_MAX: usize = 50;

/// A query string, without the question mark.
#[derive(Default)]
pub(super) struct Query(String);

impl Query {
    pub(super) fn push(&mut self, name: &str, value: &str) {
        self.raw(name, &query_value(value));
    }

    fn raw(&mut self, name: &str, escaped: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        self.0.push_str(escaped);
    }

    /// A list, joined by commas.
    pub(super) fn list<'a>(&mut self, name: &str, items: impl Iterator<Item = &'a str>) {
        let escaped: Vec<String> = items.map(query_value).collect();
        if !escaped.is_empty() {
            self.raw(name, &escaped.join(","));
        }
    }

    pub(super) fn option(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.push(name, value);
        }
    }

    pub(super) fn time(&mut self, name: &str, at: Option<DateTime<FixedOffset>>) {
        if let Some(at) = at {
            self.push(name, &Rfc3339(at).to_string());
        }
    }

    /// The parameters of another query, behind these.
    pub(super) fn append(&mut self, other: Self) {
        if !self.0.is_empty() && !other.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(&other.0);
    }

    /// The cursor, as the vendor wrote it.
    fn cursor(&mut self, page: &PageInfo) {
        self.raw("page_info", page.as_str());
    }

    /// The route with this query.
    pub(super) fn on(&self, route: &str) -> String {
        if self.0.is_empty() { route.to_owned() } else { format!("{route}?{}", self.0) }
    }
}

/// The length of a page and the keys of its items, which hold on every page.
#[derive(Clone, Debug, Default)]
pub(super) struct PageSize {
    pub(super) limit: Option<u16>,
    pub(super) fields: Vec<String>,
}

impl PageSize {
    /// The query of a page. With a cursor, all but limit and fields is inherited from the first request (documented).
    pub(super) fn query(&self, max: u16, page: Option<&PageInfo>, first: impl FnOnce(&mut Query)) -> Query {
        let mut query = Query::default();
        if page.is_none() {
            first(&mut query);
        }
        query.push("limit", &self.limit.unwrap_or(max).clamp(1, max).to_string());
        query.list("fields", self.fields.iter().map(String::as_str));
        if let Some(page) = page {
            query.cursor(page);
        }
        query
    }
}

/// The setters of a page's size, for a request that keeps it in `size`.
macro_rules! page_size {
    ($max:literal) => {
        #[doc = concat!("How many items a page holds: 1 to ", $max, ", and the most by default.")]
        #[must_use]
        pub fn limit(mut self, limit: u16) -> Self {
            self.size.limit = Some(limit);
            self
        }

        /// Only these top-level keys of each item. All by default. Without `id`, a server that sends one page again and
        /// again is told by its cursor alone.
        #[must_use]
        pub fn fields<T: Into<String>>(mut self, keys: impl IntoIterator<Item = T>) -> Self {
            self.size.fields = keys.into_iter().map(Into::into).collect();
            self
        }
    };
}
pub(super) use page_size;

/// Which of the store's customers a list shows; all of them by default.
#[derive(Clone, Debug, Default)]
pub struct CustomerList {
    pub(super) size: PageSize,
    since_id: Option<CustomerId>,
    ids: Vec<CustomerId>,
    created_at: (Option<DateTime<FixedOffset>>, Option<DateTime<FixedOffset>>),
    updated_at: (Option<DateTime<FixedOffset>>, Option<DateTime<FixedOffset>>),
}

impl CustomerList {
    page_size!("250");

    /// All customers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only customers after this one.
    #[must_use]
    pub fn since_id(mut self, id: impl Into<CustomerId>) -> Self {
        self.since_id = Some(id.into());
        self
    }

    /// Only these customers. At most 64 characters are documented; whether each or together is unknown, so that a few
    /// ids at a time are safe.
    #[must_use]
    pub fn ids<T: Into<CustomerId>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.ids = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Only customers made between these moments, both included.
    #[must_use]
    pub fn created(mut self, from: Option<DateTime<FixedOffset>>, to: Option<DateTime<FixedOffset>>) -> Self {
        self.created_at = (from, to);
        self
    }

    /// Only customers last changed between these moments, both included.
    #[must_use]
    pub fn updated(mut self, from: Option<DateTime<FixedOffset>>, to: Option<DateTime<FixedOffset>>) -> Self {
        self.updated_at = (from, to);
        self
    }

    pub(super) fn query(&self, page: Option<&PageInfo>) -> Query {
        self.size.query(PAGE_MAX, page, |query| {
            query.option("since_id", self.since_id.as_ref().map(CustomerId::as_str));
            query.list("ids", self.ids.iter().map(CustomerId::as_str));
            query.time("created_at_min", self.created_at.0);
            query.time("created_at_max", self.created_at.1);
            query.time("updated_at_min", self.updated_at.0);
            query.time("updated_at_max", self.updated_at.1);
        })
    }
}

/// What a search compares exactly. E-mail and phone are not among it (documented).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // The vendor's own names, as they stand in the query.
pub enum Criterion {
    AcceptsMarketing,
    EmailSubscribeFlag,
    CustomerDate,
    CustomerFirstName,
    CustomerId,
    Tags,
    OrdersCount,
    OrderDate,
    State,
    TotalSpent,
    UpdatedAt,
    VerifiedEmail,
}

impl Criterion {
    const fn as_str(self) -> &'static str {
        match self {
            Self::AcceptsMarketing => "accepts_marketing",
            Self::EmailSubscribeFlag => "email_subscribe_flag",
            Self::CustomerDate => "customer_date",
            Self::CustomerFirstName => "customer_first_name",
            Self::CustomerId => "customer_id",
            Self::Tags => "tags",
            Self::OrdersCount => "orders_count",
            Self::OrderDate => "order_date",
            Self::State => "state",
            Self::TotalSpent => "total_spent",
            Self::UpdatedAt => "updated_at",
            Self::VerifiedEmail => "verified_email",
        }
    }
}

/// The order of a search. All of them put the newest customer first (documented), and break ties as they say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchOrder {
    /// No further order.
    #[default]
    Created,
    /// Then the one who ordered last.
    LastOrder,
    /// Then the one with the most orders.
    OrdersCount,
    /// Then the higher id.
    Id,
}

/// A search for customers: by words, loosely, or by criteria, exactly. Which customers it finds is the vendor's part:
/// words also match within other words.
#[derive(Clone, Default)]
pub struct CustomerSearch {
    pub(super) size: PageSize,
    words: Option<String>,
    criteria: Vec<(Criterion, String)>,
    order: SearchOrder,
}

/// Shows no word: they may be a person's data.
impl fmt::Debug for CustomerSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerSearch").field("size", &self.size).field("order", &self.order).finish_non_exhaustive()
    }
}

impl CustomerSearch {
    page_size!("250");

    /// Customers in whose phone, e-mail, names or address lines these words stand: at most 50 characters.
    #[must_use]
    pub fn words(words: impl Into<String>) -> Self {
        Self { words: Some(words.into()), ..Self::default() }
    }

    /// Customers of whom this is exactly true. Further ones follow with [`and`](Self::and).
    #[must_use]
    pub fn exactly(criterion: Criterion, value: impl Into<String>) -> Self {
        Self::default().and(criterion, value)
    }

    /// And of whom this is exactly true too.
    #[must_use]
    pub fn and(mut self, criterion: Criterion, value: impl Into<String>) -> Self {
        self.criteria.push((criterion, value.into()));
        self
    }

    /// The order of what is found.
    #[must_use]
    pub fn order(mut self, order: SearchOrder) -> Self {
        self.order = order;
        self
    }

    pub(super) fn query(&self, page: Option<&PageInfo>) -> Result<Query, Error> {
        let refuse = |field: &'static str, message: String| {
            Err(Error::invalid_record(vec![FieldError::new(field, message)]).with_provider(PROVIDER))
        };
        let length = self.words.as_deref().map_or(0, |words| words.chars().count());
        if length > WORDS_MAX {
            return refuse("query_param", format!("is {length} characters long, and {WORDS_MAX} are allowed"));
        }
        if self.criteria.iter().any(|(_, value)| value.contains(';')) {
            return refuse("query", "has a semicolon in a value, which separates criteria".to_owned());
        }
        let criteria: Vec<_> = self.criteria.iter().map(|(key, value)| format!("{}:{value}", key.as_str())).collect();
        Ok(self.size.query(PAGE_MAX, page, |query| {
            query.option("query_param", self.words.as_deref());
            if !criteria.is_empty() {
                query.push("query", &criteria.join(";"));
            }
            let order = match self.order {
                SearchOrder::Created => return,
                SearchOrder::LastOrder => "1",
                SearchOrder::OrdersCount => "2",
                SearchOrder::Id => "3",
            };
            query.push("order", order);
        }))
    }
}
