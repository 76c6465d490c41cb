//! Shoplazza: what is written is read back whole, over generated customers, in both families of versions.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use customer_sink::providers::shoplazza::{ApiVersion, CustomerRecord, Shoplazza};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Address, Connector, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Identity, Outcome,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support;

/// One stand-in for all cases: each is about somebody new.
struct World {
    runtime: Runtime,
    sandbox: Sandbox,
    connector: Connector,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let runtime = Runtime::new().unwrap();
        let sandbox = runtime.block_on(Sandbox::start()).unwrap();
        World { runtime, sandbox, connector: support::connector().0 }
    })
}

fn open(version: ApiVersion) -> Shoplazza {
    let World { sandbox, connector, .. } = world();
    Shoplazza::builder(Sandbox::SHOPLAZZA_SHOP, Sandbox::SHOPLAZZA_ACCESS_TOKEN)
        .base_url(sandbox.url("shoplazza").unwrap())
        .connector(connector)
        .api_version(version)
        .rate_limit(customer_sink::client::Limit::Unlimited)
        .build()
        .unwrap()
}

/// Nobody has it yet.
fn number() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// A text without blanks at its ends, in any script.
fn text() -> impl Strategy<Value = String> {
    "[\\p{L}\\p{N}'\"&<>=%+/\\\\{}.#-][\\p{L}\\p{N} '\"&<>=%+/\\\\{}.#,-]{0,24}[\\p{L}\\p{N}]"
}

fn maybe() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(text())
}

fn country() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        Just(("United States", "US")),
        Just(("Germany", "DE")),
        Just(("Åland Islands", "AX")),
        Just(("日本", "JP")),
    ]
    .prop_map(|(name, code)| (name.to_owned(), code.to_owned()))
}

fn address() -> impl Strategy<Value = Address> {
    let names = (text(), text(), maybe(), maybe());
    let place = (maybe(), maybe(), maybe(), maybe(), maybe());
    let phone = prop_oneof![Just(None), Just(Some("+1 555 010 0123")), Just(Some("0151 555 0100"))];
    (names, place, country(), phone).prop_map(|((first, last, company, line1), place, (country, code), phone)| {
        let (line2, district, city, province, zip) = place;
        let mut address = Address::new().first_name(first).last_name(last).country(country).country_code(code);
        address.company = company;
        address.line1 = line1;
        address.line2 = line2;
        address.district = district;
        address.city = city;
        address.province = province;
        address.postal_code = zip;
        address.phone = phone.map(Into::into);
        address
    })
}

fn consent() -> impl Strategy<Value = Option<Consent>> {
    prop_oneof![
        Just(None),
        Just(Some(Consent::new(ConsentState::Subscribed))),
        Just(Some(Consent::new(ConsentState::NotSubscribed))),
        Just(Some(Consent::new(ConsentState::Unsubscribed))),
    ]
}

/// Tags without commas, which no tag has before 2025-06, and each once.
fn tags() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::btree_set("[\\p{L}\\p{N}&=+'\"-]{1,12}", 0..4).prop_map(|tags| tags.into_iter().collect())
}

prop_compose! {
    fn customer()(
        contacts in 0..3u8,
        names in (maybe(), maybe()),
        tags in tags(),
        consents in (consent(), consent()),
        addresses in proptest::collection::vec(address(), 0..4),
        default in proptest::option::of(0..4usize),
    ) -> Customer {
        let number = number();
        let mut customer = Customer::new();
        if contacts != 1 {
            customer.email = Some(format!("Person.{number}+tag@example.com").into());
        }
        if contacts != 0 {
            customer.phone = Some(format!("+1555{:07}", number).into());
        }
        (customer.first_name, customer.last_name) = names;
        customer.tags = tags;
        (customer.email_marketing, customer.sms_marketing) = consents;
        customer.addresses = addresses;
        // Two addresses that say the same are one to an upsert.
        for (index, address) in customer.addresses.iter_mut().enumerate() {
            address.line1 = Some(format!("{index} {}", address.line1.as_deref().unwrap_or("Example Way")));
            address.default = default == Some(index);
        }
        customer
    }
}

/// What reading a customer back has to give: a consent as the vendor's yes or no, and one default address.
fn as_held(mut customer: Customer) -> Customer {
    for consent in [&mut customer.email_marketing, &mut customer.sms_marketing] {
        let is_yes = consent.as_ref().and_then(|c| c.state) == Some(ConsentState::Subscribed);
        *consent = Some(Consent::new(if is_yes { ConsentState::Subscribed } else { ConsentState::NotSubscribed }));
    }
    if let Some(first) = customer.addresses.first().filter(|_| customer.addresses.iter().all(|a| !a.default)) {
        let first = Address { default: true, ..first.clone() };
        customer.addresses[0] = first;
    }
    customer
}

/// Without what the vendor keeps by itself.
fn own(customer: Customer) -> Customer {
    Customer {
        display_name: None,
        tax_exempt: None,
        orders_count: None,
        total_spent: None,
        created_at: None,
        updated_at: None,
        note: None,
        ..customer
    }
}

