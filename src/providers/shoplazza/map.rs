//! From the normalized customer to the vendor's requests. Pure.

use std::borrow::Cow;

use super::address::{self, MappedAddresses};
use super::matrix as m;
use super::shown::CustomerRecord;
use super::version::{ApiVersion, TagPolicy};
use super::wire::{ContactType, NewCustomer, Planned, PlannedUpdate, Tags};
use crate::customer::{Channel, ConsentField, ConsentState, E164, Field, FieldPath, text};
use crate::mapper::{Mapper, TagLimits};
use crate::notes::{Action, Note, Reason};
use crate::plan::When;

/// What stands in a planned update where the look-up fills in what the record does not know.
const OPEN_EMAIL_CONSENT: Planned = Planned::Open("{accepts_marketing}");
const OPEN_SMS_CONSENT: Planned = Planned::Open("{accepts_sms_marketing}");
const OPEN_TAGS: &str = "{tags}";

/// A record as this vendor takes it.
pub(super) struct Mapped<'c> {
    pub(super) email: Option<&'c str>,
    pub(super) phone: Option<E164>,
    pub(super) first_name: Option<&'c str>,
    pub(super) last_name: Option<&'c str>,
    /// None: not known.
    pub(super) email_consent: Option<bool>,
    /// None: not known.
    pub(super) sms_consent: Option<bool>,
    pub(super) tags: Vec<&'c str>,
    clear: Vec<Field>,
    version: ApiVersion,
    policy: TagPolicy,
}

/// Maps a customer.
pub(super) fn map<'c>(
    mapper: &mut Mapper<'c>,
    version: ApiVersion,
    policy: TagPolicy,
) -> (Mapped<'c>, MappedAddresses<'c>) {
    let customer = mapper.customer;
    let email = mapper.email(&m::EMAIL);
    let phone = mapper.e164();
    match (email, phone) {
        (None, None) => {
            mapper.error(Field::Email.as_str(), "an e-mail address or a phone number that can be used is required");
        }
        (Some(_), Some(_)) => {
            // Which of the two finds the customer, and what that customer holds, only the look-up tells.
            let detail = "a customer who is there keeps the contacts that the vendor holds: no update can change them";
            for field in [Field::Email, Field::Phone] {
                mapper.drop_when(field, When::IfFound, Reason::Unsupported, detail);
            }
        }
        _ => {}
    }
    let first_name = mapper.text(&m::FIRST_NAME, text(&customer.first_name));
    let last_name = mapper.text(&m::LAST_NAME, text(&customer.last_name));
    let email_consent = consent(mapper, Channel::Email);
    let sms_consent = consent(mapper, Channel::Sms);
    let refused = (!version.is_later()).then_some(',');
    let tags = mapper.tags(&TagLimits { refused, ..TagLimits::default() });
    let can = |field| matches!(field, Field::FirstName | Field::LastName | Field::Tags);
    let clear = mapper.clear(can, "the vendor's update does not take this field");
    let addresses = address::map(mapper, version);
    let mapped =
        Mapped { email, phone, first_name, last_name, email_consent, sms_consent, tags, clear, version, policy };
    (mapped, addresses)
}

/// The consent as the vendor's yes or no; none where it is not known. A new customer then gets a no, since the vendor
/// takes silence for a yes.
fn consent(mapper: &mut Mapper<'_>, channel: Channel) -> Option<bool> {
    let Some(known) = mapper.consent(channel) else {
        let detail = "the consent is not known, and without a no the vendor would subscribe the person";
        let path = FieldPath::Consent(channel, ConsentField::State);
        mapper.notes.push(Note::new(path, Action::Added, Reason::Default, detail).when(When::IfNotFound));
        return None;
    };
    let narrowed = (known.state == ConsentState::Pending)
        .then_some("the vendor holds a yes or a no: one that is not confirmed yet is a no");
    mapper.claim_consent(channel, &known, narrowed);
    Some(known.state == ConsentState::Subscribed)
}

impl<'c> Mapped<'c> {
    /// The create. A consent that is not known is a no.
    pub(super) fn create<'a>(&'a self, addresses: &MappedAddresses<'a>) -> NewCustomer<'a> {
        NewCustomer {
            contact_type: if self.email.is_some() { ContactType::Email } else { ContactType::Phone },
            email: self.email.map(Cow::Borrowed),
            phone: self.phone.map(|phone| Cow::Owned(phone.to_string())),
            first_name: self.first_name.map(Cow::Borrowed),
            last_name: self.last_name.map(Cow::Borrowed),
            accepts_marketing: self.email_consent.unwrap_or(false),
            accepts_sms_marketing: self.sms_consent.unwrap_or(false),
            password: None,
            registered_at: None,
            tags: (!self.tags.is_empty()).then(|| Tags::new(self.version, self.tags.iter().copied())),
            addresses: addresses.all.iter().map(|address| address.fields.clone()).collect(),
        }
    }

