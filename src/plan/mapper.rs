//! The bookkeeping of a mapping: each field is claimed once, as sent or in a note.

use unicode_segmentation::UnicodeSegmentation;

use crate::customer::{
    Address, AddressField, Channel, Consent, ConsentField, ConsentState, Customer, E164, Field, FieldPath, OptInLevel,
    country, is_blank,
};
use crate::error::{Error, FieldError};
use crate::plan::StepCondition;
use crate::plan::matrix::{FieldKey, FieldMatrix, FieldRule, Treatment};
use crate::plan::note::{Note, NoteAction, NoteReason};
use crate::sink::{OnLoss, UpsertOptions};

/// Collects what a mapping sends, what it notes, and what is wrong with the record.
///
/// Every set place of the record has to be claimed once: as [`sent`](Self::sent), or by one of the notes. What the
/// provider's matrix drops is noted by [`new`](Self::new) and the address's [`unsupported`](AddressMapper::unsupported).
#[derive(Debug)]
pub struct Mapper<'c> {
    /// The record.
    pub customer: &'c Customer,
    matrix: &'static FieldMatrix,
    pub(crate) sent: Vec<FieldPath>,
    pub(crate) notes: Vec<Note>,
    pub(crate) errors: Vec<FieldError>,
}

/// A consent that may be sent: its state is known.
#[derive(Clone, Copy, Debug)]
pub struct KnownConsent<'c> {
    /// Yes, no, never asked, or open.
    pub state: ConsentState,
    /// Only of a yes.
    pub level: Option<OptInLevel>,
    /// Only of a yes.
    pub source: Option<&'c str>,
    /// When it last changed.
    pub updated_at: Option<&'c chrono::DateTime<chrono::FixedOffset>>,
}

impl<'c> Mapper<'c> {
    /// Starts, and notes every set field that the provider never sends.
    #[must_use]
    pub fn new(customer: &'c Customer, matrix: &'static FieldMatrix) -> Self {
        let mut mapper = Self { customer, matrix, sent: Vec::with_capacity(24), notes: Vec::new(), errors: Vec::new() };
        let dropped = customer.set_fields().and(matrix.dropped());
        if !dropped.is_empty() {
            mapper.notes.reserve(8);
            for rule in matrix.rules() {
                if let (FieldKey::Top(field), Treatment::Dropped(reason)) = (rule.field, rule.treatment)
                    && dropped.contains(field)
                    && field != Field::Clear
                {
                    mapper.drop(field, reason, rule.note);
                }
            }
        }
        mapper
    }

    /// Claims a place as sent, with its meaning whole.
    pub fn sent(&mut self, path: impl Into<FieldPath>) {
        self.sent.push(path.into());
    }

    /// Claims a place by a note.
    pub fn note(&mut self, path: impl Into<FieldPath>, action: NoteAction, reason: NoteReason, detail: &'static str) {
        self.notes.push(Note::new(path.into(), action, reason, detail));
    }

    /// Claims a place as not sent.
    pub fn drop(&mut self, path: impl Into<FieldPath>, reason: NoteReason, detail: &'static str) {
        self.note(path, NoteAction::Dropped, reason, detail);
    }

    /// Drops a field for the reason that the matrix gives.
    fn drop_by_rule(&mut self, path: FieldPath, key: FieldKey) {
        if let Some(FieldRule { treatment: Treatment::Dropped(reason), note, .. }) = self.matrix.rule(key) {
            self.drop(path, *reason, note);
        }
    }

    /// Claims a place as sent with a narrower meaning.
    pub fn changed(&mut self, path: impl Into<FieldPath>, detail: &'static str) {
        self.note(path, NoteAction::Changed, NoteReason::Narrowed, detail);
    }

    /// Notes a value that the mapping had to send, or derived.
    pub fn added(&mut self, path: impl Into<FieldPath>, reason: NoteReason, detail: &'static str) {
        self.note(path, NoteAction::Added, reason, detail);
    }

    /// Adds a note that holds for some steps only, on a field that other steps send.
    pub fn drop_when(
        &mut self,
        path: impl Into<FieldPath>,
        when: StepCondition,
        reason: NoteReason,
        detail: &'static str,
    ) {
        self.notes.push(Note::new(path.into(), NoteAction::Dropped, reason, detail).when(when));
    }

