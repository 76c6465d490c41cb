//! Shoplazza: whole flows against the stand-in, with answers that get lost on the way.

use std::sync::{Arc, Mutex};

use customer_sink::providers::shoplazza::{ApiVersion, Shoplazza, TagPolicy};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Address, Connector, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Effect, ErrorKind, HttpRequest,
    HttpResponse, Identity, OnLoss, Outcome, Phone, RemoteId, ReqwestTransport, Transport, TransportError,
    TransportErrorKind, UpsertOptions,
};
use serde_json::{Value, json};

use crate::support;

const VERSIONS: [ApiVersion; 2] = [ApiVersion::V2022_01, ApiVersion::V2026_07];

fn open(sandbox: &Sandbox, connector: &Connector, version: ApiVersion) -> Shoplazza {
    Shoplazza::builder(Sandbox::SHOPLAZZA_SHOP, Sandbox::SHOPLAZZA_ACCESS_TOKEN)
        .base_url(sandbox.url("shoplazza").unwrap())
        .connector(connector)
        .api_version(version)
        .build()
        .unwrap()
}

fn held(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.customers("shoplazza")
}

fn ann() -> Customer {
    Customer::new()
        .email("ann@example.com")
        .phone("+1 555 010 0123")
        .first_name("Ann")
        .last_name("Ortega")
        .tags(["vip", "new"])
        .email_marketing(Consent::new(ConsentState::Subscribed))
        .address(Address::new().line1("1 Example Way").city("Salem").postal_code("97301").country_code("US"))
        .address(Address::new().line1("2 Sample Row").city("Berlin").country("Germany").default_address())
}

#[tokio::test]
async fn a_record_is_made_once_and_a_repeat_writes_nothing() {
    for version in VERSIONS {
        let sandbox = Sandbox::start().await.unwrap();
        let (connector, _) = support::connector();
        let sink = open(&sandbox, &connector, version);
        let first = sink.upsert(&ann()).await.unwrap();
        assert_eq!((first.outcome, first.attempts), (Outcome::Created, 3));
        let before = held(&sandbox);
        assert_eq!(before[0]["id"].as_str(), first.remote_id.as_ref().map(|id| id.as_str()));
        assert_eq!(
            (&before[0]["accepts_marketing"], &before[0]["accepts_sms_marketing"]),
            (&json!(true), &json!(false))
        );
        assert_eq!(before[0]["default_address"]["city"], "Berlin");
        for _ in 0..3 {
            let again = sink.upsert(&ann()).await.unwrap();
            assert_eq!((again.outcome, again.attempts, &again.remote_id), (Outcome::Unchanged, 1, &first.remote_id));
            assert!(again.notes.iter().all(|note| note.condition().is_none()), "{:?}", again.notes);
        }
        assert_eq!(held(&sandbox), before);
    }
}

#[tokio::test]
async fn a_contact_that_cannot_be_changed_is_refused_where_no_loss_is_accepted() {
    let sandbox = Sandbox::start().await.unwrap();
    let (connector, _) = support::connector();
    let sink = open(&sandbox, &connector, ApiVersion::V2022_01);
    let strict = UpsertOptions::default().on_loss(OnLoss::Fail);
    let kim = Customer::new().email("kim@example.com").phone("+15550100777").first_name("Kim");
    assert_eq!(sink.upsert_with(&kim, &strict).await.unwrap().outcome, Outcome::Created);
    assert_eq!(sink.upsert_with(&kim, &strict).await.unwrap().outcome, Outcome::Unchanged);
    let before = held(&sandbox);
    let moved = kim.phone("+15550100778").first_name("Kimberly");
    let error = sink.upsert_with(&moved, &strict).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::NotSent));
    assert_eq!(error.field_errors().iter().map(customer_sink::FieldError::field).collect::<Vec<_>>(), ["phone"]);
    assert_eq!(held(&sandbox), before);
}

