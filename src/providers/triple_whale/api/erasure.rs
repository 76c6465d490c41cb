//! Requests to erase people.

use super::super::client::TripleWhale;
use super::super::error::check_erasure;
use super::super::operations::ERASE;
use super::super::request::ErasureInput;
use super::invalid;
use crate::client::Response;
use crate::client::api::ApiClient;
use crate::error::{Effect, Error};

impl TripleWhale {
    /// Asks the vendor to erase people from this client's shop: `POST compliance/requests/create-request`. It cannot be
    /// undone, and it is not keyed by `customer_id`: everybody with one of the addresses or numbers is meant. The key
    /// needs the scope `Compliance: Write`.
    ///
    /// A success means that the vendor has taken the request. The answer has no id and no status to ask for (documented);
    /// when the vendor carries it out is unknown, and so is what happens to a person who is sent again later.
    ///
    /// After an answer that got lost it is not sent again by itself: each sending makes a request of its own (inferred
    /// from the vendor's word for a success), and there is nothing to read whether one was made. The error then has the
    /// effect [`Effect::Unknown`]. Sending it again erases the same people again, which does no harm unless they have
    /// been sent again in between.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending, naming each address and number that
    /// cannot be used; else as the vendor refuses it. A 403 comes without a body (documented).
    pub async fn request_erasure(&self, input: &ErasureInput) -> Result<Response<()>, Error> {
        let content = input.body(&self.0.shop, self.0.map.phone_form).map_err(|problems| invalid(&ERASE, problems))?;
        let request = self.json(&ERASE, &self.0.erasures, &content)?;
        self.fetch(request, check_erasure).await.map_err(|error| match error.effect() {
            Effect::Unknown => {
                error.with_hint("the vendor may or may not have taken the request; it may be sent again")
            }
            _ => error,
        })
    }
}
