//! The addresses of a record: mapped once, written in the vendor's two forms, and compared with what the vendor holds.

use std::borrow::Cow;

use super::matrix as m;
use super::request::{AddressInput, EmbeddedAddressInput, InternationalPhone};
use super::response::AddressRecord;
use crate::client::addresses::same_text;
use crate::client::identify::same_number;
use crate::customer::{AddressField, FieldPath};
use crate::plan::StepCondition;
use crate::plan::mapper::{Mapper, exceeds};
use crate::plan::note::NoteReason;

/// One address of the record, as far as the vendor can hold it.
pub(super) struct MappedAddress<'c> {
    /// Its position in the record.
    pub(super) index: u32,
    whole: EmbeddedAddressInput<'c>,
    /// Only the address routes have a key for it.
    district: Option<&'c str>,
}

/// Maps every address that the vendor can hold, at most [`m::MAX_ADDRESSES`]; the default one is among them. `create` is
/// the condition of the step that creates.
pub(super) fn map<'c>(mapper: &mut Mapper<'c>, create: StepCondition) -> Vec<MappedAddress<'c>> {
    let customer = mapper.customer;
    let mut mapped: Vec<MappedAddress<'c>> = Vec::with_capacity(customer.addresses.len().min(m::MAX_ADDRESSES));
    let default = customer.addresses.iter().position(|a| a.default && !a.is_empty());
    let mut has_default = false;
    for (index, address) in (0u32..).zip(&customer.addresses) {
        if address.is_empty() && !address.default {
            continue;
        }
        let position = usize::try_from(index).unwrap_or(usize::MAX);
        let reserved = usize::from(default.is_some_and(|at| at > position));
        if mapped.len() + reserved >= m::MAX_ADDRESSES {
            mapper.drop(FieldPath::Address(index), NoteReason::TooMany, "the vendor takes 50 addresses at most");
            continue;
        }
        mapped.extend(map_one(mapper, position, index, &mut has_default, create));
    }
    mapped
}

fn map_one<'c>(
    mapper: &mut Mapper<'c>,
    position: usize,
    index: u32,
    has_default: &mut bool,
    create: StepCondition,
) -> Option<MappedAddress<'c>> {
    let mut address = mapper.address(position)?;
    let mut whole = EmbeddedAddressInput {
        first_name: address.text(&m::ADDRESS_FIRST_NAME).map(Cow::Borrowed),
        last_name: address.text(&m::ADDRESS_LAST_NAME).map(Cow::Borrowed),
        company: address.text(&m::COMPANY).map(Cow::Borrowed),
        address1: address.text(&m::LINE1).map(Cow::Borrowed),
        address2: address.text(&m::LINE2).map(Cow::Borrowed),
        city: address.text(&m::CITY).map(Cow::Borrowed),
        province: address.text(&m::PROVINCE).map(Cow::Borrowed),
        province_code: address.code(&m::PROVINCE_CODE).map(Cow::Borrowed),
        zip: address.code(&m::POSTAL_CODE).map(Cow::Borrowed),
        country: address.text(&m::COUNTRY).map(Cow::Borrowed),
        country_code: address.country_code().map(Cow::Borrowed),
        phone: address.e164().map(InternationalPhone),
        ..EmbeddedAddressInput::default()
    };
    let district = address.text(&m::DISTRICT);
    address.unsupported();
    let in_create = whole != EmbeddedAddressInput::default();
    if in_create || district.is_some() {
        if address.address.default {
            if *has_default {
                let detail = "an address before it is the default already, and there is one default";
                address.drop(AddressField::Default, NoteReason::Redundant, detail);
            } else {
                *has_default = true;
                whole.default = Some(true);
            }
        }
        if district.is_some() {
            let detail = "a create has no key for it; the address routes of an update have";
            address.drop_when(AddressField::District, create, NoteReason::Unsupported, detail);
        }
        if !in_create && whole.default.is_some() {
            let detail = "nothing else of the address can be sent in a create";
            address.drop_when(AddressField::Default, create, NoteReason::Incomplete, detail);
        }
    }
    let too_long = [
        (AddressField::PostalCode, whole.zip.as_deref().is_some_and(|zip| exceeds(zip, m::ROUTE_ZIP_MAX))),
        (AddressField::ProvinceCode, whole.province_code.as_deref().is_some_and(|c| exceeds(c, m::ROUTE_CODE_MAX))),
        (AddressField::Phone, whole.phone.is_some_and(|phone| phone.length() > m::ROUTE_PHONE_MAX)),
    ];
    for (field, _) in too_long.iter().filter(|(_, too_long)| *too_long) {
        let detail = "longer than the address routes of an update take; a create takes it";
        address.drop_when(*field, StepCondition::IfDiffers, NoteReason::TooLong, detail);
    }
    address.finish().then_some(MappedAddress { index, whole, district })
}

