//! SHOPLINE: every exchange, the mapping, and what is refused before anything is sent.

mod auth;
mod calls;
mod flow;
mod roundtrip;

use customer_sink::customer::Field;
use customer_sink::plan::{FieldMatrix, NoteAction, NoteReason, StepCondition};
use customer_sink::providers::shopline::{Blanking, Builder, MATRIX, Shopline, TagPolicy};
use customer_sink::{
    Address, Consent, ConsentState, Customer, CustomerSink, Error, ErrorKind, Gender, OnLoss, OptInLevel, Plan,
    UpsertOptions,
};
use serde_json::json;

use crate::support;
use crate::support::plan::{bodies_of, created, notes, sent, updated};

fn builder() -> Builder {
    Shopline::builder("open001", "fake.token")
}

fn plan(customer: &Customer) -> Plan {
    support::plan::plan(&builder().build().unwrap(), customer)
}

fn refused(customer: &Customer) -> Error {
    support::plan::refused(&builder().build().unwrap(), customer)
}

fn mia() -> Customer {
    Customer::new().email("mia@example.com")
}

#[tokio::test]
async fn exchanges() {
    support::play_all("shopline", |url, connector, options| {
        let mut builder = builder().base_url(url).connector(connector);
        if let Some(version) = options["api_version"].as_str() {
            builder = builder.api_version(version);
        }
        if let Some(on) = options["look_up_first"].as_bool() {
            builder = builder.look_up_first(on);
        }
        builder = match options["blanking"].as_str() {
            Some("empty_string") => builder.blanking(Blanking::EmptyString),
            Some("null") => builder.blanking(Blanking::Null),
            Some("never") => builder.blanking(Blanking::Never),
            _ => builder,
        };
        if options["tag_policy"] == "union" {
            builder = builder.tag_policy(TagPolicy::Union);
        }
        builder.build().unwrap()
    })
    .await;
}

#[test]
fn options_are_checked_by_name() {
    let option = |builder: Builder| {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let problem = &error.field_errors()[0];
        (problem.field().to_owned(), problem.message().contains("another product"))
    };
    for handle in ["", " ", "a.b", "https://open001.myshopline.com", "open001/", "-open", "open-", "a b", "ö"] {
        assert_eq!(option(Shopline::builder(handle, "t")), ("handle".into(), false), "{handle}");
    }
    for handle in ["open.shopline.io", "https://open.shopline.io/v1", "open.shoplineapp.com", "SHOP.SHOPLINEAPP.com"] {
        assert_eq!(option(Shopline::builder(handle, "t")), ("handle".into(), true), "{handle}");
    }
    assert_eq!(option(builder().base_url("https://open.shopline.io/v1")), ("base_url".into(), true));
    assert_eq!(option(builder().base_url("http://example.com")), ("base_url".into(), false));
    for version in ["", "v2025060", "v202506011", "20250601", "v2025060a", "latest"] {
        assert_eq!(option(builder().api_version(version)), ("api_version".into(), false), "{version}");
    }
    for token in ["", " ", "a\nb"] {
        assert_eq!(option(Shopline::builder("open001", token)).0, "credential", "{token:?}");
    }
    for handle in ["open001", "Open001.myshopline.com", " my-shop "] {
        assert!(Shopline::builder(handle, "t").build().is_ok(), "{handle}");
    }
}

#[test]
fn every_field_has_one_row() {
    for field in FieldMatrix::all_fields() {
        let rows = MATRIX.rules().iter().filter(|rule| rule.field == field).count();
        assert_eq!(rows, 1, "{field}");
    }
}

#[test]
fn the_token_is_never_shown() {
    let sink = builder().build().unwrap();
    let plan = sink.plan(&mia(), &UpsertOptions::default()).unwrap();
    let shown = format!("{sink:?} {:?} {}", builder(), serde_json::to_string(&plan).unwrap());
    assert!(!shown.contains("fake.token"), "{shown}");
    assert!(shown.contains("[redacted]"));
}

