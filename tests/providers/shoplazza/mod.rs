//! Shoplazza: every exchange, what is refused before anything is sent, and what mapping claims.

mod auth;
mod calls;
mod flow;
mod limits;
mod native;
mod roundtrip;

use customer_sink::customer::{Channel, ConsentField, Field, FieldPath};
use customer_sink::plan::{FieldMatrix, NoteAction, NoteReason, StepCondition};
use customer_sink::providers::shoplazza::{ApiVersion, ContactType, MATRIX, Shoplazza, TagPolicy, UnknownConsent};
use customer_sink::{
    Address, Consent, ConsentState, Customer, CustomerSink, ErrorKind, OnLoss, OptInLevel, Plan, UpsertOptions,
};
use serde_json::{Value, json};

use crate::support;
use crate::support::plan::{body, notes};

#[tokio::test]
async fn exchanges() {
    support::play_all("shoplazza", |url, connector, options| {
        let mut builder = Shoplazza::builder("acme", "fake-token").base_url(url).connector(connector);
        if let Some(version) = options["api_version"].as_str() {
            builder = builder.api_version(version);
        }
        if options["unknown_consent"] == "leave_out" {
            builder = builder.unknown_consent(UnknownConsent::LeaveOut);
        }
        if options["contact_type"] == "phone" {
            builder = builder.contact_type(ContactType::Phone);
        }
        builder = builder.both_contacts(options["both_contacts"] != false);
        builder = builder.email_filter(options["email_filter"] == true);
        if options["tags"] == "union" {
            builder = builder.tag_policy(TagPolicy::Union);
        }
        if let Some(pages) = options["lookup_pages"].as_u64() {
            builder = builder.lookup_pages(pages.try_into().unwrap());
        }
        builder.build().unwrap()
    })
    .await;
}

fn sink() -> Shoplazza {
    Shoplazza::builder("acme", "fake-token").build().unwrap()
}

fn later() -> Shoplazza {
    Shoplazza::builder("acme", "fake-token").api_version(ApiVersion::V2026_07).build().unwrap()
}

fn plan(sink: &Shoplazza, customer: &Customer) -> Plan {
    support::plan::plan(sink, customer)
}

fn created(sink: &Shoplazza, customer: &Customer) -> Value {
    support::plan::created(&plan(sink, customer))
}

fn ann() -> Customer {
    Customer::new().email("ann@example.com").first_name("Ann").last_name("Ortega")
}

#[test]
fn the_matrix_speaks_for_every_field_once() {
    for field in FieldMatrix::all_fields() {
        assert_eq!(MATRIX.rules().iter().filter(|rule| rule.field == field).count(), 1, "{field}");
    }
    assert_eq!(MATRIX.rules().len(), FieldMatrix::all_fields().count());
}

#[test]
fn a_shop_is_a_name_a_host_or_a_url() {
    for (shop, base) in [
        ("acme", "https://acme.myshoplaza.com/"),
        (" acme.myshoplaza.com ", "https://acme.myshoplaza.com/"),
        ("https://acme.myshoplaza.com", "https://acme.myshoplaza.com/"),
        ("shop.example.com", "https://shop.example.com/"),
        ("http://127.0.0.1:4010/", "http://127.0.0.1:4010/"),
    ] {
        let sink = Shoplazza::builder(shop, "fake-token").build().unwrap();
        let url = plan(&sink, &ann()).steps()[0].url().to_owned();
        assert!(url.starts_with(&format!("{base}openapi/2022-01/customers?")), "{url}");
    }
    for shop in
        ["", "a b", "acme/admin", "https://acme.myshoplaza.com/admin", "http://acme.myshoplaza.com", "acme?", "-a"]
    {
        let error = Shoplazza::builder(shop, "fake-token").build().unwrap_err();
        assert_eq!((error.kind(), error.field_errors()[0].field()), (ErrorKind::Config, "shop"), "{shop}");
    }
    let error = Shoplazza::builder("acme", " ").build().unwrap_err();
    assert_eq!(error.field_errors()[0].field(), "credential");
    let error = Shoplazza::builder("acme", "fake-token").api_version("v2022").build().unwrap_err();
    assert_eq!((error.kind(), error.field_errors()[0].field()), (ErrorKind::Config, "api_version"));
    assert_eq!("2022".parse::<ApiVersion>().unwrap_err().field_errors()[0].field(), "api_version");
}

