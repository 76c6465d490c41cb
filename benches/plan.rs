//! `plan` beside the bare serialisation of an equal struct.
#![allow(missing_docs)]
use criterion::{Criterion, criterion_group, criterion_main};
use customer_sink::providers::triple_whale::{CustomerRecord, TripleWhale};
use customer_sink::{Customer, CustomerSink, UpsertOptions};

fn bench(c: &mut Criterion) {
    let text = std::fs::read_to_string("fixtures/triple_whale/create_full.json").unwrap();
    let v: serde_json::Value = serde_json::from_str(&text).unwrap();
    let customer: Customer = serde_json::from_value(v["customer"].clone()).unwrap();
    let sink = TripleWhale::builder("harbor-and-pine.example.com", "fake").build().unwrap();
    let o = UpsertOptions::default();
    c.bench_function("plan/tw", |b| b.iter(|| sink.plan(std::hint::black_box(&customer), &o).unwrap()));
    let b_ = |s: &'static str| Some(std::borrow::Cow::Borrowed(s));
    let at = customer.created_at;
    let mut r: CustomerRecord = sink.record("880012345");
    r.address1 = b_("12 Fictional Quay");
    r.address2 = b_("Unit 3");
    r.amount_spent = customer.total_spent.map(customer_sink::JsonNumber);
    r.city = b_("Portland");
    r.country = b_("United States");
    r.country_code = b_("US");
    r.created_at = at;
    r.customer_tags = Some(vec!["VIP".into(), "newsletter".into()]);
    r.display_name = b_("Mara Ellwood");
    r.email_address = b_("mara.ellwood@example.com");
    r.email_marketing_consent_collected_from = b_("website_signup");
    r.email_marketing_consent_opt_in_level = b_("SINGLE_OPT_IN");
    r.email_marketing_consent_status = b_("SUBSCRIBED");
    r.email_marketing_consent_updated_at = at;
    r.first_name = b_("Mara");
    r.last_name = b_("Ellwood");
    r.last_order_id = b_("ord-7781");
    r.latitude = customer.addresses[1].latitude.map(customer_sink::JsonNumber);
    r.longitude = customer.addresses[1].longitude.map(customer_sink::JsonNumber);
    r.locale = b_("en-US");
    r.note = b_("Prefers e-mail");
    r.number_of_orders = Some(4);
    r.phone = b_("+1 500 555 0006");
    r.product_subscriber_status = b_("ACTIVE");
    r.sms_marketing_consent_collected_from = b_("checkout");
    r.sms_marketing_consent_opt_in_level = b_("CONFIRMED_OPT_IN");
    r.sms_marketing_consent_updated_at = at;
    r.state = b_("Oregon");
    r.state_code = b_("OR");
    r.status = b_("ENABLED");
    r.tax_exempt = Some(false);
    r.zip = b_("97201");
    c.bench_function("bare/tw", |b| b.iter(|| serde_json::to_vec(std::hint::black_box(&r)).unwrap()));
}
criterion_group!(benches, bench);
criterion_main!(benches);
