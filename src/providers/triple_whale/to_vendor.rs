//! From the normalized customer to the vendor's input. Pure.

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset, SubsecRound, Utc};

use super::matrix as m;
use super::request::{CustomerInput, MissingCreatedAt, PhoneForm};
use crate::customer::decimal::JsonNumber;
use crate::customer::{
    AccountState, AddressField, Channel, ConsentField, ConsentState, Customer, Field, FieldPath, OptInLevel,
    SubscriptionState, is_blank, text,
};
use crate::plan::mapper::{AddressMapper, Mapper, TagLimits, phone_rule};
use crate::plan::note::NoteReason;

/// What the client's builder decides about a mapping.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MapOptions {
    pub(super) refuse_sms_opt_out: bool,
    pub(super) also_send_orders: bool,
    pub(super) phone_form: PhoneForm,
    pub(super) missing_created_at: MissingCreatedAt,
}

const NEEDS_CREATED_AT: &str =
    "is not known, and the vendor would move it with each update: the option missing_created_at allows that";

/// Maps a customer onto `input`, which holds the key's other parts already. `now` is asked where the options say that it
/// stands for an unknown time of creation.
pub(super) fn map<'c>(
    input: &mut CustomerInput<'c>,
    mapper: &mut Mapper<'c>,
    options: MapOptions,
    now: impl Fn() -> DateTime<Utc>,
) {
    let customer = mapper.customer;
    match mapper.identifier(&m::EXTERNAL_ID, text(&customer.external_id)) {
        Some(id) => input.key.customer_id = Cow::Borrowed(id),
        None => mapper.error(Field::ExternalId.as_str(), "is required: it is the customer's key at the vendor"),
    }
    input.email_address = mapper.email(&m::EMAIL).map(Cow::Borrowed);
    input.phone = phone(mapper, options.phone_form);
    input.first_name = mapper.text(&m::FIRST_NAME, text(&customer.first_name)).map(Cow::Borrowed);
    input.last_name = mapper.text(&m::LAST_NAME, text(&customer.last_name)).map(Cow::Borrowed);
    input.display_name = mapper.text(&m::DISPLAY_NAME, text(&customer.display_name)).map(Cow::Borrowed);
    input.note = mapper.text(&m::NOTE, text(&customer.note)).map(Cow::Borrowed);
    input.locale = mapper.text(&m::LOCALE, text(&customer.locale)).map(Cow::Borrowed);
    input.last_order_id = mapper.identifier(&m::LAST_ORDER_ID, text(&customer.last_order_id)).map(Cow::Borrowed);
    scalars(input, mapper, customer);
    if input.created_at.is_none() {
        input.created_at = missing_created_at(mapper, options.missing_created_at, now);
    }
    input.orders = input.number_of_orders.filter(|_| options.also_send_orders);
    let tags = mapper.tags(&TagLimits::default());
    if !tags.is_empty() {
        input.customer_tags = Some(tags.into_iter().map(Cow::Borrowed).collect());
    }
    let cannot = "the vendor documents no way to blank this field";
    if mapper.clear(|field| field == Field::Tags, cannot).contains(&Field::Tags) {
        input.customer_tags = Some(Vec::new());
    }
    address(input, mapper);
    email_consent(input, mapper);
    sms_consent(input, mapper, options.refuse_sms_opt_out);
}

fn scalars(input: &mut CustomerInput<'_>, mapper: &mut Mapper<'_>, customer: &Customer) {
    if let Some(state) = customer.account_state {
        mapper.sent(Field::AccountState);
        input.status = Some(Cow::Borrowed(match state {
            AccountState::Enabled => "ENABLED",
            AccountState::Disabled => "DISABLED",
            AccountState::Invited => "INVITED",
            AccountState::Declined => "DECLINED",
        }));
    }
    if let Some(state) = customer.subscription_state {
        mapper.sent(Field::SubscriptionState);
        input.product_subscriber_status = Some(Cow::Borrowed(match state {
            SubscriptionState::Active => "ACTIVE",
            SubscriptionState::Paused => "PAUSED",
            SubscriptionState::Cancelled => "CANCELLED",
            SubscriptionState::Expired => "EXPIRED",
            SubscriptionState::Failed => "FAILED",
            SubscriptionState::NeverSubscribed => "NEVER_SUBSCRIBED",
        }));
    }
    if let Some(exempt) = customer.tax_exempt {
        mapper.sent(Field::TaxExempt);
        input.tax_exempt = Some(exempt);
    }
    if let Some(count) = customer.orders_count {
        mapper.sent(Field::OrdersCount);
        input.number_of_orders = Some(count);
    }
    if let Some(spent) = customer.total_spent {
        mapper.sent(Field::TotalSpent);
        input.amount_spent = Some(JsonNumber(spent));
    }
    if let Some(at) = customer.created_at {
        mapper.sent(Field::CreatedAt);
        input.created_at = Some(at);
    }
}

/// What is sent for a creation time that is not known.
fn missing_created_at(
    mapper: &mut Mapper<'_>,
    option: MissingCreatedAt,
    now: impl Fn() -> DateTime<Utc>,
) -> Option<DateTime<FixedOffset>> {
    match option {
        MissingCreatedAt::VendorDecides => None,
        MissingCreatedAt::Now => {
            mapper.added(Field::CreatedAt, NoteReason::Default, "the time of this plan: the input has none of its own");
            Some(now().trunc_subsecs(0).fixed_offset())
        }
        MissingCreatedAt::Refuse => {
            mapper.error(Field::CreatedAt.as_str(), NEEDS_CREATED_AT);
            None
        }
    }
}

