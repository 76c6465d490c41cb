//! Requests to erase or export a person's data.

use super::super::client::Whale;
use super::super::operations::REQUEST_REMOVAL;
use super::super::request::{CustomerId, ErasureInput, ExportInput, RemovalKind, Typed};
use super::super::response::RemovalRequestRecord;
use crate::client::Request;
use crate::client::api::ApiClient;
use crate::client::response::Response;
use crate::error::Error;

impl Whale {
    /// `POST customers/{id}/removal-request`: asks for the erasure of a person's data, backups included, within 30 days
    /// (documented). It is more than [`delete_customer`](Self::delete_customer), which removes the record alone.
    ///
    /// It is never sent twice for a lost answer, since the vendor may notify the person twice. Only a
    /// [webhook](super::super::webhook) reports that it is done.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id.
    pub async fn request_erasure(
        &self,
        id: &CustomerId,
        input: &ErasureInput<'_>,
    ) -> Result<Response<RemovalRequestRecord>, Error> {
        self.write_one(self.removal_request(id, RemovalKind::Erasure, input)?).await
    }

    /// `POST customers/{id}/removal-request`: asks for an archive of all that the vendor holds of a person, whose data
    /// stays (documented).
    ///
    /// It is never sent twice for a lost answer. A [webhook](super::super::webhook) reports where the archive is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown id.
    pub async fn request_export(
        &self,
        id: &CustomerId,
        input: &ExportInput<'_>,
    ) -> Result<Response<RemovalRequestRecord>, Error> {
        self.write_one(self.removal_request(id, RemovalKind::Export, input)?).await
    }

    pub(in super::super) fn removal_request<T: serde::Serialize>(
        &self,
        id: &CustomerId,
        kind: RemovalKind,
        input: &T,
    ) -> Result<Request, Error> {
        let body = Typed { kind, input };
        self.json(&REQUEST_REMOVAL, &self.0.urls.removal_requests, &body)?.with_ids(&[("id", id.as_str())])
    }
}
