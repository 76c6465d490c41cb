#![doc = include_str!("README.md")]

mod api;
mod auth;
mod client;
mod config;
mod error;
mod from_vendor;
mod lookup;
pub mod loyalty;
mod matrix;
mod operations;
mod request;
mod response;
mod sink;
mod to_vendor;
mod upsert;

pub use api::{ConfirmOptions, Confirmation, CustomerQuery, ReviewUnsubscribers, ReviewUnsubscribersBuilder};
pub use client::Yotpo;
pub use config::{Builder, DEFAULT_BASE_URL, DEFAULT_LIMIT};
pub use matrix::MATRIX;
pub use request::{AddressInput, CustomerIdentity, CustomerInput};
pub use response::{
    AddressRecord, ChannelConsent, Channels, CustomerRecord, ListMembership, Marketing, ReviewFigures, Suppressions,
    Tags,
};

use crate::provider::ProviderId;

/// `yotpo`
pub const PROVIDER: ProviderId = ProviderId::new("yotpo");
