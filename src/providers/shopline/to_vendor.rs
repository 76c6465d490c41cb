//! From the normalized customer to what is sent. Pure.

use std::borrow::Cow;

use chrono::Datelike;

use super::addresses::{self, MappedAddress};
use super::matrix as m;
use super::request::options::Blanking;
use super::request::{ConsentInput, CustomerInput, InternationalPhone};
use crate::customer::{
    Channel, ConsentField, ConsentState, Customer, E164, Field, FieldPath, Gender, OptInLevel, is_blank, text,
};
use crate::plan::StepCondition;
use crate::plan::mapper::{Cut, KnownConsent, Mapper, TagLimits, cut, email_rule, phone_rule};
use crate::plan::note::{Note, NoteAction, NoteReason};

/// Tags of one customer (documented).
const TAGS_MAX: u16 = 100;

/// A record in the vendor's terms.
pub(super) struct Mapped<'c> {
    /// Without addresses.
    pub(super) fields: CustomerInput<'c>,
    pub(super) addresses: Vec<MappedAddress<'c>>,
    /// To be blanked by an update.
    pub(super) cleared: Vec<Field>,
    pub(super) email: Option<&'c str>,
    pub(super) phone: Option<E164>,
}

/// Maps a customer. `create` is the condition of the step that creates.
pub(super) fn map<'c>(mapper: &mut Mapper<'c>, blanking: Blanking, create: StepCondition) -> Mapped<'c> {
    let customer = mapper.customer;
    let email = mapper.email(&m::EMAIL);
    let phone = mapper.e164();
    if email.is_none() && phone.is_none() {
        refuse(mapper);
    }
    let mut fields = CustomerInput {
        email: email.map(Cow::Borrowed),
        phone: phone.map(InternationalPhone),
        first_name: mapper.text(&m::FIRST_NAME, text(&customer.first_name)).map(Cow::Borrowed),
        last_name: mapper.text(&m::LAST_NAME, text(&customer.last_name)).map(Cow::Borrowed),
        note: mapper.text(&m::NOTE, text(&customer.note)).map(Cow::Borrowed),
        ..CustomerInput::default()
    };
    scalars(&mut fields, mapper, customer, email.is_some());
    fields.tags = tags(mapper);
    fields.email_marketing_consent = email_consent(mapper, email.is_some());
    fields.sms_marketing_consent = sms_consent(mapper);
    let addresses = addresses::map(mapper, create);
    let is_text = |field| matches!(field, Field::FirstName | Field::LastName | Field::Note | Field::Tags);
    let can = |field| field == Field::Gender || (is_text(field) && blanking != Blanking::Never);
    let cleared = mapper.clear(can, "the vendor has no way to blank this field, or none that is to be used");
    Mapped { fields, addresses, cleared, email, phone }
}

impl Mapped<'_> {
    /// The fields of a create, with the addresses.
    pub(super) fn for_create(&self) -> CustomerInput<'_> {
        let addresses = self.addresses.iter().filter_map(MappedAddress::embedded).collect();
        CustomerInput { addresses, ..self.fields.clone() }
    }

    /// The fields of an update, with `tags` in place of the record's where they are given: addresses have routes of their
    /// own. What is to be cleared is sent empty, or named in the second part, to be sent as null.
    pub(super) fn for_update<'a>(
        &'a self,
        blanking: Blanking,
        tags: Option<&'a str>,
    ) -> (CustomerInput<'a>, Vec<&'static str>) {
        let mut fields: CustomerInput<'a> = self.fields.clone();
        fields.tags = tags.map(Cow::Borrowed).or(fields.tags);
        let mut nulls = Vec::new();
        for field in &self.cleared {
            let (key, text) = match field {
                Field::FirstName => ("first_name", &mut fields.first_name),
                Field::LastName => ("last_name", &mut fields.last_name),
                Field::Note => ("note", &mut fields.note),
                Field::Tags => ("tags", &mut fields.tags),
                Field::Gender => {
                    fields.gender = Some(0);
                    continue;
                }
                _ => continue,
            };
            match blanking {
                Blanking::EmptyString => *text = Some(Cow::Borrowed("")),
                Blanking::Null => nulls.push(key),
                Blanking::Never => {}
            }
        }
        (fields, nulls)
    }
}

