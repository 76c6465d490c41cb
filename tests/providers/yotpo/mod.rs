//! Yotpo: every exchange, and the mapping place by place.

mod auth;
mod calls;
mod flow;
mod loyalty;
mod world;

use customer_sink::customer::Field;
use customer_sink::plan::FieldMatrix;
use customer_sink::providers::yotpo::{Builder, MATRIX, Yotpo};
use customer_sink::{
    AccountState, Address, Connector, Consent, ConsentState, Customer, CustomerSink, ErrorKind, Gender, OnLoss,
    OptInLevel, Plan, UpsertOptions,
};
use serde_json::{Value, json};

use crate::support;
use crate::support::plan::notes;

fn builder() -> Builder {
    Yotpo::builder("fake-store", "fake-secret")
}

fn from_options(url: &str, connector: &Connector, options: &Value) -> Yotpo {
    let mut builder = match (options["secret"].as_bool(), options["token"].as_str()) {
        (Some(false), Some(token)) => Yotpo::with_token("fake-store", token),
        (_, Some(token)) => builder().token(token),
        _ => builder(),
    };
    builder = builder
        .allow_phone_identity(options["allow_phone_identity"] == true)
        .send_deprecated(options["send_deprecated"] == true);
    builder.base_url(url).connector(connector).build().unwrap()
}

#[tokio::test]
async fn exchanges() {
    support::play_all("yotpo", from_options).await;
}

/// The plan of what no step is limited to.
fn plan_with(builder: Builder, customer: &Customer) -> Plan {
    let plan = support::plan::plan(&builder.build().unwrap(), customer);
    assert!(plan.notes().iter().all(|note| note.condition().is_none()), "{:?}", plan.notes());
    plan
}

fn plan(customer: &Customer) -> Plan {
    plan_with(builder(), customer)
}

/// What is sent of the customer.
fn body(plan: &Plan) -> Value {
    support::plan::body(plan, "upsert_customer")["customer"].take()
}

fn someone() -> Customer {
    Customer::new().external_id("1")
}

#[test]
fn the_matrix_speaks_for_every_field_once() {
    for key in FieldMatrix::all_fields() {
        assert_eq!(MATRIX.rules().iter().filter(|rule| rule.field == key).count(), 1, "{key}");
    }
    assert_eq!(MATRIX.rules().len(), FieldMatrix::all_fields().count());
}

#[test]
fn a_full_record_is_accounted_for_place_by_place() {
    let fixture = include_str!("../../../fixtures/yotpo/create_full.json");
    let fixture: Value = serde_json::from_str(fixture).unwrap();
    let customer: Customer = serde_json::from_value(fixture["customer"].clone()).unwrap();
    let plan = plan(&customer);
    let mut notes = notes(&plan);
    notes.sort();
    assert_eq!(
        notes,
        [
            "addresses[0] dropped unsupported",
            "addresses[1].country dropped redundant",
            "addresses[1].district dropped unsupported",
            "addresses[1].first_name dropped unsupported",
            "addresses[1].last_name dropped unsupported",
            "addresses[1].latitude dropped unsupported",
            "addresses[1].longitude dropped unsupported",
            "birthday dropped unsupported",
            "clear.note dropped redundant",
            "company dropped unsupported",
            "custom dropped deprecated",
            "display_name dropped unsupported",
            "email_marketing.opt_in_level dropped unsupported",
            "email_marketing.source dropped unsupported",
            "email_marketing.updated_at dropped unsupported",
            "email_verified dropped unsupported",
            "last_order_id dropped unsupported",
            "locale changed narrowed",
            "note dropped unsupported",
            "orders_count dropped unsupported",
            "phone changed narrowed",
            "sms_marketing.opt_in_level dropped unsupported",
            "sms_marketing.state changed narrowed",
            "subscription_state dropped unsupported",
            "tags[2] dropped invalid",
            "tags[3] dropped redundant",
            "tax_exempt dropped unsupported",
            "total_spent dropped unsupported",
            "updated_at changed narrowed",
        ]
    );
    let sent: Vec<String> = plan.sent().iter().map(ToString::to_string).collect();
    let expected = [
        "external_id",
        "email",
        "first_name",
        "last_name",
        "gender",
        "created_at",
        "account_state",
        "currency",
        "tags",
        "addresses[1]",
        "email_marketing",
    ];
    assert_eq!(sent, expected);
}

