//! Customers: lists, the search, erasure, invitations, the blacklist, tags.

use std::fmt;

use futures::Stream;
use http::Method;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::super::client::{Shopline, body};
use super::super::native::{Answered, SEARCH, SEARCH_ROUTE};
use super::super::paging::{Page, PageInfo, follow};
use super::super::query::{CustomerList, CustomerSearch};
use super::super::record::{CustomerRecord, CustomersAnswer, object};
use super::super::wire::{CustomerId, TagId};
use super::{Ask, listable};
use crate::client::Operation;
use crate::client::json::lenient::lenient_text;
use crate::error::Error;

static LIST: Operation = Operation::bare_read("list_customers");
pub(in super::super) static DELETE: Operation = Operation::bare_idempotent_write("delete_customer");
/// Each sends a mail.
static INVITE: Operation = Operation::bare_write("send_invite");
/// Whether a new address ends an older one is unknown.
static ACTIVATE: Operation = Operation::bare_write("create_account_activation_url");
static BLACKLIST: Operation = Operation::bare_idempotent_write("add_to_blacklist");
static WHITELIST: Operation = Operation::bare_idempotent_write("remove_from_blacklist");
static UNTAG: Operation = Operation::bare_idempotent_write("remove_tags");

/// What the vendor tells of a customer whom it has erased; all of it is missing where there was nobody.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct DeletedCustomer {
    /// E-mail address.
    #[serde(deserialize_with = "lenient_text")]
    pub email: Option<String>,
    /// Given name.
    #[serde(deserialize_with = "lenient_text")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(deserialize_with = "lenient_text")]
    pub last_name: Option<String>,
    /// Phone number.
    #[serde(deserialize_with = "lenient_text")]
    pub phone: Option<String>,
}

/// Between whom an invitation went.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Invitation {
    /// The store's address.
    #[serde(deserialize_with = "lenient_text")]
    pub from: Option<String>,
    /// The customer's address.
    #[serde(deserialize_with = "lenient_text")]
    pub to: Option<String>,
}

/// Where a customer sets a password. Who has it can take over the account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActivationUrl {
    /// The address; none where the answer could not be read.
    pub url: Option<SecretString>,
}

macro_rules! silent_debug {
    ($($name:ident),+) => {
        /// Shows no value.
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })+
    };
}

silent_debug!(DeletedCustomer, Invitation);

#[derive(Default, Deserialize)]
#[serde(default)]
struct DeleteAnswer {
    #[serde(deserialize_with = "object")]
    customer: Option<DeletedCustomer>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InviteAnswer {
    #[serde(deserialize_with = "object")]
    customer_invite: Option<Invitation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ActivationAnswer {
    #[serde(deserialize_with = "object")]
    data: Option<ActivationData>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ActivationData {
    #[serde(deserialize_with = "lenient_text")]
    account_activation_url: Option<String>,
}

/// An answer of which nothing is documented.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Nothing {}

#[derive(Serialize)]
struct BlacklistBody<'a> {
    customer_id: &'a str,
}

/// The customer is called `user_id` here, and `customer_id` on every other route (documented).
#[derive(Serialize)]
struct UntagBody<'a> {
    user_id: &'a str,
    tag_ids: Vec<&'a str>,
}

impl Shopline {
    /// A page of the store's customers: `GET v2/customers.json`. With a cursor, the list is that of the first request,
    /// whatever else is asked for (documented).
    ///
    /// # Errors
    ///
    /// As the vendor refuses it, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_customers(
        &self,
        list: &CustomerList,
        page: Option<&PageInfo>,
    ) -> Result<Answered<Page<CustomerRecord>>, Error> {
        self.paging::<CustomersAnswer>(Ask::get(&LIST, "v2/customers.json").query(list.query(page))).await
    }

    /// The store's customers, page by page as they are asked for. An error ends the stream, also where the server leads
    /// in a circle or sends the same page again.
    pub fn customers(&self, list: CustomerList) -> impl Stream<Item = Result<CustomerRecord, Error>> + Send + use<> {
        let client = self.clone();
        follow(LIST.name, move |page| {
            let (client, list) = (client.clone(), list.clone());
            async move { client.list_customers(&list, page.as_ref()).await }
        })
    }