#[test]
fn the_token_is_never_shown() {
    let sink = sink();
    let plan = plan(&sink, &ann().phone("+15550100123").address(Address::new().country_code("US")));
    let shown = format!("{}{sink:?}{plan:?}", serde_json::to_string(&plan).unwrap());
    assert!(!shown.contains("fake-token"));
    assert!(plan.steps().iter().all(|step| step.headers().any(|h| h.0 == "access-token" && h.1 == "[redacted]")));
}

#[test]
fn a_record_without_usable_contact_is_refused() {
    for customer in [
        Customer::new().first_name("Ann"),
        Customer::new().email("ann@").phone("020 7946 0018"),
        Customer::new().external_id("7").email(" "),
    ] {
        assert_eq!(support::plan::refused(&sink(), &customer).field_errors()[0].field(), "email");
    }
}

#[test]
fn the_plan_shows_every_step_with_its_condition() {
    let address = Address::new().line1("1 Example Way").country_code("US").default_address();
    let customer = ann().phone("+1 555 010 0123").address(address);
    let plan = plan(&sink(), &customer);
    let steps: Vec<_> = plan.steps().iter().map(|s| (s.when(), s.method().as_str(), s.operation())).collect();
    assert_eq!(
        steps,
        [
            (StepCondition::Always, "GET", "find_customer"),
            (StepCondition::IfDiffers, "GET", "find_customer"),
            (StepCondition::IfNotFound, "POST", "create_customer"),
            (StepCondition::IfDuplicate, "GET", "find_customer"),
            (StepCondition::IfDuplicate, "GET", "find_customer"),
            (StepCondition::IfFound, "GET", "list_addresses"),
            (StepCondition::IfDiffers, "PUT", "update_customer"),
            (StepCondition::IfDiffers, "PUT", "update_address"),
            (StepCondition::IfDiffers, "POST", "create_address"),
            (StepCondition::IfDiffers, "PUT", "set_default_address"),
        ]
    );
    let base = "https://acme.myshoplaza.com/openapi/2022-01/customers";
    let urls: Vec<_> = plan.steps().iter().map(|s| s.url().strip_prefix(base).unwrap()).collect();
    assert_eq!(urls[1], "?contact=%2B15550100123&limit=100");
    assert_eq!(urls[5], "/{id}/addresses?limit=250");
    assert_eq!(urls[9], "/{id}/addresses/{address_id}/default");
    assert_eq!(
        body(&plan, "update_customer"),
        json!({"customer": {"first_name": "Ann", "last_name": "Ortega",
            "accepts_marketing": "{accepts_marketing}", "accepts_sms_marketing": "{accepts_sms_marketing}"}})
    );
    // What the record does not say itself is for a new address only.
    assert_eq!(body(&plan, "update_address"), json!({"address1": "1 Example Way", "country_code": "US"}));
    // One page of the vendor's requires both lines there.
    let address = json!({"first_name": "Ann", "last_name": "Ortega", "address1": "1 Example Way", "address2": "",
        "country": "United States", "country_code": "US", "default": false});
    assert_eq!(body(&plan, "create_address"), address);
    assert_eq!(
        notes(&plan),
        [
            "email dropped unsupported if_found",
            "phone dropped unsupported if_found",
            "email_marketing.state added default if_not_found",
            "sms_marketing.state added default if_not_found",
            "addresses[0].country added derived",
            "addresses[0].first_name added derived",
            "addresses[0].last_name added derived",
        ]
    );
    assert!(plan.sent().contains(&Field::Email.into()) && plan.sent().contains(&Field::Phone.into()));
    let again = sink().plan(&customer, &UpsertOptions::default()).unwrap();
    assert_eq!(serde_json::to_string(&plan).unwrap(), serde_json::to_string(&again).unwrap());
    // A record with nothing that an update takes has no update.
    let bare = self::plan(&sink(), &Customer::new().email("ann@example.com"));
    assert_eq!(bare.steps().len(), 3);
}

