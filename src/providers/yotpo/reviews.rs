//! Who wants no more requests for reviews: the vendor's older API (v1), with a token of its own.
//!
//! Everybody is subscribed by default (documented). Somebody who unsubscribed themselves cannot be subscribed again by
//! the shop; somebody whom this API unsubscribed can (documented). The vendor's list of them can be read only with the
//! token in the URL, where credentials of this crate never stand, so that reading it is refused as unsupported.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;

use super::PROVIDER;
use super::answer::{failure, judge, object};
use super::client::{DEFAULT_BASE_URL, DEFAULT_LIMIT};
use crate::client::options::{ClientOptions, client_options, credential_value, json_headers};
use crate::client::{AccountContext, HttpResponse, Operation, Outgoing, fill};
use crate::customer::Email;
use crate::error::{Effect, Error, ErrorKind, FieldError};
use crate::plan::Url;
use crate::plan::mapper::email_rule;

/// Who is on the list stays on it, and who is not stays off it (inferred).
static CREATE: Operation = Operation::bare_idempotent_write("create_unsubscribers");
static DELETE: Operation = Operation::bare_idempotent_write("delete_unsubscribers");

/// Options of a [`ReviewUnsubscribers`] client.
#[derive(Debug)]
#[must_use]
pub struct ReviewUnsubscribersBuilder {
    app_key: String,
    utoken: SecretString,
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
    /// [`ErrorKind::Config`], naming the option.
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
        account.reset_header = Some("ratelimit-reset");
        Ok(ReviewUnsubscribers(Arc::new(Inner {
            list: format!("{}{path}", base.as_str()),
            kind: self.kind,
            utoken: self.utoken,
            json: json_headers(PROVIDER, "application/json", None)?,
            account,
        })))
    }
}

struct Inner {
    list: String,
    kind: String,
    utoken: SecretString,
    json: HeaderMap,
    account: AccountContext,
}

/// A client of the vendor's list of people who want no requests for reviews. Cheap to clone. It counts against the
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
struct Lists<'a> {
    utoken: &'a str,
    email_list: BTreeMap<&'a str, Vec<&'a str>>,
}

impl ReviewUnsubscribers {
    /// A client for this store (the "app key") and its `utoken`, the vendor's older access token.
    pub fn builder(app_key: impl Into<String>, utoken: impl Into<SecretString>) -> ReviewUnsubscribersBuilder {
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
    /// [`ErrorKind::InvalidInput`] before sending, with every address that is none, or where there is none at all; else
    /// what the vendor or the network says. A 200 whose `response` holds errors is [`ErrorKind::Rejected`]: some of the
    /// addresses may have been taken (seen), so that its effect is unknown.
    pub async fn create(&self, emails: &[Email]) -> Result<(), Error> {
        self.write(&CREATE, &Method::POST, "mass_create", emails).await
    }

    /// Lets these people have requests for reviews again, but for those who unsubscribed themselves (documented). That the
    /// body is that of [`create`](Self::create) is inferred.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub async fn delete(&self, emails: &[Email]) -> Result<(), Error> {
        self.write(&DELETE, &Method::DELETE, "mass_delete", emails).await
    }

    /// Always [`ErrorKind::Unsupported`], with nothing sent: the vendor lets the list be read only with the token in the
    /// URL (documented), where this crate puts no credential, since URLs are logged on the way.
    ///
    /// # Errors
    ///
    /// As above.
    #[allow(clippy::unused_async)] // The form of the calls beside it.
    pub async fn list(&self) -> Result<Vec<Email>, Error> {
        let hint = "the vendor takes the token of this call in the URL alone, where no credential of this crate goes; \
                    read the list in the vendor's own administration";
        Err(Error::unsupported(PROVIDER, "list_unsubscribers", hint))
    }

    async fn write(
        &self,
        operation: &'static Operation,
        method: &Method,
        last: &str,
        emails: &[Email],
    ) -> Result<(), Error> {
        let named = |error: Error| error.with_provider(PROVIDER).with_operation(operation.name);
        let mut list = Vec::with_capacity(emails.len());
        let mut problems = Vec::new();
        for (index, email) in emails.iter().enumerate() {
            match email.usable() {
                Ok(address) => list.push(address),
                Err(problem) => problems.push(FieldError::new(format!("emails[{index}]"), email_rule(problem))),
            }
        }
        if emails.is_empty() {
            problems.push(FieldError::new("emails", "is empty"));
        }
        if !problems.is_empty() {
            return Err(named(Error::invalid_record(problems)));
        }
        let lists =
            Lists { utoken: self.0.utoken.expose_secret(), email_list: BTreeMap::from([(self.0.kind.as_str(), list)]) };
        let body = serde_json::to_vec(&lists)
            .map_err(|error| named(Error::new(ErrorKind::Other, Effect::NotSent).with_source(error)))?;
        let url = Url::from(format!("{}/{last}", self.0.list));
        let out = Outgoing { operation, method, url: &url, headers: &self.0.json, body: Some(&Bytes::from(body)) };
        self.0.account.call().send(out, judge_write).await.map(drop)
    }
}

/// A success may hold errors inside its `response` (seen).
fn judge_write(response: &HttpResponse) -> crate::client::Verdict {
    #[derive(serde::Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow, default)]
        response: Option<&'a RawValue>,
    }
    let inner = object::<Envelope<'_>>(&response.body).and_then(|envelope| envelope.response);
    match inner {
        Some(inner) if response.status.is_success() && failure(response).is_none() => {
            let inner = HttpResponse::new(response.status, Bytes::copy_from_slice(inner.get().as_bytes()));
            match failure(&inner) {
                None => crate::client::Verdict::Success,
                Some(mut problem) => {
                    problem.kind = Some(ErrorKind::Rejected);
                    problem.effect = Some(Effect::Unknown);
                    problem.into_verdict()
                }
            }
        }
        _ => judge(response),
    }
}
