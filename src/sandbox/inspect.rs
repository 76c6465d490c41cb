//! Inspects what a stand-in holds: customers in normalized form, duplicates, and marketing consents.

use std::collections::BTreeMap;
use std::fmt;

use super::handle::Sandbox;
use super::reply::fold;
use crate::{Consent, ConsentState, Customer};

/// The identifier that two records share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SharedBy {
    /// The same e-mail address, without case.
    Email,
    /// The same phone number, in its international form where it has one.
    Phone,
    /// The same id of the caller's system.
    ExternalId,
}

/// Several records with one identifier at a vendor.
#[derive(Clone)]
#[non_exhaustive]
pub struct Duplicate {
    /// The kind of identifier that they share.
    pub by: SharedBy,
    /// The e-mail address, phone number or id.
    pub value: String,
    /// The places of the records in [`Sandbox::customers`] and [`Sandbox::people`].
    pub records: Vec<usize>,
}

/// Leaves out the value, which is a person's.
impl fmt::Debug for Duplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Duplicate").field("by", &self.by).field("records", &self.records).finish_non_exhaustive()
    }
}

/// The marketing consents of one customer, as a vendor holds them.
#[derive(Clone)]
#[non_exhaustive]
pub struct ConsentsOf {
    /// The id in the caller's system, where the vendor holds it.
    pub external_id: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// Marketing by e-mail; none where the vendor holds nothing about it.
    pub email_marketing: Option<ConsentState>,
    /// Marketing by text message; none where the vendor holds nothing about it.
    pub sms_marketing: Option<ConsentState>,
}

/// Shows the states and no person.
impl fmt::Debug for ConsentsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsentsOf")
            .field("email_marketing", &self.email_marketing)
            .field("sms_marketing", &self.sms_marketing)
            .finish_non_exhaustive()
    }
}

/// What the stand-ins hold.
impl Sandbox {
    /// The customers that a provider's stand-in holds, in the order of [`customers`](Self::customers), in the normalized
    /// form that the provider's client gives them.
    #[must_use]
    pub fn people(&self, provider: &str) -> Vec<Customer> {
        let Ok(running) = self.serving(provider) else { return Vec::new() };
        running.stand_in.customers().into_iter().map(|record| running.stand_in.normalized(record)).collect()
    }

    /// Records of a vendor that share an e-mail address, phone number or external id.
    #[must_use]
    pub fn duplicates(&self, provider: &str) -> Vec<Duplicate> {
        let mut held: BTreeMap<(SharedBy, String), Vec<usize>> = BTreeMap::new();
        for (index, person) in self.people(provider).iter().enumerate() {
            let email = person.email.as_ref().map(|email| fold(email.as_str()));
            let phone = person.phone.as_ref();
            let phone = phone.map(|p| p.e164().map_or_else(|_| p.as_str().to_owned(), |e164| e164.to_string()));
            let keys = [
                (SharedBy::Email, email),
                (SharedBy::Phone, phone),
                (SharedBy::ExternalId, person.external_id.clone()),
            ];
            for (by, value) in keys {
                if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
                    held.entry((by, value)).or_default().push(index);
                }
            }
        }
        let several = held.into_iter().filter(|(_, records)| records.len() > 1);
        several.map(|((by, value), records)| Duplicate { by, value, records }).collect()
    }

    /// The marketing consents of every customer at a vendor.
    #[must_use]
    pub fn consents(&self, provider: &str) -> Vec<ConsentsOf> {
        let state = |consent: &Option<Consent>| consent.as_ref().and_then(|consent| consent.state);
        let consents = self.people(provider).into_iter().map(|person| ConsentsOf {
            email_marketing: state(&person.email_marketing),
            sms_marketing: state(&person.sms_marketing),
            external_id: person.external_id,
            email: person.email.map(|email| email.as_str().to_owned()),
            phone: person.phone.map(|phone| phone.as_str().to_owned()),
        });
        consents.collect()
    }
}
