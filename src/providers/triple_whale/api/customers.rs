//! Customers: the write, and the rows that the vendor's table holds.

use super::super::client::TripleWhale;
use super::super::operations::{REPLACE, SQL};
use super::super::request::{CustomerInput, ReadBack};
use super::super::response::CustomerRecord;
use super::invalid;
use crate::client::json::object::object;
use crate::client::{Page, Response};
use crate::error::{Effect, Error, ErrorKind};

impl TripleWhale {
    /// Creates a customer record, or replaces the whole of the one with the same key: `POST data-in/customers`. A success
    /// means that the vendor has received it; it is processed later.
    ///
    /// Sending it again does no harm, so that it is retried after an unknown outcome as well; give `created_at`, since the
    /// vendor else takes the time of each try (documented default).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] before sending where a part of the key is empty or the shop no bare host, the e-mail
    /// address is blank, the country code has another form, or the place is outside the globe;
    /// [`ErrorKind::Unavailable`] with the effect [`Effect::NotSent`] while this client has stopped
    /// ([`Builder::stop_after`](super::super::Builder::stop_after)); else as
    /// [`CustomerSink::upsert_with`](crate::CustomerSink::upsert_with).
    pub async fn replace_customer(&self, input: &CustomerInput<'_>) -> Result<Response<()>, Error> {
        let problems = input.problems();
        if !problems.is_empty() {
            return Err(invalid(&REPLACE, problems));
        }
        let request = self.replace_request(input)?;
        // The guard counts the failures of this client's shop.
        if input.key.shop == self.0.shop {
            self.send_guarded(&request).await
        } else {
            self.send_customer(&request).await
        }
    }

    /// The rows that the vendor's table holds of a customer id, on one page: one for each platform (documented), none where the vendor
    /// does not know the id yet. Rows of other ids, which a vendor that ignores the filter would send, are left out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] before sending for an id that cannot stand in a query safely;
    /// [`ErrorKind::Decode`] where a row cannot be read or does not hold its id; else as [`run_sql`](Self::run_sql).
    pub async fn list_customers(
        &self,
        customer_id: &str,
        how: &ReadBack,
    ) -> Result<Response<Page<CustomerRecord>>, Error> {
        let today = self.0.account.connector.clock().utc().date_naive();
        let query = how.query(customer_id, today).map_err(|problems| invalid(&SQL, problems))?;
        let answer = self.run_sql(&query).await?;
        let mut held = Vec::new();
        for row in &answer.value.rows {
            match object::<CustomerRecord>(row.as_str().as_bytes()) {
                Some(row) if row.customer_id.as_deref() == Some(customer_id) => held.push(row),
                Some(row) if row.customer_id.is_some() => {}
                _ => {
                    let error = Error::new(ErrorKind::Decode, Effect::NotSent).with_provider(SQL.provider());
                    let error = error
                        .with_operation(SQL.name())
                        .with_attempts(answer.attempts)
                        .with_request_id(answer.request_id);
                    return Err(error.with_hint("a row is no customer, or does not hold its id"));
                }
            }
        }
        Ok(answer.map(|_| Page::new(held, None)))
    }
}
