//! Customers: the records, lists, the search, erasure, invitations, the blacklist, tags.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use futures::Stream;
use serde::{Deserialize, Serialize};

use super::super::client::Shopline;
use super::super::lookup::{PAGE_MAX, SEARCH_ROUTE};
use super::super::operations::{
    ADD_TO_BLACKLIST, COUNT_CUSTOMERS, CREATE_ACCOUNT_ACTIVATION_URL, CREATE_CUSTOMER, DELETE_CUSTOMER, GET_CUSTOMER,
    LIST_CUSTOMERS, REMOVE_FROM_BLACKLIST, REMOVE_TAGS, SEARCH_CUSTOMERS, SEND_INVITE, UPDATE_CUSTOMER,
};
use super::super::request::{CustomerBody, CustomerId, CustomerInput, TagId};
use super::super::response::{CustomerRecord, row_key};
use super::{PageOf, check_comma_list};
use crate::client::api::ApiClient;
use crate::client::json::raw::record;
use crate::client::json::value::lenient;
use crate::client::pages::{Cursor, Page, PageGuard, stream};
use crate::client::query::Query;
use crate::client::validate::Validation;
use crate::client::{Response, Secret};
use crate::customer::time::Rfc3339;
use crate::error::Error;

/// The longest words of a search (documented).
const WORDS_MAX: usize = 50;

record! {
    /// A customer that the vendor has erased; every part is missing where there was none.
    DeletedCustomerRecord {
        /// E-mail address.
        email: Option<String>,
        /// Given name.
        first_name: Option<String>,
        /// Family name.
        last_name: Option<String>,
        /// Phone number.
        phone: Option<String>,
    }
}

record! {
    /// The two addresses of an invitation.
    InvitationRecord {
        /// The store's address.
        from: Option<String>,
        /// The customer's address.
        to: Option<String>,
    }
}

/// The URL where a customer sets a password. It is a secret: it lets its holder take over the account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActivationUrlRecord {
    /// The URL; none where the answer does not hold one.
    pub url: Option<Secret>,
}

#[derive(Default, Deserialize)]
struct ActivationData {
    #[serde(default, deserialize_with = "lenient")]
    account_activation_url: Option<String>,
}

#[derive(Serialize)]
struct BlacklistBody<'a> {
    customer_id: &'a str,
}

/// The customer is called `user_id` here, and `customer_id` on every other route (documented).
#[derive(Serialize)]
struct UntagBody<'a> {
    user_id: &'a str,
    tag_ids: Vec<&'a str>,
}

/// Which of the store's customers a list shows; all of them by default. With a cursor, the vendor takes all but limit and
/// fields from the first request (documented).
#[derive(Clone, Debug, Default)]
pub struct CustomerQuery {
    /// How many rows a page holds: 1 to 250. Default: 250.
    pub limit: Option<u16>,
    /// Only these top-level keys of each row; all by default.
    pub fields: Vec<String>,
    /// Where the page starts; none for the first one.
    pub cursor: Option<Cursor>,
    /// Only customers after this one.
    pub since_id: Option<CustomerId>,
    /// Only these customers. At most 64 characters are documented; whether each or together is unknown, so that a few ids
    /// at a time are safe.
    pub ids: Vec<CustomerId>,
    /// Only customers created at this time or later.
    pub created_at_min: Option<DateTime<FixedOffset>>,
    /// Only customers created at this time or earlier.
    pub created_at_max: Option<DateTime<FixedOffset>>,
    /// Only customers last changed at this time or later.
    pub updated_at_min: Option<DateTime<FixedOffset>>,
    /// Only customers last changed at this time or earlier.
    pub updated_at_max: Option<DateTime<FixedOffset>>,
}

impl CustomerQuery {
    fn written(&self) -> Result<Query, Error> {
        let page = PageOf { max: PAGE_MAX, limit: self.limit, fields: &self.fields, cursor: self.cursor.as_ref() };
        page.query(&LIST_CUSTOMERS, |query| {
            query.push_some("since_id", self.since_id.as_ref());
            query.list("ids", self.ids.iter().map(CustomerId::as_str));
            query.push_some("created_at_min", self.created_at_min.map(Rfc3339));
            query.push_some("created_at_max", self.created_at_max.map(Rfc3339));
            query.push_some("updated_at_min", self.updated_at_min.map(Rfc3339));
            query.push_some("updated_at_max", self.updated_at_max.map(Rfc3339));
        })
    }
}

/// A field that a search compares exactly. E-mail and phone are none of them (documented).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // The vendor's own names, as the query writes them.
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

/// The order of a search. Each puts the newest customer first (documented), and breaks ties as it says.
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

