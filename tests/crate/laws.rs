//! What holds for every provider and every record.

use std::sync::Arc;

use customer_sink::customer::{AddressField, Channel, Field, FieldPath};
use customer_sink::plan::{FieldKey, FieldMatrix, NoteAction, StepCondition};
use customer_sink::providers::{MATRICES, shoplazza, shopline, triple_whale, whale, yotpo};
use customer_sink::{
    AccountState, Address, Consent, ConsentState, Customer, CustomerSink, ErrorKind, Gender, OnLoss, OptInLevel, Plan,
    SubscriptionState, UpsertOptions,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::support;
use crate::support::plan::{bodies, check_claims};

/// All five, and where a provider has variants of its wire form, those too.
fn sinks() -> Vec<Arc<dyn CustomerSink>> {
    let (connector, _) = support::connector();
    let mut sinks: Vec<Arc<dyn CustomerSink>> = vec![
        Arc::new(triple_whale::TripleWhale::builder("shop.example.com", "fake").connector(&connector).build().unwrap()),
        Arc::new(shopline::Shopline::builder("open001", "fake").connector(&connector).build().unwrap()),
        Arc::new(yotpo::Yotpo::builder("store", "fake").connector(&connector).build().unwrap()),
        Arc::new(whale::Whale::builder("store", "fake").connector(&connector).build().unwrap()),
    ];
    for version in ["2022-01", "2026-07"] {
        let builder = shoplazza::Shoplazza::builder("acme", "fake").connector(&connector).api_version(version);
        sinks.push(Arc::new(builder.build().unwrap()));
    }
    sinks
}

/// Values that people, exports and bugs produce.
const TEXTS: &[&str] = &[
    "Mara",
    "",
    " ",
    "null",
    "NULL",
    "O'Hara, \"Mo\"",
    "Müller-Lüdenscheidt",
    "山田太郎",
    "👨‍👩‍👧‍👦 family",
    "a,b",
    "line\nbreak",
    "\u{0}",
    "e\u{301}e\u{301}",
    "en-US",
    "de",
    "zh-Hant-TW",
    "en_US",
    "USD",
    "usd",
    "EURO",
    "US",
    "us",
    "XX",
    "United States",
    "Atlantis",
    "Germany",
    "OR",
    "97201",
    "12345678901234567890",
];
const EMAILS: &[&str] = &[
    "mara@example.com",
    " MARA@Example.com ",
    "no-at.example.com",
    "a@b@example.com",
    "",
    "a b@example.com",
    "null",
    "a-very-long-address-that-goes-on-and-on-and-on@mail.example.com",
    "x@walk-in.local",
    "ünï@example.com",
];
const PHONES: &[&str] = &[
    "+15550100123",
    "00447700900123",
    "+44 (0)20 7946 0018",
    "n/a",
    "12345",
    "555 010 0123",
    "+1234567890123456",
    "",
    "null",
];

fn pick<'a>(list: &[&'a str], seed: u64) -> &'a str {
    list[usize::try_from(seed % list.len() as u64).unwrap()]
}

/// A text of the list, or a long one of one of its characters.
fn text(seed: u64) -> String {
    let base = pick(TEXTS, seed);
    match seed / 64 % 5 {
        0 => base.repeat(usize::try_from(seed / 320 % 400).unwrap()),
        _ => base.to_owned(),
    }
}

fn consent(seed: u64) -> Consent {
    let word = |n: u64| usize::try_from(n).unwrap();
    Consent {
        state: (seed % 5 < 4).then(|| ConsentState::ALL[word(seed % 4)]),
        opt_in_level: (seed / 5 % 4 < 3).then(|| OptInLevel::ALL[word(seed / 5 % 3)]),
        source: (seed / 20).is_multiple_of(2).then(|| text(seed / 40)),
        updated_at: (seed / 20).is_multiple_of(3).then(|| "2025-03-04T09:15:00.5+08:00".parse().unwrap()),
    }
}