/// The name that a plan shows for the tags that the look-up will bring.
pub(super) const OPEN_TAGS: &str = "{tags}";

/// The customer's tags at the vendor and the record's, within the vendor's limits, with a note where not all of the
/// record's fit.
pub(super) fn united_tags(theirs: Option<&str>, ours: &str) -> (String, Option<Note>) {
    let mut all: Vec<&str> = Vec::new();
    let mut length = 0;
    let mut left_out = false;
    let their_tags = theirs.unwrap_or_default().split(',').map(|tag| (tag, true));
    for (tag, is_theirs) in their_tags.chain(ours.split(',').map(|tag| (tag, false))) {
        let tag = tag.trim();
        if tag.is_empty() || all.contains(&tag) {
            continue;
        }
        let grown = length + tag.chars().count() + usize::from(!all.is_empty());
        // What the vendor holds is sent back whole: it fitted there.
        if !is_theirs && (all.len() >= usize::from(TAGS_MAX) || grown > usize::from(m::TAGS.max)) {
            left_out = true;
            continue;
        }
        length = grown;
        all.push(tag);
    }
    let detail = "with the tags that the customer has at the vendor, not all fit: the last ones were left out";
    let note =
        left_out.then(|| Note::new(FieldPath::Field(Field::Tags), NoteAction::Changed, NoteReason::TooMany, detail));
    (all.join(","), note)
}

/// Refuses a record without a usable e-mail address or phone number, by which alone a customer is found.
fn refuse(mapper: &mut Mapper<'_>) {
    let customer = mapper.customer;
    let mut refused = false;
    if let Some(email) = customer.email.as_ref().filter(|email| !is_blank(email.as_str())) {
        let long = "is longer than 50 characters, and there is no usable phone number";
        mapper.error(Field::Email.as_str(), email.usable().err().map_or(long, email_rule));
        refused = true;
    }
    if let Some(Err(problem)) = customer.phone.as_ref().filter(|p| !is_blank(p.as_str())).map(|p| p.e164()) {
        mapper.error(Field::Phone.as_str(), phone_rule(problem));
        refused = true;
    }
    if !refused {
        mapper.error(Field::Email.as_str(), "an e-mail address or a phone number is required");
    }
}

fn scalars(fields: &mut CustomerInput<'_>, mapper: &mut Mapper<'_>, customer: &Customer, has_email: bool) {
    if let Some(date) = customer.birthday {
        if (0..=9999).contains(&date.year()) {
            mapper.sent(Field::Birthday);
            fields.birthday = Some(date);
        } else {
            mapper.drop(Field::Birthday, NoteReason::Invalid, "the vendor's dates have four digits for the year");
        }
    }
    if let Some(gender) = customer.gender {
        fields.gender = Some(match gender {
            Gender::Male => 1,
            Gender::Female => 2,
            Gender::Undisclosed => 3,
            Gender::Other => 0,
        });
        if gender == Gender::Other {
            mapper.changed(Field::Gender, "the vendor has no such gender: sent as unknown");
        } else {
            mapper.sent(Field::Gender);
        }
    }
    if let Some(verified) = customer.email_verified {
        if has_email {
            mapper.sent(Field::EmailVerified);
            fields.verified_email = Some(verified);
        } else {
            // An update that finds the customer by phone could otherwise speak of another address.
            mapper.drop(
                Field::EmailVerified,
                NoteReason::Incomplete,
                "there is no e-mail address that it could be about",
            );
        }
    }
}

fn tags<'c>(mapper: &mut Mapper<'c>) -> Option<Cow<'c, str>> {
    let limits = TagLimits { refused: Some(','), max_each: 128, max_count: TAGS_MAX, max_total: m::TAGS.max };
    let tags = mapper.tags(&limits);
    match tags.as_slice() {
        [] => None,
        [one] => Some(Cow::Borrowed(one)),
        several => Some(Cow::Owned(several.join(","))),
    }
}