    /// Records that the record cannot be sent, because of this field.
    pub fn error(&mut self, field: impl Into<String>, message: &'static str) {
        self.errors.push(FieldError::new(field, message));
    }

    /// A text, cut to the rule's limit.
    pub fn text(&mut self, rule: &FieldRule, value: Option<&'c str>) -> Option<&'c str> {
        let FieldKey::Top(field) = rule.field else { return None };
        let value = value?;
        match cut(value, rule.max) {
            Cut::Fits => {
                self.sent.push(FieldPath::Field(field));
                Some(value)
            }
            cut => self.note_cut(FieldPath::Field(field), cut),
        }
    }

    pub(crate) fn note_cut(&mut self, path: FieldPath, cut: Cut<'c>) -> Option<&'c str> {
        match cut {
            Cut::Fits => None,
            Cut::To(text, before, after) => {
                self.notes.push(Note::truncated(path, before, after));
                Some(text)
            }
            Cut::Impossible => {
                self.drop(path, NoteReason::TooLong, "its first character alone is longer than the vendor's limit");
                None
            }
        }
    }

    /// An identifier, which is never cut: over the limit it is dropped.
    pub fn identifier(&mut self, rule: &FieldRule, value: Option<&'c str>) -> Option<&'c str> {
        let FieldKey::Top(field) = rule.field else { return None };
        let value = value?;
        if exceeds(value, rule.max) {
            self.drop(field, NoteReason::TooLong, "longer than the vendor's limit, and an identifier is never cut");
            return None;
        }
        self.sent.push(FieldPath::Field(field));
        Some(value)
    }

    /// The e-mail address, trimmed, where it can be used and fits.
    pub fn email(&mut self, rule: &FieldRule) -> Option<&'c str> {
        let email = self.customer.email.as_ref().filter(|email| !is_blank(email.as_str()))?;
        match email.usable() {
            Ok(text) => self.identifier(rule, Some(text)),
            Err(problem) => {
                self.drop(Field::Email, NoteReason::Invalid, email_rule(problem));
                None
            }
        }
    }

    /// The phone number in its international form, where it has one.
    pub fn e164(&mut self) -> Option<E164> {
        let phone = self.customer.phone.as_ref().filter(|phone| !is_blank(phone.as_str()))?;
        match phone.e164() {
            Ok(number) => {
                self.sent(Field::Phone);
                Some(number)
            }
            Err(problem) => {
                self.drop(Field::Phone, NoteReason::Invalid, phone_rule(problem));
                None
            }
        }
    }

    /// The tags that are not blank and not there twice, each cut to `max_each`; `refused` is a mark that none can hold.
    /// Beyond `max_count` tags, or `max_total` characters when joined by one character, the rest is dropped.
    pub fn tags(&mut self, limits: &TagLimits) -> Vec<&'c str> {
        let customer = self.customer;
        let mut tags: Vec<&'c str> = Vec::with_capacity(customer.tags.len());
        let mut total = 0usize;
        let mut any = false;
        for (index, tag) in (0u32..).zip(&customer.tags) {
            let path = FieldPath::Tag(index);
            let tag = tag.trim();
            if tag.is_empty() {
                continue;
            }
            if limits.refused.is_some_and(|mark| tag.contains(mark)) {
                self.drop(
                    path,
                    NoteReason::Invalid,
                    "the vendor separates tags with commas, so that no tag can hold one",
                );
                continue;
            }
            let cut = cut(tag, limits.max_each);
            let kept = match &cut {
                Cut::Fits => tag,
                Cut::To(text, ..) => text.trim_end(),
                Cut::Impossible => {
                    self.note_cut(path, cut);
                    continue;
                }
            };
            if tags.contains(&kept) {
                self.drop(path, NoteReason::Redundant, "stands there already");
                continue;
            }
            if limits.max_count > 0 && tags.len() >= usize::from(limits.max_count) {
                self.drop(path, NoteReason::TooMany, "the vendor takes no more tags");
                continue;
            }
            if limits.max_total > 0 {
                let grown = total + kept.chars().count() + usize::from(!tags.is_empty());
                if grown > usize::from(limits.max_total) {
                    self.drop(path, NoteReason::TooMany, "all tags together would be longer than the vendor's limit");
                    continue;
                }
                total = grown;
            }
            if let Cut::To(_, before, after) = cut {
                self.notes.push(Note::truncated(path, before, after));
            } else {
                any = true;
            }
            tags.push(kept);
        }
        if any {
            self.sent(Field::Tags);
        }
        tags
    }

    /// A consent whose state is known. Without a state, all of it is dropped; level and source of anything but a yes are
    /// dropped, since they could read as one.
    pub fn consent(&mut self, channel: Channel) -> Option<KnownConsent<'c>> {
        let consent: &'c Consent = match channel {
            Channel::Email => self.customer.email_marketing.as_ref()?,
            Channel::Sms => self.customer.sms_marketing.as_ref()?,
        };
        if consent.is_empty() {
            return None;
        }
        let Some(state) = consent.state else {
            self.drop(
                channel.field(),
                NoteReason::Consent,
                "without a state the consent is unknown, and is never sent",
            );
            return None;
        };
        let mut known = KnownConsent {
            state,
            level: consent.opt_in_level,
            source: consent.source_text(),
            updated_at: consent.updated_at.as_ref(),
        };
        for field in [ConsentField::OptInLevel, ConsentField::Source, ConsentField::UpdatedAt] {
            if !consent.is_set(field) {
                continue;
            }
            let path = FieldPath::Consent(channel, field);
            if self.matrix.drops_consent(channel, field) {
                self.drop_by_rule(path, FieldKey::Consent(channel, field));
            } else if state != ConsentState::Subscribed && field != ConsentField::UpdatedAt {
                self.drop(path, NoteReason::Consent, "with a state other than subscribed it could read as a yes");
            } else {
                continue;
            }
            match field {
                ConsentField::OptInLevel => known.level = None,
                ConsentField::Source => known.source = None,
                _ => known.updated_at = None,
            }
        }
        Some(known)
    }

    /// Claims a consent's state and what is left beside it: as sent, or narrowed with this remark.
    pub fn claim_consent(&mut self, channel: Channel, known: &KnownConsent<'_>, narrowed: Option<&'static str>) {
        match narrowed {
            None => self.sent(channel.field()),
            Some(detail) => {
                self.changed(FieldPath::Consent(channel, ConsentField::State), detail);
                if known.updated_at.is_some() {
                    self.sent(FieldPath::Consent(channel, ConsentField::UpdatedAt));
                }
            }
        }
    }

    /// Starts on the address at a position.
    pub fn address(&mut self, index: usize) -> Option<AddressMapper<'_, 'c>> {
        let address = self.customer.addresses.get(index)?;
        let index = u32::try_from(index).ok()?;
        Some(AddressMapper { mapper: self, address, index, any: false })
    }

    /// Drops every address but the one at `kept`, which is the only one that the vendor holds.
    pub fn drop_other_addresses(&mut self, kept: Option<usize>) {
        for (index, address) in self.customer.addresses.iter().enumerate() {
            if Some(index) != kept
                && (address.default || !address.is_empty())
                && let Ok(index) = u32::try_from(index)
            {
                self.drop(
                    FieldPath::Address(index),
                    NoteReason::Unsupported,
                    "the vendor holds one address, and takes the default one",
                );
            }
        }
    }

    /// The fields to be blanked that `can` names and that are not set at the same time; the others are noted.
    pub fn clear(&mut self, can: impl Fn(Field) -> bool, cannot: &'static str) -> Vec<Field> {
        let mut cleared = Vec::new();
        if self.customer.clear.is_empty() {
            return cleared;
        }
        let set = self.customer.set_fields();
        for field in &self.customer.clear {
            if set.contains(*field) {
                self.drop(
                    FieldPath::Clear(*field),
                    NoteReason::Redundant,
                    "the field is set at the same time, and the value wins",
                );
            } else if can(*field) {
                self.sent(FieldPath::Clear(*field));
                cleared.push(*field);
            } else {
                self.drop(FieldPath::Clear(*field), NoteReason::Unsupported, cannot);
            }
        }
        cleared
    }

    /// Ends: the places that are sent, and the notes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where something is wrong with the record, or the loss
    /// policy refuses a loss, with every problem at once.
    pub fn finish(self, options: &UpsertOptions) -> Result<(Vec<FieldPath>, Vec<Note>), Error> {
        let mut errors = self.errors;
        if options.on_loss == OnLoss::Fail {
            let lost = self.notes.iter().filter(|note| is_loss(note));
            errors.extend(lost.map(lost_field));
        }
        if errors.is_empty() {
            return Ok((self.sent, self.notes));
        }
        Err(Error::invalid_record(errors).with_provider(self.matrix.provider()).with_operation("plan"))
    }
}

