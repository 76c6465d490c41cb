//! Metafields of customers: values with a namespace and a key.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use futures::Stream;
use serde::{Deserialize, Serialize};

use super::super::client::Shopline;
use super::super::error::check;
use super::super::lookup::PAGE_MAX;
use super::super::operations::{
    COUNT_METAFIELDS, CREATE_METAFIELD, DELETE_METAFIELD, GET_METAFIELD, LIST_METAFIELDS, SET_METAFIELDS,
    UPDATE_METAFIELD,
};
use super::super::request::{CustomerId, MetafieldId};
use super::PageOf;
use crate::client::api::ApiClient;
use crate::client::json::object::object;
use crate::client::json::raw::record;
use crate::client::json::value::lenient;
use crate::client::pages::{Cursor, Page, PageGuard, RowKey, stream};
use crate::client::query::Query;
use crate::client::validate::Validation;
use crate::client::{HttpResponse, Operation, Response};
use crate::customer::time::Rfc3339;
use crate::error::Error;

const METAFIELDS: &str = "customers/{id}/metafields.json";
const METAFIELD: &str = "customers/{id}/metafields/{metafield_id}.json";

/// How many metafields one request sets at most (documented).
const SET_MAX: usize = 25;
const RESOURCE: &str = "customers";

record! {
    /// A metafield as the vendor shows it.
    MetafieldRecord {
        /// The vendor's id.
        id: Option<MetafieldId>,
        /// The customer.
        owner_id: Option<CustomerId>,
        /// The kind of the owner: `customers`.
        owner_resource: Option<String>,
        /// Namespace.
        namespace: Option<String>,
        /// Key.
        key: Option<String>,
        /// The type of the value, in the vendor's words.
        value_type as "type": Option<String>,
        /// The value; the vendor keeps a text whatever the type (documented).
        value: Option<String>,
        /// Description.
        description: Option<String>,
        /// When it was created.
        created_at: Option<DateTime<FixedOffset>>,
        /// When it was last changed.
        updated_at: Option<DateTime<FixedOffset>>,
    }
}

record! {
    /// A metafield that was not set.
    FailedMetafieldRecord {
        /// The customer.
        owner_id: Option<CustomerId>,
        /// The kind of the owner.
        owner_resource: Option<String>,
        /// Namespace.
        namespace: Option<String>,
        /// Key.
        key: Option<String>,
        /// Why, in the vendor's words, which may repeat the value: not for logs.
        errors: Option<String>,
    }
}

fn row_key(record: &MetafieldRecord) -> RowKey<'_> {
    RowKey::of(record.id.as_ref().map(MetafieldId::as_str), record.raw.as_str().as_bytes())
}

/// A metafield to create or update. The limits are documented and checked before anything is sent; for a create, namespace,
/// key, type and value have to be there (inferred for an update, which takes what changes).
#[derive(Clone, Default, Serialize)]
pub struct MetafieldInput<'a> {
    /// 2 to 50 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<&'a str>,
    /// 3 to 30 letters, digits, `-` and `_`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'a str>,
    /// The type of the value, in the vendor's words.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub value_type: Option<&'a str>,
    /// At most 500,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<&'a str>,
    /// At most 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
}

/// Shows namespace and key.
impl fmt::Debug for MetafieldInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("MetafieldInput");
        out.field("namespace", &self.namespace).field("key", &self.key).finish_non_exhaustive()
    }
}

impl MetafieldInput<'_> {
    fn validate(&self, checks: &mut Validation, owner: &CustomerId, is_new: bool) {
        checks.max_chars("owner_id", Some(owner.as_str()), 128);
        checks.chars("namespace", self.namespace, 2..=50);
        checks.chars("key", self.key, 3..=30);
        checks.max_chars("value", self.value, 500_000);
        checks.max_chars("description", self.description, 255);
        let is_key = |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        checks.check(self.key.is_none_or(is_key), "key", "takes letters, digits, - and _ alone");
        if is_new {
            let parts =
                [("namespace", self.namespace), ("key", self.key), ("type", self.value_type), ("value", self.value)];
            for (name, text) in parts {
                checks.check(text.is_some(), name, "is missing");
            }
        }
    }

    fn validate_one(&self, operation: &'static Operation, owner: &CustomerId, is_new: bool) -> Result<(), Error> {
        let mut checks = Validation::new(operation);
        checks.within("metafield", |checks| self.validate(checks, owner, is_new));
        checks.finish()
    }
}

/// A metafield and the customer that it belongs to.
#[derive(Clone, Debug)]
pub struct OwnedMetafieldInput<'a> {
    /// The customer.
    pub owner_id: &'a CustomerId,
    /// The metafield.
    pub metafield: MetafieldInput<'a>,
}

/// The result of setting metafields together: some may have been set and others not, in one answer.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct MetafieldsSetRecord {
    /// Those that were set.
    pub set: Vec<MetafieldRecord>,
    /// Those that were not.
    pub failed: Vec<FailedMetafieldRecord>,
    /// The positions of those that the answer does not mention: whether they were set is unknown.
    pub unmentioned: Vec<usize>,
}

