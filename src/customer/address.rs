//! Postal addresses.

use std::fmt;

use super::decimal::{Decimal, JsonNumber};
use super::field::AddressField;
use super::phone::Phone;
use super::text;

/// A postal address of a customer. Every field is optional; a blank one counts as unset.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Address {
    /// Given name of the addressee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name of the addressee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Company of the addressee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line1: Option<String>,
    /// Flat, floor, building.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    /// Part of the city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Name of the province or state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    /// Code of the province or state, without the country: `OR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province_code: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Name of the country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// ISO 3166-1 alpha-2 code of the country: `US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// Phone number of the addressee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// Degrees north, -90 to 90.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_number")]
    pub latitude: Option<Decimal>,
    /// Degrees east, -180 to 180.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_number")]
    pub longitude: Option<Decimal>,
    /// Whether this is the customer's default address.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
}

#[allow(clippy::ref_option)] // The signature that serde asks for.
fn as_number<S: serde::Serializer>(value: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&value.map(JsonNumber), serializer)
}

macro_rules! setters {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {
        $(#[doc = concat!("Sets [`", stringify!($name), "`](Self#structfield.", stringify!($name), ").")]
        #[must_use]
        pub fn $name(mut self, value: impl Into<String>) -> Self {
            self.$name = Some(value.into());
            self
        })+
    };
}

impl Address {
    /// An empty address.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters!(
        first_name,
        last_name,
        company,
        line1,
        line2,
        district,
        city,
        province,
        province_code,
        postal_code,
        country,
        country_code,
    );

    /// Sets [`phone`](Self#structfield.phone).
    #[must_use]
    pub fn phone(mut self, value: impl Into<Phone>) -> Self {
        self.phone = Some(value.into());
        self
    }

    /// Sets [`latitude`](Self#structfield.latitude) and [`longitude`](Self#structfield.longitude).
    #[must_use]
    pub fn coordinates(mut self, latitude: Decimal, longitude: Decimal) -> Self {
        self.latitude = Some(latitude);
        self.longitude = Some(longitude);
        self
    }

    /// Makes this the default address.
    #[must_use]
    pub fn default_address(mut self) -> Self {
        self.default = true;
        self
    }

    /// The text of a field, if it has one that is not blank.
    #[must_use]
    pub fn text(&self, field: AddressField) -> Option<&str> {
        match field {
            AddressField::FirstName => text(&self.first_name),
            AddressField::LastName => text(&self.last_name),
            AddressField::Company => text(&self.company),
            AddressField::Line1 => text(&self.line1),
            AddressField::Line2 => text(&self.line2),
            AddressField::District => text(&self.district),
            AddressField::City => text(&self.city),
            AddressField::Province => text(&self.province),
            AddressField::ProvinceCode => text(&self.province_code),
            AddressField::PostalCode => text(&self.postal_code),
            AddressField::Country => text(&self.country),
            AddressField::CountryCode => text(&self.country_code),
            AddressField::Phone => self.phone.as_ref().map(Phone::as_str).filter(|s| !s.trim().is_empty()),
            AddressField::Latitude | AddressField::Longitude | AddressField::Default => None,
        }
    }

    /// Whether a field is set.
    #[must_use]
    pub fn is_set(&self, field: AddressField) -> bool {
        match field {
            AddressField::Latitude => self.latitude.is_some(),
            AddressField::Longitude => self.longitude.is_some(),
            AddressField::Default => self.default,
            _ => self.text(field).is_some(),
        }
    }

    /// Whether anything but the default flag is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !AddressField::ALL.iter().any(|f| *f != AddressField::Default && self.is_set(*f))
    }
}

/// Shows which fields are set, and no value.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = AddressField::ALL.iter().filter(|field| self.is_set(**field)).map(|field| field.as_str());
        f.write_str("Address ")?;
        f.debug_set().entries(set).finish()
    }
}