/// A loss that is not accepted, as what is wrong with its field.
pub(crate) fn lost_field(note: &Note) -> FieldError {
    FieldError::new(note.path().to_string(), note.detail())
}

/// Whether a note reports data that does not arrive as given, whatever the vendor holds. What a later step cannot carry is
/// known only when that step is sent.
fn is_loss(note: &Note) -> bool {
    let certain = note.condition().is_none_or(|when| when == StepCondition::Always);
    certain && note.action() != NoteAction::Added && note.reason() != NoteReason::Redundant
}

/// The documented limits of a vendor's tags; 0 where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct TagLimits {
    /// A mark that no tag can hold.
    pub refused: Option<char>,
    /// Unicode code points of one tag.
    pub max_each: u16,
    /// Tags.
    pub max_count: u16,
    /// Unicode code points of all tags joined by one character each.
    pub max_total: u16,
}

/// The bookkeeping of one address. Call [`finish`](Self::finish) or [`refuse`](Self::refuse) at the end; otherwise nothing
/// claims the address.
#[derive(Debug)]
#[must_use]
pub struct AddressMapper<'m, 'c> {
    mapper: &'m mut Mapper<'c>,
    /// The address.
    pub address: &'c Address,
    index: u32,
    any: bool,
}

impl<'c> AddressMapper<'_, 'c> {
    /// The place of a field of this address.
    #[must_use]
    pub fn path(&self, field: AddressField) -> FieldPath {
        FieldPath::AddressField(self.index, field)
    }

    /// A text, cut to the rule's limit.
    pub fn text(&mut self, rule: &FieldRule) -> Option<&'c str> {
        let FieldKey::Address(field) = rule.field else { return None };
        let value = self.address.text(field)?;
        let path = self.path(field);
        let kept = match cut(value, rule.max) {
            Cut::Fits => Some(value),
            cut => self.mapper.note_cut(path, cut),
        };
        self.any |= kept.is_some();
        kept
    }

    /// A code, which is never cut: over the limit it is dropped.
    pub fn code(&mut self, rule: &FieldRule) -> Option<&'c str> {
        let FieldKey::Address(field) = rule.field else { return None };
        let value = self.address.text(field)?.trim();
        if exceeds(value, rule.max) {
            self.drop(field, NoteReason::TooLong, "longer than the vendor's limit, and a code is never cut");
            return None;
        }
        self.any = true;
        Some(value)
    }

    /// The alpha-2 code in upper case, where it is one.
    pub fn country_code(&mut self) -> Option<&'static str> {
        let code = self.address.text(AddressField::CountryCode)?;
        match country::alpha2(code) {
            Some(code) => {
                self.any = true;
                Some(code)
            }
            None => {
                self.drop(AddressField::CountryCode, NoteReason::Invalid, "is no ISO 3166-1 alpha-2 code");
                None
            }
        }
    }

    /// The phone number in its international form, where it has one.
    pub fn e164(&mut self) -> Option<E164> {
        self.address.text(AddressField::Phone)?;
        match self.address.phone.as_ref()?.e164() {
            Ok(number) => {
                self.any = true;
                Some(number)
            }
            Err(problem) => {
                self.drop(AddressField::Phone, NoteReason::Invalid, phone_rule(problem));
                None
            }
        }
    }

    /// The phone number as given, where it can be dialled at least at home.
    pub fn dialable(&mut self) -> Option<&'c str> {
        self.address.text(AddressField::Phone)?;
        match self.address.phone.as_ref()?.dialable() {
            Ok(number) => {
                self.any = true;
                Some(number)
            }
            Err(problem) => {
                self.drop(AddressField::Phone, NoteReason::Invalid, phone_rule(problem));
                None
            }
        }
    }

    /// Notes the set fields that the matrix drops.
    pub fn unsupported(&mut self) {
        let matrix = self.mapper.matrix;
        if !matrix.drops_address_fields() {
            return;
        }
        for field in AddressField::ALL {
            if matrix.drops_address(*field) && self.address.is_set(*field) {
                let path = self.path(*field);
                self.mapper.drop_by_rule(path, FieldKey::Address(*field));
            }
        }
    }

    /// Claims a field of it as not sent.
    pub fn drop(&mut self, field: AddressField, reason: NoteReason, detail: &'static str) {
        let path = self.path(field);
        self.mapper.drop(path, reason, detail);
    }

    /// Adds a note that holds for some steps only, on a field that other steps send.
    pub fn drop_when(&mut self, field: AddressField, when: StepCondition, reason: NoteReason, detail: &'static str) {
        let path = self.path(field);
        self.mapper.drop_when(path, when, reason, detail);
    }

    /// Notes a value that the mapping had to send, or derived.
    pub fn added(&mut self, field: AddressField, reason: NoteReason, detail: &'static str) {
        let path = self.path(field);
        self.mapper.added(path, reason, detail);
    }

    /// Records that a value other than those above is sent.
    pub fn carries(&mut self) {
        self.any = true;
    }

    /// Claims the address: as sent where any of it is, else as dropped. Whether it is sent.
    pub fn finish(self) -> bool {
        let path = FieldPath::Address(self.index);
        if self.any {
            self.mapper.sent(path);
        } else {
            self.mapper.drop(path, NoteReason::Incomplete, "nothing of it can be sent");
        }
        self.any
    }

    /// Drops the whole address, whatever was noted of its parts.
    pub fn refuse(self, reason: NoteReason, detail: &'static str) {
        let index = self.index;
        self.mapper.notes.retain(|note| !matches!(note.path(), FieldPath::AddressField(i, _) if *i == index));
        self.mapper.drop(FieldPath::Address(index), reason, detail);
    }
}