fn email_consent<'c>(mapper: &mut Mapper<'c>, has_email: bool) -> Option<ConsentInput<'c>> {
    if !has_email {
        if mapper.customer.email_marketing.as_ref().is_some_and(|consent| !consent.is_empty()) {
            let detail = "the vendor holds an e-mail consent only beside an e-mail address";
            mapper.drop(Field::EmailMarketing, NoteReason::Incomplete, detail);
        }
        return None;
    }
    let known = mapper.consent(Channel::Email)?;
    mapper.claim_consent(Channel::Email, &known, None);
    let state = match known.state {
        ConsentState::Unsubscribed => 0,
        ConsentState::Subscribed => 1,
        ConsentState::NotSubscribed => 2,
        ConsentState::Pending => 3,
    };
    let assumed = "left out, the vendor would assume a single or confirmed opt-in, by a setting of the store";
    Some(consent(mapper, Channel::Email, &known, state, assumed))
}

fn sms_consent<'c>(mapper: &mut Mapper<'c>) -> Option<ConsentInput<'c>> {
    let known = mapper.consent(Channel::Sms)?;
    let pending = "the vendor takes no open SMS consent: sent as not subscribed";
    let narrowed = (known.state == ConsentState::Pending).then_some(pending);
    mapper.claim_consent(Channel::Sms, &known, narrowed);
    let state = match known.state {
        ConsentState::Unsubscribed => 0,
        ConsentState::Subscribed => 1,
        ConsentState::NotSubscribed | ConsentState::Pending => 2,
    };
    let assumed = "what the vendor would assume of a yes without a level is unknown";
    Some(consent(mapper, Channel::Sms, &known, state, assumed))
}

/// The vendor's object. A yes always has a level, so that the vendor assumes none.
fn consent<'c>(
    mapper: &mut Mapper<'c>,
    channel: Channel,
    known: &KnownConsent<'c>,
    state: u8,
    assumed: &'static str,
) -> ConsentInput<'c> {
    let mut consent = ConsentInput::new(state);
    consent.opt_in_level = known.level.map(|level| match level {
        OptInLevel::Unknown => 0,
        OptInLevel::Single => 1,
        OptInLevel::Confirmed => 2,
    });
    if known.state == ConsentState::Subscribed && consent.opt_in_level.is_none() {
        consent.opt_in_level = Some(0);
        mapper.added(FieldPath::Consent(channel, ConsentField::OptInLevel), NoteReason::Default, assumed);
    }
    consent.consent_collected_from = known.source.and_then(|source| {
        let path = FieldPath::Consent(channel, ConsentField::Source);
        match cut(source, m::SOURCE_MAX) {
            Cut::Fits => Some(Cow::Borrowed(source)),
            cut => mapper.note_cut(path, cut).map(Cow::Borrowed),
        }
    });
    consent.consent_updated_at = known.updated_at.copied();
    consent
}

/// The record's own e-mail address, also one that is too long for the vendor.
pub(super) fn known_email(customer: &Customer) -> Option<&str> {
    customer.email.as_ref().and_then(|email| email.usable().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_united_within_the_limits() {
        let united = |theirs, ours| {
            let (tags, note) = united_tags(theirs, ours);
            (tags, note.is_some())
        };
        assert_eq!(united(Some("gold, vip,,"), "vip,new"), ("gold,vip,new".to_owned(), false));
        assert_eq!(united(None, "vip"), ("vip".to_owned(), false));
        let many = (0..99).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(united(Some(&many), "a,b").0.split(',').count(), 100);
        assert!(united(Some(&many), "a,b").1 && !united(Some(&many), "a").1);
        let long = "x".repeat(999);
        assert_eq!(united(Some(&long), "a"), (long.clone(), true));
        assert_eq!(united(Some(&long[1..]), "a").0.len(), 1000);
        // More than the limit at the vendor: nothing of it is taken away.
        let beyond = "y".repeat(1100);
        assert_eq!(united(Some(&beyond), ""), (beyond.clone(), false));
    }
}
