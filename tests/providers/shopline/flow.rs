//! The whole upsert against the stand-in, with answers that get lost.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use customer_sink::client::ManualClock;
use customer_sink::customer::Field;
use customer_sink::providers::shopline::{
    AddressInput, Builder, CustomerId, CustomerInput, CustomerSearchQuery, Shopline, TagPolicy,
};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Address, Connector, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Effect, ErrorKind, Gender,
    HttpRequest, HttpResponse, Identity, OnLoss, Outcome, RemoteId, ReqwestTransport, Transport, TransportError,
    TransportErrorKind, UpsertOptions,
};
use serde_json::Value;

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// It is carried out, and its answer gets lost.
    AnswerLost,
    /// It never arrives, and nobody can tell.
    RequestLost,
    /// The vendor has had enough for now, and does nothing.
    Limited,
    /// The vendor is out of order, and does nothing.
    Broken,
}

/// Passes on to the stand-in; the n-th request of a method and path ending meets its fate.
#[derive(Debug)]
struct Faulty {
    inner: ReqwestTransport,
    faults: Mutex<Vec<(&'static str, &'static str, Fate)>>,
    log: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Faulty {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let line = format!("{} {}", request.method, request.url.path().replace("/admin/openapi/v20250601/", ""));
        self.log.lock().unwrap().push(line.clone());
        let fate = {
            let mut faults = self.faults.lock().unwrap();
            let hit = faults.iter().position(|(method, end, _)| line.starts_with(method) && line.ends_with(end));
            hit.map(|at| faults.remove(at).2)
        };
        let lost = || Err(TransportError::new(TransportErrorKind::Interrupted, "reset"));
        match fate {
            Some(Fate::RequestLost) => lost(),
            Some(Fate::Limited) => {
                let status = http::StatusCode::TOO_MANY_REQUESTS;
                Ok(HttpResponse::new(status, r#"{"errors":"Too many request"}"#))
            }
            Some(Fate::Broken) => Ok(HttpResponse::new(http::StatusCode::INTERNAL_SERVER_ERROR, "{}")),
            Some(Fate::AnswerLost) => {
                self.inner.send(request).await?;
                lost()
            }
            None => self.inner.send(request).await,
        }
    }
}

struct World {
    sandbox: Sandbox,
    sink: Shopline,
    transport: Arc<Faulty>,
}

impl World {
    async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(choose: impl FnOnce(Builder) -> Builder) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let transport = Arc::new(Faulty {
            inner: ReqwestTransport::new().unwrap(),
            faults: Mutex::default(),
            log: Mutex::default(),
        });
        let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
        let connector = Connector::for_tests(Arc::clone(&transport) as _, clock);
        let builder = Shopline::builder(Sandbox::SHOPLINE_HANDLE, Sandbox::SHOPLINE_ACCESS_TOKEN)
            .base_url(sandbox.url("shopline").unwrap())
            .connector(&connector);
        let sink = choose(builder).build().unwrap();
        Self { sandbox, sink, transport }
    }

    fn people(&self) -> Vec<Value> {
        self.sandbox.customers("shopline")
    }

    fn fault(&self, method: &'static str, end: &'static str, fate: Fate) {
        self.transport.faults.lock().unwrap().push((method, end, fate));
    }

    /// The requests since the last time.
    fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.transport.log.lock().unwrap())
    }

    async fn seed(&self, email: Option<&str>, phone: Option<&str>) -> CustomerId {
        let fields = CustomerInput {
            email: email.map(Into::into),
            phone: phone.map(|p| customer_sink::Phone::new(p).e164().unwrap().into()),
            ..CustomerInput::default()
        };
        let id = self.sink.create_customer(&fields).await.unwrap().value.id.unwrap();
        self.log();
        id
    }
}

fn mia() -> Customer {
    Customer::new().email("Mia@example.com").phone("+1 555 010 0123").first_name("Mia").tags(["vip", "news"])
}

fn home() -> Address {
    Address::new().line1("12 Sample Street").city("Springfield").postal_code("40202").country_code("US")
}

