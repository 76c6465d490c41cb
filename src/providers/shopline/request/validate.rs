//! The documented limits, checked before a native request is sent. All problems are reported together.

use chrono::Datelike;

use super::{
    AddressId, AddressInput, ConsentInput, CustomerId, CustomerInput, EmbeddedAddressInput, InternationalPhone,
};
use crate::client::Secret;
use crate::client::validate::{Origin, Validation};
use crate::customer::is_blank;
use crate::error::{Error, FieldError};

/// The longest id of a customer or an address in an update.
const ID_MAX: usize = 64;

/// Refuses an id of the other product of the same name: 24 hexadecimal digits, where this one's ids look like numbers.
pub(in super::super) fn refuse_foreign_id(id: &str) -> Result<(), Error> {
    let is_foreign =
        id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit()) && id.bytes().any(|b| b.is_ascii_alphabetic());
    if is_foreign {
        let message = "is an id of SHOPLINE's Open API, another product; this client is for the Admin REST API";
        return Err(Error::invalid_record(vec![FieldError::new("id", message)]));
    }
    Ok(())
}

impl CustomerInput<'_> {
    /// Checks a create, which needs an e-mail address or a phone number, and an e-mail address for a consent to e-mail
    /// (documented).
    pub(in super::super) fn validate_new(&self, origin: impl Into<Origin>) -> Result<(), Error> {
        let mut checks = Validation::new(origin);
        let has_email = self.email.as_deref().is_some_and(|email| !is_blank(email));
        if !has_email && self.phone.is_none() {
            checks.refuse("email", "an e-mail address or a phone number is required");
        } else if !has_email && self.email_marketing_consent.is_some() {
            checks.refuse("email_marketing_consent", "needs an e-mail address");
        }
        self.validate(&mut checks);
        checks.finish()
    }

    /// Checks an update.
    pub(in super::super) fn validate_update(&self, origin: impl Into<Origin>, id: &CustomerId) -> Result<(), Error> {
        let mut checks = Validation::new(origin);
        checks.max_chars("id", Some(id.as_str()), ID_MAX);
        self.validate(&mut checks);
        checks.finish()
    }

    fn validate(&self, checks: &mut Validation) {
        checks.max_chars("email", self.email.as_deref(), 50);
        checks.max_length("phone", self.phone.map_or(0, InternationalPhone::length), 20);
        checks.max_chars("first_name", self.first_name.as_deref(), 128);
        checks.max_chars("last_name", self.last_name.as_deref(), 128);
        checks.max_chars("note", self.note.as_deref(), 1000);
        checks.max_chars("multipass_identifier", self.multipass_identifier.as_deref(), 100);
        checks.in_range("gender", self.gender.map(Into::into), 0..=3);
        let has_four_digits = self.birthday.is_none_or(|date| (0..=9999).contains(&date.year()));
        checks.check(has_four_digits, "birthday", "has no year of four digits");
        let tags = self.tags.as_deref().unwrap_or_default();
        checks.max_chars("tags", Some(tags), 1000);
        checks.max_items("tags", tags.split(',').filter(|tag| !tag.trim().is_empty()).count(), 100);
        checks.each("tags", tags.split(','), |checks, tag| checks.max_chars("", Some(tag), 128));
        password(checks, self.password, self.password_confirmation);
        consent(checks, "email_marketing_consent", self.email_marketing_consent.as_ref(), 3);
        consent(checks, "sms_marketing_consent", self.sms_marketing_consent.as_ref(), 2);
        checks.max_items("addresses", self.addresses.len(), 50);
        checks.each("addresses", &self.addresses, |checks, address| embedded(checks, address));
    }
}

fn password(checks: &mut Validation, password: Option<&Secret>, again: Option<&Secret>) {
    let (password, again) = (password.map(Secret::expose), again.map(Secret::expose));
    checks.chars("password", password, 6..=18);
    let has_gap = password.is_some_and(|password| password.chars().any(|c| c.is_whitespace() || c.is_control()));
    checks.check(!has_gap, "password", "takes letters, digits and symbols alone");
    checks.check(again.is_none() || password == again, "password_confirmation", "is not the password");
}

fn consent(checks: &mut Validation, path: &str, consent: Option<&ConsentInput<'_>>, most: u64) {
    let Some(consent) = consent else { return };
    checks.within(path, |checks| {
        checks.in_range("state", Some(consent.state.into()), 0..=most);
        checks.in_range("opt_in_level", consent.opt_in_level.map(Into::into), 0..=2);
        checks.max_chars("consent_collected_from", consent.consent_collected_from.as_deref(), 50);
    });
}

fn embedded(checks: &mut Validation, address: &EmbeddedAddressInput<'_>) {
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
        checks.max_chars(key, text.as_deref(), max);
    }
    checks.max_length("phone", address.phone.map_or(0, InternationalPhone::length), 20);
    checks.max_chars("id", address.id.as_ref().map(AddressId::as_str), ID_MAX);
    checks.max_chars("customer_id", address.customer_id.as_ref().map(CustomerId::as_str), ID_MAX);
}