fn address(seed: u64) -> Address {
    let mut a = Address::default();
    let bit = |n: u64| seed >> n & 1 == 1;
    a.first_name = bit(0).then(|| text(seed / 3));
    a.last_name = bit(1).then(|| text(seed / 5));
    a.company = bit(2).then(|| text(seed / 7));
    a.line1 = bit(3).then(|| text(seed / 11));
    a.line2 = bit(4).then(|| text(seed / 13));
    a.district = bit(5).then(|| text(seed / 17));
    a.city = bit(6).then(|| text(seed / 19));
    a.province = bit(7).then(|| text(seed / 23));
    a.province_code = bit(8).then(|| text(seed / 29));
    a.postal_code = bit(9).then(|| text(seed / 31));
    a.country = bit(10).then(|| pick(&TEXTS[20..26], seed / 37).to_owned());
    a.country_code = bit(11).then(|| pick(&TEXTS[20..24], seed / 41).to_owned());
    a.phone = bit(12).then(|| pick(PHONES, seed / 43).into());
    a.latitude = bit(13).then(|| if bit(16) { "45.5" } else { "91" }.parse().unwrap());
    a.longitude = bit(14).then(|| "-122.25".parse().unwrap());
    a.default = bit(15);
    a
}

/// Sets one field of a customer.
fn set(c: &mut Customer, field: Field, seed: u64) {
    let word = |n: u64| usize::try_from(seed % n).unwrap();
    match field {
        Field::ExternalId => c.external_id = Some(text(seed)),
        Field::Email => c.email = Some(pick(EMAILS, seed).into()),
        Field::Phone => c.phone = Some(pick(PHONES, seed).into()),
        Field::FirstName => c.first_name = Some(text(seed)),
        Field::LastName => c.last_name = Some(text(seed)),
        Field::DisplayName => c.display_name = Some(text(seed)),
        Field::Company => c.company = Some(text(seed)),
        Field::Note => c.note = Some(text(seed)),
        Field::Gender => c.gender = Some(Gender::ALL[word(4)]),
        Field::Birthday => c.birthday = Some("1990-02-14".parse().unwrap()),
        Field::Locale => c.locale = Some(text(seed)),
        Field::Currency => c.currency = Some(text(seed)),
        Field::Tags => c.tags.extend((0..seed % 120).map(|n| text(seed.wrapping_mul(n + 3)))),
        Field::TaxExempt => c.tax_exempt = Some(seed.is_multiple_of(2)),
        Field::EmailVerified => c.email_verified = Some(seed.is_multiple_of(2)),
        Field::AccountState => c.account_state = Some(AccountState::ALL[word(4)]),
        Field::SubscriptionState => c.subscription_state = Some(SubscriptionState::ALL[word(6)]),
        Field::Addresses => c.addresses.push(address(seed)),
        Field::EmailMarketing => c.email_marketing = Some(consent(seed)),
        Field::SmsMarketing => c.sms_marketing = Some(consent(seed)),
        Field::OrdersCount => c.orders_count = Some(seed),
        Field::TotalSpent => c.total_spent = Some("12840.10".parse().unwrap()),
        Field::LastOrderId => c.last_order_id = Some(text(seed)),
        Field::CreatedAt => c.created_at = Some("2025-03-04T09:15:00-03:30".parse().unwrap()),
        Field::UpdatedAt => c.updated_at = Some("2025-03-04T09:15:00.25Z".parse().unwrap()),
        Field::Custom => {
            let key = text(seed / 7);
            let value = match seed % 4 {
                0 => text(seed).into(),
                1 => true.into(),
                2 => (-5i64).into(),
                _ => customer_sink::CustomValue::Decimal("1.50".parse().unwrap()),
            };
            c.custom.insert(key, value);
        }
        Field::Clear => {
            c.clear.insert(Field::ALL[usize::try_from(seed).unwrap_or(0) % (Field::ALL.len() - 1)]);
        }
    }
}

/// A customer made by setting fields one after the other, so that a failure shrinks to the fields that matter.
fn customers() -> impl Strategy<Value = Customer> {
    let step = (0..Field::ALL.len(), any::<u64>());
    (proptest::collection::vec(step, 0..40), 0..4u8).prop_map(|(steps, identity)| {
        let mut customer = Customer::new();
        for (field, seed) in steps {
            set(&mut customer, Field::ALL[field], seed);
        }
        // Mostly records that can be sent: refusals are short.
        if identity > 0 {
            customer.external_id = Some("1042".into());
            customer.email = Some("mara@example.com".into());
        }
        customer
    })
}

