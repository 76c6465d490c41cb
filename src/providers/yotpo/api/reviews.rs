//! The list of people that get no more requests for reviews: the vendor's older API (v1), with a token of its own.
//!
//! Everybody is subscribed by default (documented). A person that unsubscribed cannot be subscribed again by the
//! shop; one whom this API unsubscribed can (documented). The vendor's list can be read only with the token in the URL,
//! where this crate puts no credential, so that reading it is refused as unsupported.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use http::HeaderMap;

use super::super::PROVIDER;
use super::super::config::{DEFAULT_BASE_URL, DEFAULT_LIMIT, RESET_HEADER};
use super::super::error::check_unsubscribers;
use super::super::operations::{CREATE_UNSUBSCRIBERS, DELETE_UNSUBSCRIBERS};
use crate::client::options::{ClientOptions, client_options, credential_value, json_body, json_headers};
use crate::client::validate::Validation;
use crate::client::{AccountContext, Operation, Request, Response, Secret, fill};
use crate::customer::Email;
use crate::error::Error;
use crate::plan::mapper::email_rule;

/// Options of a [`ReviewUnsubscribers`] client.
#[derive(Debug)]
#[must_use]
pub struct ReviewUnsubscribersBuilder {
    app_key: String,
    utoken: Secret,
    kind: String,
    options: ClientOptions,
}

impl ReviewUnsubscribersBuilder {
    client_options!();

    /// The kind of message, the vendor's `email_type_id`. Default `1`, the only one that clients were seen to send; what
    /// the others are is unknown.
    pub fn email_type_id(mut self, id: impl Into<String>) -> Self {
        self.kind = id.into();
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the option.
    pub fn build(self) -> Result<ReviewUnsubscribers, Error> {
        let app_key = self.app_key.trim();
        // Of the form of a token, although it travels in no header.
        credential_value(PROVIDER, &self.utoken)?;
        if self.kind.trim().is_empty() {
            return Err(Error::config(PROVIDER, "email_type_id", "is empty"));
        }
        let path = fill("apps/{app_key}/unsubscribers", &[("app_key", app_key)])
            .map_err(|_| Error::config(PROVIDER, "app_key", "is empty, dots, or has control characters"))?;
        let (base, mut account) = self.options.open(PROVIDER, DEFAULT_BASE_URL, &[app_key], DEFAULT_LIMIT)?;
        account.reset_header = Some(RESET_HEADER);
        Ok(ReviewUnsubscribers(Arc::new(Inner {
            list: format!("{}{path}", base.as_str()),
            kind: self.kind,
            utoken: self.utoken,
            json: Arc::new(json_headers(PROVIDER, "application/json", None)?),
            account,
        })))
    }
}

struct Inner {
    list: String,
    kind: String,
    utoken: Secret,
    json: Arc<HeaderMap>,
    account: AccountContext,
}

/// A client of the vendor's list of people that get no requests for reviews. Cheap to clone. It counts against the
/// quota of the store; whether the vendor counts these calls there is unknown.
#[derive(Clone)]
pub struct ReviewUnsubscribers(Arc<Inner>);

/// Shows no credential.
impl fmt::Debug for ReviewUnsubscribers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReviewUnsubscribers").field("email_type_id", &self.0.kind).finish_non_exhaustive()
    }
}

/// The body of both writes (seen in the vendor's own cartridge and another client).
#[derive(serde::Serialize)]
struct ListInput<'a> {
    utoken: &'a str,
    email_list: BTreeMap<&'a str, Vec<&'a str>>,
}

impl ReviewUnsubscribers {
    /// A client for this store (the "app key") and its `utoken`, the vendor's older access token.
    pub fn builder(app_key: impl Into<String>, utoken: impl Into<Secret>) -> ReviewUnsubscribersBuilder {
        ReviewUnsubscribersBuilder {
            app_key: app_key.into(),
            utoken: utoken.into(),
            kind: "1".to_owned(),
            options: ClientOptions::default(),
        }
    }

    /// Sends these people no more requests for reviews. How many addresses one call takes is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending, with every address that cannot be used,
    /// or where there is none at all; else what the vendor or the network reports. A 200 whose `response` holds errors is
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected): some of the addresses may have been taken (seen), so that its
    /// effect is unknown.
    pub async fn create_unsubscribers(&self, emails: &[Email]) -> Result<Response<()>, Error> {
        self.write(&CREATE_UNSUBSCRIBERS, "mass_create", emails).await
    }

    /// Lets these people have requests for reviews again, but for those that unsubscribed themselves (documented). That the
    /// body is that of [`create_unsubscribers`](Self::create_unsubscribers) is inferred.
    ///
    /// # Errors
    ///
    /// As [`create_unsubscribers`](Self::create_unsubscribers).
    pub async fn delete_unsubscribers(&self, emails: &[Email]) -> Result<Response<()>, Error> {
        self.write(&DELETE_UNSUBSCRIBERS, "mass_delete", emails).await
    }

    /// Always [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported), with nothing sent: the vendor lets the list be
    /// read only with the token in the URL (documented), where this crate puts no credential, since URLs are logged on
    /// the way.
    ///
    /// # Errors
    ///
    /// As above.
    #[allow(clippy::unused_async)] // The form of the calls beside it.
    pub async fn list_unsubscribers(&self) -> Result<Response<Vec<Email>>, Error> {
        let hint = "the vendor takes the token of this call in the URL alone, where no credential of this crate goes; \
                    read the list in the vendor's own administration";
        Err(Error::unsupported(PROVIDER, "list_unsubscribers", hint))
    }

    async fn write(&self, operation: &'static Operation, last: &str, emails: &[Email]) -> Result<Response<()>, Error> {
        let mut v = Validation::new(operation);
        v.check(!emails.is_empty(), "emails", "is empty");
        let mut list = Vec::with_capacity(emails.len());
        v.each("emails", emails, |v, email| match email.usable() {
            Ok(address) => list.push(address),
            Err(problem) => v.refuse("", email_rule(problem)),
        });
        v.finish()?;
        let input = ListInput { utoken: self.0.utoken.expose(), email_list: BTreeMap::from([(&*self.0.kind, list)]) };
        let url = format!("{}/{last}", self.0.list);
        let request = Request::to(operation, url, &self.0.json, Some(json_body(PROVIDER, &input)?));
        self.0.account.call().execute(&request, check_unsubscribers).await
    }
}