#[test]
fn the_steps_stand_in_the_order_of_the_flow() {
    let steps = |customer: &Customer| -> Vec<String> {
        let plan = plan(customer);
        let base = "https://open001.myshopline.com/admin/openapi/v20250601/";
        let text = |step: &customer_sink::plan::Step| {
            format!("{} {} {}", step.when().as_str(), step.method(), step.url().strip_prefix(base).unwrap())
        };
        plan.steps().iter().map(text).collect()
    };
    let create = "always POST customers.json";
    let by_email = "if_duplicate POST customers/query_user_by_email.json";
    let search = "if_duplicate GET customers/v2/search.json?query_param=15550100123&limit=250";
    let update = "if_found PUT customers/{id}.json";
    assert_eq!(steps(&mia()), [create, by_email, update]);
    assert_eq!(steps(&Customer::new().phone("+1 555 010 0123")), [create, search, update]);
    let whole = mia()
        .phone("+1 555 010 0123")
        .address(Address::new().city("Salem"))
        .address(Address::new().city("Portland").default_address());
    let change = "if_differs PUT customers/{id}/addresses/{address_id}.json";
    let add = "if_differs POST customers/{id}/addresses.json";
    assert_eq!(
        steps(&whole),
        [
            create,
            by_email,
            search,
            update,
            "if_found GET customers/v2/{id}.json",
            change,
            add,
            change,
            add,
            "if_differs PUT customers/{id}/addresses/{address_id}/default.json"
        ]
    );
}

#[test]
fn whoever_looks_first_creates_whom_nobody_found() {
    let customer = mia().phone("+1 555 010 0123").address(Address::new().city("Salem").district("West"));
    let sink = builder().look_up_first(true).build().unwrap();
    let plan = sink.plan(&customer, &UpsertOptions::default()).unwrap();
    let steps: Vec<_> = plan.steps().iter().map(|s| format!("{} {}", s.when().as_str(), s.operation())).collect();
    assert_eq!(
        steps,
        [
            "always find_customer_by_email",
            "always search_customers",
            "if_not_found create_customer",
            "if_found update_customer",
            "if_found get_customer",
            "if_differs update_address",
            "if_differs add_address",
        ]
    );
    // What a create cannot hold is lost only if there is one.
    assert_eq!(notes(&plan), ["addresses[0].district dropped unsupported if_not_found"]);
    let strict = UpsertOptions::default().on_loss(OnLoss::Fail);
    assert!(sink.plan(&customer, &strict).is_ok());
    assert!(builder().build().unwrap().plan(&customer, &strict).is_err());
}

#[test]
fn an_update_blanks_and_tags_as_it_is_told() {
    let customer = mia().clear(Field::Note).clear(Field::FirstName).clear(Field::Gender).tags(["vip", "new"]);
    let updated_with = |builder: Builder| {
        let plan = builder.build().unwrap().plan(&customer, &UpsertOptions::default()).unwrap();
        for place in customer.set_paths() {
            assert!(plan.covers(&place), "{place} is lost");
        }
        assert_eq!(created(&plan), json!({"email": "mia@example.com", "tags": "vip,new"}));
        (updated(&plan), notes(&plan))
    };
    let (null, noted) = updated_with(builder().blanking(Blanking::Null));
    let whole = json!({"email": "mia@example.com", "first_name": null, "gender": 0, "note": null, "tags": "vip,new"});
    assert_eq!((null, noted.len()), (whole, 0));
    let (never, noted) = updated_with(builder().blanking(Blanking::Never));
    assert_eq!(never, json!({"email": "mia@example.com", "gender": 0, "tags": "vip,new"}));
    assert_eq!(noted, ["clear.first_name dropped unsupported", "clear.note dropped unsupported"]);
    let (united, _) = updated_with(builder().tag_policy(TagPolicy::Union));
    assert_eq!(united["tags"], "{tags},vip,new");
    // Without a tag in the record there is nothing to unite.
    let plan = builder().tag_policy(TagPolicy::Union).build().unwrap();
    let plan = plan.plan(&mia().clear(Field::Tags), &UpsertOptions::default()).unwrap();
    assert_eq!(updated(&plan)["tags"], "");
}

