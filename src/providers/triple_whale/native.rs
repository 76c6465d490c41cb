//! The native calls beside the write: the key check, erasure, and queries.

use http::Method;

use super::PROVIDER;
use super::answer::{judge_erasure, judge_key, judge_query, object};
use super::client::TripleWhale;
use super::erasure::{ErasureRequest, ErasureTaken};
use super::sql::{ReadBack, SqlAnswer, SqlQuery, read_rows};
use super::stored::StoredCustomer;
use crate::client::{HttpResponse, Operation, Outgoing};
use crate::error::{Effect, Error, ErrorKind, FieldError};
use crate::plan::Url;

static CHECK: Operation = Operation::bare_read("validate_api_key");
/// Each makes a request of its own at the vendor, which cannot be undone or asked about.
static ERASE: Operation = Operation::bare_write("create_compliance_request");
/// A `POST` that changes nothing.
static SQL: Operation = Operation::bare_read("run_sql");

impl TripleWhale {
    /// Whether the vendor knows the key: `GET users/api-keys/me`. The form of its body is unknown, so that the status
    /// alone decides; which scopes a key has is not told.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] or [`ErrorKind::Forbidden`] where it does not; else what the network says.
    pub async fn check_key(&self) -> Result<(), Error> {
        let out = Outgoing {
            operation: &CHECK,
            method: &Method::GET,
            url: &Url::from(&self.0.key),
            headers: &self.0.bare,
            body: None,
        };
        self.0.account.call().send(out, judge_key).await.map(drop)
    }

    /// Asks the vendor to erase people from this client's shop: `POST compliance/requests/create-request`. It cannot be
    /// undone, and it is not keyed by `customer_id`: everybody with one of the addresses or numbers is meant. The key
    /// needs the scope `Compliance: Write`.
    ///
    /// A success means that the request is made; when it is carried out is unknown, and so is what happens to a person
    /// who is sent again later.
    ///
    /// After an answer that got lost it is not sent again by itself: each sending makes a request of its own (inferred
    /// from the vendor's word for a success), and there is nothing to read whether one was made. The error then has the
    /// effect [`Effect::Unknown`]. Sending it again erases the same people again, which does no harm unless they have
    /// been sent anew in between.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] before sending, naming each address and number that cannot be used; else as the
    /// vendor refuses it. A 403 comes without a body (documented).
    pub async fn request_erasure(&self, request: &ErasureRequest) -> Result<ErasureTaken, Error> {
        let content =
            request.body(&self.0.shop, self.0.map.phone_form).map_err(|problems| invalid(&ERASE, problems))?;
        let step = self.post(ERASE.name, &self.0.erasures, &content)?;
        let mut call = self.0.account.call();
        call.send(Outgoing::of(&ERASE, &step), judge_erasure).await.map_err(|error| match error.effect() {
            Effect::Unknown => error.with_hint("nobody can say whether the request was made; it may be sent again"),
            _ => error,
        })?;
        Ok(ErasureTaken::new(call.attempts, call.request_id))
    }

    /// Runs a query of one's own over the shop's tables: `POST orcabase/api/sql`. It changes nothing, and is retried. The
    /// key needs the scope `Data Out` (documented in the vendor's error guide alone). It has a quota of its own,
    /// [`DEFAULT_SQL_LIMIT`](super::DEFAULT_SQL_LIMIT).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] before sending for an empty query or a period that ends before it starts;
    /// [`ErrorKind::Rejected`] where the vendor cannot run it, also in a 200; [`ErrorKind::Decode`] where the answer has
    /// no rows to read, or broke off each time.
    pub async fn run_sql(&self, query: &SqlQuery<'_>) -> Result<SqlAnswer, Error> {
        let content = query.body(&self.0.shop).map_err(|problems| invalid(&SQL, problems))?;
        let step = self.post(SQL.name, &self.0.sql, &content)?;
        let mut call = self.0.sql_account.call();
        let reads = |response: &HttpResponse| response.fault.is_none() && read_rows(&response.body).is_some();
        let response = call.send(Outgoing::of(&SQL, &step), |response| judge_query(response, reads)).await?;
        let Some(mut answer) = read_rows(&response.body).filter(|_| response.fault.is_none()) else {
            let error = call.error(&SQL, ErrorKind::Decode, Effect::NotSent).with_status(response.status.as_u16());
            let error = error.with_request_id(call.request_id.clone());
            return Err(call.finish(error.with_hint("the answer has no list of rows")));
        };
        answer.attempts = call.attempts;
        answer.request_id = call.request_id;
        Ok(answer)
    }

    /// The rows that the vendor's table holds of a customer id: one for each platform (documented), none where nobody
    /// with that id is known yet. Rows of other ids, which a vendor that passes the filter over would send, are left out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] before sending for an id that cannot stand in a query safely;
    /// [`ErrorKind::Decode`] where a row cannot be read or does not tell its id; else as [`run_sql`](Self::run_sql).
    pub async fn stored_customers(&self, customer_id: &str, how: &ReadBack) -> Result<Vec<StoredCustomer>, Error> {
        let today = self.0.account.connector.clock().utc().date_naive();
        let query = how.query(customer_id, today).map_err(|problems| invalid(&SQL, problems))?;
        let answer = self.run_sql(&query).await?;
        let mut held = Vec::new();
        for row in &answer.rows {
            match object::<StoredCustomer>(row.get().as_bytes()) {
                Some(row) if row.customer_id.as_deref() == Some(customer_id) => held.push(row),
                Some(row) if row.customer_id.is_some() => {}
                _ => {
                    let error = Error::new(ErrorKind::Decode, Effect::NotSent).with_provider(PROVIDER);
                    let error = error
                        .with_operation(SQL.name)
                        .with_attempts(answer.attempts)
                        .with_request_id(answer.request_id);
                    return Err(error.with_hint("a row is no customer, or does not tell whose it is"));
                }
            }
        }
        Ok(held)
    }
}

fn invalid(operation: &Operation, problems: Vec<FieldError>) -> Error {
    Error::invalid_record(problems).with_provider(PROVIDER).with_operation(operation.name)
}
