//! Every native call, by its exchanges.

use customer_sink::providers::shopline::{
    AddressRecord, Answered, Criterion, CustomerAddress, CustomerFields, CustomerId, CustomerList, CustomerRecord,
    CustomerSearch, EmbeddedAddress, GroupMembers, LoginChannel, LoginPlatform, MarketingConsent, Metafield,
    MetafieldInput, MetafieldList, OAuthApp, OAuthClient, OrderList, OrderStatus, OwnedMetafield, Page, PageInfo,
    SavedSearch, SavedSearchFields, SearchOrder, Shopline, SocialLogin,
};
use customer_sink::{Connector, Error, Phone};
use secrecy::{ExposeSecret, SecretString};
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

fn given<T>(answered: Result<Answered<T>, Error>, show: impl FnOnce(T) -> Value) -> Given {
    answered.map(|answered| (show(answered.value), answered.request_id, Some(answered.attempts)))
}

fn maybe<T>(answered: Result<Option<Answered<T>>, Error>, show: impl FnOnce(T) -> Value) -> Given {
    match answered {
        Ok(Some(answered)) => given(Ok(answered), show),
        Ok(None) => Ok((Value::Null, None, None)),
        Err(error) => Err(error),
    }
}

fn done(answered: Result<Answered<()>, Error>) -> Given {
    given(answered, |()| Value::Null)
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn page_of<T>(page: Page<T>, key: impl Fn(&T) -> Option<String>) -> Value {
    json!({ "ids": page.items.iter().map(key).collect::<Vec<_>>(), "next": page.next.as_ref().map(PageInfo::as_str) })
}

fn customers(page: Page<CustomerRecord>) -> Value {
    page_of(page, |record| record.id.as_ref().map(|id| id.as_str().to_owned()))
}

fn customer(record: CustomerRecord) -> Value {
    json!([record.id.map(|id| id.0), record.state])
}

fn address(record: AddressRecord) -> Value {
    json!({
        "id": record.id.as_ref().map(|id| id.as_str()), "customer_id": record.customer_id.as_ref().map(CustomerId::as_str),
        "default": record.is_default(), "town": record.town, "address_type": record.address_type
    })
}

fn group(group: SavedSearch) -> Value {
    json!([group.id.map(|id| id.0), group.name, group.query])
}

fn metafield(m: Metafield) -> Value {
    json!([m.id.map(|id| id.0), m.owner_id.map(|id| id.0), m.namespace, m.key, m.value])
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

/// The setters that all lists have, from the arguments.
macro_rules! sized {
    ($list:expr, $arguments:expr) => {{
        let mut list = $list.fields(texts(&$arguments["fields"]));
        if let Some(limit) = $arguments["limit"].as_u64() {
            list = list.limit(u16::try_from(limit).unwrap());
        }
        list
    }};
}

async fn call(url: &str, connector: &Connector, name: &str, a: &Value) -> Given {
    let client = Shopline::builder("open001", "fake.token").base_url(url).connector(connector).build().unwrap();
    let app = OAuthApp::new("fake_app_key", "fake_app_secret").unwrap();
    let oauth = OAuthClient::builder("open001", app).base_url(url).connector(connector).build().unwrap();
    let id = CustomerId::from(a["id"].as_str().unwrap_or_default());
    let at = |key: &str| a[key].as_str().unwrap_or_default().to_owned();
    let page = a["page"].as_str().map(PageInfo::new).transpose()?;
    let page = page.as_ref();
    let time = |key: &str, index: usize| a[key][index].as_str().map(|text| text.parse().unwrap());
    let token = |token: customer_sink::providers::shopline::AccessToken| {
        let value = json!({
            "token": token.token.expose_secret(), "expires_at": token.expires_at.map(|at| at.to_rfc3339()),
            "scopes": token.scopes
        });
        (value, None, None)
    };
    let form = |a: &Value| CustomerAddress {
        city: a["city"].as_str().map(|text| text.to_owned().into()),
        def: a["default"].as_bool(),
        phone: a["phone"].as_str().map(|text| Phone::new(text).e164().unwrap().into()),
        zip: a["zip"].as_str().map(|text| text.to_owned().into()),
        ..CustomerAddress::default()
    };
    match name {
        "create_customer" | "update_customer" => {
            let c = &a["customer"];
            let text = |key: &str| c[key].as_str().map(Into::into);
            let password = c["password"].as_str().map(SecretString::from);
            let known = EmbeddedAddress {
                city: Some("Salem".into()),
                customer_id: Some(id.clone()),
                id: c["address_id"].as_str().map(Into::into),
                ..EmbeddedAddress::default()
            };
            let fields = CustomerFields {
                addresses: known.id.is_some().then_some(known).into_iter().collect(),
                email: text("email"),
                email_marketing_consent: c["state"].as_u64().map(|n| MarketingConsent::new(u8::try_from(n).unwrap())),
                first_name: text("first_name"),
                gender: c["gender"].as_u64().map(|n| u8::try_from(n).unwrap()),
                multipass_identifier: text("multipass_identifier"),
                note: text("note"),
                password: password.as_ref(),
                password_confirmation: password.as_ref(),
                verified_email: c["verified_email"].as_bool(),
                ..CustomerFields::default()
            };
            match name {
                "create_customer" => given(client.create_customer(&fields).await, customer),
                _ => given(client.update_customer(&id, &fields).await, customer),
            }
        }
        "get_customer" => maybe(client.get_customer(&id).await, customer),
        "find_by_email" => maybe(client.find_by_email(&at("email")).await, customer),
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
            let list = sized!(OrderList::new(status), a);
            let page = client.list_customer_orders(&id, &list, page).await;
            given(page, |page| page_of(page, |order| order.id.as_ref().map(|id| id.as_str().to_owned())))
        }
        "send_invite" => given(client.send_invite(&id).await, |i| json!({"from": i.from, "to": i.to})),
        "create_account_activation_url" => given(client.create_account_activation_url(&id).await, |answer| {
            assert!(!format!("{answer:?}").contains("activate"), "the address is a secret");
            json!(answer.url.map(|url| url.expose_secret().to_owned()))
        }),
        "add_to_blacklist" => done(client.add_to_blacklist(&id).await),
        "remove_from_blacklist" => done(client.remove_from_blacklist(&id).await),
        "remove_tags" => {
            let tags: Vec<_> = texts(&a["tags"]).into_iter().map(Into::into).collect();
            done(client.remove_tags(&id, &tags).await)
        }
        "list_customers" => {
            let mut list = sized!(CustomerList::new(), a).ids(texts(&a["ids"]));
            list = list.created(time("created", 0), time("created", 1)).updated(time("updated", 0), time("updated", 1));
            if let Some(since) = a["since_id"].as_str() {
                list = list.since_id(since);
            }
            given(client.list_customers(&list, page).await, customers)
        }
        "search_customers" => {
            let mut search = a["words"].as_str().map_or_else(CustomerSearch::default, CustomerSearch::words);
            for pair in a["criteria"].as_array().into_iter().flatten() {
                let criterion = match pair[0].as_str().unwrap() {
                    "customer_id" => Criterion::CustomerId,
                    "orders_count" => Criterion::OrdersCount,
                    _ => Criterion::Tags,
                };
                search = search.and(criterion, pair[1].as_str().unwrap());
            }
            if a["order"] == 2 {
                search = search.order(SearchOrder::OrdersCount);
            }
            given(client.search_customers(&sized!(search, a), page).await, customers)
        }
        "count_customers" => given(client.count_customers().await, |count| json!(count)),
        "get_address" => maybe(client.get_address(&id, &at("address_id").into()).await, address),
        "delete_address" => done(client.delete_address(&id, &at("address_id").into()).await),
        "delete_addresses" => {
            let ids: Vec<_> = texts(&a["address_ids"]).into_iter().map(Into::into).collect();
            done(client.delete_addresses(&id, &ids).await)
        }
        "list_addresses" => {
            let ids: Vec<_> = texts(&a["ids"]).into_iter().map(CustomerId).collect();
            given(client.list_addresses(&ids, &[0]).await, |rows| {
                let ids = |of: &customer_sink::providers::shopline::AddressesOf| -> Vec<_> {
                    of.addresses.iter().map(|a| a.id.clone().map(|id| id.0)).collect()
                };
                rows.iter().map(|of| json!([of.customer_id.as_ref().map(CustomerId::as_str), ids(of)])).collect()
            })
        }
        "list_subscriptions" => {
            let ids: Vec<_> = texts(&a["ids"]).into_iter().map(CustomerId).collect();
            given(client.list_subscriptions(&ids).await, |rows| {
                let show = |s: &customer_sink::providers::shopline::Subscription| {
                    assert!(!format!("{s:?}").contains("example.com"));
                    let kinds = (format!("{:?}", s.subscribe_account_type), format!("{:?}", s.subscribe_channel));
                    json!([s.customer_id.as_ref().map(CustomerId::as_str), s.is_on(), kinds.0, kinds.1])
                };
                rows.iter().map(show).collect()
            })
        }
        "list_social_logins" => {
            let (channel, platform) = (LoginChannel::from(at("channel")), LoginPlatform::from(at("platform")));
            given(client.list_social_logins(Some(&channel), Some(&platform)).await, |rows| {
                assert!(!format!("{rows:?}").contains("third-key"), "a key is a secret");
                let show = |row: &customer_sink::providers::shopline::SocialLoginRecord| {
                    let key = row.third_key.as_ref().map(ExposeSecret::expose_secret);
                    let platform = row.login_platform_type.as_ref().map(LoginPlatform::as_str);
                    json!([row.login_channel.as_ref().map(LoginChannel::as_str), platform, row.third_app_id, key])
                };
                rows.iter().map(show).collect()
            })
        }
        "set_social_login" => {
            let (key, app_id) = (SecretString::from(at("key")), at("app_id"));
            let mut login = SocialLogin::new(LoginChannel::from(at("channel")));
            login.login_platform_type = Some(LoginPlatform::from(at("platform")));
            (login.third_app_id, login.third_key) = (Some(app_id.as_str()), Some(&key));
            assert!(!format!("{login:?}").contains("third-key"));
            done(client.set_social_login(&login).await)
        }
        "delete_social_login" => {
            let (channel, platform) = (LoginChannel::from(at("channel")), LoginPlatform::from(at("platform")));
            done(client.delete_social_login(&channel, &platform).await)
        }
        "list_groups" => {
            let fields = texts(&a["fields"]);
            let fields: Vec<_> = fields.iter().map(String::as_str).collect();
            given(client.list_groups(&fields).await, |page| page_of(page, |g| g.id.as_ref().map(|id| id.0.clone())))
        }
        "count_groups" => given(client.count_groups(Some(&at("since_id").into())).await, |count| json!(count)),
        "get_group" => maybe(client.get_group(&at("id").into(), &[]).await, group),
        "create_group" | "update_group" => {
            let fields = SavedSearchFields { name: a["name"].as_str(), query: a["query"].as_str() };
            match name {
                "create_group" => given(client.create_group(&fields).await, group),
                _ => given(client.update_group(&at("id").into(), &fields).await, group),
            }
        }
        "delete_group" => done(client.delete_group(&at("id").into()).await),
        "list_group_members" => {
            let members = sized!(GroupMembers::new().by_orders_count(), a);
            given(client.list_group_members(&at("id").into(), &members, page).await, |page| {
                assert_eq!(page.items[0].mobile_subscribe_flag, Some(3));
                assert!(page.items[0].last_order_time.is_some());
                customers(page)
            })
        }
        "create_metafield" => given(client.create_metafield(&id, &input(&a["metafield"])).await, metafield),
        "list_metafields" => {
            let list = sized!(MetafieldList::new(), a).namespace(at("namespace")).key(at("key"));
            let list = list.value_type(at("type")).since_id(at("since_id"));
            let page = client.list_metafields(&id, &list, page).await;
            given(page, |page| page_of(page, |m| m.id.as_ref().map(|id| id.0.clone())))
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
                .map(|(owner_id, pair)| OwnedMetafield { owner_id, metafield: input(&pair[1]) })
                .collect();
            given(client.set_metafields(&items).await, |set| {
                let complete = set.is_complete();
                let failed: Vec<_> =
                    set.failed.into_iter().map(|f| json!([f.owner_id.map(|id| id.0), f.key, f.errors])).collect();
                let ids: Vec<_> = set.set.into_iter().map(|m| m.id.map(|id| id.0)).collect();
                json!({"set": ids, "failed": failed, "unmentioned": set.unmentioned, "complete": complete})
            })
        }
        "submit_bulk_mutation" => given(client.submit_bulk_mutation(&at("file_url")).await, |_| Value::Null),
        "create_token" => oauth.create_token(&SecretString::from(at("code"))).await.map(token),
        "refresh_token" => oauth.refresh_token().await.map(token),
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