/// state x level x channel, and the consents without a state.
#[test]
fn the_consent_table() {
    let states = [
        (ConsentState::Subscribed, 1, 1),
        (ConsentState::Unsubscribed, 0, 0),
        (ConsentState::NotSubscribed, 2, 2),
        (ConsentState::Pending, 3, 2),
    ];
    let levels = [None, Some(OptInLevel::Single), Some(OptInLevel::Confirmed), Some(OptInLevel::Unknown)];
    for (state, email, sms) in states {
        for level in levels {
            for whole in [false, true] {
                let mut consent = Consent { state: Some(state), opt_in_level: level, ..Consent::default() };
                if whole {
                    consent = consent.source("checkout").updated_at("2025-03-04T09:15:00+08:00".parse().unwrap());
                }
                for (key, number, narrowed) in
                    [("email_marketing", email, false), ("sms_marketing", sms, state == ConsentState::Pending)]
                {
                    let customer = match key {
                        "email_marketing" => mia().email_marketing(consent.clone()),
                        _ => mia().sms_marketing(consent.clone()),
                    };
                    let plan = plan(&customer);
                    let yes = state == ConsentState::Subscribed;
                    let mut expected = json!({ "state": number });
                    let mut noted = Vec::new();
                    let number = match level {
                        Some(OptInLevel::Single) => 1,
                        Some(OptInLevel::Confirmed) => 2,
                        Some(OptInLevel::Unknown) | None => 0,
                    };
                    if yes {
                        expected["opt_in_level"] = json!(number);
                        if level.is_none() {
                            noted.push(format!("{key}.opt_in_level added default"));
                        }
                    } else if level.is_some() {
                        noted.push(format!("{key}.opt_in_level dropped consent"));
                    }
                    if whole {
                        expected["consent_updated_at"] = json!("2025-03-04T09:15:00+08:00");
                        if yes {
                            expected["consent_collected_from"] = json!("checkout");
                        } else {
                            noted.push(format!("{key}.source dropped consent"));
                        }
                    }
                    if narrowed {
                        noted.push(format!("{key}.state changed narrowed"));
                    }
                    let wire = format!("{key}_consent");
                    assert_eq!(created(&plan)[&wire], expected, "{key} {state} {level:?}");
                    assert_eq!(updated(&plan)[&wire], expected, "{key} {state} {level:?}");
                    assert_eq!(notes(&plan), noted, "{key} {state} {level:?}");
                }
            }
        }
    }
    // Nothing is known without a state, and nothing is sent.
    for level in levels {
        let consent = Consent { opt_in_level: level, source: Some("checkout".into()), ..Consent::default() };
        let plan = plan(&mia().email_marketing(consent.clone()).sms_marketing(consent));
        assert_eq!(created(&plan), json!({"email": "mia@example.com"}));
        assert_eq!(notes(&plan), ["email_marketing dropped consent", "sms_marketing dropped consent"]);
    }
}

#[test]
fn an_email_consent_needs_an_email() {
    let yes = Consent::new(ConsentState::Subscribed);
    for customer in [Customer::new(), Customer::new().email("not an address")] {
        let customer = customer.phone("+15550100123").email_marketing(yes.clone()).email_verified(true);
        let plan = plan(&customer);
        assert_eq!(created(&plan), json!({"phone": "0015550100123"}));
        let lost = notes(&plan);
        assert!(lost.contains(&"email_marketing dropped incomplete".to_owned()), "{lost:?}");
        assert!(lost.contains(&"email_verified dropped incomplete".to_owned()), "{lost:?}");
    }
    let customer = Customer::new().phone("+15550100123").sms_marketing(Consent::new(ConsentState::Unsubscribed));
    assert_eq!(created(&plan(&customer))["sms_marketing_consent"], json!({"state": 0}));
}

#[test]
fn a_long_consent_source_is_cut() {
    let consent = Consent::new(ConsentState::Subscribed).opt_in_level(OptInLevel::Single).source("é".repeat(51));
    let plan = plan(&mia().sms_marketing(consent));
    assert_eq!(created(&plan)["sms_marketing_consent"]["consent_collected_from"], json!("é".repeat(50)));
    assert_eq!(notes(&plan), ["sms_marketing.source truncated too_long"]);
}

