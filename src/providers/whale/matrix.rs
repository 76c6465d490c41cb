//! The field matrix of Whale: key, form, limit and treatment of each normalized field.
//!
//! The keys are those of the documented create request; `line2` is inferred. The vendor publishes no limit of length or
//! number.

use crate::customer::{AddressField as A, Channel, ConsentField as C, Field as F};
use crate::plan::matrix::{FieldMatrix, FieldRule as R};

const NO_ADDRESS_PART: &str = "the vendor holds no such part of an address";
pub(super) const NO_CONSENT: &str = "the vendor documents no field for consent";

pub(super) const YES_OR_NO: &str = "the vendor holds a yes or a no (seen, not documented)";

pub(super) static EMAIL: R = R::sent(F::Email, "email", "string, required")
    .note("unique per store: the customer's identity, which an update never changes; in small letters by option");
pub(super) static FIRST_NAME: R = R::sent(F::FirstName, "first_name", "string");
pub(super) static LAST_NAME: R = R::sent(F::LastName, "last_name", "string");
pub(super) static PHONE: R = R::sent(F::Phone, "phone", "string").note("E.164 where it has that form, else as given");
pub(super) static EXTERNAL_ID: R =
    R::sent(F::ExternalId, "metadata.external_id", "string").note("this crate's convention: the vendor has no field");
pub(super) static LINE1: R = R::address(A::Line1, "address.line1", "string");
pub(super) static LINE2: R = R::address(A::Line2, "address.line2", "string").note("the key is inferred");
pub(super) static CITY: R = R::address(A::City, "address.city", "string");
pub(super) static PROVINCE_CODE: R = R::address(A::ProvinceCode, "address.state", "string");
pub(super) static PROVINCE: R =
    R::address(A::Province, "address.state", "string").note("only where there is no province_code");
pub(super) static POSTAL_CODE: R = R::address(A::PostalCode, "address.postal_code", "string");

const NO_BIRTHDAY: R = R::unsupported(F::Birthday, "the vendor documents no field for a birthday");
const BIRTHDAY: R = R::sent(F::Birthday, "date_of_birth", "YYYY-MM-DD").note("the key is seen, not documented");
const NO_EMAIL_STATE: R = R::unsupported_consent(Channel::Email, C::State, NO_CONSENT);
const NO_SMS_STATE: R = R::unsupported_consent(Channel::Sms, C::State, NO_CONSENT);
const EMAIL_STATE: R = R::consent(Channel::Email, C::State, "email_consent", "boolean").narrowed(YES_OR_NO);
const SMS_STATE: R = R::consent(Channel::Sms, C::State, "sms_consent", "boolean").narrowed(YES_OR_NO);

/// The rows; options decide those of birthday and consent.
macro_rules! matrix {
    ($birthday:expr, $email:expr, $sms:expr, $rest:expr) => {
        FieldMatrix::new(
            super::PROVIDER,
            &[
                &EMAIL,
                &FIRST_NAME,
                &LAST_NAME,
                &PHONE,
                &R::sent(F::Tags, "tags", "array of strings")
                    .note("added to the vendor's tags, or in their place, by option"),
                &LINE1,
                &LINE2,
                &CITY,
                &PROVINCE_CODE,
                &PROVINCE,
                &POSTAL_CODE,
                &R::address(A::CountryCode, "address.country", "ISO 3166-1 alpha-2"),
                &R::address(A::Country, "address.country", "ISO 3166-1 alpha-2")
                    .note("its code, where the name is known and there is no country_code"),
                &R::address(A::Default, "", "chooses the one address that is sent"),
                &EXTERNAL_ID,
                &R::sent(F::Custom, "metadata", "object of strings")
                    .note("booleans and numbers are written as text, or by option as they are"),
                &R::sent(
                    F::Clear,
                    "null, [] or {}",
                    "first_name, last_name, phone, addresses, tags, custom; on update only",
                )
                .note("that null clears is inferred"),
                &R::unsupported_address(A::FirstName, NO_ADDRESS_PART),
                &R::unsupported_address(A::LastName, NO_ADDRESS_PART),
                &R::unsupported_address(A::Company, NO_ADDRESS_PART),
                &R::unsupported_address(A::District, NO_ADDRESS_PART),
                &R::unsupported_address(A::Phone, NO_ADDRESS_PART),
                &R::unsupported_address(A::Latitude, NO_ADDRESS_PART),
                &R::unsupported_address(A::Longitude, NO_ADDRESS_PART),
                &R::unsupported(F::DisplayName, "the vendor holds first and last name only"),
                &R::unsupported(F::Company, "the vendor has no field for a company"),
                &R::unsupported(F::Note, "the vendor keeps notes as objects of their own, which repeats would pile up"),
                &R::unsupported(F::Gender, "the vendor has no field for a gender"),
                &$birthday,
                &R::unsupported(F::Locale, "the vendor has no field for a locale"),
                &R::unsupported(F::Currency, "the vendor has no field for a currency"),
                &R::unsupported(F::TaxExempt, "the vendor has no field for it"),
                &R::unsupported(F::EmailVerified, "the vendor has no field for it"),
                &R::unsupported(F::AccountState, "the vendor has no field for the state of an account"),
                &R::unsupported(F::SubscriptionState, "the vendor has no field for a product subscription"),
                &R::unsupported(F::OrdersCount, "the vendor counts orders itself"),
                &R::unsupported(F::TotalSpent, "the vendor counts what was spent itself"),
                &R::unsupported(F::LastOrderId, "the vendor has no field for it"),
                &R::unsupported(F::CreatedAt, "the vendor sets it itself"),
                &R::unsupported(F::UpdatedAt, "the vendor sets it itself"),
                &$email,
                &R::unsupported_consent(Channel::Email, C::OptInLevel, $rest),
                &R::unsupported_consent(Channel::Email, C::Source, $rest),
                &R::unsupported_consent(Channel::Email, C::UpdatedAt, $rest),
                &$sms,
                &R::unsupported_consent(Channel::Sms, C::OptInLevel, $rest),
                &R::unsupported_consent(Channel::Sms, C::Source, $rest),
                &R::unsupported_consent(Channel::Sms, C::UpdatedAt, $rest),
            ],
        )
    };
}

/// Whale's field matrix, with the default options.
pub static MATRIX: FieldMatrix = matrix!(NO_BIRTHDAY, NO_EMAIL_STATE, NO_SMS_STATE, NO_CONSENT);

static WITH_CONSENT: FieldMatrix = matrix!(NO_BIRTHDAY, EMAIL_STATE, SMS_STATE, YES_OR_NO);
static WITH_BIRTHDAY: FieldMatrix = matrix!(BIRTHDAY, NO_EMAIL_STATE, NO_SMS_STATE, NO_CONSENT);
static WITH_BOTH: FieldMatrix = matrix!(BIRTHDAY, EMAIL_STATE, SMS_STATE, YES_OR_NO);

/// The field matrix with these options.
pub(super) fn matrix(send_consent: bool, send_birthday: bool) -> &'static FieldMatrix {
    match (send_consent, send_birthday) {
        (false, false) => &MATRIX,
        (true, false) => &WITH_CONSENT,
        (false, true) => &WITH_BIRTHDAY,
        (true, true) => &WITH_BOTH,
    }
}
