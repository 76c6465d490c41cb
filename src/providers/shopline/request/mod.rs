//! The inputs that requests send, by the vendor's own names.
//!
//! Absent keys are left out and null is never sent; `0`, `false` and an empty string are values, and are sent.

mod address;
mod customer;
pub(super) mod options;
mod validate;

pub(super) use address::AddressBody;
pub use address::{AddressInput, EmbeddedAddressInput};
pub use customer::{ConsentInput, CustomerInput};
pub(super) use customer::{CustomerBody, EmailBody, UpdateBody};
pub(super) use validate::refuse_foreign_id;

use std::fmt;

use serde::{Serialize, Serializer};

use crate::client::json::words::{customer_id, vendor_id};
use crate::customer::E164;

vendor_id! {
    /// The id of a customer. It looks like a number and is a string (documented).
    CustomerId,
    /// The id of an address, such as `SL201UA…`: no number (documented).
    AddressId,
    /// The id of a tag, such as `SL201UT…` (documented). Where to read it is unknown: customers show tags by name only.
    TagId,
    /// The id of a customer group, such as `GROUP…`: no number (documented).
    GroupId,
    /// The id of a metafield: a number of 64 bits (documented).
    MetafieldId,
    /// The id of an order.
    OrderId,
}

customer_id!(CustomerId);

/// A phone number in the vendor's form: `00`, the country calling code and the number (documented).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InternationalPhone(pub E164);

impl InternationalPhone {
    /// How many characters it has when written.
    pub(super) fn length(self) -> usize {
        self.0.digits().len() + 2
    }
}

impl From<E164> for InternationalPhone {
    fn from(number: E164) -> Self {
        Self(number)
    }
}

impl fmt::Display for InternationalPhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00{}", self.0.digits())
    }
}

impl Serialize for InternationalPhone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
