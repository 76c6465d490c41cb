//! Finding a customer by contact, and believing no answer that does not show the contact itself.

use std::borrow::Cow;

use super::account::{LOOKUP_PAGE_SIZE, Shoplazza};
use super::client::Customers;
use super::paging::{Turn, Walk, circle, from_position, next_position};
use super::shown::CustomerRecord;
use crate::client::{Call, Operation, query_value};
use crate::customer::E164;
use crate::customer::email::comparable;
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::Url;

pub(super) static FIND: Operation = Operation::bare_read("find_customer");

/// What a customer is looked for by.
#[derive(Clone, Copy)]
pub(super) enum Contact<'a> {
    Email(&'a str),
    Phone(&'a E164),
}

impl Contact<'_> {
    /// The URL of the first page.
    pub(super) fn url(self, client: &Shoplazza) -> String {
        let (filter, contact) = match self {
            Self::Email(email) if client.0.email_filter => ("email", query_value(email)),
            Self::Email(email) => ("contact", query_value(email)),
            Self::Phone(phone) => ("contact", query_value(&phone.to_string())),
        };
        let size = client.0.version.page_size_key();
        client.url(&format!("?{filter}={contact}&{size}={LOOKUP_PAGE_SIZE}"))
    }

    /// An e-mail address in lower case, where it is not: whether case counts for the vendor's filter is unknown, and one
    /// that is written otherwise here and there would not be found.
    pub(super) fn lower_url(self, client: &Shoplazza) -> Option<String> {
        let Self::Email(email) = self else { return None };
        match comparable(email) {
            Cow::Owned(lower) => Some(Contact::Email(&lower).url(client)),
            Cow::Borrowed(_) => None,
        }
    }

    fn is_of(self, customer: &CustomerRecord) -> bool {
        match self {
            Self::Email(email) => customer.has_email(email),
            Self::Phone(phone) => customer.has_phone(phone.digits()),
        }
    }
}

impl Shoplazza {
    /// The customer who has this contact. Rows of other people do not count: the vendor passes over a filter that it
    /// does not know. A page of nothing but other people is followed by the next, up to the configured number.
    pub(super) async fn find_by(
        &self,
        call: &mut Call<'_>,
        url: &str,
        contact: Contact<'_>,
    ) -> Result<Option<CustomerRecord>, Error> {
        let (mut from, mut walk) = (None, Walk::default());
        for _ in 0..self.0.lookup_pages {
            let page: Customers = self.read(call, &FIND, &Url::from(from_position(url, from.as_ref()))).await?;
            let (version, from_here) = (self.0.version, from.as_ref());
            let rows = page.customers.len();
            let next = next_position(version, LOOKUP_PAGE_SIZE, rows, from_here, page.cursor, page.has_more);
            let turn = walk.turn(LOOKUP_PAGE_SIZE, from_here, page.customers.iter().map(CustomerRecord::id), next);
            let mut matches = page.customers.into_iter().filter(|customer| contact.is_of(customer));
            if let Some(found) = matches.next() {
                return one(call, found, matches);
            }
            match turn {
                Turn::New(Some(next)) => from = Some(next),
                Turn::New(None) | Turn::AllAgain => return Ok(None),
                // Somebody on a page that cannot be seen may be the one.
                Turn::NewThenCircle | Turn::Circle => return Err(call.finish(circle(&FIND))),
            }
        }
        let error = call.error(&FIND, ErrorKind::Unsupported, Effect::NotSent);
        let hint = "the vendor passed over the filter by contact, and the shop has more customers than a look-up reads: \
                    see lookup_pages";
        Err(call.finish(error.with_hint(hint)))
    }
}

/// The only customer with a contact. Two are a conflict, and one without an id cannot be addressed.
fn one(
    call: &Call<'_>,
    found: CustomerRecord,
    others: impl Iterator<Item = CustomerRecord>,
) -> Result<Option<CustomerRecord>, Error> {
    let Some(id) = found.id() else {
        let error = call.error(&FIND, ErrorKind::Decode, Effect::NotSent);
        return Err(call.finish(error.with_hint("the customer was found, and the answer does not tell the id")));
    };
    let other = others.filter_map(|other| other.id().map(str::to_owned)).find(|other| other != id);
    match other {
        Some(other) => Err(conflict(call, vec![id.to_owned(), other])),
        None => Ok(Some(found)),
    }
}

/// The record belongs to these customers at once, or to one who is somebody else.
pub(super) fn conflict(call: &Call<'_>, ids: Vec<String>) -> Error {
    let hint = if ids.len() > 1 {
        "e-mail and phone belong to different customers, or one of them to several"
    } else {
        "the e-mail address is not known, and the phone belongs to a customer with another e-mail address"
    };
    let error = call.error(&FIND, ErrorKind::Conflict, Effect::NotSent);
    call.finish(error.with_conflicting_ids(ids).with_hint(hint))
}