#[tokio::test]
async fn a_new_customer_is_created_and_a_known_one_updated() {
    let world = World::new().await;
    let customer = mia()
        .gender(Gender::Female)
        .email_marketing(Consent::new(ConsentState::Subscribed))
        .sms_marketing(Consent::new(ConsentState::Unsubscribed))
        .address(home().district("Old Town").default_address());
    let created = world.sink.upsert(&customer).await.unwrap();
    assert_eq!((created.outcome, created.attempts), (Outcome::Created, 1));
    assert!(created.request_id.unwrap().starts_with("fake-trace-"));
    let limited: Vec<_> = created.notes.iter().filter_map(|n| n.condition()).collect();
    assert_eq!(limited, [customer_sink::plan::StepCondition::Always]);
    let person = &world.people()[0];
    assert_eq!(person["id"].as_str(), created.remote_id.as_ref().map(|id| id.as_str()));
    assert_eq!(person["email_marketing_consent"]["opt_in_level"], 0);
    assert_eq!(person["sms_marketing_consent"]["state"], 0);

    world.log();
    let again = world.sink.upsert(&customer.clone().first_name("Maria").clear(Field::LastName)).await.unwrap();
    assert_eq!((again.outcome, again.remote_id.clone()), (Outcome::Updated, created.remote_id.clone()));
    let person = &world.people()[0];
    assert_eq!((world.people().len(), &person["first_name"]), (1, &Value::from("Maria")));
    assert_eq!(person["addresses"].as_array().unwrap().len(), 1);
    // The district came by the address route, so that nothing is noted of it any more.
    assert!(again.notes.iter().all(|n| n.condition().is_none()), "{:?}", again.notes);
    let id = again.remote_id.unwrap();
    let address = person["addresses"][0]["id"].as_str().unwrap();
    assert_eq!(
        world.log(),
        [
            "POST customers.json".to_owned(),
            "POST customers/query_user_by_email.json".to_owned(),
            format!("PUT customers/{id}.json"),
            format!("GET customers/v2/{id}.json"),
            format!("PUT customers/{id}/addresses/{address}.json"),
        ]
    );
}

#[tokio::test]
async fn a_repeat_adds_no_address_and_writes_none() {
    let world = World::new().await;
    let customer = mia()
        .address(home().phone("+442079460018").first_name("Mia"))
        .address(home().line1("3 Harbour Lane").postal_code("40203").default_address());
    world.sink.upsert(&customer).await.unwrap();
    for _ in 0..2 {
        world.log();
        let done = world.sink.upsert(&customer).await.unwrap();
        assert_eq!((done.outcome, done.attempts), (Outcome::Updated, 4));
        assert_eq!(world.people()[0]["addresses"].as_array().unwrap().len(), 2);
    }
    let moved = mia()
        .address(home().line1("12  SAMPLE street").company("Mia & Co").default_address())
        .address(home().line1("7 New Street"));
    world.log();
    world.sink.upsert(&moved).await.unwrap();
    let log = world.log();
    let person = &world.people()[0];
    let addresses = person["addresses"].as_array().unwrap();
    assert_eq!(addresses.len(), 3, "what the record does not name stays");
    assert_eq!((&addresses[0]["company"], &addresses[0]["first_name"]), (&"Mia & Co".into(), &"Mia".into()));
    assert_eq!(person["default_address"]["company"], "Mia & Co");
    assert_eq!(log.iter().filter(|line| line.starts_with("PUT") && line.contains("/addresses/")).count(), 1);
    assert_eq!(log.iter().filter(|line| line.ends_with("/addresses.json")).count(), 1);
}

#[tokio::test]
async fn the_default_address_is_set_last_where_it_is_another() {
    let world = World::new().await;
    world.sink.upsert(&mia().address(home()).address(home().line1("2 B Street"))).await.unwrap();
    world.log();
    world.sink.upsert(&mia().address(home().line1("2 B Street").default_address()).address(home())).await.unwrap();
    assert_eq!(world.people()[0]["default_address"]["address1"], "2 B Street");
    let log = world.log();
    assert!(log.last().unwrap().ends_with("/default.json"), "{log:?}");
}

#[tokio::test]
async fn a_phone_alone_finds_exactly_that_phone() {
    let world = World::new().await;
    world.seed(None, Some("+15550100123")).await;
    world.seed(None, Some("+155501001234")).await;
    let done = world.sink.upsert(&Customer::new().phone("+1 555 010 0123").first_name("Mia")).await.unwrap();
    assert_eq!(done.outcome, Outcome::Updated);
    let named: Vec<_> =
        world.people().iter().filter(|p| p["first_name"] == "Mia").map(|p| p["phone"].clone()).collect();
    assert_eq!(named, ["0015550100123"]);
}