/// Where a text ends that fits a limit.
pub(crate) enum Cut<'c> {
    Fits,
    /// The part that fits, with the lengths before and after.
    To(&'c str, u32, u32),
    /// Not even the first grapheme fits.
    Impossible,
}

/// Whether a text has more than `max` code points; a `max` of 0 is no limit.
pub(crate) fn exceeds(text: &str, max: u16) -> bool {
    let max = usize::from(max);
    // A code point has at least one byte, so that most texts need no count.
    max > 0 && text.len() > max && text.chars().count() > max
}

/// Cuts a text to at most `max` code points, between two graphemes.
pub(crate) fn cut(text: &str, max: u16) -> Cut<'_> {
    if !exceeds(text, max) {
        return Cut::Fits;
    }
    let (mut end, mut after) = (0usize, 0usize);
    for (start, grapheme) in text.grapheme_indices(true) {
        let length = grapheme.chars().count();
        if after + length > usize::from(max) {
            break;
        }
        end = start + grapheme.len();
        after += length;
    }
    let kept = text.get(..end).unwrap_or_default();
    if is_blank(kept) {
        return Cut::Impossible;
    }
    let length = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Cut::To(kept, length(text.chars().count()), length(after))
}

/// The rule that an e-mail address breaks.
pub(crate) fn email_rule(problem: crate::customer::EmailError) -> &'static str {
    use crate::customer::EmailError as E;
    match problem {
        E::At => "an e-mail address needs exactly one @",
        E::Part => "an e-mail address needs a name before the @ and a domain with a dot behind it",
        E::Character => "has a character that no e-mail address can hold",
        E::Long => "an e-mail address has at most 254 bytes",
    }
}

/// The rule that a phone number breaks.
pub(crate) fn phone_rule(problem: crate::customer::PhoneError) -> &'static str {
    use crate::customer::PhoneError as E;
    match problem {
        E::Character => "has a character that is neither a digit nor a separator of phone numbers",
        E::National => "a phone number needs a leading + (or 00) and the country calling code",
        E::Length => "a phone number needs 7 to 15 digits",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_falls_between_graphemes_and_keeps_the_limit() {
        let family = "👨‍👩‍👧";
        let text = format!("ab{family}cd");
        match cut(&text, 4) {
            Cut::To(kept, before, after) => assert_eq!((kept, before, after), ("ab", 9, 2)),
            _ => panic!("has to be cut"),
        }
        assert!(matches!(cut("abcd", 4), Cut::Fits));
        assert!(matches!(cut("éééé", 4), Cut::Fits));
        assert!(matches!(cut(family, 2), Cut::Impossible));
        assert!(matches!(cut("x", 0), Cut::Fits));
    }
}
