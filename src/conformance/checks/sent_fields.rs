//! Checks that the requests of a plan hold every field that it claims as sent: two records that differ in one field must
//! make two different plans, unless the plan has a note on that field.

use chrono::NaiveDate;

use crate::conformance::customers::time;
use crate::conformance::fixture::CheckResult;
use crate::conformance::session::Session;
use crate::customer::{
    AccountState, Address, AddressField, Channel, Consent, ConsentField, ConsentState, Customer, Field, FieldPath,
    Gender, OptInLevel, SubscriptionState,
};
use crate::plan::matrix::{FieldKey, FieldMatrix};
use crate::plan::{Plan, Step};
use crate::sink::UpsertOptions;

pub(super) async fn sent_is_there(session: &Session<'_>) -> CheckResult {
    let (_, sink) = session.open().await?;
    let base = bare(&session.subject.person());
    let mut found = Vec::new();
    let mut claimed = 0usize;
    for key in FieldMatrix::all_fields() {
        let Some((a, b, place)) = pair(&base, key) else { continue };
        let plan = |customer: &Customer| sink.plan(customer, &UpsertOptions::default()).ok();
        let (Some(plan_a), Some(plan_b)) = (plan(&a), plan(&b)) else { continue };
        if !claims_whole(&plan_a, &place) || !claims_whole(&plan_b, &place) {
            continue;
        }
        claimed += 1;
        if requests(&plan_a) == requests(&plan_b) {
            found.push(format!("{key} is claimed as sent, and another value makes the same requests"));
        }
    }
    if claimed < 3 {
        found.push(format!("only {claimed} fields are claimed as sent: too few to tell"));
    }
    Ok(found)
}

/// The identifiers alone.
fn bare(person: &Customer) -> Customer {
    let mut bare = Customer::new();
    bare.external_id.clone_from(&person.external_id);
    bare.email.clone_from(&person.email);
    bare.phone.clone_from(&person.phone);
    bare
}

/// Whether a plan claims a place as sent, with no note on it.
fn claims_whole(plan: &Plan, place: &FieldPath) -> bool {
    let noted = plan.notes().iter().any(|note| note.path().covers(place) || place.covers(note.path()));
    !noted && plan.sent().iter().any(|sent| sent.covers(place))
}

/// All that is sent.
fn requests(plan: &Plan) -> Vec<(String, Option<&[u8]>)> {
    let head = |step: &Step| {
        let headers: Vec<_> = step.headers().collect();
        format!("{} {} {headers:?}", step.method(), step.url())
    };
    plan.steps().iter().map(|step| (head(step), step.body())).collect()
}

/// Two records that differ in one place, and the place. None where a difference need not be seen.
fn pair(base: &Customer, key: FieldKey) -> Option<(Customer, Customer, FieldPath)> {
    let make = |second: bool| -> Option<Customer> {
        let mut customer = base.clone();
        match key {
            FieldKey::Top(field) => top(&mut customer, field, second)?,
            FieldKey::Address(field) => {
                let address = Address::new().line1("1 Example Way").city("Berlin").country_code("DE");
                customer.addresses.push(address_with(address, field, second)?);
            }
            FieldKey::Consent(channel, field) => {
                let consent = Some(consent_with(field, second));
                match channel {
                    Channel::Email => customer.email_marketing = consent,
                    Channel::Sms => customer.sms_marketing = consent,
                }
            }
        }
        Some(customer)
    };
    let place = match key {
        FieldKey::Top(Field::Tags) => FieldPath::Tag(0),
        FieldKey::Top(Field::Custom) => FieldPath::Custom("plan".into()),
        FieldKey::Top(field) => FieldPath::Field(field),
        FieldKey::Address(field) => FieldPath::AddressField(0, field),
        FieldKey::Consent(channel, field) => FieldPath::Consent(channel, field),
    };
    Some((make(false)?, make(true)?, place))
}