#[tokio::test]
async fn somebody_without_an_email_is_found_by_phone_and_gets_it() {
    let world = World::new().await;
    let id = world.seed(None, Some("+15550100123")).await;
    let done = world.sink.upsert(&mia()).await.unwrap();
    assert_eq!((done.outcome, done.remote_id.as_ref().map(|id| id.as_str())), (Outcome::Updated, Some(id.as_str())));
    assert_eq!(world.people()[0]["email"], "Mia@example.com");
}

#[tokio::test]
async fn two_people_are_a_conflict_and_nothing_is_written() {
    let world = World::new().await;
    let a = world.seed(Some("mia@example.com"), None).await;
    let b = world.seed(Some("other@example.com"), Some("+15550100123")).await;
    let before = world.people();
    let error = world.sink.upsert(&mia()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Conflict, Effect::Rejected));
    assert_eq!(error.conflicting_ids(), [a.as_str(), b.as_str()]);
    let error = world.sink.upsert(&mia().email("unknown@example.com")).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Conflict, Effect::Rejected));
    assert_eq!(error.conflicting_ids(), [b.as_str()]);
    assert!(!error.is_retryable());
    assert_eq!(world.people(), before);
    assert!(!world.log().iter().any(|line| line.starts_with("PUT")));
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_found_and_not_made_twice() {
    let world = World::new().await;
    for customer in [mia().address(home()), Customer::new().phone("+15550100999").first_name("Ann")] {
        world.fault("POST", "customers.json", Fate::AnswerLost);
        let before = world.people().len();
        let done = world.sink.upsert(&customer).await.unwrap();
        assert_eq!(done.outcome, Outcome::Created, "the record shows that it is new");
        assert_eq!(world.people().len(), before + 1);
    }
    assert_eq!(world.people()[0]["addresses"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_create_that_got_lost_is_sent_once_more() {
    let world = World::new().await;
    world.fault("POST", "customers.json", Fate::RequestLost);
    let done = world.sink.upsert(&mia()).await.unwrap();
    assert_eq!((done.outcome, world.people().len()), (Outcome::Created, 1));
    let log = world.log();
    assert_eq!(log.iter().filter(|line| *line == "POST customers.json").count(), 2, "{log:?}");
    // The third is not tried: twice without a trace is no accident.
    let world = World::new().await;
    for _ in 0..2 {
        world.fault("POST", "customers.json", Fate::RequestLost);
    }
    let error = world.sink.upsert(&mia()).await.unwrap_err();
    assert_eq!((error.effect(), error.operation()), (Effect::Unknown, Some("create_customer")));
    assert_eq!((error.is_retryable(), world.people().len()), (false, 0));
}

#[tokio::test]
async fn a_phone_alone_is_not_sent_again_on_the_word_of_the_search() {
    let world = World::new().await;
    let ann = Customer::new().phone("+15550100999").first_name("Ann");
    world.fault("POST", "customers.json", Fate::RequestLost);
    let error = world.sink.upsert(&ann).await.unwrap_err();
    assert_eq!((error.effect(), error.operation()), (Effect::Unknown, Some("create_customer")));
    assert_eq!((error.attempts(), error.is_retryable(), world.people().len()), (2, false, 0));
    // The caller's next run makes it good.
    assert_eq!(world.sink.upsert(&ann).await.unwrap().outcome, Outcome::Created);
}

#[tokio::test]
async fn a_limit_in_the_middle_is_waited_for_and_changes_nothing() {
    let customer = mia().address(home()).address(home().line1("2 B Street").default_address());
    let steps = ["customers.json", "query_user_by_email.json", "", "", "/addresses.json"];
    for (at, end) in steps.into_iter().enumerate() {
        let world = World::new().await;
        let id = world.seed(Some("mia@example.com"), Some("+15550100123")).await;
        let own = format!("customers/{id}.json");
        let read = format!("customers/v2/{id}.json");
        let (method, end) = match at {
            2 => ("PUT", own),
            3 => ("GET", read),
            _ => ("POST", end.to_owned()),
        };
        let end: &'static str = Box::leak(end.into_boxed_str());
        world.fault(method, end, Fate::Limited);
        let done = world.sink.upsert(&customer).await.unwrap();
        assert_eq!(done.outcome, Outcome::Updated, "{method} {end}");
        assert!(world.transport.faults.lock().unwrap().is_empty(), "{method} {end} never came");
        let person = &world.people()[0];
        assert_eq!((world.people().len(), person["addresses"].as_array().unwrap().len()), (1, 2), "{method} {end}");
        assert_eq!(person["default_address"]["address1"], "2 B Street");
    }
}

#[tokio::test]
async fn a_loss_that_shows_on_the_way_is_refused_before_anything_is_written() {
    let strict = UpsertOptions::default().on_loss(OnLoss::Fail);
    // A create that the vendor has refused before is in the effect.
    let refused = async |world: &World, customer: &Customer, field: &str, effect: Effect| {
        let before = world.people();
        let error = world.sink.upsert_with(customer, &strict).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, effect));
        assert_eq!(error.field_errors().iter().map(|f| f.field().to_owned()).collect::<Vec<_>>(), [field]);
        assert_eq!(world.people(), before);
    };
    // The address routes take a shorter postal code than a create.
    let long = mia().address(home().postal_code("40202-1234567"));
    let world = World::new().await;
    assert_eq!(world.sink.upsert_with(&long, &strict).await.unwrap().outcome, Outcome::Created);
    let again = world.sink.upsert_with(&long, &strict).await.unwrap();
    assert_eq!((again.outcome, again.notes.len()), (Outcome::Updated, 0), "the vendor holds it whole");
    let moved = long.clone().address(home().line1("2 B Street").postal_code("40202-7654321"));
    refused(&world, &moved, "addresses[1].postal_code", Effect::Rejected).await;
    assert_eq!(world.sink.upsert(&moved).await.unwrap().notes.len(), 1, "noted where losses are accepted");

    // A create has no key for a district; an update has.
    let district = mia().address(home().district("West"));
    let world = World::with(|builder| builder.look_up_first(true)).await;
    refused(&world, &district, "addresses[0].district", Effect::NotSent).await;
    world.sink.upsert(&mia()).await.unwrap();
    assert!(world.sink.upsert_with(&district, &strict).await.unwrap().notes.is_empty());

    // Tags that do not fit beside those that are there.
    let world = World::with(|builder| builder.tag_policy(TagPolicy::Union)).await;
    let tags = |from: usize| (from..from + 60).map(|n| format!("t{n}")).collect::<Vec<_>>();
    let (mut first, mut second) = (mia(), mia());
    (first.tags, second.tags) = (tags(0), tags(60));
    world.sink.upsert_with(&first, &strict).await.unwrap();
    refused(&world, &second, "tags", Effect::Rejected).await;
    let done = world.sink.upsert(&second).await.unwrap();
    assert_eq!((done.notes.len(), done.notes[0].path().to_string()), (1, "tags".to_owned()));
}

#[tokio::test]
async fn whoever_looks_first_writes_once() {
    let world = World::with(|builder| builder.look_up_first(true)).await;
    let ann = Customer::new().phone("+15550100999").first_name("Ann");
    assert_eq!(world.sink.upsert(&ann).await.unwrap().outcome, Outcome::Created);
    world.log();
    let again = world.sink.upsert(&ann).await.unwrap();
    assert_eq!((again.outcome, again.attempts), (Outcome::Updated, 2));
    assert!(!world.log().contains(&"POST customers.json".to_owned()));
    // Whoever looks first too meets the other two people before anything is written.
    world.seed(Some("mia@example.com"), None).await;
    let before = world.people();
    let error = world.sink.upsert(&Customer::new().email("mia@example.com").phone("+15550100999")).await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), world.people()), (ErrorKind::Conflict, Effect::NotSent, before));
    assert!(!world.log().iter().any(|line| line.starts_with("PUT") || line == "POST customers.json"));
}