impl<'c> MappedAddress<'c> {
    /// In the form of a create; none where nothing of it fits there.
    pub(super) fn embedded(&self) -> Option<EmbeddedAddressInput<'c>> {
        let without_default = EmbeddedAddressInput { default: None, ..self.whole.clone() };
        (without_default != EmbeddedAddressInput::default()).then(|| self.whole.clone())
    }

    /// In the form of the address routes, without what these do not take.
    pub(super) fn route(&self) -> AddressInput<'c> {
        let whole = self.whole.clone();
        AddressInput {
            address1: whole.address1,
            address2: whole.address2,
            city: whole.city,
            company: whole.company,
            country: whole.country,
            country_code: whole.country_code,
            def: whole.default,
            district: self.district.map(Cow::Borrowed),
            first_name: whole.first_name,
            last_name: whole.last_name,
            phone: whole.phone.filter(|phone| phone.length() <= m::ROUTE_PHONE_MAX),
            province: whole.province,
            province_code: whole.province_code.filter(|code| !exceeds(code, m::ROUTE_CODE_MAX)),
            zip: whole.zip.filter(|zip| !exceeds(zip, m::ROUTE_ZIP_MAX)),
            ..AddressInput::default()
        }
    }

    /// Whether it is to be the default address.
    pub(super) fn is_default(&self) -> bool {
        self.whole.default == Some(true)
    }

    /// Our text beside theirs, but for the phone.
    fn pairs<'a>(&'a self, theirs: &'a AddressRecord) -> [(Option<&'a str>, Option<&'a str>); 12] {
        let ours = &self.whole;
        [
            (ours.address1.as_deref(), theirs.address1.as_deref()),
            (ours.address2.as_deref(), theirs.address2.as_deref()),
            (ours.city.as_deref(), theirs.city.as_deref()),
            (ours.zip.as_deref(), theirs.zip.as_deref()),
            (ours.province.as_deref(), theirs.province.as_deref()),
            (ours.province_code.as_deref(), theirs.province()),
            (ours.country_code.as_deref(), theirs.country_code.as_deref()),
            (self.district, theirs.district.as_deref()),
            (ours.country.as_deref(), theirs.country.as_deref()),
            (ours.company.as_deref(), theirs.company.as_deref()),
            (ours.first_name.as_deref(), theirs.first_name.as_deref()),
            (ours.last_name.as_deref(), theirs.last_name.as_deref()),
        ]
    }

    /// Whether the vendor's address says all that ours says. What ours leaves open is left alone.
    pub(super) fn is_held_by(&self, theirs: &AddressRecord) -> bool {
        same_text(self.whole.address1.as_deref(), theirs.address1.as_deref())
            && self.pairs(theirs).iter().all(|(our, their)| our.is_none() || same_text(*our, *their))
            && self.whole.phone.is_none_or(|phone| same_number(theirs.phone.as_deref(), phone.0))
    }

    /// Whether the vendor's address is the same place, possibly with other details: the same street and number, and no
    /// part that differs between two places.
    pub(super) fn is_same_place(&self, theirs: &AddressRecord) -> bool {
        let [street, place @ ..] = self.pairs(theirs);
        // Flat, city, postal code, province and its code, country.
        let place = place.get(..6).unwrap_or_default();
        let shared = |(our, their): &(Option<&str>, Option<&str>)| !same_text(*our, None) && same_text(*our, *their);
        let apart = |(our, their): &(Option<&str>, Option<&str>)| {
            !same_text(*our, None) && !same_text(*their, None) && !same_text(*our, *their)
        };
        same_text(street.0, street.1)
            && !place.iter().any(apart)
            && (shared(&street) || place.iter().take(3).any(shared))
    }
}
