//! Finds a customer by the vendor's id or by e-mail address, and compares who came back with who was asked for.

use super::PROVIDER;
use super::api::{CustomerQuery, List, Row, existing, hinted};
use super::client::Whale;
use super::error::check;
use super::operations::{GET_CUSTOMER, LIST_CUSTOMERS};
use super::request::CustomerId;
use super::response::{CustomerRecord, read_customer};
use crate::client::Call;
use crate::client::api::ApiClient;
use crate::client::identify::{Lookups, Usable, same_email};
use crate::client::pages::{PageWalk, Walk};
use crate::client::response::decode;
use crate::error::{Error, ErrorKind};
use crate::sink::Identity;

static LOOKUPS: Lookups = Lookups::ALL
    .no_external_id("the vendor has no search by metadata, which holds the external id")
    .no_phone("the vendor's search is by text, which identifies no phone number for certain");

/// Pages read at most in one search. A search that goes on longer is one that the vendor ignores.
const MOST_PAGES: u32 = 50;

impl Whale {
    /// The customer with an identity, by calls that read only. `operation` is what an error names.
    pub(super) async fn find_customer(
        &self,
        call: &mut Call<'_>,
        identity: &Identity,
        operation: &'static str,
    ) -> Result<Option<CustomerRecord>, Error> {
        let (id, email) = match LOOKUPS.usable(identity, (PROVIDER, operation))? {
            Usable::Email(email) => match self.id_by_email(call, email, operation).await? {
                Some(id) => (id, Some(email)),
                None => return Ok(None),
            },
            Usable::RemoteId(id) => (id.to_owned(), None),
            _ => return Err(Error::unsupported(PROVIDER, operation, "the vendor has no such look-up")),
        };
        // Rows of a list show neither address nor metadata.
        let request = self.bare(&GET_CUSTOMER, &self.0.urls.customer).with_ids(&[("id", &id)]);
        let request = request.map_err(|error| call.finish(error))?;
        let answer = existing(self.send(call, &request, decode(check, read_customer)).await)?;
        let Some(record) = answer.map(|answer| answer.value) else { return Ok(None) };
        // A list may be older than the record.
        match (email, record.email.as_deref()) {
            (Some(email), held @ Some(_)) if !same_email(held, email) => {
                let hint = "the customer that the search found has another e-mail address now";
                let error = call.fail(&GET_CUSTOMER, ErrorKind::Conflict, hint);
                Err(error.with_conflicting_ids(vec![id]))
            }
            _ => Ok(Some(record)),
        }
    }

    /// The id of the one customer whose e-mail address is exactly this one. The vendor's search is no filter, so that
    /// every page is read.
    async fn id_by_email(
        &self,
        call: &mut Call<'_>,
        email: &str,
        operation: &'static str,
    ) -> Result<Option<String>, Error> {
        const UNREADABLE: &str = "a row of the search cannot be read, or has no id: it may be the customer";
        let list = self.customers(&CustomerQuery::search(email).limit(self.0.settings.assumptions.search_page_size));
        let mut walk = PageWalk::new(MOST_PAGES, List::guard());
        let (mut ids, mut has_nameless): (Vec<String>, bool) = (Vec::new(), false);
        loop {
            let page = list.page_in::<CustomerRecord>(call, walk.cursor()).await?.value;
            if page.unreadable > 0 {
                return Err(call.fail(&LIST_CUSTOMERS, ErrorKind::Decode, UNREADABLE));
            }
            let step = walk.page(&page, CustomerRecord::key);
            for row in page.items.into_iter().filter(|row| same_email(row.email.as_deref(), email)) {
                match row.id.map(CustomerId::into_string) {
                    Some(id) if ids.contains(&id) => {}
                    Some(id) => ids.push(id),
                    None => has_nameless = true,
                }
            }
            match step {
                Walk::More => {}
                Walk::End => break,
                Walk::Loop(fault) => return Err(call.finish(hinted(fault.error(&LIST_CUSTOMERS)))),
                Walk::TooManyPages => {
                    let hint = "the search goes on for more pages than any search should: the vendor ignores it";
                    return Err(call.fail(&LIST_CUSTOMERS, ErrorKind::Decode, hint));
                }
            }
        }
        if has_nameless && ids.is_empty() {
            return Err(call.fail(&LIST_CUSTOMERS, ErrorKind::Decode, UNREADABLE));
        }
        if ids.len() > 1 {
            let error = crate::client::identify::conflict((PROVIDER, operation), ids);
            return Err(call.finish(error.with_hint("several customers have this e-mail address")));
        }
        Ok(ids.pop())
    }
}
