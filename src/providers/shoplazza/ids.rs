//! The vendor's ids: UUIDs as text (documented), kept apart by type.

use std::fmt;

use serde::de::Deserializer;

use crate::client::json::lenient::lenient_text;
use crate::sink::RemoteId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The id as the vendor writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id! {
    /// The vendor's id of a customer.
    CustomerId
}
id! {
    /// The vendor's id of a customer's address.
    AddressId
}

impl From<RemoteId> for CustomerId {
    fn from(id: RemoteId) -> Self {
        Self(id.into_string())
    }
}

impl From<CustomerId> for RemoteId {
    fn from(id: CustomerId) -> Self {
        Self::from(id.0)
    }
}

/// An id from a text or a number.
pub(super) fn lenient_id<'de, D, I>(deserializer: D) -> Result<Option<I>, D::Error>
where
    D: Deserializer<'de>,
    I: From<String>,
{
    Ok(lenient_text(deserializer)?.map(I::from))
}