/// State, level and presence on both channels: only `subscribed` is ever a yes.
#[test]
fn the_whole_table_of_consents() {
    let states = [
        None,
        Some(ConsentState::Subscribed),
        Some(ConsentState::Unsubscribed),
        Some(ConsentState::NotSubscribed),
        Some(ConsentState::Pending),
    ];
    let levels = [None, Some(OptInLevel::Single), Some(OptInLevel::Confirmed), Some(OptInLevel::Unknown)];
    let mut seen = 0;
    for state in states {
        for level in levels {
            for source in [None, Some("checkout".to_owned())] {
                for present in [false, true] {
                    let consent = present.then(|| Consent {
                        state,
                        opt_in_level: level,
                        source: source.clone(),
                        updated_at: None,
                    });
                    for channel in [Channel::Email, Channel::Sms] {
                        check_consent(channel, consent.clone());
                        seen += 1;
                    }
                }
            }
        }
    }
    assert_eq!(seen, 160);
}

fn check_consent(channel: Channel, consent: Option<Consent>) {
    let state = consent.as_ref().and_then(|c| c.state);
    let set = consent.as_ref().is_some_and(|c| !c.is_empty());
    let mut customer = ann();
    match channel {
        Channel::Email => customer.email_marketing = consent,
        _ => customer.sms_marketing = consent,
    }
    let plan = plan(&sink(), &customer);
    let (key, other) = match channel {
        Channel::Email => ("accepts_marketing", "accepts_sms_marketing"),
        _ => ("accepts_sms_marketing", "accepts_marketing"),
    };
    let yes = state == Some(ConsentState::Subscribed);
    let create = body(&plan, "create_customer")["customer"].take();
    assert_eq!((&create[key], &create[other]), (&json!(yes), &json!(false)), "{state:?}");
    let update = body(&plan, "update_customer")["customer"].take();
    let known = state.map_or(json!(format!("{{{key}}}")), |_| json!(yes));
    assert_eq!((&update[key], &update[other]), (&known, &json!(format!("{{{other}}}"))));
    let path = FieldPath::Consent(channel, ConsentField::State);
    let about = |path: &FieldPath| plan.notes().iter().filter(|n| n.path() == path).cloned().collect::<Vec<_>>();
    let own = about(&path);
    match state {
        None => {
            assert_eq!((own[0].action(), own[0].condition()), (NoteAction::Added, Some(StepCondition::IfNotFound)));
            assert_eq!(about(&channel.field().into()).len(), usize::from(set));
            assert!(!plan.sent().contains(&channel.field().into()));
        }
        Some(ConsentState::Pending) => assert_eq!(own[0].action(), NoteAction::Changed),
        Some(_) => assert!(own.is_empty() && plan.sent().contains(&channel.field().into())),
    }
}

#[test]
fn tags_take_the_form_of_the_version() {
    let customer = ann().tags(["vip", " vip ", "a,b", "", "new"]);
    let first = plan(&sink(), &customer);
    assert_eq!(body(&first, "create_customer")["customer"]["tags"], "vip,new");
    assert!(notes(&first).contains(&"tags[2] dropped invalid".to_owned()));
    assert!(notes(&first).contains(&"tags[1] dropped redundant".to_owned()));
    let second = plan(&later(), &customer);
    assert_eq!(body(&second, "create_customer")["customer"]["tags"], json!(["vip", "a,b", "new"]));
    let union = |version| {
        let sink = Shoplazza::builder("acme", "fake-token").tag_policy(TagPolicy::Union).api_version(version);
        body(&plan(&sink.build().unwrap(), &customer), "update_customer")["customer"]["tags"].take()
    };
    assert_eq!(union(ApiVersion::V2022_01), "{tags},vip,new");
    assert_eq!(union(ApiVersion::V2025_06), json!(["{tags}", "vip", "a,b", "new"]));
    // To blank them wins over adding to them.
    let cleared = plan(&sink(), &ann().clear(Field::Tags).clear(Field::FirstName).clear(Field::Phone));
    assert_eq!(body(&cleared, "update_customer")["customer"]["tags"], "");
    assert_eq!(body(&plan(&later(), &ann().clear(Field::Tags)), "update_customer")["customer"]["tags"], json!([]));
    assert!(body(&cleared, "create_customer")["customer"].get("tags").is_none());
    assert!(notes(&cleared).contains(&"clear.first_name dropped redundant".to_owned()));
    assert!(notes(&cleared).contains(&"clear.phone dropped unsupported".to_owned()));
}

