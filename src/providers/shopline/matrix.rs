//! The field matrix of SHOPLINE: key, form, limit and treatment of each normalized field. Keys, forms and limits are
//! documented.

use crate::customer::{AddressField as A, Channel, ConsentField as C, Field as F};
use crate::plan::matrix::{FieldMatrix, FieldRule as R};

/// The longest `consent_collected_from`.
pub(super) const SOURCE_MAX: u16 = 50;
/// The longest phone that the address routes take (stated for an update, inferred for a new address).
pub(super) const ROUTE_PHONE_MAX: usize = 16;
/// The longest postal code and province code that the address routes take; an embedded address takes longer ones.
pub(super) const ROUTE_ZIP_MAX: u16 = 10;
pub(super) const ROUTE_CODE_MAX: u16 = 50;
/// Addresses in one request.
pub(super) const MAX_ADDRESSES: usize = 50;

const TIME: &str = "RFC 3339 with offset";
const LEVEL: &str = "0 unknown, 1 single, 2 confirmed; of a yes only";
const LEVEL_REMARK: &str = "a yes without a level is sent as 0, since the vendor would assume one";
const SOURCE: &str = "string, of a yes only";

pub(super) static EMAIL: R = R::sent(F::Email, "email", "string").max(50);
pub(super) static PHONE: R = R::sent(F::Phone, "phone", "00, calling code and number").max(20);
pub(super) static FIRST_NAME: R = R::sent(F::FirstName, "first_name", "string").max(128);
pub(super) static LAST_NAME: R = R::sent(F::LastName, "last_name", "string").max(128);
pub(super) static NOTE: R = R::sent(F::Note, "note", "string").max(1000);
pub(super) static TAGS: R = R::sent(F::Tags, "tags", "joined by commas; at most 100, each at most 128 long")
    .max(1000)
    .note("whether an update replaces or adds is unknown: see the tag policy");

pub(super) static LINE1: R = R::address(A::Line1, "address1", "string").max(255);
pub(super) static LINE2: R = R::address(A::Line2, "address2", "string").max(255);
pub(super) static CITY: R = R::address(A::City, "city", "string").max(64);
pub(super) static COMPANY: R = R::address(A::Company, "company", "string").max(255);
pub(super) static COUNTRY: R = R::address(A::Country, "country", "string").max(64);
pub(super) static ADDRESS_FIRST_NAME: R = R::address(A::FirstName, "first_name", "string").max(128);
pub(super) static ADDRESS_LAST_NAME: R = R::address(A::LastName, "last_name", "string").max(128);
pub(super) static PROVINCE: R = R::address(A::Province, "province", "string").max(64);
pub(super) static PROVINCE_CODE: R =
    R::address(A::ProvinceCode, "province_code", "string").note("at most 50 in the address routes of an update");
pub(super) static POSTAL_CODE: R =
    R::address(A::PostalCode, "zip", "string").max(64).note("at most 10 in the address routes of an update");
pub(super) static DISTRICT: R = R::address(A::District, "district", "string")
    .max(64)
    .note("only in the address routes of an update: a create has no key for it");

/// SHOPLINE's field matrix.
pub static MATRIX: FieldMatrix = FieldMatrix::new(
    super::PROVIDER,
    &[
        &EMAIL,
        &PHONE,
        &FIRST_NAME,
        &LAST_NAME,
        &R::sent(F::Birthday, "birthday", "yyyyMMdd"),
        &R::sent(F::Gender, "gender", "integer: 1 male, 2 female, 3 secret")
            .narrowed("`other` is sent as 0, the vendor's unknown"),
        &NOTE,
        &TAGS,
        &R::sent(F::EmailVerified, "verified_email", "boolean").note("only beside an e-mail address"),
        &R::consent(Channel::Email, C::State, "email_marketing_consent.state", "integer 0 to 3")
            .note("only beside an e-mail address"),
        &R::consent(Channel::Email, C::OptInLevel, "email_marketing_consent.opt_in_level", LEVEL).note(LEVEL_REMARK),
        &R::consent(Channel::Email, C::Source, "email_marketing_consent.consent_collected_from", SOURCE)
            .max(SOURCE_MAX),
        &R::consent(Channel::Email, C::UpdatedAt, "email_marketing_consent.consent_updated_at", TIME),
        &R::consent(Channel::Sms, C::State, "sms_marketing_consent.state", "integer 0 to 2")
            .narrowed("`pending` is sent as 2, not subscribed"),
        &R::consent(Channel::Sms, C::OptInLevel, "sms_marketing_consent.opt_in_level", LEVEL).note(LEVEL_REMARK),
        &R::consent(Channel::Sms, C::Source, "sms_marketing_consent.consent_collected_from", SOURCE).max(SOURCE_MAX),
        &R::consent(Channel::Sms, C::UpdatedAt, "sms_marketing_consent.consent_updated_at", TIME),
        &ADDRESS_FIRST_NAME,
        &ADDRESS_LAST_NAME,
        &COMPANY,
        &LINE1,
        &LINE2,
        &DISTRICT,
        &CITY,
        &PROVINCE,
        &PROVINCE_CODE,
        &POSTAL_CODE,
        &COUNTRY,
        &R::address(A::CountryCode, "country_code", "ISO 3166-1 alpha-2"),
        &R::address(A::Phone, "phone", "00, calling code and number")
            .max(20)
            .note("at most 16 in the address routes of an update"),
        &R::address(A::Default, "default", "boolean; `def` in the address routes"),
        &R::unsupported_address(A::Latitude, "the vendor has no field for coordinates"),
        &R::unsupported_address(A::Longitude, "the vendor has no field for coordinates"),
        &R::unsupported(
            F::ExternalId,
            "the vendor has no field for an id of the caller's; a multipass identifier is a login",
        ),
        &R::unsupported(F::DisplayName, "the vendor makes the name to show from given and family name"),
        &R::unsupported(F::Company, "the vendor holds a company in an address only"),
        &R::unsupported(F::Locale, "the vendor's language of a customer cannot be set"),
        &R::unsupported(F::Currency, "the vendor's currency of a customer cannot be set"),
        &R::unsupported(F::TaxExempt, "the vendor has no field for it"),
        &R::unsupported(
            F::AccountState,
            "the vendor's state follows from invitations and passwords, and cannot be set",
        ),
        &R::unsupported(F::SubscriptionState, "the vendor has no field for product subscriptions"),
        &R::unsupported(F::OrdersCount, "the vendor counts its own orders"),
        &R::unsupported(F::TotalSpent, "the vendor sums up its own orders"),
        &R::unsupported(F::LastOrderId, "the vendor takes it from its own orders"),
        &R::unsupported(F::CreatedAt, "the vendor keeps its own times"),
        &R::unsupported(F::UpdatedAt, "the vendor keeps its own times"),
        &R::unsupported(F::Custom, "the vendor has no field for custom values in a customer"),
        &R::sent(F::Clear, "", "first_name, last_name, note and tags as an empty string, gender as 0; on update only"),
    ],
);
