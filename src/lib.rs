#![doc = include_str!("../README.md")]
// The library never panics and never prints; its tests may.
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr,
        unreachable_pub
    )
)]

mod address_match;
pub mod build;
#[cfg(feature = "conformance")]
pub mod conformance;
mod customer;
pub mod delivery;
mod error;
#[cfg(all(feature = "conformance", feature = "sandbox"))]
pub mod guide;
mod http;
mod mapper;
mod matrix;
pub mod memory;
mod notes;
mod outcome;
mod plan;
mod provider;
pub mod providers;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod signature;
mod single_flight;
mod sink;
mod trace;

pub use self::http::{
    BaseUrl, BodyFault, Clock, Connector, HttpRequest, HttpResponse, Limit, ManualClock, Quota, ReqwestOptions,
    ReqwestTransport, RetryPolicy, SystemClock, Transport, TransportError, TransportErrorKind,
};
pub use customer::{
    AccountState, Address, AddressField, Channel, Consent, ConsentField, ConsentState, CustomValue, Customer, Decimal,
    DecimalError, E164, Email, EmailError, Field, FieldPath, FieldSet, Gender, JsonNumber, OptInLevel, Phone,
    PhoneError, SubscriptionState,
};
pub use error::{Effect, Error, ErrorKind, FieldError, Result};
pub use matrix::{FieldKey, FieldMatrix, FieldRule, Treatment};
pub use notes::{Action, Note, Reason};
pub use outcome::{Outcome, Upserted};
pub use plan::{Plan, Step, When};
pub use provider::ProviderId;
pub use sink::{Capabilities, CustomerSink, CustomerSinkExt, Erased, Found, Identity, OnLoss, RemoteId, UpsertOptions};
