//! Shoplazza: the native calls against the stand-in, and what is refused of them before anything is sent.

use customer_sink::client::Cursor;
use customer_sink::providers::shoplazza::{
    AddressId, AddressInput, AddressQuery, ApiVersion, ContactType, CustomerId, CustomerInput, CustomerQuery,
    CustomerUpdateInput, Password, Shoplazza,
};
use customer_sink::sandbox::Sandbox;
use customer_sink::{Connector, CustomerSink, Effect, Error, ErrorKind, Identity};
use futures::{StreamExt, TryStreamExt};
use wiremock::matchers::{any, method, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support;

const VERSIONS: [ApiVersion; 2] = [ApiVersion::V2022_01, ApiVersion::V2026_07];

fn open(sandbox: &Sandbox, connector: &Connector, version: ApiVersion) -> Shoplazza {
    Shoplazza::builder(Sandbox::SHOPLAZZA_SHOP, Sandbox::SHOPLAZZA_ACCESS_TOKEN)
        .base_url(sandbox.url("shoplazza").unwrap())
        .connector(connector)
        .api_version(version)
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_native_calls() {
    for version in VERSIONS {
        let sandbox = Sandbox::start().await.unwrap();
        let (connector, _) = support::connector();
        let sink = open(&sandbox, &connector, version);
        let mut ids = Vec::new();
        for n in 0..12 {
            let customer = CustomerInput {
                email: Some(format!("p{n}@example.com").into()),
                tags: Some(vec!["a".into(), "b".into()]),
                password: (n == 0).then(|| Password::new("fake-secret", "fake-secret")),
                ..CustomerInput::default()
            };
            let made = sink.create_customer(&customer).await.unwrap().value;
            assert_eq!((made.tags.as_deref(), made.registered), (Some(&["a".into(), "b".into()][..]), Some(n == 0)));
            assert_eq!((made.accepts_marketing, made.contact_type()), (Some(false), Some(ContactType::Email)));
            ids.push(made.id.unwrap());
        }
        assert_eq!(sink.count_customers().await.unwrap().value, 12);
        let mut query = CustomerQuery { size: Some(10), ..CustomerQuery::default() };
        let first = sink.list_customers(&query).await.unwrap().value;
        query.cursor.clone_from(&first.next);
        let second = sink.list_customers(&query).await.unwrap().value;
        assert_eq!((first.items.len(), second.items.len(), second.next), (10, 2, None));
        let query = CustomerQuery { ids: ids[..2].to_vec(), ..CustomerQuery::default() };
        assert_eq!(sink.list_customers(&query).await.unwrap().value.items.len(), 2);

        let id = &ids[3];
        let update =
            CustomerUpdateInput { last_name: Some("Li".into()), accepts_marketing: Some(true), ..Default::default() };
        assert_eq!(sink.update_customer(id, &update).await.unwrap().value.last_name.as_deref(), Some("Li"));
        assert_eq!(sink.get_customer(id).await.unwrap().unwrap().value.accepts_marketing, Some(true));
        let address = AddressInput {
            first_name: Some("Bo".into()),
            last_name: Some("Li".into()),
            country: Some("Germany".into()),
            country_code: Some("DE".into()),
            ..AddressInput::default()
        };
        let made = sink.create_address(id, &address).await.unwrap().value.id.unwrap();
        let city = AddressInput { city: Some("Ulm".into()), ..AddressInput::default() };
        assert_eq!(sink.update_address(id, &made, &city).await.unwrap().value.city.as_deref(), Some("Ulm"));
        sink.set_default_address(id, &made).await.unwrap();
        assert_eq!(sink.get_address(id, &made).await.unwrap().unwrap().value.city.as_deref(), Some("Ulm"));
        let listed = sink.list_addresses(id, &AddressQuery { size: Some(250), cursor: None }).await.unwrap().value;
        assert_eq!((listed.items.len(), listed.items[0].default, listed.next), (1, Some(true), None));
        sink.delete_address(id, &made).await.unwrap();
        assert!(sink.get_address(id, &made).await.unwrap().is_none());
        assert_eq!(sink.delete_address(id, &made).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert!(sink.list_access_scopes().await.unwrap().value.contains(&"read_customer".to_owned()));
        assert_eq!(sink.get_customer(&"..".into()).await.unwrap_err().kind(), ErrorKind::InvalidInput);
        assert!(sink.get_customer(&"a/b".into()).await.unwrap().is_none());
    }
}

/// All rows once, whatever the length of the pages; a position goes on where another list stopped.
#[tokio::test]
async fn lists_are_streams() {
    for version in VERSIONS {
        let sandbox = Sandbox::start().await.unwrap();
        let sink = open(&sandbox, &support::connector().0, version);
        let mut made = Vec::new();
        for n in 0..23 {
            let customer =
                CustomerInput { email: Some(format!("p{n}@example.com").into()), ..CustomerInput::default() };
            made.push(sink.create_customer(&customer).await.unwrap().value.id.unwrap());
        }
        made.sort();
        for size in [1, 7, 10, 23, 250] {
            let query = CustomerQuery { size: Some(size), ..CustomerQuery::default() };
            let rows: Vec<_> = sink.customers_stream(&query).try_collect().await.unwrap();
            let mut ids: Vec<_> = rows.into_iter().filter_map(|row| row.id).collect();
            ids.sort();
            assert_eq!(ids, made, "{size}");
        }
        let query = CustomerQuery { size: Some(20), ..CustomerQuery::default() };
        let cursor = sink.list_customers(&query).await.unwrap().value.next;
        let rest: Vec<_> = sink.customers_stream(&CustomerQuery { cursor, ..query }).try_collect().await.unwrap();
        assert_eq!(rest.len(), 3);
        let one: Vec<_> = sink.customers_stream(&CustomerQuery::default()).take(1).try_collect().await.unwrap();
        assert_eq!(one.len(), 1);

        let address = AddressInput {
            first_name: Some("Bo".into()),
            last_name: Some("Li".into()),
            country: Some("Germany".into()),
            country_code: Some("DE".into()),
            ..AddressInput::default()
        };
        for _ in 0..11 {
            sink.create_address(&made[0], &address).await.unwrap();
        }
        for size in [1, 4, 11, 250] {
            let rows: Vec<_> = sink
                .addresses_stream(&made[0], &AddressQuery { size: Some(size), cursor: None })
                .try_collect()
                .await
                .unwrap();
            assert_eq!(rows.len(), 11, "{size}");
        }
        let error = sink
            .addresses_stream(&made[0], &AddressQuery { size: Some(0), cursor: None })
            .try_collect::<Vec<_>>()
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.field_errors()[0].field()), (ErrorKind::InvalidInput, "size"));
        let error = sink
            .customers_stream(&CustomerQuery { size: Some(251), ..CustomerQuery::default() })
            .boxed()
            .next()
            .await
            .unwrap();
        assert_eq!(error.unwrap_err().effect(), Effect::NotSent);
    }
}

/// A client that reaches nobody: what gets past the checks is an error of another kind.
fn nowhere(version: ApiVersion) -> Shoplazza {
    let builder = Shoplazza::builder("acme", "fake-token").api_version(version).base_url("http://127.0.0.1:1/");
    builder.connector(&support::connector().0).build().unwrap()
}

fn refused(error: &Error) -> Vec<&str> {
    assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::InvalidInput, Effect::NotSent, 0));
    assert!(error.operation().is_some());
    error.field_errors().iter().map(customer_sink::FieldError::field).collect()
}