#[tokio::test]
async fn what_differs_is_written_and_nothing_else() {
    for version in VERSIONS {
        let sandbox = Sandbox::start().await.unwrap();
        let (connector, _) = support::connector();
        let sink = open(&sandbox, &connector, version);
        sink.upsert(&ann()).await.unwrap();
        let mut changed = ann();
        changed.first_name = Some("Anne".into());
        changed.tags.clear();
        changed.email_marketing = None;
        changed.sms_marketing = Some(Consent::new(ConsentState::Subscribed));
        changed.addresses[0].company = Some("Ortega Ltd".into());
        changed.addresses[0].default = true;
        changed.addresses[1].default = false;
        changed.addresses.push(Address::new().line1("3 Test Lane").country_code("FR"));
        let done = sink.upsert(&changed).await.unwrap();
        // Look-up, list of addresses, customer, changed address, new address, default.
        assert_eq!((done.outcome, done.attempts), (Outcome::Updated, 6));
        let ann = &held(&sandbox)[0];
        assert_eq!(ann["first_name"], "Anne");
        assert_eq!(ann["tags"], "vip, new");
        // The yes that the record no longer speaks of stays as it was.
        assert_eq!((&ann["accepts_marketing"], &ann["accepts_sms_marketing"]), (&json!(true), &json!(true)));
        let rows: Vec<_> = ann["addresses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| (a["address1"].as_str().unwrap(), &a["default"]))
            .collect();
        let (yes, no) = (json!(true), json!(false));
        assert_eq!(rows, [("1 Example Way", &yes), ("2 Sample Row", &no), ("3 Test Lane", &no)]);
        assert_eq!(ann["addresses"][0]["company"], "Ortega Ltd");
        assert_eq!(sink.upsert(&changed).await.unwrap().outcome, Outcome::Unchanged);
    }
}

/// What an address was given beside the record's own stands in the notes where that address was written, and only there.
#[tokio::test]
async fn derived_parts_are_noted_where_their_address_was_written() {
    for version in VERSIONS {
        let sandbox = Sandbox::start().await.unwrap();
        let sink = open(&sandbox, &support::connector().0, version);
        let later = version == ApiVersion::V2026_07;
        let derived = |done: &customer_sink::Upserted| {
            let of_address = |note: &&customer_sink::plan::Note| {
                note.action() == customer_sink::plan::NoteAction::Added
                    && note.path().to_string().starts_with("addresses[")
            };
            let mut paths: Vec<_> = done.notes.iter().filter(of_address).map(|n| n.path().to_string()).collect();
            paths.retain(|path| !path.ends_with(".default"));
            paths
        };
        let names = |index: u32| {
            let names = [format!("addresses[{index}].first_name"), format!("addresses[{index}].last_name")];
            names.into_iter().filter(|_| !later).collect::<Vec<_>>()
        };
        let expected = |index: u32| [vec![format!("addresses[{index}].country")], names(index)].concat();
        let mut kim = Customer::new().email("kim@example.com").first_name("Kim").last_name("Ito");
        kim = kim.address(Address::new().line1("1 Example Way").city("Salem").country_code("US"));
        assert_eq!(derived(&sink.upsert(&kim).await.unwrap()), expected(0));
        let again = sink.upsert(&kim).await.unwrap();
        assert_eq!((again.outcome, derived(&again)), (Outcome::Unchanged, Vec::new()));
        // One that cannot be sent stands between: the places in the record count.
        kim = kim
            .address(Address::new().line1("nowhere"))
            .address(Address::new().line1("3 Test Lane").country_code("FR"));
        let added = sink.upsert(&kim).await.unwrap();
        assert_eq!((added.outcome, derived(&added)), (Outcome::Updated, expected(2)));
        kim.addresses[0].company = Some("Ito Ltd".into());
        let changed = sink.upsert(&kim).await.unwrap();
        assert_eq!((changed.outcome, derived(&changed)), (Outcome::Updated, Vec::new()));
        assert_eq!(held(&sandbox)[0]["addresses"][0]["first_name"], if later { "" } else { "Kim" });
    }
    // The create wrote them, though its answer was lost.
    let sandbox = Sandbox::start().await.unwrap();
    let sink = open(&sandbox, &faulty(&[(CREATE.0, CREATE.1, Fault::After)]), ApiVersion::V2026_07);
    let kim =
        Customer::new().email("kim@example.com").address(Address::new().line1("1 Example Way").country_code("US"));
    let done = sink.upsert(&kim).await.unwrap();
    assert_eq!(done.outcome, Outcome::Created);
    assert!(done.notes.iter().any(|note| note.path().to_string() == "addresses[0].country"));
}

#[tokio::test]
async fn an_opt_out_arrives_and_an_unknown_consent_never_widens() {
    let sandbox = Sandbox::start().await.unwrap();
    let (connector, _) = support::connector();
    let sink = open(&sandbox, &connector, ApiVersion::V2022_01);
    let consent = |state| Customer::new().email("bo@example.com").email_marketing(Consent::new(state));
    let is_subscribed = || held(&sandbox)[0]["accepts_marketing"] == true;
    sink.upsert(&consent(ConsentState::Subscribed)).await.unwrap();
    assert!(is_subscribed());
    assert_eq!(sink.upsert(&consent(ConsentState::Unsubscribed)).await.unwrap().outcome, Outcome::Updated);
    assert!(!is_subscribed());
    let unknown = Customer::new().email("bo@example.com").first_name("Bo");
    assert_eq!(sink.upsert(&unknown).await.unwrap().outcome, Outcome::Updated);
    assert!(!is_subscribed() && held(&sandbox)[0]["accepts_sms_marketing"] == false);
    sink.upsert(&consent(ConsentState::Pending)).await.unwrap();
    assert!(!is_subscribed());
}

#[tokio::test]
async fn two_people_are_a_conflict_and_nothing_is_written() {
    for version in VERSIONS {
        let sandbox = Sandbox::start().await.unwrap();
        let sink = open(&sandbox, &support::connector().0, version);
        let made = async |customer: Customer| sink.upsert(&customer).await.unwrap().remote_id.unwrap();
        let a = made(Customer::new().email("a@example.com")).await;
        let b = made(Customer::new().email("b@example.com").phone("+15550100123")).await;
        let before = held(&sandbox);
        let ours = Customer::new().phone("+15550100123").first_name("Mallory");
        for (email, ids) in [("a@example.com", vec![a, b.clone()]), ("c@example.com", vec![b])] {
            let error = sink.upsert(&ours.clone().email(email)).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.effect(), error.conflicting_ids()),
                (ErrorKind::Conflict, Effect::NotSent, &ids[..])
            );
        }
        assert_eq!(held(&sandbox), before);
    }
}

