//! Maps a record to what the sink keeps: all of it, except an unusable value.
//!
//! The request of a plan is a `PUT` of the kept record's normalized JSON to `memory:///customers`.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::client::{Operation, Request};
use crate::customer::{
    AddressField as A, Channel, Consent, ConsentField as C, Customer, Email, Field as F, FieldPath, Phone, text,
};
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::mapper::{Mapper, TagLimits};
use crate::plan::matrix::{FieldMatrix, FieldRule as R};
use crate::plan::note::NoteReason;
use crate::plan::{Plan, Step, StepCondition};
use crate::provider::ProviderId;
use crate::sink::UpsertOptions;

/// `memory`
pub const PROVIDER: ProviderId = ProviderId::new("memory");

pub(super) const UPSERT: &str = "upsert_customer";
static UPSERT_CUSTOMER: Operation = Operation::idempotent_write(PROVIDER, Method::PUT, UPSERT);

static EMAIL: R = R::sent(F::Email, "email", "string");
static EXTERNAL_ID: R = R::sent(F::ExternalId, "external_id", "string");

/// The treatment of each field by the in-memory sink: it keeps all of them as they are.
pub static MATRIX: FieldMatrix = FieldMatrix::new(
    PROVIDER,
    &[
        &EXTERNAL_ID,
        &EMAIL,
        &R::sent(F::Phone, "phone", "E.164"),
        &R::sent(F::FirstName, "first_name", "string"),
        &R::sent(F::LastName, "last_name", "string"),
        &R::sent(F::DisplayName, "display_name", "string"),
        &R::sent(F::Company, "company", "string"),
        &R::sent(F::Note, "note", "string"),
        &R::sent(F::Gender, "gender", "word"),
        &R::sent(F::Birthday, "birthday", "YYYY-MM-DD"),
        &R::sent(F::Locale, "locale", "string"),
        &R::sent(F::Currency, "currency", "string"),
        &R::sent(F::Tags, "tags", "array of strings").note("replaces all tags; a repeated one is kept once"),
        &R::sent(F::TaxExempt, "tax_exempt", "boolean"),
        &R::sent(F::EmailVerified, "email_verified", "boolean"),
        &R::sent(F::AccountState, "account_state", "word"),
        &R::sent(F::SubscriptionState, "subscription_state", "word"),
        &R::sent(F::EmailMarketing, "email_marketing", "object").note("without a state it is dropped"),
        &R::sent(F::SmsMarketing, "sms_marketing", "object").note("without a state it is dropped"),
        &R::sent(F::OrdersCount, "orders_count", "integer"),
        &R::sent(F::TotalSpent, "total_spent", "decimal"),
        &R::sent(F::LastOrderId, "last_order_id", "string"),
        &R::sent(F::CreatedAt, "created_at", "RFC 3339"),
        &R::sent(F::UpdatedAt, "updated_at", "RFC 3339"),
        &R::sent(F::Custom, "custom", "object").note("key by key: other keys stay"),
        &R::sent(F::Clear, "", "blanks the field"),
        &R::address(A::FirstName, "addresses[].first_name", "string"),
        &R::address(A::LastName, "addresses[].last_name", "string"),
        &R::address(A::Company, "addresses[].company", "string"),
        &R::address(A::Line1, "addresses[].line1", "string"),
        &R::address(A::Line2, "addresses[].line2", "string"),
        &R::address(A::District, "addresses[].district", "string"),
        &R::address(A::City, "addresses[].city", "string"),
        &R::address(A::Province, "addresses[].province", "string"),
        &R::address(A::ProvinceCode, "addresses[].province_code", "string"),
        &R::address(A::PostalCode, "addresses[].postal_code", "string"),
        &R::address(A::Country, "addresses[].country", "string"),
        &R::address(A::CountryCode, "addresses[].country_code", "string"),
        &R::address(A::Phone, "addresses[].phone", "string"),
        &R::address(A::Latitude, "addresses[].latitude", "number"),
        &R::address(A::Longitude, "addresses[].longitude", "number"),
        &R::address(A::Default, "addresses[].default", "boolean"),
    ],
);

