//! Decides whether a newer record of a person covers an older one, so that the older need not be sent.

use crate::customer::{Customer, FieldPath};

/// Whether sending `newer` alone leaves the vendor as sending `older` and then `newer` would: everything that the older
/// one sets or blanks is set or blanked by the newer one as well.
///
/// Tags are compared as a set, since some vendors unite them; addresses have to be the same.
pub(super) fn covers(newer: &Customer, older: &Customer) -> bool {
    let set = newer.set_paths();
    older.set_paths().iter().all(|path| match path {
        FieldPath::Tag(index) => {
            let tag = usize::try_from(*index).ok().and_then(|index| older.tags.get(index));
            tag.is_some_and(|tag| newer.tags.contains(tag))
        }
        FieldPath::Address(_) | FieldPath::AddressField(..) => newer.addresses == older.addresses,
        FieldPath::Clear(field) => newer.clear.contains(field) || newer.set_fields().contains(*field),
        FieldPath::Field(field) => set.contains(path) || newer.clear.contains(field),
        FieldPath::Consent(..) | FieldPath::Custom(_) => set.contains(path),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customer::{Address, Consent, ConsentState, Field};

    #[test]
    fn a_record_gives_way_only_to_one_that_says_as_much() {
        let base = || Customer::new().email("mia@example.com");
        let no = Consent::new(ConsentState::Unsubscribed);
        let table = [
            (base(), base(), true),
            (base().first_name("Mia"), base().first_name("Mara"), true),
            (base().first_name("Mia"), base().last_name("Moe"), false),
            (base().first_name("Mia"), base().first_name(" "), false),
            (base().first_name("Mia"), base().clear(Field::FirstName), true),
            (base().clear(Field::Note), base(), false),
            (base().clear(Field::Note), base().note("new"), true),
            (base().clear(Field::Note), base().clear(Field::Note), true),
            (base().tag("a"), base().tag("b"), false),
            (base().tag("a"), base().tag("b").tag("a"), true),
            (base().email_marketing(no.clone()), base(), false),
            (base().email_marketing(no.clone()), base().email_marketing(no.clone().source("form")), true),
            (base().email_marketing(no.clone().source("form")), base().email_marketing(no.clone()), false),
            (base().custom("a", "1"), base().custom("b", "2"), false),
            (base().custom("a", "1"), base().custom("a", "2"), true),
            (base().address(Address::new().city("Oslo")), base().address(Address::new().city("Bergen")), false),
            (base().address(Address::new().city("Oslo")), base().address(Address::new().city("Oslo")), true),
            (base(), Customer::new().external_id("7"), false),
        ];
        for (index, (older, newer, expected)) in table.iter().enumerate() {
            assert_eq!(covers(newer, older), *expected, "row {index}");
        }
    }
}
