//! Credentials: how a client comes by them, keeps them, and checks what others signed with them.

pub(crate) mod secret;
pub(crate) mod signature;
pub(crate) mod signed_query;
pub(crate) mod single_flight;
pub(crate) mod token;
pub(crate) mod webhook;
