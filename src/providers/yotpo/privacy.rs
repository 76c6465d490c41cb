//! Forgetting a person: the one call of which the path is known.

use bytes::Bytes;
use http::Method;

use super::PROVIDER;
use super::answer::judge;
use super::client::Yotpo;
use crate::client::{Operation, fill};
use crate::customer::Email;
use crate::error::{Error, FieldError};
use crate::plan::Url;
use crate::plan::mapper::email_rule;
use crate::sink::ErasureStatus;

/// Who is anonymous stays so when it is asked for again (inferred).
pub(super) static ANONYMIZE: Operation = Operation::bare_idempotent_write("anonymize_loyalty_customer");

#[derive(serde::Serialize)]
struct Request<'a> {
    email: &'a str,
}

impl Yotpo {
    /// Makes the customer of the Loyalty product anonymous who has this e-mail address (seen in one client, and nowhere
    /// documented): `POST api/v1/merchants/{merchant_id}/anonymize_customer`. The merchant id is that of the Loyalty
    /// account. The customers of Core, reviews and messages are not touched: of those no such call is known.
    ///
    /// The store's own access token goes to the host of that product; once, unless
    /// [`also_send_utoken`](super::Builder::also_send_utoken) is on. A client whose
    /// [`base_url`](super::Builder::base_url) is not the vendor's refuses this, unless
    /// [`loyalty_base_url`](super::Builder::loyalty_base_url) names a place too. It counts against the store's quota.
    ///
    /// What an answer says is unknown: any success is taken as a promise, whether or not there is such a person.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending where the id cannot stand in a URL or
    /// the address is none; [`ErrorKind::Config`](crate::ErrorKind::Config) as above; else what the vendor or the network
    /// says. A 404 is [`ErrorKind::NotFound`](crate::ErrorKind::NotFound): merchant or person, nobody can say which.
    pub async fn anonymize_loyalty_customer(&self, merchant_id: &str, email: &Email) -> Result<ErasureStatus, Error> {
        let named = |error: Error| error.with_provider(PROVIDER).with_operation(ANONYMIZE.name);
        let address = email
            .usable()
            .map_err(|problem| named(Error::invalid_record(vec![FieldError::new("email", email_rule(problem))])))?;
        let Some(base) = self.loyalty_base() else {
            let problem = "is needed for this call where base_url is not the vendor's own";
            return Err(named(Error::config(PROVIDER, "loyalty_base_url", problem)));
        };
        let path = fill("api/v1/merchants/{merchant_id}/anonymize_customer", &[("merchant_id", merchant_id)]);
        let url = Url::from(format!("{}{}", base.as_str(), path.map_err(named)?));
        let body = serde_json::to_vec(&Request { email: address }).map_err(|error| {
            let kind = crate::error::ErrorKind::Other;
            named(Error::new(kind, crate::error::Effect::NotSent).with_source(error))
        })?;
        let mut call = self.call();
        self.authorised(&mut call, &ANONYMIZE, &Method::POST, &url, Some(&Bytes::from(body)), judge).await?;
        Ok(ErasureStatus::Accepted { within: None })
    }
}