#[tokio::test]
async fn who_is_known_by_email_or_by_phone_alone_is_updated() {
    for version in VERSIONS {
        let sandbox = Sandbox::start().await.unwrap();
        let sink = open(&sandbox, &support::connector().0, version);
        let kim = Customer::new().email("kim@example.com").first_name("Kim");
        let lee = Customer::new().phone("+15550100777").first_name("Lee");
        for person in [&kim, &lee] {
            let id = sink.upsert(person).await.unwrap().remote_id;
            let changed = person.clone().last_name("Ito");
            // With the contact that the vendor does not hold, too: nobody else has it.
            let fuller = changed.clone().email("kim@example.com").phone("+15550100888");
            let fuller = if person.email.is_some() { fuller } else { changed.clone().email("lee@example.com") };
            for (record, outcome) in [(&changed, Outcome::Updated), (&fuller, Outcome::Unchanged)] {
                let done = sink.upsert(record).await.unwrap();
                assert_eq!((done.outcome, &done.remote_id), (outcome, &id));
            }
        }
        let names: Vec<_> = held(&sandbox).iter().map(|held| held["name"].clone()).collect();
        assert_eq!(names, ["Kim Ito", "Lee Ito"]);
    }
}

/// A 429 anywhere is waited for; one that asks for too long leaves what is done, says so, and the next run does the rest.
#[tokio::test]
async fn a_limit_in_the_middle_stops_at_most_for_a_while() {
    let address = ("POST", "/addresses");
    for version in VERSIONS {
        for (step, seconds) in [(CREATE, 30), (address, 30), (CREATE, 600), (address, 600)] {
            let sandbox = Sandbox::start().await.unwrap();
            let mut before = ann();
            before.addresses.clear();
            before.first_name = None;
            let clock = support::connector().0;
            if step == address {
                open(&sandbox, &clock, version).upsert(&before).await.unwrap();
            }
            let sink = open(&sandbox, &faulty(&[(step.0, step.1, Fault::Limited(seconds))]), version);
            let made = if step == address { Outcome::Updated } else { Outcome::Created };
            match sink.upsert(&ann()).await {
                Ok(done) => assert_eq!((done.outcome, seconds), (made, 30)),
                Err(error) => {
                    let effect = if step == address { Effect::Applied } else { Effect::Rejected };
                    assert_eq!((error.kind(), error.effect(), seconds), (ErrorKind::RateLimited, effect, 600));
                    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(600)));
                    assert!(error.is_retryable());
                    let people = held(&sandbox);
                    let names: Vec<_> = people.iter().map(|held| held["first_name"].clone()).collect();
                    assert_eq!(names, vec!["Ann"; usize::from(step == address)]);
                    let again = open(&sandbox, &clock, version).upsert(&ann()).await.unwrap();
                    assert_eq!(again.outcome, made);
                }
            }
            assert_eq!((held(&sandbox).len(), held(&sandbox)[0]["addresses"].as_array().unwrap().len()), (1, 2));
            assert_eq!(open(&sandbox, &clock, version).upsert(&ann()).await.unwrap().outcome, Outcome::Unchanged);
        }
    }
}

