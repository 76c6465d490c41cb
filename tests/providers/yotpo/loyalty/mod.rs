//! Yotpo Loyalty: every exchange, the laws over its mapping, membership, and the flow against the stand-in.

mod flow;
mod laws;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use customer_sink::client::{Limit, ManualClock};
use customer_sink::customer::{Channel, ConsentField, Field, FieldPath};
use customer_sink::plan::{FieldKey, FieldMatrix, Note, NoteAction, StepCondition};
use customer_sink::providers::yotpo::loyalty::{
    Builder, CustomerInput, CustomerQuery, Loyalty, MATRIX, OptedIn, ProgramConsent,
};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    AccountState, Address, Connector, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Effect,
    ErrorKind, HttpRequest, HttpResponse, Identity, OnLoss, OptInLevel, Outcome, Plan, RemoteId, ReqwestTransport,
    Transport, TransportError, TransportErrorKind, UpsertOptions,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support;
use crate::support::plan::{bodies, notes};

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
async fn exchanges_of_calls() {
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
            sink.get_customer(&query).await.map(|answer| {
                let row = answer.as_ref().map(|answer| &answer.value);
                json!({"customer": row.map(Customer::from), "opt_in": row.and_then(|row| row.opt_in),
                    "points": row.and_then(|row| row.points_balance).map(|points| points.to_string())})
            })
        };
        got.unwrap_or_else(|error: customer_sink::Error| support::failed(&error))
    })
    .await;
}

/// The plan, after its claims were checked: no note is limited to a step.
fn plan(customer: &Customer) -> Plan {
    let sink = builder().program_consent(ProgramConsent::AccountSetting).build().unwrap();
    let plan = sink.plan(customer, &UpsertOptions::default()).unwrap();
    check_claims(customer, &plan);
    plan
}

fn check_claims(customer: &Customer, plan: &Plan) {
    support::plan::check_claims(customer, plan);
    let all = plan.notes().iter().filter(|note| note.action() != NoteAction::Added);
    assert!(all.map(Note::condition).all(|when| when.is_none()), "{:?}", plan.notes());
}

fn someone() -> Customer {
    Customer::new().email("a@example.com")
}

#[test]
fn a_phone_is_international_or_goes_with_its_country() {
    let with = |customer: Customer| {
        let plan = plan(&customer);
        let body = bodies(&plan)[0].2.clone();
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
        assert_eq!(bodies(&plan)[0].2["has_account"], sent);
        assert_eq!(notes(&plan), note.into_iter().collect::<Vec<_>>());
    }
    let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap();
    let plan = plan(&someone().created_at(at("2024-12-31T23:30:00.25-02:00")));
    assert_eq!(bodies(&plan)[0].2["platform_account_created_at"], "2025-01-01T01:30:00Z");
    assert_eq!(notes(&plan), ["created_at changed narrowed"]);
    let yes = Consent::new(ConsentState::Subscribed).updated_at(at("2025-03-04T09:15:00.5+08:00")).source("checkout");
    let sink = builder().program_consent(ProgramConsent::Marketing(Channel::Email)).build().unwrap();
    let customer = someone().email_marketing(yes);
    let plan = sink.plan(&customer, &UpsertOptions::default()).unwrap();
    assert_eq!(bodies(&plan)[0].2["opted_in_at"], "2025-03-04T01:15:00Z");
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
