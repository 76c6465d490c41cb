//! The vendor's webhooks: is the signature right, and what does the delivery say. No I/O: hand in what your server
//! received.
//!
//! Answer with a 2xx at once. The vendor delivers up to 19 times more over about two days, and deletes the subscription
//! where all of them fail (documented); a delivery may come twice, which [`Delivery::deduplication_id`] tells. One may be
//! missed, too: list what changed ([`CustomerQuery::updated_at_min`](super::CustomerQuery::updated_at_min)) from time to time.
//!
//! The signature covers the body alone, and none of the headers: whoever has seen a delivery can send it again with
//! others, another topic among them. Take it as a hint to read the customer anew.
//!
//! ```
//! use customer_sink::providers::shoplazza::webhook::Verifier;
//!
//! let verifier = Verifier::new("fake-app-secret").unwrap();
//! let body = br#"{"customer":{"id":"11111111-2222-4333-8444-555555555555","email":"mira.okafor@example.com","accepts_marketing":false}}"#;
//! assert!(verifier.verify("wbjj0/VJ5DoN49shjfJjeNZc9jIHCT2v7ty1O0TUAEs=", body).is_ok());
//! assert!(verifier.verify("wbjj0/VJ5DoN49shjfJjeNZc9jIHCT2v7ty1O0TUAEs=", b"{}").is_err());
//! ```

use std::fmt;

use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

use super::response::{CustomerRecord, OneCustomer, data};
use crate::client::auth::signature::{verify_base64, verify_hex};
use crate::error::Error;

/// The header with the signature (documented).
pub const SIGNATURE_HEADER: &str = "x-shoplazza-hmac-sha256";

/// Why a delivery is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// There is no signature. Answer 401.
    #[error("the webhook has no signature")]
    Unsigned,
    /// The signature is another one: it was made with another secret, or the body was changed on the way, if only by
    /// parsing and writing it again.
    #[error("the webhook's signature does not fit its body")]
    WrongSignature,
}

/// Checks the deliveries of one app.
#[derive(Clone)]
pub struct Verifier(SecretString);

/// Shows no secret.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl Verifier {
    /// With the app's client secret (documented).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a blank secret, with which anybody could sign.
    pub fn new(client_secret: impl Into<SecretString>) -> Result<Self, Error> {
        let secret = client_secret.into();
        if secret.expose_secret().trim().is_empty() {
            return Err(Error::config(super::PROVIDER, "client_secret", "is empty"));
        }
        Ok(Self(secret))
    }

    /// Checks a signature over the body as it arrived, byte by byte, in constant time. It is HMAC-SHA256 in base64
    /// (documented, and so in the example); a remark on the same page says hex, which is taken, too.
    ///
    /// # Errors
    ///
    /// [`WebhookError::Unsigned`] for a blank one, else [`WebhookError::WrongSignature`].
    pub fn verify(&self, signature: &str, body: &[u8]) -> Result<(), WebhookError> {
        if signature.trim().is_empty() {
            return Err(WebhookError::Unsigned);
        }
        let is_right = verify_base64(&self.0, body, signature) || verify_hex(&self.0, body, signature);
        if is_right { Ok(()) } else { Err(WebhookError::WrongSignature) }
    }

    /// Checks a whole delivery, and reads its headers and, where it is about one, its customer.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    pub fn delivery(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, WebhookError> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        self.verify(header(SIGNATURE_HEADER).ok_or(WebhookError::Unsigned)?, body)?;
        let text = |name: &str| header(name).filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Delivery {
            topic: text("x-shoplazza-topic"),
            shop: text("x-shoplazza-shop-domain"),
            api_version: text("x-shoplazza-api-version"),
            deduplication_id: text("x-shoplazza-deduplication-id"),
            customer: data(body).map(|shown: OneCustomer| shown.customer),
        })
    }
}

/// What a delivery says. The headers that it is told by are documented, and not signed.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// What happened, such as `orders/create`. The words for customers are unknown: kept as it came.
    pub topic: Option<String>,
    /// The shop's host.
    pub shop: Option<String>,
    /// The version in whose form the body is.
    pub api_version: Option<String>,
    /// The same for each delivery of one event.
    pub deduplication_id: Option<String>,
    /// The customer, where the body has one under `customer` (inferred: other resources stand under their names).
    pub customer: Option<CustomerRecord>,
}

