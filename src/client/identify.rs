//! Identities: which of them a vendor can look up, and which customer a record is about.

use crate::customer::email::comparable;
use crate::customer::{E164, is_blank};
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::mapper::{email_rule, phone_rule};
use crate::sink::{Identity, RemoteId};

use super::validate::{Origin, Validation};

/// An identity in the form that a look-up takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usable<'a> {
    /// The vendor's id; not blank.
    RemoteId(&'a str),
    /// The id in the caller's system; not blank, otherwise as given.
    ExternalId(&'a str),
    /// An e-mail address that can be used, without the blanks around it.
    Email(&'a str),
    /// A phone number in international form.
    Phone(E164),
}

/// Which identities a vendor can look up: for each of the others, why not, and what works in its place.
///
/// ```ignore
/// static LOOKUPS: Lookups = Lookups::ALL.no_external_id("the vendor has no field for an id of the caller's");
/// match LOOKUPS.usable(identity, (PROVIDER, "find"))? { … }
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lookups {
    remote_id: Option<&'static str>,
    external_id: Option<&'static str>,
    email: Option<&'static str>,
    phone: Option<&'static str>,
}

impl Lookups {
    /// A vendor that can look up every identity.
    pub(crate) const ALL: Self = Self { remote_id: None, external_id: None, email: None, phone: None };

    pub(crate) const fn no_remote_id(mut self, hint: &'static str) -> Self {
        self.remote_id = Some(hint);
        self
    }

    pub(crate) const fn no_external_id(mut self, hint: &'static str) -> Self {
        self.external_id = Some(hint);
        self
    }

    pub(crate) const fn no_email(mut self, hint: &'static str) -> Self {
        self.email = Some(hint);
        self
    }

    pub(crate) const fn no_phone(mut self, hint: &'static str) -> Self {
        self.phone = Some(hint);
        self
    }

    /// Refuses an identity of a kind that the vendor cannot look up, whatever its value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] with the vendor's hint.
    pub(crate) fn supported(&self, identity: &Identity, origin: impl Into<Origin>) -> Result<(), Error> {
        let origin = origin.into();
        let hint = match identity {
            Identity::RemoteId(_) => self.remote_id,
            Identity::ExternalId(_) => self.external_id,
            Identity::Email(_) => self.email,
            Identity::Phone(_) => self.phone,
        };
        hint.map_or(Ok(()), |hint| Err(Error::unsupported(origin.provider, origin.operation, hint)))
    }

    /// The identity in the form that a look-up takes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] as [`supported`](Self::supported); [`ErrorKind::InvalidInput`] with the field and the
    /// rule that its value breaks.
    pub(crate) fn usable<'a>(&self, identity: &'a Identity, origin: impl Into<Origin>) -> Result<Usable<'a>, Error> {
        let origin = origin.into();
        self.supported(identity, origin)?;
        let refuse = |field, rule: &'static str| Validation::refusal(origin, field, rule);
        match identity {
            Identity::RemoteId(id) if is_blank(id.as_str()) => Err(refuse("remote_id", "is empty")),
            Identity::RemoteId(id) => Ok(Usable::RemoteId(id.as_str())),
            Identity::ExternalId(id) if is_blank(id) => Err(refuse("external_id", "is empty")),
            Identity::ExternalId(id) => Ok(Usable::ExternalId(id)),
            Identity::Email(email) => {
                email.usable().map(Usable::Email).map_err(|problem| refuse("email", email_rule(problem)))
            }
            Identity::Phone(phone) => {
                phone.e164().map(Usable::Phone).map_err(|problem| refuse("phone", phone_rule(problem)))
            }
        }
    }
}

/// A vendor's record of a customer, as far as it shows which customer it is about.
pub(crate) trait Identified {
    /// The key of the customer: the vendor's id; the external id at a vendor that has no ids.
    fn key(&self) -> Option<&str>;

    fn email(&self) -> Option<&str>;

    fn phone(&self) -> Option<&str>;

    fn external_id(&self) -> Option<&str> {
        None
    }

    /// Whether the record has this e-mail address.
    fn has_email(&self, email: &str) -> bool {
        same_email(self.email(), email)
    }

    /// Whether the record has this phone number. A vendor that shows calling codes apart, or always in international
    /// form, compares in its own way.
    fn has_phone(&self, number: E164) -> bool {
        same_number(self.phone(), number)
    }
}

impl Usable<'_> {
    /// Whether the record is about the customer with this identity: a vendor may ignore a filter.
    pub(crate) fn is_of(self, record: &impl Identified) -> bool {
        match self {
            Self::RemoteId(id) => record.key() == Some(id),
            Self::ExternalId(id) => record.external_id() == Some(id),
            Self::Email(email) => record.has_email(email),
            Self::Phone(number) => record.has_phone(number),
        }
    }
}

