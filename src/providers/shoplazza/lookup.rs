//! Finding a customer by id, e-mail or phone, and trusting no answer that does not show the contact itself.

use std::borrow::Cow;
use std::fmt::Display;

use super::PROVIDER;
use super::client::Shoplazza;
use super::config::LOOKUP_PAGE_SIZE;
use super::error::check;
use super::operations::FIND_CUSTOMER;
use super::request::CustomerId;
use super::response::{CustomerRecord, CustomerRows, data};
use crate::client::api::ApiClient;
use crate::client::identify::{Identified, Lookups, Usable, conflict};
use crate::client::pages::{PageWalk, Walk};
use crate::client::query::Query;
use crate::client::response::decode;
use crate::client::{Call, Request};
use crate::customer::E164;
use crate::customer::email::comparable;
use crate::error::{Error, ErrorKind};
use crate::sink::Identity;

static LOOKUPS: Lookups = Lookups::ALL.no_external_id("the vendor has no field for an id of the caller's");

/// An e-mail address in lower case, where it is not: whether case counts for the vendor's filter is unknown, and one that
/// the vendor holds in another case would not be found.
pub(super) fn lower_case(email: &str) -> Option<String> {
    match comparable(email) {
        Cow::Owned(lower) => Some(lower),
        Cow::Borrowed(_) => None,
    }
}

impl Shoplazza {
    fn find_request(&self, filter: &str, contact: impl Display) -> Request {
        let mut query = Query::new();
        query.push(filter, contact);
        query.append(&self.0.choices.dialect.page_query(LOOKUP_PAGE_SIZE));
        self.request(&FIND_CUSTOMER, query.on(self.0.urls.customers.as_str()), None)
    }

    /// The look-up by e-mail.
    pub(super) fn email_request(&self, email: &str) -> Request {
        self.find_request(if self.0.email_filter { "email" } else { "contact" }, email)
    }

    /// The look-up by phone.
    pub(super) fn phone_request(&self, phone: E164) -> Request {
        self.find_request("contact", phone)
    }

    /// The customer that an identity is about.
    pub(super) async fn find_customer(&self, identity: &Identity) -> Result<Option<CustomerRecord>, Error> {
        let mut call = self.0.account.call();
        let wanted = LOOKUPS.usable(identity, (PROVIDER, "find"))?;
        let requests: Vec<Request> = match wanted {
            Usable::RemoteId(id) => {
                let found = self.get_customer(&CustomerId::from(id)).await?;
                if found.is_none() {
                    // A retired version answers 404 to every call, which says nothing about the customer.
                    self.count_customers().await?;
                }
                return Ok(found.map(|found| found.value));
            }
            Usable::Email(email) => {
                let lower = lower_case(email);
                let spellings = [Some(email), lower.as_deref()];
                spellings.into_iter().flatten().map(|email| self.email_request(email)).collect()
            }
            Usable::Phone(phone) => vec![self.phone_request(phone)],
            Usable::ExternalId(_) => Vec::new(),
        };
        for request in requests {
            if let Some(found) = self.find_by(&mut call, &request, wanted).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The customer that has this contact. Rows of other customers do not count: the vendor ignores a filter that it does
    /// not know (seen). A page of nothing but others is followed by the next, up to the configured number; where further
    /// pages cannot be seen, the customer may be on one of them, and is not concluded absent.
    pub(super) async fn find_by(
        &self,
        call: &mut Call<'_>,
        first: &Request,
        wanted: Usable<'_>,
    ) -> Result<Option<CustomerRecord>, Error> {
        let dialect = self.0.choices.dialect;
        let mut walk = PageWalk::new(self.0.lookup_pages.into(), dialect.guard(LOOKUP_PAGE_SIZE));
        loop {
            let request = dialect.page_at(first, walk.cursor());
            let page = |rows: CustomerRows| rows.into_page(dialect, LOOKUP_PAGE_SIZE, walk.cursor());
            let read = decode(check, |response| data(&response.body).map(page));
            let page = self.send(call, &request, read).await?.value;
            let step = walk.page(&page, CustomerRecord::row_key);
            let mut matches = page.items.into_iter().filter(|customer| wanted.is_of(customer));
            if let Some(found) = matches.next() {
                return only(call, found, matches);
            }
            match step {
                Walk::More => {}
                Walk::End => return Ok(None),
                Walk::Loop(fault) => return Err(call.finish(fault.error(&FIND_CUSTOMER))),
                Walk::TooManyPages => {
                    let hint = "the vendor ignored the filter by contact, and the shop has more customers than a look-up \
                                reads: see lookup_pages";
                    return Err(call.fail(&FIND_CUSTOMER, ErrorKind::Unsupported, hint));
                }
            }
        }
    }
}

/// The only customer with a contact. Two are a conflict, and one without an id cannot be addressed.
fn only(
    call: &Call<'_>,
    found: CustomerRecord,
    others: impl Iterator<Item = CustomerRecord>,
) -> Result<Option<CustomerRecord>, Error> {
    let Some(id) = found.key() else {
        let hint = "the customer was found, and the answer does not show the id";
        return Err(call.fail(&FIND_CUSTOMER, ErrorKind::Decode, hint));
    };
    let other = others.filter_map(|other| other.key().map(str::to_owned)).find(|other| other != id);
    match other {
        Some(other) => Err(call.finish(conflict(&FIND_CUSTOMER, [id.to_owned(), other]))),
        None => Ok(Some(found)),
    }
}
