//! The metrics that the vendor computes for a customer.

use super::super::client::Whale;
use super::super::operations::GET_METRICS;
use super::super::request::CustomerId;
use super::super::response::MetricsRecord;
use crate::client::api::ApiClient;
use crate::client::response::Response;
use crate::error::Error;

impl Whale {
    /// `GET customers/{id}/metrics`: what the vendor computes of a customer. None where the vendor says that there is no
    /// such customer. One without orders presumably has zeros and nulls (inferred), and possibly no metrics (unknown).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) where the answer cannot be read.
    pub async fn get_metrics(&self, id: &CustomerId) -> Result<Option<Response<MetricsRecord>>, Error> {
        let request = self.bare(&GET_METRICS, &self.0.urls.metrics);
        self.read_one(request.with_ids(&[("id", id.as_str())])?).await
    }
}
