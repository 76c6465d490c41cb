//! The part of an upsert that brings a known customer's addresses up to the record's.

use super::address;
use super::addresses::{CREATE_ADDRESS, LIST_ADDRESSES, OneAddress, SET_DEFAULT_ADDRESS, UPDATE_ADDRESS};
use super::answer::data;
use super::paging::{MAX_PAGE_SIZE, Turn, Walk, circle};
use super::shown::{AddressRecord, CustomerRecord};
use super::sink::Upsert;
use crate::client::addresses::AddressAction;
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::Step;

/// How many pages of a customer's addresses are read at most.
const MOST_ADDRESS_PAGES: usize = 8;

impl Upsert<'_> {
    /// The customer's addresses: as the look-up showed them where all of the record's are among them, else read. Whether
    /// a list of customers shows all addresses is unknown, and one that it leaves out would be added night after night.
    pub(super) async fn their_addresses(
        &mut self,
        id: &str,
        found: &CustomerRecord,
    ) -> Result<Vec<AddressRecord>, Error> {
        let Some(step) = &self.prepared.list_addresses else { return Ok(Vec::new()) };
        let shown = found.addresses.as_deref().unwrap_or_default();
        let actions = address::actions(&self.prepared.addresses, shown);
        if actions.contains(&AddressAction::Add) { self.read_addresses(id, step).await } else { Ok(shown.to_vec()) }
    }

    async fn read_addresses(&mut self, id: &str, step: &Step) -> Result<Vec<AddressRecord>, Error> {
        let url = self.filled(step, &[("id", id)])?;
        let (mut all, mut from, mut walk) = (Vec::new(), None, Walk::default());
        for _ in 0..MOST_ADDRESS_PAGES {
            let page =
                self.client.page_of_addresses(&mut self.call, url.as_str(), MAX_PAGE_SIZE, from.as_ref()).await?;
            let ids = page.rows.iter().map(AddressRecord::id);
            let next = match walk.turn(MAX_PAGE_SIZE, from.as_ref(), ids, page.next) {
                Turn::New(next) => next,
                Turn::AllAgain => return Ok(all),
                // An address that cannot be seen would be added once more.
                Turn::NewThenCircle | Turn::Circle => return Err(self.call.finish(circle(&LIST_ADDRESSES))),
            };
            all.extend(page.rows);
            match next {
                Some(next) => from = Some(next),
                None => return Ok(all),
            }
        }
        let error = self.call.error(&LIST_ADDRESSES, ErrorKind::Unsupported, Effect::NotSent);
        Err(self.call.finish(error.with_hint("the customer has more pages of addresses than are read")))
    }

    /// Whether anything was written.
    pub(super) async fn bring_up_addresses(
        &mut self,
        id: &str,
        theirs: &[AddressRecord],
        shown_default: Option<&AddressRecord>,
    ) -> Result<bool, Error> {
        let prepared = self.prepared;
        let mut wrote = false;
        // Of the one that is to be the default: its id, and whether it is the default already.
        let mut default: Option<(Option<String>, bool)> = None;
        let actions = address::actions(&prepared.addresses, theirs);
        for (index, (action, (change, add))) in actions.into_iter().zip(&prepared.address_steps).enumerate() {
            let (address_id, is_default) = match action {
                AddressAction::Keep(their) | AddressAction::Update(their) => {
                    let their_address = theirs.get(their);
                    let address_id = their_address.and_then(AddressRecord::id);
                    if let (AddressAction::Update(_), Some(address_id)) = (action, address_id) {
                        let ids = [("id", id), ("address_id", address_id)];
                        self.send_at(&UPDATE_ADDRESS, change, &ids).await?;
                        wrote = true;
                    }
                    let is_default = their_address.is_some_and(|address| address.is_default(shown_default));
                    (address_id.map(str::to_owned), is_default)
                }
                AddressAction::Add => {
                    let wanted = prepared.default == Some(index);
                    let address_id = self.add_address(id, index, add, wanted).await?;
                    self.added.extend(prepared.addresses.get(index).map(|address| address.index));
                    wrote = true;
                    (address_id, false)
                }
            };
            if prepared.default == Some(index) {
                default = Some((address_id, is_default));
            }
        }
        if let (Some((address_id, false)), Some(step)) = (default, &prepared.set_default) {
            let Some(address_id) = address_id else {
                let error = self.call.error(&SET_DEFAULT_ADDRESS, ErrorKind::Decode, Effect::NotSent);
                return Err(self.call.finish(error.with_hint("the vendor does not tell the id of the address")));
            };
            self.send_at(&SET_DEFAULT_ADDRESS, step, &[("id", id), ("address_id", &address_id)]).await?;
            wrote = true;
        }
        Ok(wrote)
    }

    /// Adds an address, and tells its id where that is wanted. After a lost answer the vendor is asked, and it is sent
    /// once more where it is not there.
    async fn add_address(
        &mut self,
        id: &str,
        index: usize,
        step: &Step,
        wants_id: bool,
    ) -> Result<Option<String>, Error> {
        let mut was_lost = false;
        loop {
            let error = match self.send_at(&CREATE_ADDRESS, step, &[("id", id)]).await {
                Ok(answer) => {
                    let made = data(&answer.body).map(|made: OneAddress| made.address);
                    let address_id = made.as_ref().and_then(AddressRecord::id).map(str::to_owned);
                    return match address_id {
                        None if wants_id => Ok(self.same_address(id, index).await?.flatten()),
                        address_id => Ok(address_id),
                    };
                }
                Err(error) => error,
            };
            if !self.call.is_uncertain() {
                return Err(error);
            }
            if let Some(address_id) = self.same_address(id, index).await? {
                self.call.resolve_uncertainty(true);
                return Ok(address_id);
            }
            self.call.resolve_uncertainty(false);
            if was_lost {
                return Err(self.call.finish(error.with_retryable(true)));
            }
            was_lost = true;
        }
    }

    /// Reads whether the vendor holds an address of the record, and its id.
    async fn same_address(&mut self, id: &str, index: usize) -> Result<Option<Option<String>>, Error> {
        let (Some(step), Some(ours)) = (&self.prepared.list_addresses, self.prepared.addresses.get(index)) else {
            return Ok(None);
        };
        let rows = self.read_addresses(id, step).await?;
        let same = rows.iter().rev().find(|their| address::says_the_same(ours, their));
        Ok(same.map(|their| their.id().map(str::to_owned)))
    }
}
