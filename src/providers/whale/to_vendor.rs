//! From the normalized customer to the vendor's create and update. Pure.

use std::borrow::Cow;

use super::config::Settings;
use super::matrix as m;
use super::request::{AddressInput, Change, CustomerInput, EXTERNAL_ID_KEY, Metadata, MetadataValue};
use super::response::is_placeholder;
use crate::customer::email::comparable;
use crate::customer::{AddressField, Channel, ConsentState, CustomValue, Field, FieldPath, country, is_blank, text};
use crate::plan::mapper::{AddressMapper, Mapper, TagLimits, email_rule, phone_rule};
use crate::plan::note::NoteReason;

/// What a record asks for at the vendor.
pub(super) struct Wanted<'c> {
    /// The create: every value of the record that the vendor can hold.
    pub(super) create: CustomerInput<'c>,
    /// What an update blanks; never a field that `create` sets.
    pub(super) clear: Vec<Field>,
}

pub(super) fn wanted<'c>(mapper: &mut Mapper<'c>, settings: &Settings) -> Wanted<'c> {
    let customer = mapper.customer;
    let mut create = CustomerInput {
        email: email(mapper, settings.assumptions.lower_case_email).into(),
        first_name: mapper.text(&m::FIRST_NAME, text(&customer.first_name)).map(Cow::Borrowed).into(),
        last_name: mapper.text(&m::LAST_NAME, text(&customer.last_name)).map(Cow::Borrowed).into(),
        phone: phone(mapper).into(),
        tags: tags(mapper).into(),
        address: address(mapper).into(),
        metadata: metadata(mapper, settings.assumptions.typed_metadata).into(),
        ..CustomerInput::default()
    };
    if settings.send_birthday
        && let Some(day) = customer.birthday
    {
        mapper.sent(Field::Birthday);
        create.date_of_birth = Change::Set(day.format("%Y-%m-%d").to_string().into());
    }
    // The vendor does not document the fields.
    if settings.send_consent {
        create.email_consent = known_consent(mapper, Channel::Email).into();
        create.sms_consent = known_consent(mapper, Channel::Sms).into();
    } else {
        consent(mapper, Channel::Email);
        consent(mapper, Channel::Sms);
    }
    let can = |field| {
        use Field::{Addresses, Birthday, Custom, FirstName, LastName, Phone, Tags};
        matches!(field, FirstName | LastName | Phone | Addresses | Tags | Custom)
            || (field == Birthday && settings.send_birthday)
    };
    let clear = mapper.clear(can, "the vendor has no such field that could be blanked");
    Wanted { create, clear }
}

impl<'c> Wanted<'c> {
    /// The update with every field that it could carry. The e-mail address is the identity, and is never changed.
    pub(super) fn update(&self) -> CustomerInput<'_> {
        let create = &self.create;
        let mut update = CustomerInput {
            email: Change::Leave,
            first_name: borrowed(&create.first_name),
            last_name: borrowed(&create.last_name),
            phone: borrowed(&create.phone),
            tags: create.tags.clone(),
            address: create.address.clone(),
            metadata: create.metadata.clone(),
            date_of_birth: borrowed(&create.date_of_birth),
            email_consent: create.email_consent.clone(),
            sms_consent: create.sms_consent.clone(),
        };
        for field in &self.clear {
            match field {
                Field::FirstName => update.first_name = Change::Clear,
                Field::LastName => update.last_name = Change::Clear,
                Field::Phone => update.phone = Change::Clear,
                Field::Birthday => update.date_of_birth = Change::Clear,
                Field::Addresses => update.address = Change::Clear,
                Field::Tags => update.tags = Change::Set(Vec::new()),
                // The external id is in the same map, and stays.
                Field::Custom if update.metadata.is_leave() => update.metadata = Change::Set(Metadata::default()),
                _ => {}
            }
        }
        update
    }

    pub(super) fn clears(&self, field: Field) -> bool {
        self.clear.contains(&field)
    }

    /// The e-mail address, which every mapped record has.
    pub(super) fn email(&self) -> &str {
        self.create.email.value().map(AsRef::as_ref).unwrap_or_default()
    }
}

fn borrowed<'a>(change: &'a Change<Cow<'_, str>>) -> Change<Cow<'a, str>> {
    match change {
        Change::Set(value) => Change::Set(Cow::Borrowed(value)),
        Change::Clear => Change::Clear,
        Change::Leave => Change::Leave,
    }
}

/// As given but for the blanks around it. In small letters it is the same address to the vendor's other code (seen).
fn email<'c>(mapper: &mut Mapper<'c>, lower_case: bool) -> Option<Cow<'c, str>> {
    let email = mapper.customer.email.as_ref().filter(|email| !is_blank(email.as_str()));
    let problem = match email.map(crate::customer::Email::usable) {
        None => "is required: it is the customer's identity at the vendor",
        Some(Err(problem)) => email_rule(problem),
        Some(Ok(text)) if is_placeholder(text) => {
            "is a placeholder that the vendor makes up for people without an address, or deleted or merged ones"
        }
        Some(Ok(text)) => {
            mapper.sent(Field::Email);
            return Some(if lower_case { comparable(text) } else { Cow::Borrowed(text) });
        }
    };
    mapper.error(Field::Email.as_str(), problem);
    None
}

