//! Bulk: handing in a file of requests, which the vendor works through later.

use serde::Serialize;

use super::super::client::Shopline;
use super::super::operations::SUBMIT_BULK_MUTATION;
use crate::client::Response;
use crate::client::validate::Validation;
use crate::error::Error;

#[derive(Serialize)]
struct BulkBody<'a> {
    file_url: &'a str,
}

impl Shopline {
    /// Hands in a file of JSON Lines: `POST bulk_operation_run_mutation_general.json`, which needs the scope
    /// `write_bulkoperation`. A store runs one such task at a time, over all apps; a file holds requests of one HTTP
    /// method; the vendor keeps the result for twelve hours (documented). The form of a line, whether the customer routes
    /// are allowed, and what the answer holds is unknown: [`Response::body`] has it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a URL that is not `https`; else the vendor's
    /// refusal. With [`Effect::Unknown`](crate::Effect::Unknown), the task may be running.
    pub async fn submit_bulk_mutation(&self, file_url: &str) -> Result<Response<()>, Error> {
        if !url::Url::parse(file_url).is_ok_and(|url| url.scheme() == "https") {
            return Err(Validation::refusal(&SUBMIT_BULK_MUTATION, "file_url", "is no https URL"));
        }
        let route = "bulk_operation_run_mutation_general.json";
        self.write_only(self.to_with(&SUBMIT_BULK_MUTATION, route, &[], &BulkBody { file_url })?).await
    }
}
