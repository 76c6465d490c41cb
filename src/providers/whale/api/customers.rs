//! Customers: create, read, update, delete, list.

use std::fmt;

use futures::stream::Stream;

use super::super::client::Whale;
use super::super::error::check;
use super::super::operations::{
    CREATE_CUSTOMER, CREATE_CUSTOMER_WITHOUT_EMAIL, DELETE_CUSTOMER, GET_CUSTOMER, LIST_CUSTOMERS, UPDATE_CUSTOMER,
};
use super::super::request::{CustomerId, CustomerInput, CustomerSort, SegmentId};
use super::super::response::{CustomerRecord, read_customer};
use super::super::upsert::{Circumstances, CreateAnswer, CreateOutcome};
use super::existing;
use super::pages::List;
use super::query::{DateBound, limited};
use crate::client::api::ApiClient;
use crate::client::pages::{Cursor, Page};
use crate::client::query::Query;
use crate::client::response::{Response, decode, decode_lossy};
use crate::error::Error;

impl Whale {
    /// `GET customers/{id}`. None where the vendor says that there is no such customer; a 404 without a body of the
    /// vendor's is an error, since something else may have answered.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) where the answer cannot be read.
    pub async fn get_customer(&self, id: &CustomerId) -> Result<Option<Response<CustomerRecord>>, Error> {
        let request = self.bare(&GET_CUSTOMER, &self.0.urls.customer).with_ids(&[("id", id.as_str())])?;
        existing(self.fetch(request, decode(check, read_customer)).await)
    }

    /// `POST customers`: creates the customer, or returns the one who has this e-mail address (documented), unmodified
    /// (inferred). See [`CreateOutcome::customer`] for who else the vendor may return.
    ///
    /// It is sent again after a lost answer: by the unique e-mail address, repeats converge. Without an e-mail address,
    /// which the vendor may take (seen), it is sent once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), with nothing sent, where the e-mail address is blank
    /// or a field is to be cleared.
    pub async fn create_customer(&self, input: &CustomerInput<'_>) -> Result<Response<CreateOutcome>, Error> {
        let operation = if input.email.is_leave() { &CREATE_CUSTOMER_WITHOUT_EMAIL } else { &CREATE_CUSTOMER };
        input.validate_create(operation)?;
        let request = self.json(operation, &self.0.urls.customers, input)?;
        let mut call = self.0.account.call();
        let answer = self.send(&mut call, &request, decode_lossy(check, CreateAnswer::read)).await?;
        let created_at = answer.value.record.as_ref().and_then(|record| record.created_at);
        let circumstances = Circumstances {
            is_repeat: call.had_unknown_attempt(),
            created_since_start: created_at.is_some_and(|at| call.created_since_start(at.to_utc())),
            trusts_status: self.0.settings.assumptions.trust_created_status,
        };
        Ok(answer.map(|answer| {
            let is_new = answer.is_new(input, circumstances);
            CreateOutcome { customer: answer.record, is_new }
        }))
    }

    /// `PATCH customers/{id}`: writes what `input` does not leave alone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), with nothing sent, where nothing is to be changed;
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) presumably where the e-mail address or phone is another
    /// customer's (inferred); [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id.
    pub async fn update_customer(
        &self,
        id: &CustomerId,
        input: &CustomerInput<'_>,
    ) -> Result<Response<CustomerRecord>, Error> {
        input.validate_update(&UPDATE_CUSTOMER)?;
        let request = self.json(&UPDATE_CUSTOMER, &self.0.urls.customer, input)?;
        let request = request.with_ids(&[("id", id.as_str())])?;
        self.fetch(request, decode_lossy(check, read_customer)).await
    }

    /// `DELETE customers/{id}`: deletes the record, which is no erasure of the person's data (see
    /// [`request_erasure`](Self::request_erasure)).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id, unless an attempt whose answer got lost may
    /// have deleted it.
    pub async fn delete_customer(&self, id: &CustomerId) -> Result<Response<()>, Error> {
        let request = self.bare(&DELETE_CUSTOMER, &self.0.urls.customer);
        self.delete_one(request.with_ids(&[("id", id.as_str())])?).await
    }

    /// `GET customers`: one page of a search or a list, newest first (inferred).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) where the answer cannot be read;
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) where the vendor does not know a parameter.
    pub async fn list_customers(&self, query: &CustomerQuery) -> Result<Response<Page<CustomerRecord>>, Error> {
        self.customers(query).page(query.start.as_ref()).await
    }

    /// Every row of a search or a list, page by page as they are asked for. See [`list_customers`](Self::list_customers).
    ///
    /// After an error of a request the stream ends, and so it does where the vendor ignores how the next page is asked
    /// for, with a hint to [`Assumptions::continuation`](crate::providers::whale::Assumptions::continuation).
    pub fn customers_stream(
        &self,
        query: &CustomerQuery,
    ) -> impl Stream<Item = Result<CustomerRecord, Error>> + Send + use<> {
        self.customers(query).stream(query.start.clone())
    }

    pub(in super::super) fn customers(&self, query: &CustomerQuery) -> List {
        let assumptions = &self.0.settings.assumptions;
        let mut pairs = Query::with_arrays(assumptions.array_style);
        query.write(&mut pairs, &assumptions.search_key, &assumptions.segment_key);
        List::new(self, &LIST_CUSTOMERS, self.0.urls.customers.as_str(), None, &pairs)
    }
}

/// The direction of a sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SortOrder {
    /// Smallest or earliest first (inferred).
    Ascending,
    /// Largest or latest first (documented).
    Descending,
}

