#![doc = include_str!("README.md")]

mod api;
mod client;
mod config;
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

pub use client::TripleWhale;
pub use config::{
    Builder, DEFAULT_BASE_URL, DEFAULT_LIMIT, DEFAULT_PLATFORM, DEFAULT_SQL_LIMIT, DEFAULT_STOP_AFTER, DEFAULT_STOP_FOR,
};
pub use matrix::MATRIX;
pub use request::{CustomerInput, CustomerKey, ErasureInput, MissingCreatedAt, PhoneForm, ReadBack, SqlQuery};
pub use response::{CustomerRecord, SqlRows};

use crate::provider::ProviderId;

/// `triple_whale`
pub const PROVIDER: ProviderId = ProviderId::new("triple_whale");
