//! Made-up customers: the one that every check uses, and many odd ones.

use chrono::{DateTime, FixedOffset, NaiveDate};

use crate::customer::{
    AccountState, Address, Consent, ConsentState, CustomValue, Customer, Field, Gender, OptInLevel, SubscriptionState,
};

/// A customer who opted out.
pub(super) fn person() -> Customer {
    Customer::new()
        .external_id("1042")
        .email("ann@example.com")
        .phone("+1 555 010 0123")
        .first_name("Ann")
        .last_name("Ortega")
        .tags(["vip"])
        .email_marketing(Consent::new(ConsentState::Unsubscribed))
        .address(
            Address::new().line1("2 Sample Row").city("Berlin").country("Germany").country_code("DE").default_address(),
        )
}

/// The same person with more data.
pub(super) fn later(person: &Customer) -> Customer {
    let mut later = person.clone().tag("new");
    later.first_name = Some("Anne".into());
    if let Some(address) = later.addresses.first_mut() {
        address.line2 = Some("Floor 3".into());
        later = later.address(Address::new().line1("3 Third Street").city("Rome").country("Italy").country_code("IT"));
    }
    later
}

/// Values that people, exports and bugs produce.
const TEXTS: &[&str] = &[
    "Mara",
    "",
    " ",
    "null",
    "O'Hara, \"Mo\"",
    "Müller-Lüdenscheidt",
    "山田太郎",
    "👨‍👩‍👧‍👦 family",
    "a,b",
    "line\nbreak",
    "\u{0}",
    "e\u{301}e\u{301}",
    "en-US",
    "zh-Hant-TW",
    "en_US",
    "USD",
    "usd",
    "EURO",
    "US",
    "us",
    "XX",
    "United States",
    "Atlantis",
    "Germany",
    "OR",
    "97201",
    "12345678901234567890",
    "<b>&amp;</b>",
    "\\u0041",
    "{id}",
    "%2e%2e/",
];
const EMAILS: &[&str] = &[
    "mara@example.com",
    " MARA@Example.com ",
    "no-at.example.com",
    "a@b@example.com",
    "",
    "a b@example.com",
    "null",
    "a-very-long-address-that-goes-on-and-on-and-on@mail.example.com",
    "ünï@example.com",
];
const PHONES: &[&str] =
    &["+15550100123", "00447700900123", "+44 (0)20 7946 0018", "n/a", "12345", "555 010 0123", "+1234567890123456", ""];

/// Numbers without a pattern, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(1);
        usize::try_from(self.next() % end).unwrap_or_default()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> Option<T> {
        let at = self.below(list.len());
        list.get(at).copied()
    }

    fn text(&mut self) -> String {
        let base = self.pick(TEXTS).unwrap_or_default();
        if self.one_in(6) { base.repeat(self.below(400)) } else { base.to_owned() }
    }
}

/// Odd customers, the same ones in every run: `base` with some dozen fields overwritten by what people, exports and bugs
/// produce. Every fourth keeps none of the identifiers of `base`.
pub fn odd_customers(base: &Customer, count: usize) -> impl Iterator<Item = Customer> + use<> {
    let base = base.clone();
    let mut numbers = Numbers(42);
    (0..count).map(move |index| {
        let mut customer = Customer::new();
        for _ in 0..numbers.below(24) {
            if let Some(field) = numbers.pick(Field::ALL) {
                set(&mut customer, field, &mut numbers);
            }
        }
        // Mostly records that can be sent: refusals are short.
        if index % 4 != 3 {
            customer.external_id.clone_from(&base.external_id);
            customer.email.clone_from(&base.email);
            customer.phone.clone_from(&base.phone);
        }
        customer
    })
}

pub(super) fn time(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok()
}

fn set(c: &mut Customer, field: Field, n: &mut Numbers) {
    match field {
        Field::ExternalId => c.external_id = Some(n.text()),
        Field::Email => c.email = n.pick(EMAILS).map(Into::into),
        Field::Phone => c.phone = n.pick(PHONES).map(Into::into),
        Field::FirstName => c.first_name = Some(n.text()),
        Field::LastName => c.last_name = Some(n.text()),
        Field::DisplayName => c.display_name = Some(n.text()),
        Field::Company => c.company = Some(n.text()),
        Field::Note => c.note = Some(n.text()),
        Field::Gender => c.gender = n.pick(Gender::ALL),
        Field::Birthday => c.birthday = NaiveDate::from_ymd_opt(1990, 2, 14),
        Field::Locale => c.locale = Some(n.text()),
        Field::Currency => c.currency = Some(n.text()),
        Field::Tags => {
            for _ in 0..n.below(120) {
                let tag = n.text();
                c.tags.push(tag);
            }
        }
        Field::TaxExempt => c.tax_exempt = Some(n.one_in(2)),
        Field::EmailVerified => c.email_verified = Some(n.one_in(2)),
        Field::AccountState => c.account_state = n.pick(AccountState::ALL),
        Field::SubscriptionState => c.subscription_state = n.pick(SubscriptionState::ALL),
        Field::Addresses => c.addresses.push(address(n)),
        Field::EmailMarketing => c.email_marketing = Some(consent(n)),
        Field::SmsMarketing => c.sms_marketing = Some(consent(n)),
        Field::OrdersCount => c.orders_count = Some(n.next()),
        Field::TotalSpent => c.total_spent = "12840.10".parse().ok(),
        Field::LastOrderId => c.last_order_id = Some(n.text()),
        Field::CreatedAt => c.created_at = time("2025-03-04T09:15:00-03:30"),
        Field::UpdatedAt => c.updated_at = time("2025-03-04T09:15:00.25Z"),
        Field::Custom => {
            let key = n.text();
            let value = match n.below(4) {
                0 => n.text().into(),
                1 => true.into(),
                2 => (-5i64).into(),
                _ => "1.50".parse().map_or(CustomValue::Bool(false), CustomValue::Decimal),
            };
            c.custom.insert(key, value);
        }
        Field::Clear => {
            if let Some(field) = n.pick(Field::ALL).filter(|field| *field != Field::Clear) {
                c.clear.insert(field);
            }
        }
    }
}

fn consent(n: &mut Numbers) -> Consent {
    let mut consent = Consent::default();
    if !n.one_in(5) {
        consent.state = n.pick(ConsentState::ALL);
    }
    if n.one_in(2) {
        consent.opt_in_level = n.pick(OptInLevel::ALL);
    }
    if n.one_in(2) {
        consent.source = Some(n.text());
    }
    if n.one_in(3) {
        consent.updated_at = time("2025-03-04T09:15:00.5+08:00");
    }
    consent
}

fn address(n: &mut Numbers) -> Address {
    let mut a = Address::default();
    let mut text = |chance: usize| n.one_in(chance).then(|| n.text());
    (a.first_name, a.last_name, a.company) = (text(2), text(2), text(3));
    (a.line1, a.line2, a.district) = (text(2), text(3), text(4));
    (a.city, a.province, a.province_code) = (text(2), text(3), text(3));
    (a.postal_code, a.country, a.country_code) = (text(2), text(3), text(3));
    a.phone = if n.one_in(3) { n.pick(PHONES).map(Into::into) } else { None };
    a.latitude = if n.one_in(4) { n.pick(&["45.5", "91"]).and_then(|t| t.parse().ok()) } else { None };
    a.longitude = if n.one_in(4) { "-122.25".parse().ok() } else { None };
    a.default = n.one_in(2);
    a
}
