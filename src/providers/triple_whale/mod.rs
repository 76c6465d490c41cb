//! Triple Whale, Data-In API: `POST data-in/customers`.
//!
//! A customer's key is shop, `customer_id`, platform and platform account; sending the same key again replaces the whole
//! record (documented). A success means that the vendor has received the record; it is processed within minutes.
//!
//! What this vendor cannot hold: an SMS opt-out (there is no SMS status), a second address, company, birthday, gender,
//! currency and custom values. The plan's notes say so for each record.

mod answer;
mod client;
mod map;
mod matrix;
mod wire;

pub use client::{Builder, DEFAULT_BASE_URL, DEFAULT_LIMIT, DEFAULT_PLATFORM, TripleWhale};
pub use matrix::MATRIX;
pub use wire::CustomerRecord;

use crate::provider::ProviderId;

/// `triple_whale`
pub const PROVIDER: ProviderId = ProviderId::new("triple_whale");
