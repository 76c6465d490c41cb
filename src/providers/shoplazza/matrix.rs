//! The field matrix of Shoplazza: key, form, limit and treatment of each normalized field.
//!
//! The keys are documented (the page of the create in 2022-01). The vendor publishes no length limit.

use crate::customer::{AddressField as A, Channel, ConsentField as C, Field as F};
use crate::plan::matrix::{FieldMatrix, FieldRule as R};

const NO_FIELD: &str = "the vendor has no field for it";
const NO_PROOF: &str = "the vendor holds a yes or a no, and neither how nor when it was given";
const OWN_COUNT: &str = "the vendor works it out from its own orders";
const OWN_CLOCK: &str = "the vendor keeps its own times";

pub(super) static EMAIL: R =
    R::sent(F::Email, "email", "string").note("fixed once the customer is there: an update cannot change it");
pub(super) static PHONE: R =
    R::sent(F::Phone, "phone", "+ and digits").note("fixed once the customer is there: an update cannot change it");
pub(super) static FIRST_NAME: R = R::sent(F::FirstName, "first_name", "string");
pub(super) static LAST_NAME: R = R::sent(F::LastName, "last_name", "string");
pub(super) static ADDRESS_FIRST_NAME: R = R::address(A::FirstName, "addresses[].first_name", "string")
    .note("required before 2025-06: the customer's own stands in for a missing one");
pub(super) static ADDRESS_LAST_NAME: R = R::address(A::LastName, "addresses[].last_name", "string")
    .note("required before 2025-06: the customer's own stands in for a missing one");
pub(super) static LINE1: R = R::address(A::Line1, "addresses[].address1", "string");
pub(super) static LINE2: R = R::address(A::Line2, "addresses[].address2", "string");
pub(super) static DISTRICT: R = R::address(A::District, "addresses[].area", "string");
pub(super) static CITY: R = R::address(A::City, "addresses[].city", "string");
pub(super) static PROVINCE: R = R::address(A::Province, "addresses[].province", "string");
pub(super) static PROVINCE_CODE: R = R::address(A::ProvinceCode, "addresses[].province_code", "string");
pub(super) static COUNTRY: R =
    R::address(A::Country, "addresses[].country", "string, required").note("made from the code where it is missing");
pub(super) static COUNTRY_CODE: R =
    R::address(A::CountryCode, "addresses[].country_code", "ISO 3166-1 alpha-2, required")
        .note("made from the name where it is missing");
pub(super) static COMPANY: R = R::address(A::Company, "addresses[].company", "string");
pub(super) static POSTAL_CODE: R = R::address(A::PostalCode, "addresses[].zip", "string");

const fn yes_or_no(channel: Channel, key: &'static str) -> R {
    R::consent(channel, C::State, key, "boolean").narrowed(
        "true of subscribed only; a pending consent is a no; one that is not known is a no for a new customer, and left \
         as it is for a known one",
    )
}

/// Shoplazza's field matrix.
pub static MATRIX: FieldMatrix = FieldMatrix::new(
    super::PROVIDER,
    &[
        &EMAIL,
        &PHONE,
        &FIRST_NAME,
        &LAST_NAME,
        &yes_or_no(Channel::Email, "accepts_marketing"),
        &yes_or_no(Channel::Sms, "accepts_sms_marketing"),
        &R::sent(F::Tags, "tags", "comma-separated string; from 2025-06 an array")
            .note("replaces all tags, unless the client adds to them"),
        &ADDRESS_FIRST_NAME,
        &ADDRESS_LAST_NAME,
        &LINE1,
        &LINE2,
        &DISTRICT,
        &CITY,
        &PROVINCE,
        &PROVINCE_CODE,
        &COUNTRY,
        &COUNTRY_CODE,
        &COMPANY,
        &R::address(A::Phone, "addresses[].phone", "string, as given"),
        &POSTAL_CODE,
        &R::address(A::Default, "addresses[].default", "boolean; the vendor's own default is true"),
        &R::unsupported_address(A::Latitude, "the vendor holds no coordinates"),
        &R::unsupported_address(A::Longitude, "the vendor holds no coordinates"),
        &R::unsupported_consent(Channel::Email, C::OptInLevel, NO_PROOF),
        &R::unsupported_consent(Channel::Email, C::Source, NO_PROOF),
        &R::unsupported_consent(Channel::Email, C::UpdatedAt, NO_PROOF),
        &R::unsupported_consent(Channel::Sms, C::OptInLevel, NO_PROOF),
        &R::unsupported_consent(Channel::Sms, C::Source, NO_PROOF),
        &R::unsupported_consent(Channel::Sms, C::UpdatedAt, NO_PROOF),
        &R::unsupported(F::ExternalId, "the vendor has no field for an id of the caller's"),
        &R::unsupported(F::DisplayName, "the vendor makes the full name from first and last name"),
        &R::unsupported(F::Company, "the vendor holds a company in addresses only"),
        &R::unsupported(F::Note, "a note shows at the vendor, but no request takes one"),
        &R::unsupported(F::Gender, "the vendor holds a gender in addresses only, of the addressee"),
        &R::unsupported(F::Birthday, NO_FIELD),
        &R::unsupported(F::Locale, NO_FIELD),
        &R::unsupported(F::Currency, NO_FIELD),
        &R::unsupported(F::TaxExempt, "the vendor shows it, but no request takes it"),
        &R::unsupported(F::EmailVerified, NO_FIELD),
        &R::unsupported(F::AccountState, "the vendor has no field for it: an account comes about by a password"),
        &R::unsupported(F::SubscriptionState, NO_FIELD),
        &R::unsupported(F::OrdersCount, OWN_COUNT),
        &R::unsupported(F::TotalSpent, OWN_COUNT),
        &R::unsupported(F::LastOrderId, OWN_COUNT),
        &R::unsupported(F::CreatedAt, OWN_CLOCK),
        &R::unsupported(F::UpdatedAt, OWN_CLOCK),
        &R::unsupported(F::Custom, "the vendor has no field for custom values"),
        &R::sent(F::Clear, "first_name, last_name, tags", "these three, on an update")
            .note("an empty text, or no tags"),
    ],
);