#[tokio::test]
async fn a_union_keeps_the_vendors_tags() {
    let sandbox = Sandbox::start().await.unwrap();
    let (connector, _) = support::connector();
    open(&sandbox, &connector, ApiVersion::V2022_01).upsert(&ann()).await.unwrap();
    let sink = Shoplazza::builder("acme", Sandbox::SHOPLAZZA_ACCESS_TOKEN)
        .base_url(sandbox.url("shoplazza").unwrap())
        .connector(&connector)
        .tag_policy(TagPolicy::Union)
        .build()
        .unwrap();
    let tagged = Customer::new().email("ann@example.com").tags(["new", "more"]);
    assert_eq!(sink.upsert(&tagged).await.unwrap().outcome, Outcome::Updated);
    assert_eq!(held(&sandbox)[0]["tags"], "vip, new, more");
    assert_eq!(sink.upsert(&tagged).await.unwrap().outcome, Outcome::Unchanged);
}

/// Every record of the shared set, twice: the second run finds each and writes nothing.
#[tokio::test]
async fn a_nightly_run_repeats_nothing() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/customers/customers.jsonl")).unwrap();
    let records: Vec<Customer> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for version in VERSIONS {
        let sandbox = Sandbox::start().await.unwrap();
        let (connector, _) = support::connector();
        let sink = open(&sandbox, &connector, version);
        let mut delivered = Vec::new();
        for record in &records {
            match sink.upsert(record).await {
                Ok(_) => delivered.push(record),
                Err(error) => assert!(
                    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Conflict),
                    "{error}: {:?}",
                    error.vendor_message()
                ),
            }
        }
        assert!(delivered.len() > 150, "{}", delivered.len());
        let before = held(&sandbox);
        let mut changed = 0;
        for record in delivered {
            changed += usize::from(sink.upsert(record).await.unwrap().outcome != Outcome::Unchanged);
        }
        let strip =
            |customers: Vec<Value>| customers.iter().map(|c| c["addresses"].as_array().unwrap().len()).sum::<usize>();
        assert_eq!(held(&sandbox).len(), before.len());
        assert_eq!(strip(held(&sandbox)), strip(before));
        // A person who stands in the set more than once, with other facts, is changed each time.
        assert!(changed < 20, "{changed}");
    }
}

/// What happens to the first request that fits.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// It never arrives.
    Before,
    /// It is carried out, and its answer is lost.
    After,
    /// It is refused with a 429, and these seconds to wait.
    Limited(u32),
}

#[derive(Debug)]
struct Faulty {
    inner: ReqwestTransport,
    faults: Mutex<Vec<(&'static str, &'static str, Fault)>>,
}

#[async_trait::async_trait]
impl Transport for Faulty {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let fault = {
            let mut faults = self.faults.lock().unwrap();
            let fits = faults
                .iter()
                .position(|(method, end, _)| request.method.as_str() == *method && request.url.path().ends_with(end));
            fits.map(|index| faults.remove(index).2)
        };
        let lost = || TransportError::new(TransportErrorKind::Interrupted, "reset");
        match fault {
            Some(Fault::Before) => Err(lost()),
            Some(Fault::After) => {
                self.inner.send(request).await?;
                Err(lost())
            }
            Some(Fault::Limited(seconds)) => {
                let mut answer = HttpResponse::new(http::StatusCode::TOO_MANY_REQUESTS, "");
                answer.headers.insert("retry-after", seconds.into());
                Ok(answer)
            }
            None => self.inner.send(request).await,
        }
    }
}