/// A record as it will be kept, with its plan.
pub(super) struct Mapped {
    pub(super) kept: Customer,
    pub(super) cleared: Vec<F>,
    pub(super) plan: Plan,
}

pub(super) fn map(customer: &Customer, options: &UpsertOptions) -> Result<Mapped, Error> {
    let mut mapper = Mapper::new(customer, &MATRIX);
    let mut kept = Customer {
        external_id: mapper.identifier(&EXTERNAL_ID, text(&customer.external_id)).map(str::to_owned),
        email: mapper.email(&EMAIL).map(Email::new),
        phone: mapper.e164().map(|number| Phone::new(number.to_string())),
        tags: mapper.tags(&TagLimits::default()).into_iter().map(str::to_owned).collect(),
        email_marketing: consent(&mut mapper, Channel::Email),
        sms_marketing: consent(&mut mapper, Channel::Sms),
        ..Customer::new()
    };
    if kept.external_id.is_none() && kept.email.is_none() && kept.phone.is_none() {
        mapper.error("email", "an external id, a usable e-mail address or an international phone number is required");
    }
    copy_unchecked(&mut mapper, &mut kept);
    for index in 0..customer.addresses.len() {
        if let Some(mut address) = mapper.address(index) {
            let ours = address.address;
            if ours.is_empty() {
                if ours.default {
                    address.refuse(NoteReason::Incomplete, "there is nothing in it but the mark");
                }
            } else {
                address.carries();
                address.finish();
                kept.addresses.push(ours.clone());
            }
        }
    }
    for (key, value) in customer.custom.iter().filter(|(_, value)| !value.is_blank()) {
        mapper.sent(FieldPath::Custom(key.as_str().into()));
        kept.custom.insert(key.clone(), value.clone());
    }
    let cleared = mapper.clear(|field| field != F::Clear, "is no field of a person");
    let (sent, notes) = mapper.finish(options)?;
    kept.clear = cleared.iter().copied().collect();
    let body = serde_json::to_vec(&kept).map_err(|error| {
        Error::new(ErrorKind::Other, Effect::NotSent).with_provider(PROVIDER).with_source(error.to_string())
    })?;
    kept.clear.clear();
    let headers = Arc::new(HeaderMap::new());
    let request = Request::new(&UPSERT_CUSTOMER, "memory:///customers", headers, Some(Bytes::from(body)));
    let step = Step::new(StepCondition::Always, request);
    Ok(Mapped { kept, cleared, plan: Plan::new(PROVIDER, vec![step], sent, notes) })
}

fn consent(mapper: &mut Mapper<'_>, channel: Channel) -> Option<Consent> {
    let known = mapper.consent(channel)?;
    let kept = Consent {
        state: Some(known.state),
        opt_in_level: known.level,
        source: known.source.map(str::to_owned),
        updated_at: known.updated_at.copied(),
    };
    mapper.sent(FieldPath::Consent(channel, C::State));
    for field in [C::OptInLevel, C::Source, C::UpdatedAt] {
        if kept.is_set(field) {
            mapper.sent(FieldPath::Consent(channel, field));
        }
    }
    Some(kept)
}

/// Copies the fields that need no check.
fn copy_unchecked(mapper: &mut Mapper<'_>, kept: &mut Customer) {
    let customer = mapper.customer;
    macro_rules! texts {
        ($($name:ident: $field:ident),+) => {
            $(if let Some(value) = text(&customer.$name) {
                mapper.sent(F::$field);
                kept.$name = Some(value.to_owned());
            })+
        };
    }
    macro_rules! values {
        ($($name:ident: $field:ident),+) => {
            $(if customer.$name.is_some() {
                mapper.sent(F::$field);
                kept.$name.clone_from(&customer.$name);
            })+
        };
    }
    texts!(
        first_name: FirstName, last_name: LastName, display_name: DisplayName, company: Company, note: Note,
        locale: Locale, currency: Currency, last_order_id: LastOrderId
    );
    values!(
        gender: Gender, birthday: Birthday, tax_exempt: TaxExempt, email_verified: EmailVerified,
        account_state: AccountState, subscription_state: SubscriptionState, orders_count: OrdersCount,
        total_spent: TotalSpent, created_at: CreatedAt, updated_at: UpdatedAt
    );
}
