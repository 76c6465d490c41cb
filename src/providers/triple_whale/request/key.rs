//! The key that identifies a customer record at the vendor.

use std::borrow::Cow;
use std::fmt;

use crate::error::FieldError;

/// The four parts of a customer's key (documented). A record with the same four replaces the one that is there; any
/// other makes a second record, and so does a part that is left out, since the vendor then takes a default of its own
/// that has changed once. So all four are always sent.
///
/// The vendor matches the parts exactly (documented); whether the case of a shop counts is unknown.
#[derive(Clone, Default, PartialEq, Eq, Hash, serde::Serialize)]
pub struct CustomerKey<'a> {
    /// The shop's URL as in Settings, Store: a bare host.
    pub shop: Cow<'a, str>,
    /// The customer's id in the source platform; digits are a string too.
    pub customer_id: Cow<'a, str>,
    /// The source platform, such as `custom-msp`.
    pub platform: Cow<'a, str>,
    /// The account on that platform.
    pub platform_account_id: Cow<'a, str>,
}

impl CustomerKey<'_> {
    /// What is wrong with the key: a part that is empty, or a shop that is no bare host.
    pub(in super::super) fn problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        let parts = [
            ("shop", &self.shop),
            ("customer_id", &self.customer_id),
            ("platform", &self.platform),
            ("platform_account_id", &self.platform_account_id),
        ];
        for (part, value) in parts {
            if value.trim().is_empty() {
                problems.push(FieldError::new(part, "is required: it is a part of the customer's key"));
            } else if part == "shop" && !is_bare_host(value) {
                problems.push(FieldError::new(part, BARE_HOST));
            }
        }
        problems
    }
}

/// Shows no id of a person.
impl fmt::Debug for CustomerKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerKey")
            .field("shop", &self.shop)
            .field("platform", &self.platform)
            .finish_non_exhaustive()
    }
}

/// The rule for a shop.
pub(in super::super) const BARE_HOST: &str = "needs a bare host as in Settings, Store: no scheme, slash, port or blank";

/// Whether a shop is written as the vendor wants it.
pub(in super::super) fn is_bare_host(shop: &str) -> bool {
    !shop.is_empty() && !shop.contains(['/', ':', '?', '#', '@']) && !shop.chars().any(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_needed_and_the_shop_is_a_host() {
        let key = CustomerKey {
            shop: "https://shop.example.com".into(),
            customer_id: " ".into(),
            platform: "".into(),
            platform_account_id: "a".into(),
        };
        let fields: Vec<_> = key.problems().iter().map(|p| p.field().to_owned()).collect();
        assert_eq!(fields, ["shop", "customer_id", "platform"]);
        let good =
            CustomerKey { shop: "shop.example.com".into(), customer_id: "1".into(), platform: "p".into(), ..key };
        assert!(good.problems().is_empty());
        assert!(!format!("{good:?}").contains("customer_id"));
    }
}
