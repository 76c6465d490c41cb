//! Ids and open sets of words. A word that nobody documented survives as it came, byte by byte.

use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::client::json::lenient::lenient_text;

/// An id of the vendor's: opaque, of no form that could be relied on.
macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The id as the vendor writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The id as a text.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
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

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                word(deserializer).map(Self)
            }
        }
    )+};
}

/// An open set of words.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$var_doc:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$var_doc])* $variant,)+
            /// Any other word, as it came.
            Other(String),
        }

        impl $name {
            /// The word as it is written on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            /// The variant with exactly this word, else `Other`.
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                word(deserializer).map(|word| Self::from(word.as_str()))
            }
        }
    )+};
}

fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = lenient_text(deserializer)?.filter(|text| !text.trim().is_empty());
    text.ok_or_else(|| serde::de::Error::custom("no text"))
}

id! {
    /// Id of a customer (`cust_…` in the samples).
    CustomerId;
    /// Id of a segment (`seg_…` in the samples).
    SegmentId;
    /// Id of a note.
    NoteId;
    /// Id of a removal request (`drr_…` in the samples).
    RemovalRequestId;
}

words! {
    /// What a customer did.
    ActivityKind {
        /// An order was placed (documented).
        Order = "order",
        /// An e-mail was opened, as in the sample (documented).
        Email = "email",
        /// A page was seen (documented).
        PageView = "page_view",
        /// A talk with support (documented).
        Support = "support",
    }

    /// How a rule compares. Documented are `gte` and `before`, and `eq` for conditions of a sibling resource; the others
    /// are inferred from the same family.
    Operator {
        /// Equal (documented for a sibling resource).
        Eq = "eq",
        /// Not equal (inferred).
        Neq = "neq",
        /// Greater (inferred).
        Gt = "gt",
        /// Greater or equal (documented).
        Gte = "gte",
        /// Less (inferred).
        Lt = "lt",
        /// Less or equal (inferred).
        Lte = "lte",
        /// One of a list (inferred).
        In = "in",
        /// None of a list (inferred).
        NotIn = "not_in",
        /// Holds a text or an item (inferred).
        Contains = "contains",
        /// Holds it not (inferred).
        NotContains = "not_contains",
        /// Earlier than a time, such as `90_days_ago` (documented).
        Before = "before",
        /// Later than a time (inferred).
        After = "after",
        /// Between two values (inferred).
        Between = "between",
        /// Whether there is a value at all (inferred).
        Exists = "exists",
    }

    /// How a segment gets its members.
    SegmentKind {
        /// By rules (documented).
        Dynamic = "dynamic",
        /// By a fixed list (documented).
        Static = "static",
    }

    /// What a removal request asks for. In spite of its name it may be an export.
    RemovalKind {
        /// The data is to be erased (documented).
        Erasure = "erasure",
        /// The data is to be put into an archive (documented).
        Export = "export",
    }

    /// Where a removal request stands.
    RemovalStatus {
        /// Taken (documented).
        Pending = "pending",
        /// Under way (inferred).
        Processing = "processing",
        /// Done (inferred from the webhook's name).
        Completed = "completed",
        /// Given up (inferred).
        Failed = "failed",
    }

    /// What a list of customers is sorted by.
    CustomerSort {
        /// Time of the last order (documented).
        LastOrderAt = "last_order_at",
        /// When the record was made (inferred).
        CreatedAt = "created_at",
        /// Money spent (inferred).
        TotalSpent = "total_spent",
        /// Number of orders (inferred).
        TotalOrders = "total_orders",
        /// E-mail address (inferred).
        Email = "email",
        /// Family name (inferred).
        LastName = "last_name",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_nobody_knows_come_back_as_they_were() {
        for word in ["gte", "before", "more than", "GTE", "gte ", "ähnlich"] {
            let json = serde_json::to_string(word).unwrap();
            let operator: Operator = serde_json::from_str(&json).unwrap();
            assert_eq!(operator.as_str(), word);
            assert_eq!(serde_json::to_string(&operator).unwrap(), json);
        }
        assert_eq!(Operator::from("gte"), Operator::Gte);
        assert_eq!(Operator::from("GTE"), Operator::Other("GTE".into()));
        assert_eq!(serde_json::from_str::<SegmentId>("7").unwrap().as_str(), "7");
        assert!(serde_json::from_str::<SegmentId>(r#"" ""#).is_err());
        assert!(serde_json::from_str::<RemovalStatus>("null").is_err());
    }
}