/// What is claimed as sent stands in a body.
fn check_sent_is_there(customer: &Customer, plan: &Plan) {
    let all: String =
        plan.steps().iter().filter_map(|s| s.body()).map(|b| String::from_utf8_lossy(b).into_owned()).collect();
    let texts = [
        (Field::FirstName, &customer.first_name),
        (Field::LastName, &customer.last_name),
        (Field::DisplayName, &customer.display_name),
        (Field::Note, &customer.note),
        (Field::ExternalId, &customer.external_id),
    ];
    for (field, value) in texts {
        if plan.sent().contains(&FieldPath::Field(field)) {
            let json = serde_json::to_string(value.as_ref().unwrap().as_str()).unwrap();
            let inner = json.trim_matches('"').trim();
            assert!(all.contains(inner), "{}: {} is claimed and not there", plan.provider(), field.as_str());
        }
    }
}

/// A part of an address that has no note of its own, under an address that is claimed as sent, stands in a body.
fn check_address_parts_are_there(customer: &Customer, plan: &Plan) {
    let all: String =
        plan.steps().iter().filter_map(|s| s.body()).map(|b| String::from_utf8_lossy(b).into_owned()).collect();
    for place in customer.set_paths() {
        let FieldPath::AddressField(index, field) = &place else { continue };
        let noted = plan.notes().iter().any(|note| note.condition().is_none() && note.path().covers(&place));
        let Some(text) = customer.addresses[*index as usize].text(*field) else { continue };
        if noted || *field == AddressField::Phone {
            continue;
        }
        let json = |text: &str| serde_json::to_string(text.trim()).unwrap().trim_matches('"').to_owned();
        let mut there = all.contains(&json(text));
        if matches!(field, AddressField::Country | AddressField::CountryCode) {
            // A country may stand there in its other form, its code or its name.
            there |= all.contains(r#""country":""#) || all.contains(r#""country_code":""#);
        }
        assert!(there, "{}: {place} is claimed and not there", plan.provider());
    }
}

/// Every text of a body under a key, with the path of keys.
fn walk(value: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, value);
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| walk(value, &format!("{path}.{key}"), visit)),
        Value::Array(list) => list.iter().for_each(|value| walk(value, &format!("{path}[]"), visit)),
        _ => {}
    }
}

/// No documented limit is ever exceeded, whatever the record holds.
fn check_limits(plan: &Plan) {
    let provider = plan.provider().as_str();
    for (when, operation, body) in bodies(plan) {
        let mut cleared = when == StepCondition::IfFound || when == StepCondition::IfDiffers;
        cleared |= operation == "create_access_token";
        walk(&body, "", &mut |path, value| {
            let key = path.rsplit('.').next().unwrap_or_default();
            if !cleared {
                assert!(!value.is_null(), "{provider}: {path} is null");
            }
            let Value::String(text) = value else { return };
            let length = text.chars().count();
            let limit = match (provider, key) {
                ("shopline", "email" | "consent_collected_from") => 50,
                ("shopline", "phone") => 20,
                ("shopline", "first_name" | "last_name") => 128,
                ("shopline", "note" | "tags") => 1000,
                ("shopline", "address1" | "address2" | "company") => 255,
                ("shopline", "city" | "province" | "country" | "zip" | "district") => 64,
                ("shopline", "country_code") => 2,
                ("yotpo", "external_id" | "email" | "first_name" | "last_name") => 255,
                ("yotpo", "default_language" | "country_code") => 2,
                ("yotpo", "default_currency") => 3,
                ("triple_whale", "country_code") | ("whale", "country") => 2,
                _ => usize::MAX,
            };
            assert!(length <= limit, "{provider} {operation}: {path} has {length} characters, {limit} are allowed");
            if provider == "yotpo" {
                assert!(!text.trim().eq_ignore_ascii_case("null"), "yotpo: {path} is the text null");
            }
        });
        if provider == "shopline" {
            let tags = body["customer"]["tags"].as_str().unwrap_or_default();
            assert!(tags.split(',').count() <= 100 && tags.split(',').all(|tag| tag.chars().count() <= 128));
            assert!(body["customer"]["addresses"].as_array().is_none_or(|list| list.len() <= 50));
        }
        if provider == "shoplazza" {
            let addresses = body["customer"]["addresses"].as_array().cloned().unwrap_or_default();
            let defaults = addresses.iter().filter(|a| a["default"] == true).count();
            assert!(addresses.is_empty() || defaults == 1, "shoplazza: {defaults} default addresses");
        }
    }
}

