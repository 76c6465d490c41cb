//! Segments: groups of customers, by rules or by a fixed list.

use futures::stream::Stream;

use super::super::client::Whale;
use super::super::operations::{CREATE_SEGMENT, DELETE_SEGMENT, GET_SEGMENT, LIST_SEGMENTS, UPDATE_SEGMENT};
use super::super::request::{SegmentId, SegmentInput};
use super::super::response::SegmentRecord;
use super::pages::List;
use super::query::{PageQuery, limited};
use crate::client::api::ApiClient;
use crate::client::pages::Page;
use crate::client::query::Query;
use crate::client::response::Response;
use crate::error::Error;

impl Whale {
    /// `GET customer-segments/{id}`: a segment and how many members it has; none where the vendor says that there is no
    /// such segment. [`list_customers`](Self::list_customers) with
    /// [`CustomerQuery::segment`](super::CustomerQuery::segment) lists the members.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) where the answer cannot be read.
    pub async fn get_segment(&self, id: &SegmentId) -> Result<Option<Response<SegmentRecord>>, Error> {
        let request = self.bare(&GET_SEGMENT, &self.0.urls.segment);
        self.read_one(request.with_ids(&[("id", id.as_str())])?).await
    }

    /// `POST customer-segments`: creates a segment.
    ///
    /// It is never sent twice for a lost answer, since names need not be unique; [`list_segments`](Self::list_segments)
    /// shows whether it is there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), with nothing sent, where rules and members are mixed
    /// or missing.
    pub async fn create_segment(&self, input: &SegmentInput<'_>) -> Result<Response<SegmentRecord>, Error> {
        input.validate(true, &CREATE_SEGMENT)?;
        self.write_one(self.json(&CREATE_SEGMENT, &self.0.urls.segments, input)?).await
    }

    /// `PATCH customer-segments/{id}`: changes rules or metadata (documented), or name and members (inferred).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), with nothing sent, where rules and members are mixed
    /// or nothing is to be changed; [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id.
    pub async fn update_segment(
        &self,
        id: &SegmentId,
        input: &SegmentInput<'_>,
    ) -> Result<Response<SegmentRecord>, Error> {
        input.validate(false, &UPDATE_SEGMENT)?;
        let request = self.json(&UPDATE_SEGMENT, &self.0.urls.segment, input)?;
        self.write_one(request.with_ids(&[("id", id.as_str())])?).await
    }

    /// `DELETE customer-segments/{id}`: deletes a segment, and none of its customers (inferred).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id, unless an attempt whose answer got lost may
    /// have deleted it.
    pub async fn delete_segment(&self, id: &SegmentId) -> Result<Response<()>, Error> {
        let request = self.bare(&DELETE_SEGMENT, &self.0.urls.segment);
        self.delete_one(request.with_ids(&[("id", id.as_str())])?).await
    }

    /// `GET customer-segments`: one page of all segments, newest first (inferred).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) where the answer cannot be read.
    pub async fn list_segments(&self, query: &PageQuery) -> Result<Response<Page<SegmentRecord>>, Error> {
        self.segments(query).page(query.start.as_ref()).await
    }

    /// Every segment, page by page as they are asked for.
    pub fn segments_stream(
        &self,
        query: &PageQuery,
    ) -> impl Stream<Item = Result<SegmentRecord, Error>> + Send + use<> {
        self.segments(query).stream(query.start.clone())
    }

    fn segments(&self, query: &PageQuery) -> List {
        let mut pairs = Query::new();
        pairs.push_some("limit", limited(query.limit));
        List::new(self, &LIST_SEGMENTS, self.0.urls.segments.as_str(), None, &pairs)
    }
}