fn faulty(faults: &[(&'static str, &'static str, Fault)]) -> Connector {
    let faults = Mutex::new(faults.to_vec());
    let clock = customer_sink::client::ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
    Connector::for_tests(Arc::new(Faulty { inner: ReqwestTransport::new().unwrap(), faults }), Arc::new(clock))
}

const CREATE: (&str, &str) = ("POST", "/customers");

#[tokio::test]
async fn a_lost_create_is_looked_for_and_never_made_twice() {
    for version in VERSIONS {
        for (fault, attempts) in [(Fault::After, 4), (Fault::Before, 6)] {
            let sandbox = Sandbox::start().await.unwrap();
            let sink = open(&sandbox, &faulty(&[(CREATE.0, CREATE.1, fault)]), version);
            let done = sink.upsert(&ann()).await.unwrap();
            assert_eq!((done.outcome, done.attempts), (Outcome::Created, attempts), "{fault:?}");
            assert_eq!(done.remote_id.as_ref().map(|id| id.as_str()), held(&sandbox)[0]["id"].as_str());
            assert_eq!(held(&sandbox).len(), 1);
            assert_eq!(sink.upsert(&ann()).await.unwrap().outcome, Outcome::Unchanged);
        }
    }
}

#[tokio::test]
async fn a_create_that_is_lost_twice_stays_unknown() {
    let sandbox = Sandbox::start().await.unwrap();
    let twice = faulty(&[(CREATE.0, CREATE.1, Fault::Before), (CREATE.0, CREATE.1, Fault::Before)]);
    let sink = open(&sandbox, &twice, ApiVersion::V2022_01);
    let error = sink.upsert(&ann()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.is_retryable()), (ErrorKind::Interrupted, Effect::Unknown, true));
    assert_eq!((error.operation(), error.attempts()), (Some("create_customer"), 8));
    // Sent again, it is made once.
    assert_eq!(sink.upsert(&ann()).await.unwrap().outcome, Outcome::Created);
    assert_eq!(held(&sandbox).len(), 1);
}

#[tokio::test]
async fn a_lost_address_is_looked_for_and_never_added_twice() {
    for fault in [Fault::After, Fault::Before] {
        for version in VERSIONS {
            let sandbox = Sandbox::start().await.unwrap();
            let sink = open(&sandbox, &faulty(&[("POST", "/addresses", fault)]), version);
            let mut bare = ann();
            bare.addresses.clear();
            sink.upsert(&bare).await.unwrap();
            assert_eq!(sink.upsert(&ann()).await.unwrap().outcome, Outcome::Updated);
            assert_eq!(held(&sandbox)[0]["addresses"].as_array().unwrap().len(), 2, "{fault:?}");
            assert_eq!(held(&sandbox)[0]["default_address"]["city"], "Berlin");
            assert_eq!(sink.upsert(&ann()).await.unwrap().outcome, Outcome::Unchanged);
        }
    }
}

#[tokio::test]
async fn lost_updates_are_sent_again() {
    let sandbox = Sandbox::start().await.unwrap();
    let (connector, _) = support::connector();
    let made = open(&sandbox, &connector, ApiVersion::V2022_01).upsert(&ann()).await.unwrap();
    let end: &'static str = Box::leak(made.remote_id.unwrap().into_string().into_boxed_str());
    let sink =
        open(&sandbox, &faulty(&[("PUT", end, Fault::After), ("PUT", end, Fault::Before)]), ApiVersion::V2022_01);
    let mut changed = ann();
    changed.last_name = Some("Ortega-Li".into());
    let done = sink.upsert(&changed).await.unwrap();
    assert_eq!((done.outcome, done.attempts), (Outcome::Updated, 4));
}

