//! There and back: what is sent stands at the vendor and is read back as it was; and the rest of the group against the
//! stand-in.

use std::sync::LazyLock;

use customer_sink::client::Limit;
use customer_sink::providers::shopline::{
    AddressInput, CustomerId, CustomerInput, CustomerQuery, GroupInput, GroupMemberQuery, LoginChannel, LoginPlatform,
    MetafieldInput, MetafieldQuery, OAuthApp, OAuthClient, OrderQuery, OwnedMetafieldInput, Shopline, SocialLoginInput,
    SubscribeAccount,
};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    AccountState, Address, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, ErasureStatus, ErrorKind,
    Gender, Identity, OptInLevel, Phone, RemoteId, UpsertOptions,
};
use futures::TryStreamExt;
use proptest::prelude::*;
use tokio::runtime::Runtime;

fn client(sandbox: &Sandbox, app: bool) -> Shopline {
    let (connector, _) = crate::support::connector();
    let builder = match app {
        true => {
            Shopline::oauth("open001", OAuthApp::new(Sandbox::SHOPLINE_APP_KEY, Sandbox::SHOPLINE_APP_SECRET).unwrap())
        }
        false => Shopline::builder(Sandbox::SHOPLINE_HANDLE, Sandbox::SHOPLINE_ACCESS_TOKEN),
    };
    let builder = builder.base_url(sandbox.url("shopline").unwrap()).connector(&connector);
    builder.rate_limit(Limit::Unlimited).build().unwrap()
}

fn word() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("[A-Za-zé字][A-Za-z0-9é字 .'-]{0,18}[A-Za-z0-9é字]")
}

fn consent() -> impl Strategy<Value = Option<Consent>> {
    let state = prop_oneof![
        Just(ConsentState::Subscribed),
        Just(ConsentState::Unsubscribed),
        Just(ConsentState::NotSubscribed),
        Just(ConsentState::Pending)
    ];
    let level = proptest::option::of(prop_oneof![Just(OptInLevel::Single), Just(OptInLevel::Confirmed)]);
    let consent = (state, level, word(), proptest::bool::ANY).prop_map(|(state, level, source, timed)| Consent {
        state: Some(state),
        opt_in_level: level,
        source,
        updated_at: timed.then(|| "2025-03-04T09:15:00+08:00".parse().unwrap()),
    });
    proptest::option::of(consent)
}

fn address() -> impl Strategy<Value = Address> {
    let country = proptest::option::of(prop_oneof![Just("US"), Just("DE"), Just("JP")]);
    ((word(), word(), word(), word(), word()), (word(), word(), word(), country)).prop_map(
        |((first_name, last_name, company, line2, city), (province, province_code, postal_code, country_code))| {
            Address {
                first_name,
                last_name,
                company,
                line1: Some("12 Sample Street".to_owned()),
                line2,
                city,
                province,
                province_code,
                postal_code,
                country_code: country_code.map(str::to_owned),
                phone: Some(Phone::new("+442079460018")),
                ..Address::default()
            }
        },
    )
}

fn person() -> impl Strategy<Value = Customer> {
    let gender = proptest::option::of(prop_oneof![Just(Gender::Female), Just(Gender::Male), Just(Gender::Undisclosed)]);
    let birthday = proptest::option::of((1900..2020i32, 1..13u32, 1..29u32));
    (
        (word(), word(), word(), gender, birthday, proptest::option::of(proptest::bool::ANY)),
        (
            proptest::collection::btree_set("[a-z]{1,8}", 0..5),
            proptest::collection::vec(address(), 0..3),
            proptest::bool::ANY,
        ),
        (consent(), consent()),
    )
        .prop_map(
            |((first_name, last_name, note, gender, birthday, verified), (tags, addresses, phone), (email, sms))| {
                Customer {
                    email: Some("mia@example.com".into()),
                    phone: phone.then(|| Phone::new("+15550100123")),
                    first_name,
                    last_name,
                    note,
                    gender,
                    birthday: birthday.map(|(y, m, d)| format!("{y}-{m:02}-{d:02}").parse().unwrap()),
                    email_verified: verified,
                    tags: tags.into_iter().collect(),
                    addresses,
                    email_marketing: email,
                    sms_marketing: sms,
                    ..Customer::default()
                }
            },
        )
}