#[test]
fn the_plan_shows_both_steps_and_no_secret() {
    let sink = builder().base_url("https://yotpo.example.com/base").build().unwrap();
    let plan = sink.plan(&someone(), &UpsertOptions::default()).unwrap();
    let shown = serde_json::to_value(&plan).unwrap();
    let url = |last: &str| format!("https://yotpo.example.com/base/core/v3/stores/fake-store/{last}");
    let headers = json!({"accept": "application/json", "accept-encoding": "gzip", "content-type": "application/json", "user-agent": "customer-sink/0.1.0"});
    let mut with_token = headers.clone();
    with_token["x-yotpo-token"] = json!("[redacted]");
    assert_eq!(
        shown["steps"],
        json!([
            {"when": "if_no_token", "method": "POST", "url": url("access_tokens"), "headers": headers, "body": {"secret": "[redacted]"}},
            {"when": "always", "method": "PATCH", "url": url("customers"), "headers": with_token, "body": {"customer": {"external_id": "1"}}},
        ])
    );
    let given = Yotpo::with_token("fake-store", "fake-given").build().unwrap();
    let plan = given.plan(&someone(), &UpsertOptions::default()).unwrap();
    assert_eq!(plan.steps().len(), 1);
    let text =
        format!("{plan:?} {given:?} {:?} {}", builder().token("fake-given"), serde_json::to_string(&plan).unwrap());
    assert!(!text.contains("fake-given") && !text.contains("fake-secret"), "{text}");
    assert_eq!(
        builder()
            .token("fake-given")
            .build()
            .unwrap()
            .plan(&someone(), &UpsertOptions::default())
            .unwrap()
            .steps()
            .len(),
        2
    );
}

#[test]
fn a_plan_is_the_same_each_time() {
    let fixture: Value = serde_json::from_str(include_str!("../../../fixtures/yotpo/create_full.json")).unwrap();
    let customer: Customer = serde_json::from_value(fixture["customer"].clone()).unwrap();
    let shown = || serde_json::to_string(&plan(&customer)).unwrap();
    assert_eq!(shown(), shown());
}

#[test]
fn options_are_checked_by_name() {
    let option = |builder: Builder| {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.field_errors()[0].field().to_owned()
    };
    for store in ["", " ", ".", "..", "a\nb"] {
        assert_eq!(option(Yotpo::builder(store, "fake-secret")), "store_id", "{store:?}");
    }
    for secret in ["", "  "] {
        assert_eq!(option(Yotpo::builder("fake-store", secret)), "credential");
        assert_eq!(option(Yotpo::with_token("fake-store", secret)), "credential");
    }
    assert_eq!(option(Yotpo::with_token("fake-store", "a\nb")), "credential");
    assert_eq!(option(builder().base_url("http://example.com")), "base_url");
    let odd = Yotpo::builder("a/b?c", "fake-secret").build().unwrap();
    let plan = odd.plan(&someone(), &UpsertOptions::default()).unwrap();
    assert_eq!(plan.steps()[1].url(), "https://api.yotpo.com/core/v3/stores/a%2Fb%3Fc/customers");
}

/// Consent is sent where its state is known, and as a yes only where it is one.
#[test]
fn consent_is_never_widened() {
    use ConsentState::{NotSubscribed, Pending, Subscribed, Unsubscribed};
    for (state, flag, claim) in [
        (Some(Subscribed), Some(true), "sent"),
        (Some(Unsubscribed), Some(false), "sent"),
        (Some(NotSubscribed), Some(false), "sent"),
        (Some(Pending), Some(false), "changed"),
        (None, None, "dropped"),
    ] {
        for level in [None, Some(OptInLevel::Single), Some(OptInLevel::Confirmed), Some(OptInLevel::Unknown)] {
            for beside in [false, true] {
                let mut consent = Consent { state, opt_in_level: level, ..Consent::default() };
                if beside {
                    consent.source = Some("checkout".into());
                    consent.updated_at = Some("2025-03-04T09:16:00Z".parse().unwrap());
                }
                if consent.is_empty() {
                    continue;
                }
                for email in [true, false] {
                    let (customer, key, other, path) = if email {
                        let customer = someone().email_marketing(consent.clone());
                        (customer, "accepts_email_marketing", "accepts_sms_marketing", "email_marketing")
                    } else {
                        let customer = someone().sms_marketing(consent.clone());
                        (customer, "accepts_sms_marketing", "accepts_email_marketing", "sms_marketing")
                    };
                    let plan = plan(&customer);
                    let body = body(&plan);
                    assert_eq!(body.get(key), flag.map(Value::Bool).as_ref(), "{state:?} {level:?}");
                    assert!(body.get(other).is_none());
                    let sent = plan.sent().iter().any(|p| p.to_string() == path);
                    assert_eq!(sent, claim == "sent");
                    let notes = notes(&plan);
                    match claim {
                        "changed" => assert!(notes.contains(&format!("{path}.state changed narrowed"))),
                        "dropped" => assert_eq!(notes, [format!("{path} dropped consent")]),
                        _ => {}
                    }
                    let dropped = notes.contains(&format!("{path}.opt_in_level dropped unsupported"));
                    assert_eq!(dropped, level.is_some() && state.is_some());
                }
            }
        }
    }
    assert!(plan(&someone().email_marketing(Consent::default())).notes().is_empty());
}

