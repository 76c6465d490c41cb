//! Shoplazza, Open API: `POST openapi/2022-01/customers` and the rest of its Customer group.
//!
//! The vendor has no upsert. An upsert looks for the customer by e-mail and phone, checks that the answer really holds
//! them (unknown filters are passed over in silence, and everybody comes back: seen), and then creates or updates.
//!
//! What this vendor cannot hold: an id of one's own, company, note, gender, birthday, locale and custom values of a
//! customer, and how and when a consent was given. An update cannot change e-mail and phone (documented). Consent is a
//! yes or a no, whose documented default is yes: both consents are therefore always sent with a new customer, and by
//! default with an update.
//!
//! A client has an access token of a private app, which stays ([`Shoplazza::builder`]), or the pair of tokens of an
//! [`OAuthApp`], which it renews by itself. Each page of a list is a call ([`Shoplazza::list_customers`]), and a stream
//! goes through all of them:
//!
//! ```no_run
//! # async fn f() -> Result<(), customer_sink::Error> {
//! use customer_sink::providers::shoplazza::{ListQuery, MAX_PAGE_SIZE, Shoplazza};
//! use futures::TryStreamExt;
//!
//! let client = Shoplazza::builder("acme", "the access token").build()?;
//! let query = ListQuery { size: Some(MAX_PAGE_SIZE), ..ListQuery::default() };
//! let mut customers = client.customers(&query);
//! while let Some(record) = customers.try_next().await? {
//!     println!("{:?} has {} tags", record.id, record.tags.unwrap_or_default().len());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What the vendor's documentation leaves open is an option of the [`Builder`]: which contacts a new customer is sent with
//! ([`both_contacts`](Builder::both_contacts), [`contact_type`](Builder::contact_type)), by which filter e-mail addresses
//! are looked for ([`email_filter`](Builder::email_filter)), what an update says of a consent that the record does not know
//! ([`unknown_consent`](Builder::unknown_consent)), and how far a look-up reads ([`lookup_pages`](Builder::lookup_pages)).
//! [`webhook`] checks what the vendor sends.
//!
//! From app to client:
//!
//! ```no_run
//! # async fn f(query_of_the_callback: &str, state: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use customer_sink::providers::shoplazza::{OAuthApp, SCOPES};
//!
//! let app = OAuthApp::new("the client id", "the client secret")?;
//! let redirect_uri = "https://app.example.com/callback";
//! let send_the_browser_to = app.authorize_url("acme", SCOPES, redirect_uri, state)?;
//! // When the browser is back:
//! let callback = app.verify_callback(query_of_the_callback, state)?;
//! let tokens = app.exchange(callback.shop(), callback.code().ok_or("no code")?, redirect_uri).await?;
//! let client = app.client(callback.shop(), tokens).on_new_tokens(|pair| store(pair)).build()?;
//! # let _ = (client, send_the_browser_to);
//! # fn store(_: &customer_sink::providers::shoplazza::TokenPair) {}
//! # Ok(())
//! # }
//! ```

mod account;
mod address;
mod addresses;
mod answer;
mod callback;
mod check;
mod client;
mod credential;
mod ids;
mod lookup;
mod map;
mod matrix;
mod oauth;
mod paging;
mod shown;
mod sink;
mod sink_addresses;
mod token_pair;
mod version;
pub mod webhook;
mod wire;

pub use account::{Builder, DEFAULT_LIMIT, DEFAULT_LOOKUP_PAGES, LOOKUP_PAGE_SIZE, STORE_LIMIT, Shoplazza};
pub use callback::SignedQuery;
pub use ids::{AddressId, CustomerId};
pub use matrix::MATRIX;
pub use oauth::{OAuthApp, SCOPES};
pub use paging::{ListQuery, MAX_PAGE_SIZE, Page, Position};
pub use shown::{AddressRecord, CustomerRecord};
pub use token_pair::TokenPair;
pub use version::{ApiVersion, TagPolicy, UnknownConsent};
pub use wire::{AddressFields, ContactType, CustomerUpdate, NewCustomer, Password};

use crate::provider::ProviderId;

/// `shoplazza`
pub const PROVIDER: ProviderId = ProviderId::new("shoplazza");
