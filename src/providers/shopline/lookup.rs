//! Who a record is at the vendor: comparing what a look-up brought. Pure.

use super::record::CustomerRecord;
use super::wire::CustomerId;
use crate::customer::{E164, email, is_blank};

/// What the look-ups say of a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Who {
    Nobody,
    One(CustomerId),
    /// E-mail and phone belong to more than one customer, or to somebody else.
    Several(Vec<CustomerId>),
}

/// Whether a phone of the vendor's is this number: digit by digit, whatever stands between and before them.
pub(super) fn same_number(theirs: Option<&str>, ours: E164) -> bool {
    let Some(theirs) = theirs else { return false };
    let digits = || theirs.chars().filter(char::is_ascii_digit);
    let zeros = if theirs.trim_start().starts_with("00") { 2 } else { 0 };
    digits().skip(zeros).eq(ours.digits().chars())
}

/// Whether an e-mail address of the vendor's is this one, without case.
pub(super) fn same_email(theirs: &str, ours: &str) -> bool {
    email::comparable(theirs) == email::comparable(ours)
}

/// Whether two customers are one. `by_email` holds the record's e-mail, `by_phone` are those with exactly its phone;
/// `email` is the record's own, usable or too long for the vendor.
pub(super) fn decide(by_email: Option<CustomerId>, by_phone: &[CustomerRecord], email: Option<&str>) -> Who {
    let mut ids: Vec<CustomerId> = by_email.iter().cloned().collect();
    for owner in by_phone {
        if let Some(id) = &owner.id
            && !ids.contains(id)
        {
            ids.push(id.clone());
        }
    }
    if ids.len() > 1 {
        return Who::Several(ids);
    }
    let Some(id) = ids.pop() else { return Who::Nobody };
    // A phone alone does not make two e-mail addresses one person.
    let is_another = by_email.is_none()
        && email.is_some_and(|ours| {
            by_phone.iter().filter_map(|owner| owner.email.as_deref()).any(|e| !is_blank(e) && !same_email(e, ours))
        });
    if is_another { Who::Several(vec![id]) } else { Who::One(id) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customer::Phone;

    fn owner(id: &str, email: Option<&str>) -> CustomerRecord {
        CustomerRecord { id: Some(id.into()), email: email.map(str::to_owned), ..CustomerRecord::default() }
    }

    #[test]
    fn numbers_compare_by_their_digits() {
        let ours = Phone::new("+15550100123").e164().unwrap();
        for same in ["0015550100123", "+1 555 010 0123", "15550100123", " 001-555-010-0123"] {
            assert!(same_number(Some(same), ours), "{same}");
        }
        for other in ["00155501001234", "0005550100123", "5550100123", "", "000015550100123"] {
            assert!(!same_number(Some(other), ours), "{other}");
        }
        assert!(!same_number(None, ours));
    }

    #[test]
    fn two_people_are_never_made_one() {
        let (a, b) = (CustomerId::from("a"), CustomerId::from("b"));
        let mine = Some("Mia@example.com");
        assert_eq!(decide(None, &[], mine), Who::Nobody);
        assert_eq!(decide(Some(a.clone()), &[], mine), Who::One(a.clone()));
        assert_eq!(decide(Some(a.clone()), &[owner("a", None)], mine), Who::One(a.clone()));
        assert_eq!(decide(Some(a.clone()), &[owner("b", None)], mine), Who::Several(vec![a.clone(), b.clone()]));
        assert_eq!(decide(None, &[owner("b", Some("other@example.com"))], mine), Who::Several(vec![b.clone()]));
        assert_eq!(decide(None, &[owner("b", Some("mia@EXAMPLE.com"))], mine), Who::One(b.clone()));
        assert_eq!(decide(None, &[owner("b", Some(" "))], mine), Who::One(b.clone()));
        assert_eq!(decide(None, &[owner("b", Some("other@example.com"))], None), Who::One(b.clone()));
        assert_eq!(decide(None, &[owner("a", None), owner("b", None)], None), Who::Several(vec![a, b]));
    }
}