/// Whether a body says yes on a channel, or leaves the vendor to assume it.
fn says_yes(provider: &str, when: StepCondition, body: &Value, channel: Channel) -> bool {
    let customer = &body["customer"];
    match (provider, channel) {
        ("triple_whale", Channel::Email) => {
            body["email_marketing_consent_status"] == "SUBSCRIBED"
                // A level or source beside no status reads as a yes too.
                || (body["email_marketing_consent_status"].is_null()
                    && !(body["email_marketing_consent_opt_in_level"].is_null()
                        && body["email_marketing_consent_collected_from"].is_null()))
        }
        ("triple_whale", Channel::Sms) => ["opt_in_level", "collected_from", "updated_at"]
            .iter()
            .any(|part| !body[format!("sms_marketing_consent_{part}")].is_null()),
        ("shopline", Channel::Email) => {
            customer["email_marketing_consent"]["state"] == 1 || customer["accepts_marketing"] == true
        }
        ("shopline", Channel::Sms) => customer["sms_marketing_consent"]["state"] == 1,
        ("shoplazza", channel) => {
            let key = if channel == Channel::Email { "accepts_marketing" } else { "accepts_sms_marketing" };
            // Left out of a create, the vendor subscribes the person.
            customer[key] == true || (when == StepCondition::IfNotFound && customer[key] != false)
        }
        ("yotpo", Channel::Email) => customer["accepts_email_marketing"] == true,
        ("yotpo", Channel::Sms) => customer["accepts_sms_marketing"] == true,
        ("whale", Channel::Email) => body["email_consent"] == true,
        ("whale", Channel::Sms) => body["sms_consent"] == true,
        other => panic!("no rule for {other:?}"),
    }
}

