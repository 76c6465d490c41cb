//! Customer groups, which the vendor calls saved searches.

use chrono::{DateTime, FixedOffset};
use futures::Stream;
use http::Method;
use serde::{Deserialize, Serialize};

use super::super::client::{Shopline, body};
use super::super::native::Answered;
use super::super::paging::{Keyed, Page, PageInfo, follow};
use super::super::query::{PAGE_MAX, PageSize, Query, page_size};
use super::super::record::{CustomerRecord, CustomersAnswer, Listed, list, moment, object, text};
use super::super::wire::GroupId;
use super::customers::Nothing;
use super::{Ask, or_nothing};
use crate::client::Operation;
use crate::client::json::lenient::lenient_text;
use crate::error::Error;

static LIST: Operation = Operation::bare_read("list_groups");
static COUNT: Operation = Operation::bare_read("count_groups");
static GET: Operation = Operation::bare_read("get_group");
static CREATE: Operation = Operation::bare_write("create_group");
static UPDATE: Operation = Operation::bare_idempotent_write("update_group");
static DELETE: Operation = Operation::bare_idempotent_write("delete_group");
static MEMBERS: Operation = Operation::bare_read("list_group_members");

/// A customer group.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SavedSearch {
    /// The vendor's id.
    #[serde(deserialize_with = "group_id")]
    pub id: Option<GroupId>,
    /// The name.
    #[serde(deserialize_with = "lenient_text")]
    pub name: Option<String>,
    /// Who belongs to it, such as `orders_count:>1`.
    #[serde(deserialize_with = "lenient_text")]
    pub query: Option<String>,
    /// When it was made.
    #[serde(deserialize_with = "moment")]
    pub created_at: Option<DateTime<FixedOffset>>,
    /// When it was last changed.
    #[serde(deserialize_with = "moment")]
    pub updated_at: Option<DateTime<FixedOffset>>,
}

impl Keyed for SavedSearch {
    fn key(&self) -> Option<&str> {
        self.id.as_ref().map(GroupId::as_str)
    }
}

fn group_id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<GroupId>, D::Error> {
    Ok(text(deserializer)?.map(GroupId))
}

/// What a group is made of. An update documents the name alone.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SavedSearchFields<'a> {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// Who belongs to it, such as `orders_count:>1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<&'a str>,
}

#[derive(Serialize)]
struct GroupBody<'a> {
    customer_saved_search: &'a SavedSearchFields<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GroupAnswer {
    #[serde(deserialize_with = "object")]
    customer_saved_search: Option<SavedSearch>,
}

#[derive(Deserialize)]
struct GroupsAnswer {
    #[serde(deserialize_with = "list")]
    customer_saved_searches: Vec<SavedSearch>,
}

impl Listed for GroupsAnswer {
    type Item = SavedSearch;

    fn items(self) -> Vec<SavedSearch> {
        self.customer_saved_searches
    }
}

/// How the members of a group are listed.
#[derive(Clone, Debug, Default)]
pub struct GroupMembers {
    size: PageSize,
    by_orders: bool,
}

impl GroupMembers {
    page_size!("250");

    /// The one who ordered last first.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The one with the most orders first.
    #[must_use]
    pub fn by_orders_count(mut self) -> Self {
        self.by_orders = true;
        self
    }

    fn query(&self, page: Option<&PageInfo>) -> Query {
        self.size.query(PAGE_MAX, page, |query| {
            if self.by_orders {
                query.push("order", "2");
            }
        })
    }
}

fn fields_query(fields: &[&str]) -> Query {
    let mut query = Query::default();
    query.list("fields", fields.iter().copied());
    query
}

