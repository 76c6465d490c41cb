//! Shoplazza, Open API: `POST openapi/2022-01/customers` and the rest of its Customer group.
//!
//! The vendor has no upsert. An upsert looks for the customer by e-mail and phone, checks that the answer really holds
//! them (unknown filters are passed over in silence, and everybody comes back: seen), and then creates or updates.
//!
//! What this vendor cannot hold: an id of one's own, company, note, gender, birthday, locale and custom values of a
//! customer, and how and when a consent was given. An update cannot change e-mail and phone (documented). Consent is a
//! yes or a no, whose documented default is yes: both consents are therefore always sent.

mod account;
mod address;
mod addresses;
mod answer;
mod callback;
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
mod token_pair;
mod version;
mod wire;

pub use account::{Builder, DEFAULT_LIMIT, DEFAULT_LOOKUP_PAGES, LOOKUP_PAGE_SIZE, STORE_LIMIT, Shoplazza};
pub use callback::SignedQuery;
pub use ids::{AddressId, CustomerId};
pub use matrix::MATRIX;
pub use oauth::{OAuthApp, SCOPES};
pub use paging::{ListQuery, MAX_PAGE_SIZE, Page, Position};
pub use shown::{AddressRecord, CustomerRecord};
pub use token_pair::TokenPair;
pub use version::{ApiVersion, TagPolicy};
pub use wire::{AddressFields, ContactType, CustomerUpdate, NewCustomer, Password, Tags};

use crate::provider::ProviderId;

/// `shoplazza`
pub const PROVIDER: ProviderId = ProviderId::new("shoplazza");