impl MetafieldsSetRecord {
    /// Whether the answer reports every one as set.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.unmentioned.is_empty()
    }
}

/// Which metafields of a customer a list shows; all of them by default. With a cursor, the vendor takes all but limit and
/// fields from the first request (documented).
#[derive(Clone, Debug, Default)]
pub struct MetafieldQuery {
    /// How many rows a page holds: 1 to 250. Default: 250.
    pub limit: Option<u16>,
    /// Only these top-level keys of each row; all by default.
    pub fields: Vec<String>,
    /// Where the page starts; none for the first one.
    pub cursor: Option<Cursor>,
    /// Only those of this namespace.
    pub namespace: Option<String>,
    /// Only those with this key.
    pub key: Option<String>,
    /// Only those of this type.
    pub value_type: Option<String>,
    /// Only those after this one.
    pub since_id: Option<MetafieldId>,
    /// Only those created at this time or later (that it is included is inferred from the list of customers, as below).
    pub created_at_min: Option<DateTime<FixedOffset>>,
    /// Only those created at this time or earlier.
    pub created_at_max: Option<DateTime<FixedOffset>>,
    /// Only those last changed at this time or later.
    pub updated_at_min: Option<DateTime<FixedOffset>>,
    /// Only those last changed at this time or earlier.
    pub updated_at_max: Option<DateTime<FixedOffset>>,
}

impl MetafieldQuery {
    fn written(&self) -> Result<Query, Error> {
        let page = PageOf { max: PAGE_MAX, limit: self.limit, fields: &self.fields, cursor: self.cursor.as_ref() };
        page.query(&LIST_METAFIELDS, |query| {
            query.push_some("namespace", self.namespace.as_deref());
            query.push_some("key", self.key.as_deref());
            query.push_some("type", self.value_type.as_deref());
            query.push_some("since_id", self.since_id.as_ref());
            query.push_some("created_at_min", self.created_at_min.map(Rfc3339));
            query.push_some("created_at_max", self.created_at_max.map(Rfc3339));
            query.push_some("updated_at_min", self.updated_at_min.map(Rfc3339));
            query.push_some("updated_at_max", self.updated_at_max.map(Rfc3339));
        })
    }
}

#[derive(Serialize)]
struct MetafieldBody<'a> {
    metafield: &'a MetafieldInput<'a>,
}

#[derive(Serialize)]
struct SetBody<'a> {
    metafields: Vec<SetItem<'a>>,
}

#[derive(Serialize)]
struct SetItem<'a> {
    owner_id: &'a str,
    owner_resource: &'static str,
    #[serde(flatten)]
    metafield: &'a MetafieldInput<'a>,
}

#[derive(Default, Deserialize)]
struct SetAnswer {
    #[serde(default, deserialize_with = "lenient")]
    metafields: Vec<MetafieldRecord>,
    #[serde(default, deserialize_with = "lenient")]
    fail_metafields: Vec<FailedMetafieldRecord>,
}

/// Compares the answer with what was sent.
fn account(sent: &[OwnedMetafieldInput<'_>], answer: SetAnswer) -> MetafieldsSetRecord {
    let names = |owner: Option<&CustomerId>,
                 namespace: Option<&str>,
                 key: Option<&str>,
                 of: &OwnedMetafieldInput<'_>| {
        // An owner that the answer leaves out could be any.
        owner.is_none_or(|owner| owner == of.owner_id) && namespace == of.metafield.namespace && key == of.metafield.key
    };
    let is_mentioned = |of: &OwnedMetafieldInput<'_>| {
        answer.metafields.iter().any(|m| names(m.owner_id.as_ref(), m.namespace.as_deref(), m.key.as_deref(), of))
            || answer
                .fail_metafields
                .iter()
                .any(|m| names(m.owner_id.as_ref(), m.namespace.as_deref(), m.key.as_deref(), of))
    };
    let unmentioned = (0..).zip(sent).filter(|(_, of)| !is_mentioned(of)).map(|(index, _)| index).collect();
    MetafieldsSetRecord { set: answer.metafields, failed: answer.fail_metafields, unmentioned }
}

