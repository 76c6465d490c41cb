//! The field matrix of Triple Whale: key, form, limit and treatment of each normalized field.
//!
//! The keys are documented (OpenAPI of the Data-In API); the vocabularies are inferred from one example value each. The
//! vendor publishes no length limit.

use crate::customer::{AddressField as A, Channel, ConsentField as C, Field as F};
use crate::plan::matrix::{FieldMatrix, FieldRule as R};

const ONE_ADDRESS: &str = "the vendor holds no such part of an address";
const NO_SMS_STATE: &str =
    "the vendor has no SMS consent status: a yes shows only in its level, and a no cannot be told";

pub(super) static EXTERNAL_ID: R = R::sent(F::ExternalId, "customer_id", "string, required");
pub(super) static LINE1: R = R::address(A::Line1, "address1", "string");
pub(super) static LINE2: R = R::address(A::Line2, "address2", "string");
pub(super) static TOTAL_SPENT: R = R::sent(F::TotalSpent, "amount_spent", "number");
pub(super) static CITY: R = R::address(A::City, "city", "string");
pub(super) static COUNTRY: R = R::address(A::Country, "country", "string");
pub(super) static COUNTRY_CODE: R = R::address(A::CountryCode, "country_code", "ISO 3166-1 alpha-2");
pub(super) static CREATED_AT: R = R::sent(F::CreatedAt, "created_at", "RFC 3339 with offset")
    .note("left out, the vendor takes the time of each update; the option missing_created_at sends or asks for one");
pub(super) static TAGS: R = R::sent(F::Tags, "customer_tags", "array of strings").note("replaces all tags");
pub(super) static DISPLAY_NAME: R = R::sent(F::DisplayName, "display_name", "string");
pub(super) static EMAIL: R = R::sent(F::Email, "email_address", "string");
pub(super) static FIRST_NAME: R = R::sent(F::FirstName, "first_name", "string");
pub(super) static LAST_NAME: R = R::sent(F::LastName, "last_name", "string");
pub(super) static LAST_ORDER_ID: R = R::sent(F::LastOrderId, "last_order_id", "string");
pub(super) static LATITUDE: R = R::address(A::Latitude, "latitude", "number");
pub(super) static LOCALE: R = R::sent(F::Locale, "locale", "string");
pub(super) static LONGITUDE: R = R::address(A::Longitude, "longitude", "number");
pub(super) static NOTE: R = R::sent(F::Note, "note", "string");
static PHONE: R = R::sent(F::Phone, "phone", "string")
    .note("no form is documented: passed on as given, or as the option phone_form says");
pub(super) static PROVINCE: R = R::address(A::Province, "state", "string");
pub(super) static PROVINCE_CODE: R = R::address(A::ProvinceCode, "state_code", "string");
pub(super) static POSTAL_CODE: R = R::address(A::PostalCode, "zip", "string");

/// Triple Whale's field matrix.
pub static MATRIX: FieldMatrix = FieldMatrix::new(
    super::PROVIDER,
    &[
        &EXTERNAL_ID,
        &LINE1,
        &LINE2,
        &TOTAL_SPENT,
        &CITY,
        &COUNTRY,
        &COUNTRY_CODE,
        &CREATED_AT,
        &TAGS,
        &DISPLAY_NAME,
        &EMAIL,
        &R::consent(Channel::Email, C::Source, "email_marketing_consent_collected_from", "string"),
        &R::consent(Channel::Email, C::OptInLevel, "email_marketing_consent_opt_in_level", "SINGLE_OPT_IN …"),
        &R::consent(Channel::Email, C::State, "email_marketing_consent_status", "SUBSCRIBED …"),
        &R::consent(Channel::Email, C::UpdatedAt, "email_marketing_consent_updated_at", "RFC 3339 with offset"),
        &FIRST_NAME,
        &LAST_NAME,
        &LAST_ORDER_ID,
        &LATITUDE,
        &LOCALE,
        &LONGITUDE,
        &NOTE,
        &R::sent(F::OrdersCount, "number_of_orders", "integer"),
        &PHONE,
        &R::sent(F::SubscriptionState, "product_subscriber_status", "ACTIVE …"),
        &R::consent(Channel::Sms, C::Source, "sms_marketing_consent_collected_from", "string, of a yes only"),
        &R::consent(
            Channel::Sms,
            C::OptInLevel,
            "sms_marketing_consent_opt_in_level",
            "SINGLE_OPT_IN …, of a yes only",
        ),
        &R::consent(
            Channel::Sms,
            C::UpdatedAt,
            "sms_marketing_consent_updated_at",
            "RFC 3339 with offset, of a yes only",
        ),
        &R::unsupported_consent(Channel::Sms, C::State, NO_SMS_STATE),
        &PROVINCE,
        &PROVINCE_CODE,
        &R::sent(F::AccountState, "status", "ENABLED …"),
        &R::sent(F::TaxExempt, "tax_exempt", "boolean"),
        &POSTAL_CODE,
        &R::address(A::Default, "", "chooses the one address that is sent"),
        &R::unsupported_address(A::FirstName, ONE_ADDRESS),
        &R::unsupported_address(A::LastName, ONE_ADDRESS),
        &R::unsupported_address(A::Company, ONE_ADDRESS),
        &R::unsupported_address(A::District, ONE_ADDRESS),
        &R::unsupported_address(A::Phone, ONE_ADDRESS),
        &R::unsupported(F::Company, "the vendor has no field for a company"),
        &R::unsupported(F::Gender, "the vendor has no field for a gender"),
        &R::unsupported(F::Birthday, "the vendor has no field for a birthday"),
        &R::unsupported(F::Currency, "the vendor has no field for a currency; amounts are presumably in the shop's"),
        &R::unsupported(F::EmailVerified, "the vendor has no field for it"),
        &R::unsupported(F::UpdatedAt, "the vendor has no field for it"),
        &R::unsupported(F::Custom, "the vendor has no field for values of one's own"),
        &R::sent(F::Clear, "customer_tags", "tags only, as an empty array"),
    ],
);