#[test]
fn texts_are_cut_and_identifiers_dropped_at_the_limits() {
    let mail = |length: usize| format!("{}@example.com", "a".repeat(length - 12));
    assert!(notes(&plan(&Customer::new().email(mail(50)))).is_empty());
    let long = Customer::new().email(mail(51)).phone("+15550100123");
    assert_eq!(notes(&plan(&long)), ["email dropped too_long"]);
    assert_eq!(created(&plan(&long)), json!({"phone": "0015550100123"}));

    for length in [128, 129] {
        let plan = plan(&mia().first_name("字".repeat(length)).last_name("b".repeat(length)));
        assert_eq!(created(&plan)["first_name"], json!("字".repeat(128)));
        assert_eq!(notes(&plan).len(), if length > 128 { 2 } else { 0 });
    }
    let noted = plan(&mia().note("n".repeat(1001)));
    assert_eq!(created(&noted)["note"].as_str().unwrap().len(), 1000);
    assert_eq!(noted.notes()[0].lengths(), Some((1001, 1000)));
}

#[test]
fn tags_are_joined_within_their_limits() {
    let many = mia().tags((0..101).map(|n| format!("t{n}")));
    let many = plan(&many);
    assert_eq!(created(&many)["tags"].as_str().unwrap().split(',').count(), 100);
    assert_eq!(notes(&many), ["tags[100] dropped too_many"]);
    let odd = plan(&mia().tags(["VIP", "a,b", " ", "VIP"]).tag("x".repeat(129)));
    assert_eq!(created(&odd)["tags"], json!(format!("VIP,{}", "x".repeat(128))));
    assert_eq!(notes(&odd), ["tags[1] dropped invalid", "tags[3] dropped redundant", "tags[4] truncated too_long"]);
    let total = plan(&mia().tags((0..9).map(|n| format!("{n}{}", "y".repeat(120)))));
    assert!(created(&total)["tags"].as_str().unwrap().len() <= 1000);
    assert_eq!(notes(&total), ["tags[8] dropped too_many"]);
}

