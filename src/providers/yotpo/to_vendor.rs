//! From the normalized customer to the vendor's input. Pure.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, FixedOffset, Timelike};

use super::matrix as m;
use super::request::{AddressInput, CustomerIdentity, CustomerInput};
use crate::customer::{
    AddressField, Channel, ConsentState, Customer, E164, Field, FieldPath, Gender, PhoneError, country, is_blank, text,
};
use crate::plan::mapper::{AddressMapper, Mapper, TagLimits, email_rule, phone_rule};
use crate::plan::matrix::FieldRule;
use crate::plan::note::{NoteAction, NoteReason};

/// What the client's builder decides about a mapping.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MapOptions {
    pub(super) allow_phone_identity: bool,
    pub(super) send_deprecated: bool,
}

const NULL: &str = "the vendor reads the word null as no value";

/// Maps a customer. Without a usable identifier the mapper holds the errors, and refuses the input.
pub(super) fn map<'c>(mapper: &mut Mapper<'c>, options: MapOptions) -> CustomerInput<'c> {
    let customer = mapper.customer;
    let phone = usable_phone(customer);
    let identity = identity(mapper, phone, options);
    // The rest is mapped even so: whatever else is wrong is reported at once.
    let is_phone = matches!(identity, Some(CustomerIdentity::Phone { .. }));
    let mut input = CustomerInput::new(identity.unwrap_or(CustomerIdentity::Email { email: Cow::Borrowed("") }));
    input.first_name = name(mapper, &m::FIRST_NAME, text(&customer.first_name));
    input.last_name = name(mapper, &m::LAST_NAME, text(&customer.last_name));
    scalars(&mut input, mapper);
    input.tags = tags(mapper);
    input.address = address(mapper);
    if !is_phone && let Some(phone) = phone {
        place_phone(&mut input, mapper, phone, options);
    }
    input.accepts_email_marketing = consent(mapper, Channel::Email);
    input.accepts_sms_marketing = consent(mapper, Channel::Sms);
    if options.send_deprecated {
        custom(&mut input, mapper);
    }
    mapper.clear(|_| false, "the vendor reads null as \"leave alone\", so that nothing can be blanked");
    input
}

/// The customer's number, if one is set: in its international form, or what is wrong with it.
fn usable_phone(customer: &Customer) -> Option<Result<E164, PhoneError>> {
    let phone = customer.phone.as_ref().filter(|phone| !is_blank(phone.as_str()))?;
    Some(phone.e164())
}

fn is_null(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("null")
}

/// Drops a text that the vendor would take for "no value".
fn unless_null<'c>(mapper: &mut Mapper<'c>, field: Field, value: Option<&'c str>) -> Option<&'c str> {
    let value = value?;
    if is_null(value) {
        mapper.drop(field, NoteReason::Invalid, NULL);
        return None;
    }
    Some(value)
}

/// The identity: the external id, which the e-mail address may accompany; else that address; else, where it is allowed, the
/// phone number.
fn identity<'c>(
    mapper: &mut Mapper<'c>,
    phone: Option<Result<E164, PhoneError>>,
    options: MapOptions,
) -> Option<CustomerIdentity<'c>> {
    let customer = mapper.customer;
    let external_id = unless_null(mapper, Field::ExternalId, text(&customer.external_id));
    let external_id = mapper.identifier(&m::EXTERNAL_ID, external_id).map(Cow::Borrowed);
    let email = mapper.email(&m::EMAIL).map(Cow::Borrowed);
    match (external_id, email, phone) {
        (Some(external_id), email, _) => {
            return Some(CustomerIdentity::ExternalId { external_id, email, phone_number: None });
        }
        (None, Some(email), _) => return Some(CustomerIdentity::Email { email }),
        (None, None, Some(Ok(phone))) if options.allow_phone_identity => {
            mapper.sent(Field::Phone);
            let detail = "identifies the customer as phone_number, which the vendor asks not to use any more";
            mapper.added(Field::Phone, NoteReason::Deprecated, detail);
            return Some(CustomerIdentity::Phone { phone_number: Cow::Owned(phone.to_string()) });
        }
        _ => {}
    }
    refuse(mapper, phone, options);
    None
}

