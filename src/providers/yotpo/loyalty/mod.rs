//! Yotpo Loyalty & Referrals, API v2: another product of the vendor, with customers of its own.
//!
//! A person in Core is nobody here until they are written here too: this is a second sink, with its own credentials,
//! quota and outcomes. One call creates a customer or updates the one who is there; the e-mail address is required. That
//! a repeat changes nothing more is inferred, and so is that an id finds its customer under another address.
//!
//! **Membership.** `opted_in` is the consent to the loyalty programme, which is another than the consent to marketing
//! (documented); left out or null, the account's setting decides (documented). A normalized record knows nothing of it.
//! By default nobody is enrolled by this sink: who is there keeps what the vendor shows, for which they are looked up
//! first; who is new gets an explicit no. [`ProgramConsent`] says otherwise. What the vendor does where an address comes
//! with another id than it has there is unknown: where somebody is looked up, it is refused as a conflict, so that nobody
//! becomes a member by somebody else's membership.
//!
//! Tags replace those that the vendor holds (documented). Whether a record without tags leaves them alone is inferred.

mod answer;
mod client;
mod map;
mod matrix;
mod read;
mod sink;
mod wire;

pub use client::{Builder, DEFAULT_BASE_URL, DEFAULT_LIMIT, Loyalty};
pub use map::ProgramConsent;
pub use matrix::MATRIX;
pub use read::{CustomerQuery, CustomerRow};
pub use wire::{CustomerRecord, OptedIn};

use crate::provider::ProviderId;

/// `yotpo_loyalty`
pub const PROVIDER: ProviderId = ProviderId::new("yotpo_loyalty");