#[test]
fn an_address_needs_its_country_and_before_2025_06_its_names() {
    let customer = Customer::new()
        .email("ann@example.com")
        .first_name("Ann")
        .address(Address::new().line1("1 Example Way").country("Germany").country_code("XX"))
        .address(Address::new().line1("2 Example Way").country("Atlantis"))
        .address(Address::new().first_name("Bo").last_name("Li").country_code("de").phone("call me").default_address())
        .address(Address::new())
        .address(Address::new().country("Germany").default_address());
    let first = plan(&sink(), &customer);
    assert_eq!(
        body(&first, "create_customer")["customer"]["addresses"],
        json!([{"first_name": "Bo", "last_name": "Li", "country": "Germany", "country_code": "DE", "default": true}])
    );
    let of_addresses =
        |plan: &Plan| notes(plan).into_iter().filter(|note| note.starts_with("addresses")).collect::<Vec<_>>();
    assert_eq!(
        of_addresses(&first),
        [
            "addresses[0] dropped incomplete",
            "addresses[1] dropped incomplete",
            "addresses[2].phone dropped invalid",
            "addresses[2].country added derived",
            "addresses[4] dropped incomplete",
        ]
    );
    let second = plan(&later(), &customer);
    let sent = created(&later(), &customer)["addresses"].take();
    let flags: Vec<_> = sent.as_array().unwrap().iter().map(|a| a["default"].as_bool().unwrap()).collect();
    assert_eq!(flags, [false, true, false]);
    assert_eq!((&sent[0]["country_code"], sent[0].get("first_name")), (&json!("DE"), None));
    assert_eq!(
        of_addresses(&second),
        [
            "addresses[0].country_code dropped invalid",
            "addresses[0].country_code added derived",
            "addresses[1] dropped incomplete",
            "addresses[2].phone dropped invalid",
            "addresses[2].country added derived",
            "addresses[4].country_code added derived",
            "addresses[4].default dropped too_many",
        ]
    );
}

#[test]
fn the_first_address_is_the_default_of_a_new_customer_where_none_is_marked() {
    let customer = ann().address(Address::new().country_code("US")).address(Address::new().country_code("CA"));
    let plan = plan(&sink(), &customer);
    let sent = body(&plan, "create_customer")["customer"]["addresses"].take();
    assert_eq!((&sent[0]["default"], &sent[1]["default"]), (&json!(true), &json!(false)));
    let note = plan.notes().iter().find(|n| n.path().to_string() == "addresses[0].default").unwrap();
    assert_eq!((note.reason(), note.condition()), (NoteReason::Default, Some(StepCondition::IfNotFound)));
    // A known customer's default stays what it is.
    assert!(plan.steps().iter().all(|step| step.operation() != "set_default_address"));
}

/// Which contacts a new customer is sent with, by option; what is left out is a loss, and is looked for all the same.
#[test]
fn the_contacts_of_a_new_customer_are_by_choice() {
    let both = ann().phone("+15550100123");
    let open = |kind, both| {
        let builder = Shoplazza::builder("acme", "fake-token").contact_type(kind).both_contacts(both);
        builder.build().unwrap()
    };
    let contacts = |customer: &Value| json!([customer["contact_type"], customer["email"], customer["phone"]]);
    for (kind, all, sent, lost) in [
        (ContactType::Email, true, json!(["email", "ann@example.com", "+15550100123"]), None),
        (ContactType::Phone, true, json!(["phone", "ann@example.com", "+15550100123"]), None),
        (ContactType::Email, false, json!(["email", "ann@example.com", null]), Some("phone")),
        (ContactType::Phone, false, json!(["phone", null, "+15550100123"]), Some("email")),
    ] {
        let sink = open(kind, all);
        let plan = plan(&sink, &both);
        assert_eq!(contacts(&body(&plan, "create_customer")["customer"]), sent);
        let dropped = |path: &str| notes(&plan).contains(&format!("{path} dropped unsupported"));
        assert_eq!(["email", "phone"].into_iter().find(|path| dropped(path)), lost);
        let claims = |path: &&FieldPath| matches!(path, FieldPath::Field(Field::Email | Field::Phone));
        assert_eq!(plan.sent().iter().filter(claims).count(), 2 - usize::from(lost.is_some()));
        assert_eq!(plan.steps().iter().filter(|s| s.operation() == "find_customer").count(), 4);
        let strict = sink.plan(&both, &UpsertOptions::default().on_loss(OnLoss::Fail));
        assert_eq!(strict.err().map(|e| e.field_errors()[0].field().to_owned()).as_deref(), lost);
        // One contact alone is the identity, whatever the choice.
        let alone = Customer::new().phone("+15550100123");
        assert_eq!(contacts(&created(&sink, &alone)), json!(["phone", null, "+15550100123"]));
        assert_eq!(contacts(&created(&sink, &ann())), json!(["email", "ann@example.com", null]));
    }
}

