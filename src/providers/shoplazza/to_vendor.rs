//! From the normalized customer to the vendor's requests. Pure.

use std::borrow::Cow;

use super::addresses::{self, MappedAddresses};
use super::matrix as m;
use super::request::{ContactType, CustomerInput, CustomerUpdateInput, Dialect};
use crate::customer::{Channel, ConsentField, ConsentState, E164, Field, FieldPath, text};
use crate::plan::StepCondition;
use crate::plan::mapper::{Mapper, TagLimits};
use crate::plan::note::{Note, NoteAction, NoteReason};

/// What the client's options say about mapping.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Choices {
    pub(super) dialect: Dialect,
    /// An update adds the record's tags to the vendor's.
    pub(super) unites_tags: bool,
    /// An update sends the consents that the record does not know as the look-up showed them.
    pub(super) fills_in_consents: bool,
    /// Of a new customer with both contacts.
    pub(super) contact_type: ContactType,
    /// A new customer is sent with one contact.
    pub(super) sends_one_contact: bool,
}

/// A record as this vendor takes it.
pub(super) struct Mapped<'c> {
    pub(super) email: Option<&'c str>,
    pub(super) phone: Option<E164>,
    first_name: Option<&'c str>,
    last_name: Option<&'c str>,
    /// None: not known.
    pub(super) email_consent: Option<bool>,
    /// None: not known.
    pub(super) sms_consent: Option<bool>,
    pub(super) tags: Vec<&'c str>,
    clear: Vec<Field>,
    pub(super) choices: Choices,
}

/// Maps a customer.
pub(super) fn map<'c>(mapper: &mut Mapper<'c>, choices: Choices) -> (Mapped<'c>, MappedAddresses<'c>) {
    let customer = mapper.customer;
    let email = mapper.email(&m::EMAIL);
    let phone = mapper.e164();
    match (email, phone) {
        (None, None) => {
            mapper.error(Field::Email.as_str(), "an e-mail address or a phone number that can be used is required");
        }
        (Some(_), Some(_)) => {
            // The look-up shows which of the two finds the customer, and what that customer holds.
            let detail = "a customer who is there keeps the contacts that the vendor holds: no update can change them";
            for (field, kind) in [(Field::Email, ContactType::Email), (Field::Phone, ContactType::Phone)] {
                if !choices.sends_one_contact || kind == choices.contact_type {
                    mapper.drop_when(field, StepCondition::IfFound, NoteReason::Unsupported, detail);
                    continue;
                }
                mapper.sent.retain(|path| *path != field.into());
                let detail = "the client is configured to send one contact: this one is only looked for";
                mapper.drop(field, NoteReason::Unsupported, detail);
            }
        }
        _ => {}
    }
    let first_name = mapper.text(&m::FIRST_NAME, text(&customer.first_name));
    let last_name = mapper.text(&m::LAST_NAME, text(&customer.last_name));
    let email_consent = consent(mapper, Channel::Email);
    let sms_consent = consent(mapper, Channel::Sms);
    let refused = (!choices.dialect.is_2025_06_or_newer()).then_some(',');
    let tags = mapper.tags(&TagLimits { refused, ..TagLimits::default() });
    let can = |field| matches!(field, Field::FirstName | Field::LastName | Field::Tags);
    let clear = mapper.clear(can, "the vendor's update does not take this field");
    let addresses = addresses::map(mapper, choices.dialect);
    let mapped = Mapped { email, phone, first_name, last_name, email_consent, sms_consent, tags, clear, choices };
    (mapped, addresses)
}

/// The consent as the vendor's yes or no; none where it is not known. A new customer then gets a no, since the vendor
/// takes silence for a yes.
fn consent(mapper: &mut Mapper<'_>, channel: Channel) -> Option<bool> {
    let Some(known) = mapper.consent(channel) else {
        let detail = "the consent is not known, and without a no the vendor would subscribe the customer";
        let path = FieldPath::Consent(channel, ConsentField::State);
        let note = Note::new(path, NoteAction::Added, NoteReason::Default, detail);
        mapper.notes.push(note.when(StepCondition::IfNotFound));
        return None;
    };
    let narrowed = (known.state == ConsentState::Pending)
        .then_some("the vendor holds a yes or a no: one that is not confirmed yet is a no");
    mapper.claim_consent(channel, &known, narrowed);
    Some(known.state == ConsentState::Subscribed)
}

