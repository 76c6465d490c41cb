//! The options of a client, and their defaults.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::super::config::RESET_HEADER;
use super::PROVIDER;
use super::client::{Inner, Loyalty};
use super::to_vendor::ProgramConsent;
use crate::client::options::{ClientOptions, client_options, credential_value, fixed_url, request_headers};
use crate::client::{Limit, Secret};
use crate::error::Error;

/// The vendor's API (documented).
pub const DEFAULT_BASE_URL: &str = "https://loyalty.yotpo.com/api/v2/";

/// What the vendor takes for one account: an older page says 5 requests a second and a newer one 10 (both documented).
/// The lower holds by default.
pub const DEFAULT_LIMIT: Limit = Limit::Window { max: 5, per: Duration::from_secs(1) };

/// After how long others look for a customer that they sent (seen).
pub(super) const VISIBLE_AFTER: Duration = Duration::from_secs(60);

/// Options of a [`Loyalty`] client.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    guid: Secret,
    api_key: Secret,
    consent: ProgramConsent,
    options: ClientOptions,
}

impl Builder {
    client_options!();

    /// What decides whether a person is a member of the programme. Default: nothing that a record holds.
    pub fn program_consent(mut self, consent: ProgramConsent) -> Self {
        self.consent = consent;
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the option: a GUID or key that is empty or that no header
    /// can hold, a base URL that would send in clear.
    pub fn build(self) -> Result<Loyalty, Error> {
        let guid = credential_value(PROVIDER, &self.guid)?;
        let mut headers = request_headers(PROVIDER, "application/json", Some(("x-api-key", &self.api_key)))?;
        for headers in [&mut headers.json, &mut headers.bare] {
            Arc::make_mut(headers).insert(HeaderName::from_static("x-guid"), guid.clone());
        }
        let account_of = [self.guid.expose()];
        let (base, mut account) = self.options.open(PROVIDER, DEFAULT_BASE_URL, &account_of, DEFAULT_LIMIT)?;
        account.reset_header = Some(RESET_HEADER);
        let customers = fixed_url(PROVIDER, &base, "customers")?;
        Ok(Loyalty(Arc::new(Inner { consent: self.consent, customers, headers, account })))
    }
}

impl Loyalty {
    /// A client for the account of this GUID and API key. They are not those of Core.
    pub fn builder(guid: impl Into<Secret>, api_key: impl Into<Secret>) -> Builder {
        Builder {
            guid: guid.into(),
            api_key: api_key.into(),
            consent: ProgramConsent::default(),
            options: ClientOptions::default(),
        }
    }
}