#[tokio::test]
async fn a_native_create_is_checked_before_it_is_sent() {
    let customer = CustomerInput {
        contact_type: ContactType::Phone,
        email: Some("ann@example.com".into()),
        password: Some(Password::new("short", "other")),
        tags: Some(vec!["fine".into(), "a,b".into()]),
        addresses: vec![AddressInput { country: Some("Germany".into()), ..AddressInput::default() }],
        ..CustomerInput::default()
    };
    let all = ["phone", "password", "password_confirmation"];
    for (version, more) in [
        (
            VERSIONS[0],
            &["tags[1]", "addresses[0].first_name", "addresses[0].last_name", "addresses[0].country_code"][..],
        ),
        (VERSIONS[1], &["addresses[0].country_code"]),
    ] {
        let error = nowhere(version).create_customer(&customer).await.unwrap_err();
        assert_eq!(refused(&error), [&all[..], more].concat());
        assert!(!format!("{customer:?}{error:?}").contains("short"));
    }
    for (phone, is_fine) in
        [("+1 555 010 0123", true), ("5550100123", false), ("call me", false), ("+0123456789", false)]
    {
        let customer =
            CustomerInput { contact_type: ContactType::Phone, phone: Some(phone.into()), ..Default::default() };
        let error = nowhere(VERSIONS[0]).create_customer(&customer).await.unwrap_err();
        if is_fine {
            assert_eq!(error.kind(), ErrorKind::Connect, "{phone}");
        } else {
            assert_eq!(refused(&error), ["phone"], "{phone}");
        }
    }
}