/// What [`Whale::list_customers`] asks for. All parts are optional. The vendor may ignore a filter that it does not know,
/// and answer with everybody.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct CustomerQuery {
    /// Full-text search over name, e-mail and phone (documented). It is no filter: hits need not be equal.
    pub search: Option<String>,
    /// Customers with these tags (documented); whether one is enough or all are needed is unknown.
    pub tags: Vec<String>,
    /// Created at this time or later (documented).
    pub created_after: Option<DateBound>,
    /// Created before this time (inferred).
    pub created_before: Option<DateBound>,
    /// Members of this segment. The filter is documented, its name is not: see
    /// [`Assumptions::segment_key`](crate::providers::whale::Assumptions::segment_key).
    pub segment: Option<SegmentId>,
    /// What to sort by.
    pub sort: Option<CustomerSort>,
    /// In which direction.
    pub order: Option<SortOrder>,
    /// Rows on a page, 1 to 100; the vendor's default is 25 (both documented for sibling lists).
    pub limit: Option<u8>,
    /// Further parameters, by name and value, for what is promised without a syntax: filters by custom fields.
    pub extra_params: Vec<(String, String)>,
    /// Where to start: the [`next`](crate::client::Page::next) of a page read before.
    pub start: Option<Cursor>,
}

impl CustomerQuery {
    /// A search.
    #[must_use]
    pub fn search(text: impl Into<String>) -> Self {
        Self { search: Some(text.into()), ..Self::default() }
    }

    /// Customers with these tags, beside those that are asked for already.
    #[must_use]
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Created at this time or later.
    #[must_use]
    pub fn created_after(mut self, bound: impl Into<DateBound>) -> Self {
        self.created_after = Some(bound.into());
        self
    }

    /// Created before this time.
    #[must_use]
    pub fn created_before(mut self, bound: impl Into<DateBound>) -> Self {
        self.created_before = Some(bound.into());
        self
    }

    /// Members of this segment.
    #[must_use]
    pub fn segment(mut self, id: SegmentId) -> Self {
        self.segment = Some(id);
        self
    }

    /// Sorted by this.
    #[must_use]
    pub fn sort(mut self, by: CustomerSort, order: SortOrder) -> Self {
        self.sort = Some(by);
        self.order = Some(order);
        self
    }

    /// Rows on a page, 1 to 100.
    #[must_use]
    pub fn limit(mut self, rows: u8) -> Self {
        self.limit = Some(rows);
        self
    }

    /// A further parameter.
    #[must_use]
    pub fn extra_param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.extra_params.push((name.into(), value.into()));
        self
    }

    /// Where to start.
    #[must_use]
    pub fn start(mut self, start: Cursor) -> Self {
        self.start = Some(start);
        self
    }

    fn write(&self, pairs: &mut Query, search_key: &str, segment_key: &str) {
        pairs.push_some(search_key, self.search.as_deref());
        pairs.list("tags", &self.tags);
        pairs.push_some("created_after", self.created_after);
        pairs.push_some("created_before", self.created_before);
        pairs.push_some(segment_key, self.segment.as_ref());
        pairs.push_some("sort", self.sort.as_ref());
        let order = self.order.map(|order| match order {
            SortOrder::Ascending => "asc",
            SortOrder::Descending => "desc",
        });
        pairs.push_some("order", order);
        for (name, value) in &self.extra_params {
            pairs.push(name, value);
        }
        pairs.push_some("limit", limited(self.limit));
    }
}

/// Shows no search and no value of a filter: they may hold a person's data.
impl fmt::Debug for CustomerQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerQuery")
            .field("segment", &self.segment)
            .field("sort", &self.sort)
            .field("order", &self.order)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, FixedOffset, NaiveDate};

    use super::*;
    use crate::client::query::ArrayStyle;

    fn written(query: &CustomerQuery, arrays: ArrayStyle) -> String {
        let mut pairs = Query::with_arrays(arrays);
        query.write(&mut pairs, "search", "segment_id");
        pairs.on("")
    }

    #[test]
    fn a_query_is_written_in_the_vendors_words() {
        let query = CustomerQuery::search("nora+1@")
            .tags(["vip", "a,b & c"])
            .created_after("2026-01-01".parse::<NaiveDate>().unwrap())
            .created_before("2026-02-01T01:00:00.5+01:00".parse::<DateTime<FixedOffset>>().unwrap())
            .segment("seg_1".into())
            .sort(CustomerSort::LastOrderAt, SortOrder::Descending)
            .extra_param("metadata[rep]", "mike_d")
            .limit(200);
        let rest = "&created_after=2026-01-01&created_before=2026-02-01T00%3A00%3A00.500Z&segment_id=seg_1\
                    &sort=last_order_at&order=desc&metadata%5Brep%5D=mike_d&limit=100";
        for (arrays, tags) in [
            (ArrayStyle::Commas, "tags=vip,a%2Cb%20%26%20c"),
            (ArrayStyle::Repeated, "tags=vip&tags=a%2Cb%20%26%20c"),
            (ArrayStyle::Brackets, "tags[]=vip&tags[]=a%2Cb%20%26%20c"),
        ] {
            assert_eq!(written(&query, arrays), format!("?search=nora%2B1%40&{tags}{rest}"));
        }
        assert_eq!(written(&CustomerQuery::default(), ArrayStyle::Commas), "");
        assert!(!format!("{query:?}").contains("nora"));
    }
}