/// A known customer, and every write answered with 500.
#[tokio::test]
async fn a_write_of_unknown_fate_is_never_claimed_and_the_next_try_begins_with_the_look_up() {
    let world = World::new().await;
    world.seed(Some("mia@example.com"), Some("+15550100123")).await;
    let before = world.people();
    let out_of_order = || {
        for _ in 0..8 {
            world.fault("POST", "customers.json", Fate::Broken);
            world.fault("PUT", ".json", Fate::Broken);
        }
    };
    out_of_order();
    let error = world.sink.upsert(&mia()).await.unwrap_err();
    assert_eq!((error.effect(), error.operation(), error.attempts()), (Effect::Unknown, Some("update_customer"), 6));
    assert_eq!(world.log()[..2], ["POST customers.json", "POST customers/query_user_by_email.json"]);
    let options = UpsertOptions::default().look_up_first(true);
    let error = world.sink.upsert_with(&mia(), &options).await.unwrap_err();
    assert_eq!((error.effect(), error.operation(), error.attempts()), (Effect::Unknown, Some("update_customer"), 5));
    let log = world.log();
    assert_eq!(log[0], "POST customers/query_user_by_email.json");
    assert!(!log.contains(&"POST customers.json".to_owned()), "{log:?}");
    assert_eq!(world.people(), before);
    // Once the vendor is in order again, the same call says what it did.
    world.transport.faults.lock().unwrap().clear();
    assert_eq!(world.sink.upsert_with(&mia(), &options).await.unwrap().outcome, Outcome::Updated);
    // The plan is that of the builder's option.
    let first = World::with(|builder| builder.look_up_first(true)).await;
    let shown = |sink: &Shopline, options: &UpsertOptions| {
        let plan = sink.plan(&mia(), options).unwrap();
        plan.steps().iter().map(|step| format!("{} {}", step.when().as_str(), step.operation())).collect::<Vec<_>>()
    };
    assert_eq!(shown(&world.sink, &options), shown(&first.sink, &UpsertOptions::default()));
}

