//! The native calls, a file for each resource.

mod confirm;
mod customers;
mod privacy;
mod reviews;

pub use confirm::{ConfirmOptions, Confirmation};
pub use customers::CustomerQuery;
pub use reviews::{ReviewUnsubscribers, ReviewUnsubscribersBuilder};
