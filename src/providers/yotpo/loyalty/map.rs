//! From the normalized customer to the vendor's record. Pure.

use std::borrow::Cow;

use super::super::map::time;
use super::matrix as m;
use super::wire::{CustomerRecord, OptedIn};
use crate::customer::{
    AccountState, AddressField, Channel, ConsentField, ConsentState, Customer, Field, FieldPath, PhoneError, country,
    is_blank, text,
};
use crate::plan::StepCondition;
use crate::plan::mapper::{Mapper, TagLimits, email_rule, phone_rule};
use crate::plan::note::{Note, NoteAction, NoteReason};

/// What says whether a person is a member of the loyalty programme.
///
/// The vendor's `opted_in` is the consent to the programme, not to marketing (documented).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgramConsent {
    /// Nothing in a record does. Who is there stays what they are, for which they are looked up; who is new gets an
    /// explicit no, since silence could enrol them.
    #[default]
    Unknown,
    /// The consent to marketing on this channel, which the shop asks for together with membership. A yes is a yes, every
    /// other state a no; an unknown one is as [`Unknown`](Self::Unknown).
    Marketing(Channel),
    /// The account's own setting: `opted_in` is left out. Only for a shop whose setting is what its customers agreed to.
    AccountSetting,
}

const AS_HELD: &str = "the consent to the programme is not known, and without a no the account's setting could enrol \
                       the person; who is there stays what the vendor shows";
const BESIDE: &str = "the vendor takes a yes or a no, and when it was given";

/// Maps a customer. Without a usable e-mail address there is no record, and the mapper holds the errors.
pub(super) fn map<'c>(mapper: &mut Mapper<'c>, consent: ProgramConsent) -> Option<CustomerRecord<'c>> {
    let customer = mapper.customer;
    let id = mapper.identifier(&m::EXTERNAL_ID, text(&customer.external_id)).map(Cow::Borrowed);
    let email = mapper.email(&m::EMAIL);
    if email.is_none() {
        refuse(mapper);
    }
    let mut record = CustomerRecord::new(email.unwrap_or_default());
    record.id = id;
    record.first_name = mapper.text(&m::FIRST_NAME, text(&customer.first_name)).map(Cow::Borrowed);
    record.last_name = mapper.text(&m::LAST_NAME, text(&customer.last_name)).map(Cow::Borrowed);
    phone(&mut record, mapper);
    record.has_account = account(mapper);
    record.platform_account_created_at = time(mapper, Field::CreatedAt, customer.created_at);
    let tags = mapper.tags(&TagLimits { refused: Some(','), ..TagLimits::default() });
    record.tags = (!tags.is_empty()).then(|| Cow::Owned(tags.join(",")));
    membership(&mut record, mapper, consent);
    addresses(mapper);
    mapper.clear(|_| false, "how the vendor would blank a field is unknown");
    email.map(|_| record)
}

/// Says why the e-mail address is none.
fn refuse(mapper: &mut Mapper<'_>) {
    let email = mapper.customer.email.as_ref().filter(|email| !is_blank(email.as_str()));
    let rule = match email.map(|email| email.usable()) {
        Some(Err(problem)) => email_rule(problem),
        _ => "the vendor's loyalty customers need an email",
    };
    mapper.error(Field::Email.as_str(), rule);
}

/// The number in its international form; a national one with the country of the main address.
fn phone<'c>(record: &mut CustomerRecord<'c>, mapper: &mut Mapper<'c>) {
    let customer = mapper.customer;
    let Some(phone) = customer.phone.as_ref().filter(|phone| !is_blank(phone.as_str())) else { return };
    let problem = match phone.e164() {
        Ok(number) => {
            mapper.sent(Field::Phone);
            record.phone_number = Some(Cow::Owned(number.to_string()));
            return;
        }
        Err(problem) => problem,
    };
    match (problem, phone.dialable(), home(customer)) {
        (PhoneError::National, Ok(number), Some(country)) => {
            mapper.sent(Field::Phone);
            let detail = "country_iso_code is that of the main address: the number names no country";
            mapper.added(Field::Phone, NoteReason::Derived, detail);
            record.phone_number = Some(Cow::Borrowed(number));
            record.country_iso_code = Some(Cow::Borrowed(country));
        }
        _ => mapper.drop(Field::Phone, NoteReason::Invalid, phone_rule(problem)),
    }
}

