//! The operations of the vendor's API that this client calls.

use http::Method;

use super::PROVIDER;
use crate::client::Operation;

/// A repeat with the same record changes nothing more (inferred from "create or update").
pub(super) static UPSERT: Operation = Operation::idempotent_write(PROVIDER, Method::POST, "upsert_loyalty_customer");
pub(super) static FETCH: Operation = Operation::get(PROVIDER, "fetch_loyalty_customer");
