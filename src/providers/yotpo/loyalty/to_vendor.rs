//! From the normalized customer to the vendor's input. Pure.

use std::borrow::Cow;

use super::super::to_vendor::{seconds, time};
use super::matrix as m;
use super::request::{CustomerInput, OptedIn};
use crate::customer::{
    AccountState, AddressField, Channel, ConsentField, ConsentState, Customer, Field, FieldPath, PhoneError, country,
    is_blank, text,
};
use crate::plan::StepCondition;
use crate::plan::mapper::{Mapper, TagLimits, email_rule, phone_rule};
use crate::plan::note::{Note, NoteAction, NoteReason};

/// What decides whether a person is a member of the loyalty programme.
///
/// The vendor's `opted_in` is the consent to the programme, not to marketing (documented).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgramConsent {
    /// Nothing in a record does. An existing customer stays what it is, for which it is looked up; a new one gets an
    /// explicit no, since silence could enrol the person.
    #[default]
    Unknown,
    /// The consent to marketing on this channel, which the shop asks for together with membership. A yes is a yes, every
    /// other state a no; an unknown one is as [`Unknown`](Self::Unknown).
    Marketing(Channel),
    /// The account's own setting: `opted_in` is left out. Only for a shop whose setting is what its customers agreed to.
    AccountSetting,
}

const AS_HELD: &str = "the consent to the programme is not known, and without a no the account's setting could enrol \
                       the person; an existing customer stays what the vendor shows";
const BESIDE: &str = "the vendor takes a yes or a no, and when it was given";

/// Maps a customer. Without a usable e-mail address the mapper holds the error, and refuses the input.
pub(super) fn map<'c>(mapper: &mut Mapper<'c>, consent: ProgramConsent) -> CustomerInput<'c> {
    let customer = mapper.customer;
    let id = mapper.identifier(&m::EXTERNAL_ID, text(&customer.external_id)).map(Cow::Borrowed);
    let email = mapper.email(&m::EMAIL);
    if email.is_none() {
        refuse(mapper);
    }
    let mut input = CustomerInput::new(email.unwrap_or_default());
    input.id = id;
    input.first_name = mapper.text(&m::FIRST_NAME, text(&customer.first_name)).map(Cow::Borrowed);
    input.last_name = mapper.text(&m::LAST_NAME, text(&customer.last_name)).map(Cow::Borrowed);
    phone(&mut input, mapper);
    input.has_account = account(mapper);
    input.platform_account_created_at = time(mapper, Field::CreatedAt, customer.created_at);
    let tags = mapper.tags(&TagLimits { refused: Some(','), ..TagLimits::default() });
    input.tags = (!tags.is_empty()).then(|| Cow::Owned(tags.join(",")));
    membership(&mut input, mapper, consent);
    addresses(mapper);
    mapper.clear(|_| false, "how the vendor would blank a field is unknown");
    input
}

/// Reports why the e-mail address cannot be used.
fn refuse(mapper: &mut Mapper<'_>) {
    let email = mapper.customer.email.as_ref().filter(|email| !is_blank(email.as_str()));
    let rule = match email.map(|email| email.usable()) {
        Some(Err(problem)) => email_rule(problem),
        _ => "the vendor's loyalty customers need an email",
    };
    mapper.error(Field::Email.as_str(), rule);
}

/// The number in its international form; a national one with the country of the main address.
fn phone<'c>(input: &mut CustomerInput<'c>, mapper: &mut Mapper<'c>) {
    let customer = mapper.customer;
    let Some(phone) = customer.phone.as_ref().filter(|phone| !is_blank(phone.as_str())) else { return };
    let problem = match phone.e164() {
        Ok(number) => {
            mapper.sent(Field::Phone);
            input.phone_number = Some(Cow::Owned(number.to_string()));
            return;
        }
        Err(problem) => problem,
    };
    match (problem, phone.dialable(), home(customer)) {
        (PhoneError::National, Ok(number), Some(country)) => {
            mapper.sent(Field::Phone);
            let detail = "country_iso_code is that of the main address: the number names no country";
            mapper.added(Field::Phone, NoteReason::Derived, detail);
            input.phone_number = Some(Cow::Borrowed(number));
            input.country_iso_code = Some(Cow::Borrowed(country));
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

/// Whether the person is a member: never a yes that was not given.
fn membership(input: &mut CustomerInput<'_>, mapper: &mut Mapper<'_>, consent: ProgramConsent) {
    let channel = match consent {
        ProgramConsent::AccountSetting => return,
        ProgramConsent::Unknown => None,
        ProgramConsent::Marketing(channel) => Some(channel),
    };
    if let Some(channel) = channel {
        // The matrix drops the consent; here it is wanted.
        mapper.notes.retain(|note| *note.path() != FieldPath::Field(channel.field()));
    }
    let Some((channel, mut known)) = channel.and_then(|channel| Some((channel, mapper.consent(channel)?))) else {
        input.opted_in = OptedIn::AS_HELD;
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
    input.opted_in = OptedIn::of(yes);
    let path = FieldPath::Consent(channel, ConsentField::UpdatedAt);
    input.opted_in_at = at.and_then(|at| seconds(mapper, path, at)).map(|(at, _)| at);
}

/// Drops every address.
fn addresses(mapper: &mut Mapper<'_>) {
    for (index, address) in (0u32..).zip(&mapper.customer.addresses) {
        if address.default || !address.is_empty() {
            mapper.drop(FieldPath::Address(index), NoteReason::Unsupported, "the loyalty customer has no address");
        }
    }
}
