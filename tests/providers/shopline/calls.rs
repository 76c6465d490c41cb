//! Every native call, by its exchanges.

use customer_sink::client::{Cursor, Page, Response};
use customer_sink::providers::shopline::{
    AddressInput, AddressRecord, ConsentInput, Criterion, CustomerId, CustomerInput, CustomerQuery, CustomerRecord,
    CustomerSearchQuery, EmbeddedAddressInput, GroupInput, GroupMemberQuery, GroupRecord, LoginChannel, LoginPlatform,
    MetafieldInput, MetafieldQuery, MetafieldRecord, OAuthApp, OAuthClient, OrderQuery, OrderStatus,
    OwnedMetafieldInput, SearchOrder, Shopline, SocialLoginInput,
};
use customer_sink::{Connector, Error, Phone, Secret};
use serde_json::{Value, json};

use crate::support::calls::play_calls;

/// What a call gave: its value, the vendor's request id and the number of requests, or an error.
type Given = Result<(Value, Option<String>, Option<u32>), Error>;

fn describe(given: &Given) -> Value {
    match given {
        Ok((value, request_id, attempts)) => {
            json!({ "ok": true, "value": value, "request_id": request_id, "attempts": attempts })
        }
        Err(error) => {
            let mut failed = crate::support::failed(error);
            failed["ok"] = json!(false);
            failed["hint"] = json!(error.hint());
            failed["fields"] = error.field_errors().iter().map(customer_sink::FieldError::field).collect();
            failed
        }
    }
}

fn given<T>(answered: Result<Response<T>, Error>, show: impl FnOnce(T) -> Value) -> Given {
    answered.map(|answered| (show(answered.value), answered.request_id, Some(answered.attempts)))
}

fn maybe<T>(answered: Result<Option<Response<T>>, Error>, show: impl FnOnce(T) -> Value) -> Given {
    match answered {
        Ok(Some(answered)) => given(Ok(answered), show),
        Ok(None) => Ok((Value::Null, None, None)),
        Err(error) => Err(error),
    }
}

fn done(answered: Result<Response<()>, Error>) -> Given {
    given(answered, |()| Value::Null)
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn page_of<T>(page: Page<T>, key: impl Fn(&T) -> Option<String>) -> Value {
    json!({ "ids": page.items.iter().map(key).collect::<Vec<_>>(), "next": page.next.as_ref().map(Cursor::as_str) })
}

fn customers(page: Page<CustomerRecord>) -> Value {
    page_of(page, |record| record.id.as_ref().map(|id| id.as_str().to_owned()))
}

fn customer(record: CustomerRecord) -> Value {
    json!([record.id.map(|id| id.to_string()), record.state])
}

fn address(record: AddressRecord) -> Value {
    json!({
        "id": record.id.as_ref().map(|id| id.as_str()), "customer_id": record.customer_id.as_ref().map(CustomerId::as_str),
        "default": record.is_default(), "town": record.town, "address_type": record.address_type
    })
}

fn group(group: GroupRecord) -> Value {
    json!([group.id.map(|id| id.to_string()), group.name, group.query])
}

fn metafield(m: MetafieldRecord) -> Value {
    json!([m.id.map(|id| id.to_string()), m.owner_id.map(|id| id.to_string()), m.namespace, m.key, m.value])
}

fn input(value: &Value) -> MetafieldInput<'_> {
    MetafieldInput {
        namespace: value["namespace"].as_str(),
        key: value["key"].as_str(),
        value_type: value["type"].as_str(),
        value: value["value"].as_str(),
        description: value["description"].as_str(),
    }
}

/// A query with the limit, the fields and the cursor of the arguments.
macro_rules! paged {
    ($query:ident { $($rest:tt)* }, $arguments:expr) => {
        $query {
            limit: $arguments["limit"].as_u64().map(|limit| u16::try_from(limit).unwrap()),
            fields: texts(&$arguments["fields"]),
            cursor: $arguments["page"].as_str().map(Cursor::new).transpose()?,
            $($rest)*
        }
    };
}