impl AddressInput<'_> {
    /// Checks an address of the address routes. The limit of the phone is stated for an update alone.
    pub(in super::super) fn validate(&self, origin: impl Into<Origin>, phone_max: usize) -> Result<(), Error> {
        let mut checks = Validation::new(origin);
        let texts = [
            ("address1", &self.address1, 255),
            ("address2", &self.address2, 255),
            ("city", &self.city, 64),
            ("province", &self.province, 64),
            ("district", &self.district, 64),
            ("town", &self.town, 64),
            ("country", &self.country, 64),
            ("city_code", &self.city_code, 50),
            ("district_code", &self.district_code, 50),
            ("province_code", &self.province_code, 50),
            ("country_code", &self.country_code, 50),
            ("first_name", &self.first_name, 128),
            ("last_name", &self.last_name, 128),
            ("zip", &self.zip, 10),
        ];
        for (key, text, max) in texts {
            checks.max_chars(key, text.as_deref(), max);
        }
        checks.max_length("phone", self.phone.map_or(0, InternationalPhone::length), phone_max);
        checks.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::ProviderId;

    const UPDATE: (ProviderId, &str) = (ProviderId::new("shopline"), "update_customer");

    #[test]
    fn every_limit_is_told_at_once_with_path_limit_and_length() {
        let mut fields = CustomerInput {
            email: Some("e".repeat(51).into()),
            first_name: Some("é".repeat(128).into()),
            last_name: Some("l".repeat(129).into()),
            note: Some("n".repeat(1001).into()),
            gender: Some(4),
            tags: Some(vec!["t"; 101].join(",").into()),
            sms_marketing_consent: Some(ConsentInput::new(3)),
            email_marketing_consent: Some(ConsentInput::new(3)),
            ..CustomerInput::default()
        };
        fields.addresses =
            vec![EmbeddedAddressInput { zip: Some("z".repeat(65).into()), ..EmbeddedAddressInput::default() }; 51];
        fields.birthday = chrono::NaiveDate::from_ymd_opt(10_000, 1, 1);
        let id = CustomerId::from("9".repeat(65));
        let error = fields.validate_update(UPDATE, &id).unwrap_err();
        let told: Vec<_> = error.field_errors().iter().map(ToString::to_string).collect();
        for line in [
            "id: is 65 characters long, and 64 are allowed",
            "birthday: has no year of four digits",
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
        assert_eq!(told.len(), 9 + 51);
        assert_eq!(error.operation(), Some("update_customer"));
    }

    #[test]
    fn passwords_are_checked_and_never_shown() {
        let (short, other) = (Secret::from("planted"), Secret::from("planted2"));
        let (tiny, words) = (Secret::from("tiny"), Secret::from("two words"));
        let refused = |password, again| {
            let fields = CustomerInput { password, password_confirmation: again, ..CustomerInput::default() };
            fields.validate_update(UPDATE, &"1".into()).err().map(|error| format!("{error:?}"))
        };
        assert!(refused(Some(&short), Some(&short)).is_none());
        assert!(refused(Some(&tiny), None).unwrap().contains("is 4 characters long, and 6 to 18 are allowed"));
        assert!(refused(Some(&words), None).unwrap().contains("symbols alone"));
        let text = refused(Some(&short), Some(&other)).unwrap();
        assert!(!text.contains("planted"), "{text}");
    }

    #[test]
    fn the_address_routes_have_limits_of_their_own() {
        let long = AddressInput { zip: Some("12345678901".into()), ..AddressInput::default() };
        let error = long.validate(UPDATE, 20).unwrap_err();
        assert_eq!(error.field_errors()[0].to_string(), "zip: is 11 characters long, and 10 are allowed");
        assert!(AddressInput::default().validate(UPDATE, 20).is_ok());
        let number = crate::customer::Phone::new("+999123456789012").e164().unwrap();
        let dialled = AddressInput { phone: Some(number.into()), ..AddressInput::default() };
        assert!(dialled.validate(UPDATE, 20).is_ok());
        let error = dialled.validate(UPDATE, 16).unwrap_err();
        assert_eq!(error.field_errors()[0].to_string(), "phone: is 17 characters long, and 16 are allowed");
    }

    #[test]
    fn a_create_needs_somebody_and_an_email_for_its_consent() {
        let problem = |fields: &CustomerInput<'_>| {
            fields.validate_new(UPDATE).err().map(|error| error.field_errors()[0].to_string())
        };
        let mut fields = CustomerInput { email: Some(" ".into()), ..CustomerInput::default() };
        assert_eq!(problem(&fields).unwrap(), "email: an e-mail address or a phone number is required");
        fields.phone = Some(crate::customer::Phone::new("+15550100123").e164().unwrap().into());
        assert_eq!(problem(&fields), None);
        fields.email_marketing_consent = Some(ConsentInput::new(0));
        assert_eq!(problem(&fields).unwrap(), "email_marketing_consent: needs an e-mail address");
        fields.email = Some("mia@example.com".into());
        assert_eq!(problem(&fields), None);
    }

    #[test]
    fn ids_of_the_other_product_are_told_apart() {
        for foreign in ["5f2a0c9be1d34a7788990011", "ABCDEF0123456789ABCDEF01"] {
            let error = refuse_foreign_id(foreign).unwrap_err();
            assert!(error.field_errors()[0].message().contains("Open API"));
        }
        for own in ["4201825054", "111111111111111111111111", "SL201UA0123456789", "GROUP5483719394486658833"] {
            assert!(refuse_foreign_id(own).is_ok(), "{own}");
        }
    }
}
