//! Metafields of customers: values of one's own, by namespace and key.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use futures::Stream;
use http::Method;
use serde::{Deserialize, Serialize};

use super::super::client::{Shopline, body};
use super::super::native::Answered;
use super::super::paging::{Keyed, Page, PageInfo, follow};
use super::super::query::{PAGE_MAX, PageSize, Query, page_size};
use super::super::record::{Listed, id, list, moment, object, text};
use super::super::wire::{CustomerId, MetafieldId};
use super::customers::Nothing;
use super::{Ask, or_nothing, refuse};
use crate::client::Operation;
use crate::client::json::lenient::lenient_text;
use crate::error::{Error, FieldError};

static LIST: Operation = Operation::bare_read("list_metafields");
static COUNT: Operation = Operation::bare_read("count_metafields");
static GET: Operation = Operation::bare_read("get_metafield");
static CREATE: Operation = Operation::bare_write("create_metafield");
static UPDATE: Operation = Operation::bare_idempotent_write("update_metafield");
static DELETE: Operation = Operation::bare_idempotent_write("delete_metafield");
static SET: Operation = Operation::bare_idempotent_write("set_metafields");

/// How many metafields one request sets at most (documented).
const SET_MAX: usize = 25;
const RESOURCE: &str = "customers";

/// A metafield as the vendor shows it.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Metafield {
    /// The vendor's id.
    #[serde(deserialize_with = "metafield_id")]
    pub id: Option<MetafieldId>,
    /// The customer.
    #[serde(deserialize_with = "id")]
    pub owner_id: Option<CustomerId>,
    /// The kind of the owner: `customers`.
    #[serde(deserialize_with = "lenient_text")]
    pub owner_resource: Option<String>,
    /// Namespace.
    #[serde(deserialize_with = "lenient_text")]
    pub namespace: Option<String>,
    /// Key.
    #[serde(deserialize_with = "lenient_text")]
    pub key: Option<String>,
    /// The type of the value, in the vendor's words.
    #[serde(rename = "type", deserialize_with = "lenient_text")]
    pub value_type: Option<String>,
    /// The value; the vendor keeps a text whatever the type (documented).
    #[serde(deserialize_with = "lenient_text")]
    pub value: Option<String>,
    /// Description.
    #[serde(deserialize_with = "lenient_text")]
    pub description: Option<String>,
    /// When it was made.
    #[serde(deserialize_with = "moment")]
    pub created_at: Option<DateTime<FixedOffset>>,
    /// When it was last changed.
    #[serde(deserialize_with = "moment")]
    pub updated_at: Option<DateTime<FixedOffset>>,
}

/// A metafield that was not set.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FailedMetafield {
    /// The customer.
    #[serde(deserialize_with = "id")]
    pub owner_id: Option<CustomerId>,
    /// The kind of the owner.
    #[serde(deserialize_with = "lenient_text")]
    pub owner_resource: Option<String>,
    /// Namespace.
    #[serde(deserialize_with = "lenient_text")]
    pub namespace: Option<String>,
    /// Key.
    #[serde(deserialize_with = "lenient_text")]
    pub key: Option<String>,
    /// Why, in the vendor's words, which may repeat the value: not for logs.
    #[serde(deserialize_with = "lenient_text")]
    pub errors: Option<String>,
}

macro_rules! named_debug {
    ($($name:ident),+) => {
        /// Shows namespace and key.
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut out = f.debug_struct(stringify!($name));
                out.field("namespace", &self.namespace).field("key", &self.key).finish_non_exhaustive()
            }
        })+
    };
}

named_debug!(Metafield, FailedMetafield);

impl Keyed for Metafield {
    fn key(&self) -> Option<&str> {
        self.id.as_ref().map(MetafieldId::as_str)
    }
}

fn metafield_id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<MetafieldId>, D::Error> {
    Ok(text(deserializer)?.map(MetafieldId))
}