/// Says of each identifier why it is none.
fn refuse(mapper: &mut Mapper<'_>, phone: Option<Result<E164, PhoneError>>, options: MapOptions) {
    let customer = mapper.customer;
    let external_id = match text(&customer.external_id) {
        None => "an external_id is needed, or else an email",
        Some(id) if is_null(id) => {
            "the vendor reads the word null as no value; another external_id or an email is needed"
        }
        Some(_) => "is longer than 255 characters, and an identifier is never cut",
    };
    mapper.error(Field::ExternalId.as_str(), external_id);
    let email = customer.email.as_ref().filter(|email| !is_blank(email.as_str()));
    let email = match email.map(|email| email.usable()) {
        None => "an email is needed where there is no external_id",
        Some(Err(problem)) => email_rule(problem),
        Some(Ok(_)) => "is longer than 255 characters, and an identifier is never cut",
    };
    mapper.error(Field::Email.as_str(), email);
    match phone {
        None => {}
        Some(Err(problem)) => mapper.error(Field::Phone.as_str(), phone_rule(problem)),
        Some(Ok(_)) if options.allow_phone_identity => {}
        Some(Ok(_)) => mapper.error(
            Field::Phone.as_str(),
            "the vendor asks not to identify by phone_number; the option allow_phone_identity does it all the same",
        ),
    }
}

fn name<'c>(mapper: &mut Mapper<'c>, rule: &FieldRule, value: Option<&'c str>) -> Option<Cow<'c, str>> {
    let crate::plan::matrix::FieldKey::Top(field) = rule.field else { return None };
    let value = unless_null(mapper, field, value);
    mapper.text(rule, value).map(Cow::Borrowed)
}

fn scalars<'c>(input: &mut CustomerInput<'c>, mapper: &mut Mapper<'c>) {
    let customer = mapper.customer;
    input.gender = customer.gender.and_then(|gender| {
        let word = match gender {
            Gender::Female => "F",
            Gender::Male => "M",
            Gender::Other => "Other",
            Gender::Undisclosed => {
                mapper.drop(Field::Gender, NoteReason::Unsupported, "the vendor has no word for it: F, M and Other");
                return None;
            }
        };
        mapper.sent(Field::Gender);
        Some(Cow::Borrowed(word))
    });
    input.account_created_at = time(mapper, Field::CreatedAt, customer.created_at);
    input.account_updated_at = time(mapper, Field::UpdatedAt, customer.updated_at);
    if let Some(state) = customer.account_state {
        mapper.sent(Field::AccountState);
        input.account_status = Some(Cow::Borrowed(state.as_str()));
    }
    input.default_language = language(mapper, text(&customer.locale));
    input.default_currency = currency(mapper, text(&customer.currency));
}

pub(super) fn time(
    mapper: &mut Mapper<'_>,
    field: Field,
    at: Option<DateTime<FixedOffset>>,
) -> Option<DateTime<FixedOffset>> {
    let (at, is_whole) = seconds(mapper, field.into(), at?)?;
    if is_whole {
        mapper.sent(field);
    }
    Some(at)
}

/// A time that can be written, and whether it has no fraction of a second; what is lost of it is noted.
pub(super) fn seconds(
    mapper: &mut Mapper<'_>,
    path: FieldPath,
    at: DateTime<FixedOffset>,
) -> Option<(DateTime<FixedOffset>, bool)> {
    if !(0..=9999).contains(&at.to_utc().year()) {
        mapper.drop(path, NoteReason::Invalid, "its year has not four digits");
        return None;
    }
    // A leap second counts as a second here, not as a fraction.
    let is_whole = at.nanosecond().is_multiple_of(1_000_000_000);
    if !is_whole {
        mapper.changed(path, "the vendor takes whole seconds");
    }
    Some((at, is_whole))
}

