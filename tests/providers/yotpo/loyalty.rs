//! Yotpo Loyalty: every exchange, the laws over its mapping, membership, and the flow against the stand-in.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use customer_sink::providers::yotpo::loyalty::{
    Builder, CustomerQuery, CustomerRecord, Loyalty, MATRIX, OptedIn, ProgramConsent,
};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    AccountState, Address, Channel, Connector, Consent, ConsentField, ConsentState, Customer, CustomerSink,
    CustomerSinkExt, Effect, ErrorKind, Field, FieldKey, FieldMatrix, FieldPath, HttpRequest, HttpResponse, Identity,
    Limit, ManualClock, NoteAction, OnLoss, OptInLevel, Outcome, Plan, RemoteId, ReqwestTransport, StepCondition,
    Transport, TransportError, TransportErrorKind, UpsertOptions,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support;

/// One connector for all that sends nothing: making one costs more than a plan.
fn builder() -> Builder {
    static CONNECTOR: std::sync::OnceLock<Connector> = std::sync::OnceLock::new();
    Loyalty::builder("fake-guid", "fake-key").connector(CONNECTOR.get_or_init(|| support::connector().0))
}

fn consent_option(options: &Value) -> ProgramConsent {
    match options["program_consent"].as_str() {
        Some("email") => ProgramConsent::Marketing(Channel::Email),
        Some("sms") => ProgramConsent::Marketing(Channel::Sms),
        Some("account") => ProgramConsent::AccountSetting,
        _ => ProgramConsent::Unknown,
    }
}

const CONSENTS: [ProgramConsent; 4] = [
    ProgramConsent::Unknown,
    ProgramConsent::Marketing(Channel::Email),
    ProgramConsent::Marketing(Channel::Sms),
    ProgramConsent::AccountSetting,
];

fn from_options(url: &str, connector: &Connector, options: &Value) -> Loyalty {
    let url = format!("{url}/api/v2/");
    builder().program_consent(consent_option(options)).base_url(url).connector(connector).build().unwrap()
}

#[tokio::test]
async fn exchanges() {
    support::play_all("yotpo/loyalty", from_options).await;
}

#[tokio::test]
async fn exchanges_of_fetches() {
    support::calls::play_calls("yotpo/loyalty", async |url: &str, connector: &Connector, exchange: &Value| {
        let sink = from_options(url, connector, &Value::Null);
        let arguments = &exchange["arguments"];
        let text = |name: &str| arguments[name].as_str();
        let got = if exchange["call"] == "check" {
            sink.check().await.map(|()| json!({"checked": true}))
        } else {
            let mut query = match (text("email"), text("id"), text("phone_number")) {
                (Some(email), ..) => CustomerQuery::email(email),
                (_, Some(id), _) => CustomerQuery::id(id),
                (.., Some(number)) => CustomerQuery::phone_number(number),
                _ => CustomerQuery::pos_account_id(text("pos_account_id").unwrap_or_default()),
            };
            if let Some(country) = text("country") {
                query = query.country(country);
            }
            if arguments["with"] == true {
                query = query.with_referral_code().with_history();
            }
            sink.customer(&query).await.map(|row| {
                let row = row.as_ref();
                json!({"customer": row.map(|row| row.to_customer()), "opt_in": row.and_then(|row| row.opt_in),
                    "points": row.and_then(|row| row.points_balance).map(|points| points.to_string())})
            })
        };
        got.unwrap_or_else(|error: customer_sink::Error| support::failed(&error))
    })
    .await;
}

// ---- the laws ----

fn bodies(plan: &Plan) -> Vec<(StepCondition, Value)> {
    plan.steps().iter().filter_map(|s| Some((s.when(), serde_json::from_slice(s.body()?).unwrap()))).collect()
}