fn owned<'a>(tags: impl IntoIterator<Item = &'a str>) -> Vec<Cow<'a, str>> {
    tags.into_iter().map(Cow::Borrowed).collect()
}

impl<'c> Mapped<'c> {
    /// The create. A consent that is not known is a no.
    pub(super) fn create<'a>(&'a self, addresses: &MappedAddresses<'a>) -> CustomerInput<'a> {
        let contact_type = match (self.email, self.phone) {
            (Some(_), Some(_)) => self.choices.contact_type,
            (Some(_), None) => ContactType::Email,
            (None, _) => ContactType::Phone,
        };
        let is_sent = |kind| kind == contact_type || !self.choices.sends_one_contact;
        CustomerInput {
            contact_type,
            email: self.email.filter(|_| is_sent(ContactType::Email)).map(Cow::Borrowed),
            phone: self.phone.filter(|_| is_sent(ContactType::Phone)).map(|phone| Cow::Owned(phone.to_string())),
            first_name: self.first_name.map(Cow::Borrowed),
            last_name: self.last_name.map(Cow::Borrowed),
            accepts_marketing: self.email_consent.unwrap_or(false),
            accepts_sms_marketing: self.sms_consent.unwrap_or(false),
            password: None,
            registered_at: None,
            tags: (!self.tags.is_empty()).then(|| owned(self.tags.iter().copied())),
            addresses: addresses.all.iter().map(|address| address.input.clone()).collect(),
        }
    }

    /// The text of a name in an update: empty where it is to be blanked.
    fn name(&self, value: Option<&'c str>, field: Field) -> Option<&'c str> {
        value.or_else(|| self.clear.contains(&field).then_some(""))
    }

    pub(super) fn first(&self) -> Option<&'c str> {
        self.name(self.first_name, Field::FirstName)
    }

    pub(super) fn last(&self) -> Option<&'c str> {
        self.name(self.last_name, Field::LastName)
    }

    pub(super) fn sets_tags(&self) -> bool {
        !self.tags.is_empty() || self.clear.contains(&Field::Tags)
    }

    /// Whether the record's tags are added to the vendor's.
    pub(super) fn adds_tags(&self) -> bool {
        self.choices.unites_tags && !self.tags.is_empty()
    }

    /// Whether a consent has to be taken from the look-up.
    pub(super) fn is_open(&self, consent: Option<bool>) -> bool {
        consent.is_none() && self.choices.fills_in_consents
    }

    /// Whether the record holds something that an update can change.
    pub(super) fn updates(&self) -> bool {
        let known = self.email_consent.is_some() || self.sms_consent.is_some();
        self.first().is_some() || self.last().is_some() || known || self.sets_tags()
    }

    /// The update, with these tags in place of the vendor's.
    pub(super) fn update<'a>(&'a self, tags: impl IntoIterator<Item = &'a str>) -> CustomerUpdateInput<'a> {
        CustomerUpdateInput {
            first_name: self.first().map(Cow::Borrowed),
            last_name: self.last().map(Cow::Borrowed),
            accepts_marketing: self.email_consent,
            accepts_sms_marketing: self.sms_consent,
            tags: self.sets_tags().then(|| owned(tags)),
        }
    }

    /// The update as a plan shows it, and the consents that the look-up fills in. What the vendor takes the absence of a
    /// consent for is unknown: by default one that the record does not know is sent as the look-up showed it.
    pub(super) fn planned_update(&self) -> (CustomerUpdateInput<'_>, Vec<&'static str>) {
        let shown = self.adds_tags().then_some("{tags}");
        let consents = [("accepts_marketing", self.email_consent), ("accepts_sms_marketing", self.sms_consent)];
        let open = consents.into_iter().filter(|(_, consent)| self.is_open(*consent)).map(|(key, _)| key);
        (self.update(shown.into_iter().chain(self.tags.iter().copied())), open.collect())
    }
}