/// The language of a BCP 47 tag, where it has two letters.
fn language<'c>(mapper: &mut Mapper<'c>, locale: Option<&'c str>) -> Option<Cow<'c, str>> {
    let locale = locale?.trim();
    let mut subtags = locale.split('-');
    let language = subtags.next().unwrap_or_default();
    let mut regions = 0usize;
    let well_formed = subtags.all(|subtag| {
        regions += 1;
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if language.len() != 2 || !language.bytes().all(|b| b.is_ascii_alphabetic()) || !well_formed {
        mapper.drop(Field::Locale, NoteReason::Invalid, "is no BCP 47 tag of a language with two letters");
        return None;
    }
    if regions == 0 {
        mapper.sent(Field::Locale);
    } else {
        mapper.changed(Field::Locale, "the vendor takes the language alone");
    }
    Some(if language.bytes().all(|b| b.is_ascii_lowercase()) {
        Cow::Borrowed(language)
    } else {
        Cow::Owned(language.to_ascii_lowercase())
    })
}

fn currency<'c>(mapper: &mut Mapper<'c>, currency: Option<&'c str>) -> Option<Cow<'c, str>> {
    let code = currency?.trim();
    if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_alphabetic()) {
        mapper.drop(Field::Currency, NoteReason::Invalid, "is no ISO 4217 code of three letters");
        return None;
    }
    mapper.sent(Field::Currency);
    Some(if code.bytes().all(|b| b.is_ascii_uppercase()) {
        Cow::Borrowed(code)
    } else {
        Cow::Owned(code.to_ascii_uppercase())
    })
}

fn tags<'c>(mapper: &mut Mapper<'c>) -> Option<Cow<'c, str>> {
    let tags = mapper.tags(&TagLimits { refused: Some(','), ..TagLimits::default() });
    match tags.as_slice() {
        [] => None,
        // Beside another tag the word is a part of a longer text, and harmless.
        [only] if is_null(only) => {
            mapper.sent.retain(|path| *path != FieldPath::Field(Field::Tags));
            mapper.drop(Field::Tags, NoteReason::Invalid, NULL);
            None
        }
        [only] => Some(Cow::Borrowed(*only)),
        several => Some(Cow::Owned(several.join(","))),
    }
}

fn address<'c>(mapper: &mut Mapper<'c>) -> Option<AddressInput<'c>> {
    let main = mapper.customer.main_address();
    let mut input = AddressInput::default();
    let mut any = false;
    if let Some(mut address) = main.and_then(|index| mapper.address(index)) {
        input.address1 = part(&mut address, &m::LINE1, AddressField::Line1);
        input.address2 = part(&mut address, &m::LINE2, AddressField::Line2);
        input.city = part(&mut address, &m::CITY, AddressField::City);
        input.company = part(&mut address, &m::COMPANY, AddressField::Company);
        input.state = part(&mut address, &m::PROVINCE, AddressField::Province);
        input.zip = code(&mut address, &m::POSTAL_CODE, AddressField::PostalCode);
        input.province_code = code(&mut address, &m::PROVINCE_CODE, AddressField::ProvinceCode);
        input.country_code = country(&mut address).map(Cow::Borrowed);
        input.phone_number = address.e164().map(|number| Cow::Owned(number.to_string()));
        address.unsupported();
        any = address.finish();
    }
    mapper.drop_other_addresses(main);
    any.then_some(input)
}

fn is_null_part(address: &mut AddressMapper<'_, '_>, field: AddressField) -> bool {
    let null = address.address.text(field).is_some_and(is_null);
    if null {
        address.drop(field, NoteReason::Invalid, NULL);
    }
    null
}

fn part<'c>(address: &mut AddressMapper<'_, 'c>, rule: &FieldRule, field: AddressField) -> Option<Cow<'c, str>> {
    if is_null_part(address, field) { None } else { address.text(rule).map(Cow::Borrowed) }
}

fn code<'c>(address: &mut AddressMapper<'_, 'c>, rule: &FieldRule, field: AddressField) -> Option<Cow<'c, str>> {
    if is_null_part(address, field) { None } else { address.code(rule).map(Cow::Borrowed) }
}

