//! Whale: the whole flow against the stand-in, and look-ups against answers that prove nothing.

use super::*;

/// The stand-in, reached through a transport that can lose answers.
struct Bench {
    sandbox: Sandbox,
    faulty: Arc<Faulty>,
    connector: Connector,
}

/// Forwards, and then loses the answers of the requests with these numbers.
#[derive(Debug)]
struct Faulty {
    inner: ReqwestTransport,
    lost: Vec<usize>,
    sent: AtomicUsize,
}

#[derive(Debug)]
struct Shared(Arc<Faulty>);

#[async_trait]
impl Transport for Shared {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let number = self.0.sent.fetch_add(1, Ordering::SeqCst);
        let answer = self.0.inner.send(request).await?;
        if self.0.lost.contains(&number) {
            return Err(TransportError::new(TransportErrorKind::Interrupted, "the answer is lost"));
        }
        Ok(answer)
    }
}

impl Bench {
    async fn start(lost: &[usize]) -> Self {
        let faulty = Arc::new(Faulty {
            inner: ReqwestTransport::new().unwrap(),
            lost: lost.to_vec(),
            sent: AtomicUsize::new(0),
        });
        let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
        let connector = Connector::for_tests(Arc::new(Shared(Arc::clone(&faulty))), clock);
        Self { sandbox: Sandbox::start().await.unwrap(), faulty, connector }
    }

    fn sink(&self) -> Whale {
        let builder = Whale::builder(Sandbox::WHALE_STORE_ID, Sandbox::WHALE_API_KEY);
        builder.base_url(self.sandbox.url("whale").unwrap()).connector(&self.connector).build().unwrap()
    }

    fn people(&self) -> Vec<Value> {
        self.sandbox.customers("whale")
    }

    fn sent(&self) -> usize {
        self.faulty.sent.load(Ordering::SeqCst)
    }
}

fn nora() -> Customer {
    Customer::new()
        .external_id("7")
        .email("Nora@example.com")
        .first_name("Nora")
        .last_name("Lind")
        .phone("+1 555 010 0100")
        .tag("vip")
        .address(Address::new().line1("1 Sample Way").city("Testville").country_code("US"))
        .custom("source", "fixture")
}

#[tokio::test]
async fn new_then_known_then_changed_then_the_same() {
    let bench = Bench::start(&[]).await;
    let sink = bench.sink();
    let first = sink.upsert(&nora()).await.unwrap();
    assert_eq!((first.outcome, first.attempts), (Outcome::Created, 1));
    let again = sink.upsert(&nora()).await.unwrap();
    assert_eq!((again.outcome, &again.remote_id, again.attempts), (Outcome::Unchanged, &first.remote_id, 2));
    let changed = nora().tag("retail").first_name("Eleonora").custom("rep", "m").clear(Field::Note);
    let changed = sink.upsert(&changed).await.unwrap();
    assert_eq!((changed.outcome, changed.attempts), (Outcome::Updated, 3));
    // What the record no longer holds stays: unset means leave alone.
    let less = Customer::new().email("nora@example.com").custom("rep", "m");
    assert_eq!(sink.upsert(&less).await.unwrap().outcome, Outcome::Unchanged);
    let people = bench.people();
    assert_eq!(people.len(), 1);
    let person = &people[0];
    assert_eq!((&person["first_name"], &person["phone"]), (&json!("Eleonora"), &json!("+15550100100")));
    assert_eq!(person["tags"], json!(["vip", "retail"]));
    assert_eq!(person["metadata"], json!({"external_id": "7", "source": "fixture", "rep": "m"}));
    let cleared = Customer::new().email("nora@example.com").clear(Field::Custom).clear(Field::Tags).clear(Field::Phone);
    assert_eq!(sink.upsert(&cleared).await.unwrap().outcome, Outcome::Updated);
    let person = &bench.people()[0];
    assert_eq!((&person["tags"], &person["phone"]), (&json!([]), &Value::Null));
    assert_eq!(person["metadata"], json!({"external_id": "7"}), "the key to the caller's system stays");
    assert_eq!(sink.upsert(&cleared).await.unwrap().outcome, Outcome::Unchanged);
}

#[tokio::test]
async fn another_persons_phone_is_a_conflict_and_writes_nothing() {
    let bench = Bench::start(&[]).await;
    let sink = bench.sink();
    let id = sink.upsert(&nora()).await.unwrap().remote_id.unwrap();
    let before = bench.people();
    let other = Customer::new().email("other@example.com").first_name("Other").phone("1 (555) 010-0100");
    let error = sink.upsert(&other).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Conflict, Effect::Rejected));
    assert_eq!(error.conflicting_ids(), [id]);
    assert!(!error.is_retryable() && error.hint().unwrap().contains("phone"));
    assert_eq!(bench.people(), before);
}

