//! The native calls around customers: metrics, activity, notes, removal requests; and segments.

use http::Method;

use super::answer::{judge, read};
use super::client::{Whale, body, refused, sendable, unreadable};
use super::listing::Listing;
use super::metrics::CustomerMetrics;
use super::query::{ActivityQuery, Pairs};
use super::removal::{ErasureInput, ExportInput, RemovalRequest, Typed};
use super::segment::{Segment, SegmentInput};
use super::timeline::{ActivityEvent, CustomerNote, KeyedNote, NoteInput};
use super::words::{CustomerId, RemovalKind, SegmentId};
use super::{PROVIDER, PageQuery};
use crate::client::{Call, Operation, Outgoing, fill};
use crate::error::{Error, FieldError};
use crate::plan::{Step, Url};

static METRICS: Operation = Operation::bare_read("get_customer_metrics");
static ACTIVITY: Operation = Operation::bare_read("list_customer_activity");
static NOTES: Operation = Operation::bare_read("list_customer_notes");
// A second one is a second note.
static ADD_NOTE: Operation = Operation::bare_write("create_customer_note");
static SEGMENTS: Operation = Operation::bare_read("list_segments");
// Names are not known to be unique, so that a second one may be a second segment.
static CREATE_SEGMENT: Operation = Operation::bare_write("create_segment");
static GET_SEGMENT: Operation = Operation::bare_read("get_segment");
static UPDATE_SEGMENT: Operation = Operation::bare_idempotent_write("update_segment");
static DELETE_SEGMENT: Operation = Operation::bare_idempotent_write("delete_segment");
// A second request may tell the person twice.
static REMOVAL: Operation = Operation::bare_write("request_removal");

impl Whale {
    /// `GET customers/{id}/metrics`: what the vendor computes of a customer. For one without orders it presumably says
    /// zeros and nulls (inferred).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id, and possibly for a customer without orders
    /// (unknown); [`ErrorKind::Decode`](crate::ErrorKind::Decode) where the answer cannot be read.
    pub async fn metrics(&self, id: &CustomerId) -> Result<CustomerMetrics, Error> {
        let step = self.below_customer(&METRICS, Method::GET, id, "/metrics", None)?;
        self.read_one(&METRICS, &step).await
    }

    /// `GET customers/{id}/activity`: a customer's timeline, newest first (seen in the sample; there is no order to ask
    /// for). Rows that share a time at the border of two pages may repeat or be missing, as the vendor's cursor is a
    /// time (inferred from the sample).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an id that cannot stand in a URL. The rest comes
    /// when the [`Listing`] is read.
    pub fn activity(&self, id: &CustomerId, query: &ActivityQuery) -> Result<Listing<ActivityEvent>, Error> {
        let mut url = self.url_below(&ACTIVITY, id, "/activity")?;
        query.write(&mut Pairs::of(&mut url, self.0.wire.arrays));
        Ok(Listing::new(self, &ACTIVITY, url, query.start.clone()))
    }

    /// `GET customers/{id}/notes`: the notes on a customer, newest first (seen in the vendor's other code).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an id that cannot stand in a URL. The rest comes
    /// when the [`Listing`] is read.
    pub fn notes(&self, id: &CustomerId, query: &PageQuery) -> Result<Listing<CustomerNote>, Error> {
        let mut url = self.url_below(&NOTES, id, "/notes")?;
        Pairs::of(&mut url, self.0.wire.arrays).limit(query.limit);
        Ok(Listing::new(self, &NOTES, url, query.start.clone()))
    }

    /// `POST customers/{id}/notes`: writes a note. None: written, but the answer cannot be read.
    ///
    /// It is never sent twice for a lost answer: a repeat is a second note. Such an error has the effect
    /// [`Unknown`](crate::Effect::Unknown); [`notes`](Self::notes) shows whether it is there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a blank text;
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id.
    pub async fn create_note(&self, id: &CustomerId, input: &NoteInput<'_>) -> Result<Option<CustomerNote>, Error> {
        if input.text.trim().is_empty() {
            return Err(refused(&ADD_NOTE, vec![FieldError::new("text", "must not be empty")]));
        }
        let body = body(&KeyedNote { key: &self.0.wire.note_key, input })?;
        let step = self.below_customer(&ADD_NOTE, Method::POST, id, "/notes", Some(body))?;
        self.write_one(&ADD_NOTE, &step).await
    }

    /// `GET customer-segments`: all segments, newest first (inferred).
    pub fn segments(&self, query: &PageQuery) -> Listing<Segment> {
        let mut url = self.0.segments.as_str().to_owned();
        Pairs::of(&mut url, self.0.wire.arrays).limit(query.limit);
        Listing::new(self, &SEGMENTS, url, query.start.clone())
    }

