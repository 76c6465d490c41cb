//! Yotpo Loyalty: the laws over its mapping, and membership.

use super::*;

/// What is claimed as sent stands in every body.
fn check_sent_is_there(customer: &Customer, plan: &Plan) {
    for (_, _, body) in bodies(plan) {
        for (field, key, value) in [
            (Field::ExternalId, "id", &customer.external_id),
            (Field::FirstName, "first_name", &customer.first_name),
            (Field::LastName, "last_name", &customer.last_name),
        ] {
            let sent = plan.sent().contains(&FieldPath::Field(field));
            assert_eq!(body.get(key).is_some(), sent, "{key}");
            assert!(!sent || body[key] == value.as_deref().unwrap(), "{key}");
        }
        for (field, key) in [
            (Field::Email, "email"),
            (Field::Phone, "phone_number"),
            (Field::Tags, "tags"),
            (Field::AccountState, "has_account"),
            (Field::CreatedAt, "platform_account_created_at"),
        ] {
            let sent = plan.sent().contains(&FieldPath::Field(field));
            assert!(!sent || body.get(key).is_some(), "{key} is claimed and not there");
        }
        assert!(body.as_object().unwrap().values().all(|value| !value.is_null()), "{body}");
    }
}

/// A yes to the programme goes out where the chosen channel holds one, and the key is left out only where the caller
/// leaves it to the account.
fn check_membership(customer: &Customer, plan: &Plan, option: ProgramConsent) {
    let state = match option {
        ProgramConsent::Marketing(Channel::Email) => customer.email_marketing.as_ref().and_then(|c| c.state),
        ProgramConsent::Marketing(Channel::Sms) => customer.sms_marketing.as_ref().and_then(|c| c.state),
        _ => None,
    };
    for (when, _, body) in bodies(plan) {
        let expected = match (option, state, when) {
            (ProgramConsent::AccountSetting, ..) => Value::Null,
            (_, Some(state), _) => json!(state == ConsentState::Subscribed),
            (_, None, StepCondition::IfFound) => json!("{opted_in}"),
            (_, None, _) => json!(false),
        };
        assert_eq!(body["opted_in"], expected, "{option:?} {state:?} {when:?}");
        let at = body.get("opted_in_at").is_some();
        assert!(!at || state == Some(ConsentState::Subscribed), "the time of a yes that nobody gave");
    }
    for (channel, consent) in [(Channel::Email, &customer.email_marketing), (Channel::Sms, &customer.sms_marketing)] {
        if consent.as_ref().and_then(|c| c.state) == Some(ConsentState::Unsubscribed) {
            assert!(plan.covers(&FieldPath::Consent(channel, ConsentField::State)), "the opt-out is lost");
        }
    }
}

const TEXTS: [&str; 12] =
    ["Mara", "", " ", "null", "O'Hara, \"Mo\"", "山田太郎", "a,b", "\u{0}", "en-US", "Germany", "US", "👨‍👩‍👧‍👦 family"];
const PHONES: [&str; 8] =
    ["+15550100123", "0044 7700 900123", "555 010 0123", "n/a", "12345", "", "(030) 5550 1234", "+1234567890123456"];
const EMAILS: [&str; 5] = [" MARA@Example.com ", "no-at.example.com", "", "a b@example.com", "x@walk-in.local"];

fn pick(list: &[&str], seed: u64) -> String {
    list[usize::try_from(seed % list.len() as u64).unwrap()].repeat(if seed.is_multiple_of(97) { 90 } else { 1 })
}

fn consent(seed: u64) -> Consent {
    let word = |n: u64| usize::try_from(n).unwrap();
    Consent {
        state: (seed % 5 < 4).then(|| ConsentState::ALL[word(seed % 4)]),
        opt_in_level: (seed / 5 % 4 < 3).then(|| OptInLevel::ALL[word(seed / 5 % 3)]),
        source: (seed / 20).is_multiple_of(2).then(|| pick(&TEXTS, seed / 40)),
        updated_at: (seed / 20).is_multiple_of(3).then(|| "2025-03-04T09:15:00.5+08:00".parse().unwrap()),
    }
}