/// Whether an e-mail address of the vendor's is ours, without regard to case and the blanks around it. A blank one is
/// none.
pub(crate) fn same_email(theirs: Option<&str>, ours: &str) -> bool {
    theirs.is_some_and(|theirs| !is_blank(theirs) && comparable(theirs) == comparable(ours))
}

/// Whether a phone number of the vendor's is ours, digit by digit, whatever separates them: with `+`, with `00`, or with
/// neither before the calling code. For a vendor that may leave out the `+`.
pub(crate) fn same_number(theirs: Option<&str>, ours: E164) -> bool {
    let Some(theirs) = theirs else { return false };
    let digits = theirs.chars().filter(char::is_ascii_digit);
    let zeros = if theirs.trim_start().starts_with("00") { 2 } else { 0 };
    digits.skip(zeros).eq(ours.digits().chars())
}

/// Whether a phone number of the vendor's is ours, where only one in international form counts: without `+` or `00` it
/// could be a national number of any country.
pub(crate) fn same_international_number(theirs: Option<&str>, ours: E164) -> bool {
    theirs.is_some_and(|theirs| crate::customer::Phone::new(theirs).e164() == Ok(ours))
}

/// Which customer a record is about, by what the look-ups found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resolved<T> {
    NotFound,
    /// The customer, as the look-up by e-mail shows it; else as the one by phone does.
    One(T),
    /// More than one customer, or one with another e-mail address. Those without a key are not listed.
    Several(Vec<RemoteId>),
}

/// Decides which customer a record is about. `by_email` are the customers with the record's e-mail address, `by_phone`
/// those with its phone number, and `our_email` is that e-mail address, also where the vendor could not hold it.
///
/// The two-people rule: customers with different keys are never joined, and customers without a key never with any
/// other. A phone number alone does not make a customer with another e-mail address the one.
pub(crate) fn resolve<T: Identified>(
    by_email: impl IntoIterator<Item = T>,
    by_phone: impl IntoIterator<Item = T>,
    our_email: Option<&str>,
) -> Resolved<T> {
    let by_email: Vec<T> = by_email.into_iter().collect();
    let by_phone: Vec<T> = by_phone.into_iter().collect();
    let mut keys: Vec<&str> = Vec::new();
    let mut keyless = 0usize;
    for record in by_email.iter().chain(&by_phone) {
        match record.key() {
            Some(key) if keys.contains(&key) => {}
            Some(key) => keys.push(key),
            None => keyless += 1,
        }
    }
    let is_another = |record: &T| match (our_email, record.email()) {
        (Some(ours), Some(theirs)) => !is_blank(theirs) && !record.has_email(ours),
        _ => false,
    };
    // An index of phone numbers may lag behind: what the look-up by e-mail shows comes first.
    let shown = if by_email.is_empty() { &by_phone } else { &by_email };
    if keys.len() + keyless > 1 || shown.iter().any(is_another) {
        return Resolved::Several(keys.into_iter().map(RemoteId::from).collect());
    }
    by_email.into_iter().chain(by_phone).next().map_or(Resolved::NotFound, Resolved::One)
}

impl<T> Resolved<T> {
    /// The customer, or none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] as [`conflict`] builds it. Within a call, `Call::finish` sets its effect.
    pub(crate) fn one_or_conflict(self, origin: impl Into<Origin>) -> Result<Option<T>, Error> {
        match self {
            Self::NotFound => Ok(None),
            Self::One(found) => Ok(Some(found)),
            Self::Several(ids) => Err(conflict(origin, ids)),
        }
    }
}

/// The hint of a conflict between several customers.
const SEVERAL: &str = "e-mail and phone belong to different customers, or one of them to several";

/// The hint of a conflict with one other customer.
const ANOTHER: &str =
    "the e-mail address is not known, and the phone belongs to a customer with another e-mail address";

