//! The field matrix of Yotpo Loyalty: key, form, limit and treatment of each normalized field. No limits of lengths are known.

use crate::customer::{AddressField as A, Field as F};
use crate::plan::matrix::{FieldMatrix, FieldRule as R};

const NO_FIELD: &str = "the loyalty customer has no field for it";
const NO_ADDRESS: &str = "the loyalty customer has no address";
const OTHER_CONSENT: &str =
    "the vendor holds the consent to its programme, which is another; the option program_consent takes this one for it";

pub(super) static EXTERNAL_ID: R = R::sent(F::ExternalId, "id", "string, the identifier");
pub(super) static EMAIL: R = R::sent(F::Email, "email", "string, required");
pub(super) static FIRST_NAME: R = R::sent(F::FirstName, "first_name", "string");
pub(super) static LAST_NAME: R = R::sent(F::LastName, "last_name", "string");
static PHONE: R = R::sent(F::Phone, "phone_number", "E.164")
    .note("a national number goes with the main address's country as country_iso_code");
static CREATED_AT: R = R::sent(F::CreatedAt, "platform_account_created_at", "ISO 8601 in UTC, seconds")
    .narrowed("fractions of a second are cut off");
static ACCOUNT_STATE: R =
    R::sent(F::AccountState, "has_account", "boolean").narrowed("whether there is an account; disabled is dropped");

/// Yotpo Loyalty's field matrix.
pub static MATRIX: FieldMatrix = FieldMatrix::new(
    super::PROVIDER,
    &[
        &EXTERNAL_ID,
        &EMAIL,
        &FIRST_NAME,
        &LAST_NAME,
        &PHONE,
        &ACCOUNT_STATE,
        &CREATED_AT,
        &R::sent(F::Tags, "tags", "string, joined by commas")
            .note("replaces the tags that the vendor holds; a tag with a comma is dropped"),
        &R::unsupported(F::EmailMarketing, OTHER_CONSENT),
        &R::unsupported(F::SmsMarketing, OTHER_CONSENT),
        &R::unsupported(F::DisplayName, NO_FIELD),
        &R::unsupported(F::Company, NO_FIELD),
        &R::unsupported(F::Note, NO_FIELD),
        &R::unsupported(F::Gender, NO_FIELD),
        &R::unsupported(F::Birthday, "the loyalty customer takes it by another call alone"),
        &R::unsupported(F::Locale, NO_FIELD),
        &R::unsupported(F::Currency, NO_FIELD),
        &R::unsupported(F::TaxExempt, NO_FIELD),
        &R::unsupported(F::EmailVerified, NO_FIELD),
        &R::unsupported(F::SubscriptionState, NO_FIELD),
        &R::unsupported(F::OrdersCount, "the vendor counts the orders that are reported to it"),
        &R::unsupported(F::TotalSpent, "the vendor adds up the orders that are reported to it"),
        &R::unsupported(F::LastOrderId, NO_FIELD),
        &R::unsupported(F::UpdatedAt, NO_FIELD),
        &R::unsupported(F::Custom, NO_FIELD),
        &R::unsupported(F::Clear, "how the vendor would blank a field is unknown"),
        &R::unsupported_address(A::FirstName, NO_ADDRESS),
        &R::unsupported_address(A::LastName, NO_ADDRESS),
        &R::unsupported_address(A::Company, NO_ADDRESS),
        &R::unsupported_address(A::Line1, NO_ADDRESS),
        &R::unsupported_address(A::Line2, NO_ADDRESS),
        &R::unsupported_address(A::District, NO_ADDRESS),
        &R::unsupported_address(A::City, NO_ADDRESS),
        &R::unsupported_address(A::Province, NO_ADDRESS),
        &R::unsupported_address(A::ProvinceCode, NO_ADDRESS),
        &R::unsupported_address(A::PostalCode, NO_ADDRESS),
        &R::unsupported_address(A::Country, NO_ADDRESS),
        &R::unsupported_address(A::CountryCode, NO_ADDRESS),
        &R::unsupported_address(A::Phone, NO_ADDRESS),
        &R::unsupported_address(A::Latitude, NO_ADDRESS),
        &R::unsupported_address(A::Longitude, NO_ADDRESS),
        &R::unsupported_address(A::Default, NO_ADDRESS),
    ],
);
