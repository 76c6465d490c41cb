//! The vendor's webhooks: checks the signature, and reads the body. No I/O: hand in what your server received.
//!
//! Answer with 200 within five seconds, and work later: a delivery that fails is repeated up to 19 times over two days,
//! after which the vendor may end the subscription. Deliveries come twice, and some never: keep
//! [`Delivery::webhook_id`], which is the same for every repeat, and read what changed from time to time with
//! [`CustomerQuery::updated_at_min`](super::CustomerQuery::updated_at_min) (all documented).
//!
//! The signature covers the body alone (documented), and no header: a delivery that was seen once can be sent again as
//! another topic or for another shop. Where that matters, read the customer by the id in the body.
//!
//! ```
//! use customer_sink::providers::shopline::webhook;
//!
//! let verifier = webhook::verifier("fake_app_secret").unwrap();
//! let body = br#"{"id":"4201825054","state":"3"}"#;
//! assert!(verifier.verify("00", body).is_err());
//! ```

use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::api::GroupRecord;
use super::response::CustomerRecord;
use crate::client::Secret;
use crate::client::auth::webhook::{Scheme, header};
use crate::client::json::object::object;
use crate::client::json::raw::record;
use crate::client::json::value::lenient;
use crate::error::Error;

pub use crate::client::{Verifier, WebhookError};

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "x-shopline-hmac-sha256";

static SCHEME: Scheme = Scheme {
    provider: super::PROVIDER,
    header: SIGNATURE_HEADER,
    secret: "app_secret",
    prefix: "",
    // Hex was seen on a live delivery; the documentation's example looks like base64.
    base64: true,
};

/// A verifier with the app's secret.
///
/// # Errors
///
/// [`ErrorKind::Config`](crate::ErrorKind::Config) for a blank secret.
pub fn verifier(app_secret: impl Into<Secret>) -> Result<Verifier, Error> {
    Verifier::of(&SCHEME, app_secret)
}

/// Checks the signature of a whole delivery, and keeps what the headers hold.
///
/// # Errors
///
/// As [`Verifier::verify`], and [`WebhookError::Unreadable`].
pub fn delivery(verifier: &Verifier, headers: &HeaderMap, body: impl Into<Bytes>) -> Result<Delivery, WebhookError> {
    let body = body.into();
    verifier.verify_headers(headers, &body)?;
    object::<HashMap<String, IgnoredAny>>(&body).ok_or(WebhookError::Unreadable)?;
    let kept = |name: &str| header(headers, name).map(str::to_owned);
    Ok(Delivery {
        topic: kept("x-shopline-topic").unwrap_or_default(),
        webhook_id: kept("x-shopline-webhook-id"),
        shop_domain: kept("x-shopline-shop-domain"),
        shop_id: kept("x-shopline-shop-id"),
        merchant_id: kept("x-shopline-merchant-id"),
        api_version: kept("x-shopline-api-version"),
        body,
    })
}

/// A delivery whose signature is right. Only the body is signed.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// What happened, such as `customers/update`; empty where the header is missing.
    pub topic: String,
    /// The same for every repeat of a delivery.
    pub webhook_id: Option<String>,
    /// The shop's domain.
    pub shop_domain: Option<String>,
    /// The shop's id.
    pub shop_id: Option<String>,
    /// The merchant's id.
    pub merchant_id: Option<String>,
    /// The version in which the body is written: that of the subscription, not of the calls.
    pub api_version: Option<String>,
    /// The body as it came, for keys that this crate does not know.
    pub body: Bytes,
}

/// Shows the headers' part.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("topic", &self.topic)
            .field("webhook_id", &self.webhook_id)
            .field("shop_domain", &self.shop_domain)
            .field("api_version", &self.api_version)
            .finish_non_exhaustive()
    }
}

/// The change of a consent that a `customers_marketing_consent/update` reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsentChange {
    /// E-mail: a yes.
    EmailOn,
    /// Text messages: a yes.
    SmsOn,
    /// E-mail: withdrawn.
    EmailOff,
    /// Text messages: withdrawn.
    SmsOff,
    /// A number that is not documented: neither a yes nor a no.
    Unrecognised(i64),
}

