#![doc = include_str!("README.md")]

mod api;
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

pub use api::{ActivityQuery, CustomerQuery, DateBound, PageQuery, SortOrder};
pub use client::Whale;
pub use config::{
    Assumptions, Builder, Continuation, DEFAULT_BASE_URL, DEFAULT_DAILY_LIMIT, DEFAULT_LIMIT, PathStyle, TagPolicy,
};
pub use matrix::MATRIX;
pub use request::{
    ActivityKind, AddressInput, Change, CustomerId, CustomerInput, CustomerSort, ErasureInput, ExportInput, Metadata,
    MetadataValue, NoteId, NoteInput, Operator, RemovalKind, RemovalRequestId, RemovalStatus, Rule, Rules, SegmentId,
    SegmentInput, SegmentKind,
};
pub use response::{
    ActivityRecord, AddressRecord, ChurnRisk, CustomerRecord, MetricsRecord, NoteRecord, RemovalRequestRecord,
    RfmRecord, SegmentRecord,
};
pub use upsert::CreateOutcome;

use crate::provider::ProviderId;

/// `whale`
pub const PROVIDER: ProviderId = ProviderId::new("whale");