#[tokio::test]
async fn native_updates_and_addresses_are_checked_before_they_are_sent() {
    let (id, address_id) = (CustomerId::from("1"), AddressId::from("2"));
    for version in VERSIONS {
        let (client, later) = (nowhere(version), version != VERSIONS[0]);
        let error = client.update_customer(&id, &CustomerUpdateInput::default()).await.unwrap_err();
        assert_eq!(refused(&error), ["customer"]);
        let update = CustomerUpdateInput { tags: Some(vec!["a,b".into()]), ..CustomerUpdateInput::default() };
        let error = client.update_customer(&id, &update).await.unwrap_err();
        if later {
            assert_eq!(error.kind(), ErrorKind::Connect);
        } else {
            assert_eq!(refused(&error), ["tags[0]"]);
        }
        // Before 2025-06 the vendor's pages agree on the country only.
        let error = client.create_address(&id, &AddressInput::default()).await.unwrap_err();
        assert_eq!(refused(&error), if later { &["country", "country_code"][..] } else { &["country"] });
        let error = client.update_address(&id, &address_id, &AddressInput::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        for bad in ["", ".", "..", "a\nb"] {
            assert_eq!(client.get_customer(&bad.into()).await.unwrap_err().effect(), Effect::NotSent);
            assert_eq!(client.delete_address(&id, &bad.into()).await.unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }
}

/// A filter that the vendor could pass over would bring everybody.
#[tokio::test]
async fn filters_that_are_none_are_refused() {
    let blank = CustomerQuery {
        ids: vec!["1".into(), " ".into(), "2,3".into()],
        email: Some(String::new()),
        contact: Some(" ".into()),
        ..CustomerQuery::default()
    };
    for (version, fields) in
        [(VERSIONS[0], &["ids[1]", "ids[2]", "email", "contact"][..]), (VERSIONS[1], &["ids[1]", "email", "contact"])]
    {
        assert_eq!(refused(&nowhere(version).list_customers(&blank).await.unwrap_err()), fields);
        let error = nowhere(version).customers_stream(&blank).boxed().next().await.unwrap().unwrap_err();
        assert_eq!(refused(&error), fields);
    }
    let first = CustomerQuery { cursor: Some(Cursor::new("0").unwrap()), ..CustomerQuery::default() };
    assert_eq!(refused(&nowhere(VERSIONS[0]).list_customers(&first).await.unwrap_err()), ["cursor"]);
}

/// A vendor for whom case counts: an e-mail address is looked for as it is written, and in lower case.
#[tokio::test]
async fn a_person_is_found_whose_address_the_vendor_holds_in_lower_case() {
    let server = MockServer::start().await;
    let list =
        |rows: serde_json::Value| ResponseTemplate::new(200).set_body_json(serde_json::json!({ "customers": rows }));
    let held = serde_json::json!([{"id": "1", "email": "ann@example.com"}]);
    let lower = Mock::given(method("GET")).and(query_param("contact", "ann@example.com"));
    lower.respond_with(list(held)).with_priority(1).expect(1).mount(&server).await;
    Mock::given(any()).respond_with(list(serde_json::json!([]))).with_priority(2).expect(2).mount(&server).await;
    let builder = Shoplazza::builder("acme", "fake-token").base_url(server.uri());
    let client = builder.connector(&support::connector().0).build().unwrap();
    let found = client.find(&Identity::Email("Ann@Example.com".into())).await.unwrap().unwrap();
    assert_eq!(found.remote_id.as_ref().map(|id| id.as_str()), Some("1"));
    // In lower case already: asked for once.
    assert!(client.find(&Identity::Email("bo@example.com".into())).await.unwrap().is_none());
}