record! {
    /// A customer to erase, within 30 days (documented).
    Redaction {
        /// The customer, as the shop knows them.
        customer: Option<CustomerRecord>,
        /// The names of the orders to be made anonymous, such as `#1001`.
        orders_to_redact: Vec<String>,
        /// The shop's domain.
        shop_domain: Option<String>,
        /// The shop's id.
        shop_id: Option<String>,
    }
}

#[derive(Default, Deserialize)]
struct Consented {
    #[serde(default, rename = "subscribeActionType", deserialize_with = "lenient")]
    action: Option<i64>,
}

impl Delivery {
    /// The body as a type of your own. None where it does not fit.
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The customer, of the topics `customers/create`, `update`, `delete`, `enable` and `disable`, and of a changed
    /// consent. The body is sparse (documented): what it leaves out is unknown, not empty.
    #[must_use]
    pub fn customer(&self) -> Option<CustomerRecord> {
        let is_one = matches!(
            self.topic.as_str(),
            "customers/create"
                | "customers/update"
                | "customers/delete"
                | "customers/enable"
                | "customers/disable"
                | "customers_marketing_consent/update"
        );
        is_one.then(|| self.read()).flatten()
    }

    /// What became of a consent, of the topic `customers_marketing_consent/update`.
    #[must_use]
    pub fn consent_change(&self) -> Option<ConsentChange> {
        if self.topic != "customers_marketing_consent/update" {
            return None;
        }
        Some(match self.read::<Consented>()?.action? {
            1 => ConsentChange::EmailOn,
            2 => ConsentChange::SmsOn,
            3 => ConsentChange::EmailOff,
            4 => ConsentChange::SmsOff,
            other => ConsentChange::Unrecognised(other),
        })
    }

    /// The group, of the topics `customer_groups/create`, `update` and `delete`. Its query is written otherwise than in
    /// the calls: `ordersCount:>2` (documented).
    #[must_use]
    pub fn group(&self) -> Option<GroupRecord> {
        self.topic.starts_with("customer_groups/").then(|| self.read()).flatten()
    }

