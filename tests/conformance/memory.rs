//! The in-memory sink: who is who, what an upsert changes, and what calls can be made to do.

use std::sync::Arc;
use std::time::Duration;

use customer_sink::client::ManualClock;
use customer_sink::customer::Field;
use customer_sink::memory::{MemorySink, ScriptedCall, SinkCall};
use customer_sink::{
    Address, Clock, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Effect, ErasureStatus, Error,
    ErrorKind, Identity, OptInLevel, Outcome, RemoteId,
};

fn email(text: &str) -> Identity {
    Identity::Email(text.into())
}

#[tokio::test]
async fn one_person_by_any_identifier() {
    let sink = MemorySink::new();
    let id = sink.seed(&Customer::new().external_id("1").email("Ann@Example.com").phone("+15550100123")).unwrap();
    for (same, outcome) in [
        (Customer::new().external_id("1").first_name("Ann"), Outcome::Updated),
        (Customer::new().email(" ann@example.COM ").first_name("Ann"), Outcome::Unchanged),
        (Customer::new().phone("001 555 010 0123").first_name("Anne"), Outcome::Updated),
        (Customer::new().external_id("1").email("new@example.com"), Outcome::Updated),
        (Customer::new().email("new@example.com").external_id("1"), Outcome::Unchanged),
    ] {
        let done = sink.upsert(&same).await.unwrap();
        assert_eq!(
            (done.outcome, done.remote_id.as_ref().map(RemoteId::as_str)),
            (outcome, Some(id.as_str())),
            "{same:?}"
        );
    }
    assert_eq!(sink.people().len(), 1);
    let who = [Identity::RemoteId(id), Identity::ExternalId("1".into()), email("NEW@example.com")];
    for who in who.iter().chain([&Identity::Phone("+15550100123".into())]) {
        let found = sink.find(who).await.unwrap().unwrap();
        assert_eq!(found.customer.first_name.as_deref(), Some("Anne"));
    }
}

#[tokio::test]
async fn two_people_are_a_conflict_and_nothing_is_written() {
    let sink = MemorySink::new();
    let one = sink.seed(&Customer::new().external_id("1").email("one@example.com").phone("+15550100123")).unwrap();
    let two = sink.seed(&Customer::new().external_id("2").email("two@example.com")).unwrap();
    let before = sink.people().iter().map(|found| found.customer.clone()).collect::<Vec<_>>();
    for (record, ids) in [
        (Customer::new().external_id("1").email("two@example.com"), vec![&one, &two]),
        (Customer::new().email("two@example.com").phone("+15550100123"), vec![&two, &one]),
        // Known by the phone alone, and with another e-mail.
        (Customer::new().email("three@example.com").phone("+15550100123"), vec![&one]),
        // Known by the e-mail alone, and with another id.
        (Customer::new().external_id("3").email("one@example.com"), vec![&one]),
    ] {
        let error = sink.upsert(&record.first_name("Ann")).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Conflict, Effect::Rejected));
        assert_eq!(error.conflicting_ids().iter().collect::<Vec<_>>(), ids);
    }
    assert_eq!(sink.people().iter().map(|found| found.customer.clone()).collect::<Vec<_>>(), before);
}

