//! Customers: the write, and the look at one of them.

use std::borrow::Cow;
use std::fmt;

use super::super::client::Loyalty;
use super::super::error::{check, is_no_customer};
use super::super::operations::{FETCH, UPSERT};
use super::super::request::CustomerInput;
use super::super::response::{CustomerRecord, read_customer};
use crate::client::api::ApiClient;
use crate::client::query::Query;
use crate::client::response::decode;
use crate::client::validate::Validation;
use crate::client::{Call, Request, Response};
use crate::customer::is_blank;
use crate::error::Error;

/// Which customer to fetch. The parameters are seen in clients.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct CustomerQuery<'a> {
    key: &'static str,
    value: Cow<'a, str>,
    country: Option<Cow<'a, str>>,
    referral_code: bool,
    history: bool,
}

impl<'a> CustomerQuery<'a> {
    fn of(key: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        Self { key, value: value.into(), country: None, referral_code: false, history: false }
    }

    /// The one with this e-mail address.
    pub fn email(email: impl Into<Cow<'a, str>>) -> Self {
        Self::of("customer_email", email)
    }

    /// The one with this id in the shop's own system.
    pub fn id(id: impl Into<Cow<'a, str>>) -> Self {
        Self::of("customer_id", id)
    }

    /// The one with this phone number, in E.164 or with a [`country`](Self::country).
    pub fn phone_number(number: impl Into<Cow<'a, str>>) -> Self {
        Self::of("phone_number", number)
    }

    /// The one with this id at the point of sale.
    pub fn pos_account_id(id: impl Into<Cow<'a, str>>) -> Self {
        Self::of("pos_account_id", id)
    }

    /// The country of a number that is not in E.164: ISO 3166-1 alpha-2.
    pub fn country(mut self, code: impl Into<Cow<'a, str>>) -> Self {
        self.country = Some(code.into());
        self
    }

    /// Asks for the code to refer others with as well: in `CustomerRecord::raw`.
    pub fn with_referral_code(mut self) -> Self {
        self.referral_code = true;
        self
    }

    /// Asks for what the person earned and spent as well: in `CustomerRecord::raw`.
    pub fn with_history(mut self) -> Self {
        self.history = true;
        self
    }

    /// The query string, each value escaped once.
    fn write(&self) -> Result<Query, Error> {
        if is_blank(&self.value) {
            return Err(Validation::refusal(&FETCH, self.key, "is empty, and names the customer to fetch"));
        }
        let mut query = Query::new();
        query.push(self.key, &self.value);
        query.push_some("country_iso_code", self.country.as_deref());
        query.push_some("with_referral_code", self.referral_code.then_some(true));
        query.push_some("with_history", self.history.then_some(true));
        Ok(query)
    }
}

/// Shows no value: it identifies a person.
impl fmt::Debug for CustomerQuery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerQuery").field("by", &self.key).finish_non_exhaustive()
    }
}

impl Loyalty {
    /// Creates a customer, or changes what the input holds of the existing one. A success means that the vendor has
    /// accepted the record; others look for it after a minute (seen).
    ///
    /// The input is sent as it is: without [`opted_in`](CustomerInput#structfield.opted_in) the account's setting decides
    /// whether a new person is a member.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending where the e-mail address is empty; else
    /// as [`CustomerSink::upsert_with`](crate::CustomerSink::upsert_with).
    pub async fn upsert_customer(&self, input: &CustomerInput<'_>) -> Result<Response<()>, Error> {
        input.validate(&UPSERT)?;
        self.fetch(self.upsert_request(input)?, check).await
    }

    /// Reads one customer; none where there is none. A 404 is read as "no such customer" (seen), which one of a wrong base
    /// URL is as well.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending where the query is blank;
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) where the answer is no customer; else what the vendor or the
    /// network reports.
    pub async fn get_customer(&self, query: &CustomerQuery<'_>) -> Result<Option<Response<CustomerRecord>>, Error> {
        let request = self.fetch_request(query)?;
        self.fetch_customer(&mut self.0.account.call(), &request).await
    }

    pub(in super::super) fn fetch_request(&self, query: &CustomerQuery<'_>) -> Result<Request, Error> {
        let url = query.write()?.on(self.0.customers.as_str());
        Ok(self.bare(&FETCH, url))
    }

    pub(in super::super) async fn fetch_customer(
        &self,
        call: &mut Call<'_>,
        request: &Request,
    ) -> Result<Option<Response<CustomerRecord>>, Error> {
        match self.send(call, request, decode(check, read_customer)).await {
            Ok(answer) => Ok(answer.transpose()),
            Err(error) if is_no_customer(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
