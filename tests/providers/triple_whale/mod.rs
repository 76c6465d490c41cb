//! Triple Whale: every exchange, and what is refused before anything is sent.

mod calls;
mod flow;

use customer_sink::providers::triple_whale::{
    CustomerInput, ErasureInput, MissingCreatedAt, PhoneForm, ReadBack, SqlQuery, TripleWhale,
};
use customer_sink::{
    Connector, Consent, ConsentState, Customer, CustomerSink, Effect, Error, ErrorKind, Identity, RemoteId,
    UpsertOptions,
};
use serde_json::{Value, json};

use crate::support;

fn sink() -> TripleWhale {
    TripleWhale::builder("harbor-and-pine.example.com", "fake-key").build().unwrap()
}

fn from_options(url: &str, connector: &Connector, options: &Value) -> TripleWhale {
    let form = match options["phone_form"].as_str() {
        Some("digits") => PhoneForm::Digits,
        Some("e164") => PhoneForm::E164,
        _ => PhoneForm::default(),
    };
    let missing = if options["missing_created_at"] == "now" { MissingCreatedAt::Now } else { Default::default() };
    TripleWhale::builder("harbor-and-pine.example.com", "fake-key")
        .base_url(url)
        .connector(connector)
        .also_send_orders(options["also_send_orders"] == true)
        .phone_form(form)
        .missing_created_at(missing)
        .build()
        .unwrap()
}

#[tokio::test]
async fn exchanges() {
    support::play_all("triple_whale", from_options).await;
}

#[tokio::test]
async fn what_cannot_be_done_says_so() {
    let sink = sink();
    assert!(sink.capabilities().can_erase && sink.capabilities().can_check && !sink.capabilities().can_find);
    let by_id = [Identity::ExternalId("1".into()), Identity::RemoteId(RemoteId::from("1"))];
    for who in &by_id {
        let error = sink.erase(who).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Unsupported, Effect::NotSent));
        assert!(error.hint().unwrap().contains("never by an id"));
        assert_eq!(sink.find(who).await.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    let reads = TripleWhale::builder("shop.example.com", "fake-key").sql_read_back(true).build().unwrap();
    assert!(reads.capabilities().can_find);
    assert_eq!(reads.find(&by_id[1]).await.unwrap_err().kind(), ErrorKind::Unsupported);
    let by_email = Identity::Email("mara@example.com".into());
    assert_eq!(reads.find(&by_email).await.unwrap_err().kind(), ErrorKind::Unsupported);
    let quote = reads.find(&Identity::ExternalId("1' OR '1' = '1".into())).await.unwrap_err();
    assert_eq!((quote.kind(), quote.effect()), (ErrorKind::InvalidInput, Effect::NotSent));
    let nobody = sink.erase(&Identity::Phone("n/a".into())).await.unwrap_err();
    assert_eq!((nobody.kind(), nobody.field_errors()[0].field()), (ErrorKind::InvalidInput, "phones[0]"));
}

#[tokio::test]
async fn a_native_record_needs_its_whole_key() {
    let sink = sink();
    let record = CustomerInput { city: Some("Portland".into()), ..sink.customer_input("") };
    let error = sink.replace_customer(&record).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::NotSent));
    assert_eq!(error.field_errors()[0].field(), "customer_id");
    let error = sink.replace_customer(&CustomerInput::default()).await.unwrap_err();
    assert_eq!(error.field_errors().len(), 4, "{error}");
    let record = CustomerInput {
        email_address: Some(" ".into()),
        country_code: Some("usa".into()),
        latitude: Some(customer_sink::customer::JsonNumber("90.5".parse().unwrap())),
        longitude: Some(customer_sink::customer::JsonNumber("-180".parse().unwrap())),
        ..sink.customer_input("1")
    };
    let error = sink.replace_customer(&record).await.unwrap_err();
    let fields: Vec<_> = error.field_errors().iter().map(|problem| problem.field()).collect();
    assert_eq!((error.effect(), fields), (Effect::NotSent, vec!["email_address", "country_code", "latitude"]));
    let key = serde_json::to_value(sink.customer_input("1")).unwrap();
    assert_eq!(
        key,
        json!({
            "shop": "harbor-and-pine.example.com", "customer_id": "1",
            "platform": "custom-msp", "platform_account_id": "custom-msp"
        })
    );
}

