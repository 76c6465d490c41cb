//! The customers that the sink holds, and the effect of an upsert on them. Pure.

use super::map::{Mapped, PROVIDER, UPSERT};
use crate::customer::{Customer, Email, Field, Phone};
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::outcome::Outcome;
use crate::sink::{FoundCustomer, Identity};

/// The customers with their remote ids, in the order of their creation.
#[derive(Default)]
pub(super) struct Store {
    made: u64,
    people: Vec<(String, Customer)>,
}

impl Store {
    pub(super) fn len(&self) -> usize {
        self.people.len()
    }

    pub(super) fn people(&self) -> Vec<FoundCustomer> {
        self.people
            .iter()
            .map(|(id, customer)| FoundCustomer::new(Some(id.as_str().into()), customer.clone()))
            .collect()
    }

    /// Creates the person, or changes what the record holds of them.
    pub(super) fn upsert(&mut self, mapped: &Mapped) -> Result<(String, Outcome), Error> {
        let Some(at) = self.locate(&mapped.kept)? else {
            self.made += 1;
            let id = format!("memory-{}", self.made);
            self.people.push((id.clone(), mapped.kept.clone()));
            return Ok((id, Outcome::Created));
        };
        let Some((id, held)) = self.people.get_mut(at) else {
            return Err(Error::new(ErrorKind::Other, Effect::NotSent));
        };
        let mut merged = held.clone();
        merge(&mut merged, &mapped.kept);
        // The identifier that it was found by is set, and what is set is never blanked: the customer keeps one.
        mapped.cleared.iter().for_each(|field| blank(&mut merged, *field));
        let outcome = if merged == *held { Outcome::Unchanged } else { Outcome::Updated };
        *held = merged;
        Ok((id.clone(), outcome))
    }

    /// The customer that the record belongs to, if there is one; or a conflict.
    fn locate(&self, record: &Customer) -> Result<Option<usize>, Error> {
        let mut hits: Vec<usize> = Vec::new();
        let mut add = |hit: Option<usize>| hits.extend(hit.filter(|at| !hits.contains(at)));
        add(record.external_id.as_deref().and_then(|id| self.position(|c| c.external_id.as_deref() == Some(id))));
        add(record.email.as_ref().and_then(|email| self.position(|c| has_email(c, email))));
        add(record.phone.as_ref().and_then(|phone| self.position(|c| has_phone(c, phone))));
        let conflict = |hits: &[usize]| {
            let ids = hits.iter().filter_map(|at| self.people.get(*at)).map(|(id, _)| id.clone()).collect::<Vec<_>>();
            let error = Error::new(ErrorKind::Conflict, Effect::Rejected).with_provider(PROVIDER);
            let error = error.with_operation(UPSERT).with_conflicting_ids(ids).with_attempts(1);
            Err(error.with_hint("the record's identifiers belong to different people; nothing was written"))
        };
        match hits.as_slice() {
            [] => Ok(None),
            [at] if self.people.get(*at).is_some_and(|(_, held)| is_another(held, record)) => conflict(&hits),
            [at] => Ok(Some(*at)),
            _ => conflict(&hits),
        }
    }

    fn position(&self, is: impl Fn(&Customer) -> bool) -> Option<usize> {
        self.people.iter().position(|(_, customer)| is(customer))
    }

    fn at(&self, who: &Identity) -> Option<usize> {
        match who {
            Identity::RemoteId(id) => self.people.iter().position(|(known, _)| *known == id.as_str()),
            Identity::ExternalId(id) => self.position(|c| c.external_id.as_deref() == Some(id.trim())),
            Identity::Email(email) => self.position(|c| has_email(c, email)),
            Identity::Phone(phone) => self.position(|c| has_phone(c, phone)),
        }
    }

    pub(super) fn find(&self, who: &Identity) -> Option<FoundCustomer> {
        let (id, customer) = self.people.get(self.at(who)?)?;
        Some(FoundCustomer::new(Some(id.as_str().into()), customer.clone()))
    }

    /// Removes the customer; returns whether there was one.
    pub(super) fn erase(&mut self, who: &Identity) -> bool {
        let at = self.at(who);
        at.map(|at| self.people.remove(at)).is_some()
    }
}

fn has_email(customer: &Customer, email: &Email) -> bool {
    customer.email.as_ref().is_some_and(|held| held.comparable() == email.comparable())
}

fn has_phone(customer: &Customer, phone: &Phone) -> bool {
    let number = phone.e164();
    number.is_ok() && customer.phone.as_ref().is_some_and(|held| held.e164() == number)
}

/// Whether a record that was found by a weaker identifier names another customer by a stronger one: a known external id
/// is stronger than the e-mail, and a known e-mail stronger than the phone.
fn is_another(held: &Customer, record: &Customer) -> bool {
    if let (Some(a), Some(b)) = (&held.external_id, &record.external_id) {
        return a != b;
    }
    // A customer who was found by e-mail has the same one; here the phone alone matched.
    matches!((&held.email, &record.email), (Some(_), Some(email)) if !has_email(held, email))
}

/// Replaces what the record sets, and leaves the rest alone.
fn merge(held: &mut Customer, record: &Customer) {
    macro_rules! take {
        ($($name:ident),+) => {
            $(if record.$name.is_some() {
                held.$name.clone_from(&record.$name);
            })+
        };
    }
    // An address in other letters is the same one.
    if !record.email.as_ref().is_some_and(|email| has_email(held, email)) {
        take!(email);
    }
    take!(
        external_id,
        phone,
        first_name,
        last_name,
        display_name,
        company,
        note,
        gender,
        birthday,
        locale,
        currency,
        tax_exempt,
        email_verified,
        account_state,
        subscription_state,
        email_marketing,
        sms_marketing,
        orders_count,
        total_spent,
        last_order_id,
        created_at,
        updated_at
    );
    if !record.tags.is_empty() {
        held.tags.clone_from(&record.tags);
    }
    if !record.addresses.is_empty() {
        held.addresses.clone_from(&record.addresses);
    }
    held.custom.extend(record.custom.iter().map(|(key, value)| (key.clone(), value.clone())));
}

fn blank(c: &mut Customer, field: Field) {
    match field {
        Field::ExternalId => c.external_id = None,
        Field::Email => c.email = None,
        Field::Phone => c.phone = None,
        Field::FirstName => c.first_name = None,
        Field::LastName => c.last_name = None,
        Field::DisplayName => c.display_name = None,
        Field::Company => c.company = None,
        Field::Note => c.note = None,
        Field::Gender => c.gender = None,
        Field::Birthday => c.birthday = None,
        Field::Locale => c.locale = None,
        Field::Currency => c.currency = None,
        Field::Tags => c.tags.clear(),
        Field::TaxExempt => c.tax_exempt = None,
        Field::EmailVerified => c.email_verified = None,
        Field::AccountState => c.account_state = None,
        Field::SubscriptionState => c.subscription_state = None,
        Field::Addresses => c.addresses.clear(),
        // An unknown consent is never a yes.
        Field::EmailMarketing => c.email_marketing = None,
        Field::SmsMarketing => c.sms_marketing = None,
        Field::OrdersCount => c.orders_count = None,
        Field::TotalSpent => c.total_spent = None,
        Field::LastOrderId => c.last_order_id = None,
        Field::CreatedAt => c.created_at = None,
        Field::UpdatedAt => c.updated_at = None,
        Field::Custom => c.custom.clear(),
        Field::Clear => {}
    }
}
