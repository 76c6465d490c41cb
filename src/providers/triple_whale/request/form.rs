//! The forms of values for which the vendor documents none.

use std::borrow::Cow;

use crate::customer::{Phone, PhoneError};

/// How phone numbers are written. The vendor documents no form: its example of a customer has digits alone, those of
/// orders and of erasure have a plus (documented), so that **which of them is matched is unknown**.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PhoneForm {
    /// As the record has it, without the blanks around it; a national number too.
    #[default]
    AsGiven,
    /// `+15550100123`. A number without its country calling code has no such form, and is dropped with a note.
    E164,
    /// `15550100123`: the same without the plus, as in the vendor's example of a customer.
    Digits,
}

impl PhoneForm {
    /// The number in this form, or the first rule that it breaks.
    pub(in super::super) fn write(self, phone: &Phone) -> Result<Cow<'_, str>, PhoneError> {
        match self {
            Self::AsGiven => phone.dialable().map(Cow::Borrowed),
            Self::E164 => phone.e164().map(|number| Cow::Owned(number.to_string())),
            Self::Digits => phone.e164().map(|number| Cow::Owned(number.to_string().replace('+', ""))),
        }
    }
}

/// What is sent as `created_at` of a record that does not know it.
///
/// The vendor takes "now" for a time that is left out (documented default), and a repeat replaces the whole record
/// (documented), so that **each update most likely moves the time of creation** (inferred). Best is to set
/// [`Customer::created_at`](crate::Customer::created_at).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingCreatedAt {
    /// Nothing: the vendor takes the time at which it processes the record.
    #[default]
    VendorDecides,
    /// The time at which the record is planned, with a note. It is read once, so that a retry sends the same bytes.
    Now,
    /// The record is refused, before anything is sent.
    Refuse,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_in_each_form() {
        let write = |form: PhoneForm, text: &str| form.write(&Phone::new(text)).map(Cow::into_owned);
        let given = " +1 (555) 010-0123 ";
        assert_eq!(write(PhoneForm::AsGiven, given).unwrap(), "+1 (555) 010-0123");
        assert_eq!(write(PhoneForm::E164, given).unwrap(), "+15550100123");
        assert_eq!(write(PhoneForm::Digits, given).unwrap(), "15550100123");
        assert_eq!(write(PhoneForm::Digits, "001 555 010 0123").unwrap(), "15550100123");
        assert_eq!(write(PhoneForm::AsGiven, "555 010 0123").unwrap(), "555 010 0123");
        for form in [PhoneForm::E164, PhoneForm::Digits] {
            assert_eq!(write(form, "555 010 0123"), Err(PhoneError::National));
        }
        for form in [PhoneForm::AsGiven, PhoneForm::E164, PhoneForm::Digits] {
            assert!(write(form, "n/a").is_err());
        }
    }
}