/// Each set place is sent or noted, once; and nothing is claimed that is not set.
fn check_claims(customer: &Customer, plan: &Plan) {
    let set = customer.set_paths();
    for place in &set {
        assert!(plan.covers(place), "{place} is lost");
    }
    let mut claimed = HashSet::new();
    for path in plan.sent() {
        assert!(claimed.insert(path.to_string()), "{path} is sent twice");
        assert!(set.iter().any(|place| path.covers(place)), "{path} is sent and not set");
    }
    for note in plan.notes().iter().filter(|note| note.action() != NoteAction::Added) {
        assert!(note.condition().is_none());
        assert!(claimed.insert(note.path().to_string()), "{} has two claims", note.path());
        assert!(set.iter().any(|place| note.path().covers(place)), "{} is noted and not set", note.path());
    }
}

/// What is claimed as sent stands in every body.
fn check_sent_is_there(customer: &Customer, plan: &Plan) {
    for (_, body) in bodies(plan) {
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
    for (when, body) in bodies(plan) {
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
    let text = include_str!("../../../fixtures/customers/customers.jsonl");
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

// ---- the mapping, place by place ----

fn plan(customer: &Customer) -> Plan {
    let plan = builder().program_consent(ProgramConsent::AccountSetting).build().unwrap();
    let plan = plan.plan(customer, &UpsertOptions::default()).unwrap();
    check_claims(customer, &plan);
    plan
}

fn notes(plan: &Plan) -> Vec<String> {
    let note = |n: &customer_sink::Note| format!("{} {} {}", n.path(), n.action().as_str(), n.reason().as_str());
    plan.notes().iter().map(note).collect()
}

fn someone() -> Customer {
    Customer::new().email("a@example.com")
}

#[test]
fn a_phone_is_international_or_goes_with_its_country() {
    let with = |customer: Customer| {
        let plan = plan(&customer);
        let body = bodies(&plan)[0].1.clone();
        let notes: Vec<_> = notes(&plan).into_iter().filter(|note| note.starts_with("phone")).collect();
        (body["phone_number"].clone(), body["country_iso_code"].clone(), notes)
    };
    let address = || Address::new().city("Leeds").country_code("gb");
    assert_eq!(with(someone().phone("00 44 7700 900123")), (json!("+447700900123"), Value::Null, vec![]));
    let national = with(someone().phone(" 020 7946 0018 ").address(address()));
    assert_eq!(national, (json!("020 7946 0018"), json!("GB"), vec!["phone added derived".to_owned()]));
    let by_name = with(someone().phone("020 7946 0018").address(Address::new().country("United Kingdom")));
    assert_eq!(by_name.1, "GB");
    assert_eq!(with(someone().phone("+447700900123").address(address())).1, Value::Null);
    for lost in [someone().phone("020 7946 0018"), someone().phone("n/a").address(address())] {
        assert_eq!(with(lost), (Value::Null, Value::Null, vec!["phone dropped invalid".to_owned()]));
    }
}

#[test]
fn an_account_is_there_or_not_and_times_are_whole_seconds() {
    for (state, sent, note) in [
        (AccountState::Enabled, json!(true), None),
        (AccountState::Disabled, Value::Null, Some("account_state dropped unsupported")),
        (AccountState::Invited, json!(false), Some("account_state changed narrowed")),
        (AccountState::Declined, json!(false), Some("account_state changed narrowed")),
    ] {
        let plan = plan(&someone().account_state(state));
        assert_eq!(bodies(&plan)[0].1["has_account"], sent);
        assert_eq!(notes(&plan), note.into_iter().collect::<Vec<_>>());
    }
    let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap();
    let plan = plan(&someone().created_at(at("2024-12-31T23:30:00.25-02:00")));
    assert_eq!(bodies(&plan)[0].1["platform_account_created_at"], "2025-01-01T01:30:00Z");
    assert_eq!(notes(&plan), ["created_at changed narrowed"]);
    let yes = Consent::new(ConsentState::Subscribed).updated_at(at("2025-03-04T09:15:00.5+08:00")).source("checkout");
    let sink = builder().program_consent(ProgramConsent::Marketing(Channel::Email)).build().unwrap();
    let customer = someone().email_marketing(yes);
    let plan = sink.plan(&customer, &UpsertOptions::default()).unwrap();
    assert_eq!(bodies(&plan)[0].1["opted_in_at"], "2025-03-04T01:15:00Z");
    assert_eq!(
        notes(&plan),
        ["email_marketing.source dropped unsupported", "email_marketing.updated_at changed narrowed"]
    );
}

#[test]
fn a_record_needs_an_email_and_losses_can_be_refused() {
    let sink = builder().build().unwrap();
    for (customer, word) in [
        (Customer::new().external_id("1").phone("+15550100123"), "need an email"),
        (Customer::new().email("nobody"), "exactly one @"),
    ] {
        let error = sink.plan(&customer, &UpsertOptions::default()).unwrap_err();
        assert_eq!((error.kind(), error.provider().unwrap().as_str()), (ErrorKind::InvalidInput, "yotpo_loyalty"));
        assert!(error.field_errors().iter().any(|e| e.field() == "email" && e.message().contains(word)));
    }
    let strict = UpsertOptions::default().on_loss(OnLoss::Fail);
    let error = sink.plan(&someone().note("x").tags(["a,b"]), &strict).unwrap_err();
    assert_eq!(error.field_errors().iter().map(|e| e.field()).collect::<Vec<_>>(), ["note", "tags[0]"]);
    assert!(sink.plan(&someone().tags(["a"]), &strict).is_ok());
}

#[test]
fn a_plan_shows_the_look_ups_and_no_credential() {
    let sink = builder().base_url("https://loyalty.example.com/api/v2").build().unwrap();
    let shown =
        serde_json::to_value(sink.plan(&someone().external_id("c 1"), &UpsertOptions::default()).unwrap()).unwrap();
    let url = |query: &str| format!("https://loyalty.example.com/api/v2/customers{query}");
    let steps: Vec<Value> = shown["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| json!([s["when"], s["method"], s["url"], s["body"]]))
        .collect();
    assert_eq!(
        steps,
        [
            json!(["always", "GET", url("?customer_id=c%201"), null]),
            json!(["if_not_found", "GET", url("?customer_email=a%40example.com"), null]),
            json!(["if_found", "POST", url(""), {"id": "c 1", "email": "a@example.com", "opted_in": "{opted_in}"}]),
            json!(["if_not_found", "POST", url(""), {"id": "c 1", "email": "a@example.com", "opted_in": false}]),
        ]
    );
    for step in shown["steps"].as_array().unwrap() {
        assert_eq!(
            (&step["headers"]["x-guid"], &step["headers"]["x-api-key"]),
            (&json!("[redacted]"), &json!("[redacted]"))
        );
    }
    let text = format!("{sink:?} {:?} {shown}", builder());
    assert!(!text.contains("fake-guid") && !text.contains("fake-key"), "{text}");
    for (guid, key) in [("", "k"), ("g", " "), ("a\nb", "k"), ("g", "a\nb")] {
        let error = Loyalty::builder(guid, key).build().unwrap_err();
        assert_eq!((error.kind(), error.field_errors()[0].field()), (ErrorKind::Config, "credential"));
    }
    let error = builder().base_url("http://example.com").build().unwrap_err();
    assert_eq!(error.field_errors()[0].field(), "base_url");
}

// ---- the flow ----

/// Loses the answer to the writes whose number the script names, after the vendor has acted.
#[derive(Debug)]
struct Losing(ReqwestTransport, AtomicU32, fn(u32) -> bool);

#[async_trait]
impl Transport for Losing {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let is_write = request.method == "POST";
        let answer = self.0.send(request).await;
        if is_write && (self.2)(self.1.fetch_add(1, Ordering::SeqCst)) {
            return Err(TransportError::new(TransportErrorKind::Interrupted, "reset by the test"));
        }
        answer
    }
}

struct World {
    sandbox: Sandbox,
    connector: Connector,
}

async fn world(lose: fn(u32) -> bool) -> World {
    let transport = Losing(ReqwestTransport::new().unwrap(), AtomicU32::new(0), lose);
    let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
    let connector = Connector::for_tests(Arc::new(transport), clock as _);
    World { sandbox: Sandbox::start().await.unwrap(), connector }
}

impl World {
    fn sink(&self, consent: ProgramConsent) -> Loyalty {
        let builder = Loyalty::builder(Sandbox::YOTPO_LOYALTY_GUID, Sandbox::YOTPO_LOYALTY_API_KEY);
        let url = format!("{}/api/v2", self.sandbox.url("yotpo").unwrap());
        builder.program_consent(consent).base_url(url).connector(&self.connector).build().unwrap()
    }

    fn opted_in(&self, email: &str) -> Value {
        let rows = self.sandbox.yotpo_loyalty_customers();
        let row = rows.iter().find(|row| row["email"] == email).unwrap_or_else(|| panic!("nobody with {email}"));
        row["opt_in"].clone()
    }
}

#[tokio::test]
async fn nobody_is_enrolled_and_no_member_is_lost_without_being_told() {
    let world = world(|_| false).await;
    let sink = world.sink(ProgramConsent::Unknown);
    let yes = Consent::new(ConsentState::Subscribed);
    let mira = someone().external_id("1").first_name("Mira").email_marketing(yes.clone());
    let done = sink.upsert(&mira).await.unwrap();
    assert_eq!((done.provider.as_str(), done.outcome, done.attempts), ("yotpo_loyalty", Outcome::Accepted, 3));
    assert_eq!(world.opted_in("a@example.com"), false, "a yes to e-mail is no yes to the programme");
    // A member, by the account's own setting, stays one; and one who is not stays out.
    let mut record = CustomerRecord::new("member@example.com");
    record.id = Some("2".into());
    sink.upsert_customer(&record).await.unwrap();
    assert_eq!(world.opted_in("member@example.com"), true, "the stand-in's setting enrols");
    let member = Customer::new().email("member@example.com").external_id("2").first_name("Tess");
    assert_eq!(sink.upsert(&member).await.unwrap().attempts, 2);
    assert_eq!(world.opted_in("member@example.com"), true);
    sink.upsert(&mira).await.unwrap();
    assert_eq!(world.opted_in("a@example.com"), false);
    // Under a new address, by the id; and without an id, by the address.
    sink.upsert(&member.clone().email("moved@example.com")).await.unwrap();
    assert_eq!(world.opted_in("moved@example.com"), true);
    assert_eq!(sink.upsert(&Customer::new().email("moved@example.com")).await.unwrap().attempts, 2);
    assert_eq!(world.sandbox.yotpo_loyalty_customers().len(), 2);
    // Where the shop says that the consent stands for the programme, it does, and nobody is looked up.
    let told = world.sink(ProgramConsent::Marketing(Channel::Email));
    assert_eq!(told.upsert(&mira).await.unwrap().attempts, 1);
    assert_eq!(world.opted_in("a@example.com"), true);
    let no = mira.email_marketing(Consent::new(ConsentState::Unsubscribed));
    told.upsert(&no).await.unwrap();
    assert_eq!(world.opted_in("a@example.com"), false);
    let account = world.sink(ProgramConsent::AccountSetting);
    account.upsert(&Customer::new().email("new@example.com")).await.unwrap();
    assert_eq!(world.opted_in("new@example.com"), true);
    assert!(world.sandbox.customers("yotpo").is_empty(), "Core is another matter");
}

/// A new id with the address of a member: nobody is enrolled by that, and nobody's record is taken over.
#[tokio::test]
async fn an_address_of_another_id_is_a_conflict_and_nothing_is_written() {
    let world = world(|_| false).await;
    let member = someone().external_id("7").email_marketing(Consent::new(ConsentState::Subscribed));
    world.sink(ProgramConsent::Marketing(Channel::Email)).upsert(&member).await.unwrap();
    let before = world.sandbox.yotpo_loyalty_customers();
    let error = world.sink(ProgramConsent::Unknown).upsert(&someone().external_id("1")).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Conflict, Effect::NotSent));
    assert_eq!((error.conflicting_ids(), error.is_retryable()), (&["1".into(), "7".into()][..], false));
    assert_eq!(world.sandbox.yotpo_loyalty_customers(), before);
    assert!(!format!("{error} {error:?}").contains("example.com"));
    // Who has no id here yet, or is sent without one, is that customer.
    world.sink(ProgramConsent::Unknown).upsert(&someone().first_name("Mira")).await.unwrap();
    assert_eq!(world.opted_in("a@example.com"), true);
}

/// A shop may have both products: one record, two sinks, two outcomes.
#[tokio::test]
async fn core_and_loyalty_are_two_sinks_with_outcomes_of_their_own() {
    let world = world(|_| false).await;
    let url = world.sandbox.url("yotpo").unwrap();
    let core = |secret: &str| {
        let builder = customer_sink::providers::yotpo::Yotpo::builder(Sandbox::YOTPO_STORE_ID, secret);
        builder.base_url(&url).connector(&world.connector).build().unwrap()
    };
    let wrong = Loyalty::builder(Sandbox::YOTPO_LOYALTY_GUID, "fake-wrong");
    let wrong = wrong.base_url(format!("{url}/api/v2")).connector(&world.connector).build().unwrap();
    type Both = Vec<Arc<dyn CustomerSink>>;
    let pairs: [(Both, [bool; 2]); 3] = [
        (vec![Arc::new(core(Sandbox::YOTPO_SECRET)), Arc::new(wrong)], [true, false]),
        (vec![Arc::new(core("fake-wrong")), Arc::new(world.sink(ProgramConsent::Unknown))], [false, true]),
        (vec![Arc::new(core(Sandbox::YOTPO_SECRET)), Arc::new(world.sink(ProgramConsent::Unknown))], [true, true]),
    ];
    let mira = someone().external_id("1").first_name("Mira");
    for (sinks, expected) in pairs {
        for (sink, good) in sinks.iter().zip(expected) {
            match sink.upsert(&mira).await {
                Ok(done) => assert!(good && done.provider == sink.provider()),
                Err(error) => {
                    assert!(!good, "{error}");
                    assert_eq!((error.kind(), error.provider()), (ErrorKind::Unauthenticated, Some(sink.provider())));
                }
            }
        }
    }
    assert_eq!((world.sandbox.customers("yotpo").len(), world.sandbox.yotpo_loyalty_customers().len()), (1, 1));
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_repeats_converge() {
    let lossy = world(|n| n == 0).await;
    let sink = lossy.sink(ProgramConsent::Unknown);
    let mira = someone().external_id("1").first_name("Mira").tags(["vip", "a"]);
    let done = sink.upsert(&mira).await.unwrap();
    assert_eq!((done.attempts, lossy.sandbox.yotpo_loyalty_customers().len()), (4, 1));
    let before = lossy.sandbox.yotpo_loyalty_customers();
    for _ in 0..3 {
        sink.upsert(&mira).await.unwrap();
        assert_eq!(lossy.sandbox.yotpo_loyalty_customers(), before);
    }
    sink.upsert(&mira.tags(["b"])).await.unwrap();
    assert_eq!(lossy.sandbox.yotpo_loyalty_customers()[0]["tags"], "vip,a,b");
    let deaf = world(|_| true).await;
    let error = deaf.sink(ProgramConsent::AccountSetting).upsert(&someone()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Interrupted, Effect::Unknown));
    assert!(error.is_retryable());
    assert_eq!((error.operation(), error.attempts()), (Some("upsert_loyalty_customer"), 4));
}

#[tokio::test]
async fn customers_are_found_and_credentials_are_checked() {
    let world = world(|_| false).await;
    let sink = world.sink(ProgramConsent::Unknown);
    let mira = someone().external_id("1").first_name("Mira").phone("+12025550101").account_state(AccountState::Enabled);
    sink.upsert(&mira).await.unwrap();
    for who in [
        Identity::ExternalId("1".into()),
        Identity::Email(" A@example.com".into()),
        Identity::Phone("001 202 555 0101".into()),
    ] {
        let found = sink.find(&who).await.unwrap().unwrap().customer;
        let expected = mira.clone().orders_count(0u64).total_spent("0.00".parse::<customer_sink::Decimal>().unwrap());
        assert_eq!(serde_json::to_value(&found).unwrap(), serde_json::to_value(&expected).unwrap());
    }
    assert!(sink.find(&Identity::Email("else@example.com".into())).await.unwrap().is_none());
    for (who, kind) in [
        (Identity::RemoteId(RemoteId::from("1")), ErrorKind::Unsupported),
        (Identity::ExternalId(" ".into()), ErrorKind::InvalidInput),
        (Identity::Email("nobody".into()), ErrorKind::InvalidInput),
        (Identity::Phone("n/a".into()), ErrorKind::InvalidInput),
    ] {
        assert_eq!(sink.find(&who).await.unwrap_err().kind(), kind);
    }
    sink.check().await.unwrap();
    let url = format!("{}/api/v2", world.sandbox.url("yotpo").unwrap());
    let wrong = Loyalty::builder(Sandbox::YOTPO_LOYALTY_GUID, "fake-wrong").base_url(url).connector(&world.connector);
    assert_eq!(wrong.build().unwrap().check().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    let error = sink.erase(&Identity::ExternalId("1".into())).await.unwrap_err();
    assert_eq!((error.kind(), error.hint().unwrap().contains("anonymize")), (ErrorKind::Unsupported, true));
    let error = sink.upsert_customer(&CustomerRecord::new(" ")).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::NotSent));
    let mut record = CustomerRecord::new("pos@example.com");
    (record.pos_account_id, record.opted_in) = (Some("till-7".into()), OptedIn::NO);
    sink.upsert_customer(&record).await.unwrap();
    let row = sink.customer(&CustomerQuery::pos_account_id("till-7").with_history()).await.unwrap().unwrap();
    assert_eq!((row.email.as_deref(), row.opt_in), (Some("pos@example.com"), Some(false)));
    assert!(row.raw().contains("till-7") && !format!("{row:?} {record:?}").contains("till-7"));
}

