//! Finding the customer that a record or an identity is about.

use super::PROVIDER;
use super::client::Shopline;
use super::error::check;
use super::operations::{FIND_CUSTOMER_BY_EMAIL, SEARCH_CUSTOMERS};
use super::request::{CustomerId, EmailBody};
use super::response::{CustomerRecord, looked_up, looked_up_page, row_key};
use crate::client::api::ApiClient;
use crate::client::identify::{Identified, Lookups, Usable, resolve};
use crate::client::pages::{PageGuard, PageWalk, Walk};
use crate::client::response::{Response, decode, optional};
use crate::client::{Call, HttpResponse, Request};
use crate::customer::E164;
use crate::error::{Error, ErrorKind};
use crate::sink::Identity;

pub(super) const SEARCH_ROUTE: &str = "customers/v2/search.json";
/// The longest page of customers, group members and metafields (documented).
pub(super) const PAGE_MAX: u16 = 250;

static LOOKUPS: Lookups = Lookups::ALL
    .no_external_id("the vendor has no field for an id of the caller's; e-mail, phone and the vendor's id work");

impl Identified for CustomerRecord {
    fn key(&self) -> Option<&str> {
        self.id.as_ref().map(CustomerId::as_str)
    }

    fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    fn phone(&self) -> Option<&str> {
        self.phone.as_deref()
    }
}

/// The customer with this e-mail address. That there is none is a 404, a null or an empty object (which is unknown); half
/// a customer is unreadable.
fn owner(email: &str) -> impl Fn(&HttpResponse) -> Option<Option<CustomerRecord>> {
    move |response| {
        let Some(record) = looked_up::<CustomerRecord>("customer")(response)? else { return Some(None) };
        match (&record.id, &record.email) {
            (Some(_), Some(_)) => Some(record.has_email(email).then_some(record)),
            (None, None) => Some(None),
            _ => None,
        }
    }
}

impl Shopline {
    pub(super) fn find_by_email_request(&self, email: &str) -> Result<Request, Error> {
        self.json(&FIND_CUSTOMER_BY_EMAIL, &self.0.urls.by_email, &EmailBody { email })
    }

    /// The first page of the search for a number's digits.
    pub(super) fn search_request(&self, phone: E164) -> Request {
        let query = format!("{SEARCH_ROUTE}?query_param={}&limit={PAGE_MAX}", phone.digits());
        self.bare(&SEARCH_CUSTOMERS, self.route(&query))
    }

    /// The customer with exactly this e-mail address.
    pub(super) async fn owner_of_email(
        &self,
        call: &mut Call<'_>,
        request: &Request,
        email: &str,
    ) -> Result<Option<Response<CustomerRecord>>, Error> {
        let response = self.send(call, request, decode(check, owner(email))).await;
        Ok(optional(response)?.and_then(Response::transpose))
    }

    /// The customers with exactly this phone number, from all pages of the search, which is fuzzy.
    pub(super) async fn owners_of_phone(
        &self,
        call: &mut Call<'_>,
        first: Request,
        phone: E164,
    ) -> Result<Vec<CustomerRecord>, Error> {
        let mut owners = Vec::new();
        let mut request = first;
        let mut walk = PageWalk::new(u32::MAX, PageGuard::new());
        loop {
            let page =
                self.send(call, &request, decode(check, looked_up_page::<CustomerRecord>("customers"))).await?.value;
            let step = walk.page(&page, row_key);
            owners.extend(page.items.into_iter().filter(|record| record.has_phone(phone)));
            match (step, walk.cursor()) {
                // With a cursor, all but the limit is inherited (documented).
                (Walk::More, Some(next)) => {
                    let query = format!("{SEARCH_ROUTE}?limit={PAGE_MAX}&page_info={}", next.as_str());
                    request = self.bare(&SEARCH_CUSTOMERS, self.route(&query));
                }
                (Walk::Loop(fault), _) => return Err(call.finish(fault.error(&SEARCH_CUSTOMERS))),
                _ if owners.iter().any(|owner| owner.id.is_none()) => {
                    let hint = "a customer with this phone number has no id in the answer";
                    return Err(call.fail(&SEARCH_CUSTOMERS, ErrorKind::Decode, hint));
                }
                _ => return Ok(owners),
            }
        }
    }

    /// The id of the customer with this identity: as it is given, or as a look-up brings it.
    pub(super) async fn identify(
        &self,
        identity: &Identity,
        operation: &'static str,
    ) -> Result<Option<CustomerId>, Error> {
        match LOOKUPS.usable(identity, (PROVIDER, operation))? {
            Usable::RemoteId(id) => Ok(Some(CustomerId::from(id))),
            // The look-up shows no consents: the record is read by the id that it brings.
            Usable::Email(email) => Ok(self.find_customer_by_email(email).await?.and_then(|found| found.value.id)),
            Usable::Phone(phone) => {
                let mut call = self.0.account.call();
                let owners = self.owners_of_phone(&mut call, self.search_request(phone), phone).await?;
                let found = resolve(None, owners, None).one_or_conflict(&SEARCH_CUSTOMERS);
                Ok(found.map_err(|error| call.finish(error))?.and_then(|found| found.id))
            }
            Usable::ExternalId(_) => Ok(None),
        }
    }

    /// Finds the customer with exactly this e-mail address: `POST customers/query_user_by_email.json`. The record shows
    /// no consents (documented).
    ///
    /// # Errors
    ///
    /// The vendor's refusal, or [`ErrorKind::Decode`].
    pub async fn find_customer_by_email(&self, email: &str) -> Result<Option<Response<CustomerRecord>>, Error> {
        let request = self.find_by_email_request(email)?;
        self.owner_of_email(&mut self.0.account.call(), &request, email).await
    }
}
