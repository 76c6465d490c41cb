//! The documented limits of native requests, checked before anything is sent. All problems are told at once.

use chrono::Datelike;
use secrecy::{ExposeSecret, SecretString};

use super::PROVIDER;
use super::wire::{
    AddressId, CustomerAddress, CustomerFields, CustomerId, EmbeddedAddress, InternationalPhone, MarketingConsent,
};
use crate::customer::is_blank;
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

/// What a create needs besides (documented): somebody to create, and an e-mail address for a consent to e-mail.
pub(super) fn new_customer(operation: &'static str, fields: &CustomerFields<'_>) -> Result<(), Error> {
    let mut check = Check { problems: Vec::new() };
    let has_email = fields.email.as_deref().is_some_and(|email| !is_blank(email));
    if !has_email && fields.phone.is_none() {
        check.add("email", "an e-mail address or a phone number is required");
    } else if !has_email && fields.email_marketing_consent.is_some() {
        check.add("email_marketing_consent", "needs an e-mail address");
    }
    check.customer(fields);
    check.finish(operation)
}

/// The limits of an update (documented).
pub(super) fn customer(operation: &'static str, id: &CustomerId, fields: &CustomerFields<'_>) -> Result<(), Error> {
    let mut check = Check { problems: Vec::new() };
    check.text("id", Some(id.as_str()), ID_MAX);
    check.customer(fields);
    check.finish(operation)
}

/// Refuses an id of the other product of the same name: 24 hexadecimal digits, where this one's ids look like numbers.
pub(super) fn refuse_foreign_id(id: &str) -> Result<(), Error> {
    let is_foreign =
        id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit()) && id.bytes().any(|b| b.is_ascii_alphabetic());
    if is_foreign {
        let message = "is an id of SHOPLINE's Open API, another product; this client is for the Admin REST API";
        return Err(Error::invalid_record(vec![FieldError::new("id", message)]));
    }
    Ok(())
}

/// The longest id of a customer or an address in an update.
const ID_MAX: usize = 64;

impl Check {
    fn customer(&mut self, fields: &CustomerFields<'_>) {
        self.text("email", fields.email.as_deref(), 50);
        self.phone("phone", fields.phone, 20);
        self.text("first_name", fields.first_name.as_deref(), 128);
        self.text("last_name", fields.last_name.as_deref(), 128);
        self.text("note", fields.note.as_deref(), 1000);
        self.text("multipass_identifier", fields.multipass_identifier.as_deref(), 100);
        if fields.gender.is_some_and(|gender| gender > 3) {
            self.add("gender", "is none of 0 to 3");
        }
        if fields.birthday.is_some_and(|date| !(0..=9999).contains(&date.year())) {
            self.add("birthday", "has no year of four digits");
        }
        tags(self, fields.tags.as_deref().unwrap_or_default());
        password(self, fields.password, fields.password_confirmation);
        consent(self, "email_marketing_consent", fields.email_marketing_consent.as_ref(), 3);
        consent(self, "sms_marketing_consent", fields.sms_marketing_consent.as_ref(), 2);
        if fields.addresses.len() > 50 {
            self.add("addresses", format!("are {}, and 50 are allowed", fields.addresses.len()));
        }
        for (index, address) in fields.addresses.iter().enumerate() {
            embedded(self, &format!("addresses[{index}]"), address);
        }
    }
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
            check.add("password", format!("is {length} characters long, and 6 to 18 are allowed"));
        }
        if password.expose_secret().chars().any(|c| c.is_whitespace() || c.is_control()) {
            check.add("password", "takes letters, digits and symbols alone");
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
    check.text(&format!("{path}.id"), address.id.as_ref().map(AddressId::as_str), ID_MAX);
    check.text(&format!("{path}.customer_id"), address.customer_id.as_ref().map(CustomerId::as_str), ID_MAX);
}

/// The limits of the address routes (documented). That of the phone is stated for an update alone; what an embedded
/// address takes is kept for a new one.
pub(super) fn address(operation: &'static str, address: &CustomerAddress<'_>, phone: usize) -> Result<(), Error> {
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
    check.phone("phone", address.phone, phone);
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
        fields.birthday = chrono::NaiveDate::from_ymd_opt(10_000, 1, 1);
        let id = CustomerId::from("9".repeat(65));
        let error = customer("update_customer", &id, &fields).unwrap_err();
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
        let (short, other) = (SecretString::from("planted"), SecretString::from("planted2"));
        let (tiny, words) = (SecretString::from("tiny"), SecretString::from("two words"));
        let refused = |password, again| {
            let fields = CustomerFields { password, password_confirmation: again, ..CustomerFields::default() };
            customer("update_customer", &"1".into(), &fields).err().map(|error| format!("{error:?}"))
        };
        assert!(refused(Some(&short), Some(&short)).is_none());
        assert!(refused(Some(&tiny), None).unwrap().contains("is 4 characters long, and 6 to 18 are allowed"));
        assert!(refused(Some(&words), None).unwrap().contains("symbols alone"));
        let text = refused(Some(&short), Some(&other)).unwrap();
        assert!(!text.contains("planted"), "{text}");
    }

    #[test]
    fn the_address_routes_have_limits_of_their_own() {
        let long = CustomerAddress { zip: Some("12345678901".into()), ..CustomerAddress::default() };
        let error = address("add_address", &long, 20).unwrap_err();
        assert_eq!(error.field_errors()[0].to_string(), "zip: is 11 characters long, and 10 are allowed");
        assert!(address("add_address", &CustomerAddress::default(), 20).is_ok());
        let number = crate::customer::Phone::new("+999123456789012").e164().unwrap();
        let dialled = CustomerAddress { phone: Some(number.into()), ..CustomerAddress::default() };
        assert!(address("add_address", &dialled, 20).is_ok());
        let error = address("update_address", &dialled, 16).unwrap_err();
        assert_eq!(error.field_errors()[0].to_string(), "phone: is 17 characters long, and 16 are allowed");
    }

    #[test]
    fn a_create_needs_somebody_and_an_email_for_its_consent() {
        let problem = |fields: &CustomerFields<'_>| {
            new_customer("create_customer", fields).err().map(|error| error.field_errors()[0].to_string())
        };
        let mut fields = CustomerFields { email: Some(" ".into()), ..CustomerFields::default() };
        assert_eq!(problem(&fields).unwrap(), "email: an e-mail address or a phone number is required");
        fields.phone = Some(crate::customer::Phone::new("+15550100123").e164().unwrap().into());
        assert_eq!(problem(&fields), None);
        fields.email_marketing_consent = Some(MarketingConsent::new(0));
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