async fn written_and_read(sink: &Shoplazza, customer: &Customer) -> (Outcome, Customer) {
    let done = sink.upsert(customer).await.unwrap();
    let found = sink.find(&Identity::RemoteId(done.remote_id.unwrap())).await.unwrap().unwrap();
    (done.outcome, own(found.customer))
}

/// A record as the vendor could hold it.
fn record() -> impl Strategy<Value = Value> {
    let row = (text(), text(), maybe(), maybe(), maybe(), country(), proptest::option::of(Just("+86")));
    let rows = proptest::collection::vec(row, 0..4);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (maybe(), maybe(), tags(), flags, rows).prop_map(|(first, last, tags, (email, sms, joined), rows)| {
        let number = number();
        let rows = rows.into_iter().enumerate().map(|(index, row)| {
            let (first, last, city, area, province, (country, code), calling) = row;
            json!({
                "id": format!("a{index}"), "first_name": first, "last_name": last, "company": "", "gender": "",
                "address1": format!("{index} Example Way"), "address2": null, "city": city, "area": area,
                "province": province, "province_code": "", "country": country, "country_code": code,
                "country_name": country, "zip": format!("0{index}"), "phone": calling.map(|_| "150 1447 1143"),
                "phone_area_code": calling, "default": index == 0, "email": "other@example.com",
            })
        });
        let rows: Vec<Value> = rows.collect();
        json!({
            "id": "1", "first_name": first, "last_name": last, "name": "x", "email": format!("r{number}@example.com"),
            "phone": format!("1556{number:07}"), "phone_area_code": "1", "contact_type": "email",
            "accepts_marketing": email, "accepts_sms_marketing": sms, "subscribed_flag": if email { 5 } else { 6 },
            "sms_subscribed_flag": if sms { 3 } else { 6 }, "source": null, "free_tax": false, "registered": true,
            "orders_count": 3, "last_order_at": "", "total_spent": "100.10",
            "tags": if joined { json!(tags.join(", ")) } else { json!(tags) }, "addresses": rows,
            "created_at": "2026-01-05T09:00:00-04:00", "updated_at": "2026-01-05T09:00:00Z",
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(customer in customer(), later in any::<bool>()) {
        let sink = open(if later { ApiVersion::V2026_07 } else { ApiVersion::V2022_01 });
        world().runtime.block_on(async {
            let (outcome, read) = written_and_read(&sink, &customer).await;
            prop_assert_eq!(outcome, Outcome::Created);
            prop_assert_eq!(&read, &as_held(customer));
            // What was read is written nowhere once more: the vendor holds all of it.
            let (outcome, again) = written_and_read(&sink, &read).await;
            prop_assert_eq!((outcome, again), (Outcome::Unchanged, read));
            Ok(())
        })?;
    }

    #[test]
    fn a_change_is_read_back(customer in customer(), names in (text(), text()), tags in tags(), later in any::<bool>()) {
        let sink = open(if later { ApiVersion::V2026_07 } else { ApiVersion::V2022_01 });
        world().runtime.block_on(async {
            let (_, before) = written_and_read(&sink, &customer).await;
            let mut changed = before.clone();
            (changed.first_name, changed.last_name) = (Some(names.0), Some(names.1));
            if !tags.is_empty() {
                changed.tags = tags;
            }
            for address in &mut changed.addresses {
                address.company = Some("Ortega Ltd".into());
            }
            let (outcome, read) = written_and_read(&sink, &changed).await;
            prop_assert_eq!(outcome, if changed == before { Outcome::Unchanged } else { Outcome::Updated });
            prop_assert_eq!(read, changed);
            Ok(())
        })?;
    }

    /// From one shop to another: all that a request can carry arrives.
    #[test]
    fn a_record_of_the_vendors_goes_there_and_back(shown in record(), later in any::<bool>()) {
        let sink = open(if later { ApiVersion::V2026_07 } else { ApiVersion::V2022_01 });
        let held = Customer::from(&serde_json::from_str::<CustomerRecord>(&shown.to_string()).unwrap());
        prop_assert_eq!(held.total_spent.map(|spent| spent.to_string()), Some("100.10".to_owned()));
        prop_assert_eq!((held.orders_count, held.tax_exempt), (Some(3), Some(false)));
        prop_assert_eq!(held.created_at.map(|at| at.to_rfc3339()), Some("2026-01-05T09:00:00-04:00".to_owned()));
        prop_assert_eq!(held.addresses.len(), shown["addresses"].as_array().unwrap().len());
        world().runtime.block_on(async {
            let (_, read) = written_and_read(&sink, &held).await;
            let phone = |customer: &Customer| customer.phone.as_ref().and_then(|phone| phone.e164().ok());
            prop_assert_eq!(phone(&read), phone(&held));
            let without = |customer: Customer| Customer { phone: None, ..own(customer) };
            prop_assert_eq!(without(read), without(held));
            Ok(())
        })?;
    }
}
