//! Credentials: secrets, access tokens, and the verification of signatures.

pub(crate) mod secret;
pub(crate) mod signature;
pub(crate) mod signed_query;
pub(crate) mod single_flight;
pub(crate) mod token;
pub(crate) mod webhook;
