//! Addresses: from the record's to the vendor's, and which of the vendor's says the same. Pure.

use std::borrow::Cow;

use super::matrix as m;
use super::shown::AddressRecord;
use super::version::ApiVersion;
use super::wire::AddressFields;
use crate::client::addresses::{AddressAction, reconcile, same_text};
use crate::customer::{AddressField, Customer, FieldPath, country, text};
use crate::plan::StepCondition;
use crate::plan::mapper::Mapper;
use crate::plan::note::{Note, NoteAction, NoteReason};

/// An address that goes out.
pub(super) struct MappedAddress<'c> {
    /// As a create sends it.
    pub(super) fields: AddressFields<'c>,
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
    /// As an address of its own takes it: not the default until the step that says so. Before 2025-06 one page of the
    /// vendor's requires both lines there, others do not: what the record leaves open is an empty text, as which the
    /// vendor shows it.
    pub(super) fn to_add(&self, version: ApiVersion) -> AddressFields<'c> {
        let mut new = AddressFields { default: Some(false), ..self.fields.clone() };
        if !version.is_later() {
            for line in [&mut new.address1, &mut new.address2] {
                line.get_or_insert(Cow::Borrowed(""));
            }
        }
        new
    }

    /// As a change of an address that is there takes it: what the record itself says. The flag is left alone: which one
    /// is the default is said by a step of its own.
    pub(super) fn to_change(&self) -> AddressFields<'c> {
        let mut own = AddressFields { default: None, ..self.fields.clone() };
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
pub(super) fn map<'c>(mapper: &mut Mapper<'c>, version: ApiVersion) -> MappedAddresses<'c> {
    let customer = mapper.customer;
    let mut mapped = MappedAddresses { all: Vec::with_capacity(customer.addresses.len()), default: None };
    let mut first = None;
    for (index, address) in (0u32..).zip(&customer.addresses) {
        if address.is_empty() && !address.default {
            continue;
        }
        let Some(mut one) = one(mapper, index, version) else { continue };
        let place = mapped.all.len();
        first = first.or(Some(index));
        one.fields.default = Some(false);
        if address.default && mapped.default.is_none() {
            one.fields.default = Some(true);
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
        one.fields.default = Some(true);
        let detail = "no address is marked as the default, and left to itself the vendor would take each of them";
        let path = FieldPath::AddressField(index, AddressField::Default);
        mapper
            .notes
            .push(Note::new(path, NoteAction::Added, NoteReason::Default, detail).when(StepCondition::IfNotFound));
    }
    mapped
}

fn one<'c>(mapper: &mut Mapper<'c>, index: u32, version: ApiVersion) -> Option<MappedAddress<'c>> {
    let customer: &'c Customer = mapper.customer;
    let mut address = mapper.address(index as usize)?;
    let mut fields = AddressFields {
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
        ..AddressFields::default()
    };
    let mut derived = Derived::default();
    match (&fields.country, &fields.country_code) {
        (Some(name), None) => {
            if let Some(found) = country::by_name(name) {
                fields.country_code = Some(Cow::Borrowed(found.code));
                derived.country_code = true;
                let detail = "the vendor requires a country code: the one of the country's name";
                address.added(AddressField::CountryCode, NoteReason::Derived, detail);
            }
        }
        (None, Some(code)) => {
            if let Some(found) = country::by_code(code) {
                fields.country = Some(Cow::Borrowed(found.name));
                derived.country = true;
                let detail = "the vendor requires the country's name: the one of its code";
                address.added(AddressField::Country, NoteReason::Derived, detail);
            }
        }
        _ => {}
    }
    if fields.country.is_none() || fields.country_code.is_none() {
        address.refuse(NoteReason::Incomplete, "the vendor requires a country with its code");
        return None;
    }
    if !version.is_later() {
        let detail = "the vendor requires it in an address: the customer's own";
        for (name, is_derived, own, field) in [
            (&mut fields.first_name, &mut derived.first_name, &customer.first_name, AddressField::FirstName),
            (&mut fields.last_name, &mut derived.last_name, &customer.last_name, AddressField::LastName),
        ] {
            if name.is_none()
                && let Some(own) = text(own)
            {
                *name = Some(Cow::Borrowed(own));
                *is_derived = true;
                address.added(field, NoteReason::Derived, detail);
            }
        }
        if fields.first_name.is_none() || fields.last_name.is_none() {
            address.refuse(NoteReason::Incomplete, "before 2025-06 the vendor requires a first and a last name");
            return None;
        }
    }
    address.unsupported();
    address.finish();
    Some(MappedAddress { fields, index, derived })
}

/// What to do with each address of the record, given those of the vendor.
pub(super) fn actions(ours: &[MappedAddress<'_>], theirs: &[AddressRecord]) -> Vec<AddressAction> {
    let pair = |our: usize, their: usize| Some((ours.get(our)?, theirs.get(their)?));
    reconcile(
        ours.len(),
        theirs.len(),
        |our, their| pair(our, their).is_some_and(|(our, their)| says_the_same(our, their)),
        |our, their| {
            pair(our, their).is_some_and(|(our, their)| their.id().is_some() && is_same_place(&our.fields, their))
        },
    )
}

/// Whether theirs holds all that ours says. What the record leaves open is left alone.
pub(super) fn says_the_same(our: &MappedAddress<'_>, their: &AddressRecord) -> bool {
    let held = |our: &Option<Cow<'_, str>>, their: &Option<String>| {
        our.is_none() || same_text(our.as_deref(), their.as_deref())
    };
    let MappedAddress { fields: our, derived, .. } = our;
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
fn is_same_place(our: &AddressFields<'_>, their: &AddressRecord) -> bool {
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
fn is_same_country(our: &AddressFields<'_>, their: &AddressRecord) -> bool {
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
