//! Compares a record with what the vendor holds, and selects what an update writes. Pure.

use super::request::CustomerUpdateInput;
use super::response::CustomerRecord;
use super::to_vendor::Mapped;
use crate::client::identify::Identified;
use crate::customer::{Channel, ConsentField, Field, FieldPath};
use crate::plan::StepCondition;
use crate::plan::note::{Note, NoteAction, NoteReason};

impl Mapped<'_> {
    /// The update, where only the look-up could fill it in; none where it is the planned one.
    pub(super) fn filled_update<'a>(&'a self, found: &'a CustomerRecord) -> Option<CustomerUpdateInput<'a>> {
        let opens = self.is_open(self.email_consent) || self.is_open(self.sms_consent) || self.adds_tags();
        if !opens {
            return None;
        }
        let mut update = self.update(self.tags_over(found));
        if self.is_open(self.email_consent) {
            update.accepts_marketing = Some(found.accepts_marketing.unwrap_or(false));
        }
        if self.is_open(self.sms_consent) {
            update.accepts_sms_marketing = Some(found.accepts_sms_marketing.unwrap_or(false));
        }
        update.tags = update.tags.filter(|_| !self.hides_tags(found));
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
            let detail = "neither the record nor the look-up shows the consent, and without a no it may become a yes";
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
        // In a joined string a tag of theirs cannot hold a comma; in an array it can, and stays whole.
        let mut all: Vec<&str> = tags(found).iter().map(String::as_str).filter(|_| keeps).collect();
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
        let surplus = || tags(found).iter().any(|tag| !self.tags.contains(&tag.as_str()));
        missing || (!self.adds_tags() && surplus())
    }

    /// Whether a customer holds the contact that a note for found customers is about, so that the note says nothing.
    pub(super) fn is_held(&self, note: &Note, found: &CustomerRecord) -> bool {
        if note.condition() != Some(StepCondition::IfFound) {
            return false;
        }
        match note.path() {
            FieldPath::Field(Field::Email) => self.email.is_some_and(|email| found.has_email(email)),
            FieldPath::Field(Field::Phone) => self.phone.is_some_and(|phone| found.has_phone(phone)),
            _ => false,
        }
    }
}

fn tags(found: &CustomerRecord) -> &[String] {
    found.tags.as_deref().unwrap_or_default()
}

fn holds(found: &CustomerRecord, tag: &str) -> bool {
    tags(found).iter().any(|theirs| theirs == tag)
}
