//! Making a person anonymous: the one call of which the path is known.

use std::sync::Arc;

use super::super::PROVIDER;
use super::super::auth::with_second_header;
use super::super::client::Yotpo;
use super::super::error::check;
use super::super::operations::ANONYMIZE;
use crate::client::api::ApiClient;
use crate::client::auth::token::Token;
use crate::client::validate::{Origin, Validation};
use crate::client::{Response, fill};
use crate::customer::Email;
use crate::error::Error;
use crate::plan::mapper::email_rule;

#[derive(serde::Serialize)]
struct AnonymizeInput<'a> {
    email: &'a str,
}

impl Yotpo {
    /// Makes the customer of the Loyalty product anonymous that has this e-mail address (seen in one client, and nowhere
    /// documented): `POST api/v1/merchants/{merchant_id}/anonymize_customer`. The merchant id is that of the Loyalty
    /// account. The customers of Core, reviews and messages are not changed: of those no such call is known.
    ///
    /// The store's own access token goes to the host of that product; once, unless
    /// [`also_send_utoken`](super::super::Builder::also_send_utoken) is on. A client whose
    /// [`base_url`](super::super::Builder::base_url) is not the vendor's refuses this, unless
    /// [`loyalty_base_url`](super::super::Builder::loyalty_base_url) names a place as well. It counts against the store's
    /// quota.
    ///
    /// What an answer means is unknown: any success is taken as a promise, whether or not there is such a person.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending where the id cannot be a part of a URL
    /// or the address is none; [`ErrorKind::Config`](crate::ErrorKind::Config) as above; else what the vendor or the
    /// network reports. A 404 is [`ErrorKind::NotFound`](crate::ErrorKind::NotFound): of the merchant or the person, the
    /// answer does not show which.
    pub async fn anonymize_loyalty_customer(&self, merchant_id: &str, email: &Email) -> Result<Response<()>, Error> {
        let named = |error| Origin::from(&ANONYMIZE).of(error);
        let address =
            email.usable().map_err(|problem| Validation::refusal(&ANONYMIZE, "email", email_rule(problem)))?;
        let Some(base) = &self.0.loyalty_base else {
            let problem = "is needed for this call where base_url is not the vendor's own";
            return Err(named(Error::config(PROVIDER, "loyalty_base_url", problem)));
        };
        let path = fill("api/v1/merchants/{merchant_id}/anonymize_customer", &[("merchant_id", merchant_id)]);
        let url = format!("{}{}", base.as_str(), path.map_err(named)?);
        let request = self.json(&ANONYMIZE, url, &AnonymizeInput { email: address })?;
        let twice = self.0.also_utoken;
        let headers =
            |token: &Token<()>| if twice { with_second_header(token) } else { Arc::clone(&token.headers.json) };
        self.0.tokens.execute_with(&mut self.0.account.call(), &request, headers, check).await
    }
}
