//! The native calls, a file for each resource.

mod customers;

pub use customers::CustomerQuery;