/// The country of the main address.
fn home(customer: &Customer) -> Option<&'static str> {
    let address = customer.addresses.get(customer.main_address()?)?;
    let code = address.text(AddressField::CountryCode).and_then(country::alpha2);
    code.or_else(|| address.text(AddressField::Country).and_then(country::by_name).map(|country| country.code))
}

/// Whether the person has an account with the shop.
fn account(mapper: &mut Mapper<'_>) -> Option<bool> {
    match mapper.customer.account_state? {
        AccountState::Enabled => {
            mapper.sent(Field::AccountState);
            Some(true)
        }
        AccountState::Disabled => {
            let detail = "the vendor knows whether there is an account, and not that it is switched off";
            mapper.drop(Field::AccountState, NoteReason::Unsupported, detail);
            None
        }
        AccountState::Invited | AccountState::Declined => {
            mapper.changed(Field::AccountState, "the vendor knows that there is no account, and not why");
            Some(false)
        }
    }
}

/// Whether the person is a member: never a yes that nobody gave.
fn membership(record: &mut CustomerRecord<'_>, mapper: &mut Mapper<'_>, consent: ProgramConsent) {
    let channel = match consent {
        ProgramConsent::AccountSetting => return,
        ProgramConsent::Unknown => None,
        ProgramConsent::Marketing(channel) => Some(channel),
    };
    if let Some(channel) = channel {
        // The matrix drops it; here it is wanted.
        mapper.notes.retain(|note| *note.path() != FieldPath::Field(channel.field()));
    }
    let Some((channel, mut known)) = channel.and_then(|channel| Some((channel, mapper.consent(channel)?))) else {
        record.opted_in = OptedIn::AS_HELD;
        let field = channel.unwrap_or(Channel::Email).field();
        let note = Note::new(field.into(), NoteAction::Added, NoteReason::Default, AS_HELD);
        mapper.notes.push(note.when(StepCondition::IfNotFound));
        return;
    };
    let mut beside = |field: ConsentField, set: bool, reason: NoteReason, detail: &'static str| {
        if set {
            mapper.drop(FieldPath::Consent(channel, field), reason, detail);
        }
    };
    beside(ConsentField::OptInLevel, known.level.is_some(), NoteReason::Unsupported, BESIDE);
    beside(ConsentField::Source, known.source.is_some(), NoteReason::Unsupported, BESIDE);
    let yes = known.state == ConsentState::Subscribed;
    if !yes {
        let detail = "the vendor takes the time of a yes, and of nothing else";
        beside(ConsentField::UpdatedAt, known.updated_at.is_some(), NoteReason::Consent, detail);
        known.updated_at = None;
    }
    let at = known.updated_at.copied();
    let narrowed = (known.state == ConsentState::Pending).then_some("the vendor has no open consent: sent as a no");
    mapper.claim_consent(channel, &known, narrowed);
    record.opted_in = OptedIn::of(yes);
    record.opted_in_at = joined(mapper, channel, at);
}

/// When the person became a member, in whole seconds.
fn joined(
    mapper: &mut Mapper<'_>,
    channel: Channel,
    at: Option<chrono::DateTime<chrono::FixedOffset>>,
) -> Option<chrono::DateTime<chrono::FixedOffset>> {
    use chrono::{Datelike, Timelike};
    let at = at?;
    let path = FieldPath::Consent(channel, ConsentField::UpdatedAt);
    if !(0..=9999).contains(&at.to_utc().year()) {
        mapper.drop(path, NoteReason::Invalid, "its year has not four digits");
        return None;
    }
    if at.nanosecond() % 1_000_000_000 != 0 {
        mapper.changed(path, "the vendor takes whole seconds");
    }
    Some(at)
}

/// Drops every address.
fn addresses(mapper: &mut Mapper<'_>) {
    for (index, address) in (0u32..).zip(&mapper.customer.addresses) {
        if address.default || !address.is_empty() {
            mapper.drop(FieldPath::Address(index), NoteReason::Unsupported, "the loyalty customer has no address");
        }
    }
}
