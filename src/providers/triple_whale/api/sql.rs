//! Queries over the vendor's tables.

use super::super::client::TripleWhale;
use super::super::error::check_query;
use super::super::operations::SQL;
use super::super::request::SqlQuery;
use super::super::response::{SqlRows, read_rows};
use super::invalid;
use crate::client::Response;
use crate::client::api::ApiClient;
use crate::client::response::decode;
use crate::error::Error;

impl TripleWhale {
    /// Runs a query over the shop's tables: `POST orcabase/api/sql`. It changes nothing, and is retried. The key needs the
    /// scope `Data Out` (documented in the vendor's error guide alone). It has a quota of its own,
    /// [`DEFAULT_SQL_LIMIT`](super::super::DEFAULT_SQL_LIMIT).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending for an empty query or a period that
    /// ends before it starts; [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) where the vendor cannot run it, also in
    /// a 200; [`ErrorKind::Decode`](crate::ErrorKind::Decode) where the answer has no rows to read, or broke off twice.
    pub async fn run_sql(&self, query: &SqlQuery<'_>) -> Result<Response<SqlRows>, Error> {
        let content = query.body(&self.0.shop).map_err(|problems| invalid(&SQL, problems))?;
        let request = self.json(&SQL, &self.0.sql, &content)?;
        // The vendor counts queries apart.
        self.0.sql_account.call().execute(&request, decode(check_query, read_rows)).await
    }
}
