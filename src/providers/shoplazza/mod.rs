#![doc = include_str!("README.md")]

mod addresses;
mod api;
mod auth;
mod client;
mod config;
mod diff;
mod error;
mod from_vendor;
mod lookup;
mod matrix;
mod operations;
mod request;
mod response;
mod sink;
mod to_vendor;
mod upsert;
pub mod webhook;

pub use api::{AddressQuery, CustomerQuery};
pub use auth::app::{OAuthApp, SCOPES};
pub use auth::callback::SignedQuery;
pub use auth::token::TokenPair;
pub use client::Shoplazza;
pub use config::{
    ApiVersion, Builder, DEFAULT_LIMIT, DEFAULT_LOOKUP_PAGES, LOOKUP_PAGE_SIZE, STORE_LIMIT, TagPolicy, UnknownConsent,
};
pub use matrix::MATRIX;
pub use request::{
    AddressId, AddressInput, ContactType, CustomerId, CustomerInput, CustomerUpdateInput, MAX_PAGE_SIZE, Password,
};
pub use response::{AddressRecord, CustomerRecord, Tags};

use crate::provider::ProviderId;

/// `shoplazza`
pub const PROVIDER: ProviderId = ProviderId::new("shoplazza");
