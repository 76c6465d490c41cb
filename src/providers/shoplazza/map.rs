//! From the normalized customer to the vendor's requests. Pure.

use std::borrow::Cow;

use super::address::{self, MappedAddresses};
use super::matrix as m;
use super::shown::CustomerRecord;
use super::version::{Choices, TagPolicy, UnknownConsent};
use super::wire::{ContactType, NewCustomer, Planned, PlannedUpdate, Tags};
use crate::customer::{Channel, ConsentField, ConsentState, E164, Field, FieldPath, text};
use crate::plan::StepCondition;
use crate::plan::mapper::{Mapper, TagLimits};
use crate::plan::note::{Note, NoteAction, NoteReason};

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
    choices: Choices,
}

/// Maps a customer.
pub(super) fn map<'c>(mapper: &mut Mapper<'c>, choices: Choices) -> (Mapped<'c>, MappedAddresses<'c>) {
    let version = choices.version;
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
            for (field, kind) in [(Field::Email, ContactType::Email), (Field::Phone, ContactType::Phone)] {
                if !choices.one_contact || kind == choices.contact_type {
                    mapper.drop_when(field, StepCondition::IfFound, NoteReason::Unsupported, detail);
                    continue;
                }
                mapper.sent.retain(|path| *path != field.into());
                let detail = "the client is told to send one contact: this one is only looked for";
                mapper.drop(field, NoteReason::Unsupported, detail);
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
    let mapped = Mapped { email, phone, first_name, last_name, email_consent, sms_consent, tags, clear, choices };
    (mapped, addresses)
}

/// The consent as the vendor's yes or no; none where it is not known. A new customer then gets a no, since the vendor
/// takes silence for a yes.
fn consent(mapper: &mut Mapper<'_>, channel: Channel) -> Option<bool> {
    let Some(known) = mapper.consent(channel) else {
        let detail = "the consent is not known, and without a no the vendor would subscribe the person";
        let path = FieldPath::Consent(channel, ConsentField::State);
        mapper
            .notes
            .push(Note::new(path, NoteAction::Added, NoteReason::Default, detail).when(StepCondition::IfNotFound));
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
        let contact_type = match (self.email, self.phone) {
            (Some(_), Some(_)) => self.choices.contact_type,
            (Some(_), None) => ContactType::Email,
            (None, _) => ContactType::Phone,
        };
        let goes = |kind| kind == contact_type || !self.choices.one_contact;
        NewCustomer {
            contact_type,
            email: self.email.filter(|_| goes(ContactType::Email)).map(Cow::Borrowed),
            phone: self.phone.filter(|_| goes(ContactType::Phone)).map(|phone| Cow::Owned(phone.to_string())),
            first_name: self.first_name.map(Cow::Borrowed),
            last_name: self.last_name.map(Cow::Borrowed),
            accepts_marketing: self.email_consent.unwrap_or(false),
            accepts_sms_marketing: self.sms_consent.unwrap_or(false),
            password: None,
            registered_at: None,
            tags: (!self.tags.is_empty()).then(|| self.tags.iter().copied().map(Cow::Borrowed).collect()),
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

    /// Whether the record's tags are added to the vendor's.
    fn adds_tags(&self) -> bool {
        self.choices.tags == TagPolicy::Union && !self.tags.is_empty()
    }

    /// Whether a consent has to be taken from the look-up.
    fn is_open(&self, consent: Option<bool>) -> bool {
        consent.is_none() && self.choices.unknown_consent == UnknownConsent::AsShown
    }

    /// The update as it stands in a plan; none where the record holds nothing that an update can change. What the vendor
    /// takes the absence of a consent for is unknown: unless the client is told otherwise, one that the record does not
    /// know is what the look-up showed.
    pub(super) fn planned_update(&self) -> Option<PlannedUpdate<'_>> {
        let known = self.email_consent.is_some() || self.sms_consent.is_some();
        if self.first().is_none() && self.last().is_none() && !known && !self.sets_tags() {
            return None;
        }
        let shown = self.adds_tags().then_some(OPEN_TAGS);
        let tags = shown.into_iter().chain(self.tags.iter().copied());
        let consent = |known: Option<bool>, open| match known {
            Some(known) => Some(Planned::Known(known)),
            None => self.is_open(known).then_some(open),
        };
        Some(PlannedUpdate {
            first_name: self.first(),
            last_name: self.last(),
            accepts_marketing: consent(self.email_consent, OPEN_EMAIL_CONSENT),
            accepts_sms_marketing: consent(self.sms_consent, OPEN_SMS_CONSENT),
            tags: self.sets_tags().then(|| Tags::new(self.choices.version, tags)),
        })
    }

    /// Whether the planned update has places that only the look-up fills.
    pub(super) fn has_open_places(&self) -> bool {
        self.is_open(self.email_consent) || self.is_open(self.sms_consent) || self.adds_tags()
    }

    /// The planned update with its open places filled in.
    pub(super) fn filled_update<'a>(&'a self, found: &'a CustomerRecord) -> Option<PlannedUpdate<'a>> {
        let mut update = self.planned_update()?;
        let shown = |found: Option<bool>| Some(Planned::Known(found.unwrap_or(false)));
        if self.is_open(self.email_consent) {
            update.accepts_marketing = shown(found.accepts_marketing);
        }
        if self.is_open(self.sms_consent) {
            update.accepts_sms_marketing = shown(found.accepts_sms_marketing);
        }
        let tags = self.sets_tags() && !self.hides_tags(found);
        update.tags = tags.then(|| Tags::new(self.choices.version, self.tags_over(found)));
        Some(update)
    }

    /// Whether the look-up does not show the tags that the record's would be added to: what replaced them would be lost.
    fn hides_tags(&self, found: &CustomerRecord) -> bool {
        self.adds_tags() && found.tags.is_none()
    }

    /// What filling in an update did to fields of the record, or beside them.
    pub(super) fn notes_of_update(&self, found: &CustomerRecord) -> Vec<Note> {
        let consents = [
            (Channel::Email, self.email_consent, found.accepts_marketing),
            (Channel::Sms, self.sms_consent, found.accepts_sms_marketing),
        ];
        let unknown = consents.into_iter().filter(|(_, ours, theirs)| self.is_open(*ours) && theirs.is_none());
        let note = |(channel, _, _)| {
            let detail = "neither the record nor the look-up tells the consent, and without a no it may become a yes";
            Note::new(FieldPath::Consent(channel, ConsentField::State), NoteAction::Added, NoteReason::Default, detail)
        };
        unknown.map(note).collect()
    }

    /// The loss of the tags, where there is nothing to add them to.
    pub(super) fn lost_tags(&self, found: &CustomerRecord) -> Option<Note> {
        let detail = "the look-up does not show the customer's tags, and to add to them unseen would replace them";
        let note = || Note::new(FieldPath::Field(Field::Tags), NoteAction::Dropped, NoteReason::Incomplete, detail);
        self.hides_tags(found).then(note)
    }

    /// The tags that an update leaves the customer with.
    fn tags_over<'a>(&'a self, found: &'a CustomerRecord) -> Vec<&'a str> {
        let keeps = self.adds_tags();
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
        if !self.sets_tags() || self.hides_tags(found) {
            return false;
        }
        let missing = self.tags.iter().any(|tag| !holds(found, tag));
        let adds_only = self.adds_tags();
        let surplus = || found.tags.iter().flatten().any(|tag| !self.tags.contains(&tag.as_str()));
        missing || (!adds_only && surplus())
    }

    /// Whether a customer holds the contact that a note for found customers is about, so that the note says nothing.
    pub(super) fn is_held(&self, note: &Note, found: &CustomerRecord) -> bool {
        if note.condition() != Some(StepCondition::IfFound) {
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
