//! Handing in a file of requests, which the vendor works through later.

use http::Method;
use serde::Serialize;

use super::super::client::{Shopline, body};
use super::super::native::Answered;
use super::customers::Nothing;
use super::{Ask, refuse};
use crate::client::Operation;
use crate::error::{Error, FieldError};

/// Each starts a task.
static SUBMIT: Operation = Operation::bare_write("submit_bulk_mutation");

/// The vendor took the file. What its answer holds is not documented: [`Answered::body`] has it as it came.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct BulkSubmitted {}

#[derive(Serialize)]
struct BulkBody<'a> {
    file_url: &'a str,
}

impl Shopline {
    /// Hands in a file of JSON Lines at this address: `POST bulk_operation_run_mutation_general.json`, which needs the
    /// scope `write_bulkoperation`. A store has one such task at a time, over all apps; a file holds requests of one HTTP
    /// method; its result lives twelve hours (documented). The form of a line, and whether the customer routes are
    /// allowed, is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an address that is not `https`; else as the vendor
    /// refuses it. With [`Effect::Unknown`](crate::Effect::Unknown), the task may be running.
    pub async fn submit_bulk_mutation(&self, file_url: &str) -> Result<Answered<BulkSubmitted>, Error> {
        if !url::Url::parse(file_url).is_ok_and(|url| url.scheme() == "https") {
            return refuse(&SUBMIT, vec![FieldError::new("file_url", "is no https address")]);
        }
        let body = body(&BulkBody { file_url })?;
        let ask = Ask::new(&SUBMIT, Method::POST, "bulk_operation_run_mutation_general.json").body(body);
        Ok(self.writing::<Nothing>(ask).await?.map(|_| BulkSubmitted::default()))
    }
}