/// The code of the country; from its name where the record has no code.
fn country(address: &mut AddressMapper<'_, '_>) -> Option<&'static str> {
    let code = address.country_code();
    let Some(name) = address.address.text(AddressField::Country) else { return code };
    if code.is_some() {
        address.drop(AddressField::Country, NoteReason::Redundant, "the vendor takes the code, which is there as well");
        return code;
    }
    let Some(country) = country::by_name(name) else {
        address.drop(
            AddressField::Country,
            NoteReason::Invalid,
            "is no known country, and the vendor takes its code only",
        );
        return None;
    };
    address.carries();
    Some(country.code)
}

/// Puts a phone number that does not identify the customer where it can go.
fn place_phone<'c>(
    input: &mut CustomerInput<'c>,
    mapper: &mut Mapper<'c>,
    phone: Result<E164, PhoneError>,
    options: MapOptions,
) {
    let phone = match phone {
        Ok(phone) => phone,
        Err(problem) => {
            mapper.drop(Field::Phone, NoteReason::Invalid, phone_rule(problem));
            return;
        }
    };
    let in_address = match &mut input.address {
        Some(address) if address.phone_number.is_none() => {
            address.phone_number = Some(Cow::Owned(phone.to_string()));
            true
        }
        _ => false,
    };
    let deprecated = match &mut input.identity {
        CustomerIdentity::ExternalId { phone_number, .. } if options.send_deprecated => {
            *phone_number = Some(Cow::Owned(phone.to_string()));
            true
        }
        // Beside an e-mail address that identifies, the vendor refuses it.
        _ => false,
    };
    match (deprecated, in_address) {
        (true, _) => mapper.note(
            Field::Phone,
            NoteAction::Changed,
            NoteReason::Deprecated,
            "sent as phone_number, of which the vendor says that it can no longer be set",
        ),
        (false, true) => mapper.changed(Field::Phone, "sent in the address alone: phone_number is deprecated"),
        (false, false) => {
            let detail = "phone_number is deprecated, and there is no address whose number it could be";
            mapper.drop(Field::Phone, NoteReason::Deprecated, detail);
        }
    }
}

/// A yes or a no, where the record knows one.
fn consent(mapper: &mut Mapper<'_>, channel: Channel) -> Option<bool> {
    let known = mapper.consent(channel)?;
    let narrowed = (known.state == ConsentState::Pending).then_some("the vendor has no open consent: sent as a no");
    mapper.claim_consent(channel, &known, narrowed);
    Some(known.state == ConsentState::Subscribed)
}

/// Custom values, in the place that the vendor asks not to use any more.
fn custom<'c>(input: &mut CustomerInput<'c>, mapper: &mut Mapper<'c>) {
    // The matrix drops custom values; here they are wanted.
    mapper.notes.retain(|note| *note.path() != FieldPath::Field(Field::Custom));
    let customer = mapper.customer;
    for (key, value) in customer.custom.iter().filter(|(_, value)| !value.is_blank()) {
        let path = FieldPath::Custom(key.as_str().into());
        if is_blank(key) {
            mapper.drop(path, NoteReason::Invalid, "a property needs a name");
            continue;
        }
        if matches!(value, crate::customer::CustomValue::Text(text) if is_null(text)) {
            mapper.drop(path, NoteReason::Invalid, NULL);
            continue;
        }
        if !key.contains(char::is_whitespace) {
            input.custom_properties.insert(Cow::Borrowed(key), value);
            mapper.sent(path);
            continue;
        }
        let plain = key.replace(char::is_whitespace, "_");
        let taken = |name: &str| customer.custom.get(name).is_some_and(|value| !value.is_blank());
        if taken(&plain) || input.custom_properties.contains_key(plain.as_str()) {
            mapper.drop(path, NoteReason::Redundant, "with _ for blanks its name is that of another value");
            continue;
        }
        input.custom_properties.insert(Cow::Owned(plain), value);
        mapper.changed(path, "its name has _ for blanks: the vendor takes no others");
    }
    if !input.custom_properties.is_empty() {
        let detail =
            "sent as custom_properties, which the vendor asks not to use any more: whether it stores them is unknown";
        mapper.added(Field::Custom, NoteReason::Deprecated, detail);
    }
}
