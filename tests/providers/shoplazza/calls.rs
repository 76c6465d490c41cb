//! Shoplazza: every native call in every version, every shape of an error in both families, lists as streams, OAuth.

use std::sync::{Arc, Mutex};

use customer_sink::client::{Cursor, Page};
use customer_sink::providers::shoplazza::{
    AddressId, AddressInput, AddressQuery, AddressRecord, CustomerId, CustomerInput, CustomerQuery, CustomerRecord,
    CustomerUpdateInput, OAuthApp, Shoplazza, TokenPair,
};
use customer_sink::{Connector, Error};
use futures::{Stream, StreamExt};
use serde_json::{Value, json};

use crate::support;

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn customer(shown: &CustomerRecord) -> Value {
    let addresses = shown.addresses.as_ref().map_or(0, Vec::len);
    json!({
        "id": shown.id.as_ref().map(CustomerId::as_str),
        "email": shown.email,
        "tags": shown.tags.as_deref(),
        "addresses": addresses,
    })
}

fn address(shown: &AddressRecord) -> Value {
    let id = shown.id.as_ref().map(AddressId::as_str);
    json!({"id": id, "city": shown.city, "default": shown.default})
}

fn page<T>(page: Page<T>, id: impl Fn(&T) -> Option<String>) -> Value {
    // A number before 2025-06.
    let next = page.next.map(|next| serde_json::from_str(next.as_str()).unwrap_or_else(|_| json!(next.as_str())));
    json!({"ids": page.items.iter().filter_map(id).collect::<Vec<_>>(), "next": next})
}

fn cursor(value: &Value) -> Option<Cursor> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    (!value.is_null()).then(|| Cursor::new(text).unwrap())
}

fn query(arguments: &Value) -> CustomerQuery {
    let time = |name: &str| arguments[name].as_str().map(|at| at.parse().unwrap());
    CustomerQuery {
        size: arguments["size"].as_u64().map(|size| size.try_into().unwrap()),
        cursor: cursor(&arguments["from"]),
        ids: arguments["ids"].as_array().into_iter().flatten().map(|id| id.as_str().unwrap().into()).collect(),
        email: text(&arguments["email"]),
        contact: text(&arguments["contact"]),
        created_at_min: time("created_at_min"),
        created_at_max: time("created_at_max"),
        updated_at_min: time("updated_at_min"),
        updated_at_max: time("updated_at_max"),
    }
}

fn fields(arguments: &Value) -> AddressInput<'static> {
    let field = |name: &str| text(&arguments["address"][name]).map(Into::into);
    AddressInput {
        first_name: field("first_name"),
        last_name: field("last_name"),
        address1: field("address1"),
        city: field("city"),
        country: field("country"),
        country_code: field("country_code"),
        phone: field("phone"),
        phone_area_code: field("phone_area_code"),
        ..AddressInput::default()
    }
}

/// The ids that a stream gives, and the kind of the error with which it ends.
async fn ids<T>(rows: impl Stream<Item = Result<T, Error>>, id: impl Fn(&T) -> Option<String>) -> Value {
    let (mut rows, mut ids, mut ended) = (std::pin::pin!(rows), Vec::new(), None);
    while let Some(row) = rows.next().await {
        match row {
            Ok(row) => ids.push(id(&row)),
            Err(error) => {
                assert_eq!(ended, None, "the first error ends the stream");
                ended = Some(error.kind().as_str());
            }
        }
    }
    json!({"ids": ids, "error": ended})
}

fn pair(pair: &TokenPair) -> Value {
    json!({
        "access_token": pair.access_token.expose(),
        "refresh_token": pair.refresh_token.expose(),
        "expires_at": pair.expires_at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        "store_id": pair.store_id,
    })
}