impl Shopline {
    /// Lists a page of a customer's metafields: `GET customers/{id}/metafields.json`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a cursor that the vendor cannot have written; else
    /// the vendor's refusal, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_metafields(
        &self,
        owner: &CustomerId,
        query: &MetafieldQuery,
    ) -> Result<Response<Page<MetafieldRecord>>, Error> {
        let route = query.written()?.on(METAFIELDS);
        self.read_page(self.to(&LIST_METAFIELDS, &route, &[("id", owner.as_str())])?, "metafields").await
    }

    /// Streams the rows of [`list_metafields`](Self::list_metafields), page by page as they are asked for. An error ends
    /// the stream.
    pub fn metafields_stream(
        &self,
        owner: &CustomerId,
        query: &MetafieldQuery,
    ) -> impl Stream<Item = Result<MetafieldRecord, Error>> + Send + use<> {
        let (client, owner, query) = (self.clone(), owner.clone(), query.clone());
        stream(&LIST_METAFIELDS, query.cursor.clone(), PageGuard::new(), row_key, move |cursor| {
            let (client, owner, query) = (client.clone(), owner.clone(), MetafieldQuery { cursor, ..query.clone() });
            async move { client.list_metafields(&owner, &query).await }
        })
    }

    /// Counts a customer's metafields: `GET customers/{id}/metafields/count.json`.
    ///
    /// # Errors
    ///
    /// The vendor's refusal, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn count_metafields(&self, owner: &CustomerId) -> Result<Response<Option<u64>>, Error> {
        let route = "customers/{id}/metafields/count.json";
        self.read_count(self.to(&COUNT_METAFIELDS, route, &[("id", owner.as_str())])?).await
    }

    /// Reads a metafield: `GET customers/{id}/metafields/{metafield_id}.json`. None where there is none.
    ///
    /// # Errors
    ///
    /// The vendor's refusal, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn get_metafield(
        &self,
        owner: &CustomerId,
        metafield: &MetafieldId,
    ) -> Result<Option<Response<MetafieldRecord>>, Error> {
        let ids = [("id", owner.as_str()), ("metafield_id", metafield.as_str())];
        self.read(self.to(&GET_METAFIELD, METAFIELD, &ids)?, "metafield").await
    }

    /// Creates a metafield: `POST customers/{id}/metafields.json`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where a part is missing or breaks a limit; else the
    /// vendor's refusal. With [`Effect::Unknown`](crate::Effect::Unknown), look through the metafields first, or use
    /// [`set_metafields`](Self::set_metafields), which may be repeated.
    pub async fn create_metafield(
        &self,
        owner: &CustomerId,
        metafield: &MetafieldInput<'_>,
    ) -> Result<Response<MetafieldRecord>, Error> {
        metafield.validate_one(&CREATE_METAFIELD, owner, true)?;
        let (ids, body) = ([("id", owner.as_str())], MetafieldBody { metafield });
        self.write(self.to_with(&CREATE_METAFIELD, METAFIELDS, &ids, &body)?, "metafield").await
    }

    /// Updates a metafield: `PUT customers/{id}/metafields/{metafield_id}.json`. The body's wrapper is that of a create
    /// (inferred).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where a part breaks a limit; else the vendor's refusal.
    pub async fn update_metafield(
        &self,
        owner: &CustomerId,
        metafield_id: &MetafieldId,
        metafield: &MetafieldInput<'_>,
    ) -> Result<Response<MetafieldRecord>, Error> {
        metafield.validate_one(&UPDATE_METAFIELD, owner, false)?;
        let ids = [("id", owner.as_str()), ("metafield_id", metafield_id.as_str())];
        self.write(self.to_with(&UPDATE_METAFIELD, METAFIELD, &ids, &MetafieldBody { metafield })?, "metafield").await
    }

    /// Removes a metafield: `DELETE customers/{id}/metafields/{metafield_id}.json`.
    ///
    /// # Errors
    ///
    /// The vendor's refusal.
    pub async fn delete_metafield(&self, owner: &CustomerId, metafield: &MetafieldId) -> Result<Response<()>, Error> {
        let ids = [("id", owner.as_str()), ("metafield_id", metafield.as_str())];
        self.write_only(self.to(&DELETE_METAFIELD, METAFIELD, &ids)?).await
    }

    /// Creates or updates up to 25 metafields of any customers: `POST metafields_set.json`. A 200 may hold some that were
    /// set and some that were not (documented): look at all lists of the answer, or use
    /// [`is_complete`](MetafieldsSetRecord::is_complete).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for none or more than 25, or where a part is missing or
    /// breaks a limit; else the vendor's refusal of the whole request.
    pub async fn set_metafields(
        &self,
        metafields: &[OwnedMetafieldInput<'_>],
    ) -> Result<Response<MetafieldsSetRecord>, Error> {
        let mut checks = Validation::new(&SET_METAFIELDS);
        if !(1..=SET_MAX).contains(&metafields.len()) {
            let count = metafields.len();
            checks.refuse("metafields", format!("are {count}, and 1 to {SET_MAX} are allowed"));
        }
        checks.each("metafields", metafields, |checks, owned| owned.metafield.validate(checks, owned.owner_id, true));
        checks.finish()?;
        let item = |owned| {
            let OwnedMetafieldInput { owner_id, metafield }: &OwnedMetafieldInput<'_> = owned;
            SetItem { owner_id: owner_id.as_str(), owner_resource: RESOURCE, metafield }
        };
        let body = SetBody { metafields: metafields.iter().map(item).collect() };
        let request = self.to_with(&SET_METAFIELDS, "metafields_set.json", &[], &body)?;
        let read = |response: &HttpResponse| match object::<SetAnswer>(&response.body) {
            // The list of those that were not set is a part of the answer, whatever else it reports beside that.
            Some(answer) if response.status.is_success() && !answer.fail_metafields.is_empty() => Ok(answer),
            answer => check(response).map(|()| answer.unwrap_or_default()),
        };
        Ok(self.fetch(request, read).await?.map(|answer| account(metafields, answer)))
    }
}
