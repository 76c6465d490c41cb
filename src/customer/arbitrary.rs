//! Customers for property tests: every value that the type can hold and the JSON form can express.

use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn word<T: Copy + fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Option<T>> {
    of(select(all))
}

/// What people type, what exports make of it, and any characters at all.
fn odd_text() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "",
        " ",
        "\u{a0}\t",
        "null",
        "\u{0}",
        "Ina \"I\" \\ Cho",
        "line\r\nbreak",
        "e\u{301}",
        "👩‍👧",
        "1.50",
        "\u{feff}",
    ];
    prop_oneof![select(KNOWN).prop_map(str::to_owned), vec(any::<char>(), 0..12).prop_map(String::from_iter)]
}

fn decimal() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        (any::<i64>(), 0u32..=28).prop_map(|(units, scale)| Decimal::new(units, scale).unwrap()),
        "-?[1-9][0-9]{0,13}(\\.[0-9]{1,14})?".prop_map(|text| text.parse().unwrap()),
    ]
}

fn time() -> impl Strategy<Value = DateTime<FixedOffset>> {
    // From the year 1 to the year 9998, any offset that there is, and often no fraction.
    (-62_100_000_000i64..253_300_000_000, select(&[0u32, 250_000_000, 1, 999_999_999][..]), -86_399i32..86_400)
        .prop_map(|(seconds, nanos, offset)| {
            FixedOffset::east_opt(offset).unwrap().timestamp_opt(seconds, nanos).unwrap()
        })
}

fn consent() -> impl Strategy<Value = Consent> {
    (word(ConsentState::ALL), word(OptInLevel::ALL), of(odd_text()), of(time()))
        .prop_map(|(state, opt_in_level, source, updated_at)| Consent { state, opt_in_level, source, updated_at })
}

fn address() -> impl Strategy<Value = Address> {
    (vec(of(odd_text()), 13), of(decimal()), of(decimal()), any::<bool>()).prop_map(
        |(texts, latitude, longitude, default)| {
            let mut texts = texts.into_iter();
            let mut next = move || texts.next().flatten();
            Address {
                first_name: next(),
                last_name: next(),
                company: next(),
                line1: next(),
                line2: next(),
                district: next(),
                city: next(),
                province: next(),
                province_code: next(),
                postal_code: next(),
                country: next(),
                country_code: next(),
                phone: next().map(Into::into),
                latitude,
                longitude,
                default,
            }
        },
    )
}

fn custom_value() -> impl Strategy<Value = CustomValue> {
    prop_oneof![
        odd_text().prop_map(CustomValue::Text),
        any::<bool>().prop_map(CustomValue::Bool),
        any::<i64>().prop_map(CustomValue::Integer),
        decimal().prop_map(CustomValue::Decimal),
    ]
}

/// Any customer.
pub(crate) fn customers() -> impl Strategy<Value = Customer> {
    let date = (0i32..=9999, 1u32..=365).prop_map(|(year, day)| NaiveDate::from_yo_opt(year, day).unwrap());
    let words = (word(Gender::ALL), word(AccountState::ALL), word(SubscriptionState::ALL));
    let plain = (of(any::<bool>()), of(any::<bool>()), of(any::<u64>()), of(decimal()), of(date));
    let lists = (vec(odd_text(), 0..4), vec(address(), 0..3), btree_map(odd_text(), custom_value(), 0..4));
    let clear = btree_set(select(&Field::ALL[..Field::ALL.len() - 1]), 0..3);
    let consents = (of(consent()), of(consent()));
    (vec(of(odd_text()), 11), words, plain, lists, clear, consents, (of(time()), of(time()))).prop_map(
        |(texts, words, plain, lists, clear, consents, times)| {
            let mut texts = texts.into_iter();
            let mut next = move || texts.next().flatten();
            Customer {
                external_id: next(),
                email: next().map(Into::into),
                phone: next().map(Into::into),
                first_name: next(),
                last_name: next(),
                display_name: next(),
                company: next(),
                note: next(),
                locale: next(),
                currency: next(),
                last_order_id: next(),
                gender: words.0,
                account_state: words.1,
                subscription_state: words.2,
                tax_exempt: plain.0,
                email_verified: plain.1,
                orders_count: plain.2,
                total_spent: plain.3,
                birthday: plain.4,
                tags: lists.0,
                addresses: lists.1,
                custom: lists.2,
                clear,
                email_marketing: consents.0,
                sms_marketing: consents.1,
                created_at: times.0,
                updated_at: times.1,
            }
        },
    )
}

/// The customer as the JSON form gives it back: blank texts are unset, and a decimal without a fraction is a whole number.
pub(crate) fn read_back(mut c: Customer) -> Customer {
    fn unblank(text: &mut Option<String>) {
        *text = text.take().filter(|text| !is_blank(text));
    }
    for text in [
        &mut c.external_id,
        &mut c.first_name,
        &mut c.last_name,
        &mut c.display_name,
        &mut c.company,
        &mut c.note,
        &mut c.locale,
        &mut c.currency,
        &mut c.last_order_id,
    ] {
        unblank(text);
    }
    c.email = c.email.filter(|email| !is_blank(email.as_str()));
    c.phone = c.phone.filter(|phone| !is_blank(phone.as_str()));
    for a in &mut c.addresses {
        for text in [
            &mut a.first_name,
            &mut a.last_name,
            &mut a.company,
            &mut a.line1,
            &mut a.line2,
            &mut a.district,
            &mut a.city,
            &mut a.province,
            &mut a.province_code,
            &mut a.postal_code,
            &mut a.country,
            &mut a.country_code,
        ] {
            unblank(text);
        }
        a.phone = a.phone.take().filter(|phone| !is_blank(phone.as_str()));
    }
    for consent in [&mut c.email_marketing, &mut c.sms_marketing].into_iter().flatten() {
        unblank(&mut consent.source);
    }
    for value in c.custom.values_mut() {
        if let CustomValue::Decimal(number) = value
            && let Ok(number) = number.to_string().parse()
        {
            *value = CustomValue::Integer(number);
        }
    }
    c
}

proptest! {
    #[test]
    fn the_json_form_gives_every_customer_back(customer in customers()) {
        let json = serde_json::to_vec(&customer).unwrap();
        let back = Customer::from_json(&json).unwrap();
        let expected = read_back(customer);
        // Numbers to the last digit too, which equality passes over.
        prop_assert_eq!(serde_json::to_string(&back).unwrap(), serde_json::to_string(&expected).unwrap());
        prop_assert!(back == expected);
    }
}