/// Promise 3, for one record and plan.
fn check_consent(customer: &Customer, plan: &Plan) {
    let provider = plan.provider().as_str();
    for (channel, consent) in [(Channel::Email, &customer.email_marketing), (Channel::Sms, &customer.sms_marketing)] {
        let state = consent.as_ref().and_then(|consent| consent.state);
        for (when, operation, body) in bodies(plan) {
            let is_address = body.get("customer_address").is_some()
                || body.get("address1").is_some()
                || operation.contains("address");
            if is_address && provider != "triple_whale" {
                continue;
            }
            let yes = says_yes(provider, when, &body, channel);
            assert!(
                !yes || state == Some(ConsentState::Subscribed),
                "{provider} {operation}: says yes on {channel:?} for {state:?}"
            );
        }
        if state == Some(ConsentState::Unsubscribed) {
            let place = FieldPath::Consent(channel, customer_sink::customer::ConsentField::State);
            assert!(plan.covers(&place), "{provider}: the opt-out on {channel:?} is lost");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_is_mapped_by_the_laws(customer in customers()) {
        for sink in sinks() {
            match sink.plan(&customer, &UpsertOptions::default()) {
                Ok(plan) => {
                    check_claims(&customer, &plan);
                    check_sent_is_there(&customer, &plan);
                    check_address_parts_are_there(&customer, &plan);
                    check_limits(&plan);
                    check_consent(&customer, &plan);
                    let again = sink.plan(&customer, &UpsertOptions::default()).unwrap();
                    prop_assert_eq!(serde_json::to_string(&plan).unwrap(), serde_json::to_string(&again).unwrap());
                }
                Err(error) => {
                    prop_assert_eq!(error.kind(), ErrorKind::InvalidInput);
                    prop_assert!(!error.field_errors().is_empty());
                    prop_assert_eq!(error.provider(), Some(sink.provider()));
                }
            }
        }
    }

    #[test]
    fn the_json_form_keeps_every_customer(customer in customers()) {
        let json = serde_json::to_string(&customer).unwrap();
        let back = Customer::from_json(json.as_bytes()).unwrap();
        // Blank counts as unset, so that only what is set has to come back.
        prop_assert_eq!(back.set_paths(), customer.set_paths());
        let again = serde_json::to_string(&back).unwrap();
        prop_assert_eq!(Customer::from_json(again.as_bytes()).unwrap(), back);
    }
}

/// The whole table: every state, level and source, on each channel, at every provider.
#[test]
fn consent_is_never_widened() {
    let states = [None].into_iter().chain(ConsentState::ALL.iter().copied().map(Some));
    let mut rows = 0;
    for state in states {
        for level in [None].into_iter().chain(OptInLevel::ALL.iter().copied().map(Some)) {
            for source in [None, Some("checkout")] {
                for updated in [None, Some("2025-03-04T09:15:00Z".parse().unwrap())] {
                    let mut consent = Consent::default();
                    (consent.state, consent.opt_in_level) = (state, level);
                    (consent.source, consent.updated_at) = (source.map(str::to_owned), updated);
                    let mut customer = Customer::new().external_id("1").email("a@example.com").phone("+15550100123");
                    customer.email_marketing = Some(consent.clone());
                    customer.sms_marketing = Some(consent);
                    for sink in sinks() {
                        let plan = sink.plan(&customer, &UpsertOptions::default()).unwrap();
                        check_consent(&customer, &plan);
                        check_claims(&customer, &plan);
                        rows += 1;
                    }
                }
            }
        }
    }
    assert_eq!(rows, 5 * 4 * 2 * 2 * sinks().len());
}

/// A yes reaches every vendor that can hold one: a table that only ever says no would pass the one above.
#[test]
fn a_yes_is_told_where_it_was_given() {
    let yes = Consent::new(ConsentState::Subscribed).opt_in_level(OptInLevel::Confirmed);
    let customer = Customer::new().external_id("1").email("a@example.com").phone("+15550100123");
    let customer = customer.email_marketing(yes.clone()).sms_marketing(yes);
    for sink in sinks().iter().filter(|sink| sink.provider().as_str() != "whale") {
        let plan = sink.plan(&customer, &UpsertOptions::default()).unwrap();
        for channel in [Channel::Email, Channel::Sms] {
            let told = bodies(&plan).iter().any(|(when, _, body)| {
                let provider = sink.provider().as_str();
                says_yes(provider, *when, body, channel)
            });
            assert!(told, "{}: the yes on {channel:?} is not told", sink.provider());
        }
    }
}

#[test]
fn unknown_consent_is_an_explicit_no_where_the_vendor_assumes_yes() {
    let customer = Customer::new().external_id("1").email("a@example.com");
    for sink in sinks() {
        check_consent(&customer, &sink.plan(&customer, &UpsertOptions::default()).unwrap());
    }
}

#[test]
fn every_matrix_speaks_for_every_field_once() {
    assert_eq!(MATRICES.len(), 5);
    for matrix in MATRICES {
        for field in FieldMatrix::all_fields() {
            let rows = matrix.rules().iter().filter(|rule| rule.field == field).count();
            let container = match field {
                FieldKey::Consent(channel, _) => matrix.rule(FieldKey::Top(channel.field())).is_some(),
                _ => false,
            };
            assert!(rows == 1 || (rows == 0 && container), "{}: {field} has {rows} rows", matrix.provider());
        }
    }
}

#[test]
fn a_loss_can_be_made_an_error_that_names_every_loss() {
    let customer = Customer::new()
        .external_id("1")
        .email("a@example.com")
        .birthday("1990-02-14".parse::<chrono::NaiveDate>().unwrap());
    let strict = UpsertOptions::default().on_loss(OnLoss::Fail);
    for sink in sinks() {
        let notes = sink.plan(&customer, &UpsertOptions::default()).unwrap();
        let certain = |n: &&customer_sink::plan::Note| n.action() != NoteAction::Added && n.condition().is_none();
        let lost: Vec<_> = notes.notes().iter().filter(certain).map(|n| n.path().to_string()).collect();
        match sink.plan(&customer, &strict) {
            Ok(_) => assert!(lost.is_empty(), "{}: {lost:?}", sink.provider()),
            Err(error) => {
                let named: Vec<_> = error.field_errors().iter().map(|f| f.field().to_owned()).collect();
                assert_eq!(named, lost, "{}", sink.provider());
            }
        }
    }
}

/// The fixture of real input: every place of every record is accounted for at every provider.
#[test]
fn the_fixture_people_lose_nothing_in_silence() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/customers/customers.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let sinks = sinks();
    let mut plans = 0;
    for (index, line) in text.lines().enumerate() {
        let customer = Customer::from_json(line.as_bytes()).unwrap_or_else(|error| panic!("line {index}: {error}"));
        for sink in &sinks {
            match sink.plan(&customer, &UpsertOptions::default()) {
                Ok(plan) => {
                    check_claims(&customer, &plan);
                    check_sent_is_there(&customer, &plan);
                    check_address_parts_are_there(&customer, &plan);
                    check_limits(&plan);
                    check_consent(&customer, &plan);
                    plans += 1;
                }
                Err(error) => assert!(!error.field_errors().is_empty(), "line {index}"),
            }
        }
    }
    assert!(plans > 1100, "{plans}");
}
