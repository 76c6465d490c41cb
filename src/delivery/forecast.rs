//! Counts what a run would do, before anything is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{Stream, StreamExt};

use super::accepted::digest_of_plan;
use super::guard::{Guards, Tripped, sets_consent};
use super::identity;
use super::item::{Item, SourceError};
use super::policy::Lane;
use super::run::Delivery;
use crate::customer::{AddressField, Channel, ConsentState, Customer, Field, FieldPath};
use crate::error::Error;
use crate::plan::Plan;
use crate::plan::note::Note;
use crate::provider::ProviderId;
use crate::sink::FoundCustomer;

/// How many records are planned, and looked up, at once.
const AT_ONCE: usize = 16;

/// What a run would do, lane by lane.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Forecast {
    /// Records read from the source, unreadable ones included.
    pub read: u64,
    /// Records that cannot be read.
    pub unreadable: u64,
    /// Whether the source broke off, so that the forecast covers its beginning only.
    pub source_broke: bool,
    /// Each lane.
    pub lanes: Vec<LaneForecast>,
}

/// What a run would do in a lane.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LaneForecast {
    /// The lane's name.
    pub name: Arc<str>,
    /// Its provider.
    pub provider: ProviderId,
    /// Records that an earlier run with the checkpoint delivered.
    pub done_before: u64,
    /// Records that would make a customer. Known only where the vendor was read.
    pub creates: u64,
    /// Records that would change one.
    pub updates: u64,
    /// Records of which the vendor holds every value already, as far as it shows them, and those that it accepted the
    /// last time as they are.
    pub unchanged: u64,
    /// Records that would be sent, and of which it is not known whether the vendor holds the person: the vendor was not
    /// asked, or did not answer.
    pub unverified: u64,
    /// Records that would be refused before anything is sent.
    pub refused: u64,
    /// Why: how many by field and rule.
    pub refusals: BTreeMap<String, u64>,
    /// Records that would set a consent other than the vendor holds; where the vendor was not read, all that set one.
    pub consents: u64,
    /// What mapping would do: how many notes of each kind, as `phone dropped (invalid)`.
    pub notes: BTreeMap<String, u64>,
}

impl LaneForecast {
    fn new(lane: &Lane) -> Self {
        Self {
            name: Arc::clone(&lane.name),
            provider: lane.provider(),
            done_before: 0,
            creates: 0,
            updates: 0,
            unchanged: 0,
            unverified: 0,
            refused: 0,
            refusals: BTreeMap::new(),
            consents: 0,
            notes: BTreeMap::new(),
        }
    }

    /// Records that a run would send.
    #[must_use]
    pub fn to_send(&self) -> u64 {
        self.creates + self.updates + self.unverified
    }
}

impl Forecast {
    /// Whether a run of this forecast keeps within the limits: refused records count as failed ones.
    ///
    /// # Errors
    ///
    /// The first limit that it would go above.
    pub fn check(&self, guards: &Guards) -> Result<(), Tripped> {
        for lane in &self.lanes {
            let tried = lane.refused + lane.to_send() + lane.unchanged;
            if let Some(tripped) = guards.failures(&lane.name, lane.refused, tried) {
                return Err(tripped);
            }
        }
        let consents = self.lanes.iter().map(|lane| lane.consents).sum::<u64>();
        match guards.consents {
            Some(most) if consents > most => Err(Tripped::Consents { most }),
            _ => Ok(()),
        }
    }
}

/// What a run would do with one record in one lane.
enum Fate {
    OtherLane,
    DoneBefore,
    Refused(Error),
    Unchanged,
    Unverified { notes: Vec<Note>, consent: bool },
    Known { notes: Vec<Note>, consent: bool, unchanged: bool },
    New { notes: Vec<Note>, consent: bool },
}

