//! The documented limits of native requests, checked before anything is sent. All problems are told at once.

use secrecy::{ExposeSecret, SecretString};

use super::PROVIDER;
use super::wire::{CustomerAddress, CustomerFields, EmbeddedAddress, InternationalPhone, MarketingConsent};
use crate::error::{Error, FieldError};

/// Collects what is too long, too many, or out of range.
struct Check {
    problems: Vec<FieldError>,
}

impl Check {
    fn text(&mut self, path: &str, value: Option<&str>, max: usize) {
        let length = value.map_or(0, |text| text.chars().count());
        if length > max {
            self.add(path, format!("is {length} characters long, and {max} are allowed"));
        }
    }

    fn phone(&mut self, path: &str, phone: Option<InternationalPhone>, max: usize) {
        let length = phone.map_or(0, InternationalPhone::length);
        if length > max {
            self.add(path, format!("is {length} characters long, and {max} are allowed"));
        }
    }

    fn add(&mut self, path: &str, message: impl Into<std::borrow::Cow<'static, str>>) {
        self.problems.push(FieldError::new(path, message));
    }

    fn finish(self, operation: &'static str) -> Result<(), Error> {
        if self.problems.is_empty() {
            return Ok(());
        }
        Err(Error::invalid_record(self.problems).with_provider(PROVIDER).with_operation(operation))
    }
}

/// The limits of a create or update (documented).
pub(super) fn customer(operation: &'static str, fields: &CustomerFields<'_>) -> Result<(), Error> {
    let mut check = Check { problems: Vec::new() };
    check.text("email", fields.email.as_deref(), 50);
    check.phone("phone", fields.phone, 20);
    check.text("first_name", fields.first_name.as_deref(), 128);
    check.text("last_name", fields.last_name.as_deref(), 128);
    check.text("note", fields.note.as_deref(), 1000);
    check.text("multipass_identifier", fields.multipass_identifier.as_deref(), 100);
    if fields.gender.is_some_and(|gender| gender > 3) {
        check.add("gender", "is none of 0 to 3");
    }
    tags(&mut check, fields.tags.as_deref().unwrap_or_default());
    password(&mut check, fields.password, fields.password_confirmation);
    consent(&mut check, "email_marketing_consent", fields.email_marketing_consent.as_ref(), 3);
    consent(&mut check, "sms_marketing_consent", fields.sms_marketing_consent.as_ref(), 2);
    if fields.addresses.len() > 50 {
        check.add("addresses", format!("are {}, and 50 are allowed", fields.addresses.len()));
    }
    for (index, address) in fields.addresses.iter().enumerate() {
        embedded(&mut check, &format!("addresses[{index}]"), address);
    }
    check.finish(operation)
}

fn tags(check: &mut Check, tags: &str) {
    check.text("tags", Some(tags), 1000);
    let count = tags.split(',').filter(|tag| !tag.trim().is_empty()).count();
    if count > 100 {
        check.add("tags", format!("are {count}, and 100 are allowed"));
    }
    for (index, tag) in tags.split(',').enumerate() {
        check.text(&format!("tags[{index}]"), Some(tag), 128);
    }
}

fn password(check: &mut Check, password: Option<&SecretString>, again: Option<&SecretString>) {
    if let Some(password) = password {
        let length = password.expose_secret().chars().count();
        if !(6..=18).contains(&length) {
            check.add("password", "needs 6 to 18 characters");
        }
    }
    let (password, again) = (password.map(ExposeSecret::expose_secret), again.map(ExposeSecret::expose_secret));
    if again.is_some() && password != again {
        check.add("password_confirmation", "is not the password");
    }
}

fn consent(check: &mut Check, path: &str, consent: Option<&MarketingConsent<'_>>, most: u8) {
    let Some(consent) = consent else { return };
    if consent.state > most {
        check.add(&format!("{path}.state"), format!("is none of 0 to {most}"));
    }
    if consent.opt_in_level.is_some_and(|level| level > 2) {
        check.add(&format!("{path}.opt_in_level"), "is none of 0 to 2");
    }
    check.text(&format!("{path}.consent_collected_from"), consent.consent_collected_from.as_deref(), 50);
}

