#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
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

pub mod client;
#[cfg(feature = "conformance")]
#[cfg_attr(docsrs, doc(cfg(feature = "conformance")))]
pub mod conformance;
pub mod customer;
#[cfg(feature = "delivery")]
#[cfg_attr(docsrs, doc(cfg(feature = "delivery")))]
pub mod delivery;
#[cfg(doc)]
#[doc = include_str!("README.md")]
pub mod architecture {}
mod error;
#[cfg(all(feature = "conformance", feature = "sandbox"))]
#[cfg_attr(docsrs, doc(cfg(all(feature = "conformance", feature = "sandbox"))))]
pub mod guide;
pub mod memory;
pub mod plan;
mod provider;
pub mod providers;
#[cfg(feature = "sandbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
pub mod sandbox;
mod sink;
pub mod toolkit;

pub use client::{
    BaseUrl, Clock, Connector, HttpRequest, HttpResponse, RetryPolicy, Secret, Transport, TransportError,
    TransportErrorKind,
};
#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
pub use client::{ReqwestOptions, ReqwestTransport};
pub use customer::{
    AccountState, Address, Consent, ConsentState, CustomValue, Customer, Decimal, E164, Email, EmailError, Gender,
    OptInLevel, Phone, PhoneError, SubscriptionState,
};
pub use error::{Effect, Error, ErrorKind, FieldError, Result};
pub use plan::{Outcome, Plan, Upserted};
pub use provider::ProviderId;
pub use sink::{
    Capabilities, CustomerSink, CustomerSinkExt, ErasureStatus, FoundCustomer, Identity, OnLoss, RemoteId,
    UpsertOptions,
};