/// Shows whose it is and what about, and nobody's data.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("topic", &self.topic)
            .field("shop", &self.shop)
            .field("api_version", &self.api_version)
            .field("deduplication_id", &self.deduplication_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"customer":{"id":"11111111-2222-4333-8444-555555555555","email":"mira.okafor@example.com","accepts_marketing":false}}"#;
    const BASE64: &str = "wbjj0/VJ5DoN49shjfJjeNZc9jIHCT2v7ty1O0TUAEs=";
    const HEX: &str = "c1b8e3d3f549e43a0de3db218df26378d65cf63207093dafeedcb53b44d4004b";

    fn verifier() -> Verifier {
        Verifier::new("fake-app-secret").unwrap()
    }

    #[test]
    fn a_signature_is_taken_in_both_forms_and_no_other() {
        for good in [BASE64.to_owned(), format!(" {BASE64} "), HEX.to_owned(), HEX.to_uppercase()] {
            assert_eq!(verifier().verify(&good, BODY), Ok(()), "{good}");
        }
        let short = &BASE64[..40];
        for bad in [short, &HEX[..62], &BASE64.replace('w', "x"), "ä", "====", &format!("{BASE64}AAAA")] {
            assert_eq!(verifier().verify(bad, BODY), Err(WebhookError::WrongSignature), "{bad}");
        }
        for none in ["", " "] {
            assert_eq!(verifier().verify(none, BODY), Err(WebhookError::Unsigned));
        }
        assert_eq!(verifier().verify(BASE64, &BODY[1..]), Err(WebhookError::WrongSignature));
        assert!(Verifier::new("fake-other").unwrap().verify(BASE64, BODY).is_err());
        assert_eq!(Verifier::new(" ").unwrap_err().kind(), crate::ErrorKind::Config);
        assert!(!format!("{:?}", verifier()).contains("fake"));
    }

    #[test]
    fn a_delivery_is_read_once_its_signature_is_right() {
        let mut headers = HeaderMap::new();
        assert_eq!(verifier().delivery(&headers, BODY).unwrap_err(), WebhookError::Unsigned);
        headers.insert(SIGNATURE_HEADER, BASE64.parse().unwrap());
        headers.insert("x-shoplazza-topic", "customers/anything_new".parse().unwrap());
        headers.insert("x-shoplazza-shop-domain", "acme.myshoplaza.com".parse().unwrap());
        headers.insert("x-shoplazza-api-version", "2026-07".parse().unwrap());
        headers.insert("x-shoplazza-deduplication-id", "fake-7".parse().unwrap());
        let told = verifier().delivery(&headers, BODY).unwrap();
        assert_eq!(told.topic.as_deref(), Some("customers/anything_new"));
        assert_eq!((told.shop.as_deref(), told.api_version.as_deref()), (Some("acme.myshoplaza.com"), Some("2026-07")));
        assert_eq!(told.deduplication_id.as_deref(), Some("fake-7"));
        assert!(!format!("{told:?}").contains("mira"));
        let customer = told.customer.unwrap();
        assert_eq!(
            (customer.accepts_marketing, customer.email.as_deref()),
            (Some(false), Some("mira.okafor@example.com"))
        );
        assert_eq!(verifier().delivery(&headers, b"{}").unwrap_err(), WebhookError::WrongSignature);
        // Signed, and about something else or about nothing that can be read.
        for body in [br#"{"order":{"id":1}}"#.as_slice(), b"[]", b"", b"<html>", br#"{"customer":7}"#] {
            let signature = crate::client::auth::signature::hmac_hex(&SecretString::from("fake-app-secret"), body);
            let headers =
                HeaderMap::from_iter([(http::HeaderName::from_static(SIGNATURE_HEADER), signature.parse().unwrap())]);
            let told = verifier().delivery(&headers, body).unwrap();
            assert!(told.customer.is_none() && told.topic.is_none());
        }
    }
}
