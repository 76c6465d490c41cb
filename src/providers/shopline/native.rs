//! The vendor's own calls, one method each.

use std::fmt;

use bytes::Bytes;
use http::Method;
use serde::de::DeserializeOwned;

use super::PROVIDER;
use super::client::{Shopline, body};
use super::limits;
use super::lookup::{same_email, same_number};
use super::matrix::ROUTE_PHONE_MAX;
use super::paging::{Guard, Page, PageInfo, next_page};
use super::query::PAGE_MAX;
use super::record::{
    AddressAnswer, AddressRecord, CountAnswer, CustomerAnswer, CustomerRecord, CustomersAnswer, Listed,
};
use super::wire::{AddressBody, AddressId, CustomerAddress, CustomerBody, CustomerFields, CustomerId, EmailBody};
use crate::client::{Call, HttpResponse, Operation, fill, query_value};
use crate::customer::E164;
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::{Step, StepCondition, Url};

pub(super) static CREATE: Operation = Operation::bare_write("create_customer");
pub(super) static FIND: Operation = Operation::bare_read("find_customer_by_email");
pub(super) static SEARCH: Operation = Operation::bare_read("search_customers");
pub(super) static UPDATE: Operation = Operation::bare_idempotent_write("update_customer");
pub(super) static GET: Operation = Operation::bare_read("get_customer");
pub(super) static CHANGE_ADDRESS: Operation = Operation::bare_idempotent_write("update_address");
pub(super) static ADD_ADDRESS: Operation = Operation::bare_write("add_address");
pub(super) static SET_DEFAULT: Operation = Operation::bare_idempotent_write("set_default_address");
static COUNT: Operation = Operation::bare_read("count_customers");

/// The longest phone of an address in a customer.
const EMBEDDED_PHONE_MAX: usize = 20;

pub(super) const SEARCH_ROUTE: &str = "customers/v2/search.json";

/// What the vendor answered.
#[derive(Clone)]
#[non_exhaustive]
pub struct Answered<T> {
    /// The answer, as far as it could be read.
    pub value: T,
    /// The body as it came, for keys that this crate does not know.
    pub body: Bytes,
    /// The vendor's id of the request.
    pub request_id: Option<String>,
    /// How many requests were sent.
    pub attempts: u32,
}

/// Shows no body: it holds the person's data.
impl<T: fmt::Debug> fmt::Debug for Answered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered")
            .field("value", &self.value)
            .field("request_id", &self.request_id)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl<T> Answered<T> {
    pub(super) fn new(value: T, response: HttpResponse, call: Call<'_>) -> Self {
        Self { value, body: response.body, request_id: call.request_id, attempts: call.attempts }
    }
}

impl Shopline {
    /// Creates a customer: `POST customers.json`, which needs the scope `write_customers`.
    ///
    /// A second create for the same person is no update: it is refused with 422 (seen for the e-mail). A success whose
    /// body cannot be read gives an empty record.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] before sending, with every limit that is passed; else as the vendor refuses it. With
    /// [`Effect::Unknown`], look the person up before creating them again.
    pub async fn create_customer(&self, fields: &CustomerFields<'_>) -> Result<Answered<CustomerRecord>, Error> {
        limits::new_customer(CREATE.name, fields)?;
        let body = body(&CustomerBody { customer: fields })?;
        let step = self.step(StepCondition::Always, &CREATE, Method::POST, Url::from(&self.0.customers), body);
        let mut call = self.0.account.call();
        let response = self.send(&mut call, &CREATE, &step).await?;
        Ok(Answered::new(written::<CustomerAnswer>(&response).customer.unwrap_or_default(), response, call))
    }

    /// Updates a customer: `PUT customers/{id}.json`. Absent keys stay as they are (inferred). The answer shows fewer
    /// keys than a read (documented).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] before sending, with every limit that is passed; else as the vendor refuses it.
    pub async fn update_customer(
        &self,
        id: &CustomerId,
        fields: &CustomerFields<'_>,
    ) -> Result<Answered<CustomerRecord>, Error> {
        limits::customer(UPDATE.name, id, fields)?;
        let step = self.update_step(body(&CustomerBody { customer: fields })?);
        let mut call = self.0.account.call();
        let response = self.send_filled(&mut call, &UPDATE, &step, &[("id", id.as_str())]).await?;
        Ok(Answered::new(written::<CustomerAnswer>(&response).customer.unwrap_or_default(), response, call))
    }

    pub(super) fn update_step(&self, body: Bytes) -> Step {
        self.step(StepCondition::IfFound, &UPDATE, Method::PUT, Url::from(&self.0.routes.customer), body)
    }