    /// `POST customer-segments`: makes a segment. None: made, but the answer cannot be read.
    ///
    /// It is never sent twice for a lost answer, since a name may stand twice; [`segments`](Self::segments) shows
    /// whether it is there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), with nothing sent, where rules and members are mixed
    /// or missing.
    pub async fn create_segment(&self, input: &SegmentInput<'_>) -> Result<Option<Segment>, Error> {
        sendable(&CREATE_SEGMENT, input.problems(true))?;
        let url = Url::from(&self.0.segments);
        let step = self.step(&CREATE_SEGMENT, Method::POST, url, Some(body(input)?));
        self.write_one(&CREATE_SEGMENT, &step).await
    }

    /// `GET customer-segments/{id}`: a segment and how many members it has. Who they are tells [`list`](Self::list) with
    /// [`ListQuery::segment`](super::ListQuery::segment).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id;
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) where the answer cannot be read.
    pub async fn segment(&self, id: &SegmentId) -> Result<Segment, Error> {
        let step = self.step_of(&GET_SEGMENT, Method::GET, &self.0.segment, id.as_str(), "", None)?;
        self.read_one(&GET_SEGMENT, &step).await
    }

    /// `PATCH customer-segments/{id}`: changes rules or metadata (documented), or name and members (inferred). None:
    /// done, but the answer cannot be read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), with nothing sent, where rules and members are mixed
    /// or nothing is to be changed; [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id.
    pub async fn update_segment(&self, id: &SegmentId, input: &SegmentInput<'_>) -> Result<Option<Segment>, Error> {
        sendable(&UPDATE_SEGMENT, input.problems(false))?;
        let (url, body) = (&self.0.segment, Some(body(input)?));
        let step = self.step_of(&UPDATE_SEGMENT, Method::PATCH, url, id.as_str(), "", body)?;
        self.write_one(&UPDATE_SEGMENT, &step).await
    }

    /// `DELETE customer-segments/{id}`: deletes a segment, and none of its customers (inferred).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id, unless an attempt whose answer got lost may
    /// have deleted it.
    pub async fn delete_segment(&self, id: &SegmentId) -> Result<(), Error> {
        self.remove(&DELETE_SEGMENT, &self.0.segment, id.as_str()).await
    }

    /// `POST customers/{id}/removal-request`: asks for the erasure of a person's data, backups included, within 30 days
    /// (documented). None: taken, but the answer cannot be read. It is more than [`delete`](Self::delete), which takes
    /// away the record alone.
    ///
    /// It is never sent twice for a lost answer, since the person may be told twice. Its end is told by a
    /// [webhook](super::webhook) only.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id.
    pub async fn request_erasure(
        &self,
        id: &CustomerId,
        input: &ErasureInput<'_>,
    ) -> Result<Option<RemovalRequest>, Error> {
        let mut call = self.0.account.call();
        self.removal(&mut call, id.as_str(), &Typed { kind: RemovalKind::Erasure, input }).await
    }

    /// `POST customers/{id}/removal-request`: asks for an archive of all that the vendor holds of a person, which goes on
    /// as before (documented). None: taken, but the answer cannot be read.
    ///
    /// It is never sent twice for a lost answer. A [webhook](super::webhook) tells where the archive stands.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id.
    pub async fn request_export(
        &self,
        id: &CustomerId,
        input: &ExportInput<'_>,
    ) -> Result<Option<RemovalRequest>, Error> {
        let mut call = self.0.account.call();
        self.removal(&mut call, id.as_str(), &Typed { kind: RemovalKind::Export, input }).await
    }

    pub(super) async fn removal<T: serde::Serialize>(
        &self,
        call: &mut Call<'_>,
        id: &str,
        input: &Typed<'_, T>,
    ) -> Result<Option<RemovalRequest>, Error> {
        let (url, body) = (&self.0.customer, Some(body(input)?));
        let step = self.step_of(&REMOVAL, Method::POST, url, id, "/removal-request", body)?;
        let response = call.send(Outgoing::of(&REMOVAL, &step), judge).await?;
        Ok(read(&response))
    }

    fn url_below(&self, operation: &Operation, id: &CustomerId, below: &str) -> Result<String, Error> {
        let filled = fill(&self.0.customer, &[("id", id.as_str())]);
        filled.map(|url| url + below).map_err(|error| error.with_provider(PROVIDER).with_operation(operation.name))
    }

    fn below_customer(
        &self,
        operation: &'static Operation,
        method: Method,
        id: &CustomerId,
        below: &str,
        body: Option<bytes::Bytes>,
    ) -> Result<Step, Error> {
        self.step_of(operation, method, &self.0.customer, id.as_str(), below, body)
    }

    async fn read_one<T: serde::de::DeserializeOwned>(&self, operation: &Operation, step: &Step) -> Result<T, Error> {
        let mut call = self.0.account.call();
        let response = call.send(Outgoing::of(operation, step), judge).await?;
        read(&response).ok_or_else(|| unreadable(&call, operation))
    }

    async fn write_one<T: serde::de::DeserializeOwned>(
        &self,
        operation: &Operation,
        step: &Step,
    ) -> Result<Option<T>, Error> {
        let mut call = self.0.account.call();
        let response = call.send(Outgoing::of(operation, step), judge).await?;
        Ok(read(&response))
    }
}