/// What the vendor holds of a consent: a level and a source of a yes only, an open SMS consent as none.
fn held(consent: Option<&Consent>, is_sms: bool) -> (Option<ConsentState>, Option<OptInLevel>, Option<String>) {
    let Some(consent) = consent else { return (Some(ConsentState::NotSubscribed), None, None) };
    let state = match consent.state {
        Some(ConsentState::Pending) if is_sms => Some(ConsentState::NotSubscribed),
        state => state,
    };
    let yes = state == Some(ConsentState::Subscribed);
    let level = yes.then(|| consent.opt_in_level.unwrap_or(OptInLevel::Unknown));
    (state, level, consent.source.clone().filter(|_| yes))
}

/// The stand-in stays for as long as its client is used.
static WORLD: LazyLock<(Runtime, Sandbox, Shopline)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let client = client(&sandbox, false);
    (runtime, sandbox, client)
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn there_and_back_loses_nothing_that_the_vendor_holds(person in person()) {
        let (runtime, _, client) = &*WORLD;
        let (back, again) = runtime.block_on(async {
            let id = client.upsert(&person).await.unwrap().remote_id.unwrap();
            let who = Identity::RemoteId(id);
            let back = client.find(&who).await.unwrap().unwrap().customer;
            // What was read can be sent again, and is then what it was; nobody is subscribed who was not.
            client.upsert_with(&back, &UpsertOptions::default()).await.unwrap();
            let again = client.find(&who).await.unwrap().unwrap().customer;
            assert_eq!(client.erase(&who).await.unwrap(), ErasureStatus::Completed);
            (back, again)
        });
        prop_assert_eq!(&back.email, &person.email);
        prop_assert_eq!(&back.phone, &person.phone);
        prop_assert_eq!(&back.first_name, &person.first_name);
        prop_assert_eq!(&back.last_name, &person.last_name);
        prop_assert_eq!(&back.note, &person.note);
        prop_assert_eq!(back.gender, person.gender);
        prop_assert_eq!(back.birthday, person.birthday);
        prop_assert_eq!(&back.tags, &person.tags);
        prop_assert_eq!(back.email_verified, Some(person.email_verified.unwrap_or(false)));
        for (got, gave, is_sms) in [
            (&back.email_marketing, &person.email_marketing, false),
            (&back.sms_marketing, &person.sms_marketing, true),
        ] {
            let got = got.as_ref().unwrap();
            let (state, level, source) = held(gave.as_ref(), is_sms);
            prop_assert_eq!(got.state, state);
            if state == Some(ConsentState::Subscribed) {
                prop_assert_eq!(got.opt_in_level, level);
            }
            prop_assert_eq!(&got.source, &source);
            if let Some(at) = gave.as_ref().and_then(|consent| consent.updated_at) {
                prop_assert_eq!(got.updated_at, Some(at));
            }
        }
        prop_assert_eq!(back.addresses.len(), person.addresses.len());
        for (index, (got, gave)) in back.addresses.iter().zip(&person.addresses).enumerate() {
            let mut want = Address { default: index == 0, ..gave.clone() };
            // A country's name is made from its code where none is given.
            want.country.clone_from(&got.country);
            prop_assert_eq!(got, &want);
        }
        let state = |consent: &Option<Consent>| consent.as_ref().and_then(|consent| consent.state);
        prop_assert_eq!(state(&again.email_marketing), state(&back.email_marketing));
        prop_assert_eq!(state(&again.sms_marketing), state(&back.sms_marketing));
        prop_assert_eq!(again.addresses.len(), back.addresses.len());
        prop_assert_eq!((&again.tags, &again.birthday, &again.gender), (&back.tags, &back.birthday, &back.gender));
    }
}

async fn mia(client: &Shopline) -> CustomerId {
    let fields = CustomerInput { email: Some("mia@example.com".into()), ..CustomerInput::default() };
    client.create_customer(&fields).await.unwrap().value.id.unwrap()
}