    /// The text of a name in an update: empty where it is to be blanked.
    fn name(&self, value: Option<&'c str>, field: Field) -> Option<&'c str> {
        value.or_else(|| self.clear.contains(&field).then_some(""))
    }

    fn first(&self) -> Option<&'c str> {
        self.name(self.first_name, Field::FirstName)
    }

    fn last(&self) -> Option<&'c str> {
        self.name(self.last_name, Field::LastName)
    }

    fn sets_tags(&self) -> bool {
        !self.tags.is_empty() || self.clear.contains(&Field::Tags)
    }

    /// The update as it stands in a plan; none where the record holds nothing that an update can change. The consents
    /// are always there, since what the vendor takes their absence for is unknown: one that the record does not know is
    /// what the look-up showed.
    pub(super) fn planned_update(&self) -> Option<PlannedUpdate<'_>> {
        let known = self.email_consent.is_some() || self.sms_consent.is_some();
        if self.first().is_none() && self.last().is_none() && !known && !self.sets_tags() {
            return None;
        }
        let shown = (self.policy == TagPolicy::Union && !self.tags.is_empty()).then_some(OPEN_TAGS);
        let tags = shown.into_iter().chain(self.tags.iter().copied());
        Some(PlannedUpdate {
            first_name: self.first(),
            last_name: self.last(),
            accepts_marketing: self.email_consent.map_or(OPEN_EMAIL_CONSENT, Planned::Known),
            accepts_sms_marketing: self.sms_consent.map_or(OPEN_SMS_CONSENT, Planned::Known),
            tags: self.sets_tags().then(|| Tags::new(self.version, tags)),
        })
    }

    /// Whether the planned update has places that only the look-up fills.
    pub(super) fn has_open_places(&self) -> bool {
        self.email_consent.is_none()
            || self.sms_consent.is_none()
            || (self.policy == TagPolicy::Union && !self.tags.is_empty())
    }

    /// The planned update with its open places filled in.
    pub(super) fn filled_update<'a>(&'a self, found: &'a CustomerRecord) -> Option<PlannedUpdate<'a>> {
        let mut update = self.planned_update()?;
        let shown = |consent: Option<bool>, found: Option<bool>| Planned::Known(consent.or(found).unwrap_or(false));
        update.accepts_marketing = shown(self.email_consent, found.accepts_marketing);
        update.accepts_sms_marketing = shown(self.sms_consent, found.accepts_sms_marketing);
        update.tags = self.sets_tags().then(|| Tags::new(self.version, self.tags_over(found)));
        Some(update)
    }

    /// The tags that an update leaves the customer with.
    fn tags_over<'a>(&'a self, found: &'a CustomerRecord) -> Vec<&'a str> {
        let keeps = self.policy == TagPolicy::Union && !self.tags.is_empty();
        let theirs = found.tags.iter().flatten().map(String::as_str).filter(|_| keeps);
        // In a joined string a tag of theirs cannot hold a comma; in an array it can, and stays whole.
        let mut all: Vec<&str> = theirs.collect();
        all.extend(self.tags.iter().copied().filter(|tag| !keeps || !holds(found, tag)));
        all
    }

    /// Whether the customer at the vendor differs from what an update would leave.
    pub(super) fn differs(&self, found: &CustomerRecord) -> bool {
        let text = |ours: Option<&str>, theirs: &Option<String>| {
            ours.is_some_and(|ours| ours.trim() != theirs.as_deref().unwrap_or_default().trim())
        };
        let consent = |ours: Option<bool>, theirs: Option<bool>| ours.is_some_and(|ours| theirs != Some(ours));
        text(self.first(), &found.first_name)
            || text(self.last(), &found.last_name)
            || consent(self.email_consent, found.accepts_marketing)
            || consent(self.sms_consent, found.accepts_sms_marketing)
            || self.tags_differ(found)
    }

    /// As sets: the order of tags says nothing.
    fn tags_differ(&self, found: &CustomerRecord) -> bool {
        if !self.sets_tags() {
            return false;
        }
        let missing = self.tags.iter().any(|tag| !holds(found, tag));
        let adds_only = self.policy == TagPolicy::Union && !self.tags.is_empty();
        let surplus = || found.tags.iter().flatten().any(|tag| !self.tags.contains(&tag.as_str()));
        missing || (!adds_only && surplus())
    }

    /// Whether a customer holds the contact that a note for found customers is about, so that the note says nothing.
    pub(super) fn is_held(&self, note: &Note, found: &CustomerRecord) -> bool {
        if note.limited_to() != Some(When::IfFound) {
            return false;
        }
        match note.path() {
            FieldPath::Field(Field::Email) => self.email.is_some_and(|email| found.has_email(email)),
            FieldPath::Field(Field::Phone) => self.phone.is_some_and(|phone| found.has_phone(phone.digits())),
            _ => false,
        }
    }
}

fn holds(found: &CustomerRecord, tag: &str) -> bool {
    found.tags.iter().flatten().any(|theirs| theirs == tag)
}