impl Delivery {
    /// Counts what a run over this source would do, and sends nothing that changes anything.
    ///
    /// With `read_vendors` each record is looked up where the vendor can be read, which takes requests of its quota; a
    /// look-up that fails counts the record as unverified. Without, nothing is sent at all.
    pub async fn forecast<S>(&self, source: S, read_vendors: bool) -> Forecast
    where
        S: Stream<Item = Result<Item, SourceError>>,
    {
        let mut forecast =
            Forecast { lanes: self.lanes.iter().map(LaneForecast::new).collect(), ..Forecast::default() };
        let fates = source.map(|item| async move {
            match item {
                Ok(item) => {
                    let fates = self.lanes.iter().map(|lane| self.fate(lane, &item, read_vendors));
                    Ok(futures::future::join_all(fates).await)
                }
                Err(error) => Err(error),
            }
        });
        let mut fates = std::pin::pin!(fates.buffered(AT_ONCE));
        while let Some(record) = fates.next().await {
            match record {
                Ok(fates) => {
                    forecast.read += 1;
                    for (lane, fate) in forecast.lanes.iter_mut().zip(fates) {
                        lane.add(fate);
                    }
                }
                Err(SourceError::Unreadable { .. }) => {
                    forecast.read += 1;
                    forecast.unreadable += 1;
                }
                Err(SourceError::Broken(_)) => {
                    forecast.source_broke = true;
                    break;
                }
            }
        }
        forecast
    }

    async fn fate(&self, lane: &Lane, item: &Item, read_vendors: bool) -> Fate {
        if item.only.as_ref().is_some_and(|only| *only != lane.name) {
            return Fate::OtherLane;
        }
        if self.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.is_done(&lane.name, item.position)) {
            return Fate::DoneBefore;
        }
        let customer = &item.customer;
        let plan = match lane.sink.plan(customer, &lane.options) {
            Ok(plan) => plan,
            Err(error) => return Fate::Refused(error),
        };
        if let Some(accepted) = &self.accepted
            && let Some(person) = accepted.person(customer)
            && let Ok(Some(last)) = accepted.last(&lane.name, &person).await
            && last == digest_of_plan(&plan)
        {
            return Fate::Unchanged;
        }
        let notes = plan.notes().to_vec();
        if !(read_vendors && lane.sink.capabilities().can_find) {
            return Fate::Unverified { notes, consent: sets_consent(customer) };
        }
        match look_up(lane, customer).await {
            None => Fate::Unverified { notes, consent: sets_consent(customer) },
            Some(None) => Fate::New { notes, consent: sets_consent(customer) },
            Some(Some(found)) => Fate::Known {
                notes,
                consent: changes_consent(&found.customer, customer),
                unchanged: holds(&found.customer, customer, &plan),
            },
        }
    }
}

/// The person at the vendor; the outer none where the vendor does not answer.
async fn look_up(lane: &Lane, customer: &Customer) -> Option<Option<FoundCustomer>> {
    let mut answer = None;
    for who in identity::to_ask(customer) {
        match lane.sink.find(&who).await {
            Ok(Some(found)) => return Some(Some(found)),
            Ok(None) => answer = Some(None),
            Err(_) => {}
        }
    }
    answer
}

fn changes_consent(held: &Customer, wanted: &Customer) -> bool {
    let differs = |channel| state(wanted, channel).is_some() && !same_consent(held, wanted, channel);
    differs(Channel::Email) || differs(Channel::Sms)
}

fn same_consent(held: &Customer, wanted: &Customer, channel: Channel) -> bool {
    state(held, channel) == state(wanted, channel)
}

fn state(customer: &Customer, channel: Channel) -> Option<ConsentState> {
    let consent = match channel {
        Channel::Email => &customer.email_marketing,
        Channel::Sms => &customer.sms_marketing,
    };
    consent.as_ref().and_then(|consent| consent.state)
}

/// Whether the vendor shows every value that the plan would send. Addresses are compared by what the record sets.
fn holds(held: &Customer, wanted: &Customer, plan: &Plan) -> bool {
    if !wanted.clear.is_empty() && wanted.clear.iter().any(|field| held.set_fields().contains(*field)) {
        return false;
    }
    plan.sent().iter().all(|path| match path {
        FieldPath::Field(field) => holds_field(held, wanted, *field),
        FieldPath::Tag(index) => at(&wanted.tags, *index).is_none_or(|tag| held.tags.contains(tag)),
        FieldPath::Address(index) => at(&wanted.addresses, *index).is_none_or(|address| {
            let same = |other: &crate::Address| {
                AddressField::ALL.iter().all(|f| !address.is_set(*f) || address.text(*f) == other.text(*f))
            };
            held.addresses.iter().any(same)
        }),
        FieldPath::AddressField(index, field) => at(&wanted.addresses, *index)
            .is_none_or(|address| held.addresses.iter().any(|other| other.text(*field) == address.text(*field))),
        FieldPath::Consent(channel, _) => same_consent(held, wanted, *channel),
        FieldPath::Custom(key) => held.custom.get(&**key) == wanted.custom.get(&**key),
        FieldPath::Clear(_) => true,
    })
}