    /// The customer to erase, of the topic `customers/redact`.
    #[must_use]
    pub fn redaction(&self) -> Option<Redaction> {
        (self.topic == "customers/redact").then(|| self.read()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::auth::signature::hmac_hex;
    use crate::customer::{AccountState, Customer};

    const SECRET: &str = "fake_app_secret";

    fn verifier() -> Verifier {
        super::verifier(SECRET).unwrap()
    }

    fn signed(body: &[u8]) -> String {
        hmac_hex(&Secret::from(SECRET), body)
    }

    fn delivery(topic: &'static str, body: &'static str) -> Result<Delivery, WebhookError> {
        let mut headers = HeaderMap::new();
        headers.insert("X-Shopline-Hmac-Sha256", signed(body.as_bytes()).parse().unwrap());
        headers.insert("X-Shopline-Topic", topic.parse().unwrap());
        headers.insert("X-Shopline-Webhook-Id", " w-1 ".parse().unwrap());
        headers.insert("X-Shopline-Shop-Domain", "open001.myshopline.com".parse().unwrap());
        headers.insert("X-Shopline-Api-Version", "v20260301".parse().unwrap());
        super::delivery(&verifier(), &headers, body)
    }

    /// Made with `openssl dgst -sha256 -hmac fake_app_secret`.
    #[test]
    fn a_signature_is_taken_in_hex_and_in_base64_and_no_other_form() {
        let body = br#"{"id":"4201825054"}"#;
        let hex = "205ffa28618f83f3e80d94fc73777ad67e7f7e1ed4e91e2799ee2b45470e4665";
        for good in [
            hex.to_owned(),
            format!(" {} ", hex.to_uppercase()),
            "IF/6KGGPg/PoDZT8c3d61n5/fh7U6R4nme4rRUcORmU=".to_owned(),
        ] {
            assert_eq!(verifier().verify(&good, body), Ok(()), "{good}");
        }
        for bad in [&hex[..62], "AAAA", "ä", "0", &hex.replace('0', "1")] {
            assert_eq!(verifier().verify(bad, body), Err(WebhookError::WrongSignature), "{bad}");
        }
        for none in ["", " "] {
            assert_eq!(verifier().verify(none, body), Err(WebhookError::Unsigned));
        }
        assert!(verifier().verify(hex, br#"{"id": "4201825054"}"#).is_err(), "the very bytes are signed");
        assert!(super::verifier("other").unwrap().verify(hex, body).is_err());
        assert!(super::verifier(" ").is_err());
    }

    #[test]
    fn customers_come_bare_sparse_and_in_other_types() {
        for state in ["3", r#""3""#] {
            let body = format!(
                r#"{{"id":4201825054,"email":"mina@example.com","state":{state},"social_customer":"a","gender":"others",
                "created_at":"2022-12-16T06:13:22+0000"}}"#
            );
            let delivery = delivery("customers/update", Box::leak(body.into_boxed_str())).unwrap();
            let customer = delivery.customer().unwrap();
            assert_eq!((customer.id.as_ref().unwrap().as_str(), customer.state), ("4201825054", Some(3)));
            assert!(customer.created_at.is_some() && customer.email_marketing_consent.is_none());
            assert_eq!(Customer::from(&customer).account_state, Some(AccountState::Enabled));
            assert_eq!(
                (delivery.webhook_id.as_deref(), delivery.api_version.as_deref()),
                (Some("w-1"), Some("v20260301"))
            );
            assert!(!format!("{delivery:?} {:?}", verifier()).contains("mina"));
        }
    }

    #[test]
    fn consents_groups_and_redactions_are_read_by_their_topics() {
        let consent = |body| delivery("customers_marketing_consent/update", body).unwrap().consent_change();
        assert_eq!(consent(r#"{"id":"1","subscribeActionType":3}"#), Some(ConsentChange::EmailOff));
        assert_eq!(consent(r#"{"id":"1","subscribeActionType":"2"}"#), Some(ConsentChange::SmsOn));
        assert_eq!(consent(r#"{"id":"1","subscribeActionType":9}"#), Some(ConsentChange::Unrecognised(9)));
        assert_eq!(consent(r#"{"id":"1","subscribeActionType":null}"#), None);
        let other = delivery("customers/update", r#"{"id":"1","subscribeActionType":1}"#).unwrap();
        assert_eq!((other.consent_change(), other.group().is_none(), other.redaction().is_none()), (None, true, true));

        let group = delivery("customer_groups/delete", r#"{"id":"GROUP1","query":"ordersCount:>2","store_id":7}"#);
        assert_eq!(group.unwrap().group().unwrap().query.as_deref(), Some("ordersCount:>2"));

        let redaction = delivery(
            "customers/redact",
            r##"{"customer":{"id":7,"email":"mina@example.com"},"orders_to_redact":["#1001",null,1002],"shop_id":1}"##,
        );
        let redaction = redaction.unwrap().redaction().unwrap();
        assert_eq!(redaction.orders_to_redact, ["#1001", "1002"]);
        assert!(!format!("{redaction:?}").contains("mina"));
        assert_eq!(redaction.customer.unwrap().email.as_deref(), Some("mina@example.com"));
    }

    #[test]
    fn what_is_no_delivery_is_told() {
        for bad in ["", "[]", "<html>", "7"] {
            assert_eq!(delivery("customers/update", bad).unwrap_err(), WebhookError::Unreadable, "{bad}");
        }
        assert_eq!(super::delivery(&verifier(), &HeaderMap::new(), "{}").unwrap_err(), WebhookError::Unsigned);
        let plain = delivery("orders/create", "{}").unwrap();
        assert!(plain.customer().is_none(), "an order is no customer");
    }
}
