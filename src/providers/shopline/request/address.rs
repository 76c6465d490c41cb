//! An address, in the vendor's two forms.

use std::borrow::Cow;

use serde::Serialize;

use super::{AddressId, CustomerId, InternationalPhone};
use crate::client::json::raw::opaque_debug;

/// An address within a create or an update. The address routes take [`AddressInput`], with other keys and limits.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct EmbeddedAddressInput<'a> {
    /// At most 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address1: Option<Cow<'a, str>>,
    /// At most 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address2: Option<Cow<'a, str>>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Cow<'a, str>>,
    /// At most 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<Cow<'a, str>>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Cow<'a, str>>,
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<Cow<'a, str>>,
    /// At most 64; on an update only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// Deprecated from v20250601 (documented). The mapping of a record does not send it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_name: Option<Cow<'a, str>>,
    /// Default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
    /// At most 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Cow<'a, str>>,
    /// At most 64; on an update only: the address that is meant (documented). What becomes of the others is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<AddressId>,
    /// At most 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Cow<'a, str>>,
    /// Deprecated from v20250601 (documented). The mapping of a record does not send it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// At most 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<InternationalPhone>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<Cow<'a, str>>,
    /// A custom code or one of ISO 3166-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province_code: Option<Cow<'a, str>>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip: Option<Cow<'a, str>>,
}

/// An address of the address routes ("Address 2.0").
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct AddressInput<'a> {
    /// At most 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address1: Option<Cow<'a, str>>,
    /// At most 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address2: Option<Cow<'a, str>>,
    /// The documentation's example is 0; what the numbers mean is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_type: Option<i64>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Cow<'a, str>>,
    /// At most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city_code: Option<Cow<'a, str>>,
    /// No limit is documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<Cow<'a, str>>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Cow<'a, str>>,
    /// At most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<Cow<'a, str>>,
    /// Whether it is the default address; called `default` elsewhere. The first address of a customer becomes the
    /// default whatever this says (seen).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub def: Option<bool>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district: Option<Cow<'a, str>>,
    /// At most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_code: Option<Cow<'a, str>>,
    /// At most 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Cow<'a, str>>,
    /// At most 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Cow<'a, str>>,
    /// At most 16 on an update; for a new address no limit is stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<InternationalPhone>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<Cow<'a, str>>,
    /// At most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province_code: Option<Cow<'a, str>>,
    /// At most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub town: Option<Cow<'a, str>>,
    /// At most 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip: Option<Cow<'a, str>>,
}

/// `{"customer_address": …}`
#[derive(Serialize)]
pub(in super::super) struct AddressBody<'a> {
    pub(in super::super) customer_address: &'a AddressInput<'a>,
}

opaque_debug!(EmbeddedAddressInput<'_>, AddressInput<'_>);
