//! Reads the pages of a list, in whichever way the vendor takes for the next one.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use futures::stream::{Stream, StreamExt};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::super::client::Whale;
use super::super::config::Continuation;
use super::super::error::check;
use super::super::request::{CustomerId, NoteId, SegmentId};
use super::super::response::{ActivityRecord, CustomerRecord, NoteRecord, RawPage, SegmentRecord};
use crate::client::api::ApiClient;
use crate::client::pages::{self, Cursor, Page, PageGuard, PageLoop, RowKey};
use crate::client::query::Query;
use crate::client::response::{Response, decode};
use crate::client::validate::Validation;
use crate::client::{Call, Operation};
use crate::error::{Error, ErrorKind};

/// The parameter of the vendor's own kit.
const AFTER: &str = "starting_after";

/// The cursor behind a page that names no next one, though the vendor says that there is more.
const NOWHERE: &str = "=";

/// A record that lists hold.
pub(in super::super) trait Row: DeserializeOwned + Send + 'static {
    /// What distinguishes it from another one.
    fn key(&self) -> RowKey<'_>;
}

impl Row for CustomerRecord {
    fn key(&self) -> RowKey<'_> {
        RowKey::of(self.id.as_ref().map(CustomerId::as_str), self.raw.as_str().as_bytes())
    }
}

impl Row for ActivityRecord {
    fn key(&self) -> RowKey<'_> {
        RowKey::of(self.id.as_deref(), self.raw.as_str().as_bytes())
    }
}

impl Row for NoteRecord {
    fn key(&self) -> RowKey<'_> {
        RowKey::of(self.id.as_ref().map(NoteId::as_str), self.raw.as_str().as_bytes())
    }
}

impl Row for SegmentRecord {
    fn key(&self) -> RowKey<'_> {
        RowKey::of(self.id.as_ref().map(SegmentId::as_str), self.raw.as_str().as_bytes())
    }
}

/// A list that is about to be read. Only the place of the next page is taken from answers: host, path and filters stay as
/// configured.
///
/// A [`Cursor`] of such a list is a query of one parameter, `cursor=…`, or with [`Continuation::Auto`] of several: each
/// is one way to ask for the page, and they are tried in this order.
#[derive(Clone)]
pub(in super::super) struct List {
    client: Whale,
    operation: &'static Operation,
    /// With every filter in it.
    url: String,
    customer: Option<CustomerId>,
    progress: Arc<Mutex<Progress>>,
}

/// What [`Continuation::Auto`] has learnt while a list is read.
#[derive(Default)]
struct Progress {
    /// The rows of the page before.
    before: HashSet<u64>,
    /// The way that has led on.
    way: Option<Way>,
}

/// A way to name the place where a page ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Cursor,
    AfterId,
    AfterCursor,
}

impl List {
    pub(super) fn new(
        client: &Whale,
        operation: &'static Operation,
        url: &str,
        customer: Option<&CustomerId>,
        query: &Query,
    ) -> Self {
        let (client, customer) = (client.clone(), customer.cloned());
        Self { client, operation, url: query.on(url), customer, progress: Arc::default() }
    }

    /// Reads one page in a call of its own.
    pub(super) async fn page<T: Row>(&self, at: Option<&Cursor>) -> Result<Response<Page<T>>, Error> {
        self.page_in(&mut self.client.0.account.call(), at).await
    }