    /// Reads a customer: `GET customers/v2/{id}.json`. None where there is none.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it, or [`ErrorKind::Decode`].
    pub async fn get_customer(&self, id: &CustomerId) -> Result<Option<Answered<CustomerRecord>>, Error> {
        let step = self.get_step();
        let mut call = self.0.account.call();
        let response = self.send_filled(&mut call, &GET, &step, &[("id", id.as_str())]).await;
        let Some(response) = found(response)? else { return Ok(None) };
        let answer: CustomerAnswer = read(&call, &GET, &response)?;
        Ok(answer.customer.map(|record| Answered::new(record, response, call)))
    }

    pub(super) fn get_step(&self) -> Step {
        self.bare_step(StepCondition::IfFound, &GET, Method::GET, Url::from(&self.0.routes.read_customer))
    }

    /// Finds the customer with exactly this e-mail address: `POST customers/query_user_by_email.json`. The record shows
    /// no consents (documented).
    ///
    /// # Errors
    ///
    /// As the vendor refuses it, or [`ErrorKind::Decode`].
    pub async fn find_by_email(&self, email: &str) -> Result<Option<Answered<CustomerRecord>>, Error> {
        let step = self.by_email_step(email)?;
        let mut call = self.0.account.call();
        let found = self.owner_of_email(&mut call, &step, email).await?;
        Ok(found.map(|(record, response)| Answered::new(record, response, call)))
    }

    pub(super) fn by_email_step(&self, email: &str) -> Result<Step, Error> {
        let body = body(&EmailBody { email })?;
        Ok(self.step(StepCondition::IfDuplicate, &FIND, Method::POST, Url::from(&self.0.by_email), body))
    }

    /// The customer who has this e-mail address. Nobody is a 404, a null or an empty object (which of them is unknown).
    pub(super) async fn owner_of_email(
        &self,
        call: &mut Call<'_>,
        step: &Step,
        email: &str,
    ) -> Result<Option<(CustomerRecord, HttpResponse)>, Error> {
        let Some(response) = found(self.send(call, &FIND, step).await)? else { return Ok(None) };
        let answer: CustomerAnswer = read(call, &FIND, &response)?;
        let Some(record) = answer.customer else { return Ok(None) };
        match (&record.id, record.email.as_deref()) {
            (Some(_), Some(theirs)) => Ok(same_email(theirs, email).then_some((record, response))),
            (None, None) => Ok(None),
            // Half a customer: neither somebody nor nobody.
            _ => Err(unreadable(call, &FIND, &response)),
        }
    }

    /// The first page of the search for a number's digits.
    pub(super) fn search_step(&self, words: &str) -> Step {
        let url = self.route(&format!("{SEARCH_ROUTE}?query_param={}&limit={PAGE_MAX}", query_value(words)));
        self.bare_step(StepCondition::IfDuplicate, &SEARCH, Method::GET, url)
    }

    /// With a cursor, all but the limit is inherited (documented).
    fn page_step(&self, page: &PageInfo) -> Step {
        let url = self.route(&format!("{SEARCH_ROUTE}?limit={PAGE_MAX}&page_info={}", page.as_str()));
        self.bare_step(StepCondition::IfDuplicate, &SEARCH, Method::GET, url)
    }

    /// The customers who have exactly this phone, from all pages of the search.
    pub(super) async fn owners_of_phone(
        &self,
        call: &mut Call<'_>,
        first: &Step,
        phone: E164,
    ) -> Result<Vec<CustomerRecord>, Error> {
        let mut owners = Vec::new();
        let mut guard = Guard::default();
        let mut step = None;
        loop {
            let step_now = step.as_ref().unwrap_or(first);
            let response = self.send(call, &SEARCH, step_now).await?;
            let page = read_page::<CustomersAnswer>(call, &SEARCH, &response)?;
            // A circle: some pages would never be read, and somebody could be overlooked.
            if guard.check(&page).is_err() {
                return Err(unreadable(call, &SEARCH, &response));
            }
            for record in page.items {
                if same_number(record.phone.as_deref(), phone) {
                    if record.id.is_none() {
                        return Err(unreadable(call, &SEARCH, &response));
                    }
                    owners.push(record);
                }
            }
            let Some(next) = page.next else { return Ok(owners) };
            step = Some(self.page_step(&next));
        }
    }

    /// Adds an address: `POST customers/{id}/addresses.json`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it. With [`Effect::Unknown`], read the customer before adding it again.
    pub async fn add_address(
        &self,
        id: &CustomerId,
        address: &CustomerAddress<'_>,
    ) -> Result<Answered<AddressRecord>, Error> {
        limits::address(ADD_ADDRESS.name, address, EMBEDDED_PHONE_MAX)?;
        let step = self.add_step(body(&AddressBody { customer_address: address })?);
        let mut call = self.0.account.call();
        let response = self.send_filled(&mut call, &ADD_ADDRESS, &step, &[("id", id.as_str())]).await?;
        Ok(Answered::new(written::<AddressAnswer>(&response).customer_address.unwrap_or_default(), response, call))
    }

