//! Whale: every exchange, and the mapping's rules.

mod calls;
mod flow;
mod limits;
mod native;
mod requests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use customer_sink::client::ManualClock;
use customer_sink::customer::Field;
use customer_sink::plan::{FieldMatrix, NoteAction, NoteReason};
use customer_sink::providers::whale::{
    Assumptions, Change, CustomerId, CustomerInput, CustomerQuery, ErasureInput, PathStyle, RemovalStatus, TagPolicy,
    Whale,
};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Address, Connector, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Effect, Email, ErasureStatus,
    Error, ErrorKind, HttpRequest, HttpResponse, Identity, OnLoss, OptInLevel, Outcome, Phone, Plan, RemoteId,
    ReqwestTransport, Transport, TransportError, TransportErrorKind, UpsertOptions,
};
use serde_json::{Value, json};

use crate::support;
use crate::support::plan::{body_at, notes};

fn sink() -> Whale {
    Whale::builder(Sandbox::WHALE_STORE_ID, Sandbox::WHALE_API_KEY).build().unwrap()
}

fn plan(customer: &Customer) -> Plan {
    support::plan::plan(&sink(), customer)
}

fn customer(json: Value) -> Customer {
    serde_json::from_value(json).unwrap()
}

#[tokio::test]
async fn exchanges() {
    support::play_all("whale", |url, connector, options| {
        let mut builder = Whale::builder(Sandbox::WHALE_STORE_ID, Sandbox::WHALE_API_KEY);
        if options["path_style"] == "key_scoped" {
            builder = builder.path_style(PathStyle::KeyScoped);
        }
        if options["send_consent"] == true {
            builder = builder.send_consent(true);
        }
        if options["tags"] == "replace" {
            builder = builder.tag_policy(TagPolicy::Replace);
        }
        if options["send_birthday"] == true {
            builder = builder.send_birthday(true);
        }
        let assumptions = Assumptions::default()
            .trust_created_status(options["trust_created_status"] != false)
            .missing_means_empty(options["missing_means_empty"] == true)
            .lower_case_email(options["lower_case_email"] == true)
            .typed_metadata(options["typed_metadata"] == true);
        let builder = builder.assumptions(assumptions);
        builder.base_url(url).connector(connector).build().unwrap()
    })
    .await;
}

#[test]
fn options_are_checked_by_name() {
    let option = |builder: customer_sink::providers::whale::Builder| {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.field_errors()[0].field().to_owned()
    };
    for store in ["", " ", "..", ".", "a\nb"] {
        assert_eq!(option(Whale::builder(store, "k")), "store_id", "{store:?}");
    }
    assert!(Whale::builder("", "k").path_style(PathStyle::KeyScoped).build().is_ok());
    assert_eq!(option(Whale::builder("s", " ")), "credential");
    assert_eq!(option(Whale::builder("s", "k").base_url("http://example.com")), "base_url");
    let odd = Whale::builder("a/b?c", "k").build().unwrap();
    let plan = odd.plan(&Customer::new().email("a@example.com"), &UpsertOptions::default()).unwrap();
    assert_eq!(plan.steps()[0].url(), "https://vm.whaletools.cloud/v1/stores/a%2Fb%3Fc/customers");
    assert!(!format!("{odd:?} {plan:?}").contains("fake"));
}

#[test]
fn the_matrix_speaks_for_every_field_once() {
    for (consent, birthday) in [(false, false), (true, false), (false, true), (true, true)] {
        let builder = Whale::builder("s", "k").send_consent(consent).send_birthday(birthday);
        let matrix = builder.build().unwrap().capabilities().fields;
        for field in FieldMatrix::all_fields() {
            assert_eq!(matrix.rules().iter().filter(|rule| rule.field == field).count(), 1, "{field}");
        }
    }
}

#[test]
fn a_plan_shows_every_step_and_every_field_of_the_update() {
    let person = customer(json!({
        "email": " Nora@Example.com ", "first_name": "Nora", "tags": ["vip"], "clear": ["last_name", "custom", "email"],
        "external_id": "7"
    }));
    let plan = plan(&person);
    let steps: Vec<_> = plan.steps().iter().map(|s| (s.when().as_str(), s.method().as_str(), s.url())).collect();
    const BASE: &str = "https://vm.whaletools.cloud/v1/stores/00000000-0000-4000-8000-000000000000/customers";
    let one = format!("{BASE}/{{id}}");
    assert_eq!(steps, [("always", "POST", BASE), ("if_found", "GET", &one), ("if_differs", "PATCH", &one)]);
    assert_eq!(
        body_at(&plan, 0),
        json!({"email": "Nora@Example.com", "first_name": "Nora", "tags": ["vip"], "metadata": {"external_id": "7"}})
    );
    assert!(plan.steps()[1].body().is_none());
    assert_eq!(
        body_at(&plan, 2),
        json!({"first_name": "Nora", "last_name": null, "tags": ["vip"], "metadata": {"external_id": "7"}})
    );
    assert_eq!(notes(&plan), ["clear.email dropped redundant"]);
    let key = plan.steps()[0].headers().find(|(name, _)| *name == "x-api-key").unwrap().1.into_owned();
    assert_eq!(key, "[redacted]");
    // With nothing beside the identity there is nothing that could differ.
    let alone = self::plan(&Customer::new().email("a@example.com"));
    assert_eq!(alone.steps().iter().map(|step| step.when().as_str()).collect::<Vec<_>>(), ["always", "if_found"]);
    let again = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::to_string(&self::plan(&person)).unwrap(), again);
}