#[tokio::test]
async fn unset_is_left_alone_and_clear_blanks() {
    let sink = MemorySink::new();
    let full = Customer::new()
        .email("ann@example.com")
        .first_name("Ann")
        .note("calls late")
        .tags(["vip"])
        .custom("plan", "gold")
        .address(Address::new().city("Berlin"));
    sink.upsert(&full).await.unwrap();
    let later = Customer::new().email("ann@example.com").custom("size", 3i64).clear(Field::Note).first_name("Anne");
    sink.upsert(&later).await.unwrap();
    let held = &sink.people()[0].customer;
    assert_eq!((held.first_name.as_deref(), held.note.as_deref()), (Some("Anne"), None));
    assert_eq!((held.tags.len(), held.addresses.len(), held.custom.len()), (1, 1, 2));
    sink.upsert(&Customer::new().external_id("7").email("ann@example.com")).await.unwrap();
    sink.upsert(&Customer::new().external_id("7").clear(Field::Email)).await.unwrap();
    assert!(sink.find(&email("ann@example.com")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_consent_is_never_widened() {
    let sink = MemorySink::new();
    let ann = Customer::new().email("ann@example.com");
    sink.upsert(&ann.clone().email_marketing(Consent::new(ConsentState::Unsubscribed))).await.unwrap();
    let unknown = Consent { opt_in_level: Some(OptInLevel::Confirmed), ..Consent::default() };
    let done = sink.upsert(&ann.clone().email_marketing(unknown)).await.unwrap();
    assert_eq!((done.outcome, done.notes.len()), (Outcome::Unchanged, 1));
    sink.upsert(&ann.clone().first_name("Ann")).await.unwrap();
    let state = || sink.people()[0].customer.email_marketing.as_ref().and_then(|consent| consent.state);
    assert_eq!(state(), Some(ConsentState::Unsubscribed));
    sink.upsert(&ann.email_marketing(Consent::new(ConsentState::Subscribed))).await.unwrap();
    assert_eq!(state(), Some(ConsentState::Subscribed), "a yes that was given is one");
}

#[tokio::test]
async fn calls_do_as_they_are_told_and_are_recorded() {
    let sink = MemorySink::new();
    let ann = Customer::new().email("ann@example.com");
    sink.fail_next(2, || {
        Error::new(ErrorKind::RateLimited, Effect::Rejected).with_retry_after(Some(Duration::from_secs(9)))
    });
    sink.script([
        ScriptedCall::LoseRequest,
        ScriptedCall::Fail(Error::new(ErrorKind::Decode, Effect::Applied)),
        ScriptedCall::LoseAnswer,
        ScriptedCall::PassThrough,
    ]);
    let mut held = Vec::new();
    for number in 0..6 {
        let result = sink.upsert(&ann.clone().first_name(format!("Ann {number}"))).await;
        if let Err(error) = &result {
            assert_eq!((error.provider(), error.operation()), (Some(sink.provider()), Some("upsert_customer")));
        }
        held.push((result.map_err(|e| (e.kind(), e.effect())).map(|d| d.outcome), sink.people().len()));
    }
    let limited = (Err((ErrorKind::RateLimited, Effect::Rejected)), 0);
    let lost = |people| (Err((ErrorKind::Interrupted, Effect::Unknown)), people);
    let applied = (Err((ErrorKind::Decode, Effect::Applied)), 1);
    assert_eq!(held, [limited, limited, lost(0), applied, lost(1), (Ok(Outcome::Updated), 1)]);
    let calls = sink.calls();
    assert_eq!(calls.len(), 6);
    assert_eq!(calls[0].failed, Some((ErrorKind::RateLimited, Effect::Rejected)));
    assert_eq!(calls[5].outcome, Some(Outcome::Updated));
    assert_eq!(calls[5].request, SinkCall::Upsert(Box::new(ann.first_name("Ann 5"))));
    assert!(!format!("{calls:?} {sink:?}").contains("Ann"));
    sink.script([ScriptedCall::Fail(Error::new(ErrorKind::Unauthenticated, Effect::Rejected))]);
    assert!(sink.check().await.is_err() && sink.check().await.is_ok());
    assert_eq!(sink.erase(&email("ann@example.com")).await.unwrap(), ErasureStatus::Completed);
    assert_eq!(sink.erase(&email("ann@example.com")).await.unwrap(), ErasureStatus::NotFound);
    sink.reset();
    assert!(sink.calls().is_empty());
}

#[tokio::test]
async fn latency_goes_by_on_the_injected_clock() {
    let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
    let sink = MemorySink::with_clock(Arc::clone(&clock) as _);
    let start = clock.now();
    sink.set_latency(Duration::from_secs(2));
    sink.script([ScriptedCall::Delay(Duration::from_secs(30))]);
    for _ in 0..2 {
        sink.upsert(&Customer::new().email("ann@example.com")).await.unwrap();
    }
    assert_eq!(clock.now() - start, Duration::from_secs(34));
}

#[tokio::test]
async fn a_panic_on_demand_leaves_the_sink_usable() {
    let sink = MemorySink::new();
    let ann = Customer::new().email("ann@example.com");
    sink.script([ScriptedCall::Panic("scripted")]);
    let (other, record) = (sink.clone(), ann.clone());
    let ended = tokio::spawn(async move { other.upsert(&record).await.map(drop) }).await;
    assert!(ended.unwrap_err().is_panic());
    assert!(sink.people().is_empty());
    assert_eq!(sink.upsert(&ann).await.unwrap().outcome, Outcome::Created);
}