    /// A page of a search: `GET customers/v2/search.json`. By words it is fuzzy (documented): compare what it brings.
    /// How soon it shows a change is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for words of more than 50 characters, or a semicolon
    /// in a criterion; else as the vendor refuses it, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn search_customers(
        &self,
        search: &CustomerSearch,
        page: Option<&PageInfo>,
    ) -> Result<Answered<Page<CustomerRecord>>, Error> {
        let query = search.query(page).map_err(|error| error.with_operation(SEARCH.name))?;
        self.paging::<CustomersAnswer>(Ask::get(&SEARCH, SEARCH_ROUTE).query(query)).await
    }

    /// The customers that a search finds, page by page as they are asked for. An error ends the stream.
    pub fn search(&self, search: CustomerSearch) -> impl Stream<Item = Result<CustomerRecord, Error>> + Send + use<> {
        let client = self.clone();
        follow(SEARCH.name, move |page| {
            let (client, search) = (client.clone(), search.clone());
            async move { client.search_customers(&search, page.as_ref()).await }
        })
    }

    /// Erases a customer: `DELETE customers/{id}.json`. Also a success where there is nobody (seen), and what the answer
    /// shows is documented in one way and empty in the vendor's own tests: whether there was anybody cannot be told.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it: 422 for a customer who has ordered or spent (seen).
    pub async fn delete_customer(&self, id: &CustomerId) -> Result<Answered<DeletedCustomer>, Error> {
        let ids = [("id", id.as_str())];
        let ask = Ask::new(&DELETE, Method::DELETE, "customers/{id}.json").ids(&ids);
        match self.writing::<DeleteAnswer>(ask).await {
            Ok(answered) => Ok(answered.map(|answer| answer.customer.unwrap_or_default())),
            Err(error) if error.status() == Some(422) => {
                Err(error.with_hint("a customer who has ordered or spent cannot be deleted"))
            }
            Err(error) => Err(error),
        }
    }

    /// Sends the mail that invites a customer to an account: `POST customers/{id}/send_invite.json`. Each call sends one.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it. With [`Effect::Unknown`](crate::Effect::Unknown), the mail may have gone out.
    pub async fn send_invite(&self, id: &CustomerId) -> Result<Answered<Invitation>, Error> {
        let ids = [("id", id.as_str())];
        let ask = Ask::new(&INVITE, Method::POST, "customers/{id}/send_invite.json").ids(&ids);
        Ok(self.writing::<InviteAnswer>(ask).await?.map(|answer| answer.customer_invite.unwrap_or_default()))
    }

    /// Makes the address at which a customer sets a password: `POST customers/{id}/account_activation_url.json`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it.
    pub async fn create_account_activation_url(&self, id: &CustomerId) -> Result<Answered<ActivationUrl>, Error> {
        let ids = [("id", id.as_str())];
        let ask = Ask::new(&ACTIVATE, Method::POST, "customers/{id}/account_activation_url.json").ids(&ids);
        let answered = self.writing::<ActivationAnswer>(ask).await?;
        Ok(answered.map(|answer| {
            let url = answer.data.and_then(|data| data.account_activation_url).filter(|url| !url.is_empty());
            ActivationUrl { url: url.map(SecretString::from) }
        }))
    }

    /// Puts a customer on the blacklist: `POST customers/add_blacklist.json`. The customer's state is then 0.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it.
    pub async fn add_to_blacklist(&self, id: &CustomerId) -> Result<Answered<()>, Error> {
        let body = body(&BlacklistBody { customer_id: id.as_str() })?;
        let ask = Ask::new(&BLACKLIST, Method::POST, "customers/add_blacklist.json").body(body);
        Ok(self.writing::<Nothing>(ask).await?.map(|_| ()))
    }

    /// Takes a customer off the blacklist: `POST customers/remove_blacklist.json`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it.
    pub async fn remove_from_blacklist(&self, id: &CustomerId) -> Result<Answered<()>, Error> {
        let body = body(&BlacklistBody { customer_id: id.as_str() })?;
        let ask = Ask::new(&WHITELIST, Method::POST, "customers/remove_blacklist.json").body(body);
        Ok(self.writing::<Nothing>(ask).await?.map(|_| ()))
    }

    /// Takes tags off a customer, by the tags' ids: `POST customer_tags_remove.json`. There is no route that adds one:
    /// tags are added by create and update.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where no tag is named; else as the vendor refuses it.
    pub async fn remove_tags(&self, id: &CustomerId, tags: &[TagId]) -> Result<Answered<()>, Error> {
        listable(&UNTAG, "tag_ids", tags.iter().map(TagId::as_str))?;
        let tag_ids = tags.iter().map(TagId::as_str).collect();
        let body = body(&UntagBody { user_id: id.as_str(), tag_ids })?;
        let ask = Ask::new(&UNTAG, Method::POST, "customer_tags_remove.json").body(body);
        Ok(self.writing::<Nothing>(ask).await?.map(|_| ()))
    }
}
