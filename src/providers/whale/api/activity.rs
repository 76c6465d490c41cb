//! A customer's timeline.

use futures::stream::Stream;

use super::super::client::Whale;
use super::super::operations::LIST_ACTIVITY;
use super::super::request::{ActivityKind, CustomerId};
use super::super::response::ActivityRecord;
use super::pages::List;
use super::query::{DateBound, limited};
use crate::client::pages::{Cursor, Page};
use crate::client::query::Query;
use crate::client::response::Response;
use crate::error::Error;

impl Whale {
    /// `GET customers/{id}/activity`: one page of a customer's timeline, newest first (seen in the sample; there is no
    /// order to ask for). Rows that share a time at the border of two pages may repeat or be missing, as the vendor's
    /// cursor is a time (inferred from the sample).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an id that cannot be part of a URL;
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id;
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) where the answer cannot be read.
    pub async fn list_activity(
        &self,
        id: &CustomerId,
        query: &ActivityQuery,
    ) -> Result<Response<Page<ActivityRecord>>, Error> {
        self.activity(id, query).page(query.start.as_ref()).await
    }

    /// Every event of a customer's timeline, page by page as they are asked for. See
    /// [`list_activity`](Self::list_activity).
    pub fn activity_stream(
        &self,
        id: &CustomerId,
        query: &ActivityQuery,
    ) -> impl Stream<Item = Result<ActivityRecord, Error>> + Send + use<> {
        self.activity(id, query).stream(query.start.clone())
    }

    fn activity(&self, id: &CustomerId, query: &ActivityQuery) -> List {
        let mut pairs = Query::with_arrays(self.0.settings.assumptions.array_style);
        pairs.list("types", query.kinds.iter().map(ActivityKind::as_str));
        pairs.push_some("after", query.after);
        pairs.push_some("before", query.before);
        pairs.push_some("limit", limited(query.limit));
        List::new(self, &LIST_ACTIVITY, &self.0.urls.activity, Some(id), &pairs)
    }
}

/// What [`Whale::list_activity`] asks for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ActivityQuery {
    /// Events of these kinds (documented). The vendor's own sample shows another kind as well: look at
    /// [`ActivityRecord::kind`].
    pub kinds: Vec<ActivityKind>,
    /// At this time or later (documented). It is a filter here, and no cursor.
    pub after: Option<DateBound>,
    /// Before this time (inferred).
    pub before: Option<DateBound>,
    /// Rows on a page, 1 to 100 (documented for sibling lists; the sample asks for 10).
    pub limit: Option<u8>,
    /// Where to start: the [`next`](crate::client::Page::next) of a page read before.
    pub start: Option<Cursor>,
}

impl ActivityQuery {
    /// Events of these kinds, beside those that are asked for already.
    #[must_use]
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = ActivityKind>) -> Self {
        self.kinds.extend(kinds);
        self
    }

    /// At this time or later.
    #[must_use]
    pub fn after(mut self, bound: impl Into<DateBound>) -> Self {
        self.after = Some(bound.into());
        self
    }

    /// Before this time.
    #[must_use]
    pub fn before(mut self, bound: impl Into<DateBound>) -> Self {
        self.before = Some(bound.into());
        self
    }

    /// Rows on a page, 1 to 100.
    #[must_use]
    pub fn limit(mut self, rows: u8) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Where to start.
    #[must_use]
    pub fn start(mut self, start: Cursor) -> Self {
        self.start = Some(start);
        self
    }
}