/// The vendor documents no form, so that a number is passed on as given where it can be dialled at all, unless the caller
/// wants another form.
fn phone<'c>(mapper: &mut Mapper<'c>, form: PhoneForm) -> Option<Cow<'c, str>> {
    let phone = mapper.customer.phone.as_ref().filter(|phone| !is_blank(phone.as_str()))?;
    match form.write(phone) {
        Ok(number) => {
            mapper.sent(Field::Phone);
            Some(number)
        }
        Err(problem) => {
            mapper.drop(Field::Phone, NoteReason::Invalid, phone_rule(problem));
            None
        }
    }
}

fn address<'c>(input: &mut CustomerInput<'c>, mapper: &mut Mapper<'c>) {
    let main = mapper.customer.main_address();
    if let Some(mut address) = main.and_then(|index| mapper.address(index)) {
        input.address1 = address.text(&m::LINE1).map(Cow::Borrowed);
        input.address2 = address.text(&m::LINE2).map(Cow::Borrowed);
        input.city = address.text(&m::CITY).map(Cow::Borrowed);
        input.state = address.text(&m::PROVINCE).map(Cow::Borrowed);
        input.state_code = address.code(&m::PROVINCE_CODE).map(Cow::Borrowed);
        input.zip = address.code(&m::POSTAL_CODE).map(Cow::Borrowed);
        input.country = address.text(&m::COUNTRY).map(Cow::Borrowed);
        input.country_code = address.country_code().map(Cow::Borrowed);
        input.latitude = degrees(&mut address, AddressField::Latitude, 90);
        input.longitude = degrees(&mut address, AddressField::Longitude, 180);
        address.unsupported();
        address.finish();
    }
    mapper.drop_other_addresses(main);
}

fn degrees(address: &mut AddressMapper<'_, '_>, field: AddressField, most: i64) -> Option<JsonNumber> {
    let value = if field == AddressField::Latitude { address.address.latitude } else { address.address.longitude }?;
    if value.is_within(-most, most) {
        address.carries();
        return Some(JsonNumber(value));
    }
    address.drop(field, NoteReason::Invalid, "is outside the degrees of the globe");
    None
}

const fn level(level: OptInLevel) -> &'static str {
    match level {
        OptInLevel::Single => "SINGLE_OPT_IN",
        OptInLevel::Confirmed => "CONFIRMED_OPT_IN",
        OptInLevel::Unknown => "UNKNOWN",
    }
}

fn email_consent<'c>(input: &mut CustomerInput<'c>, mapper: &mut Mapper<'c>) {
    let Some(known) = mapper.consent(Channel::Email) else { return };
    input.email_marketing_consent_status = Some(Cow::Borrowed(match known.state {
        ConsentState::Subscribed => "SUBSCRIBED",
        ConsentState::Unsubscribed => "UNSUBSCRIBED",
        ConsentState::NotSubscribed => "NOT_SUBSCRIBED",
        ConsentState::Pending => "PENDING",
    }));
    input.email_marketing_consent_opt_in_level = known.level.map(|l| Cow::Borrowed(level(l)));
    input.email_marketing_consent_collected_from = known.source.map(Cow::Borrowed);
    input.email_marketing_consent_updated_at = known.updated_at.copied();
    mapper.claim_consent(Channel::Email, &known, None);
}

/// There is no SMS status at this vendor, so that whatever is sent of an SMS consent reads as a yes: of anything but a
/// yes, nothing is sent.
fn sms_consent<'c>(input: &mut CustomerInput<'c>, mapper: &mut Mapper<'c>, refuse_opt_out: bool) {
    // Known before the notes are written: of anything but a yes the whole consent is one note.
    let Some(consent) = mapper.customer.sms_marketing.as_ref() else { return };
    match consent.state {
        Some(ConsentState::Subscribed) | None => {}
        Some(_) if refuse_opt_out => {
            mapper.error(
                Field::SmsMarketing.as_str(),
                "the vendor cannot hold that a person does not want text messages",
            );
            return;
        }
        Some(_) => {
            let detail =
                "the vendor has no SMS consent status, so that only a yes can be told: nothing of this is sent";
            mapper.drop(Field::SmsMarketing, NoteReason::Unsupported, detail);
            return;
        }
    }
    let Some(known) = mapper.consent(Channel::Sms) else { return };
    mapper.drop(
        FieldPath::Consent(Channel::Sms, ConsentField::State),
        NoteReason::Unsupported,
        "the vendor has no SMS consent status: the yes shows only in its level",
    );
    for field in [ConsentField::OptInLevel, ConsentField::Source, ConsentField::UpdatedAt] {
        let is_sent = match field {
            ConsentField::OptInLevel => known.level.is_some(),
            ConsentField::Source => known.source.is_some(),
            _ => known.updated_at.is_some(),
        };
        if is_sent {
            mapper.sent(FieldPath::Consent(Channel::Sms, field));
        }
    }
    input.sms_marketing_consent_opt_in_level = known.level.map(|l| Cow::Borrowed(level(l)));
    input.sms_marketing_consent_collected_from = known.source.map(Cow::Borrowed);
    input.sms_marketing_consent_updated_at = known.updated_at.copied();
}