/// A search for customers: by words, which is fuzzy (documented: words also match within other words), or by criteria,
/// exactly. With a cursor, the vendor takes all but limit and fields from the first request (documented).
#[derive(Clone, Default)]
pub struct CustomerSearchQuery {
    /// How many rows a page holds: 1 to 250. Default: 250.
    pub limit: Option<u16>,
    /// Only these top-level keys of each row; all by default.
    pub fields: Vec<String>,
    /// Where the page starts; none for the first one.
    pub cursor: Option<Cursor>,
    /// Words that the phone, e-mail, names or address lines hold: at most 50 characters.
    pub words: Option<String>,
    /// What has to be exactly so, each of them.
    pub criteria: Vec<(Criterion, String)>,
    /// The order of the rows.
    pub order: SearchOrder,
}

/// Shows no word: they may be personal data.
impl fmt::Debug for CustomerSearchQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("CustomerSearchQuery");
        shown.field("limit", &self.limit).field("order", &self.order).finish_non_exhaustive()
    }
}

impl CustomerSearchQuery {
    fn written(&self) -> Result<Query, Error> {
        let mut checks = Validation::new(&SEARCH_CUSTOMERS);
        checks.max_chars("query_param", self.words.as_deref(), WORDS_MAX);
        let is_split = self.criteria.iter().any(|(_, value)| value.contains(';'));
        checks.check(!is_split, "query", "has a semicolon in a value, which separates criteria");
        checks.finish()?;
        let criteria: Vec<_> = self.criteria.iter().map(|(key, value)| format!("{}:{value}", key.as_str())).collect();
        let page = PageOf { max: PAGE_MAX, limit: self.limit, fields: &self.fields, cursor: self.cursor.as_ref() };
        page.query(&SEARCH_CUSTOMERS, |query| {
            query.push_some("query_param", self.words.as_deref());
            query.push_some("query", (!criteria.is_empty()).then(|| criteria.join(";")));
            let order = match self.order {
                SearchOrder::Created => None,
                SearchOrder::LastOrder => Some(1),
                SearchOrder::OrdersCount => Some(2),
                SearchOrder::Id => Some(3),
            };
            query.push_some("order", order);
        })
    }
}

impl Shopline {
    /// Creates a customer: `POST customers.json`, which needs the scope `write_customers`. A second create of the same
    /// customer is no update: the vendor refuses it with 422 (seen for the e-mail).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending, with every limit that is passed; else
    /// the vendor's refusal. With [`Effect::Unknown`](crate::Effect::Unknown), look the customer up before creating them
    /// again.
    pub async fn create_customer(&self, customer: &CustomerInput<'_>) -> Result<Response<CustomerRecord>, Error> {
        customer.validate_new(&CREATE_CUSTOMER)?;
        let request = self.json(&CREATE_CUSTOMER, &self.0.urls.customers, &CustomerBody { customer })?;
        self.write(request, "customer").await
    }

    /// Updates a customer: `PUT customers/{id}.json`. Absent keys stay as they are (inferred). The answer shows fewer keys
    /// than a read (documented).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending, with every limit that is passed; else
    /// the vendor's refusal.
    pub async fn update_customer(
        &self,
        id: &CustomerId,
        customer: &CustomerInput<'_>,
    ) -> Result<Response<CustomerRecord>, Error> {
        customer.validate_update(&UPDATE_CUSTOMER, id)?;
        let (ids, body) = ([("id", id.as_str())], CustomerBody { customer });
        self.write(self.to_with(&UPDATE_CUSTOMER, "customers/{id}.json", &ids, &body)?, "customer").await
    }