fn embedded(check: &mut Check, path: &str, address: &EmbeddedAddress<'_>) {
    let texts = [
        ("address1", &address.address1, 255),
        ("address2", &address.address2, 255),
        ("company", &address.company, 255),
        ("city", &address.city, 64),
        ("province", &address.province, 64),
        ("country", &address.country, 64),
        ("zip", &address.zip, 64),
        ("country_code", &address.country_code, 50),
        ("first_name", &address.first_name, 128),
        ("last_name", &address.last_name, 128),
    ];
    for (key, text, max) in texts {
        check.text(&format!("{path}.{key}"), text.as_deref(), max);
    }
    check.phone(&format!("{path}.phone"), address.phone, 20);
}

/// The limits of the address routes (documented; that of the phone on an update only, and kept for both).
pub(super) fn address(operation: &'static str, address: &CustomerAddress<'_>) -> Result<(), Error> {
    let mut check = Check { problems: Vec::new() };
    let texts = [
        ("address1", &address.address1, 255),
        ("address2", &address.address2, 255),
        ("city", &address.city, 64),
        ("province", &address.province, 64),
        ("district", &address.district, 64),
        ("town", &address.town, 64),
        ("country", &address.country, 64),
        ("city_code", &address.city_code, 50),
        ("district_code", &address.district_code, 50),
        ("province_code", &address.province_code, 50),
        ("country_code", &address.country_code, 50),
        ("first_name", &address.first_name, 128),
        ("last_name", &address.last_name, 128),
        ("zip", &address.zip, 10),
    ];
    for (key, text, max) in texts {
        check.text(key, text.as_deref(), max);
    }
    check.phone("phone", address.phone, 16);
    check.finish(operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_told_at_once_with_path_limit_and_length() {
        let mut fields = CustomerFields {
            email: Some("e".repeat(51).into()),
            first_name: Some("é".repeat(128).into()),
            last_name: Some("l".repeat(129).into()),
            note: Some("n".repeat(1001).into()),
            gender: Some(4),
            tags: Some(vec!["t"; 101].join(",").into()),
            sms_marketing_consent: Some(MarketingConsent::new(3)),
            email_marketing_consent: Some(MarketingConsent::new(3)),
            ..CustomerFields::default()
        };
        fields.addresses = vec![EmbeddedAddress { zip: Some("z".repeat(65).into()), ..EmbeddedAddress::default() }; 51];
        let error = customer("create_customer", &fields).unwrap_err();
        let told: Vec<_> = error.field_errors().iter().map(ToString::to_string).collect();
        for line in [
            "email: is 51 characters long, and 50 are allowed",
            "last_name: is 129 characters long, and 128 are allowed",
            "note: is 1001 characters long, and 1000 are allowed",
            "gender: is none of 0 to 3",
            "tags: are 101, and 100 are allowed",
            "sms_marketing_consent.state: is none of 0 to 2",
            "addresses: are 51, and 50 are allowed",
            "addresses[50].zip: is 65 characters long, and 64 are allowed",
        ] {
            assert!(told.iter().any(|told| told == line), "{line}: {told:?}");
        }
        assert_eq!(told.len(), 7 + 51);
        assert_eq!(error.operation(), Some("create_customer"));
    }

    #[test]
    fn passwords_are_checked_and_never_shown() {
        let (short, other) = (SecretString::from("planted"), SecretString::from("planted2"));
        let tiny = SecretString::from("tiny");
        let refused = |password, again| {
            let fields = CustomerFields { password, password_confirmation: again, ..CustomerFields::default() };
            customer("create_customer", &fields).err().map(|error| format!("{error:?}"))
        };
        assert!(refused(Some(&short), Some(&short)).is_none());
        assert!(refused(Some(&tiny), None).is_some());
        let text = refused(Some(&short), Some(&other)).unwrap();
        assert!(!text.contains("planted"), "{text}");
    }

    #[test]
    fn the_address_routes_have_limits_of_their_own() {
        let long = CustomerAddress { zip: Some("12345678901".into()), ..CustomerAddress::default() };
        let error = address("add_address", &long).unwrap_err();
        assert_eq!(error.field_errors()[0].to_string(), "zip: is 11 characters long, and 10 are allowed");
        assert!(address("add_address", &CustomerAddress::default()).is_ok());
    }
}
