//! Authentication: an access token, or the tokens of an app that a merchant authorised.

pub(crate) mod app;
pub(crate) mod callback;
pub(crate) mod token;
