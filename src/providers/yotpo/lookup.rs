//! Finding a customer, and comparing what came back.

use super::PROVIDER;
use super::api::CustomerQuery;
use super::client::Yotpo;
use super::operations::LIST;
use super::response::CustomerRecord;
use crate::client::identify::{Identified, Lookups, Resolved, Usable, conflict, resolve, same_international_number};
use crate::client::pages::{PageGuard, PageWalk, Walk};
use crate::client::validate::Validation;
use crate::customer::{Customer, is_blank};
use crate::error::{Error, ErrorKind};
use crate::provider::ProviderId;
use crate::sink::{FoundCustomer, Identity};

static LOOKUPS: Lookups = Lookups::ALL.no_remote_id("this vendor gives its customers no id of its own");

const FIND: (ProviderId, &str) = (PROVIDER, "find");

/// The pages that a look-up reads at most. A filter leaves a handful of customers; more pages mean that the vendor did
/// not obey it.
const PAGES: u32 = 10;

impl Identified for CustomerRecord {
    fn key(&self) -> Option<&str> {
        self.external_id.as_deref().filter(|id| !is_blank(id))
    }

    fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    fn phone(&self) -> Option<&str> {
        self.phone_number.as_deref()
    }

    fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    fn has_phone(&self, number: crate::customer::E164) -> bool {
        same_international_number(self.phone(), number)
    }
}

impl Yotpo {
    /// The one customer with this identity.
    pub(super) async fn find_customer(&self, identity: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let wanted = LOOKUPS.usable(identity, FIND)?;
        let number;
        let query = match wanted {
            // Where the filter is a list separated by commas, such an id would be read as two.
            Usable::ExternalId(id) if self.0.arrays.splits(id) => {
                let rule = "has a comma, which separates ids in a look-up; the option array_style changes that";
                return Err(Validation::refusal(FIND, "external_id", rule));
            }
            Usable::ExternalId(id) | Usable::RemoteId(id) => CustomerQuery::external_id(id),
            Usable::Email(email) => CustomerQuery::email(email),
            Usable::Phone(phone) => {
                number = phone.to_string();
                CustomerQuery::phone_number(&*number)
            }
        };
        let mut call = self.0.account.call();
        let mut walk = PageWalk::new(PAGES, PageGuard::new());
        let (mut hits, mut unreadable) = (Vec::new(), 0usize);
        loop {
            let query = query.at(walk.cursor());
            let page = self.customers_page(&mut call, &query).await?.value;
            let step = walk.page(&page, CustomerRecord::row_key);
            unreadable += page.unreadable;
            hits.extend(page.items.into_iter().filter(|record| wanted.is_of(record)));
            match step {
                Walk::More => {}
                Walk::End => break,
                Walk::Loop(fault) => return Err(call.finish(fault.error(&LIST))),
                Walk::TooManyPages => {
                    let hint = "the vendor returns more pages than the filter can leave";
                    return Err(call.fail(&LIST, ErrorKind::Decode, hint));
                }
            }
        }
        // A row that cannot be read may be the customer that is looked for.
        if hits.is_empty() && unreadable > 0 {
            return Err(call.fail(&LIST, ErrorKind::Decode, "some of the rows are no customers"));
        }
        match resolve(hits, [], None) {
            Resolved::NotFound => Ok(None),
            Resolved::One(record) => Ok(Some(FoundCustomer::new(None, Customer::from(&record)))),
            Resolved::Several(mut ids) => {
                ids.sort();
                Err(call.finish(conflict(FIND, ids).with_hint("several customers of the store have this identity")))
            }
        }
    }
}