#[test]
fn options_are_checked_by_name() {
    let option = |builder: customer_sink::providers::triple_whale::Builder| {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.field_errors()[0].field().to_owned()
    };
    for shop in ["", "https://shop.example.com", "shop.example.com/", "shop.example.com:443", "a b.example.com"] {
        assert_eq!(option(TripleWhale::builder(shop, "fake-key")), "shop", "{shop}");
    }
    for platform in ["shopify", "BigCommerce", "WOOCOMMERCE"] {
        assert_eq!(option(TripleWhale::builder("shop.example.com", "fake-key").platform(platform)), "platform");
    }
    let allowed = TripleWhale::builder("shop.example.com", "fake-key").platform("shopify").allow_native_platforms(true);
    assert!(allowed.build().is_ok());
    assert_eq!(
        option(TripleWhale::builder("shop.example.com", "fake-key").platform_account_id(" ")),
        "platform_account_id"
    );
    assert_eq!(option(TripleWhale::builder("shop.example.com", "")), "credential");
    assert_eq!(option(TripleWhale::builder("shop.example.com", "k").base_url("http://example.com")), "base_url");
}

#[test]
fn a_record_without_external_id_is_refused() {
    let error = sink().plan(&Customer::new().email("a@example.com"), &UpsertOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.field_errors()[0].field(), "external_id");
    assert_eq!(error.provider().unwrap().as_str(), "triple_whale");
}

#[test]
fn an_sms_opt_out_can_be_made_an_error() {
    let customer = Customer::new().external_id("1").sms_marketing(Consent::new(ConsentState::Unsubscribed));
    assert!(sink().plan(&customer, &UpsertOptions::default()).is_ok());
    let strict = TripleWhale::builder("shop.example.com", "fake-key").refuse_sms_opt_out(true).build().unwrap();
    let error = strict.plan(&customer, &UpsertOptions::default()).unwrap_err();
    assert_eq!(error.field_errors()[0].field(), "sms_marketing");
}

#[test]
fn what_stands_for_an_unknown_time_of_creation_is_decided_by_option() {
    let (connector, clock) = support::connector();
    let sink = |missing| {
        let builder = TripleWhale::builder("shop.example.com", "fake-key").connector(&connector);
        builder.missing_created_at(missing).build().unwrap()
    };
    let sent = |missing, customer: &Customer| {
        let plan = sink(missing).plan(customer, &UpsertOptions::default()).unwrap();
        let body: Value = serde_json::from_slice(plan.steps()[0].body().unwrap()).unwrap();
        (body["created_at"].clone(), plan.notes().len())
    };
    let unknown = Customer::new().external_id("1");
    let at = chrono::DateTime::parse_from_rfc3339("2025-03-04T09:15:00+02:00").unwrap();
    let known = unknown.clone().created_at(at);
    assert_eq!(sent(MissingCreatedAt::VendorDecides, &unknown), (Value::Null, 0));
    assert_eq!(sent(MissingCreatedAt::Now, &unknown), (json!("2026-03-01T12:00:00+00:00"), 1));
    clock.advance(std::time::Duration::from_millis(61_500));
    assert_eq!(sent(MissingCreatedAt::Now, &unknown).0, "2026-03-01T12:01:01+00:00");
    for missing in [MissingCreatedAt::VendorDecides, MissingCreatedAt::Now, MissingCreatedAt::Refuse] {
        assert_eq!(sent(missing, &known), (json!("2025-03-04T09:15:00+02:00"), 0));
    }
    let error = sink(MissingCreatedAt::Refuse).plan(&unknown, &UpsertOptions::default()).unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::NotSent));
    assert_eq!(error.field_errors()[0].field(), "created_at");
}

#[test]
fn a_number_without_a_form_is_dropped_with_a_note() {
    let customer = Customer::new().external_id("1").phone("555 010 0123");
    for (form, notes) in [(PhoneForm::AsGiven, 0), (PhoneForm::E164, 1), (PhoneForm::Digits, 1)] {
        let sink = TripleWhale::builder("shop.example.com", "fake-key").phone_form(form).build().unwrap();
        let plan = sink.plan(&customer, &UpsertOptions::default()).unwrap();
        let noted: Vec<_> = plan.notes().iter().map(|n| (n.path().to_string(), n.action().as_str())).collect();
        assert_eq!(noted, vec![("phone".to_owned(), "dropped"); notes], "{form:?}");
        assert_eq!(plan.sent().len(), 2 - notes);
    }
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_shop_that_the_vendor_may_integrate_itself_is_warned_of() {
    let warned = |shop: &str, native: bool| {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            TripleWhale::builder(shop, "fake-key").allow_native_platforms(native).build().unwrap();
        });
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("fake-key"), "{text}");
        text.contains("WARN") && text.contains(shop)
    };
    assert!(warned("example.MyShopify.com", false));
    assert!(!warned("shop.example.com", false));
    assert!(!warned("example.myshopify.com", true), "who allows them knows");
}
