//! Addresses: from the record's to the vendor's, and which of the vendor's holds the same. Pure.

use std::borrow::Cow;

use super::matrix as m;
use super::request::{AddressInput, Dialect};
use super::response::AddressRecord;
use crate::client::addresses::same_text;
use crate::customer::{AddressField, Customer, FieldPath, country, text};
use crate::plan::StepCondition;
use crate::plan::mapper::Mapper;
use crate::plan::note::{Note, NoteAction, NoteReason};

/// An address that goes out.
pub(super) struct MappedAddress<'c> {
    /// As a create sends it.
    pub(super) input: AddressInput<'c>,
    /// Which one of the record's it is.
    pub(super) index: u32,
    derived: Derived,
}

/// Which parts are not the record's own: a new address needs them, and in one that is there they are left alone.
#[derive(Clone, Copy, Default)]
struct Derived {
    first_name: bool,
    last_name: bool,
    country: bool,
    country_code: bool,
}

impl<'c> MappedAddress<'c> {
    /// As an address that is added takes it: not the default until the step that makes it so. Before 2025-06 one page of the
    /// vendor's requires both lines there, others do not: what the record leaves open is an empty text, as which the
    /// vendor shows it.
    pub(super) fn to_add(&self, dialect: Dialect) -> AddressInput<'c> {
        let mut new = AddressInput { default: Some(false), ..self.input.clone() };
        if !dialect.is_2025_06_or_newer() {
            for line in [&mut new.address1, &mut new.address2] {
                line.get_or_insert(Cow::Borrowed(""));
            }
        }
        new
    }

    /// As a change of an address that is there takes it: what the record itself says. The flag is left alone: which one
    /// is the default is said by a step of its own.
    pub(super) fn to_change(&self) -> AddressInput<'c> {
        let mut own = AddressInput { default: None, ..self.input.clone() };
        let Derived { first_name, last_name, country, country_code } = self.derived;
        for (derived, field) in [
            (first_name, &mut own.first_name),
            (last_name, &mut own.last_name),
            (country, &mut own.country),
            (country_code, &mut own.country_code),
        ] {
            if derived {
                *field = None;
            }
        }
        own
    }
}

/// The addresses that go out.
pub(super) struct MappedAddresses<'c> {
    pub(super) all: Vec<MappedAddress<'c>>,
    /// The one that the record itself marks as the default.
    pub(super) default: Option<usize>,
}

/// Maps every address. In the result, `default` is as a create sends it: true for exactly one.
pub(super) fn map<'c>(mapper: &mut Mapper<'c>, dialect: Dialect) -> MappedAddresses<'c> {
    let customer = mapper.customer;
    let mut mapped = MappedAddresses { all: Vec::with_capacity(customer.addresses.len()), default: None };
    let mut first = None;
    for (index, address) in (0u32..).zip(&customer.addresses) {
        if address.is_empty() && !address.default {
            continue;
        }
        let Some(mut one) = one(mapper, index, dialect) else { continue };
        let place = mapped.all.len();
        first = first.or(Some(index));
        one.input.default = Some(false);
        if address.default && mapped.default.is_none() {
            one.input.default = Some(true);
            mapped.default = Some(place);
        } else if address.default {
            let detail = "the vendor has one default address, and an earlier one of the record is it";
            mapper.drop(FieldPath::AddressField(index, AddressField::Default), NoteReason::TooMany, detail);
        }
        mapped.all.push(one);
    }
    if mapped.default.is_none()
        && let (Some(one), Some(index)) = (mapped.all.first_mut(), first)
    {
        one.input.default = Some(true);
        let detail = "no address is marked as the default, and left to itself the vendor would take each of them";
        let path = FieldPath::AddressField(index, AddressField::Default);
        mapper
            .notes
            .push(Note::new(path, NoteAction::Added, NoteReason::Default, detail).when(StepCondition::IfNotFound));
    }
    mapped
}