async fn call(url: &str, connector: &Connector, name: &str, a: &Value) -> Given {
    let client = Shopline::builder("open001", "fake.token").base_url(url).connector(connector).build().unwrap();
    let app = OAuthApp::new("fake_app_key", "fake_app_secret").unwrap();
    let oauth = OAuthClient::builder("open001", app).base_url(url).connector(connector).build().unwrap();
    let id = CustomerId::from(a["id"].as_str().unwrap_or_default());
    let at = |key: &str| a[key].as_str().unwrap_or_default().to_owned();
    let time = |key: &str, index: usize| a[key][index].as_str().map(|text| text.parse().unwrap());
    let token = |token: customer_sink::providers::shopline::AccessToken| {
        json!({
            "token": token.token.expose(), "expires_at": token.expires_at.map(|at| at.to_rfc3339()),
            "scopes": token.scopes
        })
    };
    let form = |a: &Value| AddressInput {
        city: a["city"].as_str().map(|text| text.to_owned().into()),
        def: a["default"].as_bool(),
        phone: a["phone"].as_str().map(|text| Phone::new(text).e164().unwrap().into()),
        zip: a["zip"].as_str().map(|text| text.to_owned().into()),
        ..AddressInput::default()
    };
    match name {
        "create_customer" | "update_customer" => {
            let c = &a["customer"];
            let text = |key: &str| c[key].as_str().map(Into::into);
            let password = c["password"].as_str().map(Secret::from);
            let known = EmbeddedAddressInput {
                city: Some("Salem".into()),
                customer_id: Some(id.clone()),
                id: c["address_id"].as_str().map(Into::into),
                ..EmbeddedAddressInput::default()
            };
            let fields = CustomerInput {
                addresses: known.id.is_some().then_some(known).into_iter().collect(),
                email: text("email"),
                email_marketing_consent: c["state"].as_u64().map(|n| ConsentInput::new(u8::try_from(n).unwrap())),
                first_name: text("first_name"),
                gender: c["gender"].as_u64().map(|n| u8::try_from(n).unwrap()),
                multipass_identifier: text("multipass_identifier"),
                note: text("note"),
                password: password.as_ref(),
                password_confirmation: password.as_ref(),
                verified_email: c["verified_email"].as_bool(),
                ..CustomerInput::default()
            };
            match name {
                "create_customer" => given(client.create_customer(&fields).await, customer),
                _ => given(client.update_customer(&id, &fields).await, customer),
            }
        }
        "get_customer" => maybe(client.get_customer(&id).await, customer),
        "find_customer_by_email" => maybe(client.find_customer_by_email(&at("email")).await, customer),
        "add_address" => given(client.add_address(&id, &form(&a["address"])).await, address),
        "update_address" => {
            given(client.update_address(&id, &at("address_id").into(), &form(&a["address"])).await, address)
        }
        "set_default_address" => done(client.set_default_address(&id, &at("address_id").into()).await),
        "delete_customer" => given(client.delete_customer(&id).await, |c| json!({"email": c.email, "phone": c.phone})),
        "list_customer_orders" => {
            let status = match at("status").as_str() {
                "open" => OrderStatus::Open,
                "cancelled" => OrderStatus::Cancelled,
                _ => OrderStatus::Any,
            };
            let query = paged!(OrderQuery { status, since_id: None }, a);
            let page = client.list_customer_orders(&id, &query).await;
            given(page, |page| page_of(page, |order| order.id.as_ref().map(|id| id.as_str().to_owned())))
        }
        "send_invite" => given(client.send_invite(&id).await, |i| json!({"from": i.from, "to": i.to})),
        "create_account_activation_url" => given(client.create_account_activation_url(&id).await, |answer| {
            assert!(!format!("{answer:?}").contains("activate"), "the address is a secret");
            json!(answer.url.map(|url| url.expose().to_owned()))
        }),
        "add_to_blacklist" => done(client.add_to_blacklist(&id).await),
        "remove_from_blacklist" => done(client.remove_from_blacklist(&id).await),
        "remove_tags" => {
            let tags: Vec<_> = texts(&a["tags"]).into_iter().map(Into::into).collect();
            done(client.remove_tags(&id, &tags).await)
        }
        "list_customers" => {
            let query = CustomerQuery {
                since_id: a["since_id"].as_str().map(Into::into),
                ids: texts(&a["ids"]).into_iter().map(Into::into).collect(),
                created_at_min: time("created", 0),
                created_at_max: time("created", 1),
                updated_at_min: time("updated", 0),
                updated_at_max: time("updated", 1),
                ..paged!(CustomerQuery { ..CustomerQuery::default() }, a)
            };
            given(client.list_customers(&query).await, customers)
        }
        "search_customers" => {
            let criteria = a["criteria"].as_array().into_iter().flatten().map(|pair| {
                let criterion = match pair[0].as_str().unwrap() {
                    "customer_id" => Criterion::CustomerId,
                    "orders_count" => Criterion::OrdersCount,
                    _ => Criterion::Tags,
                };
                (criterion, pair[1].as_str().unwrap().to_owned())
            });
            let query = CustomerSearchQuery {
                words: a["words"].as_str().map(str::to_owned),
                criteria: criteria.collect(),
                order: if a["order"] == 2 { SearchOrder::OrdersCount } else { SearchOrder::default() },
                ..paged!(CustomerSearchQuery { ..CustomerSearchQuery::default() }, a)
            };
            given(client.search_customers(&query).await, customers)
        }
        "count_customers" => given(client.count_customers().await, |count| json!(count)),
        "get_address" => maybe(client.get_address(&id, &at("address_id").into()).await, address),
        "delete_address" => done(client.delete_address(&id, &at("address_id").into()).await),
        "delete_addresses" => {
            let ids: Vec<_> = texts(&a["address_ids"]).into_iter().map(Into::into).collect();
            done(client.delete_addresses(&id, &ids).await)
        }
        "list_addresses" => {
            let ids: Vec<_> = texts(&a["ids"]).into_iter().map(CustomerId::from).collect();
            given(client.list_addresses(&ids, &[0]).await, |page| {
                let ids = |of: &customer_sink::providers::shopline::CustomerAddressesRecord| -> Vec<_> {
                    of.addresses.iter().map(|a| a.id.clone().map(|id| id.to_string())).collect()
                };
                page.items.iter().map(|of| json!([of.customer_id.as_ref().map(CustomerId::as_str), ids(of)])).collect()
            })
        }
        "list_subscriptions" => {
            let ids: Vec<_> = texts(&a["ids"]).into_iter().map(CustomerId::from).collect();
            given(client.list_subscriptions(&ids).await, |page| {
                let show = |s: &customer_sink::providers::shopline::SubscriptionRecord| {
                    assert!(!format!("{s:?}").contains("example.com"));
                    let kinds = (format!("{:?}", s.subscribe_account_type), format!("{:?}", s.subscribe_channel));
                    json!([s.customer_id.as_ref().map(CustomerId::as_str), s.is_on(), kinds.0, kinds.1])
                };
                page.items.iter().map(show).collect()
            })
        }
        "list_social_logins" => {
            let (channel, platform) =
                (LoginChannel::from(at("channel").as_str()), LoginPlatform::from(at("platform").as_str()));
            given(client.list_social_logins(Some(&channel), Some(&platform)).await, |page| {
                assert!(!format!("{:?}", page.items).contains("third-key"), "a key is a secret");
                let show = |row: &customer_sink::providers::shopline::SocialLoginRecord| {
                    let key = row.third_key.as_ref().map(Secret::expose);
                    let platform = row.login_platform_type.as_ref().map(LoginPlatform::as_str);
                    json!([row.login_channel.as_ref().map(LoginChannel::as_str), platform, row.third_app_id, key])
                };
                page.items.iter().map(show).collect()
            })
        }
        "set_social_login" => {
            let (key, app_id) = (Secret::from(at("key")), at("app_id"));
            let mut login = SocialLoginInput::new(LoginChannel::from(at("channel").as_str()));
            login.login_platform_type = Some(LoginPlatform::from(at("platform").as_str()));
            (login.third_app_id, login.third_key) = (Some(app_id.as_str()), Some(&key));
            assert!(!format!("{login:?}").contains("third-key"));
            done(client.set_social_login(&login).await)
        }
        "delete_social_login" => {
            let (channel, platform) =
                (LoginChannel::from(at("channel").as_str()), LoginPlatform::from(at("platform").as_str()));
            done(client.delete_social_login(&channel, &platform).await)
        }
        "list_groups" => {
            let fields = texts(&a["fields"]);
            let fields: Vec<_> = fields.iter().map(String::as_str).collect();
            given(client.list_groups(&fields).await, |page| page_of(page, |g| g.id.as_ref().map(ToString::to_string)))
        }
        "count_groups" => given(client.count_groups(Some(&at("since_id").into())).await, |count| json!(count)),
        "get_group" => maybe(client.get_group(&at("id").into(), &[]).await, group),
        "create_group" | "update_group" => {
            let fields = GroupInput { name: a["name"].as_str(), query: a["query"].as_str() };
            match name {
                "create_group" => given(client.create_group(&fields).await, group),
                _ => given(client.update_group(&at("id").into(), &fields).await, group),
            }
        }
        "delete_group" => done(client.delete_group(&at("id").into()).await),
        "list_group_members" => {
            let query = paged!(GroupMemberQuery { by_orders_count: true }, a);
            given(client.list_group_members(&at("id").into(), &query).await, |page| {
                assert_eq!(page.items[0].mobile_subscribe_flag, Some(3));
                assert!(page.items[0].last_order_time.is_some());
                customers(page)
            })
        }
        "create_metafield" => given(client.create_metafield(&id, &input(&a["metafield"])).await, metafield),
        "list_metafields" => {
            let query = MetafieldQuery {
                namespace: Some(at("namespace")),
                key: Some(at("key")),
                value_type: Some(at("type")),
                since_id: Some(at("since_id").into()),
                ..paged!(MetafieldQuery { ..MetafieldQuery::default() }, a)
            };
            let page = client.list_metafields(&id, &query).await;
            given(page, |page| page_of(page, |m| m.id.as_ref().map(ToString::to_string)))
        }
        "count_metafields" => given(client.count_metafields(&id).await, |count| json!(count)),
        "get_metafield" => maybe(client.get_metafield(&id, &at("metafield_id").into()).await, metafield),
        "update_metafield" => {
            let changed = client.update_metafield(&id, &at("metafield_id").into(), &input(&a["metafield"])).await;
            given(changed, metafield)
        }
        "delete_metafield" => done(client.delete_metafield(&id, &at("metafield_id").into()).await),
        "set_metafields" => {
            let pairs = a["metafields"].as_array().unwrap();
            let owners: Vec<_> = pairs.iter().map(|pair| CustomerId::from(pair[0].as_str().unwrap())).collect();
            let items: Vec<_> = owners
                .iter()
                .zip(pairs)
                .map(|(owner_id, pair)| OwnedMetafieldInput { owner_id, metafield: input(&pair[1]) })
                .collect();
            given(client.set_metafields(&items).await, |set| {
                let complete = set.is_complete();
                let failed: Vec<_> = set
                    .failed
                    .into_iter()
                    .map(|f| json!([f.owner_id.map(|id| id.to_string()), f.key, f.errors]))
                    .collect();
                let ids: Vec<_> = set.set.into_iter().map(|m| m.id.map(|id| id.to_string())).collect();
                json!({"set": ids, "failed": failed, "unmentioned": set.unmentioned, "complete": complete})
            })
        }
        "submit_bulk_mutation" => done(client.submit_bulk_mutation(&at("file_url")).await),
        "create_token" => given(oauth.create_token(&Secret::from(at("code"))).await, token),
        "refresh_token" => given(oauth.refresh_token().await, token),
        other => panic!("no call is named {other}"),
    }
}

#[tokio::test]
async fn exchanges() {
    let run = async |url: &str, connector: &Connector, exchange: &Value| {
        let name = exchange["call"].as_str().expect("a call");
        describe(&call(url, connector, name, &exchange["arguments"]).await)
    };
    let played = play_calls("shopline", run).await;
    assert_eq!(played.len(), 42, "{played:?}");
}
