//! Triple Whale, Data-In API: `POST data-in/customers`.
//!
//! A customer's key is shop, `customer_id`, platform and platform account; sending the same key again replaces the whole
//! record (documented). A success means that the vendor has received the record; it is processed within minutes.
//!
//! Beside that call: the key check, the request to erase people (a compliance call), and queries over the vendor's
//! tables, by which a customer can be read back where that is switched on. There is no list and no delete (documented).
//!
//! What this vendor cannot hold: an SMS opt-out (there is no SMS status), a second address, company, birthday, gender,
//! currency and custom values. The plan's notes say so for each record.

mod answer;
mod client;
mod erasure;
mod form;
mod guard;
mod key;
mod map;
mod matrix;
mod native;
mod sink;
mod sql;
mod stored;
mod wire;

pub use client::{
    Builder, DEFAULT_BASE_URL, DEFAULT_LIMIT, DEFAULT_PLATFORM, DEFAULT_SQL_LIMIT, DEFAULT_STOP_AFTER,
    DEFAULT_STOP_FOR, TripleWhale,
};
pub use erasure::{ErasureRequest, ErasureTaken};
pub use form::{MissingCreatedAt, PhoneForm};
pub use key::CustomerKey;
pub use matrix::MATRIX;
pub use sql::{ReadBack, SqlAnswer, SqlQuery};
pub use stored::StoredCustomer;
pub use wire::CustomerRecord;

use crate::provider::ProviderId;

/// `triple_whale`
pub const PROVIDER: ProviderId = ProviderId::new("triple_whale");
