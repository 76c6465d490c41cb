//! What is sent, by the vendor's own names.
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

use crate::customer::E164;
use crate::sink::RemoteId;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),+) => {
        $($(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as the vendor writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<String>> From<T> for $name {
            fn from(id: T) -> Self {
                Self(id.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        })+
    };
}

ids! {
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
    OrderId
}

impl From<CustomerId> for RemoteId {
    fn from(id: CustomerId) -> Self {
        Self::from(id.0)
    }
}

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

/// Debug output without a value, for types that hold personal data.
macro_rules! silent_debug {
    ($($name:ident),+) => {
        $(/// Shows no value.
        impl std::fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })+
    };
}
use silent_debug;