#[test]
fn identity_is_the_external_id_or_else_the_email() {
    let of = |customer: &Customer| {
        let body = body(&plan(customer));
        (body["external_id"].clone(), body["email"].clone(), body["phone_number"].clone())
    };
    let null = Value::Null;
    assert_eq!(of(&someone().email("a@example.com")), (json!("1"), json!("a@example.com"), null.clone()));
    assert_eq!(of(&someone()), (json!("1"), null.clone(), null.clone()));
    assert_eq!(of(&Customer::new().email(" a@example.com ")), (null.clone(), json!("a@example.com"), null.clone()));
    // What cannot be used falls back to what can, with a note.
    let long = plan(&Customer::new().external_id("x".repeat(256)).email("a@example.com"));
    assert_eq!(notes(&long), ["external_id dropped too_long"]);
    assert_eq!(body(&long), json!({"email": "a@example.com"}));
    let odd = plan(&someone().email("nobody"));
    assert_eq!(notes(&odd), ["email dropped invalid"]);
    // With an e-mail address that identifies, a number never goes beside it.
    let both = Customer::new().email("a@example.com").phone("+12025550101");
    let plan = plan_with(builder().allow_phone_identity(true).send_deprecated(true), &both);
    assert_eq!(body(&plan), json!({"email": "a@example.com"}));
    assert_eq!(notes(&plan), ["phone dropped deprecated"]);
}

#[test]
fn a_record_without_a_usable_identifier_is_refused_with_all_reasons() {
    let fields = |builder: Builder, customer: &Customer| -> Vec<(String, String)> {
        let error = builder.build().unwrap().plan(customer, &UpsertOptions::default()).unwrap_err();
        assert_eq!((error.kind(), error.provider().unwrap().as_str()), (ErrorKind::InvalidInput, "yotpo"));
        error.field_errors().iter().map(|e| (e.field().to_owned(), e.message().to_owned())).collect()
    };
    let names = |fields: &[(String, String)]| fields.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&fields(builder(), &Customer::new().first_name("Mira"))), ["external_id", "email"]);
    let phone = fields(builder(), &Customer::new().phone("+12025550101"));
    assert_eq!(names(&phone), ["external_id", "email", "phone"]);
    assert!(phone[2].1.contains("allow_phone_identity"));
    let national = fields(builder().allow_phone_identity(true), &Customer::new().phone("020 7946 0018"));
    assert!(national[2].1.contains("country calling code"), "{national:?}");
    let bad = fields(builder(), &Customer::new().external_id("x".repeat(256)).email("a b@example.com").phone("n/a"));
    assert!(bad[0].1.contains("255") && bad[1].1.contains("character") && bad[2].1.contains("digit"), "{bad:?}");
    assert_eq!(names(&fields(builder(), &Customer::new().external_id("NULL"))), ["external_id", "email"]);
}

#[test]
fn names_are_cut_between_graphemes_and_identifiers_never() {
    let fits = "é".repeat(255);
    let body = body(&plan(&Customer::new().external_id(fits.clone()).first_name(fits.clone())));
    assert_eq!((&body["external_id"], &body["first_name"]), (&json!(fits), &json!(fits)));
    let family = format!("{}👨‍👩‍👧", "x".repeat(253));
    let cut = plan(&someone().first_name("y".repeat(300)).last_name(family));
    assert_eq!(notes(&cut), ["first_name truncated too_long", "last_name truncated too_long"]);
    assert_eq!(cut.notes()[0].lengths(), Some((300, 255)));
    assert_eq!(cut.notes()[1].lengths(), Some((258, 253)));
}