    pub(super) fn add_step(&self, body: Bytes) -> Step {
        let url = Url::from(&self.0.routes.addresses);
        self.step(StepCondition::IfDiffers, &ADD_ADDRESS, Method::POST, url, body)
    }

    /// Updates an address: `PUT customers/{id}/addresses/{address_id}.json`. Absent keys stay as they are (inferred).
    ///
    /// # Errors
    ///
    /// As the vendor refuses it.
    pub async fn update_address(
        &self,
        id: &CustomerId,
        address_id: &AddressId,
        address: &CustomerAddress<'_>,
    ) -> Result<Answered<AddressRecord>, Error> {
        limits::address(CHANGE_ADDRESS.name, address, ROUTE_PHONE_MAX)?;
        let step = self.change_step(body(&AddressBody { customer_address: address })?);
        let ids = [("id", id.as_str()), ("address_id", address_id.as_str())];
        let mut call = self.0.account.call();
        let response = self.send_filled(&mut call, &CHANGE_ADDRESS, &step, &ids).await?;
        Ok(Answered::new(written::<AddressAnswer>(&response).customer_address.unwrap_or_default(), response, call))
    }

    pub(super) fn change_step(&self, body: Bytes) -> Step {
        let url = Url::from(&self.0.routes.address);
        self.step(StepCondition::IfDiffers, &CHANGE_ADDRESS, Method::PUT, url, body)
    }

    /// Makes an address the default: `PUT customers/{id}/addresses/{address_id}/default.json`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it.
    pub async fn set_default_address(&self, id: &CustomerId, address_id: &AddressId) -> Result<Answered<()>, Error> {
        let ids = [("id", id.as_str()), ("address_id", address_id.as_str())];
        let step = self.default_step();
        let mut call = self.0.account.call();
        let response = self.send_filled(&mut call, &SET_DEFAULT, &step, &ids).await?;
        Ok(Answered::new((), response, call))
    }

    pub(super) fn default_step(&self) -> Step {
        let url = Url::from(&self.0.routes.default_address);
        self.bare_step(StepCondition::IfDiffers, &SET_DEFAULT, Method::PUT, url)
    }

    /// How many customers the store has: `GET customers/v2/count.json`. None where the answer does not say.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it.
    pub async fn count_customers(&self) -> Result<Answered<Option<u64>>, Error> {
        let step = self.bare_step(StepCondition::Always, &COUNT, Method::GET, Url::from(&self.0.count));
        let mut call = self.0.account.call();
        let response = self.send(&mut call, &COUNT, &step).await?;
        let count = written::<CountAnswer>(&response).count.and_then(|count| u64::try_from(count).ok());
        Ok(Answered::new(count, response, call))
    }

    /// Sends a step whose URL has places for ids.
    pub(super) async fn send_filled(
        &self,
        call: &mut Call<'_>,
        operation: &Operation,
        step: &Step,
        ids: &[(&'static str, &str)],
    ) -> Result<HttpResponse, Error> {
        let url = filled(step.url(), ids)
            .map_err(|error| call.finish(error.with_provider(PROVIDER).with_operation(operation.name)))?;
        self.send_to(call, operation, step, &Url::from(url)).await
    }
}

/// A route with its ids. One that belongs to another product is refused.
pub(super) fn filled(route: &str, ids: &[(&'static str, &str)]) -> Result<String, Error> {
    for (_, id) in ids.iter().filter(|(place, _)| *place == "id") {
        limits::refuse_foreign_id(id)?;
    }
    fill(route, ids)
}

/// A page of a list, which has to be readable.
pub(super) fn read_page<T: Listed>(
    call: &Call<'_>,
    operation: &Operation,
    response: &HttpResponse,
) -> Result<Page<T::Item>, Error> {
    let items = read::<T>(call, operation, response)?.items();
    let next = next_page(&response.headers).map_err(|_| unreadable(call, operation, response))?;
    Ok(Page { items, next })
}

/// A 404 of a look-up is nobody.
pub(super) fn found(response: Result<HttpResponse, Error>) -> Result<Option<HttpResponse>, Error> {
    match response {
        Ok(response) => Ok(Some(response)),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The answer of a write: whatever it says, the write is done.
pub(super) fn written<T: DeserializeOwned + Default>(response: &HttpResponse) -> T {
    serde_json::from_slice(&response.body).unwrap_or_default()
}

/// The answer of a read, which has to be readable: nobody must not be concluded from a broken body.
pub(super) fn read<T: DeserializeOwned>(
    call: &Call<'_>,
    operation: &Operation,
    response: &HttpResponse,
) -> Result<T, Error> {
    serde_json::from_slice(&response.body).map_err(|_| unreadable(call, operation, response))
}

pub(super) fn unreadable(call: &Call<'_>, operation: &Operation, response: &HttpResponse) -> Error {
    let error = call.error(operation, ErrorKind::Decode, Effect::Rejected);
    call.finish(error.with_status(response.status.as_u16()).with_request_id(call.request_id.clone()))
}
