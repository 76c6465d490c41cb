//! What the vendor would refuse of a native request, as far as it is documented: told before anything is sent.

use std::borrow::Cow;

use secrecy::ExposeSecret;

use super::PROVIDER;
use super::version::ApiVersion;
use super::wire::{AddressFields, ContactType, CustomerUpdate, NewCustomer};
use crate::client::Operation;
use crate::customer::{Phone, is_blank};
use crate::error::{Error, FieldError};
use crate::plan::mapper::phone_rule;

/// The shortest password (documented), in code points.
const MIN_PASSWORD: usize = 6;

/// Refuses what has problems.
pub(super) fn refuse(operation: &Operation, problems: Vec<FieldError>) -> Result<(), Error> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::invalid_record(problems).with_provider(PROVIDER).with_operation(operation.name))
}

fn is_missing(text: Option<&Cow<'_, str>>) -> bool {
    text.is_none_or(|text| is_blank(text))
}

impl NewCustomer<'_> {
    pub(super) fn problems(&self, version: ApiVersion) -> Vec<FieldError> {
        let mut problems = Vec::new();
        let (field, contact) = match self.contact_type {
            ContactType::Email => ("email", &self.email),
            ContactType::Phone => ("phone", &self.phone),
        };
        if is_missing(contact.as_ref()) {
            problems.push(FieldError::new(field, "is required by the contact type"));
        }
        if let Some(phone) = self.phone.as_deref().filter(|phone| !is_blank(phone))
            && let Err(problem) = Phone::new(phone).e164()
        {
            problems.push(FieldError::new("phone", phone_rule(problem)));
        }
        if let Some(password) = &self.password {
            let text = password.password.expose_secret();
            if text.chars().count() < MIN_PASSWORD {
                problems.push(FieldError::new("password", format!("needs at least {MIN_PASSWORD} characters")));
            }
            if text != password.confirmation.expose_secret() {
                problems.push(FieldError::new("password_confirmation", "has to be the same as the password"));
            }
        }
        tags(version, self.tags.as_deref(), &mut problems);
        for (index, address) in self.addresses.iter().enumerate() {
            // Names are required inside a create alone, and before 2025-06 (documented).
            let names = [("first_name", &address.first_name), ("last_name", &address.last_name)];
            let names = names.into_iter().filter(|_| !version.is_later());
            for (name, value) in names.chain([("country", &address.country), ("country_code", &address.country_code)]) {
                if is_missing(value.as_ref()) {
                    problems.push(FieldError::new(format!("addresses[{index}].{name}"), "is required"));
                }
            }
        }
        problems
    }
}

impl CustomerUpdate<'_> {
    pub(super) fn problems(&self, version: ApiVersion) -> Vec<FieldError> {
        let mut problems = Vec::new();
        if *self == Self::default() {
            problems.push(FieldError::new("customer", "holds nothing to change, which the vendor refuses"));
        }
        tags(version, self.tags.as_deref(), &mut problems);
        problems
    }
}

impl AddressFields<'_> {
    /// Of an address on a route of its own. Before 2025-06 all pages require the country, and each something else.
    pub(super) fn problems(&self, version: ApiVersion) -> Vec<FieldError> {
        let code = Some(("country_code", &self.country_code)).filter(|_| version.is_later());
        let required = [("country", &self.country)].into_iter().chain(code);
        let missing = required.filter(|(_, value)| is_missing(value.as_ref()));
        missing.map(|(name, _)| FieldError::new(name, "is required")).collect()
    }
}

/// Before 2025-06 tags are one string, in which a comma would make two of one.
fn tags(version: ApiVersion, tags: Option<&[Cow<'_, str>]>, problems: &mut Vec<FieldError>) {
    for (index, tag) in tags.into_iter().flatten().enumerate() {
        if !version.is_later() && tag.contains(',') {
            let message = "holds a comma, at which the vendor splits tags before 2025-06";
            problems.push(FieldError::new(format!("tags[{index}]"), message));
        }
    }
}
