//! The addresses of a record at a vendor: pairs them with those that the vendor holds, and writes only what differs.
//!
//! Addresses of a record have no ids, so that repeated runs would add copies without this pairing.

use super::call::Call;
use crate::error::{Effect, Error, ErrorKind};

use super::validate::Origin;

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

/// Pairs the record's addresses (`ours`) with the vendor's (`theirs`); each of the vendor's is taken once. Equal ones are
/// paired first, so that an address that the vendor holds in full is never changed into another.
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

/// The address routes of one customer at a vendor, within one call.
///
/// The vendor's type borrows its `Call` and its customer's id; `ours` are positions in the list of addresses that the
/// synchronisation is given. It is used through [`synchronise`].
pub(crate) trait AddressBook: Send {
    /// An address of the record, as far as the vendor can hold it.
    type Ours: Sync;
    /// An address as the vendor shows it.
    type Theirs: Send + Sync;

    /// The id of an address; none where the vendor does not show it.
    fn id(theirs: &Self::Theirs) -> Option<&str>;

    /// Whether the vendor's address has all that the record's has, so that nothing has to be written.
    fn is_held(ours: &Self::Ours, theirs: &Self::Theirs) -> bool;

    /// Whether the vendor's address is the same place as the record's, possibly with other details, so that it is updated.
    fn is_same_place(ours: &Self::Ours, theirs: &Self::Theirs) -> bool;

    /// Whether a listed address is the customer's default one.
    fn is_default(&self, theirs: &Self::Theirs) -> bool;

    /// Whether an address is the default one after it was changed; `shown` is what the answer shows. As it was before,
    /// unless the vendor sets it with the change.
    fn is_default_after_change(&self, before: &Self::Theirs, shown: Option<&Self::Theirs>) -> bool {
        let _ = shown;
        self.is_default(before)
    }

    /// Whether an address is the default one after it was added; `shown` is what the answer shows. No, unless the vendor
    /// sets it with the add.
    fn is_default_after_add(&self, shown: Option<&Self::Theirs>) -> bool {
        let _ = shown;
        false
    }

    /// Reads all addresses of the customer.
    fn list(&mut self) -> impl Future<Output = Result<Vec<Self::Theirs>, Error>> + Send;

    /// Changes an address into ours. Gives what the answer shows; none where it cannot be read.
    fn change(
        &mut self,
        ours: usize,
        address_id: &str,
    ) -> impl Future<Output = Result<Option<Self::Theirs>, Error>> + Send;

    /// Adds ours. Gives what the answer shows; none where it cannot be read.
    fn add(&mut self, ours: usize) -> impl Future<Output = Result<Option<Self::Theirs>, Error>> + Send;

    /// Makes an address the customer's default one.
    fn set_default(&mut self, address_id: &str) -> impl Future<Output = Result<(), Error>> + Send;

    /// The provider and the operation of [`set_default`](Self::set_default), which an error names where no id is known.
    fn default_origin(&self) -> Origin;

    /// What the call knows of its writes.
    fn ledger(&mut self) -> &mut dyn Ledger;
}

/// What a call knows of its writes, as the synchronisation needs it.
pub(crate) trait Ledger {
    /// Whether the vendor may have carried out a write whose answer got lost.
    fn is_uncertain(&self) -> bool;

    /// What a read showed about that write.
    fn resolve_uncertainty(&mut self, applied: bool);

    /// The error with the effect of the whole call.
    fn finish(&self, error: Error) -> Error;
}

impl Ledger for Call<'_> {
    fn is_uncertain(&self) -> bool {
        Call::is_uncertain(self)
    }

    fn resolve_uncertainty(&mut self, applied: bool) {
        Call::resolve_uncertainty(self, applied);
    }

    fn finish(&self, error: Error) -> Error {
        Call::finish(self, error)
    }
}

/// What a synchronisation has written, by the positions of our addresses. Each is noted before its request is sent: the
/// vendor may have carried out one whose answer got lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) changed: Vec<usize>,
    pub(crate) added: Vec<usize>,
    pub(crate) default: bool,
}

impl Written {
    /// Whether anything was written.
    pub(crate) fn any(&self) -> bool {
        self.default || !self.changed.is_empty() || !self.added.is_empty()
    }

    /// Whether our address at this position was written.
    pub(crate) fn contains(&self, ours: usize) -> bool {
        self.changed.contains(&ours) || self.added.contains(&ours)
    }
}

/// What a synchronisation would do with each of our addresses.
pub(crate) fn actions<B: AddressBook>(ours: &[B::Ours], theirs: &[B::Theirs]) -> Vec<AddressAction> {
    let pair = |our: usize, their: usize| Some((ours.get(our)?, theirs.get(their)?));
    reconcile(
        ours.len(),
        theirs.len(),
        |our, their| pair(our, their).is_some_and(|(our, their)| B::is_held(our, their)),
        |our, their| {
            pair(our, their).is_some_and(|(our, their)| B::id(their).is_some() && B::is_same_place(our, their))
        },
    )
}

/// The addresses of the customer: as a look-up has shown them where all of ours are among them, otherwise read. Whether a
/// look-up shows all of them may be unknown, and one that it leaves out would be added again with every run.
pub(crate) async fn shown_or_listed<B: AddressBook>(
    book: &mut B,
    ours: &[B::Ours],
    shown: Vec<B::Theirs>,
) -> Result<Vec<B::Theirs>, Error> {
    if actions::<B>(ours, &shown).contains(&AddressAction::Add) { book.list().await } else { Ok(shown) }
}