/// What a metafield is made of. The limits are documented and checked before anything is sent; for a create, namespace,
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
    fn problems(&self, prefix: &str, owner: &CustomerId, is_new: bool) -> Vec<FieldError> {
        let mut problems = Vec::new();
        let mut length = |name: &str, text: Option<&str>, least: usize, most: usize| {
            let Some(length) = text.map(|text| text.chars().count()) else { return };
            if length < least {
                let message = format!("is {length} characters long, and {least} are needed");
                problems.push(FieldError::new(format!("{prefix}{name}"), message));
            } else if length > most {
                let message = format!("is {length} characters long, and {most} are allowed");
                problems.push(FieldError::new(format!("{prefix}{name}"), message));
            }
        };
        length("owner_id", Some(owner.as_str()), 0, 128);
        length("namespace", self.namespace, 2, 50);
        length("key", self.key, 3, 30);
        length("value", self.value, 0, 500_000);
        length("description", self.description, 0, 255);
        let is_key = |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if self.key.is_some_and(|key| !is_key(key)) {
            problems.push(FieldError::new(format!("{prefix}key"), "takes letters, digits, - and _ alone"));
        }
        if is_new {
            let parts =
                [("namespace", self.namespace), ("key", self.key), ("type", self.value_type), ("value", self.value)];
            let missing = parts.iter().filter(|(_, text)| text.is_none());
            problems.extend(missing.map(|(name, _)| FieldError::new(format!("{prefix}{name}"), "is missing")));
        }
        problems
    }
}

/// A metafield and the customer whose it is.
#[derive(Clone, Debug)]
pub struct OwnedMetafield<'a> {
    /// The customer.
    pub owner_id: &'a CustomerId,
    /// The metafield.
    pub metafield: MetafieldInput<'a>,
}

/// What became of metafields that were set together: some may have been set and others not, in one answer that is
/// neither a success nor an error.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct MetafieldsSet {
    /// Those that were set.
    pub set: Vec<Metafield>,
    /// Those that were not.
    pub failed: Vec<FailedMetafield>,
    /// The positions of those of which the answer says nothing, so that nobody can tell what became of them.
    pub unmentioned: Vec<usize>,
}

impl MetafieldsSet {
    /// Whether the vendor says of every one that it was set.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.unmentioned.is_empty()
    }
}

/// Which metafields of a customer a list shows; all of them by default.
#[derive(Clone, Debug, Default)]
pub struct MetafieldList {
    size: PageSize,
    namespace: Option<String>,
    key: Option<String>,
    value_type: Option<String>,
    since_id: Option<MetafieldId>,
    created_at: (Option<DateTime<FixedOffset>>, Option<DateTime<FixedOffset>>),
    updated_at: (Option<DateTime<FixedOffset>>, Option<DateTime<FixedOffset>>),
}

impl MetafieldList {
    page_size!("250");

    /// All metafields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only those of this namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Only those with this key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Only those of this type.
    #[must_use]
    pub fn value_type(mut self, value_type: impl Into<String>) -> Self {
        self.value_type = Some(value_type.into());
        self
    }

    /// Only those after this one.
    #[must_use]
    pub fn since_id(mut self, id: impl Into<MetafieldId>) -> Self {
        self.since_id = Some(id.into());
        self
    }

    /// Only those made between these moments (that both are included is inferred from the list of customers).
    #[must_use]
    pub fn created(mut self, from: Option<DateTime<FixedOffset>>, to: Option<DateTime<FixedOffset>>) -> Self {
        self.created_at = (from, to);
        self
    }

    /// Only those last changed between these moments.
    #[must_use]
    pub fn updated(mut self, from: Option<DateTime<FixedOffset>>, to: Option<DateTime<FixedOffset>>) -> Self {
        self.updated_at = (from, to);
        self
    }

