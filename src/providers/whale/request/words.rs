//! Ids and open sets of words.

use crate::client::json::words::{open_enum, vendor_id};

vendor_id! {
    /// Id of a customer (`cust_…` in the samples).
    CustomerId,
    /// Id of a segment (`seg_…` in the samples).
    SegmentId,
    /// Id of a note.
    NoteId,
    /// Id of a removal request (`drr_…` in the samples).
    RemovalRequestId,
}

open_enum! {
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

    /// The state of a removal request.
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