/// Makes the vendor hold our addresses: pairs them with `theirs`, then, in the order of ours, changes or adds what differs,
/// and last sets the default one (`default` is its position) where it is not the default already. What the vendor holds
/// besides is left alone.
///
/// Where the answer to a change or an add gets lost, the addresses are read once more: where the address is there, the
/// synchronisation goes on; otherwise the request is sent once more. An address that is there counts for an add only
/// where it was not there before.
///
/// # Errors
///
/// As the vendor answers; a doubt that stays is in the effect. [`ErrorKind::Decode`] where the default address is to be
/// set, and its id is neither in the answer nor in the list.
pub(crate) async fn synchronise<B: AddressBook>(
    book: &mut B,
    ours: &[B::Ours],
    theirs: &[B::Theirs],
    default: Option<usize>,
    written: &mut Written,
) -> Result<(), Error> {
    // The id of the address that is to be the default one, where it is not the default already.
    let mut to_set: Option<Option<String>> = None;
    let mut known = Known::of::<B>(theirs);
    for ((index, our), action) in ours.iter().enumerate().zip(actions::<B>(ours, theirs)) {
        let wanted = default == Some(index);
        let their = match action {
            AddressAction::Keep(at) | AddressAction::Update(at) => theirs.get(at),
            AddressAction::Add => None,
        };
        let (id, is_default) = match (action, their.and_then(|their| Some((their, B::id(their)?)))) {
            (AddressAction::Update(_), Some((before, id))) => {
                written.changed.push(index);
                let shown = change(book, our, index, id).await?;
                (Some(id.to_owned()), book.is_default_after_change(before, shown.as_ref()))
            }
            (AddressAction::Keep(_), _) => {
                (their.and_then(B::id).map(str::to_owned), their.is_some_and(|their| book.is_default(their)))
            }
            _ => {
                written.added.push(index);
                let mut shown = add(book, our, index, &known).await?;
                let is_default = book.is_default_after_add(shown.as_ref());
                if wanted && !is_default && shown.as_ref().and_then(B::id).is_none() {
                    shown = known.added::<B>(our, book.list().await?);
                }
                known.note::<B>(shown.as_ref());
                (shown.as_ref().and_then(B::id).map(str::to_owned), is_default)
            }
        };
        if wanted && !is_default {
            to_set = Some(id);
        }
    }
    match to_set {
        None => Ok(()),
        Some(Some(id)) => {
            written.default = true;
            book.set_default(&id).await
        }
        Some(None) => {
            let error = book.default_origin().of(Error::new(ErrorKind::Decode, Effect::NotSent));
            Err(book.ledger().finish(error.with_hint("the vendor does not show the id of the address")))
        }
    }
}

/// Which addresses were there before an add.
struct Known {
    ids: Vec<String>,
    without_id: usize,
}

impl Known {
    fn of<B: AddressBook>(theirs: &[B::Theirs]) -> Self {
        let mut known = Self { ids: Vec::new(), without_id: 0 };
        theirs.iter().for_each(|their| known.note::<B>(Some(their)));
        known
    }

    fn note<B: AddressBook>(&mut self, their: Option<&B::Theirs>) {
        match their.map(B::id) {
            Some(Some(id)) => self.ids.push(id.to_owned()),
            Some(None) => self.without_id += 1,
            None => {}
        }
    }

    /// The address that was added, among all of the customer's. Those without ids cannot be distinguished: one of them is
    /// new where there are more than before.
    fn added<B: AddressBook>(&self, ours: &B::Ours, all: Vec<B::Theirs>) -> Option<B::Theirs> {
        let without_id = all.iter().filter(|their| B::id(their).is_none()).count();
        let is_new = |their: &B::Theirs| match B::id(their) {
            Some(id) => !self.ids.iter().any(|known| known == id),
            None => without_id > self.without_id,
        };
        all.into_iter().rev().find(|their| B::is_held(ours, their) && is_new(their))
    }
}

/// Whether the answer to the write that has just failed was lost. Where the call was uncertain before, nothing shows which
/// write is meant.
fn is_lost<B: AddressBook>(book: &mut B, was_uncertain: bool) -> bool {
    !was_uncertain && book.ledger().is_uncertain()
}

async fn add<B: AddressBook>(
    book: &mut B,
    ours: &B::Ours,
    index: usize,
    known: &Known,
) -> Result<Option<B::Theirs>, Error> {
    let was_uncertain = book.ledger().is_uncertain();
    let mut is_repeat = false;
    loop {
        let error = match book.add(index).await {
            Ok(shown) => return Ok(shown),
            Err(error) if is_lost(book, was_uncertain) => error,
            Err(error) => return Err(error),
        };
        let added = known.added::<B>(ours, book.list().await?);
        book.ledger().resolve_uncertainty(added.is_some());
        if added.is_some() {
            return Ok(added);
        }
        if is_repeat {
            // The next run reads first, so that it adds no second address.
            return Err(book.ledger().finish(error.with_retryable(true)));
        }
        is_repeat = true;
    }
}

async fn change<B: AddressBook>(
    book: &mut B,
    ours: &B::Ours,
    index: usize,
    id: &str,
) -> Result<Option<B::Theirs>, Error> {
    let was_uncertain = book.ledger().is_uncertain();
    let mut is_repeat = false;
    loop {
        let error = match book.change(index, id).await {
            Ok(shown) => return Ok(shown),
            Err(error) if is_lost(book, was_uncertain) && !is_repeat => error,
            Err(error) => return Err(error),
        };
        let all = book.list().await?;
        let changed = all.into_iter().find(|their| B::id(their) == Some(id) && B::is_held(ours, their));
        book.ledger().resolve_uncertainty(changed.is_some());
        if changed.is_some() {
            return Ok(changed);
        }
        tracing::debug!(kind = error.kind().as_str(), "a change of an address got lost, and is sent once more");
        is_repeat = true;
    }
}

#[cfg(test)]
mod tests;