#[tokio::test]
async fn united_tags_keep_the_merchants_own() {
    let world = World::with(|builder| builder.tag_policy(TagPolicy::Union)).await;
    for tags in [["vip", "news"], ["news", "spring"]] {
        let mut customer = mia();
        customer.tags = tags.map(str::to_owned).to_vec();
        world.sink.upsert(&customer).await.unwrap();
    }
    assert_eq!(world.people()[0]["tags"], "vip,news,spring");
}

#[tokio::test]
async fn where_the_look_up_fails_too_nobody_knows() {
    let world = World::new().await;
    world.fault("POST", "customers.json", Fate::AnswerLost);
    for _ in 0..4 {
        world.fault("POST", "query_user_by_email.json", Fate::RequestLost);
    }
    let error = world.sink.upsert(&mia()).await.unwrap_err();
    assert_eq!((error.effect(), error.operation()), (Effect::Unknown, Some("find_customer_by_email")));
    assert_eq!(error.attempts(), 5);
    assert_eq!(world.people().len(), 1);
}

#[tokio::test]
async fn a_lost_update_is_repeated_and_an_added_address_is_looked_for() {
    for fate in [Fate::AnswerLost, Fate::RequestLost] {
        let world = World::new().await;
        world.seed(Some("mia@example.com"), None).await;
        world.fault("POST", "/addresses.json", fate);
        world.fault("PUT", ".json", fate);
        let done = world.sink.upsert(&mia().address(home()).address(home().line1("2 B Street"))).await.unwrap();
        assert_eq!(done.outcome, Outcome::Updated, "{fate:?}");
        assert_eq!(world.people()[0]["addresses"].as_array().unwrap().len(), 2, "{fate:?}");
    }
}

#[tokio::test]
async fn a_failure_behind_the_update_is_applied_in_part() {
    let world = World::new().await;
    world.seed(Some("mia@example.com"), None).await;
    for _ in 0..4 {
        world.fault("GET", ".json", Fate::RequestLost);
        world.fault("PUT", "nowhere", Fate::RequestLost);
    }
    let customer = Customer::new().email("mia@example.com").address(home());
    let error = world.sink.upsert(&customer).await.unwrap_err();
    assert_eq!((error.effect(), error.operation()), (Effect::Applied, Some("get_customer")));
}