/// The error of a record that is about several customers, or about another one. Effect `NotSent`: where a write of the
/// same call was sent before, `Call::finish` sets the effect of the call. A caller that knows more replaces the hint by
/// `with_hint`.
pub(crate) fn conflict(origin: impl Into<Origin>, ids: impl IntoIterator<Item = impl Into<RemoteId>>) -> Error {
    let ids: Vec<RemoteId> = ids.into_iter().map(Into::into).collect();
    let hint = if ids.len() == 1 { ANOTHER } else { SEVERAL };
    origin.into().of(Error::new(ErrorKind::Conflict, Effect::NotSent)).with_conflicting_ids(ids).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::customer::Phone;
    use crate::provider::ProviderId;

    const FIND: (ProviderId, &str) = (ProviderId::new("example"), "find");
    const OURS: &str = "Mia@example.com";

    #[derive(Clone, Debug, PartialEq)]
    struct Row {
        key: Option<&'static str>,
        email: Option<&'static str>,
        phone: Option<&'static str>,
    }

    impl Identified for Row {
        fn key(&self) -> Option<&str> {
            self.key
        }

        fn email(&self) -> Option<&str> {
            self.email
        }

        fn phone(&self) -> Option<&str> {
            self.phone
        }
    }

    fn row(key: &'static str, email: Option<&'static str>) -> Row {
        Row { key: Some(key), email, phone: None }
    }

    fn number() -> E164 {
        Phone::new("+15550100123").e164().unwrap()
    }

    #[test]
    fn identities_become_usable_values_or_a_refusal_that_names_the_rule() {
        let usable = |identity: &Identity| match Lookups::ALL.usable(identity, FIND) {
            Ok(Usable::RemoteId(id) | Usable::ExternalId(id) | Usable::Email(id)) => Ok(id.to_owned()),
            Ok(Usable::Phone(number)) => Ok(number.to_string()),
            Err(error) => {
                assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::NotSent));
                assert_eq!((error.provider(), error.operation()), (Some(FIND.0), Some("find")));
                Err(error.field_errors()[0].to_string())
            }
        };
        for (identity, expected) in [
            (Identity::RemoteId("7".into()), Ok("7")),
            (Identity::RemoteId(" ".into()), Err("remote_id: is empty")),
            (Identity::ExternalId(" x ".into()), Ok(" x ")),
            (Identity::ExternalId(String::new()), Err("external_id: is empty")),
            (Identity::Email(" mia@example.com ".into()), Ok("mia@example.com")),
            (Identity::Email("mia".into()), Err("email: an e-mail address needs exactly one @")),
            (Identity::Phone("+1 (555) 010-0123".into()), Ok("+15550100123")),
            (Identity::Phone("12".into()), Err("phone: a phone number needs 7 to 15 digits")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(usable(&identity), expected, "{expected:?}");
        }
    }

    #[test]
    fn a_kind_that_the_vendor_cannot_look_up_is_unsupported_whatever_its_value() {
        const NONE: Lookups = Lookups::ALL.no_remote_id("a").no_external_id("b").no_email("c").no_phone("d");
        for (identity, hint) in [
            (Identity::RemoteId("".into()), "a"),
            (Identity::ExternalId(String::new()), "b"),
            (Identity::Email("".into()), "c"),
            (Identity::Phone("".into()), "d"),
        ] {
            let error = NONE.usable(&identity, FIND).err().unwrap();
            assert_eq!(
                (error.kind(), error.hint(), error.operation()),
                (ErrorKind::Unsupported, Some(hint), Some("find"))
            );
            assert!(Lookups::ALL.supported(&identity, FIND).is_ok());
        }
    }

    #[test]
    fn numbers_and_addresses_compare_as_people_write_them() {
        for same in ["0015550100123", "+1 555 010 0123", "15550100123", " 001-555-010-0123"] {
            assert!(same_number(Some(same), number()), "{same}");
        }
        for other in ["00155501001234", "0005550100123", "5550100123", "", "000015550100123"] {
            assert!(!same_number(Some(other), number()), "{other}");
        }
        assert!(!same_number(None, number()) && !same_international_number(None, number()));
        assert!(same_international_number(Some("001 555 010 0123"), number()));
        assert!(!same_international_number(Some("15550100123"), number()));
        assert!(same_email(Some(" MIA@example.com"), OURS) && !same_email(Some("ia@example.com"), OURS));
        assert!(!same_email(None, OURS) && !same_email(Some(" "), " "));
    }

    #[test]
    fn what_comes_back_is_compared_with_what_was_asked_for() {
        let row = Row { key: Some("1"), email: Some("mia@example.com"), phone: Some("15550100123") };
        for (identity, is) in [
            (Usable::RemoteId("1"), true),
            (Usable::RemoteId("2"), false),
            (Usable::ExternalId("1"), false),
            (Usable::Email(OURS), true),
            (Usable::Email("other@example.com"), false),
            (Usable::Phone(number()), true),
            (Usable::Phone(Phone::new("+15550100124").e164().unwrap()), false),
        ] {
            assert_eq!(identity.is_of(&row), is);
        }
    }

    #[test]
    fn two_customers_are_never_made_one() {
        let several = |ids: &[&str]| Resolved::Several(ids.iter().map(|id| RemoteId::from(*id)).collect());
        let one = |row: &Row| Resolved::One(row.clone());
        let (a, b) = (row("a", None), row("b", None));
        let other = row("b", Some("other@example.com"));
        let mine = row("b", Some("mia@EXAMPLE.com"));
        let blank = row("b", Some(" "));
        let keyless = Row { key: None, ..a.clone() };
        for (by_email, by_phone, ours, expected) in [
            (vec![], vec![], Some(OURS), Resolved::NotFound),
            (vec![&a], vec![], Some(OURS), one(&a)),
            (vec![&a], vec![&a], Some(OURS), one(&a)),
            (vec![&a], vec![&b], Some(OURS), several(&["a", "b"])),
            (vec![], vec![&other], Some(OURS), several(&["b"])),
            (vec![], vec![&mine], Some(OURS), one(&mine)),
            (vec![], vec![&blank], Some(OURS), one(&blank)),
            (vec![], vec![&other], None, one(&other)),
            (vec![], vec![&a, &b], None, several(&["a", "b"])),
            // The index of phone numbers still shows an old address.
            (vec![&mine], vec![&other], Some(OURS), one(&mine)),
            // A vendor that ignores the filter by e-mail.
            (vec![&other], vec![], Some(OURS), several(&["b"])),
            (vec![&keyless], vec![], Some(OURS), one(&keyless)),
            (vec![&keyless], vec![&keyless], Some(OURS), several(&[])),
            (vec![&a], vec![&keyless], Some(OURS), several(&["a"])),
        ] {
            let (by_email, by_phone) = (by_email.into_iter().cloned(), by_phone.into_iter().cloned());
            assert_eq!(resolve(by_email, by_phone, ours), expected);
        }
    }

    #[test]
    fn a_conflict_names_the_customers_and_says_which_kind_it_is() {
        for (ids, hint) in [(vec!["a"], ANOTHER), (vec!["a", "b"], SEVERAL), (vec![], SEVERAL)] {
            let resolved: Resolved<Row> = Resolved::Several(ids.iter().map(|id| RemoteId::from(*id)).collect());
            let error = resolved.one_or_conflict(FIND).unwrap_err();
            assert_eq!(
                (error.kind(), error.effect(), error.hint()),
                (ErrorKind::Conflict, Effect::NotSent, Some(hint))
            );
            assert_eq!((error.provider(), error.operation()), (Some(FIND.0), Some("find")));
            assert_eq!(error.conflicting_ids().iter().map(RemoteId::as_str).collect::<Vec<_>>(), ids);
        }
        assert_eq!(Resolved::One(1).one_or_conflict(FIND).unwrap(), Some(1));
        assert_eq!(Resolved::<u8>::NotFound.one_or_conflict(FIND).unwrap(), None);
    }

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        let keys = prop_oneof![Just(None), Just(Some("a")), Just(Some("a")), Just(Some("b"))];
        let emails =
            prop_oneof![Just(None), Just(Some(" ")), Just(Some("mia@example.com")), Just(Some("o@example.com"))];
        proptest::collection::vec((keys, emails).prop_map(|(key, email)| Row { key, email, phone: None }), 0..4)
    }

    proptest! {
        /// The two-people law.
        #[test]
        fn one_customer_is_one_and_not_another(
            by_email in rows(),
            by_phone in rows(),
            ours in prop_oneof![Just(None), Just(Some(OURS))],
        ) {
            let all: Vec<Row> = by_email.iter().chain(&by_phone).cloned().collect();
            let resolved = resolve(by_email.clone(), by_phone.clone(), ours);
            prop_assert_eq!(resolved == Resolved::NotFound, all.is_empty());
            if let Resolved::One(found) = &resolved {
                prop_assert!(all.iter().all(|row| row.key == found.key), "customers with different keys were joined");
                prop_assert!(found.key.is_some() || all.len() == 1, "customers without a key were joined");
                let differs = |theirs: &str| !is_blank(theirs) && ours.is_some_and(|ours| !same_email(Some(theirs), ours));
                prop_assert!(!found.email.is_some_and(differs), "another e-mail address");
            }
            let reversed = |rows: &[Row]| rows.iter().rev().cloned().collect::<Vec<_>>();
            let kind = |resolved: Resolved<Row>| match resolved {
                Resolved::NotFound => (0, Vec::new()),
                Resolved::One(row) => (1, row.key.map(RemoteId::from).into_iter().collect()),
                Resolved::Several(mut ids) => {
                    ids.sort();
                    (2, ids)
                }
            };
            let backwards = resolve(reversed(&by_email), reversed(&by_phone), ours);
            prop_assert_eq!(kind(resolved), kind(backwards), "the order counted");
        }
    }
}