#[test]
fn the_word_null_is_never_sent() {
    for word in ["null", "NULL", " Null "] {
        let address = Address::new().line1(word).line2(word).city(word).company(word).province(word);
        let address = address.province_code(word).postal_code(word).country(word).country_code("DE");
        let customer = Customer::new().external_id(word).email("a@example.com").first_name(word).last_name(word);
        let customer = customer.locale(word).currency(word).tag(word).address(address).custom("c", word);
        let plan = plan_with(builder().send_deprecated(true), &customer);
        assert_eq!(body(&plan), json!({"email": "a@example.com", "address": {"country_code": "DE"}}), "{word}");
        let notes = notes(&plan);
        for field in ["external_id", "first_name", "last_name", "tags", "addresses[0].city", "custom.c"] {
            assert!(notes.contains(&format!("{field} dropped invalid")), "{field}: {notes:?}");
        }
    }
    // A part of a longer text is harmless.
    assert_eq!(body(&plan(&someone().tags(["null", "vip"])))["tags"], "null,vip");
}

#[test]
fn the_phone_goes_where_the_vendor_still_takes_it() {
    let address = || Address::new().line1("12 Sample Row");
    let with = |customer: Customer| {
        let plan = plan(&customer.phone("00 1 202 555 0101"));
        (body(&plan)["address"]["phone_number"].clone(), notes(&plan))
    };
    let text = |s: &str| s.to_owned();
    assert_eq!(with(someone()), (Value::Null, vec![text("phone dropped deprecated")]));
    assert_eq!(with(someone().address(address())), (json!("+12025550101"), vec![text("phone changed narrowed")]));
    let own = someone().address(address().phone("+1 202 555 0199"));
    assert_eq!(with(own), (json!("+12025550199"), vec![text("phone dropped deprecated")]));
    let odd = someone().address(address().phone("5551234"));
    let notes = vec![text("addresses[0].phone dropped invalid"), text("phone changed narrowed")];
    assert_eq!(with(odd), (json!("+12025550101"), notes));
    // An address of which nothing is left is no place for a number.
    let nothing = someone().address(Address::new().district("North"));
    let notes = vec![
        "addresses[0].district dropped unsupported",
        "addresses[0] dropped incomplete",
        "phone dropped deprecated",
    ];
    assert_eq!(with(nothing), (Value::Null, notes.into_iter().map(text).collect()));
    let bad = plan(&someone().address(address()).phone("n/a"));
    assert_eq!(self::notes(&bad), ["phone dropped invalid"]);
}

#[test]
fn codes_and_words_take_the_vendors_form() {
    for (locale, language, note) in [
        ("en", json!("en"), None),
        (" DE ", json!("de"), None),
        ("en-US", json!("en"), Some("locale changed narrowed")),
        ("zh-Hant-TW", json!("zh"), Some("locale changed narrowed")),
        ("haw", Value::Null, Some("locale dropped invalid")),
        ("haw-US", Value::Null, Some("locale dropped invalid")),
        ("english", Value::Null, Some("locale dropped invalid")),
        ("en-", Value::Null, Some("locale dropped invalid")),
        ("en_US", Value::Null, Some("locale dropped invalid")),
        ("e1", Value::Null, Some("locale dropped invalid")),
        ("en-toolongsubtag", Value::Null, Some("locale dropped invalid")),
    ] {
        let plan = plan(&someone().locale(locale));
        assert_eq!(body(&plan)["default_language"], language, "{locale}");
        assert_eq!(notes(&plan), note.into_iter().collect::<Vec<_>>(), "{locale}");
    }
    for (currency, code) in [("USD", json!("USD")), (" eur", json!("EUR")), ("US$", Value::Null), ("euro", Value::Null)]
    {
        let plan = plan(&someone().currency(currency));
        assert_eq!(body(&plan)["default_currency"], code, "{currency}");
        assert_eq!(plan.notes().is_empty(), !code.is_null());
    }
    for (gender, word) in [(Gender::Female, "F"), (Gender::Male, "M"), (Gender::Other, "Other")] {
        assert_eq!(body(&plan(&someone().gender(gender)))["gender"], word);
    }
    assert_eq!(notes(&plan(&someone().gender(Gender::Undisclosed))), ["gender dropped unsupported"]);
    for state in AccountState::ALL {
        assert_eq!(body(&plan(&someone().account_state(*state)))["account_status"], state.as_str());
    }
}

#[test]
fn times_are_whole_seconds_in_utc() {
    let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap();
    let plan = plan(&someone().created_at(at("2024-12-31T23:30:00-02:00")).updated_at(at("2025-06-01T11:00:00.250Z")));
    assert_eq!(body(&plan)["account_created_at"], "2025-01-01T01:30:00Z");
    assert_eq!(body(&plan)["account_updated_at"], "2025-06-01T11:00:00Z");
    assert_eq!(notes(&plan), ["updated_at changed narrowed"]);
    let early = self::plan(&someone().created_at(at("0000-01-01T00:00:00+10:00")));
    assert_eq!(notes(&early), ["created_at dropped invalid"]);
    assert!(body(&early).get("account_created_at").is_none());
}

