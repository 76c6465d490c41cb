//! A request to erase people, as `POST compliance/requests/create-request` takes it. Pure.

use std::borrow::Cow;
use std::fmt;

use super::form::PhoneForm;
use crate::customer::{Email, Phone};
use crate::error::FieldError;
use crate::plan::mapper::{email_rule, phone_rule};

/// The people that the vendor is to erase: at least one e-mail address or phone number, though the vendor's schema would take none
/// (documented).
///
/// The vendor deletes or masks the personal data of everybody with one of these (documented). It matches by e-mail and
/// phone alone, never by `customer_id`, and it cannot be undone. How phone numbers are compared is unknown (the vendor's
/// example has `+` and dashes): give the spelling that was sent to the vendor. A client with a
/// [`phone_form`](super::super::Builder::phone_form) writes them in that form here too.
///
/// ```
/// use customer_sink::providers::triple_whale as tw;
///
/// let request = tw::ErasureInput::by_email("mara@example.com").and_phone("+1-555-010-0123");
/// # let _ = request;
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct ErasureInput {
    emails: Vec<Email>,
    phones: Vec<Phone>,
}

impl ErasureInput {
    /// Everybody with this e-mail address.
    pub fn by_email(email: impl Into<Email>) -> Self {
        Self { emails: vec![email.into()], phones: Vec::new() }
    }

    /// Everybody with this phone number.
    pub fn by_phone(phone: impl Into<Phone>) -> Self {
        Self { emails: Vec::new(), phones: vec![phone.into()] }
    }

    /// And everybody with this e-mail address.
    pub fn and_email(mut self, email: impl Into<Email>) -> Self {
        self.emails.push(email.into());
        self
    }

    /// And everybody with this phone number.
    pub fn and_phone(mut self, phone: impl Into<Phone>) -> Self {
        self.phones.push(phone.into());
        self
    }

    /// The body for a shop, or every address and number that cannot be used.
    pub(in super::super) fn body<'a>(
        &'a self,
        shop: &'a str,
        form: PhoneForm,
    ) -> Result<ErasureBody<'a>, Vec<FieldError>> {
        let mut problems = Vec::new();
        let mut body = ErasureBody { shop, emails: Vec::new(), phones: Vec::new() };
        for (index, email) in self.emails.iter().enumerate() {
            match email.usable() {
                Ok(email) => body.emails.push(email),
                Err(problem) => problems.push(FieldError::new(format!("emails[{index}]"), email_rule(problem))),
            }
        }
        for (index, phone) in self.phones.iter().enumerate() {
            match form.write(phone) {
                Ok(phone) => body.phones.push(phone),
                Err(problem) => problems.push(FieldError::new(format!("phones[{index}]"), phone_rule(problem))),
            }
        }
        if problems.is_empty() { Ok(body) } else { Err(problems) }
    }
}

/// Shows how many there are, and none of them.
impl fmt::Debug for ErasureInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErasureInput")
            .field("emails", &self.emails.len())
            .field("phones", &self.phones.len())
            .finish_non_exhaustive()
    }
}

/// The body. A list without entries is sent as the empty list that the vendor documents as its default.
#[derive(serde::Serialize)]
pub(in super::super) struct ErasureBody<'a> {
    shop: &'a str,
    emails: Vec<&'a str>,
    phones: Vec<Cow<'a, str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_address_and_number_is_named_at_once() {
        let request = ErasureInput::by_email("no-at").and_email("mara@example.com").and_phone("n/a").and_phone("");
        let problems = request.body("shop.example.com", PhoneForm::AsGiven).err().unwrap();
        let fields: Vec<_> = problems.iter().map(FieldError::field).collect();
        assert_eq!(fields, ["emails[0]", "phones[0]", "phones[1]"]);
        assert_eq!(format!("{request:?}"), "ErasureInput { emails: 2, phones: 2, .. }");
    }

    #[test]
    fn the_body_has_both_lists() {
        let request = ErasureInput::by_phone(" +1-555-010-0123 ");
        let body = serde_json::to_string(&request.body("shop.example.com", PhoneForm::AsGiven).ok().unwrap()).unwrap();
        assert_eq!(body, r#"{"shop":"shop.example.com","emails":[],"phones":["+1-555-010-0123"]}"#);
        let body = request.body("shop.example.com", PhoneForm::Digits).ok().unwrap();
        assert_eq!(body.phones, ["15550100123"]);
        let national = ErasureInput::by_phone("555 010 0123");
        assert_eq!(national.body("shop.example.com", PhoneForm::E164).err().unwrap()[0].field(), "phones[0]");
    }
}
