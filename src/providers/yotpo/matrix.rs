//! The field matrix of Yotpo: key, form, limit and treatment of each normalized field.
//!
//! The keys of a customer are documented, those of its address seen in the vendor's own extension. The limit of 255
//! characters is documented for the same keys of an order's customer, and inferred here.

use crate::customer::{AddressField as A, Channel, ConsentField as C, Field as F};
use crate::plan::matrix::{FieldKey, FieldMatrix, FieldRule as R};
use crate::plan::note::NoteReason;

const NO_PART: &str = "the vendor's address has no such part";
const NO_FIELD: &str = "the vendor's customer has no field for it";
const NO_CONSENT: &str = "the vendor takes a yes or a no, and nothing beside it";
const FLAG: &str = "true or false; whether messages are sent depends on more at the vendor";

pub(super) static EXTERNAL_ID: R = R::sent(F::ExternalId, "external_id", "string, the identifier").max(255);
pub(super) static EMAIL: R =
    R::sent(F::Email, "email", "string, the identifier where there is no external_id").max(255);
pub(super) static PHONE: R = R::sent(F::Phone, "address.phone_number", "E.164").narrowed(
    "phone_number is deprecated: the number goes to an address that has none of its own, and is dropped without one",
);
pub(super) static FIRST_NAME: R = R::sent(F::FirstName, "first_name", "string").max(255);
pub(super) static LAST_NAME: R = R::sent(F::LastName, "last_name", "string").max(255);
static GENDER: R = R::sent(F::Gender, "gender", "F, M or Other").note("undisclosed is dropped");
static CREATED_AT: R = R::sent(F::CreatedAt, "account_created_at", "ISO 8601 in UTC, seconds")
    .narrowed("fractions of a second are cut off");
static UPDATED_AT: R = R::sent(F::UpdatedAt, "account_updated_at", "ISO 8601 in UTC, seconds")
    .narrowed("fractions of a second are cut off");
static LOCALE: R = R::sent(F::Locale, "default_language", "ISO 639-1, two letters").narrowed("the language alone");
pub(super) static LINE1: R = R::address(A::Line1, "address.address1", "string");
pub(super) static LINE2: R = R::address(A::Line2, "address.address2", "string");
pub(super) static CITY: R = R::address(A::City, "address.city", "string");
pub(super) static COMPANY: R = R::address(A::Company, "address.company", "string");
pub(super) static PROVINCE: R = R::address(A::Province, "address.state", "string, the full name");
pub(super) static POSTAL_CODE: R = R::address(A::PostalCode, "address.zip", "string");
pub(super) static PROVINCE_CODE: R = R::address(A::ProvinceCode, "address.province_code", "string");

/// Yotpo's field matrix.
pub static MATRIX: FieldMatrix = FieldMatrix::new(
    super::PROVIDER,
    &[
        &EXTERNAL_ID,
        &EMAIL,
        &PHONE,
        &FIRST_NAME,
        &LAST_NAME,
        &GENDER,
        &CREATED_AT,
        &UPDATED_AT,
        &R::sent(F::AccountState, "account_status", "enabled, disabled, invited or declined"),
        &LOCALE,
        &R::sent(F::Currency, "default_currency", "ISO 4217"),
        &R::sent(F::Tags, "tags", "string, joined by commas").note("a tag with a comma is dropped"),
        &LINE1,
        &LINE2,
        &CITY,
        &COMPANY,
        &PROVINCE,
        &POSTAL_CODE,
        &PROVINCE_CODE,
        &R::address(A::CountryCode, "address.country_code", "ISO 3166-1 alpha-2"),
        &R::address(A::Country, "address.country_code", "ISO 3166-1 alpha-2")
            .note("there is no key for the name: its code is sent where the record has none"),
        &R::address(A::Phone, "address.phone_number", "E.164"),
        &R::address(A::Default, "", "chooses the one address that is sent"),
        &R::consent(Channel::Email, C::State, "accepts_email_marketing", "boolean").narrowed(FLAG),
        &R::consent(Channel::Sms, C::State, "accepts_sms_marketing", "boolean").narrowed(FLAG),
        &R::unsupported_consent(Channel::Email, C::OptInLevel, NO_CONSENT),
        &R::unsupported_consent(Channel::Email, C::Source, NO_CONSENT),
        &R::unsupported_consent(Channel::Email, C::UpdatedAt, NO_CONSENT),
        &R::unsupported_consent(Channel::Sms, C::OptInLevel, NO_CONSENT),
        &R::unsupported_consent(Channel::Sms, C::Source, NO_CONSENT),
        &R::unsupported_consent(Channel::Sms, C::UpdatedAt, NO_CONSENT),
        &R::unsupported_address(A::FirstName, NO_PART),
        &R::unsupported_address(A::LastName, NO_PART),
        &R::unsupported_address(A::District, NO_PART),
        &R::unsupported_address(A::Latitude, NO_PART),
        &R::unsupported_address(A::Longitude, NO_PART),
        &R::dropped(
            FieldKey::Top(F::Custom),
            NoteReason::Deprecated,
            "custom_properties is deprecated; the option send_deprecated sends it all the same",
        ),
        &R::unsupported(F::DisplayName, NO_FIELD),
        &R::unsupported(F::Company, "the vendor's customer has no company; an address has one"),
        &R::unsupported(F::Note, NO_FIELD),
        &R::unsupported(F::Birthday, NO_FIELD),
        &R::unsupported(F::TaxExempt, NO_FIELD),
        &R::unsupported(F::EmailVerified, NO_FIELD),
        &R::unsupported(F::SubscriptionState, NO_FIELD),
        &R::unsupported(F::OrdersCount, NO_FIELD),
        &R::unsupported(F::TotalSpent, NO_FIELD),
        &R::unsupported(F::LastOrderId, NO_FIELD),
        &R::unsupported(F::Clear, "the vendor reads null as \"leave alone\", so that nothing can be blanked"),
    ],
);
