//! Credentials: how a client comes by them, keeps them, and checks what others signed with them.

pub(crate) mod signature;
pub(crate) mod single_flight;
pub(crate) mod token;