impl Shopline {
    /// The store's groups: `GET customer_saved_searches.json`, with these keys of each, or all. No paging is documented;
    /// [`Page::next`] tells where the vendor names another page all the same.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_groups(&self, fields: &[&str]) -> Result<Answered<Page<SavedSearch>>, Error> {
        self.paging::<GroupsAnswer>(Ask::get(&LIST, "customer_saved_searches.json").query(fields_query(fields))).await
    }

    /// How many groups the store has, or has after this one: `GET customer_saved_searches/count.json`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it.
    pub async fn count_groups(&self, since_id: Option<&GroupId>) -> Result<Answered<Option<u64>>, Error> {
        let mut query = Query::default();
        query.option("since_id", since_id.map(GroupId::as_str));
        self.counting(Ask::get(&COUNT, "customer_saved_searches/count.json").query(query)).await
    }

    /// Reads a group: `GET customer_saved_searches/{id}.json`. None where there is none.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn get_group(&self, id: &GroupId, fields: &[&str]) -> Result<Option<Answered<SavedSearch>>, Error> {
        let ids = [("id", id.as_str())];
        let ask = Ask::get(&GET, "customer_saved_searches/{id}.json").ids(&ids).query(fields_query(fields));
        let answered = or_nothing(self.reading::<GroupAnswer>(ask).await)?;
        Ok(answered.and_then(|answered| answered.present(|answer| answer.customer_saved_search)))
    }

    /// Makes a group: `POST customer_saved_searches.json`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it. With [`Effect::Unknown`](crate::Effect::Unknown), look through the groups first.
    pub async fn create_group(&self, fields: &SavedSearchFields<'_>) -> Result<Answered<SavedSearch>, Error> {
        let body = body(&GroupBody { customer_saved_search: fields })?;
        let ask = Ask::new(&CREATE, Method::POST, "customer_saved_searches.json").body(body);
        Ok(self.writing::<GroupAnswer>(ask).await?.map(|answer| answer.customer_saved_search.unwrap_or_default()))
    }

    /// Changes a group: `PUT customer_saved_searches/{id}.json`. Only the name is documented; a query is sent where it
    /// is given, and what becomes of it is unknown.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it.
    pub async fn update_group(
        &self,
        id: &GroupId,
        fields: &SavedSearchFields<'_>,
    ) -> Result<Answered<SavedSearch>, Error> {
        let body = body(&GroupBody { customer_saved_search: fields })?;
        let ids = [("id", id.as_str())];
        let ask = Ask::new(&UPDATE, Method::PUT, "customer_saved_searches/{id}.json").ids(&ids).body(body);
        Ok(self.writing::<GroupAnswer>(ask).await?.map(|answer| answer.customer_saved_search.unwrap_or_default()))
    }

    /// Removes a group, and none of its members: `DELETE customer_saved_searches/{id}.json`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it.
    pub async fn delete_group(&self, id: &GroupId) -> Result<Answered<()>, Error> {
        let ids = [("id", id.as_str())];
        let ask = Ask::new(&DELETE, Method::DELETE, "customer_saved_searches/{id}.json").ids(&ids);
        Ok(self.writing::<Nothing>(ask).await?.map(|_| ()))
    }

    /// A page of a group's members: `GET customer_saved_searches/{id}/customers.json`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_group_members(
        &self,
        id: &GroupId,
        members: &GroupMembers,
        page: Option<&PageInfo>,
    ) -> Result<Answered<Page<CustomerRecord>>, Error> {
        let ids = [("id", id.as_str())];
        let ask = Ask::get(&MEMBERS, "customer_saved_searches/{id}/customers.json").ids(&ids);
        self.paging::<CustomersAnswer>(ask.query(members.query(page))).await
    }

    /// A group's members, page by page as they are asked for. An error ends the stream.
    pub fn group_members(
        &self,
        id: GroupId,
        members: GroupMembers,
    ) -> impl Stream<Item = Result<CustomerRecord, Error>> + Send + use<> {
        let client = self.clone();
        follow(MEMBERS.name, move |page| {
            let (client, id, members) = (client.clone(), id.clone(), members.clone());
            async move { client.list_group_members(&id, &members, page.as_ref()).await }
        })
    }
}