#[tokio::test]
async fn a_person_is_read_back() {
    for version in VERSIONS {
        let sandbox = Sandbox::start().await.unwrap();
        let (connector, _) = support::connector();
        let sink = open(&sandbox, &connector, version);
        let id = sink.upsert(&ann()).await.unwrap().remote_id.unwrap();
        let who = [
            Identity::RemoteId(id.clone()),
            Identity::Email("ANN@example.com".into()),
            Identity::Phone(Phone::new("001 555 010 0123")),
        ];
        for who in who {
            let found = sink.find(&who).await.unwrap().unwrap();
            assert_eq!(found.remote_id.as_ref(), Some(&id));
            let Customer { email, tags, addresses, email_marketing, sms_marketing, .. } = found.customer;
            assert_eq!((email.unwrap().as_str(), tags), ("ann@example.com", vec!["vip".to_owned(), "new".to_owned()]));
            assert_eq!(email_marketing.unwrap().state, Some(ConsentState::Subscribed));
            assert_eq!(sms_marketing.unwrap().state, Some(ConsentState::NotSubscribed));
            assert_eq!(addresses.iter().map(|a| a.default).collect::<Vec<_>>(), [false, true]);
        }
        for who in [Identity::RemoteId(RemoteId::from("nobody")), Identity::Email("no@example.com".into())] {
            assert!(sink.find(&who).await.unwrap().is_none());
        }
        let error = sink.find(&Identity::ExternalId("7".into())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(sink.find(&Identity::Email("no".into())).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[tokio::test]
async fn credentials_are_checked() {
    let sandbox = Sandbox::start().await.unwrap();
    let (connector, _) = support::connector();
    open(&sandbox, &connector, ApiVersion::V2022_01).check().await.unwrap();
    for version in VERSIONS {
        let wrong = Shoplazza::builder("acme", "fake-wrong").base_url(sandbox.url("shoplazza").unwrap());
        let wrong = wrong.connector(&connector).api_version(version).build().unwrap();
        let error = wrong.check().await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Unauthenticated, Effect::NotSent));
        assert!(error.request_id().is_some());
    }
    // What a retired version answers to everything is not an answer about a person.
    let retired = open(&sandbox, &connector, "2020-07".parse().unwrap());
    let who = Identity::RemoteId(RemoteId::from("11111111-2222-4333-8444-555555555555"));
    assert_eq!(retired.find(&who).await.unwrap_err().kind(), ErrorKind::NotFound);
    let retired = retired.check().await.unwrap_err();
    assert_eq!(retired.kind(), ErrorKind::NotFound);
    assert!(retired.hint().unwrap().contains("version"));
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};
    for (scopes, hint) in [
        (json!([{"handle": "read_customer"}]), "the token lacks the scope write_customer"),
        (json!([{"handle": "write_customer"}, {"handle": 7}]), "the token lacks the scope read_customer"),
        (json!([]), "the token lacks the scopes read_customer and write_customer"),
    ] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_json(json!({ "access_scopes": scopes }));
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let (connector, _) = support::connector();
        let sink =
            Shoplazza::builder("acme", "fake-token").base_url(server.uri()).connector(&connector).build().unwrap();
        let error = sink.check().await.unwrap_err();
        assert_eq!((error.kind(), error.hint()), (ErrorKind::Forbidden, Some(hint)));
    }
}

/// A known customer, and every write is answered with a 500: what changed is unknown, and each try begins with the look-up.
#[tokio::test]
async fn failed_writes_leave_the_effect_unknown_and_every_try_begins_with_the_look_up() {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any, matchers::method};
    for version in VERSIONS {
        let server = MockServer::start().await;
        let row = json!({"id": "1", "email": "ann@example.com", "first_name": "Anna"});
        let list = ResponseTemplate::new(200).set_body_json(json!({"customers": [row], "has_more": false}));
        Mock::given(method("GET")).respond_with(list).with_priority(1).mount(&server).await;
        Mock::given(any()).respond_with(ResponseTemplate::new(500)).with_priority(2).mount(&server).await;
        let builder = Shoplazza::builder("acme", "fake-token").base_url(server.uri()).api_version(version);
        let sink = builder.connector(&support::connector().0).build().unwrap();
        let customer = Customer::new().email("ann@example.com").first_name("Ann");
        for look_up_first in [false, true, true] {
            let before = server.received_requests().await.unwrap().len();
            let options = UpsertOptions::default().look_up_first(look_up_first);
            let error = sink.upsert_with(&customer, &options).await.unwrap_err();
            assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::Unknown));
            assert_eq!(error.operation(), Some("update_customer"));
            let requests = server.received_requests().await.unwrap();
            assert_eq!(requests[before].method.as_str(), "GET");
            assert!(requests[before..].iter().all(|request| request.method.as_str() != "POST"));
        }
    }
}