#[test]
fn records_without_a_usable_email_are_refused_by_rule() {
    let refused = |customer: &Customer| -> Vec<String> {
        let error = sink().plan(customer, &UpsertOptions::default()).unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::NotSent));
        assert_eq!(error.provider().unwrap().as_str(), "whale");
        assert!(!format!("{error} {error:?}").contains("nora"));
        error.field_errors().iter().map(|f| f.field().to_owned()).collect()
    };
    for bad in [
        "",
        "nora",
        "nora@localhost",
        "nora@x@example.com",
        "nora.1@walk-in.local",
        "nora@Deleted.local",
        "merged.nora@example.com",
        "deleted.nora.1741513200@example.com",
        "nora@alpine.local",
    ] {
        assert_eq!(refused(&Customer::new().email(bad).phone("+15550100101").external_id("1")), ["email"], "{bad}");
    }
    assert_eq!(refused(&Customer::new()), ["email"]);
    let bad = Customer::new().email("nora").note("x");
    let error = sink().plan(&bad, &UpsertOptions::default().on_loss(OnLoss::Fail)).unwrap_err();
    assert_eq!(error.field_errors().len(), 2, "every problem at once");
}

#[test]
fn no_consent_ever_leaves_whatever_it_says() {
    let states = [None].into_iter().chain(ConsentState::ALL.iter().copied().map(Some));
    for state in states {
        for level in [None, Some(OptInLevel::Single), Some(OptInLevel::Confirmed), Some(OptInLevel::Unknown)] {
            for extras in [false, true] {
                let mut consent = Consent { state, opt_in_level: level, ..Consent::default() };
                if extras {
                    consent = consent.source("checkout").updated_at("2025-03-04T09:16:00Z".parse().unwrap());
                }
                let person = Customer::new()
                    .email("a@example.com")
                    .email_marketing(consent.clone())
                    .sms_marketing(consent.clone());
                let plan = plan(&person);
                assert_eq!(body_at(&plan, 0), json!({"email": "a@example.com"}));
                assert_eq!(plan.steps().len(), 2);
                let expected: Vec<_> = ["email_marketing", "sms_marketing"]
                    .into_iter()
                    .filter(|_| !consent.is_empty())
                    .map(|field| format!("{field} dropped unsupported"))
                    .collect();
                assert_eq!(notes(&plan), expected, "{consent:?}");
                let tells = plan.notes().iter().any(|note| note.detail().contains("opt-out"));
                assert_eq!(tells, state == Some(ConsentState::Unsubscribed));
            }
        }
    }
}

#[test]
fn with_the_option_a_known_consent_goes_out_as_a_yes_or_a_no() {
    let sink = Whale::builder("s", "k").send_consent(true).build().unwrap();
    for state in [None].into_iter().chain(ConsentState::ALL.iter().copied().map(Some)) {
        for level in [None, Some(OptInLevel::Single), Some(OptInLevel::Confirmed), Some(OptInLevel::Unknown)] {
            let consent = Consent { state, opt_in_level: level, ..Consent::default() };
            let consent = consent.source("checkout").updated_at("2025-03-04T09:16:00Z".parse().unwrap());
            let person = Customer::new().email("a@example.com").email_marketing(consent.clone()).sms_marketing(consent);
            let plan = sink.plan(&person, &UpsertOptions::default()).unwrap();
            for place in person.set_paths() {
                assert!(plan.covers(&place), "{place} has no claim");
            }
            let sent = state.map(|state| state == ConsentState::Subscribed);
            let mut expected = json!({"email": "a@example.com"});
            if let Some(sent) = sent {
                expected["email_consent"] = json!(sent);
                expected["sms_consent"] = json!(sent);
            }
            assert_eq!(body_at(&plan, 0), expected, "{state:?}");
            assert_eq!(plan.steps().len(), if sent.is_some() { 3 } else { 2 });
            let narrowed = plan.notes().iter().filter(|note| note.action() == NoteAction::Changed).count();
            assert_eq!(narrowed, if state == Some(ConsentState::Pending) { 2 } else { 0 }, "{state:?}");
        }
    }
    let silent = sink.plan(&Customer::new().email("a@example.com"), &UpsertOptions::default()).unwrap();
    assert_eq!(body_at(&silent, 0), json!({"email": "a@example.com"}), "who says nothing sends nothing");
}
