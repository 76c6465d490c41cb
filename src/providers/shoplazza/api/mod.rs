//! The native calls, one file a resource.

mod addresses;
mod customers;
mod oauth;

pub use addresses::AddressQuery;
pub use customers::CustomerQuery;

use super::request::{Dialect, MAX_PAGE_SIZE};
use crate::client::Response;
use crate::client::pages::Cursor;
use crate::client::validate::Validation;
use crate::error::{Error, ErrorKind};

/// What the vendor would refuse as length and position of a page, or ignore.
fn check_page(checks: &mut Validation, dialect: Dialect, size: u16, cursor: Option<&Cursor>) {
    checks.in_range("size", Some(size.into()), 1..=MAX_PAGE_SIZE.into());
    if !dialect.is_2025_06_or_newer() {
        checks.extend(cursor.and_then(|cursor| cursor.page_number().err()));
    }
}

/// The answer to a read, where "no such record" is no error but none.
fn found<T>(response: Result<Response<T>, Error>) -> Result<Option<Response<T>>, Error> {
    match response {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        answered => answered.map(Some),
    }
}