#[test]
fn a_country_goes_by_its_code() {
    let with = |country: Option<&str>, code: Option<&str>| {
        let mut address = Address::new().city("Testville");
        address.country = country.map(Into::into);
        address.country_code = code.map(Into::into);
        let plan = plan(&someone().address(address));
        (body(&plan)["address"]["country_code"].clone(), notes(&plan))
    };
    let note = |s: &str| vec![s.to_owned()];
    assert_eq!(with(Some("Germany"), None), (json!("DE"), vec![]));
    assert_eq!(with(None, Some(" de ")), (json!("DE"), vec![]));
    assert_eq!(with(Some("Germany"), Some("DE")), (json!("DE"), note("addresses[0].country dropped redundant")));
    assert_eq!(with(Some("Germany"), Some("XX")), (json!("DE"), note("addresses[0].country_code dropped invalid")));
    assert_eq!(with(Some("Atlantis"), None), (Value::Null, note("addresses[0].country dropped invalid")));
}

#[test]
fn one_address_is_sent_and_tags_are_one_text() {
    let other = Address::new().line1("99 Other Street").company("Else");
    let main = Address::new().line1("12 Sample Row").postal_code(" 10001 ").default_address();
    let plan = plan(&someone().address(other).address(main).tags(["a", " b ", "a", "c,d", " "]));
    assert_eq!(body(&plan)["address"], json!({"address1": "12 Sample Row", "zip": "10001"}));
    assert_eq!(body(&plan)["tags"], "a,b");
    let notes = notes(&plan);
    assert_eq!(notes, ["tags[2] dropped redundant", "tags[3] dropped invalid", "addresses[0] dropped unsupported"]);
}

#[test]
fn custom_values_are_sent_when_asked_for() {
    let customer =
        someone().custom("a b", "x").custom("a_b", "y").custom("c d", 1).custom("e\u{a0}f", true).custom("g", " ");
    assert_eq!(notes(&plan(&customer)), ["custom dropped deprecated"]);
    let plan = plan_with(builder().send_deprecated(true), &customer);
    assert_eq!(body(&plan)["custom_properties"], json!({"a_b": "y", "c_d": 1, "e_f": true}));
    let notes = notes(&plan);
    assert_eq!(notes[0], "custom[\"a b\"] dropped redundant");
    assert_eq!(notes[1], "custom[\"c d\"] changed narrowed");
    assert_eq!((notes.len(), notes[3].as_str()), (4, "custom added deprecated"));
    // Asked for, it is no loss; and nothing is said where nothing of it is sent.
    let strict = UpsertOptions::default().on_loss(OnLoss::Fail);
    let sink = builder().send_deprecated(true).allow_phone_identity(true).build().unwrap();
    assert!(sink.plan(&someone().custom("a", 1), &strict).is_ok());
    let by_phone = sink.plan(&Customer::new().phone("+12025550101"), &strict).unwrap();
    assert_eq!(self::notes(&by_phone), ["phone added deprecated"]);
    assert!(self::notes(&plan_with(builder().send_deprecated(true), &someone().custom("a", " "))).is_empty());
}

#[test]
fn nothing_can_be_blanked() {
    let plan = plan(&someone().clear(Field::Tags).clear(Field::FirstName).clear(Field::ExternalId));
    let mut notes = notes(&plan);
    notes.sort();
    assert_eq!(
        notes,
        [
            "clear.external_id dropped redundant",
            "clear.first_name dropped unsupported",
            "clear.tags dropped unsupported"
        ]
    );
    assert_eq!(body(&plan), json!({"external_id": "1"}));
}

#[test]
fn blank_is_unset_and_losses_can_be_refused() {
    let blank = someone().first_name(" ").locale("").phone(" ").email("").tag(" ").address(Address::new().city(" "));
    let plan = plan(&blank);
    assert!(plan.notes().is_empty(), "{:?}", plan.notes());
    assert_eq!(body(&plan), json!({"external_id": "1"}));
    let strict = UpsertOptions::default().on_loss(OnLoss::Fail);
    let error = builder().build().unwrap().plan(&someone().note("x").locale("en-US"), &strict).unwrap_err();
    assert_eq!(error.field_errors().iter().map(|e| e.field()).collect::<Vec<_>>(), ["note", "locale"]);
    assert!(builder().build().unwrap().plan(&someone().email("a@example.com"), &strict).is_ok());
}