#[tokio::test]
async fn consents_are_found_whichever_way_one_asks() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox, false);
    let customer = Customer::new()
        .email("mia@example.com")
        .phone("+15550100123")
        .email_marketing(Consent::new(ConsentState::Unsubscribed))
        .sms_marketing(Consent::new(ConsentState::Subscribed));
    let id = client.upsert(&customer).await.unwrap().remote_id.unwrap();
    for who in [
        Identity::RemoteId(id.clone()),
        Identity::Email("MIA@example.com".into()),
        Identity::Phone("+15550100123".into()),
    ] {
        let found = client.find(&who).await.unwrap().unwrap();
        assert_eq!(found.remote_id.as_ref(), Some(&id));
        assert_eq!(found.customer.email_marketing.unwrap().state, Some(ConsentState::Unsubscribed));
        assert_eq!(found.customer.sms_marketing.unwrap().state, Some(ConsentState::Subscribed));
    }
    let rows = client.list_subscriptions(&[id.as_str().into()]).await.unwrap().value.items;
    let on =
        |kind| rows.iter().find(|row| row.subscribe_account_type.as_ref() == Some(&kind)).and_then(|row| row.is_on());
    assert_eq!((on(SubscribeAccount::Email), on(SubscribeAccount::Mobile)), (Some(false), Some(true)));
}

#[tokio::test]
async fn a_person_is_erased_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox, false);
    assert!(client.capabilities().can_erase);
    let id = mia(&client).await;
    let by_email = Identity::Email("mia@example.com".into());
    assert_eq!(client.erase(&by_email).await.unwrap(), ErasureStatus::Completed);
    for who in [by_email, Identity::RemoteId(RemoteId::from(id.as_str())), Identity::Phone("+15550100123".into())] {
        assert_eq!(client.erase(&who).await.unwrap(), ErasureStatus::NotFound);
    }
    let error = client.erase(&Identity::ExternalId("1".into())).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Unsupported, Some("erase")));
    assert!(client.delete_customer(&id).await.unwrap().value.email.is_none(), "nobody, and a success all the same");
    assert!(sandbox.customers("shopline").is_empty());
}

#[tokio::test]
async fn the_blacklist_is_the_account_state() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox, false);
    let id = mia(&client).await;
    client.add_to_blacklist(&id).await.unwrap();
    let state = async || Customer::from(&client.get_customer(&id).await.unwrap().unwrap().value).account_state;
    assert_eq!(state().await, Some(AccountState::Disabled));
    client.remove_from_blacklist(&id).await.unwrap();
    assert_eq!(state().await, None);
    assert_eq!(client.send_invite(&id).await.unwrap().value.to.as_deref(), Some("mia@example.com"));
    assert!(client.create_account_activation_url(&id).await.unwrap().value.url.is_some());
    let orders: Vec<_> = client.customer_orders_stream(&id, &OrderQuery::default()).try_collect().await.unwrap();
    assert!(orders.is_empty());
}

