//! Notes on a customer. The vendor documents the endpoints, and no body.

use futures::stream::Stream;

use super::super::client::Whale;
use super::super::operations::{CREATE_NOTE, LIST_NOTES};
use super::super::request::{CustomerId, KeyedNote, NoteInput};
use super::super::response::NoteRecord;
use super::pages::List;
use super::query::{PageQuery, limited};
use crate::client::api::ApiClient;
use crate::client::pages::Page;
use crate::client::query::Query;
use crate::client::response::Response;
use crate::error::Error;

impl Whale {
    /// `GET customers/{id}/notes`: one page of the notes on a customer, newest first (seen in the vendor's other code).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an id that cannot be part of a URL;
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id;
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) where the answer cannot be read.
    pub async fn list_notes(&self, id: &CustomerId, query: &PageQuery) -> Result<Response<Page<NoteRecord>>, Error> {
        self.notes(id, query).page(query.start.as_ref()).await
    }

    /// Every note on a customer, page by page as they are asked for.
    pub fn notes_stream(
        &self,
        id: &CustomerId,
        query: &PageQuery,
    ) -> impl Stream<Item = Result<NoteRecord, Error>> + Send + use<> {
        self.notes(id, query).stream(query.start.clone())
    }

    fn notes(&self, id: &CustomerId, query: &PageQuery) -> List {
        let mut pairs = Query::new();
        pairs.push_some("limit", limited(query.limit));
        List::new(self, &LIST_NOTES, &self.0.urls.notes, Some(id), &pairs)
    }

    /// `POST customers/{id}/notes`: writes a note.
    ///
    /// It is never sent twice for a lost answer: a repeat is a second note. Such an error has the effect
    /// [`Unknown`](crate::Effect::Unknown); [`list_notes`](Self::list_notes) shows whether it is there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a blank text;
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id.
    pub async fn create_note(&self, id: &CustomerId, input: &NoteInput<'_>) -> Result<Response<NoteRecord>, Error> {
        input.validate(&CREATE_NOTE)?;
        let body = KeyedNote { key: &self.0.settings.assumptions.note_key, input };
        let request = self.json(&CREATE_NOTE, &self.0.urls.notes, &body)?;
        self.write_one(request.with_ids(&[("id", id.as_str())])?).await
    }
}
