//! Yotpo Loyalty: the flow against the stand-in.

use super::*;

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
    let mut record = CustomerInput::new("member@example.com");
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
    let error = sink.upsert_customer(&CustomerInput::new(" ")).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::NotSent));
    let mut record = CustomerInput::new("pos@example.com");
    (record.pos_account_id, record.opted_in) = (Some("till-7".into()), OptedIn::NO);
    sink.upsert_customer(&record).await.unwrap();
    let row = sink.get_customer(&CustomerQuery::pos_account_id("till-7").with_history()).await.unwrap().unwrap().value;
    assert_eq!((row.email.as_deref(), row.opt_in), (Some("pos@example.com"), Some(false)));
    assert!(row.raw.as_str().contains("till-7") && !format!("{row:?} {record:?}").contains("till-7"));
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
            for (name, value) in plan.steps().iter().flat_map(customer_sink::plan::Step::headers) {
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