fn phone<'c>(mapper: &mut Mapper<'c>) -> Option<Cow<'c, str>> {
    let phone = mapper.customer.phone.as_ref().filter(|phone| !is_blank(phone.as_str()))?;
    let number = match phone.e164() {
        Ok(number) => Cow::Owned(number.to_string()),
        Err(_) => match phone.dialable() {
            Ok(number) => Cow::Borrowed(number),
            Err(problem) => {
                mapper.drop(Field::Phone, NoteReason::Invalid, phone_rule(problem));
                return None;
            }
        },
    };
    mapper.sent(Field::Phone);
    Some(number)
}

fn tags<'c>(mapper: &mut Mapper<'c>) -> Option<Vec<Cow<'c, str>>> {
    let tags = mapper.tags(&TagLimits::default());
    (!tags.is_empty()).then(|| tags.into_iter().map(Cow::Borrowed).collect())
}

fn address<'c>(mapper: &mut Mapper<'c>) -> Option<AddressInput<'c>> {
    let main = mapper.customer.main_address();
    let mut input = None;
    if let Some(mut address) = main.and_then(|index| mapper.address(index)) {
        let parts = AddressInput {
            line1: address.text(&m::LINE1).map(Cow::Borrowed),
            line2: address.text(&m::LINE2).map(Cow::Borrowed),
            city: address.text(&m::CITY).map(Cow::Borrowed),
            state: state(&mut address).map(Cow::Borrowed),
            postal_code: address.code(&m::POSTAL_CODE).map(Cow::Borrowed),
            country: country(&mut address).map(Cow::Borrowed),
        };
        address.unsupported();
        input = address.finish().then_some(parts);
    }
    mapper.drop_other_addresses(main);
    input
}

/// The vendor's sample is a code; a name is what there is where there is none.
fn state<'c>(address: &mut AddressMapper<'_, 'c>) -> Option<&'c str> {
    match address.code(&m::PROVINCE_CODE) {
        Some(code) => {
            if address.address.is_set(AddressField::Province) {
                let detail = "the vendor holds one state, and its code is sent";
                address.drop(AddressField::Province, NoteReason::Redundant, detail);
            }
            Some(code)
        }
        None => address.text(&m::PROVINCE),
    }
}

fn country(address: &mut AddressMapper<'_, '_>) -> Option<&'static str> {
    let code = address.country_code();
    let Some(name) = address.address.text(AddressField::Country) else { return code };
    match (code, country::by_name(name)) {
        (None, Some(found)) => {
            address.carries();
            Some(found.code)
        }
        (None, None) => {
            let detail = "is no known country, and the vendor takes an ISO 3166-1 alpha-2 code";
            address.drop(AddressField::Country, NoteReason::Invalid, detail);
            None
        }
        (Some(code), Some(found)) if found.code != code => {
            let detail = "names another country than the country code, which is what is sent";
            address.drop(AddressField::Country, NoteReason::Invalid, detail);
            Some(code)
        }
        (Some(code), _) => {
            let detail = "the vendor holds one country, and its code is sent";
            address.drop(AddressField::Country, NoteReason::Redundant, detail);
            Some(code)
        }
    }
}

fn metadata<'c>(mapper: &mut Mapper<'c>, typed: bool) -> Option<Metadata<'c>> {
    let customer = mapper.customer;
    let id = mapper.identifier(&m::EXTERNAL_ID, text(&customer.external_id));
    if id.is_none() && customer.custom.is_empty() {
        return None;
    }
    let mut values = Vec::with_capacity(customer.custom.len() + 1);
    if let Some(id) = id {
        values.push((Cow::Borrowed(EXTERNAL_ID_KEY), MetadataValue::Text(Cow::Borrowed(id))));
    }
    let mut any = false;
    for (key, value) in customer.custom.iter().filter(|(_, value)| !value.is_blank()) {
        if id.is_some() && key == EXTERNAL_ID_KEY {
            let detail = "the record's own external_id has this key";
            mapper.drop(FieldPath::Custom(key.as_str().into()), NoteReason::Redundant, detail);
            continue;
        }
        any = true;
        let value = match value {
            CustomValue::Bool(value) if typed => MetadataValue::Bool(*value),
            CustomValue::Integer(number) if typed => MetadataValue::Number((*number).into()),
            CustomValue::Decimal(number) if typed => MetadataValue::Number(*number),
            value => MetadataValue::Text(value.to_text()),
        };
        values.push((Cow::Borrowed(key.as_str()), value));
    }
    if any {
        mapper.sent(Field::Custom);
    }
    (!values.is_empty()).then_some(Metadata(values))
}

/// Nothing of a consent is ever sent: one note for the whole of it.
fn consent(mapper: &mut Mapper<'_>, channel: Channel) {
    let consent = match channel {
        Channel::Email => mapper.customer.email_marketing.as_ref(),
        Channel::Sms => mapper.customer.sms_marketing.as_ref(),
    };
    let Some(consent) = consent.filter(|consent| !consent.is_empty()) else { return };
    let detail = match consent.state {
        Some(ConsentState::Unsubscribed) => {
            "the vendor cannot hold an opt-out: a program that sends e-mail from there has to learn of it in another way"
        }
        _ => m::NO_CONSENT,
    };
    mapper.drop(channel.field(), NoteReason::Unsupported, detail);
}

/// Yes or no, of a consent whose state is known; an unknown one is never sent.
fn known_consent(mapper: &mut Mapper<'_>, channel: Channel) -> Option<bool> {
    let known = mapper.consent(channel)?;
    let narrowed = (known.state == ConsentState::Pending)
        .then_some("the vendor holds a yes or a no: one that is not confirmed yet is a no");
    mapper.claim_consent(channel, &known, narrowed);
    Some(known.state == ConsentState::Subscribed)
}