#[tokio::test]
async fn nothing_that_prints_shows_a_credential_or_a_person() {
    let planted = ["PLANTED", "plantedmail", "5550109", "Plantedfirst"];
    let search = |what: &str, text: String| {
        for word in planted {
            assert!(!text.contains(word), "{what} shows {word}: {text}");
        }
    };
    let (connector, _) = support::connector();
    let customer = Customer::new().external_id("1").email("plantedmail@example.com").phone("+1 202 5550109");
    let customer = customer.first_name("Plantedfirst");
    for status in [200, 400, 401, 404, 422, 429, 500] {
        let server = wiremock::MockServer::start().await;
        let echo = move |request: &wiremock::Request| {
            let text = format!("{} {:?} {}", request.url, request.headers, String::from_utf8_lossy(&request.body));
            let body =
                json!({"error": text, "message": text, "code": text, "errors": [{"message": {text.as_str(): text}}]});
            wiremock::ResponseTemplate::new(status).set_body_json(body)
        };
        wiremock::Mock::given(wiremock::matchers::any()).respond_with(echo).mount(&server).await;
        for option in CONSENTS {
            let sink = Loyalty::builder("PLANTEDGUID", "PLANTEDKEY").program_consent(option).base_url(server.uri());
            let sink = sink.connector(&connector).rate_limit(Limit::Unlimited).build().unwrap();
            let plan = sink.plan(&customer, &UpsertOptions::default()).unwrap();
            search("a sink or plan", format!("{sink:?} {plan:?} {:?} {:?}", plan.notes(), plan.steps()));
            for (name, value) in plan.steps().iter().flat_map(customer_sink::Step::headers) {
                assert!(!value.contains("PLANTED"), "{name}");
            }
            for error in [
                sink.upsert(&customer).await.unwrap_err(),
                sink.find(&Identity::Email("plantedmail@example.com".into())).await.map(|_| ()).err().unwrap_or_else(
                    || {
                        assert_eq!(status, 404, "only a 404 is nobody");
                        customer_sink::Error::new(ErrorKind::NotFound, Effect::NotSent)
                    },
                ),
            ] {
                search("an error", format!("{error} {error:?}"));
            }
        }
    }
}

#[test]
fn the_lower_of_the_two_documented_limits_holds() {
    let expected = Limit::Window { max: 5, per: std::time::Duration::from_secs(1) };
    assert_eq!(customer_sink::providers::yotpo::loyalty::DEFAULT_LIMIT, expected);
}
