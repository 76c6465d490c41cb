//! Whale CRM (`WhaleTools`), Customers API: `v1/stores/{store_id}/customers`.
//!
//! The e-mail address is unique per store, and `POST customers` with a known one returns the existing customer
//! (documented), presumably unmodified (inferred). An upsert is therefore that `POST`, a check of whom the vendor
//! returned, and a `PATCH` of what differs. The vendor's own code also matches by phone where the e-mail is new (seen):
//! an answer with another e-mail address is a conflict, and nothing is written to that person.
//!
//! What this vendor cannot hold: marketing consents, an opt-out among them (but see [`Builder::send_consent`]); a second address; note, company, gender, a birthday
//! (but see [`Builder::send_birthday`]), locale, currency and states. The caller's own id has no field: it travels as `metadata.external_id`, which is
//! this crate's convention. The plan's notes say so for each record.
//!
//! # What an outcome says
//!
//! * `created`: the vendor's answer has evidence of it, a 201 as a rule (inferred), and none against it.
//! * `updated`: a `PATCH` was taken.
//! * `unchanged`: what the vendor holds says the same; nothing more had to be written. Where the vendor answers 200 to
//!   new customers too, a new one that holds everything at once is told as unchanged as well.
//! * `accepted`: the vendor said yes, but it cannot be told whether the customer is new: an attempt before had got lost,
//!   or the answer's body could not be read. In the second case there is no remote id, and details of a customer who
//!   was there already may not have been brought up to date.
//!
//! # The native client
//!
//! [`Whale`] has all 15 documented calls, in both published styles of path. Lists are [`Listing`]s: one page, a stream of
//! pages, or a stream of rows. The vendor documents no request for a second page, no body of a note, and no way to write
//! several tags: each such guess is one option of the [`Builder`], with the default said there. Words that nobody
//! documented (kinds of events, operators of rules, states) and keys beyond the documented ones come back as they are.
//!
//! Notes, new segments and removal requests are sent once: where their answer gets lost, the error's effect is
//! [`Unknown`](crate::Effect::Unknown). [`webhook`] checks and reads what the vendor sends.

mod answer;
mod builder;
mod client;
mod diff;
mod disposition;
mod echo;
mod fields;
mod listing;
mod map;
mod matrix;
mod metrics;
mod native;
mod normalize;
mod paging;
mod query;
mod record;
mod removal;
mod segment;
mod sink;
mod timeline;
pub mod webhook;
mod wire;
mod words;

pub use builder::{Builder, DEFAULT_BASE_URL, DEFAULT_DAILY_LIMIT, DEFAULT_LIMIT, PathStyle, TagPolicy};
pub use client::Whale;
pub use disposition::{CreateOutcome, Disposition, Evidence};
pub use listing::Listing;
pub use matrix::{MATRIX, MATRIX_WITH_BIRTHDAY, MATRIX_WITH_CONSENT, MATRIX_WITH_CONSENT_AND_BIRTHDAY};
pub use metrics::{ChurnRisk, CustomerMetrics, Rfm};
#[cfg(feature = "sandbox")]
pub(crate) use normalize::found;
pub use paging::{Continuation, Page, PageStart};
pub use query::{ActivityQuery, ArrayStyle, DateBound, ListQuery, PageQuery, SortOrder};
pub use record::{AddressRecord, CustomerRecord};
pub use removal::{ErasureInput, ExportInput, RemovalRequest};
pub use segment::{Condition, Rule, Rules, Segment, SegmentInput};
pub use timeline::{ActivityEvent, CustomerNote, NoteInput};
pub use wire::{AddressInput, Change, CustomerInput, Metadata, MetadataValue};
pub use words::{
    ActivityKind, CustomerId, CustomerSort, NoteId, Operator, RemovalKind, RemovalRequestId, RemovalStatus, SegmentId,
    SegmentKind,
};

use crate::provider::ProviderId;

/// `whale`
pub const PROVIDER: ProviderId = ProviderId::new("whale");
