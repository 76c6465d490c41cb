//! Finding a customer, and comparing what came back.

use super::PROVIDER;
use super::api::CustomerQuery;
use super::client::Loyalty;
use super::operations::FETCH;
use super::request::CustomerInput;
use super::response::CustomerRecord;
use crate::client::identify::{Identified, Lookups, Usable, conflict, same_international_number};
use crate::client::{Call, Request};
use crate::customer::{Customer, E164};
use crate::error::Error;
use crate::sink::{FoundCustomer, Identity};

static LOOKUPS: Lookups = Lookups::ALL.no_remote_id("this vendor gives its customers no id of its own");

impl Identified for CustomerRecord {
    fn key(&self) -> Option<&str> {
        self.id()
    }

    fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    fn phone(&self) -> Option<&str> {
        self.phone_number.as_deref()
    }

    fn external_id(&self) -> Option<&str> {
        self.id()
    }

    fn has_phone(&self, number: E164) -> bool {
        same_international_number(self.phone(), number)
    }
}

/// The first look-up for the customer of an input.
pub(super) fn look_up_by_id<'r>(input: &'r CustomerInput<'_>) -> CustomerQuery<'r> {
    CustomerQuery::id(input.id.as_deref().unwrap_or_default())
}

/// The second look-up: the address may be new to the id.
pub(super) fn look_up_by_email<'r>(input: &'r CustomerInput<'_>) -> CustomerQuery<'r> {
    CustomerQuery::email(&*input.email)
}

impl Loyalty {
    /// The customer with this identity.
    pub(super) async fn find_customer(&self, identity: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let wanted = LOOKUPS.usable(identity, (PROVIDER, "find"))?;
        let number;
        let query = match wanted {
            Usable::ExternalId(id) | Usable::RemoteId(id) => CustomerQuery::id(id),
            Usable::Email(email) => CustomerQuery::email(email),
            Usable::Phone(phone) => {
                number = phone.to_string();
                CustomerQuery::phone_number(&*number)
            }
        };
        let found = self.get_customer(&query).await?.map(|answer| answer.value);
        let found = found.filter(|record| wanted.is_of(record));
        Ok(found.map(|record| FoundCustomer::new(None, Customer::from(&record))))
    }

    /// What a look-up shows of the customer of an input.
    ///
    /// A record that is not what was asked for shows nothing. One that has the address under another id is another
    /// customer, or the same one under a former id: the vendor does not show which, and nothing is written.
    pub(super) async fn held(
        &self,
        call: &mut Call<'_>,
        request: &Request,
        input: &CustomerInput<'_>,
    ) -> Result<Option<CustomerRecord>, Error> {
        let Some(record) = self.fetch_customer(call, request).await?.map(|answer| answer.value) else {
            return Ok(None);
        };
        match (input.id.as_deref(), record.id()) {
            (Some(id), Some(held)) if held == id => Ok(Some(record)),
            _ if !record.has_email(&input.email) => Ok(None),
            (Some(id), Some(other)) => {
                let hint = "the e-mail address belongs to a loyalty customer with another id";
                Err(call.finish(conflict(&FETCH, [id, other]).with_hint(hint)))
            }
            _ => Ok(Some(record)),
        }
    }
}