    /// Reads a customer: `GET customers/v2/{id}.json`. None where there is none.
    ///
    /// # Errors
    ///
    /// The vendor's refusal, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn get_customer(&self, id: &CustomerId) -> Result<Option<Response<CustomerRecord>>, Error> {
        self.read(self.to(&GET_CUSTOMER, "customers/v2/{id}.json", &[("id", id.as_str())])?, "customer").await
    }

    /// Counts the store's customers: `GET customers/v2/count.json`. None where the answer does not hold a count.
    ///
    /// # Errors
    ///
    /// The vendor's refusal, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn count_customers(&self) -> Result<Response<Option<u64>>, Error> {
        self.read_count(self.to(&COUNT_CUSTOMERS, "customers/v2/count.json", &[])?).await
    }

    /// Lists a page of the store's customers: `GET v2/customers.json`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a cursor that the vendor cannot have written; else
    /// the vendor's refusal, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_customers(&self, query: &CustomerQuery) -> Result<Response<Page<CustomerRecord>>, Error> {
        let route = query.written()?.on("v2/customers.json");
        self.read_page(self.to(&LIST_CUSTOMERS, &route, &[])?, "customers").await
    }

    /// Streams the rows of [`list_customers`](Self::list_customers), page by page as they are asked for. An error ends
    /// the stream, also where the list never ends.
    pub fn customers_stream(
        &self,
        query: &CustomerQuery,
    ) -> impl Stream<Item = Result<CustomerRecord, Error>> + Send + use<> {
        let (client, query) = (self.clone(), query.clone());
        stream(&LIST_CUSTOMERS, query.cursor.clone(), PageGuard::new(), row_key, move |cursor| {
            let (client, query) = (client.clone(), CustomerQuery { cursor, ..query.clone() });
            async move { client.list_customers(&query).await }
        })
    }

    /// Searches for customers, and returns a page: `GET customers/v2/search.json`. By words it is fuzzy (documented):
    /// compare what it returns. How soon it shows a change is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for words of more than 50 characters, a semicolon in a
    /// criterion, or a cursor that the vendor cannot have written; else the vendor's refusal, or
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn search_customers(&self, query: &CustomerSearchQuery) -> Result<Response<Page<CustomerRecord>>, Error> {
        let route = query.written()?.on(SEARCH_ROUTE);
        self.read_page(self.to(&SEARCH_CUSTOMERS, &route, &[])?, "customers").await
    }

    /// Streams the rows of [`search_customers`](Self::search_customers), page by page as they are asked for. An error ends
    /// the stream.
    pub fn search_customers_stream(
        &self,
        query: &CustomerSearchQuery,
    ) -> impl Stream<Item = Result<CustomerRecord, Error>> + Send + use<> {
        let (client, query) = (self.clone(), query.clone());
        stream(&SEARCH_CUSTOMERS, query.cursor.clone(), PageGuard::new(), row_key, move |cursor| {
            let (client, query) = (client.clone(), CustomerSearchQuery { cursor, ..query.clone() });
            async move { client.search_customers(&query).await }
        })
    }

    /// Erases a customer: `DELETE customers/{id}.json`. Also a success where there is none (seen), and what the answer
    /// shows is documented in one way and empty in the vendor's own tests: it does not show whether there was one.
    ///
    /// # Errors
    ///
    /// The vendor's refusal: 422 for a customer who has ordered or spent (seen).
    pub async fn delete_customer(&self, id: &CustomerId) -> Result<Response<DeletedCustomerRecord>, Error> {
        let request = self.to(&DELETE_CUSTOMER, "customers/{id}.json", &[("id", id.as_str())])?;
        self.write(request, "customer").await.map_err(|error| match error.status() {
            Some(422) => error.with_hint("a customer who has ordered or spent cannot be deleted"),
            _ => error,
        })
    }

    /// Sends the mail that invites a customer to an account: `POST customers/{id}/send_invite.json`. Each call sends one.
    ///
    /// # Errors
    ///
    /// The vendor's refusal. With [`Effect::Unknown`](crate::Effect::Unknown), the mail may have been sent.
    pub async fn send_invite(&self, id: &CustomerId) -> Result<Response<InvitationRecord>, Error> {
        let request = self.to(&SEND_INVITE, "customers/{id}/send_invite.json", &[("id", id.as_str())])?;
        self.write(request, "customer_invite").await
    }

    /// Creates the URL where a customer sets a password: `POST customers/{id}/account_activation_url.json`.
    ///
    /// # Errors
    ///
    /// The vendor's refusal.
    pub async fn create_account_activation_url(&self, id: &CustomerId) -> Result<Response<ActivationUrlRecord>, Error> {
        let route = "customers/{id}/account_activation_url.json";
        let request = self.to(&CREATE_ACCOUNT_ACTIVATION_URL, route, &[("id", id.as_str())])?;
        Ok(self.write(request, "data").await?.map(|data: ActivationData| {
            let url = data.account_activation_url.filter(|url| !url.is_empty());
            ActivationUrlRecord { url: url.map(Secret::from) }
        }))
    }

    /// Puts a customer on the blacklist: `POST customers/add_blacklist.json`. The customer's state is then 0.
    ///
    /// # Errors
    ///
    /// The vendor's refusal.
    pub async fn add_to_blacklist(&self, id: &CustomerId) -> Result<Response<()>, Error> {
        let body = BlacklistBody { customer_id: id.as_str() };
        self.write_only(self.to_with(&ADD_TO_BLACKLIST, "customers/add_blacklist.json", &[], &body)?).await
    }

    /// Takes a customer off the blacklist: `POST customers/remove_blacklist.json`.
    ///
    /// # Errors
    ///
    /// The vendor's refusal.
    pub async fn remove_from_blacklist(&self, id: &CustomerId) -> Result<Response<()>, Error> {
        let body = BlacklistBody { customer_id: id.as_str() };
        self.write_only(self.to_with(&REMOVE_FROM_BLACKLIST, "customers/remove_blacklist.json", &[], &body)?).await
    }

    /// Takes tags off a customer, by the tags' ids: `POST customer_tags_remove.json`. There is no route that adds one:
    /// create and update add tags.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where no tag is named; else the vendor's refusal.
    pub async fn remove_tags(&self, id: &CustomerId, tags: &[TagId]) -> Result<Response<()>, Error> {
        check_comma_list(&REMOVE_TAGS, "tag_ids", tags.iter().map(TagId::as_str))?;
        let body = UntagBody { user_id: id.as_str(), tag_ids: tags.iter().map(TagId::as_str).collect() };
        self.write_only(self.to_with(&REMOVE_TAGS, "customer_tags_remove.json", &[], &body)?).await
    }
}