fn one<'c>(mapper: &mut Mapper<'c>, index: u32, dialect: Dialect) -> Option<MappedAddress<'c>> {
    let customer: &'c Customer = mapper.customer;
    let mut address = mapper.address(index as usize)?;
    let mut input = AddressInput {
        first_name: address.text(&m::ADDRESS_FIRST_NAME).map(Cow::Borrowed),
        last_name: address.text(&m::ADDRESS_LAST_NAME).map(Cow::Borrowed),
        address1: address.text(&m::LINE1).map(Cow::Borrowed),
        address2: address.text(&m::LINE2).map(Cow::Borrowed),
        area: address.text(&m::DISTRICT).map(Cow::Borrowed),
        city: address.text(&m::CITY).map(Cow::Borrowed),
        province: address.text(&m::PROVINCE).map(Cow::Borrowed),
        province_code: address.code(&m::PROVINCE_CODE).map(Cow::Borrowed),
        country: address.text(&m::COUNTRY).map(Cow::Borrowed),
        country_code: address.country_code().map(Cow::Borrowed),
        company: address.text(&m::COMPANY).map(Cow::Borrowed),
        phone: address.dialable().map(Cow::Borrowed),
        zip: address.code(&m::POSTAL_CODE).map(Cow::Borrowed),
        ..AddressInput::default()
    };
    let mut derived = Derived::default();
    match (&input.country, &input.country_code) {
        (Some(name), None) => {
            if let Some(found) = country::by_name(name) {
                input.country_code = Some(Cow::Borrowed(found.code));
                derived.country_code = true;
                let detail = "the vendor requires a country code: the one of the country's name";
                address.added(AddressField::CountryCode, NoteReason::Derived, detail);
            }
        }
        (None, Some(code)) => {
            if let Some(found) = country::by_code(code) {
                input.country = Some(Cow::Borrowed(found.name));
                derived.country = true;
                let detail = "the vendor requires the country's name: the one of its code";
                address.added(AddressField::Country, NoteReason::Derived, detail);
            }
        }
        _ => {}
    }
    if input.country.is_none() || input.country_code.is_none() {
        address.refuse(NoteReason::Incomplete, "the vendor requires a country with its code");
        return None;
    }
    if !dialect.is_2025_06_or_newer() {
        let detail = "the vendor requires it in an address: the customer's own";
        for (name, is_derived, own, field) in [
            (&mut input.first_name, &mut derived.first_name, &customer.first_name, AddressField::FirstName),
            (&mut input.last_name, &mut derived.last_name, &customer.last_name, AddressField::LastName),
        ] {
            if name.is_none()
                && let Some(own) = text(own)
            {
                *name = Some(Cow::Borrowed(own));
                *is_derived = true;
                address.added(field, NoteReason::Derived, detail);
            }
        }
        if input.first_name.is_none() || input.last_name.is_none() {
            address.refuse(NoteReason::Incomplete, "before 2025-06 the vendor requires a first and a last name");
            return None;
        }
    }
    address.unsupported();
    address.finish();
    Some(MappedAddress { input, index, derived })
}

/// Whether theirs holds all that ours says. What the record leaves open is left alone.
pub(super) fn is_held(our: &MappedAddress<'_>, their: &AddressRecord) -> bool {
    let held = |our: &Option<Cow<'_, str>>, their: &Option<String>| {
        our.is_none() || same_text(our.as_deref(), their.as_deref())
    };
    let MappedAddress { input: our, derived, .. } = our;
    (derived.first_name || held(&our.first_name, &their.first_name))
        && (derived.last_name || held(&our.last_name, &their.last_name))
        && held(&our.company, &their.company)
        && held(&our.address1, &their.address1)
        && held(&our.address2, &their.address2)
        && held(&our.area, &their.area)
        && held(&our.city, &their.city)
        && held(&our.province, &their.province)
        && held(&our.province_code, &their.province_code)
        && held(&our.zip, &their.zip)
        && is_same_country(our, their)
        && (our.phone.is_none() || same_digits(our.phone.as_deref(), their))
}

/// Street, town, postal code and country: an address whose other details differ is the same one, changed. Two flats of
/// one house are two places.
pub(super) fn is_same_place(our: &MappedAddress<'_>, their: &AddressRecord) -> bool {
    let our = &our.input;
    let same = |our: &Option<Cow<'_, str>>, their: &Option<String>| same_text(our.as_deref(), their.as_deref());
    let is_open = |text: Option<&str>| same_text(text, None);
    same(&our.address1, &their.address1)
        && (is_open(our.address2.as_deref())
            || is_open(their.address2.as_deref())
            || same(&our.address2, &their.address2))
        && same(&our.city, &their.city)
        && same(&our.zip, &their.zip)
        && is_same_country(our, their)
}

/// By code where both have one: names of countries have many spellings.
fn is_same_country(our: &AddressInput<'_>, their: &AddressRecord) -> bool {
    match (our.country_code.as_deref(), their.country_code.as_deref().filter(|code| !code.trim().is_empty())) {
        (Some(our), Some(their)) => our.eq_ignore_ascii_case(their.trim()),
        _ => same_text(our.country.as_deref(), their.country.as_deref()),
    }
}

/// The vendor may show a number in other groups than it was sent, and its calling code apart.
fn same_digits(our: Option<&str>, their: &AddressRecord) -> bool {
    let digits = |text: Option<&str>| text.unwrap_or_default().chars().filter(char::is_ascii_digit).collect::<String>();
    let (our, shown) = (digits(our), digits(their.phone.as_deref()));
    our == shown || our == digits(their.phone_area_code.as_deref()) + &shown
}