#[tokio::test]
async fn a_lost_create_is_repeated_and_makes_nobody_twice() {
    let bench = Bench::start(&[0]).await;
    let done = bench.sink().upsert(&nora()).await.unwrap();
    // The vendor shows that the record was created since the call began: by the first attempt.
    assert_eq!((done.outcome, done.attempts), (Outcome::Created, 2));
    assert!(done.remote_id.is_some());
    assert_eq!(bench.people().len(), 1);
}

#[tokio::test]
async fn a_lost_update_is_repeated_and_a_lost_create_that_stays_is_unknown() {
    let bench = Bench::start(&[1]).await;
    let sink = bench.sink();
    sink.upsert(&Customer::new().email("a@example.com").first_name("A")).await.unwrap();
    let person = Customer::new().email("a@example.com").first_name("B");
    let done = sink.upsert(&person).await.unwrap();
    assert_eq!((done.outcome, done.attempts), (Outcome::Updated, 3));
    let bench = Bench::start(&[0, 1, 2, 3]).await;
    let error = bench.sink().upsert(&nora()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Interrupted, Effect::Unknown, 4));
    assert!(error.is_retryable());
    assert_eq!(bench.people().len(), 1);
}

#[tokio::test]
async fn find_reads_back_and_never_takes_the_first_hit() {
    let bench = Bench::start(&[]).await;
    let sink = bench.sink();
    let id = sink.upsert(&nora()).await.unwrap().remote_id.unwrap();
    sink.upsert(&Customer::new().email("eleonora@example.com")).await.unwrap();
    let by = |who: Identity| {
        let sink = sink.clone();
        async move { sink.find(&who).await }
    };
    let found = by(Identity::Email(Email::new(" nora@EXAMPLE.com"))).await.unwrap().unwrap();
    assert_eq!(found.remote_id.as_ref().map(|id| id.as_str()), Some(id.as_str()));
    assert_eq!(found.customer.external_id.as_deref(), Some("7"));
    assert_eq!(found.customer.addresses[0].line1.as_deref(), Some("1 Sample Way"));
    assert_eq!(found.customer.custom["source"].to_text(), "fixture");
    let found = by(Identity::RemoteId(id)).await.unwrap().unwrap();
    assert_eq!(found.customer.first_name.as_deref(), Some("Nora"));
    assert!(by(Identity::Email(Email::new("ora@example.com"))).await.unwrap().is_none());
    assert!(by(Identity::RemoteId(RemoteId::from("cust_ffffffff"))).await.unwrap().is_none());
    for who in [Identity::ExternalId("7".into()), Identity::Phone(Phone::new("+15550100100"))] {
        assert_eq!(by(who).await.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    for bad in ["", "..", "a\nb"] {
        assert_eq!(by(Identity::RemoteId(RemoteId::from(bad))).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(by(Identity::Email(Email::new("x"))).await.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_search_reads_every_page() {
    let bench = Bench::start(&[]).await;
    let unlimited = Whale::builder(Sandbox::WHALE_STORE_ID, Sandbox::WHALE_API_KEY);
    let sink = unlimited.base_url(bench.sandbox.url("whale").unwrap()).connector(&bench.connector).build().unwrap();
    sink.upsert(&Customer::new().email("a@example.com")).await.unwrap();
    for n in 0..205 {
        sink.upsert(&Customer::new().email(format!("{n}.a@example.com"))).await.unwrap();
    }
    let before = bench.sent();
    let found = sink.find(&Identity::Email(Email::new("a@example.com"))).await.unwrap().unwrap();
    assert_eq!(found.customer.email.unwrap().as_str(), "a@example.com");
    assert_eq!(bench.sent() - before, 4, "three pages and the record");
}

#[tokio::test]
async fn erase_promises_and_check_tells_a_bad_key() {
    let bench = Bench::start(&[]).await;
    let sink = bench.sink();
    sink.upsert(&nora()).await.unwrap();
    sink.check().await.unwrap();
    let who = Identity::Email(Email::new("nora@example.com"));
    assert!(
        matches!(sink.erase(&who).await.unwrap(), ErasureStatus::Accepted { within: Some(d) } if d.as_secs() == 30 * 86_400)
    );
    assert_eq!(sink.erase(&Identity::Email(Email::new("x@example.com"))).await.unwrap(), ErasureStatus::NotFound);
    assert_eq!(
        sink.erase(&Identity::RemoteId(RemoteId::from("cust_ffffffff"))).await.unwrap(),
        ErasureStatus::NotFound
    );
    let bad = |store: &str, key: &str| {
        let builder = Whale::builder(store, key.to_owned()).connector(&bench.connector);
        builder.base_url(bench.sandbox.url("whale").unwrap()).build().unwrap()
    };
    let error = bad(Sandbox::WHALE_STORE_ID, "wk_test_other").check().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthenticated, Some("invalid_api_key")));
    assert!(error.request_id().unwrap().starts_with("req_"));
    let error = bad("another-store", Sandbox::WHALE_API_KEY).check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert!(error.hint().unwrap().contains("another store"));
}

#[tokio::test]
async fn a_lost_removal_request_is_not_repeated() {
    // 0 creates, 1 reads, 2 asks.
    let bench = Bench::start(&[2]).await;
    let sink = bench.sink();
    let id = sink.upsert(&Customer::new().email("a@example.com")).await.unwrap().remote_id.unwrap();
    let error = sink.erase(&Identity::RemoteId(id)).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Interrupted, Effect::Unknown));
    assert_eq!((error.operation(), error.is_retryable(), bench.sent()), (Some("request_removal"), false, 3));
}

#[tokio::test]
async fn the_native_calls() {
    let bench = Bench::start(&[]).await;
    let whale = bench.sink();
    let input = CustomerInput { email: Change::Set("a@example.com".into()), ..CustomerInput::default() };
    let made = whale.create_customer(&input).await.unwrap();
    assert_eq!((made.value.is_new, made.attempts), (Some(true), 1));
    let again = whale.create_customer(&input).await.unwrap().value;
    assert_eq!(again.is_new, None, "a 200 alone proves nothing");
    let id = again.customer.unwrap().id.unwrap();
    let patch = CustomerInput { last_name: Change::Set("Lind".into()), ..CustomerInput::default() };
    assert_eq!(whale.update_customer(&id, &patch).await.unwrap().value.last_name.as_deref(), Some("Lind"));
    let clear = CustomerInput { last_name: Change::Clear, ..CustomerInput::default() };
    assert_eq!(whale.update_customer(&id, &clear).await.unwrap().value.last_name, None);
    assert_eq!(whale.get_customer(&id).await.unwrap().unwrap().value.metadata.unwrap().len(), 0);
    let query = CustomerQuery::search("a@example.com").limit(10);
    let page = whale.list_customers(&query).await.unwrap();
    assert_eq!((page.value.items.len(), page.value.unreadable, page.value.next), (1, 0, None));
    assert!(String::from_utf8_lossy(&page.body).contains(r#""has_more":false"#));
    let erasure = ErasureInput { reason: Some("asked".into()), notify_customer: Some(false) };
    let request = whale.request_erasure(&id, &erasure).await.unwrap().value;
    assert_eq!((request.status.clone(), request.customer_id.as_ref()), (Some(RemovalStatus::Pending), Some(&id)));
    whale.delete_customer(&id).await.unwrap();
    assert_eq!(whale.delete_customer(&id).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(whale.get_customer(&id).await.unwrap().is_none());
    let shown = format!("{input:?} {made:?} {query:?} {erasure:?} {request:?}");
    assert!(!shown.contains("example.com") && !shown.contains("asked"), "{shown}");
}

#[tokio::test]
async fn a_lost_delete_counts_when_nobody_is_left() {
    let bench = Bench::start(&[1]).await;
    let whale = bench.sink();
    let id = whale.upsert(&Customer::new().email("a@example.com")).await.unwrap().remote_id.unwrap();
    let id = CustomerId::from(id.into_string());
    whale.delete_customer(&id).await.unwrap();
    assert!(bench.people().is_empty());
}

/// Answers every request with the same body.
#[derive(Debug)]
struct Parrot(u16, &'static str);

#[async_trait]
impl Transport for Parrot {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, TransportError> {
        Ok(HttpResponse::new(http::StatusCode::from_u16(self.0).unwrap(), self.1))
    }
}

async fn parrot(status: u16, body: &'static str) -> Result<Option<customer_sink::FoundCustomer>, Error> {
    let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
    let connector = Connector::for_tests(Arc::new(Parrot(status, body)), clock);
    let sink = Whale::builder("s", "k").connector(&connector).build().unwrap();
    sink.find(&Identity::Email(Email::new("a@example.com"))).await
}

#[tokio::test]
async fn a_search_that_repeats_or_cannot_be_read_is_no_answer() {
    let kind = |result: Result<Option<customer_sink::FoundCustomer>, Error>| result.map(|_| ()).unwrap_err().kind();
    assert_eq!(
        kind(parrot(200, r#"{"data":[{"id":"1"}],"has_more":true,"next_cursor":"c"}"#).await),
        ErrorKind::Decode
    );
    assert_eq!(kind(parrot(200, r#"{"data":[{"id":"1"}],"has_more":true}"#).await), ErrorKind::Decode);
    assert_eq!(kind(parrot(200, r#"{"data":[],"has_more":true}"#).await), ErrorKind::Decode);
    assert_eq!(kind(parrot(200, "<html>").await), ErrorKind::Decode);
    let two = parrot(200, r#"[{"id":"1","email":"a@example.com"},{"id":"2","email":"A@example.com"}]"#).await;
    let error = two.map(|_| ()).unwrap_err();
    assert_eq!((error.kind(), error.conflicting_ids()), (ErrorKind::Conflict, &["1".into(), "2".into()][..]));
    assert!(parrot(200, r#"{"data":[]}"#).await.unwrap().is_none());
    // A 404 that is not the vendor's own proves nothing about the person.
    let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
    let connector = Connector::for_tests(Arc::new(Parrot(404, "<html>")), clock);
    let sink = Whale::builder("s", "k").connector(&connector).build().unwrap();
    let who = Identity::RemoteId(RemoteId::from("x"));
    assert_eq!(sink.find(&who).await.map(|_| ()).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(sink.erase(&who).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn with_the_option_consent_stands_at_the_vendor_and_comes_back() {
    let bench = Bench::start(&[]).await;
    let builder = Whale::builder(Sandbox::WHALE_STORE_ID, Sandbox::WHALE_API_KEY).send_consent(true);
    let sink = builder.base_url(bench.sandbox.url("whale").unwrap()).connector(&bench.connector).build().unwrap();
    let person = |state| nora().email_marketing(Consent::new(state));
    assert_eq!(sink.upsert(&person(ConsentState::Subscribed)).await.unwrap().outcome, Outcome::Created);
    assert_eq!(sink.upsert(&person(ConsentState::Subscribed)).await.unwrap().outcome, Outcome::Unchanged);
    let who = Identity::Email(Email::new("nora@example.com"));
    let found = sink.find(&who).await.unwrap().unwrap().customer;
    assert_eq!(found.email_marketing.unwrap().state, Some(ConsentState::Subscribed));
    assert_eq!(found.sms_marketing, None);
    // Unset leaves alone; an opt-out arrives.
    assert_eq!(sink.upsert(&nora()).await.unwrap().outcome, Outcome::Unchanged);
    assert_eq!(sink.upsert(&person(ConsentState::Unsubscribed)).await.unwrap().outcome, Outcome::Updated);
    assert_eq!(bench.people()[0]["email_consent"], json!(false));
}

#[tokio::test]
async fn with_the_option_a_birthday_stands_at_the_vendor_comes_back_and_can_be_cleared() {
    let bench = Bench::start(&[]).await;
    for consent in [false, true] {
        let builder = Whale::builder(Sandbox::WHALE_STORE_ID, Sandbox::WHALE_API_KEY).send_birthday(true);
        let builder = builder.send_consent(consent).base_url(bench.sandbox.url("whale").unwrap());
        let sink = builder.connector(&bench.connector).build().unwrap();
        let email = format!("{consent}@example.com");
        let person = Customer::new().email(email.as_str()).birthday("1990-02-14".parse::<chrono::NaiveDate>().unwrap());
        let plan = sink.plan(&person, &UpsertOptions::default()).unwrap();
        assert_eq!(body_at(&plan, 0)["date_of_birth"], json!("1990-02-14"));
        assert!(plan.notes().is_empty() && plan.covers(&person.set_paths()[0]));
        assert_eq!(sink.upsert(&person).await.unwrap().outcome, Outcome::Created);
        assert_eq!(sink.upsert(&person).await.unwrap().outcome, Outcome::Unchanged);
        let who = Identity::Email(Email::new(email.as_str()));
        assert_eq!(sink.find(&who).await.unwrap().unwrap().customer.birthday, person.birthday);
        let cleared = Customer::new().email(email.as_str()).clear(Field::Birthday);
        assert_eq!(sink.upsert(&cleared).await.unwrap().outcome, Outcome::Updated);
        assert_eq!(sink.find(&who).await.unwrap().unwrap().customer.birthday, None);
    }
    let plan =
        plan(&Customer::new().email("a@example.com").birthday("1990-02-14".parse::<chrono::NaiveDate>().unwrap()));
    assert_eq!(body_at(&plan, 0), json!({"email": "a@example.com"}));
}

#[test]
fn phones_go_out_in_the_best_form_they_have() {
    for (given, sent) in [
        ("+1 (555) 010-0123", Some("+15550100123")),
        ("0044 7700 900123", Some("+447700900123")),
        (" 020 7946 0018 ", Some("020 7946 0018")),
        ("n/a", None),
        ("12345", None),
    ] {
        let plan = plan(&Customer::new().email("a@example.com").phone(given));
        assert_eq!(body_at(&plan, 0)["phone"].as_str(), sent, "{given}");
        assert_eq!(notes(&plan).len(), usize::from(sent.is_none()));
    }
}

#[test]
fn one_address_goes_out_with_codes_where_there_are_any() {
    let cases = [
        (json!({"line1": "x", "country": "Germany"}), json!({"line1": "x", "country": "DE"}), vec![]),
        (json!({"line1": "x", "country_code": "de"}), json!({"line1": "x", "country": "DE"}), vec![]),
        (
            json!({"country_code": "XX", "country": "Germany"}),
            json!({"country": "DE"}),
            vec![("country_code", NoteReason::Invalid)],
        ),
        (
            json!({"country_code": "us", "country": "USA"}),
            json!({"country": "US"}),
            vec![("country", NoteReason::Redundant)],
        ),
        (
            json!({"country_code": "US", "country": "Atlantis"}),
            json!({"country": "US"}),
            vec![("country", NoteReason::Redundant)],
        ),
        (
            json!({"country_code": "US", "country": "Germany"}),
            json!({"country": "US"}),
            vec![("country", NoteReason::Invalid)],
        ),
        (json!({"city": "x", "country": "Atlantis"}), json!({"city": "x"}), vec![("country", NoteReason::Invalid)]),
        (json!({"province": "Oregon"}), json!({"state": "Oregon"}), vec![]),
        (
            json!({"province": "Oregon", "province_code": " OR "}),
            json!({"state": "OR"}),
            vec![("province", NoteReason::Redundant)],
        ),
        (
            json!({"city": "x", "company": "c", "district": "d", "latitude": 1.5, "phone": "1"}),
            json!({"city": "x"}),
            vec![
                ("company", NoteReason::Unsupported),
                ("district", NoteReason::Unsupported),
                ("phone", NoteReason::Unsupported),
                ("latitude", NoteReason::Unsupported),
            ],
        ),
        (
            json!({"country": "Atlantis"}),
            Value::Null,
            vec![("country", NoteReason::Invalid), ("", NoteReason::Incomplete)],
        ),
    ];
    for (address, sent, dropped) in cases {
        let person = customer(json!({"email": "a@example.com", "addresses": [address]}));
        let plan = plan(&person);
        assert_eq!(body_at(&plan, 0)["address"], sent, "{address}");
        let expected: Vec<_> = dropped
            .into_iter()
            .map(|(field, reason)| {
                let path = if field.is_empty() { "addresses[0]".to_owned() } else { format!("addresses[0].{field}") };
                format!("{path} dropped {}", reason.as_str())
            })
            .collect();
        assert_eq!(notes(&plan), expected, "{address}");
    }
    let three = Customer::new()
        .email("a@example.com")
        .address(Address::new().city("a"))
        .address(Address::new().city("b").default_address())
        .address(Address::new().default_address());
    let plan = plan(&three);
    assert_eq!(body_at(&plan, 0)["address"], json!({"city": "b"}));
    assert_eq!(plan.notes().iter().map(|n| n.path().to_string()).collect::<Vec<_>>(), ["addresses[0]", "addresses[2]"]);
}

#[test]
fn custom_values_are_text_beside_the_external_id() {
    let person = customer(json!({
        "email": "a@example.com", "external_id": "7",
        "custom": {"external_id": "8", "a b": "x", "flag": false, "n": -3, "d": 1.25, "blank": " "}
    }));
    let plan = plan(&person);
    assert_eq!(
        body_at(&plan, 0)["metadata"],
        json!({"external_id": "7", "a b": "x", "flag": "false", "n": "-3", "d": "1.25"})
    );
    assert_eq!(notes(&plan), ["custom.external_id dropped redundant"]);
    let alone = customer(json!({"email": "a@example.com", "custom": {"external_id": "8"}}));
    assert_eq!(body_at(&self::plan(&alone), 0)["metadata"], json!({"external_id": "8"}));
    let blank = customer(json!({"email": "a@example.com", "custom": {"x": ""}, "external_id": " "}));
    assert_eq!(body_at(&self::plan(&blank), 0), json!({"email": "a@example.com"}));
}
