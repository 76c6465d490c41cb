//! Customer groups, which the vendor calls saved searches.

use chrono::{DateTime, FixedOffset};
use futures::Stream;
use serde::Serialize;

use super::super::client::Shopline;
use super::super::lookup::PAGE_MAX;
use super::super::operations::{
    COUNT_GROUPS, CREATE_GROUP, DELETE_GROUP, GET_GROUP, LIST_GROUP_MEMBERS, LIST_GROUPS, UPDATE_GROUP,
};
use super::super::request::GroupId;
use super::super::response::{CustomerRecord, row_key};
use super::PageOf;
use crate::client::Response;
use crate::client::json::raw::record;
use crate::client::pages::{Cursor, Page, PageGuard, stream};
use crate::client::query::Query;
use crate::error::Error;

const GROUP: &str = "customer_saved_searches/{id}.json";

record! {
    /// A customer group.
    GroupRecord {
        /// The vendor's id.
        id: Option<GroupId>,
        /// The name.
        name: Option<String>,
        /// The customers that belong to it, such as `orders_count:>1`.
        query: Option<String>,
        /// When it was created.
        created_at: Option<DateTime<FixedOffset>>,
        /// When it was last changed.
        updated_at: Option<DateTime<FixedOffset>>,
    }
}

/// A customer group to create or update. Only the name is documented for an update.
#[derive(Clone, Debug, Default, Serialize)]
pub struct GroupInput<'a> {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// The customers that belong to it, such as `orders_count:>1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<&'a str>,
}

#[derive(Serialize)]
struct GroupBody<'a> {
    customer_saved_search: &'a GroupInput<'a>,
}

/// How the members of a group are listed: the one who ordered last first. With a cursor, the vendor takes all but limit
/// and fields from the first request (documented).
#[derive(Clone, Debug, Default)]
pub struct GroupMemberQuery {
    /// How many rows a page holds: 1 to 250. Default: 250.
    pub limit: Option<u16>,
    /// Only these top-level keys of each row; all by default.
    pub fields: Vec<String>,
    /// Where the page starts; none for the first one.
    pub cursor: Option<Cursor>,
    /// The one with the most orders first.
    pub by_orders_count: bool,
}

impl GroupMemberQuery {
    fn written(&self) -> Result<Query, Error> {
        let page = PageOf { max: PAGE_MAX, limit: self.limit, fields: &self.fields, cursor: self.cursor.as_ref() };
        page.query(&LIST_GROUP_MEMBERS, |query| query.push_some("order", self.by_orders_count.then_some(2)))
    }
}

/// A route, with these keys of each row; all where none is named.
fn with_fields(route: &str, fields: &[&str]) -> String {
    let mut query = Query::new();
    query.list("fields", fields);
    query.on(route)
}

impl Shopline {
    /// Lists the store's groups, with these keys of each, or all: `GET customer_saved_searches.json`. No paging is
    /// documented; [`Page::next`] shows where the vendor names another page all the same.
    ///
    /// # Errors
    ///
    /// The vendor's refusal, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_groups(&self, fields: &[&str]) -> Result<Response<Page<GroupRecord>>, Error> {
        let route = with_fields("customer_saved_searches.json", fields);
        self.read_page(self.to(&LIST_GROUPS, &route, &[])?, "customer_saved_searches").await
    }

    /// Counts the store's groups, or those after this one: `GET customer_saved_searches/count.json`.
    ///
    /// # Errors
    ///
    /// The vendor's refusal, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn count_groups(&self, since_id: Option<&GroupId>) -> Result<Response<Option<u64>>, Error> {
        let mut query = Query::new();
        query.push_some("since_id", since_id);
        self.read_count(self.to(&COUNT_GROUPS, &query.on("customer_saved_searches/count.json"), &[])?).await
    }

    /// Reads a group: `GET customer_saved_searches/{id}.json`. None where there is none.
    ///
    /// # Errors
    ///
    /// The vendor's refusal, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn get_group(&self, id: &GroupId, fields: &[&str]) -> Result<Option<Response<GroupRecord>>, Error> {
        let request = self.to(&GET_GROUP, &with_fields(GROUP, fields), &[("id", id.as_str())])?;
        self.read(request, "customer_saved_search").await
    }

    /// Creates a group: `POST customer_saved_searches.json`.
    ///
    /// # Errors
    ///
    /// The vendor's refusal. With [`Effect::Unknown`](crate::Effect::Unknown), look through the groups first.
    pub async fn create_group(&self, group: &GroupInput<'_>) -> Result<Response<GroupRecord>, Error> {
        let body = GroupBody { customer_saved_search: group };
        let request = self.to_with(&CREATE_GROUP, "customer_saved_searches.json", &[], &body)?;
        self.write(request, "customer_saved_search").await
    }

    /// Updates a group: `PUT customer_saved_searches/{id}.json`. Only the name is documented; a query is sent where it is
    /// given, and what the vendor does with it is unknown.
    ///
    /// # Errors
    ///
    /// The vendor's refusal.
    pub async fn update_group(&self, id: &GroupId, group: &GroupInput<'_>) -> Result<Response<GroupRecord>, Error> {
        let body = GroupBody { customer_saved_search: group };
        let request = self.to_with(&UPDATE_GROUP, GROUP, &[("id", id.as_str())], &body)?;
        self.write(request, "customer_saved_search").await
    }

    /// Removes a group, and none of its members: `DELETE customer_saved_searches/{id}.json`.
    ///
    /// # Errors
    ///
    /// The vendor's refusal.
    pub async fn delete_group(&self, id: &GroupId) -> Result<Response<()>, Error> {
        self.write_only(self.to(&DELETE_GROUP, GROUP, &[("id", id.as_str())])?).await
    }

    /// Lists a page of a group's members: `GET customer_saved_searches/{id}/customers.json`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a cursor that the vendor cannot have written; else
    /// the vendor's refusal, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_group_members(
        &self,
        id: &GroupId,
        query: &GroupMemberQuery,
    ) -> Result<Response<Page<CustomerRecord>>, Error> {
        let route = query.written()?.on("customer_saved_searches/{id}/customers.json");
        self.read_page(self.to(&LIST_GROUP_MEMBERS, &route, &[("id", id.as_str())])?, "customers").await
    }

    /// Streams the rows of [`list_group_members`](Self::list_group_members), page by page as they are asked for. An error
    /// ends the stream.
    pub fn group_members_stream(
        &self,
        id: &GroupId,
        query: &GroupMemberQuery,
    ) -> impl Stream<Item = Result<CustomerRecord, Error>> + Send + use<> {
        let (client, id, query) = (self.clone(), id.clone(), query.clone());
        stream(&LIST_GROUP_MEMBERS, query.cursor.clone(), PageGuard::new(), row_key, move |cursor| {
            let (client, id, query) = (client.clone(), id.clone(), GroupMemberQuery { cursor, ..query.clone() });
            async move { client.list_group_members(&id, &query).await }
        })
    }
}