#[tokio::test]
async fn people_are_read_back() {
    let world = World::new().await;
    let customer = mia()
        .gender(Gender::Undisclosed)
        .birthday("1990-02-14".parse::<chrono::NaiveDate>().unwrap())
        .email_marketing(Consent::new(ConsentState::Pending))
        .sms_marketing(Consent::new(ConsentState::Unsubscribed))
        .address(home().default_address());
    let id = world.sink.upsert(&customer).await.unwrap().remote_id.unwrap();
    for who in [
        Identity::RemoteId(id.clone()),
        Identity::Email("mia@EXAMPLE.com".into()),
        Identity::Phone("+1 (555) 010-0123".into()),
    ] {
        let found = world.sink.find(&who).await.unwrap().unwrap();
        assert_eq!(found.remote_id.as_ref().map(|id| id.as_str()), Some(id.as_str()));
        let person = found.customer;
        assert_eq!(person.phone.unwrap().as_str(), "+15550100123");
        assert_eq!((person.gender, person.tags.len()), (Some(Gender::Undisclosed), 2));
        assert_eq!(person.birthday, customer.birthday);
        assert_eq!(person.email_marketing.unwrap().state, Some(ConsentState::Pending));
        assert_eq!(person.sms_marketing.unwrap().state, Some(ConsentState::Unsubscribed));
        assert_eq!(person.addresses, [home().default_address()]);
    }
    for who in [
        Identity::RemoteId(RemoteId::from("1")),
        Identity::Email("nobody@example.com".into()),
        Identity::Phone("+15550100999".into()),
    ] {
        assert!(world.sink.find(&who).await.unwrap().is_none(), "{who:?}");
    }
    let kind = |who: Identity| {
        let sink = world.sink.clone();
        async move { sink.find(&who).await.unwrap_err().kind() }
    };
    assert_eq!(kind(Identity::ExternalId("1".into())).await, ErrorKind::Unsupported);
    assert_eq!(kind(Identity::Phone("5550100123".into())).await, ErrorKind::InvalidInput);
    assert_eq!(kind(Identity::RemoteId(RemoteId::from(".."))).await, ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_search_is_read_to_its_last_page() {
    let world = World::new().await;
    let wanted = world.seed(None, Some("+15550100123")).await;
    // Newest first: 251 longer numbers that hold this one stand before it.
    for n in 0..251 {
        world.seed(None, Some(&format!("+15550100123{n:03}"))).await;
    }
    let found = world.sink.find(&Identity::Phone("+15550100123".into())).await.unwrap().unwrap();
    assert_eq!(found.remote_id.as_ref().map(|id| id.as_str()), Some(wanted.as_str()));
    assert_eq!(world.log().iter().filter(|line| line.contains("search")).count(), 2);
    let words = |text: &str| CustomerSearchQuery { words: Some(text.to_owned()), ..CustomerSearchQuery::default() };
    let page = world.sink.search_customers(&words("15550100123")).await.unwrap().value;
    assert_eq!(page.items.len(), 250);
    let next = CustomerSearchQuery { cursor: page.next, ..CustomerSearchQuery::default() };
    let rest = world.sink.search_customers(&next).await.unwrap().value;
    assert_eq!((rest.items.len(), rest.next), (2, None));
    let long = words(&"a".repeat(51));
    assert_eq!(world.sink.search_customers(&long).await.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn the_native_calls_speak_for_themselves() {
    let world = World::new().await;
    world.sink.check().await.unwrap();
    let id = world.seed(Some("mia@example.com"), None).await;
    assert_eq!(world.sink.count_customers().await.unwrap().value, Some(1));
    let change = CustomerInput { verified_email: Some(false), gender: Some(0), ..CustomerInput::default() };
    let changed = world.sink.update_customer(&id, &change).await.unwrap();
    assert!(changed.request_id.is_some() && changed.attempts == 1);
    assert!(std::str::from_utf8(&changed.body).unwrap().contains("accepts_phone_marketing"));
    let address = AddressInput { city: Some("Salem".into()), ..AddressInput::default() };
    let first = world.sink.add_address(&id, &address).await.unwrap().value;
    let second = world.sink.add_address(&id, &address).await.unwrap().value;
    assert_eq!((first.is_default(), second.is_default()), (Some(true), Some(false)));
    let second = second.id.unwrap();
    world.sink.set_default_address(&id, &second).await.unwrap();
    let town = AddressInput { town: Some("Old Town".into()), ..AddressInput::default() };
    assert_eq!(world.sink.update_address(&id, &second, &town).await.unwrap().value.is_default(), Some(true));
    let person = world.sink.get_customer(&id).await.unwrap().unwrap().value;
    assert_eq!((person.addresses.len(), person.default_address.unwrap().id), (2, Some(second)));
    assert!(world.sink.get_customer(&"77".into()).await.unwrap().is_none());
    assert!(world.sink.find_customer_by_email("nobody@example.com").await.unwrap().is_none());

    let stranger = Shopline::builder("open001", "fake.other").base_url(world.sandbox.url("shopline").unwrap());
    let error = stranger.build().unwrap().check().await.unwrap_err();
    assert_eq!((error.kind(), error.hint().is_some()), (ErrorKind::Unauthenticated, true));
}