fn top(c: &mut Customer, field: Field, second: bool) -> Option<()> {
    let text = |a: &str, b: &str| Some(if second { b } else { a }.to_owned());
    match field {
        Field::ExternalId => c.external_id = text("7001", "7002"),
        Field::Email => c.email = text("one@example.com", "two@example.com").map(Into::into),
        Field::Phone => c.phone = text("+15550100123", "+15550100124").map(Into::into),
        Field::FirstName => c.first_name = text("Ada", "Ida"),
        Field::LastName => c.last_name = text("Ortega", "Ochoa"),
        Field::DisplayName => c.display_name = text("Ada O.", "Ida O."),
        Field::Company => c.company = text("Harbor Ltd", "Pine Ltd"),
        Field::Note => c.note = text("calls late", "calls early"),
        Field::Gender => c.gender = Some(if second { Gender::Male } else { Gender::Female }),
        Field::Birthday => c.birthday = NaiveDate::from_ymd_opt(1990, 2, if second { 14 } else { 15 }),
        Field::Locale => c.locale = text("de", "fr"),
        Field::Currency => c.currency = text("USD", "EUR"),
        Field::Tags => c.tags = text("vip", "new").into_iter().collect(),
        Field::TaxExempt => c.tax_exempt = Some(second),
        Field::EmailVerified => c.email_verified = Some(second),
        Field::AccountState => {
            c.account_state = Some(if second { AccountState::Disabled } else { AccountState::Enabled });
        }
        Field::SubscriptionState => {
            c.subscription_state = Some(if second { SubscriptionState::Paused } else { SubscriptionState::Active });
        }
        Field::OrdersCount => c.orders_count = Some(3 + u64::from(second)),
        Field::TotalSpent => c.total_spent = text("10.50", "10.51")?.parse().ok(),
        Field::LastOrderId => c.last_order_id = text("o-1", "o-2"),
        Field::CreatedAt => c.created_at = time(&text("2025-03-04T09:15:00Z", "2025-03-05T09:15:00Z")?),
        Field::UpdatedAt => c.updated_at = time(&text("2025-03-04T09:15:00Z", "2025-03-05T09:15:00Z")?),
        Field::Custom => drop(c.custom.insert("plan".into(), text("gold", "blue")?.into())),
        // Containers have rows of their own, and to blank a field is another thing than a value.
        Field::Addresses | Field::EmailMarketing | Field::SmsMarketing | Field::Clear => return None,
    }
    Some(())
}

fn address_with(mut a: Address, field: AddressField, second: bool) -> Option<Address> {
    let text = |a: &str, b: &str| Some(if second { b } else { a }.to_owned());
    match field {
        AddressField::FirstName => a.first_name = text("Ada", "Ida"),
        AddressField::LastName => a.last_name = text("Ortega", "Ochoa"),
        AddressField::Company => a.company = text("Harbor Ltd", "Pine Ltd"),
        AddressField::Line1 => a.line1 = text("1 Example Way", "2 Example Way"),
        AddressField::Line2 => a.line2 = text("Floor 1", "Floor 2"),
        AddressField::District => a.district = text("Mitte", "Wedding"),
        AddressField::City => a.city = text("Berlin", "Bonn"),
        AddressField::Province => a.province = text("Berlin", "Hessen"),
        AddressField::ProvinceCode => a.province_code = text("BE", "HE"),
        AddressField::PostalCode => a.postal_code = text("10115", "10117"),
        // With a code beside it, the name may be redundant.
        AddressField::Country => {
            a.country_code = None;
            a.country = text("Germany", "France");
        }
        AddressField::CountryCode => a.country_code = text("DE", "FR"),
        AddressField::Phone => a.phone = text("+15550100125", "+15550100126").map(Into::into),
        AddressField::Latitude => a.latitude = text("45.5", "45.6")?.parse().ok(),
        AddressField::Longitude => a.longitude = text("-122.25", "-122.35")?.parse().ok(),
        // Some vendors hold one address, which is the default one anyway.
        AddressField::Default => return None,
    }
    // Coordinates go as a pair.
    if field == AddressField::Latitude {
        a.longitude = "-122.25".parse().ok();
    } else if field == AddressField::Longitude {
        a.latitude = "45.5".parse().ok();
    }
    Some(a)
}

fn consent_with(field: ConsentField, second: bool) -> Consent {
    let mut consent = Consent::new(ConsentState::Subscribed);
    match field {
        ConsentField::State if second => consent.state = Some(ConsentState::Unsubscribed),
        ConsentField::State => {}
        ConsentField::OptInLevel => {
            consent.opt_in_level = Some(if second { OptInLevel::Confirmed } else { OptInLevel::Single });
        }
        ConsentField::Source => consent.source = Some(if second { "footer" } else { "checkout" }.to_owned()),
        ConsentField::UpdatedAt => {
            consent.updated_at = time(if second { "2025-03-05T09:15:00Z" } else { "2025-03-04T09:15:00Z" });
        }
    }
    consent
}
