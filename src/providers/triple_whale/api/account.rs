//! The check of the API key.

use super::super::client::TripleWhale;
use super::super::error::check_key;
use super::super::operations::CHECK;
use crate::client::Response;
use crate::client::api::ApiClient;
use crate::error::Error;

impl TripleWhale {
    /// Whether the vendor knows the key: `GET users/api-keys/me`. The form of its body is unknown, so that the status
    /// alone decides; the answer does not list the scopes of a key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) or
    /// [`ErrorKind::Forbidden`](crate::ErrorKind::Forbidden) where it does not; else what the network reports.
    pub async fn check_key(&self) -> Result<Response<()>, Error> {
        let request = self.bare(&CHECK, &self.0.key);
        self.fetch(request, check_key).await
    }
}