/// What the record does not know stands in an update as the look-up showed it, or not at all.
#[test]
fn an_unknown_consent_is_shown_or_left_out() {
    let sink = Shoplazza::builder("acme", "fake-token").unknown_consent(UnknownConsent::LeaveOut).build().unwrap();
    let plan_of = |customer: &Customer| body(&plan(&sink, customer), "update_customer")["customer"].take();
    assert_eq!(plan_of(&ann()), json!({"first_name": "Ann", "last_name": "Ortega"}));
    let opted_out = ann().sms_marketing(Consent::new(ConsentState::Unsubscribed));
    let expected = json!({"first_name": "Ann", "last_name": "Ortega", "accepts_sms_marketing": false});
    assert_eq!(plan_of(&opted_out), expected);
    // A new customer is told both in any case.
    let new = created(&sink, &ann());
    assert_eq!((&new["accepts_marketing"], &new["accepts_sms_marketing"]), (&json!(false), &json!(false)));
}

#[test]
fn e_mail_addresses_are_looked_for_as_written_and_in_lower_case() {
    let mixed = Customer::new().email("Ann.O@Example.com").phone("+15550100123");
    let urls = |sink: &Shoplazza, customer: &Customer| {
        let query = |url: &str| url.split_once("/customers?").unwrap().1.to_owned();
        let plan = plan(sink, customer);
        let finds = plan.steps().iter().filter(|step| step.operation() == "find_customer");
        finds.map(|step| format!("{} {}", step.when().as_str(), query(step.url()))).collect::<Vec<_>>()
    };
    let finds = [
        "always contact=Ann.O%40Example.com&limit=100",
        "if_not_found contact=ann.o%40example.com&limit=100",
        "if_differs contact=%2B15550100123&limit=100",
    ];
    assert_eq!(urls(&sink(), &mixed)[..3], finds);
    assert_eq!(urls(&sink(), &mixed).len(), 6);
    assert_eq!(urls(&sink(), &ann()).len(), 2);
    let by_email = Shoplazza::builder("acme", "fake-token").email_filter(true).api_version(ApiVersion::V2026_07);
    let finds = [
        "always email=Ann.O%40Example.com&page_size=100",
        "if_not_found email=ann.o%40example.com&page_size=100",
        "if_differs contact=%2B15550100123&page_size=100",
    ];
    assert_eq!(urls(&by_email.build().unwrap(), &mixed)[..3], finds);
}

/// Whatever is chosen, each set field has one claim, and no consent is left to the vendor.
#[test]
fn the_claims_hold_with_every_choice() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/customers/customers.jsonl"));
    let text = text.unwrap();
    let records: Vec<Customer> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut planned = 0;
    for choice in 0..32u8 {
        let on = |bit: u8| choice & (1 << bit) != 0;
        let mut builder = Shoplazza::builder("acme", "fake-token").both_contacts(on(0)).email_filter(on(1));
        builder = builder.contact_type(if on(2) { ContactType::Phone } else { ContactType::Email });
        builder = builder.tag_policy(if on(3) { TagPolicy::Union } else { TagPolicy::Replace });
        builder = builder.unknown_consent(if on(3) { UnknownConsent::LeaveOut } else { UnknownConsent::AsShown });
        builder = builder.api_version(if on(4) { ApiVersion::V2026_07 } else { ApiVersion::V2022_01 });
        let sink = builder.build().unwrap();
        for record in &records {
            let Ok(plan) = sink.plan(record, &UpsertOptions::default()) else { continue };
            planned += 1;
            for path in record.set_paths() {
                assert!(plan.covers(&path), "nobody speaks for {path}");
            }
            let lost = plan.notes().iter().filter(|n| n.action() == NoteAction::Dropped && n.condition().is_none());
            for note in lost {
                assert!(!plan.sent().contains(note.path()), "{} is sent and dropped", note.path());
            }
            let new = body(&plan, "create_customer")["customer"].take();
            let contact = if new["contact_type"] == "phone" { &new["phone"] } else { &new["email"] };
            assert!(
                contact.is_string()
                    && new["accepts_marketing"].is_boolean()
                    && new["accepts_sms_marketing"].is_boolean()
            );
        }
    }
    assert!(planned > 32 * 150, "{planned}");
}
