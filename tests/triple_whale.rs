//! Triple Whale: every exchange, and what is refused before anything is sent.

mod support;

use customer_sink::providers::triple_whale::TripleWhale;
use customer_sink::{Consent, ConsentState, Customer, CustomerSink, ErrorKind, UpsertOptions};

fn sink() -> TripleWhale {
    TripleWhale::builder("harbor-and-pine.example.com", "fake-key").build().unwrap()
}

#[tokio::test]
async fn exchanges() {
    support::play_all("triple_whale", |url, connector, _| {
        TripleWhale::builder("harbor-and-pine.example.com", "fake-key")
            .base_url(url)
            .connector(connector)
            .build()
            .unwrap()
    })
    .await;
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