fn set(c: &mut Customer, field: Field, seed: u64) {
    let word = |n: u64| usize::try_from(seed % n).unwrap();
    match field {
        Field::ExternalId => c.external_id = Some(pick(&TEXTS, seed)),
        Field::Email => c.email = Some(pick(&EMAILS, seed).into()),
        Field::Phone => c.phone = Some(pick(&PHONES, seed).into()),
        Field::FirstName => c.first_name = Some(pick(&TEXTS, seed)),
        Field::LastName => c.last_name = Some(pick(&TEXTS, seed)),
        Field::DisplayName => c.display_name = Some(pick(&TEXTS, seed)),
        Field::Company => c.company = Some(pick(&TEXTS, seed)),
        Field::Note => c.note = Some(pick(&TEXTS, seed)),
        Field::Gender => c.gender = Some(customer_sink::Gender::ALL[word(4)]),
        Field::Birthday => c.birthday = Some("1990-02-14".parse().unwrap()),
        Field::Locale => c.locale = Some(pick(&TEXTS, seed)),
        Field::Currency => c.currency = Some(pick(&TEXTS, seed)),
        Field::Tags => c.tags.extend((0..seed % 9).map(|n| pick(&TEXTS, seed.wrapping_mul(n + 3)))),
        Field::TaxExempt => c.tax_exempt = Some(true),
        Field::EmailVerified => c.email_verified = Some(false),
        Field::AccountState => c.account_state = Some(AccountState::ALL[word(4)]),
        Field::SubscriptionState => c.subscription_state = Some(customer_sink::SubscriptionState::ALL[word(6)]),
        Field::Addresses => {
            let mut address = Address::new().city(pick(&TEXTS, seed / 3)).country_code(pick(&TEXTS, seed / 5));
            address.country = (seed.is_multiple_of(2)).then(|| pick(&TEXTS, seed / 7));
            address.default = seed.is_multiple_of(3);
            c.addresses.push(address);
        }
        Field::EmailMarketing => c.email_marketing = Some(consent(seed)),
        Field::SmsMarketing => c.sms_marketing = Some(consent(seed)),
        Field::OrdersCount => c.orders_count = Some(seed),
        Field::TotalSpent => c.total_spent = Some("12840.10".parse().unwrap()),
        Field::LastOrderId => c.last_order_id = Some(pick(&TEXTS, seed)),
        Field::CreatedAt => c.created_at = Some("2025-03-04T09:15:00-03:30".parse().unwrap()),
        Field::UpdatedAt => c.updated_at = Some("2025-03-04T09:15:00.25Z".parse().unwrap()),
        Field::Custom => drop(c.custom.insert(pick(&TEXTS, seed / 7), pick(&TEXTS, seed).into())),
        Field::Clear => drop(c.clear.insert(Field::ALL[word(u64::try_from(Field::ALL.len() - 1).unwrap())])),
    }
}

fn customers() -> impl Strategy<Value = Customer> {
    let step = (0..Field::ALL.len(), any::<u64>());
    (proptest::collection::vec(step, 0..40), 0..4u8).prop_map(|(steps, identity)| {
        let mut customer = Customer::new();
        steps.into_iter().for_each(|(field, seed)| set(&mut customer, Field::ALL[field], seed));
        if identity > 0 {
            customer.email = Some("mara@example.com".into());
        }
        customer
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_is_mapped_by_the_laws(customer in customers()) {
        for option in CONSENTS {
            let sink = builder().program_consent(option).build().unwrap();
            match sink.plan(&customer, &UpsertOptions::default()) {
                Ok(plan) => {
                    check_claims(&customer, &plan);
                    check_sent_is_there(&customer, &plan);
                    check_membership(&customer, &plan, option);
                    let again = sink.plan(&customer, &UpsertOptions::default()).unwrap();
                    prop_assert_eq!(serde_json::to_string(&plan).unwrap(), serde_json::to_string(&again).unwrap());
                }
                Err(error) => {
                    prop_assert_eq!(error.kind(), ErrorKind::InvalidInput);
                    prop_assert!(error.field_errors().iter().any(|e| e.field() == "email"));
                }
            }
        }
    }
}

#[test]
fn the_fixture_people_lose_nothing_in_silence() {
    let text = include_str!("../../../../fixtures/customers/customers.jsonl");
    let mut plans = 0;
    for line in text.lines() {
        let customer = Customer::from_json(line.as_bytes()).unwrap();
        for option in CONSENTS {
            let sink = builder().program_consent(option).build().unwrap();
            if let Ok(plan) = sink.plan(&customer, &UpsertOptions::default()) {
                check_claims(&customer, &plan);
                check_sent_is_there(&customer, &plan);
                check_membership(&customer, &plan, option);
                plans += 1;
            }
        }
    }
    assert!(plans > 400, "{plans}");
}

#[test]
fn the_matrix_speaks_for_every_field_once() {
    for field in FieldMatrix::all_fields() {
        let rows = MATRIX.rules().iter().filter(|rule| rule.field == field).count();
        let container = match field {
            FieldKey::Consent(channel, _) => MATRIX.rule(FieldKey::Top(channel.field())).is_some(),
            _ => false,
        };
        assert!(rows == 1 || (rows == 0 && container), "{field} has {rows} rows");
    }
    assert_eq!(MATRIX.provider().as_str(), "yotpo_loyalty");
}

/// The whole table: every state, level and source, on each channel, with every option.
#[test]
fn membership_is_never_widened() {
    for option in CONSENTS {
        for state in [None].into_iter().chain(ConsentState::ALL.iter().copied().map(Some)) {
            for level in [None].into_iter().chain(OptInLevel::ALL.iter().copied().map(Some)) {
                for beside in [false, true] {
                    let mut consent = Consent { state, opt_in_level: level, ..Consent::default() };
                    if beside {
                        consent.source = Some("checkout".into());
                        consent.updated_at = Some("2025-03-04T09:15:00Z".parse().unwrap());
                    }
                    let customer = Customer::new().email("a@example.com");
                    let customer = customer.email_marketing(consent.clone()).sms_marketing(consent);
                    let sink = builder().program_consent(option).build().unwrap();
                    let plan = sink.plan(&customer, &UpsertOptions::default()).unwrap();
                    check_claims(&customer, &plan);
                    check_membership(&customer, &plan, option);
                }
            }
        }
    }
}
