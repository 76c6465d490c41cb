//! Yotpo Loyalty & Referrals, API v2: another product of the vendor, with customers of its own.
//!
//! A person in Core is unknown here until they are written here as well: this is a second sink, with its own credentials,
//! quota and outcomes. One call creates a customer or updates the existing one; the e-mail address is required. That
//! a repeat changes nothing more is inferred, and so is that an id finds its customer under another address.
//!
//! **Membership.** `opted_in` is the consent to the loyalty programme, which is another than the consent to marketing
//! (documented); left out or null, the account's setting decides (documented). A normalized record knows nothing of it.
//! By default this sink enrols no person: an existing customer keeps what the vendor shows, for which it is looked up
//! first; a new one gets an explicit no. [`ProgramConsent`] changes that. What the vendor does where an address comes with
//! another id than it has there is unknown: where a customer is looked up, it is refused as a conflict, so that no person
//! becomes a member by another person's membership.
//!
//! Tags replace those that the vendor holds (documented). Whether a record without tags leaves them alone is inferred.

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

pub use api::CustomerQuery;
pub use client::Loyalty;
pub use config::{Builder, DEFAULT_BASE_URL, DEFAULT_LIMIT};
pub use matrix::MATRIX;
pub use request::{CustomerInput, OptedIn};
pub use response::CustomerRecord;
pub use to_vendor::ProgramConsent;

use crate::provider::ProviderId;

/// `yotpo_loyalty`
pub const PROVIDER: ProviderId = ProviderId::new("yotpo_loyalty");