#[tokio::test]
async fn lists_groups_and_metafields_against_the_stand_in() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox, true);
    for n in 0..5 {
        let tags = if n % 2 == 0 { "vip" } else { "news" };
        let email = format!("p{n}@example.com");
        let fields = CustomerInput { email: Some(email.into()), tags: Some(tags.into()), ..CustomerInput::default() };
        client.create_customer(&fields).await.unwrap();
    }
    let two = CustomerQuery { limit: Some(2), ..CustomerQuery::default() };
    let all: Vec<_> = client.customers_stream(&two).try_collect().await.unwrap();
    assert_eq!(all.len(), 5);
    let owner = all[0].id.clone().unwrap();

    let fields = GroupInput { name: Some("VIPs"), query: Some("tags:vip") };
    let group = client.create_group(&fields).await.unwrap().value.id.unwrap();
    let renamed = GroupInput { name: Some("Friends"), query: None };
    assert_eq!(client.update_group(&group, &renamed).await.unwrap().value.name.as_deref(), Some("Friends"));
    let two = GroupMemberQuery { limit: Some(2), ..GroupMemberQuery::default() };
    let members: Vec<_> = client.group_members_stream(&group, &two).try_collect().await.unwrap();
    assert_eq!(members.len(), 3);
    assert_eq!(client.count_groups(None).await.unwrap().value, Some(1));
    assert_eq!(client.list_groups(&[]).await.unwrap().value.items.len(), 1);
    client.delete_group(&group).await.unwrap();
    assert!(client.get_group(&group, &[]).await.unwrap().is_none());

    let plan = MetafieldInput {
        namespace: Some("app"),
        key: Some("plan"),
        value_type: Some("single_line_text_field"),
        value: Some("gold"),
        description: None,
    };
    let nobody = CustomerId::from("77");
    let both = [
        OwnedMetafieldInput { owner_id: &owner, metafield: plan.clone() },
        OwnedMetafieldInput { owner_id: &nobody, metafield: plan.clone() },
    ];
    let set = client.set_metafields(&both).await.unwrap().value;
    assert_eq!((set.set.len(), set.failed.len(), set.is_complete()), (1, 1, false));
    assert!(set.unmentioned.is_empty());
    assert_eq!(client.create_metafield(&owner, &plan).await.unwrap_err().status(), Some(422));
    let id = set.set[0].id.clone().unwrap();
    let silver = MetafieldInput { value: Some("silver"), ..MetafieldInput::default() };
    client.update_metafield(&owner, &id, &silver).await.unwrap();
    let all: Vec<_> = client.metafields_stream(&owner, &MetafieldQuery::default()).try_collect().await.unwrap();
    assert_eq!(all[0].value.as_deref(), Some("silver"));
    client.delete_metafield(&owner, &id).await.unwrap();
    assert!(client.get_metafield(&owner, &id).await.unwrap().is_none());
    assert_eq!(client.count_metafields(&owner).await.unwrap().value, Some(0));

    let mut line = SocialLoginInput::new(LoginChannel::Line);
    line.login_platform_type = Some(LoginPlatform::Web);
    client.set_social_login(&line).await.unwrap();
    assert_eq!(client.list_social_logins(None, None).await.unwrap().value.items.len(), 1);
    client.delete_social_login(&LoginChannel::Line, &LoginPlatform::Web).await.unwrap();
    assert!(client.list_social_logins(None, None).await.unwrap().value.items.is_empty());

    let city = |city: &'static str| AddressInput { city: Some(city.into()), ..AddressInput::default() };
    let mut ids = Vec::new();
    for name in ["Salem", "Portland", "Springfield"] {
        ids.push(client.add_address(&owner, &city(name)).await.unwrap().value.id.unwrap());
    }
    let read = client.get_address(&owner, &ids[1]).await.unwrap().unwrap().value;
    assert_eq!((read.city.as_deref(), read.customer_id.as_ref()), (Some("Portland"), Some(&owner)));
    client.delete_address(&owner, &ids[0]).await.unwrap();
    client.delete_addresses(&owner, &ids[1..2]).await.unwrap();
    let left = client.list_addresses(std::slice::from_ref(&owner), &[]).await.unwrap().value.items;
    assert_eq!((left.len(), left[0].addresses.len()), (1, 1));
}

#[tokio::test]
async fn a_code_is_changed_for_a_token_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let (connector, _) = crate::support::connector();
    let open = |secret: &str| {
        let app = OAuthApp::new(Sandbox::SHOPLINE_APP_KEY, secret).unwrap();
        let url = sandbox.url("shopline").unwrap();
        OAuthClient::builder("open001", app).base_url(url).connector(&connector).build().unwrap()
    };
    let code = customer_sink::Secret::from(Sandbox::SHOPLINE_OAUTH_CODE);
    let error = open("fake_other_secret").create_token(&code).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthenticated, Some("INVALID_SIGN")));
    let client = open(Sandbox::SHOPLINE_APP_SECRET);
    assert_eq!(client.create_token(&code).await.unwrap().value.scopes, ["read_customers", "write_customers"]);
    assert_eq!(client.create_token(&code).await.unwrap_err().code(), Some("INVALID_CODE"));
    client.refresh_token().await.unwrap();
}