async fn call(url: &str, connector: &Connector, exchange: &Value) -> Result<Value, Error> {
    let (arguments, version) = (&exchange["arguments"], exchange["options"]["api_version"].as_str().unwrap());
    let app = OAuthApp::new("fake-app", "fake-secret").unwrap().base_url(url).connector(connector);
    let mut tokens = TokenPair::new("fake-access-0", "fake-refresh-0");
    if let Some(at) = arguments["expires_at"].as_str() {
        tokens = tokens.expires_at(at.parse().unwrap());
    }
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let renewed = app.client("acme", tokens).api_version(version).on_new_tokens(move |pair| {
        telling.lock().unwrap().push(pair.access_token.expose().to_owned());
    });
    let renewed = renewed.build().unwrap();
    let client = Shoplazza::builder("acme", "fake-token").base_url(url).connector(connector).api_version(version);
    let client = client.build().unwrap();
    let id = CustomerId::from(arguments["id"].as_str().unwrap_or_default());
    let address_id = AddressId::from(arguments["address_id"].as_str().unwrap_or_default());
    let tags = arguments["tags"].as_array().map(|tags| tags.iter().filter_map(text).map(Into::into).collect());
    let first_name = text(&arguments["first_name"]).map(Into::into);
    let size = arguments["size"].as_u64().map(|size| u16::try_from(size).unwrap());
    let addresses = AddressQuery { size, cursor: cursor(&arguments["from"]) };
    let customer_id = |row: &CustomerRecord| row.id.clone().map(CustomerId::into_string);
    let row_id = |row: &AddressRecord| row.id.clone().map(AddressId::into_string);
    let done = json!({"done": true});
    Ok(match exchange["call"].as_str().unwrap() {
        "create_customer" => {
            let email = text(&arguments["email"]).map(Into::into);
            customer(
                &client.create_customer(&CustomerInput { email, first_name, tags, ..Default::default() }).await?.value,
            )
        }
        "get_customer" => {
            client.get_customer(&id).await?.map_or(json!({"found": false}), |found| customer(&found.value))
        }
        "update_customer" => {
            let accepts_marketing = arguments["accepts_marketing"].as_bool();
            let update = CustomerUpdateInput { first_name, accepts_marketing, tags, ..Default::default() };
            customer(&client.update_customer(&id, &update).await?.value)
        }
        "count_customers" => json!({"count": client.count_customers().await?.value}),
        "list_customers" => page(client.list_customers(&query(arguments)).await?.value, customer_id),
        "customers_stream" => ids(client.customers_stream(&query(arguments)), customer_id).await,
        "list_addresses" => page(client.list_addresses(&id, &addresses).await?.value, row_id),
        "addresses_stream" => ids(client.addresses_stream(&id, &addresses), row_id).await,
        "get_address" => {
            client.get_address(&id, &address_id).await?.map_or(json!({"found": false}), |found| address(&found.value))
        }
        "create_address" => address(&client.create_address(&id, &fields(arguments)).await?.value),
        "update_address" => address(&client.update_address(&id, &address_id, &fields(arguments)).await?.value),
        "delete_address" => client.delete_address(&id, &address_id).await.map(|_| done)?,
        "set_default_address" => client.set_default_address(&id, &address_id).await.map(|_| done)?,
        "list_access_scopes" => json!({"scopes": client.list_access_scopes().await?.value}),
        "exchange_code" => {
            let code = arguments["code"].as_str().unwrap().into();
            pair(&app.exchange_code("acme", &code, arguments["redirect_uri"].as_str().unwrap()).await?)
        }
        "refresh_tokens" => {
            let mut shown = pair(&renewed.refresh_tokens().await?);
            assert_eq!(shown, pair(&renewed.tokens().unwrap()));
            shown["told"] = json!(*told.lock().unwrap());
            shown
        }
        "count_with_tokens" => {
            let mut count = 0;
            for _ in 0..arguments["times"].as_u64().unwrap_or(1) {
                count = renewed.count_customers().await?.value;
            }
            json!({"count": count, "told": *told.lock().unwrap()})
        }
        other => panic!("nobody plays {other}"),
    })
}

#[tokio::test]
async fn exchanges() {
    let run = async |url: &str, connector: &Connector, exchange: &Value| {
        call(url, connector, exchange).await.unwrap_or_else(|error| support::failed(&error))
    };
    let played = support::calls::play_calls("shoplazza", run).await;
    for (name, least) in [
        ("create_customer", 4),
        ("list_customers", 4),
        ("get_customer", 4),
        ("update_customer", 4),
        ("count_customers", 4),
        ("list_addresses", 4),
        ("create_address", 4),
        ("get_address", 4),
        ("update_address", 4),
        ("delete_address", 4),
        ("set_default_address", 4),
        ("list_access_scopes", 4),
        ("customers_stream", 10),
        ("addresses_stream", 3),
        ("exchange_code", 3),
        ("refresh_tokens", 3),
        ("count_with_tokens", 10),
    ] {
        assert!(played.get(name).is_some_and(|count| *count >= least), "{name} is played {:?} times", played.get(name));
    }
}
