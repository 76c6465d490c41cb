//! Decides whether two records are of one person: by external id, e-mail (without case) or phone (E.164).

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::customer::{Customer, text};
use crate::sink::Identity;

/// The identities to look the person up by, the surest first.
pub(super) fn to_ask(customer: &Customer) -> impl Iterator<Item = Identity> {
    let email = customer.email.clone().map(Identity::Email);
    let phone = customer.phone.clone().map(Identity::Phone);
    let external_id = customer.external_id.clone().map(Identity::ExternalId);
    [email, phone, external_id].into_iter().flatten()
}

/// One key for each identifier that the record holds, none twice.
///
/// Keys are hashes: where those of two people collide, one record waits for the other, and nothing worse.
pub(super) fn keys(customer: &Customer) -> Vec<u64> {
    let mut keys = Vec::with_capacity(3);
    if let Some(id) = text(&customer.external_id) {
        keys.push(key(0, id.trim()));
    }
    if let Some(email) = &customer.email {
        let comparable = email.comparable();
        if !comparable.is_empty() {
            keys.push(key(1, &comparable));
        }
    }
    if let Some(phone) = &customer.phone {
        match phone.e164() {
            Ok(number) => keys.push(key(2, number.digits())),
            // A national number is the same person's where it is written the same way.
            Err(_) if !phone.as_str().trim().is_empty() => keys.push(key(3, phone.as_str().trim())),
            Err(_) => {}
        }
    }
    keys
}

fn key(kind: u8, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, text).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_in_two_spellings_shares_a_key() {
        let shared = |a: Customer, b: Customer| keys(&a).iter().any(|key| keys(&b).contains(key));
        let mia = || Customer::new().email("mia@example.com");
        assert!(shared(mia(), Customer::new().email(" MIA@example.com ").external_id("7")));
        assert!(shared(
            Customer::new().phone("+1 555 010-0123"),
            Customer::new().phone("0015550100123").email("a@example.com")
        ));
        assert!(shared(Customer::new().external_id("7"), Customer::new().external_id(" 7").phone("+15550100123")));
        assert!(!shared(Customer::new().external_id("7"), Customer::new().email("7")));
        assert!(!shared(mia(), Customer::new().email("mio@example.com")));
        assert!(keys(&Customer::new().email("  ").external_id("").phone(" ")).is_empty());
    }
}