    /// Streams the rows from `start` on.
    pub(super) fn stream<T: Row>(self, start: Option<Cursor>) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        let operation = self.operation;
        let fetch = move |at: Option<Cursor>| {
            let list = self.clone();
            async move { list.page(at.as_ref()).await }
        };
        let rows = pages::stream(operation, start, Self::guard(), T::key, fetch);
        rows.map(|row| row.map_err(hinted))
    }

    pub(in super::super) fn guard() -> PageGuard {
        PageGuard::new().refuse_shifted()
    }

    /// Reads the page at a cursor as a part of a call, in the first of its ways that leads on.
    pub(in super::super) async fn page_in<T: Row>(
        &self,
        call: &mut Call<'_>,
        at: Option<&Cursor>,
    ) -> Result<Response<Page<T>>, Error> {
        let mut places = self.places(call, at)?.into_iter().peekable();
        loop {
            let (way, query) = places.next().unwrap_or_default();
            let request = self.client.bare(self.operation, query.on(&self.url));
            let ids: &[_] = match &self.customer {
                Some(id) => &[("id", id.as_str())],
                None => &[],
            };
            let request = request.with_ids(ids).map_err(|error| call.finish(error))?;
            let answer = self.client.send(call, &request, decode(check, RawPage::read)).await;
            let is_last_way = places.peek().is_none();
            match answer {
                // The vendor may not know the parameter: to read once more in another way does no harm.
                Err(error) if !is_last_way && matches!(error.status(), Some(400 | 422)) => {}
                Err(error) => return Err(error),
                Ok(answer) if !is_last_way && self.is_again(&answer.value) => {}
                Ok(answer) => {
                    let next = self.next(&answer.value, way);
                    return Ok(answer.map(|page| page.typed(next)));
                }
            }
        }
    }

    /// The ways to ask for the page at a cursor.
    fn places(&self, call: &Call<'_>, at: Option<&Cursor>) -> Result<Vec<(Option<Way>, Query)>, Error> {
        let Some(at) = at else { return Ok(vec![(None, Query::new())]) };
        let mut ways = [Way::AfterId, Way::AfterCursor].into_iter();
        let pairs = url::form_urlencoded::parse(at.as_str().as_bytes());
        let places = pairs.filter(|(name, value)| !name.is_empty() && !value.is_empty()).map(|(name, value)| {
            let way = if name == AFTER { ways.next() } else { (name == "cursor").then_some(Way::Cursor) };
            let mut query = Query::new();
            query.push(&name, &value);
            (way, query)
        });
        let places: Vec<_> = places.collect();
        if !places.is_empty() {
            return Ok(places);
        }
        Err(if at.as_str() == NOWHERE {
            call.fail(self.operation, ErrorKind::Decode, "the vendor says that there is more and names no next page")
        } else {
            call.finish(Validation::refusal(self.operation, "start", "is no cursor of such a list"))
        })
    }

    /// Whether a page is the one before once more, if with some new rows at its head: so answers a vendor that ignores how
    /// the next page is asked for.
    fn is_again(&self, page: &RawPage) -> bool {
        let rows = page.rows.iter().map(|row| row_hash(row));
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let again = rows.filter(|row| progress.before.contains(row)).count();
        let is_shifted = page.goes_on() && again > 1 && again * 2 > page.rows.len();
        is_shifted || (again == page.rows.len() && again == progress.before.len() && again > 0)
    }

    /// Where the page after this one starts. `way` is how this one was asked for.
    fn next(&self, page: &RawPage, way: Option<Way>) -> Option<Cursor> {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.before = page.rows.iter().map(|row| row_hash(row)).collect();
        progress.way = progress.way.or(way);
        if !page.goes_on() {
            return None;
        }
        let id = page.rows.iter().rev().find_map(|row| id_of(row));
        let (cursor, id) = (page.next_cursor.as_deref(), id.as_deref());
        let mut query = Query::new();
        let mut add = |way: Way| match (way, cursor, id) {
            // Without a cursor the last row is all that there is to name the place.
            (Way::Cursor, Some(cursor), _) => query.push("cursor", cursor),
            (Way::AfterCursor, Some(value), _) | (_, _, Some(value)) | (_, Some(value), None) => {
                query.push(AFTER, value)
            }
            (_, None, None) => {}
        };
        match &self.client.0.settings.assumptions.continuation {
            Continuation::Cursor => add(Way::Cursor),
            Continuation::StartingAfterCursor => add(Way::AfterCursor),
            Continuation::StartingAfterId => add(Way::AfterId),
            Continuation::Custom(name) => match cursor {
                Some(cursor) => query.push(name, cursor),
                None => add(Way::AfterId),
            },
            Continuation::Auto => match progress.way {
                Some(way) => add(way),
                None => [Way::Cursor, Way::AfterId, Way::AfterCursor].into_iter().for_each(add),
            },
        }
        Cursor::of_vendor(Some(if query.as_str().is_empty() { NOWHERE } else { query.as_str() }))
    }
}

/// The error of a list, with what may help where the list never ends.
pub(in super::super) fn hinted(error: Error) -> Error {
    let faults = [PageLoop::RepeatedCursor, PageLoop::RepeatedPage, PageLoop::NoNewRows];
    if faults.iter().any(|fault| error.hint() == Some(fault.hint())) {
        return error
            .with_hint("the vendor says that there is more and its pages repeat: another Continuation may help");
    }
    error
}

/// The id of a row, as the vendor wrote it.
fn id_of(row: &RawValue) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "crate::client::json::lenient::lenient_text")]
        id: Option<String>,
    }
    serde_json::from_str::<Row>(row.get()).ok()?.id.filter(|id| !id.trim().is_empty())
}

fn row_hash(row: &RawValue) -> u64 {
    let mut hasher = DefaultHasher::new();
    match id_of(row) {
        Some(id) => id.hash(&mut hasher),
        None => row.get().hash(&mut hasher),
    }
    hasher.finish()
}
