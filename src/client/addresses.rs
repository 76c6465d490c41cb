//! Which of a record's addresses a vendor holds already. Addresses have no identity of their own in the record, so that
//! a nightly run would pile up copies without this.

/// What to do with one address of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressAction {
    /// The vendor's address at this position says the same.
    Keep(usize),
    /// The vendor's address at this position is the same place, with other details.
    Update(usize),
    /// The vendor does not hold it.
    Add,
}

/// Pairs `ours` addresses of the record with `theirs` of the vendor; each of theirs is taken once. Equal ones are paired
/// first, so that an address that is there in full is never changed into another.
pub(crate) fn reconcile(
    ours: usize,
    theirs: usize,
    equal: impl Fn(usize, usize) -> bool,
    same_place: impl Fn(usize, usize) -> bool,
) -> Vec<AddressAction> {
    let mut actions = vec![AddressAction::Add; ours];
    let mut taken = vec![false; theirs];
    let mut pair = |matches: &dyn Fn(usize, usize) -> bool, action: fn(usize) -> AddressAction| {
        for (our, slot) in actions.iter_mut().enumerate().filter(|(_, slot)| **slot == AddressAction::Add) {
            let free = taken.iter_mut().enumerate().find(|(their, taken)| !**taken && matches(our, *their));
            if let Some((their, taken)) = free {
                *taken = true;
                *slot = action(their);
            }
        }
    };
    pair(&equal, AddressAction::Keep);
    pair(&same_place, AddressAction::Update);
    actions
}

/// Whether two parts of an address say the same to a reader: without regard to case, blanks and absence.
pub(crate) fn same_text(a: Option<&str>, b: Option<&str>) -> bool {
    let words = |text: Option<&str>| -> Vec<String> {
        text.unwrap_or_default().split_whitespace().map(str::to_lowercase).collect()
    };
    words(a) == words(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ones_are_kept_before_places_are_updated() {
        let ours = ["a1", "a2", "c1"];
        let theirs = ["a2", "b1", "a9"];
        let actions = reconcile(3, 3, |o, t| ours[o] == theirs[t], |o, t| ours[o][..1] == theirs[t][..1]);
        assert_eq!(actions, [AddressAction::Update(2), AddressAction::Keep(0), AddressAction::Add]);
    }

    #[test]
    fn two_of_ours_never_take_one_of_theirs() {
        let actions = reconcile(2, 1, |_, _| true, |_, _| true);
        assert_eq!(actions, [AddressAction::Keep(0), AddressAction::Add]);
    }

    #[test]
    fn texts_compare_as_read() {
        assert!(same_text(Some("12  Fictional quay "), Some("12 FICTIONAL Quay")));
        assert!(same_text(None, Some(" ")));
        assert!(!same_text(Some("12"), None));
    }
}