fn at<T>(list: &[T], index: u32) -> Option<&T> {
    usize::try_from(index).ok().and_then(|index| list.get(index))
}

fn holds_field(held: &Customer, wanted: &Customer, field: Field) -> bool {
    match field {
        Field::Email => held.email.as_ref().map(|e| e.comparable()) == wanted.email.as_ref().map(|e| e.comparable()),
        Field::Phone => {
            let number = |customer: &Customer| {
                customer.phone.as_ref().map(|phone| {
                    phone.e164().map_or_else(|_| phone.as_str().trim().to_owned(), |number| number.to_string())
                })
            };
            number(held) == number(wanted)
        }
        Field::ExternalId => held.external_id == wanted.external_id,
        Field::FirstName => held.first_name == wanted.first_name,
        Field::LastName => held.last_name == wanted.last_name,
        Field::DisplayName => held.display_name == wanted.display_name,
        Field::Company => held.company == wanted.company,
        Field::Note => held.note == wanted.note,
        Field::Gender => held.gender == wanted.gender,
        Field::Birthday => held.birthday == wanted.birthday,
        Field::Locale => held.locale == wanted.locale,
        Field::Currency => held.currency == wanted.currency,
        Field::Tags => wanted.tags.iter().all(|tag| held.tags.contains(tag)),
        Field::TaxExempt => held.tax_exempt == wanted.tax_exempt,
        Field::EmailVerified => held.email_verified == wanted.email_verified,
        Field::AccountState => held.account_state == wanted.account_state,
        Field::SubscriptionState => held.subscription_state == wanted.subscription_state,
        Field::EmailMarketing => same_consent(held, wanted, Channel::Email),
        Field::SmsMarketing => same_consent(held, wanted, Channel::Sms),
        Field::OrdersCount => held.orders_count == wanted.orders_count,
        Field::TotalSpent => held.total_spent == wanted.total_spent,
        Field::LastOrderId => held.last_order_id == wanted.last_order_id,
        Field::CreatedAt => held.created_at == wanted.created_at,
        Field::UpdatedAt => held.updated_at == wanted.updated_at,
        Field::Custom => wanted.custom.iter().all(|(key, value)| held.custom.get(key) == Some(value)),
        Field::Addresses => held.addresses == wanted.addresses,
        Field::Clear => true,
    }
}

impl LaneForecast {
    fn add(&mut self, fate: Fate) {
        let (count, notes, consent) = match fate {
            Fate::OtherLane => return,
            Fate::DoneBefore => return self.done_before += 1,
            Fate::Unchanged => return self.unchanged += 1,
            Fate::Refused(error) => {
                self.refused += 1;
                for problem in error.field_errors() {
                    *self.refusals.entry(problem.to_string()).or_default() += 1;
                }
                return;
            }
            Fate::Known { unchanged: true, .. } => return self.unchanged += 1,
            Fate::Known { notes, consent, .. } => (&mut self.updates, notes, consent),
            Fate::New { notes, consent } => (&mut self.creates, notes, consent),
            Fate::Unverified { notes, consent } => (&mut self.unverified, notes, consent),
        };
        *count += 1;
        self.consents += u64::from(consent);
        for note in &notes {
            let kind = format!("{} {} ({})", general(note.path()), note.action().as_str(), note.reason().as_str());
            *self.notes.entry(kind).or_default() += 1;
        }
    }
}

/// A path without positions and keys of the caller, so that the notes of many records add up.
fn general(path: &FieldPath) -> String {
    match path {
        FieldPath::Tag(_) => "tags".to_owned(),
        FieldPath::Address(_) => "addresses".to_owned(),
        FieldPath::AddressField(_, field) => format!("addresses.{}", field.as_str()),
        FieldPath::Custom(_) => "custom".to_owned(),
        other => other.to_string(),
    }
}