#[test]
fn genders_are_numbers() {
    for (gender, number, note) in [
        (Gender::Female, 2, None),
        (Gender::Male, 1, None),
        (Gender::Undisclosed, 3, None),
        (Gender::Other, 0, Some("gender changed narrowed")),
    ] {
        let plan = plan(&mia().gender(gender));
        assert_eq!(created(&plan)["gender"], json!(number));
        assert_eq!(notes(&plan), note.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_record_needs_somebody() {
    let fields = |customer: &Customer| -> Vec<String> {
        refused(customer).field_errors().iter().map(|f| f.field().to_owned()).collect()
    };
    assert_eq!(fields(&Customer::new().external_id("1").first_name("Mia")), ["email"]);
    assert_eq!(fields(&Customer::new().email("mia").phone("555-CALL")), ["email", "phone"]);
    assert_eq!(fields(&Customer::new().email(" ").phone("5550100123")), ["phone"]);
    let long = Customer::new().email(format!("{}@example.com", "a".repeat(39)));
    assert!(refused(&long).field_errors()[0].message().contains("50"));
}

#[test]
fn blanking_goes_to_the_update_only() {
    let fields = [Field::FirstName, Field::LastName, Field::Note, Field::Tags, Field::Gender];
    let customer = fields.into_iter().fold(mia(), Customer::clear).clear(Field::Birthday).clear(Field::Email);
    let plan = plan(&customer);
    assert_eq!(created(&plan), json!({"email": "mia@example.com"}));
    let blank =
        json!({"email": "mia@example.com", "first_name": "", "last_name": "", "note": "", "tags": "", "gender": 0});
    assert_eq!(updated(&plan), blank);
    assert_eq!(notes(&plan), ["clear.email dropped redundant", "clear.birthday dropped unsupported"]);
    assert!(sent(&plan).contains(&"clear.gender".to_owned()));
}

#[test]
fn addresses_have_two_forms() {
    let address = Address::new()
        .line1("12 Sample Street")
        .district("Old Town")
        .city("Springfield")
        .province_code("KY")
        .postal_code("4020212345678")
        .country_code("us")
        .phone("+999 123 456 789 012")
        .coordinates("1.5".parse().unwrap(), "2".parse().unwrap())
        .default_address();
    let plan = plan(&mia().address(address));
    let embedded = json!({
        "address1": "12 Sample Street", "city": "Springfield", "province_code": "KY", "zip": "4020212345678",
        "country_code": "US", "phone": "00999123456789012", "default": true
    });
    assert_eq!(created(&plan)["addresses"], json!([embedded]));
    assert_eq!(updated(&plan), json!({"email": "mia@example.com"}));
    let route = json!({"customer_address": {
        "address1": "12 Sample Street", "district": "Old Town", "city": "Springfield", "province_code": "KY",
        "country_code": "US", "def": true
    }});
    assert_eq!(bodies_of(&plan, "add_address"), std::slice::from_ref(&route));
    assert_eq!(bodies_of(&plan, "update_address"), [route]);
    assert_eq!(
        notes(&plan),
        [
            "addresses[0].latitude dropped unsupported",
            "addresses[0].longitude dropped unsupported",
            "addresses[0].district dropped unsupported always",
            "addresses[0].postal_code dropped too_long if_differs",
            "addresses[0].phone dropped too_long if_differs",
        ]
    );
    assert!(sent(&plan).contains(&"addresses[0]".to_owned()));
}

#[test]
fn what_an_address_cannot_hold_is_noted() {
    let plan = plan(
        &mia()
            .address(Address::new().country_code("ZZ"))
            .address(Address::new().district("West").default_address())
            .address(Address::new().country("Atlantis").phone("n/a").default_address())
            .address(Address::new())
            .address(Address::new().default_address())
            .address(Address::new().line1("l".repeat(256)).postal_code("1".repeat(65))),
    );
    let address1 = "l".repeat(255);
    assert_eq!(created(&plan)["addresses"], json!([{"country": "Atlantis"}, {"address1": address1}]));
    let routes = bodies_of(&plan, "add_address");
    assert_eq!(routes[0], json!({"customer_address": {"district": "West", "def": true}}));
    assert_eq!(routes.len(), 3);
    assert_eq!(
        notes(&plan),
        [
            "addresses[0].country_code dropped invalid",
            "addresses[0] dropped incomplete",
            "addresses[1].district dropped unsupported always",
            "addresses[1].default dropped incomplete always",
            "addresses[2].phone dropped invalid",
            "addresses[2].default dropped redundant",
            "addresses[4] dropped incomplete",
            "addresses[5].line1 truncated too_long",
            "addresses[5].postal_code dropped too_long",
        ]
    );
}

#[test]
fn at_most_fifty_addresses_and_the_default_is_among_them() {
    let street = |n: usize| Address::new().line1(format!("{n} Sample Street"));
    let customer = (0..52).fold(mia(), |c, n| c.address(street(n))).address(street(52).default_address());
    let plan = plan(&customer);
    let addresses = created(&plan)["addresses"].clone();
    assert_eq!(addresses.as_array().unwrap().len(), 50);
    assert_eq!(addresses[49], json!({"address1": "52 Sample Street", "default": true}));
    let dropped: Vec<_> = (49..52).map(|n| format!("addresses[{n}] dropped too_many")).collect();
    assert_eq!(notes(&plan), dropped);
}

#[test]
fn what_the_vendor_has_no_place_for_is_noted() {
    let customer = mia()
        .external_id("1")
        .display_name("Mia M")
        .company("M & Co")
        .locale("en-US")
        .currency("USD")
        .tax_exempt(true)
        .orders_count(4u64)
        .last_order_id("o-1")
        .custom("plan", "gold");
    let plan = plan(&customer);
    assert_eq!(created(&plan), json!({"email": "mia@example.com"}));
    assert_eq!(plan.notes().len(), 9);
    assert!(plan.notes().iter().all(|n| n.action() == NoteAction::Dropped && n.reason() == NoteReason::Unsupported));
    let strict = UpsertOptions::default().on_loss(OnLoss::Fail);
    let error = builder().build().unwrap().plan(&customer, &strict).unwrap_err();
    assert_eq!(error.field_errors().len(), 9);
}

#[test]
fn a_limited_note_stands_beside_a_sent_field() {
    let customer = mia().address(Address::new().city("Salem").district("West").postal_code("12345678901"));
    let plan = plan(&customer);
    for note in plan.notes().iter().filter(|note| note.condition().is_some()) {
        assert!(plan.sent().iter().any(|path| path.covers(note.path())), "{note}");
    }
    assert!(
        plan.notes().iter().all(|n| matches!(n.condition(), Some(StepCondition::Always | StepCondition::IfDiffers)))
    );
}
