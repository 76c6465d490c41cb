//! Yotpo, Core API v3: `PATCH core/v3/stores/{store_id}/customers`.
//!
//! One call creates a customer or updates the one who is there. A customer is known by `external_id`, which an e-mail
//! address may accompany; without it by the e-mail address alone (documented). A success means that the vendor took the
//! record; it can be seen there after a minute (documented; others measured up to four).
//!
//! What this vendor cannot hold: a second address, birthday, note, display name and company of the person, order
//! figures, opt-in levels. A phone number and custom values have a place that the vendor asks not to use any more, so
//! that they are not sent unless asked for. Nothing can be blanked: null and absence both mean "leave alone". The plan's
//! notes say so for each record.
//!
//! [`loyalty`] is a second sink, of another product of the vendor, with customers of its own.
//!
//! Access tokens are minted from the store's API secret when they are first needed, shared by all clients of that store
//! and secret, and replaced when the vendor refuses them.

mod answer;
mod client;
mod confirm;
mod limits;
pub mod loyalty;
mod map;
mod matrix;
mod pages;
mod privacy;
mod query;
mod read;
mod reviews;
mod sink;
mod token;
mod wire;

pub use client::{Builder, DEFAULT_BASE_URL, DEFAULT_LIMIT, Yotpo};
pub use confirm::{Confirmation, Patience};
pub use matrix::MATRIX;
pub use query::{ArrayStyle, CustomerQuery};
pub use read::{
    AddressRow, ChannelConsent, Channels, CustomerPage, CustomerRow, ListMembership, Marketing, ReviewFigures,
    Suppressions,
};
pub use reviews::{ReviewUnsubscribers, ReviewUnsubscribersBuilder};
pub use wire::{AddressRecord, CustomerIdentity, CustomerRecord};

use crate::provider::ProviderId;

/// `yotpo`
pub const PROVIDER: ProviderId = ProviderId::new("yotpo");