    fn query(&self, page: Option<&PageInfo>) -> Query {
        self.size.query(PAGE_MAX, page, |query| {
            query.option("namespace", self.namespace.as_deref());
            query.option("key", self.key.as_deref());
            query.option("type", self.value_type.as_deref());
            query.option("since_id", self.since_id.as_ref().map(MetafieldId::as_str));
            query.time("created_at_min", self.created_at.0);
            query.time("created_at_max", self.created_at.1);
            query.time("updated_at_min", self.updated_at.0);
            query.time("updated_at_max", self.updated_at.1);
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
#[serde(default)]
struct MetafieldAnswer {
    #[serde(deserialize_with = "object")]
    metafield: Option<Metafield>,
}

#[derive(Deserialize)]
struct MetafieldsAnswer {
    #[serde(deserialize_with = "list")]
    metafields: Vec<Metafield>,
}

impl Listed for MetafieldsAnswer {
    type Item = Metafield;

    fn items(self) -> Vec<Metafield> {
        self.metafields
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SetAnswer {
    #[serde(deserialize_with = "list")]
    metafields: Vec<Metafield>,
    #[serde(deserialize_with = "list")]
    fail_metafields: Vec<FailedMetafield>,
}

/// What an answer says of what was sent.
fn account(sent: &[OwnedMetafield<'_>], answer: SetAnswer) -> MetafieldsSet {
    let names = |owner: Option<&CustomerId>, namespace: Option<&str>, key: Option<&str>, of: &OwnedMetafield<'_>| {
        // An owner that the answer leaves out could be any.
        owner.is_none_or(|owner| owner == of.owner_id) && namespace == of.metafield.namespace && key == of.metafield.key
    };
    let is_mentioned = |of: &OwnedMetafield<'_>| {
        answer.metafields.iter().any(|m| names(m.owner_id.as_ref(), m.namespace.as_deref(), m.key.as_deref(), of))
            || answer
                .fail_metafields
                .iter()
                .any(|m| names(m.owner_id.as_ref(), m.namespace.as_deref(), m.key.as_deref(), of))
    };
    let unmentioned = (0..).zip(sent).filter(|(_, of)| !is_mentioned(of)).map(|(index, _)| index).collect();
    MetafieldsSet { set: answer.metafields, failed: answer.fail_metafields, unmentioned }
}

impl Shopline {
    /// A page of a customer's metafields: `GET customers/{id}/metafields.json`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_metafields(
        &self,
        owner: &CustomerId,
        list: &MetafieldList,
        page: Option<&PageInfo>,
    ) -> Result<Answered<Page<Metafield>>, Error> {
        let ids = [("id", owner.as_str())];
        let ask = Ask::get(&LIST, "customers/{id}/metafields.json").ids(&ids).query(list.query(page));
        self.paging::<MetafieldsAnswer>(ask).await
    }

    /// A customer's metafields, page by page as they are asked for. An error ends the stream.
    pub fn metafields(
        &self,
        owner: CustomerId,
        list: MetafieldList,
    ) -> impl Stream<Item = Result<Metafield, Error>> + Send + use<> {
        let client = self.clone();
        follow(LIST.name, move |page| {
            let (client, owner, list) = (client.clone(), owner.clone(), list.clone());
            async move { client.list_metafields(&owner, &list, page.as_ref()).await }
        })
    }

    /// How many metafields a customer has: `GET customers/{id}/metafields/count.json`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it.
    pub async fn count_metafields(&self, owner: &CustomerId) -> Result<Answered<Option<u64>>, Error> {
        let ids = [("id", owner.as_str())];
        self.counting(Ask::get(&COUNT, "customers/{id}/metafields/count.json").ids(&ids)).await
    }

    /// Reads a metafield: `GET customers/{id}/metafields/{metafield_id}.json`. None where there is none.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn get_metafield(
        &self,
        owner: &CustomerId,
        metafield: &MetafieldId,
    ) -> Result<Option<Answered<Metafield>>, Error> {
        let ids = [("id", owner.as_str()), ("metafield_id", metafield.as_str())];
        let ask = Ask::get(&GET, "customers/{id}/metafields/{metafield_id}.json").ids(&ids);
        let answered = or_nothing(self.reading::<MetafieldAnswer>(ask).await)?;
        Ok(answered.and_then(|answered| answered.present(|answer| answer.metafield)))
    }

    /// Makes a metafield: `POST customers/{id}/metafields.json`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where a part is missing or breaks a limit; else as the
    /// vendor refuses it. With [`Effect::Unknown`](crate::Effect::Unknown), look through the metafields first, or use
    /// [`set_metafields`](Self::set_metafields), which may be repeated.
    pub async fn create_metafield(
        &self,
        owner: &CustomerId,
        metafield: &MetafieldInput<'_>,
    ) -> Result<Answered<Metafield>, Error> {
        let problems = metafield.problems("metafield.", owner, true);
        if !problems.is_empty() {
            return refuse(&CREATE, problems);
        }
        let ids = [("id", owner.as_str())];
        let body = body(&MetafieldBody { metafield })?;
        let ask = Ask::new(&CREATE, Method::POST, "customers/{id}/metafields.json").ids(&ids).body(body);
        Ok(self.writing::<MetafieldAnswer>(ask).await?.map(|answer| answer.metafield.unwrap_or_default()))
    }

    /// Changes a metafield: `PUT customers/{id}/metafields/{metafield_id}.json`. The body's wrapper is that of a create
    /// (inferred).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where a part breaks a limit; else as the vendor refuses
    /// it.
    pub async fn update_metafield(
        &self,
        owner: &CustomerId,
        metafield_id: &MetafieldId,
        metafield: &MetafieldInput<'_>,
    ) -> Result<Answered<Metafield>, Error> {
        let problems = metafield.problems("metafield.", owner, false);
        if !problems.is_empty() {
            return refuse(&UPDATE, problems);
        }
        let ids = [("id", owner.as_str()), ("metafield_id", metafield_id.as_str())];
        let body = body(&MetafieldBody { metafield })?;
        let ask = Ask::new(&UPDATE, Method::PUT, "customers/{id}/metafields/{metafield_id}.json").ids(&ids).body(body);
        Ok(self.writing::<MetafieldAnswer>(ask).await?.map(|answer| answer.metafield.unwrap_or_default()))
    }

    /// Removes a metafield: `DELETE customers/{id}/metafields/{metafield_id}.json`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it.
    pub async fn delete_metafield(&self, owner: &CustomerId, metafield: &MetafieldId) -> Result<Answered<()>, Error> {
        let ids = [("id", owner.as_str()), ("metafield_id", metafield.as_str())];
        let ask = Ask::new(&DELETE, Method::DELETE, "customers/{id}/metafields/{metafield_id}.json").ids(&ids);
        Ok(self.writing::<Nothing>(ask).await?.map(|_| ()))
    }

    /// Makes or changes up to 25 metafields of any customers: `POST metafields_set.json`. A 200 may hold some that were
    /// set and some that were not (documented): look at all lists of the answer, or ask
    /// [`is_complete`](MetafieldsSet::is_complete).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for none or more than 25, or where a part is missing or
    /// breaks a limit; else as the vendor refuses the whole request.
    pub async fn set_metafields(&self, metafields: &[OwnedMetafield<'_>]) -> Result<Answered<MetafieldsSet>, Error> {
        let mut problems = Vec::new();
        if !(1..=SET_MAX).contains(&metafields.len()) {
            let count = metafields.len();
            problems.push(FieldError::new("metafields", format!("are {count}, and 1 to {SET_MAX} are allowed")));
        }
        for (index, owned) in metafields.iter().enumerate() {
            problems.extend(owned.metafield.problems(&format!("metafields[{index}]."), owned.owner_id, true));
        }
        if !problems.is_empty() {
            return refuse(&SET, problems);
        }
        let item = |owned| {
            let OwnedMetafield { owner_id, metafield }: &OwnedMetafield<'_> = owned;
            SetItem { owner_id: owner_id.as_str(), owner_resource: RESOURCE, metafield }
        };
        let body = body(&SetBody { metafields: metafields.iter().map(item).collect() })?;
        let ask = Ask::new(&SET, Method::POST, "metafields_set.json").body(body);
        Ok(self.writing::<SetAnswer>(ask).await?.map(|answer| account(metafields, answer)))
    }
}
